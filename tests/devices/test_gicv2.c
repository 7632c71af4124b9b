/* GICv2 against ARM IHI 0048B. */
#include <criterion/criterion.h>

#include "devices/intc/gicv2.h"
#include "devices/intc/gicv2m.h"
#include "tests/devices/support.h"

enum { CTLR = 0x00, PMR = 0x04, BPR = 0x08, IAR = 0x0c, EOIR = 0x10, RPR = 0x14, HPPIR = 0x18,
       ABPR = 0x1c, AIAR = 0x20, AEOIR = 0x24, AHPPIR = 0x28, APR = 0xd0, NSAPR = 0xe0,
       DIR = 0x1000 };

static struct device *gic;
static struct probe irqs[4], fiq[4];

static uint32_t c_rd(unsigned cpu, uint64_t offset)
{
    return (uint32_t)device_read(gic, GICV2_CPU, cpu, offset, 4);
}

static void c_wr(unsigned cpu, uint64_t offset, uint32_t value)
{
    device_write(gic, GICV2_CPU, cpu, offset, 4, value);
}

static uint32_t d_rd(unsigned cpu, uint64_t offset)
{
    return (uint32_t)device_read(gic, GICV2_DISTRIBUTOR, cpu, offset, 4);
}

static void d_wr(unsigned cpu, uint64_t offset, uint32_t value)
{
    device_write(gic, GICV2_DISTRIBUTOR, cpu, offset, 4, value);
}

static void priority(unsigned cpu, unsigned id, uint8_t value)
{
    device_write(gic, GICV2_DISTRIBUTOR, cpu, 0x400 + id, 1, value);
}

static void target(unsigned id, uint8_t mask)
{
    device_write(gic, GICV2_DISTRIBUTOR, 0, 0x800 + id, 1, mask);
}

static void enable(unsigned cpu, unsigned id)
{
    d_wr(cpu, 0x100 + id / 32 * 4, BIT(id % 32));
}

static void edge(unsigned id)
{
    uint64_t at = 0xc00 + id / 16 * 4;
    d_wr(0, at, d_rd(0, at) | 2u << (id % 16 * 2));
}

static void spi(unsigned id, int level)
{
    struct irq_line line = gicv2_spi(gic, id - 32);
    irq_set(&line, level);
}

static void setup(unsigned cpus, bool security)
{
    struct property_value v[] = {{.name = "num_cpus", .number = cpus},
                                 {.name = "security", .number = security}};
    bench_init(&bench);
    gic = bench_create(&bench, "gicv2", v, 2);
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        irqs[cpu] = fiq[cpu] = (struct probe){0};
        gicv2_connect_cpu(gic, cpu, GICV2_IRQ, probe_line(&irqs[cpu]));
        gicv2_connect_cpu(gic, cpu, GICV2_FIQ, probe_line(&fiq[cpu]));
        c_wr(cpu, CTLR, 1);
        c_wr(cpu, PMR, 0xff);
    }
    d_wr(0, 0, 1);
}

static void setup_four(void)
{
    setup(4, false);
}

static void teardown(void)
{
    device_free(gic);
    bench_free(&bench);
}

TestSuite(gicv2, .init = setup_four, .fini = teardown);

Test(gicv2, identification)
{
    cr_assert_eq(d_rd(0, 4), (288 / 32 - 1) | 3 << 5);
    cr_assert_eq(d_rd(0, 0xfe8) >> 4 & 0xf, 2);
    cr_assert_eq(d_rd(0, 0xff0), 0x0d);
    cr_assert_eq(d_rd(0, 0xffc), 0xb1);
    cr_assert_eq(c_rd(0, 0xfc) >> 16 & 0xf, 2);
    d_wr(0, 4, 0xffffffff);
    cr_assert_eq(d_rd(0, 4) & 31, 8);
}

