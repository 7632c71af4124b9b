/* AES, SHA-1 and SHA-256 instructions (DDI 0487 F6.1). */
#include "frontend/arm/translate/neon.h"

static bool two(struct arm_translate *t, const struct arg_n_rr *a, enum ir_opcode op, bool in_place)
{
    arm_vfp_check(t);
    int32_t m = neon_read(t, IR_V128, a->vm), d = in_place ? neon_read(t, IR_V128, a->vd) : m;
    int32_t v = ir_vop(t->b, op, IR_V128, 0, d, in_place ? m : IR_NONE, 0);
    neon_write(t, IR_V128, a->vd, v);
    return true;
}

static bool rounds(struct arm_translate *t, const struct arg_n_rrr *a, enum ir_opcode op,
                   unsigned function, bool swap)
{
    arm_vfp_check(t);
    int32_t d = neon_read(t, IR_V128, a->vd), n = neon_read(t, IR_V128, a->vn);
    int32_t v = ir_vop3(t->b, op, IR_V128, 0, swap ? n : d, swap ? d : n,
                        neon_read(t, IR_V128, a->vm), function);
    neon_write(t, IR_V128, a->vd, v);
    return true;
}

#define TWO(mnemonic, op, in_place)                                          \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        return two(t, a, IR_OP_##op, in_place);                              \
    }
#define ROUNDS(mnemonic, op, function, swap)                                  \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                         \
        return rounds(t, a, IR_OP_##op, function, swap);                      \
    }

TWO(AESE, vaese, true)
TWO(AESD, vaesd, true)
TWO(AESMC, vaesmc, false)
TWO(AESIMC, vaesimc, false)
TWO(SHA256SU0, vsha256su0, true)
ROUNDS(SHA1C, vsha1, 0, false)
ROUNDS(SHA1P, vsha1, 1, false)
ROUNDS(SHA1M, vsha1, 2, false)
ROUNDS(SHA256H, vsha256h, 0, false)
ROUNDS(SHA256H2, vsha256h2, 0, true)

static int32_t rotate(struct ir_block *b, enum ir_type v, int32_t x, unsigned n)
{
    int32_t left = ir_vop(b, IR_OP_vshl, v, 2, x, IR_NONE, n);
    return ir_vop(b, IR_OP_vor, v, 0, left, ir_vop(b, IR_OP_vshru, v, 2, x, IR_NONE, 32 - n), 0);
}

/* The lowest word alone, rotated. */
bool trans_SHA1H(struct arm_translate *t, const struct arg_n_rr *a)
{
    struct ir_block *b = t->b;
    arm_vfp_check(t);
    int32_t v = rotate(b, IR_V64, neon_read(t, IR_V64, a->vm), 30);
    v = ir_vop(b, IR_OP_vand, IR_V64, 0, v, ir_const(b, IR_V64, UINT32_MAX), 0);
    neon_write(t, IR_V128, a->vd, neon_join(b, v, ir_const(b, IR_V64, 0)));
    return true;
}

/* Four words behind the lowest @words of @x, which end with those of @y. */
static int32_t behind(struct ir_block *b, int32_t x, int32_t y, unsigned words)
{
    return ir_vop(b, IR_OP_vext, IR_V128, 0, x, y, 4 * words);
}

static int32_t exclusive_or(struct ir_block *b, int32_t x, int32_t y)
{
    return ir_vop(b, IR_OP_vxor, IR_V128, 0, x, y, 0);
}

bool trans_SHA1SU0(struct arm_translate *t, const struct arg_n_rrr *a)
{
    struct ir_block *b = t->b;
    arm_vfp_check(t);
    int32_t d = neon_read(t, IR_V128, a->vd), n = neon_read(t, IR_V128, a->vn);
    int32_t v = exclusive_or(b, d, neon_read(t, IR_V128, a->vm));
    neon_write(t, IR_V128, a->vd, exclusive_or(b, v, behind(b, d, n, 2)));
    return true;
}

/* The last word needs the first result. */
bool trans_SHA1SU1(struct arm_translate *t, const struct arg_n_rr *a)
{
    struct ir_block *b = t->b;
    arm_vfp_check(t);
    int32_t zero = ir_const(b, IR_V128, 0), m = neon_read(t, IR_V128, a->vm);
    int32_t v = exclusive_or(b, neon_read(t, IR_V128, a->vd), behind(b, m, zero, 1));
    v = rotate(b, IR_V128, v, 1);
    v = exclusive_or(b, v, behind(b, zero, rotate(b, IR_V128, v, 1), 1));
    neon_write(t, IR_V128, a->vd, v);
    return true;
}

bool trans_SHA256SU1(struct arm_translate *t, const struct arg_n_rrr *a)
{
    struct ir_block *b = t->b;
    arm_vfp_check(t);
    int32_t n = neon_read(t, IR_V128, a->vn), m = neon_read(t, IR_V128, a->vm);
    int32_t v = ir_vop(b, IR_OP_vadd, IR_V128, 2, neon_read(t, IR_V128, a->vd), behind(b, n, m, 1),
                       0);
    neon_write(t, IR_V128, a->vd, ir_vop(b, IR_OP_vsha256su1, IR_V128, 0, v, m, 0));
    return true;
}
