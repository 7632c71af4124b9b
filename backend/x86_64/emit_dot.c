/*
 * Sums that say whether they overflow, and products of pairs of halfwords. A sum is followed by the
 * op that asks for its overflow: this one finds the answer in EFLAGS.
 */
#include <assert.h>

#include "backend/x86_64/xmm.h"

/* Is the op behind @i opcode @over of the same arguments? It takes the answer from EFLAGS: it will
 * not look at the arguments, and what has to be done before it is done here. */
static bool over_follows(struct compiler *c, const struct ir_op *op, int32_t i, unsigned over)
{
    int32_t k = i + 1;
    while (k < (int32_t)c->b->count && c->val[k].dead)
        k++;
    if (k == (int32_t)c->b->count || op_of(c, k)->opcode != over ||
        memcmp(op_of(c, k)->arg, op->arg, sizeof(op->arg)) != 0)
        return false;
    for (unsigned n = 0; n < ir_op_info[over].nargs; n++)
        if (c->val[op->arg[n]].last == k)
            c->val[op->arg[n]].last = i;
    if (c->pending.count)
        pending_before(c, op_of(c, k), k);
    c->overflow_of = k;
    return true;
}

/* EFLAGS.OF says that op @i, done with, is 1. */
static void deliver_overflow(struct compiler *c, int32_t i)
{
    assert(c->overflow_of != i || c->overflow_at == c->a.p);
    if (flags_fusable(c, i))
        c->fused_cc = CC_O;
    else
        flags_value(c, i, CC_O);
}

bool emit_sum_that_tells(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->fw || op->type != IR_I32 || !over_follows(c, op, i, IR_OP_addover))
        return false;
    emit_two_operand(c, op, i, ALU_ADD);
    c->a.eflags = 0;
    c->overflow_at = c->a.p;
    return true;
}

void emit_addover(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (c->overflow_of != i) {
        unsigned t = ra_alloc(c);
        ra_move(c, 0, t, ra_opnd(c, op->arg[0]));
        x_alu_opnd(&c->a, ALU_ADD, 0, t, ra_opnd(c, op->arg[1]));
        c->a.eflags = 0;
        ra_unlock(c, t);
    }
    deliver_overflow(c, i);
}

static unsigned to_xmm(struct compiler *c, int32_t v)
{
    unsigned reg = ra_reg(c, v), x = xa_alloc(c);
    x_op2(c, X86_MOVD_RM, 0, x, x_opnd_xmm(reg));
    ra_unlock(c, reg);
    return x;
}

/* The XMM register with the products' sum, modulo 2^32. */
static unsigned products(struct compiler *c, const struct ir_op *op)
{
    unsigned x = to_xmm(c, op->arg[0]), y = to_xmm(c, op->arg[1]);
    x_op3(c, X86_PMADDWD, x, x, x_opnd_xmm(y));
    return x;
}

static void from_xmm(struct compiler *c, unsigned dst, unsigned x)
{
    x_op2(c, X86_MOVD_MR, 0, x, x_opnd_xmm(dst));
}

/* Of 2^31, the one sum that is not there below it, the host has the wrong sign, and of none that is
 * less by one. */
void emit_dot16(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned x = products(c, op), dst = ra_dest(c, i, NO_VALUE);
    from_xmm(c, dst, x);
    x_rm(&c->a, X86_LEA, 0, dst, x_mem((int)dst, -1));
    x_rr(&c->a, X86_MOVSXD, 1, dst, dst);
    x_rm(&c->a, X86_LEA, 1, dst, x_mem((int)dst, 1));
}

/* dst := t + dst; EFLAGS.OF, if it @tells. Where t is 2^31, which the host takes for -2^31, a stub
 * adds. */
static void add_products(struct compiler *c, unsigned dst, unsigned t, bool tells)
{
    struct stub *s = NULL;
    if (tells) {
        x_alu_ri(&c->a, ALU_CMP, 0, t, 1);
        s = stub_new(c, STUB_DOT, x_jcc(&c->a, CC_O));
    }
    x_alu_rr(&c->a, ALU_ADD, 0, dst, t);
    c->a.eflags = 0;
    if (s) {
        s->reg = (uint8_t)dst;
        s->temp = (uint8_t)t;
        s->back = c->a.p;
    }
}

/* The sum of numbers that differ in their sign does not overflow, that of a positive number and
 * 2^31 does; to the host it is the other way round. */
void dot_stub_emit(struct compiler *c, const struct stub *s)
{
    struct code *a = &c->a;
    x_patch_here(a, s->from);
    x_alu_rr(a, ALU_ADD, 0, s->reg, s->temp);
    uint8_t *fits = x_jcc(a, CC_O);
    x_alu_ri(a, ALU_CMP, 0, s->temp, 1);
    x_patch(x_jmp(a), s->back);
    x_patch_here(a, fits);
    x_rr(a, X86_TEST_MR, 0, s->temp, s->temp);
    x_patch(x_jmp(a), s->back);
}

void emit_dotadd16(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bool tells = over_follows(c, op, i, IR_OP_dotover16);
    unsigned x = products(c, op), t = ra_alloc(c);
    from_xmm(c, t, x);
    struct opnd add = ra_opnd(c, op->arg[2]);
    unsigned dst = ra_dest(c, i, op->arg[2]);
    ra_move(c, 0, dst, add);
    add_products(c, dst, t, tells);
    if (tells)
        c->overflow_at = c->a.p;
}

void emit_dotover16(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (c->overflow_of != i) {
        unsigned x = products(c, op), t = ra_alloc(c), sum = ra_alloc(c);
        from_xmm(c, t, x);
        ra_move(c, 0, sum, ra_opnd(c, op->arg[2]));
        add_products(c, sum, t, true);
        ra_unlock(c, t);
        ra_unlock(c, sum);
    }
    deliver_overflow(c, i);
}
