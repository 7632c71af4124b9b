/* Block entry, branches within the block, and the ways out of it. */
#include "backend/x86_64/compiler.h"

#include <assert.h>

/* ---- entry and instructions ---------------------------------------------------------------------
 */

void exit_budget_check(struct compiler *c)
{
    if (!c->b->insn_count)
        return;
    x_alu_ri(&c->a, ALU_SUB, 0, BUDGET, (int32_t)c->b->insn_count);
    stub_new(c, STUB_BUDGET, x_jcc(&c->a, CC_S));
    if (c->b->entered)
        x_alu_mi(&c->a, ALU_ADD, 0, env_mem(offsetof(struct ir_env, entered[c->b->entered - 1])),
                 1);
    c->a.eflags = 0;
}

void exit_page_base(struct compiler *c)
{
    if (!c->be->config.direct)
        return;
    x_m(&c->a, X86_MOV_MI, 0, ENV(page_base)); /* its upper half is 0 */
    x_u32(&c->a, c->b->base);
}

/* What the thunks take for offset @offset of the block's page. */
static uint32_t thunk_address(const struct compiler *c, int64_t offset)
{
    return (uint32_t)offset + (c->be->config.direct ? c->b->base : 0);
}

/* The words that the block was made from lie in [start, end) of its page. */
static void checked_range(const struct ir_block *b, uint32_t *start, uint32_t *end)
{
    *start = (uint32_t)align_down(b->page_offset, 4);
    *end = (uint32_t)align_up(b->page_offset + b->guest_size, 4);
}

size_t exit_check_bytes(const struct ir_block *b)
{
    /* at most, for 8 bytes of the guest's, and for all */
    enum { PIECE_BYTES = 32, REST_BYTES = 64 };
    return b->check ? (b->guest_size / 8 + 2) * PIECE_BYTES + REST_BYTES : 0;
}

void exit_code_check(struct compiler *c)
{
    struct code *a = &c->a;
    const struct ir_block *b = c->b;
    uint32_t start, end;
    if (!b->check)
        return;
    checked_range(b, &start, &end);
    faults_mark(c);
    x_mov_ri(a, RAX, b->base);
    x_alu_rr(a, ALU_ADD, 1, RAX, R15);
    for (uint32_t at = start; at < end;) {
        bool wide = end - at >= 8;
        uint64_t code = 0;
        memcpy(&code, b->check + at, wide ? 8 : 4);
        x_mov_ri(a, RCX, code);
        x_alu_rm(a, ALU_XOR, wide, RCX, x_mem(RAX, (int32_t)at));
        if (at == start)
            x_mov_rr(a, 1, RDX, RCX);
        else
            x_alu_rr(a, ALU_OR, 1, RDX, RCX);
        at += wide ? 8 : 4;
    }
    x_rr(a, X86_TEST_MR, 1, RDX, RDX);
    stub_new(c, STUB_CHANGED, x_jcc(a, CC_NE));
}

void emit_insn(struct compiler *c, const struct ir_op *op, int32_t i)
{
    c->insn_word = (uint32_t)op->imm;
    c->insn_left = c->b->insn_count - c->insns_begun++;
}

/* No value outlives it: code from elsewhere joins. */
void emit_loophead(struct compiler *c, const struct ir_op *op, int32_t i)
{
    ra_reset(c);
}

/* The byte is below 2 GiB where the engine made it; a move leaves the flags alone. */
void emit_mark(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->imm <= INT32_MAX) {
        x_m(&c->a, X86_MOV8_MI, 0, x_mem(NO_REG, (int32_t)op->imm));
        x_u8(&c->a, 1);
        return;
    }
    unsigned r = ra_alloc(c);
    x_mov_ri(&c->a, r, op->imm);
    x_m(&c->a, X86_MOV8_MI, 0, x_mem((int)r, 0));
    x_u8(&c->a, 1);
}

/* ---- predicted returns
 * --------------------------------------------------------------------------- A call of the guest
 * is a call of the host, so that the host predicts the return. The stack has, per call, a key (the
 * guest's return address and the context's tag) and the host's return address. A return of the
 * guest whose address and context have the key on top is a return of the host, which leads behind
 * the call and on to the block there by a jump that can be patched, as the block is in the caller's
 * page. All other returns look for the block, and leave the stack alone. What is on the stack for
 * longer than code runs is never used: it is emptied when code is left. A caller that is invalid by
 * the time of the return has had its jumps reset. */

