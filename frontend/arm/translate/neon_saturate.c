/* Saturation where the IR has no op for it, and shifts by registers. What saturated is a mask of
 * whole elements. */
#include "frontend/arm/translate/neon.h"

static int32_t constant(struct ir_block *b, enum ir_type v, unsigned size, uint64_t x)
{
    return ir_const(b, v, neon_each(size, x));
}

static uint64_t top_bit(unsigned size)
{
    return 1ull << ((8u << size) - 1);
}

static int32_t bitwise(struct ir_block *b, enum ir_opcode op, enum ir_type v, int32_t x, int32_t y)
{
    return ir_vop(b, op, v, 0, x, y, 0);
}

/* Ones where elements are negative. */
static int32_t negative(struct ir_block *b, enum ir_type v, unsigned size, int32_t x)
{
    return ir_vop(b, IR_OP_vcmpgts, v, size, ir_const(b, v, 0), x, 0);
}

static int32_t equal(struct ir_block *b, enum ir_type v, unsigned size, int32_t x, int32_t y)
{
    return ir_vop(b, IR_OP_vcmpeq, v, size, x, y, 0);
}

/* The last number on x's side of 0. */
static int32_t limit(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x)
{
    if (type.u)
        return ir_const(b, v, ~0ull);
    return bitwise(b, IR_OP_vxor, v, negative(b, v, type.size, x),
                   constant(b, v, type.size, top_bit(type.size) - 1));
}

/* @saturated where @mask has ones, else @x; sets QC. */
static int32_t choose(struct ir_block *b, enum ir_type v, int32_t mask, int32_t saturated,
                      int32_t x)
{
    ir_vop(b, IR_OP_vqc, v, 0, mask, IR_NONE, 0);
    return ir_vop3(b, IR_OP_vblend, v, 0, saturated, x, mask, 0);
}

/* ---- sums of 32 and 64 bits ------------------------------------------------------------------ */

/* Signed overflow: the result's sign is not that of both operands. */
static int32_t signed_sum(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                          int32_t y, bool subtract)
{
    int32_t sum = subtract ? neon_vsub(b, v, type, x, y) : neon_vadd(b, v, type, x, y);
    int32_t changed = bitwise(b, IR_OP_vxor, v, x, sum), differ = bitwise(b, IR_OP_vxor, v, x, y);
    int32_t over = bitwise(b, subtract ? IR_OP_vand : IR_OP_vandn, v, changed, differ);
    return choose(b, v, negative(b, v, type.size, over), limit(b, v, type, x), sum);
}

/* Ones where x < y unsigned. Of 64 bits there is no maximum. */
static int32_t below(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                     int32_t y)
{
    if (type.size == 2)
        return bitwise(b, IR_OP_vxor, v, equal(b, v, 2, neon_vmax(b, v, type, x, y), x),
                       ir_const(b, v, ~0ull));
    int32_t top = constant(b, v, 3, top_bit(3));
    return ir_vop(b, IR_OP_vcmpgts, v, 3, bitwise(b, IR_OP_vxor, v, y, top),
                  bitwise(b, IR_OP_vxor, v, x, top), 0);
}

int32_t neon_vqadd(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    if (type.size < 2)
        return ir_vop(b, type.u ? IR_OP_vqaddu : IR_OP_vqadds, v, type.size, x, y, 0);
    if (!type.u)
        return signed_sum(b, v, type, x, y, false);
    int32_t sum = neon_vadd(b, v, type, x, y), over = below(b, v, type, sum, x);
    ir_vop(b, IR_OP_vqc, v, 0, over, IR_NONE, 0);
    return bitwise(b, IR_OP_vor, v, sum, over);
}

int32_t neon_vqsub(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    if (type.size < 2)
        return ir_vop(b, type.u ? IR_OP_vqsubu : IR_OP_vqsubs, v, type.size, x, y, 0);
    if (!type.u)
        return signed_sum(b, v, type, x, y, true);
    int32_t difference = neon_vsub(b, v, type, x, y), over = below(b, v, type, x, y);
    ir_vop(b, IR_OP_vqc, v, 0, over, IR_NONE, 0);
    return bitwise(b, IR_OP_vandn, v, difference, over);
}

/* ---- others ---------------------------------------------------------------------------------- */

/* Only the least number's magnitude is too large: it becomes the largest number, its complement. */
static int32_t saturate_least(struct ir_block *b, enum ir_type v, unsigned size, int32_t x)
{
    int32_t over = equal(b, v, size, x, constant(b, v, size, top_bit(size)));
    ir_vop(b, IR_OP_vqc, v, 0, over, IR_NONE, 0);
    return bitwise(b, IR_OP_vxor, v, x, over);
}

int32_t neon_vqneg(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    int32_t negated = neon_vsub(b, v, type, ir_const(b, v, 0), x);
    return saturate_least(b, v, type.size, negated);
}

int32_t neon_vqabs(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    struct neon_type s = {.size = type.size};
    int32_t negated = neon_vsub(b, v, s, ir_const(b, v, 0), x);
    return saturate_least(b, v, type.size, neon_vmax(b, v, s, x, negated));
}

