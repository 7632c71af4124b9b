#include "devices/timer/sp804.h"

#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "host/clock.h"
#include "util/bits.h"

#define TIMERS 2
#define TIMER_SPAN 0x20 /* bytes between the registers of the two timers */

/* Bits of TimerXControl. */
enum {
    CTRL_ONESHOT = BIT(0),
    CTRL_32BIT = BIT(1),
    CTRL_PRESCALE = 2, /* shift of a field of 2 bits: 1, 16 or 256 */
    CTRL_INTEN = BIT(5),
    CTRL_PERIODIC = BIT(6),
    CTRL_ENABLE = BIT(7),
    CTRL_RESET = CTRL_INTEN,
};

struct sp804;

/* Timer @n counts down from value[n], which it had at clock time base[n]. */
struct sp804_unit {
    struct sp804 *owner;
    unsigned n;
    struct timer timer;
};

struct sp804 {
    struct device base;
    const struct clock *clock;
    uint32_t freq[TIMERS];
    uint32_t load[TIMERS], control[TIMERS], ris[TIMERS];
    uint32_t value[TIMERS];
    int64_t since[TIMERS]; /* ns; counts from then while enabled */
    struct sp804_unit unit[TIMERS]; /* derived */
};

static struct sp804 *sp_of(struct device *dev)
{
    return (struct sp804 *)dev;
}

static void update_irq(struct sp804 *s)
{
    bool any = false;
    for (unsigned n = 0; n < TIMERS; n++) {
        bool level = s->ris[n] && (s->control[n] & CTRL_INTEN);
        irq_set(&s->base.output[SP804_TIMINT1 + n], level);
        any |= level;
    }
    irq_set(&s->base.output[SP804_TIMINTC], any);
}

/* ---- counting ---- */

static uint32_t counter_mask(const struct sp804 *s, unsigned n)
{
    return s->control[n] & CTRL_32BIT ? UINT32_MAX : 0xffff;
}

static unsigned prescale_shift(const struct sp804 *s, unsigned n)
{
    static const uint8_t shift[4] = {0, 4, 8, 8};
    return shift[bits_get(s->control[n], CTRL_PRESCALE, 2)];
}

/** ns until @ticks of timer @n have passed since `since`, rounded up. */
static int64_t ticks_to_ns(const struct sp804 *s, unsigned n, uint64_t ticks)
{
    unsigned __int128 cycles = (unsigned __int128)ticks << prescale_shift(s, n);
    unsigned __int128 ns = (cycles * CLOCK_NS_PER_SEC + s->freq[n] - 1) / s->freq[n];
    return ns < TIMER_NEVER - (unsigned __int128)s->since[n] ? (int64_t)ns : TIMER_NEVER;
}

static uint64_t ticks_passed(const struct sp804 *s, unsigned n)
{
    int64_t ns = clock_now(s->clock) - s->since[n];
    if (ns <= 0)
        return 0;
    return (uint64_t)(((unsigned __int128)ns * s->freq[n] / CLOCK_NS_PER_SEC) >>
                      prescale_shift(s, n));
}

/** The counter now; the timer callback has dealt with what lies before `since`. */
static uint32_t counter(const struct sp804 *s, unsigned n)
{
    uint32_t mask = counter_mask(s, n), value = s->value[n] & mask;
    if (!(s->control[n] & CTRL_ENABLE))
        return value;
    uint64_t passed = ticks_passed(s, n);
    /* Until the callback has run for a counter that reached 0 it is seen as 0. */
    return passed < value ? value - (uint32_t)passed : 0;
}

/** Let the counter go on from @value as of @since, and arm for when it reaches 0. */
static void start(struct sp804 *s, unsigned n, uint32_t value, int64_t since)
{
    s->value[n] = value;
    s->since[n] = since;
    if (!(s->control[n] & CTRL_ENABLE)) {
        timer_cancel(&s->unit[n].timer);
        return;
    }
    int64_t ns = ticks_to_ns(s, n, value & counter_mask(s, n));
    timer_set(&s->unit[n].timer, ns == TIMER_NEVER ? TIMER_NEVER : since + ns);
}

