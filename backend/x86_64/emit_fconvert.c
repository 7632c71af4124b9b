/*
 * Floating-point scalars: conversions, rounding to integral values, VMAXNM's maximum. What the host
 * would do otherwise than the reference is left to that, before the host's unit notes exceptions if
 * it would note others.
 */
#include "backend/x86_64/sfloat.h"

static struct opnd mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

static unsigned rounding_of(const struct ir_op *op)
{
    return op->aux & IR_ROUND_MASK;
}

/* 2^n in memory; false: there is no room for it. */
static bool power(struct compiler *c, bool wide, int n, struct opnd *o)
{
    uint64_t bits = wide ? (uint64_t)(1023 + n) << 52 : (uint64_t)(127 + n) << 23;
    struct x86_mem m;
    if (!xa_const_mem(c, bits, 0, &m))
        return false;
    *o = mem(m);
    return true;
}

/* roundss, roundsd: by enum ir_round, the mode of the unit for IR_ROUND_ENV. */
enum { QUIET = 8 };
static void round_to(struct compiler *c, bool wide, unsigned dst, unsigned a, unsigned round,
                     unsigned quiet)
{
    static const uint8_t how[] = {[IR_ROUND_ZERO] = 3, [IR_ROUND_ENV] = 4, [IR_ROUND_NEAREST] = 0,
                                  [IR_ROUND_UP] = 2, [IR_ROUND_DOWN] = 1};
    x_op3(c, wide ? X86_ROUNDSD : X86_ROUNDSS, dst, a, x_opnd_xmm(a));
    x_u8(&c->a, how[round] | quiet);
}

/* ---- to integers ----------------------------------------------------------------------------- */

static enum x86_form to_integer(const struct ir_op *op, bool truncate)
{
    if (truncate)
        return sf_is_double(op) ? X86_CVTTSD2SI : X86_CVTTSS2SI;
    return sf_is_double(op) ? X86_CVTSD2SI : X86_CVTSS2SI;
}

/* As int32_t, toward zero or by the unit's mode. What does not fit is 0x80000000 and invalid alone,
 * as it is to be; a number that is positive, and a NaN, become another one out of line. */
static void to_int32(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct sf_flush f = sf_flush_begin(c, op);
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    unsigned dst = ra_dest(c, i, NO_VALUE);
    sf_flush_check(c, op, &f, dst, &a, 0, sf_is_double(op), LEAST_NORMAL);
    x_op2(c, to_integer(op, rounding_of(op) == IR_ROUND_ZERO), 0, dst, a);
    x_alu_ri(&c->a, ALU_CMP, 0, dst, 1);
    struct stub *s = exact_if(c, op, CC_O, dst, &a);
    s->reg = EXACT_SIGNED;
    s->back = c->a.p;
    sf_flush_end(c, &f);
}

/* A conversion in general: of @a by way of @t, with a scale and a limit. */
struct conversion {
    bool wide, is_unsigned;
    unsigned a, t, u, dst;
    struct opnd scale, limit;
};

/* To the reference unless the argument has a magnitude below the limit and, when unsigned, is not
 * negative. */
static void check_range(struct compiler *c, const struct ir_op *op, const struct conversion *v,
                        const struct opnd *args, struct sf_flush *f)
{
    unsigned x = v->is_unsigned ? v->a : v->t;
    if (!v->is_unsigned)
        x_op3(c, X86_ANDPS, v->t, v->a, mem(v->wide ? FP_CONST(c, abs64) : FP_CONST(c, abs32)));
    x_op2(c, v->wide ? X86_MOVSD_RM : X86_MOVSS_RM, 0, v->u, v->limit);
    sf_compare(c, v->wide, v->u, x_opnd_xmm(x));
    f->stubs[f->count++] = exact_if(c, op, CC_BE, v->dst, args);
    if (v->is_unsigned) {
        sf_compare(c, v->wide, v->a, mem(FP_CONST(c, zero)));
        f->stubs[f->count++] = exact_if(c, op, CC_B, v->dst, args);
    }
}

