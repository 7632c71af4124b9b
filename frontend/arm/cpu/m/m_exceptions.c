/*
 * Exception entry and return of the M profile (DDI 0403E B1.5). Entry is one function for
 * interrupts and for faults of an instruction: what is to be taken is made pending, then the most
 * urgent pending exception is entered. So late arrival and derived exceptions need nothing more.
 */
#include <stdio.h>
#include <string.h>

#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/m/m_internal.h"
#include "frontend/arm/cpu/m/mpu.h"
#include "util/log.h"

/* EXC_RETURN */
#define RETURN_THREAD BIT(3)
#define RETURN_PSP BIT(2)
#define RETURN_NO_FP BIT(4)
#define LOCKUP_PC 0xfffffffeu

enum { FRAME_BASIC = 0x20, FRAME_FP = 0x68, FRAME_FP_REGS = 0x20, XPSR_ALIGN = BIT(9) };

/* ---- names ----------------------------------------------------------------------------------- */

const char *arm_m_exception_name(unsigned exc, char *buf, unsigned size)
{
    static const char *const names[16] = {
        "Thread mode", "Reset", "NMI", "HardFault", "MemManage", "BusFault", "UsageFault",
        [ARM_M_EXC_SVC] = "SVC", [ARM_M_EXC_DEBUG_MONITOR] = "DebugMonitor",
        [ARM_M_EXC_PENDSV] = "PendSV", [ARM_M_EXC_SYSTICK] = "SysTick",
    };

    if (exc >= ARM_M_EXC_IRQ0)
        snprintf(buf, size, "IRQ %u", exc - ARM_M_EXC_IRQ0);
    else
        snprintf(buf, size, "%s", names[exc] ? names[exc] : "reserved");
    return buf;
}

static const struct {
    uint32_t cause;
    uint8_t exc;
    const char *name;
    enum arm_report_kind report;
} causes[] = {
    {ARM_M_IACCVIOL, ARM_M_EXC_MEM_MANAGE, "IACCVIOL", ARM_REPORT_FETCH},
    {ARM_M_DACCVIOL, ARM_M_EXC_MEM_MANAGE, "DACCVIOL", ARM_REPORT_PERMISSION},
    {ARM_M_MUNSTKERR, ARM_M_EXC_MEM_MANAGE, "MUNSTKERR", ARM_REPORT_STACKING},
    {ARM_M_MSTKERR, ARM_M_EXC_MEM_MANAGE, "MSTKERR", ARM_REPORT_STACKING},
    {ARM_M_MLSPERR, ARM_M_EXC_MEM_MANAGE, "MLSPERR", ARM_REPORT_STACKING},
    {ARM_M_IBUSERR, ARM_M_EXC_BUS_FAULT, "IBUSERR", ARM_REPORT_FETCH},
    {ARM_M_PRECISERR, ARM_M_EXC_BUS_FAULT, "PRECISERR", ARM_REPORT_EXTERNAL},
    {ARM_M_UNSTKERR, ARM_M_EXC_BUS_FAULT, "UNSTKERR", ARM_REPORT_STACKING},
    {ARM_M_STKERR, ARM_M_EXC_BUS_FAULT, "STKERR", ARM_REPORT_STACKING},
    {ARM_M_LSPERR, ARM_M_EXC_BUS_FAULT, "LSPERR", ARM_REPORT_STACKING},
    {ARM_M_UNDEFINSTR, ARM_M_EXC_USAGE_FAULT, "UNDEFINSTR", ARM_REPORT_UNDEFINED},
    {ARM_M_INVSTATE, ARM_M_EXC_USAGE_FAULT, "INVSTATE", ARM_REPORT_STATE},
    {ARM_M_INVPC, ARM_M_EXC_USAGE_FAULT, "INVPC", ARM_REPORT_OTHER},
    {ARM_M_NOCP, ARM_M_EXC_USAGE_FAULT, "NOCP", ARM_REPORT_NOCP},
    {ARM_M_UNALIGNED, ARM_M_EXC_USAGE_FAULT, "UNALIGNED", ARM_REPORT_ALIGNMENT},
    {ARM_M_DIVBYZERO, ARM_M_EXC_USAGE_FAULT, "DIVBYZERO", ARM_REPORT_DIVIDE},
};

static unsigned cause_row(uint32_t cause)
{
    for (unsigned i = 0; i < ARRAY_SIZE(causes); i++)
        if (causes[i].cause & cause)
            return i;
    return 0;
}

