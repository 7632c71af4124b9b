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
    if (size == 3)
        return arm_d_read(t, d);
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

/* ---- in IR ----------------------------------------------------------------------------------- */

/* Sums of all but the top bits of the elements have no carry between elements; the top bits are
 * added apart. */
static int32_t add(struct ir_block *b, struct neon_type type, int32_t x, int32_t y)
{
    if (type.size == 3)
        return ir_op2(b, IR_OP_add, x, y);
    uint64_t top = neon_each(type.size, 1ull << (bits_of(type.size) - 1));
    int32_t low = ir_op2(b, IR_OP_add, ir_op2i(b, IR_OP_and, x, ~top),
                         ir_op2i(b, IR_OP_and, y, ~top));
    int32_t differ = ir_op2i(b, IR_OP_and, ir_op2(b, IR_OP_xor, x, y), top);
    return ir_op2(b, IR_OP_xor, low, differ);
}

/* As add; top bits of 1 in the minuend take the borrow. */
static int32_t sub(struct ir_block *b, struct neon_type type, int32_t x, int32_t y)
{
    if (type.size == 3)
        return ir_op2(b, IR_OP_sub, x, y);
    uint64_t top = neon_each(type.size, 1ull << (bits_of(type.size) - 1));
    int32_t low = ir_op2(b, IR_OP_sub, ir_op2i(b, IR_OP_or, x, top),
                         ir_op2i(b, IR_OP_and, y, ~top));
    int32_t same = ir_op2(b, IR_OP_andn, neon_const(b, top), ir_op2(b, IR_OP_xor, x, y));
    return ir_op2(b, IR_OP_xor, low, same);
}

/* Elements of ones where @x's are not 0: all but the top bit plus their maximum carry into it. */
static int32_t ones_where_not_zero(struct ir_block *b, unsigned size, int32_t x)
{
    unsigned bits = bits_of(size);
    uint64_t top = neon_each(size, 1ull << (bits - 1));
    int32_t sum = ir_op2i(b, IR_OP_add, ir_op2i(b, IR_OP_and, x, ~top), ~top);
    int32_t tops = ir_op2i(b, IR_OP_and, ir_op2(b, IR_OP_or, sum, x), top);
    return ir_op2(b, IR_OP_sub, ir_op2i(b, IR_OP_shl, tops, 1),
                  ir_op2i(b, IR_OP_shr, tops, bits - 1));
}

static int32_t equal(struct ir_block *b, struct neon_type type, int32_t x, int32_t y)
{
    int32_t differ = ir_op2(b, IR_OP_xor, x, y);
    return ir_op1(b, IR_OP_not, ones_where_not_zero(b, type.size, differ));
}

static int32_t test(struct ir_block *b, struct neon_type type, int32_t x, int32_t y)
{
    return ones_where_not_zero(b, type.size, ir_op2(b, IR_OP_and, x, y));
}

int32_t neon_shift_left(struct ir_block *b, struct neon_type type, int32_t v, unsigned n)
{
    if (n == 0)
        return v;
    v = ir_op2i(b, IR_OP_shl, v, n);
    if (type.size == 3)
        return v;
    return ir_op2i(b, IR_OP_and, v, neon_each(type.size, ~0ull << n));
}

static int32_t shift_right_unsigned(struct ir_block *b, unsigned size, int32_t v, unsigned n)
{
    unsigned bits = bits_of(size);
    if (n == bits)
        return neon_const(b, 0);
    v = ir_op2i(b, IR_OP_shr, v, n);
    return size == 3 ? v : ir_op2i(b, IR_OP_and, v, neon_each(size, ones(bits - n)));
}

int32_t neon_shift_right(struct arm_translate *t, struct neon_type type, int32_t v, unsigned n)
{
    if (type.u)
        return shift_right_unsigned(t->b, type.size, v, n);
    if (type.size == 3)
        return ir_op2i(t->b, IR_OP_sar, v, n < 64 ? n : 63);
    return neon_do(t, &neon_shl, type, v, neon_const(t->b, neon_each(type.size, -(uint64_t)n)));
}

