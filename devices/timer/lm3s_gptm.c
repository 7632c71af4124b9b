#include "devices/timer/lm3s_gptm.h"

#include "devices/core/countdown.h"
#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

enum { HALVES = 2 };
enum { CFG_32BIT = 0, CFG_RTC = 1, CFG_16BIT = 4 };
enum { MODE_ONESHOT = 1, MODE_PERIODIC = 2, MODE_PWM = BIT(3) };
/* Bits of CTL for half A; those of B are 8 higher. */
enum { CTL_ENABLE = BIT(0), CTL_TRIGGER = BIT(5), CTL_MASK = 0x6f7f };
/* Bits of IMR, RIS, MIS and ICR: the timeouts; bits of half A. */
enum {
    INT_TIMEOUT = BIT(0), INT_RTC = BIT(3), INT_A = 0x0f, INT_B = 0x700, INT_ALL = INT_A | INT_B,
};

struct gptm;

struct half {
    struct gptm *owner;
    unsigned n;
    struct countdown counter;
};

struct gptm {
    struct device base;
    struct half half[HALVES]; /* A counts alone in 32-bit mode */
    uint32_t hz;
    uint32_t cfg, ctl, imr, ris;
    uint32_t mode[HALVES], load[HALVES], match[HALVES], prescale[HALVES], prescale_match[HALVES];
};

static struct gptm *gptm_of(struct device *dev)
{
    return (struct gptm *)dev;
}

static void update_irq(struct device *dev)
{
    const struct gptm *g = gptm_of(dev);
    irq_set(&dev->output[LM3S_GPTM_A], (g->ris & g->imr & INT_A) != 0);
    irq_set(&dev->output[LM3S_GPTM_B], (g->ris & g->imr & INT_B) != 0);
}

static bool is_32bit(const struct gptm *g)
{
    return g->cfg < CFG_16BIT;
}

/* A clock of seconds, that counts up to the match value and goes on from 0. Its `counter` has how
 * far it has to go. */
static bool is_rtc(const struct gptm *g)
{
    return g->cfg == CFG_RTC;
}

static bool is_pwm(const struct gptm *g, unsigned n)
{
    return g->cfg == CFG_16BIT && (g->mode[n] & (MODE_PWM | 3)) == (MODE_PWM | MODE_PERIODIC);
}

static uint32_t half_bits(const struct gptm *g, unsigned n)
{
    return g->ctl >> (8 * n);
}

/* May half @n count? Logs what it cannot do. */
static bool can_count(struct gptm *g, unsigned n)
{
    unsigned mode = g->mode[n] & 3;
    if (n && is_32bit(g))
        return false;
    if (is_rtc(g))
        return true;
    if (is_pwm(g, n)) {
        log_write(LOG_UNIMP, "%s: timer %c: the output of PWM leads to no pin", g->base.name,
                  'A' + (int)n);
        return true;
    }
    if ((mode == MODE_ONESHOT || mode == MODE_PERIODIC) && !(g->mode[n] & MODE_PWM))
        return true;
    log_write(LOG_UNIMP, "%s: timer %c: mode 0x%x of configuration %u is not implemented",
              g->base.name, 'A' + (int)n, g->mode[n], g->cfg);
    return false;
}

static void set_reload(struct gptm *g, unsigned n)
{
    if (is_rtc(g) && !n)
        countdown_set_reload(&g->half[n].counter, g->match[0], false);
    else
        countdown_set_reload(&g->half[n].counter, g->load[n], (g->mode[n] & 3) != MODE_PERIODIC);
}

/* Let half @n go on from its load value. The clock begins with 1 where none has been written. */
static void set_value(struct gptm *g, unsigned n)
{
    uint32_t value = g->load[n];
    if (is_rtc(g) && !n)
        value = g->match[0] - (value == UINT32_MAX ? 1 : value);
    countdown_set(&g->half[n].counter, value);
}

