#include "ir/opt/compact.h"
#include "ir/opt/passes.h"

/* Ops that do nothing but write flags. */
static bool is_setter(unsigned opcode)
{
    return opcode == IR_OP_setc || opcode == IR_OP_setv || opcode == IR_OP_setnzcv;
}

/* Going backward: take the dead flags from @op and return those that are live before it. */
static uint8_t shrink(const struct ir_block *b, struct ir_op *op, uint8_t live, uint8_t *live_at)
{
    uint8_t written = op->fw;
    if (is_setter(op->opcode))
        op->fw = op->fw & live ? op->fw : 0; /* all or nothing */
    else
        op->fw &= live;
    live = (uint8_t)(live & ~written) | ir_op_flags_read(op);
    if (op->opcode == IR_OP_label)
        live_at[op->imm] = live;
    else if (ir_op_info[op->opcode].effects & IR_EFF_BR)
        live |= live_at[op->imm];
    else if (ir_op_observes_state(b, op))
        live = IR_NZCV;
    return live;
}

void ir_opt_dead_flags(struct ir_block *b)
{
    uint8_t *live_at = arena_alloc(b->arena, b->label_count + 1);
    uint8_t *keep = arena_alloc(b->arena, b->count);
    uint8_t live = IR_NZCV;
    for (uint32_t i = b->count; i-- > 0;) {
        struct ir_op *op = &b->ops[i];
        live = shrink(b, op, live, live_at);
        keep[i] = !is_setter(op->opcode) || op->fw;
    }
    ir_opt_compact(b, keep);
}
