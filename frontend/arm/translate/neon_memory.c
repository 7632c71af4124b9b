/*
 * VLD1-4 and VST1-4: multiple structures, one lane, and to all lanes (DDI 0406C A7.7, A8.8.320
 * onwards). A structure of n elements spreads over n registers, `inc` apart.
 *
 * A fault leaves registers that were loaded already changed, which the manual allows; the base is
 * written last, so that the instruction can be restarted.
 */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/memory.h"
#include "frontend/arm/translate/neon.h"

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
    /* The accesses of a group are to demand one alignment, and are words most often. */
    bool group = x->size >= ARM_SIZE_32 && x->n * x->regs > 2;
    return group && access_align(t, x, 0) == access_align(t, x, 8) ? IR_MEM_GROUP : 0;
}

/* A register, or two that are a quadword. */
static void load_whole(struct arm_translate *t, const struct transfer *x, int32_t base,
                       unsigned group)
{
    bool swaps = arm_mem_big_endian(t) && x->size != ARM_SIZE_8;
    for (int r = 0; r < x->regs; r++) {
        unsigned offset = 8u * (unsigned)r;
        int d = x->d + r;
        enum ir_type v = (d & 1) || r + 1 == x->regs ? IR_V64 : IR_V128;
        int32_t addr = offset_address(t, base, offset);
        if (swaps) {
            int32_t w = ir_ld(t->b, IR_I64, addr, ARM_SIZE_64 | group | access_align(t, x, offset));
            arm_d_write(t, d, swap_elements(t, w, x->size));
            continue;
        }
        unsigned log2 = v == IR_V128 ? ARM_SIZE_64 + 1 : ARM_SIZE_64;
        neon_write(t, v, d, ir_ld(t->b, v, addr, log2 | group | access_align(t, x, offset)));
        r += v == IR_V128;
    }
}

static void store_whole(struct arm_translate *t, const struct transfer *x, int32_t base,
                        unsigned group)
{
    bool swaps = arm_mem_big_endian(t) && x->size != ARM_SIZE_8;
    for (int r = 0; r < x->regs; r++) {
        unsigned offset = 8u * (unsigned)r;
        int d = x->d + r;
        enum ir_type v = (d & 1) || r + 1 == x->regs ? IR_V64 : IR_V128;
        int32_t addr = offset_address(t, base, offset);
        if (swaps) {
            ir_st(t->b, addr, swap_elements(t, arm_d_read(t, d), x->size),
                  ARM_SIZE_64 | group | access_align(t, x, offset));
            continue;
        }
        unsigned log2 = v == IR_V128 ? ARM_SIZE_64 + 1 : ARM_SIZE_64;
        ir_st(t->b, addr, neon_read(t, v, d), log2 | group | access_align(t, x, offset));
        r += v == IR_V128;
    }
}

/* ---- structures: memory as values of 16 and of 8 bytes, rearranged in registers -------------- */

/* What 8 * n bytes of structures look like in memory. */
struct image {
    int32_t v[2]; /* the first 16 bytes, and what follows: 8 or 16, or nothing */
};

/* Where byte @at of memory comes from: the register of the structure, and the byte in it. */
static unsigned byte_register(const struct transfer *x, unsigned at)
{
    return (at >> x->size) % (unsigned)x->n;
}

static unsigned byte_place(const struct transfer *x, unsigned at)
{
    unsigned element = (at >> x->size) / (unsigned)x->n;
    return element << x->size | (at & ((1u << x->size) - 1));
}