static void to_integer_limited(struct compiler *c, const struct ir_op *op, int32_t i)
{
    int fbits = (int)op->imm & 63, bits = op->imm & 64 ? 16 : 32;
    unsigned round = rounding_of(op);
    struct conversion v = {.wide = sf_is_double(op), .is_unsigned = op->opcode == IR_OP_ftou};
    bool exact = round == IR_ROUND_AWAY || !power(c, v.wide, fbits, &v.scale) ||
                 !power(c, v.wide, bits - fbits - !v.is_unsigned - (round != IR_ROUND_ZERO),
                        &v.limit);
    struct sf_flush f = sf_flush_begin(c, op);
    v.a = xa_reg(c, op->arg[0]);
    v.t = xa_alloc(c);
    v.u = xa_alloc(c);
    v.dst = ra_dest(c, i, NO_VALUE);
    struct opnd args = x_opnd_xmm(v.a);
    if (exact) {
        exact_always(c, op, v.dst, &args);
        return;
    }
    sf_flush_check(c, op, &f, v.dst, &args, 0, v.wide, LEAST_NORMAL);
    check_range(c, op, &v, &args, &f);
    unsigned x = v.a;
    if (fbits)
        x_op3(c, v.wide ? X86_MULSD : X86_MULSS, x = v.t, v.a, v.scale);
    if (round != IR_ROUND_ZERO && round != IR_ROUND_ENV) {
        round_to(c, v.wide, v.t, x, round, 0);
        x = v.t;
    }
    x_op2(c, to_integer(op, round != IR_ROUND_ENV), v.is_unsigned, v.dst, x_opnd_xmm(x));
    sf_flush_end(c, &f);
}

void emit_ftos(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->imm == 0 && rounding_of(op) <= IR_ROUND_ENV)
        to_int32(c, op, i);
    else
        to_integer_limited(c, op, i);
}

/* By way of 64 bits; what is out of range must not get as far as the instruction, which would not
 * find it invalid. */
void emit_ftou(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->imm || rounding_of(op) != IR_ROUND_ZERO) {
        to_integer_limited(c, op, i);
        return;
    }
    bool wide = sf_is_double(op);
    struct sf_flush f = sf_flush_begin(c, op);
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    unsigned dst = ra_dest(c, i, NO_VALUE);
    sf_flush_check(c, op, &f, dst, &a, 0, wide, LEAST_NORMAL);
    sf_compare(c, wide, (unsigned)a.reg, mem(wide ? FP_CONST(c, two32_64) : FP_CONST(c, two32_32)));
    uint8_t *large = x_jcc(&c->a, CC_AE);
    sf_compare(c, wide, (unsigned)a.reg,
               mem(wide ? FP_CONST(c, minus1_64) : FP_CONST(c, minus1_32)));
    struct stub *s = exact_if(c, op, CC_BE, dst, &a);
    s->from2 = large;
    s->reg = EXACT_UNSIGNED;
    x_op2(c, to_integer(op, true), 1, dst, a);
    s->back = c->a.p;
    sf_flush_end(c, &f);
}

/* ---- from integers --------------------------------------------------------------------------- */

/* The register's other bits do not matter, but what it waits for does. Doubles of 32 bits are
 * exact, floats rounded by the unit's mode; the scale changes no more than the exponent. */
static void from_integer(struct compiler *c, const struct ir_op *op, int32_t i, unsigned w)
{
    bool wide = sf_is_double(op);
    struct opnd scale, args[3] = {x_opnd_xmm(ra_reg(c, op->arg[0]))};
    enum x86_form insn = wide ? X86_CVTSI2SD : X86_CVTSI2SS;
    unsigned from = (unsigned)args[0].reg, dst = xa_dest(c, i, NO_VALUE);
    if ((op->imm && !power(c, wide, -(int)op->imm, &scale)) || ((op->aux & 1) && !wide)) {
        exact_always(c, op, dst, args);
        return;
    }
    x_op3(c, X86_XORPS, dst, dst, x_opnd_xmm(dst));
    if (c->be->features & HOST_AVX)
        x_vrr(&c->a, insn, w, dst, dst, from);
    else
        x_rr(&c->a, insn, w, dst, from);
    if (op->imm)
        x_op3(c, wide ? X86_MULSD : X86_MULSS, dst, dst, scale);
}

