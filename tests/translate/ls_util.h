/* Helpers of the load and store tests. */
#ifndef ARMEMU_TESTS_TRANSLATE_LS_UTIL_H
#define ARMEMU_TESTS_TRANSLATE_LS_UTIL_H

#include <criterion/criterion.h>
#include <string.h>

#include "tests/translate/harness.h"

/** A run whose data window holds a different byte pattern everywhere. */
static inline struct run *ls_new(void)
{
    struct run *r = run_new();
    uint32_t x = 0x2545f491;
    for (unsigned i = 0; i < RUN_DATA_SIZE; i++) {
        x = x * 1664525 + 1013904223;
        r->data[i] = (uint8_t)(x >> 24);
    }
    return r;
}

/** The little-endian word at offset @at of the data window. */
static inline uint32_t ls_word(const struct run *r, uint32_t at)
{
    uint32_t v;
    memcpy(&v, r->data + at, 4);
    return v;
}

static inline void ls_put_word(struct run *r, uint32_t at, uint32_t v)
{
    memcpy(r->data + at, &v, 4);
}

/** An ARMv5 CPU: unaligned words rotate. */
static inline void ls_rotate_mode(struct run *r)
{
    r->block_flags = ARM_BF_ROTATE | (uint32_t)RUN_CPU_V5TE << ARM_BF_FEATURES_SHIFT;
}

/** The access descriptor of the block's first op @opcode (ld or st). */
static inline uint32_t ls_memop(const struct run *r, enum ir_opcode opcode)
{
    for (uint32_t i = 0; i < r->block.count; i++)
        if (r->block.ops[i].opcode == opcode)
            return (uint32_t)r->block.ops[i].imm;
    cr_assert_fail("no such access");
    return 0;
}

/** Did the instruction take the Undefined Instruction exception? */
static inline bool ls_undefined(const struct run *r)
{
    return r->helper == ARM_HELPER_undefined;
}

#endif
