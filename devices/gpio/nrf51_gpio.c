#include "devices/gpio/nrf51_gpio.h"

#include "devices/core/regs.h"
#include "util/bits.h"

enum { WINDOW = 0x1000 };

/* Fields of PIN_CNF. */
enum {
    CNF_DIR = BIT(0),
    CNF_PULL = 2, /* first bits of fields of two bits: 3 is up */
    CNF_SENSE = 16, /* 2 high, 3 low */
    CNF_RESET = 2,
    PULL_UP = 3,
    SENSE_HIGH = 2,
    SENSE_LOW = 3,
};

struct nrf51_gpio {
    struct device base;
    uint32_t idle; /* configuration */
    uint32_t out, cnf[NRF51_PINS];
    uint32_t driven, input;    /* by the board */
    uint32_t taken, take_level; /* by GPIOTE */
    uint32_t levels;           /* derived */
    void (*changed)(void *opaque, uint32_t levels, uint32_t sense);
    void *opaque;
};

static struct nrf51_gpio *gpio_of(struct device *dev)
{
    return (struct nrf51_gpio *)dev;
}

static uint32_t direction(const struct nrf51_gpio *g)
{
    uint32_t dir = 0;
    for (unsigned n = 0; n < NRF51_PINS; n++)
        dir |= (g->cnf[n] & CNF_DIR) << n;
    return dir;
}

static int level_of(const struct nrf51_gpio *g, unsigned n)
{
    if (g->taken & BIT(n))
        return (int)bit_get(g->take_level, n);
    if (g->cnf[n] & CNF_DIR)
        return (int)bit_get(g->out, n);
    if (g->driven & BIT(n))
        return (int)bit_get(g->input, n);
    uint32_t pull = bits_get(g->cnf[n], CNF_PULL, 2);
    return pull == PULL_UP || (g->idle & BIT(n)); /* the board's resistors are the stronger ones */
}

/** Pins whose SENSE condition holds. */
static uint32_t sensed(const struct nrf51_gpio *g)
{
    uint32_t sense = 0;
    for (unsigned n = 0; n < NRF51_PINS; n++) {
        uint32_t want = bits_get(g->cnf[n], CNF_SENSE, 2);
        bool high = bit_get(g->levels, n);
        if ((want == SENSE_HIGH && high) || (want == SENSE_LOW && !high))
            sense |= BIT(n);
    }
    return sense;
}

static void update(struct nrf51_gpio *g)
{
    g->levels = 0;
    for (unsigned n = 0; n < NRF51_PINS; n++)
        g->levels |= (uint32_t)level_of(g, n) << n;
    for (unsigned n = 0; n < NRF51_PINS; n++)
        irq_set(&g->base.output[n], (int)bit_get(g->levels, n));
    if (g->changed)
        g->changed(g->opaque, g->levels, sensed(g));
}

void nrf51_gpio_take(struct device *dev, unsigned pin, int level)
{
    struct nrf51_gpio *g = gpio_of(dev);
    pin %= NRF51_PINS;
    g->taken |= BIT(pin);
    g->take_level = level ? g->take_level | BIT(pin) : g->take_level & ~BIT(pin);
    update(g);
}

void nrf51_gpio_release(struct device *dev, unsigned pin)
{
    struct nrf51_gpio *g = gpio_of(dev);
    g->taken &= ~BIT(pin % NRF51_PINS);
    update(g);
}

uint32_t nrf51_gpio_levels(const struct device *dev)
{
    return ((const struct nrf51_gpio *)dev)->levels;
}

void nrf51_gpio_listen(struct device *dev, void (*changed)(void *opaque, uint32_t levels,
                                                           uint32_t sense), void *opaque)
{
    gpio_of(dev)->changed = changed;
    gpio_of(dev)->opaque = opaque;
}

static void gpio_input(struct device *dev, unsigned n, int level)
{
    struct nrf51_gpio *g = gpio_of(dev);
    g->driven |= BIT(n);
    g->input = level ? g->input | BIT(n) : g->input & ~BIT(n);
    update(g);
}

/* ---- registers ---- */

/* OUT, OUTSET, OUTCLR and likewise DIR: rows of three. */
static uint32_t combine(uint32_t old, unsigned index, uint32_t value)
{
    const uint32_t result[] = {value, old | value, old & ~value};
    return result[index];
}

static uint32_t out_read(struct device *dev, const struct reg_access *a)
{
    return gpio_of(dev)->out;
}

static void out_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_gpio *g = gpio_of(dev);
    g->out = combine(g->out, a->index, value);
    update(g);
}

static uint32_t in_read(struct device *dev, const struct reg_access *a)
{
    return gpio_of(dev)->levels;
}

static uint32_t dir_read(struct device *dev, const struct reg_access *a)
{
    return direction(gpio_of(dev));
}

static void dir_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_gpio *g = gpio_of(dev);
    uint32_t dir = combine(direction(g), a->index, value);
    for (unsigned n = 0; n < NRF51_PINS; n++)
        g->cnf[n] = (g->cnf[n] & ~(uint32_t)CNF_DIR) | bit_get(dir, n);
    update(g);
}

static void cnf_written(struct device *dev)
{
    update(gpio_of(dev));
}

#define AT(member) REG_FIELD(struct nrf51_gpio, member)

static const struct reg rows[] = {
    {"OUT", 0x504, .count = 3, .read = out_read, .write = out_write},
    {"IN", 0x510, .read = in_read},
    {"DIR", 0x514, .count = 3, .read = dir_read, .write = dir_write},
    {"PIN_CNF", 0x700, .count = NRF51_PINS, .field = AT(cnf), .reset = CNF_RESET,
     .writable = 0x0003070f, .after = cnf_written},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

/* ---- life ---- */

static void gpio_reset(struct device *dev)
{
    struct nrf51_gpio *g = gpio_of(dev);
    g->out = g->taken = g->take_level = 0;
    regs_reset(dev, &table);
    update(g);
}

static void gpio_loaded(struct device *dev)
{
    update(gpio_of(dev));
}

static const struct field fields[] = {
    FIELD(struct nrf51_gpio, out),    FIELD_ARRAY(struct nrf51_gpio, cnf),
    FIELD(struct nrf51_gpio, driven), FIELD(struct nrf51_gpio, input),
    FIELD(struct nrf51_gpio, taken),  FIELD(struct nrf51_gpio, take_level),
};

static const struct field_list state = {"nrf51-gpio", sizeof(struct nrf51_gpio), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = gpio_reset, .input = gpio_input, .loaded = gpio_loaded};

static struct device *gpio_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    const struct nrf51_gpio_config *c = config;
    struct nrf51_gpio *g = device_alloc(sizeof(*g), name, &nrf51_gpio_class, &ops, &state,
                                        NRF51_PINS, NRF51_PINS);
    g->idle = c->idle;
    device_add_region(&g->base, "registers", WINDOW, &region);
    gpio_reset(&g->base);
    return &g->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct nrf51_gpio_config, idle, 0, 0,
             "levels that the board's resistors give to pins"),
};

const struct device_class nrf51_gpio_class = {
    .name = "nrf51-gpio",
    .help = "GPIO of the nRF51",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct nrf51_gpio_config),
    .create = gpio_create,
};
