/*
 * Floating-point scalars. The host's unit computes with the guest's rounding and gathers exceptions
 * in MXCSR. It agrees with the reference but for NaNs (which operand's, default sign), and for tiny
 * results that round to the smallest normal number: the guest detects underflow before rounding, the
 * host after. Such results are looked for, and computed again by the reference out of line; what the
 * host has added to MXCSR by then is right as far as it goes.
 */
#include "backend/x86_64/xmm.h"

/* Bytes of a vector: those of each halfword. */
#define EACH32(v) v, v, v, v
#define TWICE(a, b) (uint8_t)(a), (uint8_t)(b), (uint8_t)(a), (uint8_t)(b)
#define EACH16(a, b) TWICE(a, b), TWICE(a, b), TWICE(a, b), TWICE(a, b)

const struct fp_constants fp_constants = {
    .ones = {~0u, ~0u, ~0u, ~0u},
    .add_least = {0x0c7fffff, 0x0c7fffff, 0x0c7fffff, 0x0c7fffff}, /* see emit_vfloat.c */
    .mul_least = {0x207fffff, 0x207fffff, 0x207fffff, 0x207fffff},
    .fma_least = {0x2b7fffff, 0x2b7fffff, 0x2b7fffff, 0x2b7fffff},
    .mla_least = {0x25ffffff, 0x25ffffff, 0x25ffffff, 0x25ffffff},
    .normal_least = {0x007fffff, 0x007fffff, 0x007fffff, 0x007fffff},
    .half_least = {0x387fffff, 0x387fffff, 0x387fffff, 0x387fffff},
    .infinity = {EACH32(0x7f800000)},
    .nan_least = {EACH32(0x7f800001)},
    .two = {EACH32(0x40000000)},
    .three = {EACH32(0x40400000)},
    .min_normal = {EACH32(0x00800000)},
    .normals = {EACH32(0x7f000000)},       /* how many there are, */
    .recip_normals = {EACH32(0x7e000000)}, /* whose reciprocals are */
    .recip_exponent = {EACH32(253u << 23)},
    .rsqrt_exponents = {EACH32(380)},
    .default_nan = {0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000},
    .even8 = {0x00ff00ff, 0x00ff00ff, 0x00ff00ff, 0x00ff00ff},
    .top16 = {0x80008000, 0x80008000, 0x80008000, 0x80008000},
    .beyond16 = {0x70707070, 0x70707070, 0x70707070, 0x70707070}, /* 16 plus it has the top bit */
    .even16 = {0xffff, 0xffff, 0xffff, 0xffff},
    .half64 = {BIT64(31), BIT64(31)},
    .high32 = {0xffffffff00000000, 0xffffffff00000000},
    .low8 = {{0x000000ff000000ff, 0x000000ff000000ff}, {0xff, 0xff}},
    .powers = {1, 2, 4, 8, 16, 32, 64, 128},
    .powers16 = {{1, 2, 4, 8, 16, 32, 64, 128}, {0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128}},
    .least8 = {EACH16(-8, -8)},
    .least16 = {EACH16(-16, -16)},
    .most16 = {EACH16(15, 16)},
    .to_index8 = {EACH16(0x78, 0x78)},
    .left16 = {EACH16(0, -8)},
    .right16 = {EACH16(0x80, 0x78)},
    .even_bytes = {0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14},
    .sha1 = {{0x5a827999, 0x5a827999, 0x5a827999, 0x5a827999},
             {0x6ed9eba1, 0x6ed9eba1, 0x6ed9eba1, 0x6ed9eba1},
             {0x8f1bbcdc, 0x8f1bbcdc, 0x8f1bbcdc, 0x8f1bbcdc}},
    .abs64 = {INT64_MAX, INT64_MAX},
    .abs32 = {0x7fffffff7fffffff, 0x7fffffff7fffffff},
    .sign64 = {BIT64(63), BIT64(63)},
    .sign32 = {0x8000000080000000, 0x8000000080000000},
    .min64 = 0x1p-1022,
    .two32_64 = 0x1p32,
    .minus1_64 = -1,
    .min32 = 0x1p-126f,
    .two32_32 = 0x1p32f,
    .minus1_32 = -1,
    .less = 0x00000001,
    .equal = 0x00010100,
    .greater = 0x00010000,
    .unordered = 0x01010000,
    .mxcsr_host = 0x1f80,
    .mxcsr = {0x1f80, 0x5f80, 0x3f80, 0x7f80},
};

static bool is_double(const struct ir_op *op)
{
    return op->type == IR_F64;
}

static struct opnd mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

