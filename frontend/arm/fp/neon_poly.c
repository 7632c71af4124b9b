/* Advanced SIMD multiplication of polynomials over {0, 1} (PolynomialMult). */
#include "frontend/arm/fp/neon_lanes.h"

/* The product of polynomials of l->bits coefficients, modulo x^64. */
NEON_INLINE int64_t pmul(struct neon_lane *l, int64_t a, int64_t b)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < l->bits; i++)
        if (a >> i & 1)
            r ^= (uint64_t)b << i;
    return (int64_t)r;
}

/* Bits 127..64 of the product of two polynomials of degree 63. */
static uint64_t pmul_high(uint64_t a, uint64_t b)
{
    uint64_t r = 0;
    for (unsigned i = 1; i < 64; i++)
        if (a >> i & 1)
            r ^= b >> (64 - i);
    return r;
}

NEON_DEFINE(pmul_8, neon_map, pmul, 8, false)
NEON_DEFINE(pmull_8, neon_map_long, pmul, 8, false)
NEON_DEFINE(pmull_64_lo, neon_map, pmul, 64, false)

uint64_t arm_helper_neon_pmull_64_hi(struct ir_env *env, uint64_t a, uint64_t b, uint64_t unused2,
                                     uint64_t unused3)
{
    return pmul_high(a, b);
}
