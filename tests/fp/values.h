/* Operands for tests of floating-point arithmetic. */
#ifndef ARMEMU_TESTS_FP_VALUES_H
#define ARMEMU_TESTS_FP_VALUES_H

#include "frontend/arm/fp/fpscr.h"

/** The next pseudo-random 64 bits. */
uint64_t fp_random(uint64_t *seed);

/** A random encoding of format @f: any, or with few bits set, or with an extreme exponent. */
uint64_t fp_random_value(uint64_t *seed, enum fp_size f);

/** Likewise, but often of about the magnitude of @a, so that sums cancel and align in all ways. */
uint64_t fp_random_near(uint64_t *seed, enum fp_size f, uint64_t a);

#endif
