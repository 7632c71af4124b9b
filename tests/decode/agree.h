/* Is what we decode what Capstone decodes? With the reasons for which the two may differ. */
#ifndef ARMEMU_TESTS_DECODE_AGREE_H
#define ARMEMU_TESTS_DECODE_AGREE_H

#include "tests/decode/foreign.h"
#include "tests/decode/record.h"

/** Compare the decoding of @word of @isa with that of @f. False when it differs without a known
 * reason; @text says how. */
bool agree_check(struct foreign *f, enum arm_isa isa, uint32_t word, char *text, size_t size);

#endif
