/* The vector table, and what has to happen before newlib's own start-up code. */
#include <string.h>

extern char data_load[], data_start[], data_end[], __stack[];
void _start(void);

#define CPACR (*(volatile unsigned *)0xe000ed88)

void reset(void)
{
#ifdef __ARM_FP
    CPACR |= 0xfu << 20;
    __asm__ volatile("dsb\n isb");
#endif
    memcpy(data_start, data_load, (size_t)(data_end - data_start));
    _start();
}

/* SYS_EXIT with ADP_Stopped_InternalError; the stack may be unusable. */
__attribute__((naked)) void fault(void)
{
    __asm__ volatile("ldr r1, =0x20024\n movs r0, #0x18\n bkpt 0xab\n b .");
}

void on_hard_fault(void) __attribute__((weak, alias("fault")));
void on_svc(void) __attribute__((weak, alias("fault")));

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    __stack, reset, fault, on_hard_fault, [11] = on_svc,
};
