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
    r->s.fpscr = (diff_random(rng) & 0xf7c00000) | (diff_random(rng) % 4 ? 0 : FP_FLAGS);
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
