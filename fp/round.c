/* Unpacking, NaNs and rounding: FPUnpackBase, FPProcessNaNs, FPRoundBase. */
#include <assert.h>

#include "fp/fp_internal.h"

const struct fp_format fp_formats[FP_SIZE_COUNT] = {
    [FP_16] = {.fraction_bits = 10, .exponent_bits = 5, .min_exp = -14},
    [FP_32] = {.fraction_bits = 23, .exponent_bits = 8, .min_exp = -126},
    [FP_64] = {.fraction_bits = 52, .exponent_bits = 11, .min_exp = -1022},
};

/* A denormal number, or the zero that it is flushed to. FZ reports it, FZ16 does not. */
static struct fp_number unpack_denormal(struct fp_status *s, enum fp_size f, bool sign,
                                        uint64_t fraction, bool flush)
{
    const struct fp_format *fmt = &fp_formats[f];
    if (flush) {
        if (f != FP_16)
            s->flags |= FP_IDC;
        return (struct fp_number){.kind = FP_KIND_ZERO, .sign = sign};
    }
    int shift = __builtin_clzll(fraction);
    return (struct fp_number){
        .kind = FP_KIND_FINITE,
        .sign = sign,
        .exp = fmt->min_exp + 63 - fmt->fraction_bits - shift,
        .mant = fraction << shift,
    };
}

static enum fp_kind special_kind(const struct fp_format *fmt, uint64_t fraction)
{
    if (!fraction)
        return FP_KIND_INFINITY;
    return fraction >> (fmt->fraction_bits - 1) ? FP_KIND_QNAN : FP_KIND_SNAN;
}

static struct fp_number unpack_base(struct fp_status *s, enum fp_size f, uint64_t v, bool flush,
                                    bool alternative)
{
    const struct fp_format *fmt = &fp_formats[f];
    uint64_t fraction = v & ((1ull << fmt->fraction_bits) - 1);
    int max = (1 << fmt->exponent_bits) - 1;
    int biased = (int)(v >> fmt->fraction_bits) & max;
    bool sign = (v & fp_sign_bit(f)) != 0;

    if (biased == 0 && !fraction)
        return (struct fp_number){.kind = FP_KIND_ZERO, .sign = sign};
    if (biased == 0)
        return unpack_denormal(s, f, sign, fraction, flush);
    if (biased == max && !alternative)
        return (struct fp_number){.kind = special_kind(fmt, fraction), .sign = sign};
    return (struct fp_number){
        .kind = FP_KIND_FINITE,
        .sign = sign,
        .exp = biased - 1 + fmt->min_exp,
        .mant = 1ull << 63 | fraction << (63 - fmt->fraction_bits),
    };
}

struct fp_number fp_unpack(struct fp_status *s, enum fp_size f, uint64_t v)
{
    return unpack_base(s, f, v, f == FP_16 ? s->flush16 : s->flush, false);
}

struct fp_number fp_unpack_cv(struct fp_status *s, enum fp_size f, uint64_t v)
{
    return unpack_base(s, f, v, f != FP_16 && s->flush, f == FP_16 && s->alternative);
}

uint64_t fp_process_nan(struct fp_status *s, enum fp_size f, const struct fp_number *n, uint64_t v)
{
    assert(fp_is_nan(n));
    if (n->kind == FP_KIND_SNAN)
        s->flags |= FP_IOC;
    return s->default_nan ? fp_default_nan(f) : v | 1ull << (fp_formats[f].fraction_bits - 1);
}

bool fp_process_nans(struct fp_status *s, enum fp_size f, unsigned count,
                     const struct fp_number n[], const uint64_t v[], uint64_t *result)
{
    static const enum fp_kind order[] = {FP_KIND_SNAN, FP_KIND_QNAN};
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < count; i++)
            if (n[i].kind == order[k]) {
                *result = fp_process_nan(s, f, &n[i], v[i]);
                return true;
            }
    return false;
}

