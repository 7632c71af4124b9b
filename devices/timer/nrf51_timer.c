#include "devices/timer/nrf51_timer.h"

#include "devices/core/env.h"
#include "devices/core/ticks.h"
#include "devices/nrf51/periph.h"
#include "util/bits.h"
#include "util/log.h"

enum { CHANNELS = 4, HZ = 16000000, PRESCALER_MAX = 9 };
enum { TASK_START = 0, TASK_STOP = 1, TASK_COUNT = 2, TASK_CLEAR = 3, TASK_SHUTDOWN = 4,
       TASK_CAPTURE = 16 };
enum { EVENT_COMPARE = 16 };
enum { MODE_COUNTER = 1 };
enum { SHORT_CLEAR = 0, SHORT_STOP = 8 }; /* first bits, one per channel */

/* How long the counter goes on after an event whose interrupt has not been handled. Drivers move a
 * compare register on by some milliseconds when it has matched, which on hardware cannot come too
 * late. A host that is busy can make it late, and then the counter would have to go all the way
 * round; so where time is the host's, the counter waits. */
#define PATIENCE_NS 1000000

/* While it runs the counter is `value` plus the ticks of `clock` since its tick `base`; otherwise
 * it is `value`. */
struct nrf51_timer {
    struct nrf51_periph p;
    const struct clock *now;
    uint32_t width; /* configuration */
    uint32_t running, value;
    struct ticks clock;
    uint64_t base;
    uint32_t mode, bitmode, prescaler, cc[CHANNELS];
    uint32_t pending;   /* an event since tick `limit` - PATIENCE_NS waits for its handler */
    uint32_t looks;     /* how often the guest has found the counter there */
    uint64_t limit;     /* then the counter does not go beyond this tick */
    bool matching;      /* in `expired`: the counter stands at its match, however late that runs */
    struct timer timer;
};

static struct nrf51_timer *timer_of(struct device *dev)
{
    return (struct nrf51_timer *)dev;
}

static uint32_t mask(const struct nrf51_timer *t)
{
    static const uint8_t bits[4] = {16, 8, 24, 32};
    unsigned width = bits[t->bitmode & 3];
    width = width > t->width ? t->width : width;
    return (uint32_t)(BIT64(width) - 1);
}

static bool counts_time(const struct nrf51_timer *t)
{
    return t->running && !(t->mode & MODE_COUNTER);
}

static uint64_t tick_now(const struct nrf51_timer *t)
{
    uint64_t tick = ticks_at(&t->clock, clock_now(t->now));
    return t->pending && tick > t->limit ? t->limit : tick;
}

/** Ticks from counter value @from until the next compare match, never 0. */
static uint64_t distance(const struct nrf51_timer *t, uint32_t from)
{
    uint64_t best = (uint64_t)mask(t) + 1;
    for (unsigned n = 0; n < CHANNELS; n++) {
        uint64_t d = ((uint64_t)(t->cc[n] & mask(t)) - from) & mask(t);
        if (d && d < best)
            best = d;
    }
    return best;
}

/** Wake for the match that follows the counter's value at tick `base`. */
static void arm(struct nrf51_timer *t)
{
    if (!counts_time(t)) {
        timer_cancel(&t->timer);
        return;
    }
    uint64_t next = t->base + distance(t, t->value & mask(t));
    timer_set(&t->timer, t->pending && next > t->limit ? TIMER_NEVER : ticks_time(&t->clock, next));
}

/** Make `value` the counter of tick @tick. */
static void settle(struct nrf51_timer *t, uint64_t tick)
{
    if (counts_time(t))
        t->value += (uint32_t)(tick - t->base);
    t->value &= mask(t);
    t->base = tick;
}

/** The counter has just become `value`: events of the channels that match. */
static void match(struct nrf51_timer *t)
{
    uint32_t value = t->value & mask(t);
    for (unsigned n = 0; n < CHANNELS; n++)
        if ((t->cc[n] & mask(t)) == value)
            nrf51_event(&t->p, EVENT_COMPARE + n);
}

/** After an event at tick `base`. */
static void await_handler(struct nrf51_timer *t)
{
    if (t->now->is_virtual || t->pending || !(t->p.events & t->p.inten))
        return;
    t->pending = 1;
    t->looks = 0;
    t->limit = t->base + (uint64_t)PATIENCE_NS * HZ / CLOCK_NS_PER_SEC / t->clock.div;
}

