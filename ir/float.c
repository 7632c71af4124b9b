#include "ir/float.h"

#include <assert.h>

#include "fp/fp.h"

static enum fp_rounding rounding_of(const struct fp_status *s, const struct ir_op *op)
{
    static const uint8_t rounding[] = {
        [IR_ROUND_ZERO] = FP_TOZERO, [IR_ROUND_NEAREST] = FP_TIEEVEN, [IR_ROUND_UP] = FP_POSINF,
        [IR_ROUND_DOWN] = FP_NEGINF, [IR_ROUND_AWAY] = FP_TIEAWAY};
    unsigned r = op->aux & IR_ROUND_MASK;
    return (enum fp_rounding)(r == IR_ROUND_ENV ? s->rounding : rounding[r]);
}

static uint64_t to_integer(struct fp_status *s, const struct ir_op *op, enum fp_size f, uint64_t a)
{
    bool is_unsigned = op->opcode == IR_OP_ftou;
    unsigned bits = op->imm & 64 ? 16 : 32;
    uint64_t v = fp_to_fixed(s, f, a, bits, op->imm & 63, is_unsigned, rounding_of(s, op));
    return bits == 16 && !is_unsigned ? (uint32_t)(int16_t)v : v;
}

static uint64_t from_integer(struct fp_status *s, const struct ir_op *op, enum fp_size f,
                             uint64_t a)
{
    bool is_unsigned = op->opcode == IR_OP_utof;
    enum fp_rounding r = op->aux & 1 ? FP_TIEEVEN : (enum fp_rounding)s->rounding;
    uint64_t v = is_unsigned ? (uint32_t)a : (uint64_t)(int32_t)a;
    return fp_from_fixed(s, f, v, (unsigned)op->imm, is_unsigned, r);
}

/* NZCV in bits 3..0 as a byte each, N the lowest. */
static uint64_t flag_bytes(unsigned nzcv)
{
    return (nzcv >> 3 & 1) | (nzcv >> 2 & 1) << 8 | (nzcv >> 1 & 1) << 16 | (nzcv & 1) << 24;
}

static uint64_t eval(struct fp_status *s, const struct ir_op *op, uint64_t a, uint64_t b,
                     uint64_t c)
{
    enum fp_size f = op->type == IR_F64 ? FP_64 : FP_32;
    switch (op->opcode) {
    case IR_OP_fadd: return fp_add(s, f, a, b);
    case IR_OP_fsub: return fp_sub(s, f, a, b);
    case IR_OP_fmul: return fp_mul(s, f, a, b);
    case IR_OP_fdiv: return fp_div(s, f, a, b);
    case IR_OP_fmuladd: return fp_muladd(s, f, a, b, c);
    case IR_OP_fsqrt: return fp_sqrt(s, f, a);
    case IR_OP_fneg: return fp_neg(f, a);
    case IR_OP_fabs: return fp_abs(f, a);
    case IR_OP_fcmp: return flag_bytes(fp_compare(s, f, a, b, op->aux & 1));
    case IR_OP_ftos:
    case IR_OP_ftou: return to_integer(s, op, f, a);
    case IR_OP_stof:
    case IR_OP_utof: return from_integer(s, op, f, a);
    case IR_OP_frint: return fp_round_int(s, f, a, rounding_of(s, op), op->imm);
    case IR_OP_fmaxnm: return fp_maxnum(s, f, a, b);
    case IR_OP_fminnm: return fp_minnum(s, f, a, b);
    case IR_OP_fwiden: return fp_convert(s, FP_64, FP_32, a);
    case IR_OP_fnarrow: return fp_convert(s, FP_32, FP_64, a);
    default: assert(!"a floating-point op"); return 0;
    }
}

uint64_t ir_float_eval(struct ir_env *env, const struct ir_op *op, uint64_t a, uint64_t b,
                       uint64_t c)
{
    struct fp_status s = {.rounding = env->fp_rounding,
                          .flush = op->aux & IR_FP_FLUSH,
                          .default_nan = op->aux & IR_FP_DEFAULT_NAN};
    uint64_t v = eval(&s, op, a, b, c);
    env->fp_flags |= s.flags;
    return v;
}
