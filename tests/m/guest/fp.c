/* The floating-point context: CPACR, FPCA, frames, lazy and eager preservation, FPDSCR. */
#include "rt.h"

#define LSPEN (1u << 30)
#define ASPEN (1u << 31)

static uint32_t guarded_stack[64] __attribute__((aligned(256)));
static uint32_t saved[17]; /* the FP part of the frame, after FP was used */
static uint32_t lspact_before, lspact_after, fpcar, fpscr_in_handler, s0_in_handler, control_after;

#define VMOV_TO(reg, v) __asm__ volatile("vmov " #reg ", %0" :: "r"((uint32_t)(v)))
#define VMOV_FROM(reg) ({ uint32_t v_; __asm__ volatile("vmov %0, " #reg : "=r"(v_)); v_; })
#define VMRS() ({ uint32_t v_; __asm__ volatile("vmrs %0, fpscr" : "=r"(v_)); v_; })
#define VMSR(v) __asm__ volatile("vmsr fpscr, %0" :: "r"((uint32_t)(v)))

static void no_fp(struct event *e)
{
    lspact_before = FPCCR & 1;
}

static void use_fp(struct event *e)
{
    lspact_before = FPCCR & 1;
    fpcar = FPCAR;
    fpscr_in_handler = VMRS();
    s0_in_handler = VMOV_FROM(s0);
    lspact_after = FPCCR & 1;
    for (int i = 0; i < 17; i++)
        saved[i] = e->frame[8 + i];
    control_after = MRS(control);
    VMOV_TO(s0, 0xdead);
    VMOV_TO(s15, 0xbeef);
    VMOV_TO(s16, 0xcafe);
    VMSR(0x01000000);
}

static void set_up(void)
{
    VMOV_TO(s0, 0x3f800000);
    VMOV_TO(s15, 0x40000000);
    VMOV_TO(s16, 0x40400000);
    VMSR(0x90400000); /* N, V, round up */
}

static void check_kept(const char *name, uint32_t s16)
{
    check(name, VMOV_FROM(s0), 0x3f800000);
    check("... S15", VMOV_FROM(s15), 0x40000000);
    check("... S16 is not saved", VMOV_FROM(s16), s16);
    check("... FPSCR", VMRS(), 0x90400000);
}

static void test_access(void)
{
    SHCSR = 0x70000;
    FAULTING("vmov.f32 s0, s1");
    check_fault("NOCP: no access", USAGE, F_NOCP, 0);
    FAULTING("vldr d0, [%[a]]", [a] "r"(guarded_stack));
    check_fault("NOCP: load", USAGE, F_NOCP, 0);
    check("FPCA", MRS(control), 0);
    CPACR = 0x00500000; /* privileged code only */
    ISB();
    VMOV_TO(s1, 5);
    check("FPCA is set by an instruction", MRS(control), 4);
    MSR(control, 5);
    ISB();
    FAULTING("vmov.f32 s0, s1");
    action[SVC] = ({ void up(struct event *e) { MSR(control, 0); } up; });
    SVC_CALL(1);
    check("NOCP: unprivileged", events[0].cfsr, F_NOCP);
    check_order("unprivileged code faults", "US");
    CPACR = 0x00f00000;
    ISB();
    events_clear();
}

