/* What the files of frontend/arm/cpu/m share. */
#ifndef ARMEMU_ARM_M_INTERNAL_H
#define ARMEMU_ARM_M_INTERNAL_H

#include "frontend/arm/cpu/m/m.h"
#include "util/bits.h"

/* Register bits. */
#define M_SCR_SLEEPONEXIT BIT(1)
#define M_SCR_SEVONPEND BIT(4)
#define M_CCR_NONBASETHRDENA BIT(0)
#define M_CCR_USERSETMPEND BIT(1)
#define M_CCR_UNALIGN_TRP BIT(3)
#define M_CCR_DIV_0_TRP BIT(4)
#define M_CCR_BFHFNMIGN BIT(8)
#define M_CCR_STKALIGN BIT(9)
#define M_HFSR_VECTTBL BIT(1)
#define M_HFSR_FORCED BIT(30)
#define M_HFSR_DEBUGEVT BIT(31)
#define M_DFSR_HALTED BIT(0)
#define M_DFSR_BKPT BIT(1)
#define M_DFSR_DWTTRAP BIT(2)
#define M_DEMCR_MON_EN BIT(16)
#define M_DEMCR_MON_STEP BIT(18)
#define M_DEMCR_TRCENA BIT(24)
#define M_FPCCR_LSPACT BIT(0)
#define M_FPCCR_USER BIT(1)
#define M_FPCCR_THREAD BIT(3)
#define M_FPCCR_HFRDY BIT(4)
#define M_FPCCR_MMRDY BIT(5)
#define M_FPCCR_BFRDY BIT(6)
#define M_FPCCR_MONRDY BIT(8)
#define M_FPCCR_LSPEN BIT(30)
#define M_FPCCR_ASPEN BIT(31)
#define M_MPU_ENABLE BIT(0)
#define M_MPU_HFNMIENA BIT(1)
#define M_MPU_PRIVDEFENA BIT(2)

enum { M_PRIORITY_NONE = 256, M_PRIORITY_HARD_FAULT = -1, M_PRIORITY_NMI = -2 };

/** Bit @n of the array @words. */
static inline bool m_bit(const uint32_t *words, unsigned n)
{
    return words[n / 32] >> (n % 32) & 1;
}
static inline void m_bit_put(uint32_t *words, unsigned n, bool on)
{
    words[n / 32] = (words[n / 32] & ~BIT(n % 32)) | (uint32_t)on << (n % 32);
}

/** Is there floating point (FPv4-SP or FPv5)? */
static inline bool m_has_fp(const struct arm_state *s)
{
    return arm_state_has(s, ARM_FEATURE(VFP2));
}

/* nvic.c */
/** Pending, enabled, active, priorities or BASEPRI have changed. */
void m_nvic_update(struct arm_state *s);
/** @priority without the bits that AIRCR.PRIGROUP makes a subpriority. */
int m_group_priority(const struct arm_state *s, int priority);
/** Group priority of exception @exc. */
int m_priority(const struct arm_state *s, unsigned exc);
/** Priority that the CPU executes at (ExecutionPriority). */
int m_execution_priority(const struct arm_state *s);
/** Make @exc pending (SEVONPEND included), and let the slice end when it is to be taken. */
void m_pend(struct arm_state *s, unsigned exc);
void m_unpend(struct arm_state *s, unsigned exc);
/** Interrupts may be takable since a mask or priority changed: end the slice if so. */
void m_check(struct arm_state *s);
/** Is @exc (a fault, SVC, DebugMonitor) enabled? */
bool m_fault_enabled(const struct arm_state *s, unsigned exc);
unsigned m_active_count(const struct arm_state *s);
/** The bits of a priority that are implemented. */
uint8_t m_priority_mask(const struct arm_state *s);

