/*
 * A guest for `virt` whose output depends on the exact instruction at which each timer interrupt is
 * taken: the handler prints a number that the interrupted loop changes all the time.
 */
#include "guest.h"

enum { GICD = 0x08000000, GICC = 0x08010000, RTC = 0x09010000, TIMER_IRQ = 30 };

static volatile uint32_t ticks;
static volatile uint32_t work = 1;

__asm__(".section .vectors, \"ax\"\n"
        ".align 5\n"
        "vectors: b . ; b . ; b . ; b . ; b . ; b . ; b irq_entry ; b .\n"
        ".global _start\n"
        "_start:\n"
        "  cps #0x12\n"
        "  ldr sp, =irq_stack\n"
        "  cps #0x13\n"
        "  ldr sp, =stack\n"
        "  ldr r0, =vectors\n"
        "  mcr p15, 0, r0, c12, c0, 0\n"
        "  bl main\n"
        "  ldr r0, =0x84000008\n"
        "  .arch_extension virt\n"
        "  hvc #0\n"
        "  b .\n"
        ".text\n");

static uint32_t now(void)
{
    uint32_t low, high;
    __asm__ volatile("mrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high));
    return low;
}

static void timer_arm(uint32_t count)
{
    __asm__ volatile("mcr p15, 0, %0, c14, c2, 0\n\tmcr p15, 0, %1, c14, c2, 1\n\tisb"
                     : : "r"(count), "r"(1));
}

__attribute__((interrupt("IRQ"), used)) void irq_entry(void)
{
    uint32_t id = REG(GICC + 0xc);
    ticks++;
    print("irq  ", id);
    print("work ", work);
    print("time ", now());
    timer_arm(97 + (ticks * 7919u) % 3001);
    REG(GICC + 0x10) = id;
}

int main(void)
{
    REG(GICD) = 1;
    REG(GICD + 0x100) = 1u << TIMER_IRQ;
    REG(GICC + 4) = 0xff;
    REG(GICC) = 1;
    print("rtc  ", REG(RTC));
    timer_arm(1000);
    __asm__ volatile("cpsie i");
    while (ticks < 200) /* two loops, so that blocks of several sizes are interrupted */
        for (uint32_t i = 0; i < (work & 15); i++)
            work = work * 1664525u + 1013904223u + (i & 3 ? i : ~i);
    for (unsigned i = 0; i < 50; i++) {
        uint32_t before = ticks;
        while (ticks == before)
            __asm__ volatile("wfi");
        print("woke ", now());
    }
    __asm__ volatile("cpsid i");
    timer_arm(62500000 * 2u); /* two seconds, which cost nothing */
    __asm__ volatile("wfi");
    print("late ", now());
    print("rtc  ", REG(RTC));
    return 0;
}
