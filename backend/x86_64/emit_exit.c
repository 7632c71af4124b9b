/* Block entry, branches within the block, and the ways out of it. */
#include "backend/x86_64/compiler.h"

/* ---- entry and instructions ---------------------------------------------------------------------
 */

void exit_budget_check(struct compiler *c)
{
    if (!c->b->insn_count)
        return;
    x_alu_mi(&c->a, ALU_SUB, 0, ENV(budget), (int32_t)c->b->insn_count);
    stub_new(c, STUB_BUDGET, x_jcc(&c->a, CC_S));
    c->a.eflags = 0;
}

void emit_insn(struct compiler *c, const struct ir_op *op, int32_t i)
{
    c->insn_word = (uint32_t)op->imm;
    c->insn_left = c->b->insn_count - c->insns_begun++;
}

void emit_callhint(struct compiler *c, const struct ir_op *op, int32_t i)
{
}

/* ---- internal branches
 * ---------------------------------------------------------------------------- */

static void branch_to(struct compiler *c, uint8_t *site, uint64_t label)
{
    c->label_refs[c->label_ref_count++] = (struct label_ref){site, (uint32_t)label};
}

void emit_brcc(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->aux == IR_CC_AL)
        branch_to(c, x_jmp(&c->a), op->imm);
    else
        branch_to(c, x_jcc(&c->a, flags_condition(c, op->aux)), op->imm);
}

void emit_brnz(struct compiler *c, const struct ir_op *op, int32_t i)
{
    branch_to(c, x_jcc(&c->a, flags_nonzero(c, op->arg[0])), op->imm);
}

void emit_brz(struct compiler *c, const struct ir_op *op, int32_t i)
{
    branch_to(c, x_jcc(&c->a, flags_nonzero(c, op->arg[0]) ^ 1), op->imm);
}

void emit_label(struct compiler *c, const struct ir_op *op, int32_t i)
{
    c->label_pos[op->imm] = c->a.p;
    c->a.eflags = 0;
    ra_reset(c);
}

/* ---- exits
 * ------------------------------------------------------------------------------------------ */

/* rcx := exec table entry of the page of address eax in @lane, or off to the lookup stub. */
static void exec_entry(struct code *a, const struct backend *be, unsigned lane)
{
    const struct ir_memory_layout *m = &be->config.target->memory;
    x_mov_rr(a, 0, RCX, RAX);
    x_shift_i(a, X86_SHR_I, 0, RCX, m->page_bits);
    unsigned tables = R15;
    if (be->config.direct)
        x_mov_rm(a, 1, tables = RDX, ENV(tables));
    x_mov_rm(a, 1, RCX, x_memx((int)tables, RCX, 3, (int32_t)m->exec_table[lane]));
    x_rr(a, X86_TEST_MR, 1, RCX, RCX);
    x_jcc_to(a, CC_E, be->thunk.lookup);
    x_mov_rr(a, 0, RDX, RAX);
    x_alu_ri(a, ALU_AND, 0, RDX, -(1 << m->page_bits));
    x_mov_mr(a, 1, ENV(page_base), RDX);
}

void exit_indirect(struct code *a, const struct backend *be, unsigned lane)
{
    unsigned granule = be->config.target->granule[lane];
    if (be->config.no_chain) {
        x_jmp_to(a, be->thunk.lookup);
        return;
    }
    exec_entry(a, be, lane);
    x_mov_rr(a, 0, RDX, RAX);
    x_alu_ri(a, ALU_AND, 0, RDX, 0x1000 - (1 << granule));
    x_mov_rm(a, 0, RCX, x_memx(RCX, RDX, 2 - granule, 0));
    x_r(a, X86_JMP_M, 0, RCX);
}

/* A jump that can be patched: its rel32 is aligned, so that it is written atomically. */
static void exit_chained(struct compiler *c, int64_t page_offset, unsigned lane)
{
    static const uint8_t nops[4][3] = {{0}, {0x90}, {0x66, 0x90}, {0x0f, 0x1f, 0x00}};
    struct code *a = &c->a;
    unsigned pad = (3u - (unsigned)(uintptr_t)a->p) & 3;
    memcpy(a->p, nops[pad], pad);
    a->p += pad;
    struct stub *s = stub_new(c, STUB_CHAIN, x_jmp(a));
    s->imm = page_offset;
    s->index = c->out->exit_count;
    c->out->exits[c->out->exit_count++] =
        (struct backend_exit){.page_offset = page_offset, .lane = (uint8_t)lane};
}

