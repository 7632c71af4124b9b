/* PL011 against ARM DDI 0183. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/uart/pl011.h"
#include "tests/devices/support.h"

enum { DR = 0x00, RSR = 0x04, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCRH = 0x2c, CR = 0x30,
       IFLS = 0x34, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48 };
enum { RX = BIT(4), TX = BIT(5), RT = BIT(6), BE = BIT(9), OE = BIT(10) };
#define FEN 0x10

static struct device *uart;
static struct chardev line;

static void setup(void)
{
    struct property_value v = {.name = "chardev", .pointer = &line};
    memset(&line, 0, sizeof(line));
    irq = (struct probe){0};
    bench_init(&bench);
    uart = bench_create(&bench, "pl011", &v, 1);
    device_connect(uart, 0, probe_line(&irq));
    wr(uart, CR, 0x301);
}

static void teardown(void)
{
    device_free(uart);
    cr_assert_null(line.ops); /* detached */
    bench_free(&bench);
}

TestSuite(pl011, .init = setup, .fini = teardown);

Test(pl011, identification_and_reset_values)
{
    static const uint8_t id[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    for (unsigned i = 0; i < 8; i++)
        cr_assert_eq(rd(uart, 0xfe0 + 4 * i), id[i]);
    device_reset(uart);
    cr_assert_eq(rd(uart, CR), 0x300);
    cr_assert_eq(rd(uart, IFLS), 0x12);
    cr_assert_eq(rd(uart, FR), 0x90);
    wr(uart, IBRD, 0xffffffff);
    wr(uart, FBRD, 0xffffffff);
    wr(uart, DMACR, 0xffffffff);
    cr_assert_eq(rd(uart, IBRD), 0xffff);
    cr_assert_eq(rd(uart, FBRD), 0x3f);
    cr_assert_eq(rd(uart, DMACR), 7);
}

Test(pl011, transmit)
{
    wr(uart, IMSC, TX);
    cr_assert_eq(irq.level, 0);
    device_write(uart, 0, 0, DR, 1, 'H');
    wr(uart, DR, 'i');
    cr_assert_eq(line.out_len, 2);
    cr_assert_eq(memcmp(line.out, "Hi", 2), 0);
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(uart, MIS), TX);
    wr(uart, ICR, TX);
    cr_assert_eq(irq.level, 0);
    cr_assert_eq(rd(uart, FR) & 0xa8, 0x80); /* empty, not full, not busy */
}

Test(pl011, receive_without_fifo)
{
    wr(uart, IMSC, RX);
    cr_assert_eq(chardev_feed(&line, "ab"), 1);
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(uart, FR) & 0x50, 0x40); /* full */
    cr_assert_eq(rd(uart, DR), 'a');
    cr_assert_eq(irq.level, 0);
    cr_assert_eq(rd(uart, FR) & 0x50, 0x10); /* empty */
    cr_assert_eq(rd(uart, DR), 0);
    cr_assert_gt(line.accepts, 0);
}

Test(pl011, receive_fifo_levels)
{
    static const uint8_t levels[5] = {2, 4, 8, 12, 14};
    wr(uart, LCRH, FEN);
    wr(uart, IMSC, RX);
    for (unsigned i = 0; i < 5; i++) {
        wr(uart, IFLS, i << 3);
        for (unsigned n = 1; n < levels[i]; n++)
            cr_assert_eq(chardev_feed(&line, "x"), 1);
        cr_assert_eq(irq.level, 0, "level %u", i);
        chardev_feed(&line, "y");
        cr_assert_eq(irq.level, 1, "level %u", i);
        rd(uart, DR);
        cr_assert_eq(irq.level, 0);
        while (!(rd(uart, FR) & 0x10))
            rd(uart, DR);
    }
    cr_assert_eq(chardev_feed(&line, "0123456789abcdefgh"), 16);
    cr_assert_eq(rd(uart, FR) & 0x50, 0x40);
    for (unsigned i = 0; i < 16; i++)
        cr_assert_eq(rd(uart, DR), (uint32_t)"0123456789abcdef"[i]);
    cr_assert_eq(rd(uart, FR) & 0x50, 0x10);
}

