/* The devices of MPS2 (CMSDK, DDI 0479; AN385; PL022, DDI 0194; LAN9118's data sheet) by register,
 * and the counter that most of their timers share. Times at 25 MHz: a tick is 40 ns. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/core/countdown.h"
#include "devices/gpio/cmsdk_gpio.h"
#include "devices/misc/mps2_fpgaio.h"
#include "devices/misc/mps2_scc.h"
#include "devices/timer/cmsdk_watchdog.h"
#include "devices/uart/cmsdk_uart.h"
#include "tests/devices/support.h"

TestSuite(devices_mps2, .init = bench_setup, .fini = bench_teardown);

/* ---- countdown ---- */

static unsigned zeros;

static void count_zero(void *opaque)
{
    zeros++;
}

Test(devices_mps2, countdown)
{
    struct countdown c = {0};
    zeros = 0;
    countdown_init(&c, &bench.timers, 1000000, count_zero, NULL);
    countdown_set(&c, 10);
    countdown_set_reload(&c, 4, false);
    bench_advance(&bench, 5000);
    cr_assert_eq(countdown_value(&c), 10); /* not running */
    countdown_run(&c, true);
    bench_advance(&bench, 9999);
    cr_assert(countdown_value(&c) == 1 && zeros == 0);
    bench_advance(&bench, 1);
    cr_assert(countdown_value(&c) == 0 && zeros == 1);
    bench_advance(&bench, 1000);
    cr_assert(countdown_value(&c) == 4 && zeros == 1);
    bench_advance(&bench, 4000); /* a period is 5 ticks */
    cr_assert(countdown_value(&c) == 0 && zeros == 2);
    bench_advance(&bench, 50 * 5000);
    cr_assert_eq(zeros, 52);
    countdown_set_rate(&c, 1000000, 10);
    bench_advance(&bench, 10000);
    cr_assert_eq(countdown_value(&c), 4);
    countdown_set_rate(&c, 0, 1); /* the clock stops */
    bench_advance(&bench, 1000000);
    cr_assert_eq(countdown_value(&c), 4);
    countdown_set_rate(&c, 2000000, 1);
    bench_advance(&bench, 1000);
    cr_assert_eq(countdown_value(&c), 2);
    countdown_set_reload(&c, 4, true); /* the last round */
    bench_advance(&bench, 100000);
    cr_assert(countdown_value(&c) == 0 && zeros == 53);
    countdown_set(&c, 2);
    bench_advance(&bench, 100000);
    cr_assert_eq(zeros, 54);
    countdown_free(&c);
}

/* A counter that is found reloaded has told of its 0: programs join counter and interrupt to one
 * clock. */
Test(devices_mps2, countdown_read_late)
{
    struct countdown c = {0};
    zeros = 0;
    countdown_init(&c, &bench.timers, 1000000, count_zero, NULL);
    countdown_set_reload(&c, 99, false);
    countdown_set(&c, 99);
    countdown_run(&c, true);
    bench.now += 120 * 1000;
    cr_assert(zeros == 0 && countdown_value(&c) == 0);
    timer_queue_run(&bench.timers, bench.now);
    cr_assert(zeros == 1 && countdown_value(&c) == 79);
    countdown_free(&c);
}

/* A value is changed after the counter was 0 but before the timer could be served: the event is not
 * lost. */
Test(devices_mps2, countdown_served_late)
{
    struct countdown c = {0};
    zeros = 0;
    countdown_init(&c, &bench.timers, 1000000, count_zero, NULL);
    countdown_set(&c, 5);
    countdown_run(&c, true);
    bench.now += 7000;
    countdown_set(&c, 100);
    timer_queue_run(&bench.timers, bench.now);
    cr_assert(zeros == 1 && countdown_value(&c) == 100);
    bench_advance(&bench, 100000);
    cr_assert_eq(zeros, 2);
    countdown_free(&c);
}

/* ---- CMSDK ---- */

