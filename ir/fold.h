/* Appending ops with local simplification, for the builder and the optimiser. */
#ifndef ARMEMU_IR_FOLD_H
#define ARMEMU_IR_FOLD_H

#include "ir/ir.h"

/** The place of the next op, not yet counted; valid until something is appended. */
struct ir_op *ir_block_next(struct ir_block *b);
/** Append a copy of @op as it is. */
int32_t ir_emit_op(struct ir_block *b, const struct ir_op *op);

/** Is there anything that ir_emit_folded may do with @op but append it? */
bool ir_op_folds(const struct ir_op *op);

/**
 * Append @op, or what is equal and simpler: a constant, an existing value, a cheaper op. Only the
 * op's arguments and their arguments are looked at. An op that writes flags is appended unchanged.
 * Returns the value's name.
 */
int32_t ir_emit_folded(struct ir_block *b, const struct ir_op *op);

#endif
