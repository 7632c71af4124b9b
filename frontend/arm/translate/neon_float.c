/* Advanced SIMD floating-point: pairs of f32 in a half. The standard FPSCR value holds. */
#include "frontend/arm/fp/fpscr.h"
#include "frontend/arm/translate/neon.h"

static const uint64_t signs = 0x8000000080000000;

static const struct neon_op fadd = NEON_VECTOR(neon_vfadd), fsub = NEON_VECTOR(neon_vfsub),
                            fmul = NEON_VECTOR(neon_vfmul);

static int32_t vector_absolute(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                               int32_t y)
{
    return ir_vop(b, IR_OP_vand, v, 2, x, ir_const(b, v, ~signs), 0);
}

static int32_t vector_difference(struct ir_block *b, enum ir_type v, struct neon_type type,
                                 int32_t x, int32_t y)
{
    return vector_absolute(b, v, type, neon_vfsub(b, v, type, x, y), IR_NONE);
}

#define MAGNITUDES(name)                                                                           \
    static int32_t vector_a##name(struct ir_block *b, enum ir_type v, struct neon_type type,       \
                                  int32_t x, int32_t y)                                            \
    {                                                                                              \
        return neon_vfcmp##name(b, v, type, vector_absolute(b, v, type, x, IR_NONE),               \
                                vector_absolute(b, v, type, y, IR_NONE));                          \
    }
MAGNITUDES(ge)
MAGNITUDES(gt)

/* ---- three registers ------------------------------------------------------------------------- */

#define SAME(mnemonic, ...)                                                   \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                         \
        static const struct neon_op op = __VA_ARGS__;                         \
        return neon_three_same(t, a, &op, NULL);                              \
    }

SAME(VABD_vf, NEON_VECTOR(vector_difference))
SAME(VCEQ_vf, NEON_VECTOR(neon_vfcmpeq))
SAME(VCGE_vf, NEON_VECTOR(neon_vfcmpge))
SAME(VCGT_vf, NEON_VECTOR(neon_vfcmpgt))
SAME(VACGE, NEON_VECTOR(vector_age))
SAME(VACGT, NEON_VECTOR(vector_agt))
SAME(VMAX_vf, NEON_VECTOR(neon_vfmax))
SAME(VMIN_vf, NEON_VECTOR(neon_vfmin))
SAME(VMAXNM_v, NEON_VECTOR(neon_vfmaxnm))
SAME(VMINNM_v, NEON_VECTOR(neon_vfminnm))
SAME(VRECPS, NEON_VECTOR(neon_vfrecps))
SAME(VRSQRTS, NEON_VECTOR(neon_vfrsqrts))
SAME(VPADD_vf, NEON_VECTOR(neon_vfpadd))
SAME(VPMAX_vf, NEON_VECTOR(neon_vfpmax))
SAME(VPMIN_vf, NEON_VECTOR(neon_vfpmin))

#define SAME_OF(mnemonic, op)                                                 \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                         \
        return neon_three_same(t, a, &op, NULL);                              \
    }

SAME_OF(VADD_vf, fadd)
SAME_OF(VSUB_vf, fsub)
SAME_OF(VMUL_vf, fmul)

/* Product and sum are rounded apart. */
bool trans_VMLA_vf(struct arm_translate *t, const struct arg_n_rrr *a)
{
    return neon_three_same(t, a, &fmul, &fadd);
}

bool trans_VMLS_vf(struct arm_translate *t, const struct arg_n_rrr *a)
{
    return neon_three_same(t, a, &fmul, &fsub);
}

static bool fused(struct arm_translate *t, const struct arg_n_rrr *a, bool negate)
{
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    int32_t d = neon_read(t, v, a->vd), n = neon_read(t, v, a->vn), m = neon_read(t, v, a->vm);
    if (negate)
        n = ir_vop(t->b, IR_OP_vxor, v, 2, n, ir_const(t->b, v, signs), 0);
    bool nearest = t->flags & ARM_BF_FP_ROUNDING;
    neon_write(t, v, a->vd, ir_vop3(t->b, IR_OP_vfmuladd, v, 2, d, n, m, nearest));
    return true;
}

bool trans_VFMA_v(struct arm_translate *t, const struct arg_n_rrr *a)
{
    return fused(t, a, false);
}

bool trans_VFMS_v(struct arm_translate *t, const struct arg_n_rrr *a)
{
    return fused(t, a, true);
}

/* ---- by a scalar ----------------------------------------------------------------------------- */

bool trans_VMUL_sf(struct arm_translate *t, const struct arg_n_rrs *a)
{
    return neon_scalar_same(t, a, &fmul, NULL);
}

bool trans_VMLA_sf(struct arm_translate *t, const struct arg_n_rrs *a)
{
    return neon_scalar_same(t, a, &fmul, &fadd);
}

bool trans_VMLS_sf(struct arm_translate *t, const struct arg_n_rrs *a)
{
    return neon_scalar_same(t, a, &fmul, &fsub);
}

/* ---- two registers --------------------------------------------------------------------------- */

#define ZERO(mnemonic, name, swap)                                           \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        static const struct neon_op op = NEON_VECTOR(neon_vfcmp##name); \
        return neon_with_zero(t, a, &op, swap);                              \
    }

ZERO(VCGT_zf, gt, false)
ZERO(VCGE_zf, ge, false)
ZERO(VCEQ_zf, eq, false)
ZERO(VCLE_zf, ge, true)
ZERO(VCLT_zf, gt, true)

#define TWO(mnemonic, ...)                                                   \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        static const struct neon_op op = __VA_ARGS__;                        \
        return neon_two(t, a, &op);                                          \
    }

