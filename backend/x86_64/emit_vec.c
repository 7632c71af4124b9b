/* Vectors. The upper half of a v64 in a register is anything. */
#include "backend/x86_64/xmm.h"
#include "fp/fp.h"

static struct opnd mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

/* Rows of x86.def by element size follow each other. */
static enum x86_form sized(enum x86_form first, const struct ir_op *op)
{
    return (enum x86_form)(first + op->aux);
}

/* @dst := @a @insn @b, where without AVX @dst must be @a or fresh. */
static void binary(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn)
{
    int32_t va = op->arg[0], vb = op->arg[1];
    bool commutes = ir_op_info[op->opcode].effects & IR_EFF_COMM;
    if (commutes && (op_is_const(c, va) || (c->val[va].last != i && c->val[vb].last == i)) &&
        !op_is_const(c, vb)) {
        va = op->arg[1];
        vb = op->arg[0];
    }
    unsigned a = xa_reg(c, va);
    struct opnd b = op_is_const(c, vb) ? xa_opnd(c, vb) : x_opnd_xmm(xa_reg(c, vb));
    x_op3(c, insn, xa_dest(c, i, va), a, b);
}

#define BINARY(name, insn)                                                                         \
    void emit_##name(struct compiler *c, const struct ir_op *op, int32_t i)                        \
    {                                                                                              \
        binary(c, op, i, insn);                                                                    \
    }

BINARY(vand, X86_PAND)
BINARY(vor, X86_POR)
BINARY(vxor, X86_PXOR)
BINARY(vadd, sized(X86_PADDB, op))
BINARY(vsub, sized(X86_PSUBB, op))
BINARY(vmins, sized(X86_PMINSB, op))
BINARY(vmaxs, sized(X86_PMAXSB, op))
BINARY(vminu, sized(X86_PMINUB, op))
BINARY(vmaxu, sized(X86_PMAXUB, op))
BINARY(vcmpeq, sized(X86_PCMPEQB, op))
BINARY(vcmpgts, sized(X86_PCMPGTB, op))

/* The host complements its first operand. */
void emit_vandn(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]);
    x_op3(c, X86_PANDN, xa_dest(c, i, op->arg[1]), b, x_opnd_xmm(a));
}

/* dst := a shifted by @n. The VEX form has the destination where others have an operand. */
static void shift(struct compiler *c, enum x86_form insn, unsigned dst, unsigned a, unsigned n)
{
    if (c->be->features & HOST_AVX) {
        x_vrr(&c->a, insn, 0, x86_rows[insn].ext, dst, a);
    } else {
        if (dst != a)
            x_rr(&c->a, X86_MOVAPS_RM, 0, dst, a);
        x_r(&c->a, insn, 0, dst);
    }
    x_u8(&c->a, n);
}

static void shift_op(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form first)
{
    unsigned a = xa_reg(c, op->arg[0]);
    shift(c, (enum x86_form)(first + op->aux - 1), xa_dest(c, i, op->arg[0]), a, (unsigned)op->imm);
}

void emit_vshl(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift_op(c, op, i, X86_PSLLW);
}

void emit_vshru(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift_op(c, op, i, X86_PSRLW);
}

void emit_vshrs(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift_op(c, op, i, X86_PSRAW);
}

/* Of bytes: the products of the even ones, and of the odd ones. */
static void multiply_bytes(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]);
    unsigned t = xa_alloc(c), u = xa_alloc(c), dst = xa_dest(c, i, NO_VALUE);
    shift(c, X86_PSRLW, t, a, 8);
    shift(c, X86_PSRLW, u, b, 8);
    x_op3(c, X86_PMULLW, t, t, x_opnd_xmm(u));
    shift(c, X86_PSLLW, t, t, 8);
    x_op3(c, X86_PMULLW, dst, a, x_opnd_xmm(b));
    x_op3(c, X86_PAND, dst, dst, mem(FP_CONST(c, even8)));
    x_op3(c, X86_POR, dst, dst, x_opnd_xmm(t));
}

void emit_vmul(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->aux == 0)
        multiply_bytes(c, op, i);
    else
        binary(c, op, i, op->aux == 1 ? X86_PMULLW : X86_PMULLD);
}