static void test_lazy(void)
{
    uint32_t sp;
    check("FPCCR at reset", FPCCR & (ASPEN | LSPEN | 1), ASPEN | LSPEN);
    set_up();
    action[SVC] = no_fp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    SVC_CALL(1);
    check("EXC_RETURN with FP frame", events[0].exc_return, 0xffffffe9);
    check("size of the frame", sp - (uint32_t)events[0].frame, 0x68 + (sp & 4 ? 4 : 0));
    check("LSPACT in the handler", lspact_before, 1);
    check("LSPACT after the return", FPCCR & 1, 0);
    check("FPCA after the return", MRS(control), 4);
    check_kept("handler without FP: S0", 0x40400000);
    events_clear();

    set_up();
    FPDSCR = 0x02000000; /* default NaN */
    action[SVC] = use_fp;
    SVC_CALL(1);
    check("LSPACT before FP is used", lspact_before, 1);
    check("LSPACT afterwards", lspact_after, 0);
    check("FPCAR", fpcar, (uint32_t)events[0].frame + 0x20);
    check("saved S0", saved[0], 0x3f800000);
    check("saved S15", saved[15], 0x40000000);
    check("saved FPSCR", saved[16], 0x90400000);
    check("the handler sees S0", s0_in_handler, 0x3f800000);
    check("FPSCR of a new context", fpscr_in_handler & 0x07c00000, 0x02000000);
    check("FPCA in the handler", control_after, 4);
    check_kept("handler with FP: S0", 0xcafe);
    FPDSCR = 0;
    events_clear();
}

static void nested_svc(struct event *e)
{
    use_fp(e);
    ICSR = PENDSVSET;
    ISB();
}

static void test_nested(void)
{
    SHPR(SVC) = 0x80;
    SHPR(PENDSV) = 0x40;
    set_up();
    action[SVC] = nested_svc;
    action[PENDSV] = use_fp;
    SVC_CALL(1);
    check("nested: EXC_RETURN", events[1].exc_return, 0xffffffe1);
    check("nested: saved S0", saved[0], 0xdead);
    check_order("nested", "SP");
    check_kept("two handlers with FP: S0", 0xcafe);
    /* Tail chaining without FP in between: still the first context's frame. */
    SHPR(PENDSV) = 0x80;
    set_up();
    action[SVC] = ({ void pend(struct event *e) { ICSR = PENDSVSET; } pend; });
    SVC_CALL(1);
    check("tail chain: EXC_RETURN", events[1].exc_return, 0xffffffe9);
    check("tail chain: saved S0", saved[0], 0x3f800000);
    check_order("tail chain", "SP");
    check_kept("tail chain: S0", 0xcafe);
    SHPR(SVC) = SHPR(PENDSV) = 0;
    events_clear();
}

static void test_eager(void)
{
    FPCCR = ASPEN;
    ISB();
    set_up();
    action[SVC] = use_fp;
    SVC_CALL(1);
    check("eager: LSPACT", lspact_before, 0);
    check("eager: saved S15", saved[15], 0x40000000);
    check("eager: saved FPSCR", saved[16], 0x90400000);
    check_kept("eager: S0", 0xcafe);
    events_clear();
    /* Without automatic preservation there is no FP frame, and FPCA stays clear. */
    FPCCR = 0;
    MSR(control, 0);
    ISB();
    set_up();
    check("no ASPEN: FPCA", MRS(control), 0);
    action[SVC] = no_fp;
    SVC_CALL(1);
    check("no ASPEN: EXC_RETURN", events[0].exc_return, 0xfffffff9);
    FPCCR = ASPEN | LSPEN;
    ISB();
    events_clear();
}

/* The place that was reserved cannot be written any more when the state is to be saved. */
static void protect_and_use(struct event *e)
{
    MPU_RBAR = (uint32_t)guarded_stack | 1 << 4;
    MPU_RASR = 5u << 24 | 7 << 1 | 1;
    MPU_CTRL = 5;
    ISB();
    VMOV_TO(s0, 1);
}

static void unprotect(struct event *e)
{
    MPU_CTRL = 0;
    ISB();
}

static void test_lazy_fault(void)
{
    SHPR(SVC) = 0x80;
    set_up();
    action[SVC] = protect_and_use;
    action[MEM] = unprotect;
    MSR(psp, (uint32_t)&guarded_stack[60]);
    MSR(control, 6);
    ISB();
    SVC_CALL(1);
    MSR(control, 4);
    ISB();
    check("MLSPERR", events[1].cfsr, F_MLSPERR);
    check_order("MLSPERR in the handler, which goes on", "SM");
    check_kept("S0 after that", 0x40400000);
    SHPR(SVC) = 0;
    events_clear();
}