Test(gicv2, needs_every_enable)
{
    spi(40, 1);
    target(40, 1);
    cr_assert_eq(irqs[0].level, 0);
    enable(0, 40);
    cr_assert_eq(irqs[0].level, 1);
    cr_assert_eq(irqs[1].level, 0);
    c_wr(0, CTLR, 0);
    cr_assert_eq(irqs[0].level, 0);
    c_wr(0, CTLR, 1);
    d_wr(0, 0, 0);
    cr_assert_eq(irqs[0].level, 0);
    cr_assert_eq(c_rd(0, IAR), 1023);
    d_wr(0, 0, 1);
    c_wr(0, PMR, 0); /* nothing is below priority 0 */
    cr_assert_eq(irqs[0].level, 0);
    c_wr(0, PMR, 1);
    cr_assert_eq(irqs[0].level, 1);
    d_wr(0, 0x184, BIT(8)); /* disable 40 */
    cr_assert_eq(irqs[0].level, 0);
    cr_assert_eq(d_rd(0, 0x204), BIT(8)); /* pending all the same */
}

Test(gicv2, level_sensitive)
{
    enable(0, 50);
    target(50, 2);
    spi(50, 1);
    cr_assert_eq(irqs[1].level, 1);
    cr_assert_eq(c_rd(1, IAR), 50);
    cr_assert_eq(irqs[1].level, 0);
    cr_assert_eq(d_rd(0, 0x304), BIT(18));
    cr_assert_eq(d_rd(0, 0x204), BIT(18)); /* active and pending */
    c_wr(1, EOIR, 50);
    cr_assert_eq(irqs[1].level, 1); /* still asserted: again */
    cr_assert_eq(c_rd(1, IAR), 50);
    spi(50, 0);
    c_wr(1, EOIR, 50);
    cr_assert_eq(irqs[1].level, 0);
    cr_assert_eq(c_rd(1, IAR), 1023);
    spi(50, 1);
    spi(50, 0); /* withdrawn before it was taken */
    cr_assert_eq(irqs[1].level, 0);
    d_wr(0, 0x204, BIT(18)); /* made pending by software: stays without the input */
    cr_assert_eq(c_rd(1, IAR), 50);
    c_wr(1, EOIR, 50);
    cr_assert_eq(irqs[1].level, 0);
}

Test(gicv2, edge_triggered)
{
    edge(50);
    enable(0, 50);
    target(50, 1);
    spi(50, 1);
    spi(50, 0);
    cr_assert_eq(irqs[0].level, 1); /* the edge is remembered */
    cr_assert_eq(c_rd(0, IAR), 50);
    spi(50, 1); /* a second one while active */
    c_wr(0, EOIR, 50);
    cr_assert_eq(irqs[0].level, 1);
    cr_assert_eq(c_rd(0, IAR), 50);
    c_wr(0, EOIR, 50);
    cr_assert_eq(irqs[0].level, 0); /* the level alone does nothing */
    spi(50, 0);
    spi(50, 1);
    d_wr(0, 0x284, BIT(18)); /* ICPENDR */
    cr_assert_eq(irqs[0].level, 0);
}

Test(gicv2, priority_order_and_masking)
{
    static const uint8_t ids[] = {60, 61, 62};
    for (unsigned i = 0; i < 3; i++) {
        enable(0, ids[i]);
        target(ids[i], 1);
        edge(ids[i]);
    }
    priority(0, 60, 0xa0);
    priority(0, 61, 0x40);
    priority(0, 62, 0xa0);
    for (unsigned i = 0; i < 3; i++)
        spi(ids[i], 1);
    cr_assert_eq(c_rd(0, HPPIR), 61);
    c_wr(0, PMR, 0x40);
    cr_assert_eq(irqs[0].level, 0);
    cr_assert_eq(c_rd(0, IAR), 1023);
    c_wr(0, PMR, 0xa0);
    cr_assert_eq(c_rd(0, IAR), 61);
    c_wr(0, EOIR, 61);
    cr_assert_eq(irqs[0].level, 0); /* 0xa0 is not higher than the mask 0xa0 */
    c_wr(0, PMR, 0xff);
    cr_assert_eq(c_rd(0, IAR), 60); /* equal priorities: lowest ID first */
    c_wr(0, EOIR, 60);
    cr_assert_eq(c_rd(0, IAR), 62);
    c_wr(0, EOIR, 62);
}

