/* A few characters through the UART at UART, a SysTick interrupt, and what an access to nothing
 * does. For any board and any core. */
#include "guest.h"

static volatile uint32_t ticks;

void put_char(char c)
{
#ifdef PL011
    while (REG(UART + 0x18) & 0x20)
        ;
#else
    while (REG(UART + 4) & 1)
        ;
#endif
    REG(UART) = (uint8_t)c;
}

void guest_systick(void)
{
    ticks++;
}

void guest_hard_fault(void)
{
    put_text("hard fault\n");
    guest_exit(7);
}

int guest_main(void)
{
#ifdef PL011
    REG(UART + 0x30) = 0x301;
#else
    REG(UART + 0x10) = 16;
    REG(UART + 8) = 1;
#endif
    put_text("hello\n");
    REG(0xe000e014) = 999;
    REG(0xe000e018) = 0;
    REG(0xe000e010) = 7;
    while (ticks < 3)
        __asm__ volatile("wfi");
    put_text("ticks\n");
    REG(0x90000000) = 1;
    __asm__ volatile("dsb");
    put_text("not reached\n");
    return 0;
}
