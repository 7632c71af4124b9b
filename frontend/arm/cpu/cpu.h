/*
 * The ARM CPU as the layer above sees it: what it must supply (struct arm_cpu_ops), CPU models,
 * initialisation, the translation context, and the frontend itself.
 */
#ifndef ARMEMU_ARM_CPU_H
#define ARMEMU_ARM_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/cpu/features.h"
#include "frontend/arm/cpu/state.h"
#include "frontend/guest.h"
#include "softmmu/arm/arm_walk.h"
#include "util/error.h"
#include "util/fields.h"

struct arm_exclusives;

enum arm_tlb_scope {
    ARM_TLB_ALL,
    ARM_TLB_ASID,    /* entries of @asid */
    ARM_TLB_VA,      /* @va for @asid, and global entries of @va */
    ARM_TLB_VA_ALL,  /* @va for all address space numbers */
};

/* The generic timers. */
enum arm_timer {
    ARM_TIMER_PHYS,
    ARM_TIMER_VIRT,
    ARM_TIMER_HYP,
    ARM_TIMER_PHYS_SECURE,
    ARM_TIMER_COUNT
};
enum arm_timer_reg {
    ARM_TIMER_CTL,  /* ENABLE, IMASK, ISTATUS */
    ARM_TIMER_CVAL, /* 64 bits, compared with the timer's counter */
    ARM_TIMER_TVAL, /* 32 bits, signed distance from the counter */
};

/* A fault that is not part of normal life, for messages to the user. */
enum arm_report_kind {
    ARM_REPORT_EXTERNAL,   /* a data access that nothing answered */
    ARM_REPORT_PERMISSION, /* ... that the MPU refused (M profile) */
    ARM_REPORT_ALIGNMENT,
    ARM_REPORT_FETCH,      /* the instruction could not be fetched */
    ARM_REPORT_UNDEFINED,
    /* M profile, as CFSR has them */
    ARM_REPORT_NOCP, ARM_REPORT_STATE, ARM_REPORT_DIVIDE, ARM_REPORT_STACKING,
    ARM_REPORT_BREAKPOINT, ARM_REPORT_OTHER,
};

struct arm_report {
    enum arm_report_kind kind;
    const char *title; /* one line: "BusFault (PRECISERR), read of 0x40013800" */
    uint32_t pc;       /* of the instruction; the registers are as before it */
    bool has_addr;
    uint32_t addr;     /* of the data */
    bool lockup;       /* the CPU locks up now */
};

/* What brings a program to whoever runs it. */
enum arm_semihosting_trap {
    ARM_SEMIHOSTING_SVC, ARM_SEMIHOSTING_BKPT, /* with the instruction's immediate */
    ARM_SEMIHOSTING_UNDEFINED,                 /* HLT is one */
};

/*
 * A CPU that runs a process instead of a system: only User mode exists, and what would enter an
 * exception handler is told to the owner.
 */
struct arm_process_ops {
    /**
     * Exception @exc (enum arm_exception) of the instruction at @pc; @size is its length. Fault
     * registers are set, and s->itstate is that of the instruction (SVC: of the next one). Called
     * for env.pc to be set, and env.raised, through arm_leave.
     */
    void (*exception)(struct arm_state *s, unsigned exc, uint32_t pc, unsigned size);
    /** Can the page of @va be fetched from? */
    bool (*fetchable)(struct arm_state *s, uint32_t va);
};

/* What a CPU of the M profile calls upwards besides. */
struct arm_m_ops {
    /** An access of @size (1, 2, 4) aligned bytes by the bus, without the MPU: false is a bus
     * error. Translated code that is written to is dropped. */
    bool (*bus)(struct arm_state *s, uint32_t addr, unsigned size, bool write, uint64_t *value);
    /** Host address of @size bytes that are RAM without translated code (or, for reads, ROM), to be
     * accessed without faults; else NULL. */
    uint8_t *(*ram)(struct arm_state *s, uint32_t addr, unsigned size, bool write);
    /** Guest time in ns. */
    int64_t (*now)(const struct arm_state *s);
    /** Call arm_m_systick_sync soon after guest time is @ns; INT64_MAX: not at all. Replaces the
     * deadline before. */
    void (*deadline)(struct arm_state *s, int64_t ns);
    /** Software asks for a reset of the system (AIRCR). */
    void (*reset_request)(struct arm_state *s);
    /** The CPU has locked up; @why is a line for the user. s->m.locked_up is set. */
    void (*lockup)(struct arm_state *s, const char *why);
    /** Privileged code may not access what lies in [@start, @last], or may only read it: from here
     * on its accesses there are translated, also those of ARM_BF_WINDOW. */
    void (*window_limit)(struct arm_state *s, uint32_t start, uint32_t last, bool read);
    /** The core's own breakpoints, watchpoints or patches have changed: see m.h. Soon, and before
     * what follows the next synchronisation, code stops at the addresses of arm_m_code_points. */
    void (*points_changed)(struct arm_state *s);
    /** Execute one instruction after this one, then call arm_m_step_done. */
    void (*step)(struct arm_state *s);
    /** @value of @size bytes has been written to stimulus port @port of the ITM. May be NULL. */
    void (*itm)(struct arm_state *s, unsigned port, unsigned size, uint32_t value);
};

