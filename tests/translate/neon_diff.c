/* Advanced SIMD data processing against Unicorn: every row, in A32 and T32. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/translate/unicorn_diff.h"
#include "util/bits.h"

TestSuite(neon_diff);

static const char *const sets[] = {"n_rr",  "n_rrr", "n_rrs", "n_shift",
                                   "n_ext", "n_tbl", "n_dup", NULL};

static bool select_integer(const struct arm_decode_row_info *row)
{
    return !strncmp(row->where, "neon.table", 10) && diff_set_in(row, sets);
}

/* Exchanges of a register with itself leave it UNKNOWN. */
static bool adapt(const struct arm_decode_row_info *row, uint32_t *insn, struct diff_rng *rng)
{
    static const char *const exchanges[] = {"VTRN", "VUZP", "VZIP", "VSWP", NULL};
    unsigned d = bits_get(*insn, 12, 4) | bits_get(*insn, 22, 1) << 4;
    unsigned m = bits_get(*insn, 0, 4) | bits_get(*insn, 5, 1) << 4;
    return d != m || !diff_mnemonic_in(row, exchanges);
}

/* ---- operands -------------------------------------------------------------------------------- */

/* A doubleword of elements of 8 << @size bits, many of them at the ends of the ranges. */
static uint64_t random_elements(struct diff_rng *rng, unsigned size)
{
    unsigned bits = 8u << size;
    uint64_t v = 0, top = 1ull << (bits - 1);
    for (unsigned i = 0; i < 64; i += bits) {
        uint64_t random = (uint64_t)diff_random(rng) << 32 | diff_random(rng), e = random;
        switch (diff_random(rng) % 8) {
        case 0: e = 0; break;
        case 1: e = top; break;
        case 2: e = top - 1; break;
        case 3: e = ~0ull; break;
        case 4: e = random % 5 - 2; break;
        case 5: e = (random % (2 * bits + 5)) - bits - 2; break; /* shift amounts */
        }
        v |= (e & ~0ull >> (64 - bits)) << i;
    }
    return v;
}

static void prepare_integer(struct run *r, uint32_t insn, struct diff_rng *rng)
{
    unsigned size = diff_random(rng) % 4;
    for (int i = 0; i < 32; i++)
        r->s.d[i] = random_elements(rng, diff_random(rng) % 4 ? size : diff_random(rng) % 4);
    r->s.fpscr = 0;
}

static void rows(enum arm_isa isa, enum run_cpu cpu,
                 bool (*select)(const struct arm_decode_row_info *),
                 void (*prepare)(struct run *, uint32_t, struct diff_rng *))
{
    struct diff_family f = {
        .isa = isa,
        .cpu = cpu,
        .select = select,
        .adapt = adapt,
        .prepare = prepare,
        .vectors = true,
        .not_in_it = true,
        .cases_per_row = 400,
    };
    diff_rows(&f);
}

Test(neon_diff, integer_a32)
{
    rows(ARM_ISA_A32, RUN_CPU_V8, select_integer, prepare_integer);
}

Test(neon_diff, integer_t32)
{
    rows(ARM_ISA_T32, RUN_CPU_V8, select_integer, prepare_integer);
}
