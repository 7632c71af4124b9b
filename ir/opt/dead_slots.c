#include <string.h>

#include "ir/opt/compact.h"
#include "ir/opt/passes.h"
#include "ir/opt/slotmap.h"
#include "util/bits.h"

/* Going backward, `dead` are the slots that are set again before anybody looks at them. */
struct dead_slots {
    struct ir_block *b;
    uint64_t dead;
    uint64_t *dead_at; /* by label: `dead` at that place */
    struct ir_slotmap map;
};

/* A set: returns whether it must stay. */
static bool visit_set(struct dead_slots *d, const struct ir_op *op)
{
    unsigned n = d->map.index[op->imm];
    if (n == IR_SLOTMAP_NONE)
        return true;
    if (d->dead & BIT64(n))
        return false;
    d->dead |= d->map.covers[n];
    return true;
}

static void visit_get(struct dead_slots *d, const struct ir_op *op)
{
    unsigned n = d->map.index[op->imm];
    d->dead &= n == IR_SLOTMAP_NONE ? 0 : ~d->map.overlaps[n];
}

static bool visit(struct dead_slots *d, const struct ir_op *op)
{
    if (op->opcode == IR_OP_set)
        return visit_set(d, op);
    if (op->opcode == IR_OP_get)
        visit_get(d, op);
    else if (op->opcode == IR_OP_label)
        d->dead_at[op->imm] = d->dead;
    else if (ir_op_info[op->opcode].effects & IR_EFF_BR)
        d->dead &= d->dead_at[op->imm];
    else if (ir_op_observes_state(d->b, op))
        d->dead = 0;
    return true;
}

void ir_opt_dead_slots(struct ir_block *b)
{
    struct dead_slots d = {.b = b};
    ir_slotmap_init(&d.map, b);
    d.dead_at = arena_alloc(b->arena, (b->label_count + 1) * sizeof(*d.dead_at));
    uint8_t *keep = arena_alloc(b->arena, b->count);
    for (uint32_t i = b->count; i-- > 0;)
        keep[i] = visit(&d, &b->ops[i]);
    ir_opt_compact(b, keep);
}
