/* Waiting and barriers, which have CP15 forms too. Internal to translate/. */
#ifndef ARMEMU_ARM_TRANSLATE_HINTS_H
#define ARMEMU_ARM_TRANSLATE_HINTS_H

#include "frontend/arm/translate/translate.h"

/** Call @helper (ARM_HELPER_wfi or _wfe) and halt when it says so; ends the block. Returns true. */
bool arm_wait(struct arm_translate *t, unsigned helper);
/** DMB and DSB: one CPU sees its own accesses in order anyway. Returns true. */
bool arm_barrier(struct arm_translate *t);
/** DSB: a barrier that also waits for broadcast TLB maintenance. */
bool arm_dsb(struct arm_translate *t);

#endif
