#include "devices/gpio/pl061.h"

#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

#define UNLOCK 0x1acce551u

struct pl061 {
    struct device base;
    uint32_t data;  /* output latch */
    uint32_t input, driven; /* levels of the inputs, and which of them somebody has driven */
    uint32_t pins;  /* levels of the pins when edges were last looked for */
    uint32_t dir, is, ibe, iev, ie, afsel;
    uint32_t edges; /* latched edge interrupts */
    uint32_t jtag;  /* Stellaris: pins of the debug port */
    /* Stellaris: pads, digital enable, lock of `commit`. */
    uint32_t dr2r, dr4r, dr8r, odr, pur, pdr, slr, den, locked, commit;
};

static struct pl061 *gpio_of(struct device *dev)
{
    return (struct pl061 *)dev;
}

static uint32_t pin_levels(const struct pl061 *g)
{
    uint32_t input = (g->input & g->driven) | (g->pur & ~g->driven);
    return (g->data & g->dir) | (input & ~g->dir);
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
    g->driven |= BIT(n);
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

static void lock_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    gpio_of(dev)->locked = value != UNLOCK;
}

static void commit_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    if (gpio_of(dev)->locked)
        log_write(LOG_GUEST_ERRORS, "%s: write to GPIOCR while locked", dev->name);
    else
        gpio_of(dev)->commit = value & 0xff;
}

static bool is_luminary(const struct device *dev)
{
    return dev->class == &pl061_luminary_class;
}

static uint32_t id_read(struct device *dev, const struct reg_access *a)
{
    static const uint8_t arm[12] = {0, 0, 0, 0, 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    static const uint8_t luminary[12] = {0,    0,    0,    0,    0x61, 0x00,
                                         0x18, 0x01, 0x0d, 0xf0, 0x05, 0xb1};
    return is_luminary(dev) ? luminary[a->index] : arm[a->index];
}

#define AT(member) REG_FIELD(struct pl061, member)
#define COMMON_ROWS                                                                                \
    {"GPIODATA", 0x000, 256, .read = data_read, .write = data_write},                              \
    {"GPIODIR", 0x400, .field = AT(dir), .writable = 0xff, .after = update_pins},                  \
    {"GPIOIS", 0x404, .field = AT(is), .writable = 0xff, .after = update_irq},                     \
    {"GPIOIBE", 0x408, .field = AT(ibe), .writable = 0xff, .after = update_irq},                   \
    {"GPIOIEV", 0x40c, .field = AT(iev), .writable = 0xff, .after = update_irq},                   \
    {"GPIOIE", 0x410, .field = AT(ie), .writable = 0xff, .after = update_irq},                     \
    {"GPIORIS", 0x414, .read = ris_read},                                                          \
    {"GPIOMIS", 0x418, .read = mis_read},                                                          \
    {"GPIOIC", 0x41c, .flags = REG_WRITE_ONLY, .write = ic_write},                                 \
    {"GPIOAFSEL", 0x420, .field = AT(afsel), .writable = 0xff}
#define ID_ROW {"ID", 0xfd0, 12, .read = id_read}

static const struct reg arm_rows[] = {COMMON_ROWS, ID_ROW};

static const struct reg luminary_rows[] = {
    COMMON_ROWS,
    {"GPIODR2R", 0x500, .field = AT(dr2r), .reset = 0xff, .writable = 0xff},
    {"GPIODR4R", 0x504, .field = AT(dr4r), .writable = 0xff},
    {"GPIODR8R", 0x508, .field = AT(dr8r), .writable = 0xff},
    {"GPIOODR", 0x50c, .field = AT(odr), .writable = 0xff},
    {"GPIOPUR", 0x510, .field = AT(pur), .writable = 0xff, .after = update_pins},
    {"GPIOPDR", 0x514, .field = AT(pdr), .writable = 0xff},
    {"GPIOSLR", 0x518, .field = AT(slr), .writable = 0xff},
    {"GPIODEN", 0x51c, .field = AT(den), .writable = 0xff},
    {"GPIOLOCK", 0x520, .field = AT(locked), .reset = 1, .write = lock_write},
    {"GPIOCR", 0x524, .field = AT(commit), .reset = 0xff, .write = commit_write},
    ID_ROW,
};

static const struct reg_table arm_table = {arm_rows, ARRAY_SIZE(arm_rows), .narrow = true};
static const struct reg_table luminary_table = {luminary_rows, ARRAY_SIZE(luminary_rows),
                                                .narrow = true};

static const struct reg_table *table_of(const struct device *dev)
{
    return is_luminary(dev) ? &luminary_table : &arm_table;
}

static uint64_t gpio_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    return regs_read(dev, table_of(dev), cpu_index, offset, size);
}