Test(devices_mps2, cmsdk_timer)
{
    struct device *t = bench_create(&bench, "cmsdk-timer", NULL, 0);
    device_connect(t, 0, probe_line(&irq));
    wr(t, 0x8, 9);
    cr_assert(rd(t, 0x8) == 9 && rd(t, 0x4) == 9); /* RELOAD sets VALUE */
    wr(t, 0x0, 1); /* without interrupt */
    bench_advance(&bench, 9 * 40);
    cr_assert(rd(t, 0x4) == 0 && rd(t, 0xc) == 0);
    bench_advance(&bench, 40);
    cr_assert_eq(rd(t, 0x4), 9);
    wr(t, 0x0, 9);
    bench_advance(&bench, 9 * 40);
    cr_assert(irq.level == 1 && rd(t, 0xc) == 1);
    wr(t, 0xc, 1);
    cr_assert(irq.level == 0 && rd(t, 0xc) == 0);
    bench_advance(&bench, 100 * 400);
    cr_assert_eq(irq.rises, 2);
    wr(t, 0xc, 1);
    bench_advance(&bench, 399);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, 1);
    cr_assert_eq(irq.level, 1);
    wr(t, 0x0, 0xb); /* enabled by the external input, which is low */
    wr(t, 0x4, 7);
    bench_advance(&bench, 1000);
    cr_assert_eq(rd(t, 0x4), 7);
    cr_assert(rd(t, 0xfd0) == 4 && rd(t, 0xfe0) == 0x22 && rd(t, 0xfe4) == 0xb8 &&
              rd(t, 0xffc) == 0xb1);
    device_free(t);
}

Test(devices_mps2, cmsdk_uart_sends)
{
    struct chardev cd = {0};
    struct property_value v = {.name = "chardev", .pointer = &cd};
    struct probe tx = {0}, over = {0};
    struct device *u = bench_create(&bench, "cmsdk-uart", &v, 1);
    device_connect(u, CMSDK_UART_TX, probe_line(&tx));
    device_connect(u, CMSDK_UART_TX_OVERRUN, probe_line(&over));
    wr(u, 0x10, 16);
    wr(u, 0x8, 0x1);
    wr(u, 0x0, 'h');
    wr(u, 0x0, 'i');
    cr_assert(cd.out_len == 2 && !memcmp(cd.out, "hi", 2));
    cr_assert(tx.level == 0 && rd(u, 0x4) == 0 && rd(u, 0xc) == 0);
    wr(u, 0x8, 0x5);
    wr(u, 0x0, '!');
    cr_assert(tx.level == 1 && rd(u, 0xc) == 1);
    wr(u, 0xc, 1);
    cr_assert(tx.level == 0 && rd(u, 0xc) == 0);
    wr(u, 0x8, 0x10);
    wr(u, 0x0, 'a');
    cr_assert(cd.out_len == 3 && rd(u, 0x4) == 1);
    wr(u, 0x0, 'b');
    cr_assert(over.level == 1 && rd(u, 0x4) == 5 && rd(u, 0xc) == 4);
    wr(u, 0xc, 4); /* clears the overrun itself */
    cr_assert(over.level == 0 && rd(u, 0x4) == 1);
    device_free(u);
}

Test(devices_mps2, cmsdk_uart_receives)
{
    struct chardev cd = {0};
    struct property_value v = {.name = "chardev", .pointer = &cd};
    struct device *u = bench_create(&bench, "cmsdk-uart", &v, 1);
    device_connect(u, CMSDK_UART_RX, probe_line(&irq));
    cr_assert_eq(chardev_feed(&cd, "x"), 0); /* the receiver is off */
    wr(u, 0x10, 16);
    wr(u, 0x8, 0xa);
    cr_assert_eq(cd.accepts, 1);
    cr_assert_eq(chardev_feed(&cd, "xy"), 1);
    cr_assert(rd(u, 0x4) == 2 && irq.level == 1 && rd(u, 0xc) == 2);
    cr_assert_eq(chardev_feed(&cd, "y"), 0);
    cr_assert_eq(rd(u, 0x0), 'x');
    /* the interrupt is software's to clear */
    cr_assert(rd(u, 0x4) == 0 && irq.level == 1 && cd.accepts == 2);
    wr(u, 0xc, 2);
    cr_assert_eq(irq.level, 0);
    device_free(u);
}

