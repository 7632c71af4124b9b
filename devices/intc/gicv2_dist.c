/* GICv2 (ARM IHI 0048B), section 4.3: the distributor's registers. */
#include <assert.h>

#include "devices/intc/gicv2_internal.h"
#include "util/log.h"

static struct gicv2 *gic_of(struct device *dev)
{
    return (struct gicv2 *)dev;
}

/** Bits of word @w that stand for interrupts which exist and which the access may see: non-secure
 * accesses see only group 1. */
static uint32_t visible(const struct gicv2 *g, const struct reg_access *a, unsigned w)
{
    if (w >= g->words)
        return 0;
    unsigned last = g->num_irqs - 32 * w;
    uint32_t mask = last >= 32 ? UINT32_MAX : BIT(last) - 1;
    return gic_access_ns(a) ? mask & g->group[gic_word(gic_access_cpu(a), w)] : mask;
}

static bool irq_visible(const struct gicv2 *g, const struct reg_access *a, unsigned irq)
{
    return bit_get(visible(g, a, irq / 32), irq % 32);
}

/* ---- control and identification ---- */

static uint32_t ctlr_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    return gic_access_ns(a) ? bit_get(g->ctlr, 1) : g->ctlr;
}

static void ctlr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    if (gic_access_ns(a))
        g->ctlr = (g->ctlr & GICD_ENABLE_GRP0) | (value & 1 ? GICD_ENABLE_GRP1 : 0);
    else
        g->ctlr = value & (GICD_ENABLE_GRP0 | GICD_ENABLE_GRP1);
    gic_update_all(g);
}

static uint32_t typer_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    return (g->words - 1) | (g->num_cpus - 1) << 5 | (g->security ? BIT(10) : 0);
}

/* ---- one bit per interrupt ---- */

static uint32_t group_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    if (gic_access_ns(a))
        return 0;
    return g->group[gic_word(gic_access_cpu(a), a->index)] & visible(g, a, a->index);
}

static void group_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    if (gic_access_ns(a))
        return;
    g->group[gic_word(gic_access_cpu(a), a->index)] = value & visible(g, a, a->index);
    gic_update_all(g);
}

/** The bit map that a pair of set and clear registers works on. */
static uint32_t *access_map(struct gicv2 *g, const struct reg_access *a, uint32_t *map)
{
    return &map[gic_word(gic_access_cpu(a), a->index)];
}

static uint32_t enabled_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    return *access_map(g, a, g->enabled) & visible(g, a, a->index);
}

static void enabled_set(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    *access_map(g, a, g->enabled) |= value & visible(g, a, a->index);
    gic_update_all(g);
}

static void enabled_clear(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    if (a->index == 0)
        value &= ~(BIT(GIC_SGIS) - 1); /* SGIs are always enabled, as on GIC-400 */
    *access_map(g, a, g->enabled) &= ~(value & visible(g, a, a->index));
    gic_update_all(g);
}

static uint32_t pending_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    unsigned word = gic_word(gic_access_cpu(a), a->index);
    return gic_pending_word(g, word) & visible(g, a, a->index);
}

/** SGIs are read-only in the pending registers (4.3.7): they have registers of their own. */
static uint32_t pending_writable(const struct gicv2 *g, const struct reg_access *a)
{
    return visible(g, a, a->index) & (a->index ? UINT32_MAX : ~(BIT(GIC_SGIS) - 1));
}

static void pending_set(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    *access_map(g, a, g->pending) |= value & pending_writable(g, a);
    gic_update_all(g);
}

static void pending_clear(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    *access_map(g, a, g->pending) &= ~(value & pending_writable(g, a));
    gic_update_all(g);
}

static uint32_t active_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    return *access_map(g, a, g->active) & visible(g, a, a->index);
}

static void active_set(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    *access_map(g, a, g->active) |= value & visible(g, a, a->index);
    gic_update_all(g);
}

static void active_clear(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    *access_map(g, a, g->active) &= ~(value & visible(g, a, a->index));
    gic_update_all(g);
}

/* ---- one byte per interrupt ---- */

static uint32_t priority_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    if (!irq_visible(g, a, a->index))
        return 0;
    uint8_t priority = g->priority[gic_slot(gic_access_cpu(a), a->index)];
    return gic_access_ns(a) ? (priority << 1) & 0xff : priority;
}

