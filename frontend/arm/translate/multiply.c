/* Multiplication and division (manual A4.4.3, A4.4.8). */
#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/translate.h"

/* ---- 32-bit ---------------------------------------------------------------------------------- */

/* MUL{S}<c> <Rd>, <Rn>, <Rm> */
bool trans_MUL(struct arm_translate *t, const struct arg_mul *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    unsigned fw = arm_sets_flags(t, a->s) ? IR_NZ : 0;
    int32_t n = arm_reg_read(t, a->rn), m = arm_reg_read(t, a->rm);
    arm_reg_write(t, a->rd, ir_op2f(t->b, IR_OP_mul, n, m, fw));
    return true;
}

/* Ra +/- Rn * Rm */
static bool multiply_accumulate(struct arm_translate *t, const struct arg_mul *a,
                                enum ir_opcode opcode)
{
    if (arm_any_pc(a->rd, a->rn, a->rm) || a->ra == 15)
        return arm_unpredictable(t);
    unsigned fw = arm_sets_flags(t, a->s) ? IR_NZ : 0;
    int32_t product = ir_op2(t->b, IR_OP_mul, arm_reg_read(t, a->rn), arm_reg_read(t, a->rm));
    arm_reg_write(t, a->rd, ir_op2f(t->b, opcode, arm_reg_read(t, a->ra), product, fw));
    return true;
}

/* MLA{S}<c> <Rd>, <Rn>, <Rm>, <Ra> */
bool trans_MLA(struct arm_translate *t, const struct arg_mul *a)
{
    return multiply_accumulate(t, a, IR_OP_add);
}

/* MLS<c> <Rd>, <Rn>, <Rm>, <Ra> */
bool trans_MLS(struct arm_translate *t, const struct arg_mul *a)
{
    return multiply_accumulate(t, a, IR_OP_sub);
}

/* ---- 64-bit results -------------------------------------------------------------------------- */

static int32_t wide_read(struct arm_translate *t, int lo, int hi)
{
    return ir_op2(t->b, IR_OP_pair, arm_reg_read(t, lo), arm_reg_read(t, hi));
}

static void wide_write(struct arm_translate *t, int lo, int hi, int32_t v)
{
    int32_t low = ir_op1(t->b, IR_OP_lo32, v), high = ir_op1(t->b, IR_OP_hi32, v);
    arm_reg_write(t, lo, low);
    arm_reg_write(t, hi, high);
}

/* RdHi:RdLo := Rn * Rm [+ RdHi:RdLo]; @extend is the op that makes the operands 64-bit. */
static bool multiply_long(struct arm_translate *t, const struct arg_mull *a, enum ir_opcode extend,
                          bool accumulate)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rdlo, a->rn, a->rm) || a->rdhi == 15 || a->rdlo == a->rdhi)
        return arm_unpredictable(t);
    unsigned fw = arm_sets_flags(t, a->s) ? IR_NZ : 0;
    int32_t n = ir_op1(b, extend, arm_reg_read(t, a->rn));
    int32_t m = ir_op1(b, extend, arm_reg_read(t, a->rm));
    int32_t v = ir_op2f(b, IR_OP_mul, n, m, accumulate ? 0 : fw);
    if (accumulate)
        v = ir_op2f(b, IR_OP_add, v, wide_read(t, a->rdlo, a->rdhi), fw);
    wide_write(t, a->rdlo, a->rdhi, v);
    return true;
}

/* UMULL{S}<c> <RdLo>, <RdHi>, <Rn>, <Rm> */
bool trans_UMULL(struct arm_translate *t, const struct arg_mull *a)
{
    return multiply_long(t, a, IR_OP_zext32, false);
}

/* UMLAL{S}<c> <RdLo>, <RdHi>, <Rn>, <Rm> */
bool trans_UMLAL(struct arm_translate *t, const struct arg_mull *a)
{
    return multiply_long(t, a, IR_OP_zext32, true);
}

/* SMULL{S}<c> <RdLo>, <RdHi>, <Rn>, <Rm> */
bool trans_SMULL(struct arm_translate *t, const struct arg_mull *a)
{
    return multiply_long(t, a, IR_OP_sext32, false);
}

