/* devices/core: access checks, register tables, lines, properties. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/core/regs.h"
#include "tests/devices/support.h"

struct toy {
    struct device base;
    uint32_t plain, mixed, wonly, array[4];
    unsigned afters;
};

static void toy_after(struct device *dev)
{
    ((struct toy *)dev)->afters++;
}

#define AT(member) REG_FIELD(struct toy, member)
static const struct reg toy_rows[] = {
    {"PLAIN", 0x00, .field = AT(plain), .writable = 0xffff00ff, .reset = 0x12345678},
    {"MIXED", 0x04, .field = AT(mixed), .writable = 0xf, .w1c = 0xf0, .after = toy_after},
    {"CONST", 0x08, .reset = 0xcafe},
    {"WONLY", 0x0c, .flags = REG_WRITE_ONLY, .field = AT(wonly), .writable = 0xffffffff},
    {"ARRAY", 0x20, 4, .field = AT(array), .writable = 0xffffffff},
};
static const struct reg_table toy_table = {toy_rows, ARRAY_SIZE(toy_rows), true};

static uint64_t toy_read(struct device *dev, unsigned cpu, uint64_t offset, unsigned size)
{
    return regs_read(dev, &toy_table, cpu, offset, size);
}

static void toy_write(struct device *dev, unsigned cpu, uint64_t offset, unsigned size,
                      uint64_t value)
{
    regs_write(dev, &toy_table, cpu, offset, size, value);
}

static const struct region_ops toy_region = {toy_read, toy_write, .min_size = 1, .max_size = 8};
static const struct region_ops split_region = {toy_read, toy_write, .min_size = 1, .max_size = 8,
                                               .min_impl = 4, .max_impl = 4};
static const struct field_list toy_state = {"toy", sizeof(struct toy), NULL, 0};
static const struct device_ops toy_ops = {0};

static struct toy *toy_new(void)
{
    struct toy *t = device_alloc(sizeof(*t), "toy", NULL, &toy_ops, &toy_state, 0, 1);
    device_add_region(&t->base, "regs", 0x100, &toy_region);
    device_add_region(&t->base, "split", 0x100, &split_region);
    regs_reset(&t->base, &toy_table);
    return t;
}

Test(devices_core, masks_and_reset)
{
    struct toy *t = toy_new();
    struct device *d = &t->base;
    cr_assert_eq(rd(d, 0), 0x12345678);
    wr(d, 0, 0xffffffff);
    cr_assert_eq(rd(d, 0), 0xffff56ff);
    t->mixed = 0xf3;
    wr(d, 4, 0x3c);
    cr_assert_eq(rd(d, 4), 0xcc);
    cr_assert_eq(t->afters, 1);
    wr(d, 8, 1); /* read-only */
    cr_assert_eq(rd(d, 8), 0xcafe);
    wr(d, 0xc, 77);
    cr_assert_eq(rd(d, 0xc), 0); /* write-only */
    cr_assert_eq(t->wonly, 77);
    wr(d, 0x28, 5);
    cr_assert_eq(t->array[2], 5);
    cr_assert_eq(rd(d, 0x30), 0); /* beyond the array */
    cr_assert_eq(rd(d, 0x10), 0); /* no register */
    device_free(d);
}

Test(devices_core, narrow_wide_and_bad_accesses)
{
    struct toy *t = toy_new();
    struct device *d = &t->base;
    cr_assert_eq(device_read(d, 0, 0, 1, 1), 0x56);
    cr_assert_eq(device_read(d, 0, 0, 2, 2), 0x1234);
    t->mixed = 0xab;
    cr_assert_eq(device_read(d, 0, 0, 0, 8), 0xab12345678ull);
    cr_assert_eq(device_read(d, 1, 0, 0, 8), 0xab12345678ull); /* split by the core */
    cr_assert_eq(device_read(d, 1, 0, 3, 1), 0x12);            /* widened by the core */
    device_write(d, 0, 0, 0x20, 8, 0x1122334455667788ull);
    cr_assert_eq(t->array[0], 0x55667788);
    cr_assert_eq(t->array[1], 0x11223344);
    device_write(d, 0, 0, 0x20, 1, 0x1ff); /* only the low byte counts, zero-extended */
    cr_assert_eq(t->array[0], 0xff);
    cr_assert_eq(device_read(d, 0, 0, 2, 4), 0);     /* unaligned */
    cr_assert_eq(device_read(d, 0, 0, 0x100, 4), 0); /* outside */
    cr_assert_eq(device_read(d, 0, 0, UINT64_MAX - 3, 4), 0);
    device_write(d, 0, 0, UINT64_MAX - 7, 8, 1);
    device_free(d);
}

Test(devices_core, lines)
{
    struct probe p = {0}, q = {0};
    struct irq_or gate = {probe_line(&p), 0};
    struct irq_line a = irq_or_input(&gate, 0), b = irq_or_input(&gate, 31);
    irq_raise(&a);
    irq_raise(&b);
    irq_lower(&a);
    cr_assert_eq(p.level, 1);
    irq_lower(&b);
    cr_assert_eq(p.level, 0);
    struct irq_split split = {{probe_line(&p), probe_line(&q)}};
    struct irq_line s = irq_split_input(&split);
    irq_pulse(&s);
    cr_assert_eq(p.rises, 2);
    cr_assert_eq(q.rises, 1);
    cr_assert_eq(q.level, 0);
}

/* Inverters, whose outputs are their own inputs; what is driven last is the end of a wave. */
struct inverter {
    struct irq_line out;
    unsigned changes;
};

static void inverter_set(void *opaque, int n, int level)
{
    struct inverter *v = opaque;
    v->changes++;
    irq_set(&v->out, !level);
}

Test(devices_core, lines_that_never_settle)
{
    struct irq_wave wave = {0};
    struct inverter v = {0};
    struct irq_guard guard = {.out = {inverter_set, &v, 0}, .wave = &wave, .name = "v"};
    v.out = irq_guard_input(&guard);
    irq_set(&v.out, 1);
    cr_assert_eq(v.changes, IRQ_WAVE_DEPTH);
    irq_set(&v.out, 1); /* the next wave is as the first */
    cr_assert_eq(v.changes, 2 * IRQ_WAVE_DEPTH);
}

Test(devices_core, properties)
{
    struct bench b;
    struct error e = {0};
    struct property_value v;
    bench_init(&b);
    const struct device_class *gic = device_class_find("gicv2", &e);
    cr_assert(gic);
    cr_assert_not(device_class_find("gicv22", &e));
    cr_assert(strstr(e.text, "gicv2"), "%s", e.text);
    cr_assert(device_property_parse(gic, "num_cpus", "0x2", &v, &e));
    cr_assert_eq(v.number, 2);
    cr_assert(device_property_parse(gic, "security", "on", &v, &e));
    cr_assert_eq(v.number, 1);
    cr_assert_not(device_property_parse(gic, "num_cpus", "9", &v, &e));
    cr_assert_not(device_property_parse(gic, "num_cpus", "2x", &v, &e));
    cr_assert_not(device_property_parse(gic, "num_cpu", "2", &v, &e));
    cr_assert(strstr(e.text, "num_cpus"), "%s", e.text);
    v = (struct property_value){.name = "num_irqs", .number = 31};
    cr_assert_null(device_create(gic, "gic", &b.env, &v, 1, &e));
    v.number = 1021;
    cr_assert_null(device_create(gic, "gic", &b.env, &v, 1, &e));
    bench_free(&b);
}
