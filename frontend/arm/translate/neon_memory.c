/*
 * VLD1-4 and VST1-4: multiple structures, one lane, and to all lanes (DDI 0406C A7.7, A8.8.320
 * onwards). A structure of n elements spreads over n registers, `inc` apart.
 *
 * A fault leaves registers that were loaded already changed, which the manual allows; the base is
 * written last, so that the instruction can be restarted.
 */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/memory.h"
#include "frontend/arm/translate/vfp.h"

/* What all forms have in common. */
struct transfer {
    int d, n, inc;  /* first register, elements of a structure, register distance */
    int regs;       /* structures side by side: registers d, d + 1 .. begin one each */
    unsigned size;  /* log2 of the element's bytes */
    unsigned align; /* log2 of the alignment that the instruction asks for */
    int index;      /* single lane */
    int rn, rm;
};

static bool registers_bad(const struct transfer *x)
{
    return x->rn == 15 || x->d + (x->regs - 1) + (x->n - 1) * x->inc > 31;
}

/* log2 of an alignment in bytes, 0 when there is none. */
static unsigned align_log2(int bytes)
{
    return bytes ? (unsigned)__builtin_ctz((unsigned)bytes) : 0;
}

static int32_t offset_address(struct arm_translate *t, int32_t base, unsigned offset)
{
    return offset ? ir_op2i(t->b, IR_OP_add, base, offset) : base;
}

/* Alignment bits of the access at @offset: the one that the instruction asks for goes with the
 * first. Elements by themselves follow the rule for ordinary accesses. */
static unsigned access_align(const struct arm_translate *t, const struct transfer *x,
                             unsigned offset)
{
    unsigned ordinary = arm_mem_align_ordinary(t, x->size);
    unsigned asked = offset == 0 && x->align ? IR_MEM_ALIGN(x->align) : 0;
    return asked > ordinary ? asked : ordinary;
}

/* Base after the instruction: unchanged, moved past what was transferred, or by a register. */
static void write_back(struct arm_translate *t, const struct transfer *x, unsigned bytes)
{
    struct ir_block *b = t->b;
    if (x->rm == 15)
        return;
    int32_t base = arm_reg_read(t, x->rn);
    int32_t step = x->rm == 13 ? ir_i32(b, bytes) : arm_reg_read(t, x->rm);
    arm_reg_write(t, x->rn, ir_op2(b, IR_OP_add, base, step));
}

/* ---- multiple structures --------------------------------------------------------------------- */

/* A whole register in one access; the elements of a big-endian guest are numbers each. */
static int32_t swap_elements(struct arm_translate *t, int32_t v, unsigned size)
{
    struct ir_block *b = t->b;
    if (!arm_mem_big_endian(t) || size == ARM_SIZE_8)
        return v;
    if (size == ARM_SIZE_64)
        return ir_op1(b, IR_OP_bswap, v);
    enum ir_opcode op = size == ARM_SIZE_16 ? IR_OP_rev16 : IR_OP_bswap;
    return ir_op2(b, IR_OP_pair, ir_op1(b, op, ir_op1(b, IR_OP_lo32, v)),
                  ir_op1(b, op, ir_op1(b, IR_OP_hi32, v)));
}

static unsigned group_bit(const struct arm_translate *t, const struct transfer *x)
{
    /* The accesses of a group are to demand one alignment. */
    return access_align(t, x, 0) == access_align(t, x, 8) ? IR_MEM_GROUP : 0;
}

static void load_whole(struct arm_translate *t, const struct transfer *x, int32_t base,
                       unsigned group)
{
    for (int r = 0; r < x->regs; r++) {
        unsigned offset = 8u * (unsigned)r;
        int32_t v = ir_ld(t->b, IR_I64, offset_address(t, base, offset),
                          ARM_SIZE_64 | group | access_align(t, x, offset));
        arm_d_write(t, x->d + r, swap_elements(t, v, x->size));
    }
}

