#include "devices/misc/stm32_exti.h"

#include "devices/stm32/periph.h"
#include "util/bits.h"

#define LINE_MASK 0x7fffffu

struct stm32_exti {
    struct stm32_periph p;
    uint32_t imr, emr, rtsr, ftsr, swier, pr;
    uint32_t levels; /* of the inputs */
};

static struct stm32_exti *exti_of(struct device *dev)
{
    return (struct stm32_exti *)dev;
}

static uint32_t lines_of(unsigned output)
{
    if (output < STM32_EXTI_LINES9_5)
        return BIT(output);
    if (output == STM32_EXTI_LINES9_5)
        return 0x03e0;
    if (output == STM32_EXTI_LINES15_10)
        return 0xfc00;
    return BIT(16 + output - STM32_EXTI_LINE16);
}

static void update_irq(struct device *dev)
{
    const struct stm32_exti *x = exti_of(dev);
    for (unsigned n = 0; n < STM32_EXTI_EDGE11; n++)
        irq_set(&dev->output[n], (x->pr & x->imr & lines_of(n)) != 0);
}

/* Selected edges of @lines, of those whose interrupts or events are not masked. */
static void trigger(struct stm32_exti *x, uint32_t lines)
{
    uint32_t seen = lines & (x->imr | x->emr);
    if (seen & BIT(11))
        irq_pulse(&x->p.base.output[STM32_EXTI_EDGE11]);
    if (seen & BIT(15))
        irq_pulse(&x->p.base.output[STM32_EXTI_EDGE15]);
}

/* An edge is pending only where its interrupt or event is unmasked (12.2.5: the pending bit is set
 * after the mask). */
static void exti_input(struct device *dev, unsigned n, int level)
{
    struct stm32_exti *x = exti_of(dev);
    bool was = x->levels & BIT(n);
    x->levels = level ? x->levels | BIT(n) : x->levels & ~BIT(n);
    uint32_t selected = level ? x->rtsr : x->ftsr;
    if (was == (level != 0) || !(selected & BIT(n)))
        return;
    trigger(x, BIT(n));
    if (!(x->imr & BIT(n)))
        return;
    x->pr |= BIT(n);
    update_irq(dev);
}

static void swier_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_exti *x = exti_of(dev);
    uint32_t rising = value & ~x->swier & LINE_MASK;
    x->swier |= rising;
    trigger(x, rising);
    x->pr |= rising & x->imr;
    update_irq(dev);
}

/* Clearing a pending bit clears its software trigger too. */
static void pr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_exti *x = exti_of(dev);
    x->pr &= ~value;
    x->swier &= ~value;
    update_irq(dev);
}

#define AT(member) REG_FIELD(struct stm32_exti, member)

static const struct reg rows[] = {
    {"IMR", 0x00, .field = AT(imr), .writable = LINE_MASK, .after = update_irq},
    {"EMR", 0x04, .field = AT(emr), .writable = LINE_MASK},
    {"RTSR", 0x08, .field = AT(rtsr), .writable = LINE_MASK},
    {"FTSR", 0x0c, .field = AT(ftsr), .writable = LINE_MASK},
    {"SWIER", 0x10, .field = AT(swier), .write = swier_write},
    {"PR", 0x14, .field = AT(pr), .write = pr_write},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static void exti_reset(struct device *dev)
{
    regs_reset(dev, &table);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct stm32_exti, imr),   FIELD(struct stm32_exti, emr),
    FIELD(struct stm32_exti, rtsr),  FIELD(struct stm32_exti, ftsr),
    FIELD(struct stm32_exti, swier), FIELD(struct stm32_exti, pr),
    FIELD(struct stm32_exti, levels),
};

static const struct field_list state = {"stm32-exti", sizeof(struct stm32_exti), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = exti_reset, .input = exti_input, .loaded = update_irq};

static struct device *exti_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    struct device *dev =
        stm32_alloc(sizeof(struct stm32_exti), name, &stm32_exti_class, &ops, &state, &table,
                    STM32_WINDOW, STM32_EXTI_LINES, STM32_EXTI_OUTPUTS);
    exti_reset(dev);
    return dev;
}

const struct device_class stm32_exti_class = {
    .name = "stm32-exti",
    .help = "external interrupt controller of the STM32F4",
    .create = exti_create,
};
