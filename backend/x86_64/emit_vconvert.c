/*
 * Vectors of floats: conversions, rounding to integral values, estimates of reciprocals and steps.
 * What the host's unit would do otherwise than the reference is left to that before. Behind such a
 * check no register may be allocated, since that may store another value.
 */
#include "backend/x86_64/vfloat.h"

static struct opnd mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

/* 2^n in all lanes. */
static struct opnd power(struct compiler *c, int n)
{
    assert(n >= VF_POWER_LEAST && n <= VF_POWER_MOST);
    return mem(x_mem(NO_REG, (int32_t)c->be->thunk.powers + 16 * (n - VF_POWER_LEAST)));
}

/* To the reference when a lane of @t is, unsigned, not below @limit. @u is changed. */
static struct stub *unless_below(struct compiler *c, const struct ir_op *op, const struct floats *f,
                                 unsigned t, struct opnd limit, unsigned u)
{
    x_op3(c, X86_PMAXUD, u, t, limit);
    x_op3(c, X86_PCMPEQD, u, u, x_opnd_xmm(t));
    x_op2(c, X86_PTEST, 0, u, x_opnd_xmm(u));
    return exact_if(c, op, CC_NE, f->dst, f->args);
}

static void multiply(struct compiler *c, unsigned dst, unsigned a, int n)
{
    if (n)
        x_op3(c, X86_MULPS, dst, a, power(c, n));
    else if (dst != a)
        x_op2(c, X86_MOVAPS_RM, 0, dst, x_opnd_xmm(a));
}

/* ---- rounding -------------------------------------------------------------------------------- */

enum { QUIET = 8 }; /* roundps: inexact is not noted */
enum { TO_ZERO = 3, TIE_AWAY = 4 }; /* enum fp_rounding; the others are the host's by: */
static const uint8_t host_rounding[] = {0, 2, 1, 3};

static void round_to(struct compiler *c, unsigned dst, unsigned a, unsigned how)
{
    x_op2(c, X86_ROUNDPS, 0, dst, x_opnd_xmm(a));
    x_u8(&c->a, how);
}

/* dst := @a, of magnitudes below 2^31, rounded to nearest, ties away: toward zero, and one more
 * where what is cut off, which is exact, is half or more. */
static void round_away(struct compiler *c, unsigned dst, unsigned a, unsigned quiet, unsigned t,
                       unsigned u)
{
    round_to(c, dst, a, 3 | quiet);
    x_op3(c, X86_SUBPS, t, a, x_opnd_xmm(dst));
    x_op3(c, X86_PAND, t, t, mem(FP_CONST(c, abs32)));
    x_op3(c, X86_PMAXUD, u, t, power(c, -1));
    x_op3(c, X86_PCMPEQD, t, t, x_opnd_xmm(u));
    x_op3(c, X86_PAND, t, t, power(c, 0));
    x_op3(c, X86_PAND, u, a, mem(FP_CONST(c, sign32)));
    x_op3(c, X86_POR, t, t, x_opnd_xmm(u));
    x_op3(c, X86_ADDPS, dst, dst, x_opnd_xmm(t));
    x_op3(c, X86_POR, dst, dst, x_opnd_xmm(u)); /* -0 */
}

void emit_vfrint(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned mode = (unsigned)op->imm / 2, quiet = op->imm & 1 ? 0 : QUIET;
    struct floats f = vf_begin(c, op, i, FP_CONST(c, normal_least));
    if (mode != TIE_AWAY) {
        round_to(c, f.dst, f.a, host_rounding[mode] | quiet);
        vf_default_nans(c, f.dst, f.t, f.u);
        f.stub->back = c->a.p;
        return;
    }
    x_op3(c, X86_PAND, f.t, f.a, mem(FP_CONST(c, abs32)));
    struct stub *large = unless_below(c, op, &f, f.t, power(c, 23), f.u);
    round_away(c, f.dst, f.a, quiet, f.t, f.u);
    f.stub->back = large->back = c->a.p;
}

/* ---- integers -------------------------------------------------------------------------------- */

