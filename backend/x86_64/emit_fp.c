/*
 * Floating-point scalars. The host's unit computes with the guest's rounding and gathers exceptions
 * in MXCSR. It agrees with the reference but for NaNs (which operand's, default sign), and for tiny
 * results that round to the smallest normal number: the guest detects underflow before rounding,
 * the host after. Such results are looked for, and computed again by the reference out of line;
 * what the host has added to MXCSR by then is right as far as it goes.
 */
#include "backend/x86_64/sfloat.h"

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
    .minus1 = {EACH32(0xbf800000)},
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
    .powers16 = {{1, 2, 4, 8, 16, 32, 64, 128},
    {0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128}},
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
    .default_nan64 = {0x7ff8000000000000, 0x7ff8000000000000},
    .quiet64 = {BIT64(51), BIT64(51)},
    .quiet32 = {0x0040000000400000, 0x0040000000400000},
    .quiet_low64 = {BIT64(51)},
    .quiet_low32 = {BIT64(22)},
    .infinity64 = {0x7ff0000000000000},
    .least64 = {[LEAST_TERM] = 0x1p-969, [LEAST_FACTOR] = 0x1p-510,
    [LEAST_FACTOR_INVERSE] = 0x1p510,
                [LEAST_FUSED] = 0x1p-450, [LEAST_NORMAL] = 0x1p-1022, [LEAST_NORMAL32] = 0x1p-126},
    .least32 = {[LEAST_TERM] = 0x1p-102f, [LEAST_FACTOR] = 0x1p-62f,
    [LEAST_FACTOR_INVERSE] = 0x1p62f,
                [LEAST_FUSED] = 0x1p-40f, [LEAST_NORMAL] = 0x1p-126f, [LEAST_NORMAL32] = 0x1p-126f},
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
    .mxcsr = {0x1f00, 0x5f00, 0x3f00, 0x7f00, 0x1f80, 0x5f80, 0x3f80, 0x7f80},
};

static struct opnd mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

