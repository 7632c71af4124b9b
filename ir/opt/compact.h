/* Dropping ops from a block's array. */
#ifndef ARMEMU_IR_OPT_COMPACT_H
#define ARMEMU_IR_OPT_COMPACT_H

#include "ir/ir.h"

/** Keep the ops i with keep[i] != 0, in place, and rename the arguments. No kept op uses a value of
 * a dropped one. */
void ir_opt_compact(struct ir_block *b, const uint8_t *keep);

#endif
