#include "devices/misc/stm32f4_adc.h"

#include "devices/core/env.h"
#include "devices/stm32/periph.h"
#include "host/clock.h"
#include "util/bits.h"
#include "util/log.h"

enum { UNIT_WINDOW = 0x100, UNITS = 3, INJECTED = 4 };
enum {
    SR_AWD = BIT(0),
    SR_EOC = BIT(1),
    SR_JEOC = BIT(2),
    SR_JSTRT = BIT(3),
    SR_STRT = BIT(4),
    SR_OVR = BIT(5),
    SR_ALL = 0x3f,
    CR1_EOCIE = BIT(5),
    CR1_AWDIE = BIT(6),
    CR1_JEOCIE = BIT(7),
    CR1_SCAN = BIT(8),
    CR1_AWDSGL = BIT(9),
    CR1_AWDEN = BIT(23),
    CR1_OVRIE = BIT(26),
    CR2_ADON = BIT(0),
    CR2_CONT = BIT(1),
    CR2_DMA = BIT(8),
    CR2_DDS = BIT(9),
    CR2_EOCS = BIT(10),
    CR2_ALIGN = BIT(11),
    CR2_JSWSTART = BIT(22),
    CR2_SWSTART = BIT(30),
};

struct adc_common;

struct stm32f4_adc {
    struct stm32_periph p;
    const struct clock *clock;
    const struct adc_common *common; /* NULL: its registers are as after reset */
    uint32_t input;                  /* configuration */
    uint32_t hz;                     /* clock input */
    uint32_t sr, cr1, cr2, smpr[2], jofr[INJECTED], htr, ltr, sqr[3], jsqr, jdr[INJECTED], dr;
    uint32_t position; /* in the regular sequence */
    struct timer timer;
};

struct adc_common {
    struct stm32_periph p;
    struct stm32f4_adc *unit[UNITS];
    uint32_t ccr;
};

static struct stm32f4_adc *adc_of(struct device *dev)
{
    return (struct stm32f4_adc *)dev;
}

static void update(struct device *dev)
{
    const struct stm32f4_adc *a = adc_of(dev);
    bool irq = ((a->sr & SR_EOC) && (a->cr1 & CR1_EOCIE)) ||
               ((a->sr & SR_AWD) && (a->cr1 & CR1_AWDIE)) ||
               ((a->sr & SR_JEOC) && (a->cr1 & CR1_JEOCIE)) ||
               ((a->sr & SR_OVR) && (a->cr1 & CR1_OVRIE));
    irq_set(&dev->output[STM32F4_ADC_IRQ], irq);
    irq_set(&dev->output[STM32F4_ADC_DMA], (a->sr & SR_EOC) && (a->cr2 & CR2_DMA));
}

/* ---- converting ---- */

static unsigned resolution_bits(const struct stm32f4_adc *a)
{
    return 12 - 2 * bits_get(a->cr1, 24, 2);
}

static uint32_t sample(const struct stm32f4_adc *a, unsigned channel)
{
    static const uint16_t internal[3] = {943, 1502, 2048};
    uint32_t raw = channel >= 16 && channel < 19 ? internal[channel - 16] : a->input;
    return raw >> (12 - resolution_bits(a));
}

static unsigned regular_channel(const struct stm32f4_adc *a, unsigned position)
{
    return bits_get(a->sqr[2 - position / 6], 5 * (position % 6), 5);
}

static unsigned regular_length(const struct stm32f4_adc *a)
{
    return a->cr1 & CR1_SCAN ? bits_get(a->sqr[0], 20, 4) + 1 : 1;
}

/** Sampling time and one cycle per bit, in ns. */
static int64_t conversion_ns(const struct stm32f4_adc *a, unsigned channel)
{
    static const uint16_t cycles[8] = {3, 15, 28, 56, 84, 112, 144, 480};
    unsigned smp = channel >= 10 ? bits_get(a->smpr[0], 3 * (channel % 10), 3)
                                 : bits_get(a->smpr[1], 3 * channel, 3);
    unsigned prescale = 2 * ((a->common ? bits_get(a->common->ccr, 16, 2) : 0) + 1);
    int64_t total = (int64_t)(cycles[smp] + resolution_bits(a)) * prescale * CLOCK_NS_PER_SEC;
    return a->hz ? total / a->hz + 1 : CLOCK_NS_PER_US;
}

static void begin(struct stm32f4_adc *a)
{
    a->sr |= SR_STRT;
    timer_set(&a->timer,
              clock_now(a->clock) + conversion_ns(a, regular_channel(a, a->position) % 19));
}

static void watch(struct stm32f4_adc *a, unsigned channel, uint32_t value)
{
    unsigned shift = 12 - resolution_bits(a);
    bool concerned = !(a->cr1 & CR1_AWDSGL) || (a->cr1 & 0x1f) == channel;
    if ((a->cr1 & CR1_AWDEN) && concerned &&
        ((value << shift) > a->htr || (value << shift) < a->ltr))
        a->sr |= SR_AWD;
}

