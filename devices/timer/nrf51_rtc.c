#include "devices/timer/nrf51_rtc.h"

#include "devices/core/env.h"
#include "devices/core/ticks.h"
#include "devices/nrf51/periph.h"
#include "util/bits.h"
#include "util/log.h"

#define COUNTER_MASK 0xffffffu
#define NEAR_OVERFLOW 0xfffff0u /* what TRIGOVRFLW sets */

enum { CHANNELS = 4, HZ = 32768 };
enum { TASK_START = 0, TASK_STOP = 1, TASK_CLEAR = 2, TASK_TRIGOVRFLW = 3 };
enum { EVENT_TICK = 0, EVENT_OVRFLW = 1, EVENT_COMPARE = 16 };

/* While it runs the counter is `value` plus the ticks of `clock` since its tick `base`. */
struct nrf51_rtc {
    struct nrf51_periph p;
    const struct clock *now;
    uint32_t channels; /* configuration */
    uint32_t running, value;
    struct ticks clock;
    uint64_t base;
    uint32_t evten, prescaler, cc[CHANNELS];
    bool matching; /* in `match`: the counter stands at tick `base`, however late that runs */
    struct timer timer;
};

static struct nrf51_rtc *rtc_of(struct device *dev)
{
    return (struct nrf51_rtc *)dev;
}

static uint64_t tick_now(const struct nrf51_rtc *t)
{
    return ticks_at(&t->clock, clock_now(t->now));
}

static uint32_t counter(const struct nrf51_rtc *t, uint64_t tick)
{
    return (uint32_t)(t->value + (t->running ? tick - t->base : 0)) & COUNTER_MASK;
}

/* An event is generated only while EVTEN or INTEN enables it. */
static uint32_t enabled(const struct nrf51_rtc *t)
{
    return t->evten | t->p.inten;
}

/** Ticks from counter value @from to the next one with an event of @on; 0: there is none. */
static uint64_t distance(const struct nrf51_rtc *t, uint32_t from, uint32_t on)
{
    if (on & BIT(EVENT_TICK))
        return 1;
    uint64_t best = on & BIT(EVENT_OVRFLW) ? COUNTER_MASK + 1 - from : 0;
    for (unsigned n = 0; n < t->channels; n++) {
        uint64_t d = (t->cc[n] - from) & COUNTER_MASK;
        d = d ? d : COUNTER_MASK + 1;
        if ((on & BIT(EVENT_COMPARE + n)) && (!best || d < best))
            best = d;
    }
    return best;
}

/** Wake for the event that follows the counter's value at tick `base`. */
static void arm(struct nrf51_rtc *t)
{
    uint64_t d = t->running ? distance(t, t->value & COUNTER_MASK, enabled(t)) : 0;
    timer_set(&t->timer, d ? ticks_time(&t->clock, t->base + d) : TIMER_NEVER);
}

static void settle(struct nrf51_rtc *t, uint64_t tick)
{
    if (t->running)
        t->value += (uint32_t)(tick - t->base);
    t->value &= COUNTER_MASK;
    t->base = tick;
}

static void happen(struct nrf51_rtc *t, unsigned event)
{
    if (enabled(t) & BIT(event))
        nrf51_event(&t->p, event);
}

/** The counter has just become `value`. What that starts may change it. */
static void match(struct nrf51_rtc *t)
{
    uint32_t value = t->value;
    t->matching = true;
    happen(t, EVENT_TICK);
    if (!value)
        happen(t, EVENT_OVRFLW);
    for (unsigned n = 0; n < t->channels; n++)
        if (t->cc[n] == value)
            happen(t, EVENT_COMPARE + n);
    t->matching = false;
}

/** Up to @most events of @on that are due at @tick. */
static void catch_up_with(struct nrf51_rtc *t, uint64_t tick, uint32_t on, unsigned most)
{
    for (unsigned n = 0; n < most && t->running && !t->matching; n++) {
        uint64_t d = distance(t, t->value & COUNTER_MASK, on & enabled(t));
        if (!d || tick < t->base + d)
            return;
        settle(t, t->base + d);
        match(t);
    }
}

/** Events that are due come before whatever looks at the counter or changes it: the host's timer
 * may be later than the guest. Of very many ticks some are left out, of nothing else. Returns the
 * tick of that look: one that is taken later may be behind an event. */
static uint64_t catch_up(struct nrf51_rtc *t)
{
    enum { TICKS_MAX = 64 };
    uint64_t tick = tick_now(t);
    catch_up_with(t, tick, UINT32_MAX, TICKS_MAX);
    catch_up_with(t, tick, ~BIT(EVENT_TICK), 2 * CHANNELS);
    return tick;
}

static void settle_now(struct nrf51_rtc *t)
{
    uint64_t tick = catch_up(t);
    if (t->running && !t->matching)
        settle(t, tick);
}

static void expired(void *opaque)
{
    struct nrf51_rtc *t = opaque;
    catch_up(t);
    arm(t);
}

