/* VFP conversions and rounding to integral values: VCVT, VCVTR, VCVTB, VCVTT, VCVT{A,N,P,M},
 * VRINT*. */
#include "frontend/arm/translate/vfp_arith.h"

/* Values of the decoder's rounding field below this belong to unconditional instructions. */
enum { ROUND_DIRECTED = 4 };

static enum ir_round rounding_of(int r)
{
    static const uint8_t rounding[] = {IR_ROUND_AWAY, IR_ROUND_NEAREST, IR_ROUND_UP, IR_ROUND_DOWN,
                                       IR_ROUND_ENV, IR_ROUND_ZERO};
    return (enum ir_round)rounding[r];
}

/* ---- formats --------------------------------------------------------------------------------- */

static bool convert(struct arm_translate *t, const struct arg_v_rr *a, enum fp_size to,
                    enum fp_size from)
{
    if (!vfp_exists(t, to, a->vd) || !vfp_exists(t, from, a->vm))
        return arm_undefined(t);
    arm_vfp_check(t);
    enum ir_opcode op = to == FP_64 ? IR_OP_fwiden : IR_OP_fnarrow;
    vfp_write(t, to, a->vd, vfp_op(t, op, to, vfp_read(t, from, a->vm), IR_NONE, IR_NONE));
    return true;
}

bool trans_VCVT_to_double(struct arm_translate *t, const struct arg_v_rr *a)
{
    return convert(t, a, FP_64, FP_32);
}

bool trans_VCVT_to_single(struct arm_translate *t, const struct arg_v_rr *a)
{
    return convert(t, a, FP_32, FP_64);
}

static bool from_half(struct arm_translate *t, const struct arg_v_half *a, enum fp_size to,
                      unsigned helper)
{
    if (!vfp_exists(t, to, a->vd))
        return arm_undefined(t);
    arm_vfp_check(t);
    int32_t v = ir_bits(t->b, IR_OP_ubfx, arm_s_read(t, a->vm), a->top ? 16 : 0, 16);
    vfp_write(t, to, a->vd, ir_call(t->b, helper, v, IR_NONE, IR_NONE, IR_NONE));
    return true;
}

static bool to_half(struct arm_translate *t, const struct arg_v_half *a, enum fp_size from,
                    unsigned helper)
{
    if (!vfp_exists(t, from, a->vm))
        return arm_undefined(t);
    arm_vfp_check(t);
    int32_t v = ir_call(t->b, helper, vfp_read_bits(t, from, a->vm), IR_NONE, IR_NONE, IR_NONE);
    arm_s_write(t, a->vd, ir_bfi(t->b, arm_s_read(t, a->vd), v, a->top ? 16 : 0, 16));
    return true;
}

bool trans_VCVT_from_half_s(struct arm_translate *t, const struct arg_v_half *a)
{
    return from_half(t, a, FP_32, ARM_HELPER_vfp_cvt_sh);
}

bool trans_VCVT_from_half_d(struct arm_translate *t, const struct arg_v_half *a)
{
    return from_half(t, a, FP_64, ARM_HELPER_vfp_cvt_dh);
}

bool trans_VCVT_to_half_s(struct arm_translate *t, const struct arg_v_half *a)
{
    return to_half(t, a, FP_32, ARM_HELPER_vfp_cvt_hs);
}

bool trans_VCVT_to_half_d(struct arm_translate *t, const struct arg_v_half *a)
{
    return to_half(t, a, FP_64, ARM_HELPER_vfp_cvt_hd);
}

/* ---- integers, which are in S registers ------------------------------------------------------ */

static bool from_int(struct arm_translate *t, const struct arg_v_cvt *a, enum fp_size f)
{
    if (!vfp_exists(t, f, a->vd))
        return arm_undefined(t);
    arm_vfp_check(t);
    enum ir_opcode op = a->u ? IR_OP_utof : IR_OP_stof;
    bool nearest = rounding_of(a->r) == IR_ROUND_NEAREST;
    vfp_write(t, f, a->vd, vfp_op_imm(t, op, f, arm_s_read(t, a->vm), nearest, 0));
    return true;
}

