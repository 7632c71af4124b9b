#include "ir/opt/passes.h"

/* Ops that do nothing but write flags: all of theirs or, when dead, none. */
static bool is_setter(unsigned opcode)
{
    return opcode == IR_OP_setc || opcode == IR_OP_setv || opcode == IR_OP_setnzcv ||
           opcode == IR_OP_setflags;
}

/* Flags live before @op, which touches flags not only by writing them, from those live after it. */
static uint8_t live_before(const struct ir_block *b, const struct ir_op *op, uint8_t live,
                           uint8_t *live_at)
{
    if (op->opcode == IR_OP_label)
        live_at[op->imm] = live;
    else if (ir_op_info[op->opcode].effects & IR_EFF_BR)
        live |= live_at[op->imm];
    else if (ir_op_observes_state(b, op))
        return IR_NZCV;
    return live | ir_op_flags_read(op);
}

/* Backward, with the set of flags that are read before they are written again. Setters that become
 * dead stay in place, for dead code elimination. */
void ir_opt_dead_flags(struct ir_block *b)
{
    const unsigned concerned =
        IR_EFF_RDF | IR_EFF_BR | IR_EFF_FAULT | IR_EFF_END | IR_EFF_CALL;
    uint8_t *live_at = arena_alloc(b->arena, b->label_count + 1);
    uint8_t live = IR_NZCV;
    for (struct ir_op *op = b->ops + b->count; op-- > b->ops;) {
        if (op->fw) {
            uint8_t written = op->fw;
            op->fw &= live;
            if (op->fw && is_setter(op->opcode))
                op->fw = written;
            live &= (uint8_t)~written;
        }
        if (ir_op_info[op->opcode].effects & concerned)
            live = live_before(b, op, live, live_at);
    }
}
