/* The micro:bit against the nRF51 Series Reference Manual and the data sheets of its sensors. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/display/microbit_leds.h"
#include "tests/machines/bench.h"
#include "util/bits.h"

#define CLOCK 0x40000000u
#define UART 0x40002000u
#define TWI0 0x40003000u
#define GPIOTE 0x40006000u
#define ADC 0x40007000u
#define TIMER0 0x40008000u
#define TIMER1 0x40009000u
#define RTC0 0x4000b000u
#define TEMP 0x4000c000u
#define RNG 0x4000d000u
#define WDT 0x40010000u
#define RTC1 0x40011000u
#define NVMC 0x4001e000u
#define PPI 0x4001f000u
#define GPIO 0x50000000u

#define MS 1000000ll

static void setup(void)
{
    bb_build("microbit");
}

TestSuite(microbit, .init = setup, .fini = bb_free);

Test(microbit, values_after_reset)
{
    static const struct {
        uint32_t addr, value;
    } rows[] = {
        {0x00000000, 0xffffffff}, {0x0003fffc, 0xffffffff}, {0x10001000, 0xffffffff},
        {0x10000010, 1024},       {0x10000014, 256},        {UART + 0x500, 0},
        {UART + 0x508, 0xffffffff}, {UART + 0x524, 0x04000000}, {TIMER0 + 0x510, 4},
        {WDT + 0x504, 0xffffffff}, {WDT + 0x508, 1},        {NVMC + 0x400, 1},
        {CLOCK + 0x550, 0xff},    {CLOCK + 0x524, 3},       {GPIO + 0x700, 2},
        {TWI0 + 0x524, 0x04000000}, {ADC + 0x504, 0x18},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        cr_expect_eq(bb_rd(rows[i].addr), rows[i].value, "0x%08x is 0x%08x", rows[i].addr,
                     bb_rd(rows[i].addr));
}

Test(microbit, clocks_start_with_events)
{
    bb_wr(CLOCK + 0x304, 1); /* INTENSET: HFCLKSTARTED */
    cr_assert_eq(bb_rd(CLOCK + 0x40c), 0x10000); /* the RC oscillator */
    bb_wr(CLOCK + 0x000, 1);
    cr_assert_eq(bb_rd(CLOCK + 0x100), 1);
    cr_assert_eq(bb_rd(CLOCK + 0x40c), 0x10001);
    cr_assert_eq(bb_irq(), 0);
    bb_wr(CLOCK + 0x100, 0);
    cr_assert_eq(bb_irq(), -1);
    bb_wr(CLOCK + 0x518, 1); /* crystal */
    bb_wr(CLOCK + 0x008, 1);
    cr_assert_eq(bb_rd(CLOCK + 0x104), 1);
    cr_assert_eq(bb_rd(CLOCK + 0x418), 0x10001);
}

Test(microbit, uart_sends_only_when_started)
{
    bb_wr(UART + 0x304, BIT(7)); /* INTENSET: TXDRDY */
    bb_wr(UART + 0x51c, 'x');
    cr_assert_eq(bb_rd(UART + 0x11c), 0);
    bb_wr(UART + 0x500, 4);
    bb_wr(UART + 0x008, 1);
    bb_wr(UART + 0x51c, 'x');
    cr_assert_eq(bb_rd(UART + 0x11c), 1);
    cr_assert_eq(bb_irq(), 2);
    bb_wr(UART + 0x308, BIT(7)); /* INTENCLR */
    cr_assert_eq(bb_irq(), -1);
    cr_assert_eq(bb_rd(UART + 0x304), 0);
}

