/* Advanced SIMD, two registers miscellaneous (DDI 0406C A7.4.5), integers. */
#include "frontend/arm/translate/neon.h"

#define TWO(mnemonic, ...)                                                   \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        static const struct neon_op op = __VA_ARGS__;                        \
        return neon_two(t, a, &op, NULL);                                    \
    }

/* ---- element by element ---------------------------------------------------------------------- */

static int32_t neg(struct ir_block *b, struct neon_type type, int32_t x, int32_t y)
{
    return neon_sub.fn(b, type, neon_const(b, 0), x);
}

TWO(VCLS, NEON_3(cls))
TWO(VCLZ, NEON_3(clz))
TWO(VCNT, NEON_FROM(cnt, 8, 0, 1))
TWO(VQABS, NEON_3(qabs))
TWO(VQNEG, NEON_3(qneg))
static int32_t vector_neg(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                          int32_t y)
{
    return neon_vsub(b, v, type, ir_const(b, v, 0), x);
}

TWO(VNEG_vi, NEON_WITH(vector_neg, 15, .fn = neg))
TWO(VPADDL, NEON_SU3(paddl))

bool trans_VPADAL(struct arm_translate *t, const struct arg_n_rr *a)
{
    static const struct neon_op op = NEON_SU3(paddl);
    return neon_two(t, a, &op, &neon_add);
}

#define ZERO(mnemonic, swap, ...)                                            \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        static const struct neon_op op = __VA_ARGS__;                        \
        return neon_with_zero(t, a, &op, swap);                                   \
    }

ZERO(VCGT_zi, false, NEON_WITH(neon_vcgt, 7, .helper = ARM_HELPER_neon_cgt_s8, .count = 3))
ZERO(VCGE_zi, false, NEON_WITH(neon_vcge, 7, .helper = ARM_HELPER_neon_cge_s8, .count = 3))
ZERO(VCLE_zi, true, NEON_WITH(neon_vcge, 7, .helper = ARM_HELPER_neon_cge_s8, .count = 3))
ZERO(VCLT_zi, true, NEON_WITH(neon_vcgt, 7, .helper = ARM_HELPER_neon_cgt_s8, .count = 3))
ZERO(VABS_vi, false, NEON_WITH(neon_vabd, 7, .helper = ARM_HELPER_neon_abd_s8, .count = 3)) /* the difference from 0 */

bool trans_VCEQ_zi(struct arm_translate *t, const struct arg_n_rr *a)
{
    return neon_with_zero(t, a, &neon_equal, false);
}

/* ---- rearrangement --------------------------------------------------------------------------- */

/* Neighbouring elements change places. */
static int32_t swap_neighbours(struct ir_block *b, unsigned size, int32_t v)
{
    unsigned bits = 8u << size;
    if (size == 2)
        return ir_op2i(b, IR_OP_ror, v, 32);
    uint64_t low = neon_each(size + 1, ~0ull >> (64 - bits));
    int32_t up = ir_op2i(b, IR_OP_shl, ir_op2i(b, IR_OP_and, v, low), bits);
    int32_t down = ir_op2i(b, IR_OP_and, ir_op2i(b, IR_OP_shr, v, bits), low);
    return ir_op2(b, IR_OP_or, up, down);
}

/* Elements reversed within groups of 8 << @group bits. */
static bool reverse(struct arm_translate *t, const struct arg_n_rr *a, unsigned group)
{
    arm_vfp_check(t);
    for (int i = 0; i <= a->q; i++) {
        int32_t v = arm_d_read(t, a->vm + i);
        if (group == 3 && a->size == 0)
            v = ir_op1(t->b, IR_OP_bswap, v);
        else
            for (unsigned size = (unsigned)a->size; size < group; size++)
                v = swap_neighbours(t->b, size, v);
        arm_d_write(t, a->vd + i, v);
    }
    return true;
}

#define REVERSE(mnemonic, group)                                             \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        return reverse(t, a, group);                                         \
    }

REVERSE(VREV16, 1)
REVERSE(VREV32, 2)
REVERSE(VREV64, 3)

/* New values of d and m: those of one half each, or for VUZP and VZIP of the whole registers. */
static struct neon_pair transpose(struct ir_block *b, unsigned size, int32_t d, int32_t m)
{
    unsigned bits = 8u << size;
    uint64_t low = neon_each(size + 1, ~0ull >> (64 - bits));
    if (size == 2)
        low = 0xffffffff;
    int32_t m_up = ir_op2i(b, IR_OP_shl, ir_op2i(b, IR_OP_and, m, low), bits);
    int32_t d_down = ir_op2i(b, IR_OP_and, ir_op2i(b, IR_OP_shr, d, bits), low);
    return (struct neon_pair){
        ir_op2(b, IR_OP_or, ir_op2i(b, IR_OP_and, d, low), m_up),
        ir_op2(b, IR_OP_or, ir_op2i(b, IR_OP_and, m, ~low), d_down),
    };
}

