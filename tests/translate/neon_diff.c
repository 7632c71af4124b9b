/* Advanced SIMD data processing against Unicorn: every row, in A32 and T32. */
#include <criterion/criterion.h>
#include <fnmatch.h>
#include <string.h>

#include "tests/translate/unicorn_diff.h"
#include "util/bits.h"

TestSuite(neon_diff);

static const char *const sets[] = {"n_rr",  "n_rrr", "n_rrs", "n_shift",
                                   "n_ext", "n_tbl", "n_dup", NULL};

/* Rows of single precision: by the ends of the names, and others. */
static bool is_float(const struct arm_decode_row_info *row)
{
    static const char *const others[] = {"VFM[AS]_v", "VACG[ET]", "V*NM_v", "VRECPS", "VRSQRTS",
                                         "VCVT*", "VRINT*", "V*_[vsz]f"};
    for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
        if (!fnmatch(others[i], row->mnemonic, 0))
            return true;
    return false;
}

static bool is_data_processing(const struct arm_decode_row_info *row)
{
    return !strncmp(row->where, "neon.table", 10) && diff_set_in(row, sets);
}

static bool select_integer(const struct arm_decode_row_info *row)
{
    return is_data_processing(row) && !is_float(row);
}

static bool select_float(const struct arm_decode_row_info *row)
{
    return is_data_processing(row) && is_float(row);
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

/* The bits of a random f32: any, special, near 1 or of the exponents where something happens. */
static uint32_t random_float(struct diff_rng *rng)
{
    static const uint32_t specials[] = {
        0,          1,          0x007fffff, 0x00800000, 0x00800001, 0x3f7fffff, 0x3f800000,
        0x3f800001, 0x3fc00000, 0x40000000, 0x3f000000, 0x4effffff, 0x4f000000, 0x4f7fffff,
        0x4f800000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fbfffff, 0x7fc00000, 0x7fc12345,
        0x477fe000, 0x477ff000, 0x387fc000, 0x33000000, 0x4b000001, 0x3effffff, 0x4b7fffff,
    };
    uint32_t v = diff_random(rng), sign = v & 0x80000000;
    switch (diff_random(rng) % 6) {
    case 0: return v;
    case 1: return specials[v % ARRAY_SIZE(specials)] | sign;
    case 2: return (v & 0x807fffff) | 0x3f800000;
    case 3: return (v & 0x80000000) | (v >> 8 & 7); /* tiny */
    default: return (v & 0x807fffff) | (115 + (v >> 23 & 0xff) % 45) << 23;
    }
}

static void prepare_float(struct run *r, uint32_t insn, struct diff_rng *rng)
{
    /* NaNs and flags that were there, modes that Advanced SIMD ignores, AHP. */
    static const uint32_t fpscrs[] = {0, 0, 0x00c00000, 0x03000000, 0x04000000, 0x0800009f};
    for (int i = 0; i < 32; i++) {
        uint32_t lo = random_float(rng), hi = diff_random(rng) % 4 ? random_float(rng) : lo;
        r->s.d[i] = (uint64_t)hi << 32 | lo;
        if (i && !(diff_random(rng) % 4))
            r->s.d[i] = r->s.d[i - 1] ^ (diff_random(rng) & 1);
    }
    r->s.fpscr = fpscrs[diff_random(rng) % ARRAY_SIZE(fpscrs)];
}

static void prepare_sequence(struct run *r, struct diff_rng *rng)
{
    if (diff_random(rng) % 2)
        prepare_integer(r, 0, rng);
    else
        prepare_float(r, 0, rng);
}

/* Few registers, so that the instructions of a sequence depend on each other. */
static bool adapt_sequence(const struct arm_decode_row_info *row, uint32_t *insn,
                           struct diff_rng *rng)
{
    *insn &= ~0x00401028u; /* D, Vd<0>, M, Vm<3> */
    return adapt(row, insn, rng);
}

static void sequences(enum arm_isa isa)
{
    struct diff_family f = {
        .isa = isa,
        .cpu = RUN_CPU_V8,
        .select = is_data_processing,
        .adapt = adapt_sequence,
        .prepare_sequence = prepare_sequence,
        .vectors = true,
    };
    diff_sequences(&f, 4000);
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

Test(neon_diff, float_a32)
{
    rows(ARM_ISA_A32, RUN_CPU_V8, select_float, prepare_float);
}

/* ARMv8's additions are UNDEFINED. */
Test(neon_diff, armv7)
{
    rows(ARM_ISA_A32, RUN_CPU_V7, select_integer, prepare_integer);
    rows(ARM_ISA_A32, RUN_CPU_V7, select_float, prepare_float);
}

Test(neon_diff, float_t32)
{
    rows(ARM_ISA_T32, RUN_CPU_V8, select_float, prepare_float);
}

Test(neon_diff, sequences_a32)
{
    sequences(ARM_ISA_A32);
}

Test(neon_diff, sequences_t32)
{
    sequences(ARM_ISA_T32);
}
