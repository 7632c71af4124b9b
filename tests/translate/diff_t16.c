/* Every 16-bit Thumb instruction, compared with Unicorn. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/translate/diff_internal.h"

enum { FIRST_32_BIT = 0xe800, ROUNDS = 2 };

/* Rows whose outcome cannot be compared: exceptions, waiting, what changes the mode. Both sides
 * leave the code for them, or the helpers of a whole CPU would be needed. tests/translate/sys_*.c.
 */
static const char *const excluded[] = {
    "SVC", "BKPT", "HLT", "UDF", "WFI", "WFE", "YIELD", "SEV", "SEVL", "CPS", "SETEND", NULL,
};

/* UNPREDICTABLE encodings that one side executes and the other takes as undefined. */
static bool is_unpredictable(uint32_t insn)
{
    if ((insn & 0xff00) == 0x4700) /* BX, BLX: should-be-zero bits; BLX PC */
        return (insn & 7) || insn == 0x47f8;
    if ((insn & 0xff00) == 0xbf00 && (insn & 15)) /* IT: condition 15; AL with an else part */
        return insn >= 0xbfe0;
    return false;
}

/* Half of the registers are addresses; T16 has no alignment demands but LDM's and STM's. */
static void addresses(struct diff *d)
{
    for (unsigned i = 0; i < 14; i++)
        if (diff_below(d, 2) || i == 13)
            d->run->s.r[i] = RUN_DATA + RUN_DATA_SIZE / 2 + (diff_random(&d->rng) & 0x7fc);
}

static bool can_be_in_it(const struct arm_decode_row_info *row)
{
    static const char *const not [] = {"B", "CBZ", "IT", "BKPT", NULL};
    return !diff_mnemonic_in(row, not );
}

/* Undefined here, and not for want of a helper or of memory? */
static bool we_refuse(const struct diff *d)
{
    return d->run->helper == ARM_HELPER_undefined;
}

static void one(struct diff *d, uint32_t insn, unsigned *wrong)
{
    int id = arm_decode_row(ARM_ISA_T16, insn, run_features(RUN_CPU_V8));
    const struct arm_decode_row_info *row = id < 0 ? NULL : &arm_decode_rows[id];
    if (is_unpredictable(insn) || (row && diff_mnemonic_in(row, excluded)))
        return;
    d->insn[0] = insn;
    d->count = 1;
    diff_random_state(d, true, row && can_be_in_it(row) && diff_below(d, 4) == 0);
    addresses(d);
    snprintf(d->names, sizeof(d->names), "%s", row ? row->mnemonic : "no row");
    enum diff_outcome outcome = diff_run(d, diff_place(d));
    if (outcome != DIFF_REFUSED || d->run->faulted)
        return;
    if ((*wrong)++ < DIFF_MAX_REPORTS)
        fprintf(stderr, "%04x (%s): %s\n", insn, d->names,
                we_refuse(d) ? "undefined here only" : "undefined for Unicorn only");
}

Test(diff_t16, all)
{
    const struct diff_family f = {.isa = ARM_ISA_T16};
    struct diff d;
    unsigned wrong = 0;
    diff_open(&d, &f);
    for (unsigned round = 0; round < ROUNDS; round++)
        for (uint32_t insn = 0; insn < FIRST_32_BIT; insn++)
            one(&d, insn, &wrong);
    cr_expect_eq(wrong, 0, "%u verdicts differ", wrong);
    diff_close(&d);
}