void emit_exitd(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    const struct ir_target *t = c->b->target;
    int64_t offset = (int64_t)op->imm;
    unsigned page_mask = (1u << t->memory.page_bits) - 1;
    bool same = offset >= 0 && offset <= (int64_t)page_mask && op->aux == c->b->lane;
    if (same && !c->be->config.no_chain && c->out->exit_count < BACKEND_EXITS_MAX) {
        exit_chained(c, offset, op->aux);
        return;
    }
    x_mov_rm(a, 0, RAX, ENV(page_base));
    x_rm(a, X86_LEA, 0, RAX, x_mem(RAX, (int32_t)offset));
    if (c->be->config.no_chain) {
        x_jmp_to(a, c->be->thunk.lookup);
        return;
    }
    exec_entry(a, c->be, op->aux);
    uint32_t index = ((uint32_t)offset & page_mask) >> t->granule[op->aux];
    x_mov_rm(a, 0, RCX, x_mem(RCX, (int32_t)index * 4));
    x_r(a, X86_JMP_M, 0, RCX);
}

/* The target address in eax: the last thing that the block does. */
static void address_to_rax(struct compiler *c, const struct ir_op *op)
{
    ra_move(c, 0, RAX, ra_opnd(c, op->arg[0]));
}

void emit_exiti(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    unsigned lane = op->aux & IR_LANE_MASK;
    address_to_rax(c, op);
    if (lane == IR_LANE_BIT0) {
        lane = c->b->lane;
        x_r(a, X86_TEST8_I, 0, RAX);
        x_u8(a, 1);
        stub_new(c, STUB_LANE, x_jcc(a, lane ? CC_E : CC_NE));
        if (lane)
            x_alu_ri(a, ALU_AND, 0, RAX, ~1);
    } else if (lane == IR_LANE_SAME) {
        lane = c->b->lane;
    }
    exit_indirect(a, c->be, lane);
}

void emit_exitdyn(struct compiler *c, const struct ir_op *op, int32_t i)
{
    address_to_rax(c, op);
    x_jmp_to(&c->a, c->be->thunk.dispatch);
}

void emit_exitengine(struct compiler *c, const struct ir_op *op, int32_t i)
{
    address_to_rax(c, op);
    x_mov_mr(&c->a, 1, ENV(pc), RAX);
    x_mov_ri(&c->a, RAX, op->aux);
    x_jmp_to(&c->a, c->be->thunk.leave);
}

/* ---- stubs
 * -------------------------------------------------------------------------------------------- */

static void budget_stub(struct compiler *c)
{
    x_alu_mi(&c->a, ALU_ADD, 0, ENV(budget), (int32_t)c->b->insn_count);
    x_mov_ri(&c->a, RAX, c->b->page_offset);
    x_mov_ri(&c->a, RCX, c->b->insn_count);
    x_mov_ri(&c->a, RDX, x_rx(&c->a, c->entry));
    x_jmp_to(&c->a, c->be->thunk.budget);
}

/* The data behind the call is the exit's handle: the address of the jump that led here. */
static void chain_stub(struct compiler *c, struct stub *s)
{
    x_mov_ri(&c->a, RAX, (uint32_t)s->imm);
    x_call_to(&c->a, c->be->thunk.chain);
    c->out->exits[s->index].site = (void *)(uintptr_t)x_rx(&c->a, c->a.p);
    x_u32(&c->a, x_rx(&c->a, s->from));
}

static void lane_stub(struct compiler *c)
{
    struct code *a = &c->a;
    const struct ir_target *t = c->b->target;
    const struct ir_slot *slot = &t->slots[t->lane_slot];
    unsigned lane = c->b->lane ^ 1;
    bool narrow = slot->type == IR_I8;
    x_m(a, narrow ? X86_MOV8_MI : X86_MOV_MI, 0, env_mem(slot->offset));
    if (narrow)
        x_u8(a, lane);
    else
        x_u32(a, lane);
    if (lane)
        x_alu_ri(a, ALU_AND, 0, RAX, ~1);
    exit_indirect(a, c->be, lane);
}

void exit_stub_emit(struct compiler *c, struct stub *s)
{
    x_patch_here(&c->a, s->from);
    if (s->kind == STUB_BUDGET)
        budget_stub(c);
    else if (s->kind == STUB_CHAIN)
        chain_stub(c, s);
    else
        lane_stub(c);
}
