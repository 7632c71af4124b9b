/*
 * System instructions of A32, T32 and T16 by row: each calls the helper of its meaning with the
 * arguments that the manual's fields give, or is undefined, or does nothing. The encodings are an
 * assembler's.
 */
#include <criterion/criterion.h>

#include "tests/translate/ls_util.h"
#include "util/bits.h"

TestSuite(sys_rows);

enum { ARM, THUMB, NONE = -1 };

#define CALLS(id) ARM_HELPER_##id

/* r2 = 0x600000d3, r3 = 0x2468ace0, r1 = the middle of the data window. */
static const struct {
    const char *text;
    uint32_t arm, thumb; /* 0: not in that set */
    int helper;
    uint32_t arg[2];
} rows[] = {
    {"svc #18", 0xef000012, 0xdf12, CALLS(svc), {18}},
    {"bkpt #0x34", 0xe1200374, 0xbe34, CALLS(bkpt), {0x34}},
    {"hlt #7", 0xe1000077, 0xba87, CALLS(undefined), {0}}, /* halting debug is not there */
    {"hvc #0x1234", 0xe1412374, 0xf7e18234, CALLS(hvc), {0x1234}},
    {"hvc #0x234", 0xe1402374, 0xf7e08234, CALLS(hvc), {0x234}},
    {"smc #5", 0xe1600075, 0xf7f58000, CALLS(smc), {5}},
    {"udf #3", 0xe7f000f3, 0xde03, CALLS(undefined), {0}},
    {"udf.w #3", 0, 0xf7f0a003, CALLS(undefined), {0}},
    {"cps #18", 0xf1020012, 0xf3af8112, CALLS(cps), {0, 0x20 | 18}},
    {"cpsid if, #18", 0xf10e00d2, 0xf3af8772, CALLS(cps), {3 << 3 | 3, 0x20 | 18}},
    {"setend be", 0xf1010200, 0xb658, CALLS(setend), {1}},
    {"mrs r3, spsr", 0xe14f3000, 0xf3ff8300, CALLS(spsr_read), {0}},
    {"msr cpsr_c, r2", 0xe121f002, 0xf3828100, CALLS(cpsr_write), {0x600000d3, 0xff}},
    {"msr cpsr_c, #0xd3", 0xe321f0d3, 0, CALLS(cpsr_write), {0xd3, 0xff}},
    {"msr spsr_fc, r2", 0xe169f002, 0xf3928900, CALLS(spsr_write), {0x600000d3, 0xff0000ff}},
    {"mrs r3, sp_irq", 0xe1013300, 0xf3e18330, CALLS(mrs_banked), {0x11, 0}},
    {"mrs r3, spsr_fiq", 0xe14e3200, 0xf3fe8320, CALLS(mrs_banked), {0xe, 1}},
    {"msr sp_irq, r3", 0xe121f303, 0xf3838130, CALLS(msr_banked), {0x11, 0}},
    {"subs pc, lr, #4", 0xe25ef004, 0xf3de8f04, CALLS(exception_return), {0xdead0000 - 4}},
    {"eret", 0xe160006e, 0xf3de8f00, CALLS(exception_return), {0xdead0000}},
    {"rfeia r1!", 0xf8b10a00, 0xe9b1c000, CALLS(rfe), {0x11111111, 0x22222222}},
    {"rfedb r1", 0xf9110a00, 0xe811c000, CALLS(rfe), {0x55555555, 0x66666666}},
    {"srsdb sp!, #19", 0xf96d0513, 0xe82dc013, CALLS(srs_sp_read), {19}},
    {"srsia sp, #17", 0xf8cd0511, 0xe98dc011, CALLS(srs_sp_read), {17}},
    {"wfi", 0xe320f003, 0xbf30, CALLS(wfi), {0}},
    {"wfi.w", 0, 0xf3af8003, CALLS(wfi), {0}},
    {"wfe", 0xe320f002, 0xbf20, CALLS(wfe), {0}},
    {"wfe.w", 0, 0xf3af8002, CALLS(wfe), {0}},
    {"sev", 0xe320f004, 0xbf40, CALLS(sev), {0}},
    {"sev.w", 0, 0xf3af8004, CALLS(sev), {0}},
    {"yield", 0xe320f001, 0xbf10, NONE, {0}},
    {"yield.w", 0, 0xf3af8001, NONE, {0}},
    {"mrc p15, 0, r3, c1, c0, 0", 0xee113f10, 0xee113f10, CALLS(cp_read32),
     {ARM_CP_KEY32(15, 0, 1, 0, 0)}},
    {"mcr p15, 0, r3, c1, c0, 0", 0xee013f10, 0xee013f10, CALLS(cp_write32),
     {ARM_CP_KEY32(15, 0, 1, 0, 0), 0x2468ace0}},
    {"mrrc p15, 0, r2, r3, c2", 0xec532f02, 0xec532f02, CALLS(cp_read64), {ARM_CP_KEY64(15, 0, 2)}},
    {"mcrr p15, 0, r2, r3, c2", 0xec432f02, 0xec432f02, CALLS(cp_write64),
     {ARM_CP_KEY64(15, 0, 2), 0x600000d3}},
    {"mrc2 p15, 0, r3, c1, c0, 0", 0xfe113f10, 0xfe113f10, CALLS(undefined), {0}},
    {"mcr2 p15, 0, r3, c1, c0, 0", 0xfe013f10, 0xfe013f10, CALLS(undefined), {0}},
    {"mrrc2 p15, 0, r2, r3, c2", 0xfc532f02, 0xfc532f02, CALLS(undefined), {0}},
    {"mcrr2 p15, 0, r2, r3, c2", 0xfc432f02, 0xfc432f02, CALLS(undefined), {0}},
    {"cdp p5, 1, c2, c3, c4, 5", 0xee1325a4, 0xee1325a4, CALLS(undefined), {0}},
    {"cdp2 p5, 1, c2, c3, c4, 5", 0xfe1325a4, 0xfe1325a4, CALLS(undefined), {0}},
    {"ldc p5, c2, [r1, #4]", 0xed912501, 0xed912501, CALLS(undefined), {0}},
    {"stc p5, c2, [r1, #4]", 0xed812501, 0xed812501, CALLS(undefined), {0}},
    {"ldc2 p5, c2, [r1, #4]", 0xfd912501, 0xfd912501, CALLS(undefined), {0}},
    {"stc2 p5, c2, [r1, #4]", 0xfd812501, 0xfd812501, CALLS(undefined), {0}},
    {"vmrs r3, fpscr", 0xeef13a10, 0xeef13a10, CALLS(vmrs), {1}},
    {"vmsr fpscr, r3", 0xeee13a10, 0xeee13a10, CALLS(vmsr), {1, 0x2468ace0}},
    {"vmsr fpexc, r3", 0xeee83a10, 0xeee83a10, CALLS(vmsr), {8, 0x2468ace0}},
};

