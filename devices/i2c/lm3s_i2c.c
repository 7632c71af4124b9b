#include "devices/i2c/lm3s_i2c.h"

#include "devices/core/regs.h"
#include "devices/i2c/i2c.h"
#include "util/bits.h"
#include "util/log.h"

/* Bits of MCS, as written and as read. */
enum { DO_RUN = BIT(0), DO_START = BIT(1), DO_STOP = BIT(2) };
enum {
    IS_ERROR = BIT(1), IS_ADDRESS_NACK = BIT(2), IS_DATA_NACK = BIT(3), IS_IDLE = BIT(5),
    IS_BUS_BUSY = BIT(6),
};
enum { MCR_LOOPBACK = BIT(0), MCR_MASTER = BIT(4) };

struct lm3s_i2c {
    struct device base;
    struct i2c_bus bus;
    uint32_t msa, mcs, mdr, mtpr, mimr, mris, mcr;
};

static struct lm3s_i2c *i2c_of(struct device *dev)
{
    return (struct lm3s_i2c *)dev;
}

static void update_irq(struct device *dev)
{
    irq_set(&dev->output[0], (i2c_of(dev)->mris & i2c_of(dev)->mimr) != 0);
}

/* One step of a transfer: an address where one begins, then a byte. The result, as in MCS. */
static uint32_t transfer(struct lm3s_i2c *s, bool start)
{
    bool read = s->msa & 1;
    if (start && !i2c_start(&s->bus, s->msa >> 1, read))
        return IS_ERROR | IS_ADDRESS_NACK;
    if (read)
        s->mdr = i2c_read(&s->bus);
    else if (!i2c_write(&s->bus, (uint8_t)s->mdr))
        return IS_ERROR | IS_DATA_NACK;
    return 0;
}

static void mcs_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lm3s_i2c *s = i2c_of(dev);
    if (!(s->mcr & MCR_MASTER)) {
        log_write(LOG_GUEST_ERRORS, "%s: command 0x%x while the master is disabled (MCR bit 4)",
                  dev->name, value);
        return;
    }
    if (value & DO_RUN)
        s->mcs = transfer(s, value & DO_START) | IS_BUS_BUSY;
    if (value & DO_STOP) {
        i2c_stop(&s->bus);
        s->mcs = (s->mcs & ~(uint32_t)IS_BUS_BUSY) | IS_IDLE;
    }
    if (value & (DO_RUN | DO_STOP))
        s->mris = 1;
    update_irq(dev);
}

static uint32_t mmis_read(struct device *dev, const struct reg_access *a)
{
    return i2c_of(dev)->mris & i2c_of(dev)->mimr;
}

static void micr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    i2c_of(dev)->mris &= ~value;
    update_irq(dev);
}

static void mcr_written(struct device *dev)
{
    if (i2c_of(dev)->mcr & MCR_LOOPBACK)
        log_write(LOG_UNIMP, "%s: loopback is not implemented", dev->name);
}

#define AT(member) REG_FIELD(struct lm3s_i2c, member)

static const struct reg rows[] = {
    {"MSA", 0x000, .field = AT(msa), .writable = 0xff},
    {"MCS", 0x004, .field = AT(mcs), .reset = IS_IDLE, .write = mcs_write},
    {"MDR", 0x008, .field = AT(mdr), .writable = 0xff},
    {"MTPR", 0x00c, .field = AT(mtpr), .reset = 1, .writable = 0xff},
    {"MIMR", 0x010, .field = AT(mimr), .writable = 1, .after = update_irq},
    {"MRIS", 0x014, .field = AT(mris)},
    {"MMIS", 0x018, .read = mmis_read},
    {"MICR", 0x01c, .flags = REG_WRITE_ONLY, .write = micr_write},
    {"MCR", 0x020, .field = AT(mcr), .writable = 0x31, .after = mcr_written},
    {"slave", 0x800, 7, .flags = REG_UNIMP},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

static bool attach(struct device *dev, unsigned n, struct device *other, struct error *e)
{
    return i2c_attach(&i2c_of(dev)->bus, n, other, e);
}

static void i2c_reset(struct device *dev)
{
    i2c_stop(&i2c_of(dev)->bus);
    regs_reset(dev, &table);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct lm3s_i2c, msa),  FIELD(struct lm3s_i2c, mcs),  FIELD(struct lm3s_i2c, mdr),
    FIELD(struct lm3s_i2c, mtpr), FIELD(struct lm3s_i2c, mimr), FIELD(struct lm3s_i2c, mris),
    FIELD(struct lm3s_i2c, mcr),  FIELD(struct lm3s_i2c, bus.current),
};

static const struct field_list state = {"lm3s-i2c", sizeof(struct lm3s_i2c), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = i2c_reset, .attach = attach, .loaded = update_irq};

static struct device *i2c_create(const char *name, const void *config, const struct device_env *env,
                                 struct error *e)
{
    struct lm3s_i2c *s = device_alloc(sizeof(*s), name, &lm3s_i2c_class, &ops, &state, 0, 1);
    s->bus.current = I2C_NOBODY;
    device_add_region(&s->base, "registers", 0x1000, &region);
    i2c_reset(&s->base);
    return &s->base;
}

const struct device_class lm3s_i2c_class = {
    .name = "lm3s-i2c",
    .help = "I2C master of Stellaris microcontrollers",
    .create = i2c_create,
};
