/* GICv2 (ARM IHI 0048B): interrupt states, priorities and signalling; creation. */
#include <assert.h>
#include <string.h>

#include "devices/intc/gicv2_internal.h"

static struct gicv2 *gic_of(struct device *dev)
{
    assert(dev->class == &gicv2_class);
    return (struct gicv2 *)dev;
}

/* ---- priorities (section 3.3) ---- */

/** The bits of a priority that decide about preemption: section 3.3.3. The binary point of group 1
 * counts one bit further down than that of group 0, except where CBPR shares the latter. */
static unsigned group_priority_mask(const struct gicv2 *g, unsigned cpu, bool group1)
{
    unsigned bpr = g->bpr[cpu];
    if (group1 && !(g->cpu_ctlr[cpu] & GICC_CBPR))
        bpr = g->abpr[cpu] - 1;
    return (~0u << (bpr + 1)) & 0xff;
}

unsigned gic_running_priority(const struct gicv2 *g, unsigned cpu)
{
    for (unsigned w = 0; w < GIC_APR_WORDS; w++) {
        uint32_t bits = g->apr[cpu * GIC_APR_WORDS + w] | g->nsapr[cpu * GIC_APR_WORDS + w];
        if (bits)
            return 2 * (w * 32 + (unsigned)__builtin_ctz(bits));
    }
    return GIC_IDLE_PRIORITY;
}

bool gic_best_is_signalled(const struct gicv2 *g, unsigned cpu)
{
    unsigned irq = g->best[cpu];
    if (irq == GIC_SPURIOUS)
        return false;
    bool group1 = gic_slot_test(g->group, gic_slot(cpu, irq));
    unsigned priority = g->best_priority[cpu];
    return (g->cpu_ctlr[cpu] & (group1 ? GICC_ENABLE_GRP1 : GICC_ENABLE_GRP0)) &&
           priority < g->pmr[cpu] &&
           (priority & group_priority_mask(g, cpu, group1)) < gic_running_priority(g, cpu);
}

/* ---- the best pending interrupt ---- */

static void drive_outputs(struct gicv2 *g, unsigned cpu)
{
    uint8_t out = 0;
    if (gic_best_is_signalled(g, cpu)) {
        bool group1 = gic_slot_test(g->group, gic_slot(cpu, g->best[cpu]));
        bool fiq = !group1 && (g->cpu_ctlr[cpu] & GICC_FIQ_EN);
        out = fiq ? BIT(GICV2_FIQ) : BIT(GICV2_IRQ);
    }
    uint8_t changed = out ^ g->out[cpu];
    g->out[cpu] = out;
    for (unsigned n = 0; n < GICV2_OUTPUTS_PER_CPU; n++) {
        if (bit_get(changed, n))
            irq_set(&g->base.output[cpu * GICV2_OUTPUTS_PER_CPU + n], (int)bit_get(out, n));
    }
}

/** Bits of @word that the distributor forwards to @cpu: @w is the word as the CPU counts. */
static uint32_t candidates(const struct gicv2 *g, unsigned cpu, unsigned w)
{
    unsigned word = gic_word(cpu, w);
    uint32_t bits = gic_pending_word(g, word) & g->enabled[word] & ~g->active[word];
    if (w)
        bits &= g->target_map[cpu][w - 1];
    if (!(g->ctlr & GICD_ENABLE_GRP0))
        bits &= g->group[word];
    if (!(g->ctlr & GICD_ENABLE_GRP1))
        bits &= ~g->group[word];
    return bits;
}

void gic_update_cpu(struct gicv2 *g, unsigned cpu)
{
    unsigned best = GIC_SPURIOUS, best_priority = GIC_IDLE_PRIORITY;
    for (unsigned w = 0; w < g->words; w++) {
        const uint8_t *priority = &g->priority[gic_word(cpu, w) * 32];
        for (uint32_t bits = candidates(g, cpu, w); bits; bits &= bits - 1) {
            unsigned n = (unsigned)__builtin_ctz(bits);
            if (priority[n] < best_priority) { /* equal priorities: the lowest ID wins */
                best_priority = priority[n];
                best = w * 32 + n;
            }
        }
    }
    g->best[cpu] = (uint16_t)best;
    g->best_priority[cpu] = (uint16_t)best_priority;
    drive_outputs(g, cpu);
}

