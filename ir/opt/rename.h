/* Renaming of arguments for passes that move ops. */
#ifndef ARMEMU_IR_OPT_RENAME_H
#define ARMEMU_IR_OPT_RENAME_H

#include "ir/ir.h"

/** A table for the new names of @b's values, indexed by old name; IR_NONE stays IR_NONE. */
static inline int32_t *ir_names_new(const struct ir_block *b)
{
    int32_t *name = arena_alloc(b->arena, (b->count + 1) * sizeof(*name));
    name[0] = IR_NONE;
    return name + 1;
}

/** Give the arguments of @op their new names. */
static inline void ir_names_apply(const int32_t *name, struct ir_op *op)
{
    for (unsigned i = 0; i < IR_ARGS; i++)
        op->arg[i] = name[op->arg[i]];
}

#endif