/* The constant of the op's type. */
#define CONST_OF(c, op, name)                                                                      \
    mem(is_double(op) ? FP_CONST(c, name##64) : FP_CONST(c, name##32))

/* ---- results that the reference has to compute ------------------------------------------------- */

static int32_t exact_place(struct opnd o)
{
    if (o.kind == OPND_REG)
        return o.reg;
    if (o.mem.base == NO_REG)
        return -o.mem.disp;
    return EXACT_ENV + o.mem.disp + IR_ENV_BIAS;
}

static struct exact_site exact_site(const struct ir_op *op, unsigned dst, const struct opnd *args)
{
    struct exact_site s = {
        .opcode = op->opcode, .type = op->type, .aux = op->aux, .dst = (uint8_t)dst,
        .imm = (uint16_t)op->imm};
    for (unsigned k = 0; k < ir_op_info[op->opcode].nargs; k++)
        s.arg[k] = exact_place(args[k]);
    return s;
}

/* @back NULL: behind the call. */
static void exact_call(struct compiler *c, struct exact_site s, const uint8_t *back)
{
    x_call_to(&c->a, c->be->thunk.exact);
    s.back = back ? (int32_t)(back - c->a.p) : (int32_t)sizeof(s);
    memcpy(c->a.p, &s, sizeof(s));
    c->a.p += sizeof(s);
}

void exact_always(struct compiler *c, const struct ir_op *op, unsigned dst, const struct opnd *args)
{
    exact_call(c, exact_site(op, dst, args), NULL);
}

struct stub *exact_if(struct compiler *c, const struct ir_op *op, enum x86_cc cc, unsigned dst,
                      const struct opnd *args)
{
    struct stub *s = stub_new(c, STUB_EXACT, x_jcc(&c->a, cc));
    s->from2 = NULL;
    s->exact = exact_site(op, dst, args);
    return s;
}

/* The jump behind a comparison that EFLAGS still hold; with `reg` set, only equality and unordered
 * matter. */
void exact_stub_emit(struct compiler *c, struct stub *s)
{
    x_patch_here(&c->a, s->from);
    if (s->from2)
        x_patch_here(&c->a, s->from2);
    if (s->reg)
        x_patch(x_jcc(&c->a, CC_NE), s->back);
    exact_call(c, s->exact, s->back);
}

static void compare_with(struct compiler *c, bool wide, unsigned reg, struct opnd with)
{
    x_op2(c, wide ? X86_UCOMISD : X86_UCOMISS, 0, reg, with);
}

/* NaN results are the reference's. */
static void check_nan(struct compiler *c, const struct ir_op *op, unsigned dst,
                      const struct opnd *args)
{
    compare_with(c, is_double(op), dst, x_opnd_xmm(dst));
    exact_if(c, op, CC_P, dst, args)->back = c->a.p;
}

/* So are those of the magnitude of the smallest normal number. Smaller ones are tiny by any rule,
 * and most often 0. */
static void check_tiny(struct compiler *c, const struct ir_op *op, bool wide, unsigned dst,
                       const struct opnd *args)
{
    unsigned t = xa_alloc(c);
    x_op3(c, X86_ANDPS, t, dst, mem(wide ? FP_CONST(c, abs64) : FP_CONST(c, abs32)));
    compare_with(c, wide, t, mem(wide ? FP_CONST(c, min64) : FP_CONST(c, min32)));
    struct stub *s = exact_if(c, op, CC_BE, dst, args);
    s->reg = 1;
    s->back = c->a.p;
}

/* ---- arithmetic ---------------------------------------------------------------------------------- */

/* Results that may be tiny and inexact. */
enum check { CHECK_NAN, CHECK_TINY };

static void arithmetic(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form single,
                       enum x86_form wide, enum check check)
{
    unsigned a = xa_reg(c, op->arg[0]);
    struct opnd args[2] = {x_opnd_xmm(a), xa_opnd(c, op->arg[1])};
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, is_double(op) ? wide : single, dst, a, args[1]);
    if (check == CHECK_NAN)
        check_nan(c, op, dst, args);
    else
        check_tiny(c, op, is_double(op), dst, args);
}

/* Tiny sums are exact. */
void emit_fadd(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, X86_ADDSS, X86_ADDSD, CHECK_NAN);
}

void emit_fsub(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, X86_SUBSS, X86_SUBSD, CHECK_NAN);
}

void emit_fmul(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, X86_MULSS, X86_MULSD, CHECK_TINY);
}

void emit_fdiv(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, X86_DIVSS, X86_DIVSD, CHECK_TINY);
}

void emit_fmuladd(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]);
    struct opnd args[3] = {x_opnd_xmm(a), x_opnd_xmm(b), xa_opnd(c, op->arg[2])};
    unsigned dst = xa_dest(c, i, NO_VALUE);
    if ((~c->be->features & (HOST_FMA | HOST_AVX))) {
        exact_call(c, exact_site(op, dst, args), NULL);
        return;
    }
    enum x86_form insn = is_double(op) ? X86_VFMADD231SD : X86_VFMADD231SS;
    x_op2(c, X86_MOVAPS_RM, 0, dst, args[0]);
    x_op3(c, insn, dst, b, args[2]);
    check_tiny(c, op, is_double(op), dst, args);
}

void emit_fsqrt(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    unsigned dst = xa_dest(c, i, NO_VALUE);
    if (!(c->be->features & HOST_AVX)) /* no dependency on what dst was */
        x_op2(c, X86_MOVAPS_RM, 0, dst, a);
    unsigned first = c->be->features & HOST_AVX ? (unsigned)a.reg : dst;
    x_op3(c, is_double(op) ? X86_SQRTSD : X86_SQRTSS, dst, first, a);
    check_nan(c, op, dst, &a);
}

