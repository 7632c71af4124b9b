#include "frontend/arm/cpu/exceptions.h"

#include <stdio.h>

#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/cpu/psr.h"
#include "util/bits.h"
#include "util/log.h"

#define SCTLR_V BIT(13)
#define SCTLR_EE BIT(25)
#define SCTLR_TE BIT(30)
#define SCR_NS BIT(0)
#define SCR_IRQ BIT(1)
#define SCR_FIQ BIT(2)
#define SCR_EA BIT(3)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_TGE BIT(27)

/* How LR follows from the address of the instruction: what is added to it in ARM and Thumb state.
 * NEXT: the instruction's size. */
enum { LR_NEXT = 0xff };

struct exception_row {
    const char *name;
    uint8_t number;    /* for logs: the customary numbering */
    uint8_t vector;    /* offset in the PL1 and Monitor tables */
    uint8_t mode;      /* PL1 mode that takes it */
    uint8_t lr_arm, lr_thumb;
    uint8_t hyp_return; /* ELR_hyp: what is added to the address, or LR_NEXT */
    uint32_t masks;    /* PSR bits set besides I */
};

static const struct exception_row rows[ARM_EXC_COUNT] = {
    [ARM_EXC_RESET] = {"Reset", 0, 0x00, ARM_MODE_SVC, 0, 0, 0, ARM_PSR_A | ARM_PSR_F},
    [ARM_EXC_UNDEFINED] = {"Undefined Instruction", 1, 0x04, ARM_MODE_UND, 4, 2, 0, 0},
    [ARM_EXC_SVC] = {"SVC", 2, 0x08, ARM_MODE_SVC, LR_NEXT, LR_NEXT, LR_NEXT, 0},
    [ARM_EXC_PREFETCH_ABORT] = {"Prefetch Abort", 3, 0x0c, ARM_MODE_ABT, 4, 4, 0, ARM_PSR_A},
    [ARM_EXC_DATA_ABORT] = {"Data Abort", 4, 0x10, ARM_MODE_ABT, 8, 8, 0, ARM_PSR_A},
    [ARM_EXC_HYP_TRAP] = {"Hyp Trap", 12, 0x14, ARM_MODE_HYP, 0, 0, 0, ARM_PSR_A | ARM_PSR_F},
    [ARM_EXC_IRQ] = {"IRQ", 5, 0x18, ARM_MODE_IRQ, 4, 4, 0, ARM_PSR_A},
    [ARM_EXC_FIQ] = {"FIQ", 6, 0x1c, ARM_MODE_FIQ, 4, 4, 0, ARM_PSR_A | ARM_PSR_F},
    [ARM_EXC_HVC] = {"HVC", 11, 0x08, ARM_MODE_HYP, LR_NEXT, LR_NEXT, LR_NEXT, 0},
    [ARM_EXC_SMC] = {"SMC", 13, 0x08, ARM_MODE_MON, LR_NEXT, LR_NEXT, LR_NEXT,
                     ARM_PSR_A | ARM_PSR_F},
    [ARM_EXC_VIRQ] = {"Virtual IRQ", 14, 0x18, ARM_MODE_IRQ, 4, 4, 0, ARM_PSR_A},
    [ARM_EXC_VFIQ] = {"Virtual FIQ", 15, 0x1c, ARM_MODE_FIQ, 4, 4, 0, ARM_PSR_A | ARM_PSR_F},
};

const char *arm_exception_name(enum arm_exception exc)
{
    return rows[exc].name;
}

void arm_leave(struct arm_state *s, uint32_t pc)
{
    s->env.pc = pc;
    s->env.raised = 1;
    if (s->itstate)
        s->env.slow_dispatch = 1;
}

/* ---- routing -------------------------------------------------------------------------------- */

static bool is_nonsecure_virt(const struct arm_state *s)
{
    return arm_state_has(s, ARM_FEATURE(VIRT)) && !s->secure;
}

