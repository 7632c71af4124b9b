/* FPCompare, FPMax, FPMin, FPMaxNum, FPMinNum. */
#include "fp/fp_internal.h"

enum { NZCV_LESS = 8, NZCV_EQUAL = 6, NZCV_GREATER = 2, NZCV_UNORDERED = 3 };

/* The order of magnitudes: -1, 0, 1. The kinds of numbers are enumerated by magnitude. */
static int magnitude_order(const struct fp_number *a, const struct fp_number *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind != FP_KIND_FINITE)
        return 0;
    if (a->exp != b->exp)
        return a->exp < b->exp ? -1 : 1;
    return (a->mant > b->mant) - (a->mant < b->mant);
}

/* The order of two numbers that are not NaNs. */
static int order(const struct fp_number *a, const struct fp_number *b)
{
    if (a->kind == FP_KIND_ZERO && b->kind == FP_KIND_ZERO)
        return 0;
    if (a->sign != b->sign)
        return a->sign ? -1 : 1;
    return a->sign ? magnitude_order(b, a) : magnitude_order(a, b);
}

unsigned fp_compare(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b, bool signal_nans)
{
    struct fp_number x = fp_unpack(s, f, a), y = fp_unpack(s, f, b);
    if (fp_is_nan(&x) || fp_is_nan(&y)) {
        if (signal_nans || x.kind == FP_KIND_SNAN || y.kind == FP_KIND_SNAN)
            s->flags |= FP_IOC;
        return NZCV_UNORDERED;
    }
    static const uint8_t nzcv[3] = {NZCV_LESS, NZCV_EQUAL, NZCV_GREATER};
    return nzcv[order(&x, &y) + 1];
}

bool fp_compare_eq(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    return fp_compare(s, f, a, b, false) == NZCV_EQUAL;
}

bool fp_compare_ge(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    unsigned nzcv = fp_compare(s, f, a, b, true);
    return nzcv == NZCV_EQUAL || nzcv == NZCV_GREATER;
}

bool fp_compare_gt(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    return fp_compare(s, f, a, b, true) == NZCV_GREATER;
}

static uint64_t extreme(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b, bool max)
{
    uint64_t v[2] = {a, b}, result;
    struct fp_number n[2] = {fp_unpack(s, f, a), fp_unpack(s, f, b)};
    if (fp_process_nans(s, f, 2, n, v, &result))
        return result;
    if (n[0].kind == FP_KIND_ZERO && n[1].kind == FP_KIND_ZERO)
        return fp_zero(f, max ? n[0].sign & n[1].sign : n[0].sign | n[1].sign);
    int o = order(&n[0], &n[1]);
    unsigned i = max ? o <= 0 : o >= 0;
    return n[i].kind == FP_KIND_ZERO ? fp_zero(f, n[i].sign) : v[i]; /* a flushed denormal is 0 */
}

uint64_t fp_max(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    return extreme(s, f, a, b, true);
}

uint64_t fp_min(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    return extreme(s, f, a, b, false);
}

/* A single quiet NaN gives way to the other operand. */
static uint64_t extreme_number(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b,
                               bool max)
{
    bool quiet_a = fp_unpack(s, f, a).kind == FP_KIND_QNAN;
    bool quiet_b = fp_unpack(s, f, b).kind == FP_KIND_QNAN;
    if (quiet_a && !quiet_b)
        a = fp_infinity(f, max);
    else if (quiet_b && !quiet_a)
        b = fp_infinity(f, max);
    return extreme(s, f, a, b, max);
}

uint64_t fp_maxnum(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    return extreme_number(s, f, a, b, true);
}

uint64_t fp_minnum(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    return extreme_number(s, f, a, b, false);
}