void gic_update_all(struct gicv2 *g)
{
    for (unsigned cpu = 0; cpu < g->num_cpus; cpu++)
        gic_update_cpu(g, cpu);
}

void gic_update_irq(struct gicv2 *g, unsigned cpu, unsigned irq)
{
    if (irq < GIC_PRIVATE) {
        gic_update_cpu(g, cpu);
        return;
    }
    uint32_t cpus = g->num_cpus == 1 ? 1 : g->target[irq - GIC_PRIVATE];
    for (; cpus; cpus &= cpus - 1)
        gic_update_cpu(g, (unsigned)__builtin_ctz(cpus));
}

/* ---- changes of state ---- */

void gic_set_target(struct gicv2 *g, unsigned irq, uint8_t mask)
{
    unsigned n = irq - GIC_PRIVATE;
    mask &= (uint8_t)(BIT(g->num_cpus) - 1);
    g->target[n] = mask;
    if (g->num_cpus == 1)
        mask = 1; /* section 4.3.12: everything goes to the one CPU */
    for (unsigned cpu = 0; cpu < g->num_cpus; cpu++)
        gic_slot_put(g->target_map[cpu], n, bit_get(mask, cpu));
}

void gic_send_sgi(struct gicv2 *g, unsigned source, unsigned cpu, unsigned id)
{
    g->sgi_source[cpu * GIC_SGIS + id] |= (uint8_t)BIT(source);
    gic_slot_put(g->pending, gic_slot(cpu, id), true);
}

uint32_t gic_acknowledge(struct gicv2 *g, unsigned cpu, unsigned irq)
{
    unsigned slot = gic_slot(cpu, irq);
    bool group1 = gic_slot_test(g->group, slot);
    unsigned level = (g->priority[slot] & group_priority_mask(g, cpu, group1)) / 2;
    uint32_t *apr = (group1 ? g->nsapr : g->apr) + cpu * GIC_APR_WORDS;
    uint32_t value = irq;
    bool still_pending = false;

    gic_slot_put(apr, level, true);
    if (irq < GIC_SGIS) {
        uint8_t *sources = &g->sgi_source[cpu * GIC_SGIS + irq];
        unsigned source = *sources ? (unsigned)__builtin_ctz(*sources) : 0;
        *sources &= (uint8_t)~BIT(source);
        still_pending = *sources != 0;
        value |= source << 10;
    }
    gic_slot_put(g->pending, slot, still_pending);
    gic_slot_put(g->active, slot, true);
    gic_update_irq(g, cpu, irq); /* @cpu is among its targets */
    return value;
}

void gic_priority_drop(struct gicv2 *g, unsigned cpu, bool group1)
{
    uint32_t *apr = (group1 ? g->nsapr : g->apr) + cpu * GIC_APR_WORDS;
    for (unsigned w = 0; w < GIC_APR_WORDS; w++) {
        if (apr[w]) {
            apr[w] &= apr[w] - 1;
            break;
        }
    }
    gic_update_cpu(g, cpu);
}

void gic_deactivate(struct gicv2 *g, unsigned cpu, unsigned irq)
{
    gic_slot_put(g->active, gic_slot(cpu, irq), false);
    gic_update_irq(g, cpu, irq);
}

/* ---- inputs ---- */

static void gic_input(struct device *dev, unsigned n, int level)
{
    struct gicv2 *g = gic_of(dev);
    unsigned shared = g->num_irqs - GIC_PRIVATE;
    unsigned cpu = n < shared ? 0 : (n - shared) / GIC_PRIVATE;
    unsigned irq = n < shared ? n + GIC_PRIVATE : (n - shared) % GIC_PRIVATE;
    unsigned slot = gic_slot(cpu, irq);
    if (gic_slot_test(g->level, slot) == (level != 0))
        return;
    gic_slot_put(g->level, slot, level);
    if (level && gic_slot_test(g->edge, slot))
        gic_slot_put(g->pending, slot, true);
    gic_update_irq(g, cpu, irq);
}

