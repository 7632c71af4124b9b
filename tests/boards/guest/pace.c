/* STM32F405: how many cycles an instruction takes, and whether SysTick is on time, with the
 * internal oscillator, with the PLL at 168 MHz, and with the oscillator again. HSE_MHZ: the
 * crystal. */
#include "guest.h"

#define USART1 0x40011000u
#define RCC 0x40023800u
#define FLASH 0x40023c00u
#define SYSTICK 0xe000e010u
#define CYCCNT 0xe0001004u

enum { ROUNDS = 1000, PERIOD = 16000, LATE = 200 };

static volatile uint32_t ticked;

void put_char(char c)
{
    uart_put(USART1 + 4, 0, 0, c);
}

void guest_systick(void)
{
    ticked = REG(CYCCNT);
    REG(SYSTICK) = 0;
}

/* ROUNDS of two instructions each. */
static uint32_t cycles_of_loop(void)
{
    uint32_t start = REG(CYCCNT), count = ROUNDS;
    __asm__ volatile("1: subs %0, %0, #1\n\tbne 1b" : "+l"(count) : : "cc");
    return REG(CYCCNT) - start;
}

static int systick_on_time(void)
{
    ticked = 0;
    REG(SYSTICK + 4) = PERIOD - 1;
    REG(SYSTICK + 8) = 0;
    REG(SYSTICK) = 7;
    uint32_t start = REG(CYCCNT);
    while (!ticked)
        ;
    return ticked - start > PERIOD - LATE && ticked - start < PERIOD + LATE;
}

static void measure(const char *name)
{
    uint32_t cycles = cycles_of_loop();
    put_text(name);
    if (cycles > ROUNDS && cycles < 4 * ROUNDS)
        put_text(": about a cycle each");
    else
        put_value(": cycles", cycles);
    put_text(systick_on_time() ? ", SysTick on time\n" : ", SysTick wrong\n");
}

static void select_clock(uint32_t clock)
{
    REG(RCC + 8) = (REG(RCC + 8) & ~3u) | clock;
    while ((REG(RCC + 8) & 0xc) != clock << 2)
        ;
}

static void start_pll(void)
{
    REG(RCC) |= 1u << 16;
    while (!(REG(RCC) & 1u << 17))
        ;
    REG(RCC + 8) = 5 << 10 | 4 << 13;
    REG(RCC + 4) = HSE_MHZ | 336 << 6 | 1u << 22 | 7 << 24;
    REG(RCC) |= 1u << 24;
    while (!(REG(RCC) & 1u << 25))
        ;
    REG(FLASH) = 5;
}

int guest_main(void)
{
    REG(RCC + 0x44) = 1u << 4;
    REG(USART1 + 0xc) = 1u << 13 | 1u << 3;
    REG(0xe000edfc) |= 1u << 24;
    REG(0xe0001000) |= 1;
    measure("16 MHz");
    start_pll();
    select_clock(2);
    measure("168 MHz");
    select_clock(0);
    measure("16 MHz");
    return 0;
}