Test(microbit, timer_compares_to_the_tick)
{
    bb_wr(TIMER0 + 0x508, 3);       /* 32 bits */
    bb_wr(TIMER0 + 0x510, 4);       /* 1 MHz */
    bb_wr(TIMER0 + 0x540, 1000);    /* CC[0] */
    bb_wr(TIMER0 + 0x304, BIT(16)); /* COMPARE[0] */
    bb_wr(TIMER0 + 0x200, BIT(0));  /* COMPARE[0] clears */
    bb_wr(TIMER0 + 0x000, 1);
    for (unsigned n = 0; n < 3; n++) {
        bb_advance(MS - 1);
        cr_assert_eq(bb_irq(), -1, "round %u", n);
        bb_advance(1);
        cr_assert_eq(bb_irq(), 8, "round %u", n);
        bb_wr(TIMER0 + 0x140, 0);
    }
    bb_advance(123456);
    bb_wr(TIMER0 + 0x044, 1); /* CAPTURE[1] */
    cr_assert_eq(bb_rd(TIMER0 + 0x544), 123);
    bb_wr(TIMER0 + 0x004, 1); /* STOP */
    bb_advance(MS);
    bb_wr(TIMER0 + 0x048, 1);
    cr_assert_eq(bb_rd(TIMER0 + 0x548), 123);
}

/* A guest that reads the counter all the time does not read past a match. */
Test(microbit, timer_compares_while_time_goes_on)
{
    enum { ROUNDS = 200, DISTANCE = 20 };
    bb_wr(TIMER0 + 0x508, 2);       /* 24 bits */
    bb_wr(TIMER0 + 0x510, 4);       /* 1 MHz */
    bb_wr(TIMER0 + 0x304, BIT(16)); /* COMPARE[0] */
    bb_wr(TIMER0 + 0x000, 1);
    bb_step(70);
    for (unsigned n = 0; n < ROUNDS; n++) {
        bb_wr(TIMER0 + 0x044, 1); /* CAPTURE[1] */
        uint32_t target = bb_rd(TIMER0 + 0x544) + DISTANCE;
        bb_wr(TIMER0 + 0x540, target);
        do
            bb_wr(TIMER0 + 0x044, 1);
        while (bb_rd(TIMER0 + 0x544) < target);
        cr_assert_eq(bb_irq(), 8, "round %u", n);
        bb_wr(TIMER0 + 0x140, 0);
        bb_advance(137);
    }
}

/* The same with RTC1, at other points of a tick each time. */
Test(microbit, rtc_compares_while_time_goes_on)
{
    enum { ROUNDS = 200 };
    bb_wr(RTC1 + 0x304, BIT(16)); /* COMPARE[0] */
    bb_wr(RTC1 + 0x344, BIT(16));
    bb_wr(RTC1 + 0x000, 1);
    for (unsigned n = 0; n < ROUNDS; n++) {
        uint32_t target = bb_rd(RTC1 + 0x504) + 3;
        bb_wr(RTC1 + 0x540, target);
        bb_step(700 + n);
        while (bb_rd(RTC1 + 0x504) < target)
            ;
        bb_step(0);
        cr_assert_eq(bb_irq(), 17, "round %u", n);
        bb_wr(RTC1 + 0x140, 0);
        bb_advance(100000);
    }
}

Test(microbit, timer_widths)
{
    static const struct {
        uint32_t base, bitmode, after_70000;
    } rows[] = {
        {TIMER0, 3, 70000},         {TIMER0, 2, 70000},         {TIMER0, 1, 70000 % 256},
        {TIMER0, 0, 70000 % 65536}, {TIMER1, 3, 70000 % 65536}, {TIMER1, 1, 70000 % 256},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        bb_wr(rows[i].base + 0x004, 1);
        bb_wr(rows[i].base + 0x00c, 1);
        bb_wr(rows[i].base + 0x508, rows[i].bitmode);
        bb_wr(rows[i].base + 0x000, 1);
        bb_advance(70 * MS);
        bb_wr(rows[i].base + 0x040, 1);
        cr_expect_eq(bb_rd(rows[i].base + 0x540), rows[i].after_70000, "row %u: %u", i,
                     bb_rd(rows[i].base + 0x540));
    }
}

