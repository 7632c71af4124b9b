/* ARMv7-M: 240 interrupts and their priorities, what ICSR tells, all values of EXC_RETURN, stacks
 * and vector tables that are not there, SysTick, DWT's counters, bit-banding. Started on the
 * machine `cortex-m` with 240 interrupts and three bits of priority. */
#include "rt.h"

#define NOWHERE 0x0f000000
#define PRIORITY_MASK 0xe0
#define RAM_SIZE 0x40000
#define NVIC_WORD(base, n) REG(0xe000e000 + (base) + 4 * (n))
#define ISER(n) NVIC_WORD(0x100, n)
#define ICER(n) NVIC_WORD(0x180, n)
#define ISPR(n) NVIC_WORD(0x200, n)
#define IABR(n) NVIC_WORD(0x300, n)

enum { NONBASETHRDENA = 1, STKALIGN = 1 << 9, M7 = 0xc27 };

static uint32_t all_vectors[256] __attribute__((aligned(1024)));
static uint32_t psp_stack[128] __attribute__((aligned(256)));

static bool is_m7(void)
{
    return (CPUID >> 4 & 0xfff) == M7;
}

static uint32_t vectpending(void)
{
    return ICSR >> 12 & 0x1ff;
}

/* ---- interrupts ------------------------------------------------------------------------------ */

static uint32_t icsr_seen, iabr_seen, ipsr_seen;
static void look(struct event *e)
{
    icsr_seen = ICSR;
    iabr_seen = IABR((e->exc - IRQ0) / 32);
    ipsr_seen = MRS(ipsr);
}

static void test_lines(void)
{
    extern uint32_t vectors[];
    for (int i = 0; i < 256; i++)
        all_vectors[i] = i < 16 ? vectors[i] : vectors[16];
    VTOR = (uint32_t)all_vectors;
    check("ICTR", ICTR, 7);
    for (unsigned n = 0; n < 8; n++)
        ISER(n) = 0xffffffff;
    check("ISER0", ISER(0), 0xffffffff);
    check("ISER7: 16 of them", ISER(7), 0xffff);
    for (unsigned n = 0; n < 8; n++)
        ICER(n) = 0xffffffff;
    check("ICER7", ISER(7), 0);
    NVIC_IPR(239) = 0xff;
    check("IPR: three bits", NVIC_IPR(239), PRIORITY_MASK);
    check("IPR59", REG(0xe000e400 + 236), (uint32_t)PRIORITY_MASK << 24);
    REG(0xe000e4f0) = 0xffffffff;
    check("IPR60 is not there", REG(0xe000e4f0), 0);
    SHPR(SVC) = 0xff;
    check("SHPR: three bits", SHPR(SVC), PRIORITY_MASK);
    SHPR(SVC) = 0;
    MSR(basepri, 0xff);
    check("BASEPRI: three bits", MRS(basepri), PRIORITY_MASK);
    MSR(basepri, 0);
    ISER(7) = 1 << 15;
    action[IRQ0 + 239] = look;
    STIR = 239;
    ISB();
    check("interrupt 239: taken", event_count == 1 && events[0].exc == 255, 1);
    check("... IPSR", ipsr_seen, 255);
    check("... VECTACTIVE, RETTOBASE", icsr_seen & 0xfff, 255 | 1 << 11);
    check("... IABR7", iabr_seen, 1 << 15);
    check("... ended", IABR(7), 0);
    STIR = 240;
    check("STIR behind the last one", ISPR(7), 0);
    ISER(0) = 1;
    CPSID(i);
    ISPR(7) = 1 << 15;
    STIR = 0;
    check("VECTPENDING: by priority", vectpending(), IRQ0);
    NVIC_IPR(0) = 0xff;
    check("VECTPENDING: by number", vectpending(), IRQ0);
    NVIC_IPR(239) = 0x40;
    check("VECTPENDING: 239", vectpending(), 255);
    event_count = 0;
    CPSIE(i);
    ISB();
    check("the more urgent one first", events[0].exc << 8 | events[1].exc, 255 << 8 | IRQ0);
    ICER(7) = ICER(0) = 0xffffffff;
    events_clear();
}