void exit_forget_returns(struct code *a)
{
    x_mov_rm(a, 1, RSP, ENV(backend_private));
}

/* Is the exit behind the callhint at @i one that can call? Nothing before it may leave the
 * block. */
static bool call_predictable(const struct compiler *c, const struct ir_op *op, int32_t i)
{
    int64_t back = (int64_t)op->imm, page = 1ll << c->b->target->memory.page_bits;
    if (c->be->config.no_chain || back < 0 || back >= page ||
        c->out->exit_count + 2 > BACKEND_EXITS_MAX)
        return false;
    const struct ir_op *next = op_of(c, i + 1);
    while ((ir_op_info[next->opcode].effects & ~(IR_EFF_COMM | IR_EFF_RDS)) == IR_EFF_PURE)
        next++;
    if (next->opcode == IR_OP_exitd)
        return next->aux == c->b->lane;
    return next->opcode == IR_OP_exiti;
}

void emit_callhint(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    if (!call_predictable(c, op, i))
        return;
    unsigned key = ra_reg(c, op->arg[0]);
    if (returns_tagged(c->be)) {
        unsigned link = key;
        key = ra_alloc(c);
        x_mov_rm(a, 1, key, x_mem(R15, (int32_t)c->b->target->memory.return_tag));
        x_alu_rr(a, ALU_OR, 1, key, link);
        a->eflags = 0;
    }
    x_push(a, key);
    c->call_open = true;
    c->call_return = (int64_t)op->imm;
}

/* Guest address rax is where the block goes, by a return: the one on top? */
static void exit_predicted(struct code *a, const struct backend *be)
{
    unsigned key = RAX;
    if (returns_tagged(be)) {
        key = RCX;
        x_mov_rm(a, 1, RCX, x_mem(R15, (int32_t)be->config.target->memory.return_tag));
        x_alu_rr(a, ALU_OR, 1, RCX, RAX);
    }
    x_alu_rm(a, ALU_CMP, 1, key, x_mem(RSP, 8));
    uint8_t *other = x_jcc(a, CC_NE);
    x_ret(a);
    x_patch_here(a, other);
}

/* ---- internal branches
 * ---------------------------------------------------------------------------- */

static void branch_to(struct compiler *c, uint8_t *site, uint64_t label)
{
    c->label_refs[c->label_ref_count++] = (struct label_ref){site, (uint32_t)label};
}

static void side_exit(struct compiler *c, int32_t branch, enum x86_cc cc);

/* Is the op a branch that is taken when guest condition @cc holds? */
static bool branches_on(const struct ir_op *op, unsigned cc)
{
    return op->opcode == IR_OP_brcc && op->aux == cc;
}

/* To the label when @cc; or out of the block when not, where that is all that is in between. */
static void branch_on(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_cc cc)
{
    if (!exit_is_side(c, i)) {
        branch_to(c, x_jcc(&c->a, cc), op->imm);
        return;
    }
    side_exit(c, i, cc ^ 1);
    if (branches_on(op, IR_CC_EQ))
        pending_is_equal(c);
}

void emit_brcc(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->aux == IR_CC_AL)
        branch_to(c, x_jmp(&c->a), op->imm);
    else
        branch_on(c, op, i, flags_condition(c, op->aux));
}

void emit_brnz(struct compiler *c, const struct ir_op *op, int32_t i)
{
    branch_on(c, op, i, flags_nonzero(c, op->arg[0]));
}

void emit_brz(struct compiler *c, const struct ir_op *op, int32_t i)
{
    branch_on(c, op, i, flags_nonzero(c, op->arg[0]) ^ 1);
}

void emit_label(struct compiler *c, const struct ir_op *op, int32_t i)
{
    c->label_pos[op->imm] = c->a.p;
    if (exit_is_behind_side(c, i)) {
        c->side_label = -1;
        return;
    }
    watch_forget(c);
    ra_reset(c);
    c->a.eflags = 0;
    if (c->join_label != (int32_t)op->imm)
        return;
    assert(c->a.cinv && !c->pending.count);
    c->a.eflags = c->label_live[op->imm];
    flags_store(&c->a, c->a.eflags, c->a.cinv, ra_idle(c));
    c->join_label = c->join_compare = NO_VALUE;
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
    if (be->config.direct)
        return;
    x_mov_rr(a, 0, RDX, RAX);
    x_alu_ri(a, ALU_AND, 0, RDX, -(1 << m->page_bits));
    x_mov_mr(a, 1, ENV(page_base), RDX);
}