/** Go on after the counter was 0 at time @at. Whole periods that have passed unseen are skipped: a
 * short period must not keep the host busy with catching up. */
static void reload(struct sp804 *s, unsigned n, int64_t at)
{
    uint32_t mask = counter_mask(s, n), load = s->load[n] & mask;
    s->value[n] = 0;
    s->since[n] = at;
    if (s->control[n] & CTRL_ONESHOT)
        return; /* halted until it is loaded again */
    if (!(s->control[n] & CTRL_PERIODIC)) {
        start(s, n, mask, at + ticks_to_ns(s, n, 1));
    } else if (load) {
        uint64_t periods = ticks_passed(s, n) / load;
        start(s, n, load, at + ticks_to_ns(s, n, periods * load));
    } /* else it stays at 0: one interrupt until the next load */
}

/** The counter reached 0 (section 2.2). */
static void reached_zero(void *opaque)
{
    struct sp804_unit *u = opaque;
    struct sp804 *s = u->owner;
    int64_t ns = ticks_to_ns(s, u->n, s->value[u->n] & counter_mask(s, u->n));
    s->ris[u->n] = 1;
    reload(s, u->n, s->since[u->n] + ns);
    update_irq(s);
}

/* ---- registers ---- */

static uint32_t value_read(struct device *dev, const struct reg_access *a)
{
    return counter(sp_of(dev), a->reg->offset / TIMER_SPAN);
}

static uint32_t load_read(struct device *dev, const struct reg_access *a)
{
    return sp_of(dev)->load[a->reg->offset / TIMER_SPAN];
}

static void load_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct sp804 *s = sp_of(dev);
    unsigned n = a->reg->offset / TIMER_SPAN;
    s->load[n] = value;
    start(s, n, value, clock_now(s->clock));
}

/* TimerXBGLoad: taken at the next reload, the counter goes on. */
static void bgload_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    sp_of(dev)->load[a->reg->offset / TIMER_SPAN] = value;
}

static uint32_t control_read(struct device *dev, const struct reg_access *a)
{
    return sp_of(dev)->control[a->reg->offset / TIMER_SPAN];
}

static void control_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct sp804 *s = sp_of(dev);
    unsigned n = a->reg->offset / TIMER_SPAN;
    uint32_t now = counter(s, n);
    bool halted = !timer_armed(&s->unit[n].timer) && (s->control[n] & CTRL_ENABLE);
    s->control[n] = value & 0xef;
    if (halted && (value & CTRL_ENABLE) && now == 0)
        s->since[n] = clock_now(s->clock); /* changing other bits does not fire again */
    else
        start(s, n, now, clock_now(s->clock));
    update_irq(s);
}

static void intclr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct sp804 *s = sp_of(dev);
    s->ris[a->reg->offset / TIMER_SPAN] = 0;
    update_irq(s);
}

static uint32_t ris_read(struct device *dev, const struct reg_access *a)
{
    return sp_of(dev)->ris[a->reg->offset / TIMER_SPAN];
}

static uint32_t mis_read(struct device *dev, const struct reg_access *a)
{
    const struct sp804 *s = sp_of(dev);
    unsigned n = a->reg->offset / TIMER_SPAN;
    return s->control[n] & CTRL_INTEN ? s->ris[n] : 0;
}

