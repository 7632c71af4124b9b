/* Unpacked numbers and rounding: what the files of fp/ share. */
#ifndef ARMEMU_FP_INTERNAL_H
#define ARMEMU_FP_INTERNAL_H

#include "fp/fp.h"
#include "util/bits.h"

typedef unsigned __int128 fp_wide;

struct fp_format {
    uint8_t fraction_bits, exponent_bits;
    int16_t min_exp; /* of normal numbers */
};

extern const struct fp_format fp_formats[FP_SIZE_COUNT];

enum fp_kind { FP_KIND_ZERO, FP_KIND_FINITE, FP_KIND_INFINITY, FP_KIND_QNAN, FP_KIND_SNAN };

/* A finite number is mant / 2^63 * 2^exp, and bit 63 of mant is set. */
struct fp_number {
    enum fp_kind kind;
    bool sign;
    int exp;
    uint64_t mant;
};

static inline bool fp_is_nan(const struct fp_number *n)
{
    return n->kind >= FP_KIND_QNAN;
}

static inline uint64_t fp_sign_bit(enum fp_size f)
{
    return 1ull << (fp_formats[f].fraction_bits + fp_formats[f].exponent_bits);
}

static inline uint64_t fp_zero(enum fp_size f, bool sign)
{
    return sign ? fp_sign_bit(f) : 0;
}

/** FPInfinity, FPMaxNormal. */
static inline uint64_t fp_infinity(enum fp_size f, bool sign)
{
    return fp_zero(f, sign) |
           ((1ull << fp_formats[f].exponent_bits) - 1) << fp_formats[f].fraction_bits;
}
static inline uint64_t fp_max_normal(enum fp_size f, bool sign)
{
    return fp_infinity(f, sign) - 1;
}

/** FPDefaultNaN. */
static inline uint64_t fp_default_nan(enum fp_size f)
{
    return fp_infinity(f, false) | 1ull << (fp_formats[f].fraction_bits - 1);
}

/** The default NaN as result of an invalid operation. */
static inline uint64_t fp_invalid(struct fp_status *s, enum fp_size f)
{
    s->flags |= FP_IOC;
    return fp_default_nan(f);
}

/** @m >> @n for any @n >= 0; bit 0 of the result is set as well when a set bit was lost. */
static inline fp_wide fp_shift_jam(fp_wide m, unsigned n)
{
    if (n == 0)
        return m;
    if (n > 127)
        return m != 0;
    return m >> n | (m << (128 - n) != 0);
}

/** Does a result that overflows become an infinity in this direction? */
bool fp_overflow_to_infinity(enum fp_rounding rounding, bool sign);

/** FPUnpack; with @conversion FPUnpackCV (f16 observes AHP instead of FZ16). */
struct fp_number fp_unpack(struct fp_status *s, enum fp_size f, uint64_t v);
struct fp_number fp_unpack_cv(struct fp_status *s, enum fp_size f, uint64_t v);

/** FPProcessNaN, and FPProcessNaNs for 2 or 3 operands: true when there is one; *@result then is
 * the result. */
uint64_t fp_process_nan(struct fp_status *s, enum fp_size f, const struct fp_number *n, uint64_t v);
bool fp_process_nans(struct fp_status *s, enum fp_size f, unsigned count,
                     const struct fp_number n[], const uint64_t v[], uint64_t *result);

/**
 * @mant / 2^@shift (@shift >= 1) as an integer, @mant being a magnitude of sign @sign. *@inexact
 * tells whether it was rounded.
 */
uint64_t fp_round_magnitude(uint64_t mant, unsigned shift, bool sign, enum fp_rounding rounding,
                            bool *inexact);

/** FPRound of @mant / 2^63 * 2^@exp; bit 63 is set, bit 0 may stand for lower bits. */
uint64_t fp_round(struct fp_status *s, enum fp_size f, bool sign, int exp, uint64_t mant,
                  enum fp_rounding rounding);
/** FPRoundCV: the same for conversions between formats. */
uint64_t fp_round_cv(struct fp_status *s, enum fp_size f, bool sign, int exp, uint64_t mant,
                     enum fp_rounding rounding);
/** FPHalvedSub: (@a - @b) / 2, rounded once. */
uint64_t fp_halved_sub(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);

/** FPRound of @m / 2^127 * 2^@exp, @m != 0. */
uint64_t fp_round_wide(struct fp_status *s, enum fp_size f, bool sign, int exp, fp_wide m);

#endif