/* Set FP_QC where @t, of which a v64 has the low half, is not 0. */
static void saturated_if(struct compiler *c, const struct ir_op *op, unsigned t)
{
    if (op->type == IR_V64)
        x_op2(c, X86_MOVQ_RM, 0, t, x_opnd_xmm(t));
    x_op2(c, X86_PTEST, 0, t, x_opnd_xmm(t));
    uint8_t *none = x_jcc(&c->a, CC_E);
    x_m(&c->a, X86_OR8_MI, 0, ENV(fp_flags));
    x_u8(&c->a, FP_QC);
    x_patch_here(&c->a, none);
}

/* Something saturated where the result is not that without saturation. */
static void saturating(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn,
                       enum x86_form wrapping)
{
    unsigned a = xa_reg(c, op->arg[0]);
    struct opnd b = x_opnd_xmm(xa_reg(c, op->arg[1]));
    unsigned dst = xa_dest(c, i, NO_VALUE), t = xa_alloc(c);
    x_op3(c, sized(insn, op), dst, a, b);
    x_op3(c, sized(wrapping, op), t, a, b);
    x_op3(c, X86_PXOR, t, t, x_opnd_xmm(dst));
    saturated_if(c, op, t);
}

void emit_vqadds(struct compiler *c, const struct ir_op *op, int32_t i)
{
    saturating(c, op, i, X86_PADDSB, X86_PADDB);
}

void emit_vqsubs(struct compiler *c, const struct ir_op *op, int32_t i)
{
    saturating(c, op, i, X86_PSUBSB, X86_PSUBB);
}

void emit_vqaddu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    saturating(c, op, i, X86_PADDUSB, X86_PADDB);
}

void emit_vqsubu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    saturating(c, op, i, X86_PSUBUSB, X86_PSUBB);
}

/* -2^15 is a result only of what is to be saturated: its own square. */
static void saturate_square(struct compiler *c, const struct ir_op *op, unsigned dst, unsigned t)
{
    x_op3(c, X86_PCMPEQW, t, dst, mem(FP_CONST(c, top16)));
    x_op3(c, X86_PXOR, dst, dst, x_opnd_xmm(t));
    saturated_if(c, op, t);
}

void emit_vqdmulh(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), t = xa_alloc(c);
    struct opnd b = x_opnd_xmm(xa_reg(c, op->arg[1]));
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_PMULHW, dst, a, b);
    x_op3(c, X86_PMULLW, t, a, b);
    shift(c, X86_PSLLW, dst, dst, 1);
    shift(c, X86_PSRLW, t, t, 15);
    x_op3(c, X86_POR, dst, dst, x_opnd_xmm(t));
    saturate_square(c, op, dst, t);
}

void emit_vqrdmulh(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), t = xa_alloc(c);
    struct opnd b = x_opnd_xmm(xa_reg(c, op->arg[1]));
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_PMULHRSW, dst, a, b);
    saturate_square(c, op, dst, t);
}

/* The host multiplies the even elements. */
static void multiply_long(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]), t = xa_alloc(c);
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op2(c, X86_PSHUFD, 0, dst, x_opnd_xmm(a));
    x_u8(&c->a, 0x10);
    x_op2(c, X86_PSHUFD, 0, t, x_opnd_xmm(b));
    x_u8(&c->a, 0x10);
    x_op3(c, insn, dst, dst, x_opnd_xmm(t));
}

void emit_vmulls(struct compiler *c, const struct ir_op *op, int32_t i)
{
    multiply_long(c, op, i, X86_PMULDQ);
}

void emit_vmullu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    multiply_long(c, op, i, X86_PMULUDQ);
}

/* ---- other widths -------------------------------------------------------------------------------- */

static void widen(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form first)
{
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    x_op2(c, sized(first, op), 0, xa_dest(c, i, op->arg[0]), a);
}

void emit_vwidens(struct compiler *c, const struct ir_op *op, int32_t i)
{
    widen(c, op, i, X86_PMOVSXBW);
}

void emit_vwidenu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    widen(c, op, i, X86_PMOVZXBW);
}