/* The constant of the op's type. */
#define CONST_OF(c, op, name)                                                                      \
    mem(sf_is_double(op) ? FP_CONST(c, name##64) : FP_CONST(c, name##32))

/* ---- results that the reference has to compute ----------------------------------------------- */

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
    int32_t rel = (int32_t)(back ? back - c->a.p : (ptrdiff_t)sizeof(s)) - 5;
    s.jump = 0xe9;
    memcpy(s.rel, &rel, sizeof(rel));
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

static struct opnd place(int32_t where)
{
    if (where >= 0 && where < XMM_COUNT)
        return x_opnd_xmm((unsigned)where);
    return mem(where < 0 ? x_mem(NO_REG, -where) : x_mem(RBP, where - EXACT_ENV - IR_ENV_BIAS));
}

/* A NaN being propagated out of line. */
struct nan {
    bool wide;
    unsigned dst;
    struct opnd quiet, quiet_low, value; /* the default NaN */
    const uint8_t *back;
};

static void nan_load(struct compiler *c, const struct nan *n, unsigned dst, struct opnd from)
{
    x_op2(c,
          from.kind == OPND_REG ? X86_MOVAPS_RM
          : n->wide             ? X86_MOVSD_RM
                                : X86_MOVSS_RM,
          0, dst, from);
}

static void nan_default(struct compiler *c, const struct nan *n)
{
    nan_load(c, n, n->dst, n->value);
    x_patch(x_jmp(&c->a), n->back);
}

static void nan_quiet(struct compiler *c, const struct nan *n, unsigned a)
{
    x_op3(c, X86_ORPS, n->dst, a, n->quiet);
    x_patch(x_jmp(&c->a), n->back);
}

/* The NaN of an operation on two: where just one is a NaN, it is that one and quiet, and where none
 * is the default one; of two the first, unless the second alone signals: on to what follows. */
static void nan_of_two(struct compiler *c, const struct nan *n, unsigned a, struct opnd b)
{
    sf_compare(c, n->wide, a, x_opnd_xmm(a));
    uint8_t *first = x_jcc(&c->a, CC_P);
    nan_load(c, n, n->dst, b);
    sf_compare(c, n->wide, n->dst, x_opnd_xmm(n->dst));
    uint8_t *none = x_jcc(&c->a, CC_NP);
    nan_quiet(c, n, n->dst);
    x_patch_here(&c->a, none);
    nan_default(c, n);
    x_patch_here(&c->a, first);
    nan_load(c, n, n->dst, b);
    sf_compare(c, n->wide, n->dst, x_opnd_xmm(n->dst));
    uint8_t *alone = x_jcc(&c->a, CC_NP);
    x_op2(c, X86_PTEST, 0, n->dst, n->quiet_low);
    uint8_t *signals = x_jcc(&c->a, CC_E);
    x_patch_here(&c->a, alone);
    nan_quiet(c, n, a);
    x_patch_here(&c->a, signals);
}

/* The square root of a number is the default one; all else the host has as it is to be. */
static void nan_of_one(struct compiler *c, const struct nan *n, const struct exact_site *s)
{
    unsigned a = (unsigned)s->arg[0];
    if (s->opcode == IR_OP_fsqrt) {
        sf_compare(c, n->wide, a, x_opnd_xmm(a));
        x_patch(x_jcc(&c->a, CC_P), n->back);
        nan_default(c, n);
    }
    x_patch(x_jmp(&c->a), n->back);
}

/* A factor of a fused operation whose addend is a NaN. Jumps in @exact: to the reference, as it may
 * be infinity times 0, which the host does not find invalid then, or signals, unless NaNs are the
 * default one. */
static void nan_factor(struct compiler *c, const struct nan *n, struct opnd x, bool signals,
                       uint8_t *exact[2])
{
    nan_load(c, n, n->dst, x);
    sf_compare(c, n->wide, n->dst, x_opnd_xmm(n->dst));
    uint8_t *number = x_jcc(&c->a, CC_NP), *next = NULL;
    exact[0] = NULL;
    if (signals) {
        x_op2(c, X86_PTEST, 0, n->dst, n->quiet_low);
        exact[0] = x_jcc(&c->a, CC_E);
    }
    next = x_jmp(&c->a);
    x_patch_here(&c->a, number);
    x_op3(c, X86_ANDPS, n->dst, n->dst, mem(n->wide ? FP_CONST(c, abs64) : FP_CONST(c, abs32)));
    sf_compare(c, n->wide, n->dst, mem(n->wide ? FP_CONST(c, infinity64) : FP_CONST(c, infinity)));
    exact[1] = x_jcc(&c->a, CC_E);
    x_patch_here(&c->a, next);
}

/* The addend comes first, if it signals or no factor does. What jumps here at the end is left to
 * the reference. */
static void nan_of_fused(struct compiler *c, const struct nan *n, const struct exact_site *s)
{
    unsigned a = (unsigned)s->arg[0];
    struct opnd factors[2] = {place(s->arg[1]), place(s->arg[2])};
    bool propagate = !(s->aux & IR_FP_DEFAULT_NAN);
    uint8_t *exact[2][2], *signals = NULL;
    sf_compare(c, n->wide, a, x_opnd_xmm(a));
    uint8_t *number = x_jcc(&c->a, CC_NP);
    if (propagate) {
        x_op2(c, X86_PTEST, 0, a, n->quiet_low);
        signals = x_jcc(&c->a, CC_E);
    }
    for (unsigned k = 0; k < 2; k++)
        nan_factor(c, n, factors[k], propagate, exact[k]);
    if (propagate) {
        x_patch_here(&c->a, signals);
        nan_quiet(c, n, a);
        x_patch_here(&c->a, number);
        nan_of_two(c, n, (unsigned)s->arg[1], factors[1]);
    } else {
        x_patch_here(&c->a, number);
        nan_default(c, n);
    }
    for (unsigned k = 0; k < 4; k++)
        if (exact[k / 2][k % 2])
            x_patch_here(&c->a, exact[k / 2][k % 2]);
}

/* The NaN that the result is, and back; on behind this where the reference has to say. */
static void nan_emit(struct compiler *c, struct stub *s)
{
    bool wide = s->exact.type == IR_F64;
    struct nan n = {
        .wide = wide,
        .dst = s->exact.dst,
        .quiet = mem(wide ? FP_CONST(c, quiet64) : FP_CONST(c, quiet32)),
        .quiet_low = mem(wide ? FP_CONST(c, quiet_low64) : FP_CONST(c, quiet_low32)),
        .value = mem(wide ? FP_CONST(c, default_nan64) : FP_CONST(c, default_nan)),
        .back = s->back,
    };
    if (s->exact.opcode == IR_OP_fmuladd)
        nan_of_fused(c, &n, &s->exact);
    else if (s->exact.aux & IR_FP_DEFAULT_NAN)
        nan_default(c, &n);
    else if (ir_op_info[s->exact.opcode].nargs == 1)
        nan_of_one(c, &n, &s->exact);
    else
        nan_of_two(c, &n, (unsigned)s->exact.arg[0], place(s->exact.arg[1]));
}

/* An integer that a float does not fit into. */
static void saturate(struct compiler *c, const struct stub *s, bool is_signed)
{
    bool wide = s->exact.type == IR_F64;
    unsigned a = (unsigned)s->exact.arg[0], dst = s->exact.dst;
    struct opnd two32 = mem(wide ? FP_CONST(c, two32_64) : FP_CONST(c, two32_32));
    struct opnd nan = mem(wide ? FP_CONST(c, default_nan64) : FP_CONST(c, default_nan));
    if (is_signed) { /* negative ones have the right value */
        sf_compare(c, wide, a, mem(FP_CONST(c, zero)));
        uint8_t *unordered = x_jcc(&c->a, CC_P);
        x_patch(x_jcc(&c->a, CC_B), s->back);
        x_mov_ri(&c->a, dst, INT32_MAX);
        x_patch(x_jmp(&c->a), s->back);
        x_patch_here(&c->a, unordered);
        x_mov_ri(&c->a, dst, 0);
    } else {
        x_op2(c, wide ? X86_CVTTSD2SI : X86_CVTTSS2SI, 0, dst, nan); /* invalid */
        sf_compare(c, wide, a, two32);
        x_mov_ri(&c->a, dst, 0);
        x_patch(x_jcc(&c->a, CC_B), s->back); /* or unordered */
        x_mov_ri(&c->a, dst, UINT32_MAX);
    }
    x_patch(x_jmp(&c->a), s->back);
}

/* The jump behind a comparison that EFLAGS still hold; see enum exact_stub. */
void exact_stub_emit(struct compiler *c, struct stub *s)
{
    x_patch_here(&c->a, s->from);
    if (s->from2)
        x_patch_here(&c->a, s->from2);
    uint8_t *number = NULL;
    if (s->reg == EXACT_SIGNED || s->reg == EXACT_UNSIGNED) {
        saturate(c, s, s->reg == EXACT_SIGNED);
        return;
    }
    if (s->reg == EXACT_EQUAL_NUMBER)
        x_patch(x_jcc(&c->a, CC_P), s->back);
    if (s->reg == EXACT_EQUAL && s->nan_known)
        number = x_jcc(&c->a, CC_NP);
    if (s->nan_known)
        nan_emit(c, s);
    if (number)
        x_patch_here(&c->a, number);
    if (s->reg == EXACT_UNLESS_ZERO || s->reg == EXACT_UNLESS_ZERO_WIDE) {
        sf_compare(c, s->reg == EXACT_UNLESS_ZERO_WIDE, s->temp, mem(FP_CONST(c, zero)));
        x_patch(x_jcc(&c->a, CC_E), s->access); /* of NaNs, too */
    }
    exact_call(c, s->exact, s->back);
}

void sf_compare(struct compiler *c, bool wide, unsigned reg, struct opnd with)
{
    x_op2(c, wide ? X86_UCOMISD : X86_UCOMISS, 0, reg, with);
}

/* Are NaNs as the reference has them, since other code sees to those that the host makes otherwise
 * (traps.c)? */
static bool nan_traps(const struct compiler *c, const struct ir_op *op)
{
    return c->be->fp_traps && !(op->aux & IR_FP_MODES) &&
           (op->opcode == IR_OP_fadd || op->opcode == IR_OP_fsub || op->opcode == IR_OP_fmul ||
            op->opcode == IR_OP_fdiv || op->opcode == IR_OP_fsqrt);
}

void sf_check_nan(struct compiler *c, const struct ir_op *op, bool wide, unsigned dst,
                  const struct opnd *args)
{
    if (nan_traps(c, op))
        return;
    sf_compare(c, wide, dst, x_opnd_xmm(dst));
    struct stub *s = exact_if(c, op, CC_P, dst, args);
    s->nan_known = true;
    s->back = c->a.p;
}

void sf_check_tiny(struct compiler *c, const struct ir_op *op, bool wide, unsigned dst,
                       const struct opnd *args)
{
    unsigned t = dst;
    if (op->opcode != IR_OP_fmul || op->arg[0] != op->arg[1]) /* squares are not negative */
        x_op3(c, X86_ANDPS, t = xa_alloc(c), dst,
              mem(wide ? FP_CONST(c, abs64) : FP_CONST(c, abs32)));
    sf_compare(c, wide, t, mem(wide ? FP_CONST(c, min64) : FP_CONST(c, min32)));
    struct stub *s = exact_if(c, op, CC_E, dst, args);
    s->nan_known = !nan_traps(c, op);
    s->reg = s->nan_known ? EXACT_EQUAL : EXACT_EQUAL_NUMBER;
    s->back = c->a.p;
}

/* ---- denormals flushed to zero --------------------------------------------------------------- */

struct sf_flush sf_flush_begin(struct compiler *c, const struct ir_op *op)
{
    struct sf_flush f = {.on = op->aux & IR_FP_FLUSH};
    if (f.on)
        f.t = xa_alloc(c);
    return f;
}

void sf_flush_check(struct compiler *c, const struct ir_op *op, struct sf_flush *f, unsigned dst,
                    const struct opnd *args, unsigned k, bool wide, enum sf_least least)
{
    if (!f->on)
        return;
    unsigned a = (unsigned)args[k].reg;
    struct opnd bound = mem(wide ? FP_CONST(c, least64[least]) : FP_CONST(c, least32[least]));
    x_op3(c, X86_ANDPS, f->t, a, mem(wide ? FP_CONST(c, abs64) : FP_CONST(c, abs32)));
    sf_compare(c, wide, f->t, bound);
    struct stub *s = exact_if(c, op, least == LEAST_FACTOR_INVERSE ? CC_A : CC_B, dst, args);
    if (least != LEAST_FACTOR_INVERSE) {
        s->reg = wide ? EXACT_UNLESS_ZERO_WIDE : EXACT_UNLESS_ZERO;
        s->temp = (uint8_t)a;
        s->access = c->a.p;
    }
    f->stubs[f->count++] = s;
}

void sf_flush_end(struct compiler *c, const struct sf_flush *f)
{
    for (unsigned k = 0; k < f->count; k++)
        f->stubs[k]->back = c->a.p;
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

/* Results that may be tiny and inexact: not where arguments are not small. */
enum check { CHECK_NAN, CHECK_TINY };

/* The argument whose register may become the result's, or NO_VALUE: where nothing is computed once
 * more. */
static int32_t replaced_argument(const struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned count = c->be->features & HOST_AVX ? ir_op_info[op->opcode].nargs : 1;
    for (unsigned k = 0; k < count; k++) {
        const struct value *v = &c->val[op->arg[k]];
        if (v->loc == LOC_XPIN && v->reg + PIN_XMM == c->val[i].want)
            return op->arg[k];
    }
    for (unsigned k = 0; k < count; k++)
        if (c->val[op->arg[k]].loc == LOC_XMM && c->val[op->arg[k]].last == i)
            return op->arg[k];
    return NO_VALUE;
}

static void arithmetic(struct compiler *c, const struct ir_op *op, int32_t i,
                       const enum x86_form insn[2], enum check check, const enum sf_least least[3])
{
    bool wide = sf_is_double(op);
    struct sf_flush f = sf_flush_begin(c, op);
    unsigned a = xa_reg(c, op->arg[0]);
    struct opnd args[2] = {x_opnd_xmm(a)};
    args[1] = f.on ? x_opnd_xmm(xa_reg(c, op->arg[1])) : xa_opnd(c, op->arg[1]);
    bool checked = check != CHECK_NAN || !nan_traps(c, op);
    unsigned dst = xa_dest(c, i, checked ? NO_VALUE : replaced_argument(c, op, i));
    sf_flush_check(c, op, &f, dst, args, 0, wide, least[0]);
    sf_flush_check(c, op, &f, dst, args, 1, wide, least[1]);
    if (least[2] != LEAST_COUNT)
        sf_flush_check(c, op, &f, dst, args, 1, wide, least[2]);
    x_op3(c, insn[wide], dst, a, args[1]);
    if (check == CHECK_NAN || f.on)
        sf_check_nan(c, op, wide, dst, args);
    else
        sf_check_tiny(c, op, wide, dst, args);
    sf_flush_end(c, &f);
}

#define ARITHMETIC(name, single, double, check, ...)                                               \
    void emit_##name(struct compiler *c, const struct ir_op *op, int32_t i)                        \
    {                                                                                              \
        static const enum x86_form insn[2] = {single, double};                                     \
        static const enum sf_least least[3] = {__VA_ARGS__};                                       \
        arithmetic(c, op, i, insn, check, least);                                                  \
    }

/* Tiny sums are exact. */
ARITHMETIC(fadd, X86_ADDSS, X86_ADDSD, CHECK_NAN, LEAST_TERM, LEAST_TERM, LEAST_COUNT)
ARITHMETIC(fsub, X86_SUBSS, X86_SUBSD, CHECK_NAN, LEAST_TERM, LEAST_TERM, LEAST_COUNT)
ARITHMETIC(fmul, X86_MULSS, X86_MULSD, CHECK_TINY, LEAST_FACTOR, LEAST_FACTOR, LEAST_COUNT)
ARITHMETIC(fdiv, X86_DIVSS, X86_DIVSD, CHECK_TINY, LEAST_FACTOR, LEAST_NORMAL, LEAST_FACTOR_INVERSE)

void emit_fmuladd(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bool wide = sf_is_double(op);
    struct sf_flush f = sf_flush_begin(c, op);
    unsigned a = xa_reg(c, op->arg[0]), b = xa_reg(c, op->arg[1]);
    struct opnd args[3] = {x_opnd_xmm(a), x_opnd_xmm(b)};
    args[2] = f.on ? x_opnd_xmm(xa_reg(c, op->arg[2])) : xa_opnd(c, op->arg[2]);
    unsigned dst = xa_dest(c, i, NO_VALUE);
    if ((~c->be->features & (HOST_FMA | HOST_AVX))) {
        exact_call(c, exact_site(op, dst, args), NULL);
        return;
    }
    for (unsigned k = 0; k < 3; k++)
        sf_flush_check(c, op, &f, dst, args, k, wide, LEAST_FUSED);
    x_op2(c, X86_MOVAPS_RM, 0, dst, args[0]);
    x_op3(c, wide ? X86_VFMADD231SD : X86_VFMADD231SS, dst, b, args[2]);
    if (f.on)
        sf_check_nan(c, op, wide, dst, args);
    else
        sf_check_tiny(c, op, wide, dst, args);
    sf_flush_end(c, &f);
}

void emit_fsqrt(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bool wide = sf_is_double(op);
    struct sf_flush f = sf_flush_begin(c, op);
    struct opnd a = x_opnd_xmm(xa_reg(c, op->arg[0]));
    unsigned dst = xa_dest(c, i, NO_VALUE);
    sf_flush_check(c, op, &f, dst, &a, 0, wide, LEAST_NORMAL);
    if (!(c->be->features & HOST_AVX)) /* no dependency on what dst was */
        x_op2(c, X86_MOVAPS_RM, 0, dst, a);
    unsigned first = c->be->features & HOST_AVX ? (unsigned)a.reg : dst;
    x_op3(c, wide ? X86_SQRTSD : X86_SQRTSS, dst, first, a);
    sf_check_nan(c, op, wide, dst, &a);
    sf_flush_end(c, &f);
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

/* ---- comparison ------------------------------------------------------------------------------ */

static const enum x86_form fcmp_insn[2][2] = {{X86_UCOMISS, X86_UCOMISD}, {X86_COMISS, X86_COMISD}};

/* The order as flag bytes, of EFLAGS: CF: less or unordered, ZF: equal or unordered, PF: unordered.
 * The moves leave EFLAGS alone. */
static void order_of_eflags(struct compiler *c, unsigned dst, bool exchanged)
{
    struct code *a = &c->a;
    x_mov_ri(a, dst, exchanged ? fp_constants.less : fp_constants.greater);
    x_cmov_rm(a, CC_B, 0, dst, exchanged ? FP_CONST(c, greater) : FP_CONST(c, less));
    x_cmov_rm(a, CC_E, 0, dst, FP_CONST(c, equal));
    x_cmov_rm(a, CC_P, 0, dst, FP_CONST(c, unordered));
}

/* Conditions cannot use EFLAGS: these are not of the comparison where the reference did it. */
static void compare_flushed(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bool wide = sf_is_double(op);
    struct sf_flush f = sf_flush_begin(c, op);
    struct opnd args[2] = {x_opnd_xmm(xa_reg(c, op->arg[0])), x_opnd_xmm(xa_reg(c, op->arg[1]))};
    unsigned dst = ra_dest(c, i, NO_VALUE);
    for (unsigned k = 0; k < 2; k++)
        sf_flush_check(c, op, &f, dst, args, k, wide, LEAST_NORMAL);
    x_op2(c, fcmp_insn[op->aux & 1][wide], 0, (unsigned)args[0].reg, args[1]);
    order_of_eflags(c, dst, false);
    sf_flush_end(c, &f);
    c->a.eflags = 0;
}

void emit_fcmp(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    if (op->aux & IR_FP_FLUSH) {
        compare_flushed(c, op, i);
        return;
    }
    bool exchanged = flags_fcmp_exchanged(c, i);
    unsigned x = xa_reg(c, op->arg[exchanged]);
    struct opnd y = xa_opnd(c, op->arg[!exchanged]);
    x_op2(c, fcmp_insn[op->aux & 1][sf_is_double(op)], 0, x, y);
    a->eflags = (exchanged ? EFLAGS_FCMP_EXCHANGED : EFLAGS_FCMP) | EFLAGS_PENDING;
    c->fcmp = i;
    if (c->val[i].uses == 0)
        return;
    order_of_eflags(c, ra_dest(c, i, NO_VALUE), exchanged);
}
