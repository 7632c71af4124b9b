#include "backend/x86_64/hostfeat.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#include "util/bits.h"

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
    return HOST_TRAPS | (l.b7 & bit_BMI ? HOST_BMI1 : 0) | (l.b7 & bit_BMI2 ? HOST_BMI2 : 0) |
           (l.c80000001 & bit_LZCNT ? HOST_LZCNT : 0) | vector_features(&l) | crypto_features(&l);
}

static const struct {
    const char *name;
    uint32_t mask;
} names[] = {
    {"no-bmi1", HOST_BMI1}, {"no-bmi2", HOST_BMI2}, {"no-lzcnt", HOST_LZCNT},
    {"no-avx", HOST_AVX | HOST_AVX2 | HOST_FMA | HOST_F16C}, {"no-avx2", HOST_AVX2},
    {"no-fma", HOST_FMA}, {"no-f16c", HOST_F16C}, {"no-aes", HOST_AES},
    {"no-pclmul", HOST_PCLMUL}, {"no-sha", HOST_SHA}, {"no-traps", HOST_TRAPS},
};

static bool unknown(const char *word, struct error *e)
{
    const char *known[ARRAY_SIZE(names) + 1] = {NULL};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        known[i] = names[i].name;
    const char *near = error_nearest(word, known);
    if (near)
        return error_set(e, "--host-features: unknown feature '%s'; did you mean '%s'?", word,
                         near);
    return error_set(e, "--host-features: unknown feature '%s'", word);
}

bool host_features_parse(const char *list, uint32_t *mask, struct error *e)
{
    for (size_t n; *list; list += n + (list[n] == ',')) {
        char word[32];
        unsigned i = 0;
        n = strcspn(list, ",");
        snprintf(word, sizeof(word), "%.*s", (int)n, list);
        while (i < ARRAY_SIZE(names) && strcmp(names[i].name, word))
            i++;
        if (i == ARRAY_SIZE(names))
            return unknown(word, e);
        *mask |= names[i].mask;
    }
    return true;
}