/* What FAULTMASK and BASEPRI hold is not shown as pending, PRIMASK hides nothing. */
static void test_vectpending(void)
{
    CPSID(i);
    ICSR = PENDSVSET;
    check("VECTPENDING with PRIMASK", vectpending(), PENDSV);
    CPSID(f);
    check("VECTPENDING with FAULTMASK", vectpending(), 0);
    check("... PENDSVSET", ICSR >> 28 & 1, 1);
    CPSIE(f);
    SHPR(PENDSV) = 0x40;
    MSR(basepri, 0x40);
    check("VECTPENDING with BASEPRI", vectpending(), 0);
    MSR(basepri, 0x60);
    check("VECTPENDING above BASEPRI", vectpending(), PENDSV);
    MSR(basepri, 0);
    ICSR = PENDSVCLR;
    SHPR(PENDSV) = 0;
    CPSIE(i);
    check_order("nothing was taken", "");
}

/* Exceptions that come one after the other: their number is exact, and so is that of frames. */
static unsigned chained, frames;
static uint32_t *last_frame;
static void chain(struct event *e)
{
    frames += e->frame != last_frame;
    last_frame = e->frame;
    event_count = 0;
    if (++chained < 1000)
        ISPR(0) = chained & 1 ? 2 : 1;
}

static void test_chains(void)
{
    NVIC_IPR(0) = NVIC_IPR(1) = 0x80;
    ISER(0) = 3;
    action[IRQ0] = action[IRQ0 + 1] = chain;
    ISPR(0) = 1;
    ISB();
    check("1000 exceptions in a chain", chained, 1000);
    check("... have one frame", frames, 1);
    ICER(0) = 3;
    events_clear();
}

/* ---- returns --------------------------------------------------------------------------------- */

static uint32_t bad_return, *good_frame;
static void return_badly(struct event *e)
{
    good_frame = e->frame;
    e->frame[-1] = bad_return;
}

static void mend(struct event *e)
{
    good_frame[-1] = 0xfffffff9;
}

static void test_bad_returns(void)
{
    for (uint32_t v = 0; v < 16; v++) {
        if (v == 9 || v == 13)
            continue;
        bad_return = 0xfffffff0 | v;
        action[SVC] = return_badly;
        action[USAGE] = mend;
        SVC_CALL(1);
        check("EXC_RETURN that is none: CFSR", events[1].cfsr, F_INVPC);
        check("... LR of the handler", events[1].exc_return & 15, v);
        check_order("... tail-chained", "SU");
    }
    events_clear();
}

/* To Thread mode while another exception is active: PendSV's handler calls SVC, whose handler
 * returns to Thread mode; an SVC there goes back into PendSV's. */
static uint32_t thread_ipsr, thread_xpsr, *outer;
static void in_thread(void)
{
    thread_ipsr = MRS(ipsr);
    SVC_CALL(2);
}

static void back(struct event *e)
{
    thread_xpsr = e->xpsr;
    outer[-1] = 0xfffffff1;
}

static void to_thread(struct event *e)
{
    uint32_t *frame = &psp_stack[64];
    for (int i = 0; i < 7; i++)
        frame[i] = 0;
    frame[6] = (uint32_t)in_thread & ~1u;
    frame[7] = 1 << 24;
    MSR(psp, (uint32_t)frame);
    outer = e->frame;
    outer[-1] = 0xfffffffd;
    action[SVC] = back;
}

static void mend_handler(struct event *e)
{
    outer[-1] = 0xfffffff1;
}

static void call(struct event *e)
{
    SVC_CALL(1);
}

static void test_nonbase(void)
{
    SHPR(PENDSV) = 0xe0;
    action[PENDSV] = call;
    action[SVC] = to_thread;
    action[USAGE] = mend_handler;
    ICSR = PENDSVSET;
    ISB();
    check("Thread mode below an exception: CFSR", events[2].cfsr, F_INVPC);
    check_order("... is refused", "PSU");
    CCR |= NONBASETHRDENA;
    thread_ipsr = 99;
    action[SVC] = to_thread;
    ICSR = PENDSVSET;
    ISB();
    check("NONBASETHRDENA: Thread mode was reached", thread_ipsr, 0);
    check("... by its frame", thread_xpsr & 0x1ff, 0);
    check("... EXC_RETURN", events[2].exc_return, 0xfffffffd);
    check_order("... and left", "PSS");
    check("back in Thread mode", MRS(ipsr) | (ICSR & 0x1ff), 0);
    CCR &= ~(uint32_t)NONBASETHRDENA;
    SHPR(PENDSV) = 0;
    events_clear();
}

