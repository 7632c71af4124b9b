/* The reference arithmetic against the host's (SSE): results and exceptions of random operands. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <string.h>
#include <immintrin.h>

#include "frontend/arm/fp/fpscr.h"
#include "tests/fp/values.h"

enum { CASES = 300000, MODES = 4 };

/* MXCSR: exception flags, all masked, rounding control. */
static const uint32_t mxcsr_round[MODES] = {
    [FP_TIEEVEN] = 0x0000, [FP_POSINF] = 0x4000, [FP_NEGINF] = 0x2000, [FP_TOZERO] = 0x6000};

static void host_begin(unsigned mode)
{
    _mm_setcsr(0x1f80 | mxcsr_round[mode]);
}

/* The host's exceptions as the FPSCR has them. x86 finds tininess after rounding, ARM before: the
 * caller compares underflow where the two agree only. */
static unsigned host_flags(void)
{
    unsigned x = _mm_getcsr(), flags = 0;
    flags |= x & 0x01 ? FP_IOC : 0;
    flags |= x & 0x04 ? FP_DZC : 0;
    flags |= x & 0x08 ? FP_OFC : 0;
    flags |= x & 0x10 ? FP_UFC : 0;
    flags |= x & 0x20 ? FP_IXC : 0;
    return flags;
}

enum op { ADD, SUB, MUL, DIV, SQRT, OPS };

static const char *const op_names[OPS] = {"add", "sub", "mul", "div", "sqrt"};

static uint64_t host_f64(enum op op, uint64_t a, uint64_t b)
{
    double xd, yd;
    memcpy(&xd, &a, 8);
    memcpy(&yd, &b, 8);
    __m128d x = _mm_set_sd(xd), y = _mm_set_sd(yd), r = x;
    switch (op) {
    case ADD: r = _mm_add_sd(x, y); break;
    case SUB: r = _mm_sub_sd(x, y); break;
    case MUL: r = _mm_mul_sd(x, y); break;
    case DIV: r = _mm_div_sd(x, y); break;
    default: r = _mm_sqrt_sd(x, x); break;
    }
    __asm__ volatile("" : "+x"(r));
    return (uint64_t)_mm_cvtsi128_si64(_mm_castpd_si128(r));
}

static uint64_t host_f32(enum op op, uint64_t a, uint64_t b)
{
    __m128 x = _mm_castsi128_ps(_mm_cvtsi32_si128((int)a));
    __m128 y = _mm_castsi128_ps(_mm_cvtsi32_si128((int)b)), r = x;
    switch (op) {
    case ADD: r = _mm_add_ss(x, y); break;
    case SUB: r = _mm_sub_ss(x, y); break;
    case MUL: r = _mm_mul_ss(x, y); break;
    case DIV: r = _mm_div_ss(x, y); break;
    default: r = _mm_sqrt_ss(x); break;
    }
    __asm__ volatile("" : "+x"(r));
    return (uint32_t)_mm_cvtsi128_si32(_mm_castps_si128(r));
}

static uint64_t ours(struct fp_status *s, enum op op, enum fp_size f, uint64_t a, uint64_t b)
{
    switch (op) {
    case ADD: return fp_add(s, f, a, b);
    case SUB: return fp_sub(s, f, a, b);
    case MUL: return fp_mul(s, f, a, b);
    case DIV: return fp_div(s, f, a, b);
    default: return fp_sqrt(s, f, a);
    }
}

static bool is_nan(enum fp_size f, uint64_t v)
{
    return f == FP_64 ? (v & ~0ull >> 1) > 0x7ffull << 52 : (v & 0x7fffffff) > 0x7f800000;
}

/* Is it the smallest normal number, to which a tiny result may have been rounded? */
static bool is_smallest_normal(enum fp_size f, uint64_t v)
{
    return f == FP_64 ? (v & ~0ull >> 1) == 1ull << 52 : (v & 0x7fffffff) == 1u << 23;
}

