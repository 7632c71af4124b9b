/* Reciprocal and reciprocal square root estimates and steps. */
#include "fp/fp_internal.h"

/* The estimate of 1 / x: x and the result in units of 1/512, x in [0.5, 1), in [1, 2) of 1/256. */
static unsigned recip_estimate(unsigned a)
{
    unsigned b = (1u << 19) / (2 * a + 1); /* of the middle of a's interval */
    return (b + 1) / 2;
}

/* The estimate of 1 / sqrt(x), x in [0.25, 1) in units of 1/512. */
static unsigned rsqrt_estimate(unsigned a)
{
    a = a < 256 ? 2 * a + 1 : ((a & ~1u) + 1) * 2;
    unsigned b = 512;
    for (unsigned step = 256; step; step /= 2)
        if (a * (b + step) * (b + step) < 1u << 28)
            b += step;
    return (b + 1) / 2;
}

uint32_t fp_recip_estimate_u32(uint32_t a)
{
    return a >> 31 ? (uint32_t)recip_estimate(a >> 23) << 23 : UINT32_MAX;
}

uint32_t fp_rsqrt_estimate_u32(uint32_t a)
{
    return a >> 30 ? (uint32_t)rsqrt_estimate(a >> 23) << 23 : UINT32_MAX;
}

/* The estimate, 256 .. 511 standing for 1 .. 511/256, times 2^@exp; a denormal one is cut off. */
static uint64_t pack_estimate(enum fp_size f, bool sign, int exp, unsigned estimate)
{
    const struct fp_format *fmt = &fp_formats[f];
    int biased = exp - fmt->min_exp + 1;
    uint64_t mant = (uint64_t)estimate << (fmt->fraction_bits - 8);
    uint64_t fraction = mant & ~(1ull << fmt->fraction_bits);
    if (biased <= 0)
        return fp_zero(f, sign) | mant >> (1 - biased);
    return fp_zero(f, sign) | (uint64_t)biased << fmt->fraction_bits | fraction;
}

uint64_t fp_recip_estimate(struct fp_status *s, enum fp_size f, uint64_t a)
{
    struct fp_number n = fp_unpack(s, f, a);
    if (fp_is_nan(&n))
        return fp_process_nan(s, f, &n, a);
    if (n.kind == FP_KIND_INFINITY)
        return fp_zero(f, n.sign);
    if (n.kind == FP_KIND_ZERO) {
        s->flags |= FP_DZC;
        return fp_infinity(f, n.sign);
    }
    if (n.exp < fp_formats[f].min_exp - 2) { /* the reciprocal is out of range */
        s->flags |= FP_OFC | FP_IXC;
        return fp_overflow_to_infinity((enum fp_rounding)s->rounding, n.sign)
                   ? fp_infinity(f, n.sign)
                   : fp_max_normal(f, n.sign);
    }
    if ((f == FP_16 ? s->flush16 : s->flush) && n.exp >= -fp_formats[f].min_exp) {
        s->flags |= FP_UFC;
        return fp_zero(f, n.sign);
    }
    return pack_estimate(f, n.sign, -1 - n.exp, recip_estimate((unsigned)(n.mant >> 55)));
}

uint64_t fp_rsqrt_estimate(struct fp_status *s, enum fp_size f, uint64_t a)
{
    struct fp_number n = fp_unpack(s, f, a);
    if (fp_is_nan(&n))
        return fp_process_nan(s, f, &n, a);
    if (n.kind == FP_KIND_ZERO) {
        s->flags |= FP_DZC;
        return fp_infinity(f, n.sign);
    }
    if (n.sign)
        return fp_invalid(s, f);
    if (n.kind == FP_KIND_INFINITY)
        return fp_zero(f, false);
    /* x = m * 2^e with e even and m in [0.25, 1): the root of its reciprocal is m^-0.5 *
     * 2^(-e/2) */
    bool odd = n.exp & 1;
    unsigned scaled = (unsigned)(n.mant >> (odd ? 55 : 56));
    int even = odd ? n.exp + 1 : n.exp + 2;
    return pack_estimate(f, false, -even / 2, rsqrt_estimate(scaled));
}

/* a * b, but 0 for a product of infinity and 0. */
static uint64_t step_product(struct fp_status *s, enum fp_size f, const struct fp_number n[2],
                             uint64_t a, uint64_t b)
{
    bool zero = n[0].kind == FP_KIND_ZERO || n[1].kind == FP_KIND_ZERO;
    bool infinite = n[0].kind == FP_KIND_INFINITY || n[1].kind == FP_KIND_INFINITY;
    return zero && infinite ? 0 : fp_mul(s, f, a, b);
}

/* The encoding of 3 or 2. */
static uint64_t small_constant(enum fp_size f, bool three)
{
    const struct fp_format *fmt = &fp_formats[f];
    return (uint64_t)(2 - fmt->min_exp) << fmt->fraction_bits |
           (uint64_t)three << (fmt->fraction_bits - 1);
}

uint64_t fp_recip_step(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    uint64_t v[2] = {a, b}, result;
    struct fp_number n[2] = {fp_unpack(s, f, a), fp_unpack(s, f, b)};
    if (fp_process_nans(s, f, 2, n, v, &result))
        return result;
    return fp_sub(s, f, small_constant(f, false), step_product(s, f, n, a, b));
}

uint64_t fp_rsqrt_step(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    uint64_t v[2] = {a, b}, result;
    struct fp_number n[2] = {fp_unpack(s, f, a), fp_unpack(s, f, b)};
    if (fp_process_nans(s, f, 2, n, v, &result))
        return result;
    return fp_halved_sub(s, f, small_constant(f, true), step_product(s, f, n, a, b));
}
