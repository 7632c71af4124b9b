/*
 * A guest for `virt` with three CPUs whose output depends on how they are interleaved: each notes
 * its number in a common log whenever it has counted a common counter on some steps; between, it
 * waits for events and interrupts.
 */
#include "guest.h"

enum { CPUS = 3, NOTES = 40, STEPS = 700 };

static volatile uint32_t counter, log_count, done, own[CPUS];
static volatile char log_text[CPUS * NOTES + 1];
__attribute__((used)) static uint32_t stacks[CPUS][256];

__asm__(".section .vectors, \"ax\"\n"
        ".global _start\n"
        "_start:\n"
        "  ldr sp, =stack\n"
        "  bl main\n"
        "off:\n"
        "  ldr r0, =0x84000008\n"
        "  .arch_extension virt\n"
        "  hvc #0\n"
        "  b .\n"
        "secondary:\n" /* r0: its number */
        "  ldr r1, =stacks\n"
        "  add sp, r1, r0, lsl #10\n"
        "  add sp, sp, #1024\n"
        "  bl work\n"
        "1: wfi\n"
        "  b 1b\n"
        ".text\n");

extern char secondary[];

static uint32_t add(volatile uint32_t *p, uint32_t n)
{
    uint32_t old, failed;
    do
        __asm__ volatile("ldrex %0, [%2]\n add r12, %0, %3\n strex %1, r12, [%2]"
                         : "=&r"(old), "=&r"(failed)
                         : "r"(p), "r"(n) : "r12", "memory");
    while (failed);
    return old;
}

__attribute__((used)) void work(uint32_t cpu)
{
    for (uint32_t note = 0; note < NOTES; note++) {
        for (uint32_t i = 0; i < STEPS * (cpu + 1); i++) {
            add(&counter, 1);
            own[cpu]++;
        }
        log_text[add(&log_count, 1)] = (char)('0' + cpu);
        if (note % 8 == 7)
            __asm__ volatile("sev\n wfe\n wfe");
    }
    add(&done, 1);
    __asm__ volatile("sev");
}

static uint32_t cpu_on(uint32_t cpu)
{
    register uint32_t r0 __asm__("r0") = 0x84000003, r1 __asm__("r1") = cpu;
    register uint32_t r2 __asm__("r2") = (uint32_t)secondary, r3 __asm__("r3") = cpu;
    __asm__ volatile(".arch_extension virt\n hvc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3)
                     : "memory");
    return r0;
}

int main(void)
{
    print("on   ", cpu_on(1) | cpu_on(2));
    work(0);
    while (done < CPUS)
        __asm__ volatile("wfe");
    print("sum  ", counter);
    print("own  ", own[0] + own[1] + own[2]);
    for (uint32_t i = 0; i < log_count; i++)
        put(log_text[i]);
    put('\n');
    return 0;
}
