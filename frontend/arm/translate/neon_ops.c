/* Operations of Advanced SIMD on D register values, and the simplest shapes. See neon.h. */
#include "frontend/arm/translate/neon.h"

/* ---- constants and elements ------------------------------------------------------------------ */

static unsigned bits_of(unsigned size)
{
    return 8u << size;
}

static uint64_t ones(unsigned bits)
{
    return bits ? ~0ull >> (64 - bits) : 0;
}

uint64_t neon_each(unsigned size, uint64_t v)
{
    return (v & ones(bits_of(size))) * (~0ull / ones(bits_of(size)));
}

/* ---- operations ------------------------------------------------------------------------------ */

const struct neon_op neon_add = NEON_VECTOR(neon_vadd);
const struct neon_op neon_sub = NEON_VECTOR(neon_vsub);
const struct neon_op neon_equal = NEON_VECTOR(neon_vceq);
const struct neon_op neon_mul = NEON_VECTOR(neon_vmul);
const struct neon_op neon_abd = NEON_VECTOR(neon_vabd);
const struct neon_op neon_qadd = NEON_VECTOR(neon_vqadd);
const struct neon_op neon_qsub = NEON_VECTOR(neon_vqsub);
const struct neon_op neon_narrow = NEON_VECTOR(neon_vnarrow);
const struct neon_op neon_qnarrow = NEON_VECTOR(neon_vqnarrow);
const struct neon_op neon_qnarrow_su = NEON_VECTOR(neon_vqnarrow_su);

/* ---- shapes ---------------------------------------------------------------------------------- */

/* Vd +- x * y of floats: one op. */
static int32_t float_product_sum(struct arm_translate *t, enum ir_type v, int vd, bool subtract,
                                 int32_t x, int32_t y)
{
    enum ir_opcode op = subtract ? IR_OP_vfmls : IR_OP_vfmla;
    bool nearest = t->flags & ARM_BF_FP_ROUNDING;
    return ir_vop3(t->b, op, v, 2, neon_read(t, v, vd), x, y, nearest);
}

/* Vd = op(x, y), or acc(Vd, op(x, y)), of vectors. */
static bool vector_result(struct arm_translate *t, enum ir_type v, int vd, const struct neon_op *op,
                          const struct neon_op *acc, struct neon_type type, int32_t x, int32_t y)
{
    int32_t r;
    if (acc && op->vector == neon_vfmul) {
        r = float_product_sum(t, v, vd, acc->vector == neon_vfsub, x, y);
    } else {
        r = neon_vector_do(t, op, v, type, x, y);
        if (acc)
            r = neon_vector_do(t, acc, v, type, neon_read(t, v, vd), r);
    }
    neon_write(t, v, vd, r);
    return true;
}

bool neon_three_same(struct arm_translate *t, const struct arg_n_rrr *a, const struct neon_op *op,
                     const struct neon_op *acc)
{
    struct neon_type type = {(uint8_t)a->size, a->u, false};
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    int32_t n = neon_read(t, v, a->vn), m = a->vm == a->vn ? n : neon_read(t, v, a->vm);
    return vector_result(t, v, a->vd, op, acc, type, n, m);
}

bool neon_two(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op)
{
    struct neon_type type = {(uint8_t)a->size, a->u, false};
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    return vector_result(t, v, a->vd, op, NULL, type, neon_read(t, v, a->vm), IR_NONE);
}

bool neon_with_zero(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op,
                    bool swap)
{
    struct neon_type type = {(uint8_t)a->size, false, false};
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    int32_t m = neon_read(t, v, a->vm), zero = ir_const(t->b, v, 0);
    return vector_result(t, v, a->vd, op, NULL, type, swap ? zero : m, swap ? m : zero);
}

bool neon_scalar_same(struct arm_translate *t, const struct arg_n_rrs *a, const struct neon_op *op,
                      const struct neon_op *acc)
{
    struct neon_type type = {(uint8_t)a->size, a->u, false};
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    int32_t lane = neon_vector_lane(t, v, a->vm, a->size, a->index);
    return vector_result(t, v, a->vd, op, acc, type, neon_read(t, v, a->vn), lane);
}
