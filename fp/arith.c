/* FPAdd, FPSub, FPHalvedSub, FPMul, FPMulAdd, FPDiv, FPSqrt, FPAbs, FPNeg. */
#include "fp/fp_internal.h"

/* A nonzero number as m / 2^127 * 2^exp, bit 127 of m set; m = 0 is zero. */
struct wide {
    bool sign;
    int exp;
    fp_wide m;
};

static struct wide widen(const struct fp_number *n)
{
    return (struct wide){.sign = n->sign, .exp = n->exp, .m = (fp_wide)n->mant << 64};
}

static struct wide product(const struct fp_number *a, const struct fp_number *b)
{
    struct wide p = {.sign = a->sign ^ b->sign, .exp = a->exp + b->exp + 1,
                     .m = (fp_wide)a->mant * b->mant};
    if (p.m && !(p.m >> 127)) {
        p.m <<= 1;
        p.exp--;
    }
    return p;
}

/*
 * The sum times 2^@scale, rounded. Its terms have no more than 106 significant bits, so bits can
 * only be lost where the exponents differ by more than one: then cancellation moves the sum up by
 * one place at most, and the lost bits stay below the rounding position.
 */
static uint64_t add_wide(struct fp_status *s, enum fp_size f, struct wide a, struct wide b,
                         int scale)
{
    if (!a.m || (b.m && b.exp > a.exp)) {
        struct wide t = a;
        a = b;
        b = t;
    }
    fp_wide x = a.m >> 1, y = b.m ? fp_shift_jam(b.m >> 1, (unsigned)(a.exp - b.exp)) : 0;
    bool sign = a.sign;
    if (a.sign == b.sign) {
        x += y;
    } else if (x >= y) {
        x -= y;
    } else {
        x = y - x;
        sign = b.sign;
    }
    if (!x)
        return fp_zero(f, s->rounding == FP_NEGINF);
    return fp_round_wide(s, f, sign, a.exp + 1 + scale, x);
}

static uint64_t add_numbers(struct fp_status *s, enum fp_size f, const struct fp_number n[2],
                            int scale)
{
    bool inf0 = n[0].kind == FP_KIND_INFINITY, inf1 = n[1].kind == FP_KIND_INFINITY;
    if (inf0 && inf1 && n[0].sign != n[1].sign)
        return fp_invalid(s, f);
    if (inf0 || inf1)
        return fp_infinity(f, inf0 ? n[0].sign : n[1].sign);
    if (n[0].kind == FP_KIND_ZERO && n[1].kind == FP_KIND_ZERO && n[0].sign == n[1].sign)
        return fp_zero(f, n[0].sign);
    return add_wide(s, f, widen(&n[0]), widen(&n[1]), scale);
}

uint64_t fp_add(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    uint64_t v[2] = {a, b}, result;
    struct fp_number n[2] = {fp_unpack(s, f, a), fp_unpack(s, f, b)};
    if (fp_process_nans(s, f, 2, n, v, &result))
        return result;
    return add_numbers(s, f, n, 0);
}

static uint64_t subtract(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b, int scale)
{
    uint64_t v[2] = {a, b}, result;
    struct fp_number n[2] = {fp_unpack(s, f, a), fp_unpack(s, f, b)};
    if (fp_process_nans(s, f, 2, n, v, &result)) /* NaNs keep their sign */
        return result;
    n[1].sign ^= 1;
    return add_numbers(s, f, n, scale);
}

uint64_t fp_sub(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    return subtract(s, f, a, b, 0);
}

uint64_t fp_halved_sub(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    return subtract(s, f, a, b, -1);
}

static bool infinity_times_zero(const struct fp_number *a, const struct fp_number *b)
{
    return (a->kind == FP_KIND_INFINITY && b->kind == FP_KIND_ZERO) ||
           (a->kind == FP_KIND_ZERO && b->kind == FP_KIND_INFINITY);
}

static bool one_is(enum fp_kind kind, const struct fp_number *a, const struct fp_number *b)
{
    return a->kind == kind || b->kind == kind;
}

uint64_t fp_mul(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    uint64_t v[2] = {a, b}, result;
    struct fp_number n[2] = {fp_unpack(s, f, a), fp_unpack(s, f, b)};
    if (fp_process_nans(s, f, 2, n, v, &result))
        return result;
    bool sign = n[0].sign ^ n[1].sign;
    if (infinity_times_zero(&n[0], &n[1]))
        return fp_invalid(s, f);
    if (one_is(FP_KIND_INFINITY, &n[0], &n[1]))
        return fp_infinity(f, sign);
    if (one_is(FP_KIND_ZERO, &n[0], &n[1]))
        return fp_zero(f, sign);
    struct wide p = product(&n[0], &n[1]);
    return fp_round_wide(s, f, sign, p.exp, p.m);
}

