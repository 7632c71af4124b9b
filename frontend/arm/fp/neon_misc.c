/* Advanced SIMD operations on one register, and rearrangements (DDI 0406C A8.8). */
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

NEON_INLINE int64_t cnt(struct neon_lane *l, int64_t a, int64_t b)
{
    return __builtin_popcountll((uint64_t)a);
}

NEON_INLINE int64_t qabs(struct neon_lane *l, int64_t a, int64_t b)
{
    return neon_saturate(l, a < 0 ? -a : a, l->bits, true);
}

NEON_INLINE int64_t qneg(struct neon_lane *l, int64_t a, int64_t b)
{
    return neon_saturate(l, -a, l->bits, true);
}

NEON_INLINE int64_t interleave(struct neon_lane *l, int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a | (uint64_t)b << l->bits);
}

NEON_DEFINE_3(clz, neon_map, clz, false)
NEON_DEFINE_3(cls, neon_map, cls, true)
NEON_DEFINE(cnt_8, neon_map, cnt, 8, false)
NEON_DEFINE_3(qabs, neon_map, qabs, true)
NEON_DEFINE_3(qneg, neon_map, qneg, true)
NEON_DEFINE(zip_8, neon_map_long, interleave, 8, false)
NEON_DEFINE(zip_16, neon_map_long, interleave, 16, false)

/* VTBL, VTBX: each byte of @indexes selects one of the table's, or keeps @outside's. @table: first
 * register | number of registers << 8. */
uint64_t arm_helper_neon_table(struct ir_env *env, uint64_t indexes, uint64_t outside,
                               uint64_t table, uint64_t unused3)
{
    const uint64_t *d = arm_state(env)->d;
    unsigned first = table & 31, count = (unsigned)(table >> 8) & 7;
    uint64_t r = 0;
    for (unsigned i = 0; i < 64; i += 8) {
        unsigned index = indexes >> i & 0xff;
        uint64_t from = index < 8 * count ? d[(first + index / 8) & 31] >> index % 8 * 8
                                          : outside >> i;
        r |= (from & 0xff) << i;
    }
    return r;
}
