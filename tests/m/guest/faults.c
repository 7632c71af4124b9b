/* Faults: causes, status and address registers, escalation; the MPU. ARMv7-M. */
#include "rt.h"

#define NOWHERE 0x0f000000 /* no memory there */
#define ENABLE_ALL 0x70000

static uint32_t guarded[1024] __attribute__((aligned(4096)));
static uint32_t psp_stack[64] __attribute__((aligned(256)));

/* ---- UsageFaults ----------------------------------------------------------------------------- */

static void usage_faults(unsigned exc, uint32_t hfsr)
{
    FAULTING("udf #1");
    check_fault("UNDEFINSTR", exc, F_UNDEFINSTR, hfsr);
    FAULTING(".short 0xf7f0, 0xa001"); /* udf.w */
    check_fault("UNDEFINSTR, 32 bits", exc, F_UNDEFINSTR, hfsr);
    FAULTING("ldr r5, =0x1000\n bx r5");
    check("INVSTATE: PC is the target", events[0].pc, 0x1000);
    check("INVSTATE: T in the frame", events[0].xpsr >> 24 & 1, 0);
    check_fault("INVSTATE", exc, F_INVSTATE, hfsr);
    FAULTING("mrc p5, 0, r5, c1, c0, 0");
    check_fault("NOCP", exc, F_NOCP, hfsr);
    FAULTING("ldc p7, c1, [r5]");
    check_fault("NOCP, LDC", exc, F_NOCP, hfsr);
    CCR |= 1 << 4;
    ISB();
    FAULTING("movs r5, #0\n udiv r5, r4, r5");
    check_fault("DIVBYZERO, UDIV", exc, F_DIVBYZERO, hfsr);
    FAULTING("movs r5, #0\n sdiv r5, r4, r5");
    check_fault("DIVBYZERO, SDIV", exc, F_DIVBYZERO, hfsr);
    CCR &= ~(1u << 4);
    FAULTING("movw r5, #0x2002\n movt r5, #0x2000\n ldm r5, {r4, lr}");
    check_fault("UNALIGNED, LDM", exc, F_UNALIGNED, hfsr);
    FAULTING("movw r5, #0x2002\n movt r5, #0x2000\n ldrd r4, r5, [r5]");
    check_fault("UNALIGNED, LDRD", exc, F_UNALIGNED, hfsr);
    FAULTING("movw r5, #0x2001\n movt r5, #0x2000\n ldrex r4, [r5]");
    check_fault("UNALIGNED, LDREX", exc, F_UNALIGNED, hfsr);
    CCR |= 1 << 3;
    ISB();
    FAULTING("movw r5, #0x2002\n movt r5, #0x2000\n ldr r4, [r5]");
    check_fault("UNALIGNED, LDR with UNALIGN_TRP", exc, F_UNALIGNED, hfsr);
    FAULTING("movw r5, #0x2001\n movt r5, #0x2000\n strh r4, [r5]");
    check_fault("UNALIGNED, STRH with UNALIGN_TRP", exc, F_UNALIGNED, hfsr);
    CCR &= ~(1u << 3);
    ISB();
    uint32_t v;
    guarded[0] = 0x44332211;
    guarded[1] = 0x88776655;
    __asm__ volatile("ldr %0, [%1, #3]" : "=r"(v) : "r"(guarded));
    check("unaligned LDR", v, 0x77665544);
    __asm__ volatile("movs r5, #0\n udiv %0, %1, r5" : "=r"(v) : "r"(7) : "r5");
    check("division by zero gives 0", v, 0);
    check_order("without the traps nothing happens", "");
}

/* ---- BusFaults ------------------------------------------------------------------------------- */

