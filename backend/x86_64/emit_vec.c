/* Vectors. The upper half of a v64 in a register is anything. */
#include "backend/x86_64/xmm.h"
#include "fp/fp.h"

static struct opnd mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

/* Rows of x86.def by element size follow each other. */
static enum x86_form sized(enum x86_form first, const struct ir_op *op)
{
    return (enum x86_form)(first + op->aux);
}

/* @dst := @a @insn @b, where without AVX @dst must be @a or fresh. */
static void binary(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn)
{
    int32_t va = op->arg[0], vb = op->arg[1];
    bool commutes = ir_op_info[op->opcode].effects & IR_EFF_COMM;
    if (commutes && (op_is_const(c, va) || (c->val[va].last != i && c->val[vb].last == i)) &&
        !op_is_const(c, vb)) {
        va = op->arg[1];
        vb = op->arg[0];
    }
    unsigned a = xa_reg(c, va);
    struct opnd b = op_is_const(c, vb) ? xa_opnd(c, vb) : x_opnd_xmm(xa_reg(c, vb));
    x_op3(c, insn, xa_dest(c, i, va), a, b);
}

#define BINARY(name, insn)                                                                         \
    void emit_##name(struct compiler *c, const struct ir_op *op, int32_t i)                        \
    {                                                                                              \
        binary(c, op, i, insn);                                                                    \
    }

BINARY(vand, X86_PAND)
BINARY(vor, X86_POR)
BINARY(vxor, X86_PXOR)
BINARY(vadd, sized(X86_PADDB, op))
BINARY(vsub, sized(X86_PSUBB, op))
BINARY(vmins, sized(X86_PMINSB, op))
BINARY(vmaxs, sized(X86_PMAXSB, op))
BINARY(vminu, sized(X86_PMINUB, op))
BINARY(vmaxu, sized(X86_PMAXUB, op))
BINARY(vcmpeq, sized(X86_PCMPEQB, op))
BINARY(vcmpgts, sized(X86_PCMPGTB, op))

/* The host complements its first operand. */
void emit_vandn(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]);
    x_op3(c, X86_PANDN, xa_dest(c, i, op->arg[1]), b, x_opnd_xmm(a));
}

void x_vec_shift(struct compiler *c, enum x86_form insn, unsigned dst, unsigned a, unsigned n)
{
    if (c->be->features & HOST_AVX) {
        x_vrr(&c->a, insn, 0, x86_rows[insn].ext, dst, a);
    } else {
        if (dst != a)
            x_rr(&c->a, X86_MOVAPS_RM, 0, dst, a);
        x_r(&c->a, insn, 0, dst);
    }
    x_u8(&c->a, n);
}

static void shift_op(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form first)
{
    unsigned a = xa_reg(c, op->arg[0]);
    x_vec_shift(c, (enum x86_form)(first + op->aux - 1), xa_dest(c, i, op->arg[0]), a,
                (unsigned)op->imm);
}

void emit_vshl(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift_op(c, op, i, X86_PSLLW);
}

void emit_vshru(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift_op(c, op, i, X86_PSRLW);
}

void emit_vshrs(struct compiler *c, const struct ir_op *op, int32_t i)
{
    shift_op(c, op, i, X86_PSRAW);
}

/* Of bytes: the products of the even ones, and of the odd ones. */
static void multiply_bytes(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]);
    unsigned t = xa_alloc(c), u = xa_alloc(c), dst = xa_dest(c, i, NO_VALUE);
    x_vec_shift(c, X86_PSRLW, t, a, 8);
    x_vec_shift(c, X86_PSRLW, u, b, 8);
    x_op3(c, X86_PMULLW, t, t, x_opnd_xmm(u));
    x_vec_shift(c, X86_PSLLW, t, t, 8);
    x_op3(c, X86_PMULLW, dst, a, x_opnd_xmm(b));
    x_op3(c, X86_PAND, dst, dst, mem(FP_CONST(c, even8)));
    x_op3(c, X86_POR, dst, dst, x_opnd_xmm(t));
}

void emit_vmul(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->aux == 0)
        multiply_bytes(c, op, i);
    else
        binary(c, op, i, op->aux == 1 ? X86_PMULLW : X86_PMULLD);
}

/* Set FP_QC where all of @t is not 0. */
static void saturated_unless_zero(struct compiler *c, unsigned t)
{
    x_op2(c, X86_PTEST, 0, t, x_opnd_xmm(t));
    uint8_t *none = x_jcc(&c->a, CC_E);
    x_m(&c->a, X86_OR8_MI, 0, ENV(fp_flags));
    x_u8(&c->a, FP_QC);
    x_patch_here(&c->a, none);
}