static bool to_int(struct arm_translate *t, const struct arg_v_cvt *a, enum fp_size f)
{
    if (!vfp_exists(t, f, a->vm))
        return arm_undefined(t);
    if (a->r < ROUND_DIRECTED && t->in_it)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    enum ir_opcode op = a->u ? IR_OP_ftou : IR_OP_ftos;
    arm_s_write(t, a->vd, vfp_op_imm(t, op, f, vfp_read(t, f, a->vm), rounding_of(a->r), 0));
    return true;
}

bool trans_VCVT_from_int_s(struct arm_translate *t, const struct arg_v_cvt *a)
{
    return from_int(t, a, FP_32);
}

bool trans_VCVT_from_int_d(struct arm_translate *t, const struct arg_v_cvt *a)
{
    return from_int(t, a, FP_64);
}

bool trans_VCVT_to_int_s(struct arm_translate *t, const struct arg_v_cvt *a)
{
    return to_int(t, a, FP_32);
}

bool trans_VCVT_to_int_d(struct arm_translate *t, const struct arg_v_cvt *a)
{
    return to_int(t, a, FP_64);
}

/* ---- fixed point, in place ------------------------------------------------------------------- */

static int fixed_bits(const struct arg_v_fixed *a)
{
    return a->size ? 32 : 16;
}

/* The integer in the register's low bits. Rounded to nearest. */
static bool fixed_from(struct arm_translate *t, const struct arg_v_fixed *a, enum fp_size f)
{
    static const uint8_t extend[] = {IR_OP_sext16, IR_OP_zext16};
    int fbits = fixed_bits(a) - a->imm;
    if (!vfp_exists(t, f, a->vd))
        return arm_undefined(t);
    if (fbits < 0)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t v = vfp_read_bits(t, f, a->vd);
    v = f == FP_64 ? ir_op1(t->b, IR_OP_lo32, v) : v;
    if (!a->size)
        v = ir_op1(t->b, (enum ir_opcode)extend[a->u != 0], v);
    bool nearest = t->flags & ARM_BF_FP_ROUNDING;
    vfp_write(t, f, a->vd,
              vfp_op_imm(t, a->u ? IR_OP_utof : IR_OP_stof, f, v, nearest, (uint64_t)fbits));
    return true;
}

/* The integer is extended to the register's width. */
static bool fixed_to(struct arm_translate *t, const struct arg_v_fixed *a, enum fp_size f)
{
    int fbits = fixed_bits(a) - a->imm;
    if (!vfp_exists(t, f, a->vd))
        return arm_undefined(t);
    if (fbits < 0)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    uint64_t imm = (uint64_t)fbits + (a->size ? 0 : 64);
    int32_t v = vfp_op_imm(t, a->u ? IR_OP_ftou : IR_OP_ftos, f, vfp_read(t, f, a->vd),
                           IR_ROUND_ZERO, imm);
    if (f == FP_64)
        v = ir_op1(t->b, a->u ? IR_OP_zext32 : IR_OP_sext32, v);
    vfp_write(t, f, a->vd, v);
    return true;
}

bool trans_VCVT_from_fixed_s(struct arm_translate *t, const struct arg_v_fixed *a)
{
    return fixed_from(t, a, FP_32);
}

bool trans_VCVT_from_fixed_d(struct arm_translate *t, const struct arg_v_fixed *a)
{
    return fixed_from(t, a, FP_64);
}

bool trans_VCVT_to_fixed_s(struct arm_translate *t, const struct arg_v_fixed *a)
{
    return fixed_to(t, a, FP_32);
}

bool trans_VCVT_to_fixed_d(struct arm_translate *t, const struct arg_v_fixed *a)
{
    return fixed_to(t, a, FP_64);
}

/* ---- ARMv8: rounding to an integral value ---------------------------------------------------- */

static bool round_integral(struct arm_translate *t, const struct arg_v_rint *a, enum fp_size f)
{
    if (!vfp_exists(t, f, a->vd) || !vfp_exists(t, f, a->vm))
        return arm_undefined(t);
    if (a->r < ROUND_DIRECTED && t->in_it)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t m = vfp_read(t, f, a->vm);
    vfp_write(t, f, a->vd, vfp_op_imm(t, IR_OP_frint, f, m, rounding_of(a->r), a->x != 0));
    return true;
}

bool trans_VRINT_s(struct arm_translate *t, const struct arg_v_rint *a)
{
    return round_integral(t, a, FP_32);
}

bool trans_VRINT_d(struct arm_translate *t, const struct arg_v_rint *a)
{
    return round_integral(t, a, FP_64);
}