/* Numbers of the lower half of the integers' range, positive if these are unsigned. */
static void to_integers(struct compiler *c, const struct ir_op *op, int32_t i, bool is_unsigned)
{
    unsigned mode = (unsigned)op->imm / 33, v;
    int fbits = (int)(op->imm % 33);
    unsigned scaled = xa_alloc(c);
    struct floats f = vf_begin(c, op, i, FP_CONST(c, normal_least));
    if (!is_unsigned)
        x_op3(c, X86_PAND, f.t, f.a, mem(FP_CONST(c, abs32)));
    struct stub *large =
        unless_below(c, op, &f, is_unsigned ? f.a : f.t, power(c, 31 - fbits), f.u);
    v = f.a;
    if (fbits)
        multiply(c, v = scaled, f.a, fbits);
    if (mode == TIE_AWAY)
        round_away(c, f.dst, v, 0, f.t, f.u);
    else if (mode != 3)
        round_to(c, f.dst, v, host_rounding[mode]);
    x_op2(c, X86_CVTTPS2DQ, 0, f.dst, x_opnd_xmm(mode == 3 ? v : f.dst));
    f.stub->back = large->back = c->a.p;
}

/* Toward zero, without fraction bits. */
static bool is_plain(const struct ir_op *op)
{
    return op->imm == 33 * TO_ZERO;
}

/* What does not fit becomes 0x80000000, and invalid alone, as it is to be: then the inverse, where
 * it is positive, and 0, where it is a NaN. */
void emit_vftos(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (!is_plain(op)) {
        to_integers(c, op, i, false);
        return;
    }
    struct floats f = vf_begin(c, op, i, FP_CONST(c, normal_least));
    x_op2(c, X86_MOVUPS_RM, 0, f.t, power(c, 31));
    vf_compare(c, VF_LE, f.t, f.t, f.a);
    x_op2(c, X86_CVTTPS2DQ, 0, f.dst, f.args[0]);
    x_op3(c, X86_PXOR, f.dst, f.dst, x_opnd_xmm(f.t));
    vf_compare(c, VF_UNORDERED, f.t, f.a, f.a);
    x_op3(c, X86_ANDNPS, f.t, f.t, x_opnd_xmm(f.dst));
    x_op2(c, X86_MOVAPS_RM, 0, f.dst, x_opnd_xmm(f.t));
    f.stub->back = c->a.p;
}

/* What does not fit is made a NaN first, so that it is invalid alone and 0, or ones where it is too
 * large; numbers of the upper half are reduced to the lower. @x is changed. */
static void saturate_unsigned(struct compiler *c, const struct floats *f, unsigned x)
{
    x_op2(c, X86_MOVUPS_RM, 0, f->u, power(c, 32));
    vf_compare(c, VF_LE, f->u, f->u, f->a);
    x_op2(c, X86_MOVUPS_RM, 0, f->t, mem(FP_CONST(c, minus1)));
    vf_compare(c, VF_LE, x, f->a, f->t);
    x_op3(c, X86_POR, x, x, f->args[0]);
    x_op3(c, X86_POR, x, x, x_opnd_xmm(f->u));
    x_op2(c, X86_MOVUPS_RM, 0, f->t, power(c, 31));
    vf_compare(c, VF_LE, f->t, f->t, x);
    x_op3(c, X86_PAND, f->dst, f->t, power(c, 31));
    x_op3(c, X86_SUBPS, x, x, x_opnd_xmm(f->dst));
    x_op2(c, X86_CVTTPS2DQ, 0, f->dst, x_opnd_xmm(x));
    x_vec_shift(c, X86_PSLLD, f->t, f->t, 31);
    x_op3(c, X86_PXOR, f->dst, f->dst, x_opnd_xmm(f->t));
    vf_compare(c, VF_UNORDERED, x, x, x);
    x_op3(c, X86_ANDNPS, x, x, x_opnd_xmm(f->dst));
    x_op3(c, X86_POR, f->dst, x, x_opnd_xmm(f->u));
}