bool fp_overflow_to_infinity(enum fp_rounding rounding, bool sign)
{
    return rounding == FP_TIEEVEN || rounding == FP_TIEAWAY ||
           rounding == (sign ? FP_NEGINF : FP_POSINF);
}

uint64_t fp_round_magnitude(uint64_t mant, unsigned shift, bool sign, enum fp_rounding rounding,
                            bool *inexact)
{
    if (shift > 64) { /* less than a half, however small */
        mant = mant != 0;
        shift = 64;
    }
    uint64_t half = 1ull << (shift - 1), whole = shift == 64 ? 0 : mant >> shift;
    uint64_t error = mant & (half | (half - 1));
    bool up = false;

    switch (rounding) {
    case FP_TIEEVEN: up = error > half || (error == half && (whole & 1)); break;
    case FP_TIEAWAY: up = error >= half; break;
    case FP_POSINF: up = error && !sign; break;
    case FP_NEGINF: up = error && sign; break;
    case FP_TOZERO: break;
    }
    *inexact = error != 0;
    return whole + up;
}

static uint64_t overflow(struct fp_status *s, enum fp_size f, bool sign, enum fp_rounding rounding)
{
    s->flags |= FP_OFC | FP_IXC;
    return fp_overflow_to_infinity(rounding, sign) ? fp_infinity(f, sign) : fp_max_normal(f, sign);
}

static uint64_t round_base(struct fp_status *s, enum fp_size f, const struct fp_number *n,
                           enum fp_rounding rounding, bool flush, bool alternative)
{
    const struct fp_format *fmt = &fp_formats[f];
    int biased = n->exp - fmt->min_exp + 1, max = (1 << fmt->exponent_bits) - 1;
    unsigned shift = 63u - fmt->fraction_bits;
    bool inexact;

    if (flush && biased <= 0) {
        s->flags |= FP_UFC;
        return fp_zero(f, n->sign);
    }
    if (biased <= 0) {
        shift += (unsigned)(1 - biased);
        biased = 0;
    }
    uint64_t mant = fp_round_magnitude(n->mant, shift, n->sign, rounding, &inexact);
    if (biased == 0 && inexact)
        s->flags |= FP_UFC;
    /* The implicit bit counts as one in the exponent: rounding up carries into it, in denormal
     * numbers as well. */
    uint64_t result = ((uint64_t)(biased ? biased - 1 : 0) << fmt->fraction_bits) + mant;
    uint64_t limit = (uint64_t)max << fmt->fraction_bits;
    if (alternative && result >= limit + (1ull << fmt->fraction_bits)) {
        s->flags |= FP_IOC;
        return fp_sign_bit(f) - 1 + fp_zero(f, n->sign);
    }
    if (!alternative && result >= limit)
        return overflow(s, f, n->sign, rounding);
    if (inexact)
        s->flags |= FP_IXC;
    return result | fp_zero(f, n->sign);
}

uint64_t fp_round(struct fp_status *s, enum fp_size f, bool sign, int exp, uint64_t mant,
                  enum fp_rounding rounding)
{
    struct fp_number n = {.sign = sign, .exp = exp, .mant = mant};
    return round_base(s, f, &n, rounding, f == FP_16 ? s->flush16 : s->flush, false);
}

uint64_t fp_round_cv(struct fp_status *s, enum fp_size f, bool sign, int exp, uint64_t mant,
                     enum fp_rounding rounding)
{
    struct fp_number n = {.sign = sign, .exp = exp, .mant = mant};
    return round_base(s, f, &n, rounding, f != FP_16 && s->flush, f == FP_16 && s->alternative);
}

uint64_t fp_round_wide(struct fp_status *s, enum fp_size f, bool sign, int exp, fp_wide m)
{
    uint64_t high = (uint64_t)(m >> 64);
    int shift = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)m);
    m <<= shift;
    return fp_round(s, f, sign, exp - shift, (uint64_t)(m >> 64) | ((uint64_t)m != 0),
                    (enum fp_rounding)s->rounding);
}