static void store_whole(struct arm_translate *t, const struct transfer *x, int32_t base,
                        unsigned group)
{
    for (int r = 0; r < x->regs; r++) {
        unsigned offset = 8u * (unsigned)r;
        int32_t v = swap_elements(t, arm_d_read(t, x->d + r), x->size);
        ir_st(t->b, offset_address(t, base, offset), v,
              ARM_SIZE_64 | group | access_align(t, x, offset));
    }
}

/* Load the structures of registers d + @r, d + @r + inc and so on, gathering the words of the
 * registers from elements in the order of memory. */
static void load_interleaved(struct arm_translate *t, const struct transfer *x, int32_t base, int r,
                             unsigned group)
{
    unsigned width = 8u << x->size, elements = 8u >> x->size;
    unsigned offset = 8u * (unsigned)(r * x->n);
    int32_t word[4][2];
    for (unsigned e = 0; e < elements; e++) {
        unsigned half = e * width / 32, lsb = e * width % 32;
        for (int k = 0; k < x->n; k++, offset += 1u << x->size) {
            int32_t v = arm_mem_load_raw(t, IR_I32, offset_address(t, base, offset),
                                         x->size | group | access_align(t, x, offset));
            word[k][half] = lsb ? ir_bfi(t->b, word[k][half], v, lsb, width) : v;
        }
    }
    for (int k = 0; k < x->n; k++)
        arm_d_write(t, x->d + r + k * x->inc, ir_op2(t->b, IR_OP_pair, word[k][0], word[k][1]));
}

static void store_interleaved(struct arm_translate *t, const struct transfer *x, int32_t base,
                              int r, unsigned group)
{
    unsigned width = 8u << x->size, elements = 8u >> x->size;
    unsigned offset = 8u * (unsigned)(r * x->n);
    int32_t word[4][2];
    for (int k = 0; k < x->n; k++) {
        int32_t v = arm_d_read(t, x->d + r + k * x->inc);
        word[k][0] = ir_op1(t->b, IR_OP_lo32, v);
        word[k][1] = ir_op1(t->b, IR_OP_hi32, v);
    }
    for (unsigned e = 0; e < elements; e++) {
        unsigned half = e * width / 32, lsb = e * width % 32;
        for (int k = 0; k < x->n; k++, offset += 1u << x->size) {
            int32_t v = word[k][half];
            if (width < 32)
                v = ir_bits(t->b, IR_OP_ubfx, v, lsb, width);
            arm_mem_store_raw(t, offset_address(t, base, offset), v,
                              x->size | group | access_align(t, x, offset));
        }
    }
}

static void multiple_access(struct arm_translate *t, const struct transfer *x, unsigned bytes,
                            bool store)
{
    int32_t base = arm_reg_read(t, x->rn);
    unsigned group = group_bit(t, x);
    if (group)
        ir_memgroup(t->b, base, bytes, store);
    if (x->n == 1)
        (store ? store_whole : load_whole)(t, x, base, group);
    else
        for (int r = 0; r < x->regs; r++)
            (store ? store_interleaved : load_interleaved)(t, x, base, r, group);
    if (group)
        ir_memgroupend(t->b);
}

static bool multiple(struct arm_translate *t, const struct arg_n_ldst *a, bool store)
{
    struct transfer x = {
        .d = a->vd,
        .n = a->n,
        .inc = a->inc,
        .regs = a->regs,
        .size = (unsigned)a->size,
        .align = align_log2(a->align),
        .rn = a->rn,
        .rm = a->rm,
    };
    if (registers_bad(&x))
        return arm_unpredictable(t);
    arm_vfp_check(t);
    unsigned bytes = 8u * (unsigned)(x.n * x.regs);
    multiple_access(t, &x, bytes, store);
    write_back(t, &x, bytes);
    return true;
}

bool trans_VLDST_multiple_load(struct arm_translate *t, const struct arg_n_ldst *a)
{
    return multiple(t, a, false);
}

bool trans_VLDST_multiple_store(struct arm_translate *t, const struct arg_n_ldst *a)
{
    return multiple(t, a, true);
}

/* ---- one lane -------------------------------------------------------------------------------- */

