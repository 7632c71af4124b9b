/*
 * Instructions of the M profile by row: what the cores have and have not of Thumb, special
 * registers, coprocessors that are not there. Encodings are an assembler's.
 */
#include <criterion/criterion.h>

#include "frontend/arm/cpu/m/m.h"
#include "tests/translate/ls_util.h"
#include "util/bits.h"

TestSuite(m_rows);

#define CALLS(id) ARM_HELPER_##id
enum { NONE = -1 };

static struct run *run_m(enum run_cpu cpu, uint32_t insn, uint32_t flags)
{
    struct run *r = ls_new();

    r->block_flags = (uint32_t)cpu << ARM_BF_FEATURES_SHIFT | flags;
    r->s.r[1] = RUN_DATA + RUN_DATA_SIZE / 2;
    r->s.r[2] = 0xf00d00d3;
    r->s.fp_enabled = 1;
    r->s.mask_i = 1;
    r->helper_result = 0x1234;
    run_thumb(r, insn);
    return r;
}

/* What is executed on ARMv7E-M. */
static const struct {
    const char *text;
    uint32_t insn;
    int helper;
    uint32_t arg[3];
} rows[] = {
    {"mrs r3, psp", 0xf3ef8309, CALLS(m_mrs), {9}},
    {"mrs r3, xpsr", 0xf3ef8303, CALLS(m_mrs), {3}},
    {"mrs r3, basepri_max", 0xf3ef8312, CALLS(m_mrs), {18}},
    {"mrs r3, primask", 0xf3ef8310, NONE, {0}},
    {"msr control, r2", 0xf3828814, CALLS(m_msr), {20, 2, 0xf00d00d3}},
    {"msr apsr_nzcvqg, r2", 0xf3828c00, CALLS(m_msr), {0, 3, 0xf00d00d3}},
    {"msr apsr_g, r2", 0xf3828400, CALLS(m_msr), {0, 1, 0xf00d00d3}},
    {"msr basepri, r2", 0xf3828811, CALLS(m_msr), {17, 2, 0xf00d00d3}},
    {"cpsid f", 0xb671, CALLS(m_faultmask), {1}},
    {"cpsie f", 0xb661, CALLS(m_faultmask), {0}},
    {"svc #18", 0xdf12, CALLS(svc), {18}},
    {"bkpt #0xab", 0xbeab, CALLS(bkpt), {0xab}},
    {"udf #3", 0xde03, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"udf.w #3", 0xf7f0a003, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"cdp p5, 1, c2, c3, c4, 5", 0xee1325a4, CALLS(m_usage_fault), {ARM_M_NOCP}},
    {"mrc p15, 0, r3, c1, c0, 0", 0xee113f10, CALLS(m_usage_fault), {ARM_M_NOCP}},
    {"mrc2 p15, 0, r3, c1, c0, 0", 0xfe113f10, CALLS(m_usage_fault), {ARM_M_NOCP}},
    {"mcrr p15, 0, r2, r3, c2", 0xec432f02, CALLS(m_usage_fault), {ARM_M_NOCP}},
    {"ldc p5, c2, [r1, #4]", 0xed912501, CALLS(m_usage_fault), {ARM_M_NOCP}},
    {"stc2 p5, c2, [r1, #4]", 0xfd812501, CALLS(m_usage_fault), {ARM_M_NOCP}},
    {"srsdb sp!, #19", 0xe82dc013, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"rfeia r1!", 0xe9b1c000, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"cps #18", 0xf3af8112, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"setend be", 0xb658, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"subs pc, lr, #4", 0xf3de8f04, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"bxj r2", 0xf3c28f00, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"smc #5", 0xf7f58000, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"ldrexd r2, r3, [r1]", 0xe8d1237f, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"vadd.i32 d0, d1, d2", 0xef210802, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"vld1.32 {d0}, [r1]", 0xf921078f, CALLS(m_usage_fault), {ARM_M_UNDEFINSTR}},
    {"pld [r1]", 0xf891f000, NONE, {0}},
    {"pli [r1]", 0xf991f000, NONE, {0}},
    {"dbg #3", 0xf3af80f3, NONE, {0}},
    {"dsb", 0xf3bf8f4f, NONE, {0}},
    {"clrex", 0xf3bf8f2f, NONE, {0}},
};

Test(m_rows, v7em)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run *r = run_m(RUN_CPU_M7, rows[i].insn, 0);

        cr_expect_eq(r->helper, rows[i].helper, "%s: helper %d", rows[i].text, r->helper);
        for (unsigned k = 0; k < 3 && r->call_count; k++)
            cr_expect_eq((uint32_t)r->calls[0].arg[k], rows[i].arg[k], "%s: argument %u is %x",
                         rows[i].text, k, (uint32_t)r->calls[0].arg[k]);
        run_free(r);
    }
}

