/*
 * Vectors shifted by vectors: to the left by the signed lowest bytes of the elements, or to the
 * right. Elements of 8 and 16 bits are multiplied by powers of 2, which are looked up; those of 32
 * and 64 need the variable shifts of AVX2.
 */
#include "backend/x86_64/xmm.h"

static struct opnd mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

/* dst := table[index], bytes; 0 where the index has the top bit. */
static void look_up(struct compiler *c, unsigned dst, struct x86_mem table, unsigned index)
{
    x_op2(c, X86_MOVUPS_RM, 0, dst, mem(table));
    x_op3(c, X86_PSHUFB, dst, dst, x_opnd_xmm(index));
}

/* ---- bytes: the high byte of the product of the extended byte and 2^(8 + n), n from -8 to 7 -- */

/* t := indexes n + 8 into the powers from 1 to 2^15, by the low four bits; the top bit beyond. */
static void byte_indexes(struct compiler *c, unsigned t, unsigned b)
{
    x_op3(c, X86_PMAXSB, t, b, mem(FP_CONST(c, least8)));
    x_op3(c, X86_PADDB, t, t, mem(FP_CONST(c, to_index8)));
}

static void shift_bytes(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bool is_signed = op->opcode == IR_OP_vshlvs;
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]), t = xa_alloc(c);
    unsigned low = xa_alloc(c), high = xa_alloc(c), u = xa_alloc(c), dst = xa_dest(c, i, NO_VALUE);
    byte_indexes(c, t, b);
    look_up(c, low, FP_CONST(c, powers16[0]), t);
    look_up(c, high, FP_CONST(c, powers16[1]), t);
    if (op->type == IR_V128) {
        x_op3(c, X86_PUNPCKHBW, t, low, x_opnd_xmm(high));
        x_op3(c, X86_PUNPCKHBW, u, a, x_opnd_xmm(a));
        x_vec_shift(c, is_signed ? X86_PSRAW : X86_PSRLW, u, u, 8);
        x_op3(c, X86_PMULLW, t, t, x_opnd_xmm(u));
        x_vec_shift(c, X86_PSRLW, t, t, 8);
    }
    x_op3(c, X86_PUNPCKLBW, low, low, x_opnd_xmm(high));
    x_op2(c, is_signed ? X86_PMOVSXBW : X86_PMOVZXBW, 0, dst, x_opnd_xmm(a));
    x_op3(c, X86_PMULLW, dst, dst, x_opnd_xmm(low));
    x_vec_shift(c, X86_PSRLW, dst, dst, 8);
    x_op3(c, X86_PACKUSWB, dst, dst, x_opnd_xmm(op->type == IR_V128 ? t : dst));
}

/* ---- halfwords: a product with 2^n for 0 to 15, and the high half of one with 2^(16 + n) for -16
 * to -1; the other factor is 0
 * ------------------------------------------------------------------------- */

static void shift_halfwords(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]), t = xa_alloc(c), u = xa_alloc(c);
    unsigned right = xa_alloc(c), dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_PSHUFB, t, b, mem(FP_CONST(c, even_bytes)));
    x_op3(c, X86_PMAXSB, t, t, mem(FP_CONST(c, least16)));
    x_op3(c, X86_PMINSB, t, t, mem(FP_CONST(c, most16)));
    x_op3(c, X86_PADDB, u, t, mem(FP_CONST(c, left16)));
    look_up(c, dst, FP_CONST(c, powers), u);
    x_op3(c, X86_PADDB, t, t, mem(FP_CONST(c, right16)));
    look_up(c, right, FP_CONST(c, powers), t);
    x_op3(c, X86_PMULLW, dst, dst, x_opnd_xmm(a));
    x_op3(c, X86_PMULHUW, u, a, x_opnd_xmm(right));
    if (op->opcode == IR_OP_vshlvs) { /* a is 2^16 less than the unsigned number */
        x_vec_shift(c, X86_PSRAW, t, a, 15);
        x_op3(c, X86_PAND, t, t, x_opnd_xmm(right));
        x_op3(c, X86_PSUBW, u, u, x_opnd_xmm(t));
    }
    x_op3(c, X86_POR, dst, dst, x_opnd_xmm(u));
}

/* ---- words and doublewords: amounts from the width on give 0 --------------------------------- */

/* t := a >> amounts u, signed; of doublewords by the complement of negative ones. */
static void right_signed(struct compiler *c, bool wide, unsigned t, unsigned a, unsigned amounts)
{
    if (!wide) {
        x_op3(c, X86_VPSRAVD, t, a, x_opnd_xmm(amounts));
        return;
    }
    unsigned sign = xa_alloc(c);
    x_op3(c, X86_PXOR, sign, sign, x_opnd_xmm(sign));
    x_op3(c, X86_PCMPGTQ, sign, sign, x_opnd_xmm(a));
    x_op3(c, X86_PXOR, t, a, x_opnd_xmm(sign));
    x_op3(c, X86_VPSRLVQ, t, t, x_opnd_xmm(amounts));
    x_op3(c, X86_PXOR, t, t, x_opnd_xmm(sign));
}

static void shift_words(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bool wide = op->aux == 3;
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]), t = xa_alloc(c), u = xa_alloc(c);
    unsigned dst = xa_dest(c, i, NO_VALUE);
    struct opnd args[2] = {x_opnd_xmm(a), x_opnd_xmm(b)}, low = mem(FP_CONST(c, low8[wide]));
    if (~c->be->features & (HOST_AVX | HOST_AVX2)) {
        exact_always(c, op, dst, args);
        return;
    }
    x_op3(c, X86_PAND, t, b, low);
    x_op3(c, wide ? X86_VPSLLVQ : X86_VPSLLVD, dst, a, x_opnd_xmm(t));
    x_op3(c, X86_PXOR, u, u, x_opnd_xmm(u));
    x_op3(c, X86_PSUBB, u, u, x_opnd_xmm(b));
    x_op3(c, X86_PAND, u, u, low);
    if (op->opcode == IR_OP_vshlvu) {
        x_op3(c, wide ? X86_VPSRLVQ : X86_VPSRLVD, t, a, x_opnd_xmm(u));
        x_op3(c, X86_POR, dst, dst, x_opnd_xmm(t));
        return;
    }
    right_signed(c, wide, t, a, u);
    x_vec_shift(c, wide ? X86_PSLLQ : X86_PSLLD, u, b, wide ? 56 : 24); /* its sign */
    x_vrr(&c->a, wide ? X86_VBLENDVPD : X86_VBLENDVPS, 0, dst, dst, t);
    x_u8(&c->a, u << 4);
}

static void shift_by_vector(struct compiler *c, const struct ir_op *op, int32_t i)
{
    static void (*const of_size[])(struct compiler *, const struct ir_op *, int32_t) = {
        shift_bytes, shift_halfwords, shift_words, shift_words};
    of_size[op->aux](c, op, i);
}

void emit_vshlvs(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift_by_vector(c, op, i);
}

void emit_vshlvu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift_by_vector(c, op, i);
}
