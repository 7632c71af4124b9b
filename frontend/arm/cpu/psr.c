#include "frontend/arm/cpu/psr.h"

#include <string.h>

#include "frontend/arm/cpu/arm_fp.h"
#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/fp/fpscr.h"
#include "frontend/arm/translate/translate.h"
#include "util/bits.h"
#include "util/log.h"

/* ---- joining and splitting ------------------------------------------------------------------ */

uint32_t arm_cpsr_read(const struct arm_state *s)
{
    const uint8_t *f = s->env.nzcv;

    if (arm_is_m(s))
        return arm_m_xpsr_read(s);
    return (uint32_t)f[0] << 31 | (uint32_t)f[1] << 30 | (uint32_t)f[2] << 29 |
           (uint32_t)f[3] << 28 | (uint32_t)s->q << 27 | (uint32_t)(s->itstate & 3) << 25 |
           (uint32_t)s->jazelle << 24 | (uint32_t)s->ge << 16 | (uint32_t)(s->itstate >> 2) << 10 |
           (uint32_t)s->big_endian << 9 | (uint32_t)s->mask_a << 8 | (uint32_t)s->mask_i << 7 |
           (uint32_t)s->mask_f << 6 | (uint32_t)s->thumb << 5 | s->mode;
}

void arm_cpsr_write(struct arm_state *s, uint32_t v)
{
    if (arm_is_m(s)) {
        arm_m_xpsr_write(s, v);
        return;
    }
    s->env.nzcv[0] = v >> 31;
    s->env.nzcv[1] = v >> 30 & 1;
    s->env.nzcv[2] = v >> 29 & 1;
    s->env.nzcv[3] = v >> 28 & 1;
    s->q = v >> 27 & 1;
    s->itstate = (uint8_t)((v >> 25 & 3) | (v >> 10 & 0x3f) << 2);
    s->jazelle = v >> 24 & 1;
    s->ge = v >> 16 & 15;
    s->big_endian = v >> 9 & 1;
    s->mask_a = v >> 8 & 1;
    s->mask_i = v >> 7 & 1;
    s->mask_f = v >> 6 & 1;
    s->thumb = v >> 5 & 1;
    arm_switch_mode(s, v & ARM_PSR_M);
}

/* ---- modes and banks ------------------------------------------------------------------------ */

static const struct {
    uint8_t bank;
    uint64_t feature; /* 0: always there */
} modes[32] = {
    [ARM_MODE_USR] = {ARM_BANK_USR, 0}, [ARM_MODE_FIQ] = {ARM_BANK_FIQ, 0},
    [ARM_MODE_IRQ] = {ARM_BANK_IRQ, 0}, [ARM_MODE_SVC] = {ARM_BANK_SVC, 0},
    [ARM_MODE_ABT] = {ARM_BANK_ABT, 0}, [ARM_MODE_UND] = {ARM_BANK_UND, 0},
    [ARM_MODE_SYS] = {ARM_BANK_USR, 0}, [ARM_MODE_MON] = {ARM_BANK_MON, ARM_FEATURE(SEC)},
    [ARM_MODE_HYP] = {ARM_BANK_HYP, ARM_FEATURE(VIRT)},
};

enum arm_bank arm_mode_bank(unsigned mode)
{
    return (enum arm_bank)modes[mode & 31].bank;
}

bool arm_mode_valid(const struct arm_state *s, unsigned mode)
{
    mode &= 31;
    if (mode != ARM_MODE_USR && modes[mode].bank == ARM_BANK_USR && mode != ARM_MODE_SYS)
        return false; /* a hole of the table */
    if (modes[mode].feature && !arm_state_has(s, modes[mode].feature))
        return false;
    if (mode == ARM_MODE_MON && !s->secure)
        return false;
    return mode != ARM_MODE_HYP || !s->secure || (s->cp15.scr & 1);
}

/* LR of Hyp mode is User mode's. */
static enum arm_bank lr_bank(unsigned mode)
{
    enum arm_bank bank = arm_mode_bank(mode);

    return bank == ARM_BANK_HYP ? ARM_BANK_USR : bank;
}

