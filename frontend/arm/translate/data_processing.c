/*
 * Data processing (manual A8.8): the sixteen operations, each with an immediate, a register shifted
 * by an immediate and a register shifted by a register as operand 2. Shifts are MOV.
 */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/translate.h"

struct dp_op {
    uint8_t opcode;
    bool logical;  /* C comes from the shifter, V is unchanged; else from the addition */
    bool reversed; /* operand 2 - Rn */
    bool test;     /* no result: flags always */
    bool unary;    /* no Rn */
    bool invert;   /* operand 2 is inverted first */
};

static const struct dp_op dp_AND = {.opcode = IR_OP_and, .logical = true};
static const struct dp_op dp_EOR = {.opcode = IR_OP_xor, .logical = true};
static const struct dp_op dp_SUB = {.opcode = IR_OP_sub};
static const struct dp_op dp_RSB = {.opcode = IR_OP_sub, .reversed = true};
static const struct dp_op dp_ADD = {.opcode = IR_OP_add};
static const struct dp_op dp_ADC = {.opcode = IR_OP_adc};
static const struct dp_op dp_SBC = {.opcode = IR_OP_sbc};
static const struct dp_op dp_RSC = {.opcode = IR_OP_sbc, .reversed = true};
static const struct dp_op dp_TST = {.opcode = IR_OP_and, .logical = true, .test = true};
static const struct dp_op dp_TEQ = {.opcode = IR_OP_xor, .logical = true, .test = true};
static const struct dp_op dp_CMP = {.opcode = IR_OP_sub, .test = true};
static const struct dp_op dp_CMN = {.opcode = IR_OP_add, .test = true};
static const struct dp_op dp_ORR = {.opcode = IR_OP_or, .logical = true};
static const struct dp_op dp_MOV = {.opcode = IR_OP_mov, .logical = true, .unary = true};
static const struct dp_op dp_BIC = {.opcode = IR_OP_andn, .logical = true};
static const struct dp_op dp_MVN = {.opcode = IR_OP_not, .logical = true, .unary = true};
static const struct dp_op dp_ORN = {.opcode = IR_OP_or, .logical = true, .invert = true};

/* The registers that an instruction names; unused ones are 0. */
struct dp_regs {
    int rd, rn, rm, rs;
    bool s;
    bool aligned; /* the result is a multiple of 4 as Rn is one */
};

static struct dp_regs dp_regs(const struct arm_translate *t, const struct dp_op *op, int s, int rd,
                              int rn, int rm, int rs)
{
    return (struct dp_regs){.rd = op->test ? 0 : rd,
                            .rn = op->unary ? 0 : rn,
                            .rm = rm,
                            .rs = rs,
                            .s = op->test || arm_sets_flags(t, s)};
}

/* SUBS PC, LR, #imm and its kin: a data-processing result with S and Rd = PC. */
static bool dp_is_exception_return(const struct dp_op *op, const struct dp_regs *r)
{
    return r->rd == 15 && r->s && !op->test;
}

/*
 * UNPREDICTABLE uses of the PC, and exception returns where there is nothing to return from. @t
 * has raised when the result is true.
 */
static bool dp_refused(struct arm_translate *t, const struct dp_op *op, const struct dp_regs *r,
                       bool register_shift)
{
    bool returns = dp_is_exception_return(op, r);
    bool wide = t->thumb && t->insn_size == 4;
    if (returns && t->flags & ARM_BF_HYP)
        return arm_undefined(t);
    if (returns && (t->flags & ARM_BF_USER || arm_has(t, ARM_FEATURE(M))))
        return arm_unpredictable(t);
    if (register_shift && (r->rs == 15 || arm_any_pc(r->rd, r->rn, r->rm)))
        return arm_unpredictable(t);
    if (wide && (arm_any_pc(0, r->rn, r->rm) || (r->rd == 15 && !returns)))
        return arm_unpredictable(t);
    return false;
}

static int32_t dp_compute(struct ir_block *b, const struct dp_op *op, int32_t n, int32_t operand,
                          unsigned fw)
{
    if (op->unary)
        return ir_op1f(b, op->opcode, operand, fw);
    if (op->reversed)
        return ir_op2f(b, op->opcode, operand, n, fw);
    return ir_op2f(b, op->opcode, n, operand, fw);
}

/* Does the operand's shift produce the carry? */
static bool dp_shifter_carry(const struct dp_op *op, const struct dp_regs *r)
{
    return op->logical && r->s && !dp_is_exception_return(op, r);
}

static bool dp_finish(struct arm_translate *t, const struct dp_op *op, const struct dp_regs *r,
                      int32_t operand)
{
    struct ir_block *b = t->b;
    bool returns = dp_is_exception_return(op, r);
    unsigned fw = !r->s || returns ? 0 : op->logical ? IR_NZ : IR_NZCV;
    int32_t n = op->unary ? IR_NONE : arm_reg_read(t, r->rn);
    if (op->invert)
        operand = ir_op1(b, IR_OP_not, operand);
    int32_t v = dp_compute(b, op, n, operand, fw);
    if (returns) {
        ir_call(b, ARM_HELPER_exception_return, v, IR_NONE, IR_NONE, IR_NONE);
        arm_exit_to_env_pc(t);
    } else if (!op->test) {
        if (r->rd == 13 && r->rn == 13 && r->aligned)
            arm_reg_move(t, 13, v);
        else
            arm_reg_write_alu(t, r->rd, v);
    }
    return true;
}

