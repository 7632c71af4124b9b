/* Advanced SIMD floating-point: pairs of f32 in a half. The standard FPSCR value holds. */
#include "frontend/arm/fp/fpscr.h"
#include "frontend/arm/fp/neon.h"
#include "frontend/arm/translate/neon.h"

static const uint64_t signs = 0x8000000080000000;

static const struct neon_op fadd = NEON_F(neon_vfadd, fadd), fsub = NEON_F(neon_vfsub, fsub),
                            fmul = NEON_F(neon_vfmul, fmul);

static int32_t vector_absolute(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                               int32_t y)
{
    return ir_vop(b, IR_OP_vand, v, 2, x, ir_const(b, v, ~signs), 0);
}

static int32_t vector_difference(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                                 int32_t y)
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

SAME(VABD_vf, NEON_F(vector_difference, fabd))
SAME(VCEQ_vf, NEON_F(neon_vfcmpeq, fceq))
SAME(VCGE_vf, NEON_F(neon_vfcmpge, fcge))
SAME(VCGT_vf, NEON_F(neon_vfcmpgt, fcgt))
SAME(VACGE, NEON_F(vector_age, facge))
SAME(VACGT, NEON_F(vector_agt, facgt))
SAME(VMAX_vf, NEON_F(neon_vfmax, fmax))
SAME(VMIN_vf, NEON_F(neon_vfmin, fmin))
SAME(VMAXNM_v, NEON_ONE(fmaxnm))
SAME(VMINNM_v, NEON_ONE(fminnm))
SAME(VRECPS, NEON_ONE(frecps))
SAME(VRSQRTS, NEON_ONE(frsqrts))
SAME(VPADD_vf, NEON_F(neon_vfpadd, fpadd))
SAME(VPMAX_vf, NEON_F(neon_vfpmax, fpmax))
SAME(VPMIN_vf, NEON_F(neon_vfpmin, fpmin))

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
    arm_vfp_check(t);
    if (!(t->flags & ARM_BF_FP_ROUNDING)) {
        enum ir_type v = neon_vector(a->q);
        int32_t d = neon_read(t, v, a->vd), n = neon_read(t, v, a->vn), m = neon_read(t, v, a->vm);
        if (negate)
            n = ir_vop(t->b, IR_OP_vxor, v, 2, n, ir_const(t->b, v, signs), 0);
        int32_t r = ir_vop(t->b, IR_OP_vfmuladd, v, 2, d, n, 0);
        t->b->ops[r].arg[2] = m;
        neon_write(t, v, a->vd, r);
        return true;
    }
    for (int i = 0; i <= a->q; i++) {
        int32_t n = arm_d_read(t, a->vn + i), m = arm_d_read(t, a->vm + i);
        if (negate)
            n = ir_op2i(t->b, IR_OP_xor, n, signs);
        int32_t d = arm_d_read(t, a->vd + i);
        arm_d_write(t, a->vd + i, ir_call(t->b, ARM_HELPER_neon_fma, n, m, d, IR_NONE));
    }
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
        static const struct neon_op op = NEON_F(neon_vfcmp##name, fc##name); \
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

TWO(VABS_vf, NEON_VECTOR(vector_absolute, 15))
TWO(VNEG_vf, NEON_VECTOR(vector_negative, 15))
TWO(VRECPE_vf, NEON_ONE(frecpe))
TWO(VRSQRTE_vf, NEON_ONE(frsqrte))
TWO(VRECPE_vi, NEON_ONE(urecpe))
TWO(VRSQRTE_vi, NEON_ONE(ursqrte))

/* ---- conversions ----------------------------------------------------------------------------- */

/* Both halves by a helper with constant arguments @c0 and @c1. */
static bool convert(struct arm_translate *t, int vd, int vm, int q, unsigned helper, unsigned c0,
                    unsigned c1)
{
    struct ir_block *b = t->b;
    arm_vfp_check(t);
    for (int i = 0; i <= q; i++) {
        int32_t m = arm_d_read(t, vm + i);
        int32_t v = ir_call(b, helper, m, ir_i32(b, c0), c1 == ~0u ? IR_NONE : ir_i32(b, c1),
                            IR_NONE);
        arm_d_write(t, vd + i, v);
    }
    return true;
}

static bool to_integers(struct arm_translate *t, int vd, int vm, int q, int u, unsigned fbits,
                        enum fp_rounding rounding)
{
    unsigned helper = u ? ARM_HELPER_neon_fcvt_to_u : ARM_HELPER_neon_fcvt_to_s;
    return convert(t, vd, vm, q, helper, fbits, rounding);
}

static bool from_integers(struct arm_translate *t, int vd, int vm, int q, int u, unsigned fbits)
{
    unsigned helper = u ? ARM_HELPER_neon_fcvt_from_u : ARM_HELPER_neon_fcvt_from_s;
    return convert(t, vd, vm, q, helper, fbits, ~0u);
}

/* Signed integers are converted by vectors. */
static bool convert_vector(struct arm_translate *t, const struct arg_n_rr *a, enum ir_opcode op)
{
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    neon_write(t, v, a->vd, ir_vop(t->b, op, v, 2, neon_read(t, v, a->vm), IR_NONE, 0));
    return true;
}

bool trans_VCVT_to_int_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    if (!a->u)
        return convert_vector(t, a, IR_OP_vftos);
    return to_integers(t, a->vd, a->vm, a->q, a->u, 0, FP_TOZERO);
}