static void bus_faults(unsigned exc, uint32_t hfsr)
{
    FAULTING("ldr r5, [%[a], #4]", [a] "r"(NOWHERE));
    check("PRECISERR, load: BFAR", events[0].bfar, NOWHERE + 4);
    check_fault("PRECISERR, load", exc, F_PRECISERR | F_BFARVALID, hfsr);
    FAULTING("str r5, [%[a]]", [a] "r"(NOWHERE));
    check_fault("PRECISERR, store", exc, F_PRECISERR | F_BFARVALID, hfsr);
    uint32_t r[4] = {1, 2, 3, 4}, *p = (uint32_t *)NOWHERE;
    FAULTING("ldm %[a], {r4, r5}", [a] "r"(p));
    check_fault("PRECISERR, LDM", exc, F_PRECISERR | F_BFARVALID, hfsr);
    check("nothing else changes", r[0] + r[3], 5);
    FAULTING("orr r5, %[a], #1\n bx r5", [a] "r"(NOWHERE));
    check("IBUSERR: PC", events[0].pc, NOWHERE);
    check_fault("IBUSERR", exc, F_IBUSERR, hfsr);
    FAULTING("ldr r5, [%[a]]", [a] "r"(0xe0050000)); /* nothing on the PPB there */
    check_fault("PRECISERR on the PPB", exc, F_PRECISERR | F_BFARVALID, hfsr);
}

static void to_privileged(struct event *e)
{
    MSR(control, 0);
}

static void allow_stir(struct event *e)
{
    CCR |= 2;
}

/* Nothing is printed in here: unprivileged semihosting calls are refused. */
static void test_unprivileged(void)
{
    uint32_t masks, control, set;
    MSR(basepri, 0x20);
    MSR(control, 1);
    ISB();
    FAULTING("ldr r5, [%[a]]", [a] "r"(&CPUID));
    CPSID(i);
    MSR(basepri, 0x40);
    masks = MRS(primask) | MRS(basepri) | MRS(msp);
    MSR(msp, 0);
    control = MRS(control);
    MSR(control, 0);
    set = MRS(control);
    FAULTING("str r5, [%[a]]", [a] "r"(&STIR));
    action[SVC] = allow_stir;
    SVC_CALL(1);
    STIR = 1; /* interrupt 1 is not enabled: only pending */
    action[SVC] = to_privileged;
    SVC_CALL(2);
    check("unprivileged: CFSR of loads from the System Control Space", events[0].cfsr,
          F_PRECISERR | F_BFARVALID);
    check("... BFAR", events[0].bfar, (uint32_t)&CPUID);
    check("unprivileged: CFSR of STIR", events[1].cfsr, F_PRECISERR | F_BFARVALID);
    check_order("unprivileged", "BBSS");
    check("unprivileged: MRS reads 0", masks, 0);
    check("unprivileged: CONTROL is readable", control, 1);
    check("unprivileged: ... not writable", set, 1);
    check("privileged again", MRS(control), 0);
    check("STIR pends", NVIC_ISPR & 2, 2);
    check("PRIMASK did not change", MRS(primask), 0);
    check("BASEPRI did not change", MRS(basepri), 0x20);
    MSR(basepri, 0);
    NVIC_ICPR = 2;
    CCR &= ~2u;
    events_clear();
}

/* ---- escalation ------------------------------------------------------------------------------ */

static void fault_in_handler(struct event *e)
{
    FAULTING("udf #2");
}

static void svc_in_handler(struct event *e)
{
    FAULTING("svc #1");
}

static void test_escalation(void)
{
    SHPR(USAGE) = 0x80;
    SHPR(SVC) = 0x80;
    action[SVC] = fault_in_handler;
    SVC_CALL(1);
    check("escalated UsageFault: HFSR", events[1].hfsr, F_FORCED);
    check("escalated UsageFault: CFSR", events[1].cfsr, F_UNDEFINSTR);
    check_order("UsageFault of no higher priority is a HardFault", "SH");
    SHPR(USAGE) = 0x40;
    SVC_CALL(1);
    check("UsageFault in a handler: HFSR", events[1].hfsr, 0);
    check_order("UsageFault of higher priority", "SU");
    action[SVC] = svc_in_handler;
    SVC_CALL(1);
    check("SVC in SVC: HFSR", events[1].hfsr, F_FORCED);
    check_order("SVC in the handler of SVC is a HardFault", "SH");
    CPSID(i);
    FAULTING("svc #3");
    CPSIE(i);
    check("SVC with PRIMASK: HFSR", events[0].hfsr, F_FORCED);
    check_order("SVC with PRIMASK is a HardFault", "H");
    SHPR(USAGE) = SHPR(SVC) = 0;
    FAULTING("bkpt 1");
    check("BKPT: HFSR", events[0].hfsr, 1u << 31);
    check("BKPT: DFSR", DFSR, 2);
    check_order("BKPT is a HardFault", "H");
    DFSR = 2;
    check("DFSR is cleared by ones", DFSR, 0);
    DEMCR |= 1 << 16;
    action[DEBUGMON] = ({ void go_on(struct event *e) { e->frame[6] += 2; } go_on; });
    __asm__ volatile("bkpt 1");
    check_order("BKPT with MON_EN is DebugMonitor", "D");
    DEMCR &= ~(1u << 16);
    DFSR = 0x1f;
    events_clear();
}

