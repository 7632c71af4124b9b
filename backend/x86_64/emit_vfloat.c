/*
 * Vectors of floats. Arguments that are 0 or not below a least magnitude are no denormals and have
 * no results that are tiny: sums, when it is 2^-102; products, when it is 2^-62. All others are
 * left to the reference before the host's unit sees them: it would gather other exceptions. Then
 * NaNs alone differ.
 */
#include "backend/x86_64/vfloat.h"

static struct opnd mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

/* t := magnitudes of @a less one: 0 becomes the greatest unsigned number. */
static void magnitudes(struct compiler *c, unsigned t, unsigned a)
{
    x_op3(c, X86_PAND, t, a, mem(FP_CONST(c, abs32)));
    x_op3(c, X86_PADDD, t, t, mem(FP_CONST(c, ones)));
}

unsigned vf_argument(struct compiler *c, int32_t v)
{
    unsigned a = xa_reg(c, v);
    if (ir_op_result_type(op_of(c, v)) == IR_V128)
        return a;
    unsigned t = xa_alloc(c);
    x_op2(c, X86_MOVQ_RM, 0, t, x_opnd_xmm(a));
    return t;
}

void vf_compare(struct compiler *c, enum vf_predicate predicate, unsigned dst, unsigned a,
                unsigned b)
{
    x_op3(c, X86_CMPPS, dst, a, x_opnd_xmm(b));
    x_u8(&c->a, predicate);
}

void vf_default_nans(struct compiler *c, unsigned dst, unsigned t, unsigned u)
{
    vf_compare(c, VF_UNORDERED, t, dst, dst);
    if (c->be->features & HOST_AVX) {
        x_vrm(&c->a, X86_VBLENDVPS, 0, dst, dst, FP_CONST(c, default_nan));
        x_u8(&c->a, t << 4);
        return;
    }
    x_op3(c, X86_ANDNPS, u, t, x_opnd_xmm(dst));
    x_op3(c, X86_ANDPS, t, t, mem(FP_CONST(c, default_nan)));
    x_op3(c, X86_ORPS, u, u, x_opnd_xmm(t));
    x_op2(c, X86_MOVAPS_RM, 0, dst, x_opnd_xmm(u));
}

void vf_by_reference(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd args[3];
    for (unsigned k = 0; k < ir_op_info[op->opcode].nargs; k++)
        args[k] = x_opnd_xmm(xa_reg(c, op->arg[k]));
    exact_always(c, op, xa_dest(c, i, NO_VALUE), args);
}

bool vf_to_nearest(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->imm)
        vf_by_reference(c, op, i);
    return op->imm;
}

/* Before the operation: to the reference unless all arguments are 0 or have the magnitude. @t and
 * @u are changed. */
static struct stub *check_arguments(struct compiler *c, const struct ir_op *op, unsigned dst,
                                    const struct opnd *args, unsigned count, struct x86_mem least,
                                    unsigned t, unsigned u)
{
    magnitudes(c, t, (unsigned)args[0].reg);
    if (count > 1 && args[1].reg != args[0].reg) {
        magnitudes(c, u, (unsigned)args[1].reg);
        x_op3(c, X86_PMINUD, t, t, x_opnd_xmm(u));
    }
    x_op3(c, X86_PMINUD, t, t, mem(least));
    x_op3(c, X86_PCMPEQD, t, t, mem(least));
    x_op2(c, X86_PTEST, 0, t, mem(FP_CONST(c, ones)));
    return exact_if(c, op, CC_AE, dst, args);
}

struct floats vf_begin(struct compiler *c, const struct ir_op *op, int32_t i,
                       struct x86_mem least)
{
    unsigned count = ir_op_info[op->opcode].nargs;
    struct floats f;
    f.a = f.b = vf_argument(c, op->arg[0]);
    if (count > 1 && op->arg[1] != op->arg[0])
        f.b = vf_argument(c, op->arg[1]);
    f.args[0] = x_opnd_xmm(f.a);
    f.args[1] = x_opnd_xmm(f.b);
    f.t = xa_alloc(c);
    f.u = xa_alloc(c);
    f.dst = xa_dest(c, i, NO_VALUE);
    f.stub = check_arguments(c, op, f.dst, f.args, count, least, f.t, f.u);
    return f;
}