Test(microbit, timer_stops_at_a_compare)
{
    bb_wr(TIMER1 + 0x540, 50);
    bb_wr(TIMER1 + 0x200, BIT(8));
    bb_wr(TIMER1 + 0x000, 1);
    bb_advance(MS);
    bb_wr(TIMER1 + 0x044, 1);
    cr_assert_eq(bb_rd(TIMER1 + 0x544), 50);
}

Test(microbit, counter_counts_tasks)
{
    bb_wr(TIMER1 + 0x504, 1); /* counter mode */
    bb_wr(TIMER1 + 0x540, 3);
    bb_wr(TIMER1 + 0x000, 1);
    for (unsigned n = 1; n <= 3; n++) {
        cr_assert_eq(bb_rd(TIMER1 + 0x140), 0);
        bb_wr(TIMER1 + 0x008, 1);
        bb_advance(MS);
    }
    cr_assert_eq(bb_rd(TIMER1 + 0x140), 1);
}

Test(microbit, rtc_is_exact_over_a_day)
{
    bb_wr(RTC1 + 0x540, 32768);
    bb_wr(RTC1 + 0x304, BIT(16));
    bb_wr(RTC1 + 0x000, 1);
    bb_advance(1000 * MS - 1);
    cr_assert_eq(bb_irq(), -1);
    bb_advance(1);
    cr_assert_eq(bb_irq(), 17);
    bb_advance(86399ll * 1000 * MS);
    cr_assert_eq(bb_rd(RTC1 + 0x504), 86400ll * 32768 % (1 << 24));
    bb_wr(RTC1 + 0x004, 1);
    bb_wr(RTC1 + 0x508, 32767); /* one tick a second: the prescaler has 12 bits */
    cr_assert_eq(bb_rd(RTC1 + 0x508), 4095);
}

Test(microbit, rtc_events_need_to_be_enabled)
{
    bb_wr(RTC0 + 0x540, 10);
    bb_wr(RTC0 + 0x000, 1);
    bb_advance(MS);
    cr_assert_eq(bb_rd(RTC0 + 0x140), 0);
    cr_assert_eq(bb_rd(RTC0 + 0x100), 0);
    bb_wr(RTC0 + 0x344, BIT(0) | BIT(1)); /* EVTENSET: TICK, OVRFLW */
    bb_advance(31000);
    cr_assert_eq(bb_rd(RTC0 + 0x100), 1);
    cr_assert_eq(bb_irq(), -1);
    bb_wr(RTC0 + 0x00c, 1); /* TRIGOVRFLW */
    cr_assert_eq(bb_rd(RTC0 + 0x504), 0xfffff0);
    bb_advance(17 * 30518);
    cr_assert_eq(bb_rd(RTC0 + 0x104), 1);
}

/* The host runs timers late: what a program does meanwhile loses no event. */
Test(microbit, rtc_events_come_late_but_come)
{
    bb_wr(RTC1 + 0x540, 10);
    bb_wr(RTC1 + 0x304, BIT(16)); /* COMPARE[0] */
    bb_wr(RTC1 + 0x000, 1);
    bb_stall(MS);                 /* 32 ticks */
    bb_wr(RTC1 + 0x544, 1000);    /* another channel */
    bb_advance(0);
    cr_assert_eq(bb_irq(), 17);
    cr_assert_eq(bb_rd(RTC1 + 0x140), 1);
    bb_wr(RTC1 + 0x140, 0);
    bb_wr(RTC1 + 0x348, BIT(16));
    bb_wr(RTC1 + 0x308, BIT(16));
    bb_wr(RTC1 + 0x344, BIT(1)); /* OVRFLW */
    bb_wr(RTC1 + 0x00c, 1);      /* TRIGOVRFLW */
    bb_stall(MS);
    cr_assert_lt(bb_rd(RTC1 + 0x504), 32, "the counter has begun again");
    cr_assert_eq(bb_rd(RTC1 + 0x104), 1, "and this has been told");
}