/* Without their high halves elements are packed without saturation. */
void emit_vnarrow(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), dst = xa_dest(c, i, op->arg[0]);
    if (op->aux == 3) {
        x_op2(c, X86_PSHUFD, 0, dst, x_opnd_xmm(a));
        x_u8(&c->a, 0x08);
        return;
    }
    struct x86_mem low = op->aux == 1 ? FP_CONST(c, even8) : FP_CONST(c, even16);
    x_op3(c, X86_PAND, dst, a, mem(low));
    x_op3(c, op->aux == 1 ? X86_PACKUSWB : X86_PACKUSDW, dst, dst, x_opnd_xmm(dst));
}

/* dst := a packed by @pack; something saturated where that widened again is not @a. */
static void narrow_saturating(struct compiler *c, const struct ir_op *op, unsigned dst, unsigned a,
                              unsigned packed, enum x86_form pack, enum x86_form widen_first)
{
    unsigned t = xa_alloc(c);
    x_op3(c, pack, dst, packed, x_opnd_xmm(packed));
    x_op2(c, (enum x86_form)(widen_first + op->aux - 1), 0, t, x_opnd_xmm(dst));
    x_op3(c, X86_PXOR, t, t, x_opnd_xmm(a));
    x_op2(c, X86_PTEST, 0, t, x_opnd_xmm(t));
    uint8_t *none = x_jcc(&c->a, CC_E);
    x_m(&c->a, X86_OR8_MI, 0, ENV(fp_flags));
    x_u8(&c->a, FP_QC);
    x_patch_here(&c->a, none);
}

void emit_vqnarrows(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), dst = xa_dest(c, i, NO_VALUE);
    narrow_saturating(c, op, dst, a, a, op->aux == 1 ? X86_PACKSSWB : X86_PACKSSDW, X86_PMOVSXBW);
}

void emit_vqnarrowsu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), dst = xa_dest(c, i, NO_VALUE);
    narrow_saturating(c, op, dst, a, a, op->aux == 1 ? X86_PACKUSWB : X86_PACKUSDW, X86_PMOVZXBW);
}

/* The host packs signed elements: these are cut first. */
void emit_vqnarrowu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), dst = xa_dest(c, i, NO_VALUE), t = xa_alloc(c);
    struct x86_mem most = op->aux == 1 ? FP_CONST(c, even8) : FP_CONST(c, even16);
    x_op3(c, op->aux == 1 ? X86_PMINUW : X86_PMINUD, t, a, mem(most));
    narrow_saturating(c, op, dst, a, t, op->aux == 1 ? X86_PACKUSWB : X86_PACKUSDW, X86_PMOVZXBW);
}

void emit_vdup(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    unsigned x = ra_reg(c, op->arg[0]), dst = xa_dest(c, i, NO_VALUE);
    struct opnd d = x_opnd_xmm(dst);
    x_op2(c, X86_MOVD_RM, 0, dst, x_opnd_xmm(x));
    if (op->aux == 0)
        x_op3(c, X86_PUNPCKLBW, dst, dst, d);
    if (op->aux <= 1) {
        x_op2(c, X86_PSHUFLW, 0, dst, d);
        x_u8(a, 0);
    }
    x_op2(c, X86_PSHUFD, 0, dst, d);
    x_u8(a, 0);
}

/* ---- floats --------------------------------------------------------------------------------------
 * Arguments that are 0 or not below a least magnitude are no denormals and have no results that are
 * tiny: sums, when it is 2^-102; products, when it is 2^-62. All others are left to the reference
 * before the host's unit sees them: it would gather other exceptions. Then NaNs alone differ. */

/* t := magnitudes of @a less one: 0 becomes the greatest unsigned number. */
static void magnitudes(struct compiler *c, unsigned t, unsigned a)
{
    x_op3(c, X86_PAND, t, a, mem(FP_CONST(c, abs32)));
    x_op3(c, X86_PADDD, t, t, mem(FP_CONST(c, ones)));
}

/* A v64's upper half must not take part. */
static unsigned float_argument(struct compiler *c, const struct ir_op *op, int32_t v)
{
    unsigned a = xa_reg(c, v);
    if (op->type == IR_V128)
        return a;
    unsigned t = xa_alloc(c);
    x_op2(c, X86_MOVQ_RM, 0, t, x_opnd_xmm(a));
    return t;
}

/* Predicates of cmpps; the second and third take quiet NaNs as invalid. */
enum compare { CMP_EQ, CMP_LT, CMP_LE, CMP_UNORDERED };