static enum arm_report_kind kind_of(uint32_t cause)
{
    return causes[cause_row(cause)].report;
}

/* ---- lockup ---------------------------------------------------------------------------------- */

/* Tell the user, before anything of the state is lost. @cause: bits of CFSR, 0: none. */
static void report(struct arm_state *s, enum arm_report_kind kind, uint32_t cause, uint32_t pc,
                   const char *title, uint32_t addr, bool lockup)
{
    const struct arm_report r = {
        .kind = kind,
        .title = title,
        .pc = pc,
        .has_addr = cause & (ARM_M_BFARVALID | ARM_M_MMARVALID | ARM_M_UNALIGNED),
        .addr = addr,
        .lockup = lockup,
    };

    if (s->ops->report)
        s->ops->report(s, &r);
    else
        log_write(LOG_GUEST_ERRORS, "%s at PC 0x%08x", title, pc);
}

/* What cannot be handled at priority -1 or -2 stops the CPU until a reset or an NMI (B1.5.15). */
static void lock_up(struct arm_state *s, uint32_t pc, const char *why, enum arm_report_kind kind,
                    uint32_t cause, uint32_t addr)
{
    char text[160], name[16];

    snprintf(text, sizeof(text), "lockup: %s at PC 0x%08x in %s%s", why, pc,
             arm_m_exception_name(s->m.ipsr, name, sizeof(name)),
             s->mask_f ? " with FAULTMASK set" : "");
    log_write(LOG_INT, "%s", text);
    report(s, kind, cause, pc, text, addr, true);
    s->m.locked_up = 1;
    s->thumb = 1;
    s->itstate = 0;
    arm_leave(s, LOCKUP_PC);
    s->ops->m->lockup(s, text);
}

/* ---- memory ---------------------------------------------------------------------------------- */

bool m_access(struct arm_state *s, uint32_t addr, bool write, bool privileged, uint32_t *value)
{
    struct arm_translation t;
    struct arm_fault fault;
    uint64_t v = *value;
    bool ok = arm_translate_va(s, addr, write ? ARM_ACCESS_WRITE : ARM_ACCESS_READ, privileged, &t,
                               &fault);

    if (!ok) {
        s->m.access_violation = 1;
        return false;
    }
    s->m.access_violation = 0;
    if (!s->ops->m->bus(s, addr, 4, write, &v))
        return false;
    *value = (uint32_t)v;
    return true;
}

/* Host address of the @size bytes of a frame where nothing can refuse them, NULL: word by word. */
static uint8_t *frame_host(struct arm_state *s, uint32_t addr, unsigned size, bool write,
                           bool privileged)
{
    return m_allows(s, addr, size, write, privileged) ? s->ops->m->ram(s, addr, size, write) : NULL;
}

/* ---- escalation ------------------------------------------------------------------------------ */

/* Which exception a synchronous @exc is now: itself, HardFault, or 0 for a lockup. */
static unsigned escalate(struct arm_state *s, unsigned exc)
{
    int now = m_execution_priority(s);

    if (exc == ARM_M_EXC_NMI)
        return exc;
    if (!arm_m_is_v7(s) && exc != ARM_M_EXC_SVC)
        exc = ARM_M_EXC_HARD_FAULT;
    if (exc != ARM_M_EXC_HARD_FAULT && (!m_fault_enabled(s, exc) || m_priority(s, exc) >= now)) {
        exc = ARM_M_EXC_HARD_FAULT;
        if (arm_m_is_v7(s))
            s->m.hfsr |= M_HFSR_FORCED;
    }
    return exc == ARM_M_EXC_HARD_FAULT && now <= M_PRIORITY_HARD_FAULT ? 0 : exc;
}

/* Record a fault; @addr where MMFAR or BFAR gets it. Returns the exception after escalation. */
static unsigned fault_pend(struct arm_state *s, uint32_t cause, uint32_t addr)
{
    unsigned exc = escalate(s, causes[cause_row(cause)].exc);

    if (arm_m_is_v7(s)) {
        s->m.cfsr |= cause;
        if (cause & ARM_M_MMARVALID)
            s->m.mmfar = addr;
        if (cause & ARM_M_BFARVALID)
            s->m.bfar = addr;
    }
    if (exc) {
        m_bit_put(s->m.pending, exc, true);
        m_nvic_update(s);
    }
    return exc;
}