struct irq_line gicv2_spi(struct device *gic, unsigned spi)
{
    assert(spi < gic_of(gic)->num_irqs - GIC_PRIVATE);
    return device_input(gic, spi);
}

struct irq_line gicv2_ppi(struct device *gic, unsigned cpu, unsigned id)
{
    struct gicv2 *g = gic_of(gic);
    assert(cpu < g->num_cpus && id >= GIC_SGIS && id < GIC_PRIVATE);
    return device_input(gic, g->num_irqs - GIC_PRIVATE + cpu * GIC_PRIVATE + id);
}

void gicv2_connect_cpu(struct device *gic, unsigned cpu, enum gicv2_output which,
                       struct irq_line line)
{
    assert(cpu < gic_of(gic)->num_cpus && which < GICV2_OUTPUTS_PER_CPU);
    device_connect(gic, cpu * GICV2_OUTPUTS_PER_CPU + which, line);
}

/* ---- life ---- */

static void gic_reset(struct device *dev)
{
    struct gicv2 *g = gic_of(dev);
    uint32_t level[GIC_STATE_WORDS];
    memcpy(level, g->level, sizeof(level)); /* belongs to whoever drives the inputs */
    for (unsigned i = 0; i < dev->state->count; i++) {
        const struct field *f = &dev->state->fields[i];
        memset((char *)dev + f->offset, 0, (size_t)f->size * f->count);
    }
    memcpy(g->level, level, sizeof(level));
    for (unsigned cpu = 0; cpu < GICV2_MAX_CPUS; cpu++) {
        g->enabled[cpu] = BIT(GIC_SGIS) - 1;
        g->edge[cpu] = BIT(GIC_SGIS) - 1;
        g->abpr[cpu] = 1;
    }
    for (unsigned irq = GIC_PRIVATE; irq < g->num_irqs; irq++)
        gic_set_target(g, irq, 0);
    gic_update_all(g);
}

static void gic_loaded(struct device *dev)
{
    struct gicv2 *g = gic_of(dev);
    for (unsigned irq = GIC_PRIVATE; irq < g->num_irqs; irq++)
        gic_set_target(g, irq, g->target[irq - GIC_PRIVATE]);
    for (unsigned cpu = 0; cpu < g->num_cpus; cpu++) {
        /* A loaded value could make a mask out of range of the shifts. */
        g->bpr[cpu] &= 7;
        g->abpr[cpu] = g->abpr[cpu] & 7 ? g->abpr[cpu] & 7 : 1;
        for (unsigned n = 0; n < GICV2_OUTPUTS_PER_CPU; n++)
            irq_lower(&dev->output[cpu * GICV2_OUTPUTS_PER_CPU + n]);
        g->out[cpu] = 0; /* the update raises what is high */
    }
    gic_update_all(g);
}

static const struct field gic_fields[] = {
    FIELD(struct gicv2, ctlr),         FIELD_ARRAY(struct gicv2, group),
    FIELD_ARRAY(struct gicv2, enabled),  FIELD_ARRAY(struct gicv2, pending),
    FIELD_ARRAY(struct gicv2, active),   FIELD_ARRAY(struct gicv2, level),
    FIELD_ARRAY(struct gicv2, edge),     FIELD_ARRAY(struct gicv2, priority),
    FIELD_ARRAY(struct gicv2, target),   FIELD_ARRAY(struct gicv2, sgi_source),
    FIELD_ARRAY(struct gicv2, nsacr),    FIELD_ARRAY(struct gicv2, cpu_ctlr),
    FIELD_ARRAY(struct gicv2, pmr),      FIELD_ARRAY(struct gicv2, bpr),
    FIELD_ARRAY(struct gicv2, abpr),     FIELD_ARRAY(struct gicv2, apr),
    FIELD_ARRAY(struct gicv2, nsapr),
};

