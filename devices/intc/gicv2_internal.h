/* Inside the GICv2: state, and what its three files call of each other. gicv2.c holds the interrupt
 * states and the choice of the best one, gicv2_dist.c the distributor's registers, gicv2_cpu.c the
 * CPU interface's. The virtual interface (GICH, GICV) would be one more such file and window. */
#ifndef ARMEMU_DEVICES_INTC_GICV2_INTERNAL_H
#define ARMEMU_DEVICES_INTC_GICV2_INTERNAL_H

#include "devices/core/regs.h"
#include "devices/intc/gicv2.h"
#include "util/bits.h"

#define GIC_SGIS 16
#define GIC_PRIVATE 32 /* SGIs and PPIs, banked by CPU */
#define GIC_SPURIOUS 1023
#define GIC_SPURIOUS_GROUP1 1022 /* group 1 is pending, but this register does not hand it out */
#define GIC_IDLE_PRIORITY 0x100  /* lower than every priority */
#define GIC_APR_WORDS 4          /* 128 preemption levels */

/* Interrupt states are bit maps of words: first the private word of each CPU, then the words of the
 * shared interrupts. A slot is a bit's number in this order. */
#define GIC_SHARED_WORDS 31
#define GIC_STATE_WORDS (GICV2_MAX_CPUS + GIC_SHARED_WORDS)
#define GIC_SLOTS (GIC_STATE_WORDS * 32)

enum { GICD_ENABLE_GRP0 = 1, GICD_ENABLE_GRP1 = 2 };

enum {
    GICC_ENABLE_GRP0 = BIT(0),
    GICC_ENABLE_GRP1 = BIT(1),
    GICC_ACK_CTL = BIT(2),
    GICC_FIQ_EN = BIT(3),
    GICC_CBPR = BIT(4),
    GICC_EOI_MODE = BIT(9),     /* for secure accesses, or all without security */
    GICC_EOI_MODE_NS = BIT(10), /* for non-secure accesses */
};

struct gicv2 {
    struct device base;
    /* configuration */
    unsigned num_cpus, num_irqs, words; /* words: of 32 interrupts, as one CPU sees them */
    bool security;
    /* distributor */
    uint32_t ctlr;
    uint32_t group[GIC_STATE_WORDS];   /* 1: group 1 */
    uint32_t enabled[GIC_STATE_WORDS];
    uint32_t pending[GIC_STATE_WORDS]; /* latched: edges, software, SGIs */
    uint32_t active[GIC_STATE_WORDS];
    uint32_t level[GIC_STATE_WORDS];   /* of the inputs */
    uint32_t edge[GIC_STATE_WORDS];    /* 1: edge-triggered */
    uint8_t priority[GIC_SLOTS];
    uint8_t target[GIC_SHARED_WORDS * 32];             /* CPU mask; index is ID - 32 */
    uint8_t sgi_source[GICV2_MAX_CPUS * GIC_SGIS];     /* CPUs that sent it; by target, SGI */
    uint32_t nsacr[2 * GIC_STATE_WORDS];           /* 2 bits each, by slot */
    /* CPU interfaces */
    uint32_t cpu_ctlr[GICV2_MAX_CPUS];
    uint32_t pmr[GICV2_MAX_CPUS];
    uint32_t bpr[GICV2_MAX_CPUS];  /* group 0 */
    uint32_t abpr[GICV2_MAX_CPUS]; /* group 1 */
    uint32_t apr[GICV2_MAX_CPUS * GIC_APR_WORDS];   /* active priorities of group 0 */
    uint32_t nsapr[GICV2_MAX_CPUS * GIC_APR_WORDS]; /* of group 1 */
    /* derived */
    uint32_t target_map[GICV2_MAX_CPUS][GIC_SHARED_WORDS]; /* `target` turned around */
    uint16_t best[GICV2_MAX_CPUS];       /* highest-priority pending interrupt or 1023 */
    uint16_t best_priority[GICV2_MAX_CPUS];
    uint8_t out[GICV2_MAX_CPUS]; /* levels of the outputs: bit 0 IRQ, bit 1 FIQ */
};

/* Register hooks learn of non-secure accesses by this bit in reg_access.cpu_index. */
#define GIC_NS 0x100u

static inline unsigned gic_access_cpu(const struct reg_access *a)
{
    return a->cpu_index & ~GIC_NS;
}

static inline bool gic_access_ns(const struct reg_access *a)
{
    return a->cpu_index & GIC_NS;
}

/** Index in the bit maps of word @w (of 32 interrupts) as seen by @cpu. */
static inline unsigned gic_word(unsigned cpu, unsigned w)
{
    return w ? GICV2_MAX_CPUS - 1 + w : cpu;
}

static inline unsigned gic_slot(unsigned cpu, unsigned irq)
{
    return gic_word(cpu, irq / 32) * 32 + irq % 32;
}

static inline bool gic_slot_test(const uint32_t *map, unsigned slot)
{
    return bit_get(map[slot / 32], slot % 32);
}

static inline void gic_slot_put(uint32_t *map, unsigned slot, bool value)
{
    uint32_t bit = BIT(slot % 32);
    map[slot / 32] = value ? map[slot / 32] | bit : map[slot / 32] & ~bit;
}

/** Pending for whatever reason: latched, or an asserted level-sensitive input. */
static inline uint32_t gic_pending_word(const struct gicv2 *g, unsigned word)
{
    return g->pending[word] | (g->level[word] & ~g->edge[word]);
}

/** Recompute the best interrupt of one CPU, or all, and drive their outputs. To be called after
 * every change of what it depends on. */
void gic_update_cpu(struct gicv2 *g, unsigned cpu);
void gic_update_all(struct gicv2 *g);
/** Only for the CPUs that interrupt @irq (of @cpu, where private) may go to. */
void gic_update_irq(struct gicv2 *g, unsigned cpu, unsigned irq);
/** Set the CPU mask of a shared interrupt, and the derived maps. */
void gic_set_target(struct gicv2 *g, unsigned irq, uint8_t mask);
/** Make SGI @id from @source pending on @cpu. */
void gic_send_sgi(struct gicv2 *g, unsigned source, unsigned cpu, unsigned id);

/** The highest active (preemption) priority of @cpu, GIC_IDLE_PRIORITY if there is none. */
unsigned gic_running_priority(const struct gicv2 *g, unsigned cpu);
/** Is the best interrupt of @cpu enabled at the interface and of sufficient priority? */
bool gic_best_is_signalled(const struct gicv2 *g, unsigned cpu);
/** Pending becomes active: returns the value for the acknowledge register. */
uint32_t gic_acknowledge(struct gicv2 *g, unsigned cpu, unsigned irq);
/** Drop the highest active priority of a group. */
void gic_priority_drop(struct gicv2 *g, unsigned cpu, bool group1);
void gic_deactivate(struct gicv2 *g, unsigned cpu, unsigned irq);

extern const struct reg_table gic_dist_table, gic_cpu_table;
extern const struct region_ops gic_dist_ops, gic_dist_ns_ops, gic_cpu_ops, gic_cpu_ns_ops;

#endif