static void end(struct compiler *c, const struct floats *f)
{
    f->stub->back = c->a.p;
}

static void arithmetic(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn,
                       struct x86_mem least)
{
    if (vf_to_nearest(c, op, i))
        return;
    struct floats f = vf_begin(c, op, i, least);
    x_op3(c, insn, f.dst, f.a, f.args[1]);
    vf_default_nans(c, f.dst, f.t, f.u);
    end(c, &f);
}

void emit_vfadd(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, X86_ADDPS, FP_CONST(c, add_least));
}

void emit_vfsub(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, X86_SUBPS, FP_CONST(c, add_least));
}

void emit_vfmul(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, X86_MULPS, FP_CONST(c, mul_least));
}

/* An op of three arguments being emitted: their registers, others, and the result's. */
struct product {
    unsigned x[3];
    struct opnd args[3];
    unsigned t, u, dst;
};

static struct product product_begin(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct product p;
    for (unsigned k = 0; k < 3; k++)
        p.args[k] = x_opnd_xmm(p.x[k] = vf_argument(c, op->arg[k]));
    p.t = xa_alloc(c);
    p.u = xa_alloc(c);
    p.dst = xa_dest(c, i, NO_VALUE);
    return p;
}

static struct stub *product_check(struct compiler *c, const struct ir_op *op,
                                  const struct product *p, struct x86_mem least)
{
    const unsigned *x = p->x, t = p->t, dst = p->dst;
    magnitudes(c, dst, x[2]);
    magnitudes(c, t, x[0]);
    x_op3(c, X86_PMINUD, dst, dst, x_opnd_xmm(t));
    magnitudes(c, t, x[1]);
    x_op3(c, X86_PMINUD, t, t, x_opnd_xmm(dst));
    x_op3(c, X86_PMINUD, t, t, mem(least));
    x_op3(c, X86_PCMPEQD, t, t, mem(least));
    x_op2(c, X86_PTEST, 0, t, mem(FP_CONST(c, ones)));
    return exact_if(c, op, CC_AE, dst, p->args);
}

/* To the reference where an addend is a NaN and a factor infinite: */
static struct stub *addend_check(struct compiler *c, const struct ir_op *op,
                                 const struct product *p)
{
    vf_compare(c, VF_UNORDERED, p->t, p->x[0], p->x[0]);
    x_op2(c, X86_PTEST, 0, p->t, x_opnd_xmm(p->t));
    uint8_t *numbers = x_jcc(&c->a, CC_E);
    x_op3(c, X86_PAND, p->t, p->x[1], mem(FP_CONST(c, abs32)));
    x_op3(c, X86_PAND, p->u, p->x[2], mem(FP_CONST(c, abs32)));
    x_op3(c, X86_PCMPEQD, p->t, p->t, mem(FP_CONST(c, infinity)));
    x_op3(c, X86_PCMPEQD, p->u, p->u, mem(FP_CONST(c, infinity)));
    x_op3(c, X86_POR, p->t, p->t, x_opnd_xmm(p->u));
    x_op2(c, X86_PTEST, 0, p->t, x_opnd_xmm(p->t));
    struct stub *s = exact_if(c, op, CC_NE, p->dst, p->args);
    x_patch_here(&c->a, numbers);
    return s;
}

/* With all magnitudes from 2^-40 on, sum and product are multiples of 2^-126. Infinity times 0 is
 * invalid although a quiet NaN is added, which the host does not say. */
