/* Interrupt lines: a wire from a device's output to whatever takes it (an interrupt controller's
 * input, a CPU, a gate). Levels are 0 and 1; the taker remembers the level where it needs to. */
#ifndef ARMEMU_DEVICES_CORE_IRQ_H
#define ARMEMU_DEVICES_CORE_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "util/fields.h"

/** A wire. One whose `set` is NULL is not connected: driving it does nothing. Copied by value. */
struct irq_line {
    void (*set)(void *opaque, int n, int level);
    void *opaque;
    int n; /* given back to `set`: which input of `opaque` this is */
};

/** Drive @line to @level (0 or 1). Driving the same level again is allowed and harmless. */
static inline void irq_set(const struct irq_line *line, int level)
{
    if (line->set)
        line->set(line->opaque, line->n, level);
}

static inline void irq_raise(const struct irq_line *line)
{
    irq_set(line, 1);
}

static inline void irq_lower(const struct irq_line *line)
{
    irq_set(line, 0);
}

/** A rising edge followed at once by a falling one. */
static inline void irq_pulse(const struct irq_line *line)
{
    irq_set(line, 1);
    irq_set(line, 0);
}

#define IRQ_OR_MAX 32

/** An OR gate: the output is high while any input is. Owned by the board; clear it before use. */
struct irq_or {
    struct irq_line out;
    uint32_t levels; /* bit n: level of input n; the gate's only state */
};

/** Input @n (below IRQ_OR_MAX) of the gate, to be connected to a device's output. */
struct irq_line irq_or_input(struct irq_or *gate, int n);

#define IRQ_SPLIT_MAX 4

/** A splitter: one input drives several lines. It has no state. */
struct irq_split {
    struct irq_line out[IRQ_SPLIT_MAX];
};

/** The input of the splitter. */
struct irq_line irq_split_input(struct irq_split *split);

/** A wave: a change of a line with all that follows from it at once. Shared by the guards of a
 * board. */
struct irq_wave {
    uint64_t number;
    unsigned depth;
    bool cut; /* nothing more is driven in this one */
};

#define IRQ_WAVE_DEPTH 512 /* lines that drive each other in turn */

/** A wire that may lead back to where it comes from. In a wave, the level that it has is nothing
 * new; a wave that still does not end (an output that is the inverse of its own input) is cut and
 * logged. Owned by the board; clear it before use. It has no state between waves. */
struct irq_guard {
    struct irq_line out;
    struct irq_wave *wave;
    const char *name; /* of the device that drives it */
    uint64_t seen;    /* number of the wave in which it was driven to: */
    int level;
};

/** The input of the guard. */
struct irq_line irq_guard_input(struct irq_guard *guard);

extern const struct field_list irq_or_fields;

#endif
