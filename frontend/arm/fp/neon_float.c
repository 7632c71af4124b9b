/*
 * Advanced SIMD arithmetic on pairs of f32, always with the standard FPSCR value (DDI 0406C A2.7),
 * and conversions.
 */
#include "frontend/arm/fp/fpscr.h"
#include "frontend/arm/fp/neon.h"
#include "frontend/arm/fp/neon_lanes.h"

typedef uint64_t f32_fn(struct fp_status *s, uint64_t a, uint64_t b);

static struct fp_status begin(struct ir_env *env)
{
    return fp_status_standard(arm_state(env)->fpscr);
}

static uint64_t finish(struct ir_env *env, const struct fp_status *s, uint64_t result)
{
    if (s->flags)
        arm_state(env)->fpscr |= s->flags;
    return result;
}

static inline uint64_t low(uint64_t v)
{
    return v & 0xffffffff;
}

NEON_INLINE uint64_t map(struct fp_status *s, uint64_t a, uint64_t b, f32_fn *fn)
{
    uint64_t r = fn(s, low(a), low(b));
    return r | fn(s, a >> 32, b >> 32) << 32;
}

NEON_INLINE uint64_t map_pairs(struct fp_status *s, uint64_t a, uint64_t b, f32_fn *fn)
{
    uint64_t r = fn(s, low(a), a >> 32);
    return r | fn(s, low(b), b >> 32) << 32;
}

/* ---- one element ----------------------------------------------------------------------------- */

static uint64_t add(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_add(s, FP_32, a, b);
}

static uint64_t sub(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_sub(s, FP_32, a, b);
}

static uint64_t mul(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_mul(s, FP_32, a, b);
}

static uint64_t difference(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_abs(FP_32, fp_sub(s, FP_32, a, b));
}

static uint64_t mask_if(bool holds)
{
    return holds ? 0xffffffff : 0;
}

static uint64_t ceq(struct fp_status *s, uint64_t a, uint64_t b)
{
    return mask_if(fp_compare_eq(s, FP_32, a, b));
}

static uint64_t cge(struct fp_status *s, uint64_t a, uint64_t b)
{
    return mask_if(fp_compare_ge(s, FP_32, a, b));
}

static uint64_t cgt(struct fp_status *s, uint64_t a, uint64_t b)
{
    return mask_if(fp_compare_gt(s, FP_32, a, b));
}

static uint64_t acge(struct fp_status *s, uint64_t a, uint64_t b)
{
    return cge(s, fp_abs(FP_32, a), fp_abs(FP_32, b));
}

static uint64_t acgt(struct fp_status *s, uint64_t a, uint64_t b)
{
    return cgt(s, fp_abs(FP_32, a), fp_abs(FP_32, b));
}

static uint64_t max(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_max(s, FP_32, a, b);
}

static uint64_t min(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_min(s, FP_32, a, b);
}

static uint64_t maxnm(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_maxnum(s, FP_32, a, b);
}

static uint64_t minnm(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_minnum(s, FP_32, a, b);
}

static uint64_t recps(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_recip_step(s, FP_32, a, b);
}

static uint64_t rsqrts(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_rsqrt_step(s, FP_32, a, b);
}

static uint64_t recpe(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_recip_estimate(s, FP_32, a);
}

static uint64_t rsqrte(struct fp_status *s, uint64_t a, uint64_t b)
{
    return fp_rsqrt_estimate(s, FP_32, a);
}

/* ---- helpers --------------------------------------------------------------------------------- */

#define F32(name, map, fn)                                                                 \
    uint64_t arm_helper_neon_##name(struct ir_env *env, uint64_t a, uint64_t b, uint64_t unused2, \
                                    uint64_t unused3)                                      \
    {                                                                                      \
        struct fp_status s = begin(env);                                                   \
        uint64_t r = map(&s, a, b, fn);                                                    \
        return finish(env, &s, r);                                                         \
    }

F32(fadd, map, add)
F32(fsub, map, sub)
F32(fmul, map, mul)
F32(fabd, map, difference)
F32(fceq, map, ceq)
F32(fcge, map, cge)
F32(fcgt, map, cgt)
F32(facge, map, acge)
F32(facgt, map, acgt)
F32(fmax, map, max)
F32(fmin, map, min)
F32(fmaxnm, map, maxnm)
F32(fminnm, map, minnm)
F32(frecps, map, recps)
F32(frsqrts, map, rsqrts)
F32(fpadd, map_pairs, add)
F32(fpmax, map_pairs, max)
F32(fpmin, map_pairs, min)
F32(frecpe, map, recpe)
F32(frsqrte, map, rsqrte)

uint64_t arm_helper_neon_fma(struct ir_env *env, uint64_t a, uint64_t b, uint64_t addend,
                             uint64_t unused3)
{
    struct fp_status s = begin(env);
    uint64_t lo = fp_muladd(&s, FP_32, low(addend), low(a), low(b));
    uint64_t hi = fp_muladd(&s, FP_32, addend >> 32, a >> 32, b >> 32);
    return finish(env, &s, lo | hi << 32);
}