/* The result is lost when the last one has not been fetched and somebody cares (13.8.2). Without
 * DDS a DMA stream that has come to its end does not (13.9.1). */
static bool overrun(const struct stm32f4_adc *a)
{
    return (a->sr & SR_EOC) && (a->cr2 & (a->cr2 & CR2_DMA ? CR2_DDS : CR2_EOCS));
}

static void converted(void *opaque)
{
    struct stm32f4_adc *a = opaque;
    unsigned channel = regular_channel(a, a->position);
    uint32_t value = sample(a, channel);
    bool last = ++a->position >= regular_length(a);
    if (overrun(a)) {
        a->sr |= SR_OVR;
        update(&a->p.base);
        return; /* stands until OVR is cleared and a new start */
    }
    watch(a, channel, value);
    a->dr = a->cr2 & CR2_ALIGN ? value << (16 - resolution_bits(a)) : value;
    if (last || (a->cr2 & (CR2_EOCS | CR2_DMA)))
        a->sr |= SR_EOC;
    if (last)
        a->position = 0;
    if (!last || (a->cr2 & CR2_CONT))
        begin(a);
    update(&a->p.base);
}

static void convert_injected(struct stm32f4_adc *a)
{
    unsigned length = bits_get(a->jsqr, 20, 2) + 1;
    for (unsigned i = 0; i < length; i++) {
        unsigned channel = bits_get(a->jsqr, 5 * (INJECTED - length + i), 5);
        a->jdr[i] = (sample(a, channel) - a->jofr[i]) & 0xffff;
    }
    a->sr |= SR_JSTRT | SR_JEOC;
}

/* Trigger @n of regular conversions (tables 69 and 70: EXTSEL), or of @injected ones, has an edge.
 * Triggers are pulses, so that either edge will do. */
static void triggered(struct stm32f4_adc *a, unsigned n, bool injected)
{
    unsigned first = injected ? 16 : 24; /* of JEXTSEL, EXTSEL; behind it the edges */
    if (!(a->cr2 & CR2_ADON) || !bits_get(a->cr2, first + 4, 2) || bits_get(a->cr2, first, 4) != n)
        return;
    if (injected)
        convert_injected(a);
    else if (!timer_armed(&a->timer))
        begin(a);
    update(&a->p.base);
}

/* ---- registers ---- */

static void cr2_write(struct device *dev, const struct reg_access *r, uint32_t value)
{
    struct stm32f4_adc *a = adc_of(dev);
    a->cr2 = value & ~(uint32_t)(CR2_SWSTART | CR2_JSWSTART) & 0x3f7f0f03;
    if (!(value & CR2_ADON)) {
        timer_cancel(&a->timer);
        a->position = 0;
        if (value & (CR2_SWSTART | CR2_JSWSTART))
            log_write(LOG_GUEST_ERRORS, "%s: conversion started while CR2.ADON is 0", dev->name);
    } else {
        if (value & CR2_JSWSTART)
            convert_injected(a);
        if ((value & CR2_SWSTART) && !timer_armed(&a->timer)) {
            a->position = 0;
            begin(a);
        }
    }
    update(dev);
}

static void sr_write(struct device *dev, const struct reg_access *r, uint32_t value)
{
    adc_of(dev)->sr &= value | ~(uint32_t)SR_ALL;
    update(dev);
}

static uint32_t dr_read(struct device *dev, const struct reg_access *r)
{
    struct stm32f4_adc *a = adc_of(dev);
    a->sr &= ~(uint32_t)SR_EOC;
    update(dev);
    return a->dr;
}

#define AT(member) REG_FIELD(struct stm32f4_adc, member)

