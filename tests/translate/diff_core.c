/* Data processing, multiplication, media and branches compared with Unicorn. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/translate/unicorn_diff.h"

static const char *const data_sets[] = {
    "dp_imm", "dp_reg", "dp_rsr", "rd_imm", "mul", "mull", "mulh", "mullh", "rrr", "rrrr", "rr",
    "pkh", "sat", "sat16", "ext", "bfx", "crc", NULL,
};

static const char *const branch_mnemonics[] = {
    "B", "BL", "BLX_imm", "BX", "BLX_reg", "BXJ", "CBZ", "TB", NULL,
};

/* Exception returns are helpers. */
static bool is_subs_pc(const struct arm_decode_row_info *row)
{
    return row->isa == ARM_ISA_T32 && !strcmp(row->mnemonic, "SUB_imm") &&
           ((row->value | row->should_value) & 0xf00) == 0xf00;
}

static bool is_data(const struct arm_decode_row_info *row)
{
    return diff_set_in(row, data_sets) && !is_subs_pc(row);
}

static bool is_branch(const struct arm_decode_row_info *row)
{
    return diff_mnemonic_in(row, branch_mnemonics);
}

/* TBB and TBH need a base and an index that lead into the data. */
static void prepare_branch(struct run *r, uint32_t insn, struct diff_rng *rng)
{
    if (r->s.thumb && (insn & 0xfff0ffe0) == 0xe8d0f000) {
        r->s.r[insn & 15] = diff_random(rng) & 0xff;
        if ((insn >> 16 & 15) != 15)
            r->s.r[insn >> 16 & 15] = RUN_DATA + (diff_random(rng) & 0xfff);
    }
}

static struct diff_family data_family(enum arm_isa isa, unsigned cases)
{
    return (struct diff_family){.isa = isa, .select = is_data, .cases_per_row = cases};
}

static struct diff_family branch_family(enum arm_isa isa)
{
    return (struct diff_family){.isa = isa,
                                .select = is_branch,
                                .prepare = prepare_branch,
                                .not_in_it = true,
                                .cases_per_row = 200};
}

/* The older architectures, and what they do not have. */
static void check_cpu(enum run_cpu cpu)
{
    struct diff_family f = data_family(ARM_ISA_A32, 200);
    f.cpu = cpu;
    diff_rows(&f);
    f = branch_family(ARM_ISA_A32);
    f.cpu = cpu;
    diff_rows(&f);
    f = data_family(ARM_ISA_T16, 200);
    f.cpu = cpu;
    f.not_in_it = true;
    diff_rows(&f);
}

/* SEL depends on GE, which Unicorn does not let us set there. */
static bool is_m_data(const struct arm_decode_row_info *row)
{
    return is_data(row) && diff_row_is_of_m(row) && strcmp(row->mnemonic, "SEL");
}

static bool is_m_branch(const struct arm_decode_row_info *row)
{
    return is_branch(row) && diff_row_is_of_m(row);
}

/* The M profile; Unicorn takes all of its cores for one that has everything. Targets have their
 * Thumb bit. */
static void prepare_m_branch(struct run *r, uint32_t insn, struct diff_rng *rng)
{
    prepare_branch(r, insn, rng);
    if ((insn & 0xff00) == 0x4700)
        r->s.r[insn >> 3 & 15] |= 1;
}

Test(diff, cortex_m7)
{
    static const enum arm_isa isas[] = {ARM_ISA_T16, ARM_ISA_T32};
    for (unsigned i = 0; i < 2; i++) {
        struct diff_family f = data_family(isas[i], 300);
        f.cpu = RUN_CPU_M7;
        f.select = is_m_data;
        diff_rows(&f);
        f = branch_family(isas[i]);
        f.cpu = RUN_CPU_M7;
        f.select = is_m_branch;
        f.prepare = prepare_m_branch;
        diff_rows(&f);
    }
}

Test(diff, armv7)
{
    check_cpu(RUN_CPU_V7);
}

Test(diff, armv6)
{
    check_cpu(RUN_CPU_V6);
}

Test(diff, armv5te)
{
    check_cpu(RUN_CPU_V5TE);
}

Test(diff, armv4t)
{
    check_cpu(RUN_CPU_V4T);
}

Test(diff, data_a32)
{
    struct diff_family f = data_family(ARM_ISA_A32, 1000);
    diff_rows(&f);
}

Test(diff, data_t16)
{
    struct diff_family f = data_family(ARM_ISA_T16, 300);
    diff_rows(&f);
}

Test(diff, data_t32)
{
    struct diff_family f = data_family(ARM_ISA_T32, 1000);
    diff_rows(&f);
}

Test(diff, sequences_a32)
{
    struct diff_family f = data_family(ARM_ISA_A32, 0);
    diff_sequences(&f, 60000);
}

Test(diff, sequences_thumb)
{
    struct diff_family f = data_family(ARM_ISA_T16, 0);
    diff_sequences(&f, 60000);
}

Test(diff, branches_a32)
{
    struct diff_family f = branch_family(ARM_ISA_A32);
    diff_rows(&f);
}

Test(diff, branches_t16)
{
    struct diff_family f = branch_family(ARM_ISA_T16);
    diff_rows(&f);
}

Test(diff, branches_t32)
{
    struct diff_family f = branch_family(ARM_ISA_T32);
    diff_rows(&f);
}
