/* The IR interpreter: the reference meaning of every op. */
#ifndef ARMEMU_IR_INTERP_H
#define ARMEMU_IR_INTERP_H

#include "ir/ir.h"

/**
 * Execute one block on @env (the head of a target state struct) from its first op to an exit.
 * Does the same as compiled code does with chaining off, budget included: a block that the budget
 * does not cover is not entered (IR_EXIT_BUDGET, env.pc = block start). On return env.pc is where
 * the guest continues, and env.page_base is unchanged.
 */
enum ir_exit ir_interp_run(const struct ir_block *b, struct ir_env *env,
                           const struct ir_callbacks *cb);

#endif
