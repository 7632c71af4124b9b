/* Advanced SIMD saturating operations on elements of the same length (DDI 0406C A8.8). */
#include "frontend/arm/fp/neon_lanes.h"

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

NEON_DEFINE_SU(qadd, neon_map, qadd, 32)
NEON_DEFINE_SU(qadd, neon_map, qadd, 64)
NEON_DEFINE_SU(qsub, neon_map, qsub, 32)
NEON_DEFINE_SU(qsub, neon_map, qsub, 64)
NEON_DEFINE(qdmulh_32, neon_map, qdmulh, 32, true)
NEON_DEFINE(qrdmulh_32, neon_map, qrdmulh, 32, true)