/* ARMv6-M has no fault but HardFault. */
static void fault_title(const struct arm_state *s, char *title, size_t size, uint32_t cause,
                        const char *what, unsigned exc)
{
    const char *name = causes[cause_row(cause)].name, *comma = what[0] ? ", " : "";
    unsigned of = arm_m_is_v7(s) ? causes[cause_row(cause)].exc : ARM_M_EXC_HARD_FAULT;
    char text[16];

    snprintf(title, size, "%s (%s%s%s)%s", arm_m_exception_name(of, text, sizeof(text)), name,
             comma, what, exc != of ? ", taken as HardFault" : "");
}

/* A fault of exception entry or return, told unless it is a lockup: then 0. */
static unsigned pend_and_report(struct arm_state *s, uint32_t cause, uint32_t pc, const char *what)
{
    unsigned exc = fault_pend(s, cause, 0);
    char title[160];

    fault_title(s, title, sizeof(title), cause, what, exc);
    if (exc)
        report(s, kind_of(cause), cause, pc, title, 0, false);
    return exc;
}

/* ---- entry ----------------------------------------------------------------------------------- */

static bool frame_aligned(const struct arm_state *s, bool fp)
{
    return fp || !arm_m_is_v7(s) || (s->m.ccr & M_CCR_STKALIGN);
}

/* Push the frame for a return to @pc. A fault of the stack is made pending; *@locked: it cannot
 * be. */
static void push_stack(struct arm_state *s, uint32_t pc, bool *locked)
{
    bool fp = s->m.fpca, privileged = arm_is_privileged(s), ok = true, refused;
    uint32_t sp = s->r[13] & ~3u;
    bool align = (sp & 4) && frame_aligned(s, fp);
    uint32_t frame = (sp - (fp ? FRAME_FP : FRAME_BASIC)) & ~(align ? 4u : 0u);
    uint32_t words[8] = {s->r[0], s->r[1], s->r[2], s->r[3], s->r[12], s->r[14], pc,
                         arm_m_xpsr_read(s) | (align ? XPSR_ALIGN : 0)};
    uint32_t cause;
    char what[64];
    uint8_t *host = frame_host(s, frame, sizeof(words), true, privileged);

    *locked = false;
    s->r[13] = frame;
    if (host)
        memcpy(host, words, sizeof(words));
    for (unsigned i = 0; !host && ok && i < 8; i++)
        ok = m_access(s, frame + 4 * i, true, privileged, &words[i]);
    refused = ok && fp && !(s->m.fpccr & M_FPCCR_LSPEN) && !m_fp_granted(s, privileged);
    if (ok && fp && !(s->m.fpccr & M_FPCCR_LSPEN))
        ok = !refused && m_fp_store(s, frame + FRAME_FP_REGS, privileged);
    else if (ok && fp)
        m_fp_lazy(s, frame + FRAME_FP_REGS);
    if (ok)
        return;
    cause = refused ? ARM_M_NOCP : s->m.access_violation ? ARM_M_MSTKERR : ARM_M_STKERR;
    snprintf(what, sizeof(what), "an exception's frame cannot be stored at 0x%08x", frame);
    *locked = !pend_and_report(s, cause, pc, what);
}

static void log_entry(const struct arm_state *s, unsigned exc, unsigned from, uint32_t pc,
                      uint32_t to, bool tail)
{
    char name[16], old[16];

    if (!log_enabled(LOG_INT))
        return;
    arm_m_exception_name(exc, name, sizeof(name));
    if (tail)
        log_write(LOG_INT, "exception %u [%s] tail-chained from %s, priority %d, handler 0x%08x",
                  exc, name, arm_m_exception_name(from, old, sizeof(old)), m_priority(s, exc), to);
    else
        log_write(LOG_INT, "exception %u [%s] at PC 0x%08x in %s, priority %d, handler 0x%08x", exc,
                  name, pc, arm_m_exception_name(from, old, sizeof(old)), m_priority(s, exc), to);
}

/* The vector of @exc. A table that cannot be read is a HardFault, which then is the best
 * exception. */
