#include "devices/misc/unimplemented.h"

#include "util/bits.h"
#include "util/log.h"

struct unimplemented {
    struct device base;
};

static uint64_t stub_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    log_write(LOG_UNIMP, "%s: unimplemented read at 0x%llx, %u bytes", dev->name,
              (unsigned long long)offset, size);
    return 0;
}

static void stub_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                       uint64_t value)
{
    log_write(LOG_UNIMP, "%s: unimplemented write at 0x%llx, %u bytes, value 0x%llx", dev->name,
              (unsigned long long)offset, size, (unsigned long long)value);
}

static const struct region_ops region = {
    .read = stub_read, .write = stub_write, .min_size = 1, .max_size = 8, .unaligned = true};
static const struct field_list state = {"unimplemented", sizeof(struct unimplemented), NULL, 0};
static const struct device_ops ops = {0};

static struct device *stub_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    const struct unimplemented_config *c = config;
    if (!c->size) {
        error_set(e, "%s: size must not be 0", name);
        return NULL;
    }
    struct device *dev = device_alloc(sizeof(struct unimplemented), name, &unimplemented_class,
                                      &ops, &state, 0, 0);
    device_add_region(dev, "window", c->size, &region);
    return dev;
}

static const struct property properties[] = {
    PROPERTY(U64, struct unimplemented_config, size, 0x1000, 0, "bytes"),
};

const struct device_class unimplemented_class = {
    .name = "unimplemented",
    .help = "placeholder that logs accesses and reads as zero",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct unimplemented_config),
    .create = stub_create,
};
