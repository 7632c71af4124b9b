/* Stacking, priorities, nesting, tail chaining, late arrival, masks; all cores. */
#include "rt.h"

static uint32_t psp_stack[64] __attribute__((aligned(8)));

static void enable(unsigned irq, uint8_t priority)
{
#if __ARM_ARCH_6M__
    unsigned shift = 8 * (irq % 4);
    volatile uint32_t *ipr = &REG(0xe000e400 + irq / 4 * 4);
    *ipr = (*ipr & ~(0xffu << shift)) | (uint32_t)priority << shift;
#else
    NVIC_IPR(irq) = priority;
#endif
    NVIC_ISER = 1u << irq;
}

/* ---- the frame ------------------------------------------------------------------------------- */

static uint32_t seen[8], seen_sp, seen_icsr, seen_control;

static void look_at_frame(struct event *e)
{
    for (int i = 0; i < 8; i++)
        seen[i] = e->frame[i];
    seen_sp = (uint32_t)e->frame;
    seen_icsr = ICSR;
    seen_control = MRS(control);
}

/* SVC with known registers, @adjust bytes below an address that is a multiple of 8, Returns SP at
 * the SVC. */
static uint32_t svc_with_registers(uint32_t adjust)
{
    register uint32_t a __asm__("r6") = adjust, sp __asm__("r7");
    __asm__ volatile(
        "mov r5, sp\n"
        "lsrs r7, r5, #3\n lsls r7, r7, #3\n subs r7, r7, r6\n"
        "mov sp, r7\n"
        "movs r0, #0x5a\n lsls r0, r0, #24\n mov r12, r0\n"
        "movs r0, #10\n movs r1, #11\n movs r2, #12\n movs r3, #0x89\n lsls r3, r3, #24\n"
        "mov r4, lr\n"
        "cmp r0, r0\n" /* Z and C */
        "svc 7\n"
        "mov sp, r5\n mov lr, r4\n"
        : "+r"(a), "=r"(sp)::"r0", "r1", "r2", "r3", "r4", "r5", "r12", "cc", "memory");
    return sp;
}

static void test_frame(void)
{
    action[SVC] = look_at_frame;
    uint32_t sp = svc_with_registers(8);
    check("frame: SP 8-aligned", seen_sp, sp - 0x20);
    check("frame: R0", seen[0], 10);
    check("frame: R3", seen[3], 0x89000000);
    check("frame: R12", seen[4], 0x5a000000);
    check("frame: xPSR", seen[7], 0x61000000);
    check("EXC_RETURN to Thread, MSP", events[0].exc_return, 0xfffffff9);
    check("ICSR.VECTACTIVE", seen_icsr & 0x1ff, SVC);
    check("CONTROL in the handler", seen_control, 0);
    sp = svc_with_registers(12);
    check("frame: SP aligned by 4", seen_sp, (sp - 0x20) & ~7u);
    check("frame: xPSR bit 9", seen[7], 0x61000200);
    uint16_t *svc = (uint16_t *)(seen[6] - 2);
    check("frame: PC is behind the SVC", *svc, 0xdf07);
    events_clear();
}

static void test_psp(void)
{
    action[SVC] = look_at_frame;
    MSR(psp, (uint32_t)&psp_stack[60]);
    uint32_t msp = MRS(msp);
    MSR(control, 2);
    ISB();
    SVC_CALL(1);
    MSR(control, 0);
    ISB();
    check("PSP: frame", seen_sp, (uint32_t)&psp_stack[60 - 8]);
    check("PSP: EXC_RETURN", events[0].exc_return, 0xfffffffd);
    check("PSP: CONTROL in the handler", seen_control, 0);
    check("PSP: afterwards", MRS(psp), (uint32_t)&psp_stack[60]);
    check("PSP: MSP is unchanged", MRS(msp), msp);
    events_clear();
}

/* ---- order ----------------------------------------------------------------------------------- */

static void pend_pendsv(struct event *e)
{
    ICSR = PENDSVSET;
    ISB();
}

static void pend_irq2(struct event *e)
{
    NVIC_ISPR = 4;
    ISB();
}

