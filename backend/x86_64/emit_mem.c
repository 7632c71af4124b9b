/*
 * Guest memory: the inline path through the FLAT8 tables, and the out-of-line paths of accesses
 * that are not aligned or have no entry.
 */
#include "backend/x86_64/compiler.h"
#include "backend/x86_64/xmm.h"

static unsigned mem_log2(const struct ir_op *op)
{
    return op->imm & IR_MEM_SIZE_MASK;
}

unsigned mem_align(const struct ir_op *op)
{
    return (op->imm & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT;
}

static struct opnd mem_opnd(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

unsigned mem_load_dest(struct compiler *c, int32_t i)
{
    return xa_value(c, i) ? xa_dest(c, i, NO_VALUE) : ra_dest(c, i, NO_VALUE);
}

void mem_load_insn(struct compiler *c, const struct ir_op *op, unsigned dst, struct x86_mem m)
{
    if (xa_type(op->type)) {
        x_op2(c, xa_load_form(op->type), 0, dst, mem_opnd(m));
        return;
    }
    static const uint8_t zero[] = {X86_MOVZX8, X86_MOVZX16, X86_MOV_RM, X86_MOV_RM};
    static const uint8_t sign[] = {X86_MOVSX8, X86_MOVSX16, X86_MOVSXD, X86_MOV_RM};
    unsigned log2 = mem_log2(op), w = op_wide(op);
    assert(log2 <= 2 + w);
    if ((op->imm & IR_MEM_SIGNED) && log2 < 2 + w)
        x_rm(&c->a, sign[log2], w, dst, m);
    else
        x_rm(&c->a, zero[log2], log2 == 3, dst, m);
}

void mem_store_insn(struct compiler *c, const struct ir_op *op, struct opnd src, struct x86_mem m)
{
    static const uint8_t from_reg[] = {X86_MOV8_MR, X86_MOV16_MR, X86_MOV_MR, X86_MOV_MR};
    static const uint8_t from_imm[] = {X86_MOV8_MI, X86_MOV16_MI, X86_MOV_MI, X86_MOV_MI};
    unsigned log2 = mem_log2(op);
    if (xa_type(op->type)) {
        x_op2(c, xa_store_form(op->type), 0, (unsigned)src.reg, mem_opnd(m));
        return;
    }
    assert(log2 <= 3);
    if (src.kind == OPND_REG) {
        x_rm(&c->a, from_reg[log2], log2 == 3, (unsigned)src.reg, m);
        return;
    }
    x_m(&c->a, from_imm[log2], log2 == 3, m);
    if (log2 == 0)
        x_u8(&c->a, (unsigned)src.imm);
    else if (log2 == 1)
        x_u16(&c->a, (uint16_t)src.imm);
    else
        x_u32(&c->a, (uint32_t)src.imm);
}

/* The value to be stored: a register or an immediate. */
struct opnd mem_store_value(struct compiler *c, const struct ir_op *op)
{
    if (xa_type(op->type))
        return x_opnd_xmm(xa_reg(c, op->arg[1]));
    struct opnd v = ra_opnd(c, op->arg[1]);
    if (v.kind == OPND_MEM)
        v = (struct opnd){.kind = OPND_REG, .reg = (int)ra_reg(c, op->arg[1])};
    return v;
}

struct slow_site mem_site(const struct compiler *c, const struct ir_op *op, unsigned addr_reg,
                          unsigned data_reg)
{
    bool xmm = xa_type(op->type);
    unsigned kind = xmm ? SLOW_XMM | (op->type == IR_V128 ? SLOW_HALVES : 0) : 0;
    return (struct slow_site){
        .memop = (uint16_t)(op->imm | (op->opcode == IR_OP_st ? IR_MEM_WRITE : 0) |
                            (op_wide(op) || xmm ? SLOW_WIDE : 0) | kind),
        .addr_reg = (uint8_t)addr_reg,
        .data_reg = (uint8_t)data_reg,
        .insn_word = c->insn_word,
        .insn_left = c->insn_left,
        .pins = c->pins,
        .xmm = xmm || c->pins || xa_any_live(c),
    };
}

/* Call the slow path; it returns to site->back, or behind the call when that is 0. */
void mem_site_call(struct compiler *c, const struct slow_site *site)
{
    exit_page_base(c);
    x_call_to(&c->a, site->xmm ? c->be->thunk.slow_xmm : c->be->thunk.slow);
    struct slow_site s = *site;
    if (!s.back)
        s.back = x_rx(&c->a, c->a.p + sizeof(s));
    memcpy(c->a.p, &s, sizeof(s));
    c->a.p += sizeof(s);
}

uint8_t *mem_table_lookup(struct compiler *c, unsigned addend, unsigned addr, bool write)
{
    uint32_t table = ir_data_table(&c->b->target->memory, c->b->fine, write);
    x_mov_rr(&c->a, 0, addend, addr);
    x_shift_i(&c->a, X86_SHR_I, 0, addend, ir_data_bits(&c->b->target->memory, c->b->fine));
    x_mov_rm(&c->a, 1, addend, x_memx(R15, (int)addend, 3, (int32_t)table));
    x_rr(&c->a, X86_TEST_MR, 1, addend, addend);
    return x_jcc(&c->a, CC_E);
}

uint32_t mem_piece(const struct compiler *c)
{
    return 1u << ir_data_bits(&c->b->target->memory, c->b->fine);
}

/* Does one entry serve 16 bytes? Returns the jump for those that do not. */
static uint8_t *check_page(struct compiler *c, unsigned addr, unsigned temp)
{
    x_mov_rr(&c->a, 0, temp, addr);
    x_alu_ri(&c->a, ALU_AND, 0, temp, (int32_t)mem_piece(c) - 1);
    x_alu_ri(&c->a, ALU_CMP, 0, temp, (int32_t)mem_piece(c) - 16);
    return x_jcc(&c->a, CC_A);
}

/* The check of an access at register @addr; @addend becomes the page's addend. The stub's `access`
 * and `back` are to be filled in. */
static struct stub *check_access(struct compiler *c, const struct ir_op *op, unsigned addr,
                                 unsigned addend, struct slow_site site)
{
    unsigned log2 = mem_log2(op), align = mem_align(op);
    bool spans = log2 == 4 && !align; /* not aligned most often */
    uint8_t *crosses = spans ? check_page(c, addr, addend) : NULL;
    uint8_t *miss = mem_table_lookup(c, addend, addr, op->opcode == IR_OP_st);
    struct stub *s = stub_new(c, STUB_MEM, miss);
    s->reg = (uint8_t)addr;
    s->temp = (uint8_t)addend;
    s->site = site;
    s->from2 = crosses;
    s->index = spans;
    unsigned mask = (1u << (align > log2 ? align : log2)) - 1;
    if (mask && !spans) {
        x_r(&c->a, X86_TEST8_I, 0, addr);
        x_u8(&c->a, mask);
        s->from2 = x_jcc(&c->a, CC_NE);
    }
    s->access = c->a.p;
    return s;
}

/* Is there no inline path at all? */
static bool always_slow(const struct compiler *c, const struct ir_op *op)
{
    return c->be->config.always_slow || (op->imm & IR_MEM_USER);
}

/* ---- direct mode ----------------------------------------------------------------------------- */

static bool is_direct_disp(int32_t disp)
{
    return disp >= -DIRECT_DISP_MAX && disp <= DIRECT_DISP_MAX;
}

static int32_t constant_of(const struct compiler *c, const struct ir_op *sum)
{
    return (int32_t)op_of(c, sum->arg[1])->imm;
}

/* The access behind the sum at @i that it is the address of, and nothing in between; or
 * NO_VALUE. */
static int32_t direct_access_of(const struct compiler *c, int32_t i)
{
    int32_t k = i + 1;
    while (c->val[k].dead || op_of(c, k)->opcode == IR_OP_const ||
           op_of(c, k)->opcode == IR_OP_insn)
        k++;
    const struct ir_op *op = op_of(c, k);
    int32_t disp = constant_of(c, op_of(c, i));
    bool access = op->opcode == IR_OP_ld || (op->opcode == IR_OP_st && op->arg[1] != i);
    return access && op->arg[0] == i && !always_slow(c, op) && !(disp & ((1 << mem_align(op)) - 1))
               ? k
               : NO_VALUE;
}

bool direct_takes_sum(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (!c->be->config.direct || op->fw || op->type != IR_I32 ||
        c->val[i].uses != 1 || !op_is_const(c, op->arg[1]) || c->val[op->arg[0]].loc != LOC_REG ||
        !is_direct_disp(constant_of(c, op)))
        return false;
    int32_t access = direct_access_of(c, i);
    if (access == NO_VALUE)
        return false;
    if (c->val[op->arg[0]].last < access)
        c->val[op->arg[0]].last = access;
    c->val[access].address = i;
    return true;
}

/* The register that holds what is in the state at @v's place, for good where others will ask for
 * it. */
static unsigned direct_base(struct compiler *c, int32_t v)
{
    int32_t g = op_of(c, v)->arg[0];
    const struct value *x = &c->val[v], *y = g == IR_NONE ? x : &c->val[g];
    if (y->loc == LOC_ENV && y->off == x->off && y->width == 2 && !y->disp && y->last > c->i)
        return ra_reg(c, g);
    unsigned base = ra_alloc(c);
    x_mov_rm(&c->a, 0, base, env_mem(x->off));
    return base;
}

static struct x86_mem direct_operand(struct compiler *c, int32_t v)
{
    const struct value *x = &c->val[v];
    int32_t sum = c->val[c->i].address;
    if (sum != NO_VALUE)
        return x_memx(R15, (int)ra_reg(c, op_of(c, sum)->arg[0]), 0, constant_of(c, op_of(c, sum)));
    if (x->loc == LOC_PIN && is_direct_disp(x->disp))
        return x_memx(R15, x->reg, 0, x->disp);
    if (x->loc == LOC_ENV && x->width == 2 && x->disp && is_direct_disp(x->disp)) {
        int32_t disp = x->disp;
        return x_memx(R15, (int)direct_base(c, v), 0, disp);
    }
    if (x->loc == LOC_CONST && (uint32_t)op_of(c, v)->imm <= INT32_MAX)
        return x_mem(R15, (int32_t)op_of(c, v)->imm);
    return x_memx(R15, (int)ra_reg(c, v), 0, 0);
}

/* Has the address been found aligned in the round before, and have only multiples of the alignment
 * been added to it? */
static bool aligned_before(const struct compiler *c, const struct ir_op *op, int32_t mask)
{
    int64_t disp;
    int32_t root = ir_address_root(c->b, op->arg[0], &disp);
    const struct ir_op *get = op_of(c, root);
    if (get->opcode != IR_OP_get || !exit_has_run_before(c, c->i))
        return false;
    for (int32_t k = 0; k < (int32_t)c->b->count; k++) {
        const struct ir_op *set = op_of(c, k);
        if (set->opcode == IR_OP_call)
            return false;
        if (set->opcode != IR_OP_set ||
            !ir_slots_overlap(c->b->target, (unsigned)set->imm, (unsigned)get->imm))
            continue;
        if (set->imm != get->imm || k < root || ir_address_root(c->b, set->arg[0], &disp) != root ||
            (disp & mask))
            return false;
    }
    return true;
}

/* Alignment beyond what the host does: the slow path raises the fault. */
void mem_check_aligned(struct compiler *c, const struct ir_op *op, unsigned data_reg, int32_t imm)
{
    if (!mem_align(op))
        return;
    int32_t mask = (1 << mem_align(op)) - 1;
    if (aligned_before(c, op, mask))
        return;
    const struct value *v = &c->val[op->arg[0]];
    int32_t sum = c->val[c->i].address;
    bool base = v->loc == LOC_PIN && !(v->disp & mask); /* as aligned as the sum is */
    unsigned addr = base ? v->reg : ra_reg(c, sum != NO_VALUE ? op_of(c, sum)->arg[0] : op->arg[0]);
    x_r(&c->a, X86_TEST8_I, 0, addr);
    x_u8(&c->a, (unsigned)mask);
    struct stub *s = stub_new(c, STUB_MEM, x_jcc(&c->a, CC_NE));
    s->site = mem_site(c, op, addr, data_reg);
    s->site.disp = sum != NO_VALUE ? constant_of(c, op_of(c, sum)) : base ? v->disp : 0;
    s->site.imm = (uint32_t)imm;
    s->back = c->a.p; /* not reached: the access faults */
}

/* Where the access is compared with what is watched the address needs a register: the slow path
 * adds to one. */
static struct x86_mem direct_address(struct compiler *c, int32_t v, bool watched)
{
    if (watched && c->val[v].loc == LOC_CONST)
        return x_memx(R15, (int)ra_reg(c, v), 0, 0);
    return direct_operand(c, v);
}

/* See watch_check. */
static uint32_t direct_watch(struct compiler *c, const struct ir_op *op, struct x86_mem m,
                             unsigned data_reg, int32_t imm, uint32_t *first)
{
    struct slow_site site = mem_site(c, op, (unsigned)m.index, data_reg);
    struct x86_mem guest = window_has_sum(c) ? m : x_mem(m.index, m.disp);
    site.disp = guest.index == NO_REG ? m.disp : 0;
    site.imm = (uint32_t)imm;
    return watch_check(c, op, &site, guest, first);
}

static void direct_load(struct compiler *c, const struct ir_op *op, int32_t i)
{
    uint32_t first = 0, watches = 0;
    bool watched = watch_needed(c, op);
    mem_check_aligned(c, op, SLOW_NO_REG, 0);
    bool sum = window_has_sum(c);
    struct x86_mem m = sum ? window_sum(c, op) : direct_address(c, op->arg[0], watched);
    unsigned dst = mem_load_dest(c, i);
    if (watched)
        watches = direct_watch(c, op, m, dst, 0, &first);
    if (sum)
        window_prefixes(c, &m);
    else
        faults_mark(c);
    mem_load_insn(c, op, dst, m);
    watch_back(c, first, watches);
}

static void direct_store(struct compiler *c, const struct ir_op *op)
{
    uint32_t first = 0, watches = 0;
    bool watched = watch_needed(c, op);
    struct opnd v = mem_store_value(c, op);
    unsigned data_reg = v.kind == OPND_REG ? (unsigned)v.reg : SLOW_NO_REG;
    mem_check_aligned(c, op, data_reg, v.imm);
    bool sum = window_has_sum(c);
    struct x86_mem m = sum ? window_sum(c, op) : direct_address(c, op->arg[0], watched);
    if (watched)
        watches = direct_watch(c, op, m, data_reg, v.imm, &first);
    if (sum)
        window_prefixes(c, &m);
    else
        faults_mark(c);
    mem_store_insn(c, op, v, m);
    watch_back(c, first, watches);
}

void emit_ld(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (c->be->config.direct && !always_slow(c, op)) {
        direct_load(c, op, i);
        return;
    }
    if (group_access(c, op, i))
        return;
    if (window_load(c, op, i))
        return;
    unsigned addr = ra_reg(c, op->arg[0]);
    unsigned dst = mem_load_dest(c, i);
    struct slow_site site = mem_site(c, op, addr, dst);
    if (always_slow(c, op)) {
        mem_site_call(c, &site);
        return;
    }
    unsigned addend = dst < SCRATCH_COUNT && !xa_type(op->type) ? dst : ra_alloc(c);
    struct stub *s = check_access(c, op, addr, addend, site);
    mem_load_insn(c, op, dst, x_memx((int)addend, (int)addr, 0, 0));
    s->back = c->a.p;
}

void emit_st(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (c->be->config.direct && !always_slow(c, op)) {
        direct_store(c, op);
        return;
    }
    if (group_access(c, op, i))
        return;
    if (window_store(c, op, i))
        return;
    struct opnd v = mem_store_value(c, op);
    unsigned addr = ra_reg(c, op->arg[0]);
    struct slow_site site =
        mem_site(c, op, addr, v.kind == OPND_REG ? (unsigned)v.reg : SLOW_NO_REG);
    site.imm = (uint32_t)v.imm;
    if (always_slow(c, op)) {
        mem_site_call(c, &site);
        return;
    }
    unsigned addend = ra_alloc(c);
    struct stub *s = check_access(c, op, addr, addend, site);
    mem_store_insn(c, op, v, x_memx((int)addend, (int)addr, 0, 0));
    s->back = c->a.p;
}

/* An access that is not aligned: back inline if it is allowed and stays in its page. */
static void unaligned_path(struct compiler *c, struct stub *s)
{
    struct code *a = &c->a;
    unsigned log2 = s->site.memop & IR_MEM_SIZE_MASK;
    unsigned align = (s->site.memop & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT;
    x_patch_here(a, s->from2);
    if (align >= log2)
        return;
    uint8_t *demanded = NULL;
    if (align) {
        x_r(a, X86_TEST8_I, 0, s->reg);
        x_u8(a, (1u << align) - 1);
        demanded = x_jcc(a, CC_NE);
    }
    x_push(a, s->temp);
    x_mov_rr(a, 0, s->temp, s->reg);
    x_alu_ri(a, ALU_AND, 0, s->temp, (int32_t)mem_piece(c) - 1);
    x_alu_ri(a, ALU_CMP, 0, s->temp, (int32_t)mem_piece(c) - (1 << log2));
    x_pop(a, s->temp);
    x_patch(x_jcc(a, CC_BE), s->access);
    if (demanded)
        x_patch_here(a, demanded);
}

void mem_stub_emit(struct compiler *c, struct stub *s)
{
    if (s->from2 && s->index)
        x_patch_here(&c->a, s->from2);
    else if (s->from2)
        unaligned_path(c, s);
    x_patch_here(&c->a, s->from);
    pending_store_cold(&c->a, &s->pending);
    s->site.back = x_rx(&c->a, s->back);
    mem_site_call(c, &s->site);
}

void emit_fence(struct compiler *c, const struct ir_op *op, int32_t i)
{
    x_fence(&c->a);
}
