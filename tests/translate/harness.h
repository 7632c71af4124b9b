/*
 * Runs ARM instructions through translation and the IR interpreter, without CPU model, memory
 * system or engine: a page of code, a window of data, and helpers that are recorded.
 */
#ifndef ARMEMU_TESTS_TRANSLATE_HARNESS_H
#define ARMEMU_TESTS_TRANSLATE_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/cpu/state.h"
#include "frontend/arm/translate/translate.h"
#include "ir/interp.h"
#include "tests/translate/rows.h"

enum {
    RUN_PAGE = 4096,
    RUN_CODE = 0x10000,  /* default virtual address of the code page */
    RUN_DATA = 0x200000, /* data window */
    RUN_DATA_SIZE = 0x4000,
    RUN_TABLE_BYTES = 8 << 20, /* of each memory table (ir_memory_layout) */
};

/* Feature sets, for ARM_BF_FEATURES_SHIFT: the numbers that the tests' arm_features_of knows. */
enum run_cpu {
    RUN_CPU_V8,
    RUN_CPU_V7,
    RUN_CPU_V6,
    RUN_CPU_V5TE,
    RUN_CPU_V4T,
    RUN_CPU_V6T2, /* not for comparisons with Unicorn */
    RUN_CPU_M7,   /* M profile: all of it, */
    RUN_CPU_M4,   /* single precision, */
    RUN_CPU_M3,   /* and neither floating point nor DSP */
    RUN_CPU_M0,
    RUN_CPU_COUNT,
};

/* One call of an impure helper. */
struct run_call {
    int helper;
    uint64_t arg[4];
};

enum { RUN_CALLS = 32 };

struct run {
    struct arm_state s; /* must be first */
    uint8_t page[RUN_PAGE], next_page[RUN_PAGE];
    uint8_t data[RUN_DATA_SIZE];
    bool no_next_page;
    bool fold_literals, hot;
    bool entered;        /* env.entered is looked at, with key 0 */
    bool optimise;       /* run the optimised IR */
    uint32_t block_flags; /* besides THUMB and IT, which come from the state */
    bool helpers_return;      /* helpers that may raise do not */
    uint64_t helper_result;   /* what impure helpers return */
    /* Results */
    struct ir_block block;
    bool uses_next_page;
    enum ir_exit exit;
    int helper;          /* id of the last impure helper that was called, -1 = none */
    uint32_t helper_arg[4];
    struct run_call calls[RUN_CALLS]; /* all of them, in order */
    unsigned call_count;
    bool faulted;        /* an access outside of code page and data window */
    uint32_t fault_addr;
    bool fault_anywhere; /* fault_addr is not known */
    struct arena arena;
    struct guest_memo *memo;
    uint8_t *rows; /* decode rows that were executed, or NULL (rows.h) */
};

/* What the code is translated for, and what it calls. */
extern const struct ir_target run_target;
extern const struct ir_callbacks run_callbacks;

/** A state with every register 0 but distinct SP and LR, ARM state, at RUN_CODE, ARMv8 features. */
struct run *run_new(void);
void run_free(struct run *r);

/** Put code at @offset of the page: words, or halfwords (a T32 instruction is two). */
void run_put_arm(struct run *r, uint32_t offset, uint32_t insn);
void run_put_thumb(struct run *r, uint32_t offset, uint32_t insn);

/** Translate the block at r->s.env.pc, at most @max_insns instructions, and verify its IR. */
void run_translate(struct run *r, uint32_t max_insns);

/**
 * Translate the block at r->s.env.pc, at most @max_insns instructions, verify its IR, and interpret
 * it once. Registers, flags and env.pc are the results; helpers that raise leave the block with
 * env.pc at their own instruction.
 */
void run_block(struct run *r, uint32_t max_insns);

/** Make the state and the results ready for one run of r->block, by whatever executor. */
void run_start(struct run *r);
/** After a run: the exceptions that were gathered go to the FPSCR. */
void run_end(struct run *r);

/** Run one A32 instruction, or one T16 or T32 instruction, at the start of the page. */
void run_arm(struct run *r, uint32_t insn);
void run_thumb(struct run *r, uint32_t insn);

/** NZCV of the state in bits 31..28, and likewise all the flags that user code sees (N Z C V Q GE,
 * T and IT) in their places in the CPSR. */
uint32_t run_nzcv(const struct run *r);
uint32_t run_psr(const struct run *r);
void run_set_nzcv(struct run *r, uint32_t nzcv);
void run_set_psr(struct run *r, uint32_t psr);

/** The features of set @cpu. */
uint64_t run_features(enum run_cpu cpu);

#endif
