/* Bit fields, bit counting and byte reversal (manual A4.4.7). */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/translate.h"

static bool field_bad(const struct arg_bfx *a)
{
    return a->width < 1 || a->lsb + a->width > 32 || a->rd == 15;
}

static bool extract(struct arm_translate *t, const struct arg_bfx *a, enum ir_opcode opcode)
{
    if (field_bad(a) || a->rn == 15)
        return arm_unpredictable(t);
    int32_t n = arm_reg_read(t, a->rn);
    arm_reg_write(t, a->rd, ir_bits(t->b, opcode, n, (unsigned)a->lsb, (unsigned)a->width));
    return true;
}

/* SBFX<c> <Rd>, <Rn>, #<lsb>, #<width> */
bool trans_SBFX(struct arm_translate *t, const struct arg_bfx *a)
{
    return extract(t, a, IR_OP_sbfx);
}

/* UBFX<c> <Rd>, <Rn>, #<lsb>, #<width> */
bool trans_UBFX(struct arm_translate *t, const struct arg_bfx *a)
{
    return extract(t, a, IR_OP_ubfx);
}

static void insert(struct arm_translate *t, const struct arg_bfx *a, int32_t field)
{
    int32_t old = arm_reg_read(t, a->rd);
    arm_reg_write(t, a->rd, ir_bfi(t->b, old, field, (unsigned)a->lsb, (unsigned)a->width));
}

/* BFI<c> <Rd>, <Rn>, #<lsb>, #<width> */
bool trans_BFI(struct arm_translate *t, const struct arg_bfx *a)
{
    if (field_bad(a) || a->rn == 15)
        return arm_unpredictable(t);
    insert(t, a, arm_reg_read(t, a->rn));
    return true;
}

/* BFC<c> <Rd>, #<lsb>, #<width> */
bool trans_BFC(struct arm_translate *t, const struct arg_bfx *a)
{
    if (field_bad(a))
        return arm_unpredictable(t);
    insert(t, a, ir_i32(t->b, 0));
    return true;
}

/* Rd := @opcode of Rm */
static bool unary(struct arm_translate *t, const struct arg_rr *a, enum ir_opcode opcode)
{
    if (arm_any_pc(a->rd, a->rm, 0))
        return arm_unpredictable(t);
    arm_reg_write(t, a->rd, ir_op1(t->b, opcode, arm_reg_read(t, a->rm)));
    return true;
}

/* CLZ<c> <Rd>, <Rm> */
bool trans_CLZ(struct arm_translate *t, const struct arg_rr *a)
{
    return unary(t, a, IR_OP_clz);
}

/* RBIT<c> <Rd>, <Rm> */
bool trans_RBIT(struct arm_translate *t, const struct arg_rr *a)
{
    return unary(t, a, IR_OP_rbit);
}

/* REV<c> <Rd>, <Rm> */
bool trans_REV(struct arm_translate *t, const struct arg_rr *a)
{
    return unary(t, a, IR_OP_bswap);
}

/* REV16<c> <Rd>, <Rm> */
bool trans_REV16(struct arm_translate *t, const struct arg_rr *a)
{
    return unary(t, a, IR_OP_rev16);
}

/* REVSH<c> <Rd>, <Rm> */
bool trans_REVSH(struct arm_translate *t, const struct arg_rr *a)
{
    if (arm_any_pc(a->rd, a->rm, 0))
        return arm_unpredictable(t);
    int32_t v = ir_op1(t->b, IR_OP_rev16, arm_reg_read(t, a->rm));
    arm_reg_write(t, a->rd, ir_op1(t->b, IR_OP_sext16, v));
    return true;
}
