#include "frontend/arm/translate/memory.h"

#include <assert.h>

unsigned arm_mem_align_ordinary(const struct arm_translate *t, unsigned log2)
{
    return t->flags & ARM_BF_ALIGN_STRICT ? IR_MEM_ALIGN(log2) : 0;
}

unsigned arm_mem_align_demand(const struct arm_translate *t, unsigned log2)
{
    return arm_mem_rotates(t) ? 0 : IR_MEM_ALIGN(log2);
}

int32_t arm_mem_address(struct arm_translate *t, int32_t addr, unsigned log2)
{
    if (!arm_mem_rotates(t) || log2 == 0)
        return addr;
    return ir_op2i(t->b, IR_OP_and, addr, ~((1u << log2) - 1));
}

static bool is_user_access(const struct arm_translate *t, unsigned memop)
{
    return (memop & IR_MEM_USER) && !(t->flags & ARM_BF_USER);
}

/* In User mode every access is an unprivileged one, and the ordinary ones are the quick ones. */
static unsigned memop_normalise(const struct arm_translate *t, unsigned memop)
{
    return is_user_access(t, memop) ? memop : memop & ~(unsigned)IR_MEM_USER;
}

/* The low bytes of @v reversed; the bits above them are of no interest, except for halfwords, which
 * stay zero extended. */
static int32_t swap_bytes(struct arm_translate *t, int32_t v, unsigned log2)
{
    switch (log2) {
    case ARM_SIZE_8:
        return v;
    case ARM_SIZE_16:
        return ir_op1(t->b, IR_OP_rev16, v);
    default:
        return ir_op1(t->b, IR_OP_bswap, v);
    }
}

int32_t arm_mem_load_raw(struct arm_translate *t, enum ir_type type, int32_t addr, unsigned memop)
{
    unsigned log2 = memop & IR_MEM_SIZE_MASK;
    memop = memop_normalise(t, memop);
    if (!arm_mem_big_endian(t) || log2 == ARM_SIZE_8)
        return ir_ld(t->b, type, addr, memop);
    int32_t v = ir_ld(t->b, type, addr, memop & ~(unsigned)IR_MEM_SIGNED);
    v = swap_bytes(t, v, log2);
    return memop & IR_MEM_SIGNED ? ir_op1(t->b, IR_OP_sext16, v) : v;
}

void arm_mem_store_raw(struct arm_translate *t, int32_t addr, int32_t v, unsigned memop)
{
    if (arm_mem_big_endian(t))
        v = swap_bytes(t, v, memop & IR_MEM_SIZE_MASK);
    ir_st(t->b, addr, v, memop_normalise(t, memop));
}

int32_t arm_mem_load(struct arm_translate *t, int32_t addr, unsigned memop)
{
    unsigned log2 = memop & IR_MEM_SIZE_MASK;
    int32_t v = arm_mem_load_raw(t, IR_I32, arm_mem_address(t, addr, log2),
                                 memop | arm_mem_align_ordinary(t, log2));
    if (log2 != ARM_SIZE_32 || !arm_mem_rotates(t))
        return v;
    /* Amounts are taken modulo 32, so that only the two low address bits count. */
    return ir_op2(t->b, IR_OP_ror, v, ir_op2i(t->b, IR_OP_shl, addr, 3));
}

void arm_mem_store(struct arm_translate *t, int32_t addr, int32_t v, unsigned memop)
{
    unsigned log2 = memop & IR_MEM_SIZE_MASK;
    arm_mem_store_raw(t, arm_mem_address(t, addr, log2), v,
                      memop | arm_mem_align_ordinary(t, log2));
}

int32_t arm_mem_load_pair(struct arm_translate *t, int32_t addr, unsigned memop)
{
    struct ir_block *b = t->b;
    int32_t v = ir_ld(b, IR_I64, addr, memop | ARM_SIZE_64);
    if (!arm_mem_big_endian(t))
        return v;
    int32_t first = ir_op1(b, IR_OP_bswap, ir_op1(b, IR_OP_lo32, v));
    int32_t second = ir_op1(b, IR_OP_bswap, ir_op1(b, IR_OP_hi32, v));
    return ir_op2(b, IR_OP_pair, first, second);
}

void arm_mem_store_pair(struct arm_translate *t, int32_t addr, int32_t first, int32_t second,
                        unsigned memop)
{
    struct ir_block *b = t->b;
    if (arm_mem_big_endian(t)) {
        first = ir_op1(b, IR_OP_bswap, first);
        second = ir_op1(b, IR_OP_bswap, second);
    }
    ir_st(b, addr, ir_op2(b, IR_OP_pair, first, second), memop | ARM_SIZE_64);
}

struct arm_address arm_address_make(struct arm_translate *t, int rn, int32_t offset, int p, int u,
                                    int w)
{
    int32_t base = arm_reg_read(t, rn);
    int32_t moved = base;
    if (offset != IR_NONE)
        moved = ir_op2(t->b, u ? IR_OP_add : IR_OP_sub, base, offset);
    return (struct arm_address){
        .addr = p ? moved : base,
        .write_back = arm_writes_back(p, w) ? moved : IR_NONE,
        .rn = rn,
        .aligned = offset != IR_NONE && t->b->ops[offset].opcode == IR_OP_const &&
                   !(t->b->ops[offset].imm & 3),
    };
}

void arm_address_finish(struct arm_translate *t, const struct arm_address *a)
{
    if (a->write_back != IR_NONE)
        (a->aligned ? arm_reg_move : arm_reg_write)(t, a->rn, a->write_back);
}

void arm_mem_write_loaded(struct arm_translate *t, int rt, int rn, int32_t v)
{
    if (rt != 15)
        arm_reg_write(t, rt, v);
    else if (rn == 13 && arm_has(t, ARM_FEATURE(V5T)))
        arm_branch_exchange(t, v, IR_HINT_RETURN);
    else
        arm_reg_write_load(t, rt, v);
}