/* The mode that takes @exc: the row's, or Monitor or Hyp as SCR and HCR say (B1.8). */
static unsigned target_mode(const struct arm_state *s, enum arm_exception exc)
{
    static const uint32_t scr_route[ARM_EXC_COUNT] = {
        [ARM_EXC_IRQ] = SCR_IRQ, [ARM_EXC_FIQ] = SCR_FIQ,
    };
    static const uint32_t hcr_route[ARM_EXC_COUNT] = {
        [ARM_EXC_IRQ] = HCR_IMO, [ARM_EXC_FIQ] = HCR_FMO,
        [ARM_EXC_UNDEFINED] = HCR_TGE, [ARM_EXC_SVC] = HCR_TGE,
        [ARM_EXC_PREFETCH_ABORT] = HCR_TGE, [ARM_EXC_DATA_ABORT] = HCR_TGE,
    };
    bool tge_only = exc != ARM_EXC_IRQ && exc != ARM_EXC_FIQ;

    if (exc == ARM_EXC_VIRQ || exc == ARM_EXC_VFIQ || exc == ARM_EXC_SMC)
        return rows[exc].mode;
    if (arm_state_has(s, ARM_FEATURE(SEC)) && (s->cp15.scr & scr_route[exc]))
        return ARM_MODE_MON;
    if (s->mode == ARM_MODE_HYP)
        return ARM_MODE_HYP;
    if (is_nonsecure_virt(s) && (s->cp15.hcr & hcr_route[exc]) &&
        (!tge_only || s->mode == ARM_MODE_USR))
        return ARM_MODE_HYP;
    return rows[exc].mode;
}

static uint32_t vector_base(const struct arm_state *s, unsigned mode)
{
    if (mode == ARM_MODE_HYP)
        return s->cp15.hvbar;
    if (mode == ARM_MODE_MON)
        return s->cp15.mvbar;
    if (s->cp15.sctlr[s->secure] & SCTLR_V)
        return 0xffff0000u;
    /* VBAR is there also when the Security Extensions were taken from a model that has them. */
    return s->model->features & ARM_FEATURE(SEC) ? s->cp15.vbar[s->secure] : 0;
}

/* PSR masks of the new mode: bits that Non-secure state must not mask stay (SCR.AW, FW). */
static uint32_t entry_masks(const struct arm_state *s, const struct exception_row *row,
                            unsigned mode)
{
    uint32_t masks = row->masks | ARM_PSR_I;

    if (mode == ARM_MODE_MON)
        return ARM_PSR_A | ARM_PSR_I | ARM_PSR_F;
    if (mode == ARM_MODE_HYP) { /* Interrupts that are routed to Secure state stay unmasked. */
        masks = (s->cp15.scr & SCR_EA ? 0 : ARM_PSR_A) | (s->cp15.scr & SCR_IRQ ? 0 : ARM_PSR_I) |
                (s->cp15.scr & SCR_FIQ ? 0 : ARM_PSR_F);
        return masks;
    }
    if (arm_state_has(s, ARM_FEATURE(SEC)) && !arm_state_has(s, ARM_FEATURE(VIRT)) && !s->secure) {
        if (!(s->cp15.scr & BIT(5)))
            masks &= ~ARM_PSR_A;
        if (!(s->cp15.scr & BIT(4)))
            masks &= ~ARM_PSR_F;
    }
    if (!arm_state_has(s, ARM_FEATURE(V6)))
        masks &= ~ARM_PSR_A;
    return masks;
}

/* ---- entry ---------------------------------------------------------------------------------- */

static uint32_t return_offset(const struct arm_state *s, const struct exception_row *row, bool hyp,
                              unsigned size)
{
    unsigned offset = hyp ? row->hyp_return : s->thumb ? row->lr_thumb : row->lr_arm;

    return offset == LR_NEXT ? size : offset;
}

static void log_entry(const struct arm_state *s, enum arm_exception exc, uint32_t pc, unsigned mode)
{
    const struct arm_cp15 *c = &s->cp15;
    char fault[48] = "";

    if (!log_enabled(LOG_INT))
        return;
    if (exc == ARM_EXC_DATA_ABORT)
        snprintf(fault, sizeof(fault), ", DFSR 0x%x DFAR 0x%08x", c->dfsr[s->secure],
                 c->dfar[s->secure]);
    else if (exc == ARM_EXC_PREFETCH_ABORT)
        snprintf(fault, sizeof(fault), ", IFSR 0x%x IFAR 0x%08x", c->ifsr[s->secure],
                 c->ifar[s->secure]);
    log_write(LOG_INT, "exception %u [%s] at PC 0x%08x, mode 0x%02x -> 0x%02x on CPU %u%s",
              rows[exc].number, rows[exc].name, pc, s->mode, mode, s->index, fault);
}

