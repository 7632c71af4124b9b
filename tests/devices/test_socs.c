/* The nRF51 and STM32 devices where a whole board is not needed: the lines of their UARTs, and
 * timers on a host that is late. The rest is tested on the boards (tests/machines). */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/uart/stm32_usart.h"
#include "tests/devices/support.h"

static struct chardev line;
static struct device *dev;
static struct probe dma_rx;

static void start(const char *class)
{
    const struct property_value chardev = {.name = "chardev", .pointer = &line};
    bench_init(&bench);
    line = (struct chardev){0};
    irq = dma_rx = (struct probe){0};
    dev = bench_create(&bench, class, &chardev, 1);
    device_connect(dev, 0, probe_line(&irq));
}

static void teardown(void)
{
    device_free(dev);
    bench_free(&bench);
}

/* ---- STM32 USB OTG ---- */

static void otg_setup(void)
{
    bench_init(&bench);
    irq = (struct probe){0};
    dev = bench_create(&bench, "stm32-otg", NULL, 0);
    device_connect(dev, 0, probe_line(&irq));
}

TestSuite(stm32_otg, .init = otg_setup, .fini = teardown);

/* What drivers wait for when they set the core up. */
Test(stm32_otg, resets_and_flushes_end)
{
    cr_assert_eq(rd(dev, 0x010), BIT(31)); /* the bus is idle */
    wr(dev, 0x008, 1);
    wr(dev, 0x018, BIT(7));
    wr(dev, 0x010, 1); /* core reset */
    cr_assert_eq(rd(dev, 0x010), BIT(31));
    cr_assert_eq(rd(dev, 0x018), 0);
    wr(dev, 0x010, 0x10 << 6 | BIT(5)); /* flush all that is to be sent */
    cr_assert_eq(rd(dev, 0x010), BIT(31) | 0x10 << 6);
}

Test(stm32_otg, modes_and_nothing_on_the_bus)
{
    cr_assert_eq(rd(dev, 0x014), 0x04000020);
    wr(dev, 0x00c, rd(dev, 0x00c) | BIT(29)); /* host */
    cr_assert_eq(rd(dev, 0x014) & 1, 1);
    cr_assert_eq(rd(dev, 0x440), 0); /* nobody is connected */
    cr_assert_eq(rd(dev, 0x000) & BIT(19), 0); /* nor is VBUS there */
    cr_assert_eq(rd(dev, 0x03c), 0x1200);
}

Test(stm32_otg, endpoints_stop)
{
    wr(dev, 0x008, 1);
    wr(dev, 0x018, BIT(6));
    wr(dev, 0x804, BIT(7)); /* no IN endpoint answers */
    cr_assert_eq(rd(dev, 0x804), BIT(2));
    cr_assert_eq(irq.level, 1);
    wr(dev, 0x804, BIT(8));
    cr_assert_eq(rd(dev, 0x804), 0);
    cr_assert_eq(irq.level, 0);
    wr(dev, 0x018, BIT(18));
    wr(dev, 0x810, BIT(1));
    wr(dev, 0x81c, BIT(1));
    wr(dev, 0x920, BIT(31) | BIT(27));
    cr_assert_eq(rd(dev, 0x920), BIT(31) | BIT(17));
    wr(dev, 0x920, BIT(30) | BIT(26));
    cr_assert_eq(rd(dev, 0x920), 0);
    cr_assert_eq(rd(dev, 0x928), BIT(1) | BIT(7)); /* disabled */
    cr_assert_eq(rd(dev, 0x818), BIT(1));
    cr_assert_eq(irq.level, 1);
    wr(dev, 0x928, BIT(1));
    cr_assert_eq(irq.level, 0);
    cr_assert_eq(rd(dev, 0x900), BIT(15));
}

/* ---- nRF51 radio ---- */

static void radio_setup(void)
{
    bench_init(&bench);
    irq = (struct probe){0};
    dev = bench_create(&bench, "nrf51-radio", NULL, 0);
    device_connect(dev, 0, probe_line(&irq));
}

TestSuite(nrf51_radio, .init = radio_setup, .fini = teardown);

/* What drivers wait for: it is disabled, also when it was so already. */
Test(nrf51_radio, is_disabled)
{
    cr_assert_eq(rd(dev, 0xffc), 1);
    wr(dev, 0x010, 1); /* DISABLE */
    cr_assert_eq(rd(dev, 0x110), 1);
    wr(dev, 0x110, 0);
    wr(dev, 0x304, BIT(4));
    wr(dev, 0x004, 1); /* RXEN */
    cr_assert_eq(rd(dev, 0x550), 1);
    bench_advance(&bench, 150000);
    cr_assert_eq(rd(dev, 0x100), 1); /* READY */
    cr_assert_eq(rd(dev, 0x550), 2);
    wr(dev, 0x008, 1); /* START; nobody sends */
    bench_advance(&bench, 10000000);
    cr_assert_eq(rd(dev, 0x550), 3);
    cr_assert_eq(rd(dev, 0x10c), 0);
    wr(dev, 0x010, 1);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, 10000);
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(dev, 0x550), 0);
}