/* The same of a vector, of which a v64 has the low half. */
static void saturated_if(struct compiler *c, const struct ir_op *op, unsigned t)
{
    if (op->type == IR_V64)
        x_op2(c, X86_MOVQ_RM, 0, t, x_opnd_xmm(t));
    saturated_unless_zero(c, t);
}

/* Something saturated where the result is not that without saturation. */
static void saturating(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn,
                       enum x86_form wrapping)
{
    unsigned a = xa_reg(c, op->arg[0]);
    struct opnd b = x_opnd_xmm(xa_reg(c, op->arg[1]));
    unsigned dst = xa_dest(c, i, NO_VALUE), t = xa_alloc(c);
    x_op3(c, sized(insn, op), dst, a, b);
    x_op3(c, sized(wrapping, op), t, a, b);
    x_op3(c, X86_PXOR, t, t, x_opnd_xmm(dst));
    saturated_if(c, op, t);
}

void emit_vqadds(struct compiler *c, const struct ir_op *op, int32_t i)
{
    saturating(c, op, i, X86_PADDSB, X86_PADDB);
}

void emit_vqsubs(struct compiler *c, const struct ir_op *op, int32_t i)
{
    saturating(c, op, i, X86_PSUBSB, X86_PSUBB);
}

void emit_vqaddu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    saturating(c, op, i, X86_PADDUSB, X86_PADDB);
}

void emit_vqsubu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    saturating(c, op, i, X86_PSUBUSB, X86_PSUBB);
}

/* The least number is a result only of what is to be saturated: its own square. */
static void saturate_square(struct compiler *c, const struct ir_op *op, unsigned dst, unsigned t)
{
    struct x86_mem least = op->aux == 1 ? FP_CONST(c, top16) : FP_CONST(c, sign32);
    x_op3(c, sized(X86_PCMPEQB, op), t, dst, mem(least));
    x_op3(c, X86_PXOR, dst, dst, x_opnd_xmm(t));
    saturated_if(c, op, t);
}

/* Of i32: doubled products of the even and of the odd elements. */
static void high_of_doubles(struct compiler *c, const struct ir_op *op, int32_t i, bool round)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]), t = xa_alloc(c), u = xa_alloc(c);
    unsigned dst = xa_dest(c, i, NO_VALUE), part[2] = {t, dst};
    x_vec_shift(c, X86_PSRLQ, dst, a, 32);
    x_vec_shift(c, X86_PSRLQ, u, b, 32);
    x_op3(c, X86_PMULDQ, dst, dst, x_opnd_xmm(u));
    x_op3(c, X86_PMULDQ, t, a, x_opnd_xmm(b));
    for (unsigned k = 0; k < 2; k++) {
        x_op3(c, X86_PADDQ, part[k], part[k], x_opnd_xmm(part[k]));
        if (round)
            x_op3(c, X86_PADDQ, part[k], part[k], mem(FP_CONST(c, half64)));
    }
    x_vec_shift(c, X86_PSRLQ, t, t, 32);
    x_op3(c, X86_PAND, dst, dst, mem(FP_CONST(c, high32)));
    x_op3(c, X86_POR, dst, dst, x_opnd_xmm(t));
    saturate_square(c, op, dst, t);
}

void emit_vqdmulh(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->aux == 2) {
        high_of_doubles(c, op, i, false);
        return;
    }
    unsigned a = xa_reg(c, op->arg[0]), t = xa_alloc(c);
    struct opnd b = x_opnd_xmm(xa_reg(c, op->arg[1]));
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_PMULHW, dst, a, b);
    x_op3(c, X86_PMULLW, t, a, b);
    x_vec_shift(c, X86_PSLLW, dst, dst, 1);
    x_vec_shift(c, X86_PSRLW, t, t, 15);
    x_op3(c, X86_POR, dst, dst, x_opnd_xmm(t));
    saturate_square(c, op, dst, t);
}

void emit_vqrdmulh(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->aux == 2) {
        high_of_doubles(c, op, i, true);
        return;
    }
    unsigned a = xa_reg(c, op->arg[0]), t = xa_alloc(c);
    struct opnd b = x_opnd_xmm(xa_reg(c, op->arg[1]));
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_PMULHRSW, dst, a, b);
    saturate_square(c, op, dst, t);
}

void emit_vmulls(struct compiler *c, const struct ir_op *op, int32_t i)
{
    binary(c, op, i, X86_PMULDQ);
}

