/* GICv2 (ARM IHI 0048B), section 4.4: the CPU interface's registers. */
#include <assert.h>

#include "devices/intc/gicv2_internal.h"
#include "util/log.h"

static struct gicv2 *gic_of(struct device *dev)
{
    return (struct gicv2 *)dev;
}

/* ---- control, masks and binary points ---- */

/* Non-secure GICC_CTLR in terms of the register's full layout: enable, bypass bits, EOI mode. */
#define CTLR_NS_BYPASS (BIT(7) | BIT(8))
#define CTLR_NS_MASK (GICC_ENABLE_GRP1 | CTLR_NS_BYPASS | GICC_EOI_MODE_NS)
#define CTLR_MASK 0x7ffu

static uint32_t ctlr_read(struct device *dev, const struct reg_access *a)
{
    uint32_t ctlr = gic_of(dev)->cpu_ctlr[gic_access_cpu(a)];
    if (!gic_access_ns(a))
        return ctlr;
    return bit_get(ctlr, 1) | (ctlr & CTLR_NS_BYPASS) >> 2 | bit_get(ctlr, 10) << 9;
}

static void ctlr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    unsigned cpu = gic_access_cpu(a);
    if (gic_access_ns(a)) {
        value = bit_get(value, 0) << 1 | (value << 2 & CTLR_NS_BYPASS) | bit_get(value, 9) << 10;
        g->cpu_ctlr[cpu] = (g->cpu_ctlr[cpu] & ~CTLR_NS_MASK) | value;
    } else {
        g->cpu_ctlr[cpu] = value & (g->security ? CTLR_MASK : CTLR_MASK & ~GICC_EOI_MODE_NS);
    }
    gic_update_cpu(g, cpu);
}

/** A priority as non-secure software sees it (section 3.8.1): shifted, 0 for what is above. */
static uint32_t priority_to_ns(uint32_t priority)
{
    return priority & 0x80 ? (priority << 1) & 0xff : 0;
}

static uint32_t pmr_read(struct device *dev, const struct reg_access *a)
{
    uint32_t pmr = gic_of(dev)->pmr[gic_access_cpu(a)];
    return gic_access_ns(a) ? priority_to_ns(pmr) : pmr;
}

static void pmr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    uint32_t *pmr = &g->pmr[gic_access_cpu(a)];
    value &= 0xff;
    if (!gic_access_ns(a))
        *pmr = value;
    else if (*pmr & 0x80)
        *pmr = 0x80 | value >> 1;
    gic_update_cpu(g, gic_access_cpu(a));
}

static uint32_t abpr_read(struct device *dev, const struct reg_access *a)
{
    return gic_access_ns(a) ? 0 : gic_of(dev)->abpr[gic_access_cpu(a)];
}

static void abpr_put(struct gicv2 *g, unsigned cpu, uint32_t value)
{
    value &= 7;
    g->abpr[cpu] = value ? value : 1; /* the smallest value supported */
    gic_update_cpu(g, cpu);
}

static void abpr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    if (!gic_access_ns(a))
        abpr_put(gic_of(dev), gic_access_cpu(a), value);
}

/* Non-secure accesses to GICC_BPR reach the group 1 register; with CBPR they read group 0's plus
 * one and change nothing (table 4-32). */
static uint32_t bpr_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    unsigned cpu = gic_access_cpu(a);
    if (!gic_access_ns(a))
        return g->bpr[cpu];
    if (g->cpu_ctlr[cpu] & GICC_CBPR)
        return g->bpr[cpu] < 7 ? g->bpr[cpu] + 1 : 7;
    return g->abpr[cpu];
}

static void bpr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    unsigned cpu = gic_access_cpu(a);
    if (!gic_access_ns(a)) {
        g->bpr[cpu] = value & 7;
        gic_update_cpu(g, cpu);
    } else if (!(g->cpu_ctlr[cpu] & GICC_CBPR)) {
        abpr_put(g, cpu, value);
    }
}

/* ---- acknowledge and highest priority pending ---- */

/** How a register looks at the best interrupt: as the secure one, or as the one for group 1. */
static bool access_is_group1(const struct reg_access *a, bool alias)
{
    return gic_access_ns(a) || alias;
}

/** What an acknowledge or pending register shows of @irq, which may be spurious: an ID that it does
 * not hand out becomes 1022 or 1023 (table 3-2 and pseudocode of section 3.9). */
