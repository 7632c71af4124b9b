#include "devices/timer/cmsdk_timer.h"

#include "devices/core/cmsdk.h"
#include "devices/core/countdown.h"
#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

enum { CTRL_ENABLE = BIT(0), CTRL_EXT_ENABLE = BIT(1), CTRL_EXT_CLOCK = BIT(2), CTRL_INT = BIT(3) };

struct cmsdk_timer {
    struct device base;
    struct countdown counter;
    uint32_t ctrl, status;
};

static struct cmsdk_timer *timer_of(struct device *dev)
{
    return (struct cmsdk_timer *)dev;
}

static void update_irq(struct device *dev)
{
    irq_set(&dev->output[0], timer_of(dev)->status != 0);
}

static void reached_zero(void *opaque)
{
    struct cmsdk_timer *t = opaque;
    if (t->ctrl & CTRL_INT)
        t->status = 1;
    update_irq(&t->base);
}

static void ctrl_written(struct device *dev)
{
    struct cmsdk_timer *t = timer_of(dev);
    if (t->ctrl & (CTRL_EXT_ENABLE | CTRL_EXT_CLOCK))
        log_write(LOG_GUEST_ERRORS, "%s: waits for its external input, which is not connected",
                  dev->name);
    countdown_run(&t->counter,
                  (t->ctrl & (CTRL_ENABLE | CTRL_EXT_ENABLE | CTRL_EXT_CLOCK)) == CTRL_ENABLE);
}

static uint32_t value_read(struct device *dev, const struct reg_access *a)
{
    return countdown_value(&timer_of(dev)->counter);
}

static void value_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    countdown_set(&timer_of(dev)->counter, value);
}

static uint32_t reload_read(struct device *dev, const struct reg_access *a)
{
    return timer_of(dev)->counter.reload;
}

/* Writing RELOAD sets the counter as well. */
static void reload_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    countdown_set_reload(&timer_of(dev)->counter, value, false);
    countdown_set(&timer_of(dev)->counter, value);
}

#define AT(member) REG_FIELD(struct cmsdk_timer, member)

static const struct reg rows[] = {
    {"CTRL", 0x000, .field = AT(ctrl), .writable = 0xf, .after = ctrl_written},
    {"VALUE", 0x004, .read = value_read, .write = value_write},
    {"RELOAD", 0x008, .read = reload_read, .write = reload_write},
    {"INTSTATUS", 0x00c, .field = AT(status), .w1c = 1, .after = update_irq},
    CMSDK_ID_ROWS(0x22),
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

static void unit_reset(struct device *dev)
{
    regs_reset(dev, &table);
    countdown_reset(&timer_of(dev)->counter, 0);
    update_irq(dev);
}

static void unit_free(struct device *dev)
{
    countdown_free(&timer_of(dev)->counter);
}

static void unit_loaded(struct device *dev)
{
    countdown_loaded(&timer_of(dev)->counter);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct cmsdk_timer, ctrl),
    FIELD(struct cmsdk_timer, status),
    COUNTDOWN_FIELDS(struct cmsdk_timer, counter),
};

static const struct field_list state = {"cmsdk-timer", sizeof(struct cmsdk_timer), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = unit_reset,
                                      .free = unit_free,
                                      .loaded = unit_loaded};

static struct device *unit_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    const struct cmsdk_timer_config *c = config;
    struct cmsdk_timer *t = device_alloc(sizeof(*t), name, &cmsdk_timer_class, &ops, &state, 0, 1);
    countdown_init(&t->counter, env->timers, c->freq, reached_zero, t);
    device_add_region(&t->base, "registers", 0x1000, &region);
    unit_reset(&t->base);
    return &t->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct cmsdk_timer_config, freq, 25000000, 1000000000, "clock in Hz"),
};

const struct device_class cmsdk_timer_class = {
    .name = "cmsdk-timer",
    .help = "Arm CMSDK APB timer",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct cmsdk_timer_config),
    .create = unit_create,
};
