/* Cryptography and products of polynomials: by the host's own instructions where it has them. */
#include "backend/x86_64/xmm.h"

static struct opnd mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

/* The arguments of an op in registers. */
struct arguments {
    unsigned x[3];
    struct opnd args[3];
};

static struct arguments fetch(struct compiler *c, const struct ir_op *op)
{
    struct arguments g = {{0}, {{0}}};
    for (unsigned k = 0; k < ir_op_info[op->opcode].nargs; k++)
        g.args[k] = x_opnd_xmm(g.x[k] = xa_reg(c, op->arg[k]));
    return g;
}

/* Without feature @feature: by the reference. */
static bool missing(struct compiler *c, const struct ir_op *op, int32_t i,
                    enum host_feature feature)
{
    if (c->be->features & feature)
        return false;
    struct arguments g = fetch(c, op);
    exact_always(c, op, xa_dest(c, i, NO_VALUE), g.args);
    return true;
}

static void shuffle(struct compiler *c, unsigned dst, unsigned a, unsigned order)
{
    x_op2(c, X86_PSHUFD, 0, dst, x_opnd_xmm(a));
    x_u8(&c->a, order);
}

/* ---- polynomials ----------------------------------------------------------------------------- */

/* For each bit of the elements of a: those of b, shifted, where it is set. */
static void multiply_bytes(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct arguments g = fetch(c, op);
    unsigned x = xa_alloc(c), y = xa_alloc(c), t = xa_alloc(c), u = xa_alloc(c);
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op2(c, X86_PMOVZXBW, 0, x, g.args[0]);
    x_op2(c, X86_PMOVZXBW, 0, y, g.args[1]);
    for (unsigned bit = 0; bit < 8; bit++) {
        x_vec_shift(c, X86_PSLLW, t, x, 15 - bit);
        x_vec_shift(c, X86_PSRAW, t, t, 15);
        if (bit)
            x_vec_shift(c, X86_PSLLW, u, y, bit);
        x_op3(c, X86_PAND, t, t, x_opnd_xmm(bit ? u : y));
        if (bit)
            x_op3(c, X86_PXOR, dst, dst, x_opnd_xmm(t));
        else
            x_op2(c, X86_MOVAPS_RM, 0, dst, x_opnd_xmm(t));
    }
}

void emit_vpmull(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->aux == 0) {
        multiply_bytes(c, op, i);
        return;
    }
    if (missing(c, op, i, HOST_PCLMUL))
        return;
    struct arguments g = fetch(c, op);
    x_op3(c, X86_PCLMULQDQ, xa_dest(c, i, NO_VALUE), g.x[0], g.args[1]);
    x_u8(&c->a, 0);
}

/* ---- AES ------------------------------------------------------------------------------------- */

/* The host's last round: its key, which is added behind the rest, is 0. */
static void last_round(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn)
{
    if (missing(c, op, i, HOST_AES))
        return;
    struct arguments g = fetch(c, op);
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_PXOR, dst, g.x[0], g.args[1]);
    x_op3(c, insn, dst, dst, mem(FP_CONST(c, zero)));
}

void emit_vaese(struct compiler *c, const struct ir_op *op, int32_t i)
{
    last_round(c, op, i, X86_AESENCLAST);
}

void emit_vaesd(struct compiler *c, const struct ir_op *op, int32_t i)
{
    last_round(c, op, i, X86_AESDECLAST);
}

/* A whole round behind the inverse of what it does before it mixes columns. */
void emit_vaesmc(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (missing(c, op, i, HOST_AES))
        return;
    struct arguments g = fetch(c, op);
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_AESDECLAST, dst, g.x[0], mem(FP_CONST(c, zero)));
    x_op3(c, X86_AESENC, dst, dst, mem(FP_CONST(c, zero)));
}

void emit_vaesimc(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (missing(c, op, i, HOST_AES))
        return;
    struct arguments g = fetch(c, op);
    x_op2(c, X86_AESIMC, 0, xa_dest(c, i, NO_VALUE), g.args[0]);
}

/* ---- SHA: the host's instructions have no VEX form, and the words in reverse order ----------- */