static void priority_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    if (!irq_visible(g, a, a->index))
        return;
    if (gic_access_ns(a)) /* section 3.8.1: non-secure software has the lower half of the range */
        value = 0x80 | value >> 1;
    g->priority[gic_slot(gic_access_cpu(a), a->index)] = (uint8_t)value;
    gic_update_irq(g, gic_access_cpu(a), a->index);
}

static uint32_t target_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    if (g->num_cpus == 1 || !irq_visible(g, a, a->index))
        return 0;
    if (a->index < GIC_PRIVATE)
        return BIT(gic_access_cpu(a));
    return g->target[a->index - GIC_PRIVATE];
}

static void target_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    if (g->num_cpus == 1 || a->index < GIC_PRIVATE || !irq_visible(g, a, a->index))
        return;
    gic_set_target(g, a->index, (uint8_t)value);
    gic_update_all(g);
}

/* ---- two bits per interrupt ---- */

/** Every second bit of the half word @half, from the 16 bits of @bits that belong to it. */
static uint32_t spread(uint32_t bits, unsigned half)
{
    uint32_t value = 0;
    for (unsigned n = 0; n < 16; n++)
        value |= bit_get(bits, half * 16 + n) << (2 * n + 1);
    return value;
}

static uint32_t icfgr_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    unsigned w = a->index / 2;
    uint32_t mask = visible(g, a, w);
    return mask ? spread(g->edge[gic_word(gic_access_cpu(a), w)] & mask, a->index % 2) : 0;
}

static void icfgr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    unsigned w = a->index / 2, half = a->index % 2;
    uint32_t mask = visible(g, a, w), bits = 0;
    if (a->index == 0 || !mask)
        return; /* SGIs are edge-triggered for good */
    for (unsigned n = 0; n < 16; n++)
        bits |= bit_get(value, 2 * n + 1) << (half * 16 + n);
    mask &= 0xffffu << (half * 16);
    uint32_t *edge = &g->edge[gic_word(gic_access_cpu(a), w)];
    *edge = (*edge & ~mask) | (bits & mask);
    gic_update_all(g);
}

static uint32_t *nsacr_word(struct gicv2 *g, const struct reg_access *a)
{
    return &g->nsacr[2 * gic_word(gic_access_cpu(a), a->index / 2) + a->index % 2];
}

static uint32_t nsacr_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    return g->security && !gic_access_ns(a) && a->index / 2 < g->words ? *nsacr_word(g, a) : 0;
}

/* The register keeps what is written, but grants nothing to non-secure software. */
static void nsacr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    if (g->security && !gic_access_ns(a) && a->index / 2 < g->words)
        *nsacr_word(g, a) = value;
}

/* ---- software-generated interrupts ---- */

enum sgi_filter { SGI_TO_LIST, SGI_TO_OTHERS, SGI_TO_SELF };

static void sgir_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    unsigned self = gic_access_cpu(a), id = bits_get(value, 0, 4);
    uint32_t all = BIT(g->num_cpus) - 1;
    uint32_t to_filter[] = {
        [SGI_TO_LIST] = bits_get(value, 16, 8) & all,
        [SGI_TO_OTHERS] = all & ~BIT(self),
        [SGI_TO_SELF] = BIT(self),
        [3] = 0,
    };
    uint32_t cpus = to_filter[bits_get(value, 24, 2)];
    for (; cpus; cpus &= cpus - 1) {
        unsigned cpu = (unsigned)__builtin_ctz(cpus);
        bool group1 = gic_slot_test(g->group, gic_slot(cpu, id));
        /* Table 4-21: a non-secure write reaches group 1 only, a secure one the group of NSATT. */
        bool wanted = gic_access_ns(a) || bit_get(value, 15);
        if (g->security && group1 != wanted)
            continue;
        gic_send_sgi(g, self, cpu, id);
        gic_update_cpu(g, cpu);
    }
}

static uint8_t *sgi_sources(struct gicv2 *g, const struct reg_access *a)
{
    return &g->sgi_source[gic_access_cpu(a) * GIC_SGIS + a->index];
}

static uint32_t sgi_pending_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    return irq_visible(g, a, a->index) ? *sgi_sources(g, a) : 0;
}