void exit_entry_fixed(struct code *a, const struct backend *be, unsigned lane, uint32_t address)
{
    const struct ir_memory_layout *m = &be->config.target->memory;
    uint32_t index = address >> m->page_bits;
    x_mov_rm(a, 1, RDX, ENV(tables));
    x_mov_rm(a, 1, RCX, x_mem(RDX, (int32_t)(m->exec_table[lane] + 8 * index)));
    x_rr(a, X86_TEST_MR, 1, RCX, RCX);
    x_jcc_to(a, CC_E, be->thunk.lookup);
}

/* rcx := code of address eax in @lane, or off to the lookup stub. */
static void code_of_address(struct code *a, const struct backend *be, unsigned lane)
{
    unsigned granule = be->config.target->granule[lane];
    exec_entry(a, be, lane);
    x_mov_rr(a, 0, RDX, RAX);
    x_alu_ri(a, ALU_AND, 0, RDX, 0x1000 - (1 << granule));
    x_mov_rm(a, 0, RCX, x_memx(RCX, RDX, 2 - granule, 0));
}

void exit_indirect(struct code *a, const struct backend *be, unsigned lane)
{
    if (be->config.no_chain) {
        x_jmp_to(a, be->thunk.lookup);
        return;
    }
    code_of_address(a, be, lane);
    x_r(a, X86_JMP_M, 0, RCX);
}

enum chained { CHAINED_JMP = -1, CHAINED_CALL = -2 }; /* otherwise an x86 condition */

/* A jump or call that can be patched: its rel32 is aligned, so that it is written atomically. */
static struct stub *exit_chained(struct compiler *c, int how, int64_t page_offset)
{
    static const uint8_t nops[4][3] = {{0}, {0x90}, {0x66, 0x90}, {0x0f, 0x1f, 0x00}};
    struct code *a = &c->a;
    unsigned opcode = how >= 0 ? 2 : 1;
    unsigned pad = (4u - opcode - (unsigned)(uintptr_t)a->p) & 3;
    memcpy(a->p, nops[pad], pad);
    a->p += pad;
    struct stub *s = stub_new(c, STUB_CHAIN, how >= 0              ? x_jcc(a, (enum x86_cc)how)
                                             : how == CHAINED_CALL ? x_call(a)
                                                                   : x_jmp(a));
    s->imm = page_offset;
    s->index = c->out->exit_count;
    c->out->exits[c->out->exit_count++] =
        (struct backend_exit){.page_offset = page_offset, .lane = (uint8_t)c->b->lane};
    return s;
}

/* Instructions of the block behind the current one. */
static uint32_t insns_behind(const struct compiler *c)
{
    return c->b->insn_count - c->insns_begun;
}

static void give_back(struct compiler *c, uint32_t insns)
{
    if (insns)
        x_alu_ri(&c->a, ALU_ADD, 0, BUDGET, (int32_t)insns);
}

/* ---- exits in the middle, and loops
 * -------------------------------------------------------------- A conditional branch out of the
 * block is a jump that is not taken where the block goes on; what has to be done on the way out is
 * in a stub. A branch back to the block's own start is a loop: when flags are pending there, all
 * code is emitted a second time, for the state that they are pending, and the back edges lead to
 * this copy. */

static bool chains_to(const struct compiler *c, int64_t offset, unsigned lane)
{
    int64_t page = 1ll << c->b->target->memory.page_bits;
    bool same = offset >= 0 && offset < page && lane == c->b->lane;
    return (same || c->b->far) && !c->be->config.no_chain && c->out->exit_count < BACKEND_EXITS_MAX;
}

static bool is_chainable(const struct compiler *c, const struct ir_op *op)
{
    return op->opcode == IR_OP_exitd && chains_to(c, (int64_t)op->imm, op->aux);
}

static int32_t next_alive(const struct compiler *c, int32_t i)
{
    do
        i++;
    while (c->val[i].dead);
    return i;
}

