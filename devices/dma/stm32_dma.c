#include "devices/dma/stm32_dma.h"

#include "devices/core/env.h"
#include "devices/stm32/periph.h"
#include "util/bits.h"
#include "util/log.h"

enum { STREAMS = STM32_DMA_STREAMS, CHANNELS = STM32_DMA_CHANNELS };
enum { REG_CR, REG_NDTR, REG_PAR, REG_M0AR, REG_M1AR, REG_FCR, REGS };
enum {
    CR_EN = BIT(0),
    CR_TEIE = BIT(2),
    CR_HTIE = BIT(3),
    CR_TCIE = BIT(4),
    CR_DIR = 6, /* first bit; 0 from the peripheral, 1 to it, 2 memory to memory */
    CR_CIRC = BIT(8),
    CR_PINC = BIT(9),
    CR_MINC = BIT(10),
    CR_DBM = BIT(18),
    CR_CT = BIT(19),
    CR_MASK = 0x0fefffff,
    FCR_RESET = 0x21,
};
enum { FROM_PERIPHERAL, TO_PERIPHERAL, MEMORY_TO_MEMORY };
enum { FLAG_TEIF = BIT(3), FLAG_HTIF = BIT(4), FLAG_TCIF = BIT(5), FLAGS = 0x3d };

struct stm32_dma {
    struct stm32_periph p;
    struct dma bus;
    uint32_t reg[STREAMS * REGS]; /* as the registers lie */
    uint32_t flags[STREAMS];
    uint32_t total[STREAMS], done[STREAMS]; /* items: NDTR at the start, moved */
    uint32_t requests[STREAMS];             /* levels of the inputs, one bit per channel */
    bool busy[STREAMS]; /* a transfer is being made: what it causes comes back here */
};

static struct stm32_dma *dma_of(struct device *dev)
{
    return (struct stm32_dma *)dev;
}

static uint32_t *reg_of(struct stm32_dma *d, unsigned s, unsigned n)
{
    return &d->reg[s * REGS + n];
}

static void update_irq(struct stm32_dma *d, unsigned s)
{
    uint32_t cr = *reg_of(d, s, REG_CR), flags = d->flags[s];
    bool irq = ((flags & FLAG_TCIF) && (cr & CR_TCIE)) || ((flags & FLAG_HTIF) && (cr & CR_HTIE)) ||
               ((flags & FLAG_TEIF) && (cr & CR_TEIE));
    irq_set(&d->p.base.output[s], irq);
}

/* ---- transfers ---- */

/** Move one item of @size bytes; addresses of registers reach the devices. */
static bool move(struct stm32_dma *d, uint32_t from, uint32_t to, unsigned size)
{
    uint64_t value = 0;
    return d->bus.load && d->bus.load(d->bus.opaque, from, size, &value) &&
           d->bus.store(d->bus.opaque, to, size, value);
}

static void fail(struct stm32_dma *d, unsigned s, uint32_t from, uint32_t to)
{
    log_write(LOG_GUEST_ERRORS, "%s: stream %u: no transfer from 0x%08x to 0x%08x is possible",
              d->p.base.name, s, from, to);
    d->flags[s] |= FLAG_TEIF;
    *reg_of(d, s, REG_CR) &= ~(uint32_t)CR_EN;
}

/** All items have been moved. */
static void finish(struct stm32_dma *d, unsigned s)
{
    uint32_t *cr = reg_of(d, s, REG_CR);
    d->flags[s] |= FLAG_TCIF;
    if (*cr & CR_DBM)
        *cr ^= CR_CT;
    if (*cr & (CR_CIRC | CR_DBM)) {
        d->done[s] = 0;
        *reg_of(d, s, REG_NDTR) = d->total[s];
    } else {
        *cr &= ~(uint32_t)CR_EN;
    }
}

/** Move the next item of stream @s. */
static void step(struct stm32_dma *d, unsigned s)
{
    uint32_t cr = *reg_of(d, s, REG_CR), n = d->done[s];
    /* PSIZE; MSIZE only changes how the FIFO packs items. */
    unsigned direction = bits_get(cr, CR_DIR, 2), psize = bits_get(cr, 11, 2);
    unsigned size = 1u << (psize > 2 ? 2 : psize);
    uint32_t memory = *reg_of(d, s, (cr & CR_DBM) && (cr & CR_CT) ? REG_M1AR : REG_M0AR);
    uint32_t periph = *reg_of(d, s, REG_PAR) + (cr & CR_PINC ? n * size : 0);
    memory += cr & CR_MINC ? n * size : 0;
    uint32_t from = direction == TO_PERIPHERAL ? memory : periph;
    uint32_t to = direction == TO_PERIPHERAL ? periph : memory;
    d->busy[s] = true;
    bool ok = move(d, from, to, size);
    d->busy[s] = false;
    if (!ok) {
        fail(d, s, from, to);
        return;
    }
    d->done[s]++;
    *reg_of(d, s, REG_NDTR) = d->total[s] - d->done[s];
    if (d->done[s] == d->total[s] / 2)
        d->flags[s] |= FLAG_HTIF;
    if (d->done[s] >= d->total[s])
        finish(d, s);
}

static bool wanted(struct stm32_dma *d, unsigned s)
{
    uint32_t cr = *reg_of(d, s, REG_CR);
    if (!(cr & CR_EN) || !d->total[s])
        return false;
    return bits_get(cr, CR_DIR, 2) == MEMORY_TO_MEMORY ||
           (d->requests[s] & BIT(bits_get(cr, 25, 3)));
}

