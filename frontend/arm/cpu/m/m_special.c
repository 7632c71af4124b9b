/* Special registers: xPSR, CONTROL, stack pointers, masks; MRS and MSR (DDI 0403E B5.2). */
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/m/m_internal.h"
#include "frontend/arm/cpu/m/mpu.h"
#include "frontend/arm/fp/fpscr.h"
#include "frontend/arm/translate/translate.h"
#include "util/log.h"

/* ---- what depends on the state --------------------------------------------------------------- */

static bool mpu_applies(const struct arm_state *s)
{
    return (s->m.mpu_ctrl & M_MPU_ENABLE) &&
           ((s->m.mpu_ctrl & M_MPU_HFNMIENA) || m_execution_priority(s) >= 0);
}

void m_state_changes(struct arm_state *s)
{
    s->m.changed = 1;
    s->m.mpu_applies = mpu_applies(s);
    s->fp_enabled = m_fp_ready(s);
    s->env.touched = 1;
    s->ops->end_slice(s);
}

void arm_m_safe_point(struct arm_state *s)
{
    if (s->m.changed)
        arm_m_state_changed(s);
}

void arm_m_state_changed(struct arm_state *s)
{
    bool strict = !arm_m_is_v7(s) || (s->m.ccr & M_CCR_UNALIGN_TRP);

    s->m.changed = 0;
    m_view_update(s);
    s->mode = s->m.handler ? ARM_MODE_SVC : s->m.npriv ? ARM_MODE_USR : ARM_MODE_SYS;
    s->m.mpu_applies = mpu_applies(s);
    s->fp_enabled = m_fp_ready(s);
    s->env.fp_rounding = s->fpscr >> FPSCR_RMODE_SHIFT & 3;
    s->block_flags = (strict ? ARM_BF_ALIGN_STRICT : 0) |
                     (s->m.ccr & M_CCR_DIV_0_TRP ? ARM_BF_DIV_TRAP : 0) |
                     (s->mode == ARM_MODE_USR ? ARM_BF_USER : 0) |
                     arm_fp_block_flags(s->fpscr) |
                     (s->m.mpu_applies && s->mode == ARM_MODE_USR ? 0 : ARM_BF_WINDOW) |
                     arm_cpu_model_index(s->model) << ARM_BF_FEATURES_SHIFT;
    s->ops->context_changed(s);
}

/* ---- xPSR ------------------------------------------------------------------------------------ */

static uint32_t apsr_mask(const struct arm_state *s)
{
    return ARM_PSR_NZCV | (arm_m_is_v7(s) ? ARM_PSR_Q : 0) |
           (arm_state_has(s, ARM_FEATURE(DSP)) ? ARM_PSR_GE : 0);
}

static uint32_t apsr_read(const struct arm_state *s)
{
    const uint8_t *f = s->env.nzcv;

    return ((uint32_t)f[0] << 31 | (uint32_t)f[1] << 30 | (uint32_t)f[2] << 29 |
            (uint32_t)f[3] << 28 | (uint32_t)s->q << 27 | (uint32_t)s->ge << 16) & apsr_mask(s);
}

static void apsr_write(struct arm_state *s, uint32_t v, uint32_t mask)
{
    v = (apsr_read(s) & ~mask) | (v & mask & apsr_mask(s));
    s->env.nzcv[0] = v >> 31;
    s->env.nzcv[1] = v >> 30 & 1;
    s->env.nzcv[2] = v >> 29 & 1;
    s->env.nzcv[3] = v >> 28 & 1;
    s->q = v >> 27 & 1;
    s->ge = v >> 16 & 15;
}

uint32_t arm_m_xpsr_read(const struct arm_state *s)
{
    return apsr_read(s) | (uint32_t)(s->itstate & 3) << 25 | (uint32_t)(s->itstate >> 2) << 10 |
           (uint32_t)s->thumb << 24 | s->m.ipsr;
}

void arm_m_xpsr_write(struct arm_state *s, uint32_t v)
{
    apsr_write(s, v, 0xffffffff);
    s->itstate = arm_m_is_v7(s) ? (uint8_t)((v >> 25 & 3) | (v >> 10 & 0x3f) << 2) : 0;
    if (!(s->itstate & 15))
        s->itstate = 0; /* ICI: the instruction starts over */
    s->thumb = v >> 24 & 1;
    s->m.ipsr = v & 0x1ff;
    if (s->m.ipsr >= ARM_M_EXCEPTIONS)
        s->m.ipsr = 0;
}

/* ---- stack pointers and CONTROL -------------------------------------------------------------- */

void m_select_sp(struct arm_state *s, bool psp)
{
    if (psp == s->m.sp_is_psp)
        return;
    if (psp) {
        s->m.msp = s->r[13];
        s->r[13] = s->m.psp;
    } else {
        s->m.psp = s->r[13];
        s->r[13] = s->m.msp;
    }
    s->m.sp_is_psp = psp;
}

uint32_t arm_m_sp_read(const struct arm_state *s, bool psp)
{
    return psp == s->m.sp_is_psp ? s->r[13] : psp ? s->m.psp : s->m.msp;
}

void arm_m_sp_write(struct arm_state *s, bool psp, uint32_t value)
{
    value &= ~3u;
    if (psp == s->m.sp_is_psp)
        s->r[13] = value;
    else if (psp)
        s->m.psp = value;
    else
        s->m.msp = value;
}

uint32_t arm_m_control_read(const struct arm_state *s)
{
    return s->m.npriv | (uint32_t)s->m.spsel << 1 | (uint32_t)s->m.fpca << 2;
}