static void compare(struct compiler *c, enum compare predicate, unsigned dst, unsigned a, unsigned b)
{
    x_op3(c, X86_CMPPS, dst, a, x_opnd_xmm(b));
    x_u8(&c->a, predicate);
}

static void default_nans(struct compiler *c, unsigned dst, unsigned t, unsigned u)
{
    compare(c, CMP_UNORDERED, t, dst, dst);
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

/* Before the operation: to the reference unless all arguments are 0 or have the magnitude. @t and @u
 * are changed. */
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

/* An op on floats being emitted: its arguments and registers. */
struct floats {
    struct opnd args[3];
    unsigned a, b, dst, t, u;
    struct stub *stub;
};

static struct floats begin(struct compiler *c, const struct ir_op *op, int32_t i,
                           struct x86_mem least)
{
    unsigned count = ir_op_info[op->opcode].nargs;
    struct floats f;
    f.a = f.b = float_argument(c, op, op->arg[0]);
    if (count > 1 && op->arg[1] != op->arg[0])
        f.b = float_argument(c, op, op->arg[1]);
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
    struct floats f = begin(c, op, i, least);
    x_op3(c, insn, f.dst, f.a, f.args[1]);
    default_nans(c, f.dst, f.t, f.u);
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
        p.args[k] = x_opnd_xmm(p.x[k] = float_argument(c, op, op->arg[k]));
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

/* With all magnitudes from 2^-40 on, sum and product are multiples of 2^-126. */
void emit_vfmuladd(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct product p = product_begin(c, op, i);
    if (~c->be->features & (HOST_FMA | HOST_AVX)) {
        exact_always(c, op, p.dst, p.args);
        return;
    }
    struct stub *s = product_check(c, op, &p, FP_CONST(c, fma_least));
    x_op2(c, X86_MOVAPS_RM, 0, p.dst, p.args[0]);
    x_op3(c, X86_VFMADD231PS, p.dst, p.x[1], p.args[2]);
    default_nans(c, p.dst, p.t, p.u);
    s->back = c->a.p;
}

/* From 2^-51 on products are not below 2^-102. A product that is a NaN makes the sum one. */
static void product_sum(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form join)
{
    struct product p = product_begin(c, op, i);
    struct stub *s = product_check(c, op, &p, FP_CONST(c, mla_least));
    x_op3(c, X86_MULPS, p.t, p.x[1], p.args[2]);
    x_op3(c, join, p.dst, p.x[0], x_opnd_xmm(p.t));
    default_nans(c, p.dst, p.t, p.u);
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
    struct floats f = begin(c, op, i, FP_CONST(c, normal_least));
    compare(c, CMP_UNORDERED, f.t, f.a, f.b);
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
    struct floats f = begin(c, op, i, FP_CONST(c, normal_least));
    compare(c, CMP_EQ, f.dst, f.a, f.b);
    end(c, &f);
}

/* a >= b is b <= a. */
void emit_vfcmpge(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct floats f = begin(c, op, i, FP_CONST(c, normal_least));
    compare(c, CMP_LE, f.dst, f.b, f.a);
    end(c, &f);
}

void emit_vfcmpgt(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct floats f = begin(c, op, i, FP_CONST(c, normal_least));
    compare(c, CMP_LT, f.dst, f.b, f.a);
    end(c, &f);
}

/* What does not fit is 0x80000000 and invalid, in which the reference agrees. */
void emit_vftos(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct floats f = begin(c, op, i, FP_CONST(c, normal_least));
    x_op2(c, X86_CVTTPS2DQ, 0, f.dst, f.args[0]);
    x_op3(c, X86_PCMPEQD, f.t, f.dst, mem(FP_CONST(c, sign32)));
    x_op2(c, X86_PTEST, 0, f.t, x_opnd_xmm(f.t));
    struct stub *s = exact_if(c, op, CC_NE, f.dst, f.args);
    end(c, &f);
    s->back = c->a.p;
}

void emit_vstof(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd a = x_opnd_xmm(float_argument(c, op, op->arg[0]));
    x_op2(c, X86_CVTDQ2PS, 0, xa_dest(c, i, NO_VALUE), a);
}