/* Registers of structures of three, whose bytes are in both parts of the image. */
static void take_three(struct arm_translate *t, const struct transfer *x, struct image m,
                       int32_t out[4])
{
    struct ir_block *b = t->b;
    int32_t rest = neon_join(b, m.v[1], m.v[1]);
    for (unsigned k = 0; k < 3; k++) {
        uint64_t index[2] = {~0ull, ~0ull};
        for (unsigned at = 0; at < 24; at++) {
            unsigned shift = 8 * byte_place(x, at);
            if (byte_register(x, at) == k)
                index[at / 16] ^= (uint64_t)(0xff ^ (at % 16)) << shift;
        }
        out[k] = ir_vop(b, IR_OP_vor, IR_V64, 0, neon_bytes(b, m.v[0], index[0]),
                        neon_bytes(b, rest, index[1]), 0);
    }
}

static struct image put_three(struct arm_translate *t, const struct transfer *x,
                              const int32_t in[4])
{
    struct ir_block *b = t->b;
    int32_t two = neon_join(b, in[0], in[1]), third = neon_join(b, in[2], in[2]), part[3];
    for (unsigned p = 0; p < 3; p++) {
        uint64_t index[2] = {~0ull, ~0ull};
        for (unsigned k = 0; k < 8; k++) {
            unsigned r = byte_register(x, 8 * p + k), from = byte_place(x, 8 * p + k);
            index[r / 2] ^= (uint64_t)(0xff ^ (r == 1 ? 8 + from : from)) << 8 * k;
        }
        part[p] = ir_vop(b, IR_OP_vor, IR_V64, 0, neon_bytes(b, two, index[0]),
                         neon_bytes(b, third, index[1]), 0);
    }
    return (struct image){{neon_join(b, part[0], part[1]), part[2]}};
}

/* Four: pairs of neighbours first, in elements of twice the size. */
static void take_four(struct arm_translate *t, const struct transfer *x, struct image m,
                      int32_t out[4])
{
    struct ir_block *b = t->b;
    for (unsigned pair = 0; pair < 2; pair++) {
        if (x->size == ARM_SIZE_32) {
            int32_t both = neon_zip(b, 2, neon_half(b, m.v[0], pair), neon_half(b, m.v[1], pair));
            out[2 * pair] = neon_half(b, both, 0);
            out[2 * pair + 1] = neon_half(b, both, 1);
            continue;
        }
        int32_t both = neon_join(b, neon_every_other(b, x->size + 1, m.v[0], pair),
                                 neon_every_other(b, x->size + 1, m.v[1], pair));
        out[2 * pair] = neon_every_other(b, x->size, both, false);
        out[2 * pair + 1] = neon_every_other(b, x->size, both, true);
    }
}

static struct image put_four(struct arm_translate *t, const struct transfer *x, const int32_t in[4])
{
    struct ir_block *b = t->b;
    int32_t ab = neon_zip(b, x->size, in[0], in[1]), cd = neon_zip(b, x->size, in[2], in[3]);
    struct image m;
    for (unsigned half = 0; half < 2; half++) {
        int32_t first = neon_half(b, ab, half), second = neon_half(b, cd, half);
        m.v[half] = x->size == ARM_SIZE_32 ? neon_join(b, first, second)
                                           : neon_zip(b, x->size + 1, first, second);
    }
    return m;
}

static void take(struct arm_translate *t, const struct transfer *x, struct image m, int32_t out[4])
{
    if (x->n == 2) {
        out[0] = neon_every_other(t->b, x->size, m.v[0], false);
        out[1] = neon_every_other(t->b, x->size, m.v[0], true);
    } else {
        (x->n == 3 ? take_three : take_four)(t, x, m, out);
    }
}

static struct image put(struct arm_translate *t, const struct transfer *x, const int32_t in[4])
{
    if (x->n == 2)
        return (struct image){{neon_zip(t->b, x->size, in[0], in[1]), IR_NONE}};
    return (x->n == 3 ? put_three : put_four)(t, x, in);
}