/* ---- operations ------------------------------------------------------------------------------ */

const struct neon_op neon_add = NEON_WITH(neon_vadd, 15, .fn = add);
const struct neon_op neon_sub = NEON_WITH(neon_vsub, 15, .fn = sub);
const struct neon_op neon_equal = NEON_WITH(neon_vceq, 7, .fn = equal);
const struct neon_op neon_test = NEON_WITH(neon_vtst, 7, .fn = test);
const struct neon_op neon_mul =
    NEON_WITH(neon_vmul, 7, .helper = ARM_HELPER_neon_mul_8, .count = 3);
const struct neon_op neon_qadd = NEON_WITH(neon_vqadd, 3, .helper = ARM_HELPER_neon_qadd_s8,
                                           .count = 4, .sign_matters = true);
const struct neon_op neon_qsub = NEON_WITH(neon_vqsub, 3, .helper = ARM_HELPER_neon_qsub_s8,
                                           .count = 4, .sign_matters = true);
const struct neon_op neon_shl = NEON_SU4(shl);
const struct neon_op neon_rshl = NEON_SU4(rshl);
const struct neon_op neon_abd =
    NEON_WITH(neon_vabd, 7, .helper = ARM_HELPER_neon_abd_s8, .count = 3, .sign_matters = true);
const struct neon_op neon_abdl = NEON_SU3(abdl);
const struct neon_op neon_widen = NEON_SU3(widen);
const struct neon_op neon_mull = NEON_SU3(mull);
const struct neon_op neon_qdmull = NEON_FROM(qdmull, 16, 1, 2);
const struct neon_op neon_qnarrow = {
    .helper = ARM_HELPER_neon_qnarrow_s16, .first = 1, .count = 3, .sign_matters = true};
const struct neon_op neon_qnarrow_su = NEON_FROM(qnarrow_su, 16, 1, 3);

static int32_t narrow(struct ir_block *b, struct neon_type type, int32_t x, int32_t y)
{
    if (type.size == 3)
        return ir_op2(b, IR_OP_pair, ir_op1(b, IR_OP_lo32, x), ir_op1(b, IR_OP_lo32, y));
    unsigned helper = type.size == 1 ? ARM_HELPER_neon_narrow_16 : ARM_HELPER_neon_narrow_32;
    return ir_call(b, helper, x, y, IR_NONE, IR_NONE);
}

const struct neon_op neon_narrow = {.fn = narrow};

bool neon_has(const struct neon_op *op, int size)
{
    return !op->count || (size >= op->first && size < op->first + op->count);
}

int32_t neon_do(struct arm_translate *t, const struct neon_op *op, struct neon_type type, int32_t x,
                int32_t y)
{
    assert(neon_has(op, type.size));
    if (op->fn)
        return op->fn(t->b, type, x, y);
    unsigned helper = op->helper;
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
    if (!neon_has(op, a->size))
        return arm_undefined(t);
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

bool neon_two(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op,
              const struct neon_op *acc)
{
    struct neon_type type = {(uint8_t)a->size, a->u};
    struct neon_type acc_type = {(uint8_t)(a->size + 1), a->u};
    if (!neon_has(op, a->size))
        return arm_undefined(t);
    arm_vfp_check(t);
    if (neon_has_vector(t, op, type) && neon_has_vector(t, acc, acc_type)) {
        enum ir_type v = neon_vector(a->q);
        int32_t r = neon_vector_do(t, op, v, type, neon_read(t, v, a->vm), IR_NONE);
        if (acc)
            r = neon_vector_do(t, acc, v, acc_type, neon_read(t, v, a->vd), r);
        neon_write(t, v, a->vd, r);
        return true;
    }
    for (int i = 0; i <= a->q; i++) {
        int32_t v = neon_do(t, op, type, arm_d_read(t, a->vm + i), IR_NONE);
        if (acc)
            v = neon_do(t, acc, acc_type, arm_d_read(t, a->vd + i), v);
        arm_d_write(t, a->vd + i, v);
    }
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