Test(gicv2, preemption)
{
    for (unsigned id = 60; id < 63; id++) {
        enable(0, id);
        target(id, 1);
        edge(id);
    }
    priority(0, 60, 0x80);
    priority(0, 61, 0x84);
    priority(0, 62, 0x40);
    c_wr(0, BPR, 3); /* group priority is bits [7:4]: 0x80 does not preempt 0x84 */
    spi(61, 1);
    cr_assert_eq(c_rd(0, IAR), 61);
    cr_assert_eq(c_rd(0, RPR), 0x80);
    spi(60, 1);
    cr_assert_eq(irqs[0].level, 0);
    c_wr(0, EOIR, 61);
    cr_assert_eq(c_rd(0, IAR), 60);
    c_wr(0, EOIR, 60);
    c_wr(0, BPR, 0);
    spi(61, 0);
    spi(61, 1);
    cr_assert_eq(c_rd(0, IAR), 61);
    cr_assert_eq(c_rd(0, RPR), 0x84);
    spi(60, 0);
    spi(60, 1);
    cr_assert_eq(irqs[0].level, 1);
    cr_assert_eq(c_rd(0, IAR), 60);
    cr_assert_eq(c_rd(0, RPR), 0x80);
    spi(62, 1);
    cr_assert_eq(c_rd(0, IAR), 62);
    cr_assert_eq(c_rd(0, RPR), 0x40);
    cr_assert_eq(c_rd(0, APR + 4), BIT(0)); /* 0x40 is level 32 */
    cr_assert_eq(c_rd(0, APR + 8), BIT(0) | BIT(2));
    c_wr(0, EOIR, 62);
    cr_assert_eq(c_rd(0, RPR), 0x80);
    c_wr(0, EOIR, 60);
    cr_assert_eq(c_rd(0, RPR), 0x84);
    c_wr(0, EOIR, 61);
    cr_assert_eq(c_rd(0, RPR), 0xff);
    cr_assert_eq(d_rd(0, 0x304), 0);
}

Test(gicv2, split_end_of_interrupt)
{
    enable(0, 70);
    target(70, 1);
    spi(70, 1);
    c_wr(0, CTLR, 1 | BIT(9));
    cr_assert_eq(c_rd(0, IAR), 70);
    c_wr(0, EOIR, 70);
    cr_assert_eq(c_rd(0, RPR), 0xff);
    cr_assert_eq(d_rd(0, 0x308), BIT(6)); /* priority dropped, still active */
    cr_assert_eq(irqs[0].level, 0);
    c_wr(0, DIR, 70);
    cr_assert_eq(d_rd(0, 0x308), 0);
    cr_assert_eq(irqs[0].level, 1);
    d_wr(0, 0x308, BIT(6)); /* ISACTIVER */
    cr_assert_eq(irqs[0].level, 0);
    d_wr(0, 0x388, BIT(6)); /* ICACTIVER */
    cr_assert_eq(irqs[0].level, 1);
    c_wr(0, CTLR, 1);
    d_wr(0, 0x308, BIT(6));
    c_wr(0, DIR, 70); /* ignored while EOImode is 0 */
    cr_assert_eq(d_rd(0, 0x308), BIT(6));
}