static bool vector_read(struct arm_state *s, unsigned exc, uint32_t *vector)
{
    uint64_t v = 0;

    if (s->ops->m->bus(s, s->m.vtor + 4 * exc, 4, false, &v)) {
        *vector = (uint32_t)v;
        return true;
    }
    log_write(LOG_GUEST_ERRORS,
              "HardFault VECTTBL: the vector of exception %u cannot be read at 0x%08x", exc,
              s->m.vtor + 4 * exc);
    if (arm_m_is_v7(s))
        s->m.hfsr |= M_HFSR_VECTTBL;
    return false;
}

/* There is no handler for the fault of the vector table: the CPU stands still at the priority of
 * @exc, so that nothing less urgent is taken. */
static void vector_lockup(struct arm_state *s, unsigned exc, uint32_t pc)
{
    char why[64];

    snprintf(why, sizeof(why), "the vector table at 0x%08x cannot be read", s->m.vtor);
    lock_up(s, pc, why, ARM_REPORT_OTHER, 0, 0);
    m_select_sp(s, false);
    s->m.handler = 1;
    s->m.spsel = 0;
    s->m.ipsr = (uint16_t)exc;
    m_bit_put(s->m.pending, exc, false);
    m_bit_put(s->m.active, exc, true);
    m_nvic_update(s);
    arm_m_state_changed(s);
}

/* Registers are saved: enter the handler of the most urgent exception (ExceptionTaken). @from: what
 * was executing, @pc: where, for the log. */
static void take_best(struct arm_state *s, uint32_t exc_return, uint32_t pc, bool tail)
{
    struct arm_m *m = &s->m;
    unsigned exc = m->best, from = m->ipsr;
    uint32_t vector = 0;

    if (!vector_read(s, exc, &vector)) {
        bool last = exc == ARM_M_EXC_HARD_FAULT || exc == ARM_M_EXC_NMI ||
                    m_execution_priority(s) <= M_PRIORITY_HARD_FAULT;

        exc = exc == ARM_M_EXC_NMI ? exc : ARM_M_EXC_HARD_FAULT;
        if (last || !vector_read(s, exc, &vector)) {
            vector_lockup(s, exc, pc);
            return;
        }
    }
    log_entry(s, exc, from, pc, vector & ~1u, tail);
    m_select_sp(s, false);
    s->r[14] = exc_return;
    m->spsel = 0;
    m->fpca = 0;
    m->handler = 1;
    m->ipsr = (uint16_t)exc;
    m->locked_up = 0;
    m_bit_put(m->pending, exc, false);
    m_bit_put(m->active, exc, true);
    s->event = 1;
    s->exclusive_size = 0;
    s->itstate = 0;
    s->thumb = vector & 1;
    s->halted = 0;
    m_nvic_update(s);
    arm_m_state_changed(s);
    arm_leave(s, vector & ~1u);
    if (s->ops->entered)
        s->ops->entered(s, exc);
}

/* Interrupt the code at @pc with the most urgent pending exception. */
static void enter(struct arm_state *s, uint32_t pc, uint8_t it)
{
    bool locked, fp = s->m.fpca;
    uint32_t exc_return = 0xffffffe1u | (fp ? 0 : RETURN_NO_FP);

    if (!s->m.handler)
        exc_return |= RETURN_THREAD | (s->m.sp_is_psp ? RETURN_PSP : 0);
    s->itstate = it;
    push_stack(s, pc, &locked);
    if (locked)
        lock_up(s, pc, "the stack cannot be written", ARM_REPORT_OTHER, 0, 0);
    else
        take_best(s, exc_return, pc, false);
}

void arm_m_take_interrupt(struct arm_state *s)
{
    if (arm_m_interrupt_pending(s))
        enter(s, (uint32_t)s->env.pc, s->itstate);
}

/* A fault of the instruction at @pc: sets @cause (bits of CFSR), enters the handler; the
 * instruction is not executed. */
static void fault(struct arm_state *s, uint32_t cause, uint32_t pc, uint8_t it, const char *what,
                  uint32_t addr)
{
    char why[96], title[160];
    const char *cause_name = causes[cause_row(cause)].name;
    unsigned exc = fault_pend(s, cause, addr);

    snprintf(why, sizeof(why), "%s%s%s", cause_name, what[0] ? ", " : "", what);
    if (!exc) {
        lock_up(s, pc, why, kind_of(cause), cause, addr);
        return;
    }
    fault_title(s, title, sizeof(title), cause, what, exc);
    report(s, kind_of(cause), cause, pc, title, addr, false);
    enter(s, pc, it);
}

