/* The cases that the guest program and the test go through, in the same order. */
#ifndef ARMEMU_TESTS_FP_CASES_H
#define ARMEMU_TESTS_FP_CASES_H

#include "frontend/arm/fp/fpscr.h"
#include "tests/fp/values.h"

/* Masks of the results in ops.def. */
#define W 0xffffffffull
#define D (~0ull)
#define H 0xffffull

enum {
    CASES_SPECIAL = 20,                             /* special values */
    CASES_PAIRS = CASES_SPECIAL * CASES_SPECIAL,    /* each with each, */
    CASES_RANDOM = 1600,                            /* then random values, */
    CASES_COUNT = CASES_PAIRS + CASES_RANDOM,
    CASES_MODES = 32,                               /* all in modes: rounding, FZ, DN, AHP */
};

/* What the guest writes for each. */
struct case_result {
    uint64_t value;
    uint64_t fpscr;
};

/** FPSCR of mode @mode. */
static inline uint32_t cases_fpscr(unsigned mode)
{
    return (uint32_t)mode << FPSCR_RMODE_SHIFT;
}

/** The operands of case @i. @seed: 0 before case 0. */
void cases_operands(uint64_t *seed, enum fp_size f, unsigned i, uint64_t v[3]);

#endif
