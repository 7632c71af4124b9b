/* Helpers of MRS, MSR, CPS, SETEND, exception returns, SRS, and banked register accesses. */
#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/psr.h"
#include "util/bits.h"
#include "util/log.h"

/* Interrupts may just have been unmasked. */
static void check_interrupts(struct arm_state *s)
{
    if (atomic_load_explicit(&s->irq_lines, memory_order_relaxed) && arm_interrupt_pending(&s->env))
        s->ops->end_slice(s);
}

uint64_t arm_helper_cpsr_read(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2,
                              uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    return arm_cpsr_read(s) & ~(0x0600fc00u | ARM_PSR_T | ARM_PSR_J);
}

/* Bits of the control and extension bytes that MSR and CPS may write in this state (B9.3.11). */
static uint32_t writable_control(const struct arm_state *s, uint32_t value)
{
    bool free_access = s->secure || !arm_state_has(s, ARM_FEATURE(SEC)) ||
                       arm_state_has(s, ARM_FEATURE(VIRT));
    uint32_t bits = ARM_PSR_I | ARM_PSR_M;

    if (free_access || (s->cp15.scr & BIT(5)))
        bits |= ARM_PSR_A;
    if ((free_access || (s->cp15.scr & BIT(4))) &&
        !((s->cp15.sctlr[s->secure] & BIT(27)) && (value & ARM_PSR_F)))
        bits |= ARM_PSR_F;
    return bits;
}

/* Is the change of mode by MSR or CPS allowed? If not the mode stays. */
static bool mode_change_allowed(const struct arm_state *s, unsigned mode)
{
    if (mode == s->mode)
        return true;
    if (arm_mode_valid(s, mode) && mode != ARM_MODE_HYP && s->mode != ARM_MODE_HYP)
        return true;
    log_write(LOG_GUEST_ERRORS, "change to mode 0x%02x refused at 0x%08x", mode, arm_insn_pc(s));
    return false;
}

/* Write the bits of @mask that are writable; ITSTATE, T and J are not. */
static void cpsr_write_by_instruction(struct arm_state *s, uint32_t value, uint32_t mask)
{
    uint32_t old = arm_cpsr_read(s), now;
    uint32_t allowed = ARM_PSR_NZCV | ARM_PSR_Q | ARM_PSR_GE | ARM_PSR_E;

    if (arm_is_privileged(s))
        allowed |= writable_control(s, value);
    mask &= allowed;
    if ((mask & ARM_PSR_M) && !mode_change_allowed(s, value & ARM_PSR_M))
        mask &= ~ARM_PSR_M;
    now = (old & ~mask) | (value & mask);
    arm_cpsr_write(s, now);
    if ((old ^ now) & (ARM_PSR_M | ARM_PSR_E))
        arm_state_changed(s);
    check_interrupts(s);
}

uint64_t arm_helper_cpsr_write(struct ir_env *env, uint64_t value, uint64_t mask, uint64_t a2,
                               uint64_t a3)
{
    cpsr_write_by_instruction(arm_state(env), (uint32_t)value, (uint32_t)mask);
    return 0;
}

uint64_t arm_helper_cps(struct ir_env *env, uint64_t what, uint64_t mode, uint64_t a2, uint64_t a3)
{
    uint32_t mask = (uint32_t)(what & 7) << 6, value = 0;
    unsigned imod = what >> 3 & 3;

    if (imod == 3)
        value = mask;
    else if (imod != 2)
        mask = 0;
    if (mode & 0x20) {
        mask |= ARM_PSR_M;
        value |= (uint32_t)mode & ARM_PSR_M;
    }
    cpsr_write_by_instruction(arm_state(env), value, mask);
    return 0;
}

uint64_t arm_helper_setend(struct ir_env *env, uint64_t big, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    s->big_endian = big & 1;
    arm_state_changed(s);
    return 0;
}

uint64_t arm_helper_spsr_read(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2,
                              uint64_t a3)
{
    return arm_spsr_read(arm_state(env));
}

uint64_t arm_helper_spsr_write(struct ir_env *env, uint64_t value, uint64_t mask, uint64_t a2,
                               uint64_t a3)
{
    struct arm_state *s = arm_state(env);
    uint32_t m = (uint32_t)mask & 0xff0fffffu; /* bits 23..20 are reserved */

    arm_spsr_write(s, (arm_spsr_read(s) & ~m) | ((uint32_t)value & m));
    return 0;
}

/* User and System mode have no SPSR to return with. */
static bool refuse_without_spsr(struct arm_state *s)
{
    if (arm_has_spsr(s))
        return false;
    log_write(LOG_GUEST_ERRORS, "exception return without SPSR at 0x%08x", arm_insn_pc(s));
    arm_raise_undefined(s);
    return true;
}

uint64_t arm_helper_exception_return(struct ir_env *env, uint64_t pc, uint64_t a1, uint64_t a2,
                                     uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    if (!refuse_without_spsr(s))
        arm_return_to(s, (uint32_t)pc, arm_spsr_read(s));
    return 0;
}

