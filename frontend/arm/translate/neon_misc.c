/* Advanced SIMD, two registers miscellaneous (DDI 0406C A7.4.5), integers. */
#include "frontend/arm/translate/neon.h"

#define TWO(mnemonic, ...)                                                   \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        static const struct neon_op op = __VA_ARGS__;                        \
        return neon_two(t, a, &op);                                          \
    }

/* ---- element by element ---------------------------------------------------------------------- */

static int32_t bitwise_and(struct ir_block *b, enum ir_type v, int32_t x, int32_t y)
{
    return ir_vop(b, IR_OP_vand, v, 0, x, y, 0);
}

/* Leading zeros of elements of twice the size, of those of their halves in @x. The lower half
 * counts when the upper one is 0. */
static int32_t zeros_of_pairs(struct ir_block *b, enum ir_type v, unsigned size, int32_t x)
{
    unsigned half = 4u << size;
    int32_t high = ir_vop(b, IR_OP_vshru, v, size, x, IR_NONE, half);
    int32_t low = bitwise_and(b, v, x, ir_const(b, v, neon_each(size, (1ull << half) - 1)));
    int32_t empty = neon_vceq(b, v, (struct neon_type){.size = (uint8_t)size}, high,
                              ir_const(b, v, neon_each(size, half)));
    return neon_vadd(b, v, (struct neon_type){.size = (uint8_t)size}, high,
                     bitwise_and(b, v, low, empty));
}

/* Of bytes, by their halves: zeros of numbers of four bits, of which those from 8 on have none. */
static int32_t zeros_of_bytes(struct ir_block *b, enum ir_type v, int32_t x)
{
    static const struct neon_type bytes = {.u = true};
    int32_t table = neon_join(b, ir_const(b, IR_V64, 0x0101010102020304), ir_const(b, IR_V64, 0));
    int32_t high = neon_vector_shift_right(b, v, bytes, x, 4);
    int32_t low = bitwise_and(b, v, x, ir_const(b, v, neon_each(0, 15)));
    int32_t empty = neon_vceq(b, v, bytes, high, ir_const(b, v, 0));
    low = ir_vop(b, IR_OP_vtbl, v, 0, table, low, 0);
    high = ir_vop(b, IR_OP_vtbl, v, 0, table, high, 0);
    return neon_vadd(b, v, bytes, high, bitwise_and(b, v, low, empty));
}

static int32_t vclz(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    x = zeros_of_bytes(b, v, x);
    for (unsigned size = 1; size <= type.size; size++)
        x = zeros_of_pairs(b, v, size, x);
    return x;
}

/* Bits that are as the sign: zeros of what differs from its neighbour, less the sign itself. */
static int32_t vcls(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    struct neon_type s = {.size = type.size};
    int32_t changes = ir_vop(b, IR_OP_vxor, v, 0, x, neon_vector_shift_right(b, v, s, x, 1), 0);
    return neon_vsub(b, v, s, vclz(b, v, s, changes, y), ir_const(b, v, neon_each(s.size, 1)));
}

TWO(VCLS, NEON_VECTOR(vcls))
TWO(VCLZ, NEON_VECTOR(vclz))
TWO(VCNT, NEON_VECTOR(neon_vcnt))
TWO(VQABS, NEON_VECTOR(neon_vqabs))
TWO(VQNEG, NEON_VECTOR(neon_vqneg))

static int32_t vector_neg(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                          int32_t y)
{
    return neon_vsub(b, v, type, ir_const(b, v, 0), x);
}

/* The least number remains. */
static int32_t vector_abs(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                          int32_t y)
{
    struct neon_type s = {type.size, false, false};
    return neon_vmax(b, v, s, x, vector_neg(b, v, s, x, y));
}

TWO(VNEG_vi, NEON_VECTOR(vector_neg))
TWO(VABS_vi, NEON_VECTOR(vector_abs))
TWO(VPADDL, NEON_VECTOR(neon_vpaddl))

bool trans_VPADAL(struct arm_translate *t, const struct arg_n_rr *a)
{
    struct neon_type type = {(uint8_t)a->size, a->u, false};
    struct neon_type wide = {(uint8_t)(a->size + 1), a->u, false};
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

ZERO(VCGT_zi, false, NEON_VECTOR(neon_vcgt))
ZERO(VCGE_zi, false, NEON_VECTOR(neon_vcge))
ZERO(VCLE_zi, true, NEON_VECTOR(neon_vcge))
ZERO(VCLT_zi, true, NEON_VECTOR(neon_vcgt))

bool trans_VCEQ_zi(struct arm_translate *t, const struct arg_n_rr *a)
{
    return neon_with_zero(t, a, &neon_equal, false);
}

/* ---- other widths; the size is that of the shorter elements ---------------------------------- */

static bool move_narrow(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op)
{
    struct neon_type wide = {(uint8_t)(a->size + 1), a->u, false};
    arm_vfp_check(t);
    int32_t v = neon_read(t, IR_V128, a->vm);
    neon_write(t, IR_V64, a->vd, neon_vector_do(t, op, IR_V64, wide, v, IR_NONE));
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
