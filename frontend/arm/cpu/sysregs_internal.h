/* Functions behind rows of the system register table. */
#ifndef ARMEMU_ARM_SYSREGS_INTERNAL_H
#define ARMEMU_ARM_SYSREGS_INTERNAL_H

#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/sysregs.h"

typedef uint64_t arm_sysreg_read_fn(struct arm_state *s, const struct arm_sysreg *r);
typedef void arm_sysreg_write_fn(struct arm_state *s, const struct arm_sysreg *r, uint64_t value);
typedef bool arm_sysreg_permitted_fn(const struct arm_state *s, const struct arm_sysreg *r,
                                     bool write);

extern const struct arm_sysreg arm_sysregs[];
extern const unsigned arm_sysreg_count;

/** Which copy of a banked register the state sees: 0 Non-secure, 1 Secure. */
static inline unsigned arm_sysreg_bank(const struct arm_state *s)
{
    return arm_state_has(s, ARM_FEATURE(SEC)) && !(s->cp15.scr & 1);
}

/* Identification and control (sysregs_control.c). */
arm_sysreg_read_fn arm_sr_mpidr_read, arm_sr_id_pfr1_read, arm_sr_ccsidr_read, arm_sr_isr_read,
    arm_sr_cbar_read, arm_sr_l2ctlr_read, arm_sr_mair_read, arm_sr_midr_read, arm_sr_dbgoslsr_read;
arm_sysreg_write_fn arm_sr_sctlr_write, arm_sr_cpacr_write, arm_sr_ttbcr_write, arm_sr_vbar_write,
    arm_sr_csselr_write, arm_sr_scr_write, arm_sr_contextidr_write, arm_sr_ttbr_write,
    arm_sr_dbgoslar_write, arm_sr_mair_write;

/* Translation maintenance (sysregs_memory.c). TLB rows: reset is enum arm_tlb_scope | 16 when
 * broadcast. ATS rows: reset is the low bits of opc2, 8 for Hyp mode's. */
arm_sysreg_write_fn arm_sr_tlb_write, arm_sr_ats_write;

/* Performance monitor and generic timer (sysregs_timers.c). Timer rows: reset is
 * enum arm_timer << 4 | enum arm_timer_reg. */
arm_sysreg_permitted_fn arm_sr_pmu_permitted, arm_sr_pmuserenr_permitted, arm_sr_timer_permitted,
    arm_sr_counter_permitted, arm_sr_cntfrq_permitted;
arm_sysreg_read_fn arm_sr_pmcr_read, arm_sr_pmccntr_read, arm_sr_pmxevtyper_read,
    arm_sr_pmxevcntr_read, arm_sr_pmceid0_read, arm_sr_cntfrq_read, arm_sr_cntpct_read,
    arm_sr_cntvct_read, arm_sr_timer_read;
arm_sysreg_write_fn arm_sr_pmcr_write, arm_sr_pmccntr_write, arm_sr_pmset_write,
    arm_sr_pmclear_write, arm_sr_pmcnten_set, arm_sr_pmcnten_clear, arm_sr_pmswinc_write,
    arm_sr_pmselr_write, arm_sr_pmxevtyper_write, arm_sr_pmxevcntr_write, arm_sr_timer_write,
    arm_sr_cntvoff_write;

#endif
