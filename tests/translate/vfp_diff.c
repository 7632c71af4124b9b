/* VFP arithmetic and conversions compared with Unicorn, in all modes of the FPSCR. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/fp/values.h"
#include "tests/translate/unicorn_diff.h"
#include "util/bits.h"

static const char *const sets[] = {"v_rrr",   "v_rr",   "v_imm", "v_cmp", "v_cvt", "v_rint",
                                   "v_fixed", "v_half", "v_sel", NULL};

static bool is_vfp(const struct arm_decode_row_info *row)
{
    return row->mnemonic[0] == 'V' && diff_set_in(row, sets);
}

static uint64_t seed_of(struct diff_rng *rng)
{
    return (uint64_t)diff_random(rng) << 32 | diff_random(rng);
}

/* Doubles, singles, halves, integers. */
static uint64_t random_register(struct diff_rng *rng)
{
    uint64_t seed = seed_of(rng);
    enum fp_size f = (enum fp_size)(seed % 3);
    uint64_t v = 0;
    if (diff_random(rng) % 8 == 0)
        return seed >> (seed & 63);
    for (unsigned width = 16u << f, at = 0; at < 64; at += width)
        v |= fp_random_value(&seed, f) << at;
    return v;
}

/* Registers repeat, or nearly so, that sums cancel. */
static void prepare(struct run *r, uint32_t insn, struct diff_rng *rng)
{
    for (unsigned i = 0; i < 32; i++) {
        uint64_t other = r->s.d[diff_random(rng) % (i + 1)];
        uint32_t choice = diff_random(rng) % 4;
        r->s.d[i] = choice ? random_register(rng) : other ^ (uint64_t)(diff_random(rng) & 2) << 62;
    }
    r->s.fpscr = (diff_random(rng) & 0x07c00000) | (diff_random(rng) % 4 ? 0 : FP_FLAGS);
    r->s.fp_nzcv = diff_random(rng) & 0x01010101;
    /* Fixed point to f32 and f64 rounds to nearest; Unicorn obeys the FPSCR. */
    if ((insn & 0x0fbe0e50) == 0x0eba0a40)
        r->s.fpscr &= ~(3u << FPSCR_RMODE_SHIFT);
}

/* More fraction bits than bits are UNPREDICTABLE. */
static bool adapt(const struct arm_decode_row_info *row, uint32_t *insn, struct diff_rng *rng)
{
    unsigned imm = (*insn & 15) << 1 | (*insn >> 5 & 1);
    return strcmp(row->set, "v_fixed") || imm <= (*insn & 0x80 ? 32 : 16);
}

static void vfp(enum arm_isa isa)
{
    struct diff_family f = {.isa = isa,
                            .select = is_vfp,
                            .adapt = adapt,
                            .prepare = prepare,
                            .vectors = true,
                            .not_in_it = true,
                            .cases_per_row = 1500};
    diff_rows(&f);
}

Test(vfp_diff, a32)
{
    vfp(ARM_ISA_A32);
}

Test(vfp_diff, t32)
{
    vfp(ARM_ISA_T32);
}

/* Vectors of singles with a stride of 1 that fit their banks: others are UNPREDICTABLE, or Unicorn
 * is no oracle. Where STRIDE is 3, which means 2, it takes every fourth register, and its vectors
 * of doubles leave the destination's bank. */
static void prepare_short(struct run *r, uint32_t insn, struct diff_rng *rng)
{
    prepare(r, insn, rng);
    r->s.fpscr &= ~FPSCR_AHP;
    if (!(insn & 0x100))
        r->s.fpscr |= diff_random(rng) % 8 << 16;
}

Test(vfp_diff, short_vectors)
{
    struct diff_family f = {.isa = ARM_ISA_A32,
                            .cpu = RUN_CPU_V6,
                            .select = is_vfp,
                            .adapt = adapt,
                            .prepare = prepare_short,
                            .vectors = true,
                            .cases_per_row = 600};
    diff_rows(&f);
}

/* Three elements, every second register of a bank, which wraps around; a scalar and a vector. */
Test(vfp_diff, stride)
{
    struct run *r = run_new();
    r->block_flags = (uint32_t)RUN_CPU_V6 << ARM_BF_FEATURES_SHIFT;
    for (unsigned i = 0; i < 32; i++)
        r->s.d[i / 2] |= (uint64_t)i << 32 * (i % 2);
    r->s.fpscr = 2u << 16 | 3u << 20;
    run_arm(r, 0xeef04a41); /* vmov.f32 s9, s2: s9, s11, s13 := s2 */
    run_arm(r, 0xeef07a69); /* vmov.f32 s15, s19: s15, s9, s11 := s19, s21, s23 */
    static const uint32_t expected[] = {8, 21, 10, 23, 12, 2, 14, 19};
    for (unsigned i = 0; i < ARRAY_SIZE(expected); i++) {
        uint32_t v = (uint32_t)(r->s.d[4 + i / 2] >> 32 * (i % 2));
        cr_expect(v == expected[i], "s%u is %u", 8 + i, v);
    }
    run_arm(r, 0xeeb0cb48); /* vmov.f64 d12, d8: d12, d14, d12 := d8, d10, d8 */
    cr_expect(r->s.d[12] == r->s.d[8] && r->s.d[14] == r->s.d[10]);
    cr_expect(r->s.d[13] == (27ull << 32 | 26) && r->s.d[9] == (19ull << 32 | 18));
    r->s.fpscr = 2u << 16;
    run_arm(r, 0xeeb0cb49); /* vmov.f64 d12, d9: d12, d13, d14 := d9, d10, d11 */
    for (unsigned i = 12; i < 15; i++)
        cr_expect(r->s.d[i] == r->s.d[i - 3], "d%u", i);
    run_free(r);
}
