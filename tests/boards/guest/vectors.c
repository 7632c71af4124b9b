/* What newlib has not: the vector table. The FPU, where there is one, is switched on before its
 * start code. */
#include <stdint.h>

extern uint32_t __stack[];
void _start(void);

static void fault(void)
{
    static const uint32_t block[2] = {0x20023, 99}; /* ADP_Stopped_RunTimeErrorUnknown */
    register uint32_t op __asm__("r0") = 0x20;
    register const void *arg __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : : "r"(op), "r"(arg) : "memory");
    for (;;)
        ;
}

static void reset(void)
{
#ifdef __ARM_FP
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
    __asm__ volatile("dsb\n isb");
#endif
    _start();
}

void *vectors[16] __attribute__((section(".vectors")));
void *vectors[16] = {__stack, reset, fault, fault, fault, fault, fault};