uint64_t arm_helper_rfe(struct ir_env *env, uint64_t pc, uint64_t psr, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    if (!arm_is_privileged(s))
        arm_raise_undefined(s);
    else
        arm_return_to(s, (uint32_t)pc, (uint32_t)psr);
    return 0;
}

/* ---- registers of other modes --------------------------------------------------------------- */

uint64_t arm_helper_user_reg_read(struct ir_env *env, uint64_t n, uint64_t a1, uint64_t a2,
                                  uint64_t a3)
{
    return *arm_banked_reg(arm_state(env), ARM_MODE_USR, n & 15);
}

uint64_t arm_helper_user_reg_write(struct ir_env *env, uint64_t n, uint64_t value, uint64_t a2,
                                   uint64_t a3)
{
    *arm_banked_reg(arm_state(env), ARM_MODE_USR, n & 15) = (uint32_t)value;
    return 0;
}

/* What SYSm of MRS and MSR (banked) names (B9.2.3): a register of a mode, or its SPSR. */
static const struct {
    uint8_t mode;     /* 0: not allocated */
    uint8_t reg;      /* REG_ELR: ELR_hyp; REG_NONE: only the SPSR */
    bool spsr;
} banked[32] = {
    [0] = {ARM_MODE_USR, 8, false},  [1] = {ARM_MODE_USR, 9, false},
    [2] = {ARM_MODE_USR, 10, false}, [3] = {ARM_MODE_USR, 11, false},
    [4] = {ARM_MODE_USR, 12, false}, [5] = {ARM_MODE_USR, 13, false},
    [6] = {ARM_MODE_USR, 14, false}, [8] = {ARM_MODE_FIQ, 8, false},
    [9] = {ARM_MODE_FIQ, 9, false},  [10] = {ARM_MODE_FIQ, 10, false},
    [11] = {ARM_MODE_FIQ, 11, false}, [12] = {ARM_MODE_FIQ, 12, false},
    [13] = {ARM_MODE_FIQ, 13, false}, [14] = {ARM_MODE_FIQ, 14, true},
    [16] = {ARM_MODE_IRQ, 14, true}, [17] = {ARM_MODE_IRQ, 13, false},
    [18] = {ARM_MODE_SVC, 14, true}, [19] = {ARM_MODE_SVC, 13, false},
    [20] = {ARM_MODE_ABT, 14, true}, [21] = {ARM_MODE_ABT, 13, false},
    [22] = {ARM_MODE_UND, 14, true}, [23] = {ARM_MODE_UND, 13, false},
    [28] = {ARM_MODE_MON, 14, true}, [29] = {ARM_MODE_MON, 13, false},
    [30] = {ARM_MODE_HYP, 15, true}, [31] = {ARM_MODE_HYP, 13, false},
};
enum { REG_ELR_HYP = 15 };

/* The register that SYSm and R name; NULL after raising Undefined where the access is not allowed.
 */
static uint32_t *banked_register(struct arm_state *s, unsigned sysm, bool spsr)
{
    unsigned mode = banked[sysm & 31].mode, reg = banked[sysm & 31].reg;
    bool ok = arm_state_has(s, ARM_FEATURE(VIRT)) && arm_is_privileged(s) && mode &&
              (!spsr || banked[sysm & 31].spsr);

    if (mode == ARM_MODE_MON)
        ok &= s->secure && s->mode != ARM_MODE_MON;
    if (mode == ARM_MODE_HYP)
        ok &= s->mode == ARM_MODE_MON || (s->mode == ARM_MODE_HYP && reg == REG_ELR_HYP && !spsr);
    if (!ok) {
        arm_raise_undefined(s);
        return NULL;
    }
    if (spsr)
        return &s->bank[arm_mode_bank(mode)].spsr;
    return reg == REG_ELR_HYP ? &s->elr_hyp : arm_banked_reg(s, mode, reg);
}

uint64_t arm_helper_mrs_banked(struct ir_env *env, uint64_t sysm, uint64_t r, uint64_t a2,
                               uint64_t a3)
{
    uint32_t *reg = banked_register(arm_state(env), (unsigned)sysm, r);

    return reg ? *reg : 0;
}

uint64_t arm_helper_msr_banked(struct ir_env *env, uint64_t sysm, uint64_t r, uint64_t value,
                               uint64_t a3)
{
    uint32_t *reg = banked_register(arm_state(env), (unsigned)sysm, r);

    if (reg)
        *reg = (uint32_t)value;
    return 0;
}

uint64_t arm_helper_srs_sp_read(struct ir_env *env, uint64_t mode, uint64_t a1, uint64_t a2,
                                uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    mode &= 31;
    if (!arm_has_spsr(s) || s->mode == ARM_MODE_HYP || mode == ARM_MODE_HYP ||
        !arm_mode_valid(s, (unsigned)mode)) {
        arm_raise_undefined(s);
        return 0;
    }
    return *arm_banked_reg(s, (unsigned)mode, 13);
}

uint64_t arm_helper_srs_sp_write(struct ir_env *env, uint64_t mode, uint64_t value, uint64_t a2,
                                 uint64_t a3)
{
    *arm_banked_reg(arm_state(env), (unsigned)mode & 31, 13) = (uint32_t)value;
    return 0;
}