static uint32_t id_read(struct device *dev, const struct reg_access *a)
{
    static const uint8_t sp804[12] = {0, 0, 0, 0, 0x04, 0x18, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1};
    static const uint8_t cmsdk[12] = {0x04, 0, 0, 0, 0x23, 0xb8, 0x1b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    return dev->class == &sp804_class ? sp804[a->index] : cmsdk[a->index];
}

#define TIMER_ROWS(name, offset)                                                                   \
    {name "Load", offset + 0x00, .read = load_read, .write = load_write},                          \
    {name "Value", offset + 0x04, .read = value_read},                                             \
    {name "Control", offset + 0x08, .read = control_read, .write = control_write},                 \
    {name "IntClr", offset + 0x0c, .flags = REG_WRITE_ONLY, .write = intclr_write},                \
    {name "RIS", offset + 0x10, .read = ris_read},                                                 \
    {name "MIS", offset + 0x14, .read = mis_read},                                                 \
    {name "BGLoad", offset + 0x18, .read = load_read, .write = bgload_write}

static const struct reg rows[] = {
    TIMER_ROWS("Timer1", 0x00),
    TIMER_ROWS("Timer2", TIMER_SPAN),
    {"TimerITCR", 0xf00, .flags = REG_UNIMP},
    {"TimerITOP", 0xf04, .flags = REG_UNIMP},
    {"ID", 0xfd0, 12, .read = id_read},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

/* ---- life ---- */

static void sp_reset(struct device *dev)
{
    struct sp804 *s = sp_of(dev);
    for (unsigned n = 0; n < TIMERS; n++) {
        s->load[n] = s->ris[n] = 0;
        s->control[n] = CTRL_RESET;
        start(s, n, UINT32_MAX, 0);
    }
    update_irq(s);
}

static void sp_free(struct device *dev)
{
    struct sp804 *s = sp_of(dev);
    for (unsigned n = 0; n < TIMERS; n++)
        timer_cancel(&s->unit[n].timer);
}

static void sp_loaded(struct device *dev)
{
    struct sp804 *s = sp_of(dev);
    for (unsigned n = 0; n < TIMERS; n++)
        timer_restore(&s->unit[n].timer);
    update_irq(s);
}

static const struct field fields[] = {
    FIELD_ARRAY(struct sp804, load),
    FIELD_ARRAY(struct sp804, control),
    FIELD_ARRAY(struct sp804, ris),
    FIELD_ARRAY(struct sp804, value),
    FIELD_ARRAY(struct sp804, since),
    FIELD(struct sp804, unit[0].timer.deadline),
    FIELD(struct sp804, unit[1].timer.deadline),
};

static const struct field_list state = {"sp804", sizeof(struct sp804), fields, ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = sp_reset, .free = sp_free, .loaded = sp_loaded};

static struct device *timers_new(const struct device_class *class, const char *name,
                                 const void *config, const struct device_env *env, struct error *e)
{
    const struct sp804_config *c = config;
    const uint32_t freq[TIMERS] = {c->freq0, c->freq1};
    for (unsigned n = 0; n < TIMERS; n++) {
        if (freq[n] < 1 || freq[n] > CLOCK_NS_PER_SEC) {
            error_set(e, "%s: freq%u must be 1 Hz to 1 GHz, not %u", name, n, freq[n]);
            return NULL;
        }
    }
    struct sp804 *s = device_alloc(sizeof(*s), name, class, &ops, &state, 0, SP804_OUTPUTS);
    s->clock = env->timers->clock;
    for (unsigned n = 0; n < TIMERS; n++) {
        s->freq[n] = freq[n];
        s->unit[n].owner = s;
        s->unit[n].n = n;
        timer_init(&s->unit[n].timer, env->timers, reached_zero, &s->unit[n]);
    }
    device_add_region(&s->base, "registers", 0x1000, &region);
    sp_reset(&s->base);
    return &s->base;
}

static struct device *sp804_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    return timers_new(&sp804_class, name, config, env, e);
}

static struct device *cmsdk_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    return timers_new(&cmsdk_dualtimer_class, name, config, env, e);
}

static const struct property properties[] = {
    PROPERTY(U32, struct sp804_config, freq0, 1000000, 1000000000, "clock of timer 1, in Hz"),
    PROPERTY(U32, struct sp804_config, freq1, 1000000, 1000000000, "clock of timer 2, in Hz"),
};

const struct device_class sp804_class = {
    .name = "sp804",
    .help = "Arm dual timer SP804",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct sp804_config),
    .create = sp804_create,
};

const struct device_class cmsdk_dualtimer_class = {
    .name = "cmsdk-dualtimer",
    .help = "Arm CMSDK dual timer",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct sp804_config),
    .create = cmsdk_create,
};