void emit_vftou(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (!is_plain(op)) {
        to_integers(c, op, i, true);
        return;
    }
    unsigned x = xa_alloc(c);
    struct floats f = vf_begin(c, op, i, FP_CONST(c, normal_least));
    x_op3(c, X86_PMAXUD, f.u, f.a, power(c, 31));
    x_op3(c, X86_PCMPEQD, f.u, f.u, x_opnd_xmm(f.a));
    x_op2(c, X86_PTEST, 0, f.u, x_opnd_xmm(f.u));
    uint8_t *small = x_jcc(&c->a, CC_E);
    saturate_unsigned(c, &f, x);
    uint8_t *done = x_jmp(&c->a);
    x_patch_here(&c->a, small);
    x_op2(c, X86_CVTTPS2DQ, 0, f.dst, f.args[0]);
    x_patch_here(&c->a, done);
    f.stub->back = c->a.p;
}

/* Only the first step of a conversion from integers may be inexact. */
static bool always_nearest(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->imm < 33)
        return false;
    vf_by_reference(c, op, i);
    return true;
}

void emit_vstof(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (always_nearest(c, op, i))
        return;
    unsigned a = vf_argument(c, op->arg[0]), dst = xa_dest(c, i, NO_VALUE);
    x_op2(c, X86_CVTDQ2PS, 0, dst, x_opnd_xmm(a));
    multiply(c, dst, dst, -(int)op->imm);
}

/* The sum of both halves rounds. */
void emit_vutof(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (always_nearest(c, op, i))
        return;
    unsigned a = vf_argument(c, op->arg[0]), t = xa_alloc(c);
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_vec_shift(c, X86_PSRLD, dst, a, 16);
    x_op3(c, X86_PAND, t, a, mem(FP_CONST(c, even16)));
    x_op2(c, X86_CVTDQ2PS, 0, dst, x_opnd_xmm(dst));
    x_op2(c, X86_CVTDQ2PS, 0, t, x_opnd_xmm(t));
    multiply(c, dst, dst, 16);
    x_op3(c, X86_ADDPS, dst, dst, x_opnd_xmm(t));
    multiply(c, dst, dst, -(int)op->imm);
}

/* ---- f16 ------------------------------------------------------------------------------------- */

/* Numbers that are 0 or not tiny as f16, and no NaNs. */
void emit_vftoh(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (~c->be->features & (HOST_F16C | HOST_AVX)) {
        vf_by_reference(c, op, i);
        return;
    }
    struct floats f = vf_begin(c, op, i, FP_CONST(c, half_least));
    x_op3(c, X86_PAND, f.t, f.a, mem(FP_CONST(c, abs32)));
    struct stub *nan = unless_below(c, op, &f, f.t, mem(FP_CONST(c, nan_least)), f.u);
    x_vrr(&c->a, X86_VCVTPS2PH, 0, f.a, 0, f.dst);
    x_u8(&c->a, 0); /* to nearest */
    f.stub->back = nan->back = c->a.p;
}

void emit_vhtof(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (~c->be->features & (HOST_F16C | HOST_AVX)) {
        vf_by_reference(c, op, i);
        return;
    }
    unsigned a = xa_reg(c, op->arg[0]), t = xa_alloc(c), u = xa_alloc(c);
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_vrr(&c->a, X86_VCVTPH2PS, 0, dst, 0, a);
    vf_default_nans(c, dst, t, u);
}

/* ---- reciprocals ----------------------------------------------------------------------------- */

/* first - a * b, of numbers without infinity, which times 0 is invalid for the host. */
static void step(struct compiler *c, const struct ir_op *op, int32_t i, struct x86_mem first)
{
    struct floats f = vf_begin(c, op, i, FP_CONST(c, mla_least));
    x_op3(c, X86_PAND, f.t, f.a, mem(FP_CONST(c, abs32)));
    x_op3(c, X86_PAND, f.u, f.b, mem(FP_CONST(c, abs32)));
    x_op3(c, X86_PMAXUD, f.t, f.t, x_opnd_xmm(f.u));
    struct stub *infinite = unless_below(c, op, &f, f.t, mem(FP_CONST(c, infinity)), f.u);
    x_op3(c, X86_MULPS, f.t, f.a, f.args[1]);
    x_op2(c, X86_MOVUPS_RM, 0, f.dst, mem(first));
    x_op3(c, X86_SUBPS, f.dst, f.dst, x_opnd_xmm(f.t));
    if (op->opcode == IR_OP_vfrsqrts)
        multiply(c, f.dst, f.dst, -1);
    f.stub->back = infinite->back = c->a.p;
}

void emit_vfrecps(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (!vf_to_nearest(c, op, i))
        step(c, op, i, FP_CONST(c, two));
}