static int32_t vector_negative(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                               int32_t y)
{
    return ir_vop(b, IR_OP_vxor, v, 2, x, ir_const(b, v, signs), 0);
}

TWO(VABS_vf, NEON_VECTOR(vector_absolute))
TWO(VNEG_vf, NEON_VECTOR(vector_negative))
TWO(VRECPE_vf, NEON_VECTOR(neon_vfrecpe))
TWO(VRSQRTE_vf, NEON_VECTOR(neon_vfrsqrte))
TWO(VRECPE_vi, NEON_VECTOR(neon_vrecpe))
TWO(VRSQRTE_vi, NEON_VECTOR(neon_vrsqrte))

/* ---- conversions ----------------------------------------------------------------------------- */

static bool convert(struct arm_translate *t, int vd, int vm, int q, enum ir_opcode op, uint64_t imm)
{
    enum ir_type v = neon_vector(q);
    arm_vfp_check(t);
    neon_write(t, v, vd, ir_vop(t->b, op, v, 2, neon_read(t, v, vm), IR_NONE, imm));
    return true;
}

static bool to_integers(struct arm_translate *t, const struct arg_n_rr *a,
                        enum fp_rounding rounding)
{
    return convert(t, a->vd, a->vm, a->q, a->u ? IR_OP_vftou : IR_OP_vftos,
                   ir_vector_conversion(rounding, 0));
}

/* Always to nearest. */
static bool from_integers(struct arm_translate *t, int vd, int vm, int q, int u, unsigned fbits)
{
    bool nearest = t->flags & ARM_BF_FP_ROUNDING;
    return convert(t, vd, vm, q, u ? IR_OP_vutof : IR_OP_vstof,
                   ir_vector_conversion(nearest, fbits));
}

bool trans_VCVT_to_int_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    return to_integers(t, a, FP_TOZERO);
}

bool trans_VCVT_from_int_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    return from_integers(t, a->vd, a->vm, a->q, a->u, 0);
}

bool trans_VCVT_to_fixed_v(struct arm_translate *t, const struct arg_n_shift *a)
{
    return convert(t, a->vd, a->vm, a->q, a->u ? IR_OP_vftou : IR_OP_vftos,
                   ir_vector_conversion(FP_TOZERO, (unsigned)a->imm));
}

bool trans_VCVT_from_fixed_v(struct arm_translate *t, const struct arg_n_shift *a)
{
    return from_integers(t, a->vd, a->vm, a->q, a->u, (unsigned)a->imm);
}

static bool round_integral(struct arm_translate *t, const struct arg_n_rr *a,
                           enum fp_rounding rounding, bool exact)
{
    return convert(t, a->vd, a->vm, a->q, IR_OP_vfrint, 2 * rounding + exact);
}

#define ROUND(letter, rounding)                                                       \
    bool trans_VCVT##letter##_v(struct arm_translate *t, const struct arg_n_rr *a)    \
    {                                                                                 \
        return to_integers(t, a, rounding);                                           \
    }                                                                                 \
    bool trans_VRINT##letter##_v(struct arm_translate *t, const struct arg_n_rr *a)   \
    {                                                                                 \
        return round_integral(t, a, rounding, false);                                 \
    }

ROUND(A, FP_TIEAWAY)
ROUND(N, FP_TIEEVEN)
ROUND(P, FP_POSINF)
ROUND(M, FP_NEGINF)

bool trans_VRINTZ_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    return round_integral(t, a, FP_TOZERO, false);
}

bool trans_VRINTX_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    return round_integral(t, a, FP_TIEEVEN, true);
}

/* With the alternative format: helpers. */
static bool to_half_special(struct arm_translate *t, const struct arg_n_rr *a)
{
    int32_t lo = arm_d_read(t, a->vm), hi = arm_d_read(t, a->vm + 1);
    arm_d_write(t, a->vd, ir_call(t->b, ARM_HELPER_neon_fcvt_to_half, lo, hi, IR_NONE, IR_NONE));
    return true;
}

static bool from_half_special(struct arm_translate *t, const struct arg_n_rr *a)
{
    unsigned helper = ARM_HELPER_neon_fcvt_from_half;
    int32_t m = arm_d_read(t, a->vm), upper = ir_op2i(t->b, IR_OP_shr, m, 32);
    arm_d_write(t, a->vd, ir_call(t->b, helper, m, IR_NONE, IR_NONE, IR_NONE));
    arm_d_write(t, a->vd + 1, ir_call(t->b, helper, upper, IR_NONE, IR_NONE, IR_NONE));
    return true;
}

/* VCVT.F16.F32 <Dd>, <Qm> */
bool trans_VCVT_to_half_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    arm_vfp_check(t);
    if (t->flags & ARM_BF_FP_SPECIAL)
        return to_half_special(t, a);
    int32_t v = ir_vop(t->b, IR_OP_vftoh, IR_V64, 2, neon_read(t, IR_V128, a->vm), IR_NONE, 0);
    neon_write(t, IR_V64, a->vd, v);
    return true;
}

/* VCVT.F32.F16 <Qd>, <Dm> */
bool trans_VCVT_from_half_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    arm_vfp_check(t);
    if (t->flags & ARM_BF_FP_SPECIAL)
        return from_half_special(t, a);
    int32_t v = ir_vop(t->b, IR_OP_vhtof, IR_V128, 1, neon_read(t, IR_V64, a->vm), IR_NONE, 0);
    neon_write(t, IR_V128, a->vd, v);
    return true;
}