Test(gicv2, software_interrupts)
{
    d_wr(2, 0xf00, 0x3 << 16 | 5); /* CPU 2 to 0 and 1 */
    d_wr(3, 0xf00, 1 << 24 | 5);   /* CPU 3 to all others */
    cr_assert_eq(irqs[0].level && irqs[1].level && irqs[2].level, 1);
    cr_assert_eq(irqs[3].level, 0);
    cr_assert_eq(d_rd(0, 0xf14) >> 8 & 0xff, 0xc); /* CPENDSGIR5: from 2 and 3 */
    cr_assert_eq(c_rd(0, HPPIR), 2 << 10 | 5);
    cr_assert_eq(c_rd(0, IAR), 2 << 10 | 5);
    cr_assert_eq(irqs[0].level, 0); /* the other one waits until this is done */
    c_wr(0, EOIR, 2 << 10 | 5);
    cr_assert_eq(c_rd(0, IAR), 3 << 10 | 5);
    c_wr(0, EOIR, 3 << 10 | 5);
    cr_assert_eq(c_rd(0, IAR), 1023);
    cr_assert_eq(c_rd(2, IAR), 3 << 10 | 5);
    c_wr(2, EOIR, 3 << 10 | 5);
    d_wr(1, 0xf00, 2 << 24 | 0); /* to itself, while 5 from two others is pending */
    cr_assert_eq(c_rd(1, IAR), 1 << 10);
    c_wr(1, EOIR, 1 << 10);
    device_write(gic, GICV2_DISTRIBUTOR, 1, 0xf15, 1, 0x4); /* take back the one from CPU 2 */
    cr_assert_eq(c_rd(1, IAR), 3 << 10 | 5);
    device_write(gic, GICV2_DISTRIBUTOR, 3, 0xf2f, 1, 0x1); /* SPENDSGIR15: as if from CPU 0 */
    cr_assert_eq(c_rd(3, IAR), 15);
    cr_assert_eq(d_rd(0, 0x100) & 0xffff, 0xffff);
    d_wr(0, 0x180, 0xffffffff);
    cr_assert_eq(d_rd(0, 0x100), 0xffff); /* SGIs cannot be disabled */
}

Test(gicv2, private_interrupts_are_banked)
{
    struct irq_line one = gicv2_ppi(gic, 1, 27), two = gicv2_ppi(gic, 2, 27);
    enable(1, 27);
    priority(1, 27, 0x50);
    irq_raise(&one);
    irq_raise(&two);
    cr_assert_eq(irqs[1].level, 1);
    cr_assert_eq(irqs[2].level, 0); /* not enabled there */
    cr_assert_eq(d_rd(0, 0x200), 0);
    cr_assert_eq(d_rd(2, 0x200), BIT(27));
    cr_assert_eq(d_rd(1, 0x418), 0x50000000);
    cr_assert_eq(d_rd(2, 0x418), 0);
    cr_assert_eq(c_rd(1, IAR), 27);
    cr_assert_eq(d_rd(2, 0x300), 0);
    cr_assert_eq(d_rd(3, 0x818), 0x08080808); /* ITARGETSR reads as the reader */
}

Test(gicv2, spi_to_several_cpus_is_taken_once)
{
    enable(0, 287);
    target(287, 0xff);
    cr_assert_eq(d_rd(0, 0x800 + 284), 0x0f000000u); /* only CPUs that exist */
    spi(287, 1);
    cr_assert_eq(irqs[0].level && irqs[1].level && irqs[2].level && irqs[3].level, 1);
    cr_assert_eq(c_rd(2, IAR), 287);
    cr_assert_eq(irqs[0].level || irqs[1].level || irqs[2].level || irqs[3].level, 0);
    cr_assert_eq(c_rd(0, IAR), 1023);
    c_wr(2, EOIR, 287);
    cr_assert_eq(irqs[0].level && irqs[2].level, 1);
    target(287, 1);
    cr_assert_eq(irqs[2].level, 0);
}

Test(gicv2, spurious_and_foreign_ends_are_ignored)
{
    c_wr(0, EOIR, 1023);
    c_wr(0, EOIR, 1020);
    c_wr(0, EOIR, 300); /* does not exist here */
    c_wr(0, EOIR, 40);  /* not active */
    cr_assert_eq(c_rd(0, RPR), 0xff);
    d_wr(0, 0x124, 0xffffffff); /* enables 288..319, which do not exist */
    cr_assert_eq(d_rd(0, 0x124), 0);
    d_wr(0, 0x120, 0xffffffff);
    cr_assert_eq(d_rd(0, 0x120), 0xffffffff);
}