/* SMLAL{S}<c> <RdLo>, <RdHi>, <Rn>, <Rm> */
bool trans_SMLAL(struct arm_translate *t, const struct arg_mull *a)
{
    return multiply_long(t, a, IR_OP_sext32, true);
}

/* UMAAL<c> <RdLo>, <RdHi>, <Rn>, <Rm>: Rn * Rm + RdLo + RdHi never overflows */
bool trans_UMAAL(struct arm_translate *t, const struct arg_mull *a)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rdlo, a->rn, a->rm) || a->rdhi == 15 || a->rdlo == a->rdhi)
        return arm_unpredictable(t);
    int32_t n = ir_op1(b, IR_OP_zext32, arm_reg_read(t, a->rn));
    int32_t m = ir_op1(b, IR_OP_zext32, arm_reg_read(t, a->rm));
    int32_t lo = ir_op1(b, IR_OP_zext32, arm_reg_read(t, a->rdlo));
    int32_t hi = ir_op1(b, IR_OP_zext32, arm_reg_read(t, a->rdhi));
    int32_t v = ir_op2(b, IR_OP_add, ir_op2(b, IR_OP_mul, n, m), lo);
    wide_write(t, a->rdlo, a->rdhi, ir_op2(b, IR_OP_add, v, hi));
    return true;
}

/* ---- halfwords ------------------------------------------------------------------------------- */

/* The top or bottom halfword of i32 @v, sign extended. */
static int32_t half(struct ir_block *b, int32_t v, bool top)
{
    return top ? ir_op2i(b, IR_OP_sar, v, 16) : ir_op1(b, IR_OP_sext16, v);
}

static int32_t half_product(struct arm_translate *t, int rn, bool n_top, int rm, bool m_top)
{
    int32_t n = half(t->b, arm_reg_read(t, rn), n_top);
    int32_t m = half(t->b, arm_reg_read(t, rm), m_top);
    return ir_op2(t->b, IR_OP_mul, n, m);
}

/* Rd := @x + Ra; Q is set when that overflows. */
static void accumulate_with_q(struct arm_translate *t, int rd, int32_t x, int ra)
{
    int32_t a = arm_reg_read(t, ra), sum = ir_op2(t->b, IR_OP_add, x, a);
    arm_q_set_if(t, ir_op2(t->b, IR_OP_addover, x, a));
    arm_reg_write(t, rd, sum);
}

static int32_t signed_read(struct arm_translate *t, int r)
{
    return ir_op1(t->b, IR_OP_sext32, arm_reg_read(t, r));
}

/* SMUL<x><y><c> <Rd>, <Rn>, <Rm> */
bool trans_SMULxy(struct arm_translate *t, const struct arg_mulh *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    arm_reg_write(t, a->rd, half_product(t, a->rn, a->x, a->rm, a->y));
    return true;
}

/* SMLA<x><y><c> <Rd>, <Rn>, <Rm>, <Ra> */
bool trans_SMLAxy(struct arm_translate *t, const struct arg_mulh *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm) || a->ra == 15)
        return arm_unpredictable(t);
    accumulate_with_q(t, a->rd, half_product(t, a->rn, a->x, a->rm, a->y), a->ra);
    return true;
}

/* Rn * halfword of Rm, 48 bits in an i64 */
static int32_t word_product(struct arm_translate *t, const struct arg_mulh *a)
{
    int32_t m = half(t->b, arm_reg_read(t, a->rm), a->y);
    return ir_op2(t->b, IR_OP_mul, signed_read(t, a->rn), ir_op1(t->b, IR_OP_sext32, m));
}

/* SMULW<y><c> <Rd>, <Rn>, <Rm> */
bool trans_SMULWy(struct arm_translate *t, const struct arg_mulh *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    int32_t v = ir_op2i(t->b, IR_OP_sar, word_product(t, a), 16);
    arm_reg_write(t, a->rd, ir_op1(t->b, IR_OP_lo32, v));
    return true;
}

