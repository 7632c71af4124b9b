/* The devices of LM3S6965 (its data sheet) by register. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/adc/lm3s_adc.h"
#include "devices/gpio/pl061.h"
#include "devices/misc/lm3s_sysctl.h"
#include "devices/timer/lm3s_gptm.h"
#include "tests/devices/support.h"

TestSuite(devices_lm3s, .init = bench_setup, .fini = bench_teardown);

static void keep_hz(void *opaque, int n, int hz)
{
    *(uint32_t *)opaque = (uint32_t)hz;
}

/* Clock set-ups and what they give. */
Test(devices_lm3s, clock_tree)
{
    static const struct {
        uint32_t rcc, rcc2, hz;
    } cases[] = {
        {0x078e3ad1, 0x07802810, 12000000}, /* reset: internal oscillator */
        {0x00000b80, 0, 8000000},           /* main oscillator */
        {0x00000ba0, 0, 3000000},           /* internal, a quarter */
        {0x00000b90, 0, 12000000},
        {0x04c00b90, 0, 1200000},           /* 12 MHz / 10 */
        {0x01c00380, 0, 50000000},          /* PLL / 4 */
        {0x02400380, 0, 40000000},          /* PLL / 5 */
        {0x07c00380, 0, 12500000},          /* PLL / 16 */
        {0x01c00380, 0x81000800, 8000000 / 3}, /* RCC2: bypassed, main, / 3 */
        {0x01c00380, 0x82000000, 40000000}, /* RCC2: PLL / 5 */
        {0x01c00380, 0x81000830, 10000},    /* RCC2: 30 kHz / 3 */
        {0x01c00380, 0x80000870, 32768},    /* RCC2: the watch crystal */
    };
    uint32_t hz = 0;
    struct device *s = bench_create(&bench, "lm3s-sysctl", NULL, 0);
    device_connect(s, LM3S_SYSCTL_CLOCK, (struct irq_line){keep_hz, &hz, 0});
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        wr(s, 0x60, cases[i].rcc);
        wr(s, 0x70, cases[i].rcc2);
        cr_assert_eq(hz, cases[i].hz, "%u: %u", i, hz);
    }
    device_free(s);
}

Test(devices_lm3s, pll_lock_interrupt)
{
    struct device *s = bench_create(&bench, "lm3s-sysctl", NULL, 0);
    device_connect(s, LM3S_SYSCTL_IRQ, probe_line(&irq));
    wr(s, 0x54, 0x40);
    wr(s, 0x60, 0x078e1ad1); /* powered, bypassed */
    cr_assert_eq(rd(s, 0x50), 0);
    bench_advance(&bench, 500 * CLOCK_NS_PER_US);
    cr_assert(irq.level == 1 && rd(s, 0x50) == 0x40 && rd(s, 0x58) == 0x40);
    wr(s, 0x58, 0x40);
    cr_assert(irq.level == 0 && rd(s, 0x50) == 0);
    wr(s, 0x60, 0x078e3ad1); /* off before it locked again */
    wr(s, 0x60, 0x078e1ad1);
    wr(s, 0x60, 0x078e3ad1);
    bench_advance(&bench, CLOCK_NS_PER_MS);
    cr_assert_eq(rd(s, 0x50), 0);
    device_free(s);
}

Test(devices_lm3s, pllcfg)
{
    /* XTAL values and the crystals that they stand for. */
    static const struct {
        uint32_t xtal, khz;
    } crystals[] = {{0x6, 4000}, {0x9, 5000}, {0xb, 6000}, {0xe, 8000},
                    {0xa, 5120}, {0xf, 8192}, {0x4, 3580}};
    struct device *s = bench_create(&bench, "lm3s-sysctl", NULL, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(crystals); i++) {
        wr(s, 0x60, 0x2800 | crystals[i].xtal << 6);
        uint32_t v = rd(s, 0x64), khz = crystals[i].khz * (v >> 5) / ((v & 31) + 1);
        cr_assert(khz > 398000 && khz < 402000, "0x%x: %u", crystals[i].xtal, khz);
    }
    device_free(s);
}

Test(devices_lm3s, gptm_32_bits)
{
    struct device *t = bench_create(&bench, "lm3s-gptm", NULL, 0);
    struct probe trigger = {0};
    struct irq_line hz = device_clock_input(t, 0);
    irq_set(&hz, 1000000);
    device_connect(t, LM3S_GPTM_A, probe_line(&irq));
    device_connect(t, LM3S_GPTM_TRIGGER, probe_line(&trigger));
    wr(t, 0x04, 2);
    wr(t, 0x28, 0x12345);
    cr_assert(rd(t, 0x28) == 0x12345 && rd(t, 0x2c) == 1); /* B shows the upper half */
    wr(t, 0x28, 99);
    wr(t, 0x18, 1);
    wr(t, 0x0c, 0x21);
    bench_advance(&bench, 10000);
    cr_assert_eq(rd(t, 0x48), 89);
    bench_advance(&bench, 89000);
    cr_assert(irq.level == 1 && trigger.rises == 1 && rd(t, 0x1c) == 1 && rd(t, 0x20) == 1);
    wr(t, 0x24, 1);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, 100000); /* 100 ticks later again */
    cr_assert(irq.level == 1 && trigger.rises == 2);
    irq_set(&hz, 2000000);
    wr(t, 0x24, 1);
    bench_advance(&bench, 50000);
    cr_assert_eq(irq.level, 1);
    wr(t, 0x0c, 0);
    wr(t, 0x24, 1);
    wr(t, 0x04, 1); /* one-shot */
    wr(t, 0x0c, 1);
    bench_advance(&bench, 1000000);
    cr_assert(irq.rises == 4 && rd(t, 0x0c) == 0);
    device_free(t);
}