static void test_order(void)
{
    SHPR2 = 0x80u << 24; /* SVC */
    SHPR3 = 0xc0u << 16; /* PendSV; SysTick 0 */
    action[SVC] = pend_pendsv;
    SVC_CALL(2);
    check_order("PendSV after SVC", "SP");
    check("tail chaining: one frame", (uint32_t)events[1].frame, (uint32_t)events[0].frame);
    check("tail chaining: EXC_RETURN", events[1].exc_return, 0xfffffff9);

    enable(2, 0x40);
    action[SVC] = pend_irq2;
    SVC_CALL(2);
    check_order("IRQ 2 preempts SVC", "S2");
    check("nested EXC_RETURN", events[1].exc_return, 0xfffffff1);
    check("nested frame lies below", events[1].frame < events[0].frame, 1);
    check("nested: the IPSR of its frame", events[1].xpsr & 0x1ff, SVC);

    enable(2, 0x80);
    SVC_CALL(2);
    check_order("IRQ 2 of the same priority waits", "S2");
    check("it is tail-chained", (uint32_t)events[1].frame, (uint32_t)events[0].frame);

    action[SVC] = 0;
    enable(1, 0x80);
    enable(3, 0x40);
    CPSID(i);
    NVIC_ISPR = 2 | 4 | 8;
    ICSR = PENDSVSET;
    ISB();
    check_order("PRIMASK holds all", "");
    check("ISRPENDING, VECTPENDING", ICSR & 0x007ff000, 1u << 22 | (IRQ0 + 3) << 12);
    CPSIE(i);
    ISB();
    check_order("by priority, then by number", "312P");
    NVIC_ICER = 0xffff;
    events_clear();
}

/* ---- WFI, WFE -------------------------------------------------------------------------------- */

/* Also what has come in the meantime: the host may be slow. */
static void stop_systick(struct event *e)
{
    SYST_CSR = 0;
    ICSR = PENDSTCLR;
}

static void test_waiting(void)
{
    enable(4, 0x40);
    CPSID(i);
    NVIC_ISPR = 16;
    __asm__ volatile("wfi");
    check_order("WFI ends with PRIMASK set", "");
    CPSIE(i);
    ISB();
    check_order("then the interrupt is taken", "4");
    NVIC_ICER = 16;

    __asm__ volatile("sev\n wfe\n sev\n wfe");
    SCR = 0x10; /* SEVONPEND */
    NVIC_ISPR = 32;
    __asm__ volatile("wfe");
    check_order("a disabled interrupt ends WFE", "");
    SCR = 0;
    NVIC_ICPR = 32;
    check("ISPR after ICPR", NVIC_ISPR & 32, 0);

    /* SysTick wakes WFI. */
    action[SYSTICK] = stop_systick;
    SYST_RVR = 5000;
    SYST_CVR = 0;
    SYST_CSR = 7;
    __asm__ volatile("wfi");
    ISB();
    check_order("SysTick ends WFI", "T");
    events_clear();
}

static volatile unsigned ticks;
static void count_tick(struct event *e)
{
    if (++ticks < 3)
        return;
    SCR = 0;
    stop_systick(e);
}

static void test_sleep_on_exit(void)
{
    action[SYSTICK] = count_tick;
    ticks = 0;
    CPSID(i);
    SYST_RVR = 3000;
    SYST_CVR = 0;
    SYST_CSR = 7;
    SCR = 2;
    CPSIE(i);
    ISB();
    while (!ticks)
        ;
    unsigned n = ticks;
    SYST_CSR = 0;
    check("SLEEPONEXIT: Thread mode goes on after three ticks", n, 3);
    events_clear();
}

static void test_systick(void)
{
    SYST_CSR = 0;
    SYST_RVR = 999;
    SYST_CVR = 5;
    check("SYST_CVR is cleared by a write", SYST_CVR, 0);
    SYST_CSR = 5;
    while (!(SYST_CSR & 1u << 16))
        ;
    check("COUNTFLAG is cleared by reading", SYST_CSR & ~(1u << 16), 5);
    uint32_t low = 1000, v;
    for (int i = 0; i < 200; i++) {
        v = SYST_CVR;
        low = v < low ? v : low;
        if (v > 999)
            low = 0xbad;
    }
    check("SYST_CVR stays below the reload value", low < 1000, 1);
    SYST_CSR = 0;
    ICSR = PENDSTCLR;
    check_order("without TICKINT there is no exception", "");
    CPSID(i);
    ICSR = PENDSTSET;
    check("PENDSTSET", ICSR >> 26 & 1, 1);
    ICSR = PENDSTCLR;
    check("PENDSTCLR", ICSR >> 26 & 1, 0);
    CPSIE(i);
    check_order("a cleared SysTick is not taken", "");
}

/* ---- exclusives are opened by exceptions ----------------------------------------------------- */

#if !__ARM_ARCH_6M__
static void test_exclusives(void)
{
    static uint32_t word = 1;
    uint32_t failed, old;
    __asm__ volatile("ldrex %0, [%2]\n svc 3\n strex %1, %0, [%2]" : "=&r"(old), "=&r"(failed)
                     : "r"(&word) : "memory");
    check("STREX after an exception fails", failed, 1);
    __asm__ volatile("ldrex %0, [%2]\n strex %1, %0, [%2]" : "=&r"(old), "=&r"(failed) : "r"(&word)
                     : "memory");
    check("STREX without one stores", failed, 0);
    events_clear();
}

