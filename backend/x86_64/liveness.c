#include "backend/x86_64/compiler.h"

/* State of the backward pass. */
struct pass {
    uint8_t live;          /* guest flags that somebody behind reads */
    uint32_t pending;      /* pinned registers with a candidate value */
    int32_t candidate[PIN_XMM + XMM_COUNT]; /* by register: value that is to be computed into it */
};

/* May the op show or change the whole state? Then all of it has to be in place before. */
static bool is_barrier(const struct compiler *c, const struct ir_op *op)
{
    if (op->opcode == IR_OP_call)
        return c->b->target->helpers[op->imm].effects != IR_HELPER_PURE;
    return ir_op_info[op->opcode].effects & (IR_EFF_FAULT | IR_EFF_END);
}

static void cancel(struct compiler *c, struct pass *p, unsigned reg)
{
    if (p->pending >> reg & 1) {
        c->val[p->candidate[reg]].want = NO_REG;
        p->pending &= ~(1u << reg);
    }
}

static void cancel_all(struct compiler *c, struct pass *p)
{
    while (p->pending)
        cancel(c, p, (unsigned)__builtin_ctz(p->pending));
}

/* A value that is `set` to a pinned slot is wanted in the slot's register, if nothing between its
 * definition and the set can tell the difference. Later uses read the register, too. */
static void want_set(struct compiler *c, struct pass *p, const struct ir_op *op)
{
    int reg = c->pin_of_slot[op->imm];
    if (reg == NO_REG)
        return;
    cancel(c, p, (unsigned)reg);
    struct value *v = &c->val[op->arg[0]];
    unsigned def = op_of(c, op->arg[0])->opcode;
    if (def != IR_OP_const && def != IR_OP_get && def != IR_OP_pcrel) {
        if (v->want != NO_REG) /* set to several slots: the first set decides */
            p->pending &= ~(1u << v->want);
        v->want = (int8_t)reg;
        p->candidate[reg] = op->arg[0];
        p->pending |= 1u << reg;
    }
}

/* The operand that dies in an op with a wanted register may be computed there as well, so that the
 * op works in place. Not where the op may leave the block: the register has to be intact then. */
static void want_operand(struct compiler *c, struct pass *p, const struct ir_op *op, int8_t reg)
{
    if (ir_op_info[op->opcode].nargs == 0 || op->arg[0] == IR_NONE || is_barrier(c, op) ||
        reg >= PIN_XMM ||
        op->opcode == IR_OP_selcc) /* what else it selects from is often the register's old value */
        return;
    const struct ir_op *def = op_of(c, op->arg[0]);
    struct value *v = &c->val[op->arg[0]];
    if (v->uses || def->opcode == IR_OP_const || def->opcode == IR_OP_get ||
        def->opcode == IR_OP_pcrel || ir_op_result_type(def) != IR_I32 || op->opcode == IR_OP_call)
        return;
    v->want = reg;
    p->candidate[reg] = op->arg[0];
    p->pending |= 1u << reg;
}

static void want_step(struct compiler *c, struct pass *p, const struct ir_op *op, int32_t i)
{
    int8_t want = c->val[i].want;
    if (want != NO_REG) {
        p->pending &= ~(1u << want);
        want_operand(c, p, op, want);
    }
    if (op->opcode == IR_OP_set)
        want_set(c, p, op);
    else if (op->opcode == IR_OP_get && c->pin_of_slot[op->imm] != NO_REG)
        cancel(c, p, (unsigned)c->pin_of_slot[op->imm]);
    else if (p->pending && (is_barrier(c, op) || (ir_op_info[op->opcode].effects & IR_EFF_BR)))
        cancel_all(c, p);
}

static void flags_step(struct compiler *c, struct pass *p, const struct ir_op *op, int32_t i)
{
    unsigned effects = ir_op_info[op->opcode].effects;
    if (effects & IR_EFF_BR) {
        if (op->opcode == IR_OP_label)
            c->label_live[op->imm] = p->live;
        else {
            p->live |= c->label_live[op->imm];
            c->label_uses[op->imm] += c->label_uses[op->imm] < 2;
        }
    }
    c->val[i].fstore = op->fw & p->live;
    p->live &= (uint8_t)~op->fw;
    if (effects & IR_EFF_RDF)
        p->live |= ir_op_flags_read(op);
    if (is_barrier(c, op))
        p->live = IR_NZCV;
    c->val[i].live = p->live;
}

static bool is_dead(const struct compiler *c, const struct pass *p, const struct ir_op *op,
                    int32_t i)
{
    return c->val[i].uses == 0 && !(op->fw & p->live) && !ir_op_has_effect(c->b, op) &&
           !(op->opcode == IR_OP_call);
}

/* The value that the address of a store is made of. */
static void note_store(struct compiler *c, const struct ir_op *op)
{
    int64_t disp;
    if (op->opcode == IR_OP_st || (op->opcode == IR_OP_memgroup && op->aux))
        c->val[ir_address_root(c->b, op->arg[0], &disp)].stores = true;
}

static void count_uses(struct compiler *c, const struct ir_op *op, int32_t i)
{
    for (unsigned k = 0; k < ir_op_info[op->opcode].nargs; k++) {
        if (op->arg[k] == IR_NONE)
            continue;
        struct value *v = &c->val[op->arg[k]];
        if (v->uses++ == 0)
            v->last = i;
    }
}

void liveness_analyse(struct compiler *c)
{
    struct pass p = {.live = IR_NZCV};
    const struct value fresh = {.last = NO_VALUE, .want = NO_REG, .address = NO_VALUE};
    for (uint32_t i = 0; i < c->b->count; i++)
        c->val[i] = fresh;
    for (int32_t i = (int32_t)c->b->count - 1; i >= 0; i--) {
        const struct ir_op *op = op_of(c, i);
        if (is_dead(c, &p, op, i)) {
            c->val[i].dead = true;
            continue;
        }
        flags_step(c, &p, op, i);
        want_step(c, &p, op, i);
        count_uses(c, op, i);
        note_store(c, op);
    }
}
