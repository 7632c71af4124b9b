#include "devices/gpio/pl061.h"

#include "devices/core/regs.h"
#include "util/bits.h"

struct pl061 {
    struct device base;
    uint32_t data;  /* output latch */
    uint32_t input; /* levels of the inputs */
    uint32_t pins;  /* levels of the pins when edges were last looked for */
    uint32_t dir, is, ibe, iev, ie, afsel;
    uint32_t edges; /* latched edge interrupts */
};

static struct pl061 *gpio_of(struct device *dev)
{
    return (struct pl061 *)dev;
}

static uint32_t pin_levels(const struct pl061 *g)
{
    return (g->data & g->dir) | (g->input & ~g->dir);
}

static uint32_t raw_interrupts(const struct pl061 *g)
{
    uint32_t levels = ~(g->pins ^ g->iev) & g->is & ~g->dir;
    return (levels | (g->edges & ~g->is)) & 0xff;
}

static void update_irq(struct device *dev)
{
    const struct pl061 *g = gpio_of(dev);
    irq_set(&dev->output[PL061_IRQ], (raw_interrupts(g) & g->ie) != 0);
}

static void drive_pins(struct device *dev)
{
    const struct pl061 *g = gpio_of(dev);
    for (unsigned n = 0; n < PL061_PINS; n++)
        irq_set(&dev->output[n], (int)bit_get(g->data & g->dir, n));
}

/** After any change that can move a pin: latch edges of input pins, drive the outputs. */
static void update_pins(struct device *dev)
{
    struct pl061 *g = gpio_of(dev);
    uint32_t now = pin_levels(g), changed = (now ^ g->pins) & ~g->dir;
    uint32_t wanted = g->ibe | ~(now ^ g->iev); /* both edges, or the one that led to this level */
    g->edges |= changed & wanted & ~g->is & 0xff;
    g->pins = now;
    drive_pins(dev);
    update_irq(dev);
}

static void gpio_input(struct device *dev, unsigned n, int level)
{
    struct pl061 *g = gpio_of(dev);
    g->input = level ? g->input | BIT(n) : g->input & ~BIT(n);
    update_pins(dev);
}

/* GPIODATA is 256 words: address bits [9:2] are a mask of the pins that the access is for. */
static uint32_t data_read(struct device *dev, const struct reg_access *a)
{
    return pin_levels(gpio_of(dev)) & a->index;
}

static void data_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct pl061 *g = gpio_of(dev);
    g->data = (g->data & ~a->index) | (value & a->index);
    update_pins(dev);
}

static uint32_t ris_read(struct device *dev, const struct reg_access *a)
{
    return raw_interrupts(gpio_of(dev));
}

static uint32_t mis_read(struct device *dev, const struct reg_access *a)
{
    const struct pl061 *g = gpio_of(dev);
    return raw_interrupts(g) & g->ie;
}

static void ic_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    gpio_of(dev)->edges &= ~value;
    update_irq(dev);
}

#define AT(member) REG_FIELD(struct pl061, member)

static const struct reg rows[] = {
    {"GPIODATA", 0x000, 256, .read = data_read, .write = data_write},
    {"GPIODIR", 0x400, .field = AT(dir), .writable = 0xff, .after = update_pins},
    {"GPIOIS", 0x404, .field = AT(is), .writable = 0xff, .after = update_irq},
    {"GPIOIBE", 0x408, .field = AT(ibe), .writable = 0xff, .after = update_irq},
    {"GPIOIEV", 0x40c, .field = AT(iev), .writable = 0xff, .after = update_irq},
    {"GPIOIE", 0x410, .field = AT(ie), .writable = 0xff, .after = update_irq},
    {"GPIORIS", 0x414, .read = ris_read},
    {"GPIOMIS", 0x418, .read = mis_read},
    {"GPIOIC", 0x41c, .flags = REG_WRITE_ONLY, .write = ic_write},
    {"GPIOAFSEL", 0x420, .field = AT(afsel), .writable = 0xff},
    {"GPIOPeriphID0", 0xfe0, .reset = 0x61},
    {"GPIOPeriphID1", 0xfe4, .reset = 0x10},
    {"GPIOPeriphID2", 0xfe8, .reset = 0x04},
    {"GPIOPeriphID3", 0xfec, .reset = 0x00},
    {"GPIOPCellID0", 0xff0, .reset = 0x0d},
    {"GPIOPCellID1", 0xff4, .reset = 0xf0},
    {"GPIOPCellID2", 0xff8, .reset = 0x05},
    {"GPIOPCellID3", 0xffc, .reset = 0xb1},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static uint64_t gpio_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    return regs_read(dev, &table, cpu_index, offset, size);
}

static void gpio_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                       uint64_t value)
{
    regs_write(dev, &table, cpu_index, offset, size, value);
}

static const struct region_ops region = {gpio_read, gpio_write, .min_size = 1, .max_size = 4};

/* The levels of the inputs belong to what drives them and stay; a reset sees no edges. */
static void gpio_reset(struct device *dev)
{
    struct pl061 *g = gpio_of(dev);
    regs_reset(dev, &table);
    g->data = g->edges = 0;
    g->pins = pin_levels(g);
    drive_pins(dev);
    update_irq(dev);
}

static void gpio_loaded(struct device *dev)
{
    drive_pins(dev);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct pl061, data), FIELD(struct pl061, input), FIELD(struct pl061, pins),
    FIELD(struct pl061, dir),  FIELD(struct pl061, is),    FIELD(struct pl061, ibe),
    FIELD(struct pl061, iev),  FIELD(struct pl061, ie),    FIELD(struct pl061, afsel),
    FIELD(struct pl061, edges),
};

static const struct field_list state = {"pl061", sizeof(struct pl061), fields, ARRAY_SIZE(fields)};

static const struct device_ops ops = {
    .reset = gpio_reset,
    .input = gpio_input,
    .loaded = gpio_loaded,
};

static struct device *gpio_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    struct pl061 *g = device_alloc(sizeof(*g), name, &pl061_class, &ops, &state, PL061_PINS,
                                   PL061_PINS + 1);
    device_add_region(&g->base, "registers", 0x1000, &region);
    gpio_reset(&g->base);
    return &g->base;
}

const struct device_class pl061_class = {
    .name = "pl061",
    .help = "PrimeCell GPIO PL061",
    .create = gpio_create,
};
