/* Whatever bytes a page has, translation yields IR that the verifier accepts. */
#include <criterion/criterion.h>
#include <string.h>

#include "frontend/arm/decode_rows.h"
#include "tests/translate/harness.h"

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*state >> 32);
}

/* A random word, made to match some row half of the time; Thumb halfwords in memory order. */
static uint32_t random_insn(uint64_t *rng, bool thumb)
{
    uint32_t v = next_random(rng);
    const struct arm_decode_row_info *row = &arm_decode_rows[v % ARM_DECODE_ROW_COUNT];
    v = next_random(rng);
    if (next_random(rng) & 1 && thumb == (row->isa != ARM_ISA_A32))
        v = (v & ~row->mask) | row->value;
    return thumb && row->isa == ARM_ISA_T32 ? v << 16 | v >> 16 : v;
}

static void fill_page(struct run *r, uint64_t *rng, bool thumb)
{
    for (unsigned i = 0; i < RUN_PAGE; i += 4) {
        uint32_t v = random_insn(rng, thumb);
        memcpy(r->page + i, &v, 4);
    }
}

static void translate_random(struct run *r, uint64_t *rng)
{
    bool thumb = next_random(rng) & 1;
    fill_page(r, rng, thumb);
    r->optimise = next_random(rng) & 1;
    r->fold_literals = next_random(rng) & 1;
    r->hot = next_random(rng) & 1;
    r->no_next_page = next_random(rng) & 1;
    r->block_flags = (next_random(rng) & 0xfc) | next_random(rng) % RUN_CPU_COUNT
                                                     << ARM_BF_FEATURES_SHIFT;
    for (uint32_t offset = 0; offset < RUN_PAGE; offset += thumb ? 2 : 4) {
        r->s.env.pc = RUN_CODE + offset;
        r->s.thumb = thumb;
        r->s.itstate = thumb && offset % 16 == 0 ? (uint8_t)(next_random(rng) | 1) : 0;
        run_translate(r, next_random(rng) & 1 ? 1000 : 1 + next_random(rng) % 8);
        cr_assert(r->block.insn_count > 0);
        cr_assert(r->block.guest_size > 0);
    }
}

Test(translate_fuzz, any_bytes)
{
    struct run *r = run_new();
    uint64_t rng = 1;
    for (unsigned i = 0; i < 100; i++)
        translate_random(r, &rng);
    run_free(r);
}

/* All halfwords, alone and in an IT block. */
Test(translate_fuzz, all_t16)
{
    struct run *r = run_new();
    for (uint32_t insn = 0; insn < 0xe800; insn++) {
        run_put_thumb(r, 0, insn);
        r->s.thumb = 1;
        r->s.itstate = 0;
        run_translate(r, 1);
        r->s.itstate = 0x08;
        run_translate(r, 1);
        cr_assert_eq(r->block.insn_count, 1);
    }
    run_free(r);
}
