/* The device model: what a board and the memory map see of every device.
 *
 * A device has register windows (regions), interrupt inputs and outputs, and one list of state
 * fields. It knows no board: addresses, interrupt numbers and the other end of each line are given
 * by whoever creates it. Every function here except where noted is called with the VM's device
 * lock held. `struct device` is the first member of each device's own struct. */
#ifndef ARMEMU_DEVICES_CORE_DEVICE_H
#define ARMEMU_DEVICES_CORE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "devices/core/irq.h"
#include "util/error.h"
#include "util/fields.h"

struct device;
struct device_class;
struct device_env;
struct i2c_slave_ops;
struct reg_table;

/** The accesses of one register window. `offset` counts from the start of the window; `cpu_index`
 * is the number of the accessing CPU (0 for DMA and debuggers). Values are little-endian data as
 * the CPU sees them in a register, zero-extended. */
struct region_ops {
    uint64_t (*read)(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size);
    void (*write)(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                  uint64_t value);
    const struct reg_table *table; /* instead of both: the window is these registers (regs.h) */
    /* Sizes that the guest may use, in bytes; others are guest errors that read as zero. */
    uint8_t min_size, max_size;
    /* Sizes that read/write are called with (0: the same as above). Wider guest accesses are split,
     * narrower ones widened: reads take their part, writes are zero-extended in their lane. */
    uint8_t min_impl, max_impl;
    bool unaligned; /* unaligned accesses reach read/write as they are (not split or widened) */
};

struct device_region {
    const char *name; /* "distributor" */
    uint64_t size;
    const struct region_ops *ops;
};

struct device_ops {
    void (*reset)(struct device *dev);
    void (*free)(struct device *dev);
    /* An interrupt input changed. NULL when the device has no inputs. */
    void (*input)(struct device *dev, unsigned n, int level);
    /* Clock input @n now has @hz (0: stopped). NULL when the device has no clock inputs. */
    void (*clock)(struct device *dev, unsigned n, uint32_t hz);
    /* @other is attached as number @n, for good: a slave to its bus, a peripheral to what resets or
     * triggers it. False and @e set if it cannot be. NULL: nothing can be attached. */
    bool (*attach)(struct device *dev, unsigned n, struct device *other, struct error *e);
    /* What a user would see or want to know of it, as lines of text (`info devices`). May be
     * NULL. */
    void (*print)(struct device *dev, FILE *out);
    const struct i2c_slave_ops *i2c; /* of a device that can be attached to an I2C bus */
    /* The state fields were overwritten by a snapshot: recompute what derives from them and drive
     * the outputs. NULL when nothing derives. */
    void (*loaded)(struct device *dev);
};

#define DEVICE_MAX_REGIONS 8

struct device {
    char name[32]; /* of this instance, for logs and snapshots */
    const struct device_class *class;
    const struct device_ops *ops;
    const struct field_list *state; /* offsets count from this struct device; never NULL */
    struct device_region region[DEVICE_MAX_REGIONS];
    unsigned region_count;
    struct irq_line *output; /* output_count lines, owned by the device */
    unsigned input_count, output_count;
};

enum property_type {
    PROPERTY_BOOL,    /* bool */
    PROPERTY_U32,     /* uint32_t */
    PROPERTY_U64,     /* uint64_t */
    PROPERTY_STRING,  /* const char *, borrowed: must live as long as the device */
    PROPERTY_CHARDEV, /* struct chardev *, NULL for none; set by the board, not as text */
    PROPERTY_NETDEV,  /* struct net *, likewise */
};

/** One row of a class's properties: a member of its config struct. */
struct property {
    const char *name;
    enum property_type type;
    uint32_t offset; /* in the class's config struct */
    uint64_t initial; /* for BOOL, U32 and U64; pointers start as NULL */
    uint64_t max;     /* largest value allowed for U32 and U64; 0: no limit */
    const char *help;
};

#define PROPERTY(kind, type, member, initial, max, help)                                           \
    {#member, PROPERTY_##kind, offsetof(type, member), initial, max, help}

/** A value given by a board row or a command line. */
struct property_value {
    const char *name;
    uint64_t number;  /* BOOL, U32, U64 */
    const void *pointer; /* STRING, CHARDEV */
};

struct device_class {
    const char *name; /* "pl011" */
    const char *help; /* one line */
    const struct property *properties;
    unsigned property_count;
    size_t config_size; /* 0: no properties */
    /* Make a device; @config is a filled config struct of the class, valid during the call only.
     * The device is returned in reset state. On failure fills @e and returns NULL. */
    struct device *(*create)(const char *name, const void *config, const struct device_env *env,
                             struct error *e);
};

/** All classes of devices/, ended by NULL. */
extern const struct device_class *const device_classes[];

/** The class called @name; NULL and an error naming the nearest when there is none. */
const struct device_class *device_class_find(const char *name, struct error *e);

/**
 * Create a device of @class with its properties at their initial values except for @values
 * (@count rows). Unknown names and values out of range are errors (NULL is returned).
 */
struct device *device_create(const struct device_class *class, const char *name,
                             const struct device_env *env, const struct property_value *values,
                             unsigned count, struct error *e);

/** Parse the text of a command line's `name=text` for @class into @value, which borrows @text. */
bool device_property_parse(const struct device_class *class, const char *name, const char *text,
                           struct property_value *value, struct error *e);

/** Free a device (NULL is allowed). Its outputs are not driven. */
void device_free(struct device *dev);

/** Back to the state after power-on; outputs are driven accordingly, connections and properties
 * stay. */
void device_reset(struct device *dev);

/** Connect output @n to @line (a copy). */
void device_connect(struct device *dev, unsigned n, struct irq_line line);

/** Interrupt input @n as a line that another device's output can be connected to. */
struct irq_line device_input(struct device *dev, unsigned n);

/** Clock input @n as a line, to be connected to another device's clock output: such an output is
 * driven with a frequency in Hz instead of a level. A reset of the device that takes it keeps
 * it. */
struct irq_line device_clock_input(struct device *dev, unsigned n);

/** Attach @other to @dev as number @n; both must stay. False and @e set when @dev takes nothing, or
 * not this. */
bool device_attach(struct device *dev, unsigned n, struct device *other, struct error *e);

/** Guest access to window @region: checks the size and the bounds, splits or widens, logs guest
 * errors. @size is 1, 2, 4 or 8. */
uint64_t device_read(struct device *dev, unsigned region, unsigned cpu_index, uint64_t offset,
                     unsigned size);
void device_write(struct device *dev, unsigned region, unsigned cpu_index, uint64_t offset,
                  unsigned size, uint64_t value);

/** Snapshots: bytes that device_save writes, little-endian, in the order of the field list. */
size_t device_state_size(const struct device *dev);
void device_save(const struct device *dev, void *buf);
/** Overwrite the state with what device_save wrote for a device of the same class and config. */
void device_load(struct device *dev, const void *buf);

/* For the devices themselves. */

/** Allocate a cleared device struct of @size bytes with its base filled in; aborts when out of
 * memory. The outputs are allocated here and freed by device_free. */
void *device_alloc(size_t size, const char *name, const struct device_class *class,
                   const struct device_ops *ops, const struct field_list *state, unsigned inputs,
                   unsigned outputs);
/** Add a window; returns its index. */
unsigned device_add_region(struct device *dev, const char *name, uint64_t size,
                           const struct region_ops *ops);

#endif