Test(nrf51_radio, sends_to_nobody)
{
    wr(dev, 0x200, 3); /* READY to START, END to DISABLE */
    wr(dev, 0x000, 1); /* TXEN */
    bench_advance(&bench, 150000);
    cr_assert_eq(rd(dev, 0x550), 11);
    bench_advance(&bench, 100000);
    bench_advance(&bench, 100000);
    cr_assert_eq(rd(dev, 0x10c), 1); /* END */
    cr_assert_eq(rd(dev, 0x110), 1); /* DISABLED */
    cr_assert_eq(rd(dev, 0x550), 0);
    wr(dev, 0x508, 40);
    wr(dev, 0xffc, 0);
    cr_assert_eq(rd(dev, 0x508), 2);
}

/* ---- nRF51 UART ---- */

static void nrf51_setup(void)
{
    start("nrf51-uart");
    wr(dev, 0x500, 4);          /* ENABLE */
    wr(dev, 0x524, 0x01d7e000); /* 115200 baud */
    wr(dev, 0x304, BIT(2));     /* INTENSET: RXDRDY */
}

TestSuite(nrf51_uart, .init = nrf51_setup, .fini = teardown);

Test(nrf51_uart, takes_input_when_started)
{
    cr_assert_eq(chardev_feed(&line, "a"), 0);
    wr(dev, 0x000, 1); /* STARTRX */
    cr_assert_eq(chardev_feed(&line, "a"), 1);
    cr_assert_eq(irq.level, 1);
    wr(dev, 0x108, 0);
    cr_assert_eq(irq.level, 0);
    cr_assert_eq(rd(dev, 0x518), 'a');
    cr_assert_eq(rd(dev, 0x108), 0);
    wr(dev, 0x004, 1); /* STOPRX */
    cr_assert_eq(rd(dev, 0x144), 1); /* RXTO */
    bench_advance(&bench, 1000000);
    cr_assert_eq(chardev_feed(&line, "b"), 0);
}

Test(nrf51_uart, characters_come_at_the_baud_rate)
{
    wr(dev, 0x000, 1);
    for (unsigned n = 0; n < 6; n++) {
        cr_assert_eq(chardev_feed(&line, "x"), 1, "%u", n);
        cr_assert_eq(chardev_feed(&line, "x"), 0, "%u: at once", n);
        unsigned accepts = line.accepts;
        bench_advance(&bench, 86700); /* 10 bits: 86.8 us */
        cr_assert_eq(line.accepts, accepts);
        bench_advance(&bench, 200);
        cr_assert_eq(line.accepts, accepts + 1);
    }
    cr_assert_eq(chardev_feed(&line, "x"), 0, "the FIFO has 6 bytes");
}

Test(nrf51_uart, each_byte_has_its_event)
{
    wr(dev, 0x000, 1);
    for (const char *c = "123"; *c; c++) {
        const char text[2] = {*c, 0};
        cr_assert_eq(chardev_feed(&line, text), 1);
        bench_advance(&bench, 100000);
    }
    for (unsigned n = 1; n <= 3; n++) {
        cr_assert_eq(rd(dev, 0x108), 1);
        wr(dev, 0x108, 0);
        cr_assert_eq(rd(dev, 0x518), '0' + n);
    }
    cr_assert_eq(rd(dev, 0x108), 0);
}

Test(nrf51_uart, sends)
{
    wr(dev, 0x51c, 'n'); /* not started */
    wr(dev, 0x008, 1);   /* STARTTX */
    wr(dev, 0x51c, 'y');
    wr(dev, 0x00c, 1); /* STOPTX */
    wr(dev, 0x51c, 'n');
    cr_assert_eq(line.out_len, 1);
    cr_assert_eq(line.out[0], 'y');
}

/* ---- nRF51 timer ---- */

/* A driver that moves CC on by 6 ms when it has matched, on a host that is 20 ms late: the counter
 * waits for it. With counted time nothing is ever late, so there it does not. */
static uint32_t counter_after_late_handler(bool is_virtual)
{
    bench_init(&bench);
    bench.clock.is_virtual = is_virtual;
    dev = bench_create(&bench, "nrf51-timer", NULL, 0);
    wr(dev, 0x510, 4); /* 1 MHz */
    wr(dev, 0x540, 6000);
    wr(dev, 0x304, BIT(16));
    wr(dev, 0x000, 1);
    bench_advance(&bench, 26 * CLOCK_NS_PER_MS);
    wr(dev, 0x140, 0); /* handled */
    wr(dev, 0x540, 12000);
    wr(dev, 0x044, 1); /* CAPTURE[1] */
    uint32_t now = rd(dev, 0x544);
    bench_advance(&bench, 6 * CLOCK_NS_PER_MS);
    cr_assert_eq(rd(dev, 0x140), !is_virtual);
    teardown();
    return now;
}