static const struct reg rows[] = {
    {"SR", 0x00, .field = AT(sr), .write = sr_write},
    {"CR1", 0x04, .field = AT(cr1), .writable = 0x07c0ffff, .after = update},
    {"CR2", 0x08, .field = AT(cr2), .write = cr2_write},
    {"SMPR", 0x0c, .count = 2, .field = AT(smpr), .writable = 0x3fffffff},
    {"JOFR", 0x14, .count = INJECTED, .field = AT(jofr), .writable = 0xfff},
    {"HTR", 0x24, .field = AT(htr), .reset = 0xfff, .writable = 0xfff},
    {"LTR", 0x28, .field = AT(ltr), .writable = 0xfff},
    {"SQR", 0x2c, .count = 3, .field = AT(sqr), .writable = 0x3fffffff},
    {"JSQR", 0x38, .field = AT(jsqr), .writable = 0x3fffff},
    {"JDR", 0x3c, .count = INJECTED, .field = AT(jdr)},
    {"DR", 0x4c, .field = AT(dr), .read = dr_read},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

/* ---- life ---- */

static void adc_clock(struct device *dev, unsigned n, uint32_t hz)
{
    adc_of(dev)->hz = hz;
}

static void adc_reset(struct device *dev)
{
    regs_reset(dev, &table);
    adc_of(dev)->position = 0;
    timer_cancel(&adc_of(dev)->timer);
    update(dev);
}

static void adc_free(struct device *dev)
{
    timer_cancel(&adc_of(dev)->timer);
}

static void adc_loaded(struct device *dev)
{
    adc_of(dev)->position %= 16;
    timer_restore(&adc_of(dev)->timer);
    update(dev);
}

static const struct field fields[] = {
    FIELD(struct stm32f4_adc, hz),         FIELD(struct stm32f4_adc, sr),
    FIELD(struct stm32f4_adc, cr1),        FIELD(struct stm32f4_adc, cr2),
    FIELD_ARRAY(struct stm32f4_adc, smpr), FIELD_ARRAY(struct stm32f4_adc, jofr),
    FIELD(struct stm32f4_adc, htr),        FIELD(struct stm32f4_adc, ltr),
    FIELD_ARRAY(struct stm32f4_adc, sqr),  FIELD(struct stm32f4_adc, jsqr),
    FIELD_ARRAY(struct stm32f4_adc, jdr),  FIELD(struct stm32f4_adc, dr),
    FIELD(struct stm32f4_adc, position),   FIELD(struct stm32f4_adc, timer.deadline),
};

static const struct field_list state = {"stm32f4-adc", sizeof(struct stm32f4_adc), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = adc_reset, .free = adc_free, .clock = adc_clock, .loaded = adc_loaded};

static struct device *adc_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    const struct stm32f4_adc_config *c = config;
    struct stm32f4_adc *a = stm32_alloc(sizeof(*a), name, &stm32f4_adc_class, &ops, &state, &table,
                                        UNIT_WINDOW, 0, STM32F4_ADC_OUTPUTS);
    a->clock = env->timers->clock;
    a->input = c->input;
    timer_init(&a->timer, env->timers, converted, a);
    adc_reset(&a->p.base);
    return &a->p.base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct stm32f4_adc_config, input, 2048, 4095, "voltage of the pins, of 4096"),
};

const struct device_class stm32f4_adc_class = {
    .name = "stm32f4-adc",
    .help = "analog to digital converter of the STM32F4",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct stm32f4_adc_config),
    .create = adc_create,
};

/* ---- the common registers ---- */

static struct adc_common *common_of(struct device *dev)
{
    return (struct adc_common *)dev;
}

static uint32_t csr_read(struct device *dev, const struct reg_access *r)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < UNITS; i++)
        if (common_of(dev)->unit[i])
            value |= (common_of(dev)->unit[i]->sr & SR_ALL) << (8 * i);
    return value;
}

/* Multi mode is not there; the data register has what ADC1 and ADC2 have. */
static uint32_t cdr_read(struct device *dev, const struct reg_access *r)
{
    const struct adc_common *c = common_of(dev);
    return (c->unit[0] ? c->unit[0]->dr : 0) | (c->unit[1] ? c->unit[1]->dr << 16 : 0);
}

static void ccr_written(struct device *dev)
{
    if (common_of(dev)->ccr & 0x1f)
        log_write(LOG_UNIMP, "%s: multi mode is not implemented", dev->name);
}

static const struct reg common_rows[] = {
    {"CSR", 0x00, .read = csr_read},
    {"CCR", 0x04, .field = REG_FIELD(struct adc_common, ccr), .writable = 0x00c3ef1f,
     .after = ccr_written},
    {"CDR", 0x08, .read = cdr_read},
};

static const struct reg_table common_table = {common_rows, ARRAY_SIZE(common_rows), .narrow = true};

static void common_reset(struct device *dev)
{
    regs_reset(dev, &common_table);
}

static void common_input(struct device *dev, unsigned n, int level)
{
    for (unsigned i = 0; level && i < UNITS; i++)
        if (common_of(dev)->unit[i])
            triggered(common_of(dev)->unit[i], n % STM32F4_ADC_INJECTED, n >= STM32F4_ADC_INJECTED);
}

static bool common_attach(struct device *dev, unsigned n, struct device *other, struct error *e)
{
    if (n >= UNITS || other->class != &stm32f4_adc_class)
        return error_set(e, "%s: takes three stm32f4-adc", dev->name);
    common_of(dev)->unit[n] = adc_of(other);
    adc_of(other)->common = common_of(dev);
    return true;
}

static const struct field common_fields[] = {FIELD(struct adc_common, ccr)};
static const struct field_list common_state = {"stm32f4-adc-common", sizeof(struct adc_common),
                                               common_fields, ARRAY_SIZE(common_fields)};
static const struct device_ops common_ops = {.reset = common_reset, .input = common_input,
                                            .attach = common_attach};

static struct device *common_create(const char *name, const void *config,
                                    const struct device_env *env, struct error *e)
{
    struct device *dev = stm32_alloc(sizeof(struct adc_common), name, &stm32f4_adc_common_class,
                                     &common_ops, &common_state, &common_table, UNIT_WINDOW,
                                     STM32F4_ADC_TRIGGERS, 0);
    common_reset(dev);
    return dev;
}

const struct device_class stm32f4_adc_common_class = {
    .name = "stm32f4-adc-common",
    .help = "common registers of the converters of the STM32F4",
    .create = common_create,
};
