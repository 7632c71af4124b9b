/*
 * Memory groups: one check for all accesses of an LDM, STM, PUSH or POP. The body is emitted twice
 * with the same register allocation: inline with a register that holds the host address of the
 * first byte, and out of line with the guest address in that register and each access by the slow
 * path.
 */
#include "backend/x86_64/compiler.h"

/* Are both roots the same value, perhaps by two reads of a slot? */
static bool same_root(const struct compiler *c, int32_t x, int32_t y)
{
    if (x == y)
        return true;
    const struct ir_op *a = op_of(c, x), *b = op_of(c, y);
    if (a->opcode != IR_OP_get || b->opcode != IR_OP_get || a->imm != b->imm)
        return false;
    for (int32_t k = x < y ? x : y; k < (x < y ? y : x); k++) {
        const struct ir_op *op = op_of(c, k);
        if (op->opcode == IR_OP_call || op->opcode == IR_OP_label)
            return false;
        if (op->opcode == IR_OP_set &&
            ir_slots_overlap(c->b->target, (unsigned)op->imm, (unsigned)a->imm))
            return false;
    }
    return true;
}

/* Distance of the access from the group's first byte, or -1 when it is not in the group. */
static int64_t group_delta(const struct compiler *c, const struct group *g, const struct ir_op *op)
{
    int64_t disp;
    int32_t root = ir_address_root(c->b, op->arg[0], &disp);
    int64_t bytes = (int64_t)op_of(c, g->start)->imm;
    int64_t delta = disp - g->disp;
    unsigned align = (op->imm & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT;
    bool inside = delta >= 0 && delta + (1 << (op->imm & IR_MEM_SIZE_MASK)) <= bytes;
    if (!inside || !same_root(c, root, g->root) || align > 2 || (delta & ((1 << align) - 1)))
        return -1;
    return delta;
}

/* May the op stand in a group? Few are allowed, as one scratch register is taken. */
static bool groupable(const struct compiler *c, const struct group *g, const struct ir_op *op)
{
    bool write = op_of(c, g->start)->aux;
    switch (op->opcode) {
    case IR_OP_const:
    case IR_OP_get:
    case IR_OP_pcrel:
    case IR_OP_set:
    case IR_OP_zext8:
    case IR_OP_zext16:
    case IR_OP_sext8:
    case IR_OP_sext16:
    case IR_OP_bswap:
    case IR_OP_lo32:
    case IR_OP_hi32:
    case IR_OP_part:
    case IR_OP_vjoin:
        return true;
    case IR_OP_add:
    case IR_OP_sub:
        return !op->fw && op_is_const(c, op->arg[1]);
    case IR_OP_ld:
    case IR_OP_st:
        return (op->imm & IR_MEM_GROUP) && !(op->imm & IR_MEM_USER) &&
               (op->opcode == IR_OP_st) == write && group_delta(c, g, op) >= 0;
    default:
        return false;
    }
}

/* Find the group's end; false when the accesses have to be checked one by one. */
static bool group_scan(const struct compiler *c, struct group *g)
{
    for (int32_t k = g->start + 1; k < (int32_t)c->b->count; k++) {
        const struct ir_op *op = op_of(c, k);
        if (op->opcode == IR_OP_memgroupend) {
            g->end = k;
            return true;
        }
        if (!c->val[k].dead && !groupable(c, g, op))
            return false;
    }
    return false;
}

static uint8_t *check_aligned(struct compiler *c, unsigned addr)
{
    x_r(&c->a, X86_TEST8_I, 0, addr);
    x_u8(&c->a, 3);
    return x_jcc(&c->a, CC_NE);
}

/* Where entries are for few bytes: do those of the first and of the last byte say the same? */
static uint8_t *check_ends(struct compiler *c, unsigned addr, unsigned temp, unsigned addend,
                           const struct ir_op *op)
{
    const struct ir_memory_layout *m = &c->b->target->memory;
    struct code *a = &c->a;
    x_rm(a, X86_LEA, 0, temp, x_mem((int)addr, (int32_t)op->imm - 1));
    x_shift_i(a, X86_SHR_I, 0, temp, m->fine_bits);
    x_alu_rm(a, ALU_CMP, 1, addend,
             x_memx(R15, (int)temp, 3, (int32_t)ir_data_table(m, true, op->aux)));
    return x_jcc(a, CC_NE);
}

/* Aligned to 4, and all in one page: rotate the two low bits to the top and compare once. */
static uint8_t *check_span(struct compiler *c, unsigned addr, unsigned temp, uint32_t bytes)
{
    struct code *a = &c->a;
    if (c->be->features & HOST_BMI2) {
        x_vrr(a, X86_RORX, 0, temp, 0, addr);
        x_u8(a, 2);
    } else {
        x_mov_rr(a, 0, temp, addr);
        x_shift_i(a, X86_ROR_I, 0, temp, 2);
    }
    x_alu_ri(a, ALU_AND, 0, temp, (int32_t)0xc00003ff);
    x_alu_ri(a, ALU_CMP, 0, temp, (int32_t)((0x1000 - bytes) >> 2));
    return x_jcc(a, CC_A);
}

void emit_memgroup(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (c->be->config.direct && !c->be->config.always_slow)
        watch_group(c, op);
    if (c->be->config.always_slow || c->be->config.direct || c->group_count == GROUPS_MAX ||
        op->imm > mem_piece(c))
        return;
    struct group *g = &c->groups[c->group_count];
    g->start = i;
    g->root = ir_address_root(c->b, op->arg[0], &g->disp);
    if (!group_scan(c, g))
        return;
    unsigned addr = ra_peek(c, op->arg[0]);
    unsigned host = ra_alloc(c), temp = ra_alloc(c);
    struct stub *s;
    g->window = window_insn(c);
    if (g->window) {
        s = stub_new(c, STUB_GROUP, check_aligned(c, addr));
        x_mov_rr(&c->a, 0, host, addr);
    } else {
        s = stub_new(c, STUB_GROUP, mem_table_lookup(c, host, addr, op->aux));
        s->from2 = c->b->fine ? check_aligned(c, addr)
                              : check_span(c, addr, temp, (uint32_t)op->imm);
        if (c->b->fine)
            s->from3 = check_ends(c, addr, temp, host, op);
        x_alu_rr(&c->a, ALU_ADD, 1, host, addr);
    }
    s->index = c->group_count;
    s->reg = (uint8_t)addr;
    g->reg = (uint8_t)host;
    c->ra.reserved |= 1u << host;
    g->ra = c->ra;
    memcpy(g->values, c->val, (size_t)g->end * sizeof(*g->values));
    g->insn_word = c->insn_word;
    g->insn_left = c->insn_left;
    c->group_open = (int)c->group_count++;
}

void emit_memgroupend(struct compiler *c, const struct ir_op *op, int32_t i)
{
    c->watch_group = false;
    if (c->group_open < 0)
        return;
    c->ra.reserved = 0;
    if (!c->group_slow) {
        for (uint32_t k = 0; k < c->stub_count; k++)
            if (c->stubs[k].kind == STUB_GROUP && (int)c->stubs[k].index == c->group_open)
                c->stubs[k].back = c->a.p;
    }
    c->a.eflags = 0;
    c->group_open = -1;
}

bool group_access(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (c->group_open < 0)
        return false;
    const struct group *g = &c->groups[c->group_open];
    int64_t delta = group_delta(c, g, op);
    assert(delta >= 0);
    struct x86_mem m = x_mem(g->reg, (int32_t)delta);
    struct slow_site site;
    if (op->opcode == IR_OP_ld) {
        unsigned dst = mem_load_dest(c, i);
        if (!c->group_slow) {
            if (g->window)
                window_prefixes(c, &m);
            mem_load_insn(c, op, dst, m);
            return true;
        }
        site = mem_site(c, op, g->reg, dst);
    } else {
        struct opnd v = mem_store_value(c, op);
        if (!c->group_slow) {
            if (g->window)
                window_prefixes(c, &m);
            mem_store_insn(c, op, v, m);
            return true;
        }
        site = mem_site(c, op, g->reg, v.kind == OPND_REG ? (unsigned)v.reg : SLOW_NO_REG);
        site.imm = (uint32_t)v.imm;
    }
    site.disp = (int32_t)delta;
    mem_site_call(c, &site);
    return true;
}

void group_stub_emit(struct compiler *c, struct stub *s)
{
    struct group *g = &c->groups[s->index];
    x_patch_here(&c->a, s->from);
    if (s->from2)
        x_patch_here(&c->a, s->from2);
    if (s->from3)
        x_patch_here(&c->a, s->from3);
    pending_store_cold(&c->a, &s->pending);
    x_mov_rr(&c->a, 0, g->reg, s->reg);
    c->ra = g->ra;
    memcpy(c->val, g->values, (size_t)g->end * sizeof(*g->values));
    c->insn_word = g->insn_word;
    c->insn_left = g->insn_left;
    c->group_open = (int)s->index;
    c->group_slow = true;
    c->a.eflags = 0;
    c->i = g->start;
    ra_end_op(c, g->start);
    for (int32_t k = g->start + 1; k <= g->end; k++) {
        if (c->val[k].dead)
            continue;
        c->i = k;
        emit_table[op_of(c, k)->opcode](c, op_of(c, k), k);
        ra_end_op(c, k);
    }
    c->group_slow = false;
    x_patch(x_jmp(&c->a), s->back);
}