static void shcsr_in_handler(struct event *e)
{
    e->bfar = SHCSR;
    SHCSR &= ~ENABLE_ALL;
}

static void test_shcsr(void)
{
    action[SVC] = shcsr_in_handler;
    SVC_CALL(1);
    check("SHCSR.SVCALLACT", events[0].bfar, ENABLE_ALL | 1 << 7);
    event_count = 0;
    action[BUS] = ({ void nothing(struct event *e) { } nothing; });
    CPSID(i);
    SHCSR = ENABLE_ALL | 1 << 14;
    check("SHCSR.BUSFAULTPENDED", SHCSR, ENABLE_ALL | 1 << 14);
    CPSIE(i);
    ISB();
    check("BusFault by SHCSR", event_count, 1);
    events_clear();
}

/* ---- exception returns that are refused ------------------------------------------------------ */

/* MOV PC is no exception return. */
static void mov_pc(struct event *e)
{
    FAULTING("mvn r5, #6\n mov pc, r5");
}

static void test_mov_pc(void)
{
    SHPR(SVC) = 0x80;
    action[SVC] = mov_pc;
    SVC_CALL(1);
    check("MOV PC, EXC_RETURN: PC", events[1].pc, 0xfffffff8);
    check("MOV PC, EXC_RETURN: CFSR", events[1].cfsr, F_IACCVIOL);
    check_order("MOV PC does not return from exceptions", "SM");
    SHPR(SVC) = 0;
    events_clear();
}

static uint32_t bad_return;
static void return_badly(struct event *e)
{
    uint32_t *lr = e->frame; /* the handler's push {r4, lr} lies right below */
    lr[-1] = bad_return;
}

static void invpc(const char *name, uint32_t value)
{
    bad_return = value;
    action[SVC] = return_badly;
    __asm__ volatile("adr r4, 1f\n adds r4, #1\n str r4, [%0]\n svc 1\n .balign 4\n 1: nop"
                     :: "r"(&resume) : "r4", "memory");
    check("INVPC is tail-chained", (uint32_t)events[1].frame, (uint32_t)events[0].frame);
    check("INVPC: EXC_RETURN of the fault", events[1].exc_return & 0xf, value & 0xf);
    check(name, events[1].cfsr, F_INVPC);
    check_order("SVC, then UsageFault", "SU");
}

static void break_ipsr(struct event *e)
{
    e->frame[7] |= 14;
}

static void fix_ipsr(struct event *e)
{
    e->frame[7] &= ~0x1ffu;
    e->frame[6] = resume & ~1u;
}

static void test_returns(void)
{
    /* The handler of the UsageFault returns with what it got, which must be right by then. */
    action[USAGE] = ({
        void mend(struct event * e)
        {
            e->frame[6] = resume & ~1u;
            e->frame[-1] = 0xfffffff9;
        }
        mend;
    });
    invpc("INVPC: reserved value", 0xfffffff3);
    invpc("INVPC: bits that should be ones", 0xffffef09);
    invpc("INVPC: return to a handler that is not there", 0xfffffff1);
    action[SVC] = break_ipsr;
    action[USAGE] = fix_ipsr;
    __asm__ volatile("adr r4, 1f\n adds r4, #1\n str r4, [%0]\n svc 1\n .balign 4\n 1: nop"
                     :: "r"(&resume) : "r4", "memory");
    check("INVPC: IPSR of the frame", events[1].cfsr, F_INVPC);
    check_order("SVC, then UsageFault", "SU");
    events_clear();
}

/* A handler that says itself that it is not active. FAULTMASK is cleared before the fault is taken,
 * which else were a lockup. */
static void deny(struct event *e)
{
    SHCSR &= ~(1u << 7);
    CPSID(f);
}

static void active_again(struct event *e)
{
    check("FAULTMASK in the handler of INVPC", MRS(faultmask), 0);
}

static void test_inactive_return(void)
{
    action[SVC] = deny;
    action[USAGE] = active_again;
    SVC_CALL(1);
    check("INVPC: the exception is not active", events[1].cfsr, F_INVPC);
    check_order("SVC, then UsageFault", "SU");
    events_clear();
}

