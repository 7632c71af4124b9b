#include "devices/timer/stm32_tim.h"

#include "devices/core/env.h"
#include "devices/core/ticks.h"
#include "devices/stm32/periph.h"
#include "util/bits.h"
#include "util/log.h"

enum { CHANNELS = 4 };
enum {
    CR1_CEN = BIT(0),
    CR1_UDIS = BIT(1),
    CR1_URS = BIT(2),
    CR1_OPM = BIT(3),
    CR1_DIR = BIT(4),
    CR1_CMS = 0x60,
    CR1_ARPE = BIT(7),
    SR_UIF = BIT(0),
    SR_CC1IF = BIT(1),
    SR_CC = 0x1e,
    SR_COM_TRG = 0x60,
    SR_BIF = BIT(7),
    DIER_UDE = BIT(8),
    DIER_CC1DE = BIT(9),
    MMS_RESET = 0, /* CR2[6:4] */
    MMS_ENABLE = 1,
    MMS_UPDATE = 2,
    SMCR_SMS = 7,
};

/* While it counts, the counter is `value` moved on by the ticks of `clock` since its tick `base`;
 * otherwise it is `value`. `psc` and `arr` are the preload registers, `psc_now` and `arr_now` what
 * the counter uses. */
struct stm32_tim {
    struct stm32_periph p;
    const struct clock *now;
    struct stm32_tim_config c; /* configuration */
    uint32_t value;
    struct ticks clock;
    uint64_t base;
    uint32_t psc_now, arr_now, repeat;
    bool stepping; /* an event is under way */
    uint32_t cr1, cr2, smcr, dier, sr, ccmr[2], ccer, psc, arr, rcr, ccr[CHANNELS], bdtr, dcr,
        option;
    struct timer timer;
};

static struct stm32_tim *tim_of(struct device *dev)
{
    return (struct stm32_tim *)dev;
}

static uint32_t mask(const struct stm32_tim *t)
{
    return t->c.width == 32 ? UINT32_MAX : 0xffff;
}

static void update_irq(struct device *dev)
{
    const struct stm32_tim *t = tim_of(dev);
    uint32_t active = t->sr & t->dier;
    irq_set(&dev->output[STM32_TIM_UP], (active & SR_UIF) != 0);
    irq_set(&dev->output[STM32_TIM_CC], (active & SR_CC) != 0);
    irq_set(&dev->output[STM32_TIM_TRG_COM], (active & SR_COM_TRG) != 0);
    irq_set(&dev->output[STM32_TIM_BRK], (active & SR_BIF) != 0);
}

/* ---- counting ---- */

static bool counts(const struct stm32_tim *t)
{
    return (t->cr1 & CR1_CEN) && t->clock.hz && t->arr_now;
}

static bool down(const struct stm32_tim *t)
{
    return t->cr1 & CR1_DIR;
}

static uint64_t tick_now(const struct stm32_tim *t)
{
    return ticks_at(&t->clock, clock_now(t->now));
}

/** Ticks until the counter overflows or underflows. A counter beyond ARR goes up to its end. */
static uint64_t to_update(const struct stm32_tim *t)
{
    if (down(t))
        return (uint64_t)t->value + 1;
    return (uint64_t)(t->value <= t->arr_now ? t->arr_now : mask(t)) - t->value + 1;
}

/** Ticks until the counter has the value of channel @n, or 0 when it overflows before. */
static uint64_t to_compare(const struct stm32_tim *t, unsigned n)
{
    uint32_t ccr = t->ccr[n] & mask(t);
    uint64_t d = down(t) ? (uint64_t)t->value - ccr : (uint64_t)ccr - t->value;
    return d && d < to_update(t) ? d : 0;
}

/** Ticks until something happens. */
static uint64_t distance(const struct stm32_tim *t)
{
    uint64_t best = to_update(t);
    for (unsigned n = 0; n < t->c.channels; n++) {
        uint64_t d = to_compare(t, n);
        if (d && d < best)
            best = d;
    }
    return best;
}

static void arm(struct stm32_tim *t)
{
    if (t->stepping) /* by a DMA controller; the step does it */
        return;
    timer_set(&t->timer, counts(t) ? ticks_time(&t->clock, t->base + distance(t)) : TIMER_NEVER);
}

