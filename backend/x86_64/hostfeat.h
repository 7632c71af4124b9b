/* Features of the host processor that change what the emitters choose. */
#ifndef ARMEMU_BACKEND_X86_64_HOSTFEAT_H
#define ARMEMU_BACKEND_X86_64_HOSTFEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

enum host_feature {
    HOST_BMI1 = 1, /* andn */
    HOST_BMI2 = 2, /* rorx, shlx, shrx, sarx */
    HOST_LZCNT = 4,
    HOST_AVX = 8,   /* three-operand forms of SSE instructions */
    HOST_AVX2 = 16,
    HOST_FMA = 32,
    HOST_AES = 64,
    HOST_PCLMUL = 128,
    HOST_SHA = 256,
    HOST_F16C = 512,
    HOST_TRAPS = 1024, /* with backend_config.fp_traps: invalid operations are signals */
};

/** The features that the host has, a mask of enum host_feature. */
uint32_t host_features_detect(void);

/**
 * Add what @list ("no-bmi2,no-avx", comma-separated) names to @mask, of features that are not to be
 * used. An unknown name: false and a message with the one that may have been meant.
 */
bool host_features_parse(const char *list, uint32_t *mask, struct error *e);

#endif
