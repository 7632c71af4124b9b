/* Register tables: a device's registers as data, with generic access to them.
 *
 * A row describes one register, or `count` consecutive ones of the same kind (`size` bytes apart).
 * Rows are sorted by offset and do not overlap. An access that is wider than `size` is split into
 * elements; a narrower one is allowed where the table says so. */
#ifndef ARMEMU_DEVICES_CORE_REGS_H
#define ARMEMU_DEVICES_CORE_REGS_H

#include <stddef.h>
#include <stdint.h>

#include "devices/core/device.h"

struct reg;

/** One access to one element of a row. */
struct reg_access {
    const struct reg *reg;
    unsigned index;     /* element of the row, below reg->count */
    unsigned cpu_index; /* who accesses */
};

typedef uint32_t reg_read_fn(struct device *dev, const struct reg_access *a);
typedef void reg_write_fn(struct device *dev, const struct reg_access *a, uint32_t value);

enum reg_flags {
    REG_WRITE_ONLY = 1, /* reads are guest errors and give zero */
    REG_UNIMP = 2,      /* accesses are logged as not implemented */
    REG_IGNORE = 4,     /* reads as its reset value, writes are ignored silently */
};

/** One row. What a read gives: `read`, else the backing field, else `reset`. What a write does:
 * `write` instead of all else; otherwise the field is updated by the masks and `after` is called.
 * A row with no way to write is read-only: writing it is a guest error. */
struct reg {
    const char *name;
    uint32_t offset;
    uint16_t count; /* 0 is taken as 1 */
    uint8_t size;   /* bytes per element, 1, 2 or 4; 0 is taken as 4 */
    uint8_t flags;
    uint32_t reset;
    uint32_t writable; /* bits that a write replaces */
    uint32_t w1c;      /* bits that writing one clears */
    uint32_t field;    /* offset of the uint32_t (array of `count`) in the device; 0: none */
    reg_read_fn *read;
    reg_write_fn *write;
    void (*after)(struct device *dev); /* side effects of a masked write */
};

/* The backing field of a row; never offset 0, where struct device stands. */
#define REG_FIELD(type, member) offsetof(type, member)

struct reg_table {
    const struct reg *rows;
    unsigned count;
    /* Narrow accesses: a read takes its bytes of the register, a write at the register's start
     * writes the zero-extended value. Otherwise they are guest errors. */
    bool narrow;
};

/** Set all backing fields to their reset values. */
void regs_reset(struct device *dev, const struct reg_table *table);

/** Generic read and write, for the bodies of region_ops. Unknown offsets are guest errors. */
uint64_t regs_read(struct device *dev, const struct reg_table *table, unsigned cpu_index,
                   uint64_t offset, unsigned size);
void regs_write(struct device *dev, const struct reg_table *table, unsigned cpu_index,
                uint64_t offset, unsigned size, uint64_t value);

#endif