/* n[0] + n[1] * n[2], none of them a NaN. */
static uint64_t muladd_numbers(struct fp_status *s, enum fp_size f, const struct fp_number n[3])
{
    bool sign = n[1].sign ^ n[2].sign;
    bool infinite = one_is(FP_KIND_INFINITY, &n[1], &n[2]);
    bool addend_infinite = n[0].kind == FP_KIND_INFINITY;

    if (infinity_times_zero(&n[1], &n[2]) || (addend_infinite && infinite && n[0].sign != sign))
        return fp_invalid(s, f);
    if (addend_infinite || infinite)
        return fp_infinity(f, addend_infinite ? n[0].sign : sign);
    if (n[0].kind == FP_KIND_ZERO && one_is(FP_KIND_ZERO, &n[1], &n[2]) && n[0].sign == sign)
        return fp_zero(f, sign);
    return add_wide(s, f, widen(&n[0]), product(&n[1], &n[2]), 0);
}

uint64_t fp_muladd(struct fp_status *s, enum fp_size f, uint64_t addend, uint64_t a, uint64_t b)
{
    uint64_t v[3] = {addend, a, b}, result;
    struct fp_number n[3] = {fp_unpack(s, f, addend), fp_unpack(s, f, a), fp_unpack(s, f, b)};
    bool nan = fp_process_nans(s, f, 3, n, v, &result);
    if (n[0].kind == FP_KIND_QNAN && infinity_times_zero(&n[1], &n[2]))
        return fp_invalid(s, f);
    return nan ? result : muladd_numbers(s, f, n);
}

uint64_t fp_div(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b)
{
    uint64_t v[2] = {a, b}, result;
    struct fp_number n[2] = {fp_unpack(s, f, a), fp_unpack(s, f, b)};
    if (fp_process_nans(s, f, 2, n, v, &result))
        return result;
    bool sign = n[0].sign ^ n[1].sign;
    if (n[0].kind == n[1].kind && n[0].kind != FP_KIND_FINITE)
        return fp_invalid(s, f);
    if (n[0].kind == FP_KIND_INFINITY || n[1].kind == FP_KIND_ZERO) {
        if (n[0].kind != FP_KIND_INFINITY)
            s->flags |= FP_DZC;
        return fp_infinity(f, sign);
    }
    if (n[0].kind == FP_KIND_ZERO || n[1].kind == FP_KIND_INFINITY)
        return fp_zero(f, sign);
    fp_wide dividend = (fp_wide)n[0].mant << 63;
    uint64_t quotient = (uint64_t)(dividend / n[1].mant);
    bool rest = dividend % n[1].mant != 0;
    return fp_round_wide(s, f, sign, n[0].exp - n[1].exp, (fp_wide)quotient << 64 | rest);
}

/* The square root, rounded down; *@exact tells whether it is one. */
static uint64_t integer_sqrt(fp_wide v, bool *exact)
{
    fp_wide root = 0;
    for (fp_wide bit = (fp_wide)1 << 126; bit; bit >>= 2) {
        if (v >= root + bit) {
            v -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    *exact = !v;
    return (uint64_t)root;
}

uint64_t fp_sqrt(struct fp_status *s, enum fp_size f, uint64_t a)
{
    struct fp_number n = fp_unpack(s, f, a);
    bool exact;
    if (fp_is_nan(&n))
        return fp_process_nan(s, f, &n, a);
    if (n.kind == FP_KIND_ZERO)
        return fp_zero(f, n.sign);
    if (n.sign)
        return fp_invalid(s, f);
    if (n.kind == FP_KIND_INFINITY)
        return fp_infinity(f, false);
    unsigned odd = (unsigned)n.exp & 1;
    uint64_t root = integer_sqrt((fp_wide)n.mant << (63 + odd), &exact);
    return fp_round_wide(s, f, false, (n.exp - (int)odd) / 2, (fp_wide)root << 64 | !exact);
}

uint64_t fp_abs(enum fp_size f, uint64_t a)
{
    return a & ~fp_sign_bit(f);
}

uint64_t fp_neg(enum fp_size f, uint64_t a)
{
    return a ^ fp_sign_bit(f);
}