void arm_m_control_write(struct arm_state *s, uint32_t value)
{
    /* Unprivileged execution is an option of ARMv6-M that comes with the MPU. */
    if (arm_m_is_v7(s) || s->model->m_regions)
        s->m.npriv = value & 1;
    if (!s->m.handler) {
        s->m.spsel = value >> 1 & 1;
        m_select_sp(s, s->m.spsel);
    }
    if (m_has_fp(s))
        s->m.fpca = value >> 2 & 1;
    arm_m_state_changed(s);
}

/* ---- MRS and MSR ----------------------------------------------------------------------------- */

enum {
    SYSM_EPSR = 2, SYSM_IPSR_BIT = 1, SYSM_NO_APSR = 4, SYSM_PSR_LAST = 7, SYSM_MSP = 8,
    SYSM_PSP = 9,
    SYSM_PRIMASK = 16, SYSM_BASEPRI = 17, SYSM_BASEPRI_MAX = 18, SYSM_FAULTMASK = 19,
    SYSM_CONTROL = 20,
};

uint32_t arm_m_special_read(const struct arm_state *s, unsigned sysm)
{
    if (sysm <= SYSM_PSR_LAST)
        return (sysm & SYSM_NO_APSR ? 0 : apsr_read(s)) | (sysm & SYSM_IPSR_BIT ? s->m.ipsr : 0);
    switch (sysm) {
    case SYSM_MSP: return arm_m_sp_read(s, false);
    case SYSM_PSP: return arm_m_sp_read(s, true);
    case SYSM_PRIMASK: return s->mask_i;
    case SYSM_BASEPRI:
    case SYSM_BASEPRI_MAX: return s->m.basepri;
    case SYSM_FAULTMASK: return s->mask_f;
    case SYSM_CONTROL: return arm_m_control_read(s);
    default: return 0;
    }
}

static void basepri_write(struct arm_state *s, uint32_t value, bool raise_only)
{
    uint8_t v = (uint8_t)value & m_priority_mask(s);

    if (!arm_m_is_v7(s) || (raise_only && !(v && (v < s->m.basepri || !s->m.basepri))))
        return;
    s->m.basepri = v;
    m_nvic_update(s);
}

static void faultmask_write(struct arm_state *s, bool on)
{
    if (!arm_m_is_v7(s) || (on && m_execution_priority(s) <= M_PRIORITY_HARD_FAULT))
        return;
    s->mask_f = on;
    arm_m_state_changed(s); /* the MPU may be bypassed */
}

void arm_m_special_write(struct arm_state *s, unsigned sysm, uint32_t value)
{
    switch (sysm) {
    case SYSM_MSP: arm_m_sp_write(s, false, value); break;
    case SYSM_PSP: arm_m_sp_write(s, true, value); break;
    case SYSM_PRIMASK: s->mask_i = value & 1; break;
    case SYSM_BASEPRI: basepri_write(s, value, false); break;
    case SYSM_BASEPRI_MAX: basepri_write(s, value, true); break;
    case SYSM_FAULTMASK: faultmask_write(s, value & 1); break;
    case SYSM_CONTROL: arm_m_control_write(s, value); break;
    }
    m_check(s);
}

static bool reserved(const struct arm_state *s, unsigned sysm)
{
    if (sysm <= SYSM_PSP)
        return sysm == 4;
    if (sysm >= SYSM_BASEPRI && sysm <= SYSM_FAULTMASK)
        return !arm_m_is_v7(s);
    return sysm != SYSM_PRIMASK && sysm != SYSM_CONTROL;
}

static void check_reserved(const struct arm_state *s, unsigned sysm)
{
    if (reserved(s, sysm))
        log_write(LOG_GUEST_ERRORS, "unknown special register %u at PC 0x%08x: reads as 0", sysm,
                  arm_insn_pc(s));
}

uint64_t arm_helper_m_mrs(struct ir_env *env, uint64_t sysm, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    check_reserved(s, (unsigned)sysm);
    if (!arm_is_privileged(s) && sysm > SYSM_PSR_LAST && sysm != SYSM_CONTROL)
        return 0;
    return arm_m_special_read(s, (unsigned)sysm);
}

uint64_t arm_helper_m_msr(struct ir_env *env, uint64_t sysm, uint64_t mask, uint64_t value,
                          uint64_t a3)
{
    struct arm_state *s = arm_state(env);
    uint32_t bits = (mask & 1 ? ARM_PSR_GE : 0) | (mask & 2 ? ARM_PSR_NZCV | ARM_PSR_Q : 0);

    check_reserved(s, (unsigned)sysm);
    if (sysm <= SYSM_PSR_LAST) {
        if (!(sysm & SYSM_NO_APSR))
            apsr_write(s, (uint32_t)value, bits);
    } else if (arm_is_privileged(s)) {
        arm_m_special_write(s, (unsigned)sysm, (uint32_t)value);
    }
    return 0;
}

uint64_t arm_helper_m_faultmask(struct ir_env *env, uint64_t on, uint64_t a1, uint64_t a2,
                                uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    faultmask_write(s, on & 1);
    m_check(s);
    return 0;
}

/* ---- faults that generated code finds -------------------------------------------------------- */

uint64_t arm_helper_m_usage_fault(struct ir_env *env, uint64_t cause, uint64_t a1, uint64_t a2,
                                  uint64_t a3)
{
    arm_m_usage_fault(arm_state(env), (enum arm_m_fault)cause);
    return 0;
}
