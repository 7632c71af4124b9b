#include "devices/core/irq.h"

#include <assert.h>

#include "util/bits.h"
#include "util/log.h"

static void or_set(void *opaque, int n, int level)
{
    struct irq_or *gate = opaque;
    gate->levels = level ? gate->levels | BIT(n) : gate->levels & ~BIT(n);
    irq_set(&gate->out, gate->levels != 0);
}

struct irq_line irq_or_input(struct irq_or *gate, int n)
{
    assert(n >= 0 && n < IRQ_OR_MAX);
    return (struct irq_line){or_set, gate, n};
}

static void split_set(void *opaque, int n, int level)
{
    struct irq_split *split = opaque;
    for (unsigned i = 0; i < IRQ_SPLIT_MAX; i++)
        irq_set(&split->out[i], level);
}

struct irq_line irq_split_input(struct irq_split *split)
{
    return (struct irq_line){split_set, split, 0};
}

static void guard_set(void *opaque, int n, int level)
{
    struct irq_guard *guard = opaque;
    struct irq_wave *wave = guard->wave;
    if (!wave->depth) {
        wave->number++;
        wave->cut = false;
    }
    if (wave->cut || (guard->seen == wave->number && guard->level == level))
        return;
    if (wave->depth == IRQ_WAVE_DEPTH) {
        wave->cut = true;
        log_write(LOG_GUEST_ERRORS, "%s: what it drives leads back to it, and never settles",
                  guard->name);
        return;
    }
    wave->depth++;
    guard->seen = wave->number;
    guard->level = level;
    irq_set(&guard->out, level);
    wave->depth--;
}

struct irq_line irq_guard_input(struct irq_guard *guard)
{
    return (struct irq_line){guard_set, guard, 0};
}

static const struct field or_rows[] = {FIELD(struct irq_or, levels)};

const struct field_list irq_or_fields = {
    "irq-or", sizeof(struct irq_or), or_rows, ARRAY_SIZE(or_rows)};