void emit_vmullu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    binary(c, op, i, X86_PMULUDQ);
}

/* ---- other widths ---------------------------------------------------------------------------- */

static void widen(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form first)
{
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    x_op2(c, sized(first, op), 0, xa_dest(c, i, op->arg[0]), a);
}

void emit_vwidens(struct compiler *c, const struct ir_op *op, int32_t i)
{
    widen(c, op, i, X86_PMOVSXBW);
}

void emit_vwidenu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    widen(c, op, i, X86_PMOVZXBW);
}

/* Without their high halves elements are packed without saturation. */
void emit_vnarrow(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), dst = xa_dest(c, i, op->arg[0]);
    if (op->aux == 3) {
        x_op2(c, X86_PSHUFD, 0, dst, x_opnd_xmm(a));
        x_u8(&c->a, 0x08);
        return;
    }
    struct x86_mem low = op->aux == 1 ? FP_CONST(c, even8) : FP_CONST(c, even16);
    x_op3(c, X86_PAND, dst, a, mem(low));
    x_op3(c, op->aux == 1 ? X86_PACKUSWB : X86_PACKUSDW, dst, dst, x_opnd_xmm(dst));
}

/* dst := a packed by @pack; something saturated where that widened again is not @a. */
static void narrow_saturating(struct compiler *c, const struct ir_op *op, unsigned dst, unsigned a,
                              unsigned packed, enum x86_form pack, enum x86_form widen_first)
{
    unsigned t = xa_alloc(c);
    x_op3(c, pack, dst, packed, x_opnd_xmm(packed));
    x_op2(c, (enum x86_form)(widen_first + op->aux - 1), 0, t, x_opnd_xmm(dst));
    x_op3(c, X86_PXOR, t, t, x_opnd_xmm(a));
    saturated_unless_zero(c, t);
}

void emit_vqnarrows(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), dst = xa_dest(c, i, NO_VALUE);
    narrow_saturating(c, op, dst, a, a, op->aux == 1 ? X86_PACKSSWB : X86_PACKSSDW, X86_PMOVSXBW);
}

void emit_vqnarrowsu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), dst = xa_dest(c, i, NO_VALUE);
    narrow_saturating(c, op, dst, a, a, op->aux == 1 ? X86_PACKUSWB : X86_PACKUSDW, X86_PMOVZXBW);
}

/* The host packs signed elements: these are cut first. */
void emit_vqnarrowu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), dst = xa_dest(c, i, NO_VALUE), t = xa_alloc(c);
    struct x86_mem most = op->aux == 1 ? FP_CONST(c, even8) : FP_CONST(c, even16);
    x_op3(c, op->aux == 1 ? X86_PMINUW : X86_PMINUD, t, a, mem(most));
    narrow_saturating(c, op, dst, a, t, op->aux == 1 ? X86_PACKUSWB : X86_PACKUSDW, X86_PMOVZXBW);
}

void emit_vqc(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), t = a;
    if (op->type == IR_V64) {
        t = xa_alloc(c);
        x_op2(c, X86_MOVQ_RM, 0, t, x_opnd_xmm(a));
    }
    saturated_unless_zero(c, t);
}

void emit_vblend(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]), by = xa_reg(c, op->arg[2]);
    if (c->be->features & HOST_AVX) {
        x_vrr(&c->a, X86_VPBLENDVB, 0, xa_dest(c, i, op->arg[1]), b, a);
        x_u8(&c->a, by << 4);
        return;
    }
    unsigned t = xa_alloc(c), dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_PXOR, t, t, x_opnd_xmm(t));
    x_op3(c, X86_PCMPGTB, t, t, x_opnd_xmm(by));
    x_op3(c, X86_PAND, dst, t, x_opnd_xmm(a));
    x_op3(c, X86_PANDN, t, t, x_opnd_xmm(b));
    x_op3(c, X86_POR, dst, dst, x_opnd_xmm(t));
}

void emit_vdup(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    unsigned x = ra_reg(c, op->arg[0]), dst = xa_dest(c, i, NO_VALUE);
    struct opnd d = x_opnd_xmm(dst);
    x_op2(c, X86_MOVD_RM, 0, dst, x_opnd_xmm(x));
    if (op->aux == 0)
        x_op3(c, X86_PUNPCKLBW, dst, dst, d);
    if (op->aux <= 1) {
        x_op2(c, X86_PSHUFLW, 0, dst, d);
        x_u8(a, 0);
    }
    x_op2(c, X86_PSHUFD, 0, dst, d);
    x_u8(a, 0);
}
