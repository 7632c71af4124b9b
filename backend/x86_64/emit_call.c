/* Helper calls. */
#include "backend/x86_64/compiler.h"
#include "backend/x86_64/xmm.h"

void pins_save(struct code *a, const struct backend *be, bool caller_saved_only)
{
    for (unsigned k = 0; k < be->map.count; k++)
        if (!caller_saved_only || reg_is_caller_saved(be->map.pins[k].reg))
            x_mov_mr(a, 0, env_mem(be->map.pins[k].offset), be->map.pins[k].reg);
}

void pins_load(struct code *a, const struct backend *be, bool caller_saved_only)
{
    for (unsigned k = 0; k < be->map.count; k++)
        if (!caller_saved_only || reg_is_caller_saved(be->map.pins[k].reg))
            x_mov_rm(a, 0, be->map.pins[k].reg, env_mem(be->map.pins[k].offset));
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
    if (writes) {
        ra_detach_all(c);
        xa_stored(c, 0, c->b->target->state_size, NO_VALUE);
        ra_stored(c, 0, c->b->target->state_size, NO_VALUE);
    }
    if (effects & (IR_HELPER_READS | IR_HELPER_RAISES | IR_HELPER_EXTERNAL)) {
        exit_page_base(c);
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

/* ---- callz ----------------------------------------------------------------------------------- */

/* Has what the op at @i looks at been looked at in the round before, and not changed since? Devices
 * may change the state when the guest stores, but for those of a process. */
static bool looked_before(const struct compiler *c, const struct ir_op *op, int32_t i)
{
    const struct ir_op *get = op_of(c, op->arg[0]);
    if (get->opcode != IR_OP_get || !exit_has_run_before(c, i))
        return false;
    for (uint32_t k = 0; k < c->b->count; k++) {
        const struct ir_op *other = &c->b->ops[k];
        if (other->opcode == IR_OP_call || (other->opcode == IR_OP_st && !c->be->config.direct) ||
            (other->opcode == IR_OP_set &&
             ir_slots_overlap(c->b->target, (unsigned)other->imm, (unsigned)get->imm)))
            return false;
    }
    return true;
}

void emit_callz(struct compiler *c, const struct ir_op *op, int32_t i)
{
    const struct value *v = &c->val[op->arg[0]];
    if (looked_before(c, op, i))
        return;
    if (v->loc == LOC_ENV && v->width == 0 && !v->disp) {
        x_m(&c->a, X86_CMP8_MI, 0, env_mem(v->off));
        x_u8(&c->a, 0);
    } else {
        unsigned reg = ra_reg(c, op->arg[0]);
        x_rr(&c->a, X86_TEST_MR, 0, reg, reg);
    }
    struct stub *s = stub_new(c, STUB_CALLZ, x_jcc(&c->a, CC_E));
    s->index = (uint32_t)op->imm;
    s->site.insn_word = c->insn_word;
    s->site.insn_left = c->insn_left;
}

/* The helper raises: nothing of the block is needed behind it. */
void callz_stub_emit(struct compiler *c, struct stub *s)
{
    static const uint8_t arguments[2][IR_ARGS] = {{RSI, RDX, RCX, R8}, {RDX, RCX, R8, R9}};
    bool hook = c->be->config.callbacks.helper;
    struct code *a = &c->a;
    bool fp = c->b->target->helpers[s->index].effects & IR_HELPER_FP;
    x_patch_here(a, s->from);
    pending_store_cold(&c->a, &s->pending);
    resident_leave(c);
    exit_page_base(c);
    x_m(a, X86_MOV_MI, 0, ENV(insn_word));
    x_u32(a, s->site.insn_word);
    x_m(a, X86_MOV_MI, 0, ENV(insn_left));
    x_u32(a, s->site.insn_left);
    pins_save(a, c->be, false);
    if (hook)
        x_mov_ri(a, RSI, s->index);
    for (unsigned k = 0; k < (hook ? IR_ARGS : c->b->target->helpers[s->index].nargs); k++)
        x_mov_ri(a, arguments[hook][k], 0);
    if (fp)
        x_call_to(a, c->be->thunk.fp_end);
    x_rm(a, X86_LEA, 1, RDI, env_mem(0));
    x_m(a, X86_CALL_M, 0, x_mem(NO_REG, (int32_t)(c->be->thunk.helpers + 8 * s->index)));
    if (fp)
        x_call_to(a, c->be->thunk.fp_begin);
    pins_load(a, c->be, false);
    x_jmp_to(a, c->be->thunk.raised);
}