/*
 * What the CPU calls upwards. Every member must be set except where noted; all are called from the
 * CPU's own thread. `s->ops_opaque` is the caller's.
 */
struct arm_cpu_ops {
    /**
     * Something that arm_context_key or the block flags depend on has changed: select the
     * translation context (env.tables). Called after the state is consistent.
     */
    void (*context_changed)(struct arm_state *s);

    /** TLB maintenance; with @broadcast on all CPUs of the Inner Shareable domain, on the others
     * not necessarily at once: s->tlb_sync is set, and the DSB that follows calls tlb_wait. */
    void (*tlb_invalidate)(struct arm_state *s, enum arm_tlb_scope scope, uint32_t va,
                           uint32_t asid, bool broadcast);

    /** Return when the other CPUs have done what was broadcast to them. */
    void (*tlb_wait)(struct arm_state *s);

    /** Physical memory for table walks; as arm_walk_memory.read, with the state as opaque. */
    bool (*read_phys)(void *state, uint64_t phys, unsigned size, uint64_t *value);

    /** The physical counter (CNTPCT) and its frequency in Hz. */
    uint64_t (*counter)(struct arm_state *s);
    uint32_t (*counter_frequency)(struct arm_state *s);
    /** Registers of a generic timer. Read CTL includes ISTATUS. CVAL is relative to the timer's
     * counter: VIRT's is the physical counter minus s->cp15.cntvoff. */
    uint64_t (*timer_read)(struct arm_state *s, enum arm_timer timer, enum arm_timer_reg reg);
    void (*timer_write)(struct arm_state *s, enum arm_timer timer, enum arm_timer_reg reg,
                        uint64_t value);
    /** s->cp15.cntvoff was written: virtual timer deadlines move. May be NULL. */
    void (*counter_offset_changed)(struct arm_state *s);
    /** Processor cycles so far, for the performance monitor. */
    uint64_t (*cycles)(struct arm_state *s);

    /** HVC (@smc false) or SMC as a firmware call (PSCI), when the CPU has no Hyp or Monitor mode
     * that takes it: true when it was handled and the guest continues at the next instruction;
     * registers and s->halted may have been changed. */
    bool (*firmware_call)(struct arm_state *s, bool smc, uint32_t imm);
    /** An instruction that may be a semihosting call: true when it was one. Then the guest
     * continues at the next instruction, unless env.raised says where. May be NULL. */
    bool (*semihosting)(struct arm_state *s, enum arm_semihosting_trap trap, uint32_t imm);

    /** M profile; NULL for others. */
    const struct arm_m_ops *m;

    /** A fault is about to be taken. May be NULL. */
    void (*report)(struct arm_state *s, const struct arm_report *report);

    /** The handler of exception @exc (enum arm_exception; M profile: its number) has been entered:
     * env.pc is its first instruction. May be NULL. */
    void (*entered)(struct arm_state *s, unsigned exc);

    /** The CPU runs a process; NULL for a system. */
    const struct arm_process_ops *process;

    /** SEV: set the event register of every CPU (`event`) and wake those that wait for one. */
    void (*send_event)(struct arm_state *s);

    /** Slow-path data access at virtual @addr with IR_MEM_* bits, as ir_callbacks.load and store:
     * faults are raised (env.raised). */
    uint64_t (*load)(struct arm_state *s, uint32_t addr, uint32_t memop);
    void (*store)(struct arm_state *s, uint32_t addr, uint64_t value, uint32_t memop);
    /**
     * Translate @addr (aligned to @size) for a read, or with @write for a write as well, and return
     * its host address when it is RAM; for a write, translated code of the page has been dropped
     * and dirty state recorded. NULL with env.raised set after a fault, NULL without it when the
     * address is not RAM.
     */
    uint8_t *(*ram_pointer)(struct arm_state *s, uint32_t addr, unsigned size, bool write);
    /** @size bytes have been written at @host, ram_pointer's result for @addr: what another CPU
     * translated from the old ones meanwhile goes. May be NULL. */
    void (*ram_written)(struct arm_state *s, uint32_t addr, const uint8_t *host, unsigned size);
    /** The VM's global exclusive monitor (exclusive.h). */
    struct arm_exclusives *(*exclusives)(struct arm_state *s);