/* Each instruction that may return from an exception does so, and the others do not. */
__asm__(".syntax unified\n .thumb\n .thumb_func\n way_bx: bx lr\n"
        ".thumb_func\n way_pop: push {lr}\n pop {pc}\n"
        ".thumb_func\n way_popw: push {r4, lr}\n pop.w {r4, pc}\n"
        ".thumb_func\n way_ldm: push {r4, lr}\n mov r0, sp\n add sp, #8\n ldm.w r0, {r4, pc}\n"
        ".thumb_func\n way_ldr: push {r4, lr}\n ldr r4, [sp], #4\n ldr pc, [sp], #4\n"
        ".thumb_func\n way_blx: mov r4, lr\n blx r4\n");
void way_bx(void);
void way_pop(void);
void way_popw(void);
void way_ldm(void);
void way_ldr(void);
void way_blx(void);

static void test_ways(void)
{
    static void (*const ways[])(void) = {way_bx, way_pop, way_popw, way_ldm, way_ldr};
    for (unsigned i = 0; i < 5; i++) {
        uint32_t a = 7, b = 8;
        all_vectors[SVC] = (uint32_t)ways[i];
        __asm__ volatile("mov r4, %0\n svc 1\n mov %0, r4" : "+r"(a), "+r"(b) :: "r4", "memory");
        check("an exception return: BX, POP, POP.W, LDM, LDR", a << 8 | b, 7 << 8 | 8);
        check("... Thread mode", MRS(ipsr), 0);
    }
    /* BLX is a branch to where nothing can be executed. */
    SHPR(SVC) = 0x80;
    all_vectors[SVC] = (uint32_t)way_blx;
    action[MEM] = ({ void end(struct event *e) {
        check("BLX: IPSR of the frame", e->xpsr & 0x1ff, SVC);
        e->frame[6] = (uint32_t)way_bx & ~1u;
        e->frame[5] = 0xfffffff9;
        e->frame[7] = 1 << 24 | SVC;
    } end; });
    __asm__ volatile("svc 1" ::: "r4", "memory");
    check("BLX, EXC_RETURN: CFSR", events[0].cfsr, F_IACCVIOL);
    check("... PC", events[0].pc, 0xfffffff8);
    check_order("... is no return", "M");
    all_vectors[SVC] = all_vectors[PENDSV];
    SHPR(SVC) = 0;
    events_clear();
}

/* A frame and a vector without the T bit, which the first instruction finds. */
static void clear_t(struct event *e)
{
    e->frame[7] &= ~(1u << 24);
}

static void end_svc(struct event *e)
{
    e->frame[6] = (uint32_t)way_bx & ~1u;
    e->frame[5] = 0xfffffff9;
    e->frame[7] |= 1 << 24;
}

static void test_t(void)
{
    SHPR(SVC) = 0x80;
    action[SVC] = clear_t;
    action[USAGE] = ({ void set(struct event *e) { e->frame[7] |= 1 << 24; } set; });
    SVC_CALL(1);
    check("a frame without T: CFSR", events[1].cfsr, F_INVSTATE);
    check("... PC is where it led", ((uint16_t *)events[1].pc)[-1], 0xdf01);
    check("... xPSR", events[1].xpsr & (1 << 24 | 0x1ff), 0);
    check_order("... UsageFault after the return", "SU");
    action[USAGE] = 0;
    for (uint32_t to = 0x1000; to < 0x1008; to += 2) {
        FAULTING("bx %[to]", [to] "r"(to));
        check("a branch without T: PC", events[0].pc, to);
        event_count = 0;
    }
    all_vectors[SVC] &= ~1u;
    action[USAGE] = end_svc;
    SVC_CALL(2);
    check("a vector without T: CFSR", events[0].cfsr, F_INVSTATE);
    check("... PC", events[0].pc, all_vectors[SVC]);
    check("... IPSR of the frame", events[0].xpsr & 0x1ff, SVC);
    check("... EXC_RETURN", events[0].exc_return, 0xfffffff1);
    check_order("... UsageFault in the handler", "U");
    all_vectors[SVC] |= 1;
    SHPR(SVC) = 0;
    events_clear();
}