static void set_rate(struct gptm *g, unsigned n)
{
    if (is_rtc(g)) /* by the input of 32.768 kHz, which is taken to be connected */
        countdown_set_rate(&g->half[n].counter, 1, 1);
    else
        countdown_set_rate(&g->half[n].counter, g->hz, is_32bit(g) ? 1 : g->prescale[n] + 1);
}

static void start_or_stop(struct gptm *g, unsigned n, bool was_enabled)
{
    bool enabled = half_bits(g, n) & CTL_ENABLE;
    if (enabled && !was_enabled && can_count(g, n)) {
        set_rate(g, n);
        set_reload(g, n);
        set_value(g, n);
        countdown_run(&g->half[n].counter, true);
    } else if (!enabled) {
        countdown_run(&g->half[n].counter, false);
    }
}

static void reached_zero(void *opaque)
{
    struct half *h = opaque;
    struct gptm *g = h->owner;
    if (is_pwm(g, h->n)) /* which has no timeouts */
        return;
    g->ris |= is_rtc(g) ? INT_RTC : (uint32_t)INT_TIMEOUT << (8 * h->n);
    if (!is_rtc(g) && (g->mode[h->n] & 3) == MODE_ONESHOT) {
        g->ctl &= ~((uint32_t)CTL_ENABLE << (8 * h->n));
        countdown_run(&h->counter, false);
    }
    if (half_bits(g, h->n) & CTL_TRIGGER)
        irq_pulse(&g->base.output[LM3S_GPTM_TRIGGER]);
    update_irq(&g->base);
}

/* ---- registers ---- */

static void cfg_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gptm *g = gptm_of(dev);
    if (g->ctl & (CTL_ENABLE | CTL_ENABLE << 8))
        log_write(LOG_GUEST_ERRORS, "%s: configured while it counts", dev->name);
    g->cfg = value & 7;
}

static void ctl_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gptm *g = gptm_of(dev);
    uint32_t old = g->ctl;
    g->ctl = value & CTL_MASK;
    for (unsigned n = 0; n < HALVES; n++)
        start_or_stop(g, n, old >> (8 * n) & CTL_ENABLE);
}

static void mode_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    gptm_of(dev)->mode[a->index] = value & 0xf;
    set_reload(gptm_of(dev), a->index);
}

static void icr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    gptm_of(dev)->ris &= ~value;
    update_irq(dev);
}

static uint32_t mis_read(struct device *dev, const struct reg_access *a)
{
    return gptm_of(dev)->ris & gptm_of(dev)->imr;
}

/* In 32-bit mode the load value of A is 32 bits wide, and B shows its upper half. */
static uint32_t load_read(struct device *dev, const struct reg_access *a)
{
    const struct gptm *g = gptm_of(dev);
    return a->index && is_32bit(g) ? g->load[0] >> 16 : g->load[a->index];
}

/* A timer that runs goes on from the new value. */
static void load_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gptm *g = gptm_of(dev);
    unsigned n = a->index;
    if (n && is_32bit(g))
        return;
    g->load[n] = is_32bit(g) ? value : value & 0xffff;
    set_reload(g, n);
    if (g->half[n].counter.running)
        set_value(g, n);
}

static void match_written(struct device *dev)
{
    struct gptm *g = gptm_of(dev);
    if (!is_rtc(g))
        return;
    uint32_t value = g->half[0].counter.reload - countdown_value(&g->half[0].counter);
    set_reload(g, 0);
    if (g->half[0].counter.running)
        countdown_set(&g->half[0].counter, g->match[0] - value);
}

static void prescale_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    gptm_of(dev)->prescale[a->index] = value & 0xff;
    set_rate(gptm_of(dev), a->index);
}

static uint32_t value_read(struct device *dev, const struct reg_access *a)
{
    const struct gptm *g = gptm_of(dev);
    uint32_t value = countdown_value(&g->half[is_32bit(g) ? 0 : a->index].counter);
    if (is_rtc(g))
        value = g->match[0] - value;
    return a->index && is_32bit(g) ? value >> 16 : value;
}

