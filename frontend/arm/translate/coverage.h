/* Coverage: marks in the code that say what has been executed. All do nothing without it. */
#ifndef ARMEMU_FRONTEND_ARM_TRANSLATE_COVERAGE_H
#define ARMEMU_FRONTEND_ARM_TRANSLATE_COVERAGE_H

#include "frontend/arm/translate/translate.h"

/** The instruction at t->offset is about to be translated, and its condition t->cond holds here.
 * @ran_on: no branch has been emitted since the one before. */
void arm_cover_insn(struct arm_translate *t, bool ran_on);
/** It has been translated, and ends at t->offset. */
void arm_covered(struct arm_translate *t);
/** The conditional branch at t->offset goes this way from here. */
void arm_cover_way(struct arm_translate *t, bool taken);
/** Here execution goes on where the last instruction, a conditional branch, did not leave. */
void arm_cover_behind(struct arm_translate *t);
/** Are there too few marks left for one more instruction? */
bool arm_cover_full(const struct arm_translate *t);

#endif
