/* Operations of Advanced SIMD on whole registers as IR's vectors. */
#include "frontend/arm/translate/neon.h"

int32_t neon_vector_do(struct arm_translate *t, const struct neon_op *op, enum ir_type v,
                       struct neon_type type, int32_t x, int32_t y)
{
    type.nearest = t->flags & ARM_BF_FP_ROUNDING;
    return op->vector(t->b, v, type, x, y);
}

int32_t neon_vector_lane(struct arm_translate *t, enum ir_type v, int d, int size, int index)
{
    return ir_vop(t->b, IR_OP_vdupl, v, (unsigned)size, neon_read(t, IR_V64, d), IR_NONE,
                  (unsigned)index);
}

/* ---- shifts ---------------------------------------------------------------------------------- */

/* Bytes are shifted as halfwords, without what comes from the neighbour. */
static int32_t shift(struct ir_block *b, enum ir_opcode op, enum ir_type v, unsigned size,
                     int32_t x, unsigned n)
{
    return n ? ir_vop(b, op, v, size, x, IR_NONE, n) : x;
}

int32_t neon_vector_shift_left(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                               unsigned n)
{
    if (type.size)
        return shift(b, IR_OP_vshl, v, type.size, x, n);
    x = shift(b, IR_OP_vshl, v, 1, x, n);
    return ir_vop(b, IR_OP_vand, v, 0, x, ir_const(b, v, neon_each(0, 0xffull << n)), 0);
}

/* Where the host has no instruction: the sign, shifted as other bits, is extended. */
static int32_t shift_signed(struct ir_block *b, enum ir_type v, unsigned size, int32_t x,
                            unsigned n)
{
    struct neon_type u = {.size = (uint8_t)size, .u = true};
    int32_t sign = ir_const(b, v, neon_each(size, 1ull << ((8u << size) - 1 - n)));
    x = ir_vop(b, IR_OP_vxor, v, 0, neon_vector_shift_right(b, v, u, x, n), sign, 0);
    return ir_vop(b, IR_OP_vsub, v, size, x, sign, 0);
}

int32_t neon_vector_shift_right(struct ir_block *b, enum ir_type v, struct neon_type type,
                                int32_t x, unsigned n)
{
    unsigned bits = 8u << type.size;
    if (!type.u && (type.size == 1 || type.size == 2))
        return shift(b, IR_OP_vshrs, v, type.size, x, n < bits ? n : bits - 1);
    if (!type.u)
        return shift_signed(b, v, type.size, x, n < bits ? n : bits - 1);
    if (n == bits)
        return ir_const(b, v, 0);
    if (type.size)
        return shift(b, IR_OP_vshru, v, type.size, x, n);
    x = shift(b, IR_OP_vshru, v, 1, x, n);
    return ir_vop(b, IR_OP_vand, v, 0, x, ir_const(b, v, neon_each(0, 0xffu >> n)), 0);
}

/* The last bit that is shifted out is added: no sum of the element itself, which might overflow. */
int32_t neon_vector_round_right(struct ir_block *b, enum ir_type v, struct neon_type type,
                                int32_t x, unsigned n)
{
    struct neon_type u = {.size = type.size, .u = true};
    int32_t last = n > 1 ? neon_vector_shift_right(b, v, u, x, n - 1) : x;
    last = ir_vop(b, IR_OP_vand, v, type.size, last, ir_const(b, v, neon_each(type.size, 1)), 0);
    return ir_vop(b, IR_OP_vadd, v, type.size, neon_vector_shift_right(b, v, type, x, n), last, 0);
}

/* ---- operations ------------------------------------------------------------------------------ */