/** The counter's value @ticks after `base`, without an event in between. */
static uint32_t moved(const struct stm32_tim *t, uint64_t ticks)
{
    uint64_t limit = distance(t) - 1;
    uint32_t by = (uint32_t)(ticks < limit ? ticks : limit);
    return down(t) ? t->value - by : t->value + by;
}

/** Start counting afresh from `value`, now. */
static void restart(struct stm32_tim *t)
{
    t->clock.origin = clock_now(t->now);
    t->clock.div = (uint64_t)t->psc_now + 1;
    t->base = 0;
    arm(t);
}

/* ---- events ---- */

static void trigger_out(struct stm32_tim *t, unsigned mms)
{
    if (bits_get(t->cr2, 4, 3) == mms)
        irq_pulse(&t->p.base.output[STM32_TIM_TRGO]);
}

/** The channels whose value the counter has just reached. */
static void match(struct stm32_tim *t)
{
    for (unsigned n = 0; n < t->c.channels; n++) {
        bool output = !(bits_get(t->ccmr[n / 2], 8 * (n % 2), 2)); /* CCxS */
        if (!output || (t->ccr[n] & mask(t)) != t->value)
            continue;
        t->sr |= SR_CC1IF << n;
        irq_pulse(&t->p.base.output[STM32_TIM_CC1_EVENT + n]);
        if (t->dier & (uint32_t)DIER_CC1DE << n)
            irq_pulse(&t->p.base.output[STM32_TIM_DMA_CC1 + n]);
        if (bits_get(t->cr2, 4, 3) == 4 + n || (!n && bits_get(t->cr2, 4, 3) == 3))
            irq_pulse(&t->p.base.output[STM32_TIM_TRGO]);
    }
}

/** An update event: the preload registers take effect. */
static void update_event(struct stm32_tim *t, bool flag)
{
    bool rescaled = t->psc_now != t->psc;
    t->psc_now = t->psc;
    t->arr_now = t->arr;
    t->repeat = t->c.advanced ? t->rcr : 0;
    if (rescaled) {
        t->clock.origin = counts(t) ? ticks_time(&t->clock, t->base) : t->clock.origin;
        t->clock.div = (uint64_t)t->psc_now + 1;
        t->base = 0;
    }
    trigger_out(t, MMS_UPDATE);
    if (!flag)
        return;
    t->sr |= SR_UIF;
    if (t->dier & DIER_UDE)
        irq_pulse(&t->p.base.output[STM32_TIM_DMA_UP]);
}

/** The counter has gone past its end at tick `base`. */
static void wrap(struct stm32_tim *t)
{
    if (t->repeat && !(t->cr1 & CR1_OPM)) {
        t->repeat--;
    } else if (!(t->cr1 & CR1_UDIS)) {
        update_event(t, true);
    }
    if (t->cr1 & CR1_OPM)
        t->cr1 &= ~(uint32_t)CR1_CEN;
    t->value = down(t) ? t->arr_now : 0;
}

/* When the host cannot deliver all the updates that a guest asks for, whole periods are left out.
 */
static void skip_periods(struct stm32_tim *t)
{
    uint64_t period = (uint64_t)t->arr_now + 1, behind = counts(t) ? tick_now(t) - t->base : 0;
    if (behind > 2 * period && behind < INT64_MAX)
        t->base += behind / period * period;
}

/** The next event, which is due. What it drives may access the registers (DMA). */
static void step(struct stm32_tim *t)
{
    uint64_t d = distance(t);
    bool wraps = d == to_update(t);
    t->stepping = true;
    t->value = down(t) ? t->value - (uint32_t)d : t->value + (uint32_t)d;
    t->base += d;
    if (wraps)
        wrap(t);
    match(t);
    t->stepping = false;
    skip_periods(t);
}

/** Returns the tick of this look at the clock: one that is taken later may be behind an event. */
static uint64_t catch_up(struct stm32_tim *t)
{
    enum { STEPS_MAX = 4 * (CHANNELS + 1) };
    uint64_t tick = tick_now(t);
    unsigned n = 0;
    while (n < STEPS_MAX && counts(t) && !t->stepping && tick >= t->base + distance(t)) {
        step(t);
        n++;
    }
    if (n) {
        arm(t);
        update_irq(&t->p.base);
    }
    return tick > t->base ? tick : t->base;
}

/** Make `value` the counter now. What is due comes before: the host's timer may be later than the
 * guest. */
