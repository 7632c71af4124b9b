/* Hints, prefetches, barriers, status register access, exclusives: compared with Unicorn. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/translate/diff_internal.h"

TestSuite(diff_system);

enum { WINDOW_MIDDLE = RUN_DATA + RUN_DATA_SIZE / 2 };

static const char *const quiet_mnemonics[] = {
    "NOP",     "DBG",      "DMB",      "DSB",     "ISB",     "CLREX", "PLD_imm",
    "PLD_reg", "PLDW_imm", "PLDW_reg", "PLI_imm", "PLI_reg", "IT",    NULL,
};

/* Memory hints that are PLDW and PLI where these exist (sys_rows.c). */
static bool is_hint_of_old(const struct arm_decode_row_info *row)
{
    uint32_t group = row->value & 0xff700000;
    bool shadowed = group == 0xf9100000 || (group == 0xf8300000 && !(row->mask & 0xf0000));
    return row->isa == ARM_ISA_T32 && shadowed && !strcmp(row->mnemonic, "NOP");
}

static bool is_quiet(const struct arm_decode_row_info *row)
{
    return !is_hint_of_old(row) && diff_mnemonic_in(row, quiet_mnemonics);
}

/* IT with condition 15, or AL and an else part, is UNPREDICTABLE. */
static bool adapt_quiet(const struct arm_decode_row_info *row, uint32_t *insn, struct diff_rng *rng)
{
    if (!strcmp(row->mnemonic, "IT"))
        return bits_get(*insn, 4, 4) < 14;
    return true;
}

static void quiet(enum arm_isa isa)
{
    struct diff_family f = {.isa = isa,
                            .select = is_quiet,
                            .adapt = adapt_quiet,
                            .not_in_it = true,
                            .cases_per_row = 100};
    diff_rows(&f);
}

Test(diff_system, quiet_a32)
{
    quiet(ARM_ISA_A32);
}

Test(diff_system, quiet_t16)
{
    quiet(ARM_ISA_T16);
}

Test(diff_system, quiet_t32)
{
    quiet(ARM_ISA_T32);
}

/* ---- status registers ------------------------------------------------------------------------ */

static bool is_status(const struct arm_decode_row_info *row)
{
    static const char *const names[] = {"MRS", "MSR_reg", "MSR_imm", NULL};
    return diff_mnemonic_in(row, names);
}

/* The CPSR, and of it the flags: the rest is a helper's. */
static bool adapt_status(const struct arm_decode_row_info *row, uint32_t *insn,
                         struct diff_rng *rng)
{
    *insn &= row->isa == ARM_ISA_A32 ? ~(1u << 22) : ~(1u << 20);
    if (row->set[1] == 's') /* msr: the mask of fields s and f */
        *insn = row->isa == ARM_ISA_A32 ? (*insn & ~(3u << 16)) | 1u << 18
                                        : (*insn & ~(3u << 8)) | 1u << 10;
    return true;
}

/* As the state that Unicorn gets. */
static void prepare_status(struct run *r, uint32_t insn, struct diff_rng *rng)
{
    r->s.mask_a = r->s.mask_i = r->s.mask_f = 1;
    r->s.mode = ARM_MODE_SVC;
}

static void status(enum arm_isa isa)
{
    struct diff_family f = {.isa = isa,
                            .select = is_status,
                            .adapt = adapt_status,
                            .prepare = prepare_status,
                            .cases_per_row = 200};
    diff_rows(&f);
}

Test(diff_system, status_a32)
{
    status(ARM_ISA_A32);
}

Test(diff_system, status_t32)
{
    status(ARM_ISA_T32);
}

/* ---- exclusives ------------------------------------------------------------------------------ */

/* A load that opens the monitor, and a store; r0 is the address, r2 and r3 are loaded, r4 and r5
 * stored, r1 the status. */
struct pair {
    const char *load, *store;
};

static const struct pair pairs[] = {
    {"LDREX", "STREX"}, {"LDREXB", "STREXB"}, {"LDREXH", "STREXH"}, {"LDREXD", "STREXD"},
    {"LDAEX", "STLEX"}, {"LDAEXB", "STLEXB"}, {"LDAEXH", "STLEXH"}, {"LDAEXD", "STLEXD"},
};

static const struct arm_decode_row_info *row_named(enum arm_isa isa, const char *mnemonic)
{
    for (unsigned i = 0; i < ARM_DECODE_ROW_COUNT; i++)
        if (arm_decode_rows[i].isa == isa && !strcmp(arm_decode_rows[i].mnemonic, mnemonic))
            return &arm_decode_rows[i];
    cr_assert_fail("no row %s", mnemonic);
    return NULL;
}

static uint32_t encode(const struct arm_decode_row_info *row, unsigned rt, unsigned rt2)
{
    const struct {
        char letter;
        unsigned value;
    } fields[] = {{'c', 14}, {'n', 0}, {'d', 1}, {'t', rt}, {'T', rt2}};
    uint32_t insn = row->value | row->should_value;
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
        const char *first = strchr(row->bits, fields[i].letter);
        if (first && first[3] == fields[i].letter)
            insn = bits_put(insn, 28 - (unsigned)(first - row->bits), 4, fields[i].value);
    }
    return insn;
}

/* The load and the store, or CLREX and the store; or a load from elsewhere in between. */
static void exclusive(struct diff *d, enum arm_isa isa, const struct pair *pair, unsigned way)
{
    const struct arm_decode_row_info *load = row_named(isa, pair->load);
    const struct arm_decode_row_info *store = row_named(isa, pair->store);
    d->count = 0;
    if (way != 0)
        d->insn[d->count++] = encode(load, 2, 3);
    if (way != 1)
        d->insn[d->count++] = isa == ARM_ISA_A32 ? 0xf57ff01f : 0xf3bf8f2f; /* CLREX */
    if (way == 1 && diff_below(d, 2))
        d->insn[d->count++] = isa == ARM_ISA_A32 ? 0xe5907004 : 0x6847; /* ldr r7, [r0, #4] */
    d->insn[d->count++] = encode(store, 4, 5);
    diff_random_state(d, isa != ARM_ISA_A32, false);
    d->run->s.cpu_count = 1;
    d->run->s.r[0] = WINDOW_MIDDLE + (diff_random(&d->rng) & 0x7f8);
    snprintf(d->names, sizeof(d->names), "%s, way %u", pair->store, way);
    enum diff_outcome outcome = diff_run(d, diff_place(d));
    cr_expect_eq(outcome, DIFF_AGREED, "%s", d->names);
    cr_expect_eq(d->run->s.r[1], way != 1, "%s: status %u", d->names, d->run->s.r[1]);
    if (outcome == DIFF_AGREED && way == 1)
        rows_mark(d->run->rows, ROWS_ORACLE, (int)store->id);
}

static void exclusives(enum arm_isa isa)
{
    const struct diff_family f = {.isa = isa};
    struct diff d;
    diff_open(&d, &f);
    for (unsigned i = 0; i < ARRAY_SIZE(pairs) * 60; i++)
        exclusive(&d, isa, &pairs[i % ARRAY_SIZE(pairs)], i / ARRAY_SIZE(pairs) % 3);
    diff_close(&d);
}

Test(diff_system, exclusives_a32)
{
    exclusives(ARM_ISA_A32);
}

Test(diff_system, exclusives_t32)
{
    exclusives(ARM_ISA_T32);
}