Test(devices_lm3s, gptm_16_bits)
{
    struct device *t = bench_create(&bench, "lm3s-gptm", NULL, 0);
    struct irq_line hz = device_clock_input(t, 0);
    irq_set(&hz, 1000000);
    device_connect(t, LM3S_GPTM_B, probe_line(&irq));
    wr(t, 0x00, 4);
    wr(t, 0x08, 2);
    wr(t, 0x2c, 0xabc00009);
    cr_assert_eq(rd(t, 0x2c), 9);
    wr(t, 0x3c, 9); /* a tenth */
    wr(t, 0x18, 0x100);
    wr(t, 0x0c, 0x100);
    bench_advance(&bench, 89999);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, 1);
    cr_assert(irq.level == 1 && rd(t, 0x20) == 0x100);
    wr(t, 0x24, 0x100);
    bench_advance(&bench, 99999);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, 1);
    cr_assert_eq(irq.level, 1);
    device_free(t);
}

/* A clock of seconds, up from 1 to the match value and then from 0. */
Test(devices_lm3s, gptm_clock)
{
    struct device *t = bench_create(&bench, "lm3s-gptm", NULL, 0);
    device_connect(t, LM3S_GPTM_A, probe_line(&irq));
    wr(t, 0x00, 1);
    wr(t, 0x30, 3);
    wr(t, 0x18, 8);
    wr(t, 0x0c, 1);
    cr_assert_eq(rd(t, 0x48), 1);
    bench_advance(&bench, CLOCK_NS_PER_SEC);
    cr_assert(rd(t, 0x48) == 2 && irq.level == 0);
    bench_advance(&bench, CLOCK_NS_PER_SEC);
    cr_assert(rd(t, 0x48) == 3 && irq.level == 1 && rd(t, 0x1c) == 8);
    wr(t, 0x24, 8);
    bench_advance(&bench, CLOCK_NS_PER_SEC);
    cr_assert(rd(t, 0x48) == 0 && irq.level == 0);
    bench_advance(&bench, CLOCK_NS_PER_SEC);
    wr(t, 0x30, 0x10002);
    cr_assert(rd(t, 0x48) == 1 && rd(t, 0x4c) == 0);
    bench_advance(&bench, 0x10001 * CLOCK_NS_PER_SEC);
    cr_assert(rd(t, 0x48) == 0x10002 && rd(t, 0x4c) == 1 && irq.level == 1);
    device_free(t);
}

/* With PWM the counter runs, and there are no timeouts. */
Test(devices_lm3s, gptm_pwm)
{
    struct device *t = bench_create(&bench, "lm3s-gptm", NULL, 0);
    struct irq_line hz = device_clock_input(t, 0);
    irq_set(&hz, 1000000);
    device_connect(t, LM3S_GPTM_B, probe_line(&irq));
    wr(t, 0x00, 4);
    wr(t, 0x08, 0xa);
    wr(t, 0x2c, 99);
    wr(t, 0x34, 30);
    wr(t, 0x18, 0x70f);
    wr(t, 0x0c, 0x100);
    bench_advance(&bench, 10000);
    cr_assert_eq(rd(t, 0x4c), 89);
    bench_advance(&bench, 100000);
    cr_assert(rd(t, 0x4c) == 89 && rd(t, 0x1c) == 0 && irq.level == 0);
    device_free(t);
}

