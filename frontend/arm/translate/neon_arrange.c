/* Rearrangement of vectors, and what is done to neighbours. */
#include "frontend/arm/translate/neon.h"

int32_t neon_join(struct ir_block *b, int32_t lo, int32_t hi)
{
    return ir_emit(b, IR_OP_vjoin, IR_V128, lo, hi, IR_NONE, 0);
}

int32_t neon_half(struct ir_block *b, int32_t v, unsigned high)
{
    return ir_part(b, IR_V64, v, 8 * high);
}

int32_t neon_every_other(struct ir_block *b, unsigned size, int32_t v, bool odd)
{
    if (odd)
        v = ir_vop(b, IR_OP_vshru, IR_V128, size + 1, v, IR_NONE, 8u << size);
    return ir_vop(b, IR_OP_vnarrow, IR_V64, size + 1, v, IR_NONE, 0);
}

int32_t neon_zip(struct ir_block *b, unsigned size, int32_t x, int32_t y)
{
    return ir_vop(b, IR_OP_vzip, IR_V128, size, x, y, 0);
}

int32_t neon_bytes(struct ir_block *b, int32_t table, uint64_t index)
{
    return ir_vop(b, IR_OP_vtbl, IR_V64, 0, table, ir_const(b, IR_V64, index), 0);
}

/* @fn of the even and the odd elements of x and y. */
static int32_t pairs(struct ir_block *b, struct neon_type type, int32_t x, int32_t y,
                     neon_vector_fn *fn)
{
    int32_t both = neon_join(b, x, y);
    int32_t even = neon_every_other(b, type.size, both, false);
    return fn(b, IR_V64, type, even, neon_every_other(b, type.size, both, true));
}

#define PAIRS(name, fn)                                                                            \
    int32_t neon_##name(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,      \
                        int32_t y)                                                                 \
    {                                                                                              \
        return pairs(b, type, x, y, fn);                                                           \
    }
PAIRS(vpadd, neon_vadd)
PAIRS(vpmax, neon_vmax)
PAIRS(vpmin, neon_vmin)
PAIRS(vfpadd, neon_vfadd)
PAIRS(vfpmax, neon_vfmax)
PAIRS(vfpmin, neon_vfmin)

int32_t neon_vpaddl(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    struct neon_type wide = {(uint8_t)(type.size + 1), type.u, false};
    unsigned bits = 8u << type.size;
    int32_t odd = neon_vector_shift_right(b, v, wide, x, bits);
    int32_t even = neon_vector_shift_left(b, v, wide, x, bits);
    return neon_vadd(b, v, wide, neon_vector_shift_right(b, v, wide, even, bits), odd);
}