/* What FPCCR says of the time when the frame was made decides about escalation, not what executes
 * now (B1.5.7). A fault that cannot be taken yet waits, and the state is lost. */
bool m_lazy_fault(struct arm_state *s, uint32_t pc, uint8_t it)
{
    uint32_t cause = s->m.access_violation ? ARM_M_MLSPERR : ARM_M_LSPERR;
    uint32_t ready = s->m.access_violation ? M_FPCCR_MMRDY : M_FPCCR_BFRDY;
    unsigned row = cause_row(cause), exc = causes[row].exc;
    char name[16], title[96];

    s->m.cfsr |= cause;
    if (!(s->m.fpccr & ready)) {
        exc = ARM_M_EXC_HARD_FAULT;
        s->m.hfsr |= M_HFSR_FORCED;
    }
    if (exc == ARM_M_EXC_HARD_FAULT && !(s->m.fpccr & M_FPCCR_HFRDY)) {
        lock_up(s, pc, causes[row].name, kind_of(cause), cause, 0);
        return true;
    }
    m_bit_put(s->m.pending, exc, true);
    m_nvic_update(s);
    snprintf(title, sizeof(title), "%s (%s, lazy floating-point state)%s%s",
             arm_m_exception_name(causes[row].exc, name, sizeof(name)), causes[row].name,
             exc == ARM_M_EXC_HARD_FAULT ? ", taken as HardFault" : "",
             arm_m_interrupt_pending(s) ? "" : ", waits");
    report(s, kind_of(cause), cause, pc, title, 0, false);
    if (!arm_m_interrupt_pending(s))
        return false;
    enter(s, pc, it);
    return true;
}

/* ---- faults of instructions ------------------------------------------------------------------ */

/* Code without the T bit is found by words; which halfword it was to be, env.pc tells. */
void arm_m_usage_fault(struct arm_state *s, enum arm_m_fault cause)
{
    uint32_t pc = arm_insn_pc(s), entry = (uint32_t)s->env.pc;

    if (cause == ARM_M_INVSTATE && (entry ^ pc) < 4)
        pc = entry & ~1u;
    fault(s, cause, pc, arm_insn_it(s), "", 0);
}

void arm_m_data_fault(struct arm_state *s, const struct arm_fault *f, uint32_t va, bool write)
{
    uint32_t cause = f->kind == ARM_FAULT_ALIGNMENT ? ARM_M_UNALIGNED
                     : f->kind == ARM_FAULT_EXTERNAL ? ARM_M_PRECISERR | ARM_M_BFARVALID
                                                         : ARM_M_DACCVIOL | ARM_M_MMARVALID;
    char what[40];

    if (f->kind == ARM_FAULT_EXTERNAL && (s->m.ccr & M_CCR_BFHFNMIGN) &&
        m_execution_priority(s) < 0) {
        s->m.cfsr |= cause;
        s->m.bfar = va;
        s->env.touched = 1;
        return;
    }
    snprintf(what, sizeof(what), "%s 0x%08x", write ? "write to" : "read of", va);
    fault(s, cause, arm_insn_pc(s), arm_insn_it(s), what, va);
}

void arm_m_fetch_fault(struct arm_state *s, const struct arm_fault *f, uint32_t pc, uint8_t it)
{
    if (f->kind == ARM_FAULT_EXTERNAL)
        fault(s, ARM_M_IBUSERR, pc, it, "nothing to execute there", 0);
    else
        fault(s, ARM_M_IACCVIOL, pc, it, "not executable", 0);
}

/* What holds an SVC back, so that it is a HardFault. */
static void report_svc(struct arm_state *s, uint32_t pc)
{
    char title[120], name[16];

    if (s->mask_i)
        snprintf(title, sizeof(title), "HardFault (SVC while PRIMASK is set)");
    else if (s->m.ipsr)
        snprintf(title, sizeof(title), "HardFault (SVC in %s, which is not less urgent)",
                 arm_m_exception_name(s->m.ipsr, name, sizeof(name)));
    else
        snprintf(title, sizeof(title), "HardFault (SVC while BASEPRI is 0x%02x)", s->m.basepri);
    report(s, ARM_REPORT_OTHER, 0, pc, title, 0, false);
}