Test(devices_lm3s, adc)
{
    static const struct property_value v[] = {
        {.name = "ain0", .number = 100}, {.name = "ain1", .number = 300},
        {.name = "ain3", .number = 1023},
        {.name = "temperature", .number = 555}};
    struct device *a = bench_create(&bench, "lm3s-adc", v, 4);
    struct irq_line timer = device_input(a, 0);
    device_connect(a, 0, probe_line(&irq));
    cr_assert_eq(rd(a, 0x4c), 0x100); /* empty */
    wr(a, 0x40, 0x0310);              /* inputs 0, 1, 3, and a step with the sensor */
    wr(a, 0x44, 0xe000);              /* fourth step: sensor, interrupt, end */
    wr(a, 0x28, 1);
    cr_assert_eq(rd(a, 0x04), 0); /* not active */
    wr(a, 0x00, 1);
    wr(a, 0x08, 1);
    wr(a, 0x28, 1);
    cr_assert(irq.level == 1 && rd(a, 0x04) == 1 && rd(a, 0x0c) == 1);
    wr(a, 0x0c, 1);
    cr_assert_eq(irq.level, 0);
    cr_assert(rd(a, 0x48) == 100 && rd(a, 0x48) == 300 && rd(a, 0x48) == 1023 &&
              rd(a, 0x48) == 555);
    cr_assert_eq(rd(a, 0x18), 0);
    rd(a, 0x48);
    cr_assert_eq(rd(a, 0x18), 1); /* underflow */
    wr(a, 0x18, 1);
    cr_assert_eq(rd(a, 0x18), 0);
    wr(a, 0x60, 0);
    wr(a, 0x64, 3); /* sequencer 1: inputs 0 and 1 as a pair */
    wr(a, 0x00, 2);
    wr(a, 0x14, 0x50);
    wr(a, 0x28, 2);
    cr_assert_eq(rd(a, 0x6c) & 0x100, 0x100); /* software is not its trigger */
    irq_pulse(&timer);
    cr_assert_eq(rd(a, 0x68), 512 - 100);
    for (unsigned i = 0; i < 5; i++)
        irq_pulse(&timer);
    cr_assert(rd(a, 0x10) == 2 && (rd(a, 0x6c) & 0x1000)); /* four fit */
    wr(a, 0x14, 0xf000);
    wr(a, 0xa0, 3);
    wr(a, 0x00, 8); /* sequencer 3 samples all the time */
    for (unsigned i = 0; i < 20; i++)
        cr_assert_eq(rd(a, 0xa8), 1023);
    device_free(a);
}

Test(devices_lm3s, i2c_without_slaves)
{
    struct device *d = bench_create(&bench, "lm3s-i2c", NULL, 0);
    device_connect(d, 0, probe_line(&irq));
    wr(d, 0x04, 7);
    cr_assert_eq(rd(d, 0x04), 0x20); /* not enabled: idle */
    wr(d, 0x20, 0x10);
    wr(d, 0x10, 1);
    wr(d, 0x00, 0x3a);
    wr(d, 0x04, 3); /* start, without stop */
    cr_assert(irq.level == 1 && rd(d, 0x04) == 0x46);
    wr(d, 0x1c, 1);
    wr(d, 0x04, 4);
    cr_assert(irq.level == 1 && (rd(d, 0x04) & 0x60) == 0x20);
    device_free(d);
}

/* The magnetometer of the micro:bit has its identity, 0xc4, in register 7. */
Test(devices_lm3s, i2c_with_a_slave)
{
    struct device *d = bench_create(&bench, "lm3s-i2c", NULL, 0);
    struct device *slave = bench_create(&bench, "mag3110", NULL, 0);
    struct error e;
    cr_assert(device_attach(d, 0x0e, slave, &e), "%s", e.text);
    wr(d, 0x20, 0x10);
    wr(d, 0x00, 0x0e << 1);
    wr(d, 0x08, 7);
    wr(d, 0x04, 3); /* start, the register's number */
    cr_assert_eq(rd(d, 0x04), 0x40);
    wr(d, 0x00, 0x0e << 1 | 1);
    wr(d, 0x04, 7); /* start again, read, stop */
    cr_assert_eq(rd(d, 0x04), 0x20);
    cr_assert_eq(rd(d, 0x08), 0xc4);
    device_free(d);
    device_free(slave);
}

Test(devices_lm3s, gpio)
{
    static const struct property_value jtag = {.name = "jtag", .number = 0x80};
    struct device *g = bench_create(&bench, "pl061-luminary", &jtag, 1);
    struct irq_line in6 = device_input(g, 6);
    cr_assert(rd(g, 0x3fc) == 0x80 && rd(g, 0x420) == 0x80 && rd(g, 0x51c) == 0x80);
    wr(g, 0x510, 0xff);
    cr_assert_eq(rd(g, 0x3fc), 0xff); /* pulled up */
    irq_lower(&in6);
    cr_assert_eq(rd(g, 0x3fc), 0xbf); /* a button */
    irq_raise(&in6);
    wr(g, 0x400, 0x0f);
    wr(g, 0x3fc, 0);
    cr_assert_eq(rd(g, 0x3fc), 0xf0);
    cr_assert_eq(rd(g, 0x520), 1);
    wr(g, 0x524, 0);
    cr_assert_eq(rd(g, 0x524), 0xff); /* locked */
    wr(g, 0x520, 0x1acce551);
    wr(g, 0x524, 0x0f);
    cr_assert(rd(g, 0x520) == 0 && rd(g, 0x524) == 0x0f);
    wr(g, 0x514, 0x55);
    cr_assert_eq(rd(g, 0x514), 0x55);
    device_free(g);
}