/* Which cores have what: a letter per core, 7 4 3 0; the others fault with UNDEFINSTR or NOCP. */
static const struct {
    const char *text, *cores;
    uint32_t insn, fault;
} availability[] = {
    {"adds r3, r1, r2", "7430", 0x188b, 0},
    {"sxth r3, r2", "7430", 0xb213, 0},
    {"rev r3, r2", "7430", 0xba13, 0},
    {"yield", "7430", 0xbf10, 0},
    {"dmb", "7430", 0xf3bf8f5f, 0},
    {"isb", "7430", 0xf3bf8f6f, 0},
    {"cpsid i", "7430", 0xb672, 0},
    {"mrs r3, primask", "7430", 0xf3ef8310, 0},
    {"bl", "7430", 0xf000f802, 0},
    {"bl with J1 != J2", "7430", 0xf000d002, 0},
    {"b.w", "743", 0xf000b802, ARM_M_UNDEFINSTR},
    {"cbz r2", "743", 0xb112, ARM_M_UNDEFINSTR},
    {"it eq", "743", 0xbf08, ARM_M_UNDEFINSTR},
    {"movw r3, #1", "743", 0xf2400301, ARM_M_UNDEFINSTR},
    {"udiv r3, r1, r2", "743", 0xfbb1f3f2, ARM_M_UNDEFINSTR},
    {"ldrex r3, [r1]", "743", 0xe8513f00, ARM_M_UNDEFINSTR},
    {"nop.w", "743", 0xf3af8000, ARM_M_UNDEFINSTR},
    {"ssat r3, #8, r2", "743", 0xf3020307, ARM_M_UNDEFINSTR},
    {"uxtb.w r3, r2", "743", 0xfa5ff382, ARM_M_UNDEFINSTR},
    {"uxtab r3, r1, r2", "74", 0xfa51f382, ARM_M_UNDEFINSTR},
    {"uxtb16 r3, r2", "74", 0xfa3ff382, ARM_M_UNDEFINSTR},
    {"qadd r3, r2, r1", "74", 0xfa81f382, ARM_M_UNDEFINSTR},
    {"sadd16 r3, r1, r2", "74", 0xfa91f302, ARM_M_UNDEFINSTR},
    {"smlabb r3, r1, r2, r4", "74", 0xfb114302, ARM_M_UNDEFINSTR},
    {"umaal r3, r4, r1, r2", "74", 0xfbe13462, ARM_M_UNDEFINSTR},
    {"sel r3, r1, r2", "74", 0xfaa1f382, ARM_M_UNDEFINSTR},
    {"vldr d0, [r1]", "74", 0xed910b00, ARM_M_NOCP},
    {"vldr s0, [r1]", "74", 0xed910a00, ARM_M_NOCP},
    {"vmov r3, s0", "74", 0xee103a10, ARM_M_NOCP},
    {"vadd.f32 s0, s1, s2", "74", 0xee300a81, ARM_M_NOCP},
};

Test(m_rows, availability)
{
    static const char letters[] = "7430";
    static const enum run_cpu cpus[] = {RUN_CPU_M7, RUN_CPU_M4, RUN_CPU_M3, RUN_CPU_M0};

    for (unsigned i = 0; i < ARRAY_SIZE(availability); i++) {
        for (unsigned k = 0; k < 4; k++) {
            struct run *r = run_m(cpus[k], availability[i].insn, 0);
            bool there = strchr(availability[i].cores, letters[k]);
            bool faults = r->helper == ARM_HELPER_m_usage_fault;

            cr_expect_eq(faults, !there, "%s on M%c", availability[i].text, letters[k]);
            if (faults)
                cr_expect_eq(r->helper_arg[0], availability[i].fault, "%s on M%c: %x",
                             availability[i].text, letters[k], r->helper_arg[0]);
            run_free(r);
        }
    }
}

/* Double precision and what FPv5 added. */
Test(m_rows, fpv5_and_double)
{
    static const struct {
        const char *text;
        uint32_t insn;
    } m7_only[] = {
        {"vadd.f64 d0, d1, d2", 0xee310b02}, {"vcvt.f64.f32 d0, s2", 0xeeb70ac1},
        {"vsel.f32", 0xfe000a81},            {"vrinta.f32 s0, s1", 0xfeb80a60},
        {"vmaxnm.f32 s0, s1, s2", 0xfe800a81}, {"vmov.f64 d0, d1", 0xeeb00b41},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(m7_only); i++) {
        struct run *m7 = run_m(RUN_CPU_M7, m7_only[i].insn, 0),
                   *m4 = run_m(RUN_CPU_M4, m7_only[i].insn, 0);

        cr_expect_eq(m7->helper, -1, "%s on M7: helper %d", m7_only[i].text, m7->helper);
        cr_expect_eq(m4->helper, ARM_HELPER_m_usage_fault, "%s on M4", m7_only[i].text);
        run_free(m7);
        run_free(m4);
    }
}

