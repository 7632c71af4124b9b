/* The values of the floating-point ops: one meaning for the interpreter and for the backend's exact
 * paths. */
#ifndef ARMEMU_IR_FLOAT_H
#define ARMEMU_IR_FLOAT_H

#include "ir/ir.h"

/** The value of floating-point op @op (opcode, type and aux count) for arguments @a, @b, @c; adds
 * the exceptions to env->fp_flags. */
uint64_t ir_float_eval(struct ir_env *env, const struct ir_op *op, uint64_t a, uint64_t b,
                       uint64_t c);

#endif
