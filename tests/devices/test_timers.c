/* Generic timer (DDI 0406C chapter B8) and SP804 (DDI 0271). */
#include <criterion/criterion.h>

#include "devices/timer/arch_timer.h"
#include "devices/timer/sp804.h"
#include "tests/devices/support.h"

static struct device *dev;
static struct probe out[ARCH_TIMER_KINDS];

static void setup(void)
{
    struct property_value v = {.name = "num_cpus", .number = 2};
    bench_init(&bench);
    dev = bench_create(&bench, "arch-timer", &v, 1);
    for (unsigned k = 0; k < ARCH_TIMER_KINDS; k++) {
        out[k] = (struct probe){0};
        arch_timer_connect(dev, 1, k, probe_line(&out[k]));
    }
}

static void teardown(void)
{
    device_free(dev);
    bench_free(&bench);
}

TestSuite(arch_timer, .init = setup, .fini = teardown);

Test(arch_timer, counts_at_its_frequency)
{
    cr_assert_eq(arch_timer_frequency(dev), 62500000);
    cr_assert_eq(arch_timer_count(dev), 0);
    bench_advance(&bench, 15);
    cr_assert_eq(arch_timer_count(dev), 0);
    bench_advance(&bench, 1);
    cr_assert_eq(arch_timer_count(dev), 1);
    /* 200 years: the product of ns and Hz does not fit 64 bits. */
    bench_advance(&bench, 200ll * 365 * 86400 * CLOCK_NS_PER_SEC - 16);
    cr_assert_eq(arch_timer_count(dev), 200ull * 365 * 86400 * 62500000);
}

Test(arch_timer, fires_at_compare_value)
{
    arch_timer_set_cval(dev, 1, ARCH_TIMER_VIRT, 1000);
    arch_timer_set_ctl(dev, 1, ARCH_TIMER_VIRT, 1);
    bench_advance(&bench, 15999);
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 0);
    cr_assert_eq(arch_timer_ctl(dev, 1, ARCH_TIMER_VIRT), 1);
    bench_advance(&bench, 1);
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 1);
    cr_assert_eq(arch_timer_ctl(dev, 1, ARCH_TIMER_VIRT), 5);
    cr_assert_eq(out[ARCH_TIMER_PHYS].level, 0);
    arch_timer_set_ctl(dev, 1, ARCH_TIMER_VIRT, 3); /* masked: status stays */
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 0);
    cr_assert_eq(arch_timer_ctl(dev, 1, ARCH_TIMER_VIRT), 7);
    arch_timer_set_ctl(dev, 1, ARCH_TIMER_VIRT, 1);
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 1);
    arch_timer_set_cval(dev, 1, ARCH_TIMER_VIRT, 1001); /* the level follows the condition */
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 0);
    arch_timer_set_ctl(dev, 1, ARCH_TIMER_VIRT, 0);
    bench_advance(&bench, 1000);
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 0);
    cr_assert_eq(arch_timer_ctl(dev, 0, ARCH_TIMER_VIRT), 0); /* the other CPU's is its own */
}

Test(arch_timer, timer_value_view)
{
    bench_advance(&bench, 16000);
    arch_timer_set_tval(dev, 1, ARCH_TIMER_PHYS, 50);
    cr_assert_eq(arch_timer_cval(dev, 1, ARCH_TIMER_PHYS), 1050);
    arch_timer_set_ctl(dev, 1, ARCH_TIMER_PHYS, 1);
    bench_advance(&bench, 20 * 16);
    cr_assert_eq(arch_timer_tval(dev, 1, ARCH_TIMER_PHYS), 30);
    bench_advance(&bench, 40 * 16);
    cr_assert_eq(arch_timer_tval(dev, 1, ARCH_TIMER_PHYS), (uint32_t)-10);
    cr_assert_eq(out[ARCH_TIMER_PHYS].level, 1);
    arch_timer_set_tval(dev, 1, ARCH_TIMER_PHYS, 0x7fffffff);
    cr_assert_eq(out[ARCH_TIMER_PHYS].level, 0);
    arch_timer_set_tval(dev, 1, ARCH_TIMER_PHYS, 0xffffffff); /* in the past */
    cr_assert_eq(out[ARCH_TIMER_PHYS].level, 1);
    cr_assert_eq(arch_timer_cval(dev, 1, ARCH_TIMER_PHYS), 1059);
}

Test(arch_timer, virtual_offset)
{
    bench_advance(&bench, 16000);
    arch_timer_set_offset(dev, 1, 400);
    cr_assert_eq(arch_timer_virtual_count(dev, 1), 600);
    cr_assert_eq(arch_timer_virtual_count(dev, 0), 1000);
    arch_timer_set_cval(dev, 1, ARCH_TIMER_VIRT, 700);
    arch_timer_set_ctl(dev, 1, ARCH_TIMER_VIRT, 1);
    bench_advance(&bench, 1599);
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 0);
    bench_advance(&bench, 1);
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 1);
    /* An offset beyond the count makes the virtual count huge; it wraps to 0 at the offset. */
    arch_timer_set_offset(dev, 1, 1200);
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 1);
    bench_advance(&bench, 100 * 16);
    cr_assert_eq(arch_timer_virtual_count(dev, 1), 0);
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 0);
    bench_advance(&bench, 700 * 16);
    cr_assert_eq(out[ARCH_TIMER_VIRT].level, 1);
}