/* The exit behind the branch at @i, perhaps with a mark in between. */
static int32_t exit_behind(const struct compiler *c, int32_t i)
{
    int32_t exit = next_alive(c, i);
    return op_of(c, exit)->opcode == IR_OP_mark ? next_alive(c, exit) : exit;
}

bool exit_is_side(const struct compiler *c, int32_t i)
{
    int32_t exit = exit_behind(c, i);
    bool conditional = op_of(c, i)->opcode != IR_OP_brcc || op_of(c, i)->aux != IR_CC_AL;
    if (!conditional || op_of(c, exit)->opcode != IR_OP_exitd || exit + 1 == (int32_t)c->b->count)
        return false;
    const struct ir_op *label = op_of(c, next_alive(c, exit));
    return label->opcode == IR_OP_label && label->imm == op_of(c, i)->imm &&
           c->label_uses[label->imm] == 1;
}

bool exit_is_behind_side(const struct compiler *c, int32_t i)
{
    return c->side_label == (int64_t)op_of(c, i)->imm;
}

static bool is_own_start(const struct compiler *c, const struct ir_op *exit)
{
    return exit->imm == c->b->page_offset && exit->aux == c->b->lane;
}

bool exit_any_side(const struct compiler *c)
{
    uint32_t insns = 0;
    for (int32_t i = 0; i < (int32_t)c->b->count; i++) {
        const struct ir_op *op = op_of(c, i);
        insns += op->opcode == IR_OP_insn;
        if (op->opcode == IR_OP_exitd &&
            (insns < c->b->insn_count || (is_own_start(c, op) && is_chainable(c, op))))
            return true;
    }
    return false;
}

/* The branch at @k, around an exit alone; also when the exit has been emitted. */
static bool is_around_exit(const struct compiler *c, int32_t k)
{
    return k + 2 < (int32_t)c->b->count && op_of(c, k + 2)->opcode == IR_OP_label &&
           ir_label_is_side(c->b, (uint32_t)k + 2, c->label_uses);
}

bool exit_has_run_before(const struct compiler *c, int32_t i)
{
    if (!c->looping)
        return false;
    for (int32_t k = 0; k < i; k++) {
        const struct ir_op *op = op_of(c, k);
        unsigned effects = ir_op_info[op->opcode].effects;
        bool around = (effects & IR_EFF_BR) && op->opcode != IR_OP_label && !is_around_exit(c, k);
        if (around || (op->opcode == IR_OP_exitd && is_own_start(c, op)))
            return false;
    }
    return true;
}

/* The back edge of the loop, by a jump of kind @how. False: it has to be an exit as any other. */
static bool loop_back(struct compiler *c, const struct ir_op *exit, int how)
{
    if (!is_own_start(c, exit) || !c->pending.count || insns_behind(c) ||
        !pending_is_stable(&c->pending))
        return false;
    if (!c->has_loop && !c->looping) {
        c->has_loop = true;
        c->loop_pending = c->pending;
    }
    if (!pending_equal(&c->pending, &c->loop_pending))
        return false;
    exit_chained(c, how, (int64_t)exit->imm)->loop = LOOP_SECOND;
    return true;
}

/* The back edge with all flags stored, where the pins are the block's own. */
static bool loop_back_resident(struct compiler *c, int64_t offset, int how)
{
    if (!c->resident_count || offset != c->b->page_offset || c->be->config.no_chain ||
        c->call_open || c->out->exit_count == BACKEND_EXITS_MAX)
        return false;
    exit_chained(c, how, offset)->loop = LOOP_FIRST;
    return true;
}

static void side_exit(struct compiler *c, int32_t branch, enum x86_cc cc)
{
    int32_t exit = exit_behind(c, branch), mark = next_alive(c, branch);
    const struct ir_op *op = op_of(c, exit);
    bool marks = mark != exit;
    c->val[exit].dead = c->val[mark].dead = true;
    c->side_label = (int64_t)op_of(c, branch)->imm;
    bool chainable = is_chainable(c, op) && !marks;
    if (chainable && loop_back(c, op, (int)cc))
        return;
    bool plain = chainable && !c->pending.count && !insns_behind(c);
    if (plain && loop_back_resident(c, (int64_t)op->imm, (int)cc))
        return;
    if (plain && !c->resident_count) {
        exit_chained(c, (int)cc, (int64_t)op->imm);
        return;
    }
    struct stub *s = stub_new(c, STUB_SIDE, x_jcc(&c->a, cc));
    s->imm = (int64_t)op->imm;
    s->lane = op->aux;
    s->insn_left = insns_behind(c);
    s->mark = marks ? mark : -1;
    s->eflags = c->a.eflags;
    s->cinv = c->a.cinv;
    if (branches_on(op_of(c, branch), IR_CC_NE))
        pending_equal_cold(&s->pending);
}