Test(gicv2, groups_and_fiq)
{
    d_wr(0, 0, 3);
    d_wr(0, 0x84, BIT(1)); /* 33 in group 1 */
    for (unsigned id = 32; id < 34; id++) {
        enable(0, id);
        target(id, 1);
    }
    c_wr(0, CTLR, 1 | 2 | BIT(3)); /* both groups, FIQEn */
    spi(33, 1);
    cr_assert_eq(irqs[0].level, 1);
    cr_assert_eq(fiq[0].level, 0);
    priority(0, 33, 0x80);
    spi(32, 1);
    cr_assert_eq(fiq[0].level, 1);
    cr_assert_eq(irqs[0].level, 0);
    cr_assert_eq(c_rd(0, AIAR), 1023); /* the best one is of group 0 */
    cr_assert_eq(c_rd(0, IAR), 32);
    spi(32, 0);
    c_wr(0, EOIR, 32);
    cr_assert_eq(c_rd(0, IAR), 1022); /* of group 1, and AckCtl is 0 */
    cr_assert_eq(c_rd(0, HPPIR), 1022);
    cr_assert_eq(c_rd(0, AHPPIR), 33);
    cr_assert_eq(c_rd(0, AIAR), 33);
    cr_assert_eq(c_rd(0, NSAPR + 8), BIT(0));
    cr_assert_eq(c_rd(0, APR + 8), 0);
    c_wr(0, AEOIR, 33);
    cr_assert_eq(c_rd(0, RPR), 0xff);
    c_wr(0, CTLR, 1 | 2 | 4); /* AckCtl */
    cr_assert_eq(c_rd(0, IAR), 33);
    d_wr(0, 0, 1); /* group 1 off at the distributor */
    c_wr(0, EOIR, 33);
    cr_assert_eq(irqs[0].level, 0);
}

Test(gicv2, binary_point_of_group_1)
{
    c_wr(0, ABPR, 0);
    cr_assert_eq(c_rd(0, ABPR), 1); /* the smallest value */
    d_wr(0, 0, 2);
    d_wr(0, 0x84, BIT(1) | BIT(2));
    for (unsigned id = 33; id < 35; id++) {
        enable(0, id);
        target(id, 1);
        edge(id);
    }
    priority(0, 33, 0x90);
    priority(0, 34, 0x80);
    c_wr(0, CTLR, 2 | 4);
    c_wr(0, ABPR, 5); /* group priority [7:5] */
    spi(33, 1);
    cr_assert_eq(c_rd(0, IAR), 33);
    cr_assert_eq(c_rd(0, RPR), 0x80);
    spi(34, 1);
    cr_assert_eq(irqs[0].level, 0);
    c_wr(0, EOIR, 33);
    cr_assert_eq(c_rd(0, IAR), 34);
    c_wr(0, EOIR, 34);
    c_wr(0, CTLR, 2 | 4 | BIT(4)); /* CBPR: group 0's binary point, which is 0 */
    spi(33, 0);
    spi(33, 1);
    cr_assert_eq(c_rd(0, IAR), 33);
    spi(34, 0);
    spi(34, 1);
    cr_assert_eq(irqs[0].level, 1);
}

Test(gicv2_other, single_cpu_ignores_targets)
{
    setup(1, false);
    enable(0, 40);
    cr_assert_eq(d_rd(0, 0x800), 0);
    target(40, 0);
    spi(40, 1);
    cr_assert_eq(irqs[0].level, 1);
    teardown();
}

static uint32_t ns_rd(bool cpu_if, uint64_t offset)
{
    return (uint32_t)device_read(gic, cpu_if ? GICV2_CPU_NS : GICV2_DISTRIBUTOR_NS, 0, offset, 4);
}

static void ns_wr(bool cpu_if, uint64_t offset, uint32_t value)
{
    device_write(gic, cpu_if ? GICV2_CPU_NS : GICV2_DISTRIBUTOR_NS, 0, offset, 4, value);
}

