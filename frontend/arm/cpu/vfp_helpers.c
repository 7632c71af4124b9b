/* Helpers of VFP arithmetic: the modes come from the FPSCR, exceptions accumulate there. */
#include "frontend/arm/cpu/vfp_helpers.h"

#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/state.h"

static struct arm_state *state(struct ir_env *env)
{
    return (struct arm_state *)env;
}

static uint64_t finish(struct ir_env *env, const struct fp_status *st, uint64_t result)
{
    state(env)->fpscr |= st->flags;
    return result;
}

#define DEFINE(id, expr)                                                                           \
    uint64_t arm_helper_vfp_##id(struct ir_env *env, uint64_t a, uint64_t b, uint64_t c,           \
                                 uint64_t unused)                                                  \
    {                                                                                              \
        struct fp_status st = fp_status_of(state(env)->fpscr);                                     \
        return finish(env, &st, expr);                                                             \
    }

/* Operands of f32 operations are i32 values; their upper halves do not count. */
#define DEFINE_OP2(id, fn)                                                                         \
    DEFINE(id##_s, fn(&st, FP_32, (uint32_t)a, (uint32_t)b))                                       \
    DEFINE(id##_d, fn(&st, FP_64, a, b))

DEFINE_OP2(add, fp_add)
DEFINE_OP2(sub, fp_sub)
DEFINE_OP2(mul, fp_mul)
DEFINE_OP2(div, fp_div)
DEFINE_OP2(maxnm, fp_maxnum)
DEFINE_OP2(minnm, fp_minnum)
DEFINE(muladd_s, fp_muladd(&st, FP_32, (uint32_t)a, (uint32_t)b, (uint32_t)c))
DEFINE(muladd_d, fp_muladd(&st, FP_64, a, b, c))
DEFINE(sqrt_s, fp_sqrt(&st, FP_32, (uint32_t)a))
DEFINE(sqrt_d, fp_sqrt(&st, FP_64, a))
DEFINE(cvt_hs, fp_convert(&st, FP_16, FP_32, (uint32_t)a))
DEFINE(cvt_hd, fp_convert(&st, FP_16, FP_64, a))
DEFINE(cvt_sh, fp_convert(&st, FP_32, FP_16, (uint16_t)a))
DEFINE(cvt_sd, fp_convert(&st, FP_32, FP_64, a))
DEFINE(cvt_dh, fp_convert(&st, FP_64, FP_16, (uint16_t)a))
DEFINE(cvt_ds, fp_convert(&st, FP_64, FP_32, (uint32_t)a))

static enum fp_rounding rounding_of(const struct fp_status *st, uint64_t how)
{
    unsigned r = how & VFP_CVT_ROUND_MASK;
    return (enum fp_rounding)(r == VFP_ROUND_FPSCR ? st->rounding : r);
}

static unsigned bits_of(uint64_t how)
{
    return how >> VFP_CVT_BITS_SHIFT & 0xff;
}

static unsigned fbits_of(uint64_t how)
{
    return how >> VFP_CVT_FBITS_SHIFT & 0xff;
}

/* The low bits of @v, extended as the conversion says. */
static uint64_t extend(uint64_t v, uint64_t how)
{
    unsigned shift = 64 - bits_of(how);
    return how & VFP_CVT_UNSIGNED ? v << shift >> shift : (uint64_t)((int64_t)(v << shift) >> shift);
}

static uint64_t to_fixed(struct fp_status *st, enum fp_size f, uint64_t v, uint64_t how)
{
    return extend(fp_to_fixed(st, f, v, bits_of(how), fbits_of(how), how & VFP_CVT_UNSIGNED,
                              rounding_of(st, how)), how);
}

static uint64_t from_fixed(struct fp_status *st, enum fp_size f, uint64_t v, uint64_t how)
{
    return fp_from_fixed(st, f, extend(v, how), fbits_of(how), how & VFP_CVT_UNSIGNED,
                         rounding_of(st, how));
}

static uint64_t rint_as(struct fp_status *st, enum fp_size f, uint64_t v, uint64_t how)
{
    return fp_round_int(st, f, v, rounding_of(st, how), how & VFP_CVT_EXACT);
}

DEFINE(to_fixed_s, (uint32_t)to_fixed(&st, FP_32, (uint32_t)a, b))
DEFINE(to_fixed_d, to_fixed(&st, FP_64, a, b))
DEFINE(from_fixed_s, from_fixed(&st, FP_32, a, b))
DEFINE(from_fixed_d, from_fixed(&st, FP_64, a, b))
DEFINE(rint_s, rint_as(&st, FP_32, (uint32_t)a, b))
DEFINE(rint_d, rint_as(&st, FP_64, a, b))

static uint64_t compare(struct ir_env *env, enum fp_size f, uint64_t a, uint64_t b, bool signal_nans)
{
    struct fp_status st = fp_status_of(state(env)->fpscr);
    unsigned nzcv = fp_compare(&st, f, a, b, signal_nans);
    state(env)->fpscr |= st.flags;
    state(env)->fp_nzcv = (nzcv >> 3 & 1) | (nzcv >> 2 & 1) << 8 | (nzcv >> 1 & 1) << 16 |
                          (nzcv & 1) << 24;
    return 0;
}

uint64_t arm_helper_vfp_cmp_s(struct ir_env *env, uint64_t a, uint64_t b, uint64_t signal_nans,
                              uint64_t unused3)
{
    return compare(env, FP_32, (uint32_t)a, (uint32_t)b, signal_nans);
}

uint64_t arm_helper_vfp_cmp_d(struct ir_env *env, uint64_t a, uint64_t b, uint64_t signal_nans,
                              uint64_t unused3)
{
    return compare(env, FP_64, a, b, signal_nans);
}

/* ---- short vectors (DDI 0406C appendix D11) ----------------------------------------------------- */

struct vector {
    struct fp_status st;
    struct arm_state *s;
    enum fp_size f;
    unsigned op;
    uint64_t imm;
};

static uint64_t reg_get(const struct vector *v, unsigned r)
{
    return v->f == FP_64 ? v->s->d[r] : (uint32_t)(v->s->d[r / 2] >> 32 * (r & 1));
}

static void reg_set(struct vector *v, unsigned r, uint64_t value)
{
    unsigned shift = 32 * (r & 1);
    if (v->f == FP_64)
        v->s->d[r] = value;
    else
        v->s->d[r / 2] = (v->s->d[r / 2] & ~(0xffffffffull << shift)) | (uint64_t)(uint32_t)value << shift;
}

static uint64_t negate_if(const struct vector *v, unsigned variation, uint64_t value)
{
    return v->op & variation ? fp_neg(v->f, value) : value;
}

static uint64_t op2(struct vector *v, uint64_t n, uint64_t m)
{
    typedef uint64_t op2_fn(struct fp_status *, enum fp_size, uint64_t, uint64_t);
    static op2_fn *const fn[VFP_OP2_COUNT] = {
        [VFP_ADD] = fp_add, [VFP_SUB] = fp_sub, [VFP_MUL] = fp_mul, [VFP_DIV] = fp_div,
        [VFP_MAXNM] = fp_maxnum, [VFP_MINNM] = fp_minnum,
    };
    return fn[v->op & VFP_OP_MASK](&v->st, v->f, n, m);
}

static uint64_t element(struct vector *v, uint64_t d, uint64_t n, uint64_t m)
{
    switch (v->op & VFP_OP_MASK) {
    case VFP_FMA:
        return fp_muladd(&v->st, v->f, negate_if(v, VFP_NEGATE_D, d), negate_if(v, VFP_NEGATE_N, n), m);
    case VFP_SQRT: return fp_sqrt(&v->st, v->f, m);
    case VFP_ABS: return fp_abs(v->f, m);
    case VFP_NEG: return fp_neg(v->f, m);
    case VFP_MOV: return m;
    case VFP_IMM: return v->imm;
    }
    uint64_t result = negate_if(v, VFP_NEGATE_RESULT, op2(v, n, m));
    if (v->op & VFP_ACCUMULATE)
        result = fp_add(&v->st, v->f, negate_if(v, VFP_NEGATE_D, d), result);
    return result;
}

/* The register @stride after @r in its bank, which wraps around. */
static unsigned next_in_bank(const struct vector *v, unsigned r, unsigned stride)
{
    unsigned bank = v->f == FP_64 ? 4 : 8;
    return (r & ~(bank - 1)) | ((r + stride) & (bank - 1));
}

/* Registers of the first bank, and of the fifth of doubles, are scalars. */
static bool is_scalar(const struct vector *v, unsigned r)
{
    return v->f == FP_64 ? (r & 12) == 0 : r < 8;
}

uint64_t arm_helper_vfp_vector(struct ir_env *env, uint64_t op, uint64_t regs, uint64_t imm,
                               uint64_t unused3)
{
    struct arm_state *s = state(env);
    struct vector v = {.st = fp_status_of(s->fpscr), .s = s, .op = (unsigned)op, .imm = imm,
                       .f = op & VFP_DOUBLE ? FP_64 : FP_32};
    unsigned d = regs & 31, n = regs >> 8 & 31, m = regs >> 16 & 31;
    unsigned stride = s->fpscr & FPSCR_STRIDE ? 2 : 1;
    unsigned count = ((s->fpscr & FPSCR_LEN) >> FPSCR_LEN_SHIFT) + 1;
    bool scalar_m = is_scalar(&v, m);

    for (unsigned i = is_scalar(&v, d) ? 1 : count; i; i--) {
        reg_set(&v, d, element(&v, reg_get(&v, d), reg_get(&v, n), reg_get(&v, m)));
        d = next_in_bank(&v, d, stride);
        n = next_in_bank(&v, n, stride);
        m = scalar_m ? m : next_in_bank(&v, m, stride);
    }
    return finish(env, &v.st, 0);
}