/* ---- stacks and vectors ---------------------------------------------------------------------- */

/* The frame is not there: make one. */
static void new_stack(struct event *e)
{
    uint32_t *frame = &psp_stack[64];
    for (int i = 0; i < 7; i++)
        frame[i] = 0;
    frame[6] = resume & ~1u;
    frame[7] = 1 << 24;
    MSR(psp, (uint32_t)frame);
}

static void move_stack(struct event *e)
{
    MSR(psp, NOWHERE);
}

/* Handlers that do not look at the frame. */
__asm__(".syntax unified\n .thumb\n .thumb_func\n no_frame: mov r0, lr\n mrs r1, ipsr\n"
        " push {r4, lr}\n bl note\n pop {r4, pc}\n");
void no_frame(void);

__attribute__((used)) static void note(uint32_t exc_return, uint32_t exc)
{
    struct event *e = &events[event_count++];
    e->exc = exc;
    e->exc_return = exc_return;
    e->frame = (uint32_t *)MRS(psp);
    e->cfsr = CFSR;
    e->hfsr = HFSR;
    CFSR = e->cfsr;
    HFSR = e->hfsr;
    if (action[exc])
        action[exc](e);
}

static void set_handlers(uint32_t handler)
{
    for (unsigned exc = HARD; exc <= SVC; exc++)
        all_vectors[exc] = handler;
}

/* SVC with the process stack at @sp; what callers need is kept by them. */
__attribute__((noinline)) static void svc_on(uint32_t sp)
{
    __asm__ volatile("adr r4, 1f\n adds r4, #1\n str r4, [%[r]]\n mov r5, r7\n msr psp, %[sp]\n"
                     " movs r4, #2\n msr control, r4\n isb\n svc 1\n .balign 4\n"
                     " 1: movs r4, #0\n msr control, r4\n isb"
                     :: [r] "r"(&resume), [sp] "r"(sp)
                     : "r0", "r1", "r2", "r3", "r4", "r5", "r12", "lr", "memory", "cc");
}

/* The fault of the stack is found before the handler that was to be entered begins. */
static void test_stacks(void)
{
    uint32_t handler = all_vectors[SVC];
    set_handlers((uint32_t)no_frame);
    action[BUS] = new_stack;
    SHPR(SVC) = 0x80;
    svc_on(NOWHERE);
    check("STKERR: CFSR", events[0].cfsr, F_STKERR);
    check("... EXC_RETURN", events[0].exc_return, 0xfffffffd);
    check("... SP", (uint32_t)events[0].frame, NOWHERE - 32);
    check_order("... BusFault, then SVC", "BS");
    SHPR(SVC) = 0;
    SHPR(BUS) = 0x80;
    action[SVC] = new_stack;
    svc_on(NOWHERE);
    check("STKERR less urgent: EXC_RETURN", events[1].exc_return, 0xfffffffd);
    check_order("... SVC, then BusFault", "SB");
    SHPR(BUS) = 0;
    SHCSR &= ~(1u << 17);
    action[HARD] = new_stack;
    action[SVC] = 0;
    svc_on(NOWHERE);
    check("STKERR without BusFault: HFSR", events[0].hfsr, F_FORCED);
    check_order("... HardFault, then SVC", "HS");
    SHCSR |= 1 << 17;
    action[SVC] = move_stack;
    action[BUS] = new_stack;
    svc_on((uint32_t)&psp_stack[96]);
    check("UNSTKERR: CFSR", events[1].cfsr, F_UNSTKERR);
    check("... EXC_RETURN", events[1].exc_return, 0xfffffffd);
    check("... SP is where it was", (uint32_t)events[1].frame, NOWHERE);
    check_order("... tail-chained", "SB");
    set_handlers(handler);
    events_clear();
}

static void protect(struct event *e)
{
    MPU_RBAR = ((uint32_t)psp_stack & ~0xffu) | 1 << 4;
    MPU_RASR = 7 << 1 | 1; /* no access */
    MPU_CTRL = 5;
    ISB();
}

static void unprotect(struct event *e)
{
    MPU_CTRL = 0;
    ISB();
}

