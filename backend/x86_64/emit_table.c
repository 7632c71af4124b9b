/* Jumps through tables of bytes or halfwords (TBB, TBH): what they add to is known. */
#include "backend/x86_64/compiler.h"

/* How far ahead of a place in this page the exit can lead, where a table of bytes or halfwords says
 * it; or -1. */
static int64_t exit_reach(const struct compiler *c, const struct ir_op *op)
{
    const struct ir_op *sum = op_of(c, op->arg[0]);
    if (!c->b->entries || c->be->config.direct || c->call_open || op->aux != IR_LANE_SAME ||
        sum->opcode != IR_OP_index)
        return -1;
    const struct ir_op *base = op_of(c, sum->arg[0]), *entry = op_of(c, sum->arg[1]);
    unsigned bits = 8u << (entry->imm & IR_MEM_SIZE_MASK);
    if (base->opcode != IR_OP_pcrel || entry->opcode != IR_OP_ld || (entry->imm & IR_MEM_SIGNED) ||
        bits > 16)
        return -1;
    return (int64_t)base->imm + (((1ll << bits) - 1) << sum->imm);
}

/* The same in direct mode: addresses are constants there, the place's as well. */
static int64_t exit_reach_fixed(const struct compiler *c, const struct ir_op *op)
{
    const struct ir_op *sum = op_of(c, op->arg[0]);
    if (!c->be->config.direct || c->call_open || op->aux != IR_LANE_SAME ||
        sum->opcode != IR_OP_add || !op_is_const(c, sum->arg[1]))
        return -1;
    const struct ir_op *entry = op_of(c, sum->arg[0]);
    unsigned shift = 0;
    if (entry->opcode == IR_OP_shl && op_is_const(c, entry->arg[1])) {
        shift = (unsigned)op_of(c, entry->arg[1])->imm & 31;
        entry = op_of(c, entry->arg[0]);
    }
    unsigned bits = 8u << (entry->imm & IR_MEM_SIZE_MASK);
    uint32_t place = (uint32_t)op_of(c, sum->arg[1])->imm - c->b->base;
    if (entry->opcode != IR_OP_ld || (entry->imm & IR_MEM_SIGNED) || bits > 16)
        return -1;
    return (int64_t)place + (((1ll << bits) - 1) << shift);
}

/* To address eax, which is in this page, in direct mode. */
static void exit_within_page_fixed(struct compiler *c)
{
    struct code *a = &c->a;
    unsigned granule = c->b->target->granule[c->b->lane];
    exit_entry_fixed(a, c->be, c->b->lane, c->b->base);
    x_mov_rr(a, 0, RDX, RAX);
    x_alu_ri(a, ALU_AND, 0, RDX, (1 << c->b->target->memory.page_bits) - (1 << granule));
    x_mov_rm(a, 0, RCX, x_memx(RCX, RDX, 2 - granule, 0));
    x_r(a, X86_JMP_M, 0, RCX);
}

/* To address eax, which is in this page, or seldom in another: the place where the jump leaves in
 * that case, or NULL. */
static uint8_t *exit_within_page(struct compiler *c, bool certain)
{
    struct code *a = &c->a;
    unsigned page_bytes = 1u << c->b->target->memory.page_bits,
             granule = c->b->target->granule[c->b->lane];
    uint8_t *outside = NULL;
    if (!certain) {
        x_mov_rr(a, 0, RCX, RAX);
        x_alu_rm(a, ALU_XOR, 0, RCX, ENV(page_base));
        x_alu_ri(a, ALU_CMP, 0, RCX, (int32_t)page_bytes);
        outside = x_jcc(a, CC_AE);
    }
    x_mov_rr(a, 0, RDX, RAX);
    x_alu_ri(a, ALU_AND, 0, RDX, (int32_t)(page_bytes - (1u << granule)));
    x_mov_ri(a, RCX, (uintptr_t)c->b->entries);
    x_mov_rm(a, 0, RCX, x_memx(RCX, RDX, 2 - granule, 0));
    x_r(a, X86_JMP_M, 0, RCX);
    return outside;
}

bool exit_by_table(struct compiler *c, const struct ir_op *op, uint8_t **outside)
{
    int64_t page_bytes = 1ll << c->b->target->memory.page_bits, fixed = exit_reach_fixed(c, op);
    if (fixed >= 0 && fixed < page_bytes) {
        exit_within_page_fixed(c);
        return true;
    }
    int64_t reach = exit_reach(c, op);
    bool certain = reach >= 0 && reach < page_bytes;
    *outside = reach >= 0 ? exit_within_page(c, certain) : NULL;
    return certain;
}