Test(devices_mps2, cmsdk_watchdog)
{
    struct probe reset = {0};
    struct device *w = bench_create(&bench, "cmsdk-watchdog", NULL, 0);
    device_connect(w, WATCHDOG_INT, probe_line(&irq));
    device_connect(w, WATCHDOG_RESET, probe_line(&reset));
    cr_assert(rd(w, 0x0) == 0xffffffff && rd(w, 0x4) == 0xffffffff && rd(w, 0xc00) == 0);
    wr(w, 0x0, 99);
    bench_advance(&bench, 100000);
    cr_assert_eq(rd(w, 0x4), 99); /* stands until it is enabled */
    wr(w, 0x8, 1);
    bench_advance(&bench, 99 * 40);
    cr_assert(irq.level == 1 && rd(w, 0x10) == 1 && rd(w, 0x14) == 1);
    bench_advance(&bench, 100 * 40);
    cr_assert_eq(reset.level, 0); /* reset is not enabled */
    wr(w, 0xc, 0);
    cr_assert(irq.level == 0 && rd(w, 0x4) == 99);
    wr(w, 0xc00, 1);
    cr_assert_eq(rd(w, 0xc00), 1);
    wr(w, 0x8, 0); /* locked: nothing happens */
    wr(w, 0x0, 5);
    cr_assert(rd(w, 0x8) == 1 && rd(w, 0x0) == 99);
    wr(w, 0xc00, 0x1acce551);
    cr_assert_eq(rd(w, 0xc00), 0);
    wr(w, 0x8, 3);
    bench_advance(&bench, 199 * 40);
    cr_assert_eq(reset.level, 1);
    device_reset(w);
    cr_assert(reset.level == 0 && irq.level == 0 && rd(w, 0x8) == 0);
    wr(w, 0xf00, 1);
    wr(w, 0xf04, 2);
    cr_assert(irq.level == 1 && reset.level == 0);
    device_free(w);
}

/* The Stellaris one has a clock input, other ids, and stays enabled. */
Test(devices_mps2, luminary_watchdog)
{
    struct device *w = bench_create(&bench, "luminary-watchdog", NULL, 0);
    struct irq_line hz = device_clock_input(w, 0);
    irq_set(&hz, 1000000);
    wr(w, 0x0, 50);
    wr(w, 0x8, 1);
    wr(w, 0x8, 0);
    cr_assert_eq(rd(w, 0x8), 1);
    bench_advance(&bench, 10000);
    cr_assert_eq(rd(w, 0x4), 40);
    wr(w, 0x418, 0xffffffff);
    cr_assert_eq(rd(w, 0x418), 0x100);
    cr_assert(rd(w, 0xfe0) == 5 && rd(w, 0xfe4) == 0x18 && rd(w, 0xfec) == 1);
    device_free(w);
}

Test(devices_mps2, cmsdk_gpio)
{
    struct device *g = bench_create(&bench, "cmsdk-gpio", NULL, 0);
    struct probe pin5 = {0}, pin5_irq = {0};
    struct irq_line in5 = device_input(g, 5);
    device_connect(g, 5, probe_line(&pin5));
    device_connect(g, CMSDK_GPIO_COMBINED, probe_line(&irq));
    device_connect(g, CMSDK_GPIO_PIN_IRQ + 5, probe_line(&pin5_irq));
    wr(g, 0x10, 0x20);
    cr_assert(rd(g, 0x10) == 0x20 && rd(g, 0x14) == 0x20);
    wr(g, 0x0, 0xffff);
    cr_assert(pin5.level == 1 && rd(g, 0x0) == 0x20 && rd(g, 0x4) == 0xffff);
    wr(g, 0x400 + (0x20 << 2), 0); /* pin 5 alone */
    cr_assert(pin5.level == 0 && rd(g, 0x4) == 0xffdf);
    wr(g, 0x800 + (0x80 << 2), 0); /* pin 15 alone */
    cr_assert_eq(rd(g, 0x4), 0x7fdf);
    wr(g, 0x14, 0x20); /* an input now */
    irq_raise(&in5);
    cr_assert(rd(g, 0x0) == 0x20 && rd(g, 0x480) == 0x20 && rd(g, 0x404) == 0);
    wr(g, 0x28, 0x20); /* falling edge */
    wr(g, 0x20, 0x20);
    cr_assert_eq(irq.level, 0);
    irq_lower(&in5);
    cr_assert(irq.level == 1 && pin5_irq.level == 1 && rd(g, 0x38) == 0x20);
    wr(g, 0x38, 0x20);
    cr_assert(irq.level == 0 && pin5_irq.level == 0);
    wr(g, 0x2c, 0x20); /* low level: comes back while it lasts */
    cr_assert_eq(irq.level, 1);
    wr(g, 0x38, 0x20);
    cr_assert_eq(irq.level, 1);
    irq_raise(&in5);
    wr(g, 0x38, 0x20);
    cr_assert_eq(irq.level, 0);
    device_free(g);
}

