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

/* A dead set becomes an op without effect, for dead code elimination. */
static void visit_set(struct dead_slots *d, struct ir_op *op)
{
    unsigned n = d->map.index[op->imm];
    if (n == IR_SLOTMAP_NONE)
        return;
    if (d->dead & BIT64(n)) {
        op->opcode = IR_OP_mov;
        op->imm = 0;
    } else {
        d->dead |= d->map.covers[n];
    }
}

static void visit_get(struct dead_slots *d, const struct ir_op *op)
{
    unsigned n = d->map.index[op->imm];
    d->dead &= n == IR_SLOTMAP_NONE ? 0 : ~d->map.overlaps[n];
}

static void visit(struct dead_slots *d, struct ir_op *op)
{
    if (op->opcode == IR_OP_set)
        visit_set(d, op);
    else if (op->opcode == IR_OP_get)
        visit_get(d, op);
    else if (op->opcode == IR_OP_label)
        d->dead_at[op->imm] = d->dead;
    else if (ir_op_info[op->opcode].effects & IR_EFF_BR)
        d->dead &= d->dead_at[op->imm];
    else if (ir_op_observes_state(d->b, op))
        d->dead = 0;
}

void ir_opt_dead_slots(struct ir_block *b)
{
    const unsigned concerned = IR_EFF_RDS | IR_EFF_WRS | IR_EFF_BR | IR_EFF_FAULT | IR_EFF_END |
                               IR_EFF_CALL;
    struct dead_slots d;
    d.b = b;
    d.dead = 0;
    ir_slotmap_init(&d.map, b);
    d.dead_at = arena_alloc(b->arena, (b->label_count + 1) * sizeof(*d.dead_at));
    for (struct ir_op *op = b->ops + b->count; op-- > b->ops;)
        if (ir_op_info[op->opcode].effects & concerned)
            visit(&d, op);
}
