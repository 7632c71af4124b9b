/*
 * Parallel addition and subtraction (manual A4.4.6), on all lanes of a word at once: lane-wise sums
 * without carries between lanes, from which carry and sign of each lane's exact result (one bit
 * wider than the lane) follow.
 */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/translate.h"

/* What becomes of the exact results. */
enum parallel_kind { MODULO, SATURATE, HALVE };

/* Which lanes subtract, and how wide they are. */
struct parallel_shape {
    uint32_t tops;   /* the highest bit of each lane */
    uint32_t minus;  /* all bits of the lanes that subtract */
    uint8_t width;
    bool exchange;   /* Rm's halfwords are swapped */
};

static const struct parallel_shape shape_ADD16 = {0x80008000, 0, 16, false};
static const struct parallel_shape shape_ASX = {0x80008000, 0x0000ffff, 16, true};
static const struct parallel_shape shape_SAX = {0x80008000, 0xffff0000, 16, true};
static const struct parallel_shape shape_SUB16 = {0x80008000, 0xffffffff, 16, false};
static const struct parallel_shape shape_ADD8 = {0x80808080, 0, 8, false};
static const struct parallel_shape shape_SUB8 = {0x80808080, 0xffffffff, 8, false};

/* The exact results: @sum the lanes modulo their width, @carry and @sign in the lanes' top bits:
 * the carry-out of a + b or a + ~b + 1, and the sign when the operands are signed. */
struct parallel_result {
    int32_t sum, carry, sign;
};

static struct parallel_result parallel_sum(struct ir_block *b, const struct parallel_shape *shape,
                                           int32_t n, int32_t m)
{
    struct parallel_result r;
    uint32_t carry_in = shape->minus & (shape->tops >> (shape->width - 1));
    m = ir_op2i(b, IR_OP_xor, m, shape->minus);
    int32_t differ = ir_op2(b, IR_OP_xor, n, m);
    int32_t low = ir_op2(b, IR_OP_add, ir_op2i(b, IR_OP_and, n, ~shape->tops),
                         ir_op2i(b, IR_OP_and, m, ~shape->tops));
    low = ir_op2i(b, IR_OP_add, low, carry_in);
    r.sum = ir_op2(b, IR_OP_xor, low, ir_op2i(b, IR_OP_and, differ, shape->tops));
    int32_t either = ir_op2(b, IR_OP_andn, ir_op2(b, IR_OP_or, n, m), r.sum);
    int32_t carry = ir_op2(b, IR_OP_or, ir_op2(b, IR_OP_and, n, m), either);
    r.carry = ir_op2i(b, IR_OP_and, carry, shape->tops);
    r.sign = ir_op2(b, IR_OP_xor, ir_op2i(b, IR_OP_and, differ, shape->tops), r.carry);
    return r;
}

/* Lanes of ones where @tops has the lane's top bit set. */
static int32_t lane_mask(struct ir_block *b, const struct parallel_shape *shape, int32_t tops)
{
    return ir_op2(b, IR_OP_sub, ir_op2i(b, IR_OP_shl, tops, 1),
                  ir_op2i(b, IR_OP_shr, tops, shape->width - 1u));
}

/* mask ? x : y, bit by bit */
static int32_t merge(struct ir_block *b, int32_t mask, int32_t x, int32_t y)
{
    return ir_op2(b, IR_OP_or, ir_op2(b, IR_OP_and, x, mask), ir_op2(b, IR_OP_andn, y, mask));
}

/* GE := the top bits of the lanes, each once per byte. */
static void write_ge(struct arm_translate *t, const struct parallel_shape *shape, int32_t tops)
{
    struct ir_block *b = t->b;
    if (shape->width == 16)
        tops = ir_op2(b, IR_OP_or, tops, ir_op2i(b, IR_OP_shr, tops, 8));
    int32_t ones = ir_op2i(b, IR_OP_shr, tops, 7);
    /* Bit 8i of the product's factor lands in bit 24 + i; no two land in one bit. */
    int32_t gathered = ir_op2i(b, IR_OP_mul, ones, 0x01020408);
    ir_set(b, ARM_SLOT_GE, ir_bits(b, IR_OP_ubfx, gathered, 24, 4));
}

/* The lanes that leave the range get its nearer end. */
static int32_t saturate_signed(struct ir_block *b, const struct parallel_shape *shape,
                               const struct parallel_result *r)
{
    int32_t over = ir_op2i(b, IR_OP_and, ir_op2(b, IR_OP_xor, r->sign, r->sum), shape->tops);
    int32_t negative = ir_op2i(b, IR_OP_shr, r->sign, shape->width - 1u);
    int32_t limit = ir_op2i(b, IR_OP_add, negative, ~shape->tops);
    return merge(b, lane_mask(b, shape, over), limit, r->sum);
}