/* Operations on two registers that are the same one leave it UNKNOWN: what the order here gives. */
bool trans_VTRN(struct arm_translate *t, const struct arg_n_rr *a)
{
    arm_vfp_check(t);
    for (int i = 0; i <= a->q; i++) {
        int32_t d = arm_d_read(t, a->vd + i), m = arm_d_read(t, a->vm + i);
        struct neon_pair v = transpose(t->b, (unsigned)a->size, d, m);
        arm_d_write(t, a->vd + i, v.lo);
        arm_d_write(t, a->vm + i, v.hi);
    }
    return true;
}

/* The even elements of lo, then of hi; or the odd ones. */
static int32_t unzip(struct arm_translate *t, unsigned size, int32_t lo, int32_t hi, bool odd)
{
    struct neon_type wide = {(uint8_t)(size + 1), true};
    if (odd) {
        lo = neon_shift_right(t, wide, lo, 8u << size);
        hi = neon_shift_right(t, wide, hi, 8u << size);
    }
    return neon_do(t, &neon_narrow, wide, lo, hi);
}

bool trans_VUZP(struct arm_translate *t, const struct arg_n_rr *a)
{
    unsigned size = (unsigned)a->size;
    arm_vfp_check(t);
    if (!a->q) {
        int32_t d = arm_d_read(t, a->vd), m = arm_d_read(t, a->vm);
        arm_d_write(t, a->vd, unzip(t, size, d, m, false));
        arm_d_write(t, a->vm, unzip(t, size, d, m, true));
        return true;
    }
    struct neon_pair d = neon_q_read(t, a->vd), m = neon_q_read(t, a->vm), even, odd;
    even.lo = unzip(t, size, d.lo, d.hi, false);
    even.hi = unzip(t, size, m.lo, m.hi, false);
    odd.lo = unzip(t, size, d.lo, d.hi, true);
    odd.hi = unzip(t, size, m.lo, m.hi, true);
    neon_q_write(t, a->vd, even);
    neon_q_write(t, a->vm, odd);
    return true;
}

/* The elements of both low halves in turn. */
static int32_t zip_low(struct ir_block *b, unsigned size, int32_t d, int32_t m)
{
    if (size == 2)
        return ir_op2(b, IR_OP_pair, ir_op1(b, IR_OP_lo32, d), ir_op1(b, IR_OP_lo32, m));
    unsigned helper = size ? ARM_HELPER_neon_zip_16 : ARM_HELPER_neon_zip_8;
    return ir_call(b, helper, d, m, IR_NONE, IR_NONE);
}

static struct neon_pair zip(struct ir_block *b, unsigned size, int32_t d, int32_t m)
{
    int32_t lo = zip_low(b, size, d, m);
    return (struct neon_pair){lo, zip_low(b, size, neon_high(b, d), neon_high(b, m))};
}

bool trans_VZIP(struct arm_translate *t, const struct arg_n_rr *a)
{
    unsigned size = (unsigned)a->size;
    arm_vfp_check(t);
    if (!a->q) {
        struct neon_pair v = zip(t->b, size, arm_d_read(t, a->vd), arm_d_read(t, a->vm));
        arm_d_write(t, a->vd, v.lo);
        arm_d_write(t, a->vm, v.hi);
        return true;
    }
    struct neon_pair d = neon_q_read(t, a->vd), m = neon_q_read(t, a->vm);
    struct neon_pair low = zip(t->b, size, d.lo, m.lo), high = zip(t->b, size, d.hi, m.hi);
    neon_q_write(t, a->vd, low);
    neon_q_write(t, a->vm, high);
    return true;
}

/* ---- other widths; the size is that of the shorter elements ---------------------------------- */

static bool move_narrow(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op)
{
    struct neon_type wide = {(uint8_t)(a->size + 1), a->u};
    arm_vfp_check(t);
    enum ir_opcode narrowing = neon_narrowing(op, wide);
    if (narrowing != IR_OP_COUNT) {
        int32_t v = neon_read(t, IR_V128, a->vm);
        neon_write(t, IR_V64, a->vd, ir_vop(t->b, narrowing, IR_V64, wide.size, v, IR_NONE, 0));
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
