/* Shifts and rotations. */
#include "backend/x86_64/compiler.h"

/* How the shift is encoded: by immediate, by cl, and by any register without flags (BMI2). */
struct shift {
    enum x86_form imm, cl, bmi;
};
static const struct shift shift_shl = {X86_SHL_I, X86_SHL_CL, X86_SHLX};
static const struct shift shift_shr = {X86_SHR_I, X86_SHR_CL, X86_SHRX};
static const struct shift shift_sar = {X86_SAR_I, X86_SAR_CL, X86_SARX};
static const struct shift shift_ror = {X86_ROR_I, X86_ROR_CL, X86_COUNT};

static void shift_constant(struct compiler *c, const struct ir_op *op, int32_t i,
                           const struct shift *s, unsigned n)
{
    struct code *a = &c->a;
    unsigned w = op_wide(op);
    struct opnd x = ra_rm(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, op->arg[0]);
    bool rorx = s->imm == X86_ROR_I && !op->fw && (c->be->features & HOST_BMI2);
    if (n && rorx && x.reg != (int)dst) {
        if (x.kind == OPND_MEM)
            x_vrm(a, X86_RORX, w, dst, 0, x.mem);
        else
            x_vrr(a, X86_RORX, w, dst, 0, (unsigned)x.reg);
        x_u8(a, n);
        return;
    }
    ra_move(c, w, dst, x);
    if (n)
        x_shift_i(a, s->imm, w, dst, n);
    if (!op->fw)
        return;
    if (n && s->imm != X86_ROR_I) {
        flags_define(c, op, i, IR_NZC, false);
        return;
    }
    /* A rotation sets the carry alone; it is the result's top bit, as N is. */
    if (n && (c->val[i].fstore & IR_FLAG_C))
        x_setcc_m(a, CC_B, ENV_FLAG(FLAG_C));
    struct ir_op nz = *op;
    nz.fw &= IR_NZ;
    c->val[i].fstore &= IR_NZ;
    flags_test(c, &nz, i, w, dst);
}

/* The amount in cl. */
static void shift_by_cl(struct compiler *c, const struct ir_op *op, int32_t i,
                        const struct shift *s)
{
    unsigned w = op_wide(op);
    struct opnd n = ra_opnd(c, op->arg[1]), x = ra_opnd(c, op->arg[0]);
    ra_flush(c);
    struct move moves[] = {{RAX, w, x}, {RCX, 0, n}};
    ra_parallel_move(c, moves, 2);
    for (unsigned r = 0; r < SCRATCH_COUNT; r++)
        c->ra.owner[r] = NO_VALUE;
    x_r(&c->a, s->cl, w, RAX);
    c->ra.locked = 1u << RAX;
    if (c->val[i].want == NO_REG)
        ra_own(c, i, RAX);
    else
        x_mov_rr(&c->a, w, ra_dest(c, i, NO_VALUE), RAX);
}

static void shift(struct compiler *c, const struct ir_op *op, int32_t i, const struct shift *s)
{
    unsigned w = op_wide(op);
    if (op_is_const(c, op->arg[1])) {
        shift_constant(c, op, i, s, (unsigned)op_of(c, op->arg[1])->imm & (w ? 63 : 31));
        return;
    }
    if (s->bmi == X86_COUNT || !(c->be->features & HOST_BMI2)) {
        shift_by_cl(c, op, i, s);
        return;
    }
    unsigned n = ra_reg(c, op->arg[1]);
    struct opnd x = ra_rm(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, op->arg[0]);
    if (x.kind == OPND_MEM)
        x_vrm(&c->a, s->bmi, w, dst, n, x.mem);
    else
        x_vrr(&c->a, s->bmi, w, dst, n, (unsigned)x.reg);
}

void emit_shl(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift(c, op, i, &shift_shl);
}

void emit_shr(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift(c, op, i, &shift_shr);
}

void emit_sar(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift(c, op, i, &shift_sar);
}

void emit_ror(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift(c, op, i, &shift_ror);
}

void emit_rrx(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    struct opnd x = ra_opnd(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, op->arg[0]);
    ra_move(c, 0, dst, x);
    if (!(a->eflags & IR_FLAG_C)) {
        code_load_carry(a, false);
    } else if (a->cinv) {
        x_cmc(a);
    }
    x_r(a, X86_RCR_1, 0, dst);
    if (!op->fw)
        return;
    if (c->val[i].fstore & IR_FLAG_C)
        x_setcc_m(a, CC_B, ENV_FLAG(FLAG_C));
    struct ir_op nz = *op;
    nz.fw &= IR_NZ;
    c->val[i].fstore &= IR_NZ;
    flags_test(c, &nz, i, 0, dst);
}
