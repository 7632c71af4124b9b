#include "devices/i2c/stm32_i2c.h"

#include "devices/i2c/i2c.h"
#include "devices/stm32/periph.h"
#include "util/bits.h"
#include "util/log.h"

enum {
    CR1_PE = BIT(0),
    CR1_START = BIT(8),
    CR1_STOP = BIT(9),
    CR1_ACK = BIT(10),
    CR1_SWRST = BIT(15),
    CR2_ITERREN = BIT(8),
    CR2_ITEVTEN = BIT(9),
    CR2_ITBUFEN = BIT(10),
    SR1_SB = BIT(0),
    SR1_ADDR = BIT(1),
    SR1_BTF = BIT(2),
    SR1_RXNE = BIT(6),
    SR1_TXE = BIT(7),
    SR1_AF = BIT(10),
    SR1_ERRORS = 0xdf00,
    SR2_MSL = BIT(0),
    SR2_BUSY = BIT(1),
    SR2_TRA = BIT(2),
};

struct stm32_i2c {
    struct stm32_periph p;
    struct i2c_bus bus;
    uint32_t cr1, cr2, oar1, oar2, sr1, sr2, rdr, ccr, trise, fltr;
};

static struct stm32_i2c *i2c_of(struct device *dev)
{
    return (struct stm32_i2c *)dev;
}

static void update(struct device *dev)
{
    const struct stm32_i2c *i = i2c_of(dev);
    uint32_t events = SR1_SB | SR1_ADDR | SR1_BTF;
    events |= i->cr2 & CR2_ITBUFEN ? SR1_RXNE | SR1_TXE : 0;
    irq_set(&dev->output[STM32_I2C_EVENT], (i->cr2 & CR2_ITEVTEN) && (i->sr1 & events));
    irq_set(&dev->output[STM32_I2C_ERROR], (i->cr2 & CR2_ITERREN) && (i->sr1 & SR1_ERRORS));
}

static void fetch(struct stm32_i2c *i)
{
    i->rdr = i2c_read(&i->bus);
    i->sr1 |= SR1_RXNE;
}

static void stop(struct stm32_i2c *i)
{
    i2c_stop(&i->bus);
    i->cr1 &= ~(uint32_t)CR1_STOP;
    i->sr1 &= ~(uint32_t)(SR1_SB | SR1_ADDR | SR1_BTF | SR1_TXE);
    i->sr2 = 0;
}

static void address(struct stm32_i2c *i, uint32_t byte)
{
    bool read = byte & 1;
    i->sr1 &= ~(uint32_t)SR1_SB;
    if (!i2c_start(&i->bus, byte >> 1 & 0x7f, read)) {
        i->sr1 |= SR1_AF;
        return;
    }
    i->sr1 |= SR1_ADDR;
    i->sr2 = SR2_MSL | SR2_BUSY | (read ? 0 : SR2_TRA);
}

static void cr1_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_i2c *i = i2c_of(dev);
    i->cr1 = value & 0xfbfb;
    if ((value & CR1_SWRST) || !(value & CR1_PE)) {
        stop(i);
        i->sr1 = 0;
        i->cr1 &= ~(uint32_t)CR1_START;
    }
    if (i->cr1 & CR1_STOP)
        stop(i);
    if (i->cr1 & CR1_START) {
        i->cr1 &= ~(uint32_t)CR1_START;
        i->sr1 = (i->sr1 & ~(uint32_t)(SR1_BTF | SR1_TXE)) | SR1_SB;
        i->sr2 = SR2_MSL | SR2_BUSY;
    }
    update(dev);
}

/* Error flags are cleared by writing 0. */
static void sr1_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    i2c_of(dev)->sr1 &= value | ~(uint32_t)SR1_ERRORS;
    update(dev);
}

