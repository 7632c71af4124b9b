#include "ir/opt/slotmap.h"

#include <string.h>

#include "util/bits.h"

static void add_slot(struct ir_slotmap *m, const struct ir_target *t, unsigned slot)
{
    if (m->count == IR_SLOTMAP_MAX) {
        m->overflow = true;
        return;
    }
    unsigned n = m->count++;
    m->index[slot] = (uint8_t)n;
    m->slot[n] = (uint16_t)slot;
    m->overlaps[n] = m->covers[n] = BIT64(n);
    for (unsigned i = 0; i < n; i++) {
        if (!ir_slots_overlap(t, slot, m->slot[i]))
            continue;
        m->overlaps[n] |= BIT64(i);
        m->overlaps[i] |= BIT64(n);
        if (ir_slot_covers(t, slot, m->slot[i]))
            m->covers[n] |= BIT64(i);
        if (ir_slot_covers(t, m->slot[i], slot))
            m->covers[i] |= BIT64(n);
    }
}

void ir_slotmap_init(struct ir_slotmap *m, const struct ir_block *b)
{
    m->count = 0;
    m->overflow = false;
    m->index = arena_alloc(b->arena, b->target->slot_count);
    memset(m->index, IR_SLOTMAP_NONE, b->target->slot_count);
    for (const struct ir_op *op = b->ops; op < b->ops + b->count; op++)
        if ((op->opcode == IR_OP_get || op->opcode == IR_OP_set) &&
            m->index[op->imm] == IR_SLOTMAP_NONE)
            add_slot(m, b->target, (unsigned)op->imm);
}