/* SMLAW<y><c> <Rd>, <Rn>, <Rm>, <Ra> */
bool trans_SMLAWy(struct arm_translate *t, const struct arg_mulh *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm) || a->ra == 15)
        return arm_unpredictable(t);
    int32_t v = ir_op2i(t->b, IR_OP_sar, word_product(t, a), 16);
    accumulate_with_q(t, a->rd, ir_op1(t->b, IR_OP_lo32, v), a->ra);
    return true;
}

/* SMLAL<x><y><c> <RdLo>, <RdHi>, <Rn>, <Rm> */
bool trans_SMLALxy(struct arm_translate *t, const struct arg_mullh *a)
{
    if (arm_any_pc(a->rdlo, a->rn, a->rm) || a->rdhi == 15 || a->rdlo == a->rdhi)
        return arm_unpredictable(t);
    int32_t product = half_product(t, a->rn, a->x, a->rm, a->y);
    int32_t wide = ir_op1(t->b, IR_OP_sext32, product);
    wide_write(t, a->rdlo, a->rdhi,
               ir_op2(t->b, IR_OP_add, wide, wide_read(t, a->rdlo, a->rdhi)));
    return true;
}

/* ---- dual halfwords -------------------------------------------------------------------------- */

/* Rm, perhaps with its halves exchanged. */
static int32_t halves(struct arm_translate *t, int rm, bool swap)
{
    int32_t m = arm_reg_read(t, rm);
    return swap ? ir_op2i(t->b, IR_OP_ror, m, 16) : m;
}

/* bottom * bottom - top * top; @swap exchanges Rm's halves. It fits in 32 bits. */
static int32_t dual_difference(struct arm_translate *t, int rn, int rm, bool swap)
{
    int32_t low = half_product(t, rn, false, rm, swap);
    return ir_op2(t->b, IR_OP_sub, low, half_product(t, rn, true, rm, !swap));
}

/* Rd := bottom * bottom + top * top + @add; Q is set when that overflows. */
static void dual_sum(struct arm_translate *t, const struct arg_mulh *a, int32_t add)
{
    struct ir_block *b = t->b;
    int32_t n = arm_reg_read(t, a->rn), m = halves(t, a->rm, a->x);
    int32_t sum = ir_emit(b, IR_OP_dotadd16, IR_I32, n, m, add, 0);
    arm_q_set_if(t, ir_emit(b, IR_OP_dotover16, IR_I32, n, m, add, 0));
    arm_reg_write(t, a->rd, sum);
}

/* SMUAD{X}<c> <Rd>, <Rn>, <Rm> */
bool trans_SMUAD(struct arm_translate *t, const struct arg_mulh *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    dual_sum(t, a, ir_i32(t->b, 0));
    return true;
}

/* SMLAD{X}<c> <Rd>, <Rn>, <Rm>, <Ra> */
bool trans_SMLAD(struct arm_translate *t, const struct arg_mulh *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm) || a->ra == 15)
        return arm_unpredictable(t);
    dual_sum(t, a, arm_reg_read(t, a->ra));
    return true;
}

/* SMUSD{X}<c> <Rd>, <Rn>, <Rm>: Q stays */
bool trans_SMUSD(struct arm_translate *t, const struct arg_mulh *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    arm_reg_write(t, a->rd, dual_difference(t, a->rn, a->rm, a->x));
    return true;
}

/* SMLSD{X}<c> <Rd>, <Rn>, <Rm>, <Ra> */
bool trans_SMLSD(struct arm_translate *t, const struct arg_mulh *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm) || a->ra == 15)
        return arm_unpredictable(t);
    accumulate_with_q(t, a->rd, dual_difference(t, a->rn, a->rm, a->x), a->ra);
    return true;
}

static bool multiply_dual_long(struct arm_translate *t, const struct arg_mullh *a, bool subtract)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rdlo, a->rn, a->rm) || a->rdhi == 15 || a->rdlo == a->rdhi)
        return arm_unpredictable(t);
    int32_t v = subtract ? ir_op1(b, IR_OP_sext32, dual_difference(t, a->rn, a->rm, a->x))
                         : ir_op2(b, IR_OP_dot16, arm_reg_read(t, a->rn), halves(t, a->rm, a->x));
    wide_write(t, a->rdlo, a->rdhi, ir_op2(b, IR_OP_add, v, wide_read(t, a->rdlo, a->rdhi)));
    return true;
}