Test(gicv2_other, non_secure_views)
{
    setup(2, true);
    cr_assert(d_rd(0, 4) & BIT(10));
    d_wr(0, 0x84, BIT(1)); /* 33 is the non-secure one */
    enable(0, 32);
    ns_wr(false, 0x104, 0x3); /* reaches 33 only */
    cr_assert_eq(d_rd(0, 0x104), 0x3);
    ns_wr(false, 0x184, 0x3);
    cr_assert_eq(d_rd(0, 0x104), 0x1);
    ns_wr(false, 0x104, 0x2);
    cr_assert_eq(ns_rd(false, 0x104), 0x2);
    cr_assert_eq(ns_rd(false, 0x84), 0);
    ns_wr(false, 0x420, 0x4040); /* priorities of 32 and 33 */
    cr_assert_eq(d_rd(0, 0x420), 0xa000);
    cr_assert_eq(ns_rd(false, 0x420), 0x4000);
    ns_wr(false, 0, 1);
    cr_assert_eq(d_rd(0, 0), 3);
    cr_assert_eq(ns_rd(false, 0), 1);
    ns_wr(true, CTLR, 1 | BIT(9));
    cr_assert_eq(c_rd(0, CTLR), 1 | 2 | BIT(10));
    cr_assert_eq(ns_rd(true, CTLR), 1 | BIT(9));
    cr_assert_eq(ns_rd(true, PMR), 0xfe);
    c_wr(0, PMR, 0x70);
    ns_wr(true, PMR, 0xff);
    cr_assert_eq(c_rd(0, PMR), 0x70); /* above what non-secure software may touch */
    cr_assert_eq(ns_rd(true, PMR), 0);
    c_wr(0, PMR, 0xff);
    target(32, 1);
    target(33, 1);
    spi(32, 1);
    cr_assert_eq(ns_rd(true, IAR), 1023); /* secure: not for it */
    cr_assert_eq(c_rd(0, IAR), 32);
    ns_wr(true, EOIR, 32); /* nor to end */
    cr_assert_eq(c_rd(0, RPR), 0);
    spi(32, 0);
    c_wr(0, EOIR, 32);
    spi(33, 1);
    cr_assert_eq(c_rd(0, IAR), 1022);
    cr_assert_eq(ns_rd(true, IAR), 33);
    cr_assert_eq(ns_rd(true, RPR), 0x40);
    cr_assert_eq(c_rd(0, RPR), 0xa0);
    cr_assert_eq(ns_rd(true, APR), BIT(16)); /* 0xa0 is level 80: 16 above 0x80 */
    ns_wr(false, 0xf00, 1 << 16 | 3);        /* SGI 3 is secure */
    cr_assert_eq(d_rd(0, 0x200), 0);
    d_wr(0, 0x80, BIT(3));
    ns_wr(false, 0xf00, 1 << 16 | 3);
    cr_assert_eq(d_rd(0, 0x200), BIT(3));
    teardown();
}

Test(gicv2, reset_keeps_inputs)
{
    spi(40, 1);
    enable(0, 40);
    target(40, 1);
    cr_assert_eq(irqs[0].level, 1);
    device_reset(gic);
    cr_assert_eq(irqs[0].level, 0);
    cr_assert_eq(d_rd(0, 0x104), 0);
    cr_assert_eq(d_rd(0, 0x204), BIT(8));
}

Test(gicv2, gicv2m_frame)
{
    struct property_value v[] = {{.name = "base_spi", .number = 80},
                                 {.name = "num_spi", .number = 64}};
    struct device *frame = bench_create(&bench, "gicv2m", v, 2);
    for (unsigned n = 0; n < 64; n++)
        device_connect(frame, n, gicv2_spi(gic, 80 - 32 + n));
    cr_assert_eq(rd(frame, 8), 80 << 16 | 64);
    edge(143);
    enable(0, 143);
    target(143, 1);
    wr(frame, 0x40, 143);
    cr_assert_eq(c_rd(0, IAR), 143);
    wr(frame, 0x40, 144); /* outside */
    wr(frame, 0x40, 79);
    cr_assert_eq(d_rd(0, 0x208) | d_rd(0, 0x210), 0);
    device_free(frame);
}
