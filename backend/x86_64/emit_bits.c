/* Width changes and bit manipulation. */
#include "backend/x86_64/compiler.h"

static void extend(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn,
                   unsigned w)
{
    struct opnd x = ra_rm(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, op->arg[0]);
    x_insn_opnd(&c->a, insn, w, dst, x);
}

void emit_sext8(struct compiler *c, const struct ir_op *op, int32_t i)
{
    extend(c, op, i, X86_MOVSX8, 0);
}

void emit_sext16(struct compiler *c, const struct ir_op *op, int32_t i)
{
    extend(c, op, i, X86_MOVSX16, 0);
}

void emit_zext8(struct compiler *c, const struct ir_op *op, int32_t i)
{
    extend(c, op, i, X86_MOVZX8, 0);
}

void emit_zext16(struct compiler *c, const struct ir_op *op, int32_t i)
{
    extend(c, op, i, X86_MOVZX16, 0);
}

void emit_sext32(struct compiler *c, const struct ir_op *op, int32_t i)
{
    extend(c, op, i, X86_MOVSXD, 1);
}

void emit_zext32(struct compiler *c, const struct ir_op *op, int32_t i)
{
    const struct value *a = &c->val[op->arg[0]];
    if (a->loc == LOC_REG && a->last == i) { /* registers hold i32 zero extended */
        ra_own(c, i, a->reg);
        return;
    }
    extend(c, op, i, X86_MOV_RM, 0);
}

void emit_lo32(struct compiler *c, const struct ir_op *op, int32_t i)
{
    extend(c, op, i, X86_MOV_RM, 0);
}

void emit_hi32(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd x = ra_rm(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, op->arg[0]);
    if (x.kind == OPND_MEM) {
        x.mem.disp += 4;
        x_mov_rm(&c->a, 0, dst, x.mem);
        return;
    }
    ra_move(c, 1, dst, x);
    x_shift_i(&c->a, X86_SHR_I, 1, dst, 32);
}

void emit_pair(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned lo = ra_reg(c, op->arg[0]);
    struct opnd hi = ra_opnd(c, op->arg[1]);
    unsigned dst = ra_dest(c, i, op->arg[1]);
    unsigned work = dst == lo ? ra_alloc(c) : dst;
    ra_move(c, 0, work, hi);
    x_shift_i(&c->a, X86_SHL_I, 1, work, 32);
    x_alu_rr(&c->a, ALU_OR, 1, work, lo);
    if (work != dst)
        x_mov_rr(&c->a, 1, dst, work);
}

static unsigned field_lsb(const struct ir_op *op)
{
    return op->imm & 0xff;
}

static unsigned field_width(const struct ir_op *op)
{
    return op->imm >> 8 & 0xff;
}

static uint32_t low_mask(unsigned width)
{
    return (uint32_t)(BIT64(width) - 1);
}

void emit_ubfx(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned lsb = field_lsb(op), width = field_width(op);
    if (lsb == 0 && (width == 8 || width == 16)) {
        extend(c, op, i, width == 8 ? X86_MOVZX8 : X86_MOVZX16, 0);
        return;
    }
    struct opnd x = ra_opnd(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, op->arg[0]);
    ra_move(c, 0, dst, x);
    if (lsb)
        x_shift_i(&c->a, X86_SHR_I, 0, dst, lsb);
    if (lsb + width < 32)
        x_alu_ri(&c->a, ALU_AND, 0, dst, (int32_t)low_mask(width));
}

void emit_sbfx(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned lsb = field_lsb(op), width = field_width(op);
    if (lsb == 0 && (width == 8 || width == 16)) {
        extend(c, op, i, width == 8 ? X86_MOVSX8 : X86_MOVSX16, 0);
        return;
    }
    struct opnd x = ra_opnd(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, op->arg[0]);
    ra_move(c, 0, dst, x);
    if (lsb + width < 32)
        x_shift_i(&c->a, X86_SHL_I, 0, dst, 32 - lsb - width);
    if (width < 32)
        x_shift_i(&c->a, X86_SAR_I, 0, dst, 32 - width);
}

