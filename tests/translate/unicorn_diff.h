/*
 * Differential test against Unicorn: random instances of decode rows, alone or in short sequences,
 * with random operands, through Unicorn and through translation and our executors: the interpreter
 * with the IR as translated and optimised, and the backend. Registers, CPSR and the data window
 * must agree.
 */
#ifndef ARMEMU_TESTS_TRANSLATE_UNICORN_DIFF_H
#define ARMEMU_TESTS_TRANSLATE_UNICORN_DIFF_H

#include "frontend/arm/decode_rows.h"
#include "tests/translate/harness.h"

enum { DIFF_MAX_INSNS = 14 };

struct diff_rng {
    uint64_t state;
};

/** The next pseudo-random 32 bits. */
uint32_t diff_random(struct diff_rng *rng);

/* What a family of rows needs. */
struct diff_family {
    enum arm_isa isa;
    enum run_cpu cpu; /* rows that it lacks must be undefined on both sides */
    /** Does the family contain @row? */
    bool (*select)(const struct arm_decode_row_info *row);
    /** Adapt an instance (NULL: as it is); false: another one, please. */
    bool (*adapt)(const struct arm_decode_row_info *row, uint32_t *insn, struct diff_rng *rng);
    /** Adapt the operands in r->s, after they were filled with random values (may be NULL). */
    void (*prepare)(struct run *r, uint32_t insn, struct diff_rng *rng);
    /** The same for a sequence (may be NULL). */
    void (*prepare_sequence)(struct run *r, struct diff_rng *rng);
    bool vectors;   /* compare D0..D31 and the FPSCR as well */
    bool not_in_it; /* the rows are not allowed in IT blocks */
    unsigned cases_per_row;
    /** Psr bits that are compared; 0 = all that run_psr shows. */
    uint32_t psr_mask;
};

/**
 * Test every row of the family on its own. Fails on the first differences, and when a row is hardly
 * ever executed (our side took it as undefined, or Unicorn did).
 */
void diff_rows(const struct diff_family *f);

/**
 * Test sequences of 2..DIFF_MAX_INSNS instances of the family's rows that do not write the PC, with
 * runs of equal and inverse conditions (A32) or IT blocks (T16, T32).
 */
void diff_sequences(const struct diff_family *f, unsigned count);

/** Is @row's mnemonic in the NULL-terminated list @names? Its argument set? For `select`. */
bool diff_mnemonic_in(const struct arm_decode_row_info *row, const char *const *names);
/** Does the Cortex-M7 have @row? */
bool diff_row_is_of_m(const struct arm_decode_row_info *row);
bool diff_set_in(const struct arm_decode_row_info *row, const char *const *names);

#endif