Test(nrf51_timer, waits_for_a_late_handler)
{
    cr_assert_eq(counter_after_late_handler(false), 7000);
    cr_assert_eq(counter_after_late_handler(true), 26000);
}

/* Who keeps its interrupts masked and waits for the counter gets on. */
Test(nrf51_timer, goes_on_for_who_polls)
{
    bench_init(&bench);
    bench.clock.is_virtual = false;
    dev = bench_create(&bench, "nrf51-timer", NULL, 0);
    wr(dev, 0x510, 4);
    wr(dev, 0x540, 5000);
    wr(dev, 0x304, BIT(16));
    wr(dev, 0x000, 1);
    uint32_t now = 0;
    for (unsigned n = 0; n < 100 && now < 10000; n++) {
        bench_advance(&bench, CLOCK_NS_PER_MS);
        wr(dev, 0x044, 1);
        now = rd(dev, 0x544);
    }
    cr_assert_geq(now, 10000);
    cr_assert_eq(rd(dev, 0x140), 1);
    teardown();
}

/* The guest looks at the counter when the host's timer is already late: the match is not lost. */
Test(nrf51_timer, match_comes_before_a_look_behind_it)
{
    bench_init(&bench);
    bench.clock.is_virtual = false;
    irq = (struct probe){0};
    dev = bench_create(&bench, "nrf51-timer", NULL, 0);
    device_connect(dev, 0, probe_line(&irq));
    wr(dev, 0x510, 4);
    wr(dev, 0x540, 6000);
    wr(dev, 0x304, BIT(16));
    wr(dev, 0x000, 1);
    bench.now += 7 * CLOCK_NS_PER_MS; /* no timer has run */
    wr(dev, 0x044, 1);                /* CAPTURE[1] */
    cr_assert_eq(rd(dev, 0x140), 1);
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(dev, 0x544), 7000);
    teardown();
}

/* ---- STM32 USART ---- */

static void stm32_setup(void)
{
    start("stm32-usart");
    device_connect(dev, STM32_USART_DMA_RX, probe_line(&dma_rx));
    struct irq_line clock = device_clock_input(dev, 0);
    irq_set(&clock, 16000000);
    wr(dev, 0x08, 139); /* 115200 baud */
}

TestSuite(stm32_usart, .init = stm32_setup, .fini = teardown);

Test(stm32_usart, receives)
{
    cr_assert_eq(chardev_feed(&line, "ab"), 0);
    wr(dev, 0x0c, BIT(13) | BIT(2) | BIT(5)); /* UE, RE, RXNEIE */
    cr_assert_eq(chardev_feed(&line, "ab"), 1);
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(dev, 0x00), 0xe0);
    cr_assert_eq(chardev_feed(&line, "b"), 0, "one character at a time");
    unsigned accepts = line.accepts;
    cr_assert_eq(rd(dev, 0x04), 'a');
    cr_assert_eq(irq.level, 0);
    cr_assert_eq(line.accepts, accepts + 1);
    chardev_feed(&line, "b");
    wr(dev, 0x14, BIT(6)); /* DMAR */
    cr_assert_eq(dma_rx.level, 1);
    cr_assert_eq(device_read(dev, 0, 0, 4, 1), 'b');
    cr_assert_eq(dma_rx.level, 0);
}

Test(stm32_usart, idle_line)
{
    wr(dev, 0x0c, BIT(13) | BIT(2) | BIT(4)); /* UE, RE, IDLEIE */
    chardev_feed(&line, "a");
    cr_assert_eq(rd(dev, 0x04), 'a');
    bench_advance(&bench, 87000);
    chardev_feed(&line, "b"); /* before a frame's time has passed without one */
    cr_assert_eq(rd(dev, 0x04), 'b');
    bench_advance(&bench, 160000);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, 20000); /* the frame of b, and one more: 173.8 us */
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(dev, 0x00) & BIT(4), BIT(4)); /* SR, then DR clear it */
    rd(dev, 0x04);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, CLOCK_NS_PER_SEC); /* once for each pause */
    cr_assert_eq(irq.level, 0);
}

Test(stm32_usart, parity_takes_a_bit)
{
    wr(dev, 0x0c, BIT(13) | BIT(3) | BIT(2) | BIT(10)); /* 8 bits with parity */
    wr(dev, 0x04, 0xc1);
    cr_assert_eq(line.out[0], 0x41);
    chardev_feed(&line, "\xc1");
    cr_assert_eq(rd(dev, 0x04), 0x41);
}
