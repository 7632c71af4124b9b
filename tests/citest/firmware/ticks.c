/* SysTick interrupts a loop; how far that came depends on the exact instruction of each
 * interrupt. */
#include "firmware.h"

static volatile uint32_t ticks, work;

void systick(void)
{
    ticks++;
}

int main(void)
{
    ticks = 0;
    work = 0;
    REG(0xe000e014) = 1000 - 1;
    REG(0xe000e018) = 0;
    REG(0xe000e010) = 7;
    while (ticks < 50)
        work = work * 5 + 1;
    print("work ");
    print_number(work);
    while (ticks < 100)
        __asm__ volatile("wfi");
    print(" ticks ");
    print_number(ticks);
    print(" left ");
    print_number(REG(0xe000e018));
    print("\n");
    return 0;
}