static void task(struct device *dev, unsigned n)
{
    struct nrf51_rtc *t = rtc_of(dev);
    settle_now(t);
    switch (n) {
    case TASK_START:
        if (!t->running) {
            t->running = 1;
            t->clock = (struct ticks){clock_now(t->now), HZ, t->prescaler + 1};
            t->base = 0;
        }
        break;
    case TASK_STOP:
        t->running = 0;
        break;
    case TASK_CLEAR:
        t->value = 0;
        break;
    case TASK_TRIGOVRFLW:
        t->value = NEAR_OVERFLOW;
        break;
    }
    arm(t);
}

/* ---- registers ---- */

static void changed(struct device *dev)
{
    struct nrf51_rtc *t = rtc_of(dev);
    settle_now(t);
    arm(t);
}

static uint32_t event_mask(const struct nrf51_rtc *t)
{
    return BIT(EVENT_TICK) | BIT(EVENT_OVRFLW) | (uint32_t)(BIT(t->channels) - 1) << EVENT_COMPARE;
}

/* EVTEN, EVTENSET, EVTENCLR */
static void evten_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_rtc *t = rtc_of(dev);
    const uint32_t is[] = {value, t->evten | value, t->evten & ~value};
    settle_now(t);
    t->evten = is[a->index] & event_mask(t);
    arm(t);
}

static uint32_t evten_read(struct device *dev, const struct reg_access *a)
{
    return rtc_of(dev)->evten;
}

static uint32_t counter_read(struct device *dev, const struct reg_access *a)
{
    struct nrf51_rtc *t = rtc_of(dev);
    uint64_t tick = catch_up(t);
    arm(t);
    return counter(t, tick);
}

static void prescaler_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_rtc *t = rtc_of(dev);
    if (t->running)
        log_write(LOG_GUEST_ERRORS, "%s: PRESCALER written while the counter runs: ignored",
                  dev->name);
    else
        t->prescaler = value & 0xfff;
}

static void cc_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_rtc *t = rtc_of(dev);
    if (a->index >= t->channels) {
        log_write(LOG_GUEST_ERRORS, "%s: there is no CC[%u]", dev->name, a->index);
        return;
    }
    settle_now(t);
    t->cc[a->index] = value & COUNTER_MASK;
    arm(t);
}

#define AT(member) REG_FIELD(struct nrf51_rtc, member)

static const struct reg rows[] = {
    {"EVTEN", 0x340, .count = 3, .read = evten_read, .write = evten_write},
    {"COUNTER", 0x504, .read = counter_read},
    {"PRESCALER", 0x508, .field = AT(prescaler), .write = prescaler_write},
    {"CC", 0x540, .count = CHANNELS, .field = AT(cc), .write = cc_write},
};

static const struct nrf51_kind kind = {
    .tasks = 0xf,
    .events = BIT(EVENT_TICK) | BIT(EVENT_OVRFLW) | 0xf << EVENT_COMPARE,
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
    .changed = changed,
};

/* ---- life ---- */

static void rtc_reset(struct device *dev)
{
    struct nrf51_rtc *t = rtc_of(dev);
    t->running = t->value = t->evten = 0;
    t->base = 0;
    t->clock = (struct ticks){0, HZ, 1};
    timer_cancel(&t->timer);
    nrf51_reset(&t->p);
}

static void rtc_free(struct device *dev)
{
    timer_cancel(&rtc_of(dev)->timer);
}

static void rtc_loaded(struct device *dev)
{
    struct nrf51_rtc *t = rtc_of(dev);
    timer_restore(&t->timer);
    nrf51_update_irq(&t->p);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_rtc),
    FIELD(struct nrf51_rtc, running),
    FIELD(struct nrf51_rtc, value),
    FIELD(struct nrf51_rtc, clock.origin),
    FIELD(struct nrf51_rtc, clock.div),
    FIELD(struct nrf51_rtc, base),
    FIELD(struct nrf51_rtc, evten),
    FIELD(struct nrf51_rtc, prescaler),
    FIELD_ARRAY(struct nrf51_rtc, cc),
    FIELD(struct nrf51_rtc, timer.deadline),
};

static const struct field_list state = {"nrf51-rtc", sizeof(struct nrf51_rtc), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = rtc_reset, .free = rtc_free, .loaded = rtc_loaded};

static struct device *rtc_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    const struct nrf51_rtc_config *c = config;
    if (c->channels < 1 || c->channels > CHANNELS) {
        error_set(e, "%s: channels must be 1 to %d, not %u", name, CHANNELS, c->channels);
        return NULL;
    }
    struct nrf51_rtc *t =
        nrf51_alloc(sizeof(*t), name, &nrf51_rtc_class, &ops, &state, &kind, 0, 1);
    t->now = env->timers->clock;
    t->channels = c->channels;
    timer_init(&t->timer, env->timers, expired, t);
    rtc_reset(&t->p.base);
    return &t->p.base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct nrf51_rtc_config, channels, 4, 4, "compare registers"),
};

const struct device_class nrf51_rtc_class = {
    .name = "nrf51-rtc",
    .help = "real-time counter of the nRF51",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct nrf51_rtc_config),
    .create = rtc_create,
};
