/* Advanced SIMD extraction, table lookup and duplication (DDI 0406C A7.4). */
#include "frontend/arm/translate/neon.h"

/* The 64 bits from byte @n (0..7) of hi:lo on. */
static int32_t extract(struct ir_block *b, int32_t lo, int32_t hi, unsigned n)
{
    if (n == 0)
        return lo;
    return ir_op2(b, IR_OP_or, ir_op2i(b, IR_OP_shr, lo, 8 * n),
                  ir_op2i(b, IR_OP_shl, hi, 64 - 8 * n));
}

bool trans_VEXT(struct arm_translate *t, const struct arg_n_ext *a)
{
    unsigned n = (unsigned)a->imm & 7;
    int first = a->imm >> 3; /* of the doublewords that the result lies in */
    int32_t v[4];
    arm_vfp_check(t);
    for (int i = 0; i <= a->q; i++) {
        v[i] = arm_d_read(t, a->vn + i);
        v[i + 1 + a->q] = arm_d_read(t, a->vm + i);
    }
    for (int i = 0; i <= a->q; i++) {
        int32_t hi = n ? v[first + i + 1] : IR_NONE;
        arm_d_write(t, a->vd + i, extract(t->b, v[first + i], hi, n));
    }
    return true;
}

/* Tables that go beyond the last register are UNPREDICTABLE. */
bool trans_VTBL(struct arm_translate *t, const struct arg_n_tbl *a)
{
    struct ir_block *b = t->b;
    if (a->vn + a->len > 32)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t outside = a->x ? arm_d_read(t, a->vd) : neon_const(b, 0);
    int32_t table = ir_i32(b, (uint32_t)(a->vn | a->len << 8));
    int32_t v = ir_call(b, ARM_HELPER_neon_table, arm_d_read(t, a->vm), outside, table, IR_NONE);
    arm_d_write(t, a->vd, v);
    return true;
}

bool trans_VDUP_scalar(struct arm_translate *t, const struct arg_n_dup *a)
{
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    neon_write(t, v, a->vd, neon_vector_lane(t, v, a->vm, a->size, a->index));
    return true;
}