/* Entry; @size: length of the instruction, for exceptions that return behind it. */
static void enter(struct arm_state *s, enum arm_exception exc, uint32_t pc, uint8_t it,
                  unsigned size)
{
    const struct exception_row *row = &rows[exc];
    unsigned mode = target_mode(s, exc), from = s->mode;
    bool hyp = mode == ARM_MODE_HYP;
    uint32_t vector = hyp && from != ARM_MODE_HYP && row->vector < 0x14 ? 0x14 : row->vector;
    uint32_t masks, spsr, sctlr, lr;

    log_entry(s, exc, pc, mode);
    s->itstate = it;
    if (s->ops->process) {
        s->ops->process->exception(s, exc, pc, size);
        return;
    }
    spsr = arm_cpsr_read(s);
    lr = pc + return_offset(s, row, hyp, size);
    if (mode == ARM_MODE_MON && from == ARM_MODE_MON)
        s->cp15.scr &= ~SCR_NS;
    masks = entry_masks(s, row, mode);
    arm_switch_mode(s, mode);
    if (arm_state_has(s, ARM_FEATURE(SEC)))
        s->secure = mode == ARM_MODE_MON || !(s->cp15.scr & SCR_NS);
    s->bank[arm_mode_bank(mode)].spsr = spsr;
    if (hyp)
        s->elr_hyp = lr;
    else
        s->r[14] = lr;
    s->mask_a |= (masks & ARM_PSR_A) != 0;
    s->mask_i |= (masks & ARM_PSR_I) != 0;
    s->mask_f |= (masks & ARM_PSR_F) != 0;
    sctlr = hyp ? s->cp15.hsctlr : s->cp15.sctlr[s->secure];
    s->itstate = 0;
    s->jazelle = 0;
    s->thumb = (sctlr & SCTLR_TE) && arm_state_has(s, ARM_FEATURE(T2));
    s->big_endian = (sctlr & SCTLR_EE) && arm_state_has(s, ARM_FEATURE(V6));
    s->halted = 0;
    s->exclusive_size = 0;
    arm_state_changed(s);
    arm_leave(s, vector_base(s, mode) + vector);
    if (s->ops->entered)
        s->ops->entered(s, exc);
}

void arm_take_exception(struct arm_state *s, enum arm_exception exc, uint32_t pc, uint8_t it)
{
    enter(s, exc, pc, it, s->thumb ? 2 : 4);
}

/* ---- exceptions of the instruction that is calling out -------------------------------------- */

/* Exception class of HSR, for the shape of Hyp mode; the ISS of aborts is added by the caller. */
static void set_hsr(struct arm_state *s, unsigned class, uint32_t iss)
{
    s->cp15.hsr = class << 26 | (uint32_t)(arm_insn_size(s) == 4) << 25 | iss;
}

static void enter_for_insn(struct arm_state *s, enum arm_exception exc)
{
    enter(s, exc, arm_insn_pc(s), arm_insn_it(s), arm_insn_size(s));
}

/* ITSTATE behind the instruction that is calling out (A2.5.2). */
static uint8_t it_advanced(const struct arm_state *s)
{
    uint8_t it = arm_insn_it(s);

    return it & 7 ? (uint8_t)((it & 0xe0) | (it << 1 & 0x1f)) : 0;
}

/* Continue behind the instruction that is calling out. */
static void leave_to_next(struct arm_state *s)
{
    s->itstate = it_advanced(s);
    arm_leave(s, arm_insn_pc(s) + arm_insn_size(s));
}

static void report(struct arm_state *s, enum arm_report_kind kind, uint32_t pc, const char *title,
                   const uint32_t *addr)
{
    const struct arm_report r = {.kind = kind, .title = title, .pc = pc, .has_addr = addr,
                                 .addr = addr ? *addr : 0};

    if (s->ops->report)
        s->ops->report(s, &r);
}

void arm_raise_undefined(struct arm_state *s)
{
    if (arm_is_m(s)) {
        arm_m_usage_fault(s, ARM_M_UNDEFINSTR);
        return;
    }
    if (log_enabled(LOG_GUEST_ERRORS))
        log_write(LOG_GUEST_ERRORS, "undefined instruction at 0x%08x", arm_insn_pc(s));
    report(s, ARM_REPORT_UNDEFINED, arm_insn_pc(s), "undefined instruction", NULL);
    set_hsr(s, 0, 0);
    enter_for_insn(s, ARM_EXC_UNDEFINED);
}