static void exit_direct(struct compiler *c, int64_t offset, unsigned lane);

/* The flags that EFLAGS hold are stored from there, others are computed. */
static void side_stub(struct compiler *c, struct stub *s)
{
    ra_reset(c); /* all values have died */
    c->pending = s->pending;
    c->a.eflags = s->eflags;
    c->a.cinv = s->cinv;
    pending_store_eflags(c);
    pending_store_cold(&c->a, &c->pending);
    c->pending.count = 0;
    if (s->mark >= 0)
        emit_mark(c, op_of(c, s->mark), s->mark);
    give_back(c, s->insn_left);
    if (s->lane == c->b->lane && loop_back_resident(c, s->imm, CHAINED_JMP))
        return;
    resident_leave(c);
    exit_direct(c, s->imm, s->lane);
}

/* Go on to the code in rcx. */
static void exit_to_rcx(struct compiler *c)
{
    x_r(&c->a, c->call_open ? X86_CALL_M : X86_JMP_M, 0, RCX);
}

/* Behind a call: where the guest returns to, with its address in eax. */
static void call_continue(struct compiler *c)
{
    struct code *a = &c->a;
    if (!c->call_open)
        return;
    c->call_open = false;
    x_rm(a, X86_LEA, 1, RSP, x_mem(RSP, 8));
    if (!c->be->config.direct) {
        x_alu_ri(a, ALU_AND, 0, RAX, -(1 << c->b->target->memory.page_bits));
        x_mov_mr(a, 1, ENV(page_base), RAX);
    }
    exit_chained(c, CHAINED_JMP, c->call_return);
}

/* eax := guest address of the page offset */
static void address_of(struct compiler *c, int64_t offset)
{
    if (c->be->config.direct) {
        x_mov_ri(&c->a, RAX, c->b->base + (uint32_t)offset);
        return;
    }
    x_mov_rm(&c->a, 0, RAX, ENV(page_base));
    x_rm(&c->a, X86_LEA, 0, RAX, x_mem(RAX, (int32_t)offset));
}

static void exit_direct(struct compiler *c, int64_t offset, unsigned lane)
{
    struct code *a = &c->a;
    const struct ir_target *t = c->b->target;
    unsigned page_mask = (1u << t->memory.page_bits) - 1;
    if (chains_to(c, offset, lane)) {
        exit_chained(c, c->call_open ? CHAINED_CALL : CHAINED_JMP, offset);
        call_continue(c);
        return;
    }
    if (c->be->config.direct && !c->be->config.no_chain) {
        x_mov_ri(a, RAX, c->b->base + (uint32_t)offset);
        exit_entry_fixed(a, c->be, lane, c->b->base + (uint32_t)offset);
    } else {
        address_of(c, offset);
        if (c->be->config.no_chain) {
            x_jmp_to(a, c->be->thunk.lookup);
            return;
        }
        exec_entry(a, c->be, lane);
    }
    uint32_t index = ((uint32_t)offset & page_mask) >> t->granule[lane];
    x_mov_rm(a, 0, RCX, x_mem(RCX, (int32_t)index * 4));
    exit_to_rcx(c);
    call_continue(c);
}

void emit_exitd(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (is_chainable(c, op) && !c->call_open && loop_back(c, op, CHAINED_JMP))
        return;
    pending_store(c);
    give_back(c, insns_behind(c));
    if (op->aux == c->b->lane && loop_back_resident(c, (int64_t)op->imm, CHAINED_JMP))
        return;
    resident_leave(c);
    exit_direct(c, (int64_t)op->imm, op->aux);
}

/* The target address in eax: the last thing that the block does. */
static void address_to_rax(struct compiler *c, const struct ir_op *op)
{
    give_back(c, insns_behind(c));
    ra_move(c, 0, RAX, ra_opnd(c, op->arg[0]));
    resident_leave(c);
}