/* The counter is cleared by its own event, and the events of other channels are theirs. */
Test(microbit, rtc_cleared_by_its_compare_event)
{
    bb_wr(PPI + 0x510, RTC0 + 0x140);
    bb_wr(PPI + 0x514, RTC0 + 0x008);
    bb_wr(PPI + 0x504, BIT(0));
    bb_wr(RTC0 + 0x540, 32768 / 8); /* CC[0]: 125 ms */
    bb_wr(RTC0 + 0x344, BIT(16) | BIT(17) | BIT(1)); /* CC[1] is 0 */
    bb_wr(RTC0 + 0x000, 1);
    bb_advance(125 * MS);
    cr_assert_eq(bb_rd(RTC0 + 0x140), 1);
    cr_assert_eq(bb_rd(RTC0 + 0x144), 0);
    cr_assert_eq(bb_rd(RTC0 + 0x104), 0, "no overflow");
    bb_stall(135 * MS);
    bb_advance(0);
    cr_assert_eq(bb_rd(RTC0 + 0x504), 327, "10 ms after the second match");
}

Test(microbit, ppi_connects_a_timer_with_a_pin)
{
    bb_wr(GPIOTE + 0x510, 3 | 2 << 8 | 3 << 16);  /* task, pin 2, toggle */
    bb_wr(GPIOTE + 0x514, 1 | 2 << 8 | 1 << 16);  /* event, pin 2, rising */
    bb_wr(PPI + 0x510, TIMER0 + 0x140);           /* EEP */
    bb_wr(PPI + 0x514, GPIOTE + 0x000);           /* TEP */
    bb_wr(TIMER0 + 0x540, 100);
    bb_wr(TIMER0 + 0x200, BIT(0));
    bb_wr(TIMER0 + 0x000, 1);
    bb_advance(150000);
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(2), 0, "the channel is not enabled");
    bb_wr(PPI + 0x504, BIT(0));
    bb_advance(100000);
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(2), BIT(2));
    cr_assert_eq(bb_rd(GPIOTE + 0x104), 1);
    bb_advance(100000);
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(2), 0);
    /* A channel that feeds itself ends. */
    bb_wr(GPIOTE + 0x514, 1 | 2 << 8 | 3 << 16);
    bb_wr(PPI + 0x518, GPIOTE + 0x104);
    bb_wr(PPI + 0x51c, GPIOTE + 0x000);
    bb_wr(PPI + 0x504, BIT(1));
    bb_wr(GPIOTE + 0x000, 1);
}

Test(microbit, gpio_pulls_and_buttons)
{
    cr_assert_eq(bb_rd(GPIO + 0x510) & (BIT(17) | BIT(26)), BIT(17) | BIT(26)); /* not pressed */
    bb_drive("gpio", 17, 0);
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(17), 0);
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(3), 0);
    bb_wr(GPIO + 0x700 + 4 * 3, 3 << 2); /* pull up */
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(3), BIT(3));
    bb_wr(GPIO + 0x518, BIT(5)); /* DIRSET */
    bb_wr(GPIO + 0x508, BIT(5)); /* OUTSET */
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(5), BIT(5));
    cr_assert_eq(bb_rd(GPIO + 0x700 + 4 * 5) & 1, 1);
    bb_wr(GPIO + 0x50c, BIT(5)); /* OUTCLR */
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(5), 0);
}

Test(microbit, port_event_by_sense)
{
    bb_wr(GPIO + 0x700 + 4 * 26, 3 << 16); /* button B: sense low */
    bb_wr(GPIOTE + 0x304, BIT(31));
    bb_drive("gpio", 26, 0);
    cr_assert_eq(bb_rd(GPIOTE + 0x17c), 1);
    cr_assert_eq(bb_irq(), 6);
}