Test(arch_timer, extreme_compare_values)
{
    arch_timer_set_cval(dev, 1, ARCH_TIMER_HYP, UINT64_MAX);
    arch_timer_set_ctl(dev, 1, ARCH_TIMER_HYP, 1);
    cr_assert_eq(out[ARCH_TIMER_HYP].level, 0);
    cr_assert_eq(timer_queue_deadline(&bench.timers), TIMER_NEVER);
    arch_timer_set_cval(dev, 1, ARCH_TIMER_HYP, 0);
    cr_assert_eq(out[ARCH_TIMER_HYP].level, 1);
    device_reset(dev);
    cr_assert_eq(out[ARCH_TIMER_HYP].level, 0);
}

Test(arch_timer_other, odd_frequency_never_fires_early)
{
    struct property_value v = {.name = "frequency", .number = 19200000};
    struct probe p = {0};
    bench_init(&bench);
    dev = bench_create(&bench, "arch-timer", &v, 1);
    arch_timer_connect(dev, 0, ARCH_TIMER_PHYS, probe_line(&p));
    arch_timer_set_cval(dev, 0, ARCH_TIMER_PHYS, 7);
    arch_timer_set_ctl(dev, 0, ARCH_TIMER_PHYS, 1);
    bench_advance(&bench, 364); /* 7 ticks are 364.58 ns */
    cr_assert_eq(p.level, 0);
    bench_advance(&bench, 1);
    cr_assert_eq(p.level, 1);
    cr_assert_eq(arch_timer_count(dev), 7);
    teardown();
}

/* ---- SP804: both timers at 1 MHz ---- */

static struct probe comb, one, two;

static void sp_setup(void)
{
    bench_init(&bench);
    dev = bench_create(&bench, "sp804", NULL, 0);
    comb = one = two = (struct probe){0};
    device_connect(dev, SP804_TIMINTC, probe_line(&comb));
    device_connect(dev, SP804_TIMINT1, probe_line(&one));
    device_connect(dev, SP804_TIMINT2, probe_line(&two));
}

TestSuite(sp804, .init = sp_setup, .fini = teardown);

Test(sp804, identification_and_reset)
{
    cr_assert_eq(rd(dev, 0xfe0), 0x04);
    cr_assert_eq(rd(dev, 0xfe4), 0x18);
    cr_assert_eq(rd(dev, 0x08), 0x20);
    cr_assert_eq(rd(dev, 0x28), 0x20);
}

Test(sp804, periodic)
{
    wr(dev, 0x00, 100);
    wr(dev, 0x08, 0xe2); /* enable, periodic, interrupt, 32 bits */
    bench_advance(&bench, 30000);
    cr_assert_eq(rd(dev, 0x04), 70);
    bench_advance(&bench, 69999);
    cr_assert_eq(one.level, 0);
    bench_advance(&bench, 1);
    cr_assert_eq(one.level && comb.level, 1);
    cr_assert_eq(two.level, 0);
    cr_assert_eq(rd(dev, 0x10), 1);
    wr(dev, 0x0c, 0);
    cr_assert_eq(comb.level, 0);
    wr(dev, 0x18, 50); /* background load: from the next period on */
    bench_advance(&bench, 100000);
    cr_assert_eq(one.rises, 2);
    wr(dev, 0x0c, 0);
    bench_advance(&bench, 50000);
    cr_assert_eq(one.rises, 3);
    wr(dev, 0x08, 0xc2); /* interrupt off */
    cr_assert_eq(one.level, 0);
    cr_assert_eq(rd(dev, 0x14), 0);
    cr_assert_eq(rd(dev, 0x10), 1);
}

Test(sp804, one_shot_prescaled_and_free_running)
{
    wr(dev, 0x20, 10);
    wr(dev, 0x28, 0xa0 | 1 | 2 | 1 << 2); /* one-shot, 32 bits, divided by 16 */
    bench_advance(&bench, 159999);
    cr_assert_eq(two.level, 0);
    bench_advance(&bench, 1);
    cr_assert_eq(two.level, 1);
    wr(dev, 0x2c, 0);
    bench_advance(&bench, CLOCK_NS_PER_SEC);
    cr_assert_eq(two.rises, 1);
    cr_assert_eq(rd(dev, 0x24), 0);
    wr(dev, 0x00, 5);
    wr(dev, 0x08, 0xa0); /* free-running, 16 bits */
    bench_advance(&bench, 5000);
    cr_assert_eq(one.rises, 1);
    wr(dev, 0x0c, 0);
    bench_advance(&bench, 65536 * 1000 - 1);
    cr_assert_eq(one.rises, 1);
    bench_advance(&bench, 1);
    cr_assert_eq(one.rises, 2);
}

Test(sp804, late_callbacks_do_not_pile_up)
{
    wr(dev, 0x00, 1);
    wr(dev, 0x08, 0xe2);
    bench.now += 10 * CLOCK_NS_PER_SEC; /* ten million periods pass unseen */
    cr_assert_lt(timer_queue_run(&bench.timers, bench.now), 5);
}
