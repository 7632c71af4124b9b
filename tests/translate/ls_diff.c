/* Loads, stores, exclusives and vector transfers compared with Unicorn. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/translate/unicorn_diff.h"
#include "util/bits.h"

enum { WINDOW_MIDDLE = RUN_DATA + RUN_DATA_SIZE / 2 };

/* Unicorn does not check alignment where no strict checking is on, so what must be aligned is. */
static const char *const aligned_mnemonics[] = {
    "LDM",    "STM",    "LDRD_imm", "LDRD_reg", "STRD_imm", "STRD_reg", "LDREX",  "LDREXB",
    "LDREXH", "LDREXD", "LDA",      "LDAB",     "LDAH",     "LDAEX",    "LDAEXB", "LDAEXH",
    "LDAEXD", "STL",    "STLB",     "STLH",     "SWP",      "SWPB",     NULL,
};

static const char *const single_sets[] = {"mem_imm", "mem_reg", NULL};

static const char *const literal_sets[] = {"lit", "litd", NULL};

static const char *const vector_mnemonics[] = {
    "VLDR_s",
    "VSTR_s",
    "VLDR_d",
    "VSTR_d",
    "VLDM_s",
    "VSTM_s",
    "VLDM_d",
    "VSTM_d",
    "VLDST_multiple_load",
    "VLDST_multiple_store",
    "VLD_lane",
    "VST_lane",
    "VLD_all",
    "VMOV_to_core_s",
    "VMOV_from_core_s",
    "VMOV_to_core_2s",
    "VMOV_from_core_2s",
    "VMOV_to_core_d",
    "VMOV_from_core_d",
    "VMOV_to_core_scalar",
    "VMOV_from_core_scalar",
    "VDUP_core",
    "VMOV_reg_s",
    "VMOV_reg_d",
    "VMOV_imm_s",
    "VMOV_imm_d",
    "VMOV_imm",
    "VORR_imm",
    "VBIC_imm",
    "VMVN_imm",
    "VAND",
    "VBIC",
    "VORR",
    "VORN",
    "VEOR",
    "VBSL",
    "VBIT",
    "VBIF",
    "VMVN_reg",
    "VSWP",
    NULL,
};

static bool is_single(const struct arm_decode_row_info *row)
{
    return diff_set_in(row, single_sets);
}

/* The M profile's. */
static bool is_m_aligned(const struct arm_decode_row_info *row)
{
    return diff_mnemonic_in(row, aligned_mnemonics) && diff_row_is_of_m(row);
}

static bool is_aligned(const struct arm_decode_row_info *row)
{
    return diff_mnemonic_in(row, aligned_mnemonics);
}

static bool is_literal(const struct arm_decode_row_info *row)
{
    return diff_set_in(row, literal_sets);
}

static bool is_vector(const struct arm_decode_row_info *row)
{
    return diff_mnemonic_in(row, vector_mnemonics);
}

/* Where the last run of @letter stands in the row's pattern. */
static bool field_of(const struct arm_decode_row_info *row, char letter, unsigned *lsb,
                     unsigned *width)
{
    const char *last = strrchr(row->bits, letter);
    if (!last)
        return false;
    unsigned length = (unsigned)strlen(row->bits);
    *lsb = length - 1 - (unsigned)(last - row->bits);
    *width = 1;
    while (last > row->bits && last[-1] == letter)
        last--, (*width)++;
    return true;
}

/* Not the PC: random data are no address to go to, and bases at the PC are literals, which have a
 * family of their own. In Advanced SIMD rm = 15 means that there is no write-back. */
static bool avoid_pc_everywhere(const struct arm_decode_row_info *row, uint32_t *insn,
                                struct diff_rng *rng)
{
    for (const char *letter = "ntTmd"; *letter; letter++) {
        unsigned lsb, width;
        if (!field_of(row, *letter, &lsb, &width) || width != 4)
            continue;
        if (bits_get(*insn, lsb, 4) == 15 && (*letter != 'm' || row->set[0] != 'n'))
            return false;
    }
    return true;
}

/* A32 pairs begin with an even register; a literal has no write-back. */
static void adapt_pair(const struct arm_decode_row_info *row, uint32_t *insn)
{
    unsigned lsb, width;
    bool pair = !strncmp(row->set, "memd", 4) || !strcmp(row->set, "litd");
    if (pair && row->isa == ARM_ISA_A32 && field_of(row, 't', &lsb, &width))
        *insn &= ~(1u << lsb);
    if (pair && row->isa == ARM_ISA_A32 && strcmp(row->set, "memd_reg"))
        *insn &= ~3u; /* words must be aligned */
    if (!strcmp(row->set, "litd") && field_of(row, 'w', &lsb, &width))
        *insn = (*insn & ~(1u << lsb)) | 1u << 24;
}

static bool adapt_list(const struct arm_decode_row_info *row, uint32_t *insn, struct diff_rng *rng)
{
    unsigned lsb, width;
    if (!strcmp(row->set, "ldm") && row->isa != ARM_ISA_T16)
        *insn &= ~0x8000u; /* PC */
    if (!strcmp(row->set, "ldm") && row->isa == ARM_ISA_T16 && field_of(row, 'h', &lsb, &width) &&
        !strcmp(row->mnemonic, "LDM"))
        *insn &= ~(1u << lsb);
    adapt_pair(row, insn);
    return avoid_pc_everywhere(row, insn, rng);
}