static void compare_one(enum op op, enum fp_size f, unsigned mode, uint64_t a, uint64_t b)
{
    struct fp_status s = {.rounding = (uint8_t)mode};
    uint64_t mine = ours(&s, op, f, a, b);
    host_begin(mode);
    uint64_t host = f == FP_64 ? host_f64(op, a, b) : host_f32(op, a, b);
    unsigned flags = host_flags(), differ = flags ^ s.flags;
    host_begin(0);
    if (is_smallest_normal(f, host))
        differ &= ~(unsigned)FP_UFC;
    /* x86 chooses the payload and sign of NaNs by other rules. */
    bool same = is_nan(f, host) ? is_nan(f, mine) : host == mine;
    cr_assert(same && !differ, "%s f%d mode %u: %llx, %llx: %llx flags %x, host %llx flags %x",
              op_names[op], 8 << (f + 1), mode, (unsigned long long)a, (unsigned long long)b,
              (unsigned long long)mine, s.flags, (unsigned long long)host, flags);
}

static void compare_ops(enum fp_size f)
{
    uint64_t seed = 1;
    for (unsigned i = 0; i < CASES; i++) {
        uint64_t a = fp_random_value(&seed, f), b = fp_random_near(&seed, f, a);
        for (enum op op = 0; op < OPS; op++)
            compare_one(op, f, i % MODES, a, b);
    }
}

Test(fp_host, arithmetic_f32)
{
    compare_ops(FP_32);
}

Test(fp_host, arithmetic_f64)
{
    compare_ops(FP_64);
}

Test(fp_host, conversions)
{
    uint64_t seed = 2;
    for (unsigned i = 0; i < CASES; i++) {
        uint64_t a = fp_random_value(&seed, FP_64);
        unsigned mode = i % MODES;
        if (is_nan(FP_64, a))
            continue;
        double d;
        memcpy(&d, &a, 8);
        struct fp_status s = {.rounding = (uint8_t)mode};
        uint64_t mine = fp_convert(&s, FP_32, FP_64, a);
        host_begin(mode);
        __m128 r = _mm_cvtsd_ss(_mm_setzero_ps(), _mm_set_sd(d));
        __asm__ volatile("" : "+x"(r));
        unsigned flags = host_flags();
        host_begin(0);
        uint32_t host = (uint32_t)_mm_cvtsi128_si32(_mm_castps_si128(r));
        unsigned differ = (flags ^ s.flags) &
                          (is_smallest_normal(FP_32, host) ? ~(unsigned)FP_UFC : ~0u);
        cr_assert(mine == host && !differ, "%llx mode %u: %llx flags %x, host %x flags %x",
                  (unsigned long long)a, mode, (unsigned long long)mine, s.flags, host, flags);
    }
}

/* The fused operation where the host has it. */
__attribute__((target("fma"))) static uint64_t host_fma(uint64_t c, uint64_t a, uint64_t b)
{
    double x, y, z;
    memcpy(&x, &a, 8);
    memcpy(&y, &b, 8);
    memcpy(&z, &c, 8);
    __m128d r = _mm_fmadd_sd(_mm_set_sd(x), _mm_set_sd(y), _mm_set_sd(z));
    __asm__ volatile("" : "+x"(r));
    return (uint64_t)_mm_cvtsi128_si64(_mm_castpd_si128(r));
}

Test(fp_host, fused)
{
    uint64_t seed = 3;
    if (!__builtin_cpu_supports("fma"))
        cr_skip("the host has no FMA");
    for (unsigned i = 0; i < CASES; i++) {
        uint64_t a = fp_random_value(&seed, FP_64), b = fp_random_near(&seed, FP_64, a);
        struct fp_status p = {.rounding = FP_TIEEVEN}, s = {.rounding = (uint8_t)(i % MODES)};
        /* Half of the addends nearly cancel the product. */
        uint64_t product = fp_mul(&p, FP_64, a, b);
        uint64_t c = i & 8 ? fp_random_near(&seed, FP_64, product) : fp_random_value(&seed, FP_64);
        uint64_t mine = fp_muladd(&s, FP_64, c, a, b);
        host_begin(s.rounding);
        uint64_t host = host_fma(c, a, b);
        unsigned differ = (host_flags() ^ s.flags) &
                          (is_smallest_normal(FP_64, host) ? ~(unsigned)FP_UFC : ~0u);
        host_begin(0);
        if (is_nan(FP_64, c))
            differ &= ~(unsigned)FP_IOC; /* infinity times zero plus a NaN: ARM alone reports it */
        bool same = is_nan(FP_64, host) ? is_nan(FP_64, mine) : host == mine;
        cr_assert(same && !differ, "%llx + %llx * %llx mode %u: %llx flags %x, host %llx",
                  (unsigned long long)c, (unsigned long long)a, (unsigned long long)b, s.rounding,
                  (unsigned long long)mine, s.flags, (unsigned long long)host);
    }
}