/* Reading SR1 and then SR2 clears ADDR, and data begin to flow. */
static uint32_t sr2_read(struct device *dev, const struct reg_access *a)
{
    struct stm32_i2c *i = i2c_of(dev);
    if (i->sr1 & SR1_ADDR) {
        i->sr1 &= ~(uint32_t)SR1_ADDR;
        if (i->sr2 & SR2_TRA)
            i->sr1 |= SR1_TXE;
        else
            fetch(i);
        update(dev);
    }
    return i->sr2;
}

/* The byte after the one that is not acknowledged does not come. */
static uint32_t dr_read(struct device *dev, const struct reg_access *a)
{
    struct stm32_i2c *i = i2c_of(dev);
    uint32_t byte = i->rdr;
    bool more = (i->sr1 & SR1_RXNE) && (i->sr2 & SR2_MSL) && !(i->sr2 & SR2_TRA);
    i->sr1 &= ~(uint32_t)(SR1_RXNE | SR1_BTF);
    if (more)
        fetch(i);
    update(dev);
    return byte;
}

static void dr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_i2c *i = i2c_of(dev);
    if (i->sr1 & SR1_SB) {
        address(i, value & 0xff);
    } else if (i->sr2 & SR2_TRA) {
        i->sr1 |= i2c_write(&i->bus, (uint8_t)value) ? SR1_TXE | SR1_BTF : SR1_AF;
    } else {
        log_write(LOG_GUEST_ERRORS, "%s: DR written outside of a transfer", dev->name);
    }
    update(dev);
}

#define AT(member) REG_FIELD(struct stm32_i2c, member)

static const struct reg rows[] = {
    {"CR1", 0x00, .field = AT(cr1), .write = cr1_write},
    {"CR2", 0x04, .field = AT(cr2), .writable = 0x1f3f, .after = update},
    {"OAR1", 0x08, .field = AT(oar1), .writable = 0xc3ff},
    {"OAR2", 0x0c, .field = AT(oar2), .writable = 0xff},
    {"DR", 0x10, .read = dr_read, .write = dr_write},
    {"SR1", 0x14, .field = AT(sr1), .write = sr1_write},
    {"SR2", 0x18, .field = AT(sr2), .read = sr2_read, .flags = REG_IGNORE},
    {"CCR", 0x1c, .field = AT(ccr), .writable = 0xcfff},
    {"TRISE", 0x20, .field = AT(trise), .reset = 2, .writable = 0x3f},
    {"FLTR", 0x24, .field = AT(fltr), .writable = 0x1f},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static void i2c_reset(struct device *dev)
{
    i2c_stop(&i2c_of(dev)->bus);
    regs_reset(dev, &table);
    i2c_of(dev)->rdr = 0;
    update(dev);
}

static bool attach(struct device *dev, unsigned n, struct device *other, struct error *e)
{
    return i2c_attach(&i2c_of(dev)->bus, n, other, e);
}

static const struct field fields[] = {
    FIELD(struct stm32_i2c, bus.current), FIELD(struct stm32_i2c, cr1),
    FIELD(struct stm32_i2c, cr2),         FIELD(struct stm32_i2c, oar1),
    FIELD(struct stm32_i2c, oar2),        FIELD(struct stm32_i2c, sr1),
    FIELD(struct stm32_i2c, sr2),         FIELD(struct stm32_i2c, rdr),
    FIELD(struct stm32_i2c, ccr),         FIELD(struct stm32_i2c, trise),
    FIELD(struct stm32_i2c, fltr),
};

static const struct field_list state = {"stm32-i2c", sizeof(struct stm32_i2c), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = i2c_reset, .attach = attach, .loaded = update};

static struct device *i2c_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct stm32_i2c *i = stm32_alloc(sizeof(*i), name, &stm32_i2c_class, &ops, &state, &table,
                                      STM32_WINDOW, 0, STM32_I2C_OUTPUTS);
    i->bus.current = I2C_NOBODY;
    i2c_reset(&i->p.base);
    return &i->p.base;
}

const struct device_class stm32_i2c_class = {
    .name = "stm32-i2c",
    .help = "I2C of the STM32F4",
    .create = i2c_create,
};
