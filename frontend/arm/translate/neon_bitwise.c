/* Advanced SIMD bitwise operations and immediates (DDI 0406C A7.4.2, A7.4.6). */
#include "frontend/arm/translate/neon.h"

/* Quadword operands are even D registers and their successors. Advanced SIMD has all 32. */
static bool operands_bad(int q, int vd, int vn, int vm)
{
    return q && ((vd | vn | vm) & 1);
}

/* The value of the destination, of the old destination @d and the operands @n, @m. */
typedef int32_t bitwise_fn(struct ir_block *b, int32_t d, int32_t n, int32_t m);

static int32_t op2(struct ir_block *b, enum ir_opcode op, int32_t x, int32_t y)
{
    return ir_vop(b, op, ir_op_result_type(&b->ops[x]), 0, x, y, 0);
}

static int32_t complement(struct ir_block *b, int32_t x)
{
    return op2(b, IR_OP_vxor, x, ir_const(b, ir_op_result_type(&b->ops[x]), ~0ull));
}

/* @mask ? @yes : @no, bit by bit. */
static int32_t merge(struct ir_block *b, int32_t mask, int32_t yes, int32_t no)
{
    return op2(b, IR_OP_vor, op2(b, IR_OP_vand, yes, mask), op2(b, IR_OP_vandn, no, mask));
}

static int32_t do_and(struct ir_block *b, int32_t d, int32_t n, int32_t m)
{
    return op2(b, IR_OP_vand, n, m);
}

static int32_t do_bic(struct ir_block *b, int32_t d, int32_t n, int32_t m)
{
    return op2(b, IR_OP_vandn, n, m);
}

static int32_t do_orr(struct ir_block *b, int32_t d, int32_t n, int32_t m)
{
    return n == m ? n : op2(b, IR_OP_vor, n, m);
}

static int32_t do_orn(struct ir_block *b, int32_t d, int32_t n, int32_t m)
{
    return op2(b, IR_OP_vor, n, complement(b, m));
}

static int32_t do_eor(struct ir_block *b, int32_t d, int32_t n, int32_t m)
{
    return op2(b, IR_OP_vxor, n, m);
}

static int32_t do_bsl(struct ir_block *b, int32_t d, int32_t n, int32_t m)
{
    return merge(b, d, n, m);
}

static int32_t do_bit(struct ir_block *b, int32_t d, int32_t n, int32_t m)
{
    return merge(b, m, n, d);
}

static int32_t do_bif(struct ir_block *b, int32_t d, int32_t n, int32_t m)
{
    return merge(b, m, d, n);
}

static bool bitwise(struct arm_translate *t, const struct arg_n_rrr *a, bitwise_fn *fn)
{
    if (operands_bad(a->q, a->vd, a->vn, a->vm))
        return arm_undefined(t);
    arm_vfp_check(t);
    enum ir_type v = neon_vector(a->q);
    int32_t d = neon_read(t, v, a->vd), n = neon_read(t, v, a->vn);
    int32_t m = a->vm == a->vn ? n : neon_read(t, v, a->vm);
    neon_write(t, v, a->vd, fn(t->b, d, n, m));
    return true;
}

#define BITWISE(name, fn)                                                 \
    bool trans_##name(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                     \
        return bitwise(t, a, fn);                                         \
    }

BITWISE(VAND, do_and)
BITWISE(VBIC, do_bic)
BITWISE(VORR, do_orr)
BITWISE(VORN, do_orn)
BITWISE(VEOR, do_eor)
BITWISE(VBSL, do_bsl)
BITWISE(VBIT, do_bit)
BITWISE(VBIF, do_bif)
#undef BITWISE

bool trans_VMVN_reg(struct arm_translate *t, const struct arg_n_rr *a)
{
    if (operands_bad(a->q, a->vd, a->vm, 0))
        return arm_undefined(t);
    arm_vfp_check(t);
    enum ir_type v = neon_vector(a->q);
    neon_write(t, v, a->vd, complement(t->b, neon_read(t, v, a->vm)));
    return true;
}

bool trans_VSWP(struct arm_translate *t, const struct arg_n_rr *a)
{
    if (operands_bad(a->q, a->vd, a->vm, 0))
        return arm_undefined(t);
    arm_vfp_check(t);
    for (int i = 0; i <= a->q; i++) {
        int32_t d = arm_d_read(t, a->vd + i), m = arm_d_read(t, a->vm + i);
        arm_d_write(t, a->vd + i, m);
        arm_d_write(t, a->vm + i, d);
    }
    return true;
}

/* ---- immediates ------------------------------------------------------------------------------ */

static uint64_t replicate32(uint64_t v)
{
    return v | v << 32;
}

/* Each bit of @imm8 as a byte of ones or zeros. */
static uint64_t expand_bits(uint64_t imm8)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        if (imm8 >> i & 1)
            v |= 0xffull << 8 * i;
    return v;
}

/* A single-precision constant: sign, exponent NOT(b):bbbbb:cd, fraction efgh. */
static uint64_t expand_float(uint64_t imm8)
{
    return imm8 >> 7 << 31 | (imm8 & 0x40 ? 0x3e000000u : 0x40000000u) | (imm8 & 0x3f) << 19;
}

/* AdvSIMDExpandImm (A7.4.6). @op counts for cmode 14 only. */
static uint64_t expand_imm(int op, int cmode, int imm)
{
    uint64_t imm8 = (uint64_t)imm & 0xff;
    switch (cmode >> 1) {
    case 0:
    case 1:
    case 2:
    case 3:
        return replicate32(imm8 << 8 * (cmode >> 1));
    case 4:
        return replicate32(imm8 | imm8 << 16);
    case 5:
        return replicate32(imm8 << 8 | imm8 << 24);
    case 6:
        return replicate32(cmode & 1 ? imm8 << 16 | 0xffff : imm8 << 8 | 0xff);
    }
    if (cmode & 1)
        return replicate32(expand_float(imm8));
    return op ? expand_bits(imm8) : imm8 * 0x0101010101010101ull;
}

static bool immediate(struct arm_translate *t, const struct arg_n_imm *a, enum ir_opcode combine,
                      bool invert)
{
    if (operands_bad(a->q, a->vd, 0, 0) || (a->op && a->cmode == 15))
        return arm_undefined(t);
    uint64_t imm = expand_imm(a->op, a->cmode, a->imm);
    arm_vfp_check(t);
    for (int i = 0; i <= a->q; i++) {
        int32_t v = ir_const(t->b, IR_I64, invert ? ~imm : imm);
        if (combine != IR_OP_const)
            v = ir_op2(t->b, combine, arm_d_read(t, a->vd + i), v);
        arm_d_write(t, a->vd + i, v);
    }
    return true;
}

bool trans_VMOV_imm(struct arm_translate *t, const struct arg_n_imm *a)
{
    return immediate(t, a, IR_OP_const, false);
}

bool trans_VMVN_imm(struct arm_translate *t, const struct arg_n_imm *a)
{
    return immediate(t, a, IR_OP_const, true);
}

bool trans_VORR_imm(struct arm_translate *t, const struct arg_n_imm *a)
{
    return immediate(t, a, IR_OP_or, false);
}

bool trans_VBIC_imm(struct arm_translate *t, const struct arg_n_imm *a)
{
    return immediate(t, a, IR_OP_and, true);
}
