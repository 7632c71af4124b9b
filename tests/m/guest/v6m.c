/* What ARMv6-M does not have: its few registers, and HardFault for all that is refused. Cortex-M0
 * without an MPU, Cortex-M0+ with one. */
#include "rt.h"

#define NOWHERE 0x0f000000
#define DWT_COMP0 REG(0xe0001020)

enum { M0PLUS = 0xc60 };

static uint32_t words[128] __attribute__((aligned(256)));

static bool is_m0plus(void)
{
    return (CPUID >> 4 & 0xfff) == M0PLUS;
}

/* HardFault with the return address of the instruction at @at; 0: somewhere. */
static void hard(const char *name, uint32_t at)
{
    if (at)
        check(name, events[0].pc, at);
    check_order(name, "H");
}

/* Execute @code, which faults, with @a and @b in R5 and R6, and go on behind it. */
#define TRY(name, code, a, b)                                                                      \
    do {                                                                                           \
        register uint32_t r5_ __asm__("r5") = (uint32_t)(a), r6_ __asm__("r6") = (uint32_t)(b);    \
        uint32_t at_;                                                                              \
        __asm__ volatile("adr %[at], 1f\n adds %[at], #1\n str %[at], [%[r]]\n"                    \
                         " adr %[at], 2f\n b 2f\n .balign 4\n"                                     \
                         " 2: " code "\n .balign 4\n 1: nop"                                       \
                         : [at] "=&l"(at_), "+l"(r5_), "+l"(r6_)                                   \
                         : [r] "l"(&resume)                                                        \
                         : "r4", "lr", "memory", "cc");                                            \
        hard(name, at_);                                                                           \
    } while (0)

/* Branch there, and go on. */
#define GO(to)                                                                                     \
    __asm__ volatile("adr r5, 1f\n adds r5, #1\n str r5, [%[r]]\n bx %[t]\n .balign 4\n 1: nop"   \
                     :: [r] "l"(&resume), [t] "l"(to) : "r5", "memory")

static void test_alignment(void)
{
    uint32_t at = (uint32_t)words + 1, half = (uint32_t)words + 2;
    TRY("unaligned LDR", "ldr r6, [r5]", half, 0);
    TRY("unaligned STR", "str r6, [r5]", half, 0);
    TRY("unaligned LDRH", "ldrh r6, [r5]", at, 0);
    TRY("unaligned LDRSH", "ldrsh r6, [r5, r6]", at, 0);
    TRY("unaligned STRH", "strh r6, [r5]", at, 0);
    TRY("unaligned LDM", "ldm r5!, {r4, r6}", half, 0);
}

/* Encodings of ARMv7-M. */
static void test_encodings(void)
{
    TRY("IT", ".short 0xbf08\n nop", 0, 0);
    TRY("CBZ", ".short 0xb105\n nop", 0, 0);
    TRY("CBNZ", ".short 0xb905\n nop", 0, 0);
    TRY("UDF", ".short 0xde01", 0, 0);
    TRY("UDF.W", ".short 0xf7f0, 0xa001", 0, 0);
    TRY("MOVW", ".short 0xf240, 0x0400", 0, 0);
    TRY("MOV.W", ".short 0xf04f, 0x0400", 0, 0);
    TRY("B.W", ".short 0xf000, 0xb800", 0, 0);
    TRY("BEQ.W", ".short 0xf000, 0x8000", 0, 0);
    TRY("LDR.W", ".short 0xf8d5, 0x4000", words, 0);
    TRY("LDRD", ".short 0xe9d5, 0x4600", words, 0);
    TRY("LDREX", ".short 0xe855, 0x4f00", words, 0);
    TRY("CLREX", ".short 0xf3bf, 0x8f2f", 0, 0);
    TRY("UDIV", ".short 0xfbb5, 0xf4f6", 6, 2);
    TRY("SDIV", ".short 0xfb95, 0xf4f6", 6, 2);
    TRY("MLA", ".short 0xfb05, 0x4406", 6, 2);
    TRY("UMULL", ".short 0xfba5, 0x4606", 6, 2);
    TRY("TBB", ".short 0xe8df, 0xf005", 0, 0);
    TRY("CLZ", ".short 0xfab5, 0xf485", 0, 0);
    TRY("UXTB.W", ".short 0xfa5f, 0xf485", 0, 0);
    TRY("MRC", ".short 0xee11, 0x4510", 0, 0);
    TRY("VMOV", ".short 0xeeb0, 0x0a40", 0, 0);
    TRY("NOP.W", ".short 0xf3af, 0x8000", 0, 0);
    TRY("PLD", ".short 0xf895, 0xf000", words, 0);
    __asm__ volatile("nop\n yield\n sev\n wfe\n dmb\n dsb\n isb");
    check_order("hints and barriers are there", "");
}

static void test_faults(void)
{
    TRY("read of nothing", "ldr r6, [r5]", NOWHERE, 0);
    TRY("write to nothing", "str r6, [r5]", NOWHERE, 0);
    TRY("BKPT", "bkpt 1", 0, 0);
    CPSID(i);
    __asm__ volatile("adr r4, 1f\n adds r4, #1\n str r4, [%0]\n svc 1\n .balign 4\n 1: nop"
                     :: "l"(&resume) : "r4", "memory");
    CPSIE(i);
    check("SVC with PRIMASK: PC is behind it", ((uint16_t *)events[0].pc)[-1], 0xdf01);
    hard("SVC with PRIMASK", 0);
    GO(0x1000);
    check("branch to an even address: T in the frame", events[0].xpsr >> 24 & 1, 0);
    hard("branch to an even address", 0x1000);
    GO(0x40004001);
    hard("execution of peripherals", 0x40004000);
    GO(0xfffffff9); /* in Thread mode */
    hard("EXC_RETURN in Thread mode", 0xfffffff8);
    check("CFSR", CFSR, 0);
    check("HFSR", HFSR, 0);
    check("MMFAR", MMFAR, 0);
    check("BFAR", BFAR, 0);
}