/** Time goes on from where the counter stopped. */
static void go_on(struct nrf51_timer *t)
{
    int64_t late = clock_now(t->now) - ticks_time(&t->clock, t->limit);
    t->pending = 0;
    if (late > 0)
        t->clock.origin += late;
    arm(t);
}

/** Everything has been handled. */
static void changed(struct device *dev)
{
    struct nrf51_timer *t = timer_of(dev);
    if (t->pending && !(t->p.events & t->p.inten))
        go_on(t);
}

/* The guest looks at the counter. When it does so again and again it is not the host that keeps the
 * handler waiting. */
static void look(struct nrf51_timer *t)
{
    enum { LOOKS_MAX = 16 };
    if (t->pending && tick_now(t) >= t->limit && ++t->looks > LOOKS_MAX)
        go_on(t);
}

/* A guest that asks for more events than the host can deliver loses whole rounds of the counter,
 * rather than time itself. */
static void skip_rounds(struct nrf51_timer *t)
{
    uint64_t now = tick_now(t), round = (uint64_t)mask(t) + 1;
    for (unsigned n = 0; n < CHANNELS; n++)
        if ((t->p.shorts & BIT(SHORT_CLEAR + n)) && t->cc[n] && (t->cc[n] & mask(t)) < round)
            round = t->cc[n] & mask(t);
    if (round && now > t->base + 2 * round)
        t->base += (now - t->base) / round * round;
}

static void matched(struct nrf51_timer *t)
{
    settle(t, t->base + distance(t, t->value & mask(t)));
    t->matching = true;
    match(t);
    t->matching = false;
    await_handler(t);
    if (!t->pending)
        skip_rounds(t);
}

/* Matches that are due come before whatever looks at the counter: the host's timer may be later
 * than the guest. Returns the tick of that look: one that is taken later may be behind a match. */
static uint64_t catch_up(struct nrf51_timer *t)
{
    uint64_t tick = tick_now(t);
    for (unsigned n = 0; n < 2 * CHANNELS && counts_time(t) && !t->matching; n++) {
        if (tick < t->base + distance(t, t->value & mask(t)))
            break;
        matched(t);
        tick = tick_now(t);
    }
    return tick;
}

static void expired(void *opaque)
{
    catch_up(opaque);
    arm(opaque);
}

static void settle_now(struct nrf51_timer *t)
{
    uint64_t tick = catch_up(t);
    if (counts_time(t))
        settle(t, tick);
}

/* ---- tasks ---- */

/** Tick 0 is now. */
static void restart(struct nrf51_timer *t)
{
    t->clock = (struct ticks){clock_now(t->now), HZ, BIT64(t->prescaler)};
    t->base = t->pending = 0;
}

static void start(struct nrf51_timer *t)
{
    if (t->running)
        return;
    t->running = 1;
    restart(t);
    arm(t);
}

static void stop(struct nrf51_timer *t)
{
    if (!t->matching)
        settle_now(t);
    t->running = t->pending = 0;
    timer_cancel(&t->timer);
}

static void clear(struct nrf51_timer *t)
{
    uint64_t tick = catch_up(t);
    if (counts_time(t) && !t->matching)
        t->base = tick;
    t->value = 0;
    if (!t->matching)
        arm(t);
}

static void count(struct nrf51_timer *t)
{
    if (!t->running || !(t->mode & MODE_COUNTER))
        return;
    t->value = (t->value + 1) & mask(t);
    match(t);
}

static void task(struct device *dev, unsigned n)
{
    struct nrf51_timer *t = timer_of(dev);
    if (n >= TASK_CAPTURE) {
        look(t);
        settle_now(t);
        t->cc[n - TASK_CAPTURE] = t->value & mask(t);
        arm(t);
        return;
    }
    switch (n) {
    case TASK_START:
        start(t);
        break;
    case TASK_STOP:
    case TASK_SHUTDOWN:
        stop(t);
        break;
    case TASK_COUNT:
        count(t);
        break;
    case TASK_CLEAR:
        clear(t);
        break;
    }
}

/* ---- registers ---- */

/* MODE, BITMODE and PRESCALER may be written only while the timer is stopped. */
static void setting_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_timer *t = timer_of(dev);
    uint32_t *field = (uint32_t *)((char *)dev + a->reg->field);
    if (t->running)
        log_write(LOG_GUEST_ERRORS, "%s: %s written while the timer runs", dev->name,
                  a->reg->name);
    settle_now(t);
    *field = value & a->reg->writable;
    if (t->prescaler > PRESCALER_MAX)
        t->prescaler = PRESCALER_MAX;
    if (t->running)
        restart(t);
    arm(t);
}