static int32_t saturate_unsigned(struct ir_block *b, const struct parallel_shape *shape,
                                 const struct parallel_result *r)
{
    int32_t over = ir_op2i(b, IR_OP_xor, r->carry, shape->minus & shape->tops);
    int32_t mask = lane_mask(b, shape, over);
    int32_t limit = ir_i32(b, ~shape->minus);
    return merge(b, mask, limit, r->sum);
}

static int32_t halve(struct ir_block *b, const struct parallel_shape *shape,
                     const struct parallel_result *r, bool is_signed)
{
    int32_t top = is_signed ? r->sign
                            : ir_op2i(b, IR_OP_xor, r->carry, shape->minus & shape->tops);
    int32_t low = ir_op2i(b, IR_OP_and, ir_op2i(b, IR_OP_shr, r->sum, 1), ~shape->tops);
    return ir_op2(b, IR_OP_or, low, top);
}

static bool parallel(struct arm_translate *t, const struct arg_rrr *a,
                     const struct parallel_shape *shape, enum parallel_kind kind, bool is_signed)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    int32_t n = arm_reg_read(t, a->rn), m = arm_reg_read(t, a->rm);
    if (shape->exchange)
        m = ir_op2i(b, IR_OP_ror, m, 16);
    struct parallel_result r = parallel_sum(b, shape, n, m);
    int32_t v = r.sum;
    if (kind == HALVE)
        v = halve(b, shape, &r, is_signed);
    else if (kind == SATURATE)
        v = is_signed ? saturate_signed(b, shape, &r) : saturate_unsigned(b, shape, &r);
    else /* GE: signed, not negative; unsigned, carry of the sum or no borrow of the difference */
        write_ge(t, shape, is_signed ? ir_op2i(b, IR_OP_xor, r.sign, shape->tops) : r.carry);
    arm_reg_write(t, a->rd, v);
    return true;
}

#define PARALLEL(prefix, suffix, kind, is_signed)                                                  \
    bool trans_##prefix##suffix(struct arm_translate *t, const struct arg_rrr *a)                  \
    {                                                                                              \
        return parallel(t, a, &shape_##suffix, kind, is_signed);                                   \
    }
#define PARALLEL_ALL(prefix, kind, is_signed)                                                      \
    PARALLEL(prefix, ADD16, kind, is_signed) PARALLEL(prefix, ASX, kind, is_signed)                \
    PARALLEL(prefix, SAX, kind, is_signed) PARALLEL(prefix, SUB16, kind, is_signed)                \
    PARALLEL(prefix, ADD8, kind, is_signed) PARALLEL(prefix, SUB8, kind, is_signed)

/* <prefix><op><c> <Rd>, <Rn>, <Rm> */
PARALLEL_ALL(S, MODULO, true)
PARALLEL_ALL(Q, SATURATE, true)
PARALLEL_ALL(SH, HALVE, true)
PARALLEL_ALL(U, MODULO, false)
PARALLEL_ALL(UQ, SATURATE, false)
PARALLEL_ALL(UH, HALVE, false)

/* SEL<c> <Rd>, <Rn>, <Rm>: each byte from Rn where GE is 1, else from Rm */
bool trans_SEL(struct arm_translate *t, const struct arg_rrr *a)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    /* Copies of GE at distance 7 put its bit i at bit 8i. */
    int32_t spread = ir_op2i(b, IR_OP_mul, ir_get(b, ARM_SLOT_GE), 0x00204081);
    int32_t mask = ir_op2i(b, IR_OP_mul, ir_op2i(b, IR_OP_and, spread, 0x01010101), 0xff);
    int32_t n = arm_reg_read(t, a->rn), m = arm_reg_read(t, a->rm);
    arm_reg_write(t, a->rd, merge(b, mask, n, m));
    return true;
}

static int32_t sum_of_differences(struct arm_translate *t, int rn, int rm)
{
    return ir_call(t->b, ARM_HELPER_usad8, arm_reg_read(t, rn), arm_reg_read(t, rm), IR_NONE,
                   IR_NONE);
}

/* USAD8<c> <Rd>, <Rn>, <Rm> */
bool trans_USAD8(struct arm_translate *t, const struct arg_rrr *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    arm_reg_write(t, a->rd, sum_of_differences(t, a->rn, a->rm));
    return true;
}

/* USADA8<c> <Rd>, <Rn>, <Rm>, <Ra> */
bool trans_USADA8(struct arm_translate *t, const struct arg_rrrr *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm) || a->ra == 15)
        return arm_unpredictable(t);
    int32_t sum = sum_of_differences(t, a->rn, a->rm);
    arm_reg_write(t, a->rd, ir_op2(t->b, IR_OP_add, sum, arm_reg_read(t, a->ra)));
    return true;
}
