/*
 * Load- and store-exclusive, SWP, load-acquire and store-release (DDI 0406C A3.4, A8.8.75).
 *
 * With one CPU nobody else can write between the load and the store, so the local monitor is all
 * there is: the address and size of the last load-exclusive. Exception entry and return open it, as
 * the CPU does for CLREX. With several CPUs the helpers do it.
 *
 * x86 orders loads with loads and stores with stores, so acquire and release cost nothing but one
 * thing: a load-acquire must not pass an earlier store-release.
 */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/memory.h"

/* exclusive_size after a store-exclusive that stored; no access has that size. */
#define EXCLUSIVE_STORED 0x100u

static bool is_smp(const struct arm_translate *t)
{
    return (t->flags & ARM_BF_SMP) != 0;
}

/* Exclusives and acquire/release demand natural alignment whatever SCTLR.A says. */
static int32_t exclusive_address(struct arm_translate *t, int rn, int imm)
{
    int32_t base = arm_reg_read(t, rn);
    return imm ? ir_op2i(t->b, IR_OP_add, base, (uint32_t)imm) : base;
}

/* i64 for doublewords (words in memory order), else i32. */
static int32_t load_natural(struct arm_translate *t, int32_t addr, unsigned log2)
{
    if (log2 == ARM_SIZE_64)
        return arm_mem_load_pair(t, addr, IR_MEM_ALIGN(3));
    return arm_mem_load_raw(t, IR_I32, addr, log2 | IR_MEM_ALIGN(log2));
}

static void store_natural(struct arm_translate *t, int32_t addr, int rt, int rt2, unsigned log2)
{
    if (log2 == ARM_SIZE_64)
        arm_mem_store_pair(t, addr, arm_reg_read(t, rt), arm_reg_read(t, rt2), IR_MEM_ALIGN(3));
    else
        arm_mem_store_raw(t, addr, arm_reg_read(t, rt), log2 | IR_MEM_ALIGN(log2));
}

static int32_t swap_i32(struct arm_translate *t, int32_t v, unsigned log2)
{
    if (!arm_mem_big_endian(t) || log2 == ARM_SIZE_8)
        return v;
    return ir_op1(t->b, log2 == ARM_SIZE_16 ? IR_OP_rev16 : IR_OP_bswap, v);
}

/* Values as the helpers take and return them, in memory's byte order, from and to registers. */
static int32_t registers_to_memory(struct arm_translate *t, int rt, int rt2, unsigned log2)
{
    int32_t first = swap_i32(t, arm_reg_read(t, rt), log2);
    if (log2 == ARM_SIZE_64)
        return ir_op2(t->b, IR_OP_pair, first, swap_i32(t, arm_reg_read(t, rt2), log2));
    return first;
}

static void write_loaded(struct arm_translate *t, int rt, int rt2, int32_t v, unsigned log2)
{
    if (log2 != ARM_SIZE_64) {
        arm_reg_write(t, rt, v);
        return;
    }
    arm_reg_write(t, rt, ir_op1(t->b, IR_OP_lo32, v));
    arm_reg_write(t, rt2, ir_op1(t->b, IR_OP_hi32, v));
}

static int32_t helper_load(struct arm_translate *t, int32_t addr, unsigned log2)
{
    struct ir_block *b = t->b;
    int32_t v = ir_call(b, ARM_HELPER_ldrex, addr, ir_i32(b, log2), IR_NONE, IR_NONE);
    if (log2 != ARM_SIZE_64)
        return swap_i32(t, ir_op1(b, IR_OP_lo32, v), log2);
    if (!arm_mem_big_endian(t))
        return v;
    return ir_op2(b, IR_OP_pair, ir_op1(b, IR_OP_bswap, ir_op1(b, IR_OP_lo32, v)),
                  ir_op1(b, IR_OP_bswap, ir_op1(b, IR_OP_hi32, v)));
}

static bool registers_bad(int rt, int rt2, int rn, unsigned log2)
{
    return rn == 15 || rt == 15 || (log2 == ARM_SIZE_64 && rt2 == 15);
}