/* 2 * x * y. */
int32_t neon_vqdmull(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                     int32_t y)
{
    struct neon_type wide = {.size = (uint8_t)(type.size + 1)};
    int32_t product = neon_vmull(b, v, (struct neon_type){.size = type.size}, x, y);
    return saturate_least(b, v, wide.size, neon_vadd(b, v, wide, product, product));
}

/* Of 64 bits to 32, where what is widened again is not what it was. */
static int32_t narrow64(struct ir_block *b, bool from_u, bool to_u, int32_t x)
{
    int32_t r = ir_vop(b, IR_OP_vnarrow, IR_V64, 3, x, IR_NONE, 0);
    int32_t again = ir_vop(b, to_u ? IR_OP_vwidenu : IR_OP_vwidens, IR_V128, 2, r, IR_NONE, 0);
    int32_t same = equal(b, IR_V128, 3, again, x);
    int32_t ones = ir_const(b, IR_V64, ~0ull);
    same = ir_vop(b, IR_OP_vnarrow, IR_V64, 3, same, IR_NONE, 0);
    int32_t saturated = constant(b, IR_V64, 2, to_u ? UINT32_MAX : INT32_MAX);
    if (!from_u) { /* negative ones to the least number */
        int32_t sign = ir_vop(b, IR_OP_vnarrow, IR_V64, 3, negative(b, IR_V128, 3, x), IR_NONE, 0);
        saturated = bitwise(b, IR_OP_vxor, IR_V64, saturated, sign);
    }
    return choose(b, IR_V64, bitwise(b, IR_OP_vxor, IR_V64, same, ones), saturated, r);
}

int32_t neon_vqnarrow(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                      int32_t y)
{
    if (type.size == 3)
        return narrow64(b, type.u, type.u, x);
    return ir_vop(b, type.u ? IR_OP_vqnarrowu : IR_OP_vqnarrows, v, type.size, x, IR_NONE, 0);
}

int32_t neon_vqnarrow_su(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                         int32_t y)
{
    if (type.size == 3)
        return narrow64(b, false, true, x);
    return ir_vop(b, IR_OP_vqnarrowsu, v, type.size, x, IR_NONE, 0);
}

/* ---- shifts by constants to the left --------------------------------------------------------- */

int32_t neon_vector_shift_saturated(struct ir_block *b, enum ir_type v, struct neon_type type,
                                    int32_t x, unsigned n)
{
    int32_t r = neon_vector_shift_left(b, v, type, x, n);
    int32_t again = n ? neon_vector_shift_right(b, v, type, r, n) : r;
    int32_t same = equal(b, v, type.size, again, x);
    return choose(b, v, bitwise(b, IR_OP_vxor, v, same, ir_const(b, v, ~0ull)),
                  limit(b, v, type, x), r);
}

/* Negative numbers have bits that are shifted out, or are saturated as they are: they become 0. */
int32_t neon_vector_shift_unsigned(struct ir_block *b, enum ir_type v, struct neon_type type,
                                   int32_t x, unsigned n)
{
    struct neon_type u = {.size = type.size, .u = true};
    int32_t sign = negative(b, v, type.size, x);
    int32_t r = neon_vector_shift_saturated(b, v, u, bitwise(b, IR_OP_vandn, v, x, sign), n);
    ir_vop(b, IR_OP_vqc, v, 0, sign, IR_NONE, 0);
    return r;
}

/* ---- shifts by registers: x by y ------------------------------------------------------------- */

int32_t neon_vshl(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    return ir_vop(b, type.u ? IR_OP_vshlvu : IR_OP_vshlvs, v, type.size, x, y, 0);
}

/* The last bit that is shifted out to the right is added: bit 0 of x shifted one less. */
int32_t neon_vrshl(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    static const struct neon_type bytes = {.size = 0};
    int32_t less = neon_vmin(b, v, bytes, y, constant(b, v, 0, 126));
    less = neon_vadd(b, v, bytes, less, constant(b, v, 0, 1));
    int32_t last = bitwise(b, IR_OP_vand, v, neon_vshl(b, v, type, x, less),
                           constant(b, v, type.size, 1));
    return neon_vadd(b, v, type, neon_vshl(b, v, type, x, y), last);
}

/* @r is x shifted by y: where that is to the left and back again is not x, saturated. */
static int32_t saturate_left(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                             int32_t y, int32_t r)
{
    static const struct neon_type bytes = {.size = 0};
    int32_t back = neon_vsub(b, v, bytes, ir_const(b, v, 0), y);
    int32_t same = equal(b, v, type.size, neon_vshl(b, v, type, r, back), x);
    int32_t low = type.size ? neon_vector_shift_left(b, v, type, y, (8u << type.size) - 8) : y;
    int32_t fine = bitwise(b, IR_OP_vor, v, same, negative(b, v, type.size, low));
    return choose(b, v, bitwise(b, IR_OP_vxor, v, fine, ir_const(b, v, ~0ull)),
                  limit(b, v, type, x), r);
}

int32_t neon_vqshl(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    return saturate_left(b, v, type, x, y, neon_vshl(b, v, type, x, y));
}

int32_t neon_vqrshl(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    return saturate_left(b, v, type, x, y, neon_vrshl(b, v, type, x, y));
}
