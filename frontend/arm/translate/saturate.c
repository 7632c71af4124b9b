/* Saturating arithmetic (manual A4.4.4). */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/translate.h"

/* i64 @v saturated to a signed 32-bit value; *@q is 1 when that changed it, or @q is or-ed to. */
static int32_t saturate_wide(struct ir_block *b, int32_t v, int32_t *q)
{
    int32_t low = ir_op1(b, IR_OP_lo32, v);
    int32_t changed = ir_op2(b, IR_OP_cmpne, ir_op1(b, IR_OP_sext32, low), v);
    int32_t sign = ir_op2i(b, IR_OP_sar, ir_op1(b, IR_OP_hi32, v), 31);
    int32_t limit = ir_op2i(b, IR_OP_xor, sign, 0x7fffffff);
    *q = *q == IR_NONE ? changed : ir_op2(b, IR_OP_or, *q, changed);
    return ir_select(b, changed, limit, low);
}

/* Rd := sat(Rm @opcode Rn), or with Rn doubled, saturating, first. */
static bool saturating_add(struct arm_translate *t, const struct arg_rrr *a, enum ir_opcode opcode,
                           bool twice)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    int32_t q = IR_NONE;
    int32_t n = ir_op1(b, IR_OP_sext32, arm_reg_read(t, a->rn));
    if (twice)
        n = ir_op1(b, IR_OP_sext32, saturate_wide(b, ir_op2(b, IR_OP_add, n, n), &q));
    int32_t m = ir_op1(b, IR_OP_sext32, arm_reg_read(t, a->rm));
    int32_t v = saturate_wide(b, ir_op2(b, opcode, m, n), &q);
    arm_q_set_if(t, q);
    arm_reg_write(t, a->rd, v);
    return true;
}

/* QADD<c> <Rd>, <Rm>, <Rn> */
bool trans_QADD(struct arm_translate *t, const struct arg_rrr *a)
{
    return saturating_add(t, a, IR_OP_add, false);
}

/* QSUB<c> <Rd>, <Rm>, <Rn> */
bool trans_QSUB(struct arm_translate *t, const struct arg_rrr *a)
{
    return saturating_add(t, a, IR_OP_sub, false);
}

/* QDADD<c> <Rd>, <Rm>, <Rn> */
bool trans_QDADD(struct arm_translate *t, const struct arg_rrr *a)
{
    return saturating_add(t, a, IR_OP_add, true);
}

/* QDSUB<c> <Rd>, <Rm>, <Rn> */
bool trans_QDSUB(struct arm_translate *t, const struct arg_rrr *a)
{
    return saturating_add(t, a, IR_OP_sub, true);
}

/* Signed i32 @v limited to @low .. @high. */
static int32_t limit(struct ir_block *b, int32_t v, int32_t low, int32_t high)
{
    int32_t min = ir_i32(b, (uint32_t)low), max = ir_i32(b, (uint32_t)high);
    v = ir_select(b, ir_op2(b, IR_OP_cmplts, v, min), min, v);
    return ir_select(b, ir_op2(b, IR_OP_cmplts, max, v), max, v);
}

/* The range of @bits bits, 1..32 signed or 0..31 unsigned. */
static int32_t range_low(unsigned bits, bool is_signed)
{
    return is_signed ? (int32_t)-(1ll << (bits - 1)) : 0;
}

static int32_t range_high(unsigned bits, bool is_signed)
{
    return (int32_t)((1ll << (is_signed ? bits - 1 : bits)) - 1);
}

static bool saturate(struct arm_translate *t, const struct arg_sat *a, bool is_signed)
{
    struct ir_block *b = t->b;
    unsigned bits = (unsigned)a->imm;
    if (arm_any_pc(a->rd, a->rn, 0))
        return arm_unpredictable(t);
    int32_t v = arm_shift_imm(t, a->rn, a->sh ? 2 : 0, (unsigned)a->shim, false);
    int32_t r = limit(b, v, range_low(bits, is_signed), range_high(bits, is_signed));
    arm_q_set_if(t, ir_op2(b, IR_OP_cmpne, r, v));
    arm_reg_write(t, a->rd, r);
    return true;
}

/* SSAT<c> <Rd>, #<imm>, <Rn>{, <shift>} */
bool trans_SSAT(struct arm_translate *t, const struct arg_sat *a)
{
    return saturate(t, a, true);
}

/* USAT<c> <Rd>, #<imm>, <Rn>{, <shift>} */
bool trans_USAT(struct arm_translate *t, const struct arg_sat *a)
{
    return saturate(t, a, false);
}

static bool saturate16(struct arm_translate *t, const struct arg_sat16 *a, bool is_signed)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rd, a->rn, 0))
        return arm_unpredictable(t);
    int32_t low = range_low((unsigned)a->imm, is_signed);
    int32_t high = range_high((unsigned)a->imm, is_signed);
    int32_t n = arm_reg_read(t, a->rn);
    int32_t v0 = ir_op1(b, IR_OP_sext16, n), v1 = ir_op2i(b, IR_OP_sar, n, 16);
    int32_t r0 = limit(b, v0, low, high), r1 = limit(b, v1, low, high);
    int32_t q0 = ir_op2(b, IR_OP_cmpne, r0, v0), q1 = ir_op2(b, IR_OP_cmpne, r1, v1);
    arm_q_set_if(t, ir_op2(b, IR_OP_or, q0, q1));
    arm_reg_write(t, a->rd, ir_bfi(b, r0, r1, 16, 16));
    return true;
}

/* SSAT16<c> <Rd>, #<imm>, <Rn> */
bool trans_SSAT16(struct arm_translate *t, const struct arg_sat16 *a)
{
    return saturate16(t, a, true);
}

/* USAT16<c> <Rd>, #<imm>, <Rn> */
bool trans_USAT16(struct arm_translate *t, const struct arg_sat16 *a)
{
    return saturate16(t, a, false);
}