Test(microbit, flash_is_written_through_the_controller)
{
    bb_wr(0x3f000, 0x12345678); /* not enabled */
    cr_assert_eq(bb_rd(0x3f000), 0xffffffff);
    bb_wr(NVMC + 0x504, 1);
    bb_wr(0x3f000, 0x12345678);
    bb_wr(0x3f000, 0xffff0000); /* only ones become zeros */
    cr_assert_eq(bb_rd(0x3f000), 0x12340000);
    bb_wr(0x3f3fc, 1);
    bb_wr(0x3f400, 2);
    bb_wr(0x10001080, 3);
    bb_wr(NVMC + 0x508, 0x3f000); /* erasing is not enabled */
    cr_assert_eq(bb_rd(0x3f000), 0x12340000);
    bb_wr(NVMC + 0x504, 2);
    bb_wr(NVMC + 0x508, 0x3f000);
    cr_assert_eq(bb_rd(0x3f000), 0xffffffff);
    cr_assert_eq(bb_rd(0x3f3fc), 0xffffffff);
    cr_assert_eq(bb_rd(0x3f400), 2);
    cr_assert_eq(bb_rd(0x10001080), 3);
    bb_wr(NVMC + 0x50c, 1); /* ERASEALL */
    cr_assert_eq(bb_rd(0x3f400), 0xffffffff);
    cr_assert_eq(bb_rd(0x10001080), 0xffffffff);
}

/** Read @count bytes from register @reg of slave @address as a driver does. */
static void twi_read(uint32_t address, uint32_t reg, uint8_t *out, unsigned count)
{
    bb_wr(TWI0 + 0x588, address);
    bb_wr(TWI0 + 0x200, 0);
    bb_wr(TWI0 + 0x11c, 0);
    bb_wr(TWI0 + 0x008, 1); /* STARTTX */
    bb_wr(TWI0 + 0x51c, reg);
    cr_assert_eq(bb_rd(TWI0 + 0x11c), 0, "sent before its time");
    bb_advance(MS / 4); /* address and byte at 100 kHz: 0.19 ms */
    cr_assert_eq(bb_rd(TWI0 + 0x11c), 1, "no acknowledgement from 0x%02x", address);
    bb_wr(TWI0 + 0x200, count == 1 ? 2 : 1); /* BB: stop, or suspend */
    bb_wr(TWI0 + 0x104, 0);
    bb_wr(TWI0 + 0x000, 1); /* STARTRX */
    for (unsigned n = 0; n < count; n++) {
        cr_assert_eq(bb_rd(TWI0 + 0x108), 1, "byte %u", n);
        bb_wr(TWI0 + 0x108, 0);
        if (n + 2 == count)
            bb_wr(TWI0 + 0x200, 2);
        out[n] = (uint8_t)bb_rd(TWI0 + 0x518);
        bb_wr(TWI0 + 0x020, 1); /* RESUME */
    }
    cr_assert_eq(bb_rd(TWI0 + 0x104), 1, "not stopped");
}

static void twi_write(uint32_t address, uint32_t reg, uint32_t value)
{
    bb_wr(TWI0 + 0x588, address);
    bb_wr(TWI0 + 0x200, 0);
    bb_wr(TWI0 + 0x008, 1);
    bb_wr(TWI0 + 0x51c, reg);
    bb_wr(TWI0 + 0x51c, value);
    bb_wr(TWI0 + 0x014, 1); /* STOP */
}

Test(microbit, sensors_identify_themselves)
{
    uint8_t id;
    bb_wr(TWI0 + 0x500, 5);
    twi_read(0x1d, 0x0d, &id, 1);
    cr_assert_eq(id, 0x5a); /* MMA8653FC */
    twi_read(0x0e, 0x07, &id, 1);
    cr_assert_eq(id, 0xc4); /* MAG3110 */
    bb_wr(TWI0 + 0x588, 0x33);
    bb_wr(TWI0 + 0x304, BIT(9));
    bb_wr(TWI0 + 0x000, 1);
    cr_assert_eq(bb_rd(TWI0 + 0x4c4), 2); /* ANACK */
    cr_assert_eq(bb_irq(), 3);
}

