/* Faults that cannot be handled: the CPU locks up. KIND says which. */
#include "rt.h"

#define NOWHERE 0x0f000000
#define WATCHDOG(offset) REG(0x40008000 + (offset))

static void undefined(struct event *e)
{
    __asm__ volatile("udf #7");
}

static void read_nothing(struct event *e)
{
    (void)*(volatile uint32_t *)NOWHERE;
}

#if __ARM_FP
static uint32_t guarded_stack[64] __attribute__((aligned(256)));

/* In NMI's handler: the state of the HardFault's handler cannot be stored any more. No fault could
 * have been taken when its frame was made. */
static void use_fp(struct event *e)
{
    MPU_RBAR = (uint32_t)guarded_stack | 1 << 4;
    MPU_RASR = 5u << 24 | 7 << 1 | 1;
    MPU_CTRL = 7; /* also for NMI */
    ISB();
    __asm__ volatile("vmov s0, %0" :: "r"(1));
    print("not reached\n");
}

static void nmi_with_fp(struct event *e)
{
    uint32_t sp = MRS(msp);
    __asm__ volatile("vmov s0, %0" :: "r"(1));
    MSR(msp, (uint32_t)&guarded_stack[60]);
    ICSR = NMIPENDSET;
    ISB();
    MSR(msp, sp);
}
#endif

static void revived(struct event *e)
{
    check("the return address of a CPU that was locked up", e->pc, 0xfffffffe);
    finish();
}

static void start_watchdog(void)
{
    WATCHDOG(0xc00) = 0x1acce551;
    WATCHDOG(0) = 20000;
    WATCHDOG(8) = 1; /* its interrupt is the NMI */
}

int main(void)
{
    print("before\n");
    switch (KIND) {
    case 1:
        action[HARD] = undefined;
        __asm__ volatile("udf #6");
        break;
    case 2:
        action[NMI] = read_nothing;
        ICSR = NMIPENDSET;
        ISB();
        break;
    case 3:
        CPSID(f);
        SVC_CALL(1);
        break;
    case 4:
        VTOR = NOWHERE;
        SVC_CALL(1);
        break;
#if __ARM_FP
    case 5:
        CPACR = 0x00f00000;
        ISB();
        action[HARD] = nmi_with_fp;
        action[NMI] = use_fp;
        __asm__ volatile("udf #6");
        break;
#endif
    case 6:
        action[NMI] = revived;
        start_watchdog();
        CPSID(f);
        undefined(0);
        break;
    }
    print("not reached\n");
    finish();
}