static void return_badly(struct event *e)
{
    e->frame[-1] = 0xfffffff3;
}

static void mend_return(struct event *e)
{
    e->frame[-1] = 0xfffffff9;
}

static void test_returns(void)
{
    action[SVC] = return_badly;
    action[HARD] = mend_return;
    __asm__ volatile("svc 1" ::: "memory");
    check_order("EXC_RETURN that is none", "SH");
    events_clear();
}

static void test_registers(void)
{
    bool plus = is_m0plus();
    uint32_t v;
    CCR = 0;
    check("CCR: STKALIGN and UNALIGN_TRP stay", CCR, 0x208);
    SHPR3 = 0xffffffff;
    check("SHPR3: two bits each, no DebugMonitor", SHPR3, 0xc0c00000);
    SHPR2 = 0xffffffff;
    check("SHPR2", SHPR2, 0xc0000000);
    SHPR2 = SHPR3 = 0;
    REG(0xe000ed18) = 0xffffffff;
    check("SHPR1 is not there", REG(0xe000ed18), 0);
    REG(0xe000e41c) = 0xffffffff;
    check("IPR7", REG(0xe000e41c), 0xc0c0c0c0);
    REG(0xe000e41c) = 0;
    REG(0xe000e420) = 0xffffffff;
    check("IPR8 is not there", REG(0xe000e420), 0);
    CPSID(i);
    NVIC_ISER = 0xffffffff;
    check("32 interrupts", NVIC_ISER, 0xffffffff);
    NVIC_ICER = 0xffffffff;
    CPSIE(i);
    REG(0xe000e104) = 0xffffffff;
    check("ISER1 is not there", REG(0xe000e104), 0);
    AIRCR = 0x05fa0700;
    check("AIRCR: no PRIGROUP", AIRCR, 0xfa050000);
    check("ICTR is not there", ICTR, 0);
    STIR = 3;
    check("STIR is not there", NVIC_ISPR & 1 << 3, 0);
    check("IABR is not there", NVIC_IABR, 0);
    __asm__ volatile("mrs %0, basepri" : "=r"(v));
    check("BASEPRI is not there", v, 0);
    __asm__ volatile("mrs %0, faultmask" : "=r"(v));
    check("FAULTMASK is not there", v, 0);
    VTOR = 0x12345fff;
    check("VTOR", VTOR, plus ? 0x12345f00 : 0);
    VTOR = 0;
    DEMCR = 0xffffffff;
    check("DEMCR has no DebugMonitor", DEMCR & 0x000f0000, 0);
    DEMCR = 0;
    check("DWT_CTRL: no cycles, no counters, no packets", DWT_CTRL & 0x0b000000, 0x0b000000);
    DWT_CTRL = 1;
    DWT_CYCCNT = 5;
    check("CYCCNT is not there", DWT_CYCCNT, 0);
    MSR(control, 1);
    ISB();
    v = MRS(control);
    if (v) {
        action[SVC] = ({ void up(struct event *e) { MSR(control, 0); } up; });
        SVC_CALL(1);
        events_clear();
    }
    check("CONTROL.nPRIV", v, plus);
}

static void test_mpu(void)
{
    if (!is_m0plus()) {
        MPU_CTRL = 5;
        check("MPU_TYPE: there is none", MPU_TYPE | MPU_CTRL, 0);
        return;
    }
    check("MPU_TYPE", MPU_TYPE, 8 << 8);
    MPU_RNR = 2;
    MPU_RBAR = 0x200001ff & ~0x1fu; /* VALID is 0 */
    check("MPU_RBAR: 256 bytes at least", MPU_RBAR, 0x20000102);
    MPU_RASR = 0xffffffff & ~1u;
    check("MPU_RASR: no TEX", MPU_RASR, 0x1707ff3e);
    REG(0xe000eda4) = 0x20000200 | 1 << 4 | 3;
    check("the aliases are not there", REG(0xe000eda4), 0);
    check("... RNR", MPU_RNR, 2);
    MPU_RBAR = (uint32_t)words | 1 << 4;
    MPU_RASR = 5u << 24 | 6 << 1 | 1; /* read-only, 128 bytes: too small to be a region */
    MPU_CTRL = 5;
    ISB();
    words[0] = 1;
    check_order("a region of 128 bytes is none", "");
    MPU_RASR = 5u << 24 | 7 << 1 | 1;
    ISB();
    TRY("write to a read-only region", "str r6, [r5]", words, 0);
    MPU_RASR = 5u << 24 | 1 << 8 | 7 << 1 | 1; /* without its first eighth */
    ISB();
    words[0] = 2;
    check_order("a subregion that is off", "");
    TRY("... its neighbour", "str r6, [r5]", &words[8], 0);
    MPU_CTRL = 0;
    MPU_RASR = 0;
    ISB();
}

int main(void)
{
    test_alignment();
    test_encodings();
    test_faults();
    test_returns();
    test_registers();
    test_mpu();
    finish();
}