/* The host adds the round's constant itself. */
void emit_vsha1(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (missing(c, op, i, HOST_SHA))
        return;
    struct arguments g = fetch(c, op);
    unsigned t = xa_alloc(c), dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_PSUBD, dst, g.x[2], mem(FP_CONST(c, sha1[op->imm])));
    shuffle(c, dst, dst, 0x1b);
    x_vec_shift(c, X86_PSLLDQ, t, g.x[1], 12);
    x_op3(c, X86_PADDD, t, t, x_opnd_xmm(dst));
    shuffle(c, dst, g.x[0], 0x1b);
    x_rr(&c->a, X86_SHA1RNDS4, 0, dst, t);
    x_u8(&c->a, (unsigned)op->imm);
    shuffle(c, dst, dst, 0x1b);
}

/* The registers of four rounds of SHA-256: a, b, e, f and c, d, g, h as the host wants them. XMM0
 * is an operand of the instruction: it is a free register, or kept in one. */
struct sha256 {
    unsigned abef, cdgh, dst, saved;
};

static struct sha256 sha256_registers(struct compiler *c, int32_t i)
{
    struct sha256 s;
    s.abef = xa_alloc(c);
    s.cdgh = xa_alloc(c);
    s.dst = xa_dest(c, i, NO_VALUE);
    s.saved = s.dst ? xa_alloc(c) : 0;
    if (s.abef == 0 || s.cdgh == 0) {
        unsigned *zero = s.abef ? &s.cdgh : &s.abef;
        *zero = s.saved;
        s.saved = 0;
    }
    return s;
}

static void sha256_rounds(struct compiler *c, const struct sha256 *s, const struct arguments *g)
{
    unsigned w = g->x[2];
    x_op3(c, X86_PUNPCKLQDQ, s->abef, g->x[1], g->args[0]);
    x_op3(c, X86_PUNPCKHQDQ, s->cdgh, g->x[1], g->args[0]);
    shuffle(c, s->abef, s->abef, 0xb1);
    shuffle(c, s->cdgh, s->cdgh, 0xb1);
    if (s->saved)
        x_op2(c, X86_MOVAPS_RM, 0, s->saved, x_opnd_xmm(0));
    if (w)
        x_op2(c, X86_MOVAPS_RM, 0, 0, x_opnd_xmm(w));
    x_rr(&c->a, X86_SHA256RNDS2, 0, s->cdgh, s->abef); /* is a, b, e, f afterwards */
    shuffle(c, 0, 0, 0x0e);
    x_rr(&c->a, X86_SHA256RNDS2, 0, s->abef, s->cdgh);
    if (s->saved)
        x_op2(c, X86_MOVAPS_RM, 0, 0, x_opnd_xmm(s->saved));
}

static void sha256(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form half)
{
    if (missing(c, op, i, HOST_SHA))
        return;
    struct arguments g = fetch(c, op);
    struct sha256 s = sha256_registers(c, i);
    sha256_rounds(c, &s, &g);
    x_op3(c, half, s.dst, s.abef, x_opnd_xmm(s.cdgh));
    shuffle(c, s.dst, s.dst, 0xb1);
}

void emit_vsha256h(struct compiler *c, const struct ir_op *op, int32_t i)
{
    sha256(c, op, i, X86_PUNPCKHQDQ);
}

void emit_vsha256h2(struct compiler *c, const struct ir_op *op, int32_t i)
{
    sha256(c, op, i, X86_PUNPCKLQDQ);
}

static void schedule(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn)
{
    if (missing(c, op, i, HOST_SHA))
        return;
    struct arguments g = fetch(c, op);
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op2(c, X86_MOVAPS_RM, 0, dst, g.args[0]);
    x_rr(&c->a, insn, 0, dst, g.x[1]);
}

void emit_vsha256su0(struct compiler *c, const struct ir_op *op, int32_t i)
{
    schedule(c, op, i, X86_SHA256MSG1);
}

void emit_vsha256su1(struct compiler *c, const struct ir_op *op, int32_t i)
{
    schedule(c, op, i, X86_SHA256MSG2);
}