static void cc_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_timer *t = timer_of(dev);
    settle_now(t);
    t->cc[a->index] = value;
    arm(t);
}

#define AT(member) REG_FIELD(struct nrf51_timer, member)

static const struct reg rows[] = {
    {"MODE", 0x504, .field = AT(mode), .writable = 1, .write = setting_write},
    {"BITMODE", 0x508, .field = AT(bitmode), .writable = 3, .write = setting_write},
    {"PRESCALER", 0x510, .field = AT(prescaler), .reset = 4, .writable = 0xf,
     .write = setting_write},
    {"CC", 0x540, .count = CHANNELS, .field = AT(cc), .write = cc_write},
    {"(anomaly 73)", 0xc0c, .flags = REG_IGNORE}, /* written around START by drivers */
};

static const struct nrf51_short shorts[] = {
    {SHORT_CLEAR + 0, EVENT_COMPARE + 0, TASK_CLEAR},
    {SHORT_CLEAR + 1, EVENT_COMPARE + 1, TASK_CLEAR},
    {SHORT_CLEAR + 2, EVENT_COMPARE + 2, TASK_CLEAR},
    {SHORT_CLEAR + 3, EVENT_COMPARE + 3, TASK_CLEAR},
    {SHORT_STOP + 0, EVENT_COMPARE + 0, TASK_STOP},
    {SHORT_STOP + 1, EVENT_COMPARE + 1, TASK_STOP},
    {SHORT_STOP + 2, EVENT_COMPARE + 2, TASK_STOP},
    {SHORT_STOP + 3, EVENT_COMPARE + 3, TASK_STOP},
};

static const struct nrf51_kind kind = {
    .tasks = 0x1f | 0xf << TASK_CAPTURE,
    .events = 0xf << EVENT_COMPARE,
    .shorts = shorts,
    .short_count = ARRAY_SIZE(shorts),
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
    .changed = changed,
};

/* ---- life ---- */

static void timer_reset(struct device *dev)
{
    struct nrf51_timer *t = timer_of(dev);
    t->running = t->value = 0;
    t->base = t->limit = t->pending = 0;
    t->clock = (struct ticks){0, HZ, 1};
    timer_cancel(&t->timer);
    nrf51_reset(&t->p);
}

static void timer_release(struct device *dev)
{
    timer_cancel(&timer_of(dev)->timer);
}

static void timer_loaded(struct device *dev)
{
    struct nrf51_timer *t = timer_of(dev);
    if (t->prescaler > PRESCALER_MAX)
        t->prescaler = PRESCALER_MAX;
    t->clock.hz = HZ;
    timer_restore(&t->timer);
    nrf51_update_irq(&t->p);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_timer),
    FIELD(struct nrf51_timer, running),
    FIELD(struct nrf51_timer, value),
    FIELD(struct nrf51_timer, clock.origin),
    FIELD(struct nrf51_timer, clock.div),
    FIELD(struct nrf51_timer, base),
    FIELD(struct nrf51_timer, mode),
    FIELD(struct nrf51_timer, bitmode),
    FIELD(struct nrf51_timer, prescaler),
    FIELD_ARRAY(struct nrf51_timer, cc),
    FIELD(struct nrf51_timer, pending), FIELD(struct nrf51_timer, looks),
    FIELD(struct nrf51_timer, limit),
    FIELD(struct nrf51_timer, timer.deadline),
};

static const struct field_list state = {"nrf51-timer", sizeof(struct nrf51_timer), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = timer_reset, .free = timer_release, .loaded = timer_loaded};

static struct device *unit_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    const struct nrf51_timer_config *c = config;
    if (c->width != 16 && c->width != 24 && c->width != 32) {
        error_set(e, "%s: width must be 16, 24 or 32, not %u", name, c->width);
        return NULL;
    }
    struct nrf51_timer *t =
        nrf51_alloc(sizeof(*t), name, &nrf51_timer_class, &ops, &state, &kind, 0, 1);
    t->now = env->timers->clock;
    t->width = c->width;
    timer_init(&t->timer, env->timers, expired, t);
    timer_reset(&t->p.base);
    return &t->p.base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct nrf51_timer_config, width, 16, 32, "bits of the counter"),
};

const struct device_class nrf51_timer_class = {
    .name = "nrf51-timer",
    .help = "timer/counter of the nRF51",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct nrf51_timer_config),
    .create = unit_create,
};