/* Each byte is written before STARTTX, with the event cleared in between. */
Test(microbit, bytes_are_sent_by_starttx)
{
    uint8_t mode = 0;
    bb_wr(TWI0 + 0x500, 5);
    bb_wr(TWI0 + 0x524, 0x01980000); /* 100 kHz */
    bb_wr(TWI0 + 0x588, 0x1d);
    for (unsigned n = 0; n < 2; n++) {
        bb_wr(TWI0 + 0x51c, n ? 0x21 : 0x2a); /* CTRL_REG1 */
        bb_wr(TWI0 + 0x11c, 0);
        bb_wr(TWI0 + 0x008, 1);
        bb_advance(MS / 4);
        cr_assert_eq(bb_rd(TWI0 + 0x11c), 1, "byte %u", n);
    }
    bb_wr(TWI0 + 0x014, 1);
    twi_read(0x1d, 0x2a, &mode, 1);
    cr_assert_eq(mode, 0x21);
}

/* Drivers wait until the bits are clear again. */
Test(microbit, sensors_are_reset)
{
    uint8_t v;
    bb_wr(TWI0 + 0x500, 5);
    twi_write(0x1d, 0x31, 5); /* OFF_Z */
    twi_read(0x1d, 0x31, &v, 1);
    cr_assert_eq(v, 5);
    twi_write(0x1d, 0x2b, 0x40);
    twi_read(0x1d, 0x2b, &v, 1);
    cr_assert_eq(v, 0);
    twi_read(0x1d, 0x31, &v, 1);
    cr_assert_eq(v, 0);
    twi_write(0x0e, 0x11, 0x90); /* AUTO_MRST_EN stays */
    twi_read(0x0e, 0x11, &v, 1);
    cr_assert_eq(v, 0x80);
}

Test(microbit, sensors_measure)
{
    uint8_t d[6];
    bb_wr(TWI0 + 0x500, 5);
    twi_write(0x1d, 0x2d, 1); /* CTRL_REG4: data ready */
    twi_write(0x1d, 0x2e, 1); /* CTRL_REG5: on INT1 */
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(28), BIT(28));
    twi_write(0x1d, 0x2a, 0x21); /* 50 Hz, active */
    bb_advance(20 * MS);
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(28), 0);
    twi_read(0x1d, 0x01, d, 6);
    /* Lying flat, LEDs up, the sensor below: -1 g on Z; 256 counts per g, 10 bits to the left. */
    const uint8_t flat[6] = {0, 0, 0, 0, 0xc0, 0};
    cr_assert_arr_eq(d, flat, 6);
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(28), BIT(28));
    twi_write(0x0e, 0x10, 1); /* MAG3110: active at 80 Hz */
    bb_advance(13 * MS);
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(29), BIT(29));
    twi_read(0x0e, 0x01, d, 6);
    cr_assert_eq((int16_t)(d[0] << 8 | d[1]), 200); /* 20 uT */
    cr_assert_eq((int16_t)(d[4] << 8 | d[5]), 430);
    cr_assert_eq(bb_rd(GPIO + 0x510) & BIT(29), 0);
}

