#include "devices/adc/lm3s_adc.h"

#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

enum { SEQUENCERS = LM3S_ADC_SEQUENCERS, FIFO_MAX = 8, CHANNELS = 4, SPAN = 0x20 };
enum { TRIGGER_PROCESSOR = 0, TRIGGER_TIMER = 5, TRIGGER_ALWAYS = 15 };
/* Bits of a sample's control. */
enum {
    STEP_DIFFERENTIAL = BIT(0), STEP_END = BIT(1), STEP_INT = BIT(2), STEP_TEMPERATURE = BIT(3),
};
enum { STAT_EMPTY = BIT(8), STAT_FULL = BIT(12) };

static const uint8_t fifo_depth[SEQUENCERS] = {8, 4, 4, 1};

struct lm3s_adc {
    struct device base;
    struct lm3s_adc_config config;
    uint32_t actss, ris, im, ostat, emux, ustat, sspri, sac, tmlb;
    uint32_t mux[SEQUENCERS], ctl[SEQUENCERS];
    uint32_t fifo[SEQUENCERS * FIFO_MAX], first[SEQUENCERS], count[SEQUENCERS];
};

static struct lm3s_adc *adc_of(struct device *dev)
{
    return (struct lm3s_adc *)dev;
}

static void update_irq(struct device *dev)
{
    const struct lm3s_adc *a = adc_of(dev);
    for (unsigned n = 0; n < SEQUENCERS; n++)
        irq_set(&dev->output[n], (int)bit_get(a->ris & a->im, n));
}

/* ---- converting ---- */

static uint32_t channel(const struct lm3s_adc *a, unsigned n)
{
    const uint32_t level[CHANNELS] = {a->config.ain0, a->config.ain1, a->config.ain2,
                                      a->config.ain3};
    return level[n % CHANNELS];
}

static uint32_t convert(const struct lm3s_adc *a, unsigned mux, uint32_t step)
{
    if (step & STEP_TEMPERATURE)
        return a->config.temperature;
    if (!(step & STEP_DIFFERENTIAL))
        return channel(a, mux);
    /* Pairs of channels; 512 is no difference. */
    int value = 512 + ((int)channel(a, 2 * mux) - (int)channel(a, 2 * mux + 1)) / 2;
    return (uint32_t)(value < 0 ? 0 : value > 1023 ? 1023 : value);
}

static void push(struct lm3s_adc *a, unsigned n, uint32_t value)
{
    unsigned depth = fifo_depth[n];
    if (a->count[n] == depth)
        a->ostat |= BIT(n);
    else
        a->fifo[n * FIFO_MAX + (a->first[n] + a->count[n]++) % depth] = value;
}

static void run_sequencer(struct lm3s_adc *a, unsigned n)
{
    if (!bit_get(a->actss, n))
        return;
    for (unsigned i = 0; i < fifo_depth[n]; i++) {
        uint32_t step = bits_get(a->ctl[n], 4 * i, 4);
        push(a, n, convert(a, bits_get(a->mux[n], 4 * i, 2), step));
        if (step & STEP_INT)
            a->ris |= BIT(n);
        if (step & STEP_END)
            break;
    }
    update_irq(&a->base);
}

static unsigned trigger_of(const struct lm3s_adc *a, unsigned n)
{
    return bits_get(a->emux, 4 * n, 4);
}

static void trigger_input(struct device *dev, unsigned line, int level)
{
    struct lm3s_adc *a = adc_of(dev);
    for (unsigned n = 0; level && n < SEQUENCERS; n++)
        if (trigger_of(a, n) == TRIGGER_TIMER)
            run_sequencer(a, n);
}

/* A sequencer that samples always has something to read; more is not done. */
static void run_continuous(struct device *dev)
{
    struct lm3s_adc *a = adc_of(dev);
    for (unsigned n = 0; n < SEQUENCERS; n++) {
        unsigned trigger = trigger_of(a, n);
        if (trigger == TRIGGER_ALWAYS && !a->count[n])
            run_sequencer(a, n);
        else if (trigger != TRIGGER_ALWAYS && trigger != TRIGGER_PROCESSOR &&
                 trigger != TRIGGER_TIMER && bit_get(a->actss, n))
            log_write(LOG_UNIMP, "%s: sequencer %u: trigger %u is not implemented", dev->name, n,
                      trigger);
    }
}

/* ---- registers ---- */

static void pssi_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    for (unsigned n = 0; n < SEQUENCERS; n++)
        if (bit_get(value, n) && trigger_of(adc_of(dev), n) == TRIGGER_PROCESSOR)
            run_sequencer(adc_of(dev), n);
}

static uint32_t isc_read(struct device *dev, const struct reg_access *a)
{
    return adc_of(dev)->ris & adc_of(dev)->im;
}

static void isc_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    adc_of(dev)->ris &= ~value;
    update_irq(dev);
}

static unsigned sequencer_of(const struct reg_access *a)
{
    return (a->reg->offset - 0x40) / SPAN;
}

static uint32_t mux_read(struct device *dev, const struct reg_access *a)
{
    return adc_of(dev)->mux[sequencer_of(a)];
}

static void mux_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    adc_of(dev)->mux[sequencer_of(a)] = value & 0x33333333;
}

static uint32_t ctl_read(struct device *dev, const struct reg_access *a)
{
    return adc_of(dev)->ctl[sequencer_of(a)];
}

static void ctl_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    adc_of(dev)->ctl[sequencer_of(a)] = value;
}