static void test_munstkerr(void)
{
    uint32_t handler = all_vectors[SVC];
    set_handlers((uint32_t)no_frame);
    action[SVC] = protect;
    action[MEM] = unprotect;
    svc_on((uint32_t)&psp_stack[60]);
    set_handlers(handler);
    check("MUNSTKERR: CFSR", events[1].cfsr, F_MUNSTKERR);
    check_order("... then the frame is good again", "SM");
    events_clear();
}

/* CCR.STKALIGN: with it frames lie at multiples of 8; the M7 always has it. */
static void test_alignment(void)
{
    bool fixed = is_m7();
    CCR &= ~(uint32_t)STKALIGN;
    check("CCR.STKALIGN", CCR & STKALIGN, fixed ? STKALIGN : 0);
    svc_on((uint32_t)&psp_stack[61]);
    check("a frame without STKALIGN", (uint32_t)events[0].frame,
          (uint32_t)&psp_stack[fixed ? 52 : 53]);
    check("... bit 9 of its xPSR", events[0].xpsr >> 9 & 1, fixed);
    check("... PSP afterwards", MRS(psp), (uint32_t)&psp_stack[61]);
    event_count = 0;
    CCR |= STKALIGN;
    svc_on((uint32_t)&psp_stack[61]);
    check("a frame with STKALIGN", (uint32_t)events[0].frame, (uint32_t)&psp_stack[52]);
    check("... bit 9 of its xPSR", events[0].xpsr >> 9 & 1, 1);
    check("... PSP afterwards", MRS(psp), (uint32_t)&psp_stack[61]);
    event_count = 0;
}

/* The vector of an interrupt lies behind the end of memory, that of HardFault before it. */
static void test_vector_table(void)
{
    volatile uint32_t *last = (uint32_t *)(0x20000000 + RAM_SIZE - 512);
    for (int i = 0; i < 128; i++)
        last[i] = all_vectors[i];
    VTOR = (uint32_t)last;
    ISER(4) = 1; /* exception 144 */
    action[HARD] = ({ void off(struct event *e) { ICER(4) = 1; } off; });
    ISPR(4) = 1;
    ISB();
    VTOR = (uint32_t)all_vectors;
    check("VECTTBL: HFSR", events[0].hfsr, 2);
    check("... CFSR", events[0].cfsr, 0);
    check("... the interrupt is pending still", ISPR(4), 1);
    check_order("... HardFault", "H");
    ISPR(4) = 0;
    NVIC_WORD(0x280, 4) = 1;
    events_clear();
}

/* ---- SysTick --------------------------------------------------------------------------------- */

