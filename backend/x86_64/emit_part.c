/* Parts of values, and values of parts, between general and XMM registers. */
#include "backend/x86_64/xmm.h"

/* dst := a shifted down by @bytes. */
static void shift_bytes(struct compiler *c, unsigned dst, unsigned a, unsigned bytes)
{
    if (c->be->features & HOST_AVX) {
        x_vrr(&c->a, X86_PSRLDQ, 0, x86_rows[X86_PSRLDQ].ext, dst, a);
    } else {
        if (dst != a)
            x_rr(&c->a, X86_MOVAPS_RM, 0, dst, a);
        x_r(&c->a, X86_PSRLDQ, 0, dst);
    }
    x_u8(&c->a, bytes);
}

static void xmm_of_xmm(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), dst = xa_dest(c, i, op->arg[0]);
    if (op->imm)
        shift_bytes(c, dst, a, (unsigned)op->imm);
    else if (dst != a)
        x_op2(c, X86_MOVAPS_RM, 0, dst, x_opnd_xmm(a));
}

static void general_of_xmm(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned w = op_wide(op), a = xa_reg(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, NO_VALUE);
    x_op2(c, op->imm ? X86_PEXTRD : X86_MOVD_MR, w, a, x_opnd_xmm(dst));
    if (op->imm)
        x_u8(&c->a, (unsigned)op->imm >> (2 + w));
}

static void xmm_of_general(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned w = ir_op_result_type(op_of(c, op->arg[0])) == IR_I64, a = ra_reg(c, op->arg[0]);
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op2(c, X86_MOVD_RM, w, dst, x_opnd_xmm(a));
    if (op->imm)
        shift_bytes(c, dst, dst, (unsigned)op->imm);
}

static void general_of_general(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = ra_reg(c, op->arg[0]), dst = ra_dest(c, i, NO_VALUE);
    x_mov_rr(&c->a, 1, dst, a);
    if (op->imm)
        x_shift_i(&c->a, X86_SHR_I, 1, dst, 8 * (unsigned)op->imm);
    else if (op->type == IR_I32)
        x_mov_rr(&c->a, 0, dst, dst);
}

void emit_part(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bool from = xa_value(c, op->arg[0]), to = xa_type(op->type);
    if (from)
        (to ? xmm_of_xmm : general_of_xmm)(c, op, i);
    else
        (to ? xmm_of_general : general_of_general)(c, op, i);
}

static unsigned half(struct compiler *c, int32_t v)
{
    if (xa_value(c, v))
        return xa_reg(c, v);
    unsigned t = xa_alloc(c), a = ra_reg(c, v);
    x_op2(c, X86_MOVD_RM, 1, t, x_opnd_xmm(a));
    return t;
}

void emit_vjoin(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = half(c, op->arg[0]), b = half(c, op->arg[1]);
    x_op3(c, X86_PUNPCKLQDQ, xa_dest(c, i, op->arg[0]), a, x_opnd_xmm(b));
}

/* ---- rearrangement --------------------------------------------------------------------------- */

static void shuffle(struct compiler *c, enum x86_form insn, unsigned dst, unsigned a,
                    unsigned order)
{
    x_op2(c, insn, 0, dst, x_opnd_xmm(a));
    x_u8(&c->a, order);
}

/* Bytes become halfwords of two, of which one is spread over its half, and that over all. */
void emit_vdupl(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), dst = xa_dest(c, i, op->arg[0]), n = (unsigned)op->imm;
    if (op->aux == 2) {
        shuffle(c, X86_PSHUFD, dst, a, n * 0x55);
        return;
    }
    if (op->aux == 0) {
        x_op3(c, X86_PUNPCKLBW, dst, a, x_opnd_xmm(a));
        a = dst;
    }
    bool high = n >= 4;
    shuffle(c, high ? X86_PSHUFHW : X86_PSHUFLW, dst, a, (n & 3) * 0x55);
    shuffle(c, X86_PSHUFD, dst, dst, high ? 0xaa : 0);
}

void emit_vext(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]);
    if (op->type == IR_V128) {
        x_op3(c, X86_PALIGNR, xa_dest(c, i, op->arg[1]), b, x_opnd_xmm(a));
        x_u8(&c->a, (unsigned)op->imm);
        return;
    }
    unsigned dst = xa_dest(c, i, op->arg[0]);
    x_op3(c, X86_PUNPCKLQDQ, dst, a, x_opnd_xmm(b));
    shift_bytes(c, dst, dst, (unsigned)op->imm);
}

/* Does the host's instruction, which looks at bits 7 and 3..0, do for these constant bytes? */
static bool simple_indexes(const struct compiler *c, int32_t v)
{
    if (!op_is_const(c, v))
        return false;
    uint64_t imm = op_of(c, v)->imm, top = 0x8080808080808080;
    uint64_t large = imm & 0x7070707070707070; /* with the top bit they are 0 all the same */
    return !((large << 1 | large << 2 | large << 3) & top & ~imm);
}

void emit_vtbl(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned table = xa_reg(c, op->arg[0]), x = xa_reg(c, op->arg[1]);
    if (!simple_indexes(c, op->arg[1])) {
        unsigned t = xa_alloc(c);
        struct opnd beyond = {.kind = OPND_MEM, .reg = NO_REG, .mem = FP_CONST(c, beyond16)};
        x_op3(c, X86_PADDUSB, t, x, beyond);
        x = t;
    }
    x_op3(c, X86_PSHUFB, xa_dest(c, i, op->arg[0]), table, x_opnd_xmm(x));
}

void emit_vzip(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]);
    x_op3(c, (enum x86_form)(X86_PUNPCKLBW + op->aux), xa_dest(c, i, op->arg[0]), a, x_opnd_xmm(b));
}
