/* Advanced SIMD shifts by signed amounts, to the right when negative (VSHL by a register and kin) */
#include "frontend/arm/fp/neon_lanes.h"

/* @a / 2^n without overflow; n >= 1. With @round, half of the divisor is added first. */
NEON_INLINE int64_t shift_right(const struct neon_lane *l, int64_t a, unsigned n, bool round)
{
    int64_t sign = l->is_signed && a < 0 ? -1 : 0;
    if (n > l->bits)
        return round ? 0 : sign;
    int64_t half = l->is_signed ? a >> (n - 1) : (int64_t)((uint64_t)a >> (n - 1));
    int64_t v = l->is_signed ? half >> 1 : (int64_t)((uint64_t)half >> 1);
    return round ? (int64_t)((uint64_t)v + (half & 1)) : v;
}

/* @a * 2^n. */
NEON_INLINE int64_t shift_left(const struct neon_lane *l, int64_t a, unsigned n)
{
    return n < l->bits ? (int64_t)((uint64_t)a << n) : 0;
}

NEON_INLINE int64_t shift_left_saturate(struct neon_lane *l, int64_t a, unsigned n)
{
    int64_t max = (int64_t)(neon_mask(l->bits) >> l->is_signed);
    bool negative = l->is_signed && a < 0;
    int64_t v = shift_left(l, a, n);
    int64_t back = n >= l->bits      ? 0
                   : l->is_signed    ? neon_get((uint64_t)v, 0, l->bits, true) >> n
                                     : (int64_t)(((uint64_t)v & neon_mask(l->bits)) >> n);
    if (back == a)
        return v;
    l->saturated = true;
    return negative ? -max - 1 : max;
}

NEON_INLINE int64_t shift(struct neon_lane *l, int64_t a, int64_t b, bool round, bool saturate)
{
    int n = (int8_t)b;
    if (n < 0)
        return shift_right(l, a, (unsigned)-n, round);
    return saturate ? shift_left_saturate(l, a, (unsigned)n) : shift_left(l, a, (unsigned)n);
}

NEON_INLINE int64_t shl(struct neon_lane *l, int64_t a, int64_t b)
{
    return shift(l, a, b, false, false);
}

NEON_INLINE int64_t rshl(struct neon_lane *l, int64_t a, int64_t b)
{
    return shift(l, a, b, true, false);
}

NEON_INLINE int64_t qshl(struct neon_lane *l, int64_t a, int64_t b)
{
    return shift(l, a, b, false, true);
}

NEON_INLINE int64_t qrshl(struct neon_lane *l, int64_t a, int64_t b)
{
    return shift(l, a, b, true, true);
}

/* A signed element to an unsigned result. */
NEON_INLINE int64_t qshlu(struct neon_lane *l, int64_t a, int64_t b)
{
    if (neon_get((uint64_t)a, 0, l->bits, true) >= 0)
        return shift_left_saturate(l, a, (uint8_t)b);
    l->saturated = true;
    return 0;
}

NEON_DEFINE_SU4(shl, neon_map, shl)
NEON_DEFINE_SU4(rshl, neon_map, rshl)
NEON_DEFINE_SU4(qshl, neon_map, qshl)
NEON_DEFINE_SU4(qrshl, neon_map, qrshl)
NEON_DEFINE_3(qshlu, neon_map, qshlu, false)
NEON_DEFINE(qshlu_64, neon_map, qshlu, 64, false)
