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

DEFINE(cvt_hs, fp_convert(&st, FP_16, FP_32, (uint32_t)a))
DEFINE(cvt_hd, fp_convert(&st, FP_16, FP_64, a))
DEFINE(cvt_sh, fp_convert(&st, FP_32, FP_16, (uint16_t)a))
DEFINE(cvt_dh, fp_convert(&st, FP_64, FP_16, (uint16_t)a))

/* ---- short vectors (DDI 0406C appendix D11) -------------------------------------------------- */

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
        v->s->d[r / 2] = (v->s->d[r / 2] & ~(0xffffffffull << shift)) | (uint64_t)(uint32_t)value
                                                                            << shift;
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
        return fp_muladd(&v->st, v->f, negate_if(v, VFP_NEGATE_D, d), negate_if(v, VFP_NEGATE_N, n),
                         m);
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