static void check(unsigned i, bool thumb)
{
    struct run *r = ls_new();
    r->s.r[1] = RUN_DATA + RUN_DATA_SIZE / 2;
    r->s.r[2] = 0x600000d3;
    r->s.r[3] = 0x2468ace0;
    for (int word = -2; word < 2; word++) /* 55555555 66666666 11111111 22222222 */
        ls_put_word(r, (uint32_t)(RUN_DATA_SIZE / 2 + 4 * word),
                    0x11111111u * (uint32_t)(word < 0 ? word + 7 : word + 1));
    r->helper_result = RUN_DATA + 0x100;
    if (thumb)
        run_thumb(r, rows[i].thumb);
    else
        run_arm(r, rows[i].arm);
    const char *set = thumb ? "Thumb" : "ARM";
    cr_expect_eq(r->helper, rows[i].helper, "%s, %s: helper %d", rows[i].text, set, r->helper);
    for (unsigned k = 0; k < 2 && r->call_count; k++)
        cr_expect_eq((uint32_t)r->calls[0].arg[k], rows[i].arg[k], "%s, %s: argument %u is %x",
                     rows[i].text, set, k, (uint32_t)r->calls[0].arg[k]);
    if (rows[i].helper == NONE)
        cr_expect_eq(r->exit, IR_EXIT_YIELD);
    run_free(r);
}

Test(sys_rows, a32)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].arm)
            check(i, false);
}

Test(sys_rows, thumb)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].thumb)
            check(i, true);
}

/* CPS without a mode changes the masks in place. */
Test(sys_rows, cps_masks)
{
    struct run *r = ls_new();
    run_thumb(r, 0xf3af8660); /* cpsid.w if */
    cr_expect(!r->s.mask_a);
    cr_expect(r->s.mask_i && r->s.mask_f);
    run_thumb(r, 0xf3af8440); /* cpsie.w i */
    cr_expect(!r->s.mask_i && r->s.mask_f);
    cr_expect_eq(r->helper, -1);
    run_free(r);
}

/* SEVL sets the event register of its own CPU only. */
Test(sys_rows, sevl)
{
    static const uint32_t insns[] = {0xbf50, 0xf3af8005};
    struct run *r = ls_new();
    run_arm(r, 0xe320f005);
    cr_expect(r->s.event);
    for (unsigned i = 0; i < 2; i++) {
        r->s.event = 0;
        run_thumb(r, insns[i]);
        cr_expect(r->s.event);
        cr_expect_eq(r->helper, -1);
    }
    run_free(r);
}

/* What became PLDW and PLI are hints without a meaning before the Multiprocessing Extensions and
 * ARMv7. */
Test(sys_rows, memory_hints_of_v6t2)
{
    static const uint32_t hints[] = {
        0xf8b1f004, 0xf831fc04, 0xf831f002, /* pldw [r1, #4], [r1, #-4], [r1, r2] */
        0xf991f004, 0xf911fc04, 0xf911f002, /* pli */
        0xf99ff004,                         /* pli literal */
    };
    struct run *r = ls_new();
    r->block_flags = (uint32_t)RUN_CPU_V6T2 << ARM_BF_FEATURES_SHIFT;
    for (unsigned i = 0; i < ARRAY_SIZE(hints); i++) {
        struct arm_state before = r->s;
        run_thumb(r, hints[i]);
        cr_expect(r->helper == -1 && !r->faulted, "%08x", hints[i]);
        cr_expect_arr_eq(r->s.r, before.r, sizeof(before.r));
        cr_expect_eq(r->s.env.pc, RUN_CODE + 4);
    }
    run_free(r);
}