void emit_exiti(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    unsigned lane = op->aux & IR_LANE_MASK;
    bool bit0 = lane == IR_LANE_BIT0;
    if (lane >= IR_LANES)
        lane = c->b->lane;
    address_to_rax(c, op);
    if (bit0) {
        x_r(a, X86_TEST8_I, 0, RAX);
        x_u8(a, 1);
        struct stub *s = stub_new(c, STUB_LANE, x_jcc(a, lane ? CC_E : CC_NE));
        s->index = c->call_open;
    }
    if (c->be->config.no_chain) {
        if (bit0 && lane)
            x_alu_ri(a, ALU_AND, 0, RAX, ~1);
        x_jmp_to(a, c->be->thunk.lookup);
        return;
    }
    uint8_t *outside = NULL;
    if (exit_by_table(c, op, &outside))
        return;
    if (outside)
        x_patch_here(a, outside);
    if ((op->aux & IR_HINT_RETURN) && (bit0 || lane == 0) && !c->call_open)
        exit_predicted(a, c->be);
    if (bit0 && lane)
        x_alu_ri(a, ALU_AND, 0, RAX, ~1);
    code_of_address(a, c->be, lane);
    exit_to_rcx(c);
    call_continue(c);
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

static void budget_stub(struct compiler *c, const struct stub *s)
{
    pending_store_cold(&c->a, &s->pending);
    resident_leave(c);
    x_alu_ri(&c->a, ALU_ADD, 0, BUDGET, (int32_t)c->b->insn_count);
    x_mov_ri(&c->a, RAX, thunk_address(c, c->b->page_offset));
    x_mov_ri(&c->a, RCX, c->b->insn_count);
    x_mov_ri(&c->a, RDX, x_rx(&c->a, c->entry));
    x_jmp_to(&c->a, c->be->thunk.budget);
}

static void changed_stub(struct compiler *c)
{
    struct code *a = &c->a;
    resident_leave(c);
    x_alu_ri(a, ALU_ADD, 0, BUDGET, (int32_t)c->b->insn_count);
    address_of(c, c->b->page_offset);
    x_mov_mr(a, 1, ENV(pc), RAX);
    x_mov_ri(a, RAX, IR_EXIT_CHANGED);
    x_jmp_to(a, c->be->thunk.leave);
}

/* The data behind the call is the exit's handle: the address of the jump that led here. The jump of
 * a back edge is chained to its place in the loop, and its stub makes the state that of an exit. */
static void chain_stub(struct compiler *c, struct stub *s)
{
    struct code *a = &c->a;
    uint32_t start = x_rx(a, a->p);
    if (s->loop == LOOP_SECOND)
        pending_store_cold(a, &s->pending);
    if (s->loop)
        resident_leave(c);
    x_mov_ri(a, RAX, thunk_address(c, s->imm));
    x_call_to(a, c->be->thunk.chain);
    c->out->exits[s->index].site = (void *)(uintptr_t)x_rx(a, a->p);
    x_u32(a, x_rx(a, s->from) | (s->loop != LOOP_NONE));
    if (s->loop) {
        x_u32(a, x_rx(a, c->entry));
        x_u32(a, x_rx(a, s->loop == LOOP_SECOND ? c->loop_entry : c->head));
        x_u32(a, start);
    }
}

static void lane_stub(struct compiler *c, const struct stub *s)
{
    struct code *a = &c->a;
    if (s->index) /* a call after all, but not in this lane */
        x_rm(a, X86_LEA, 1, RSP, x_mem(RSP, 8));
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
    if (t->granule[lane] > t->granule[c->b->lane]) /* what the entry does not tell */
        x_mov_mr(a, 1, ENV(pc), RAX);
    exit_indirect(a, c->be, lane);
}

void exit_stub_emit(struct compiler *c, struct stub *s)
{
    x_patch_here(&c->a, s->from);
    if (s->kind == STUB_BUDGET)
        budget_stub(c, s);
    else if (s->kind == STUB_CHANGED)
        changed_stub(c);
    else if (s->kind == STUB_SIDE)
        side_stub(c, s);
    else if (s->kind == STUB_CHAIN)
        chain_stub(c, s);
    else
        lane_stub(c, s);
}