/* A stage 2 fault: Hyp mode's registers instead of PL1's. */
static void raise_to_hyp(struct arm_state *s, const struct arm_fault *fault, uint32_t va,
                         bool fetch, bool write, uint32_t pc, uint8_t it)
{
    struct arm_cp15 *c = &s->cp15;
    uint32_t iss =
        arm_fault_status_long(fault) | (uint32_t)write << 6 | (uint32_t)fault->s1ptw << 7;

    set_hsr(s, (fetch ? 0x20 : 0x24) + (s->mode == ARM_MODE_HYP), iss);
    if (fetch)
        c->hifar = va;
    else
        c->hdfar = va;
    c->hpfar = (uint32_t)(fault->ipa >> 12 << 4);
    /* From Hyp mode itself the abort has a vector of its own; from elsewhere it is a Hyp trap. */
    arm_take_exception(s, s->mode != ARM_MODE_HYP ? ARM_EXC_HYP_TRAP
                          : fetch                ? ARM_EXC_PREFETCH_ABORT
                                                 : ARM_EXC_DATA_ABORT, pc, it);
}

/* Does the long format apply in the PL1 mode that takes an abort now? */
static bool uses_long_format(const struct arm_state *s)
{
    return arm_state_has(s, ARM_FEATURE(LPAE)) && (s->cp15.ttbcr[s->secure] & BIT(31));
}

static uint32_t modified_va(const struct arm_state *s, uint32_t va)
{
    struct arm_walk_regs regs;

    arm_walk_regs_get(s, &regs);
    return arm_walk_mva(&regs, va);
}

void arm_raise_data_abort(struct arm_state *s, const struct arm_fault *fault, uint32_t va,
                          bool write)
{
    uint32_t status = arm_fault_status(fault, uses_long_format(s));

    if (arm_is_m(s)) {
        arm_m_data_fault(s, fault, va, write);
        return;
    }
    if (fault->kind == ARM_FAULT_EXTERNAL)
        report(s, ARM_REPORT_EXTERNAL, arm_insn_pc(s),
               write ? "data abort: nothing answered a write"
                     : "data abort: nothing answered a read",
               &va);
    else if (fault->kind == ARM_FAULT_ALIGNMENT)
        report(s, ARM_REPORT_ALIGNMENT, arm_insn_pc(s), "data abort: unaligned access", &va);
    if (fault->stage2 || s->mode == ARM_MODE_HYP) {
        raise_to_hyp(s, fault, va, false, write, arm_insn_pc(s), arm_insn_it(s));
        return;
    }
    if (arm_state_has(s, ARM_FEATURE(V6)))
        status |= (uint32_t)write << 11;
    else
        status &= 0xff;
    s->cp15.dfsr[s->secure] = status;
    s->cp15.dfar[s->secure] = modified_va(s, va);
    enter_for_insn(s, ARM_EXC_DATA_ABORT);
}

static void prefetch_abort(struct arm_state *s, const struct arm_fault *fault, uint32_t va,
                           uint32_t pc, uint8_t it)
{
    uint32_t status = arm_fault_status(fault, uses_long_format(s));

    if (arm_is_m(s)) {
        arm_m_fetch_fault(s, fault, pc, it);
        return;
    }
    if (fault->kind == ARM_FAULT_EXTERNAL)
        report(s, ARM_REPORT_FETCH, pc, "prefetch abort: there is nothing to execute", NULL);
    if (fault->stage2 || s->mode == ARM_MODE_HYP) {
        raise_to_hyp(s, fault, va, true, false, pc, it);
        return;
    }
    /* IFSR has no domain field before ARMv6 and in ARMv7; a domain there is harmless to nobody. */
    s->cp15.ifsr[s->secure] = uses_long_format(s) ? status : status & ~0xf0u;
    s->cp15.ifar[s->secure] = modified_va(s, va);
    arm_take_exception(s, ARM_EXC_PREFETCH_ABORT, pc, it);
}

void arm_raise_prefetch_abort(struct arm_state *s, const struct arm_fault *fault, uint32_t va,
                              uint32_t pc)
{
    prefetch_abort(s, fault, va, pc, s->itstate);
}

/* ---- helpers -------------------------------------------------------------------------------- */

