#include "devices/timer/cmsdk_watchdog.h"

#include "devices/core/countdown.h"
#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

#define UNLOCK 0x1acce551u
enum {
    CTRL_INTEN = BIT(0), CTRL_RESEN = BIT(1), ITOP_RESET = BIT(0), ITOP_INT = BIT(1),
    TEST_STALL = BIT(8),
};

struct watchdog {
    struct device base;
    struct countdown counter;
    uint32_t load, ctrl, ris, locked, reset, itcr, itop, test;
};

static struct watchdog *dog_of(struct device *dev)
{
    return (struct watchdog *)dev;
}

static bool is_luminary(const struct device *dev)
{
    return dev->class == &luminary_watchdog_class;
}

static void update_outputs(struct device *dev)
{
    const struct watchdog *w = dog_of(dev);
    bool interrupt = w->ris && (w->ctrl & CTRL_INTEN), reset = w->reset;
    if (w->itcr) { /* integration test mode: software drives the outputs */
        interrupt = w->itop & ITOP_INT;
        reset = w->itop & ITOP_RESET;
    }
    irq_set(&dev->output[WATCHDOG_INT], interrupt);
    irq_set(&dev->output[WATCHDOG_RESET], reset);
}

static void reached_zero(void *opaque)
{
    struct watchdog *w = opaque;
    if (w->ris && (w->ctrl & CTRL_RESEN))
        w->reset = 1;
    w->ris = 1;
    update_outputs(&w->base);
}

static bool locked(struct device *dev, const struct reg_access *a)
{
    if (dog_of(dev)->locked)
        log_write(LOG_GUEST_ERRORS, "%s: write to %s while locked", dev->name, a->reg->name);
    return dog_of(dev)->locked;
}

/* ---- registers ---- */

static void load_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct watchdog *w = dog_of(dev);
    if (locked(dev, a))
        return;
    w->load = value;
    countdown_set_reload(&w->counter, value, false);
    countdown_set(&w->counter, value);
}

static uint32_t value_read(struct device *dev, const struct reg_access *a)
{
    return countdown_value(&dog_of(dev)->counter);
}

static void ctrl_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct watchdog *w = dog_of(dev);
    if (locked(dev, a))
        return;
    value &= CTRL_INTEN | CTRL_RESEN;
    if (is_luminary(dev))
        value |= w->ctrl & CTRL_INTEN; /* stays until a reset */
    if ((value & ~w->ctrl) & CTRL_INTEN)
        countdown_set(&w->counter, w->load);
    w->ctrl = value;
    countdown_run(&w->counter, value & CTRL_INTEN);
    update_outputs(dev);
}

static void intclr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct watchdog *w = dog_of(dev);
    if (locked(dev, a))
        return;
    w->ris = 0;
    countdown_set(&w->counter, w->load);
    update_outputs(dev);
}

static uint32_t mis_read(struct device *dev, const struct reg_access *a)
{
    const struct watchdog *w = dog_of(dev);
    return w->ris && (w->ctrl & CTRL_INTEN);
}

static void lock_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    dog_of(dev)->locked = value != UNLOCK;
}

static void itcr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    if (!locked(dev, a))
        dog_of(dev)->itcr = value & 1;
    update_outputs(dev);
}

static void itop_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    if (!locked(dev, a))
        dog_of(dev)->itop = value & 3;
    update_outputs(dev);
}