/* systick.c */
/** The register at @offset; @debug: the read has no effects (COUNTFLAG stays). */
uint32_t m_systick_read(struct arm_state *s, unsigned offset, bool debug);
void m_systick_write(struct arm_state *s, unsigned offset, uint32_t value);
/** The registers were loaded from a snapshot. */
void m_systick_loaded(struct arm_state *s);
uint32_t m_cyccnt_read(const struct arm_state *s);
/** CYCCNT counts or not, or goes on from @value. */
void m_cyccnt_set(struct arm_state *s, uint32_t value, bool counts);
bool m_cyccnt_counts(const struct arm_state *s);
/** What the cycle counter is compared with has changed. */
void m_cycle_deadline(struct arm_state *s);

/* m_debug.c */
/** Is CYCCNT compared with DWT_COMP0, and: it has reached it. */
bool m_cycle_match_wanted(const struct arm_state *s);
void m_cycle_matched(struct arm_state *s);
/** DEMCR.TRCENA may have changed. */
void m_trace_enabled(struct arm_state *s);
/** Recompute which units are in use (m.watches, m.patches, m.literals). */
void m_points_derive(struct arm_state *s);
/** An exception has returned: with MON_STEP one instruction is executed now. */
void m_monitor_step(struct arm_state *s);

/* The FPB: that of ARMv7-M, or (Cortex-M7) version 2, which cannot remap. */
static inline bool m_fpb_v2(const struct arm_state *s)
{
    return s->m.fpb_ctrl >> 28;
}
static inline unsigned m_fpb_codes(const struct arm_state *s)
{
    return bits_get(s->m.fpb_ctrl, 4, 4) | bits_get(s->m.fpb_ctrl, 12, 3) << 4;
}
static inline unsigned m_fpb_literals(const struct arm_state *s)
{
    return bits_get(s->m.fpb_ctrl, 8, 4);
}
static inline uint32_t m_fpb_address(const struct arm_state *s, unsigned n)
{
    return s->m.fpb_comp[n] & 0x1ffffffcu;
}
/** Does comparator @n replace a word of code, or of data? */
static inline bool m_fpb_patch(const struct arm_state *s, unsigned n)
{
    return (s->m.fpb_ctrl & 1) && (s->m.fpb_comp[n] & 1) && !m_fpb_v2(s) && arm_m_is_v7(s) &&
           n < m_fpb_codes(s) && !(s->m.fpb_comp[n] >> 30);
}
static inline bool m_fpb_literal(const struct arm_state *s, unsigned n)
{
    return (s->m.fpb_ctrl & 1) && (s->m.fpb_comp[n] & 1) && !m_fpb_v2(s) && arm_m_is_v7(s) &&
           n >= m_fpb_codes(s) && n < m_fpb_codes(s) + m_fpb_literals(s);
}

/* m_special.c */
/** As arm_m_state_changed, in the middle of a block: the context and what translation depends on
 * follow at its end. */
void m_state_changes(struct arm_state *s);
void m_select_sp(struct arm_state *s, bool psp);

/* m_fp.c */
/** Does CPACR let code that is @privileged or not use the unit? */
bool m_fp_granted(const struct arm_state *s, bool privileged);
/** May floating-point instructions be executed without more ado (s->fp_enabled)? */
bool m_fp_ready(const struct arm_state *s);
/** Note where the FP registers are to be saved (lazily); @frame is their place. */
void m_fp_lazy(struct arm_state *s, uint32_t frame);
bool m_fp_store(struct arm_state *s, uint32_t at, bool privileged);
/** S0..S15 and FPSCR from a frame. */
void m_fp_load(struct arm_state *s, const uint32_t words[17]);

/* m_exceptions.c */
/** One word by the bus, with the rights of @privileged. False: s->m.access_violation says whether
 * the MPU refused it. */
bool m_access(struct arm_state *s, uint32_t addr, bool write, bool privileged, uint32_t *value);
/** BKPT, or a breakpoint of the FPB, at @pc: DebugMonitor, HardFault or lockup. */
void m_breakpoint(struct arm_state *s, uint32_t pc, uint8_t it);
/** The FP registers could not be stored in the frame that was reserved for them (m_access says
 * why), at the instruction at @pc. True: an exception was entered, or the CPU has locked up; false:
 * the fault is pending only, and the instruction goes on. */
bool m_lazy_fault(struct arm_state *s, uint32_t pc, uint8_t it);

#endif