Test(microbit, random_temperature_voltage)
{
    bb_wr(RNG + 0x304, 1);
    bb_wr(RNG + 0x200, 1); /* VALRDY stops */
    bb_wr(RNG + 0x000, 1);
    bb_advance(MS);
    cr_assert_eq(bb_rd(RNG + 0x100), 1);
    cr_assert_eq(bb_rd(RNG + 0x508), 0xf5);
    cr_assert_eq(bb_irq(), 13);
    bb_wr(RNG + 0x100, 0);
    bb_advance(MS);
    cr_assert_eq(bb_rd(RNG + 0x100), 0);
    bb_wr(TEMP + 0x000, 1);
    bb_advance(36000);
    cr_assert_eq(bb_rd(TEMP + 0x100), 1);
    cr_assert_eq(bb_rd(TEMP + 0x508), 84); /* 21 degrees */
    bb_wr(ADC + 0x500, 1);
    bb_wr(ADC + 0x504, 2); /* 10 bits */
    bb_wr(ADC + 0x000, 1);
    cr_assert_eq(bb_rd(ADC + 0x400), 1);
    bb_advance(68000);
    cr_assert_eq(bb_rd(ADC + 0x400), 0);
    cr_assert_eq(bb_rd(ADC + 0x508), 512);
}

Test(microbit, watchdog)
{
    bb_wr(WDT + 0x504, 32767); /* 1 s */
    bb_wr(WDT + 0x508, 3);     /* two requests */
    bb_wr(WDT + 0x000, 1);
    bb_wr(WDT + 0x504, 1); /* locked */
    cr_assert_eq(bb_rd(WDT + 0x504), 32767);
    bb_advance(900 * MS);
    bb_wr(WDT + 0x600, 0x6e524635);
    cr_assert_eq(bb_rd(WDT + 0x404), 2);
    bb_wr(WDT + 0x604, 0x6e524635);
    bb_advance(900 * MS);
    cr_assert_eq(bb.resets, 0);
    bb_wr(WDT + 0x600, 0x6e524635); /* one of two is not enough */
    bb_wr(CLOCK + 0x51c, 0xa5); /* GPREGRET */
    cr_assert_eq(bb_rd(CLOCK + 0x400), 0);
    bb_advance(200 * MS);
    cr_assert_eq(bb.resets, 1);
    board_reset(&bb.board);
    cr_assert_eq(bb_rd(CLOCK + 0x400), 2); /* DOG */
    cr_assert_eq(bb_rd(CLOCK + 0x51c), 0xa5);
    board_reset(&bb.board); /* by software */
    cr_assert_eq(bb_rd(CLOCK + 0x400), 6);
    bb_wr(CLOCK + 0x400, 6);
    cr_assert_eq(bb_rd(CLOCK + 0x400), 0);
}

/* The three rows one after the other, each for 6 ms, as software does. */
Test(microbit, leds_as_seen)
{
    /* Columns that are low while the row is high; an image that is not symmetric: column 1 of row 1
     * is LED (0,0), column 2 of row 1 (2,0), column 1 of row 2 (4,2), column 1 of row 3 (2,4). */
    static const uint32_t columns[3] = {BIT(0) | BIT(1), BIT(0), BIT(0)};
    uint8_t picture[MICROBIT_LED_SIDE][MICROBIT_LED_SIDE];
    static const uint8_t expected[MICROBIT_LED_SIDE][MICROBIT_LED_SIDE] = {
        {9, 0, 9, 0, 0}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 9}, {0, 0, 0, 0, 0}, {0, 0, 9, 0, 0}};
    bb_wr(GPIO + 0x518, 0xfff0);
    for (unsigned n = 0; n < 30; n++) {
        bb_wr(GPIO + 0x504, BIT(13 + n % 3) | (~columns[n % 3] & 0x1ff) << 4);
        bb_advance(6 * MS);
    }
    microbit_leds_picture(board_device(&bb.board, "leds", 0), picture);
    for (unsigned y = 0; y < MICROBIT_LED_SIDE; y++)
        cr_expect_arr_eq(picture[y], expected[y], MICROBIT_LED_SIDE, "row %u: %u%u%u%u%u", y,
                         picture[y][0], picture[y][1], picture[y][2], picture[y][3], picture[y][4]);
    bb_wr(GPIO + 0x504, 0);
    bb_advance(200 * MS);
    microbit_leds_picture(board_device(&bb.board, "leds", 0), picture);
    cr_assert_eq(picture[0][0], 0);
}
