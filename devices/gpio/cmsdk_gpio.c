#include "devices/gpio/cmsdk_gpio.h"

#include "devices/core/cmsdk.h"
#include "devices/core/regs.h"
#include "util/bits.h"

#define PINS 0xffffu

struct cmsdk_gpio {
    struct device base;
    uint32_t out, input; /* output latch; what others drive */
    uint32_t oe, altfunc, inten, inttype, intpol;
    uint32_t status;     /* latched interrupts */
    uint32_t pins;       /* levels when edges were last looked for */
};

static struct cmsdk_gpio *gpio_of(struct device *dev)
{
    return (struct cmsdk_gpio *)dev;
}

static uint32_t pin_levels(const struct cmsdk_gpio *g)
{
    return (g->out & g->oe) | (g->input & ~g->oe);
}

static void drive(struct device *dev)
{
    const struct cmsdk_gpio *g = gpio_of(dev);
    for (unsigned n = 0; n < CMSDK_GPIO_PINS; n++) {
        irq_set(&dev->output[n], (int)bit_get(g->out & g->oe, n));
        irq_set(&dev->output[CMSDK_GPIO_PIN_IRQ + n], (int)bit_get(g->status, n));
    }
    irq_set(&dev->output[CMSDK_GPIO_COMBINED], g->status != 0);
}

/** After any change: latch the interrupts that are due. INTTYPE 1 is an edge; INTPOL 1 is rising or
 * high. */
static void update(struct device *dev)
{
    struct cmsdk_gpio *g = gpio_of(dev);
    uint32_t now = pin_levels(g), right = ~(now ^ g->intpol);
    uint32_t edges = (now ^ g->pins) & right & g->inttype;
    uint32_t levels = right & ~g->inttype;
    g->status |= (edges | levels) & g->inten & PINS;
    g->pins = now;
    drive(dev);
}

static void gpio_input(struct device *dev, unsigned n, int level)
{
    struct cmsdk_gpio *g = gpio_of(dev);
    g->input = level ? g->input | BIT(n) : g->input & ~BIT(n);
    update(dev);
}

/* ---- registers ---- */

static uint32_t data_read(struct device *dev, const struct reg_access *a)
{
    return pin_levels(gpio_of(dev));
}

static void out_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    gpio_of(dev)->out = value & PINS;
    update(dev);
}

/* Pairs of registers that set and clear the bits of one field, which both read. */
static void set_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    *(uint32_t *)((char *)dev + a->reg->field) |= value & PINS;
    update(dev);
}

static void clear_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    *(uint32_t *)((char *)dev + a->reg->field) &= ~value;
    update(dev);
}

/* 256 words each: address bits [9:2] are a mask of the pins that the access is for. */
static uint32_t low_read(struct device *dev, const struct reg_access *a)
{
    return pin_levels(gpio_of(dev)) & a->index;
}

static uint32_t high_read(struct device *dev, const struct reg_access *a)
{
    return pin_levels(gpio_of(dev)) & a->index << 8;
}

static void masked_write(struct device *dev, uint32_t mask, uint32_t value)
{
    struct cmsdk_gpio *g = gpio_of(dev);
    g->out = (g->out & ~mask) | (value & mask);
    update(dev);
}

static void low_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    masked_write(dev, a->index, value);
}

static void high_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    masked_write(dev, a->index << 8, value);
}

#define AT(member) REG_FIELD(struct cmsdk_gpio, member)
#define PAIR(name, offset, member)                                                                 \
    {name "SET", offset, .field = AT(member), .write = set_write},                                 \
    {name "CLR", offset + 4, .field = AT(member), .write = clear_write}

static const struct reg rows[] = {
    {"DATA", 0x000, .read = data_read, .write = out_write},
    {"DATAOUT", 0x004, .field = AT(out), .write = out_write},
    PAIR("OUTEN", 0x010, oe),
    PAIR("ALTFUNC", 0x018, altfunc),
    PAIR("INTEN", 0x020, inten),
    PAIR("INTTYPE", 0x028, inttype),
    PAIR("INTPOL", 0x030, intpol),
    {"INTSTATUS", 0x038, .field = AT(status), .w1c = PINS, .after = update},
    {"MASKLOWBYTE", 0x400, 256, .read = low_read, .write = low_write},
    {"MASKHIGHBYTE", 0x800, 256, .read = high_read, .write = high_write},
    CMSDK_ID_ROWS(0x20),
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

/* The levels of the inputs belong to what drives them and stay; a reset sees no edges. */
static void gpio_reset(struct device *dev)
{
    struct cmsdk_gpio *g = gpio_of(dev);
    regs_reset(dev, &table);
    g->pins = pin_levels(g);
    drive(dev);
}

static const struct field fields[] = {
    FIELD(struct cmsdk_gpio, out),    FIELD(struct cmsdk_gpio, input),
    FIELD(struct cmsdk_gpio, oe),     FIELD(struct cmsdk_gpio, altfunc),
    FIELD(struct cmsdk_gpio, inten),  FIELD(struct cmsdk_gpio, inttype),
    FIELD(struct cmsdk_gpio, intpol), FIELD(struct cmsdk_gpio, status),
    FIELD(struct cmsdk_gpio, pins),
};

static const struct field_list state = {"cmsdk-gpio", sizeof(struct cmsdk_gpio), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = gpio_reset, .input = gpio_input, .loaded = drive};

static struct device *gpio_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    struct cmsdk_gpio *g = device_alloc(sizeof(*g), name, &cmsdk_gpio_class, &ops, &state,
                                        CMSDK_GPIO_PINS, CMSDK_GPIO_OUTPUTS);
    device_add_region(&g->base, "registers", 0x1000, &region);
    gpio_reset(&g->base);
    return &g->base;
}

const struct device_class cmsdk_gpio_class = {
    .name = "cmsdk-gpio",
    .help = "Arm CMSDK AHB GPIO, 16 pins",
    .create = gpio_create,
};
