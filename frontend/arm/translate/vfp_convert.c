/* VFP conversions and rounding to integral values: VCVT, VCVTR, VCVTB, VCVTT, VCVT{A,N,P,M}, VRINT*. */
#include "frontend/arm/translate/vfp_arith.h"

/* Values of the decoder's rounding field below this belong to unconditional instructions. */
enum { ROUND_DIRECTED = 4 };

static uint32_t rounding_of(int r)
{
    static const uint8_t rounding[] = {FP_TIEAWAY, FP_TIEEVEN, FP_POSINF, FP_NEGINF,
                                       VFP_ROUND_FPSCR, FP_TOZERO};
    return rounding[r];
}

static int32_t call2(struct arm_translate *t, unsigned helper, int32_t v, uint32_t how)
{
    return ir_call(t->b, helper, v, ir_i32(t->b, how), IR_NONE, IR_NONE);
}

static uint32_t cvt(unsigned bits, unsigned fbits, bool is_unsigned, uint32_t rounding)
{
    return bits << VFP_CVT_BITS_SHIFT | fbits << VFP_CVT_FBITS_SHIFT |
           (is_unsigned ? VFP_CVT_UNSIGNED : 0) | rounding;
}

static int32_t to_fixed(struct arm_translate *t, enum fp_size f, int32_t v, uint32_t how)
{
    return call2(t, f == FP_64 ? ARM_HELPER_vfp_to_fixed_d : ARM_HELPER_vfp_to_fixed_s, v, how);
}

static int32_t from_fixed(struct arm_translate *t, enum fp_size f, int32_t v, uint32_t how)
{
    return call2(t, f == FP_64 ? ARM_HELPER_vfp_from_fixed_d : ARM_HELPER_vfp_from_fixed_s, v, how);
}

/* ---- formats ------------------------------------------------------------------------------------- */

static bool convert(struct arm_translate *t, const struct arg_v_rr *a, enum fp_size to,
                    enum fp_size from, unsigned helper)
{
    if (!vfp_exists(t, to, a->vd) || !vfp_exists(t, from, a->vm))
        return arm_undefined(t);
    arm_vfp_check(t);
    int32_t v = vfp_read(t, from, a->vm);
    if (vfp_plain(t)) {
        enum ir_opcode op = to == FP_64 ? IR_OP_fwiden : IR_OP_fnarrow;
        vfp_write(t, to, a->vd, vfp_op(t, op, to, v, IR_NONE, IR_NONE));
        return true;
    }
    vfp_write(t, to, a->vd, ir_call(t->b, helper, v, IR_NONE, IR_NONE, IR_NONE));
    return true;
}

bool trans_VCVT_to_double(struct arm_translate *t, const struct arg_v_rr *a)
{
    return convert(t, a, FP_64, FP_32, ARM_HELPER_vfp_cvt_ds);
}

bool trans_VCVT_to_single(struct arm_translate *t, const struct arg_v_rr *a)
{
    return convert(t, a, FP_32, FP_64, ARM_HELPER_vfp_cvt_sd);
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

/* ---- integers, which are in S registers ------------------------------------------------------------ */

static bool from_int(struct arm_translate *t, const struct arg_v_cvt *a, enum fp_size f)
{
    if (!vfp_exists(t, f, a->vd))
        return arm_undefined(t);
    arm_vfp_check(t);
    uint32_t how = cvt(32, 0, a->u, rounding_of(a->r));
    if (vfp_plain(t) && rounding_of(a->r) == VFP_ROUND_FPSCR) {
        enum ir_opcode op = a->u ? IR_OP_utof : IR_OP_stof;
        vfp_write(t, f, a->vd, vfp_op(t, op, f, arm_s_read(t, a->vm), IR_NONE, IR_NONE));
        return true;
    }
    vfp_write(t, f, a->vd, from_fixed(t, f, arm_s_read(t, a->vm), how));
    return true;
}

static bool to_int(struct arm_translate *t, const struct arg_v_cvt *a, enum fp_size f)
{
    if (!vfp_exists(t, f, a->vm))
        return arm_undefined(t);
    if (a->r < ROUND_DIRECTED && t->in_it)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    uint32_t rounding = rounding_of(a->r), how = cvt(32, 0, a->u, rounding);
    if (vfp_plain(t) && (rounding == VFP_ROUND_FPSCR || rounding == FP_TOZERO)) {
        unsigned mode = rounding == FP_TOZERO ? IR_ROUND_ZERO : IR_ROUND_ENV;
        arm_s_write(t, a->vd, ir_fop(t->b, a->u ? IR_OP_ftou : IR_OP_ftos, vfp_float(f),
                                     vfp_read(t, f, a->vm), IR_NONE, IR_NONE, mode));
        return true;
    }
    int32_t v = to_fixed(t, f, vfp_read_bits(t, f, a->vm), how);
    arm_s_write(t, a->vd, f == FP_64 ? ir_op1(t->b, IR_OP_lo32, v) : v);
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

/* ---- fixed point, in place ------------------------------------------------------------------------- */

/* The conversion that the encoding asks for; false: more fraction bits than bits. */
static bool fixed_form(const struct arg_v_fixed *a, enum fp_rounding rounding, uint32_t *how)
{
    int bits = a->size ? 32 : 16;
    *how = cvt((unsigned)bits, (unsigned)(bits - a->imm), a->u, rounding);
    return a->imm <= bits;
}

static bool fixed_from(struct arm_translate *t, const struct arg_v_fixed *a, enum fp_size f)
{
    uint32_t how;
    if (!vfp_exists(t, f, a->vd))
        return arm_undefined(t);
    if (!fixed_form(a, FP_TIEEVEN, &how))
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t v = vfp_read_bits(t, f, a->vd);
    v = f == FP_64 ? ir_op1(t->b, IR_OP_lo32, v) : v;
    vfp_write(t, f, a->vd, from_fixed(t, f, v, how));
    return true;
}

static bool fixed_to(struct arm_translate *t, const struct arg_v_fixed *a, enum fp_size f)
{
    uint32_t how;
    if (!vfp_exists(t, f, a->vd))
        return arm_undefined(t);
    if (!fixed_form(a, FP_TOZERO, &how))
        return arm_unpredictable(t);
    arm_vfp_check(t);
    vfp_write(t, f, a->vd, to_fixed(t, f, vfp_read_bits(t, f, a->vd), how));
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

/* ---- ARMv8: rounding to an integral value ---------------------------------------------------------- */

static bool round_integral(struct arm_translate *t, const struct arg_v_rint *a, enum fp_size f)
{
    if (!vfp_exists(t, f, a->vd) || !vfp_exists(t, f, a->vm))
        return arm_undefined(t);
    if (a->r < ROUND_DIRECTED && t->in_it)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    uint32_t how = rounding_of(a->r) | (a->x ? VFP_CVT_EXACT : 0);
    unsigned helper = f == FP_64 ? ARM_HELPER_vfp_rint_d : ARM_HELPER_vfp_rint_s;
    vfp_write(t, f, a->vd, call2(t, helper, vfp_read_bits(t, f, a->vm), how));
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
