#include "devices/misc/nrf51_rng.h"

#include "devices/core/env.h"
#include "devices/nrf51/periph.h"
#include "host/clock.h"
#include "util/bits.h"

enum { TASK_START = 0, TASK_STOP = 1, EVENT_VALRDY = 0, DERCEN = 1 };

#define BYTE_NS 167000
#define BYTE_CORRECTED_NS 677000

struct nrf51_rng {
    struct nrf51_periph p;
    const struct clock *clock;
    struct entropy entropy;
    uint32_t running, config, value;
    struct timer timer;
};

static struct nrf51_rng *rng_of(struct device *dev)
{
    return (struct nrf51_rng *)dev;
}

static void arm(struct nrf51_rng *r)
{
    int64_t ns = r->config & DERCEN ? BYTE_CORRECTED_NS : BYTE_NS;
    timer_set(&r->timer, clock_now(r->clock) + ns);
}

static void ready(void *opaque)
{
    struct nrf51_rng *r = opaque;
    r->value = r->entropy.get ? r->entropy.get(r->entropy.opaque) & 0xff : 0;
    arm(r);
    nrf51_event(&r->p, EVENT_VALRDY);
}

static void task(struct device *dev, unsigned n)
{
    struct nrf51_rng *r = rng_of(dev);
    if (n == TASK_STOP)
        timer_cancel(&r->timer);
    else if (!r->running)
        arm(r);
    r->running = n == TASK_START;
}

#define AT(member) REG_FIELD(struct nrf51_rng, member)

static const struct reg rows[] = {
    {"CONFIG", 0x504, .field = AT(config), .writable = DERCEN},
    {"VALUE", 0x508, .field = AT(value)},
};

static const struct nrf51_short shorts[] = {{0, EVENT_VALRDY, TASK_STOP}};

static const struct nrf51_kind kind = {
    .tasks = BIT(TASK_START) | BIT(TASK_STOP),
    .events = BIT(EVENT_VALRDY),
    .shorts = shorts,
    .short_count = ARRAY_SIZE(shorts),
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
};

static void rng_reset(struct device *dev)
{
    timer_cancel(&rng_of(dev)->timer);
    rng_of(dev)->running = 0;
    nrf51_reset(&rng_of(dev)->p);
}

static void rng_free(struct device *dev)
{
    timer_cancel(&rng_of(dev)->timer);
}

static void rng_loaded(struct device *dev)
{
    timer_restore(&rng_of(dev)->timer);
    nrf51_update_irq(&rng_of(dev)->p);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_rng), FIELD(struct nrf51_rng, running),
    FIELD(struct nrf51_rng, config),       FIELD(struct nrf51_rng, value),
    FIELD(struct nrf51_rng, timer.deadline),
};

static const struct field_list state = {"nrf51-rng", sizeof(struct nrf51_rng), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = rng_reset, .free = rng_free, .loaded = rng_loaded};

static struct device *rng_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct nrf51_rng *r =
        nrf51_alloc(sizeof(*r), name, &nrf51_rng_class, &ops, &state, &kind, 0, 1);
    r->clock = env->timers->clock;
    r->entropy = env->entropy;
    timer_init(&r->timer, env->timers, ready, r);
    rng_reset(&r->p.base);
    return &r->p.base;
}

const struct device_class nrf51_rng_class = {
    .name = "nrf51-rng",
    .help = "random number generator of the nRF51",
    .create = rng_create,
};