bool trans_VCVT_from_int_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    if (!a->u && !(t->flags & ARM_BF_FP_ROUNDING))
        return convert_vector(t, a, IR_OP_vstof);
    return from_integers(t, a->vd, a->vm, a->q, a->u, 0);
}

bool trans_VCVT_to_fixed_v(struct arm_translate *t, const struct arg_n_shift *a)
{
    return to_integers(t, a->vd, a->vm, a->q, a->u, (unsigned)a->imm, FP_TOZERO);
}

bool trans_VCVT_from_fixed_v(struct arm_translate *t, const struct arg_n_shift *a)
{
    return from_integers(t, a->vd, a->vm, a->q, a->u, (unsigned)a->imm);
}

#define ROUND(letter, rounding)                                                       \
    bool trans_VCVT##letter##_v(struct arm_translate *t, const struct arg_n_rr *a)    \
    {                                                                                 \
        return to_integers(t, a->vd, a->vm, a->q, a->u, 0, rounding);                 \
    }                                                                                 \
    bool trans_VRINT##letter##_v(struct arm_translate *t, const struct arg_n_rr *a)   \
    {                                                                                 \
        return convert(t, a->vd, a->vm, a->q, ARM_HELPER_neon_frint, rounding, ~0u);  \
    }

ROUND(A, FP_TIEAWAY)
ROUND(N, FP_TIEEVEN)
ROUND(P, FP_POSINF)
ROUND(M, FP_NEGINF)

bool trans_VRINTZ_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    return convert(t, a->vd, a->vm, a->q, ARM_HELPER_neon_frint, FP_TOZERO, ~0u);
}

bool trans_VRINTX_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    unsigned mode = FP_TIEEVEN | NEON_EXACT;
    return convert(t, a->vd, a->vm, a->q, ARM_HELPER_neon_frint, mode, ~0u);
}

/* VCVT.F16.F32 <Dd>, <Qm> */
bool trans_VCVT_to_half_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    arm_vfp_check(t);
    struct neon_pair m = neon_q_read(t, a->vm);
    unsigned helper = ARM_HELPER_neon_fcvt_to_half;
    arm_d_write(t, a->vd, ir_call(t->b, helper, m.lo, m.hi, IR_NONE, IR_NONE));
    return true;
}

/* VCVT.F32.F16 <Qd>, <Dm> */
bool trans_VCVT_from_half_v(struct arm_translate *t, const struct arg_n_rr *a)
{
    unsigned helper = ARM_HELPER_neon_fcvt_from_half;
    arm_vfp_check(t);
    int32_t m = arm_d_read(t, a->vm);
    int32_t lo = ir_call(t->b, helper, m, IR_NONE, IR_NONE, IR_NONE);
    int32_t hi = ir_call(t->b, helper, neon_high(t->b, m), IR_NONE, IR_NONE, IR_NONE);
    neon_q_write(t, a->vd, (struct neon_pair){lo, hi});
    return true;
}
