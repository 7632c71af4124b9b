/* LDR, STR and their kin, LDRD/STRD, literals (DDI 0406C A8.8.62 onwards). */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/memory.h"
#include "util/bits.h"

/* Register combinations that no single load or store may have. */
static bool single_unpredictable(const struct arm_translate *t, int rt, int rn, bool wback,
                                 unsigned memop, bool store)
{
    if (wback && (rn == 15 || rn == rt))
        return true;
    if ((memop & IR_MEM_USER) && (rn == 15 || rt == 15 || (t->flags & ARM_BF_HYP)))
        return true;
    return rt == 15 && ((memop & IR_MEM_SIZE_MASK) != ARM_SIZE_32 || (store && t->thumb));
}

static bool load_at(struct arm_translate *t, int rt, const struct arm_address *a, unsigned memop)
{
    int32_t v = arm_mem_load(t, a->addr, memop);
    arm_address_finish(t, a);
    arm_mem_write_loaded(t, rt, a->rn, v);
    return true;
}

static bool store_at(struct arm_translate *t, int rt, const struct arm_address *a, unsigned memop)
{
    arm_mem_store(t, a->addr, arm_reg_read(t, rt), memop);
    arm_address_finish(t, a);
    return true;
}

static int32_t offset_imm(struct arm_translate *t, int imm)
{
    return imm ? ir_i32(t->b, (uint32_t)imm) : IR_NONE;
}

/* The base of an immediate offset: loads and stores relative to PC align it (A32's PC is aligned
 * anyway, T32 has loads of this form only as literals). */
static bool transfer_imm(struct arm_translate *t, const struct arg_mem_imm *a, unsigned memop,
                         bool store)
{
    if (single_unpredictable(t, a->rt, a->rn, arm_writes_back(a->p, a->w), memop, store))
        return arm_unpredictable(t);
    struct arm_address addr = arm_address_make(t, a->rn, offset_imm(t, a->imm), a->p, a->u, a->w);
    return store ? store_at(t, a->rt, &addr, memop) : load_at(t, a->rt, &addr, memop);
}

static bool transfer_reg(struct arm_translate *t, const struct arg_mem_reg *a, unsigned memop,
                         bool store)
{
    if (a->rm == 15 ||
        single_unpredictable(t, a->rt, a->rn, arm_writes_back(a->p, a->w), memop, store))
        return arm_unpredictable(t);
    int32_t offset = arm_shift_imm(t, a->rm, (unsigned)a->shty, (unsigned)a->shim, false);
    struct arm_address addr = arm_address_make(t, a->rn, offset, a->p, a->u, a->w);
    return store ? store_at(t, a->rt, &addr, memop) : load_at(t, a->rt, &addr, memop);
}

#define TRANSFER(name, memop, store)                                              \
    bool trans_##name##_imm(struct arm_translate *t, const struct arg_mem_imm *a) \
    {                                                                             \
        return transfer_imm(t, a, memop, store);                                  \
    }                                                                             \
    bool trans_##name##_reg(struct arm_translate *t, const struct arg_mem_reg *a) \
    {                                                                             \
        return transfer_reg(t, a, memop, store);                                  \
    }

TRANSFER(LDR, ARM_SIZE_32, false)
TRANSFER(LDRB, ARM_SIZE_8, false)
TRANSFER(LDRH, ARM_SIZE_16, false)
TRANSFER(LDRSB, ARM_SIZE_8 | IR_MEM_SIGNED, false)
TRANSFER(LDRSH, ARM_SIZE_16 | IR_MEM_SIGNED, false)
TRANSFER(STR, ARM_SIZE_32, true)
TRANSFER(STRB, ARM_SIZE_8, true)
TRANSFER(STRH, ARM_SIZE_16, true)
TRANSFER(LDRT, ARM_SIZE_32 | IR_MEM_USER, false)
TRANSFER(LDRBT, ARM_SIZE_8 | IR_MEM_USER, false)
TRANSFER(LDRHT, ARM_SIZE_16 | IR_MEM_USER, false)
TRANSFER(LDRSBT, ARM_SIZE_8 | IR_MEM_SIGNED | IR_MEM_USER, false)
TRANSFER(LDRSHT, ARM_SIZE_16 | IR_MEM_SIGNED | IR_MEM_USER, false)
TRANSFER(STRT, ARM_SIZE_32 | IR_MEM_USER, true)
TRANSFER(STRBT, ARM_SIZE_8 | IR_MEM_USER, true)
TRANSFER(STRHT, ARM_SIZE_16 | IR_MEM_USER, true)
#undef TRANSFER

