/* Advanced SIMD, two registers miscellaneous (DDI 0406C A7.4.5), integers. */
#include "frontend/arm/translate/neon.h"

#define TWO(mnemonic, ...)                                                   \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        static const struct neon_op op = __VA_ARGS__;                        \
        return neon_two(t, a, &op);                                          \
    }

/* ---- element by element ---------------------------------------------------------------------- */

TWO(VCLS, NEON_3(cls))
TWO(VCLZ, NEON_3(clz))
TWO(VCNT, NEON_VECTOR(neon_vcnt, 1))
TWO(VQABS, NEON_3(qabs))
TWO(VQNEG, NEON_3(qneg))

static int32_t vector_neg(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                          int32_t y)
{
    return neon_vsub(b, v, type, ir_const(b, v, 0), x);
}

/* The least number remains. */
static int32_t vector_abs(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                          int32_t y)
{
    struct neon_type s = {type.size, false};
    return neon_vmax(b, v, s, x, vector_neg(b, v, s, x, y));
}

TWO(VNEG_vi, NEON_VECTOR(vector_neg, 7))
TWO(VABS_vi, NEON_VECTOR(vector_abs, 7))
TWO(VPADDL, NEON_VECTOR(neon_vpaddl, 7))

bool trans_VPADAL(struct arm_translate *t, const struct arg_n_rr *a)
{
    struct neon_type type = {(uint8_t)a->size, a->u}, wide = {(uint8_t)(a->size + 1), a->u};
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    int32_t sums = neon_vpaddl(t->b, v, type, neon_read(t, v, a->vm), IR_NONE);
    neon_write(t, v, a->vd, neon_vadd(t->b, v, wide, neon_read(t, v, a->vd), sums));
    return true;
}

#define ZERO(mnemonic, swap, ...)                                            \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        static const struct neon_op op = __VA_ARGS__;                        \
        return neon_with_zero(t, a, &op, swap);                              \
    }

ZERO(VCGT_zi, false, NEON_VECTOR(neon_vcgt, 7))
ZERO(VCGE_zi, false, NEON_VECTOR(neon_vcge, 7))
ZERO(VCLE_zi, true, NEON_VECTOR(neon_vcge, 7))
ZERO(VCLT_zi, true, NEON_VECTOR(neon_vcgt, 7))

bool trans_VCEQ_zi(struct arm_translate *t, const struct arg_n_rr *a)
{
    return neon_with_zero(t, a, &neon_equal, false);
}

/* ---- other widths; the size is that of the shorter elements ---------------------------------- */

static bool move_narrow(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op)
{
    struct neon_type wide = {(uint8_t)(a->size + 1), a->u};
    arm_vfp_check(t);
    if (neon_has_vector(t, op, wide)) {
        int32_t v = neon_read(t, IR_V128, a->vm);
        neon_write(t, IR_V64, a->vd, neon_vector_do(t, op, IR_V64, wide, v, IR_NONE));
        return true;
    }
    struct neon_pair m = neon_q_read(t, a->vm);
    arm_d_write(t, a->vd, neon_do(t, op, wide, m.lo, m.hi));
    return true;
}

bool trans_VMOVN(struct arm_translate *t, const struct arg_n_rr *a)
{
    return move_narrow(t, a, &neon_narrow);
}

bool trans_VQMOVN(struct arm_translate *t, const struct arg_n_rr *a)
{
    return move_narrow(t, a, &neon_qnarrow);
}

bool trans_VQMOVUN(struct arm_translate *t, const struct arg_n_rr *a)
{
    return move_narrow(t, a, &neon_qnarrow_su);
}