void emit_stof(struct compiler *c, const struct ir_op *op, int32_t i)
{
    from_integer(c, op, i, 0);
}

/* A register holds an i32 zero extended. */
void emit_utof(struct compiler *c, const struct ir_op *op, int32_t i)
{
    from_integer(c, op, i, 1);
}

/* ---- formats --------------------------------------------------------------------------------- */

/* Exact; NaNs keep their payloads as the reference has it, unless they become the default one. */
void emit_fwiden(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct sf_flush f = sf_flush_begin(c, op);
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    bool modes = op->aux & IR_FP_MODES;
    unsigned dst = xa_dest(c, i, modes ? NO_VALUE : op->arg[0]);
    sf_flush_check(c, op, &f, dst, &a, 0, false, LEAST_NORMAL);
    x_op3(c, X86_CVTSS2SD, dst, (unsigned)a.reg, a);
    if (op->aux & IR_FP_DEFAULT_NAN)
        sf_check_nan(c, op, true, dst, &a);
    sf_flush_end(c, &f);
}

void emit_fnarrow(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct sf_flush f = sf_flush_begin(c, op);
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    unsigned dst = xa_dest(c, i, NO_VALUE);
    sf_flush_check(c, op, &f, dst, &a, 0, true, LEAST_NORMAL32);
    x_op3(c, X86_CVTSD2SS, dst, (unsigned)a.reg, a);
    if (f.on)
        sf_check_nan(c, op, false, dst, &a);
    else
        sf_check_tiny(c, op, false, dst, &a);
    sf_flush_end(c, &f);
}

/* ---- ARMv8's additions ----------------------------------------------------------------------- */

void emit_frint(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bool wide = sf_is_double(op);
    struct sf_flush f = sf_flush_begin(c, op);
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    unsigned dst = xa_dest(c, i, NO_VALUE);
    if (rounding_of(op) == IR_ROUND_AWAY) {
        exact_always(c, op, dst, &a);
        return;
    }
    sf_flush_check(c, op, &f, dst, &a, 0, wide, LEAST_NORMAL);
    round_to(c, wide, dst, (unsigned)a.reg, rounding_of(op), op->imm ? 0 : QUIET);
    sf_check_nan(c, op, wide, dst, &a);
    sf_flush_end(c, &f);
}

/* The host gives the second operand where both are 0 or one is a NaN, and takes quiet NaNs as
 * invalid: these are the reference's. Both orders together have the right sign of 0. */
static void extreme(struct compiler *c, const struct ir_op *op, int32_t i,
                    const enum x86_form insn[2], enum x86_form join)
{
    bool wide = sf_is_double(op);
    struct sf_flush f = sf_flush_begin(c, op);
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]), t = xa_alloc(c);
    struct opnd args[2] = {x_opnd_xmm(a), x_opnd_xmm(b)};
    unsigned dst = xa_dest(c, i, NO_VALUE);
    for (unsigned k = 0; k < 2; k++)
        sf_flush_check(c, op, &f, dst, args, k, wide, LEAST_NORMAL);
    sf_compare(c, wide, a, args[1]);
    struct stub *nan = exact_if(c, op, CC_P, dst, args);
    x_op3(c, insn[wide], t, a, args[1]);
    x_op3(c, insn[wide], dst, b, args[0]);
    x_op3(c, join, dst, dst, x_opnd_xmm(t));
    nan->back = c->a.p;
    sf_flush_end(c, &f);
}

void emit_fmaxnm(struct compiler *c, const struct ir_op *op, int32_t i)
{
    static const enum x86_form insn[2] = {X86_MAXSS, X86_MAXSD};
    extreme(c, op, i, insn, X86_ANDPS);
}

void emit_fminnm(struct compiler *c, const struct ir_op *op, int32_t i)
{
    static const enum x86_form insn[2] = {X86_MINSS, X86_MINSD};
    extreme(c, op, i, insn, X86_ORPS);
}