void emit_vfrsqrts(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (!vf_to_nearest(c, op, i))
        step(c, op, i, FP_CONST(c, three));
}

/* Fractions of estimates in the low 8 bits of dst's lanes: from the table, by the low 8 bits of
 * @t's, with register @r. */
static void look_up(struct compiler *c, const struct ir_op *op, unsigned dst, unsigned t,
                    uint32_t table, unsigned r)
{
    x_op3(c, X86_PXOR, dst, dst, x_opnd_xmm(dst));
    for (unsigned k = 0; k < (op->type == IR_V64 ? 2u : 4u); k++) {
        x_op2(c, X86_PEXTRB, 0, t, x_opnd_xmm(r));
        x_u8(&c->a, 4 * k);
        x_op3(c, X86_PINSRB, dst, dst, mem(x_mem((int)r, (int32_t)table)));
        x_u8(&c->a, 4 * k);
    }
}

/* An estimate of one argument, all of whose lanes count. */
static struct floats estimate(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct floats f = {.a = xa_reg(c, op->arg[0])};
    if (op->type == IR_V64) {
        unsigned twice = xa_alloc(c);
        x_op3(c, X86_PUNPCKLQDQ, twice, f.a, x_opnd_xmm(f.a));
        f.a = twice;
    }
    f.args[0] = x_opnd_xmm(f.a);
    f.t = xa_alloc(c);
    f.u = xa_alloc(c);
    f.dst = xa_dest(c, i, NO_VALUE);
    return f;
}

/* Of normal numbers whose reciprocals are: the exponent is 253 less the argument's. */
void emit_vfrecpe(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (vf_to_nearest(c, op, i))
        return;
    struct floats f = estimate(c, op, i);
    unsigned r = ra_alloc(c);
    x_op3(c, X86_PAND, f.t, f.a, mem(FP_CONST(c, abs32)));
    x_op3(c, X86_PSUBD, f.t, f.t, mem(FP_CONST(c, min_normal)));
    f.stub = unless_below(c, op, &f, f.t, mem(FP_CONST(c, recip_normals)), f.u);
    x_vec_shift(c, X86_PSRLD, f.t, f.a, 15);
    look_up(c, op, f.dst, f.t, c->be->thunk.recip, r);
    x_vec_shift(c, X86_PSLLD, f.dst, f.dst, 15);
    x_op3(c, X86_PAND, f.t, f.a, mem(FP_CONST(c, infinity)));
    x_op3(c, X86_PSUBD, f.dst, f.dst, x_opnd_xmm(f.t));
    x_op3(c, X86_PADDD, f.dst, f.dst, mem(FP_CONST(c, recip_exponent)));
    x_op3(c, X86_PAND, f.t, f.a, mem(FP_CONST(c, sign32)));
    x_op3(c, X86_POR, f.dst, f.dst, x_opnd_xmm(f.t));
    f.stub->back = c->a.p;
}

/* Of positive normal numbers: the exponent is half of 380 less the argument's. */
void emit_vfrsqrte(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct floats f = estimate(c, op, i);
    unsigned r = ra_alloc(c);
    x_op3(c, X86_PSUBD, f.t, f.a, mem(FP_CONST(c, min_normal)));
    f.stub = unless_below(c, op, &f, f.t, mem(FP_CONST(c, normals)), f.u);
    x_vec_shift(c, X86_PSRLD, f.t, f.a, 16);
    look_up(c, op, f.dst, f.t, c->be->thunk.rsqrt, r);
    x_vec_shift(c, X86_PSLLD, f.dst, f.dst, 15);
    x_op2(c, X86_MOVUPS_RM, 0, f.u, mem(FP_CONST(c, rsqrt_exponents)));
    x_vec_shift(c, X86_PSRLD, f.t, f.a, 23);
    x_op3(c, X86_PSUBD, f.u, f.u, x_opnd_xmm(f.t));
    x_vec_shift(c, X86_PSRLD, f.u, f.u, 1);
    x_vec_shift(c, X86_PSLLD, f.u, f.u, 23);
    x_op3(c, X86_POR, f.dst, f.dst, x_opnd_xmm(f.u));
    f.stub->back = c->a.p;
}