Test(pl011, receive_timeout)
{
    wr(uart, LCRH, FEN);
    wr(uart, IMSC, RX | RT);
    chardev_feed(&line, "a");
    bench_advance(&bench, 200000);
    cr_assert_eq(irq.level, 0);
    chardev_feed(&line, "b"); /* starts it again */
    bench_advance(&bench, 200000);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, 100000);
    cr_assert_eq(rd(uart, MIS), RT);
    rd(uart, DR);
    cr_assert_eq(irq.level, 1);
    rd(uart, DR); /* empty */
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, CLOCK_NS_PER_SEC);
    cr_assert_eq(irq.level, 0);
}

Test(pl011, loopback)
{
    wr(uart, LCRH, FEN);
    wr(uart, CR, 0x301 | BIT(7) | BIT(11)); /* RTS is seen as CTS */
    cr_assert_eq(rd(uart, FR) & 0x107, 1);
    cr_assert_eq(rd(uart, RIS) & 0xf, 2);
    wr(uart, CR, 0x301 | BIT(7) | BIT(10) | BIT(12) | BIT(13));
    cr_assert_eq(rd(uart, FR) & 0x107, 0x106);
    cr_assert_eq(chardev_feed(&line, "x"), 0); /* the line is cut off */
    for (unsigned i = 0; i < 16; i++)
        wr(uart, DR, 'A' + i);
    cr_assert_eq(line.out_len, 0);
    cr_assert_eq(rd(uart, RIS) & OE, 0);
    wr(uart, DR, 'Z'); /* one too many */
    cr_assert_eq(rd(uart, RIS) & OE, OE);
    cr_assert_eq(rd(uart, RSR) & 8, 8);
    for (unsigned i = 0; i < 16; i++)
        cr_assert_eq(rd(uart, DR), 'A' + i);
    wr(uart, DR, 'z');
    cr_assert_eq(rd(uart, DR), BIT(11) | 'z'); /* the next character tells of the overrun */
    wr(uart, RSR, 0);
    cr_assert_eq(rd(uart, RSR), 0);
}

Test(pl011, line_break)
{
    wr(uart, IMSC, BE);
    line.ops->event(line.opaque, CHARDEV_BREAK);
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(uart, DR), BIT(10));
    cr_assert_eq(rd(uart, RSR), 4);
    wr(uart, ICR, BE);
    cr_assert_eq(irq.level, 0);
}

Test(pl011, mask_and_clear)
{
    wr(uart, DR, 'x');
    cr_assert_eq(rd(uart, RIS), TX);
    cr_assert_eq(rd(uart, MIS), 0);
    wr(uart, IMSC, 0x7ff);
    cr_assert_eq(irq.level, 1);
    wr(uart, RIS, 0); /* read-only */
    cr_assert_eq(rd(uart, RIS), TX);
    device_reset(uart);
    cr_assert_eq(irq.level, 0);
}

/* A program that does not use the UART leaves the line's input to others. */
Test(pl011, input_waits_until_it_is_looked_for)
{
    static const struct {
        uint32_t offset;
        bool write;
        uint32_t value;
    } first[] = {{FR, false, 0}, {DR, false, 0}, {CR, true, 0x201}, {IMSC, true, RX}};
    for (unsigned i = 0; i < ARRAY_SIZE(first); i++) {
        device_reset(uart);
        wr(uart, IBRD, 1);
        wr(uart, DR, 'x');
        cr_assert_eq(line.ops->can_receive(line.opaque), 0);
        if (first[i].write)
            wr(uart, first[i].offset, first[i].value);
        else
            rd(uart, first[i].offset);
        cr_assert_eq(line.ops->can_receive(line.opaque), 1);
    }
}