/* ---- literals -------------------------------------------------------------------------------- */

/* Offset of a literal from the page base. */
static int64_t literal_offset(struct arm_translate *t, int imm, int u)
{
    int64_t pc = arm_pc_offset(t) & ~(int64_t)3;
    return u ? pc + imm : pc - imm;
}

/* A literal that lies in the block's page can be a constant; it is only folded where the access
 * would do nothing but read it. @count words or smaller pieces of 1 << @log2 bytes. */
static bool fold_literal(struct arm_translate *t, int64_t offset, unsigned log2, unsigned count,
                         uint32_t *v)
{
    if (arm_mem_big_endian(t) || offset < 0 || (offset & ((1 << log2) - 1)))
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!arm_literal(t, (uint32_t)offset + (i << log2), 1u << log2, &v[i]))
            return false;
    return true;
}

static int32_t literal_constant(struct arm_translate *t, uint32_t v, unsigned memop)
{
    if (memop & IR_MEM_SIGNED)
        v = (uint32_t)bits_sext(v, 8u << (memop & IR_MEM_SIZE_MASK));
    return ir_i32(t->b, v);
}

static bool load_literal(struct arm_translate *t, const struct arg_lit *a, unsigned memop)
{
    unsigned log2 = memop & IR_MEM_SIZE_MASK;
    int64_t offset = literal_offset(t, a->imm, a->u);
    uint32_t constant;
    if (a->rt == 15 && log2 != ARM_SIZE_32)
        return arm_unpredictable(t);
    int32_t v = fold_literal(t, offset, log2, 1, &constant)
                    ? literal_constant(t, constant, memop)
                    : arm_mem_load(t, ir_pcrel(t->b, offset), memop);
    arm_mem_write_loaded(t, a->rt, 15, v);
    return true;
}

#define LITERAL(name, memop)                                                  \
    bool trans_##name##_lit(struct arm_translate *t, const struct arg_lit *a) \
    {                                                                         \
        return load_literal(t, a, memop);                                     \
    }

LITERAL(LDR, ARM_SIZE_32)
LITERAL(LDRB, ARM_SIZE_8)
LITERAL(LDRH, ARM_SIZE_16)
LITERAL(LDRSB, ARM_SIZE_8 | IR_MEM_SIGNED)
LITERAL(LDRSH, ARM_SIZE_16 | IR_MEM_SIGNED)
#undef LITERAL

/* ---- doublewords ----------------------------------------------------------------------------- */

/* One 64-bit access, so that an aligned one is single-copy atomic, as LPAE demands. From ARMv7 on
 * word alignment suffices; before, strict checking asks for doublewords. */
static unsigned pair_align(const struct arm_translate *t)
{
    bool strict8 = (t->flags & ARM_BF_ALIGN_STRICT) && !arm_has(t, ARM_FEATURE(V7));
    return arm_mem_align_demand(t, strict8 ? 3 : 2);
}

/* In a process that is alone with its memory nobody can tell the words apart: each by itself takes
 * fewer host instructions, and what was stored as words is there sooner. */
static bool pair_is_words(const struct arm_translate *t)
{
    return t->b->fixed && !(t->flags & ARM_BF_SMP) && pair_align(t) <= IR_MEM_ALIGN(2);
}

static void load_words(struct arm_translate *t, int rt, int rt2, const struct arm_address *a)
{
    unsigned memop = ARM_SIZE_32 | pair_align(t);
    int32_t addr = arm_mem_address(t, a->addr, 3);
    int32_t first = arm_mem_load_raw(t, IR_I32, addr, memop);
    int32_t second = arm_mem_load_raw(t, IR_I32, ir_op2i(t->b, IR_OP_add, addr, 4), memop);
    arm_address_finish(t, a);
    arm_reg_write(t, rt, first);
    arm_reg_write(t, rt2, second);
}

static void store_words(struct arm_translate *t, int rt, int rt2, const struct arm_address *a)
{
    unsigned memop = ARM_SIZE_32 | pair_align(t);
    int32_t addr = arm_mem_address(t, a->addr, 3);
    arm_mem_store_raw(t, addr, arm_reg_read(t, rt), memop);
    arm_mem_store_raw(t, ir_op2i(t->b, IR_OP_add, addr, 4), arm_reg_read(t, rt2), memop);
    arm_address_finish(t, a);
}