Test(devices_mps2, dual_timer)
{
    struct device *t = bench_create(&bench, "cmsdk-dualtimer", NULL, 0);
    cr_assert(rd(t, 0xfe0) == 0x23 && rd(t, 0xfe4) == 0xb8);
    device_free(t);
}

/* ---- the board's own ---- */

Test(devices_mps2, scc)
{
    struct property_value v = {.name = "id", .number = 0x41043850};
    struct device *s = bench_create(&bench, "mps2-scc", &v, 1);
    struct probe led = {0};
    struct irq_line sw = device_input(s, 2);
    device_connect(s, 7, probe_line(&led));
    cr_assert(rd(s, 0xffc) == 0x41043850 && rd(s, 0xff8) == 0x00200008 && rd(s, 0x10) == 2);
    wr(s, 0x4, 0x180);
    cr_assert(led.level == 1 && rd(s, 0x4) == 0x80);
    irq_raise(&sw);
    cr_assert_eq(rd(s, 0xc), 4);
    device_reset(s);
    cr_assert_eq(rd(s, 0xc), 4); /* the switch has not moved */
    wr(s, 0xa8, 0x80100001); /* read oscillator 1 */
    cr_assert(rd(s, 0xac) == 1 && rd(s, 0xa0) == 24576000);
    wr(s, 0xa4, 12345678);
    wr(s, 0xa8, 0xc0100001); /* and write it */
    wr(s, 0xa8, 0x80100001);
    cr_assert_eq(rd(s, 0xa0), 12345678);
    wr(s, 0xa8, 0x80100007);
    cr_assert_eq(rd(s, 0xac), 3); /* there is no oscillator 7 */
    device_free(s);
}

Test(devices_mps2, fpgaio)
{
    struct device *f = bench_create(&bench, "mps2-fpgaio", NULL, 0);
    struct probe led = {0};
    struct irq_line button = device_input(f, 1);
    device_connect(f, 0, probe_line(&led));
    wr(f, 0x0, 0xffffffff);
    cr_assert(rd(f, 0x0) == 3 && led.level == 1);
    irq_raise(&button);
    cr_assert_eq(rd(f, 0x8), 2);
    wr(f, 0x1c, 24); /* a step of COUNTER each microsecond */
    bench_advance(&bench, 40);
    wr(f, 0x18, 0);
    bench_advance(&bench, 2500);
    cr_assert_eq(rd(f, 0x18), 2);
    cr_assert_eq(rd(f, 0x20), 12);
    bench_advance(&bench, 3 * CLOCK_NS_PER_SEC);
    cr_assert(rd(f, 0x10) == 3 && rd(f, 0x14) == 300 && rd(f, 0x18) == 3000002);
    wr(f, 0x10, 100);
    wr(f, 0x14, 7);
    bench_advance(&bench, CLOCK_NS_PER_SEC);
    cr_assert(rd(f, 0x10) == 101 && rd(f, 0x14) == 107);
    wr(f, 0x4c, 0x7f);
    cr_assert_eq(rd(f, 0x4c), 0x7f);
    device_free(f);
}

