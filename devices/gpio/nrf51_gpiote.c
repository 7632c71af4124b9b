#include "devices/gpio/nrf51_gpiote.h"

#include "devices/gpio/nrf51_gpio.h"
#include "devices/nrf51/periph.h"
#include "util/bits.h"

enum { CHANNELS = 4, EVENT_PORT = 31 };
enum { MODE_EVENT = 1, MODE_TASK = 3 };
enum { RISING = 1, FALLING = 2, TOGGLE = 3 }; /* POLARITY */
enum { CONFIG_PSEL = 8, CONFIG_POLARITY = 16, CONFIG_OUTINIT = 20 };

struct nrf51_gpiote {
    struct nrf51_periph p;
    struct device *gpio;
    uint32_t config[CHANNELS], level[CHANNELS]; /* level: of a channel in task mode */
    uint32_t pins, sensing;                     /* as of the last change */
};

static struct nrf51_gpiote *gpiote_of(struct device *dev)
{
    return (struct nrf51_gpiote *)dev;
}

static unsigned mode(const struct nrf51_gpiote *g, unsigned n)
{
    return g->config[n] & 3;
}

static unsigned pin(const struct nrf51_gpiote *g, unsigned n)
{
    return bits_get(g->config[n], CONFIG_PSEL, 5);
}

static unsigned polarity(const struct nrf51_gpiote *g, unsigned n)
{
    return bits_get(g->config[n], CONFIG_POLARITY, 2);
}

static void pins_changed(void *opaque, uint32_t levels, uint32_t sense)
{
    struct nrf51_gpiote *g = opaque;
    uint32_t rising = levels & ~g->pins, falling = ~levels & g->pins;
    bool port = sense && !g->sensing;
    g->pins = levels;
    g->sensing = sense != 0;
    for (unsigned n = 0; n < CHANNELS; n++) {
        uint32_t edges = (polarity(g, n) & RISING ? rising : 0) |
                         (polarity(g, n) & FALLING ? falling : 0);
        if (mode(g, n) == MODE_EVENT && (edges & BIT(pin(g, n))))
            nrf51_event(&g->p, n);
    }
    if (port)
        nrf51_event(&g->p, EVENT_PORT);
}

static bool attach(struct device *dev, unsigned n, struct device *other, struct error *e)
{
    struct nrf51_gpiote *g = gpiote_of(dev);
    if (other->class != &nrf51_gpio_class || g->gpio)
        return error_set(e, "%s: it takes one nrf51-gpio", dev->name);
    g->gpio = other;
    g->pins = nrf51_gpio_levels(other);
    nrf51_gpio_listen(other, pins_changed, g);
    return true;
}

static void drive(struct nrf51_gpiote *g, unsigned n)
{
    if (g->gpio)
        nrf51_gpio_take(g->gpio, pin(g, n), (int)g->level[n]);
}

/* OUT[n] */
static void task(struct device *dev, unsigned n)
{
    struct nrf51_gpiote *g = gpiote_of(dev);
    if (mode(g, n) != MODE_TASK || !polarity(g, n))
        return;
    g->level[n] = polarity(g, n) == TOGGLE ? !g->level[n] : polarity(g, n) == RISING;
    drive(g, n);
}

static void config_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_gpiote *g = gpiote_of(dev);
    unsigned n = a->index;
    bool was = mode(g, n) == MODE_TASK;
    unsigned old = pin(g, n);
    g->config[n] = value & 0x00131f03;
    if (was && g->gpio && (mode(g, n) != MODE_TASK || pin(g, n) != old))
        nrf51_gpio_release(g->gpio, old);
    if (mode(g, n) != MODE_TASK)
        return;
    if (!was || pin(g, n) != old)
        g->level[n] = bit_get(value, CONFIG_OUTINIT);
    drive(g, n);
}

#define AT(member) REG_FIELD(struct nrf51_gpiote, member)

static const struct reg rows[] = {
    {"CONFIG", 0x510, .count = CHANNELS, .field = AT(config), .write = config_write},
};

static const struct nrf51_kind kind = {
    .tasks = 0xf,
    .events = 0xf | BIT(EVENT_PORT),
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
};

static void gpiote_reset(struct device *dev)
{
    struct nrf51_gpiote *g = gpiote_of(dev);
    for (unsigned n = 0; n < CHANNELS; n++) {
        if (g->gpio && mode(g, n) == MODE_TASK)
            nrf51_gpio_release(g->gpio, pin(g, n));
        g->level[n] = 0;
    }
    nrf51_reset(&g->p);
}

static void gpiote_loaded(struct device *dev)
{
    nrf51_update_irq(&gpiote_of(dev)->p);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_gpiote),
    FIELD_ARRAY(struct nrf51_gpiote, config),
    FIELD_ARRAY(struct nrf51_gpiote, level),
    FIELD(struct nrf51_gpiote, pins),
    FIELD(struct nrf51_gpiote, sensing),
};

static const struct field_list state = {"nrf51-gpiote", sizeof(struct nrf51_gpiote), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = gpiote_reset, .attach = attach, .loaded = gpiote_loaded};

static struct device *gpiote_create(const char *name, const void *config,
                                    const struct device_env *env, struct error *e)
{
    struct nrf51_gpiote *g =
        nrf51_alloc(sizeof(*g), name, &nrf51_gpiote_class, &ops, &state, &kind, 0, 1);
    gpiote_reset(&g->p.base);
    return &g->p.base;
}

const struct device_class nrf51_gpiote_class = {
    .name = "nrf51-gpiote",
    .help = "GPIO tasks and events of the nRF51",
    .create = gpiote_create,
};
