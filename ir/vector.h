/* The values of the vector ops: one meaning for the interpreter and for the backend's exact
 * paths. */
#ifndef ARMEMU_IR_VECTOR_H
#define ARMEMU_IR_VECTOR_H

#include "ir/ir.h"

/* A v64 or v128; the element with the lowest bits of half[0] comes first. The upper half of a v64
 * is meaningless as an argument and 0 as a result. */
struct ir_vector {
    uint64_t half[2];
};

/** The value of vector op @op for the arguments @v; adds to env->fp_flags. */
struct ir_vector ir_vector_eval(struct ir_env *env, const struct ir_op *op,
                                const struct ir_vector v[3]);

#endif