static void settle(struct stm32_tim *t)
{
    if (!counts(t) || t->stepping)
        return;
    uint64_t tick = catch_up(t);
    if (!counts(t)) /* one pulse, that has ended */
        return;
    t->value = moved(t, tick - t->base);
    t->base = tick;
}

static void expired(void *opaque)
{
    struct stm32_tim *t = opaque;
    catch_up(t);
    arm(t);
}

/* ---- registers ---- */

static void warn_modes(const struct stm32_tim *t)
{
    for (unsigned n = 0; n < t->c.channels; n++)
        if (bits_get(t->ccmr[n / 2], 8 * (n % 2), 2) && (t->ccer & BIT(4 * n)))
            log_write(LOG_UNIMP, "%s: input capture is not implemented (channel %u)",
                      t->p.base.name, n + 1);
    if (t->cr1 & CR1_CMS)
        log_write(LOG_UNIMP,
                  "%s: centre-aligned mode is not implemented: it counts in one direction",
                  t->p.base.name);
    if (t->smcr & SMCR_SMS)
        log_write(LOG_UNIMP, "%s: slave mode %u is not implemented", t->p.base.name,
                  t->smcr & SMCR_SMS);
}

static void cr1_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_tim *t = tim_of(dev);
    bool was = t->cr1 & CR1_CEN;
    settle(t);
    t->cr1 = value & 0x3ff;
    warn_modes(t);
    if (!was && (t->cr1 & CR1_CEN) && !t->clock.hz)
        log_write(LOG_GUEST_ERRORS, "%s: stands still, since the board gives it no clock",
                  dev->name);
    if (!was && (t->cr1 & CR1_CEN)) {
        trigger_out(t, MMS_ENABLE);
        restart(t);
    } else {
        arm(t);
    }
}

static void mode_written(struct device *dev)
{
    warn_modes(tim_of(dev));
}

/* EGR: UG restarts the counter and its prescaler; the others set their flags. */
static void egr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_tim *t = tim_of(dev);
    t->sr |= value & SR_CC & ((2u << t->c.channels) - 2);
    t->sr |= t->c.advanced ? value & (SR_COM_TRG | SR_BIF) : t->c.channels ? value & 0x40 : 0;
    if (value & SR_UIF) {
        settle(t);
        if (!(t->cr1 & CR1_UDIS))
            update_event(t, !(t->cr1 & CR1_URS));
        trigger_out(t, MMS_RESET);
        t->value = down(t) ? t->arr_now : 0;
        restart(t);
    }
    update_irq(dev);
}

static uint32_t sr_read(struct device *dev, const struct reg_access *a)
{
    catch_up(tim_of(dev));
    return tim_of(dev)->sr;
}

static void sr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    tim_of(dev)->sr &= value;
    update_irq(dev);
}

static uint32_t cnt_read(struct device *dev, const struct reg_access *a)
{
    struct stm32_tim *t = tim_of(dev);
    uint64_t tick = catch_up(t);
    return counts(t) && !t->stepping ? moved(t, tick - t->base) : t->value;
}

static void cnt_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_tim *t = tim_of(dev);
    settle(t);
    t->value = value & mask(t);
    arm(t);
}

static void arr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_tim *t = tim_of(dev);
    settle(t);
    t->arr = value & mask(t);
    if (!(t->cr1 & CR1_ARPE)) {
        bool stood = !t->arr_now;
        t->arr_now = t->arr;
        if (stood) {
            restart(t);
            return;
        }
    }
    arm(t);
}

static void ccr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_tim *t = tim_of(dev);
    settle(t);
    t->ccr[a->index] = value & mask(t);
    arm(t);
}

#define AT(member) REG_FIELD(struct stm32_tim, member)

