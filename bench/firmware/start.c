/* Vectors, the way into main, and semihosting: for Arm's MPS2 boards with Cortex-M3 or M4. */
#include <stdint.h>
#include <string.h>

#include "kernels.h"

extern uint32_t bss_start[], bss_end[], stack_top[];

static uint32_t call(uint32_t number, const void *argument)
{
    register uint32_t r0 __asm__("r0") = number;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void quit(uint32_t status)
{
    const uint32_t block[2] = {0x20026, status}; /* ADP_Stopped_ApplicationExit */
    call(0x20, block);
}

static void fault(void)
{
    quit(99);
}

void say(const char *text)
{
    call(4, text);
}

static void reset(void)
{
    static char line[64];
    const uint32_t block[2] = {(uint32_t)line, sizeof(line)};
#if __ARM_FP
    *(volatile uint32_t *)0xe000ed88 |= 0xf << 20;
    __asm__ volatile("dsb; isb");
#endif
    memset(bss_start, 0, (size_t)((char *)bss_end - (char *)bss_start));
    call(0x15, block);
    quit((uint32_t)run(line));
}

__attribute__((section(".vectors"), used)) const void *const vectors[16] = {
    stack_top, reset, fault, fault, fault, fault, fault,
};

/* What newlib's allocator asks for. */
void *_sbrk(intptr_t size)
{
    static char heap[16384], *end = heap;
    char *old = end;
    if (size > heap + sizeof(heap) - end)
        return (void *)-1;
    end += size;
    return old;
}