static bool semihosting_call(struct arm_state *s, enum arm_semihosting_trap trap, uint64_t imm)
{
    if (!s->ops->semihosting || !s->ops->semihosting(s, trap, (uint32_t)imm))
        return false;
    if (!s->env.raised)
        leave_to_next(s);
    return true;
}

uint64_t arm_helper_undefined(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2,
                              uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    if (!semihosting_call(s, ARM_SEMIHOSTING_UNDEFINED, 0))
        arm_raise_undefined(s);
    return 0;
}

uint64_t arm_helper_svc(struct ir_env *env, uint64_t imm, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    if (arm_is_m(s)) {
        arm_m_svc(s, it_advanced(s));
        return 0;
    }
    if (semihosting_call(s, ARM_SEMIHOSTING_SVC, imm))
        return 0;
    set_hsr(s, 0x11, (uint32_t)imm & 0xffff);
    enter(s, ARM_EXC_SVC, arm_insn_pc(s), it_advanced(s), arm_insn_size(s));
    return 0;
}

/* HVC and SMC: the exception where the guest itself can have a Hyp or Monitor mode, else a firmware
 * call that the machine serves. */
static void call_up(struct arm_state *s, bool smc, uint32_t imm)
{
    uint64_t feature = smc ? ARM_FEATURE(SEC) : ARM_FEATURE(VIRT);
    bool firmware = arm_is_privileged(s) && !arm_state_has(s, feature);

    if (firmware && s->ops->firmware_call && s->ops->firmware_call(s, smc, imm)) {
        if (!s->env.raised) /* a CPU that was reset or switched off has left already */
            leave_to_next(s);
        return;
    }
    if (!arm_is_privileged(s) || !arm_state_has(s, feature) || (!smc && s->secure)) {
        arm_raise_undefined(s);
        return;
    }
    set_hsr(s, smc ? 0x13 : 0x12, imm & 0xffff);
    enter(s, smc ? ARM_EXC_SMC : ARM_EXC_HVC, arm_insn_pc(s), it_advanced(s), arm_insn_size(s));
}

uint64_t arm_helper_hvc(struct ir_env *env, uint64_t imm, uint64_t a1, uint64_t a2, uint64_t a3)
{
    call_up(arm_state(env), false, (uint32_t)imm);
    return 0;
}

uint64_t arm_helper_smc(struct ir_env *env, uint64_t imm, uint64_t a1, uint64_t a2, uint64_t a3)
{
    call_up(arm_state(env), true, (uint32_t)imm);
    return 0;
}

uint64_t arm_helper_bkpt(struct ir_env *env, uint64_t imm, uint64_t a1, uint64_t a2, uint64_t a3)
{
    const struct arm_fault fault = {.kind = ARM_FAULT_DEBUG};
    struct arm_state *s = arm_state(env);

    if (semihosting_call(s, ARM_SEMIHOSTING_BKPT, imm))
        return 0;
    if (arm_is_m(s))
        arm_m_bkpt(s);
    else
        prefetch_abort(s, &fault, arm_insn_pc(s), arm_insn_pc(s), arm_insn_it(s));
    return 0;
}

uint64_t arm_helper_fetch_abort_next_page(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2,
                                          uint64_t a3)
{
    struct arm_state *s = arm_state(env);
    uint32_t pc = arm_insn_pc(s), va = (pc | 0xfff) + 1;
    struct arm_translation t;
    struct arm_fault fault;

    if (s->ops->process && !s->ops->process->fetchable(s, va)) {
        fault = (struct arm_fault){.kind = ARM_FAULT_TRANSLATION, .level = 2};
        prefetch_abort(s, &fault, va, pc, arm_insn_it(s));
        return 0;
    }
    if (!arm_translate_va(s, va, ARM_ACCESS_FETCH, arm_is_privileged(s), &t, &fault)) {
        prefetch_abort(s, &fault, va, pc, arm_insn_it(s));
        return 0;
    }
    /* Mapped in the meantime: the instruction is dispatched again. */
    s->itstate = arm_insn_it(s);
    s->env.slow_dispatch = 1;
    arm_leave(s, pc);
    return 0;
}

uint64_t arm_helper_alignment_fault(struct ir_env *env, uint64_t addr, uint64_t write, uint64_t a2,
                                    uint64_t a3)
{
    const struct arm_fault fault = {.kind = ARM_FAULT_ALIGNMENT, .level = 1};

    arm_raise_data_abort(arm_state(env), &fault, (uint32_t)addr, write);
    return 0;
}
