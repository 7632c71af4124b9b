/* Advanced SIMD operations whose results are wider or narrower than the operands (A8.8). */
#include "frontend/arm/fp/neon_lanes.h"

/* Only the product of two most negative numbers overflows when it is doubled. */
NEON_INLINE int64_t qdmull(struct neon_lane *l, int64_t a, int64_t b)
{
    int64_t product = a * b;
    if (product != (int64_t)1 << (2 * l->bits - 2))
        return product * 2;
    l->saturated = true;
    return (int64_t)(neon_mask(2 * l->bits) >> 1);
}

/* Half of the width and the same signedness. An unsigned doubleword is not a number of int64_t. */
NEON_INLINE int64_t qnarrow(struct neon_lane *l, int64_t a, int64_t b)
{
    unsigned half = l->bits / 2;
    if (l->is_signed)
        return neon_saturate(l, a, half, true);
    if (!((uint64_t)a >> half))
        return a;
    l->saturated = true;
    return -1;
}

NEON_INLINE int64_t qnarrow_su(struct neon_lane *l, int64_t a, int64_t b)
{
    return neon_saturate(l, a, l->bits / 2, false);
}

NEON_DEFINE(qdmull_16, neon_map_long, qdmull, 16, true)
NEON_DEFINE(qdmull_32, neon_map_long, qdmull, 32, true)
NEON_DEFINE_SU(qnarrow, neon_map_narrow, qnarrow, 64)
NEON_DEFINE(qnarrow_su_64, neon_map_narrow, qnarrow_su, 64, true)