/* SMLALD{X}<c> <RdLo>, <RdHi>, <Rn>, <Rm> */
bool trans_SMLALD(struct arm_translate *t, const struct arg_mullh *a)
{
    return multiply_dual_long(t, a, false);
}

/* SMLSLD{X}<c> <RdLo>, <RdHi>, <Rn>, <Rm> */
bool trans_SMLSLD(struct arm_translate *t, const struct arg_mullh *a)
{
    return multiply_dual_long(t, a, true);
}

/* ---- most significant word ------------------------------------------------------------------- */

/* Rd := high word of [Ra:0 +/-] Rn * Rm [+ 0x80000000: rounded] */
static bool multiply_high(struct arm_translate *t, const struct arg_mulh *a, enum ir_opcode opcode,
                          bool accumulate)
{
    struct ir_block *b = t->b;
    if (arm_any_pc(a->rd, a->rn, a->rm) || (accumulate && a->ra == 15))
        return arm_unpredictable(t);
    int32_t v = ir_op2(b, IR_OP_mul, signed_read(t, a->rn), signed_read(t, a->rm));
    if (accumulate)
        v = ir_op2(b, opcode, ir_op2(b, IR_OP_pair, ir_i32(b, 0), arm_reg_read(t, a->ra)), v);
    if (a->x)
        v = ir_op2i(b, IR_OP_add, v, 0x80000000);
    arm_reg_write(t, a->rd, ir_op1(b, IR_OP_hi32, v));
    return true;
}

/* SMMUL{R}<c> <Rd>, <Rn>, <Rm> */
bool trans_SMMUL(struct arm_translate *t, const struct arg_mulh *a)
{
    return multiply_high(t, a, IR_OP_add, false);
}

/* SMMLA{R}<c> <Rd>, <Rn>, <Rm>, <Ra> */
bool trans_SMMLA(struct arm_translate *t, const struct arg_mulh *a)
{
    return multiply_high(t, a, IR_OP_add, true);
}

/* SMMLS{R}<c> <Rd>, <Rn>, <Rm>, <Ra> */
bool trans_SMMLS(struct arm_translate *t, const struct arg_mulh *a)
{
    return multiply_high(t, a, IR_OP_sub, true);
}

/* ---- division -------------------------------------------------------------------------------- */

/* M profile: a divisor of 0 faults. Values do not outlive this. */
static void trap_zero(struct arm_translate *t, int rm)
{
    struct ir_block *b = t->b;
    unsigned go_on = ir_label_new(b);
    ir_brnz(b, arm_reg_read(t, rm), go_on);
    ir_call(b, ARM_HELPER_m_usage_fault, ir_i32(b, ARM_M_DIVBYZERO), IR_NONE, IR_NONE, IR_NONE);
    ir_label(b, go_on);
}

static bool divide(struct arm_translate *t, const struct arg_rrr *a, enum ir_opcode opcode)
{
    if (arm_any_pc(a->rd, a->rn, a->rm))
        return arm_unpredictable(t);
    if (arm_has(t, ARM_FEATURE(M)) && t->flags & ARM_BF_DIV_TRAP)
        trap_zero(t, a->rm);
    int32_t n = arm_reg_read(t, a->rn), m = arm_reg_read(t, a->rm);
    arm_reg_write(t, a->rd, ir_op2(t->b, opcode, n, m));
    return true;
}

/* SDIV<c> <Rd>, <Rn>, <Rm> */
bool trans_SDIV(struct arm_translate *t, const struct arg_rrr *a)
{
    return divide(t, a, IR_OP_sdiv);
}

/* UDIV<c> <Rd>, <Rn>, <Rm> */
bool trans_UDIV(struct arm_translate *t, const struct arg_rrr *a)
{
    return divide(t, a, IR_OP_udiv);
}
