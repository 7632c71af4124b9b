/* Advanced SIMD, three integer registers of the same length (DDI 0406C A7.4.1). */
#include "frontend/arm/translate/neon.h"

#define SAME(mnemonic, ...)                                                   \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                         \
        static const struct neon_op op = __VA_ARGS__;                         \
        return neon_three_same(t, a, &op, NULL);                              \
    }
/* Vd = @acc(Vd, @op(Vn, Vm)) */
#define SAME_ACC(mnemonic, op, acc)                                           \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                         \
        return neon_three_same(t, a, &op, &acc);                              \
    }
#define SAME_OF(mnemonic, op)                                                 \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                         \
        return neon_three_same(t, a, &op, NULL);                              \
    }

/* The low halves of products of polynomials, half by half. */
static int32_t vpmul(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                     int32_t y)
{
    int32_t part[2];
    for (unsigned high = 0; high <= (v == IR_V128); high++) {
        int32_t n = v == IR_V128 ? neon_half(b, x, high) : x,
                m = v == IR_V128 ? neon_half(b, y, high) : y;
        int32_t product = ir_vop(b, IR_OP_vpmull, IR_V128, 0, n, m, 0);
        part[high] = ir_vop(b, IR_OP_vnarrow, IR_V64, 1, product, IR_NONE, 0);
    }
    return v == IR_V128 ? neon_join(b, part[0], part[1]) : part[0];
}

SAME(VHADD, NEON_VECTOR(neon_vhadd))
SAME(VRHADD, NEON_VECTOR(neon_vrhadd))
SAME(VHSUB, NEON_VECTOR(neon_vhsub))
SAME(VCGT_vi, NEON_VECTOR(neon_vcgt))
SAME(VCGE_vi, NEON_VECTOR(neon_vcge))
SAME(VTST, NEON_VECTOR(neon_vtst))
SAME(VMAX_vi, NEON_VECTOR(neon_vmax))
SAME(VMIN_vi, NEON_VECTOR(neon_vmin))
SAME(VPMAX_vi, NEON_VECTOR(neon_vpmax))
SAME(VPMIN_vi, NEON_VECTOR(neon_vpmin))
SAME(VPADD_vi, NEON_VECTOR(neon_vpadd))
SAME(VQDMULH, NEON_VECTOR(neon_vqdmulh))
SAME(VQRDMULH, NEON_VECTOR(neon_vqrdmulh))
SAME(VMUL_vp, NEON_VECTOR(vpmul))
SAME_OF(VCEQ_vi, neon_equal)
SAME_OF(VABD_vi, neon_abd)
SAME_OF(VADD_vi, neon_add)
SAME_OF(VSUB_vi, neon_sub)
SAME_OF(VQADD, neon_qadd)
SAME_OF(VQSUB, neon_qsub)
SAME_OF(VMUL_vi, neon_mul)
SAME_ACC(VABA, neon_abd, neon_add)
SAME_ACC(VMLA_vi, neon_mul, neon_add)
SAME_ACC(VMLS_vi, neon_mul, neon_sub)

/* Shifts by a register: Vd = Vm shifted by Vn. */
static bool shift_by_register(struct arm_translate *t, const struct arg_n_rrr *a,
                              const struct neon_op *op)
{
    struct arg_n_rrr swapped = *a;
    swapped.vn = a->vm;
    swapped.vm = a->vn;
    return neon_three_same(t, &swapped, op, NULL);
}

#define SHIFT(mnemonic, name)                                                 \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                         \
        static const struct neon_op op = NEON_VECTOR(neon_##name);                      \
        return shift_by_register(t, a, &op);                                  \
    }

SHIFT(VSHL_reg, vshl)
SHIFT(VQSHL_reg, vqshl)
SHIFT(VRSHL_reg, vrshl)
SHIFT(VQRSHL_reg, vqrshl)