static void test_basepri(void)
{
    enable(1, 0x40);
    enable(2, 0x80);
    MSR(basepri, 0x80);
    NVIC_ISPR = 2 | 4;
    ISB();
    check_order("BASEPRI holds what is not more urgent", "1");
    MSR(basepri_max, 0xc0);
    check("BASEPRI_MAX only raises", MRS(basepri), 0x80);
    MSR(basepri_max, 0x40);
    check("BASEPRI_MAX raises", MRS(basepri), 0x40);
    NVIC_ISPR = 2;
    ISB();
    check_order("now nothing", "");
    check("VECTPENDING knows of BASEPRI", ICSR & 0x007ff000, 1u << 22);
    MSR(basepri, 0);
    ISB();
    check_order("BASEPRI 0 lets all in", "12");

    CPSID(f);
    NVIC_ISPR = 2;
    ICSR = NMIPENDSET;
    ISB();
    check_order("FAULTMASK lets NMI in", "N");
    check("FAULTMASK after NMI", MRS(faultmask), 1);
    CPSIE(f);
    ISB();
    check_order("FAULTMASK cleared", "1");
    NVIC_ICER = 0xffff;
    events_clear();
}

static void test_grouping(void)
{
    enable(1, 0x60);
    enable(2, 0x40);
    action[IRQ0 + 1] = pend_irq2;
    AIRCR = 0x05fa0000 | 6 << 8; /* one bit of group priority */
    NVIC_ISPR = 2;
    ISB();
    check_order("same group: no preemption", "12");
    check("it is tail-chained", events[1].exc_return, events[0].exc_return);
    CPSID(i);
    NVIC_ISPR = 2 | 4;
    CPSIE(i);
    ISB();
    check_order("the subpriority decides among pending ones", "212"); /* 1 pends 2 again */
    AIRCR = 0x05fa0000;
    NVIC_ISPR = 2;
    ISB();
    check_order("groups of all bits: preemption", "12");
    check("it is nested", events[1].exc_return, 0xfffffff1);
    check("AIRCR", AIRCR, 0xfa050000);
    NVIC_ICER = 0xffff;
    events_clear();
}

static uint32_t ram_vectors[64] __attribute__((aligned(256)));
static void test_vtor(void)
{
    extern uint32_t vectors[];
    for (int i = 0; i < 64; i++)
        ram_vectors[i] = vectors[i];
    VTOR = (uint32_t)ram_vectors;
    SVC_CALL(4);
    check_order("vectors in RAM", "S");
    check("VTOR", VTOR, (uint32_t)ram_vectors);
    VTOR = 0;
}

/* An SVC in the middle of an IT block, and an interrupt of one. */
static void test_it(void)
{
    uint32_t a, b;
    __asm__ volatile("movs %0, #0\n movs %1, #0\n cmp %0, #0\n"
                     "itttt eq\n svceq 9\n moveq %0, #5\n svceq 10\n moveq %1, #6" : "=&r"(a),
                     "=&r"(b) :: "cc", "memory");
    check_order("SVC in an IT block", "SS");
    check("instructions of the block behind it (1)", a, 5);
    check("instructions of the block behind it (2)", b, 6);
    /* eq, three left: 0000 0010 */
    check("ITSTATE in the frame", events[0].xpsr & 0x0600fc00, 0x04000000);
    __asm__ volatile("movs %0, #0\n movs %1, #0\n cmp %0, #0\n"
                     "itete eq\n svceq 9\n movne %0, #5\n moveq %0, #7\n movne %1, #6" : "=&r"(a),
                     "=&r"(b) :: "cc", "memory");
    check("else parts are skipped", a << 8 | b, 7 << 8);
    event_count = 0;
}

static void test_bit_band(void)
{
    static volatile uint32_t word;
    volatile uint32_t *bits = (uint32_t *)(0x22000000 + ((uint32_t)&word - 0x20000000) * 32);
    word = 0;
    bits[5] = 1;
    bits[31] = 3;
    check("bit-band: set", word, 0x80000020);
    check("bit-band: read", bits[5] << 1 | bits[6], 2);
    bits[5] = 2;
    check("bit-band: bit 0 of the value counts", word, 0x80000000);
}

static void test_cycles(void)
{
    DEMCR |= 1u << 24;
    DWT_CYCCNT = 0;
    DWT_CTRL |= 1;
    uint32_t a = DWT_CYCCNT;
    for (volatile int i = 0; i < 20000; i++)
        ;
    uint32_t b = DWT_CYCCNT;
    DWT_CTRL &= ~1u;
    uint32_t c = DWT_CYCCNT;
    check("CYCCNT counts", b > a, 1);
    check("CYCCNT stops", DWT_CYCCNT, c);
}
#endif

int main(void)
{
    test_frame();
    test_psp();
    test_order();
    test_waiting();
    test_sleep_on_exit();
    test_systick();
#if !__ARM_ARCH_6M__
    test_exclusives();
    test_basepri();
    test_grouping();
    test_vtor();
    test_it();
    test_bit_band();
    test_cycles();
#endif
    finish();
}
