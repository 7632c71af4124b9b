#include "devices/gpio/stm32_gpio.h"

#include "devices/stm32/periph.h"
#include "util/bits.h"

enum { PINS = STM32_GPIO_PINS };
enum { MODE_INPUT, MODE_OUTPUT, MODE_ALTERNATE, MODE_ANALOG };
enum { PULL_UP = 1 };
enum { LCKK = BIT(16) };

struct stm32_gpio {
    struct stm32_periph p;
    struct stm32_gpio_config initial; /* configuration */
    uint32_t moder, otyper, ospeedr, pupdr, odr, afr[2];
    uint32_t lock, lock_step; /* LCKR with LCKK once it is locked; steps of the sequence */
    uint32_t driven, input;   /* by the board */
    uint32_t levels;          /* derived */
};

static struct stm32_gpio *gpio_of(struct device *dev)
{
    return (struct stm32_gpio *)dev;
}

/* ---- pins ---- */

static unsigned mode(const struct stm32_gpio *g, unsigned n)
{
    return bits_get(g->moder, 2 * n, 2);
}

static int level_of(const struct stm32_gpio *g, unsigned n)
{
    bool open_drain = g->otyper & BIT(n), high = g->odr & BIT(n);
    if (mode(g, n) == MODE_OUTPUT && !(open_drain && high))
        return high;
    if (g->driven & BIT(n))
        return (int)bit_get(g->input, n);
    return bits_get(g->pupdr, 2 * n, 2) == PULL_UP;
}

static void update(struct device *dev)
{
    struct stm32_gpio *g = gpio_of(dev);
    uint32_t levels = 0;
    for (unsigned n = 0; n < PINS; n++)
        levels |= (uint32_t)level_of(g, n) << n;
    g->levels = levels;
    for (unsigned n = 0; n < PINS; n++)
        irq_set(&dev->output[n], (int)bit_get(levels, n));
}

static void gpio_input(struct device *dev, unsigned n, int level)
{
    struct stm32_gpio *g = gpio_of(dev);
    g->driven |= BIT(n);
    g->input = level ? g->input | BIT(n) : g->input & ~BIT(n);
    update(dev);
}

/* ---- registers ---- */

/* The input stage of an analog pin is off: it reads as 0. */
static uint32_t idr_read(struct device *dev, const struct reg_access *a)
{
    const struct stm32_gpio *g = gpio_of(dev);
    uint32_t value = g->levels;
    for (unsigned n = 0; n < PINS; n++)
        if (mode(g, n) == MODE_ANALOG)
            value &= ~BIT(n);
    return value;
}

/* Setting wins over resetting. */
static void bsrr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_gpio *g = gpio_of(dev);
    g->odr = (g->odr & ~(value >> 16)) | (value & 0xffff);
    update(dev);
}

/** The bits of a register with @width bits for each pin that LCKR has not frozen, from pin @first.
 */
static uint32_t changeable(const struct stm32_gpio *g, unsigned width, unsigned first)
{
    uint32_t mask = 0;
    for (unsigned n = first; n < PINS && (n - first + 1) * width <= 32; n++)
        if (!(g->lock & LCKK) || !(g->lock & BIT(n)))
            mask |= (uint32_t)(BIT64(width) - 1) << (n - first) * width;
    return mask;
}

static void put(struct device *dev, uint32_t *field, uint32_t mask, uint32_t value)
{
    *field = (*field & ~mask) | (value & mask);
    update(dev);
}

static void moder_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    put(dev, &gpio_of(dev)->moder, changeable(gpio_of(dev), 2, 0), value);
}

static void otyper_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    put(dev, &gpio_of(dev)->otyper, changeable(gpio_of(dev), 1, 0), value);
}

static void ospeedr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    put(dev, &gpio_of(dev)->ospeedr, changeable(gpio_of(dev), 2, 0), value);
}

static void pupdr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    put(dev, &gpio_of(dev)->pupdr, changeable(gpio_of(dev), 2, 0), value);
}

