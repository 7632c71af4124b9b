/* Life of a device, its lines, and the checks of guest accesses. */
#include "devices/core/device.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

void *device_alloc(size_t size, const char *name, const struct device_class *class,
                   const struct device_ops *ops, const struct field_list *state, unsigned inputs,
                   unsigned outputs)
{
    assert(size >= sizeof(struct device) && state->struct_size == size);
    struct device *dev = calloc(1, size);
    struct irq_line *lines = calloc(outputs ? outputs : 1, sizeof(*lines));
    if (!dev || !lines)
        abort();
    snprintf(dev->name, sizeof(dev->name), "%s", name);
    dev->class = class;
    dev->ops = ops;
    dev->state = state;
    dev->output = lines;
    dev->input_count = inputs;
    dev->output_count = outputs;
    return dev;
}

unsigned device_add_region(struct device *dev, const char *name, uint64_t size,
                           const struct region_ops *ops)
{
    assert(dev->region_count < DEVICE_MAX_REGIONS && size > 0);
    dev->region[dev->region_count] = (struct device_region){name, size, ops};
    return dev->region_count++;
}

void device_free(struct device *dev)
{
    if (!dev)
        return;
    struct irq_line *lines = dev->output;
    if (dev->ops->free)
        dev->ops->free(dev);
    free(dev);
    free(lines);
}

void device_reset(struct device *dev)
{
    if (dev->ops->reset)
        dev->ops->reset(dev);
}

void device_connect(struct device *dev, unsigned n, struct irq_line line)
{
    assert(n < dev->output_count);
    dev->output[n] = line;
}

static void input_set(void *opaque, int n, int level)
{
    struct device *dev = opaque;
    dev->ops->input(dev, (unsigned)n, level != 0);
}

struct irq_line device_input(struct device *dev, unsigned n)
{
    assert(n < dev->input_count && dev->ops->input);
    return (struct irq_line){input_set, dev, (int)n};
}

static void clock_set(void *opaque, int n, int hz)
{
    struct device *dev = opaque;
    dev->ops->clock(dev, (unsigned)n, (uint32_t)hz);
}

struct irq_line device_clock_input(struct device *dev, unsigned n)
{
    assert(dev->ops->clock);
    return (struct irq_line){clock_set, dev, (int)n};
}

bool device_attach(struct device *dev, unsigned n, struct device *other, struct error *e)
{
    if (!dev->ops->attach)
        return error_set(e, "%s: nothing can be attached to it", dev->name);
    return dev->ops->attach(dev, n, other, e);
}

/** May the guest access [offset, offset+size) of @r? Logs the reason if not. */
static bool access_allowed(const struct device *dev, const struct device_region *r, uint64_t offset,
                           unsigned size, const char *what)
{
    const char *why = NULL;
    assert(is_pow2(size) && size <= 8);
    if (offset >= r->size || size > r->size - offset)
        why = "outside the window";
    else if (size < r->ops->min_size || size > r->ops->max_size)
        why = "size not allowed";
    else if (!r->ops->unaligned && (offset & (size - 1)))
        why = "unaligned";
    if (why)
        log_write(LOG_GUEST_ERRORS, "%s: %s of %u bytes at %s+0x%llx: %s", dev->name, what, size,
                  r->name, (unsigned long long)offset, why);
    return !why;
}

/** The size that the device's functions are called with for a guest access of @size. */
static unsigned impl_size(const struct region_ops *ops, unsigned size)
{
    if (ops->max_impl && size > ops->max_impl)
        return ops->max_impl;
    if (!ops->unaligned && size < ops->min_impl)
        return ops->min_impl;
    return size;
}

static uint64_t region_read(struct device *dev, const struct region_ops *ops, unsigned cpu_index,
                            uint64_t offset, unsigned size)
{
    if (ops->table)
        return regs_read(dev, ops->table, cpu_index, offset, size);
    return ops->read(dev, cpu_index, offset, size);
}

static void region_write(struct device *dev, const struct region_ops *ops, unsigned cpu_index,
                         uint64_t offset, unsigned size, uint64_t value)
{
    if (ops->table)
        regs_write(dev, ops->table, cpu_index, offset, size, value);
    else
        ops->write(dev, cpu_index, offset, size, value);
}

static uint64_t size_mask(unsigned size)
{
    return size == 8 ? UINT64_MAX : BIT64(8 * size) - 1;
}

uint64_t device_read(struct device *dev, unsigned region, unsigned cpu_index, uint64_t offset,
                     unsigned size)
{
    assert(region < dev->region_count);
    const struct device_region *r = &dev->region[region];
    if (!access_allowed(dev, r, offset, size, "read"))
        return 0;
    unsigned step = impl_size(r->ops, size);
    if (step == size)
        return region_read(dev, r->ops, cpu_index, offset, size) & size_mask(size);
    if (step > size) {
        uint64_t wide = region_read(dev, r->ops, cpu_index, align_down(offset, step), step);
        return (wide >> (8 * (offset & (step - 1)))) & size_mask(size);
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i += step)
        value |= (region_read(dev, r->ops, cpu_index, offset + i, step) & size_mask(step))
                 << (8 * i);
    return value;
}

void device_write(struct device *dev, unsigned region, unsigned cpu_index, uint64_t offset,
                  unsigned size, uint64_t value)
{
    assert(region < dev->region_count);
    const struct device_region *r = &dev->region[region];
    if (!access_allowed(dev, r, offset, size, "write"))
        return;
    unsigned step = impl_size(r->ops, size);
    value &= size_mask(size);
    if (step > size) {
        value <<= 8 * (offset & (step - 1));
        region_write(dev, r->ops, cpu_index, align_down(offset, step), step, value);
        return;
    }
    for (unsigned i = 0; i < size; i += step)
        region_write(dev, r->ops, cpu_index, offset + i, step,
                     (value >> (8 * i)) & size_mask(step));
}