static bool dp_imm(struct arm_translate *t, const struct dp_op *op, const struct arg_dp_imm *a)
{
    struct dp_regs r = dp_regs(t, op, a->s, a->rd, a->rn, 0, 0);
    if (dp_refused(t, op, &r, false))
        return true;
    if (dp_shifter_carry(op, &r) && a->cout != 2)
        ir_setc(t->b, ir_i32(t->b, (uint32_t)a->cout));
    r.aligned = !(a->imm & 3) && (op == &dp_ADD || op == &dp_SUB);
    return dp_finish(t, op, &r, ir_i32(t->b, (uint32_t)a->imm));
}

static bool dp_reg(struct arm_translate *t, const struct dp_op *op, const struct arg_dp_reg *a)
{
    struct dp_regs r = dp_regs(t, op, a->s, a->rd, a->rn, a->rm, 0);
    if (dp_refused(t, op, &r, false))
        return true;
    bool set_c = dp_shifter_carry(op, &r);
    int32_t operand = arm_shift_imm(t, a->rm, (unsigned)a->shty, (unsigned)a->shim, set_c);
    return dp_finish(t, op, &r, operand);
}

static bool dp_rsr(struct arm_translate *t, const struct dp_op *op, const struct arg_dp_rsr *a)
{
    struct dp_regs r = dp_regs(t, op, a->s, a->rd, a->rn, a->rm, a->rs);
    if (dp_refused(t, op, &r, true))
        return true;
    int32_t operand = arm_shift_reg(t, a->rm, (unsigned)a->shty, a->rs, dp_shifter_carry(op, &r));
    return dp_finish(t, op, &r, operand);
}

#define DP_IMM(name)                                                                               \
    bool trans_##name##_imm(struct arm_translate *t, const struct arg_dp_imm *a)                   \
    {                                                                                              \
        return dp_imm(t, &dp_##name, a);                                                           \
    }
#define DP_REG(name)                                                                               \
    bool trans_##name##_reg(struct arm_translate *t, const struct arg_dp_reg *a)                   \
    {                                                                                              \
        return dp_reg(t, &dp_##name, a);                                                           \
    }
#define DP_RSR(name)                                                                               \
    bool trans_##name##_rsr(struct arm_translate *t, const struct arg_dp_rsr *a)                   \
    {                                                                                              \
        return dp_rsr(t, &dp_##name, a);                                                           \
    }
#define DP_ALL(name) DP_IMM(name) DP_REG(name) DP_RSR(name)

/* <op>{S}<c> <Rd>, <Rn>, #<const> | <Rm>{, <shift>} | <Rm>, <type> <Rs> */
DP_ALL(AND) DP_ALL(EOR) DP_ALL(SUB) DP_ALL(RSB) DP_ALL(ADD) DP_ALL(ADC) DP_ALL(SBC) DP_ALL(RSC)
DP_ALL(ORR) DP_ALL(BIC)
/* ORN{S}<c> <Rd>, <Rn>, #<const> | <Rm>{, <shift>} */
DP_IMM(ORN) DP_REG(ORN)
/* <op><c> <Rn>, #<const> | <Rm>{, <shift>} | <Rm>, <type> <Rs> */
DP_ALL(TST) DP_ALL(TEQ) DP_ALL(CMP) DP_ALL(CMN)
/* <op>{S}<c> <Rd>, #<const> | <Rm>{, <shift>} | <Rm>, <type> <Rs> */
DP_ALL(MVN) DP_IMM(MOV) DP_RSR(MOV)

/* MOV{S}<c> <Rd>, <Rm>; LSL, LSR, ASR, ROR, RRX {S}<c> <Rd>, <Rm>, #<imm> */
bool trans_MOV_reg(struct arm_translate *t, const struct arg_dp_reg *a)
{
    struct dp_regs r = dp_regs(t, &dp_MOV, a->s, a->rd, 0, a->rm, 0);
    if (dp_refused(t, &dp_MOV, &r, false))
        return true;
    if (dp_is_exception_return(&dp_MOV, &r))
        return dp_reg(t, &dp_MOV, a);
    bool plain = a->shty == 0 && a->shim == 0;
    /* One op shifts and sets all three flags. */
    int32_t v = arm_shift_value(t, arm_reg_read(t, a->rm), (unsigned)a->shty, (unsigned)a->shim,
                                r.s ? IR_NZC : 0);
    if (a->rd == 15)
        arm_branch_alu(t, v, plain && a->rm == 14 ? IR_HINT_RETURN : 0);
    else
        arm_reg_write(t, a->rd, v);
    return true;
}

/* MOVW<c> <Rd>, #<imm16> */
bool trans_MOVW(struct arm_translate *t, const struct arg_rd_imm *a)
{
    if (a->rd == 15)
        return arm_unpredictable(t);
    arm_reg_write(t, a->rd, ir_i32(t->b, (uint32_t)a->imm));
    return true;
}

/* MOVT<c> <Rd>, #<imm16> */
bool trans_MOVT(struct arm_translate *t, const struct arg_rd_imm *a)
{
    if (a->rd == 15)
        return arm_unpredictable(t);
    int32_t old = arm_reg_read(t, a->rd);
    arm_reg_write(t, a->rd, ir_bfi(t->b, old, ir_i32(t->b, (uint32_t)a->imm), 16, 16));
    return true;
}

/* ADR<c> <Rd>, <label> */
bool trans_ADR(struct arm_translate *t, const struct arg_rd_imm *a)
{
    if (t->thumb && a->rd == 15)
        return arm_unpredictable(t);
    arm_reg_write_alu(t, a->rd, arm_pc_aligned_plus(t, a->imm));
    return true;
}
