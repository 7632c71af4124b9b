#include "backend/x86_64/hostfeat.h"

#include <cpuid.h>
#include <stdbool.h>

/* What CPUID says. Each leaf is asked for once: in a virtual machine that is slow. */
struct leaves {
    unsigned c1, b7, c80000001;
};

static struct leaves leaves_read(void)
{
    struct leaves l = {0};
    unsigned a, b, c, d, max;
    __cpuid(0, max, b, c, d);
    __cpuid(1, a, b, l.c1, d);
    if (max >= 7)
        __cpuid_count(7, 0, a, l.b7, c, d);
    __cpuid(0x80000000, max, b, c, d);
    if (max >= 0x80000001)
        __cpuid(0x80000001, a, b, l.c80000001, d);
    return l;
}

/* Does the system save the AVX registers? */
static bool system_has_avx(const struct leaves *l)
{
    unsigned low, high;
    if (!(l->c1 & bit_OSXSAVE) || !(l->c1 & bit_AVX))
        return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

static uint32_t vector_features(const struct leaves *l)
{
    if (!system_has_avx(l))
        return 0;
    return HOST_AVX | (l->c1 & bit_FMA ? HOST_FMA : 0) | (l->c1 & bit_F16C ? HOST_F16C : 0) |
           (l->b7 & bit_AVX2 ? HOST_AVX2 : 0);
}

static uint32_t crypto_features(const struct leaves *l)
{
    return (l->c1 & bit_AES ? HOST_AES : 0) | (l->c1 & bit_PCLMUL ? HOST_PCLMUL : 0) |
           (l->b7 & bit_SHA ? HOST_SHA : 0);
}

uint32_t host_features_detect(void)
{
    struct leaves l = leaves_read();
    return (l.b7 & bit_BMI ? HOST_BMI1 : 0) | (l.b7 & bit_BMI2 ? HOST_BMI2 : 0) |
           (l.c80000001 & bit_LZCNT ? HOST_LZCNT : 0) | vector_features(&l) | crypto_features(&l);
}