static const struct reg rows[] = {
    {"CR1", 0x00, .field = AT(cr1), .write = cr1_write},
    {"CR2", 0x04, .field = AT(cr2), .writable = 0x7ffd},
    {"SMCR", 0x08, .field = AT(smcr), .writable = 0xfff7, .after = mode_written},
    {"DIER", 0x0c, .field = AT(dier), .writable = 0x7fff, .after = update_irq},
    {"SR", 0x10, .field = AT(sr), .read = sr_read, .write = sr_write},
    {"EGR", 0x14, .flags = REG_WRITE_ONLY, .write = egr_write},
    {"CCMR", 0x18, .count = 2, .field = AT(ccmr), .writable = 0xffff},
    {"CCER", 0x20, .field = AT(ccer), .writable = 0xffff, .after = mode_written},
    {"CNT", 0x24, .read = cnt_read, .write = cnt_write},
    {"PSC", 0x28, .field = AT(psc), .writable = 0xffff},
    {"ARR", 0x2c, .field = AT(arr), .write = arr_write},
    {"RCR", 0x30, .field = AT(rcr), .writable = 0xff},
    {"CCR", 0x34, .count = CHANNELS, .field = AT(ccr), .write = ccr_write},
    {"BDTR", 0x44, .field = AT(bdtr), .writable = 0xffff},
    {"DCR", 0x48, .field = AT(dcr), .writable = 0x1f1f},
    {"DMAR", 0x4c, .flags = REG_UNIMP},
    {"OR", 0x50, .field = AT(option), .writable = 0xcc3},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

/* ---- life ---- */

static void tim_clock(struct device *dev, unsigned n, uint32_t hz)
{
    struct stm32_tim *t = tim_of(dev);
    if (t->clock.hz == hz)
        return;
    settle(t);
    t->clock.hz = hz;
    restart(t);
}

static void tim_reset(struct device *dev)
{
    struct stm32_tim *t = tim_of(dev);
    regs_reset(dev, &table);
    t->value = t->psc_now = t->repeat = 0;
    t->arr = t->arr_now = mask(t);
    t->base = 0;
    t->clock.origin = 0;
    t->clock.div = 1;
    timer_cancel(&t->timer);
    update_irq(dev);
}

static void tim_free(struct device *dev)
{
    timer_cancel(&tim_of(dev)->timer);
}

static void tim_loaded(struct device *dev)
{
    timer_restore(&tim_of(dev)->timer);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct stm32_tim, value),       FIELD(struct stm32_tim, clock.origin),
    FIELD(struct stm32_tim, clock.hz),    FIELD(struct stm32_tim, clock.div),
    FIELD(struct stm32_tim, base),        FIELD(struct stm32_tim, psc_now),
    FIELD(struct stm32_tim, arr_now),     FIELD(struct stm32_tim, repeat),
    FIELD(struct stm32_tim, cr1),         FIELD(struct stm32_tim, cr2),
    FIELD(struct stm32_tim, smcr),        FIELD(struct stm32_tim, dier),
    FIELD(struct stm32_tim, sr),          FIELD_ARRAY(struct stm32_tim, ccmr),
    FIELD(struct stm32_tim, ccer),        FIELD(struct stm32_tim, psc),
    FIELD(struct stm32_tim, arr),         FIELD(struct stm32_tim, rcr),
    FIELD_ARRAY(struct stm32_tim, ccr),   FIELD(struct stm32_tim, bdtr),
    FIELD(struct stm32_tim, dcr),         FIELD(struct stm32_tim, option),
    FIELD(struct stm32_tim, timer.deadline),
};

static const struct field_list state = {"stm32-tim", sizeof(struct stm32_tim), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = tim_reset, .free = tim_free, .clock = tim_clock, .loaded = tim_loaded};

static struct device *tim_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    const struct stm32_tim_config *c = config;
    if ((c->width != 16 && c->width != 32) || c->channels > CHANNELS) {
        error_set(e, "%s: width must be 16 or 32, channels at most %d", name, CHANNELS);
        return NULL;
    }
    struct stm32_tim *t = stm32_alloc(sizeof(*t), name, &stm32_tim_class, &ops, &state, &table,
                                      STM32_WINDOW, 0, STM32_TIM_OUTPUTS);
    t->now = env->timers->clock;
    t->c = *c;
    timer_init(&t->timer, env->timers, expired, t);
    tim_reset(&t->p.base);
    return &t->p.base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct stm32_tim_config, width, 16, 32, "bits of the counter"),
    PROPERTY(U32, struct stm32_tim_config, channels, 4, 4, "capture and compare channels"),
    PROPERTY(BOOL, struct stm32_tim_config, advanced, 0, 0, "advanced-control timer"),
};

const struct device_class stm32_tim_class = {
    .name = "stm32-tim",
    .help = "timer of the STM32F4",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct stm32_tim_config),
    .create = tim_create,
};
