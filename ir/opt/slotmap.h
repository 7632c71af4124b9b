/* The slots that a block uses, numbered densely, so that sets of slots are machine words. */
#ifndef ARMEMU_IR_OPT_SLOTMAP_H
#define ARMEMU_IR_OPT_SLOTMAP_H

#include "ir/ir.h"

enum { IR_SLOTMAP_MAX = 64, IR_SLOTMAP_NONE = 0xff };

struct ir_slotmap {
    uint8_t *index;  /* slot -> dense number; IR_SLOTMAP_NONE when not used, or one too many */
    unsigned count;
    bool overflow;   /* the block uses more than IR_SLOTMAP_MAX slots */
    uint16_t slot[IR_SLOTMAP_MAX];
    uint64_t overlaps[IR_SLOTMAP_MAX]; /* slots that share bytes with this one, itself included */
    uint64_t covers[IR_SLOTMAP_MAX];   /* slots that lie in this one, itself included */
};

/** Number the slots of @b's get and set ops. */
void ir_slotmap_init(struct ir_slotmap *m, const struct ir_block *b);

#endif
