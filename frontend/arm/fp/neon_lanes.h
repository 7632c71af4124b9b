/*
 * Element-wise functions on D register values. An operation is written once, for one element; the
 * NEON_DEFINE macros make helpers of it (cpu/helpers_neon.def), one per element type, in which
 * width and signedness are constants. Internal to fp/.
 */
#ifndef ARMEMU_ARM_FP_NEON_LANES_H
#define ARMEMU_ARM_FP_NEON_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/state.h"

#define NEON_INLINE static inline __attribute__((always_inline))
#define NEON_FPSCR_QC 0x08000000u

/* An element type; and whether something saturated. */
struct neon_lane {
    unsigned bits;
    bool is_signed;
    bool saturated;
};

/* Result for one element of @a and @b, which are extended to 64 bits as the type says. The result's
 * low bits count. */
typedef int64_t neon_lane_fn(struct neon_lane *l, int64_t a, int64_t b);

NEON_INLINE uint64_t neon_mask(unsigned bits)
{
    return ~0ull >> (64 - bits);
}

/* The element of @bits bits at bit @at of @v, extended. */
NEON_INLINE int64_t neon_get(uint64_t v, unsigned at, unsigned bits, bool is_signed)
{
    uint64_t up = v >> at << (64 - bits);
    return is_signed ? (int64_t)up >> (64 - bits) : (int64_t)(up >> (64 - bits));
}

/* @v within what @bits bits hold; exact for sources of less than 64 bits. */
NEON_INLINE int64_t neon_saturate(struct neon_lane *l, int64_t v, unsigned bits, bool is_signed)
{
    int64_t max = (int64_t)(neon_mask(bits) >> is_signed), min = is_signed ? -max - 1 : 0;
    if (v >= min && v <= max)
        return v;
    l->saturated = true;
    return v < min ? min : max;
}

/* Set FPSCR.QC when something saturated. */
NEON_INLINE uint64_t neon_finish(struct ir_env *env, const struct neon_lane *l, uint64_t result)
{
    if (l->saturated)
        arm_state(env)->fpscr |= NEON_FPSCR_QC;
    return result;
}

/* Elements of the same width. */
NEON_INLINE uint64_t neon_map(struct neon_lane *l, uint64_t a, uint64_t b, neon_lane_fn *fn)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < 64; i += l->bits) {
        int64_t v = fn(l, neon_get(a, i, l->bits, l->is_signed),
                       neon_get(b, i, l->bits, l->is_signed));
        r |= ((uint64_t)v & neon_mask(l->bits)) << i;
    }
    return r;
}

/* Elements of the low halves; results of double width. */
NEON_INLINE uint64_t neon_map_long(struct neon_lane *l, uint64_t a, uint64_t b, neon_lane_fn *fn)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < 32; i += l->bits) {
        int64_t v = fn(l, neon_get(a, i, l->bits, l->is_signed),
                       neon_get(b, i, l->bits, l->is_signed));
        r |= ((uint64_t)v & neon_mask(2 * l->bits)) << 2 * i;
    }
    return r;
}

/* Elements of @a, then those of @b; results of half the width. The function's @b is 0. */
NEON_INLINE uint64_t neon_map_narrow(struct neon_lane *l, uint64_t a, uint64_t b, neon_lane_fn *fn)
{
    uint64_t r = 0;
    unsigned half = l->bits / 2;
    for (unsigned i = 0; i < 64; i += l->bits) {
        uint64_t lo = (uint64_t)fn(l, neon_get(a, i, l->bits, l->is_signed), 0) & neon_mask(half);
        uint64_t hi = (uint64_t)fn(l, neon_get(b, i, l->bits, l->is_signed), 0) & neon_mask(half);
        r |= lo << i / 2 | hi << (32 + i / 2);
    }
    return r;
}

/* Helper neon_@name, which applies lane function @fn by map function @map. */
#define NEON_DEFINE(name, map, fn, bits_, signed_)                                                 \
    uint64_t arm_helper_neon_##name(struct ir_env *env, uint64_t a, uint64_t b, uint64_t unused2,  \
                                    uint64_t unused3)                                              \
    {                                                                                              \
        struct neon_lane l = {.bits = bits_, .is_signed = signed_};                                \
        return neon_finish(env, &l, map(&l, a, b, fn));                                            \
    }
#define NEON_DEFINE_3(name, map, fn, signed_)      \
    NEON_DEFINE(name##_8, map, fn, 8, signed_)     \
    NEON_DEFINE(name##_16, map, fn, 16, signed_)   \
    NEON_DEFINE(name##_32, map, fn, 32, signed_)
#define NEON_DEFINE_SU(name, map, fn, bits)         \
    NEON_DEFINE(name##_s##bits, map, fn, bits, true) \
    NEON_DEFINE(name##_u##bits, map, fn, bits, false)
#define NEON_DEFINE_SU4(name, map, fn) \
    NEON_DEFINE_SU(name, map, fn, 8)   \
    NEON_DEFINE_SU(name, map, fn, 16)  \
    NEON_DEFINE_SU(name, map, fn, 32)  \
    NEON_DEFINE_SU(name, map, fn, 64)

#endif