/* ITSTATE of the next instruction is @next_it. */
void arm_m_svc(struct arm_state *s, uint8_t next_it)
{
    uint32_t pc = arm_insn_pc(s);
    unsigned exc = escalate(s, ARM_M_EXC_SVC);

    if (!exc) {
        lock_up(s, pc, "SVC", ARM_REPORT_OTHER, 0, 0);
        return;
    }
    if (exc == ARM_M_EXC_HARD_FAULT)
        report_svc(s, pc);
    m_bit_put(s->m.pending, exc, true);
    m_nvic_update(s);
    enter(s, pc + arm_insn_size(s), next_it);
}

void m_breakpoint(struct arm_state *s, uint32_t pc, uint8_t it)
{
    bool monitor = arm_m_is_v7(s) && (s->m.demcr & M_DEMCR_MON_EN) &&
                   m_priority(s, ARM_M_EXC_DEBUG_MONITOR) < m_execution_priority(s);
    unsigned exc = monitor ? ARM_M_EXC_DEBUG_MONITOR : escalate(s, ARM_M_EXC_HARD_FAULT);

    s->m.dfsr |= M_DFSR_BKPT;
    if (!exc) {
        lock_up(s, pc, "a breakpoint without a debugger", ARM_REPORT_BREAKPOINT, 0, 0);
        return;
    }
    if (!monitor) {
        if (arm_m_is_v7(s))
            s->m.hfsr |= M_HFSR_DEBUGEVT;
        report(s, ARM_REPORT_BREAKPOINT, 0, pc, "HardFault (a breakpoint without a debugger)", 0,
               false);
    }
    m_bit_put(s->m.pending, exc, true);
    m_nvic_update(s);
    enter(s, pc, it);
}

void arm_m_bkpt(struct arm_state *s)
{
    m_breakpoint(s, arm_insn_pc(s), arm_insn_it(s));
}

/* ---- return ---------------------------------------------------------------------------------- */

static void deactivate(struct arm_state *s, unsigned exc)
{
    m_bit_put(s->m.active, exc, false);
    if (exc != ARM_M_EXC_NMI)
        s->mask_f = 0;
    /* A level that is still asserted asks again. */
    if (exc >= ARM_M_EXC_IRQ0 && m_bit(s->m.level, exc))
        m_bit_put(s->m.pending, exc, true);
    m_nvic_update(s);
}

/* The return is not legal: the handler of @cause is entered as by tail chaining. */
static void return_refused(struct arm_state *s, uint32_t exc_return, uint32_t cause,
                           const char *why)
{
    char text[120];

    snprintf(text, sizeof(text), "exception return with 0x%08x: %s", exc_return, why);
    if (pend_and_report(s, cause, exc_return, text))
        take_best(s, exc_return, exc_return, true);
    else
        lock_up(s, exc_return, text, ARM_REPORT_OTHER, 0, 0);
}

/* Why EXC_RETURN is refused; NULL: it is not. */
static const char *return_error(const struct arm_state *s, uint32_t exc_return, unsigned nested)
{
    uint32_t ones = m_has_fp(s) ? 0x0fffffe0u : 0x0ffffff0u;

    if ((exc_return & ones) != ones)
        return "not an EXC_RETURN value";
    switch (exc_return & 15) {
    case 1:
        return nested == 1 ? "no exception is left to return to" : NULL;
    case 9:
    case 13:
        return nested != 1 && !(s->m.ccr & M_CCR_NONBASETHRDENA) ? "other exceptions are active"
                                                                 : NULL;
    default:
        return "not an EXC_RETURN value";
    }
}

struct frame {
    uint32_t word[8], fp[17];
    uint32_t sp; /* after it */
};

static bool frame_load(struct arm_state *s, uint32_t at, bool fp, bool privileged, struct frame *f)
{
    const uint8_t *host = frame_host(s, at, sizeof(f->word), false, privileged);

    if (host)
        memcpy(f->word, host, sizeof(f->word));
    for (unsigned i = 0; !host && i < 8; i++)
        if (!m_access(s, at + 4 * i, false, privileged, &f->word[i]))
            return false;
    for (unsigned i = 0; fp && !(s->m.fpccr & M_FPCCR_LSPACT) && i < 17; i++)
        if (!m_access(s, at + FRAME_FP_REGS + 4 * i, false, privileged, &f->fp[i]))
            return false;
    f->sp = at + (fp ? FRAME_FP : FRAME_BASIC);
    if ((f->word[7] & XPSR_ALIGN) && frame_aligned(s, fp))
        f->sp |= 4;
    return true;
}