/* MRS and MSR of PRIMASK, and CPS, in place; unprivileged code changes nothing. */
Test(m_rows, primask)
{
    struct run *r = run_m(RUN_CPU_M3, 0xf3ef8310, 0); /* mrs r3, primask */

    cr_expect_eq(r->s.r[3], 1);
    run_free(r);
    r = run_m(RUN_CPU_M3, 0xb662, 0); /* cpsie i */
    cr_expect_eq(r->s.mask_i, 0);
    run_free(r);
    r = run_m(RUN_CPU_M3, 0xb662, ARM_BF_USER);
    cr_expect_eq(r->s.mask_i, 1);
    run_free(r);
    r = run_m(RUN_CPU_M3, 0xf3828810, 0); /* msr primask, r2: bit 0 */
    cr_expect_eq(r->s.mask_i, 1);
    run_free(r);
    r = run_m(RUN_CPU_M3, 0xf3818810, ARM_BF_USER); /* msr primask, r1 */
    cr_expect_eq(r->s.mask_i, 1);
    run_free(r);
}

/* Division by zero gives 0, or faults where CCR asks for it. */
Test(m_rows, division)
{
    struct run *r = run_m(RUN_CPU_M3, 0xfbb1f3f4, 0); /* udiv r3, r1, r4 */

    cr_expect_eq(r->helper, -1);
    cr_expect_eq(r->s.r[3], 0);
    run_free(r);
    r = run_m(RUN_CPU_M3, 0xfbb1f3f4, ARM_BF_DIV_TRAP);
    cr_expect_eq(r->helper, ARM_HELPER_m_usage_fault);
    cr_expect_eq(r->helper_arg[0], ARM_M_DIVBYZERO);
    run_free(r);
    r = run_m(RUN_CPU_M3, 0xfbb1f3f1, ARM_BF_DIV_TRAP); /* udiv r3, r1, r1 */
    cr_expect_eq(r->helper, -1);
    cr_expect_eq(r->s.r[3], 1);
    run_free(r);
}

/* An instruction with EPSR.T = 0 is INVSTATE, whatever it is. */
Test(m_rows, invstate)
{
    struct run *r = ls_new();

    r->block_flags = (uint32_t)RUN_CPU_M3 << ARM_BF_FEATURES_SHIFT;
    run_arm(r, 0xe3a00001);
    cr_expect_eq(r->helper, ARM_HELPER_m_usage_fault);
    cr_expect_eq(r->helper_arg[0], ARM_M_INVSTATE);
    run_free(r);
}

/* Floating-point instructions that have not the unit's consent call for it, undefined ones too. */
Test(m_rows, fp_consent)
{
    static const uint32_t insns[] = {0xee300a81, 0xeef13a10, 0xeef1fa10, 0xed910a00, 0xee310b02};

    for (unsigned i = 0; i < ARRAY_SIZE(insns); i++) {
        struct run *r = ls_new();

        r->block_flags = (uint32_t)RUN_CPU_M4 << ARM_BF_FEATURES_SHIFT;
        r->s.r[1] = RUN_DATA;
        r->s.fp_enabled = 0;
        run_thumb(r, insns[i]);
        cr_expect_eq(r->calls[0].helper, ARM_HELPER_m_fp, "%08x calls %d", insns[i],
                     r->calls[0].helper);
        run_free(r);
    }
}

/* SP has no bits 1 and 0. */
Test(m_rows, stack_pointer)
{
    /* mov sp, r2; add.w sp, r2, #1; add sp, r2 */
    static const uint32_t insns[] = {0x4695, 0xf1020d01, 0x4495};

    for (unsigned i = 0; i < ARRAY_SIZE(insns); i++) {
        struct run *r = ls_new();

        r->block_flags = (uint32_t)RUN_CPU_M7 << ARM_BF_FEATURES_SHIFT;
        r->s.r[2] = 0x20001007;
        run_thumb(r, insns[i]);
        cr_expect_eq(r->s.r[13] & 3, 0, "%08x: %08x", insns[i], r->s.r[13]);
        run_free(r);
    }
}