static void load_pair(struct arm_translate *t, int rt, int rt2, const struct arm_address *a)
{
    if (pair_is_words(t)) {
        load_words(t, rt, rt2, a);
        return;
    }
    int32_t v = arm_mem_load_pair(t, arm_mem_address(t, a->addr, 3), pair_align(t));
    arm_address_finish(t, a);
    arm_reg_write(t, rt, ir_op1(t->b, IR_OP_lo32, v));
    arm_reg_write(t, rt2, ir_op1(t->b, IR_OP_hi32, v));
}

static void store_pair(struct arm_translate *t, int rt, int rt2, const struct arm_address *a)
{
    if (pair_is_words(t)) {
        store_words(t, rt, rt2, a);
        return;
    }
    arm_mem_store_pair(t, arm_mem_address(t, a->addr, 3), arm_reg_read(t, rt), arm_reg_read(t, rt2),
                       pair_align(t));
    arm_address_finish(t, a);
}

/* A32 names the first register of an even/odd pair only. */
static bool pair_registers_bad(const struct arm_translate *t, int rt, int rt2)
{
    return rt == 15 || rt2 == 15 || (!t->thumb && (rt & 1));
}

static bool pair_unpredictable(const struct arm_translate *t, int rt, int rt2, int rn, bool wback)
{
    return pair_registers_bad(t, rt, rt2) || (wback && (rn == 15 || rn == rt || rn == rt2));
}

bool trans_LDRD_imm(struct arm_translate *t, const struct arg_memd_imm *a)
{
    if (a->rt == a->rt2 || pair_unpredictable(t, a->rt, a->rt2, a->rn, arm_writes_back(a->p, a->w)))
        return arm_unpredictable(t);
    struct arm_address addr = arm_address_make(t, a->rn, offset_imm(t, a->imm), a->p, a->u, a->w);
    load_pair(t, a->rt, a->rt2, &addr);
    return true;
}

bool trans_STRD_imm(struct arm_translate *t, const struct arg_memd_imm *a)
{
    if (pair_unpredictable(t, a->rt, a->rt2, a->rn, arm_writes_back(a->p, a->w)))
        return arm_unpredictable(t);
    struct arm_address addr = arm_address_make(t, a->rn, offset_imm(t, a->imm), a->p, a->u, a->w);
    store_pair(t, a->rt, a->rt2, &addr);
    return true;
}

bool trans_LDRD_reg(struct arm_translate *t, const struct arg_memd_reg *a)
{
    if (a->rm == 15 || a->rm == a->rt || a->rm == a->rt2 ||
        pair_unpredictable(t, a->rt, a->rt2, a->rn, arm_writes_back(a->p, a->w)))
        return arm_unpredictable(t);
    struct arm_address addr = arm_address_make(t, a->rn, arm_reg_read(t, a->rm), a->p, a->u, a->w);
    load_pair(t, a->rt, a->rt2, &addr);
    return true;
}

bool trans_STRD_reg(struct arm_translate *t, const struct arg_memd_reg *a)
{
    if (a->rm == 15 || pair_unpredictable(t, a->rt, a->rt2, a->rn, arm_writes_back(a->p, a->w)))
        return arm_unpredictable(t);
    struct arm_address addr = arm_address_make(t, a->rn, arm_reg_read(t, a->rm), a->p, a->u, a->w);
    store_pair(t, a->rt, a->rt2, &addr);
    return true;
}

bool trans_LDRD_lit(struct arm_translate *t, const struct arg_litd *a)
{
    int64_t offset = literal_offset(t, a->imm, a->u);
    uint32_t constant[2];
    bool wback = t->thumb && (t->insn >> 21 & 1);
    if (wback || a->rt == a->rt2 || pair_registers_bad(t, a->rt, a->rt2))
        return arm_unpredictable(t);
    if (!fold_literal(t, offset, ARM_SIZE_32, 2, constant)) {
        struct arm_address addr = {.addr = ir_pcrel(t->b, offset), .write_back = IR_NONE, .rn = 15};
        load_pair(t, a->rt, a->rt2, &addr);
        return true;
    }
    arm_reg_write(t, a->rt, ir_i32(t->b, constant[0]));
    arm_reg_write(t, a->rt2, ir_i32(t->b, constant[1]));
    return true;
}