/* ---- MPU ------------------------------------------------------------------------------------- */

enum { AP_NONE = 0, AP_PRIV = 1, AP_USER_RO = 2, AP_FULL = 3, AP_PRIV_RO = 5, AP_RO = 6 };
#define XN (1u << 28)

/* Without barriers what follows directly may be under the old setting still. */
static void region(unsigned n, uint32_t base, unsigned log2, unsigned ap, uint32_t more)
{
    MPU_RBAR = base | 1 << 4 | n;
    MPU_RASR = more | ap << 24 | (log2 - 1) << 1 | 1;
    ISB();
}

static void mpu_on(uint32_t ctrl)
{
    MPU_CTRL = ctrl;
    ISB();
}

/* The frame was not stored. */
static void mend_stack(struct event *e)
{
    MPU_CTRL = 0;
    ISB();
    e->frame[6] = resume & ~1u;
    e->frame[7] = 1u << 24;
}

static void test_mpu(void)
{
    check("MPU_TYPE", MPU_TYPE, 8 << 8);
    region(0, (uint32_t)guarded, 12, AP_RO, 0);
    mpu_on(5); /* with the default map for privileged code */
    check("read-only: load", *(volatile uint32_t *)guarded, 0x44332211);
    FAULTING("str r5, [%[a], #8]", [a] "r"(guarded));
    check("DACCVIOL: MMFAR", events[0].mmfar, (uint32_t)guarded + 8);
    check_fault("DACCVIOL, store", MEM, F_DACCVIOL | F_MMARVALID, 0);
    region(1, (uint32_t)guarded + 0x100, 8, AP_FULL, 0); /* the higher number wins */
    guarded[0x40] = 77;
    check("overlapping regions", guarded[0x40], 77);
    FAULTING("str r5, [%[a], #0xfc]", [a] "r"(guarded));
    check_fault("DACCVIOL, the word before", MEM, F_DACCVIOL | F_MMARVALID, 0);
    region(1, (uint32_t)guarded + 0x100, 8, AP_FULL, 1 << (8 + 2)); /* without its third 32 bytes */
    guarded[0x47] = 78;
    guarded[0x58] = 79;
    FAULTING("str r5, [%[a], #0x140]", [a] "r"(guarded));
    check("subregion: MMFAR", events[0].mmfar, (uint32_t)guarded + 0x140);
    check_fault("subregion", MEM, F_DACCVIOL | F_MMARVALID, 0);
    region(2, (uint32_t)guarded + 0x200, 5, AP_NONE, 0);
    FAULTING("ldr r5, [%[a], #0x21c]", [a] "r"(guarded));
    check_fault("a region of 32 bytes", MEM, F_DACCVIOL | F_MMARVALID, 0);
    check("just before it", guarded[0x7f] + guarded[0x88], 0);
    region(2, 0, 5, 0, 0);
    MPU_RASR = 0;
    MPU_RNR = 1;
    MPU_RASR = 0;

    region(0, (uint32_t)guarded, 12, AP_FULL, XN);
    FAULTING("orr r5, %[a], #1\n bx r5", [a] "r"(guarded));
    check("IACCVIOL: PC", events[0].pc, (uint32_t)guarded);
    check_fault("IACCVIOL", MEM, F_IACCVIOL, 0);
    region(0, (uint32_t)guarded, 12, AP_PRIV, 0);
    guarded[3] = 0;
    check_order("privileged code", "");

    /* Unprivileged code sees its regions only. */
    region(3, 0, 16, AP_RO, 0);
    region(4, 0x20000000, 16, AP_FULL, 0);
    region(5, (uint32_t)guarded, 12, AP_PRIV, 0);
    MSR(control, 1);
    ISB();
    FAULTING("ldr r5, [%[a]]", [a] "r"(guarded));
    action[SVC] = to_privileged;
    SVC_CALL(1);
    check("unprivileged access", events[0].cfsr, F_DACCVIOL | F_MMARVALID);
    check_order("MemManage, then SVC", "MS");
    region(5, (uint32_t)guarded, 12, AP_USER_RO, 0);
    MSR(control, 1);
    ISB();
    uint32_t v = guarded[0];
    __asm__ volatile("ldrt %0, [%1]" : "=r"(v) : "r"(guarded));
    FAULTING("str r5, [%[a]]", [a] "r"(guarded));
    SVC_CALL(1);
    check_order("read-only for unprivileged code", "MS");
    region(5, (uint32_t)guarded, 12, AP_PRIV, 0);
    FAULTING("ldrt r5, [%[a]]", [a] "r"(guarded));
    check_fault("LDRT has the rights of unprivileged code", MEM, F_DACCVIOL | F_MMARVALID, 0);

    /* Without PRIVDEFENA there is nothing but the regions; the PPB stays. */
    mpu_on(1);
    FAULTING("ldr r5, [%[a]]", [a] "r"(0x40004000));
    mpu_on(5);
    check_fault("no region", MEM, F_DACCVIOL | F_MMARVALID, 0);

    /* A stack that cannot be written. */
    region(6, (uint32_t)psp_stack, 8, AP_PRIV_RO, 0);
    MSR(psp, (uint32_t)&psp_stack[32]);
    MSR(control, 2);
    ISB();
    action[MEM] = mend_stack;
    __asm__ volatile("adr r4, 1f\n adds r4, #1\n str r4, [%0]\n svc 1\n .balign 4\n 1: nop"
                     :: "r"(&resume) : "r0", "r1", "r2", "r3", "r4", "r12", "lr", "memory");
    MSR(control, 0);
    ISB();
    check("MSTKERR: SP", (uint32_t)events[0].frame, (uint32_t)&psp_stack[32 - 8]);
    check("MSTKERR", events[0].cfsr, F_MSTKERR);
    check_order("MSTKERR, then SVC", "MS");
    events_clear();
    mpu_on(0);
    for (unsigned n = 0; n < 8; n++) {
        MPU_RNR = n;
        MPU_RASR = 0;
    }
}

