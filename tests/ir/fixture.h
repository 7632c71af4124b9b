/* A small guest for the tests of the IR: registers, overlapping wide registers, helpers. */
#ifndef ARMEMU_TESTS_IR_FIXTURE_H
#define ARMEMU_TESTS_IR_FIXTURE_H

#include "ir/interp.h"

enum { GUEST_RAM = 0x4000 };

struct guest {
    struct ir_env env;
    uint32_t r[8];
    uint64_t d[2]; /* s0..s3 are their halves */
    uint8_t lane, byte;
    uint16_t half;
    /* What is not a slot. */
    uint32_t fault_mask; /* slow accesses fault where (address & fault_mask) == fault_value != 0 */
    uint32_t fault_value;
    uint64_t log;        /* hash of everything that was seen from outside, in order */
    uint32_t slow_loads, slow_stores, last_memop;
    uint8_t ram[GUEST_RAM]; /* at address 0, and repeated */
};

extern const struct ir_target guest_target;
extern const struct ir_callbacks guest_callbacks;

/** A guest with distinct values everywhere, budget for @budget instructions and no more. */
void guest_init(struct guest *g, int32_t budget);
/** Flags from a string such as "nZcV": capital letters are set. */
void guest_set_flags(struct guest *g, const char *flags);
bool guest_flags_are(const struct guest *g, const char *flags);
/** Parse and verify; the test fails where that does. */
void block_parse(struct ir_block *b, struct arena *arena, const char *text);
/** The text form of @b without its header line; to be freed. */
char *block_text(const struct ir_block *b);
/** Parse and run @text on @g. */
enum ir_exit guest_run(struct guest *g, const char *text);

#endif
