/* LM3S6965: clock set-up as the vendor's library does it, characters, timers, ADC, GPIO, and a
 * watchdog that resets. */
#include "guest.h"

#define UART0 0x4000c000u
#define TIMER0 0x40030000u
#define WATCHDOG 0x40000000u
#define SYSCTL 0x400fe000u
#define ADC 0x40038000u
#define GPIOF 0x40025000u
#define MARK REG(KEPT)

static volatile uint32_t ticks, shots, systicks, barks;

void put_char(char c)
{
    uart_put(UART0, 0x18, 0x20, c);
}

void guest_irq(void)
{
    switch (exception_number() - 16) {
    case 18:
        if (!barks++)
            put_text("watchdog barks\n");
        break;
    case 19:
        if (REG(TIMER0 + 0x20) & 1)
            ticks++;
        REG(TIMER0 + 0x24) = 1;
        break;
    default:
        put_text("strange interrupt ");
        put_hex(exception_number());
        guest_exit(1);
    }
}

void guest_systick(void)
{
    systicks++;
}

/* 50 MHz from the PLL and the 8 MHz crystal. */
static void clock_set_up(void)
{
    REG(SYSCTL + 0x60) = (REG(SYSCTL + 0x60) | 1u << 11) & ~(1u << 22);
    uint32_t rcc = (REG(SYSCTL + 0x60) & ~(0xfu << 6 | 3u << 4 | 1u << 13 | 1u)) | 0xeu << 6;
    REG(SYSCTL + 0x58) = 0x40;
    REG(SYSCTL + 0x60) = rcc;
    while (!(REG(SYSCTL + 0x50) & 0x40))
        ;
    REG(SYSCTL + 0x60) = (rcc & ~(0xfu << 23)) | 3u << 23 | 1u << 22;
    REG(SYSCTL + 0x60) &= ~(1u << 11);
    put_text("locked\n");
}

static void timers(void)
{
    REG(TIMER0) = 0;
    REG(TIMER0 + 4) = 2;
    REG(TIMER0 + 0x28) = 199999; /* 4 ms */
    REG(TIMER0 + 0x18) = 1;
    NVIC_ENABLE(19);
    REG(TIMER0 + 0xc) = 1;
    while (ticks < 5)
        __asm__ volatile("wfi");
    REG(TIMER0 + 0xc) = 0;
    put_value("timer0", ticks);
    REG(0xe000e014) = 199999;
    REG(0xe000e018) = 0;
    REG(0xe000e010) = 7;
    while (systicks < 4)
        __asm__ volatile("wfi");
    REG(0xe000e010) = 0;
    put_value("systick", systicks);
}

static void others(void)
{
    put_value("did0", REG(SYSCTL));
    put_value("did1", REG(SYSCTL + 4));
    put_value("dc1", REG(SYSCTL + 0x10));
    put_value("dc4", REG(SYSCTL + 0x1c));
    REG(SYSCTL + 0x108) = 0x3f;
    put_value("rcgc2", REG(SYSCTL + 0x108));
    put_value("uart id", REG(UART0 + 0xfe0));
    put_value("gpio id", REG(GPIOF + 0xfe0));
    REG(GPIOF + 0x400) = 1;
    REG(GPIOF + 4) = 1;
    put_value("led", REG(GPIOF + 4));
    put_value("inputs", REG(GPIOF + 0x3f8));
    REG(0x20004000) = 8;
    put_value("bit-band", REG(0x22000000 + 0x4000 * 32 + 4 * 3));
}

int guest_main(void)
{
    REG(UART0 + 0x2c) = 0x70;
    REG(UART0 + 0x30) = 0x301;
    if (MARK == 0x600d600d) {
        put_text("back after the watchdog's reset\n");
        put_value("watchdog control", REG(WATCHDOG + 8));
        return 0;
    }
    put_text("hello from lm3s6965\n");
    others();
    clock_set_up();
    timers();
    MARK = 0x600d600d;
    REG(WATCHDOG) = 200000;
    REG(WATCHDOG + 8) = 3;
    NVIC_ENABLE(18);
    for (;;)
        ;
}