void arm_switch_mode(struct arm_state *s, unsigned mode)
{
    unsigned old = s->mode;
    bool to_fiq = mode == ARM_MODE_FIQ, from_fiq = old == ARM_MODE_FIQ;

    if (mode == old)
        return;
    s->bank[arm_mode_bank(old)].r13 = s->r[13];
    s->bank[lr_bank(old)].r14 = s->r[14];
    s->r[13] = s->bank[arm_mode_bank(mode)].r13;
    s->r[14] = s->bank[lr_bank(mode)].r14;
    if (to_fiq != from_fiq) {
        memcpy(from_fiq ? s->fiq_r8_r12 : s->usr_r8_r12, &s->r[8], sizeof(s->fiq_r8_r12));
        memcpy(&s->r[8], to_fiq ? s->fiq_r8_r12 : s->usr_r8_r12, sizeof(s->fiq_r8_r12));
    }
    s->mode = (uint8_t)mode;
}

uint32_t *arm_banked_reg(struct arm_state *s, unsigned mode, unsigned n)
{
    if (n < 8)
        return &s->r[n];
    if (n < 13) {
        if ((mode == ARM_MODE_FIQ) == (s->mode == ARM_MODE_FIQ))
            return &s->r[n];
        return mode == ARM_MODE_FIQ ? &s->fiq_r8_r12[n - 8] : &s->usr_r8_r12[n - 8];
    }
    if (n == 13)
        return arm_mode_bank(mode) == arm_mode_bank(s->mode) ? &s->r[13]
                                                             : &s->bank[arm_mode_bank(mode)].r13;
    return lr_bank(mode) == lr_bank(s->mode) ? &s->r[14] : &s->bank[lr_bank(mode)].r14;
}

bool arm_has_spsr(const struct arm_state *s)
{
    return arm_mode_bank(s->mode) != ARM_BANK_USR;
}

uint32_t arm_spsr_read(const struct arm_state *s)
{
    return s->bank[arm_mode_bank(s->mode)].spsr;
}

void arm_spsr_write(struct arm_state *s, uint32_t value)
{
    if (arm_has_spsr(s))
        s->bank[arm_mode_bank(s->mode)].spsr = value;
}

/* ---- what depends on the state -------------------------------------------------------------- */

static uint32_t alignment_flags(const struct arm_state *s)
{
    uint32_t sctlr = s->mode == ARM_MODE_HYP ? s->cp15.hsctlr : s->cp15.sctlr[s->secure];
    bool rotate = !arm_state_has(s, ARM_FEATURE(V7)) &&
                  (!arm_state_has(s, ARM_FEATURE(V6)) || !(sctlr & BIT(22)));

    if (sctlr & BIT(1))
        return ARM_BF_ALIGN_STRICT;
    return rotate ? ARM_BF_ROTATE : 0;
}

void arm_state_changed(struct arm_state *s)
{
    if (arm_is_m(s)) {
        arm_m_state_changed(s);
        return;
    }
    if (arm_state_has(s, ARM_FEATURE(SEC)))
        s->secure = s->mode == ARM_MODE_MON || !(s->cp15.scr & 1);
    arm_fp_update(s);
    s->block_flags = alignment_flags(s) | (s->big_endian ? ARM_BF_BIG_ENDIAN : 0) |
                     (s->cpu_count > 1 ? ARM_BF_SMP : 0) |
                     (s->mode == ARM_MODE_USR ? ARM_BF_USER : 0) |
                     (s->mode == ARM_MODE_HYP ? ARM_BF_HYP : 0) |
                     (s->ops->process && s->fp_enabled ? ARM_BF_FP_ON : 0) |
                     arm_fp_block_flags(s->fpscr) |
                     arm_cpu_model_index(s->model) << ARM_BF_FEATURES_SHIFT;
    s->ops->context_changed(s);
}

void arm_return_to(struct arm_state *s, uint32_t pc, uint32_t psr)
{
    unsigned mode = psr & ARM_PSR_M;

    if (!arm_mode_valid(s, mode) ||
        (mode == ARM_MODE_HYP && s->mode != ARM_MODE_HYP && !s->secure)) {
        log_write(LOG_GUEST_ERRORS, "exception return to mode 0x%02x at 0x%08x: mode not changed",
                  mode, pc);
        psr = (psr & ~ARM_PSR_M) | s->mode;
    }
    psr &= ~ARM_PSR_J; /* no Jazelle, no ThumbEE */
    if (!(psr & ARM_PSR_T))
        psr &= ~0x0600fc00u;
    arm_cpsr_write(s, psr);
    s->exclusive_size = 0;
    arm_state_changed(s);
    arm_leave(s, pc & (s->thumb ? ~1u : ~3u));
    if (atomic_load_explicit(&s->irq_lines, memory_order_relaxed) && arm_interrupt_pending(&s->env))
        s->ops->end_slice(s);
}
