/* Advanced SIMD integer operations on elements of the same length (DDI 0406C A8.8). */
#include "frontend/arm/fp/neon_lanes.h"

NEON_INLINE int64_t hadd(struct neon_lane *l, int64_t a, int64_t b)
{
    return (a + b) >> 1;
}

NEON_INLINE int64_t rhadd(struct neon_lane *l, int64_t a, int64_t b)
{
    return (a + b + 1) >> 1;
}

NEON_INLINE int64_t hsub(struct neon_lane *l, int64_t a, int64_t b)
{
    return (a - b) >> 1;
}

NEON_INLINE int64_t cgt(struct neon_lane *l, int64_t a, int64_t b)
{
    return -(int64_t)(a > b);
}

NEON_INLINE int64_t cge(struct neon_lane *l, int64_t a, int64_t b)
{
    return -(int64_t)(a >= b);
}

NEON_INLINE int64_t max(struct neon_lane *l, int64_t a, int64_t b)
{
    return a > b ? a : b;
}

NEON_INLINE int64_t min(struct neon_lane *l, int64_t a, int64_t b)
{
    return a < b ? a : b;
}

NEON_INLINE int64_t abd(struct neon_lane *l, int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

NEON_INLINE int64_t add(struct neon_lane *l, int64_t a, int64_t b)
{
    return a + b;
}

/* Of unsigned elements, and not used for 64 bits: the product has no overflow. */
NEON_INLINE int64_t mul(struct neon_lane *l, int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* @v, or where @overflow says that it left 64 bits, the end of the range on the side @below. */
NEON_INLINE int64_t saturate64(struct neon_lane *l, int64_t v, bool overflow, bool below)
{
    if (!overflow)
        return v;
    l->saturated = true;
    if (l->is_signed)
        return below ? INT64_MIN : INT64_MAX;
    return below ? 0 : -1;
}

NEON_INLINE int64_t qadd(struct neon_lane *l, int64_t a, int64_t b)
{
    if (l->bits < 64)
        return neon_saturate(l, a + b, l->bits, l->is_signed);
    uint64_t sum = (uint64_t)a + (uint64_t)b;
    int64_t v = (int64_t)sum;
    bool overflow = l->is_signed ? ((a ^ v) & (b ^ v)) < 0 : sum < (uint64_t)a;
    return saturate64(l, v, overflow, l->is_signed && a < 0);
}

NEON_INLINE int64_t qsub(struct neon_lane *l, int64_t a, int64_t b)
{
    if (l->bits < 64)
        return neon_saturate(l, a - b, l->bits, l->is_signed);
    int64_t v = (int64_t)((uint64_t)a - (uint64_t)b);
    bool overflow = l->is_signed ? ((a ^ b) & (a ^ v)) < 0 : (uint64_t)a < (uint64_t)b;
    return saturate64(l, v, overflow, !l->is_signed || a < 0);
}

/* The high half of the doubled product: (2ab [+ half]) >> bits, without the doubling's overflow. */
NEON_INLINE int64_t qdmulh(struct neon_lane *l, int64_t a, int64_t b)
{
    return neon_saturate(l, (a * b) >> (l->bits - 1), l->bits, true);
}

NEON_INLINE int64_t qrdmulh(struct neon_lane *l, int64_t a, int64_t b)
{
    int64_t half = (int64_t)1 << (l->bits - 2);
    return neon_saturate(l, (a * b + half) >> (l->bits - 1), l->bits, true);
}

NEON_DEFINE_SU3(hadd, neon_map, hadd)
NEON_DEFINE_SU3(rhadd, neon_map, rhadd)
NEON_DEFINE_SU3(hsub, neon_map, hsub)
NEON_DEFINE_SU3(cgt, neon_map, cgt)
NEON_DEFINE_SU3(cge, neon_map, cge)
NEON_DEFINE_SU3(max, neon_map, max)
NEON_DEFINE_SU3(min, neon_map, min)
NEON_DEFINE_SU3(abd, neon_map, abd)
NEON_DEFINE_3(mul, neon_map, mul, false)
NEON_DEFINE_SU4(qadd, neon_map, qadd)
NEON_DEFINE_SU4(qsub, neon_map, qsub)
NEON_DEFINE(qdmulh_16, neon_map, qdmulh, 16, true)
NEON_DEFINE(qdmulh_32, neon_map, qdmulh, 32, true)
NEON_DEFINE(qrdmulh_16, neon_map, qrdmulh, 16, true)
NEON_DEFINE(qrdmulh_32, neon_map, qrdmulh, 32, true)

NEON_DEFINE_SU3(pmax, neon_map_pairs, max)
NEON_DEFINE_SU3(pmin, neon_map_pairs, min)
NEON_DEFINE_3(padd, neon_map_pairs, add, false)
NEON_DEFINE_SU3(paddl, neon_map_pairs_long, add)