static void sgi_pending_put(struct gicv2 *g, const struct reg_access *a, uint32_t sources)
{
    unsigned cpu = gic_access_cpu(a);
    if (!irq_visible(g, a, a->index))
        return;
    *sgi_sources(g, a) = (uint8_t)(sources & (BIT(g->num_cpus) - 1));
    gic_slot_put(g->pending, gic_slot(cpu, a->index), *sgi_sources(g, a) != 0);
    gic_update_cpu(g, cpu);
}

static void sgi_pending_set(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    sgi_pending_put(g, a, *sgi_sources(g, a) | value);
}

static void sgi_pending_clear(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    sgi_pending_put(g, a, *sgi_sources(g, a) & ~value);
}

/* ---- the table ---- */

static const struct reg dist_rows[] = {
    {"GICD_CTLR", 0x000, .read = ctlr_read, .write = ctlr_write},
    {"GICD_TYPER", 0x004, .read = typer_read},
    {"GICD_IIDR", 0x008, .reset = 0x0200143b},
    {"GICD_IGROUPR", 0x080, 32, .read = group_read, .write = group_write},
    {"GICD_ISENABLER", 0x100, 32, .read = enabled_read, .write = enabled_set},
    {"GICD_ICENABLER", 0x180, 32, .read = enabled_read, .write = enabled_clear},
    {"GICD_ISPENDR", 0x200, 32, .read = pending_read, .write = pending_set},
    {"GICD_ICPENDR", 0x280, 32, .read = pending_read, .write = pending_clear},
    {"GICD_ISACTIVER", 0x300, 32, .read = active_read, .write = active_set},
    {"GICD_ICACTIVER", 0x380, 32, .read = active_read, .write = active_clear},
    {"GICD_IPRIORITYR", 0x400, 1020, 1, .read = priority_read, .write = priority_write},
    {"GICD_ITARGETSR", 0x800, 1020, 1, .read = target_read, .write = target_write},
    {"GICD_ICFGR", 0xc00, 64, .read = icfgr_read, .write = icfgr_write},
    {"GICD_NSACR", 0xe00, 64, .read = nsacr_read, .write = nsacr_write},
    {"GICD_SGIR", 0xf00, .flags = REG_WRITE_ONLY, .write = sgir_write},
    {"GICD_CPENDSGIR", 0xf10, 16, 1, .read = sgi_pending_read, .write = sgi_pending_clear},
    {"GICD_SPENDSGIR", 0xf20, 16, 1, .read = sgi_pending_read, .write = sgi_pending_set},
    {"GICD_PIDR4", 0xfd0, .reset = 0x04},
    {"GICD_PIDR5", 0xfd4, 3, .reset = 0x00},
    {"GICD_PIDR0", 0xfe0, .reset = 0x90},
    {"GICD_PIDR1", 0xfe4, .reset = 0xb4},
    {"GICD_PIDR2", 0xfe8, .reset = 0x2b},
    {"GICD_PIDR3", 0xfec, .reset = 0x00},
    {"GICD_CIDR0", 0xff0, .reset = 0x0d},
    {"GICD_CIDR1", 0xff4, .reset = 0xf0},
    {"GICD_CIDR2", 0xff8, .reset = 0x05},
    {"GICD_CIDR3", 0xffc, .reset = 0xb1},
};

const struct reg_table gic_dist_table = {dist_rows, ARRAY_SIZE(dist_rows), .narrow = false};

static uint64_t dist_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    assert(cpu_index < gic_of(dev)->num_cpus);
    return regs_read(dev, &gic_dist_table, cpu_index, offset, size);
}

static void dist_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                       uint64_t value)
{
    assert(cpu_index < gic_of(dev)->num_cpus);
    regs_write(dev, &gic_dist_table, cpu_index, offset, size, value);
}

static uint64_t dist_ns_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    assert(cpu_index < gic_of(dev)->num_cpus);
    return regs_read(dev, &gic_dist_table, cpu_index | GIC_NS, offset, size);
}

static void dist_ns_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                          uint64_t value)
{
    assert(cpu_index < gic_of(dev)->num_cpus);
    regs_write(dev, &gic_dist_table, cpu_index | GIC_NS, offset, size, value);
}

const struct region_ops gic_dist_ops = {dist_read, dist_write, .min_size = 1, .max_size = 4};
const struct region_ops gic_dist_ns_ops = {dist_ns_read, dist_ns_write, .min_size = 1,
                                           .max_size = 4};
