/* Appending ops with local simplification, for the builder and the optimiser. */
#ifndef ARMEMU_IR_FOLD_H
#define ARMEMU_IR_FOLD_H

#include "ir/ir.h"

/** Make room for more ops. */
void ir_block_grow(struct ir_block *b);

/** The place of the next op, not yet counted; valid until something is appended. */
static inline struct ir_op *ir_block_next(struct ir_block *b)
{
    if (b->count == b->capacity)
        ir_block_grow(b);
    return &b->ops[b->count];
}

/** Append a copy of @op as it is. Field by field, as @op has often just been written so: the host
 * waits for small stores when it loads them as a whole. */
static inline int32_t ir_emit_op(struct ir_block *b, const struct ir_op *op)
{
    struct ir_op *to = ir_block_next(b);
    to->head = op->head;
    for (unsigned k = 0; k < IR_ARGS; k++)
        to->arg[k] = op->arg[k];
    to->imm = op->imm;
    return (int32_t)b->count++;
}

/** Is there anything that ir_emit_folded may do with @op but append it? */
bool ir_op_folds(const struct ir_op *op);

/** The value that @op equals, which is there or has been appended, else IR_NONE: @op, which may
 * have become a simpler one, is to be appended. Only its arguments and their arguments are looked
 * at. An op that writes flags stays as it is. */
int32_t ir_fold(struct ir_block *b, struct ir_op *op);

/** Append @op, which may be changed, or what ir_fold has in its stead. Returns the value's name. */
static inline int32_t ir_emit_folded(struct ir_block *b, struct ir_op *op)
{
    int32_t v = ir_fold(b, op);
    return v >= 0 ? v : ir_emit_op(b, op);
}

#endif
