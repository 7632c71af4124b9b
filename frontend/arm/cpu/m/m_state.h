/*
 * The state that only a CPU of the M profile has: stack pointers, masks, the NVIC, SysTick, fault
 * registers, MPU, DWT. Part of struct arm_state, in which PRIMASK is mask_i, FAULTMASK is mask_f,
 * and `mode` says what the CPU may do: SVC in Handler mode, SYS in privileged Thread mode, USR in
 * unprivileged Thread mode.
 *
 * Everything here belongs to the CPU's thread. What comes in from devices is put in by
 * arm_m_nvic_input and arm_m_systick_sync at the points where the owner allows it.
 */
#ifndef ARMEMU_ARM_M_STATE_H
#define ARMEMU_ARM_M_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    ARM_M_IRQS_MAX = 240,
    ARM_M_EXCEPTIONS = 256, /* exception numbers: 16 of the system, then the interrupts */
    ARM_M_EXC_WORDS = ARM_M_EXCEPTIONS / 32,
    ARM_M_MPU_REGIONS_MAX = 16,
    ARM_M_DWT_COMPARATORS = 4,
    ARM_M_FPB_COMPARATORS = 8,
};

/* Exception numbers (DDI 0403E B1.5.2). */
enum arm_m_exception {
    ARM_M_EXC_NONE = 0, ARM_M_EXC_RESET = 1, ARM_M_EXC_NMI = 2, ARM_M_EXC_HARD_FAULT = 3,
    ARM_M_EXC_MEM_MANAGE = 4, ARM_M_EXC_BUS_FAULT = 5, ARM_M_EXC_USAGE_FAULT = 6,
    ARM_M_EXC_SVC = 11, ARM_M_EXC_DEBUG_MONITOR = 12, ARM_M_EXC_PENDSV = 14,
    ARM_M_EXC_SYSTICK = 15, ARM_M_EXC_IRQ0 = 16,
};

/* What the board decides about the core; arm_cpu_config.m. */
struct arm_m_config {
    uint16_t irqs;           /* external interrupts, at most ARM_M_IRQS_MAX */
    uint8_t priority_bits;   /* implemented bits of a priority, 2..8 */
    uint32_t vtor;           /* the vector table's address at reset */
    uint32_t cpu_hz;         /* the processor clock: SysTick with CLKSOURCE = 1, CYCCNT */
    uint32_t systick_ref_hz; /* SysTick's reference clock; 0: there is none */
    /* trace is enabled at reset, as a debugger does that wants to see it */
    bool itm;
    uint32_t systick_ref_div; /* not 0: that is cpu_hz divided by this */
};

/* Settings of the MPU that were in force lately, each with a number that no other setting has had:
 * translations are kept by it, so that tasks with regions of their own can take turns. */
enum { ARM_M_VIEWS = 16 };
struct arm_m_views {
    struct arm_m_view {
        uint64_t used; /* when, by `clock` */
        uint32_t number;
        uint32_t ctrl, rbar[ARM_M_MPU_REGIONS_MAX], rasr[ARM_M_MPU_REGIONS_MAX];
    } view[ARM_M_VIEWS];
    uint64_t clock;
    uint32_t current; /* number */
    uint32_t last;    /* that was given */
};

struct arm_m {
    /* The stack pointers. The current one is in r[13], its copy here is out of date. */
    uint32_t msp, psp;
    uint8_t sp_is_psp;  /* which one r[13] is */
    uint8_t npriv, spsel, fpca; /* CONTROL */
    uint8_t basepri;
    uint8_t handler;    /* Handler mode */
    uint16_t ipsr;      /* the exception number */
    uint8_t locked_up;
    uint8_t access_violation; /* of m_access: the MPU refused, not the bus */
    /* a branch to where EXC_RETURN values lie, by an instruction that returns from no exception;
     * looked at by the fetch that follows */
    uint8_t plain_branch;
    uint8_t mpu_applies; /* to what executes now */
    uint8_t changed;     /* arm_m_state_changed is due at the next safe point */
    uint8_t mpu_changed; /* the MPU's registers may not be those of m_views.current */

    /* System Control Block */
    uint32_t vtor, scr, ccr, shcsr_enable; /* shcsr_enable: SHCSR bits 16..18 */
    uint8_t prigroup;
    uint32_t cfsr, hfsr, dfsr, mmfar, bfar, afsr;
    uint32_t actlr, cpacr, csselr;
    uint32_t demcr, dhcsr, dcrdr;
    uint32_t fpccr, fpcar, fpdscr;

    /* NVIC: bits and priorities by exception number. Of the system exceptions `enabled` has those
     * whose handlers can be entered without more ado; MemManage, BusFault and UsageFault depend on
     * shcsr_enable and only steer escalation. */
    uint32_t enabled[ARM_M_EXC_WORDS], pending[ARM_M_EXC_WORDS], active[ARM_M_EXC_WORDS];
    uint32_t level[ARM_M_EXC_WORDS]; /* interrupt inputs as last sampled */
    uint8_t priority[ARM_M_EXCEPTIONS];

    /* Derived from these by arm_m_nvic_update: */
    uint16_t best;          /* the most urgent pending exception, 0: none */
    int16_t best_priority;  /* its group priority */
    int16_t active_priority; /* group priority of the active exceptions and BASEPRI; 256: none */

    /* SysTick. Time is counted in ticks of its clock since the clock's zero. */
    uint32_t syst_csr, syst_rvr, syst_stopped; /* stopped: CVR while not enabled */
    uint64_t syst_zero;    /* running: when the counter reaches 0 next; 0: it stays at 0 */
    uint64_t syst_load;    /* ... when it gets the reload value; it is at 0 until then */

    /* MPU */
    uint32_t mpu_ctrl, mpu_rnr;
    uint32_t mpu_rbar[ARM_M_MPU_REGIONS_MAX], mpu_rasr[ARM_M_MPU_REGIONS_MAX];

    /* Trace and breakpoint units */
    uint32_t dwt_ctrl, dwt_cyccnt; /* cyccnt: value while stopped, else offset */
    uint32_t dwt_comp[ARM_M_DWT_COMPARATORS], dwt_mask[ARM_M_DWT_COMPARATORS],
        dwt_function[ARM_M_DWT_COMPARATORS];
    uint64_t cycle_match; /* derived: the cycle at which CYCCNT is DWT_COMP0; 0: not compared */
    /* derived: comparators that look at data, that replace words, that replace words of data */
    uint8_t watches, patches, literals;
    /* bits of DFSR: events that are due when the instruction has been executed */
    uint8_t step_events;
    uint32_t fpb_ctrl, fpb_remap, fpb_comp[ARM_M_FPB_COMPARATORS];
    uint32_t itm_ter, itm_tpr, itm_tcr, tpiu_acpr, tpiu_sppr, tpiu_ffcr, tpiu_cspsr;
};

#endif