static void gpio_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                       uint64_t value)
{
    regs_write(dev, table_of(dev), cpu_index, offset, size, value);
}

static const struct region_ops region = {gpio_read, gpio_write, .min_size = 1, .max_size = 4};

/* The levels of the inputs belong to what drives them and stay; a reset sees no edges. */
static void gpio_reset(struct device *dev)
{
    struct pl061 *g = gpio_of(dev);
    regs_reset(dev, table_of(dev));
    g->data = g->edges = 0;
    if (is_luminary(dev)) /* pins of the debug port start connected and pulled up */
        g->afsel = g->den = g->pur = g->jtag;
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
    FIELD(struct pl061, data),  FIELD(struct pl061, input),  FIELD(struct pl061, driven),
    FIELD(struct pl061, pins),  FIELD(struct pl061, dir),    FIELD(struct pl061, is),
    FIELD(struct pl061, ibe),   FIELD(struct pl061, iev),    FIELD(struct pl061, ie),
    FIELD(struct pl061, afsel), FIELD(struct pl061, edges),  FIELD(struct pl061, dr2r),
    FIELD(struct pl061, dr4r),  FIELD(struct pl061, dr8r),   FIELD(struct pl061, odr),
    FIELD(struct pl061, pur),   FIELD(struct pl061, pdr),    FIELD(struct pl061, slr),
    FIELD(struct pl061, den),   FIELD(struct pl061, locked), FIELD(struct pl061, commit),
};

static const struct field_list state = {"pl061", sizeof(struct pl061), fields, ARRAY_SIZE(fields)};

static const struct device_ops ops = {
    .reset = gpio_reset,
    .input = gpio_input,
    .loaded = gpio_loaded,
};

static struct device *gpio_new(const struct device_class *class, const char *name, uint32_t jtag)
{
    struct pl061 *g = device_alloc(sizeof(*g), name, class, &ops, &state, PL061_PINS,
                                   PL061_PINS + 1);
    g->jtag = jtag;
    device_add_region(&g->base, "registers", 0x1000, &region);
    gpio_reset(&g->base);
    return &g->base;
}

static struct device *pl061_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    return gpio_new(&pl061_class, name, 0);
}

static struct device *luminary_create(const char *name, const void *config,
                                      const struct device_env *env, struct error *e)
{
    const struct pl061_luminary_config *c = config;
    return gpio_new(&pl061_luminary_class, name, c->jtag);
}

const struct device_class pl061_class = {
    .name = "pl061",
    .help = "PrimeCell GPIO PL061",
    .create = pl061_create,
};

static const struct property luminary_properties[] = {
    PROPERTY(U32, struct pl061_luminary_config, jtag, 0, 0xff, "pins of the debug port"),
};

const struct device_class pl061_luminary_class = {
    .name = "pl061-luminary",
    .help = "GPIO of Stellaris microcontrollers",
    .properties = luminary_properties,
    .property_count = ARRAY_SIZE(luminary_properties),
    .config_size = sizeof(struct pl061_luminary_config),
    .create = luminary_create,
};