static uint32_t id_read(struct device *dev, const struct reg_access *a)
{
    static const uint8_t cmsdk[12] = {0x04, 0, 0, 0, 0x24, 0xb8, 0x1b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    static const uint8_t luminary[12] = {0,    0,    0,    0,    0x05, 0x18,
                                         0x18, 0x01, 0x0d, 0xf0, 0x05, 0xb1};
    return is_luminary(dev) ? luminary[a->index] : cmsdk[a->index];
}

#define AT(member) REG_FIELD(struct watchdog, member)

#define COMMON_ROWS                                                                                \
    {"LOAD", 0x000, .field = AT(load), .reset = 0xffffffff, .write = load_write},                  \
    {"VALUE", 0x004, .read = value_read},                                                          \
    {"CONTROL", 0x008, .field = AT(ctrl), .write = ctrl_write},                                    \
    {"INTCLR", 0x00c, .flags = REG_WRITE_ONLY, .write = intclr_write},                             \
    {"RIS", 0x010, .field = AT(ris)},                                                              \
    {"MIS", 0x014, .read = mis_read}
#define LOCK_ROW {"LOCK", 0xc00, .field = AT(locked), .write = lock_write}
#define ID_ROW {"ID", 0xfd0, 12, .read = id_read}

static const struct reg cmsdk_rows[] = {
    COMMON_ROWS,
    LOCK_ROW,
    {"ITCR", 0xf00, .field = AT(itcr), .write = itcr_write},
    {"ITOP", 0xf04, .flags = REG_WRITE_ONLY, .field = AT(itop), .write = itop_write},
    ID_ROW,
};

static const struct reg luminary_rows[] = {
    COMMON_ROWS,
    {"TEST", 0x418, .field = AT(test), .writable = TEST_STALL},
    LOCK_ROW,
    ID_ROW,
};

static const struct reg_table cmsdk_table = {cmsdk_rows, ARRAY_SIZE(cmsdk_rows), .narrow = true};
static const struct reg_table luminary_table = {luminary_rows, ARRAY_SIZE(luminary_rows),
                                                .narrow = true};

static const struct reg_table *table_of(const struct device *dev)
{
    return is_luminary(dev) ? &luminary_table : &cmsdk_table;
}

static uint64_t dog_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    return regs_read(dev, table_of(dev), cpu_index, offset, size);
}

static void dog_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                      uint64_t value)
{
    regs_write(dev, table_of(dev), cpu_index, offset, size, value);
}

static const struct region_ops region = {dog_read, dog_write, .min_size = 1, .max_size = 4};

/* ---- life ---- */

static void dog_reset(struct device *dev)
{
    struct watchdog *w = dog_of(dev);
    regs_reset(dev, table_of(dev));
    w->reset = 0;
    countdown_reset(&w->counter, UINT32_MAX);
    countdown_set_reload(&w->counter, UINT32_MAX, false);
    update_outputs(dev);
}

static void dog_clock(struct device *dev, unsigned n, uint32_t hz)
{
    countdown_set_rate(&dog_of(dev)->counter, hz, 1);
}

static void dog_free(struct device *dev)
{
    countdown_free(&dog_of(dev)->counter);
}

static void dog_loaded(struct device *dev)
{
    countdown_loaded(&dog_of(dev)->counter);
    update_outputs(dev);
}

static const struct field fields[] = {
    FIELD(struct watchdog, load),
    FIELD(struct watchdog, ctrl),
    FIELD(struct watchdog, ris),
    FIELD(struct watchdog, locked),
    FIELD(struct watchdog, reset),
    FIELD(struct watchdog, itcr),
    FIELD(struct watchdog, itop),
    FIELD(struct watchdog, test),
    COUNTDOWN_FIELDS(struct watchdog, counter),
};

static const struct field_list state = {"watchdog", sizeof(struct watchdog), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {
    .reset = dog_reset, .free = dog_free, .clock = dog_clock, .loaded = dog_loaded};

static struct device *dog_new(const struct device_class *class, const char *name,
                              const void *config, const struct device_env *env)
{
    const struct cmsdk_watchdog_config *c = config;
    struct watchdog *w = device_alloc(sizeof(*w), name, class, &ops, &state, 0, WATCHDOG_OUTPUTS);
    countdown_init(&w->counter, env->timers, c->freq, reached_zero, w);
    device_add_region(&w->base, "registers", 0x1000, &region);
    dog_reset(&w->base);
    return &w->base;
}

static struct device *cmsdk_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    return dog_new(&cmsdk_watchdog_class, name, config, env);
}

static struct device *luminary_create(const char *name, const void *config,
                                      const struct device_env *env, struct error *e)
{
    return dog_new(&luminary_watchdog_class, name, config, env);
}

static const struct property properties[] = {
    PROPERTY(U32, struct cmsdk_watchdog_config, freq, 25000000, 1000000000, "clock in Hz"),
};

const struct device_class cmsdk_watchdog_class = {
    .name = "cmsdk-watchdog",
    .help = "Arm CMSDK APB watchdog",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct cmsdk_watchdog_config),
    .create = cmsdk_create,
};

const struct device_class luminary_watchdog_class = {
    .name = "luminary-watchdog",
    .help = "watchdog of Stellaris microcontrollers",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct cmsdk_watchdog_config),
    .create = luminary_create,
};
