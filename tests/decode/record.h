/* Decoding without the translator: the generated stubs (decode_stubs.c) take the place of the
 * trans_ functions and record what the decoder called them with. */
#ifndef ARMEMU_TESTS_DECODE_RECORD_H
#define ARMEMU_TESTS_DECODE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/decode_rows.h"
#include "frontend/arm/translate/translate.h"

#define DECODE_MAX_FIELDS 16

struct decode_record {
    struct arm_translate t; /* first: the stubs get a pointer to it */
    unsigned calls;
    const char *mnemonic;
    const char *const *fields; /* names, NULL-terminated */
    int values[DECODE_MAX_FIELDS];
};

/** Called by the stubs: note the call in the record that holds @t. Returns true. */
bool decode_record_call(struct arm_translate *t, const char *mnemonic, const char *const *fields,
                        const int *values);
/** Decode @insn for a CPU with @features. False when no row matches. */
bool decode_record(struct decode_record *r, enum arm_isa isa, uint32_t insn, uint64_t features);
/** "MNEMONIC field=value ..." of the record; negative values in decimal, from 1024 on in hex. */
void decode_record_print(const struct decode_record *r, char *buf, size_t size);

/** All features that the tables know. */
/* ... of the A profile. */
#define DECODE_ALL_FEATURES (((1ull << ARM_FEATURE_COUNT) - 1) & ~ARM_FEATURE(M))

#endif