#define OPERATION(name, op_s, op_u)                                                                \
    int32_t neon_##name(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,      \
                        int32_t y)                                                                 \
    {                                                                                              \
        return ir_vop(b, type.u ? IR_OP_##op_u : IR_OP_##op_s, v, type.size, x, y, 0);             \
    }
OPERATION(vadd, vadd, vadd)
OPERATION(vsub, vsub, vsub)
OPERATION(vmul, vmul, vmul)
OPERATION(vmax, vmaxs, vmaxu)
OPERATION(vmin, vmins, vminu)
OPERATION(vceq, vcmpeq, vcmpeq)
OPERATION(vqdmulh, vqdmulh, vqdmulh)
OPERATION(vqrdmulh, vqrdmulh, vqrdmulh)
OPERATION(vnarrow, vnarrow, vnarrow)

/* x + y is 2 * (x & y) + (x ^ y), and 2 * (x | y) - (x ^ y); x - y is (x ^ y) - 2 * (y & ~x). */
static int32_t half_differing(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                              int32_t y)
{
    return neon_vector_shift_right(b, v, type, ir_vop(b, IR_OP_vxor, v, 0, x, y, 0), 1);
}

int32_t neon_vhadd(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    int32_t both = ir_vop(b, IR_OP_vand, v, 0, x, y, 0);
    return neon_vadd(b, v, type, both, half_differing(b, v, type, x, y));
}

int32_t neon_vrhadd(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    int32_t either = ir_vop(b, IR_OP_vor, v, 0, x, y, 0);
    return neon_vsub(b, v, type, either, half_differing(b, v, type, x, y));
}

int32_t neon_vhsub(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    int32_t borrows = ir_vop(b, IR_OP_vandn, v, 0, y, x, 0);
    return neon_vsub(b, v, type, half_differing(b, v, type, x, y), borrows);
}

/* Bits are counted in groups of 2, 4 and 8. */
int32_t neon_vcnt(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    static const struct neon_type bytes = {.u = true};
    int32_t high = ir_vop(b, IR_OP_vand, v, 0, neon_vector_shift_right(b, v, bytes, x, 1),
                          ir_const(b, v, neon_each(0, 0x55)), 0);
    x = neon_vsub(b, v, bytes, x, high);
    int32_t twos = ir_const(b, v, neon_each(0, 0x33)), fours = ir_const(b, v, neon_each(0, 0x0f));
    high = ir_vop(b, IR_OP_vand, v, 0, neon_vector_shift_right(b, v, bytes, x, 2), twos, 0);
    x = neon_vadd(b, v, bytes, ir_vop(b, IR_OP_vand, v, 0, x, twos, 0), high);
    x = neon_vadd(b, v, bytes, x, neon_vector_shift_right(b, v, bytes, x, 4));
    return ir_vop(b, IR_OP_vand, v, 0, x, fours, 0);
}

/* a >= b where a is the maximum. */
int32_t neon_vcge(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    return ir_vop(b, IR_OP_vcmpeq, v, type.size, neon_vmax(b, v, type, x, y), x, 0);
}

static int32_t complement(struct ir_block *b, enum ir_type v, int32_t x)
{
    return ir_vop(b, IR_OP_vxor, v, 0, x, ir_const(b, v, ~0ull), 0);
}

int32_t neon_vcgt(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    if (!type.u)
        return ir_vop(b, IR_OP_vcmpgts, v, type.size, x, y, 0);
    return complement(b, v, neon_vcge(b, v, type, y, x));
}

int32_t neon_vtst(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    int32_t both = ir_vop(b, IR_OP_vand, v, 0, x, y, 0);
    return complement(b, v, ir_vop(b, IR_OP_vcmpeq, v, type.size, both, ir_const(b, v, 0), 0));
}

int32_t neon_vabd(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    return neon_vsub(b, v, type, neon_vmax(b, v, type, x, y), neon_vmin(b, v, type, x, y));
}

/* Operations that round say when that is to nearest, whatever the FPSCR says. */
#define FLOAT(name, rounds)                                                                        \
    int32_t neon_##name(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,      \
                        int32_t y)                                                                 \
    {                                                                                              \
        return ir_vop(b, IR_OP_##name, v, 2, x, y, rounds && type.nearest);                        \
    }
FLOAT(vfadd, true)
FLOAT(vfsub, true)
FLOAT(vfmul, true)
FLOAT(vfmax, false)
FLOAT(vfmin, false)
FLOAT(vfmaxnm, false)
FLOAT(vfminnm, false)
FLOAT(vfcmpeq, false)
FLOAT(vfcmpge, false)
FLOAT(vfcmpgt, false)
FLOAT(vfrecps, true)
FLOAT(vfrsqrts, true)
FLOAT(vfrecpe, true)
FLOAT(vfrsqrte, false)
FLOAT(vrecpe, false)
FLOAT(vrsqrte, false)
