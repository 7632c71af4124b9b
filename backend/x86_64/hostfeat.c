#include "backend/x86_64/hostfeat.h"

#include <cpuid.h>
#include <stdbool.h>

/* Does the system save the AVX registers? */
static bool system_has_avx(void)
{
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
        return false;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

static uint32_t vector_features(void)
{
    unsigned a, b, c, d;
    uint32_t features = HOST_AVX;
    if (!system_has_avx())
        return 0;
    if (__get_cpuid(1, &a, &b, &c, &d))
        features |= (c & bit_FMA ? HOST_FMA : 0) | (c & bit_F16C ? HOST_F16C : 0);
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
        features |= b & bit_AVX2 ? HOST_AVX2 : 0;
    return features;
}

static uint32_t crypto_features(void)
{
    unsigned a, b, c, d;
    uint32_t features = 0;
    if (__get_cpuid(1, &a, &b, &c, &d)) {
        features |= c & bit_AES ? HOST_AES : 0;
        features |= c & bit_PCLMUL ? HOST_PCLMUL : 0;
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
        features |= b & bit_SHA ? HOST_SHA : 0;
    return features;
}

uint32_t host_features_detect(void)
{
    unsigned a, b, c, d;
    uint32_t features = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        features |= b & bit_BMI ? HOST_BMI1 : 0;
        features |= b & bit_BMI2 ? HOST_BMI2 : 0;
    }
    if (__get_cpuid(0x80000001, &a, &b, &c, &d))
        features |= c & bit_LZCNT ? HOST_LZCNT : 0;
    return features | vector_features() | crypto_features();
}
