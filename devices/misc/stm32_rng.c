#include "devices/misc/stm32_rng.h"

#include "devices/core/env.h"
#include "devices/stm32/periph.h"
#include "host/clock.h"
#include "util/bits.h"

enum { CR_RNGEN = BIT(2), CR_IE = BIT(3), SR_DRDY = BIT(0), WORD_NS = 834 };

struct stm32_rng {
    struct stm32_periph p;
    const struct clock *clock;
    struct entropy entropy;
    uint32_t cr, sr, dr;
    struct timer timer;
};

static struct stm32_rng *rng_of(struct device *dev)
{
    return (struct stm32_rng *)dev;
}

static void update(struct device *dev)
{
    const struct stm32_rng *r = rng_of(dev);
    irq_set(&dev->output[0], (r->cr & CR_IE) && (r->sr & SR_DRDY));
}

/** The next word is on its way. */
static void start(struct stm32_rng *r)
{
    if (r->cr & CR_RNGEN)
        timer_set(&r->timer, clock_now(r->clock) + WORD_NS);
    else
        timer_cancel(&r->timer);
}

static void ready(void *opaque)
{
    struct stm32_rng *r = opaque;
    r->dr = r->entropy.get ? (uint32_t)r->entropy.get(r->entropy.opaque) : 0;
    r->sr |= SR_DRDY;
    update(&r->p.base);
}

static void cr_written(struct device *dev)
{
    struct stm32_rng *r = rng_of(dev);
    if (!(r->sr & SR_DRDY))
        start(r);
    update(dev);
}

static uint32_t dr_read(struct device *dev, const struct reg_access *a)
{
    struct stm32_rng *r = rng_of(dev);
    uint32_t value = r->sr & SR_DRDY ? r->dr : 0;
    if (r->sr & SR_DRDY) {
        r->sr &= ~(uint32_t)SR_DRDY;
        start(r);
    }
    update(dev);
    return value;
}

#define AT(member) REG_FIELD(struct stm32_rng, member)

static const struct reg rows[] = {
    {"CR", 0x00, .field = AT(cr), .writable = CR_RNGEN | CR_IE, .after = cr_written},
    {"SR", 0x04, .field = AT(sr), .flags = REG_IGNORE},
    {"DR", 0x08, .read = dr_read},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static void rng_reset(struct device *dev)
{
    regs_reset(dev, &table);
    timer_cancel(&rng_of(dev)->timer);
    update(dev);
}

static void rng_free(struct device *dev)
{
    timer_cancel(&rng_of(dev)->timer);
}

static void rng_loaded(struct device *dev)
{
    timer_restore(&rng_of(dev)->timer);
    update(dev);
}

static const struct field fields[] = {
    FIELD(struct stm32_rng, cr), FIELD(struct stm32_rng, sr), FIELD(struct stm32_rng, dr),
    FIELD(struct stm32_rng, timer.deadline),
};

static const struct field_list state = {"stm32-rng", sizeof(struct stm32_rng), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = rng_reset, .free = rng_free, .loaded = rng_loaded};

static struct device *rng_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct stm32_rng *r = stm32_alloc(sizeof(*r), name, &stm32_rng_class, &ops, &state, &table,
                                      STM32_WINDOW, 0, 1);
    r->clock = env->timers->clock;
    r->entropy = env->entropy;
    timer_init(&r->timer, env->timers, ready, r);
    rng_reset(&r->p.base);
    return &r->p.base;
}

const struct device_class stm32_rng_class = {
    .name = "stm32-rng",
    .help = "random number generator of the STM32F4",
    .create = rng_create,
};