static uint32_t fifo_read(struct device *dev, const struct reg_access *a)
{
    struct lm3s_adc *s = adc_of(dev);
    unsigned n = sequencer_of(a);
    if (!s->count[n]) {
        s->ustat |= BIT(n);
        return 0;
    }
    uint32_t value = s->fifo[n * FIFO_MAX + s->first[n]];
    s->first[n] = (s->first[n] + 1) % fifo_depth[n];
    s->count[n]--;
    run_continuous(dev);
    return value;
}

static uint32_t fifo_stat_read(struct device *dev, const struct reg_access *a)
{
    const struct lm3s_adc *s = adc_of(dev);
    unsigned n = sequencer_of(a), head = (s->first[n] + s->count[n]) % fifo_depth[n];
    return head << 4 | s->first[n] | (s->count[n] ? 0 : STAT_EMPTY) |
           (s->count[n] == fifo_depth[n] ? STAT_FULL : 0);
}

#define AT(member) REG_FIELD(struct lm3s_adc, member)
#define SEQUENCER(name, offset)                                                                    \
    {"SSMUX" name, offset, .read = mux_read, .write = mux_write},                                  \
    {"SSCTL" name, offset + 4, .read = ctl_read, .write = ctl_write},                              \
    {"SSFIFO" name, offset + 8, .read = fifo_read},                                                \
    {"SSFSTAT" name, offset + 12, .read = fifo_stat_read}

static const struct reg rows[] = {
    {"ACTSS", 0x000, .field = AT(actss), .writable = 0xf, .after = run_continuous},
    {"RIS", 0x004, .field = AT(ris)},
    {"IM", 0x008, .field = AT(im), .writable = 0xf, .after = update_irq},
    {"ISC", 0x00c, .read = isc_read, .write = isc_write},
    {"OSTAT", 0x010, .field = AT(ostat), .w1c = 0xf},
    {"EMUX", 0x014, .field = AT(emux), .writable = 0xffff, .after = run_continuous},
    {"USTAT", 0x018, .field = AT(ustat), .w1c = 0xf},
    {"SSPRI", 0x020, .field = AT(sspri), .reset = 0x3210, .writable = 0x3333},
    {"PSSI", 0x028, .flags = REG_WRITE_ONLY, .write = pssi_write},
    {"SAC", 0x030, .field = AT(sac), .writable = 7},
    SEQUENCER("0", 0x040),
    SEQUENCER("1", 0x060),
    SEQUENCER("2", 0x080),
    SEQUENCER("3", 0x0a0),
    {"TMLB", 0x100, .flags = REG_UNIMP},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

/* ---- life ---- */

static void adc_reset(struct device *dev)
{
    struct lm3s_adc *a = adc_of(dev);
    regs_reset(dev, &table);
    for (unsigned n = 0; n < SEQUENCERS; n++) {
        a->mux[n] = a->ctl[n] = a->first[n] = a->count[n] = 0;
        for (unsigned i = 0; i < FIFO_MAX; i++)
            a->fifo[n * FIFO_MAX + i] = 0;
    }
    a->ctl[SEQUENCERS - 1] = STEP_END; /* it has one step only */
    update_irq(dev);
}

static void adc_loaded(struct device *dev)
{
    struct lm3s_adc *a = adc_of(dev);
    for (unsigned n = 0; n < SEQUENCERS; n++) {
        a->first[n] %= fifo_depth[n];
        if (a->count[n] > fifo_depth[n])
            a->count[n] = fifo_depth[n];
    }
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct lm3s_adc, actss),       FIELD(struct lm3s_adc, ris),
    FIELD(struct lm3s_adc, im),          FIELD(struct lm3s_adc, ostat),
    FIELD(struct lm3s_adc, emux),        FIELD(struct lm3s_adc, ustat),
    FIELD(struct lm3s_adc, sspri),       FIELD(struct lm3s_adc, sac),
    FIELD(struct lm3s_adc, tmlb),        FIELD_ARRAY(struct lm3s_adc, mux),
    FIELD_ARRAY(struct lm3s_adc, ctl),   FIELD_ARRAY(struct lm3s_adc, fifo),
    FIELD_ARRAY(struct lm3s_adc, first), FIELD_ARRAY(struct lm3s_adc, count),
};

static const struct field_list state = {"lm3s-adc", sizeof(struct lm3s_adc), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = adc_reset,
                                      .input = trigger_input,
                                      .loaded = adc_loaded};

static struct device *adc_create(const char *name, const void *config, const struct device_env *env,
                                 struct error *e)
{
    struct lm3s_adc *a = device_alloc(sizeof(*a), name, &lm3s_adc_class, &ops, &state,
                                      LM3S_ADC_INPUTS, SEQUENCERS);
    a->config = *(const struct lm3s_adc_config *)config;
    device_add_region(&a->base, "registers", 0x1000, &region);
    adc_reset(&a->base);
    return &a->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct lm3s_adc_config, ain0, 512, 1023, "level of input 0"),
    PROPERTY(U32, struct lm3s_adc_config, ain1, 512, 1023, "level of input 1"),
    PROPERTY(U32, struct lm3s_adc_config, ain2, 512, 1023, "level of input 2"),
    PROPERTY(U32, struct lm3s_adc_config, ain3, 512, 1023, "level of input 3"),
    /* 2.7 V - (25 + 55) / 75 V of 3 V full scale */
    PROPERTY(U32, struct lm3s_adc_config, temperature, 557, 1023,
             "temperature sensor: 25 degrees Celsius"),
};

const struct device_class lm3s_adc_class = {
    .name = "lm3s-adc",
    .help = "ADC of Stellaris microcontrollers",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct lm3s_adc_config),
    .create = adc_create,
};