static void afr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    put(dev, &gpio_of(dev)->afr[a->index], changeable(gpio_of(dev), 4, 8 * a->index), value);
}

/* The sequence: LCKK with the pins, the pins, LCKK with the pins, a read (8.4.8). */
static void lckr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_gpio *g = gpio_of(dev);
    uint32_t pins = value & 0xffff;
    if (g->lock & LCKK)
        return;
    bool key = value & LCKK, odd = g->lock_step == 1;
    bool follows = !g->lock_step || pins == g->lock;
    g->lock_step = follows && key != odd ? g->lock_step + 1 : key ? 1 : 0;
    g->lock = pins;
    if (g->lock_step < 3)
        return;
    g->lock |= LCKK;
    g->lock_step = 0;
}

#define AT(member) REG_FIELD(struct stm32_gpio, member)

static const struct reg rows[] = {
    {"MODER", 0x00, .field = AT(moder), .write = moder_write},
    {"OTYPER", 0x04, .field = AT(otyper), .write = otyper_write},
    {"OSPEEDR", 0x08, .field = AT(ospeedr), .write = ospeedr_write},
    {"PUPDR", 0x0c, .field = AT(pupdr), .write = pupdr_write},
    {"IDR", 0x10, .read = idr_read},
    {"ODR", 0x14, .field = AT(odr), .writable = 0xffff, .after = update},
    {"BSRR", 0x18, .write = bsrr_write},
    {"LCKR", 0x1c, .field = AT(lock), .write = lckr_write},
    {"AFR", 0x20, .count = 2, .field = AT(afr), .write = afr_write},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

/* ---- life ---- */

static void gpio_reset(struct device *dev)
{
    struct stm32_gpio *g = gpio_of(dev);
    regs_reset(dev, &table);
    g->moder = g->initial.moder;
    g->ospeedr = g->initial.ospeedr;
    g->pupdr = g->initial.pupdr;
    g->lock_step = 0;
    update(dev);
}

static void gpio_print(struct device *dev, FILE *out)
{
    static const char names[] = "ioAa"; /* input, output, alternate function, analog */
    const struct stm32_gpio *g = gpio_of(dev);
    fputs("  pins 15..0:", out);
    for (unsigned n = PINS; n--;)
        fprintf(out, " %c%u", names[mode(g, n)], bit_get(g->levels, n));
    fputc('\n', out);
}

static const struct field fields[] = {
    FIELD(struct stm32_gpio, moder),   FIELD(struct stm32_gpio, otyper),
    FIELD(struct stm32_gpio, ospeedr), FIELD(struct stm32_gpio, pupdr),
    FIELD(struct stm32_gpio, odr),     FIELD_ARRAY(struct stm32_gpio, afr),
    FIELD(struct stm32_gpio, lock),    FIELD(struct stm32_gpio, lock_step),
    FIELD(struct stm32_gpio, driven),  FIELD(struct stm32_gpio, input),
};

static const struct field_list state = {"stm32-gpio", sizeof(struct stm32_gpio), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = gpio_reset, .input = gpio_input, .loaded = update, .print = gpio_print};

static struct device *gpio_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    struct stm32_gpio *g = stm32_alloc(sizeof(*g), name, &stm32_gpio_class, &ops, &state, &table,
                                       STM32_WINDOW, PINS, PINS);
    g->initial = *(const struct stm32_gpio_config *)config;
    gpio_reset(&g->p.base);
    return &g->p.base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct stm32_gpio_config, moder, 0, 0, "MODER after reset"),
    PROPERTY(U32, struct stm32_gpio_config, ospeedr, 0, 0, "OSPEEDR after reset"),
    PROPERTY(U32, struct stm32_gpio_config, pupdr, 0, 0, "PUPDR after reset"),
};

const struct device_class stm32_gpio_class = {
    .name = "stm32-gpio",
    .help = "GPIO port of the STM32",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct stm32_gpio_config),
    .create = gpio_create,
};
