#include "devices/timer/arch_timer.h"

#include <assert.h>
#include <string.h>

#include "devices/core/env.h"
#include "host/clock.h"
#include "util/bits.h"

#define UNITS (ARCH_TIMER_MAX_CPUS * ARCH_TIMER_KINDS)

struct arch_timer;

/* One timer of one CPU: what the host timer's callback gets. */
struct unit {
    struct arch_timer *owner;
    unsigned index; /* cpu * ARCH_TIMER_KINDS + kind: also the output's number */
    struct timer timer;
};

struct arch_timer {
    struct device base;
    unsigned num_cpus;
    uint32_t frequency;
    const struct clock *clock;
    uint64_t cval[UNITS];
    uint32_t ctl[UNITS]; /* ENABLE and IMASK */
    uint64_t offset[ARCH_TIMER_MAX_CPUS]; /* CNTVOFF */
    struct unit unit[UNITS];              /* derived: armed for the next change of ISTATUS */
};

static struct arch_timer *timer_of(const struct device *dev)
{
    assert(dev->class == &arch_timer_class);
    return (struct arch_timer *)dev;
}

static unsigned unit_index(const struct arch_timer *t, unsigned cpu, enum arch_timer_kind kind)
{
    assert(cpu < t->num_cpus && kind < ARCH_TIMER_KINDS);
    return cpu * ARCH_TIMER_KINDS + kind;
}

/* ---- the counter ---- */

/* Products of ns and Hz need 128 bits: ns has 63 and Hz 30. */
static uint64_t physical_count(const struct arch_timer *t)
{
    return (uint64_t)((unsigned __int128)clock_now(t->clock) * t->frequency / CLOCK_NS_PER_SEC);
}

/** The first ns at which the counter is @count; TIMER_NEVER if the clock does not get there. */
static int64_t count_deadline(const struct arch_timer *t, unsigned __int128 count)
{
    if (count > UINT64_MAX)
        return TIMER_NEVER;
    unsigned __int128 ns = (count * CLOCK_NS_PER_SEC + t->frequency - 1) / t->frequency;
    return ns < TIMER_NEVER ? (int64_t)ns : TIMER_NEVER;
}

static uint64_t unit_count(const struct arch_timer *t, unsigned n, uint64_t physical)
{
    if (n % ARCH_TIMER_KINDS == ARCH_TIMER_VIRT)
        physical -= t->offset[n / ARCH_TIMER_KINDS];
    return physical;
}

/* ---- the timers ---- */

/** Drive the output and arm the host timer for the next change of the timer's condition, which is
 * count >= CVAL, both unsigned: it begins to hold at CVAL and ends when the count wraps. */
static void unit_update(struct arch_timer *t, unsigned n)
{
    struct unit *u = &t->unit[n];
    uint64_t physical = physical_count(t), count = unit_count(t, n, physical);
    bool met = count >= t->cval[n];
    bool enabled = t->ctl[n] & ARCH_TIMER_CTL_ENABLE;
    bool masked = t->ctl[n] & ARCH_TIMER_CTL_IMASK;

    irq_set(&t->base.output[n], enabled && !masked && met);
    if (enabled && !masked) {
        uint64_t ticks = met ? 0 - count : t->cval[n] - count;
        bool never = met && count == 0; /* the whole range still lies ahead */
        unsigned __int128 next = (unsigned __int128)physical + ticks;
        timer_set(&u->timer, never ? TIMER_NEVER : count_deadline(t, next));
    } else {
        timer_cancel(&u->timer);
    }
}

static void unit_expired(void *opaque)
{
    struct unit *u = opaque;
    unit_update(u->owner, u->index);
}

uint32_t arch_timer_frequency(const struct device *dev)
{
    return timer_of(dev)->frequency;
}

uint64_t arch_timer_count(const struct device *dev)
{
    return physical_count(timer_of(dev));
}

uint64_t arch_timer_virtual_count(const struct device *dev, unsigned cpu)
{
    const struct arch_timer *t = timer_of(dev);
    return physical_count(t) - t->offset[cpu];
}

void arch_timer_set_offset(struct device *dev, unsigned cpu, uint64_t offset)
{
    struct arch_timer *t = timer_of(dev);
    unsigned n = unit_index(t, cpu, ARCH_TIMER_VIRT);
    t->offset[cpu] = offset;
    unit_update(t, n);
}

uint32_t arch_timer_ctl(const struct device *dev, unsigned cpu, enum arch_timer_kind kind)
{
    const struct arch_timer *t = timer_of(dev);
    unsigned n = unit_index(t, cpu, kind);
    bool met = unit_count(t, n, physical_count(t)) >= t->cval[n];
    bool status = met && (t->ctl[n] & ARCH_TIMER_CTL_ENABLE);
    return t->ctl[n] | (status ? ARCH_TIMER_CTL_ISTATUS : 0);
}