/** Serve stream @s while it has something to do. A circular stream with a request that never ends
 * is let go after one round. */
static void serve(struct stm32_dma *d, unsigned s)
{
    if (d->busy[s])
        return;
    for (uint32_t items = d->total[s]; items && wanted(d, s); items--)
        step(d, s);
    update_irq(d, s);
}

/** Something happened that asks for one item, such as a timer's update. */
static void serve_pulse(struct stm32_dma *d, unsigned s, unsigned channel)
{
    uint32_t cr = *reg_of(d, s, REG_CR);
    if (d->busy[s] || !(cr & CR_EN) || !d->total[s] || bits_get(cr, 25, 3) != channel)
        return;
    step(d, s);
    update_irq(d, s);
}

static void dma_input(struct device *dev, unsigned n, int level)
{
    struct stm32_dma *d = dma_of(dev);
    unsigned s = n % STM32_DMA_PULSES / CHANNELS;
    if (n >= STM32_DMA_PULSES) {
        if (level)
            serve_pulse(d, s, n % CHANNELS);
        return;
    }
    d->requests[s] =
        level ? d->requests[s] | BIT(n % CHANNELS) : d->requests[s] & ~BIT(n % CHANNELS);
    if (level)
        serve(d, s);
}

/* ---- registers ---- */

/* LISR and HISR have four streams each, at bits 0, 6, 16 and 22. */
static unsigned flag_shift(unsigned s)
{
    static const uint8_t shift[4] = {0, 6, 16, 22};
    return shift[s % 4];
}

static uint32_t isr_read(struct device *dev, const struct reg_access *a)
{
    uint32_t value = 0;
    for (unsigned s = 4 * a->index; s < 4 * a->index + 4; s++)
        value |= dma_of(dev)->flags[s] << flag_shift(s);
    return value;
}

static void ifcr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_dma *d = dma_of(dev);
    for (unsigned s = 4 * a->index; s < 4 * a->index + 4; s++) {
        d->flags[s] &= ~(value >> flag_shift(s) & FLAGS);
        update_irq(d, s);
    }
}

static uint32_t stream_read(struct device *dev, const struct reg_access *a)
{
    return dma_of(dev)->reg[a->index];
}

static void cr_write(struct stm32_dma *d, unsigned s, uint32_t value)
{
    uint32_t *cr = reg_of(d, s, REG_CR);
    bool was = *cr & CR_EN;
    *cr = value & CR_MASK;
    if (!was && (value & CR_EN)) {
        d->total[s] = *reg_of(d, s, REG_NDTR);
        d->done[s] = 0;
    }
    if (was && !(value & CR_EN))
        d->flags[s] |= FLAG_TCIF; /* 10.3.13: so that the driver knows where it ended */
    serve(d, s);
}

static void stream_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_dma *d = dma_of(dev);
    unsigned s = a->index / REGS, n = a->index % REGS;
    uint32_t cr = *reg_of(d, s, REG_CR);
    bool other = (n == REG_M0AR && (cr & CR_CT)) || (n == REG_M1AR && !(cr & CR_CT));
    if (n == REG_CR)
        cr_write(d, s, value);
    else if ((cr & CR_EN) && !((cr & CR_DBM) && other))
        log_write(LOG_GUEST_ERRORS, "%s: stream %u changed while it is enabled: ignored", dev->name,
                  s);
    else
        *reg_of(d, s, n) = n == REG_NDTR ? value & 0xffff : n == REG_FCR ? value & 0x87 : value;
}

static const struct reg rows[] = {
    {"ISR", 0x00, .count = 2, .read = isr_read},
    {"IFCR", 0x08, .count = 2, .flags = REG_WRITE_ONLY, .write = ifcr_write},
    {"stream", 0x10, .count = STREAMS * REGS, .field = REG_FIELD(struct stm32_dma, reg),
     .read = stream_read, .write = stream_write},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

/* ---- life ---- */

static void dma_reset(struct device *dev)
{
    struct stm32_dma *d = dma_of(dev);
    regs_reset(dev, &table);
    for (unsigned s = 0; s < STREAMS; s++) {
        *reg_of(d, s, REG_FCR) = FCR_RESET;
        d->flags[s] = d->total[s] = d->done[s] = 0;
        update_irq(d, s);
    }
}

static void dma_loaded(struct device *dev)
{
    for (unsigned s = 0; s < STREAMS; s++)
        update_irq(dma_of(dev), s);
}

static const struct field fields[] = {
    FIELD_ARRAY(struct stm32_dma, reg),   FIELD_ARRAY(struct stm32_dma, flags),
    FIELD_ARRAY(struct stm32_dma, total), FIELD_ARRAY(struct stm32_dma, done),
    FIELD_ARRAY(struct stm32_dma, requests),
};

static const struct field_list state = {"stm32-dma", sizeof(struct stm32_dma), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = dma_reset, .input = dma_input, .loaded = dma_loaded};

static struct device *dma_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct stm32_dma *d = stm32_alloc(sizeof(*d), name, &stm32_dma_class, &ops, &state, &table,
                                      STM32_WINDOW, STM32_DMA_INPUTS, STREAMS);
    d->bus = env->dma;
    dma_reset(&d->p.base);
    return &d->p.base;
}

const struct device_class stm32_dma_class = {
    .name = "stm32-dma",
    .help = "DMA controller of the STM32F4",
    .create = dma_create,
};
