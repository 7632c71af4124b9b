/* What the files of the differential test share. */
#ifndef ARMEMU_TESTS_TRANSLATE_DIFF_INTERNAL_H
#define ARMEMU_TESTS_TRANSLATE_DIFF_INTERNAL_H

#include <stdlib.h>
#include <unicorn/unicorn.h>

#include "tests/translate/jit.h"
#include "tests/translate/unicorn_diff.h"
#include "util/bits.h"

enum {
    DIFF_CODE_SIZE = 0x100000,
    DIFF_SLOT_SIZE = 64, /* of code per case; none straddles a page */
    DIFF_MAX_ROWS = 2048,
    DIFF_MAX_REPORTS = 12,
};

enum diff_outcome {
    DIFF_AGREED,
    DIFF_REFUSED, /* our side or Unicorn took the code as undefined, or helpers are needed */
    DIFF_DIFFERED,
};

/* One comparison in progress. */
struct diff {
    const struct diff_family *family;
    uc_engine *uc;
    uint8_t *their_code, *their_data; /* Unicorn's memory */
    struct run *run;    /* the state that a case begins with, then the result of the plain IR */
    struct run *before; /* copy of the beginning */
    struct run *other;  /* what the other executors work on */
    struct jit *jit[JIT_VARIANTS];
    struct diff_rng rng;
    uint32_t slots_used;
    unsigned mismatches;
    unsigned apart; /* blocks of loops that carried the halves of a check by table */
    bool their_exception; /* Unicorn took one */
    bool quiet;    /* do not print differences */
    bool thorough; /* all variants of the JIT in every case */
    bool partial;  /* sequences: what an instruction in the middle refuses ends the comparison there
                    */
    bool executed; /* the last case was not only agreed to be undefined */
    uint32_t insn[DIFF_MAX_INSNS];
    unsigned count;
    char names[160];
};

static inline uint32_t diff_below(struct diff *d, uint32_t n)
{
    return diff_random(&d->rng) % n;
}

/* Used instead of cr_assert, which reports each success to another process. */
#define DIFF_CHECK(condition, ...)       \
    do {                                 \
        if (!(condition))                \
            cr_assert_fail(__VA_ARGS__); \
    } while (0)

/* ---- unicorn_diff.c -------------------------------------------------------------------------- */

void diff_open(struct diff *d, const struct diff_family *f);
void diff_close(struct diff *d);
/** A value of many sizes, or one at which something overflows. */
uint32_t diff_random_operand(struct diff *d);
/** Random registers and flags. */
void diff_random_state(struct diff *d, bool thumb, bool in_it);
/** A random instance of @row with condition @cond where it has one; false: none found. */
bool diff_instance(struct diff *d, const struct arm_decode_row_info *row, unsigned cond,
                   uint32_t *insn);

/* ---- diff_case.c ----------------------------------------------------------------------------- */

/** Put the code of the case into both memories, at the next slot; returns the address of its end.
 */
uint32_t diff_place(struct diff *d);
/** The same at the address of @addr. */
uint32_t diff_place_at(struct diff *d, uint32_t addr);
/** Run what diff_place placed on all sides. @end: address behind the code. */
enum diff_outcome diff_run(struct diff *d, uint32_t end);
/** Is the present code undefined for Unicorn? Runs it from the state d->before. */
bool diff_unicorn_refuses(struct diff *d, uint32_t end);
/** Print the case that began with d->before: code, registers, IR before and after optimisation,
 * host code. */
void diff_print_case(struct diff *d);

/* ---- diff_unicorn.c -------------------------------------------------------------------------- */

void diff_unicorn_open(struct diff *d, enum run_cpu cpu);
void diff_unicorn_close(struct diff *d);
/** Give Unicorn the state of d->run. */
void diff_unicorn_load(struct diff *d);
/** Forget translations of the slot at @addr. */
void diff_unicorn_forget(struct diff *d, uint32_t addr);
/** Run from @start (bit 0: Thumb) to @until; at most one instruction when @single. False: it took
 * an exception. */
bool diff_unicorn_run(struct diff *d, uint64_t start, uint64_t until, bool single);
/** Compare with d->run, PSR bits @mask; prints unless d->quiet. */
bool diff_unicorn_agrees(struct diff *d, uint32_t mask);

/* ---- diff_reduce.c --------------------------------------------------------------------------- */

/** The case of d->before and d->insn differs: make it as small as it will be while it does, and
 * print that. */
void diff_reduce(struct diff *d);

#endif
