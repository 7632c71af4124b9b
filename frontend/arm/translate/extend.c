/* Sign and zero extension, with addition, and packing (manual A4.4.5, A4.4.6). */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/translate.h"

/* Rd := [Rn +] extended Rm; Rn = 15 stands for no addition. */
static bool extend(struct arm_translate *t, const struct arg_ext *a, enum ir_opcode opcode)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rd, a->rm, 0))
        return arm_unpredictable(t);
    int32_t v = ir_op2i(b, IR_OP_ror, arm_reg_read(t, a->rm), (unsigned)a->rot);
    v = ir_op1(b, opcode, v);
    if (a->rn != 15)
        v = ir_op2(b, IR_OP_add, arm_reg_read(t, a->rn), v);
    arm_reg_write(t, a->rd, v);
    return true;
}

/* SXTAB<c> <Rd>, <Rn>, <Rm>{, <rotation>}; SXTB */
bool trans_SXTAB(struct arm_translate *t, const struct arg_ext *a)
{
    return extend(t, a, IR_OP_sext8);
}

/* SXTAH<c> <Rd>, <Rn>, <Rm>{, <rotation>}; SXTH */
bool trans_SXTAH(struct arm_translate *t, const struct arg_ext *a)
{
    return extend(t, a, IR_OP_sext16);
}

/* UXTAB<c> <Rd>, <Rn>, <Rm>{, <rotation>}; UXTB */
bool trans_UXTAB(struct arm_translate *t, const struct arg_ext *a)
{
    return extend(t, a, IR_OP_zext8);
}

/* UXTAH<c> <Rd>, <Rn>, <Rm>{, <rotation>}; UXTH */
bool trans_UXTAH(struct arm_translate *t, const struct arg_ext *a)
{
    return extend(t, a, IR_OP_zext16);
}

/* Bytes 0 and 2 of the rotated Rm extended to halfwords, [added to Rn's halfwords]. */
static bool extend16(struct arm_translate *t, const struct arg_ext *a, enum ir_opcode opcode)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rd, a->rm, 0))
        return arm_unpredictable(t);
    int32_t m = ir_op2i(b, IR_OP_ror, arm_reg_read(t, a->rm), (unsigned)a->rot);
    int32_t low = ir_op1(b, opcode, m);
    int32_t high = ir_op1(b, opcode, ir_op2i(b, IR_OP_shr, m, 16));
    if (a->rn != 15) {
        int32_t n = arm_reg_read(t, a->rn);
        low = ir_op2(b, IR_OP_add, n, low);
        high = ir_op2(b, IR_OP_add, ir_op2i(b, IR_OP_shr, n, 16), high);
    }
    arm_reg_write(t, a->rd, ir_bfi(b, low, high, 16, 16));
    return true;
}

/* SXTAB16<c> <Rd>, <Rn>, <Rm>{, <rotation>}; SXTB16 */
bool trans_SXTAB16(struct arm_translate *t, const struct arg_ext *a)
{
    return extend16(t, a, IR_OP_sext8);
}

/* UXTAB16<c> <Rd>, <Rn>, <Rm>{, <rotation>}; UXTB16 */
bool trans_UXTAB16(struct arm_translate *t, const struct arg_ext *a)
{
    return extend16(t, a, IR_OP_zext8);
}

/* PKHBT<c> <Rd>, <Rn>, <Rm>{, LSL #<imm>}; PKHTB<c> <Rd>, <Rn>, <Rm>{, ASR #<imm>} */
bool trans_PKH(struct arm_translate *t, const struct arg_pkh *a)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    int32_t n = arm_reg_read(t, a->rn);
    int32_t m = arm_shift_imm(t, a->rm, a->tb ? 2 : 0, (unsigned)a->shim, false);
    int32_t low = a->tb ? m : n, high = a->tb ? n : m;
    arm_reg_write(t, a->rd, ir_bfi(b, low, ir_op2i(b, IR_OP_shr, high, 16), 16, 16));
    return true;
}