/* ((a >> lsb ^ b) & mask) << lsb ^ a: needs one register besides the operands. */
void emit_bfi(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    unsigned lsb = field_lsb(op), width = field_width(op);
    struct opnd x = ra_opnd(c, op->arg[0]), y = ra_opnd(c, op->arg[1]);
    unsigned dst = ra_dest(c, i, NO_VALUE);
    unsigned work = x.reg == (int)dst || y.reg == (int)dst ? ra_alloc(c) : dst;
    ra_move(c, 0, work, x);
    if (lsb)
        x_shift_i(a, X86_SHR_I, 0, work, lsb);
    x_alu_opnd(a, ALU_XOR, 0, work, y);
    if (width < 32)
        x_alu_ri(a, ALU_AND, 0, work, (int32_t)low_mask(width));
    if (lsb)
        x_shift_i(a, X86_SHL_I, 0, work, lsb);
    x_alu_opnd(a, ALU_XOR, 0, work, x);
    if (work != dst)
        x_mov_rr(a, 0, dst, work);
}

/* Without lzcnt: bsr leaves its destination alone when the source is 0, which is preset so that the
 * subtraction gives the width. */
static void clz_bsr(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    unsigned w = op_wide(op);
    unsigned x = ra_reg(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, NO_VALUE);
    unsigned work = dst == x ? ra_alloc(c) : dst;
    unsigned zero = ra_alloc(c);
    x_mov_ri(a, zero, UINT64_MAX);
    x_rr(a, X86_BSR, w, work, x);
    x_cmov_rr(a, CC_E, w, work, zero);
    x_r(a, X86_NEG, w, work);
    x_alu_ri(a, ALU_ADD, w, work, w ? 63 : 31);
    if (work != dst)
        x_mov_rr(a, w, dst, work);
}

void emit_clz(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (c->be->features & HOST_LZCNT)
        extend(c, op, i, X86_LZCNT, op_wide(op));
    else
        clz_bsr(c, op, i);
}

static unsigned copy_operand(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd x = ra_opnd(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, op->arg[0]);
    ra_move(c, op_wide(op), dst, x);
    return dst;
}

void emit_bswap(struct compiler *c, const struct ir_op *op, int32_t i)
{
    x_bswap(&c->a, op_wide(op), copy_operand(c, op, i));
}

void emit_rev16(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned dst = copy_operand(c, op, i);
    x_bswap(&c->a, 0, dst);
    x_shift_i(&c->a, X86_ROR_I, 0, dst, 16);
}

/* Where the destination is pinned, and where b is: by another register. */
void emit_crc32c(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned b = ra_reg(c, op->arg[1]), a = ra_reg(c, op->arg[0]), dst = ra_dest(c, i, NO_VALUE);
    unsigned t = dst == b ? ra_alloc(c) : dst;
    if (t != a)
        x_mov_rr(&c->a, 0, t, a);
    if (op->imm == 1)
        x_u8(&c->a, 0x66); /* of 16 bits */
    x_rr(&c->a, op->imm ? X86_CRC32_32 : X86_CRC32_8, 0, t, b);
    if (t != dst)
        x_mov_rr(&c->a, 0, dst, t);
}

void emit_rbit(struct compiler *c, const struct ir_op *op, int32_t i)
{
    static const uint32_t masks[] = {0x55555555, 0x33333333, 0x0f0f0f0f};
    struct code *a = &c->a;
    unsigned dst = copy_operand(c, op, i);
    unsigned t = ra_alloc(c);
    for (unsigned k = 0; k < 3; k++) {
        x_mov_rr(a, 0, t, dst);
        x_shift_i(a, X86_SHR_I, 0, t, 1u << k);
        x_alu_ri(a, ALU_AND, 0, t, (int32_t)masks[k]);
        x_alu_ri(a, ALU_AND, 0, dst, (int32_t)masks[k]);
        x_shift_i(a, X86_SHL_I, 0, dst, 1u << k);
        x_alu_rr(a, ALU_OR, 0, dst, t);
    }
    x_bswap(a, 0, dst);
}
