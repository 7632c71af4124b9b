#include "backend/x86_64/hostfeat.h"

#include <cpuid.h>

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
    return features;
}