Test(devices_mps2, pl022)
{
    struct device *s = bench_create(&bench, "pl022", NULL, 0);
    device_connect(s, 0, probe_line(&irq));
    cr_assert_eq(rd(s, 0xc), 3); /* empty, not full */
    wr(s, 0x0, 7);               /* 8 bits */
    wr(s, 0x8, 0x1a5);
    cr_assert_eq(rd(s, 0xc), 2); /* waits for the port */
    wr(s, 0x4, 3);               /* enabled, loopback */
    cr_assert_eq(rd(s, 0xc), 7);
    cr_assert_eq(rd(s, 0x8), 0xa5);
    cr_assert_eq(rd(s, 0xc), 3);
    wr(s, 0x14, 5);
    for (unsigned i = 0; i < 9; i++) {
        cr_assert_eq(irq.level, i >= 4, "%u", i); /* half full */
        wr(s, 0x8, i);
    }
    cr_assert_eq(rd(s, 0x18) & 1, 1); /* the ninth was lost */
    wr(s, 0x20, 1);
    cr_assert_eq(rd(s, 0x18), 0xe);
    for (unsigned i = 0; i < 8; i++)
        cr_assert_eq(rd(s, 0x8), i);
    cr_assert_eq(rd(s, 0x18), 8);
    wr(s, 0x4, 2); /* nobody there: 0 */
    wr(s, 0x8, 0xff);
    cr_assert_eq(rd(s, 0x8), 0);
    device_free(s);
}

Test(devices_mps2, sbcon)
{
    struct device *s = bench_create(&bench, "sbcon", NULL, 0);
    cr_assert_eq(rd(s, 0), 3);
    wr(s, 4, 2);
    cr_assert_eq(rd(s, 0), 1);
    wr(s, 4, 1);
    wr(s, 0, 2);
    cr_assert_eq(rd(s, 0), 2);
    device_free(s);
}

/* ---- Ethernet ---- */

static uint32_t phy(struct device *d, unsigned reg)
{
    wr(d, 0xa8, 1 << 11 | reg << 6 | 1); /* MII_ACC: PHY 1, read */
    wr(d, 0xa4, 0x80000006);
    wr(d, 0xa4, 0xc0000007); /* MII_DATA */
    return rd(d, 0xa8);
}

Test(devices_mps2, lan9118)
{
    struct device *d = bench_create(&bench, "lan9118", NULL, 0);
    device_connect(d, 0, probe_line(&irq));
    cr_assert(rd(d, 0x50) == 0x01180001 && rd(d, 0x64) == 0x87654321 && rd(d, 0x84) == 1);
    cr_assert_eq(rd(d, 0x74) & 4, 4);
    cr_assert_eq(rd(d, 0xb0), 0x100); /* the address is loaded */
    wr(d, 0xb0, 0x80000001);
    cr_assert(rd(d, 0xb0) == 0x101 && rd(d, 0xb4) == 0x52); /* byte 1 of the EEPROM */
    wr(d, 0xa4, 0xc0000003);
    cr_assert_eq(rd(d, 0xa8), 0x12005452); /* 52:54:00:12:34:56 */
    wr(d, 0xa4, 0xc0000002);
    cr_assert_eq(rd(d, 0xa8), 0x5634);
    cr_assert(phy(d, 2) == 7 && phy(d, 3) == 0xc0d1);
    cr_assert_eq(phy(d, 1) & 4, 0); /* no link */
    wr(d, 0x54, 0x111);
    cr_assert_eq(irq.level, 0);
    wr(d, 0x5c, 0x80000000);
    cr_assert_eq(irq.level, 1);
    wr(d, 0x58, 0x80000000);
    cr_assert_eq(irq.level, 0);
    wr(d, 0x70, 2); /* a frame of 6 bytes goes nowhere */
    wr(d, 0xa8, 8);
    wr(d, 0xa4, 0x80000001);
    wr(d, 0x20, 0x00003006);
    wr(d, 0x20, 0xbeef0006);
    wr(d, 0x20, 0x11111111);
    cr_assert_eq(rd(d, 0x80) >> 16, 0);
    wr(d, 0x20, 0x22222222);
    cr_assert_eq(rd(d, 0x80) >> 16, 1);
    cr_assert_eq(rd(d, 0x4c), 0xbeef8c00);
    cr_assert_eq(rd(d, 0x48), 0xbeef8c00);
    cr_assert(rd(d, 0x48) == 0 && rd(d, 0x80) >> 16 == 0);
    wr(d, 0x8c, 0x20000063); /* 100 ticks of 0.1 ms */
    wr(d, 0x5c, 0x80000);
    bench_advance(&bench, 9 * CLOCK_NS_PER_MS);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, 1 * CLOCK_NS_PER_MS);
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(d, 0x9c), 250000);
    device_free(d);
}
