/* Capstone as the other opinion: T16 completely, A32 and T32 at random and row by row. */
#include <criterion/criterion.h>

#include "tests/decode/agree.h"

#define RANDOM_WORDS 300000
#define WORDS_PER_ROW 64
#define MAX_REPORTS 20

static uint32_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 16);
}

static void check(struct foreign *f, enum arm_isa isa, uint32_t word, unsigned *bad)
{
    char text[256];

    if (!agree_check(f, isa, word, text, sizeof(text)) && ++*bad <= MAX_REPORTS)
        cr_log_error("%s", text);
}

static bool row_matches(const struct arm_decode_row_info *row, uint32_t word, uint64_t features)
{
    if ((word & row->mask) != row->value || (features & row->features) != row->features)
        return false;
    if ((features & row->without) || (row->any && !(features & row->any)))
        return false;
    for (unsigned i = 0; i < row->except_count; i++)
        if ((word & row->except[i].mask) == row->except[i].value)
            return false;
    return true;
}

Test(decode, t16_agrees_with_capstone)
{
    struct foreign *f = foreign_new(true);
    unsigned bad = 0;

    for (uint32_t word = 0; word < 0xe800; word++)
        check(f, ARM_ISA_T16, word, &bad);
    foreign_free(f);
    cr_assert_eq(bad, 0, "%u halfwords decode differently", bad);
}

Test(decode, a32_agrees_with_capstone)
{
    struct foreign *f = foreign_new(false);
    uint64_t seed = 0x9e3779b97f4a7c15;
    unsigned bad = 0;

    for (unsigned i = 0; i < RANDOM_WORDS; i++) {
        uint32_t word = next_random(&seed);

        if (i % 4 == 0)
            word |= 0xf0000000;
        else if (i % 4 == 1)
            word = (word & 0x0fffffff) | 0xe0000000;
        check(f, ARM_ISA_A32, word, &bad);
    }
    foreign_free(f);
    cr_assert_eq(bad, 0, "%u words decode differently", bad);
}

Test(decode, t32_agrees_with_capstone)
{
    struct foreign *f = foreign_new(true);
    uint64_t seed = 0x2545f4914f6cdd1d;
    unsigned bad = 0;

    for (unsigned i = 0; i < RANDOM_WORDS; i++) {
        uint32_t word = next_random(&seed) | 0xe0000000;

        check(f, ARM_ISA_T32, word >> 27 == 0x1c ? word | 1u << (27 + i % 2) : word, &bad);
    }
    foreign_free(f);
    cr_assert_eq(bad, 0, "%u words decode differently", bad);
}

Test(decode, every_row_agrees_with_capstone)
{
    uint64_t seed = 0xda942042e4dd58b5;
    unsigned bad = 0;
    struct foreign *arm = foreign_new(false), *thumb = foreign_new(true);

    for (unsigned i = 0; i < ARM_DECODE_ROW_COUNT; i++) {
        const struct arm_decode_row_info *row = &arm_decode_rows[i];
        uint32_t fixed = row->mask | row->should_mask;
        unsigned hits = 0;

        for (unsigned j = 0; j < WORDS_PER_ROW; j++) {
            uint32_t word = (next_random(&seed) & ~fixed) | row->value | row->should_value;

            if (row->isa == ARM_ISA_T16)
                word &= 0xffff;
            hits += arm_decode_row(row->isa, word, row->features | row->any) == (int)i;
            if (!(row->features & ARM_FEATURE(M))) /* the disassembler is set to the A profile */
                check(row->isa == ARM_ISA_A32 ? arm : thumb, row->isa, word, &bad);
        }
        cr_expect(hits, "%s: %s is never reached", row->where, row->mnemonic);
    }
    foreign_free(arm);
    foreign_free(thumb);
    cr_assert_eq(bad, 0, "%u words decode differently", bad);
}

/* The decision tree against a scan of the list, for several sets of features. */
Test(decode, tree_is_the_list)
{
    uint64_t seed = 0x106689d45497fdb5;

    for (unsigned n = 0; n < 60000; n++) {
        const struct arm_decode_row_info *near = &arm_decode_rows[n % ARM_DECODE_ROW_COUNT];
        uint32_t noise = next_random(&seed) & next_random(&seed);
        uint32_t word = near->value ^ (noise & (n & 1 ? ~near->mask : ~0u));
        uint64_t features = n % 3 ? DECODE_ALL_FEATURES : next_random(&seed) | ARM_FEATURE(V4T);
        int expected = -1;

        if (near->isa == ARM_ISA_T16)
            word &= 0xffff;
        for (unsigned i = 0; i < ARM_DECODE_ROW_COUNT && expected < 0; i++)
            if (arm_decode_rows[i].isa == near->isa &&
                row_matches(&arm_decode_rows[i], word, features))
                expected = (int)i;
        cr_assert_eq(arm_decode_row(near->isa, word, features), expected, "%08x near %s", word,
                     near->where);
    }
}