/* @handler of SVC, or of a HardFault, has the frame of FP code below guarded_stack. */
static void lazily(void (*handler)(struct event *e), bool hard)
{
    set_up();
    action[hard ? HARD : SVC] = handler;
    action[MEM] = unprotect;
    MSR(psp, (uint32_t)&guarded_stack[60]);
    MSR(control, 6);
    ISB();
    if (hard)
        __asm__ volatile("bkpt 1" ::: "memory");
    else
        SVC_CALL(1);
    MSR(control, 4);
    ISB();
}

static uint32_t fpccr_seen, pended_seen;
static void in_hard_fault(struct event *e)
{
    fpccr_seen = FPCCR;
    e->frame[6] += 2; /* behind the BKPT */
    protect_and_use(e);
    lspact_after = FPCCR & 1;
    pended_seen = SHCSR >> 13 & 1;
}

static void enable_too_late(struct event *e)
{
    fpccr_seen = FPCCR;
    SHCSR |= 0x70000;
    protect_and_use(e);
}

/* What could be taken when the frame was made counts, and so do the rights of that time. */
static void test_lazy_escalation(void)
{
    action[HARD] = 0;
    lazily(in_hard_fault, true);
    check("FPCCR: HFRDY, MMRDY, BFRDY, THREAD", fpccr_seen & 0x17b, 0x79);
    check("MLSPERR waits behind HardFault", pended_seen, 1);
    check("... the state is given up", lspact_after, 0);
    check("... CFSR", events[1].cfsr, F_MLSPERR);
    check("... HFSR", events[1].hfsr & F_FORCED, 0);
    check_order("... then it is taken", "HM");
    DFSR = 2;
    HFSR = 1u << 31;
    events_clear();

    SHPR(SVC) = 0x80;
    SHCSR = 0;
    action[HARD] = unprotect;
    lazily(enable_too_late, false);
    check("FPCCR without MMRDY, BFRDY", fpccr_seen & 0x17b, 0x19);
    check("MLSPERR without MMRDY: CFSR", events[1].cfsr, F_MLSPERR);
    check("... HFSR", events[1].hfsr, F_FORCED);
    check_order("... is a HardFault", "SH");
    check_kept("... S0", 0x40400000);
    SHPR(SVC) = 0;
    events_clear();
}

static void use_and_disable(struct event *e)
{
    use_fp(e);
    CPACR = 0;
    ISB();
}

static void grant(struct event *e)
{
    CPACR = 0x00f00000;
    ISB();
}

/* CPACR counts when registers are stored or loaded with a frame. */
static void test_access_of_frames(void)
{
    set_up();
    action[SVC] = use_and_disable;
    action[USAGE] = grant;
    SVC_CALL(1);
    check("return without access: CFSR", events[1].cfsr, F_NOCP);
    check("... EXC_RETURN", events[1].exc_return, 0xffffffe9);
    check_order("... is tail-chained", "SU");
    check_kept("... S0", 0xcafe);
    events_clear();

    FPCCR = ASPEN;
    set_up();
    CPACR = 0;
    ISB();
    action[SVC] = no_fp;
    action[USAGE] = grant;
    SVC_CALL(1);
    check("entry without access: CFSR", events[0].cfsr, F_NOCP);
    check_order("... UsageFault, then SVC", "US");
    FPCCR = ASPEN | LSPEN;
    ISB();
    events_clear();
}

/* Arithmetic's exceptions survive the preservation. */
static void test_flags(void)
{
    VMSR(0);
    action[SVC] = use_fp;
    __asm__ volatile("vmov.f32 s1, #1.0\n vmov.f32 s2, #3.0\n vdiv.f32 s3, s1, s2\n svc 1"
                     ::: "memory");
    check("IXC in the saved FPSCR", saved[16] & 0x9f, 0x10);
    check("IXC afterwards", VMRS() & 0x9f, 0x10);
    events_clear();
}

int main(void)
{
    test_access();
    test_lazy();
    test_nested();
    test_eager();
    test_lazy_fault();
    test_lazy_escalation();
    test_access_of_frames();
    test_flags();
    finish();
}