/* The access of part @p of the structures of register @r: its address and descriptor. */
static int32_t part_address(struct arm_translate *t, const struct transfer *x, int32_t base, int r,
                            unsigned p, unsigned group, unsigned *memop)
{
    unsigned offset = 8u * (unsigned)(r * x->n) + 16 * p;
    unsigned log2 = x->n == 3 && p ? ARM_SIZE_64 : ARM_SIZE_64 + 1;
    *memop = log2 | group | access_align(t, x, offset);
    return offset_address(t, base, offset);
}

static void load_structures(struct arm_translate *t, const struct transfer *x, int32_t base,
                            unsigned group)
{
    struct image m[2];
    int32_t out[4];
    unsigned memop;
    for (int r = 0; r < x->regs; r++)
        for (unsigned p = 0; p < (unsigned)(x->n + 1) / 2; p++) {
            int32_t addr = part_address(t, x, base, r, p, group, &memop);
            m[r].v[p] = ir_ld(t->b, x->n == 3 && p ? IR_V64 : IR_V128, addr, memop);
        }
    if (group)
        ir_memgroupend(t->b);
    for (int r = 0; r < x->regs; r++) {
        take(t, x, m[r], out);
        for (int k = 0; k < x->n; k++)
            neon_write(t, IR_V64, x->d + r + k * x->inc, out[k]);
    }
}

static void store_structures(struct arm_translate *t, const struct transfer *x, int32_t base,
                             unsigned group)
{
    struct image m[2];
    int32_t in[4];
    unsigned memop;
    for (int r = 0; r < x->regs; r++) {
        for (int k = 0; k < x->n; k++)
            in[k] = neon_read(t, IR_V64, x->d + r + k * x->inc);
        m[r] = put(t, x, in);
    }
    if (group)
        ir_memgroup(t->b, base, 8u * (unsigned)(x->n * x->regs), true);
    for (int r = 0; r < x->regs; r++)
        for (unsigned p = 0; p < (unsigned)(x->n + 1) / 2; p++) {
            int32_t addr = part_address(t, x, base, r, p, group, &memop);
            ir_st(t->b, addr, m[r].v[p], memop);
        }
    if (group)
        ir_memgroupend(t->b);
}

/* One element after the other, each a number of its own for a big-endian guest or where unaligned
 * elements fault. Registers are gathered from words, in the order of memory. */
static void load_elements(struct arm_translate *t, const struct transfer *x, int32_t base, int r)
{
    unsigned width = 8u << x->size, elements = 8u >> x->size;
    unsigned offset = 8u * (unsigned)(r * x->n);
    int32_t word[4][2];
    for (unsigned e = 0; e < elements; e++) {
        unsigned half = e * width / 32, lsb = e * width % 32;
        for (int k = 0; k < x->n; k++, offset += 1u << x->size) {
            int32_t v = arm_mem_load_raw(t, IR_I32, offset_address(t, base, offset),
                                         x->size | access_align(t, x, offset));
            word[k][half] = lsb ? ir_bfi(t->b, word[k][half], v, lsb, width) : v;
        }
    }
    for (int k = 0; k < x->n; k++)
        arm_d_write(t, x->d + r + k * x->inc, ir_op2(t->b, IR_OP_pair, word[k][0], word[k][1]));
}

static void store_elements(struct arm_translate *t, const struct transfer *x, int32_t base, int r)
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
                              x->size | access_align(t, x, offset));
        }
    }
}

static void multiple_access(struct arm_translate *t, const struct transfer *x, unsigned bytes,
                            bool store)
{
    int32_t base = arm_reg_read(t, x->rn);
    unsigned group = group_bit(t, x);
    if (x->n > 1 && arm_mem_big_endian(t)) {
        for (int r = 0; r < x->regs; r++)
            (store ? store_elements : load_elements)(t, x, base, r);
        return;
    }
    if (group && !(x->n > 1 && store))
        ir_memgroup(t->b, base, bytes, store);
    if (x->n > 1) {
        (store ? store_structures : load_structures)(t, x, base, group);
        return;
    }
    (store ? store_whole : load_whole)(t, x, base, group);
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
