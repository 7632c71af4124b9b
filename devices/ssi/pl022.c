#include "devices/ssi/pl022.h"

#include "devices/core/regs.h"
#include "util/bits.h"

enum { FIFO_DEPTH = 8, HALF = 4 };
enum { CR1_LOOPBACK = BIT(0), CR1_ENABLE = BIT(1) };
enum {
    SR_TX_EMPTY = BIT(0), SR_TX_NOT_FULL = BIT(1), SR_RX_NOT_EMPTY = BIT(2), SR_RX_FULL = BIT(3),
};
/* Bits of SSPRIS, SSPMIS, SSPIMSC and SSPICR. */
enum { INT_OVERRUN = BIT(0), INT_TIMEOUT = BIT(1), INT_RX = BIT(2), INT_TX = BIT(3) };

struct fifo {
    uint32_t data[FIFO_DEPTH];
    uint32_t first, count;
};

struct pl022 {
    struct device base;
    struct fifo rx, tx; /* what is in tx waits for the port to be enabled */
    uint32_t cr0, cr1, cpsr, imsc, dmacr;
    uint32_t latched; /* overrun and timeout */
};

static struct pl022 *ssp_of(struct device *dev)
{
    return (struct pl022 *)dev;
}

static void fifo_push(struct fifo *f, uint32_t value)
{
    f->data[(f->first + f->count++) % FIFO_DEPTH] = value;
}

static uint32_t fifo_pop(struct fifo *f)
{
    uint32_t value = f->data[f->first];
    f->first = (f->first + 1) % FIFO_DEPTH;
    f->count--;
    return value;
}

static uint32_t raw_interrupts(const struct pl022 *s)
{
    return s->latched | (s->rx.count >= HALF ? INT_RX : 0) | (s->tx.count <= HALF ? INT_TX : 0);
}

static void update_irq(struct device *dev)
{
    irq_set(&dev->output[0], (raw_interrupts(ssp_of(dev)) & ssp_of(dev)->imsc) != 0);
}

/* Send all that waits. The receive timeout would come after 32 idle bits. */
static void transfer(struct device *dev)
{
    struct pl022 *s = ssp_of(dev);
    uint32_t mask = (2u << bits_get(s->cr0, 0, 4)) - 1;
    while ((s->cr1 & CR1_ENABLE) && s->tx.count) {
        uint32_t out = fifo_pop(&s->tx);
        if (s->rx.count == FIFO_DEPTH)
            s->latched |= INT_OVERRUN;
        else
            fifo_push(&s->rx, s->cr1 & CR1_LOOPBACK ? out & mask : 0);
        s->latched |= INT_TIMEOUT;
    }
    update_irq(dev);
}

static uint32_t dr_read(struct device *dev, const struct reg_access *a)
{
    struct pl022 *s = ssp_of(dev);
    uint32_t value = s->rx.count ? fifo_pop(&s->rx) : 0;
    if (!s->rx.count)
        s->latched &= ~(uint32_t)INT_TIMEOUT;
    update_irq(dev);
    return value;
}

static void dr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct pl022 *s = ssp_of(dev);
    if (s->tx.count < FIFO_DEPTH)
        fifo_push(&s->tx, value & 0xffff);
    transfer(dev);
}

static uint32_t sr_read(struct device *dev, const struct reg_access *a)
{
    const struct pl022 *s = ssp_of(dev);
    return (s->tx.count ? 0 : SR_TX_EMPTY) | (s->tx.count < FIFO_DEPTH ? SR_TX_NOT_FULL : 0) |
           (s->rx.count ? SR_RX_NOT_EMPTY : 0) | (s->rx.count == FIFO_DEPTH ? SR_RX_FULL : 0);
}

static uint32_t ris_read(struct device *dev, const struct reg_access *a)
{
    return raw_interrupts(ssp_of(dev));
}

static uint32_t mis_read(struct device *dev, const struct reg_access *a)
{
    return raw_interrupts(ssp_of(dev)) & ssp_of(dev)->imsc;
}

static void icr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    ssp_of(dev)->latched &= ~value;
    update_irq(dev);
}

static uint32_t id_read(struct device *dev, const struct reg_access *a)
{
    static const uint8_t arm[8] = {0x22, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    static const uint8_t luminary[8] = {0x22, 0x00, 0x18, 0x01, 0x0d, 0xf0, 0x05, 0xb1};
    return dev->class == &pl022_class ? arm[a->index] : luminary[a->index];
}

#define AT(member) REG_FIELD(struct pl022, member)

static const struct reg rows[] = {
    {"SSPCR0", 0x000, .field = AT(cr0), .writable = 0xffff},
    {"SSPCR1", 0x004, .field = AT(cr1), .writable = 0xf, .after = transfer},
    {"SSPDR", 0x008, .read = dr_read, .write = dr_write},
    {"SSPSR", 0x00c, .read = sr_read},
    {"SSPCPSR", 0x010, .field = AT(cpsr), .writable = 0xfe},
    {"SSPIMSC", 0x014, .field = AT(imsc), .writable = 0xf, .after = update_irq},
    {"SSPRIS", 0x018, .read = ris_read},
    {"SSPMIS", 0x01c, .read = mis_read},
    {"SSPICR", 0x020, .flags = REG_WRITE_ONLY, .write = icr_write},
    {"SSPDMACR", 0x024, .field = AT(dmacr), .writable = 0x3},
    {"ID", 0xfe0, 8, .read = id_read},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

static void ssp_reset(struct device *dev)
{
    struct pl022 *s = ssp_of(dev);
    s->rx = s->tx = (struct fifo){0};
    s->latched = 0;
    regs_reset(dev, &table);
    update_irq(dev);
}

static void fifo_loaded(struct fifo *f)
{
    f->first %= FIFO_DEPTH;
    if (f->count > FIFO_DEPTH)
        f->count = FIFO_DEPTH;
}

static void ssp_loaded(struct device *dev)
{
    fifo_loaded(&ssp_of(dev)->rx);
    fifo_loaded(&ssp_of(dev)->tx);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD_ARRAY(struct pl022, rx.data), FIELD(struct pl022, rx.first),
    FIELD(struct pl022, rx.count),      FIELD_ARRAY(struct pl022, tx.data),
    FIELD(struct pl022, tx.first),      FIELD(struct pl022, tx.count),
    FIELD(struct pl022, cr0),           FIELD(struct pl022, cr1),
    FIELD(struct pl022, cpsr),          FIELD(struct pl022, imsc),
    FIELD(struct pl022, dmacr),         FIELD(struct pl022, latched),
};

static const struct field_list state = {"pl022", sizeof(struct pl022), fields, ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = ssp_reset, .loaded = ssp_loaded};

static struct device *ssp_new(const struct device_class *class, const char *name)
{
    struct pl022 *s = device_alloc(sizeof(*s), name, class, &ops, &state, 0, 1);
    device_add_region(&s->base, "registers", 0x1000, &region);
    ssp_reset(&s->base);
    return &s->base;
}

static struct device *ssp_create(const char *name, const void *config, const struct device_env *env,
                                 struct error *e)
{
    return ssp_new(&pl022_class, name);
}

static struct device *luminary_create(const char *name, const void *config,
                                      const struct device_env *env, struct error *e)
{
    return ssp_new(&pl022_luminary_class, name);
}

const struct device_class pl022_class = {
    .name = "pl022",
    .help = "PrimeCell SSP PL022, a SPI port",
    .create = ssp_create,
};

const struct device_class pl022_luminary_class = {
    .name = "pl022-luminary",
    .help = "PL022 of Stellaris microcontrollers",
    .create = luminary_create,
};