static unsigned filter_group(const struct gicv2 *g, const struct reg_access *a, bool alias,
                             unsigned irq)
{
    unsigned cpu = gic_access_cpu(a);
    if (irq == GIC_SPURIOUS)
        return irq;
    bool group1 = gic_slot_test(g->group, gic_slot(cpu, irq));
    if (access_is_group1(a, alias))
        return group1 ? irq : GIC_SPURIOUS;
    if (group1 && !(g->cpu_ctlr[cpu] & GICC_ACK_CTL))
        return GIC_SPURIOUS_GROUP1;
    return irq;
}

static uint32_t acknowledge(struct device *dev, const struct reg_access *a, bool alias)
{
    struct gicv2 *g = gic_of(dev);
    unsigned cpu = gic_access_cpu(a);
    if (!gic_best_is_signalled(g, cpu))
        return GIC_SPURIOUS;
    unsigned irq = filter_group(g, a, alias, g->best[cpu]);
    return irq >= GIC_SPURIOUS_GROUP1 ? irq : gic_acknowledge(g, cpu, irq);
}

static uint32_t iar_read(struct device *dev, const struct reg_access *a)
{
    return acknowledge(dev, a, false);
}

static uint32_t aiar_read(struct device *dev, const struct reg_access *a)
{
    return gic_access_ns(a) ? 0 : acknowledge(dev, a, true);
}

static uint32_t highest_pending(struct device *dev, const struct reg_access *a, bool alias)
{
    struct gicv2 *g = gic_of(dev);
    unsigned cpu = gic_access_cpu(a);
    unsigned irq = filter_group(g, a, alias, g->best[cpu]);
    uint8_t sources = irq < GIC_SGIS ? g->sgi_source[cpu * GIC_SGIS + irq] : 0;
    return irq | (sources ? (uint32_t)__builtin_ctz(sources) << 10 : 0);
}

static uint32_t hppir_read(struct device *dev, const struct reg_access *a)
{
    return highest_pending(dev, a, false);
}

static uint32_t ahppir_read(struct device *dev, const struct reg_access *a)
{
    return gic_access_ns(a) ? 0 : highest_pending(dev, a, true);
}

/* ---- end of interrupt ---- */

static bool eoi_is_split(const struct gicv2 *g, const struct reg_access *a)
{
    uint32_t bit = gic_access_ns(a) ? GICC_EOI_MODE_NS : GICC_EOI_MODE;
    return g->cpu_ctlr[gic_access_cpu(a)] & bit;
}

/** May the access end @irq? Special and unknown IDs are ignored, and so are those of group 0 for
 * non-secure accesses and the alias. */
static bool may_end(const struct gicv2 *g, const struct reg_access *a, bool alias, unsigned irq)
{
    if (irq >= g->num_irqs)
        return false;
    return !access_is_group1(a, alias) ||
           gic_slot_test(g->group, gic_slot(gic_access_cpu(a), irq));
}

static void end_of_interrupt(struct device *dev, const struct reg_access *a, bool alias,
                             uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    unsigned cpu = gic_access_cpu(a), irq = bits_get(value, 0, 10);
    if (!may_end(g, a, alias, irq))
        return;
    if (gic_running_priority(g, cpu) == GIC_IDLE_PRIORITY)
        log_write(LOG_GUEST_ERRORS, "%s: CPU %u ends interrupt %u, but none is active", dev->name,
                  cpu, irq);
    bool split = eoi_is_split(g, a);
    if (!split)
        gic_slot_put(g->active, gic_slot(cpu, irq), false);
    gic_priority_drop(g, cpu, gic_slot_test(g->group, gic_slot(cpu, irq)));
    if (!split)
        gic_update_irq(g, cpu, irq);
}

static void eoir_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    end_of_interrupt(dev, a, false, value);
}

static void aeoir_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    if (!gic_access_ns(a))
        end_of_interrupt(dev, a, true, value);
}

static void dir_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    unsigned irq = bits_get(value, 0, 10);
    if (!eoi_is_split(g, a))
        log_write(LOG_GUEST_ERRORS, "%s: GICC_DIR written while EOImode is 0", dev->name);
    else if (may_end(g, a, false, irq))
        gic_deactivate(g, gic_access_cpu(a), irq);
}

/* ---- running and active priorities ---- */

