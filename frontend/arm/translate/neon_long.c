/*
 * Advanced SIMD, three registers of different lengths, and two registers and a scalar (DDI 0406C
 * A7.4.2, A7.4.3), integers and polynomials. An element's size is that of the shorter ones.
 */
#include "frontend/arm/translate/neon.h"

static struct neon_type type_of(int size, int u)
{
    return (struct neon_type){(uint8_t)size, u};
}

/* Operand @v, both halves widened. */
static struct neon_pair widen(struct arm_translate *t, struct neon_type type, int32_t v)
{
    int32_t lo = neon_do(t, &neon_widen, type, v, IR_NONE);
    return (struct neon_pair){lo, neon_do(t, &neon_widen, type, neon_high(t->b, v), IR_NONE)};
}

static struct neon_pair both(struct arm_translate *t, const struct neon_op *op,
                             struct neon_type type, struct neon_pair x, struct neon_pair y)
{
    int32_t lo = neon_do(t, op, type, x.lo, y.lo);
    return (struct neon_pair){lo, neon_do(t, op, type, x.hi, y.hi)};
}

/* Qd = op(Vn, Dm) of elements that were widened first; Vn is a quadword when @wide. */
static bool add_long(struct arm_translate *t, const struct arg_n_rrr *a, const struct neon_op *op,
                     bool wide)
{
    struct neon_type type = type_of(a->size, a->u), result = type_of(a->size + 1, a->u);
    arm_vfp_check(t);
    struct neon_pair n = wide ? neon_q_read(t, a->vn) : widen(t, type, arm_d_read(t, a->vn));
    struct neon_pair m = widen(t, type, arm_d_read(t, a->vm));
    neon_q_write(t, a->vd, both(t, op, result, n, m));
    return true;
}

/* Qd = op(n, m), or acc(Qd, op(n, m)), where @op is a long operation. */
static bool long_values(struct arm_translate *t, int vd, struct neon_type type, int32_t n,
                        int32_t m, const struct neon_op *op, const struct neon_op *acc)
{
    struct ir_block *b = t->b;
    int32_t lo = neon_do(t, op, type, n, m);
    int32_t hi = neon_do(t, op, type, neon_high(b, n), neon_high(b, m));
    struct neon_pair v = {lo, hi};
    if (acc)
        v = both(t, acc, type_of(type.size + 1, type.u), neon_q_read(t, vd), v);
    neon_q_write(t, vd, v);
    return true;
}

static bool three_long(struct arm_translate *t, const struct arg_n_rrr *a, const struct neon_op *op,
                       const struct neon_op *acc)
{
    if (!neon_has(op, a->size))
        return arm_undefined(t);
    arm_vfp_check(t);
    int32_t n = arm_d_read(t, a->vn), m = arm_d_read(t, a->vm);
    return long_values(t, a->vd, type_of(a->size, a->u), n, m, op, acc);
}

/* Dd = the high halves of op(Qn, Qm), rounded when @round. */
static bool narrow_high(struct arm_translate *t, const struct arg_n_rrr *a,
                        const struct neon_op *op, bool round)
{
    struct neon_type wide = type_of(a->size + 1, true);
    unsigned half = 8u << a->size;
    arm_vfp_check(t);
    struct neon_pair n = neon_q_read(t, a->vn);
    struct neon_pair v = both(t, op, wide, n, neon_q_read(t, a->vm));
    if (round) {
        int32_t c = neon_const(t->b, neon_each(wide.size, 1ull << (half - 1)));
        v = both(t, &neon_add, wide, v, (struct neon_pair){c, c});
    }
    int32_t lo = neon_shift_right(t, wide, v.lo, half), hi = neon_shift_right(t, wide, v.hi, half);
    arm_d_write(t, a->vd, neon_do(t, &neon_narrow, wide, lo, hi));
    return true;
}

#define THREE(mnemonic, call)                                                 \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                         \
        return call;                                                          \
    }

