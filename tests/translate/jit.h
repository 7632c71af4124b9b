/* The x86-64 backend as an executor of the translation tests. */
#ifndef ARMEMU_TESTS_TRANSLATE_JIT_H
#define ARMEMU_TESTS_TRANSLATE_JIT_H

#include <stdio.h>

#include "tests/translate/harness.h"

/* Ways to generate code. */
enum jit_variant {
    JIT_PLAIN,
    JIT_OLD_HOST, /* without the host's optional instructions */
    JIT_SLOW,     /* memory only by the slow path */
    JIT_DIRECT,   /* helpers called directly */
    JIT_WINDOW,   /* memory as the M profile's: a window of the host's address space */
    JIT_VARIANTS,
    JIT_BASELINE =
        JIT_VARIANTS, /* direct helpers, without optional instructions: the same anywhere */
};

struct jit;

struct jit *jit_new(enum jit_variant variant);
void jit_free(struct jit *j);

/** Compile r->block and run it on r's state and memory, as run_block does with the interpreter. */
void jit_run(struct jit *j, struct run *r);

/** Compile @b; print its host code. Returns the number of its host instructions. */
unsigned jit_disassemble(struct jit *j, const struct ir_block *b, FILE *out);

/** Name of the variant, for reports. */
const char *jit_variant_name(enum jit_variant variant);

#endif