/* ---- conversions ----------------------------------------------------------------------------- */

uint64_t arm_helper_neon_frint(struct ir_env *env, uint64_t a, uint64_t mode, uint64_t unused2,
                               uint64_t unused3)
{
    struct fp_status s = begin(env);
    enum fp_rounding rounding = mode & 7;
    bool exact = mode & NEON_EXACT;
    uint64_t lo = fp_round_int(&s, FP_32, low(a), rounding, exact);
    uint64_t hi = fp_round_int(&s, FP_32, a >> 32, rounding, exact);
    return finish(env, &s, lo | hi << 32);
}

static uint64_t to_integers(struct ir_env *env, uint64_t a, unsigned fbits,
                            enum fp_rounding rounding, bool is_unsigned)
{
    struct fp_status s = begin(env);
    uint64_t lo = fp_to_fixed(&s, FP_32, low(a), 32, fbits, is_unsigned, rounding);
    uint64_t hi = fp_to_fixed(&s, FP_32, a >> 32, 32, fbits, is_unsigned, rounding);
    return finish(env, &s, lo | hi << 32);
}

uint64_t arm_helper_neon_fcvt_to_s(struct ir_env *env, uint64_t a, uint64_t fbits,
                                   uint64_t rounding, uint64_t unused3)
{
    return to_integers(env, a, (unsigned)fbits, (enum fp_rounding)rounding, false);
}

uint64_t arm_helper_neon_fcvt_to_u(struct ir_env *env, uint64_t a, uint64_t fbits,
                                   uint64_t rounding, uint64_t unused3)
{
    return to_integers(env, a, (unsigned)fbits, (enum fp_rounding)rounding, true);
}

uint64_t arm_helper_neon_fcvt_from_s(struct ir_env *env, uint64_t a, uint64_t fbits,
                                     uint64_t unused2, uint64_t unused3)
{
    struct fp_status s = begin(env);
    uint64_t lo_v = (uint64_t)(int64_t)(int32_t)a, hi_v = (uint64_t)((int64_t)a >> 32);
    uint64_t lo = fp_from_fixed(&s, FP_32, lo_v, (unsigned)fbits, false, FP_TIEEVEN);
    uint64_t hi = fp_from_fixed(&s, FP_32, hi_v, (unsigned)fbits, false, FP_TIEEVEN);
    return finish(env, &s, lo | hi << 32);
}

uint64_t arm_helper_neon_fcvt_from_u(struct ir_env *env, uint64_t a, uint64_t fbits,
                                     uint64_t unused2, uint64_t unused3)
{
    struct fp_status s = begin(env);
    uint64_t lo = fp_from_fixed(&s, FP_32, low(a), (unsigned)fbits, true, FP_TIEEVEN);
    uint64_t hi = fp_from_fixed(&s, FP_32, a >> 32, (unsigned)fbits, true, FP_TIEEVEN);
    return finish(env, &s, lo | hi << 32);
}

uint64_t arm_helper_neon_fcvt_to_half(struct ir_env *env, uint64_t lo, uint64_t hi,
                                      uint64_t unused2, uint64_t unused3)
{
    struct fp_status s = begin(env);
    uint64_t r = fp_convert(&s, FP_16, FP_32, low(lo));
    r |= fp_convert(&s, FP_16, FP_32, lo >> 32) << 16;
    r |= fp_convert(&s, FP_16, FP_32, low(hi)) << 32;
    r |= fp_convert(&s, FP_16, FP_32, hi >> 32) << 48;
    return finish(env, &s, r);
}

uint64_t arm_helper_neon_fcvt_from_half(struct ir_env *env, uint64_t a, uint64_t unused1,
                                        uint64_t unused2, uint64_t unused3)
{
    struct fp_status s = begin(env);
    uint64_t lo = fp_convert(&s, FP_32, FP_16, a & 0xffff);
    uint64_t hi = fp_convert(&s, FP_32, FP_16, a >> 16 & 0xffff);
    return finish(env, &s, lo | hi << 32);
}

uint64_t arm_helper_neon_urecpe(struct ir_env *env, uint64_t a, uint64_t unused1, uint64_t unused2,
                                uint64_t unused3)
{
    return fp_recip_estimate_u32((uint32_t)a) |
           (uint64_t)fp_recip_estimate_u32((uint32_t)(a >> 32)) << 32;
}

uint64_t arm_helper_neon_ursqrte(struct ir_env *env, uint64_t a, uint64_t unused1, uint64_t unused2,
                                 uint64_t unused3)
{
    return fp_rsqrt_estimate_u32((uint32_t)a) |
           (uint64_t)fp_rsqrt_estimate_u32((uint32_t)(a >> 32)) << 32;
}
