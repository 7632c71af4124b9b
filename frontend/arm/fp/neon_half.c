/* Advanced SIMD conversions of f16, with the standard FPSCR value but for the format (DDI 0406C
 * A2.7). */
#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/state.h"
#include "frontend/arm/fp/fpscr.h"

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