/* Block transfers of registers that exist. */
static bool adapt_vector(const struct arm_decode_row_info *row, uint32_t *insn,
                         struct diff_rng *rng)
{
    if (!strcmp(row->set, "v_memm"))
        *insn = (*insn & ~0x80ffu) | (2 + diff_random(rng) % 14);
    return avoid_pc_everywhere(row, insn, rng);
}

/* Every register a base in the middle of the window, but a small offset where the encoding may have
 * one: multiples of 32, so that everything is aligned. */
static void prepare_aligned(struct run *r, uint32_t insn, struct diff_rng *rng)
{
    uint32_t rm = insn & 15, rn = insn >> 16 & 15;
    for (unsigned i = 0; i < 15; i++)
        r->s.r[i] = WINDOW_MIDDLE + (diff_random(rng) & 0x7e0);
    if (r->s.thumb && !(insn >> 16))
        return; /* T16: all bases */
    if (rm != rn && rm < 15 && !(insn >> 25 & 1))
        r->s.r[rm] = diff_random(rng) & 0x7e0;
}

/* For loads and stores of one register: also unaligned; the offset register is bits 0..3, or 6..8
 * in T16. */
static void prepare_single(struct run *r, uint32_t insn, struct diff_rng *rng)
{
    bool t16 = r->s.thumb && !(insn >> 16);
    for (unsigned i = 0; i < 15; i++)
        r->s.r[i] = WINDOW_MIDDLE + (diff_random(rng) & 0x3ff);
    uint32_t rm = t16 ? insn >> 6 & 7 : insn & 15;
    bool reg = t16 ? (insn & 0xf000) == 0x5000 : true;
    if (reg && rm < 15)
        r->s.r[rm] = diff_random(rng) & 0xff;
}

static void prepare_vector(struct run *r, uint32_t insn, struct diff_rng *rng)
{
    prepare_aligned(r, insn, rng);
    for (unsigned i = 0; i < 32; i++)
        r->s.d[i] = (uint64_t)diff_random(rng) << 32 | diff_random(rng);
}

static void single(enum arm_isa isa, enum run_cpu cpu)
{
    struct diff_family f = {.isa = isa,
                            .cpu = cpu,
                            .select = is_single,
                            .adapt = avoid_pc_everywhere,
                            .prepare = prepare_single,
                            .cases_per_row = 400};
    diff_rows(&f);
}

static void aligned(enum arm_isa isa, enum run_cpu cpu)
{
    struct diff_family f = {.isa = isa,
                            .cpu = cpu,
                            .select = cpu == RUN_CPU_M7 ? is_m_aligned : is_aligned,
                            .adapt = adapt_list,
                            .prepare = prepare_aligned,
                            .cases_per_row = 400};
    diff_rows(&f);
}

static void literal(enum arm_isa isa, enum run_cpu cpu)
{
    struct diff_family f = {.isa = isa,
                            .cpu = cpu,
                            .select = is_literal,
                            .adapt = adapt_list,
                            .prepare = prepare_aligned,
                            .cases_per_row = 200};
    diff_rows(&f);
}

static void vector(enum arm_isa isa)
{
    struct diff_family f = {.isa = isa,
                            .select = is_vector,
                            .adapt = adapt_vector,
                            .prepare = prepare_vector,
                            .vectors = true,
                            .cases_per_row = 300};
    diff_rows(&f);
}

Test(ls_diff, single_a32)
{
    single(ARM_ISA_A32, RUN_CPU_V8);
}

Test(ls_diff, single_t16)
{
    single(ARM_ISA_T16, RUN_CPU_V8);
}

Test(ls_diff, single_t32)
{
    single(ARM_ISA_T32, RUN_CPU_V8);
}

Test(ls_diff, aligned_a32)
{
    aligned(ARM_ISA_A32, RUN_CPU_V8);
}

Test(ls_diff, aligned_t16)
{
    aligned(ARM_ISA_T16, RUN_CPU_V8);
}

Test(ls_diff, aligned_t32)
{
    aligned(ARM_ISA_T32, RUN_CPU_V8);
}

Test(ls_diff, literal_a32)
{
    literal(ARM_ISA_A32, RUN_CPU_V8);
}

Test(ls_diff, literal_t16)
{
    literal(ARM_ISA_T16, RUN_CPU_V8);
}

Test(ls_diff, literal_t32)
{
    literal(ARM_ISA_T32, RUN_CPU_V8);
}

Test(ls_diff, vector_a32)
{
    vector(ARM_ISA_A32);
}

Test(ls_diff, vector_t32)
{
    vector(ARM_ISA_T32);
}

Test(ls_diff, cortex_m7)
{
    static const enum arm_isa isas[] = {ARM_ISA_T16, ARM_ISA_T32};
    for (unsigned i = 0; i < 2; i++) {
        single(isas[i], RUN_CPU_M7);
        aligned(isas[i], RUN_CPU_M7);
        literal(isas[i], RUN_CPU_M7);
    }
}