static bool load_exclusive(struct arm_translate *t, const struct arg_ex_ld *a, unsigned log2)
{
    struct ir_block *b = t->b;
    if (registers_bad(a->rt, a->rt2, a->rn, log2) || (log2 == ARM_SIZE_64 && a->rt == a->rt2))
        return arm_unpredictable(t);
    int32_t addr = exclusive_address(t, a->rn, a->imm);
    int32_t v;
    if (is_smp(t)) {
        v = helper_load(t, addr, log2);
    } else {
        v = load_natural(t, addr, log2);
        ir_set(b, ARM_SLOT_EXCL_ADDR, addr);
        ir_set(b, ARM_SLOT_EXCL_SIZE, ir_i32(b, 1u << log2));
    }
    write_loaded(t, a->rt, a->rt2, v, log2);
    return true;
}

/* The monitor is opened after the store, so that a store that faults can be restarted. */
static void store_exclusive_inline(struct arm_translate *t, const struct arg_ex_st *a,
                                   unsigned log2)
{
    struct ir_block *b = t->b;
    unsigned skip = ir_label_new(b);
    int32_t addr = exclusive_address(t, a->rn, a->imm);
    int32_t other = ir_op2(b, IR_OP_xor, addr, ir_get(b, ARM_SLOT_EXCL_ADDR));
    int32_t size = ir_op2i(b, IR_OP_xor, ir_get(b, ARM_SLOT_EXCL_SIZE), 1u << log2);
    ir_brnz(b, ir_op2(b, IR_OP_or, other, size), skip);
    store_natural(t, addr, a->rt, a->rt2, log2);
    ir_set(b, ARM_SLOT_EXCL_SIZE, ir_i32(b, EXCLUSIVE_STORED));
    ir_label(b, skip);
    int32_t failed = ir_op2i(b, IR_OP_cmpne, ir_get(b, ARM_SLOT_EXCL_SIZE), EXCLUSIVE_STORED);
    ir_set(b, ARM_SLOT_EXCL_SIZE, ir_i32(b, 0));
    arm_reg_write(t, a->rd, failed);
}

static bool store_exclusive(struct arm_translate *t, const struct arg_ex_st *a, unsigned log2)
{
    struct ir_block *b = t->b;
    if (registers_bad(a->rt, a->rt2, a->rn, log2) || a->rd == 15 || a->rd == a->rn ||
        a->rd == a->rt || (log2 == ARM_SIZE_64 && a->rd == a->rt2))
        return arm_unpredictable(t);
    if (!is_smp(t)) {
        store_exclusive_inline(t, a, log2);
        return true;
    }
    int32_t addr = exclusive_address(t, a->rn, a->imm);
    int32_t v = registers_to_memory(t, a->rt, a->rt2, log2);
    arm_reg_write(t, a->rd, ir_call(b, ARM_HELPER_strex, addr, v, ir_i32(b, log2), IR_NONE));
    return true;
}

static bool load_acquire(struct arm_translate *t, const struct arg_ex_ld *a, unsigned log2)
{
    if (registers_bad(a->rt, 0, a->rn, log2))
        return arm_unpredictable(t);
    write_loaded(t, a->rt, 0, load_natural(t, exclusive_address(t, a->rn, a->imm), log2), log2);
    return true;
}

static bool store_release(struct arm_translate *t, const struct arg_ex_st *a, unsigned log2)
{
    if (registers_bad(a->rt, 0, a->rn, log2))
        return arm_unpredictable(t);
    store_natural(t, exclusive_address(t, a->rn, a->imm), a->rt, 0, log2);
    if (is_smp(t))
        ir_fence(t->b);
    return true;
}

#define EXCLUSIVE(name, set, function, log2)                              \
    bool trans_##name(struct arm_translate *t, const struct arg_##set *a) \
    {                                                                     \
        return function(t, a, log2);                                      \
    }