static const struct field_list gic_state = {
    "gicv2", sizeof(struct gicv2), gic_fields, ARRAY_SIZE(gic_fields)};

static void print_irq(const struct gicv2 *g, unsigned cpu, unsigned irq, FILE *out)
{
    unsigned slot = gic_slot(cpu, irq), word = slot / 32;
    bool enabled = gic_slot_test(g->enabled, slot), active = gic_slot_test(g->active, slot);
    bool pending = gic_pending_word(g, word) >> (slot % 32) & 1,
         high = gic_slot_test(g->level, slot);
    if (!enabled && !pending && !active && !high)
        return;
    fprintf(out, "  %4u ", irq);
    if (irq < 32)
        fprintf(out, "cpu %u   ", cpu);
    else
        fprintf(out, "cpus %02x ", g->target[irq - 32]);
    fprintf(out, "priority %02x%s%s%s%s%s\n", g->priority[slot], enabled ? " enabled" : "",
            pending ? " pending" : "", active ? " active" : "", high ? " high" : "",
            gic_slot_test(g->edge, slot) ? " edge" : "");
}

/* The interrupts that are enabled or have something to say. */
static void gic_print(struct device *dev, FILE *out)
{
    const struct gicv2 *g = gic_of(dev);
    for (unsigned cpu = 0; cpu < g->num_cpus; cpu++)
        for (unsigned irq = 0; irq < 32; irq++)
            print_irq(g, cpu, irq, out);
    for (unsigned irq = 32; irq < g->num_irqs; irq++)
        print_irq(g, 0, irq, out);
}

static const struct device_ops gic_ops = {
    .reset = gic_reset,
    .print = gic_print,
    .input = gic_input,
    .loaded = gic_loaded,
};

static struct device *gic_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    const struct gicv2_config *c = config;
    if (c->num_cpus < 1 || c->num_cpus > GICV2_MAX_CPUS) {
        error_set(e, "%s: num_cpus must be 1 to %d, not %u", name, GICV2_MAX_CPUS, c->num_cpus);
        return NULL;
    }
    if (c->num_irqs < GIC_PRIVATE || c->num_irqs > GICV2_MAX_IRQS) {
        error_set(e, "%s: num_irqs must be %d to %d, not %u", name, GIC_PRIVATE, GICV2_MAX_IRQS,
                  c->num_irqs);
        return NULL;
    }
    unsigned inputs = c->num_irqs - GIC_PRIVATE + c->num_cpus * GIC_PRIVATE;
    struct gicv2 *g = device_alloc(sizeof(*g), name, &gicv2_class, &gic_ops, &gic_state, inputs,
                                   c->num_cpus * GICV2_OUTPUTS_PER_CPU);
    g->num_cpus = c->num_cpus;
    g->num_irqs = c->num_irqs;
    g->words = (c->num_irqs + 31) / 32;
    g->security = c->security;
    device_add_region(&g->base, "distributor", 0x1000, &gic_dist_ops);
    device_add_region(&g->base, "cpu", 0x2000, &gic_cpu_ops);
    if (g->security) {
        device_add_region(&g->base, "distributor-ns", 0x1000, &gic_dist_ns_ops);
        device_add_region(&g->base, "cpu-ns", 0x2000, &gic_cpu_ns_ops);
    }
    gic_reset(&g->base);
    return &g->base;
}

static const struct property gic_properties[] = {
    PROPERTY(U32, struct gicv2_config, num_cpus, 1, GICV2_MAX_CPUS, "CPUs"),
    PROPERTY(U32, struct gicv2_config, num_irqs, 288, GICV2_MAX_IRQS,
             "interrupts, with the 32 private ones"),
    PROPERTY(BOOL, struct gicv2_config, security, 0, 0, "Security Extensions"),
};

const struct device_class gicv2_class = {
    .name = "gicv2",
    .help = "Arm Generic Interrupt Controller version 2",
    .properties = gic_properties,
    .property_count = ARRAY_SIZE(gic_properties),
    .config_size = sizeof(struct gicv2_config),
    .create = gic_create,
};