#define AT(member) REG_FIELD(struct gptm, member)

static const struct reg rows[] = {
    {"CFG", 0x000, .field = AT(cfg), .write = cfg_write},
    {"TnMR", 0x004, HALVES, .field = AT(mode), .write = mode_write},
    {"CTL", 0x00c, .field = AT(ctl), .write = ctl_write},
    {"IMR", 0x018, .field = AT(imr), .writable = INT_ALL, .after = update_irq},
    {"RIS", 0x01c, .field = AT(ris)},
    {"MIS", 0x020, .read = mis_read},
    {"ICR", 0x024, .flags = REG_WRITE_ONLY, .write = icr_write},
    {"TnILR", 0x028, HALVES, .read = load_read, .write = load_write},
    {"TnMATCHR", 0x030, HALVES, .field = AT(match), .reset = 0xffff, .writable = 0xffffffff,
     .after = match_written},
    {"TnPR", 0x038, HALVES, .field = AT(prescale), .write = prescale_write},
    {"TnPMR", 0x040, HALVES, .field = AT(prescale_match), .writable = 0xff},
    {"TnR", 0x048, HALVES, .read = value_read},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

/* ---- life ---- */

static void gptm_reset(struct device *dev)
{
    struct gptm *g = gptm_of(dev);
    regs_reset(dev, &table);
    g->match[0] = UINT32_MAX;
    for (unsigned n = 0; n < HALVES; n++) {
        g->load[n] = n ? 0xffff : UINT32_MAX;
        countdown_reset(&g->half[n].counter, g->load[n]);
        set_reload(g, n);
    }
    update_irq(dev);
}

static void gptm_clock(struct device *dev, unsigned n, uint32_t hz)
{
    gptm_of(dev)->hz = hz;
    for (unsigned k = 0; k < HALVES; k++)
        set_rate(gptm_of(dev), k);
}

static void gptm_free(struct device *dev)
{
    for (unsigned n = 0; n < HALVES; n++)
        countdown_free(&gptm_of(dev)->half[n].counter);
}

static void gptm_loaded(struct device *dev)
{
    for (unsigned n = 0; n < HALVES; n++)
        countdown_loaded(&gptm_of(dev)->half[n].counter);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct gptm, hz),          FIELD(struct gptm, cfg),
    FIELD(struct gptm, ctl),         FIELD(struct gptm, imr),
    FIELD(struct gptm, ris),         FIELD_ARRAY(struct gptm, mode),
    FIELD_ARRAY(struct gptm, load),  FIELD_ARRAY(struct gptm, match),
    FIELD_ARRAY(struct gptm, prescale), FIELD_ARRAY(struct gptm, prescale_match),
    COUNTDOWN_FIELDS(struct gptm, half[0].counter),
    COUNTDOWN_FIELDS(struct gptm, half[1].counter),
};

static const struct field_list state = {"lm3s-gptm", sizeof(struct gptm), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {
    .reset = gptm_reset, .free = gptm_free, .clock = gptm_clock, .loaded = gptm_loaded};

static struct device *gptm_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    const struct lm3s_gptm_config *c = config;
    struct gptm *g = device_alloc(sizeof(*g), name, &lm3s_gptm_class, &ops, &state, 0,
                                  LM3S_GPTM_OUTPUTS);
    g->hz = c->freq;
    for (unsigned n = 0; n < HALVES; n++) {
        g->half[n].owner = g;
        g->half[n].n = n;
        countdown_init(&g->half[n].counter, env->timers, c->freq, reached_zero, &g->half[n]);
    }
    device_add_region(&g->base, "registers", 0x1000, &region);
    gptm_reset(&g->base);
    return &g->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct lm3s_gptm_config, freq, 12000000, 1000000000, "clock in Hz"),
};

const struct device_class lm3s_gptm_class = {
    .name = "lm3s-gptm",
    .help = "timer of Stellaris microcontrollers",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct lm3s_gptm_config),
    .create = gptm_create,
};
