/* micro:bit: characters, a timer with interrupt and one with a shortcut, random bytes, pins, and
 * flash that the program erases and writes. */
#include "guest.h"

#define UART 0x40002000u
#define TIMER0 0x40008000u
#define TIMER1 0x40009000u
#define RNG 0x4000d000u
#define NVMC 0x4001e000u
#define GPIO 0x50000000u
#define PAGE 0x0003fc00u

static volatile uint32_t ticks;

void put_char(char c)
{
    REG(UART + 0x11c) = 0;
    REG(UART + 0x51c) = (uint8_t)c;
    while (!REG(UART + 0x11c))
        ;
}

void guest_irq(void)
{
    if (exception_number() - 16 != 8) {
        put_text("strange interrupt\n");
        guest_exit(1);
    }
    REG(TIMER0 + 0x140) = 0;
    if (++ticks == 5)
        REG(TIMER0 + 0x004) = 1;
}

static void timers(void)
{
    REG(TIMER0 + 0x508) = 3;
    REG(TIMER0 + 0x510) = 4;
    REG(TIMER0 + 0x540) = 1000;
    REG(TIMER0 + 0x200) = 1;
    REG(TIMER0 + 0x304) = 1 << 16;
    NVIC_ENABLE(8);
    REG(TIMER0) = 1;
    while (ticks < 5)
        __asm__ volatile("wfi");
    put_value("ticks", ticks);
    /* counts tasks */
    REG(TIMER1 + 0x504) = 1;
    REG(TIMER1) = 1;
    REG(TIMER1 + 8) = 1;
    REG(TIMER1 + 8) = 1;
    REG(TIMER1 + 0x40) = 1;
    put_value("counted", REG(TIMER1 + 0x540));
}

static void random_bytes(void)
{
    uint32_t seen = 0;
    REG(RNG) = 1;
    for (int n = 0; n < 16; n++) {
        while (!REG(RNG + 0x100))
            ;
        REG(RNG + 0x100) = 0;
        seen |= REG(RNG + 0x508);
    }
    REG(RNG + 4) = 1;
    put_value("random", seen > 0x7f && seen <= 0xff);
}

static void pins(void)
{
    REG(GPIO + 0x518) = 0xfff0;
    REG(GPIO + 0x508) = 0xe000;
    REG(GPIO + 0x50c) = 0x2000;
    put_value("out", REG(GPIO + 0x504));
    put_value("dir", REG(GPIO + 0x514));
    put_value("pin", REG(GPIO + 0x700 + 4 * 4) & 1);
}

static void flash(void)
{
    REG(NVMC + 0x504) = 2;
    REG(NVMC + 0x508) = PAGE;
    while (!REG(NVMC + 0x400))
        ;
    put_value("erased", REG(PAGE));
    REG(NVMC + 0x504) = 1;
    REG(PAGE) = 0x0ff0f00f;
    while (!REG(NVMC + 0x400))
        ;
    REG(PAGE) = 0xffff0000; /* only ones become zeros */
    REG(NVMC + 0x504) = 0;
    put_value("written", REG(PAGE));
}

int guest_main(void)
{
    REG(UART + 0x500) = 4;
    REG(UART + 0x008) = 1;
    put_text("hello from the micro:bit\n");
    put_value("page size", REG(0x10000010));
    put_value("pages", REG(0x10000014));
    timers();
    random_bytes();
    pins();
    flash();
    return 0;
}
