/*
 * The state of an ARM CPU. Generated code addresses it through slots (slots.def), everything else
 * through the functions of frontend/arm/cpu.
 *
 * The PSR is kept in pieces: NZCV in env.nzcv, the instruction set in `thumb`, and so on;
 * arm_cpsr_read and arm_cpsr_write (psr.h) join and split it. r[] is the current mode's view; the
 * banked copies of other modes are in `bank`. The PC is not in r[]: it is env.pc whenever the
 * engine has control, and page base + insn word inside of a block (arm_insn_pc).
 */
#ifndef ARMEMU_ARM_STATE_H
#define ARMEMU_ARM_STATE_H

#include <stdint.h>

#include "frontend/arm/cpu/m/m_state.h"
#include "ir/target.h"

/* Processor modes, PSR.M (DDI 0406C B1.3.1). */
enum arm_mode {
    ARM_MODE_USR = 0x10, ARM_MODE_FIQ = 0x11, ARM_MODE_IRQ = 0x12, ARM_MODE_SVC = 0x13,
    ARM_MODE_MON = 0x16, ARM_MODE_ABT = 0x17, ARM_MODE_HYP = 0x1a, ARM_MODE_UND = 0x1b,
    ARM_MODE_SYS = 0x1f,
};

/* Register banks. USR and SYS share one. */
enum arm_bank {
    ARM_BANK_USR, ARM_BANK_FIQ, ARM_BANK_IRQ, ARM_BANK_SVC, ARM_BANK_MON, ARM_BANK_ABT,
    ARM_BANK_HYP,
    ARM_BANK_UND, ARM_BANK_COUNT,
};

/* PSR bits. */
#define ARM_PSR_M 0x0000001fu
#define ARM_PSR_T 0x00000020u
#define ARM_PSR_F 0x00000040u
#define ARM_PSR_I 0x00000080u
#define ARM_PSR_A 0x00000100u
#define ARM_PSR_E 0x00000200u
#define ARM_PSR_J 0x01000000u
#define ARM_PSR_Q 0x08000000u
#define ARM_PSR_NZCV 0xf0000000u
#define ARM_PSR_GE 0x000f0000u

/* Interrupt inputs, bits of arm_state.irq_lines. */
enum { ARM_LINE_IRQ = 1, ARM_LINE_FIQ = 2, ARM_LINE_VIRQ = 4, ARM_LINE_VFIQ = 8 };

/* arm_state.halted: what the CPU waits for. A CPU in WFE is also woken after a bounded time, since
 * the timer's event stream is not modelled. */
enum { ARM_HALTED_WFI = 1, ARM_HALTED_WFE = 2, ARM_HALTED_LOCKUP = 3 };

struct arm_cpu_model;
struct arm_cpu_ops;
struct arm_sysreg;

/* System control registers that are banked between the security states: [0] Non-secure, [1] Secure.
 * 64-bit where LPAE widens them. */
struct arm_cp15 {
    uint64_t ttbr0[2], ttbr1[2], par[2];
    uint32_t ttbcr[2], dacr[2], sctlr[2], actlr[2], vbar[2];
    uint32_t dfsr[2], ifsr[2], dfar[2], ifar[2], adfsr[2], aifsr[2];
    uint32_t prrr[2], nmrr[2], mair0[2], mair1[2], amair0[2], amair1[2];
    uint32_t contextidr[2], tpidrurw[2], tpidruro[2], tpidrprw[2], fcseidr[2];
    uint32_t csselr[2];
    uint32_t cpacr, nsacr, scr, sder, mvbar, isr;
    /* Hyp mode */
    uint64_t httbr, vttbr;
    uint32_t hcr, hdcr, hcptr, hstr, hsctlr, hactlr, htcr, vtcr, hsr, hdfar, hifar, hpfar, hvbar;
    uint32_t hmair0, hmair1, hamair0, hamair1, htpidr, vpidr, vmpidr, hadfsr, haifsr;
    uint32_t cntkctl, cnthctl, cntfrq;
    uint64_t cntvoff;
    /* Performance monitor */
    uint32_t pmcr, pmcntenset, pmovsr, pmselr, pmuserenr, pmintenset, pmccntr;
    uint32_t pmxevtyper[8], pmxevcntr[8];
    /* CP14 debug and ThumbEE, as far as software reads them back */
    uint32_t dbgdscr, dbgosdlr, teecr, teehbr;
    /* implementation-defined registers that only read back what was written */
    uint32_t scratch[16];
};

