/* Wires of a board: from outputs of devices to interrupts, inputs of other devices, and the board
 * itself; with gates where several meet. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/intc/gicv2.h"
#include "machines/internal.h"

/* One wire. Its end is what makes two wires meet: a kind, an object and a number. */
struct wire {
    struct device *dev;
    unsigned output;
    enum wire_target target;
    void *object;
    int number;
    struct irq_line line;
};

struct wire_set {
    struct wire *wires;
    unsigned count, capacity;
};

struct wire_set *wires_new(void)
{
    struct wire_set *set = calloc(1, sizeof(*set));
    if (!set)
        abort();
    return set;
}

void wires_free(struct wire_set *set)
{
    free(set->wires);
    free(set);
}

static bool append(struct wire_set *set, const struct board *b, struct wire w, struct error *e)
{
    if (w.output >= w.dev->output_count)
        return error_set(e, "%s: device %s has no output %u", b->machine->name, w.dev->name,
                         w.output);
    if (set->count == set->capacity) {
        set->capacity = set->capacity ? 2 * set->capacity : 64;
        set->wires = realloc(set->wires, set->capacity * sizeof(w));
        if (!set->wires)
            abort();
    }
    set->wires[set->count++] = w;
    return true;
}

/* ---- ends ------------------------------------------------------------------------------------ */

static bool irq_line_find(const struct board *b, int line, struct irq_line *out, struct error *e)
{
    const struct machine_m_profile *m = b->machine->m_profile;
    if (line < 0 || (m && line >= m->irqs))
        return error_set(e, "%s: there is no interrupt %d", b->machine->name, line);
    if (!m)
        *out = gicv2_spi(b->intc, (unsigned)line);
    else if (b->config.nvic_line)
        *out = b->config.nvic_line(b->config.opaque, (unsigned)line);
    else
        *out = (struct irq_line){0};
    return true;
}

bool wires_add_irq(struct wire_set *set, const struct board *b, struct device *dev, unsigned output,
                   int line, struct error *e)
{
    struct wire w = {.dev = dev, .output = output, .target = WIRE_IRQ, .number = line};
    return irq_line_find(b, line, &w.line, e) && append(set, b, w, e);
}

static void reset_set(void *opaque, int n, int level)
{
    struct board *b = opaque;
    struct board_private *p = b->private_data;
    bool rises = level && !p->reset_level;
    p->reset_level = level != 0;
    if (rises && b->config.reset)
        b->config.reset(b->config.opaque);
}

static void remap_set(void *opaque, int n, int level)
{
    struct board *b = opaque;
    const struct board_private *p = b->private_data;
    if ((physmap_find(b->config.map, 0)->host == p->remap->host) == (level != 0))
        return;
    if (b->config.memory_changes)
        b->config.memory_changes(b->config.opaque);
    physmap_remap(b->config.map, 0, p->remap, level);
}

static void cpu_clock_set(void *opaque, int n, int hz)
{
    struct board *b = opaque;
    if (b->config.cpu_clock)
        b->config.cpu_clock(b->config.opaque, (uint32_t)hz);
}

/* A device's input, checked. */
static bool find_input(const struct board *b, const struct machine_wire *w, unsigned input,
                       struct wire *out, struct error *e)
{
    struct device *to = w->to ? board_device(b, w->to, 0) : NULL;
    if (!to)
        return error_set(e, "%s: a wire of %s leads to '%s', which is no device", b->machine->name,
                         w->from, w->to ? w->to : "");
    bool clock = w->target == WIRE_CLOCK;
    if (clock ? !to->ops->clock : !to->ops->input || input >= to->input_count)
        return error_set(e, "%s: device %s has no %s %u", b->machine->name, w->to,
                         clock ? "clock input" : "input", input);
    out->object = to;
    out->number = (int)input;
    out->line = clock ? device_clock_input(to, input) : device_input(to, input);
    return true;
}

static bool find_memory(struct board *b, const struct machine_wire *w, struct wire *out,
                        struct error *e)
{
    struct board_private *p = b->private_data;
    p->remap = w->to ? physmap_by_name(b->config.map, w->to) : NULL;
    if (!p->remap || !p->remap->host)
        return error_set(e, "%s: a wire of %s shows '%s', which is no memory", b->machine->name,
                         w->from, w->to ? w->to : "");
    out->line = (struct irq_line){remap_set, b, 0};
    return true;
}

static bool find_end(struct board *b, const struct machine_wire *w, unsigned input,
                     struct wire *out, struct error *e)
{
    out->target = w->target;
    switch (w->target) {
    case WIRE_DEVICE:
    case WIRE_CLOCK:
        return find_input(b, w, input, out, e);
    case WIRE_ATTACH:
        break;
    case WIRE_IRQ:
        out->number = (int)input;
        return irq_line_find(b, (int)input, &out->line, e);
    case WIRE_NMI:
        if (b->config.nvic_line)
            out->line = b->config.nvic_line(b->config.opaque, BOARD_NVIC_NMI);
        return true;
    case WIRE_RESET:
        out->line = (struct irq_line){reset_set, b, 0};
        return true;
    case WIRE_REMAP:
        return find_memory(b, w, out, e);
    case WIRE_CPU_CLOCK:
        out->line = (struct irq_line){cpu_clock_set, b, 0};
        return true;
    }
    return false;
}