static void bitwise(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_form insn,
                    struct opnd mask)
{
    unsigned a = xa_reg(c, op->arg[0]);
    x_op3(c, insn, xa_dest(c, i, op->arg[0]), a, mask);
}

void emit_fneg(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bitwise(c, op, i, X86_XORPS, CONST_OF(c, op, sign));
}

void emit_fabs(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bitwise(c, op, i, X86_ANDPS, CONST_OF(c, op, abs));
}

/* ---- comparison ---------------------------------------------------------------------------------- */

/* CF: less or unordered, ZF: equal or unordered, PF: unordered. The moves leave EFLAGS alone. */
void emit_fcmp(struct compiler *c, const struct ir_op *op, int32_t i)
{
    static const enum x86_form insn[2][2] = {{X86_UCOMISS, X86_UCOMISD}, {X86_COMISS, X86_COMISD}};
    struct code *a = &c->a;
    bool exchanged = flags_fcmp_exchanged(c, i);
    unsigned x = xa_reg(c, op->arg[exchanged]);
    struct opnd y = xa_opnd(c, op->arg[!exchanged]);
    x_op2(c, insn[op->aux][is_double(op)], 0, x, y);
    a->eflags = (exchanged ? EFLAGS_FCMP_EXCHANGED : EFLAGS_FCMP) | EFLAGS_PENDING;
    c->fcmp = i;
    if (c->val[i].uses == 0)
        return;
    unsigned dst = ra_dest(c, i, NO_VALUE);
    x_mov_ri(a, dst, exchanged ? fp_constants.less : fp_constants.greater);
    x_cmov_rm(a, CC_B, 0, dst, exchanged ? FP_CONST(c, greater) : FP_CONST(c, less));
    x_cmov_rm(a, CC_E, 0, dst, FP_CONST(c, equal));
    x_cmov_rm(a, CC_P, 0, dst, FP_CONST(c, unordered));
}

/* ---- conversions --------------------------------------------------------------------------------- */

static enum x86_form to_integer(const struct ir_op *op)
{
    if (op->aux == IR_ROUND_ZERO)
        return is_double(op) ? X86_CVTTSD2SI : X86_CVTTSS2SI;
    return is_double(op) ? X86_CVTSD2SI : X86_CVTSS2SI;
}

/* What does not fit is 0x80000000 and invalid alone, in which the reference agrees. */
void emit_ftos(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    unsigned dst = ra_dest(c, i, NO_VALUE);
    x_op2(c, to_integer(op), 0, dst, a);
    x_alu_ri(&c->a, ALU_CMP, 0, dst, 1);
    exact_if(c, op, CC_O, dst, &a)->back = c->a.p;
}

/* By way of 64 bits; what is out of range must not get as far as the instruction, which would not
 * find it invalid. */
void emit_ftou(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    unsigned dst = ra_dest(c, i, NO_VALUE);
    if (op->aux != IR_ROUND_ZERO) {
        exact_call(c, exact_site(op, dst, &a), NULL);
        return;
    }
    bool wide = is_double(op);
    compare_with(c, wide, (unsigned)a.reg, mem(wide ? FP_CONST(c, two32_64) : FP_CONST(c, two32_32)));
    uint8_t *large = x_jcc(&c->a, CC_AE);
    compare_with(c, wide, (unsigned)a.reg,
                 mem(wide ? FP_CONST(c, minus1_64) : FP_CONST(c, minus1_32)));
    struct stub *s = exact_if(c, op, CC_BE, dst, &a);
    s->from2 = large;
    x_op2(c, to_integer(op), 1, dst, a);
    s->back = c->a.p;
}

/* The register's other bits do not matter, but what it waits for does. */
static void from_integer(struct compiler *c, const struct ir_op *op, int32_t i, unsigned w,
                         unsigned from)
{
    enum x86_form insn = is_double(op) ? X86_CVTSI2SD : X86_CVTSI2SS;
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_XORPS, dst, dst, x_opnd_xmm(dst));
    if (c->be->features & HOST_AVX)
        x_vrr(&c->a, insn, w, dst, dst, from);
    else
        x_rr(&c->a, insn, w, dst, from);
}

void emit_stof(struct compiler *c, const struct ir_op *op, int32_t i)
{
    from_integer(c, op, i, 0, ra_reg(c, op->arg[0]));
}

/* A register holds an i32 zero extended. */
void emit_utof(struct compiler *c, const struct ir_op *op, int32_t i)
{
    from_integer(c, op, i, 1, ra_reg(c, op->arg[0]));
}

/* Exact; NaNs keep their payloads as the reference has it. */
void emit_fwiden(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned a = xa_reg(c, op->arg[0]);
    unsigned dst = xa_dest(c, i, op->arg[0]);
    x_op3(c, X86_CVTSS2SD, dst, a, x_opnd_xmm(a));
}

void emit_fnarrow(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    unsigned dst = xa_dest(c, i, NO_VALUE);
    x_op3(c, X86_CVTSD2SS, dst, (unsigned)a.reg, a);
    check_tiny(c, op, false, dst, &a);
}
