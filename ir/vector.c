#include "ir/vector.h"

#include <assert.h>

#include "fp/fp.h"
#include "ir/crypto.h"
#include "util/bits.h"

/* One element: its width, and what it adds to env->fp_flags. */
struct element {
    const struct ir_op *op;
    struct fp_status fp;
    unsigned bits;
};

static uint64_t mask(unsigned bits)
{
    return ~0ull >> (64 - bits);
}

static int64_t sign_extend(uint64_t v, unsigned bits)
{
    return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static uint64_t get(const struct ir_vector *v, unsigned i, unsigned bits)
{
    unsigned at = i * bits;
    return v->half[at / 64] >> at % 64 & mask(bits);
}

static void put(struct ir_vector *v, unsigned i, unsigned bits, uint64_t x)
{
    unsigned at = i * bits;
    v->half[at / 64] |= (x & mask(bits)) << at % 64;
}

static uint64_t saturate(struct element *e, int64_t v, int64_t min, int64_t max)
{
    if (v >= min && v <= max)
        return (uint64_t)v;
    e->fp.flags |= FP_QC;
    return (uint64_t)(v < min ? min : max);
}

static uint64_t saturate_signed(struct element *e, int64_t v)
{
    int64_t max = (int64_t)(mask(e->bits) >> 1);
    return saturate(e, v, -max - 1, max);
}

static uint64_t saturate_unsigned(struct element *e, int64_t v)
{
    return saturate(e, v, 0, (int64_t)mask(e->bits));
}

/* @v as an element of half the width. */
static uint64_t saturate_half(struct element *e, int64_t v, bool to_signed)
{
    int64_t max = (int64_t)(mask(e->bits / 2) >> to_signed);
    return saturate(e, v, to_signed ? -max - 1 : 0, max);
}

/* 2 * x * y, with half of the result's lowest bit when @round, cut to the high half. */
static uint64_t high_of_double(struct element *e, int64_t x, int64_t y, bool round)
{
    int64_t least = -(int64_t)(mask(e->bits) >> 1) - 1;
    if (x == least && y == least)
        return saturate_signed(e, -least);
    int64_t product = 2 * x * y + (round ? (int64_t)BIT64(e->bits - 1) : 0);
    return saturate_signed(e, product >> e->bits);
}

/* By the signed lowest byte of @by. */
static uint64_t shift_by(const struct element *e, int64_t x, uint64_t by)
{
    int n = (int8_t)by;
    if (n < 0)
        return (uint64_t)(-n < 64 ? x >> -n : x < 0 ? -1 : 0);
    return n < (int)e->bits ? (uint64_t)x << n : 0;
}

/* Of 64 bits, unsigned. */
static uint64_t shift_unsigned(const struct element *e, uint64_t a, uint64_t by)
{
    int n = (int8_t)by;
    if (n < 0)
        return -n < 64 ? a >> -n : 0;
    return n < (int)e->bits ? a << n : 0;
}

static uint64_t blend(uint64_t a, uint64_t b, uint64_t by)
{
    return by >> 7 ? a : b;
}

static uint64_t note_saturation(struct element *e, uint64_t a)
{
    e->fp.flags |= a ? FP_QC : 0;
    return 0;
}

static uint64_t ones_if(bool holds)
{
    return holds ? ~0ull : 0;
}

/* To and from integers, with imm as ops.def says. */
static uint64_t convert(struct element *e, uint64_t a)
{
    unsigned imm = (unsigned)e->op->imm, fbits = imm % 33, mode = imm / 33;
    bool is_unsigned = e->op->opcode == IR_OP_vftou || e->op->opcode == IR_OP_vutof;
    if (e->op->opcode == IR_OP_vftos || e->op->opcode == IR_OP_vftou)
        return fp_to_fixed(&e->fp, FP_32, a, 32, fbits, is_unsigned, (enum fp_rounding)mode);
    enum fp_rounding rounding = mode ? FP_TIEEVEN : (enum fp_rounding)e->fp.rounding;
    return fp_from_fixed(&e->fp, FP_32, is_unsigned ? a : (uint64_t)(int32_t)a, fbits, is_unsigned,
                         rounding);
}

/* Of f32 elements, always with the modes of the environment. */
static uint64_t compute_special(struct element *e, uint64_t a, uint64_t b)
{
    struct fp_status *s = &e->fp;
    unsigned imm = (unsigned)e->op->imm;
    switch (e->op->opcode) {
    case IR_OP_vfmax: return fp_max(s, FP_32, a, b);
    case IR_OP_vfmin: return fp_min(s, FP_32, a, b);
    case IR_OP_vfmaxnm: return fp_maxnum(s, FP_32, a, b);
    case IR_OP_vfminnm: return fp_minnum(s, FP_32, a, b);
    case IR_OP_vfcmpeq: return ones_if(fp_compare_eq(s, FP_32, a, b));
    case IR_OP_vfcmpge: return ones_if(fp_compare_ge(s, FP_32, a, b));
    case IR_OP_vfcmpgt: return ones_if(fp_compare_gt(s, FP_32, a, b));
    case IR_OP_vfrsqrte: return fp_rsqrt_estimate(s, FP_32, a);
    case IR_OP_vrecpe: return fp_recip_estimate_u32((uint32_t)a);
    case IR_OP_vrsqrte: return fp_rsqrt_estimate_u32((uint32_t)a);
    case IR_OP_vfrint: return fp_round_int(s, FP_32, a, (enum fp_rounding)(imm / 2), imm & 1);
    case IR_OP_vftoh: return fp_convert(s, FP_16, FP_32, a);
    case IR_OP_vhtof: return fp_convert(s, FP_32, FP_16, a);
    default: return convert(e, a);
    }
}

/* Of f32 elements; what rounds to nearest when imm is 1. */
static uint64_t compute_float(struct element *e, uint64_t a, uint64_t b, uint64_t c)
{
    struct fp_status *s = &e->fp;
    uint8_t rounding = s->rounding;
    if (e->op->opcode == IR_OP_vftoh || (e->op->imm && ir_vector_imms(e->op) == 2))
        s->rounding = FP_TIEEVEN;
    uint64_t r;
    switch (e->op->opcode) {
    case IR_OP_vfadd: r = fp_add(s, FP_32, a, b); break;
    case IR_OP_vfsub: r = fp_sub(s, FP_32, a, b); break;
    case IR_OP_vfmul: r = fp_mul(s, FP_32, a, b); break;
    case IR_OP_vfmuladd: r = fp_muladd(s, FP_32, a, b, c); break;
    case IR_OP_vfmla: r = fp_add(s, FP_32, a, fp_mul(s, FP_32, b, c)); break;
    case IR_OP_vfmls: r = fp_sub(s, FP_32, a, fp_mul(s, FP_32, b, c)); break;
    case IR_OP_vfrecps: r = fp_recip_step(s, FP_32, a, b); break;
    case IR_OP_vfrsqrts: r = fp_rsqrt_step(s, FP_32, a, b); break;
    case IR_OP_vfrecpe: r = fp_recip_estimate(s, FP_32, a); break;
    default: r = compute_special(e, a, b); break;
    }
    s->rounding = rounding;
    return r;
}

/* Of zero extended elements. */
static uint64_t compute(struct element *e, uint64_t a, uint64_t b, uint64_t c)
{
    int64_t x = sign_extend(a, e->bits), y = sign_extend(b, e->bits);
    switch (e->op->opcode) {
    case IR_OP_vand: return a & b;
    case IR_OP_vor: return a | b;
    case IR_OP_vxor: return a ^ b;
    case IR_OP_vandn: return a & ~b;
    case IR_OP_vadd: return a + b;
    case IR_OP_vsub: return a - b;
    case IR_OP_vmul: return a * b;
    case IR_OP_vmins: return x < y ? a : b;
    case IR_OP_vmaxs: return x > y ? a : b;
    case IR_OP_vminu: return a < b ? a : b;
    case IR_OP_vmaxu: return a > b ? a : b;
    case IR_OP_vcmpeq: return a == b ? ~0ull : 0;
    case IR_OP_vcmpgts: return x > y ? ~0ull : 0;
    case IR_OP_vshl: return a << e->op->imm;
    case IR_OP_vshru: return a >> e->op->imm;
    case IR_OP_vshrs: return (uint64_t)(x >> e->op->imm);
    case IR_OP_vqadds: return saturate_signed(e, x + y);
    case IR_OP_vqsubs: return saturate_signed(e, x - y);
    case IR_OP_vqaddu: return saturate_unsigned(e, (int64_t)(a + b));
    case IR_OP_vqsubu: return saturate_unsigned(e, (int64_t)(a - b));
    case IR_OP_vwidens: return (uint64_t)x;
    case IR_OP_vwidenu: case IR_OP_vnarrow: return a;
    case IR_OP_vqdmulh: return high_of_double(e, x, y, false);
    case IR_OP_vqrdmulh: return high_of_double(e, x, y, true);
    case IR_OP_vmulls: return (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
    case IR_OP_vmullu: return (uint64_t)(uint32_t)a * (uint32_t)b;
    case IR_OP_vblend: return blend(a, b, c);
    case IR_OP_vqc: return note_saturation(e, a);
    case IR_OP_vshlvs: return shift_by(e, x, b);
    case IR_OP_vshlvu: return shift_unsigned(e, a, b);
    case IR_OP_vqnarrows: return saturate_half(e, x, true);
    case IR_OP_vqnarrowu: return saturate_half(e, (int64_t)a, false);
    case IR_OP_vqnarrowsu: return saturate_half(e, x, false);
    default: return compute_float(e, a, b, c);
    }
}

static bool narrows(unsigned opcode)
{
    return opcode == IR_OP_vnarrow || opcode == IR_OP_vqnarrows || opcode == IR_OP_vqnarrowu ||
           opcode == IR_OP_vqnarrowsu || opcode == IR_OP_vftoh;
}

/* Ops that move elements. */
static bool rearrange(const struct ir_op *op, const struct ir_vector v[3], struct ir_vector *r)
{
    unsigned bits = 8u << op->aux, bytes = ir_type_bytes(op->type), n = 8 * bytes / bits;
    for (unsigned i = 0; i < n; i++) {
        uint64_t x;
        unsigned at = i + (unsigned)op->imm;
        switch (op->opcode) {
        case IR_OP_vdup: x = v[0].half[0]; break;
        case IR_OP_vdupl: x = get(&v[0], (unsigned)op->imm, bits); break;
        case IR_OP_vext: x = at < bytes ? get(&v[0], at, 8) : get(&v[1], at - bytes, 8); break;
        case IR_OP_vtbl:
            at = (unsigned)get(&v[1], i, 8);
            x = at < 16 ? get(&v[0], at, 8) : 0;
            break;
        case IR_OP_vzip: x = get(&v[i & 1], i / 2, bits); break;
        default: return false;
        }
        put(r, i, bits, x);
    }
    return true;
}

struct ir_vector ir_vector_eval(struct ir_env *env, const struct ir_op *op,
                                const struct ir_vector v[3])
{
    struct element e = {
        .op = op, .fp = {.rounding = env->fp_rounding, .flush = true, .default_nan = true}};
    struct ir_vector r = {{0, 0}};
    unsigned from = 8u << op->aux, to = from, count = (op->type == IR_V64 ? 64 : 128) / from;
    e.bits = from;
    if (ir_op_is_crypto(op->opcode))
        return ir_crypto_eval(op, v);
    if (rearrange(op, v, &r))
        return r;
    if (op->opcode == IR_OP_vwidens || op->opcode == IR_OP_vwidenu || op->opcode == IR_OP_vhtof) {
        to = 2 * from;
        count = 64 / from;
    } else if (narrows(op->opcode)) {
        to = from / 2;
        count = 128 / from;
    }
    for (unsigned i = 0; i < count; i++)
        put(&r, i, to, compute(&e, get(&v[0], i, from), get(&v[1], i, from), get(&v[2], i, from)));
    env->fp_flags |= e.fp.flags;
    return r;
}
