/* Advanced SIMD operations on one register (DDI 0406C A8.8). */
#include "frontend/arm/fp/neon_lanes.h"

NEON_INLINE int64_t clz(struct neon_lane *l, int64_t a, int64_t b)
{
    return a ? __builtin_clzll((uint64_t)a) - (64 - (int)l->bits) : (int)l->bits;
}

/* Copies of the sign bit behind it. */
NEON_INLINE int64_t cls(struct neon_lane *l, int64_t a, int64_t b)
{
    return __builtin_clrsbll(a) - (64 - (int)l->bits);
}

NEON_INLINE int64_t qabs(struct neon_lane *l, int64_t a, int64_t b)
{
    return neon_saturate(l, a < 0 ? -a : a, l->bits, true);
}

NEON_INLINE int64_t qneg(struct neon_lane *l, int64_t a, int64_t b)
{
    return neon_saturate(l, -a, l->bits, true);
}

NEON_DEFINE_3(clz, neon_map, clz, false)
NEON_DEFINE_3(cls, neon_map, cls, true)
NEON_DEFINE_3(qabs, neon_map, qabs, true)
NEON_DEFINE_3(qneg, neon_map, qneg, true)
