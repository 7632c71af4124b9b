#include "devices/misc/nrf51_adc.h"

#include "devices/core/env.h"
#include "devices/nrf51/periph.h"
#include "host/clock.h"
#include "util/bits.h"
#include "util/log.h"

enum { TASK_START = 0, TASK_STOP = 1, EVENT_END = 0, ENABLED = 1 };

struct nrf51_adc {
    struct nrf51_periph p;
    const struct clock *clock;
    uint32_t input; /* configuration */
    uint32_t busy, enable, config, result;
    struct timer timer;
};

static struct nrf51_adc *adc_of(struct device *dev)
{
    return (struct nrf51_adc *)dev;
}

static unsigned resolution(const struct nrf51_adc *a)
{
    static const uint8_t bits[4] = {8, 9, 10, 10};
    return bits[a->config & 3];
}

static void converted(void *opaque)
{
    struct nrf51_adc *a = opaque;
    a->busy = 0;
    a->result = a->input >> (10 - resolution(a));
    nrf51_event(&a->p, EVENT_END);
}

static void task(struct device *dev, unsigned n)
{
    static const uint32_t ns[] = {[8] = 20000, [9] = 36000, [10] = 68000};
    struct nrf51_adc *a = adc_of(dev);
    if (n == TASK_STOP) {
        a->busy = 0;
        timer_cancel(&a->timer);
    } else if (a->enable != ENABLED) {
        log_write(LOG_GUEST_ERRORS, "%s: START while not enabled", dev->name);
    } else {
        a->busy = 1;
        timer_set(&a->timer, clock_now(a->clock) + ns[resolution(a)]);
    }
}

#define AT(member) REG_FIELD(struct nrf51_adc, member)

static const struct reg rows[] = {
    {"BUSY", 0x400, .field = AT(busy)},
    {"ENABLE", 0x500, .field = AT(enable), .writable = 3},
    {"CONFIG", 0x504, .field = AT(config), .reset = 0x18, .writable = 0x3ff7f},
    {"RESULT", 0x508, .field = AT(result)},
};

static const struct nrf51_kind kind = {
    .tasks = BIT(TASK_START) | BIT(TASK_STOP),
    .events = BIT(EVENT_END),
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
};

static void adc_reset(struct device *dev)
{
    timer_cancel(&adc_of(dev)->timer);
    nrf51_reset(&adc_of(dev)->p);
}

static void adc_free(struct device *dev)
{
    timer_cancel(&adc_of(dev)->timer);
}

static void adc_loaded(struct device *dev)
{
    timer_restore(&adc_of(dev)->timer);
    nrf51_update_irq(&adc_of(dev)->p);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_adc), FIELD(struct nrf51_adc, busy),
    FIELD(struct nrf51_adc, enable),       FIELD(struct nrf51_adc, config),
    FIELD(struct nrf51_adc, result),       FIELD(struct nrf51_adc, timer.deadline),
};

static const struct field_list state = {"nrf51-adc", sizeof(struct nrf51_adc), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = adc_reset, .free = adc_free, .loaded = adc_loaded};

static struct device *adc_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    const struct nrf51_adc_config *c = config;
    struct nrf51_adc *a =
        nrf51_alloc(sizeof(*a), name, &nrf51_adc_class, &ops, &state, &kind, 0, 1);
    a->clock = env->timers->clock;
    a->input = c->input;
    timer_init(&a->timer, env->timers, converted, a);
    adc_reset(&a->p.base);
    return &a->p.base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct nrf51_adc_config, input, 512, 1023,
             "voltage of all pins, full scale is 1024"),
};

const struct device_class nrf51_adc_class = {
    .name = "nrf51-adc",
    .help = "analog to digital converter of the nRF51",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct nrf51_adc_config),
    .create = adc_create,
};