EXCLUSIVE(LDREX, ex_ld, load_exclusive, ARM_SIZE_32)
EXCLUSIVE(LDREXB, ex_ld, load_exclusive, ARM_SIZE_8)
EXCLUSIVE(LDREXH, ex_ld, load_exclusive, ARM_SIZE_16)
EXCLUSIVE(LDREXD, ex_ld, load_exclusive, ARM_SIZE_64)
EXCLUSIVE(LDAEX, ex_ld, load_exclusive, ARM_SIZE_32)
EXCLUSIVE(LDAEXB, ex_ld, load_exclusive, ARM_SIZE_8)
EXCLUSIVE(LDAEXH, ex_ld, load_exclusive, ARM_SIZE_16)
EXCLUSIVE(LDAEXD, ex_ld, load_exclusive, ARM_SIZE_64)
EXCLUSIVE(LDA, ex_ld, load_acquire, ARM_SIZE_32)
EXCLUSIVE(LDAB, ex_ld, load_acquire, ARM_SIZE_8)
EXCLUSIVE(LDAH, ex_ld, load_acquire, ARM_SIZE_16)
EXCLUSIVE(STREX, ex_st, store_exclusive, ARM_SIZE_32)
EXCLUSIVE(STREXB, ex_st, store_exclusive, ARM_SIZE_8)
EXCLUSIVE(STREXH, ex_st, store_exclusive, ARM_SIZE_16)
EXCLUSIVE(STREXD, ex_st, store_exclusive, ARM_SIZE_64)
EXCLUSIVE(STLEX, ex_st, store_exclusive, ARM_SIZE_32)
EXCLUSIVE(STLEXB, ex_st, store_exclusive, ARM_SIZE_8)
EXCLUSIVE(STLEXH, ex_st, store_exclusive, ARM_SIZE_16)
EXCLUSIVE(STLEXD, ex_st, store_exclusive, ARM_SIZE_64)
EXCLUSIVE(STL, ex_st, store_release, ARM_SIZE_32)
EXCLUSIVE(STLB, ex_st, store_release, ARM_SIZE_8)
EXCLUSIVE(STLH, ex_st, store_release, ARM_SIZE_16)
#undef EXCLUSIVE

bool trans_CLREX(struct arm_translate *t, const struct arg_none *a)
{
    if (is_smp(t))
        ir_call(t->b, ARM_HELPER_clrex, IR_NONE, IR_NONE, IR_NONE, IR_NONE);
    else
        ir_set(t->b, ARM_SLOT_EXCL_SIZE, ir_i32(t->b, 0));
    return true;
}

/* SWP rotates an unaligned word where LDR does; otherwise words must be aligned. */
static bool swap(struct arm_translate *t, const struct arg_swp *a, unsigned log2)
{
    struct ir_block *b = t->b;
    if (a->rt == 15 || a->rt2 == 15 || a->rn == 15 || a->rn == a->rt || a->rn == a->rt2)
        return arm_unpredictable(t);
    int32_t base = arm_reg_read(t, a->rn);
    int32_t addr = arm_mem_address(t, base, log2);
    int32_t v = arm_reg_read(t, a->rt2), old;
    if (is_smp(t)) {
        old = swap_i32(
            t, ir_call(b, ARM_HELPER_swp, addr, swap_i32(t, v, log2), ir_i32(b, log2), IR_NONE),
            log2);
    } else {
        unsigned memop = log2 | arm_mem_align_demand(t, log2);
        old = arm_mem_load_raw(t, IR_I32, addr, memop);
        arm_mem_store_raw(t, addr, v, memop);
    }
    if (arm_mem_rotates(t) && log2 == ARM_SIZE_32)
        old = ir_op2(b, IR_OP_ror, old, ir_op2i(b, IR_OP_shl, base, 3));
    arm_reg_write(t, a->rt, old);
    return true;
}

bool trans_SWP(struct arm_translate *t, const struct arg_swp *a)
{
    return swap(t, a, ARM_SIZE_32);
}

bool trans_SWPB(struct arm_translate *t, const struct arg_swp *a)
{
    return swap(t, a, ARM_SIZE_8);
}