static void frame_restore(struct arm_state *s, const struct frame *f, bool fp)
{
    for (unsigned i = 0; i < 4; i++)
        s->r[i] = f->word[i];
    s->r[12] = f->word[4];
    s->r[14] = f->word[5];
    s->r[13] = f->sp;
    if (fp && (s->m.fpccr & M_FPCCR_LSPACT))
        s->m.fpccr &= ~M_FPCCR_LSPACT; /* the registers still hold the state */
    else if (fp)
        m_fp_load(s, f->fp);
    s->m.fpca = fp;
    arm_m_xpsr_write(s, f->word[7]);
    s->env.pc = f->word[6] & ~1u;
}

static void return_done(struct arm_state *s, unsigned from)
{
    char name[16], to[16];

    s->exclusive_size = 0;
    s->event = 1;
    m_nvic_update(s);
    arm_m_state_changed(s);
    m_monitor_step(s);
    s->env.raised = 1;
    s->env.slow_dispatch = s->itstate != 0;
    if (log_enabled(LOG_INT))
        log_write(LOG_INT, "exception return from %u [%s] to PC 0x%08x in %s, %s", from,
                  arm_m_exception_name(from, name, sizeof(name)), (uint32_t)s->env.pc,
                  arm_m_exception_name(s->m.ipsr, to, sizeof(to)), s->m.sp_is_psp ? "PSP" : "MSP");
    if (!s->m.handler && !m_active_count(s) && (s->m.scr & M_SCR_SLEEPONEXIT))
        s->halted = arm_m_wakes(s) ? 0 : ARM_HALTED_WFI;
}

/* EXC_RETURN was found legal and its exception deactivated: unstack. */
static void unstack(struct arm_state *s, uint32_t exc_return, unsigned from)
{
    bool fp = m_has_fp(s) && !(exc_return & RETURN_NO_FP);
    bool thread = exc_return & RETURN_THREAD, psp = exc_return & RETURN_PSP;
    bool privileged = !thread || !s->m.npriv;
    struct frame f;
    char what[64];

    m_select_sp(s, psp);
    if (fp && !(s->m.fpccr & M_FPCCR_LSPACT) && !m_fp_granted(s, privileged)) {
        return_refused(s, exc_return, ARM_M_NOCP, "CPACR has the floating-point unit disabled");
        return;
    }
    if (!frame_load(s, s->r[13], fp, privileged, &f)) {
        snprintf(what, sizeof(what), "an exception's frame cannot be loaded from 0x%08x",
                 s->r[13]);
        if (pend_and_report(s, s->m.access_violation ? ARM_M_MUNSTKERR : ARM_M_UNSTKERR,
                            exc_return, what))
            take_best(s, exc_return, exc_return, true);
        else
            lock_up(s, exc_return, "the stack cannot be read", ARM_REPORT_OTHER, 0, 0);
        return;
    }
    if (thread != !(f.word[7] & 0x1ff)) {
        /* The frame stays: the handler of INVPC finds it (PushStack negates PopStack). */
        return_refused(s, exc_return, ARM_M_INVPC,
                       "the frame's exception number does not fit the mode");
        return;
    }
    s->m.handler = !thread;
    s->m.spsel = psp;
    frame_restore(s, &f, fp);
    return_done(s, from);
}

static void exception_return(struct arm_state *s, uint32_t exc_return)
{
    unsigned from = s->m.ipsr, nested = m_active_count(s);
    const char *error;

    error = m_bit(s->m.active, from) ? return_error(s, exc_return, nested)
                                     : "the exception is not active";
    deactivate(s, from);
    if (error) {
        return_refused(s, exc_return, ARM_M_INVPC, error);
        return;
    }
    if (arm_m_interrupt_pending(s))
        take_best(s, exc_return, exc_return, true);
    else
        unstack(s, exc_return, from);
}

bool arm_m_fetch_magic(struct arm_state *s, uint32_t va)
{
    if (s->m.locked_up) {
        s->halted = ARM_HALTED_LOCKUP;
        return true;
    }
    if (s->m.plain_branch || !s->m.handler || va < ARM_M_MAGIC_START) {
        s->m.plain_branch = 0;
        return false;
    }
    exception_return(s, (uint32_t)s->env.pc | s->thumb);
    s->env.raised = 0;
    return true;
}