void arch_timer_set_ctl(struct device *dev, unsigned cpu, enum arch_timer_kind kind, uint32_t value)
{
    struct arch_timer *t = timer_of(dev);
    unsigned n = unit_index(t, cpu, kind);
    t->ctl[n] = value & (ARCH_TIMER_CTL_ENABLE | ARCH_TIMER_CTL_IMASK);
    unit_update(t, n);
}

uint64_t arch_timer_cval(const struct device *dev, unsigned cpu, enum arch_timer_kind kind)
{
    const struct arch_timer *t = timer_of(dev);
    return t->cval[unit_index(t, cpu, kind)];
}

void arch_timer_set_cval(struct device *dev, unsigned cpu, enum arch_timer_kind kind,
                         uint64_t value)
{
    struct arch_timer *t = timer_of(dev);
    unsigned n = unit_index(t, cpu, kind);
    t->cval[n] = value;
    unit_update(t, n);
}

uint32_t arch_timer_tval(const struct device *dev, unsigned cpu, enum arch_timer_kind kind)
{
    const struct arch_timer *t = timer_of(dev);
    unsigned n = unit_index(t, cpu, kind);
    return (uint32_t)(t->cval[n] - unit_count(t, n, physical_count(t)));
}

void arch_timer_set_tval(struct device *dev, unsigned cpu, enum arch_timer_kind kind,
                         uint32_t value)
{
    struct arch_timer *t = timer_of(dev);
    unsigned n = unit_index(t, cpu, kind);
    t->cval[n] = unit_count(t, n, physical_count(t)) + (uint64_t)(int64_t)(int32_t)value;
    unit_update(t, n);
}

void arch_timer_connect(struct device *dev, unsigned cpu, enum arch_timer_kind kind,
                        struct irq_line line)
{
    device_connect(dev, unit_index(timer_of(dev), cpu, kind), line);
}

/* ---- life ---- */

static void update_all(struct device *dev)
{
    struct arch_timer *t = timer_of(dev);
    for (unsigned n = 0; n < t->num_cpus * ARCH_TIMER_KINDS; n++)
        unit_update(t, n);
}

static void arch_reset(struct device *dev)
{
    struct arch_timer *t = timer_of(dev);
    memset(t->cval, 0, sizeof(t->cval));
    memset(t->ctl, 0, sizeof(t->ctl));
    memset(t->offset, 0, sizeof(t->offset));
    update_all(dev);
}

static void arch_free(struct device *dev)
{
    struct arch_timer *t = timer_of(dev);
    for (unsigned n = 0; n < t->num_cpus * ARCH_TIMER_KINDS; n++)
        timer_cancel(&t->unit[n].timer);
}

static const struct field fields[] = {
    FIELD_ARRAY(struct arch_timer, cval),
    FIELD_ARRAY(struct arch_timer, ctl),
    FIELD_ARRAY(struct arch_timer, offset),
};

static const struct field_list state = {
    "arch-timer", sizeof(struct arch_timer), fields, ARRAY_SIZE(fields)};

static const struct device_ops ops = {
    .reset = arch_reset,
    .free = arch_free,
    .loaded = update_all,
};

static struct device *arch_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    const struct arch_timer_config *c = config;
    if (c->num_cpus < 1 || c->num_cpus > ARCH_TIMER_MAX_CPUS) {
        error_set(e, "%s: num_cpus must be 1 to %d, not %u", name, ARCH_TIMER_MAX_CPUS,
                  c->num_cpus);
        return NULL;
    }
    if (c->frequency < 1 || c->frequency > CLOCK_NS_PER_SEC) {
        error_set(e, "%s: frequency must be 1 Hz to 1 GHz, not %u", name, c->frequency);
        return NULL;
    }
    struct arch_timer *t = device_alloc(sizeof(*t), name, &arch_timer_class, &ops, &state, 0,
                                        c->num_cpus * ARCH_TIMER_KINDS);
    t->num_cpus = c->num_cpus;
    t->frequency = c->frequency;
    t->clock = env->timers->clock;
    for (unsigned n = 0; n < c->num_cpus * ARCH_TIMER_KINDS; n++) {
        struct unit *u = &t->unit[n];
        u->owner = t;
        u->index = n;
        timer_init(&u->timer, env->timers, unit_expired, u);
    }
    arch_reset(&t->base);
    return &t->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct arch_timer_config, num_cpus, 1, ARCH_TIMER_MAX_CPUS, "CPUs"),
    PROPERTY(U32, struct arch_timer_config, frequency, 62500000, 1000000000, "counter, in Hz"),
};

const struct device_class arch_timer_class = {
    .name = "arch-timer",
    .help = "Arm generic timer: system counter and the timers of each CPU",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct arch_timer_config),
    .create = arch_create,
};
