/* The barrel shifter: operand 2 of the data-processing instructions (manual A8.4). */
#include "frontend/arm/translate/translate.h"

enum { LSL, LSR, ASR, ROR };

static const uint8_t shift_ops[] = {
    [LSL] = IR_OP_shl, [LSR] = IR_OP_shr, [ASR] = IR_OP_sar, [ROR] = IR_OP_ror,
};

/* LSR and ASR by 32: what is left is nothing or the sign, and bit 31 is shifted out last. */
static int32_t shift_by_32(struct arm_translate *t, int32_t v, unsigned shty, unsigned fw)
{
    struct ir_block *b = t->b;
    if (fw & IR_FLAG_C)
        ir_setc(b, ir_op2i(b, IR_OP_shr, v, 31));
    int32_t r = shty == ASR ? ir_op2i(b, IR_OP_sar, v, 31) : ir_i32(b, 0);
    if (fw & IR_NZ)
        ir_op1f(b, IR_OP_mov, r, fw & IR_NZ);
    return r;
}

int32_t arm_shift_value(struct arm_translate *t, int32_t v, unsigned shty, unsigned shim,
                        unsigned fw)
{
    struct ir_block *b = t->b;
    if (shim == 0 && shty == ROR)
        return ir_op1f(b, IR_OP_rrx, v, fw);
    if (shim == 0 && shty == LSL)
        return ir_op1f(b, IR_OP_mov, v, fw & IR_NZ); /* C is unchanged */
    if (shim == 0 || shim == 32)
        return shift_by_32(t, v, shty, fw);
    return ir_op2f(b, shift_ops[shty], v, ir_i32(b, shim), fw);
}

int32_t arm_shift_imm(struct arm_translate *t, int rm, unsigned shty, unsigned shim, bool set_c)
{
    return arm_shift_value(t, arm_reg_read(t, rm), shty, shim, set_c ? IR_FLAG_C : 0);
}

/* min(n, max), unsigned */
static int32_t clamp(struct ir_block *b, int32_t n, uint32_t max)
{
    int32_t limit = ir_i32(b, max);
    return ir_select(b, ir_op2(b, IR_OP_cmpltu, n, limit), n, limit);
}

/* @v shifted by @n (0..255), without the carry. The IR's shifts take the amount modulo 32. */
static int32_t shift_plain(struct ir_block *b, int32_t v, unsigned shty, int32_t n)
{
    if (shty == ROR)
        return ir_op2(b, IR_OP_ror, v, n);
    if (shty == ASR)
        return ir_op2(b, IR_OP_sar, v, clamp(b, n, 31));
    int32_t r = ir_op2(b, shift_ops[shty], v, n);
    return ir_select(b, ir_op2(b, IR_OP_cmpltu, n, ir_i32(b, 32)), r, ir_i32(b, 0));
}

/*
 * @v shifted by @n (0..255); *@carry is the carry-out, in bit 0 of a value, if n is not 0. The
 * shift is done in 64 bits, where amounts from 63 on give the same result and carry as 63.
 */
static int32_t shift_carry(struct ir_block *b, int32_t v, unsigned shty, int32_t n, int32_t *carry)
{
    if (shty == ROR) {
        int32_t r = ir_op2(b, IR_OP_ror, v, n);
        *carry = ir_op2i(b, IR_OP_shr, r, 31);
        return r;
    }
    int32_t amount = clamp(b, n, 63);
    if (shty == LSL) {
        int32_t wide = ir_op2(b, IR_OP_shl, ir_op1(b, IR_OP_zext32, v), amount);
        *carry = ir_bits(b, IR_OP_ubfx, ir_op1(b, IR_OP_hi32, wide), 0, 1);
        return ir_op1(b, IR_OP_lo32, wide);
    }
    int32_t wide = ir_op2(b, shift_ops[shty], ir_op2(b, IR_OP_pair, ir_i32(b, 0), v), amount);
    *carry = ir_op2i(b, IR_OP_shr, ir_op1(b, IR_OP_lo32, wide), 31);
    return ir_op1(b, IR_OP_hi32, wide);
}

int32_t arm_shift_reg(struct arm_translate *t, int rm, unsigned shty, int rs, bool set_c)
{
    struct ir_block *b = t->b;
    int32_t v = arm_reg_read(t, rm);
    int32_t n = ir_op1(b, IR_OP_zext8, arm_reg_read(t, rs));
    if (!set_c)
        return shift_plain(b, v, shty, n);
    int32_t carry;
    int32_t r = shift_carry(b, v, shty, n, &carry);
    int32_t unchanged = ir_op2(b, IR_OP_cmpeq, n, ir_i32(b, 0));
    ir_setc(b, ir_select(b, unchanged, ir_cond(b, IR_CC_CS), carry));
    return r;
}