static bool attach(struct board *b, const struct machine_wire *w, struct device *from,
                   struct error *e)
{
    struct device *to = w->to ? board_device(b, w->to, 0) : NULL;
    if (!to)
        return error_set(e, "%s: %s is attached to '%s', which is no device", b->machine->name,
                         w->from, w->to ? w->to : "");
    return device_attach(to, w->input, from, e) ||
           error_prefix(e, "%s: %s", b->machine->name, w->from);
}

bool wires_add(struct wire_set *set, struct board *b, const struct machine_wire *w, struct error *e)
{
    struct device *from = board_device(b, w->from, 0);
    if (!from)
        return error_set(e, "%s: a wire starts at '%s', which is no device", b->machine->name,
                         w->from);
    if (w->target == WIRE_ATTACH)
        return attach(b, w, from, e);
    for (unsigned i = 0; i < (w->count ? w->count : 1u); i++) {
        struct wire wire = {.dev = from, .output = w->output + i};
        if (!find_end(b, w, w->input + i, &wire, e) || !append(set, b, wire, e))
            return false;
    }
    return true;
}

/* ---- gates ----------------------------------------------------------------------------------- */

static bool same_end(const struct wire *a, const struct wire *b)
{
    return a->target == b->target && a->object == b->object && a->number == b->number &&
           a->target != WIRE_CLOCK && a->target != WIRE_CPU_CLOCK;
}

static void *gate_new(struct board *b, size_t size)
{
    struct board_private *p = b->private_data;
    void *gate = arena_alloc(&p->gates, size);
    memset(gate, 0, size);
    return gate;
}

/* Wire @first and those after it with the same end: each gets an input of an OR. More than its
 * inputs: gates in a chain. */
static void join_ends(struct wire_set *set, struct board *b, unsigned first)
{
    struct irq_or *gate = NULL;
    struct wire first_wire = set->wires[first];
    unsigned used = 1;
    for (unsigned i = first + 1; i < set->count; i++) {
        if (!same_end(&first_wire, &set->wires[i]))
            continue;
        if (!gate) {
            gate = gate_new(b, sizeof(*gate));
            gate->out = first_wire.line;
            set->wires[first].line = irq_or_input(gate, 0);
        }
        if (used == IRQ_OR_MAX) {
            struct irq_or *next = gate_new(b, sizeof(*next));
            next->out = irq_or_input(gate, IRQ_OR_MAX - 1);
            gate = next;
            used = 0;
        }
        set->wires[i].line = irq_or_input(gate, (int)used++);
        if (used == IRQ_OR_MAX - 1)
            used = IRQ_OR_MAX; /* the last input is kept for a further gate */
        set->wires[i].object = &set->wires[i]; /* joined already */
    }
}

/* Connect the output of wire @first to it and to the wires after it from the same output. */
static void connect_output(struct wire_set *set, struct board *b, unsigned first)
{
    const struct wire *w = &set->wires[first];
    struct irq_split *split = NULL;
    unsigned used = 0;
    device_connect(w->dev, w->output, w->line);
    for (unsigned i = first + 1; i < set->count; i++) {
        struct wire *other = &set->wires[i];
        if (other->dev != w->dev || other->output != w->output)
            continue;
        if (!split || used == IRQ_SPLIT_MAX) {
            struct irq_split *more = gate_new(b, sizeof(*more));
            more->out[0] = split ? split->out[IRQ_SPLIT_MAX - 1] : w->line;
            if (split)
                split->out[IRQ_SPLIT_MAX - 1] = irq_split_input(more);
            else
                device_connect(w->dev, w->output, irq_split_input(more));
            split = more;
            used = 1;
        }
        split->out[used++] = other->line;
        other->dev = NULL; /* connected already */
    }
}

/* Users' boards may wire devices in a circle. */
static void guard_inputs(struct wire_set *set, struct board *b)
{
    struct irq_wave *wave = gate_new(b, sizeof(*wave));
    for (unsigned i = 0; i < set->count; i++) {
        struct wire *w = &set->wires[i];
        if (w->target != WIRE_DEVICE)
            continue;
        struct irq_guard *guard = gate_new(b, sizeof(*guard));
        guard->out = w->line;
        guard->wave = wave;
        guard->name = w->dev->name;
        w->line = irq_guard_input(guard);
    }
}

void wires_connect(struct wire_set *set, struct board *b)
{
    guard_inputs(set, b);
    for (unsigned i = 0; i < set->count; i++)
        if (set->wires[i].object != &set->wires[i])
            join_ends(set, b, i);
    for (unsigned i = 0; i < set->count; i++)
        if (set->wires[i].dev)
            connect_output(set, b, i);
}