void emit_vfmuladd(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (~c->be->features & (HOST_FMA | HOST_AVX)) {
        vf_by_reference(c, op, i);
        return;
    }
    if (vf_to_nearest(c, op, i))
        return;
    struct product p = product_begin(c, op, i);
    struct stub *s = product_check(c, op, &p, FP_CONST(c, fma_least));
    struct stub *nan = addend_check(c, op, &p);
    x_op2(c, X86_MOVAPS_RM, 0, p.dst, p.args[0]);
    x_op3(c, X86_VFMADD231PS, p.dst, p.x[1], p.args[2]);
    vf_default_nans(c, p.dst, p.t, p.u);
    s->back = nan->back = c->a.p;
}

/* From 2^-51 on products are not below 2^-102. A product that is a NaN makes the sum one. */
static void product_sum(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form join)
{
    if (vf_to_nearest(c, op, i))
        return;
    struct product p = product_begin(c, op, i);
    struct stub *s = product_check(c, op, &p, FP_CONST(c, mla_least));
    x_op3(c, X86_MULPS, p.t, p.x[1], p.args[2]);
    x_op3(c, join, p.dst, p.x[0], x_opnd_xmm(p.t));
    vf_default_nans(c, p.dst, p.t, p.u);
    s->back = c->a.p;
}

void emit_vfmla(struct compiler *c, const struct ir_op *op, int32_t i)
{
    product_sum(c, op, i, X86_ADDPS);
}

void emit_vfmls(struct compiler *c, const struct ir_op *op, int32_t i)
{
    product_sum(c, op, i, X86_SUBPS);
}

/* The host gives the second operand where both are 0 or one is a NaN, and takes quiet NaNs as
 * invalid: these are the reference's. Both orders together have the right sign of 0. */
static void extreme(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn,
                    enum x86_form join)
{
    struct floats f = vf_begin(c, op, i, FP_CONST(c, normal_least));
    vf_compare(c, VF_UNORDERED, f.t, f.a, f.b);
    x_op2(c, X86_PTEST, 0, f.t, x_opnd_xmm(f.t));
    struct stub *nan = exact_if(c, op, CC_NE, f.dst, f.args);
    x_op3(c, insn, f.t, f.a, f.args[1]);
    x_op3(c, insn, f.dst, f.b, f.args[0]);
    x_op3(c, join, f.dst, f.dst, x_opnd_xmm(f.t));
    end(c, &f);
    nan->back = c->a.p;
}

void emit_vfmax(struct compiler *c, const struct ir_op *op, int32_t i)
{
    extreme(c, op, i, X86_MAXPS, X86_ANDPS);
}

void emit_vfmin(struct compiler *c, const struct ir_op *op, int32_t i)
{
    extreme(c, op, i, X86_MINPS, X86_ORPS);
}

void emit_vfcmpeq(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct floats f = vf_begin(c, op, i, FP_CONST(c, normal_least));
    vf_compare(c, VF_EQ, f.dst, f.a, f.b);
    end(c, &f);
}

/* a >= b is b <= a. */
void emit_vfcmpge(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct floats f = vf_begin(c, op, i, FP_CONST(c, normal_least));
    vf_compare(c, VF_LE, f.dst, f.b, f.a);
    end(c, &f);
}

void emit_vfcmpgt(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct floats f = vf_begin(c, op, i, FP_CONST(c, normal_least));
    vf_compare(c, VF_LT, f.dst, f.b, f.a);
    end(c, &f);
}

void emit_vfmaxnm(struct compiler *c, const struct ir_op *op, int32_t i)
{
    extreme(c, op, i, X86_MAXPS, X86_ANDPS);
}

void emit_vfminnm(struct compiler *c, const struct ir_op *op, int32_t i)
{
    extreme(c, op, i, X86_MINPS, X86_ORPS);
}

void emit_vrecpe(struct compiler *c, const struct ir_op *op, int32_t i)
{
    vf_by_reference(c, op, i);
}

void emit_vrsqrte(struct compiler *c, const struct ir_op *op, int32_t i)
{
    vf_by_reference(c, op, i);
}
