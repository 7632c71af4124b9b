#include "devices/ssi/stm32_spi.h"

#include "devices/stm32/periph.h"
#include "util/bits.h"
#include "util/log.h"

enum {
    CR1_MSTR = BIT(2),
    CR1_SPE = BIT(6),
    CR1_SSI = BIT(8),
    CR1_SSM = BIT(9),
    CR1_RXONLY = BIT(10),
    CR1_DFF = BIT(11),
    CR1_BIDIOE = BIT(14),
    CR1_BIDIMODE = BIT(15),
    CR2_RXDMAEN = BIT(0),
    CR2_TXDMAEN = BIT(1),
    CR2_SSOE = BIT(2),
    CR2_ERRIE = BIT(5),
    CR2_RXNEIE = BIT(6),
    CR2_TXEIE = BIT(7),
    SR_RXNE = BIT(0),
    SR_TXE = BIT(1),
    SR_CRCERR = BIT(4),
    SR_MODF = BIT(5),
    SR_OVR = BIT(6),
};

struct stm32_spi {
    struct stm32_periph p;
    uint32_t cr1, cr2, sr, rdr, crcpr, i2scfgr, i2spr;
    uint32_t ovr_step; /* OVR is cleared by reading DR, then SR */
};

static struct stm32_spi *spi_of(struct device *dev)
{
    return (struct stm32_spi *)dev;
}

static bool is_master(const struct stm32_spi *s)
{
    return (s->cr1 & (CR1_SPE | CR1_MSTR)) == (CR1_SPE | CR1_MSTR);
}

static bool receives(const struct stm32_spi *s)
{
    return !(s->cr1 & CR1_BIDIMODE) || !(s->cr1 & CR1_BIDIOE);
}

/** Clocks without being told to: receive only. */
static bool receives_alone(const struct stm32_spi *s)
{
    return s->cr1 & CR1_BIDIMODE ? !(s->cr1 & CR1_BIDIOE) : (s->cr1 & CR1_RXONLY) != 0;
}

static void update(struct device *dev)
{
    const struct stm32_spi *s = spi_of(dev);
    bool irq = ((s->sr & SR_RXNE) && (s->cr2 & CR2_RXNEIE)) ||
               ((s->sr & SR_TXE) && (s->cr2 & CR2_TXEIE)) ||
               ((s->sr & (SR_OVR | SR_MODF | SR_CRCERR)) && (s->cr2 & CR2_ERRIE));
    irq_set(&dev->output[STM32_SPI_IRQ], irq);
    /* Receive before transmit: what is there is fetched before the next frame. */
    irq_set(&dev->output[STM32_SPI_DMA_RX], (s->cr2 & CR2_RXDMAEN) && (s->sr & SR_RXNE));
    irq_set(&dev->output[STM32_SPI_DMA_TX],
            (s->cr2 & CR2_TXDMAEN) && (s->cr1 & CR1_SPE) && (s->sr & SR_TXE));
}

static void shift_in(struct stm32_spi *s)
{
    if (s->sr & SR_RXNE)
        s->sr |= SR_OVR;
    else
        s->rdr = s->cr1 & CR1_DFF ? 0xffff : 0xff;
    s->sr |= SR_RXNE;
}

static void control_written(struct device *dev)
{
    struct stm32_spi *s = spi_of(dev);
    /* Software slave management without SSI, as a master: somebody else selects us. */
    if ((s->cr1 & CR1_MSTR) && (s->cr1 & CR1_SSM) && !(s->cr1 & CR1_SSI) && !(s->cr2 & CR2_SSOE)) {
        s->sr |= SR_MODF;
        s->cr1 &= ~(uint32_t)(CR1_SPE | CR1_MSTR);
    }
    if (is_master(s) && receives_alone(s) && !(s->sr & SR_RXNE))
        shift_in(s);
    update(dev);
}

static void cr1_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_spi *s = spi_of(dev);
    s->cr1 = value & 0xffff;
    s->sr &= ~(uint32_t)SR_MODF; /* reading SR and writing CR1 clears it */
    control_written(dev);
}

static uint32_t sr_read(struct device *dev, const struct reg_access *a)
{
    struct stm32_spi *s = spi_of(dev);
    uint32_t value = s->sr;
    if (s->ovr_step)
        s->sr &= ~(uint32_t)SR_OVR;
    s->ovr_step = 0;
    update(dev);
    return value;
}

static uint32_t dr_read(struct device *dev, const struct reg_access *a)
{
    struct stm32_spi *s = spi_of(dev);
    uint32_t value = s->rdr;
    s->sr &= ~(uint32_t)SR_RXNE;
    s->ovr_step = 1;
    if (is_master(s) && receives_alone(s))
        shift_in(s);
    update(dev);
    return value;
}

static void dr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_spi *s = spi_of(dev);
    if (!is_master(s)) {
        log_write(LOG_GUEST_ERRORS, "%s: DR written while %s: nothing is sent", dev->name,
                  s->cr1 & CR1_SPE ? "a slave, without a master" : "CR1.SPE is not set");
        return;
    }
    s->ovr_step = 0;
    if (receives(s))
        shift_in(s);
    update(dev);
}

#define AT(member) REG_FIELD(struct stm32_spi, member)

static const struct reg rows[] = {
    {"CR1", 0x00, .field = AT(cr1), .write = cr1_write},
    {"CR2", 0x04, .field = AT(cr2), .writable = 0xf7, .after = control_written},
    {"SR", 0x08, .field = AT(sr), .reset = SR_TXE, .read = sr_read, .flags = REG_IGNORE},
    {"DR", 0x0c, .read = dr_read, .write = dr_write},
    {"CRCPR", 0x10, .field = AT(crcpr), .reset = 7, .writable = 0xffff},
    {"RXCRCR", 0x14, .reset = 0},
    {"TXCRCR", 0x18, .reset = 0},
    {"I2SCFGR", 0x1c, .field = AT(i2scfgr), .writable = 0xfbf},
    {"I2SPR", 0x20, .field = AT(i2spr), .reset = 2, .writable = 0x3ff},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static void spi_reset(struct device *dev)
{
    regs_reset(dev, &table);
    spi_of(dev)->rdr = spi_of(dev)->ovr_step = 0;
    update(dev);
}

static const struct field fields[] = {
    FIELD(struct stm32_spi, cr1),     FIELD(struct stm32_spi, cr2),
    FIELD(struct stm32_spi, sr),      FIELD(struct stm32_spi, rdr),
    FIELD(struct stm32_spi, crcpr),   FIELD(struct stm32_spi, i2scfgr),
    FIELD(struct stm32_spi, i2spr),   FIELD(struct stm32_spi, ovr_step),
};

static const struct field_list state = {"stm32-spi", sizeof(struct stm32_spi), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = spi_reset, .loaded = update};

static struct device *spi_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct device *dev = stm32_alloc(sizeof(struct stm32_spi), name, &stm32_spi_class, &ops, &state,
                                     &table, STM32_WINDOW, 0, STM32_SPI_OUTPUTS);
    spi_reset(dev);
    return dev;
}

const struct device_class stm32_spi_class = {
    .name = "stm32-spi",
    .help = "SPI of the STM32F4",
    .create = spi_create,
};
