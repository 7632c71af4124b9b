#include "devices/stm32/periph.h"

#include "util/bits.h"
#include "util/log.h"

static struct stm32_periph *periph_of(struct device *dev)
{
    return (struct stm32_periph *)dev;
}

static void check_clock(struct stm32_periph *p)
{
    if (!p->gate || p->warned)
        return;
    p->warned = true;
    log_write(LOG_GUEST_ERRORS, "%s is used while its clock is off: set %s", p->base.name, p->gate);
}

static uint64_t window_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    check_clock(periph_of(dev));
    return regs_read(dev, periph_of(dev)->regs, cpu_index, offset, size);
}

/** What a write of less than a word makes of the whole register: the rest of a stored register
 * stays, that of a register with effects of its own is written as 0. */
static uint64_t widen(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
    const struct reg_table *t = periph_of(dev)->regs;
    unsigned shift = 8 * (offset & 3);
    uint32_t old = 0;
    for (unsigned i = 0; i < t->count; i++) {
        const struct reg *r = &t->rows[i];
        unsigned count = r->count ? r->count : 1, index = (unsigned)(offset - r->offset) / 4;
        if (offset >= r->offset && index < count && r->field && !r->write)
            old = *((const uint32_t *)((const char *)dev + r->field) + index) & ~r->w1c;
    }
    uint32_t mask = (uint32_t)(BIT64(8 * size) - 1) << shift;
    return (old & ~mask) | ((uint32_t)value << shift & mask);
}

static void window_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                         uint64_t value)
{
    check_clock(periph_of(dev));
    if (size < 4) {
        value = widen(dev, offset, size, value);
        offset &= ~3ull;
        size = 4;
    }
    regs_write(dev, periph_of(dev)->regs, cpu_index, offset, size, value);
}

const struct region_ops stm32_region = {window_read, window_write, .min_size = 1, .max_size = 4};

void *stm32_alloc(size_t size, const char *name, const struct device_class *class,
                  const struct device_ops *ops, const struct field_list *state,
                  const struct reg_table *regs, uint64_t window, unsigned inputs, unsigned outputs)
{
    struct stm32_periph *p = device_alloc(size, name, class, ops, state, inputs, outputs);
    p->regs = regs;
    device_add_region(&p->base, "registers", window, &stm32_region);
    return p;
}

void stm32_set_gate(struct device *dev, const char *gate)
{
    if (!dev->region_count || dev->region[0].ops != &stm32_region)
        return;
    periph_of(dev)->gate = gate;
    periph_of(dev)->warned = false;
}