static uint32_t rpr_read(struct device *dev, const struct reg_access *a)
{
    unsigned running = gic_running_priority(gic_of(dev), gic_access_cpu(a));
    if (running == GIC_IDLE_PRIORITY)
        return 0xff;
    return gic_access_ns(a) ? priority_to_ns(running) : running;
}

/** The active priorities of group 1 as non-secure software sees them: its lowest level, 0x80, is
 * bit 0 of GICC_APR0, so it has the upper two words of GICC_NSAPR. */
static uint32_t *apr_word(struct gicv2 *g, const struct reg_access *a)
{
    unsigned base = gic_access_cpu(a) * GIC_APR_WORDS;
    if (!gic_access_ns(a))
        return &g->apr[base + a->index];
    return a->index < 2 ? &g->nsapr[base + a->index + 2] : NULL;
}

static uint32_t apr_read(struct device *dev, const struct reg_access *a)
{
    const uint32_t *word = apr_word(gic_of(dev), a);
    return word ? *word : 0;
}

static void apr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    uint32_t *word = apr_word(gic_of(dev), a);
    if (word)
        *word = value;
    gic_update_cpu(gic_of(dev), gic_access_cpu(a));
}

static uint32_t nsapr_read(struct device *dev, const struct reg_access *a)
{
    struct gicv2 *g = gic_of(dev);
    return gic_access_ns(a) ? 0 : g->nsapr[gic_access_cpu(a) * GIC_APR_WORDS + a->index];
}

static void nsapr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct gicv2 *g = gic_of(dev);
    if (gic_access_ns(a))
        return;
    g->nsapr[gic_access_cpu(a) * GIC_APR_WORDS + a->index] = value;
    gic_update_cpu(g, gic_access_cpu(a));
}

/* ---- the table ---- */

static const struct reg cpu_rows[] = {
    {"GICC_CTLR", 0x00, .read = ctlr_read, .write = ctlr_write},
    {"GICC_PMR", 0x04, .read = pmr_read, .write = pmr_write},
    {"GICC_BPR", 0x08, .read = bpr_read, .write = bpr_write},
    {"GICC_IAR", 0x0c, .read = iar_read},
    {"GICC_EOIR", 0x10, .flags = REG_WRITE_ONLY, .write = eoir_write},
    {"GICC_RPR", 0x14, .read = rpr_read},
    {"GICC_HPPIR", 0x18, .read = hppir_read},
    {"GICC_ABPR", 0x1c, .read = abpr_read, .write = abpr_write},
    {"GICC_AIAR", 0x20, .read = aiar_read},
    {"GICC_AEOIR", 0x24, .flags = REG_WRITE_ONLY, .write = aeoir_write},
    {"GICC_AHPPIR", 0x28, .read = ahppir_read},
    {"GICC_APR", 0xd0, GIC_APR_WORDS, .read = apr_read, .write = apr_write},
    {"GICC_NSAPR", 0xe0, GIC_APR_WORDS, .read = nsapr_read, .write = nsapr_write},
    {"GICC_IIDR", 0xfc, .reset = 0x0202143b},
    {"GICC_DIR", 0x1000, .flags = REG_WRITE_ONLY, .write = dir_write},
};

const struct reg_table gic_cpu_table = {cpu_rows, ARRAY_SIZE(cpu_rows), .narrow = false};

static uint64_t cpu_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    assert(cpu_index < gic_of(dev)->num_cpus);
    return regs_read(dev, &gic_cpu_table, cpu_index, offset, size);
}

static void cpu_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                      uint64_t value)
{
    assert(cpu_index < gic_of(dev)->num_cpus);
    regs_write(dev, &gic_cpu_table, cpu_index, offset, size, value);
}

static uint64_t cpu_ns_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    assert(cpu_index < gic_of(dev)->num_cpus);
    return regs_read(dev, &gic_cpu_table, cpu_index | GIC_NS, offset, size);
}

static void cpu_ns_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                         uint64_t value)
{
    assert(cpu_index < gic_of(dev)->num_cpus);
    regs_write(dev, &gic_cpu_table, cpu_index | GIC_NS, offset, size, value);
}

const struct region_ops gic_cpu_ops = {cpu_read, cpu_write, .min_size = 4, .max_size = 4};
const struct region_ops gic_cpu_ns_ops = {cpu_ns_read, cpu_ns_write, .min_size = 4, .max_size = 4};
