/*
 * The passes of the optimiser. Each takes a valid block to a valid block that does the same, in
 * time linear in its ops, and allocates from the block's arena alone.
 */
#ifndef ARMEMU_IR_OPT_PASSES_H
#define ARMEMU_IR_OPT_PASSES_H

#include "ir/ir.h"

/** get of a slot whose value is known (from a set or get before it) becomes that value. */
void ir_opt_forward_slots(struct ir_block *b);
/** Flags that nobody reads before they are written again are not written. */
void ir_opt_dead_flags(struct ir_block *b);
/** Constant folding and algebra (fold.c) with what the passes before have uncovered. */
void ir_opt_simplify(struct ir_block *b);
/** Loops whose chain of dependent ops is that of a cyclic redundancy check by table carry the
 * check's halves as well (carry_apart.c). */
void ir_opt_carry_apart(struct ir_block *b);
/** Accesses whose alignment follows from that of one before do not demand it. */
void ir_opt_alignment(struct ir_block *b);
/** set of a slot that is set again before anybody reads or observes it is dropped. */
void ir_opt_dead_slots(struct ir_block *b);
/** Ops without effect whose value nobody uses are dropped. */
void ir_opt_dead_code(struct ir_block *b);

#endif
