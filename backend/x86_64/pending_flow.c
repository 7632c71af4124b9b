/*
 * What code behind a place does to flags that are pending there: whether they die, and whether they
 * may stay pending over branches that are not taken out of the block.
 */
#include "backend/x86_64/compiler.h"

enum { FAR = 64 }; /* ops, to look ahead */

bool pending_is_branch(const struct ir_op *op)
{
    return op->opcode == IR_OP_brcc || op->opcode == IR_OP_brnz || op->opcode == IR_OP_brz;
}

static bool is_inline_access(const struct compiler *c, const struct ir_op *op)
{
    return op->opcode == IR_OP_callz ||
           ((op->opcode == IR_OP_ld || op->opcode == IR_OP_st) && !c->be->config.always_slow &&
            !(op->imm & IR_MEM_USER));
}

bool pending_shows_state(const struct compiler *c, const struct ir_op *op)
{
    if (op->opcode == IR_OP_call)
        return c->b->target->helpers[op->imm].effects != IR_HELPER_PURE;
    if (op->opcode == IR_OP_exitd)
        return !c->keep_pending; /* emit_exitd sees to it */
    if (op->opcode == IR_OP_callhint) /* uses EFLAGS itself, and an exit follows */
        return true;
    return (ir_op_info[op->opcode].effects & (IR_EFF_FAULT | IR_EFF_END)) &&
           !is_inline_access(c, op);
}

bool pending_takes_carry(const struct ir_op *op)
{
    return op->opcode == IR_OP_adc || op->opcode == IR_OP_sbc || op->opcode == IR_OP_rrx;
}

/* Does the op read flags from their bytes? Conditions are computed from what is pending, carries
 * are taken from EFLAGS where these hold them. */
bool pending_reads_bytes(const struct compiler *c, const struct ir_op *op)
{
    unsigned reads = ir_op_flags_read(op);
    switch (op->opcode) {
    case IR_OP_brcc:
    case IR_OP_cond:
    case IR_OP_selcc:
        return false;
    case IR_OP_getnzcv:
        return true;
    default:
        return reads && (c->a.eflags & reads) != reads;
    }
}

/* Are the flags written again before anybody needs them at an inline place: from the op at @i
 * on? */
bool pending_die(const struct compiler *c, int32_t i, unsigned mask)
{
    int64_t side = -1; /* label behind a side exit */
    for (int32_t k = i; k < (int32_t)c->b->count && k < i + FAR; k++) {
        const struct ir_op *op = op_of(c, k);
        if (c->val[k].dead)
            continue;
        if (op->opcode == IR_OP_label
                ? side != (int64_t)op->imm
                : side < 0 && (pending_shows_state(c, op) || op->opcode == IR_OP_exitd))
            return false;
        if (pending_is_branch(op)) {
            if (!c->keep_pending || !exit_is_side(c, k))
                return false;
            side = (int64_t)op->imm;
        } else if (op->opcode == IR_OP_label) {
            side = -1;
        } else if (!pending_takes_carry(op) && pending_reads_bytes(c, op) &&
                   (ir_op_flags_read(op) & mask)) {
            return false;
        }
        mask &= ~(unsigned)op->fw;
        if (!mask)
            return true;
    }
    return false;
}

/* ---- branches and the labels where their ways meet ------------------------------------------- */

/* The label that the branch at @i leads to, or -1. */
static int32_t label_of(const struct compiler *c, int32_t i)
{
    for (int32_t k = i + 1; k < (int32_t)c->b->count && k < i + FAR; k++)
        if (op_of(c, k)->opcode == IR_OP_label && op_of(c, k)->imm == op_of(c, i)->imm)
            return k;
    return -1;
}

/* May the op at @i change flags, @p's operands, or how the flags are pending? */
static bool disturbs(const struct compiler *c, const struct pending *p, int32_t i)
{
    const struct ir_op *op = op_of(c, i);
    int reg = op->opcode == IR_OP_set ? c->pin_of_slot[op->imm] : c->val[i].want;
    if (op->fw || pending_shows_state(c, op) || (ir_op_flags_read(op) & ~(unsigned)p->mask) ||
        (op->opcode == IR_OP_memgroup && pending_needs_temp(p)))
        return true;
    bool by_condition =
        op->opcode == IR_OP_brcc || op->opcode == IR_OP_cond || op->opcode == IR_OP_selcc;
    if (ir_op_flags_read(op) && (!by_condition || p->kind == PENDING_CONST))
        return true;
    if (reg != NO_REG)
        return place_is(&p->a, PLACE_REG, (unsigned)reg) ||
               place_is(&p->b, PLACE_REG, (unsigned)reg);
    if (op->opcode != IR_OP_set)
        return false;
    unsigned offset = c->b->target->slots[op->imm].offset;
    return place_overlaps(&p->a, offset, 16) || place_overlaps(&p->b, offset, 16);
}

/* The last label where ways from the branch at @i meet, if nothing on them disturbs @p; or -1. */
static int32_t meeting(const struct compiler *c, const struct pending *p, int32_t i)
{
    int32_t end = label_of(c, i);
    bool side = false; /* behind a branch around an exit */
    for (int32_t k = i + 1; k < end; k++) {
        const struct ir_op *op = op_of(c, k);
        if (c->val[k].dead)
            continue;
        if (disturbs(c, p, k) || (op->opcode == IR_OP_exitd && !side))
            return -1;
        side = pending_is_branch(op) && c->keep_pending && exit_is_side(c, k);
        if (!pending_is_branch(op))
            continue;
        if (side && op->opcode == IR_OP_brcc) /* may tell that flags are constants */
            return -1;
        int32_t to = label_of(c, k);
        if (to < 0)
            return -1;
        end = to > end ? to : end;
    }
    return end;
}

/* Does a branch in front of @i lead to a label up to @end? */
static bool entered_from_before(const struct compiler *c, int32_t i, int32_t end)
{
    for (int32_t k = 0; k < i; k++)
        for (int32_t at = i + 1; pending_is_branch(op_of(c, k)) && at <= end; at++)
            if (op_of(c, at)->opcode == IR_OP_label && op_of(c, at)->imm == op_of(c, k)->imm)
                return true;
    return false;
}

bool pending_crosses(const struct compiler *c, struct pending *p, int32_t i)
{
    int32_t to = label_of(c, i);
    if (to >= 0 && to <= p->until)
        return true;
    struct pending_set alone = {.count = 1, .list = {*p}};
    if (!pending_is_stable(&alone))
        return false;
    int32_t end = meeting(c, p, i);
    if (end < 0 || entered_from_before(c, i, end))
        return false;
    p->until = end;
    return true;
}

int32_t pending_joins(const struct compiler *c, int32_t i)
{
    const struct ir_op *branch = op_of(c, i);
    int32_t end = label_of(c, i), compare = NO_VALUE;
    if (end < 0 || branch->opcode != IR_OP_brcc || branch->aux == IR_CC_AL ||
        c->label_uses[branch->imm] != 1)
        return NO_VALUE;
    for (int32_t k = i + 1; k < end; k++) {
        const struct ir_op *op = op_of(c, k);
        if (c->val[k].dead || op->opcode == IR_OP_insn || op->opcode == IR_OP_const)
            continue;
        if (compare != NO_VALUE)
            return NO_VALUE;
        if (op->opcode == IR_OP_sub && op->type == IR_I32 && !c->val[k].uses)
            compare = k;
        else if (op->opcode != IR_OP_get)
            return NO_VALUE;
    }
    return compare != NO_VALUE && op_of(c, compare)->fw == IR_NZCV ? compare : NO_VALUE;
}