    /** Interrupts were unmasked while one is pending: make the running slice end soon. */
    void (*end_slice)(struct arm_state *s);
};

/* ---- models (models.c) ---------------------------------------------------------------------- */

struct arm_cpu_model {
    const char *name; /* "cortex-a15" */
    const char *help;
    uint64_t features;
    uint32_t midr, fpsid, mvfr0, mvfr1, mvfr2;
    uint32_t ctr, tcmtr, tlbtr;
    uint32_t id_pfr0, id_pfr1, id_dfr0, id_afr0;
    uint32_t id_mmfr[4], id_isar[7];
    uint32_t clidr;
    uint32_t ccsidr[16]; /* by CSSELR: level << 1 | instruction */
    uint32_t sctlr_reset, actlr_reset;
    uint32_t dbgdidr, pmcr_reset;
    uint32_t cbar; /* Configuration Base Address; 0: the model has none, or the board sets it */
    uint8_t m_regions; /* M profile: regions of the MPU, 0: none */
    bool m_vtor;       /* ... VTOR is there */
};

/** All models, and their number; the index is the model number in the block flags. */
extern const struct arm_cpu_model arm_cpu_models[];
extern const unsigned arm_cpu_model_count;

/** The model called @name; NULL and an error naming the nearest one when there is none. */
const struct arm_cpu_model *arm_cpu_model_find(const char *name, struct error *e);
/** Index of @model in arm_cpu_models. */
unsigned arm_cpu_model_index(const struct arm_cpu_model *model);

/* ---- life ----------------------------------------------------------------------------------- */

struct arm_cpu_config {
    const struct arm_cpu_model *model;
    uint32_t index, count; /* this CPU's number, and how many the machine has */
    bool secure;           /* keep the Security Extensions (boots in Secure state) */
    bool virtualization; /* keep the Virtualization Extensions (boots in Hyp mode unless secure) */
    uint32_t cbar;         /* base of the private peripherals; 0: the model's */
    const struct arm_m_config *m; /* M profile: what the board decides; copied */
    const struct arm_cpu_ops *ops;
    void *ops_opaque;
};

/** Clear @s, set it up for the configuration, and reset it. env.owner, env.refill and the other
 * engine fields are the caller's. */
void arm_cpu_init(struct arm_state *s, const struct arm_cpu_config *config);
/** Reset (B1.9.1): registers to their reset values, PC at the reset vector. Interrupt inputs and
 * the configuration stay. Does not call ops. */
void arm_cpu_reset(struct arm_state *s);
/** The architectural state, for snapshots and comparison. After writing it call arm_cpu_loaded. */
extern const struct field_list arm_cpu_fields;
/** State was overwritten from outside: recompute what derives from it, and the context. */
void arm_cpu_loaded(struct arm_state *s);

/** Does the CPU have one of @feature (ARM_FEATURE)? */
static inline bool arm_state_has(const struct arm_state *s, uint64_t feature)
{
    return (s->features & feature) != 0;
}

/* ---- translation (translation.c) ------------------------------------------------------------ */

/** The translation context of the state: the key for mmu_set_context and the ASID. Reads with
 * unprivileged rights (LDRT) of privileged code use arm_walk directly. */
void arm_context_key(const struct arm_state *s, uint64_t *key, uint32_t *asid);
/** The register view for arm_walk in the current regime. */
void arm_walk_regs_get(const struct arm_state *s, struct arm_walk_regs *regs);
/**
 * Translate @va with the state's registers; table reads go through ops->read_phys. As arm_walk.
 * For ordinary accesses of the running code @privileged is arm_is_privileged(s).
 */
bool arm_translate_va(const struct arm_state *s, uint32_t va, enum arm_access access,
                      bool privileged, struct arm_translation *out, struct arm_fault *fault);
/** Where @va is for a debugger, whatever may be done there. M profile: @va. False: nowhere. */
bool arm_translate_debug(const struct arm_state *s, uint32_t va, uint64_t *phys);

/** Does the code that runs have privileges? */
static inline bool arm_is_privileged(const struct arm_state *s)
{
    return s->mode != ARM_MODE_USR;
}

/* ---- the frontend (target.c) ---------------------------------------------------------------- */

extern const struct ir_target arm_target;
extern const struct guest_frontend arm_frontend;

#endif