static int32_t lane_word(struct arm_translate *t, int d, unsigned half)
{
    return ir_op1(t->b, half ? IR_OP_hi32 : IR_OP_lo32, arm_d_read(t, d));
}

static void lane_load(struct arm_translate *t, const struct transfer *x, int d, int32_t addr,
                      unsigned memop)
{
    struct ir_block *b = t->b;
    unsigned width = 8u << x->size, bit = (unsigned)x->index * width, half = bit / 32;
    int32_t v = arm_mem_load_raw(t, IR_I32, addr, memop);
    int32_t other = lane_word(t, d, !half);
    if (width < 32)
        v = ir_bfi(b, lane_word(t, d, half), v, bit % 32, width);
    arm_d_write(t, d, half ? ir_op2(b, IR_OP_pair, other, v) : ir_op2(b, IR_OP_pair, v, other));
}

static void lane_store(struct arm_translate *t, const struct transfer *x, int d, int32_t addr,
                       unsigned memop)
{
    unsigned width = 8u << x->size, bit = (unsigned)x->index * width;
    int32_t v = lane_word(t, d, bit / 32);
    if (width < 32)
        v = ir_bits(t->b, IR_OP_ubfx, v, bit % 32, width);
    arm_mem_store_raw(t, addr, v, memop);
}

static bool lane(struct arm_translate *t, const struct arg_n_ldst1 *a, bool store)
{
    struct transfer x = {
        .d = a->vd,
        .n = a->n,
        .inc = a->inc,
        .regs = 1,
        .size = (unsigned)a->size,
        .align = align_log2(a->align),
        .index = a->index,
        .rn = a->rn,
        .rm = a->rm,
    };
    if (registers_bad(&x))
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t base = arm_reg_read(t, x.rn);
    for (int k = 0; k < x.n; k++) {
        unsigned offset = (unsigned)k << x.size;
        unsigned memop = x.size | access_align(t, &x, offset);
        (store ? lane_store : lane_load)(t, &x, x.d + k * x.inc, offset_address(t, base, offset),
                                         memop);
    }
    write_back(t, &x, (unsigned)x.n << x.size);
    return true;
}

bool trans_VLD_lane(struct arm_translate *t, const struct arg_n_ldst1 *a)
{
    return lane(t, a, false);
}

bool trans_VST_lane(struct arm_translate *t, const struct arg_n_ldst1 *a)
{
    return lane(t, a, true);
}

/* ---- to all lanes ---------------------------------------------------------------------------- */

/* Element size and alignment of the "all lanes" forms: size 3 means words, aligned as a whole. */
static void all_decode(struct transfer *x, const struct arg_n_ldall *a)
{
    static const uint8_t factor_log2[] = {0, 1, 0, 2}; /* of the alignment in elements, by n */
    if (a->size == 3) {
        x->size = ARM_SIZE_32;
        x->align = 4;
    } else if (a->a) {
        x->align = a->n == 4 && a->size == 2 ? 3 : (unsigned)a->size + factor_log2[a->n - 1];
    }
}

bool trans_VLD_all(struct arm_translate *t, const struct arg_n_ldall *a)
{
    struct transfer x = {
        .d = a->vd,
        .n = a->n,
        .size = (unsigned)a->size,
        .rn = a->rn,
        .rm = a->rm,
        .inc = a->n > 1 ? 1 + a->t : 1,
        .regs = a->n == 1 ? 1 + a->t : 1,
    };
    all_decode(&x, a);
    if (registers_bad(&x))
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t base = arm_reg_read(t, x.rn);
    for (int k = 0; k < x.n; k++) {
        unsigned offset = (unsigned)k << x.size;
        int32_t v = arm_mem_load_raw(t, IR_I32, offset_address(t, base, offset),
                                     x.size | access_align(t, &x, offset));
        int32_t all = arm_neon_replicate(t, v, x.size);
        for (int r = 0; r < x.regs; r++)
            arm_d_write(t, x.d + r + k * x.inc, all);
    }
    write_back(t, &x, (unsigned)x.n << x.size);
    return true;
}
