/* Helper calls. */
#include "backend/x86_64/compiler.h"
#include "backend/x86_64/xmm.h"

void pins_save(struct code *a, const struct backend *be, bool caller_saved_only)
{
    for (unsigned k = 0; k < be->pin_count; k++)
        if (!caller_saved_only || reg_is_caller_saved(be->pins[k].reg))
            x_mov_mr(a, 0, env_mem(be->pins[k].offset), be->pins[k].reg);
}

void pins_load(struct code *a, const struct backend *be, bool caller_saved_only)
{
    for (unsigned k = 0; k < be->pin_count; k++)
        if (!caller_saved_only || reg_is_caller_saved(be->pins[k].reg))
            x_mov_rm(a, 0, be->pins[k].reg, env_mem(be->pins[k].offset));
}

/* Bring argument @v to where it can be moved from without another register. */
static void settle_argument(struct compiler *c, int32_t v)
{
    const struct value *x = &c->val[v];
    bool plain = x->loc == LOC_CONST || x->loc == LOC_REG || x->loc == LOC_SPILL ||
                 (x->disp == 0 && (x->loc == LOC_PIN || x->width >= 2));
    if (!plain)
        ra_unlock(c, ra_reg(c, v));
}

/* Moves of the arguments to @regs; constants are left out. */
static unsigned argument_moves(struct compiler *c, const struct ir_op *op, const uint8_t *regs,
                               struct move *moves)
{
    unsigned n = 0;
    for (unsigned k = 0; k < IR_ARGS; k++)
        if (op->arg[k] != IR_NONE)
            settle_argument(c, op->arg[k]);
    for (unsigned k = 0; k < IR_ARGS; k++) {
        int32_t v = op->arg[k];
        if (v == IR_NONE || op_is_const(c, v))
            continue;
        unsigned w = ir_op_result_type(op_of(c, v)) == IR_I64;
        moves[n++] = (struct move){regs[k], w, ra_rm(c, v)};
    }
    return n;
}

static void call_host(struct compiler *c, const struct ir_op *op)
{
    static const uint8_t direct[IR_ARGS] = {RSI, RDX, RCX, R8},
                         hooked[IR_ARGS] = {RDX, RCX, R8, R9};
    struct code *a = &c->a;
    bool hook = c->be->config.callbacks.helper;
    const uint8_t *regs = hook ? hooked : direct;
    struct move moves[IR_ARGS];
    unsigned n = argument_moves(c, op, regs, moves);
    ra_flush(c);
    pins_save(a, c->be, c->b->target->helpers[op->imm].effects == IR_HELPER_PURE);
    ra_parallel_move(c, moves, n);
    for (unsigned k = 0; k < IR_ARGS; k++)
        if (op->arg[k] != IR_NONE && op_is_const(c, op->arg[k]))
            x_mov_ri(a, regs[k], op_of(c, op->arg[k])->imm);
        else if (op->arg[k] == IR_NONE && hook) /* a hook may compare calls: absent ones are 0 */
            x_mov_ri(a, regs[k], 0);
    if (hook)
        x_mov_ri(a, RSI, op->imm);
    if (c->b->target->helpers[op->imm].effects & IR_HELPER_FP)
        x_call_to(a, c->be->thunk.fp_end);
    x_rm(a, X86_LEA, 1, RDI, env_mem(0));
    x_m(a, X86_CALL_M, 0, x_mem(NO_REG, (int32_t)(c->be->thunk.helpers + 8 * (uint32_t)op->imm)));
    for (unsigned r = 0; r < SCRATCH_COUNT; r++)
        c->ra.owner[r] = NO_VALUE;
    xa_forget(c);
    if (c->b->target->helpers[op->imm].effects & IR_HELPER_FP)
        x_call_to(a, c->be->thunk.fp_begin);
}

static void call_result(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned w = op_wide(op);
    c->ra.locked = 1u << RAX;
    if (op->type == IR_VOID || c->val[i].uses == 0)
        return;
    if (c->val[i].want != NO_REG) {
        x_mov_rr(&c->a, w, ra_dest(c, i, NO_VALUE), RAX);
        return;
    }
    if (!w)
        x_mov_rr(&c->a, 0, RAX, RAX);
    ra_own(c, i, RAX);
}

void emit_call(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    unsigned effects = c->b->target->helpers[op->imm].effects;
    bool writes = effects & (IR_HELPER_WRITES | IR_HELPER_RAISES);
    if (writes)
        ra_detach_all(c);
    if (effects & (IR_HELPER_READS | IR_HELPER_RAISES | IR_HELPER_EXTERNAL)) {
        x_m(a, X86_MOV_MI, 0, ENV(insn_word));
        x_u32(a, c->insn_word);
        x_m(a, X86_MOV_MI, 0, ENV(insn_left));
        x_u32(a, c->insn_left);
    }
    call_host(c, op);
    pins_load(a, c->be, !writes);
    if ((effects & IR_HELPER_CONTEXT) && !c->be->config.direct)
        x_mov_rm(a, 1, R15, ENV(tables));
    if ((effects & IR_HELPER_CONTEXT) && !returns_tagged(c->be))
        exit_forget_returns(a);
    if (effects & IR_HELPER_RAISES) {
        x_m(a, X86_CMP8_MI, 0, ENV(raised));
        x_u8(a, 0);
        x_jcc_to(a, CC_NE, c->be->thunk.raised);
    }
    call_result(c, op, i);
}