struct arm_state {
    struct ir_env env; /* must be first */

    uint32_t r[16]; /* r[15] is unused: see above */
    uint8_t thumb;   /* PSR.T: the lane slot */
    uint8_t itstate; /* PSR.IT, valid only between blocks and in helpers that read state */
    uint8_t q;       /* PSR.Q, 0 or 1 */
    uint8_t ge;      /* PSR.GE, 4 bits */
    uint8_t big_endian; /* PSR.E */
    uint8_t mask_a, mask_i, mask_f; /* PSR.A, I, F: 1 = masked */
    uint8_t mode;    /* PSR.M */
    uint8_t jazelle; /* PSR.J (only ThumbEE/Jazelle, which are absent: reads back) */
    uint8_t secure;  /* the CPU is in Secure state (no Security Extensions: 0 = the only state) */
    /* VFP/NEON instructions are permitted now (CPACR, NSACR, HCPTR, FPEXC.EN, mode) */
    uint8_t fp_enabled;
    uint8_t event;   /* the WFE event register */
    uint8_t halted;  /* ARM_HALTED_*, 0 = running */
    uint8_t tlb_sync; /* broadcast TLB maintenance is under way: DSB waits for the other CPUs */
    uint8_t pad0;
    /* ARM_LINE_* inputs, set by devices; M profile: something is pending */
    _Atomic uint32_t irq_lines;

    /* Exclusive monitor (local). When exclusive_size is 0 it is open. */
    uint32_t exclusive_addr;
    uint32_t exclusive_size;
    uint64_t exclusive_value;
    uint64_t exclusive_version; /* of the address's slot in the global monitor, with several CPUs */

    /* VFP/NEON registers; S registers alias the first 16 */
    uint64_t d[32] __attribute__((aligned(16)));
    /* without NZCV; more exceptions are in env.fp_flags; read through arm_fpscr_read */
    uint32_t fpscr;
    uint32_t fp_nzcv; /* FPSCR's N, Z, C and V as a byte each, N the lowest */
    uint32_t fpexc, fpinst, fpinst2, fpsid;

    struct {
        uint32_t r13, r14, spsr;
    } bank[ARM_BANK_COUNT];
    uint32_t usr_r8_r12[5], fiq_r8_r12[5]; /* the copies of the view that is not in r[] */
    uint32_t elr_hyp;

    struct arm_cp15 cp15;
    struct arm_m m;            /* M profile */

    uint32_t index;            /* CPU number, from 0 */
    uint32_t cpu_count;        /* of the machine: 1 permits the cheap exclusives */
    uint32_t cbar;             /* Configuration Base Address of the machine */
    struct arm_m_config m_config;
    struct arm_m_views m_views;
    uint32_t block_flags;      /* cached, without what slots hold (see arm_state_changed) */
    const struct arm_cpu_model *model;
    uint64_t features;         /* model->features, maybe reduced by options */
    const struct arm_cpu_ops *ops; /* what the CPU calls upwards: memory, MMU, timers, PSCI */
    void *ops_opaque;
    const struct arm_sysreg *sysreg_cache[128]; /* rows found lately, by hash of the key */
};

/** The state that begins with @env. */
static inline struct arm_state *arm_state(struct ir_env *env)
{
    return (struct arm_state *)env;
}

/*
 * The insn word of an ARM block: bits 0..12 offset of the instruction from the page base (a
 * straddling successor may lie beyond 4095), bits 13..20 ITSTATE before the instruction, bit 21: a
 * 32-bit Thumb instruction.
 */
#define ARM_INSN_WORD(offset, it, wide) ((offset) | (uint32_t)(it) << 13 | (uint32_t)(wide) << 21)

/** Address of the instruction that is calling out (helpers and slow paths). */
static inline uint32_t arm_insn_pc(const struct arm_state *s)
{
    return (uint32_t)s->env.page_base + (s->env.insn_word & 0x1fff);
}
static inline uint8_t arm_insn_it(const struct arm_state *s)
{
    return (s->env.insn_word >> 13) & 0xff;
}
/** Length in bytes of the instruction that is calling out. */
static inline unsigned arm_insn_size(const struct arm_state *s)
{
    return !s->thumb || (s->env.insn_word >> 21 & 1) ? 4 : 2;
}

#endif
