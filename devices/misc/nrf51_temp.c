#include "devices/misc/nrf51_temp.h"

#include "devices/core/env.h"
#include "devices/nrf51/periph.h"
#include "host/clock.h"
#include "util/bits.h"

enum { TASK_START = 0, TASK_STOP = 1, EVENT_DATARDY = 0, MEASURE_NS = 36000, TRIMS = 32 };

struct nrf51_temp {
    struct nrf51_periph p;
    const struct clock *clock;
    uint32_t quarters; /* configuration */
    uint32_t temp, trim[TRIMS];
    struct timer timer;
};

static struct nrf51_temp *temp_of(struct device *dev)
{
    return (struct nrf51_temp *)dev;
}

static void measured(void *opaque)
{
    struct nrf51_temp *t = opaque;
    t->temp = t->quarters;
    nrf51_event(&t->p, EVENT_DATARDY);
}

static void task(struct device *dev, unsigned n)
{
    struct nrf51_temp *t = temp_of(dev);
    if (n == TASK_START)
        timer_set(&t->timer, clock_now(t->clock) + MEASURE_NS);
    else
        timer_cancel(&t->timer);
}

#define AT(member) REG_FIELD(struct nrf51_temp, member)

static const struct reg rows[] = {
    {"TEMP", 0x508, .field = AT(temp)},
    /* Written by start-up code against an anomaly (number 31). */
    {"(trim)", 0x53c, .count = TRIMS, .field = AT(trim), .writable = UINT32_MAX},
};

static const struct nrf51_kind kind = {
    .tasks = BIT(TASK_START) | BIT(TASK_STOP),
    .events = BIT(EVENT_DATARDY),
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
};

static void temp_reset(struct device *dev)
{
    timer_cancel(&temp_of(dev)->timer);
    nrf51_reset(&temp_of(dev)->p);
}

static void temp_free(struct device *dev)
{
    timer_cancel(&temp_of(dev)->timer);
}

static void temp_loaded(struct device *dev)
{
    timer_restore(&temp_of(dev)->timer);
    nrf51_update_irq(&temp_of(dev)->p);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_temp),
    FIELD(struct nrf51_temp, temp),
    FIELD_ARRAY(struct nrf51_temp, trim),
    FIELD(struct nrf51_temp, timer.deadline),
};

static const struct field_list state = {"nrf51-temp", sizeof(struct nrf51_temp), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = temp_reset, .free = temp_free, .loaded = temp_loaded};

static struct device *temp_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    const struct nrf51_temp_config *c = config;
    struct nrf51_temp *t =
        nrf51_alloc(sizeof(*t), name, &nrf51_temp_class, &ops, &state, &kind, 0, 1);
    t->clock = env->timers->clock;
    t->quarters = c->quarters;
    timer_init(&t->timer, env->timers, measured, t);
    temp_reset(&t->p.base);
    return &t->p.base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct nrf51_temp_config, quarters, 4 * 21, 0,
             "quarters of a degree Celsius, two's complement"),
};

const struct device_class nrf51_temp_class = {
    .name = "nrf51-temp",
    .help = "temperature sensor of the nRF51",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct nrf51_temp_config),
    .create = temp_create,
};