/* HardFault and NMI run without the MPU unless HFNMIENA says otherwise. */
static uint32_t nmi_read;
static void read_guarded(struct event *e)
{
    nmi_read = *(volatile uint32_t *)guarded;
}

static void test_hfnmiena(void)
{
    action[NMI] = read_guarded;
    guarded[0] = 0x1234;
    region(0, (uint32_t)guarded, 12, AP_NONE, 0);
    mpu_on(5);
    ICSR = NMIPENDSET;
    ISB();
    check("NMI without the MPU", nmi_read, 0x1234);
    CPSID(f);
    check("FAULTMASK likewise", *(volatile uint32_t *)guarded, 0x1234);
    CPSIE(f);
    check_order("no fault", "N");
    FAULTING("ldr r5, [%[a]]", [a] "r"(guarded));
    check_fault("Thread mode has it", MEM, F_DACCVIOL | F_MMARVALID, 0);
    mpu_on(0);
    MPU_RASR = 0;
    events_clear();
}

/* BFHFNMIGN: data accesses of HardFault and NMI to nowhere are ignored. */
static void read_nowhere(struct event *e)
{
    (void)*(volatile uint32_t *)NOWHERE;
    e->cfsr = CFSR;
    CFSR = e->cfsr;
}

static void test_bfhfnmign(void)
{
    CCR |= 1 << 8;
    action[NMI] = read_nowhere;
    ICSR = NMIPENDSET;
    ISB();
    check("BFHFNMIGN: CFSR", events[0].cfsr, F_PRECISERR | F_BFARVALID);
    check_order("BFHFNMIGN: no fault", "N");
    CCR &= ~(1u << 8);
    events_clear();
}

static void test_default_map(void)
{
    FAULTING("ldr r5, =0x40004001\n bx r5");
    check_fault("peripherals are not executable", MEM, F_IACCVIOL, 0);
    FAULTING("ldr r5, =0xe000e001\n bx r5");
    check_fault("the PPB is not executable", MEM, F_IACCVIOL, 0);
}

int main(void)
{
    usage_faults(HARD, F_FORCED);
    bus_faults(HARD, F_FORCED);
    SHCSR = ENABLE_ALL;
    usage_faults(USAGE, 0);
    bus_faults(BUS, 0);
    test_unprivileged();
    test_escalation();
    test_shcsr();
    SHCSR = ENABLE_ALL;
    test_returns();
    test_inactive_return();
    test_mov_pc();
    test_mpu();
    test_hfnmiena();
    test_bfhfnmign();
    test_default_map();
    finish();
}
