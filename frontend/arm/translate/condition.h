/*
 * Conditional execution. Consecutive instructions with one condition make a run, which is skipped
 * as a whole by a branch; a run with the inverse condition behind it becomes its else part. Short
 * runs that only compute register values have no branch, but select what the registers become.
 */
#ifndef ARMEMU_ARM_TRANSLATE_CONDITION_H
#define ARMEMU_ARM_TRANSLATE_CONDITION_H

#include "frontend/arm/translate/translate.h"

/** Before the insn op of an instruction with condition @cond: keep the open run when it serves this
 * instruction too, turn it into its else part for the inverse condition, or close it. */
void arm_run_continue(struct arm_translate *t, unsigned cond);
/** End the open run, if there is one: what follows is executed in any case. */
void arm_run_close(struct arm_translate *t);
/** Could the ops from index @first on have changed NZCV? */
bool arm_flags_written(const struct ir_block *b, uint32_t first);

#endif