THREE(VADDL, add_long(t, a, &neon_add, false))
THREE(VADDW, add_long(t, a, &neon_add, true))
THREE(VSUBL, add_long(t, a, &neon_sub, false))
THREE(VSUBW, add_long(t, a, &neon_sub, true))
THREE(VADDHN, narrow_high(t, a, &neon_add, false))
THREE(VRADDHN, narrow_high(t, a, &neon_add, true))
THREE(VSUBHN, narrow_high(t, a, &neon_sub, false))
THREE(VRSUBHN, narrow_high(t, a, &neon_sub, true))
THREE(VABDL, three_long(t, a, &neon_abdl, NULL))
THREE(VABAL, three_long(t, a, &neon_abdl, &neon_add))
THREE(VMULL, three_long(t, a, &neon_mull, NULL))
THREE(VMLAL, three_long(t, a, &neon_mull, &neon_add))
THREE(VMLSL, three_long(t, a, &neon_mull, &neon_sub))
THREE(VQDMULL, three_long(t, a, &neon_qdmull, NULL))
THREE(VQDMLAL, three_long(t, a, &neon_qdmull, &neon_qadd))
THREE(VQDMLSL, three_long(t, a, &neon_qdmull, &neon_qsub))

bool trans_VMULL_p(struct arm_translate *t, const struct arg_n_rrr *a)
{
    static const struct neon_op op = NEON_FROM(pmull, 8, 0, 1);
    return three_long(t, a, &op, NULL);
}

bool trans_VMULL_p64(struct arm_translate *t, const struct arg_n_rrr *a)
{
    arm_vfp_check(t);
    int32_t n = arm_d_read(t, a->vn), m = arm_d_read(t, a->vm);
    int32_t lo = ir_call(t->b, ARM_HELPER_neon_pmull_64_lo, n, m, IR_NONE, IR_NONE);
    int32_t hi = ir_call(t->b, ARM_HELPER_neon_pmull_64_hi, n, m, IR_NONE, IR_NONE);
    neon_q_write(t, a->vd, (struct neon_pair){lo, hi});
    return true;
}

/* ---- by a scalar ----------------------------------------------------------------------------- */

static bool scalar_long(struct arm_translate *t, const struct arg_n_rrs *a,
                        const struct neon_op *op, const struct neon_op *acc)
{
    arm_vfp_check(t);
    int32_t m = neon_lane(t, a->vm, a->size, a->index);
    return long_values(t, a->vd, type_of(a->size, a->u), arm_d_read(t, a->vn), m, op, acc);
}

static const struct neon_op qdmulh = NEON_FROM(qdmulh, 16, 1, 2);
static const struct neon_op qrdmulh = NEON_FROM(qrdmulh, 16, 1, 2);

#define SCALAR(mnemonic, shape, op, acc)                                      \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrs *a) \
    {                                                                         \
        return shape(t, a, op, acc);                                          \
    }

SCALAR(VMUL_si, neon_scalar_same, &neon_mul, NULL)
SCALAR(VMLA_si, neon_scalar_same, &neon_mul, &neon_add)
SCALAR(VMLS_si, neon_scalar_same, &neon_mul, &neon_sub)
SCALAR(VQDMULH_s, neon_scalar_same, &qdmulh, NULL)
SCALAR(VQRDMULH_s, neon_scalar_same, &qrdmulh, NULL)
SCALAR(VMULL_s, scalar_long, &neon_mull, NULL)
SCALAR(VMLAL_s, scalar_long, &neon_mull, &neon_add)
SCALAR(VMLSL_s, scalar_long, &neon_mull, &neon_sub)
SCALAR(VQDMULL_s, scalar_long, &neon_qdmull, NULL)
SCALAR(VQDMLAL_s, scalar_long, &neon_qdmull, &neon_qadd)
SCALAR(VQDMLSL_s, scalar_long, &neon_qdmull, &neon_qsub)
