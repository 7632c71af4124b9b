#include "devices/i2c/sbcon.h"

#include "devices/core/regs.h"
#include "util/bits.h"

enum { LINES = 3 }; /* bit 0: SCL, bit 1: SDA; 1 leaves the line to its pull-up */

struct sbcon {
    struct device base;
    uint32_t lines;
};

static struct sbcon *sb_of(struct device *dev)
{
    return (struct sbcon *)dev;
}

static void set_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    sb_of(dev)->lines |= value & LINES;
}

static void clear_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    sb_of(dev)->lines &= ~value;
}

static const struct reg rows[] = {
    {"SB_CONTROLS", 0x000, .field = REG_FIELD(struct sbcon, lines), .reset = LINES,
     .write = set_write},
    {"SB_CONTROLC", 0x004, .flags = REG_WRITE_ONLY, .write = clear_write},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

static void sb_reset(struct device *dev)
{
    regs_reset(dev, &table);
}

static const struct field fields[] = {FIELD(struct sbcon, lines)};
static const struct field_list state = {"sbcon", sizeof(struct sbcon), fields, ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = sb_reset};

static struct device *sb_create(const char *name, const void *config, const struct device_env *env,
                                struct error *e)
{
    struct sbcon *s = device_alloc(sizeof(*s), name, &sbcon_class, &ops, &state, 0, 0);
    device_add_region(&s->base, "registers", 0x1000, &region);
    sb_reset(&s->base);
    return &s->base;
}

const struct device_class sbcon_class = {
    .name = "sbcon",
    .help = "Arm two-wire port SBCon (I2C by software)",
    .create = sb_create,
};
