/* What single instructions have been translated to: see memo.c. */
#ifndef ARMEMU_ARM_TRANSLATE_MEMO_H
#define ARMEMU_ARM_TRANSLATE_MEMO_H

#include "frontend/arm/translate/translate.h"

/* The block in front of an instruction. */
struct arm_memo_point {
    uint32_t first, labels; /* number of its first op, and of labels so far */
    bool fp_checked;
};

/** An empty memory, to be freed by free(); NULL: out of memory. */
struct guest_memo *arm_memo_new(void);

/** Emit the ops of the current instruction, if they are known. */
bool arm_memo_recall(struct arm_translate *t);

/** The current instruction is about to be decoded, */
void arm_memo_begin(struct arm_translate *t, struct arm_memo_point *p);
/** and has been: remember what it became, if that will be the same elsewhere. */
void arm_memo_note(struct arm_translate *t, const struct arm_memo_point *p);

#endif
