/* Operations of Advanced SIMD on D register values, and the simplest shapes. See neon.h. */
#include <assert.h>

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

int32_t neon_const(struct ir_block *b, uint64_t v)
{
    return ir_const(b, IR_I64, v);
}

int32_t neon_high(struct ir_block *b, int32_t v)
{
    return ir_op2i(b, IR_OP_shr, v, 32);
}

int32_t neon_lane(struct arm_translate *t, int d, int size, int index)
{
    struct ir_block *b = t->b;
    unsigned at = (unsigned)index << (3 + size);
    assert(size < 3);
    int32_t word = ir_op1(b, at & 32 ? IR_OP_hi32 : IR_OP_lo32, arm_d_read(t, d));
    if (at & 31)
        word = ir_op2i(b, IR_OP_shr, word, at & 31);
    return arm_neon_replicate(t, word, (unsigned)size);
}

struct neon_pair neon_q_read(struct arm_translate *t, int d)
{
    int32_t lo = arm_d_read(t, d);
    return (struct neon_pair){lo, arm_d_read(t, d + 1)};
}

void neon_q_write(struct arm_translate *t, int d, struct neon_pair v)
{
    arm_d_write(t, d, v.lo);
    arm_d_write(t, d + 1, v.hi);
}

/* ---- operations ------------------------------------------------------------------------------ */

const struct neon_op neon_add = NEON_VECTOR(neon_vadd, 15);
const struct neon_op neon_sub = NEON_VECTOR(neon_vsub, 15);
const struct neon_op neon_equal = NEON_VECTOR(neon_vceq, 7);
const struct neon_op neon_mul = NEON_VECTOR(neon_vmul, 7);
const struct neon_op neon_abd = NEON_VECTOR(neon_vabd, 7);
const struct neon_op neon_qadd = NEON_WITH(neon_vqadd, 3, NEON_SU_FROM(qadd, 32, 2, 2));
const struct neon_op neon_qsub = NEON_WITH(neon_vqsub, 3, NEON_SU_FROM(qsub, 32, 2, 2));
const struct neon_op neon_narrow = NEON_VECTOR(neon_vnarrow, 14);
const struct neon_op neon_qnarrow = NEON_WITH(neon_vqnarrow, 6, NEON_SU_FROM(qnarrow, 64, 3, 1));
const struct neon_op neon_qnarrow_su =
    NEON_WITH(neon_vqnarrow_su, 6, .helper = ARM_HELPER_neon_qnarrow_su_64, .first = 3, .count = 1);

int32_t neon_do(struct arm_translate *t, const struct neon_op *op, struct neon_type type, int32_t x,
                int32_t y)
{
    unsigned helper = op->helper;
    assert(helper && (!op->count || (unsigned)type.size - op->first < op->count));
    if (op->count)
        helper += type.size - op->first + (op->sign_matters && type.u ? op->count : 0u);
    return ir_call(t->b, helper, x, y, IR_NONE, IR_NONE);
}

/* ---- shapes ---------------------------------------------------------------------------------- */

/* Vd +- x * y of floats: one op. */
static int32_t float_product_sum(struct arm_translate *t, enum ir_type v, int vd, bool subtract,
                                 int32_t x, int32_t y)
{
    enum ir_opcode op = subtract ? IR_OP_vfmls : IR_OP_vfmla;
    int32_t r = ir_vop(t->b, op, v, 2, neon_read(t, v, vd), x, 0);
    t->b->ops[r].arg[2] = y;
    return r;
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

/* The halves are done one after the other: no operand is a half that was written before. */
bool neon_three_same(struct arm_translate *t, const struct arg_n_rrr *a, const struct neon_op *op,
                     const struct neon_op *acc)
{
    struct neon_type type = {(uint8_t)a->size, a->u};
    arm_vfp_check(t);
    if (neon_has_vector(t, op, type) && neon_has_vector(t, acc, type)) {
        enum ir_type v = neon_vector(a->q);
        int32_t n = neon_read(t, v, a->vn);
        int32_t m = a->vm == a->vn ? n : neon_read(t, v, a->vm);
        return vector_result(t, v, a->vd, op, acc, type, n, m);
    }
    for (int i = 0; i <= a->q; i++) {
        int32_t n = arm_d_read(t, a->vn + i);
        int32_t m = a->vm == a->vn ? n : arm_d_read(t, a->vm + i);
        int32_t v = neon_do(t, op, type, n, m);
        if (acc)
            v = neon_do(t, acc, type, arm_d_read(t, a->vd + i), v);
        arm_d_write(t, a->vd + i, v);
    }
    return true;
}

bool neon_two(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op)
{
    struct neon_type type = {(uint8_t)a->size, a->u};
    arm_vfp_check(t);
    if (neon_has_vector(t, op, type)) {
        enum ir_type v = neon_vector(a->q);
        int32_t m = neon_read(t, v, a->vm);
        neon_write(t, v, a->vd, neon_vector_do(t, op, v, type, m, IR_NONE));
        return true;
    }
    for (int i = 0; i <= a->q; i++)
        arm_d_write(t, a->vd + i, neon_do(t, op, type, arm_d_read(t, a->vm + i), IR_NONE));
    return true;
}

bool neon_with_zero(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op,
                    bool swap)
{
    struct neon_type type = {(uint8_t)a->size, false};
    arm_vfp_check(t);
    if (neon_has_vector(t, op, type)) {
        enum ir_type v = neon_vector(a->q);
        int32_t m = neon_read(t, v, a->vm), zero = ir_const(t->b, v, 0);
        return vector_result(t, v, a->vd, op, NULL, type, swap ? zero : m, swap ? m : zero);
    }
    for (int i = 0; i <= a->q; i++) {
        int32_t m = arm_d_read(t, a->vm + i), zero = neon_const(t->b, 0);
        arm_d_write(t, a->vd + i, neon_do(t, op, type, swap ? zero : m, swap ? m : zero));
    }
    return true;
}

bool neon_scalar_same(struct arm_translate *t, const struct arg_n_rrs *a, const struct neon_op *op,
                      const struct neon_op *acc)
{
    struct neon_type type = {(uint8_t)a->size, a->u};
    arm_vfp_check(t);
    if (neon_has_vector(t, op, type) && neon_has_vector(t, acc, type)) {
        enum ir_type v = neon_vector(a->q);
        int32_t lane = neon_vector_lane(t, v, a->vm, a->size, a->index);
        return vector_result(t, v, a->vd, op, acc, type, neon_read(t, v, a->vn), lane);
    }
    int32_t m = neon_lane(t, a->vm, a->size, a->index);
    for (int i = 0; i <= a->q; i++) {
        int32_t v = neon_do(t, op, type, arm_d_read(t, a->vn + i), m);
        if (acc)
            v = neon_do(t, acc, type, arm_d_read(t, a->vd + i), v);
        arm_d_write(t, a->vd + i, v);
    }
    return true;
}
