/* FPConvert, FPToFixed, FixedToFP, FPRoundInt. */
#include <assert.h>

#include "fp/fp_internal.h"

/* FPConvertNaN: the payload's high bits stay. */
static uint64_t convert_nan(enum fp_size to, enum fp_size from, uint64_t a)
{
    unsigned from_bits = fp_formats[from].fraction_bits, to_bits = fp_formats[to].fraction_bits;
    bool sign = (a & fp_sign_bit(from)) != 0;
    uint64_t payload = a << (64 - from_bits) >> (64 - to_bits);
    return fp_zero(to, sign) | fp_default_nan(to) | payload;
}

/* A NaN or an infinity where f16 has neither. */
static uint64_t convert_to_alternative(struct fp_status *s, const struct fp_number *n)
{
    s->flags |= FP_IOC;
    return fp_zero(FP_16, n->sign) | (fp_is_nan(n) ? 0 : 0x7fff);
}

uint64_t fp_convert(struct fp_status *s, enum fp_size to, enum fp_size from, uint64_t a)
{
    struct fp_number n = fp_unpack_cv(s, from, a);
    if (n.kind >= FP_KIND_INFINITY && to == FP_16 && s->alternative)
        return convert_to_alternative(s, &n);
    if (fp_is_nan(&n)) {
        if (n.kind == FP_KIND_SNAN)
            s->flags |= FP_IOC;
        return s->default_nan ? fp_default_nan(to) : convert_nan(to, from, a);
    }
    if (n.kind == FP_KIND_INFINITY)
        return fp_infinity(to, n.sign);
    if (n.kind == FP_KIND_ZERO)
        return fp_zero(to, n.sign);
    return fp_round_cv(s, to, n.sign, n.exp, n.mant, (enum fp_rounding)s->rounding);
}

/* The magnitude @mag with its sign in @bits bits; saturated and invalid when it does not fit. */
static uint64_t saturate(struct fp_status *s, bool sign, uint64_t mag, bool too_big, unsigned bits,
                         bool is_unsigned)
{
    uint64_t all = ~0ull >> (64 - bits);
    uint64_t positive = is_unsigned ? all : all >> 1, negative = is_unsigned ? 0 : (all >> 1) + 1;
    uint64_t limit = sign ? negative : positive;
    if (too_big || mag > limit) {
        s->flags |= FP_IOC;
        return limit;
    }
    return (sign ? -mag : mag) & all;
}

uint64_t fp_to_fixed(struct fp_status *s, enum fp_size f, uint64_t a, unsigned bits, unsigned fbits,
                     bool is_unsigned, enum fp_rounding rounding)
{
    assert(bits == 16 || bits == 32 || bits == 64);
    struct fp_number n = fp_unpack(s, f, a);
    int exp = n.exp + (int)fbits;
    bool inexact = false;
    uint64_t mag = 0;

    if (fp_is_nan(&n)) {
        s->flags |= FP_IOC;
        return 0;
    }
    if (n.kind == FP_KIND_ZERO)
        return 0;
    bool too_big = n.kind == FP_KIND_INFINITY || exp > 63;
    if (!too_big)
        mag = exp == 63 ? n.mant
                        : fp_round_magnitude(n.mant, (unsigned)(63 - exp), n.sign, rounding,
                                             &inexact);
    uint8_t before = s->flags;
    s->flags &= ~FP_IOC;
    uint64_t result = saturate(s, n.sign, mag, too_big, bits, is_unsigned);
    if (inexact && !(s->flags & FP_IOC))
        s->flags |= FP_IXC;
    s->flags |= before;
    return result;
}

uint64_t fp_from_fixed(struct fp_status *s, enum fp_size f, uint64_t v, unsigned fbits,
                       bool is_unsigned, enum fp_rounding rounding)
{
    bool sign = !is_unsigned && v >> 63;
    uint64_t mag = sign ? -v : v;
    if (!mag)
        return 0;
    int shift = __builtin_clzll(mag);
    return fp_round(s, f, sign, 63 - shift - (int)fbits, mag << shift, rounding);
}

uint64_t fp_round_int(struct fp_status *s, enum fp_size f, uint64_t a, enum fp_rounding rounding,
                      bool exact)
{
    struct fp_number n = fp_unpack(s, f, a);
    bool inexact;
    if (fp_is_nan(&n))
        return fp_process_nan(s, f, &n, a);
    if (n.kind == FP_KIND_ZERO)
        return fp_zero(f, n.sign);
    if (n.kind == FP_KIND_INFINITY || n.exp >= fp_formats[f].fraction_bits)
        return a;
    uint64_t mag = fp_round_magnitude(n.mant, (unsigned)(63 - n.exp), n.sign, rounding, &inexact);
    if (inexact && exact)
        s->flags |= FP_IXC;
    if (!mag)
        return fp_zero(f, n.sign);
    int shift = __builtin_clzll(mag);
    return fp_round(s, f, n.sign, 63 - shift, mag << shift, FP_TOZERO);
}
