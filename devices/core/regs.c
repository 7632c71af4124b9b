#include "devices/core/regs.h"

#include <assert.h>

#include "util/bits.h"
#include "util/log.h"

static unsigned reg_count(const struct reg *r)
{
    return r->count ? r->count : 1;
}

static unsigned reg_size(const struct reg *r)
{
    return r->size ? r->size : 4;
}

/** The row that covers @offset, by binary search; NULL if none. */
static const struct reg *reg_find(const struct reg_table *table, uint64_t offset)
{
    unsigned lo = 0, hi = table->count;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (table->rows[mid].offset <= offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (!lo)
        return NULL;
    const struct reg *r = &table->rows[lo - 1];
    return offset - r->offset < (uint64_t)reg_count(r) * reg_size(r) ? r : NULL;
}

static uint32_t *reg_field(struct device *dev, const struct reg *r, unsigned index)
{
    return (uint32_t *)((char *)dev + r->field) + index;
}

void regs_reset(struct device *dev, const struct reg_table *table)
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct reg *r = &table->rows[i];
        for (unsigned n = 0; r->field && n < reg_count(r); n++)
            *reg_field(dev, r, n) = r->reset;
    }
}

static void log_access(const struct device *dev, uint32_t category, const char *what,
                       const char *reg, uint64_t offset, unsigned size, uint64_t value)
{
    log_write(category, "%s: %s: %s at 0x%03llx, %u bytes, value 0x%llx", dev->name, what, reg,
              (unsigned long long)offset, size, (unsigned long long)value);
}

static uint32_t element_read(struct device *dev, const struct reg_access *a)
{
    const struct reg *r = a->reg;
    if (r->flags & REG_WRITE_ONLY) {
        log_access(dev, LOG_GUEST_ERRORS, "read of a write-only register", r->name, r->offset,
                   reg_size(r), 0);
        return 0;
    }
    if (r->flags & REG_UNIMP)
        log_access(dev, LOG_UNIMP, "read of an unimplemented register", r->name, r->offset,
                   reg_size(r), r->reset);
    if (r->read)
        return r->read(dev, a);
    return r->field ? *reg_field(dev, r, a->index) : r->reset;
}

static void element_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    const struct reg *r = a->reg;
    if (r->flags & REG_UNIMP)
        log_access(dev, LOG_UNIMP, "write to an unimplemented register", r->name, r->offset,
                   reg_size(r), value);
    if (r->write) {
        r->write(dev, a, value);
    } else if (r->field && (r->writable | r->w1c)) {
        uint32_t *field = reg_field(dev, r, a->index);
        *field = ((*field & ~r->writable) | (value & r->writable)) & ~(value & r->w1c);
    } else if (!(r->flags & (REG_IGNORE | REG_UNIMP))) {
        log_access(dev, LOG_GUEST_ERRORS, "write to a read-only register", r->name, r->offset,
                   reg_size(r), value);
        return;
    }
    if (r->after)
        r->after(dev);
}

uint64_t regs_read(struct device *dev, const struct reg_table *table, unsigned cpu_index,
                   uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    for (unsigned done = 0; done < size;) {
        uint64_t at = offset + done;
        const struct reg *r = reg_find(table, at);
        unsigned lane = r ? (at - r->offset) % reg_size(r) : 0;
        unsigned step = r ? reg_size(r) - lane : 1;
        if (!r || ((lane || step > size) && !table->narrow)) {
            log_access(dev, LOG_GUEST_ERRORS, "bad read", r ? r->name : "no register", at, size, 0);
            return value;
        }
        struct reg_access a = {r, (at - r->offset) / reg_size(r), cpu_index};
        uint64_t element = element_read(dev, &a) >> (8 * lane);
        if (step > size - done)
            step = size - done;
        value |= (element & (BIT64(8 * step) - 1)) << (8 * done);
        done += step;
    }
    return value;
}

void regs_write(struct device *dev, const struct reg_table *table, unsigned cpu_index,
                uint64_t offset, unsigned size, uint64_t value)
{
    for (unsigned done = 0; done < size;) {
        uint64_t at = offset + done;
        const struct reg *r = reg_find(table, at);
        unsigned step = r ? reg_size(r) : 1;
        if (!r || (at - r->offset) % step || (step > size - done && !table->narrow)) {
            log_access(dev, LOG_GUEST_ERRORS, "bad write", r ? r->name : "no register", at, size,
                       value);
            return;
        }
        if (step > size - done)
            step = size - done;
        struct reg_access a = {r, (at - r->offset) / reg_size(r), cpu_index};
        element_write(dev, &a, (uint32_t)((value >> (8 * done)) & (BIT64(8 * step) - 1)));
        done += step;
    }
}