static void test_systick(void)
{
    check("SYST_CALIB: TENMS of 25 MHz, no reference", SYST_CALIB, 0x80000000 | (250000 - 1));
    check("CLKSOURCE: the processor's", SYST_CSR, 4);
    SYST_RVR = 0xffffffff;
    check("SYST_RVR has 24 bits", SYST_RVR, 0xffffff);
    SYST_CVR = 7;
    check("SYST_CVR: any write clears", SYST_CVR, 0);
    SYST_CSR = 5;
    ISB();
    while (!SYST_CVR)
        ;
    uint32_t v = SYST_CVR;
    check("loaded from RVR", v > 99999, 1); /* time may be that of a busy host */
    SYST_RVR = 99999; /* does not matter until the counter is at 0 */
    check("a write to RVR does not reload", SYST_CVR > 99999, 1);
    SYST_CVR = 0;
    check("COUNTFLAG is not set by a write to CVR", SYST_CSR, 5);
    while (!SYST_CVR)
        ;
    check("then the new RVR counts", SYST_CVR <= 99999, 1);
    SYST_CSR = 4;
    v = SYST_CVR;
    for (volatile int i = 0; i < 1000; i++)
        ;
    check("stopped, CVR stays", SYST_CVR, v);
    SYST_RVR = 2000;
    SYST_CVR = 0;
    CPSID(i);
    SYST_CSR = 7;
    while (!(SYST_CSR & 1 << 16))
        ;
    check("a tick with PRIMASK is pending", ICSR >> 26 & 1, 1);
    check("... VECTPENDING", vectpending(), SYSTICK);
    while (!(SYST_CSR & 1 << 16))
        ;
    SYST_CSR = 4;
    CPSIE(i);
    ISB();
    check_order("... and taken once", "T");
    while (SYST_CSR & 1 << 16)
        ;
    SYST_RVR = 500;
    SYST_CVR = 0;
    CPSID(i);
    SYST_CSR = 7;
    while (!(ICSR & PENDSTSET)) /* has been at 0 */
        ;
    SYST_CSR = 4;
    SYST_CVR = 0;
    check("a write to CVR clears COUNTFLAG", SYST_CSR >> 16 & 1, 0);
    ICSR = PENDSTCLR;
    CPSIE(i);
    SYST_CSR = 5;
    SYST_RVR = 0;
    while (SYST_CVR)
        ;
    (void)SYST_CSR;
    for (volatile int i = 0; i < 10000; i++)
        ;
    check("RVR 0 stops it at 0", SYST_CVR, 0);
    check("... without COUNTFLAG", SYST_CSR, 5);
    SYST_CSR = 4;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void test_dwt(void)
{
    check("DWT_CTRL: cycles, no profiling counters, no packets", DWT_CTRL, 0x4d000000);
    DWT_CTRL = 0xffffffff;
    check("... what can be written", DWT_CTRL, 0x4d000001);
    DWT_CTRL = 0;
    for (unsigned i = 0; i < 5; i++) {
        REG(0xe0001008 + 4 * i) = 0xff;
        check("a profiling counter is not there", REG(0xe0001008 + 4 * i), 0);
    }
}

static void test_bit_band(void)
{
    static volatile uint32_t word = 0xffff0000;
    uint32_t at = 0x22000000 + ((uint32_t)&word - 0x20000000) * 32;
    if (is_m7()) {
        FAULTING("ldr r5, [%[a]]", [a] "r"(at));
        check_fault("the M7 has no bit-banding", BUS, F_PRECISERR | F_BFARVALID, 0);
        return;
    }
    REG8(at + 4 * 4) = 0xfe;
    check("bit-band: a byte, bit 0 clear", word, 0xffff0000);
    REG8(at + 4 * 4) = 0x01;
    check("bit-band: a byte, bit 0 set", word, 0xffff0010);
    *(volatile uint16_t *)(at + 4 * 9) = 0x0001;
    check("bit-band: a halfword", word, 0xffff0210);
    *(volatile uint16_t *)(at + 4 * 31) = 0xfffe;
    check("bit-band: bit 31", word, 0x7fff0210);
    check("bit-band: reads of a word, a halfword, a byte",
          REG(at + 16) << 8 | *(volatile uint16_t *)(at + 36) << 4 | REG8(at + 124), 0x110);
    FAULTING("ldr r5, [%[a]]", [a] "r"(0x22000000 + (RAM_SIZE << 5)));
    check_fault("bit-band: of nothing", BUS, F_PRECISERR | F_BFARVALID, 0);
}

static void test_waiting(void)
{
    ISER(0) = 1 << 5;
    NVIC_IPR(5) = 0x40;
    CPSID(i);
    SCR = 1 << 4; /* SEVONPEND */
    __asm__ volatile("sev\n wfe"); /* none is left */
    ISPR(0) = 1 << 5;
    __asm__ volatile("wfe");
    ISPR(0) = 1 << 5; /* it is pending already: no event */
    __asm__ volatile("sev\n wfe");
    SCR = 0;
    NVIC_WORD(0x280, 0) = 1 << 5;
    MSR(basepri, 0x20);
    ISPR(0) = 1 << 5;
    ICSR = PENDSVSET; /* priority 0 */
    __asm__ volatile("wfi");
    check_order("WFI ends for what BASEPRI lets in", "");
    ICSR = PENDSVCLR;
    NVIC_WORD(0x280, 0) = 1 << 5;
    MSR(basepri, 0);
    CPSIE(i);
    ICER(0) = 1 << 5;
    SVC_CALL(1);
    __asm__ volatile("wfe"); /* entry and return are events */
    check_order("an exception is an event", "S");
}

int main(void)
{
    SHCSR = 0x70000;
    test_lines();
    test_vectpending();
    test_chains();
    test_bad_returns();
    test_nonbase();
    test_ways();
    test_t();
    test_stacks();
    test_munstkerr();
    test_alignment();
    test_vector_table();
    test_systick();
    test_dwt();
    test_bit_band();
    test_waiting();
    finish();
}
