/* Status registers, CPS, exceptions, system registers, hints. */
#include <criterion/criterion.h>

#include "tests/translate/ls_util.h"

TestSuite(sys_state);

/* ---- MRS and MSR ----------------------------------------------------------------------------- */

Test(sys_state, mrs_joins_fields)
{
    struct run *r = ls_new();
    run_set_psr(r, 0xa80d0000); /* N, C, Q, GE = 13 */
    r->s.mask_i = r->s.mask_a = 1;
    r->s.mode = ARM_MODE_ABT;
    run_arm(r, 0xe10f3000); /* mrs r3, cpsr */
    cr_expect_eq(r->s.r[3], 0xa80d0000 | ARM_PSR_I | ARM_PSR_A | ARM_MODE_ABT);
    r->block_flags = ARM_BF_BIG_ENDIAN;
    r->s.mask_f = 1;
    run_arm(r, 0xe10f3000);
    cr_expect_eq(r->s.r[3],
                 0xa80d0000 | ARM_PSR_I | ARM_PSR_A | ARM_PSR_F | ARM_PSR_E | ARM_MODE_ABT);
    run_free(r);
}

Test(sys_state, msr_flags_inline)
{
    struct run *r = ls_new();
    r->s.r[2] = 0x580a00ff;
    run_arm(r, 0xe12cf002); /* msr apsr_nzcvqg, r2 */
    cr_expect_eq(run_psr(r), 0x580a0000);
    cr_expect_eq(r->helper, -1);
    run_arm(r, 0xe328f20f); /* msr apsr_nzcvq, #0xf0000000 */
    cr_expect_eq(run_psr(r), 0xf00a0000);
    r->block_flags = ARM_BF_USER;
    run_arm(r, 0xe129f002); /* msr cpsr_fc, r2: the control field is not User mode's */
    cr_expect_eq(run_nzcv(r), 0x50000000);
    cr_expect_eq(r->helper, -1);
    run_free(r);
}

Test(sys_state, msr_control_calls)
{
    struct run *r = ls_new();
    r->s.r[2] = 0xd3;
    run_arm(r, 0xe121f002); /* msr cpsr_c, r2 */
    cr_expect_eq(r->helper, ARM_HELPER_cpsr_write);
    cr_expect_eq(r->helper_arg[0], 0xd3);
    cr_expect_eq(r->helper_arg[1], 0xff);
    cr_expect_eq(r->block.ops[r->block.count - 1].opcode, IR_OP_exitdyn);
    run_arm(r, 0xe169f002); /* msr spsr_fc, r2 */
    cr_expect_eq(r->helper, ARM_HELPER_spsr_write);
    cr_expect_eq(r->helper_arg[1], 0xff0000ff);
    r->block_flags = ARM_BF_USER;
    run_arm(r, 0xe169f002);
    cr_expect(ls_undefined(r));
    run_free(r);
}

Test(sys_state, banked_registers)
{
    struct run *r = ls_new();
    r->helpers_return = true;
    r->helper_result = 0x1234;
    run_arm(r, 0xe1013300); /* mrs r3, sp_irq: SYSm 10001 */
    cr_expect_eq(r->helper, ARM_HELPER_mrs_banked);
    cr_expect_eq(r->helper_arg[0], 0x11);
    cr_expect_eq(r->helper_arg[1], 0);
    cr_expect_eq(r->s.r[3], 0x1234);
    run_free(r);
}

/* ---- CPS ------------------------------------------------------------------------------------- */

Test(sys_state, cps_masks_inline)
{
    struct run *r = ls_new();
    run_arm(r, 0xf10c0080); /* cpsid i */
    cr_expect_eq(r->s.mask_i, 1);
    cr_expect_eq(r->s.mask_f, 0);
    cr_expect_eq(r->helper, -1);
    r->s.irq_lines = ARM_LINE_IRQ;
    run_arm(r, 0xf10801c0); /* cpsie aif */
    cr_expect_eq(r->s.mask_i, 0);
    cr_expect_eq(r->helper, ARM_HELPER_unmasked);
    r->s.irq_lines = 0;
    run_thumb(r, 0xb672); /* cpsid i */
    cr_expect_eq(r->s.mask_i, 1);
    run_thumb(r, 0xb663); /* cpsie if */
    cr_expect_eq(r->s.mask_i, 0);
    cr_expect_eq(r->helper, -1);
    run_free(r);
}

Test(sys_state, cps_is_nop_for_users)
{
    struct run *r = ls_new();
    r->block_flags = ARM_BF_USER;
    run_arm(r, 0xf10c0080);
    cr_expect_eq(r->s.mask_i, 0);
    cr_expect_eq(r->helper, -1);
    run_free(r);
}

Test(sys_state, cps_mode)
{
    struct run *r = ls_new();
    run_arm(r, 0xf10e0092); /* cpsid i, #18 */
    cr_expect_eq(r->helper, ARM_HELPER_cps);
    cr_expect_eq(r->helper_arg[0], 3 << 3 | 2);
    cr_expect_eq(r->helper_arg[1], 0x20 | 18);
    cr_expect_eq(r->block.ops[r->block.count - 1].opcode, IR_OP_exitdyn);
    run_free(r);
}

Test(sys_state, setend)
{
    struct run *r = ls_new();
    run_arm(r, 0xf1010000); /* setend le: it is */
    cr_expect_eq(r->helper, -1);
    run_arm(r, 0xf1010200); /* setend be */
    cr_expect_eq(r->helper, ARM_HELPER_setend);
    cr_expect_eq(r->helper_arg[0], 1);
    run_free(r);
}

/* ---- exceptions ------------------------------------------------------------------------------ */

static const struct {
    uint32_t insn;
    int helper;
    uint32_t imm;
} calls[] = {
    {0xef123456, ARM_HELPER_svc, 0x123456}, {0xe1412374, ARM_HELPER_hvc, 0x1234},
    {0xe1600075, ARM_HELPER_smc, 5},        {0xe1212374, ARM_HELPER_bkpt, 0x1234},
    {0xe7f000f0, ARM_HELPER_undefined, 0},
};

Test(sys_state, calls)
{
    struct run *r = ls_new();
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        run_arm(r, calls[i].insn);
        cr_expect_eq(r->helper, calls[i].helper, "%08x", calls[i].insn);
        cr_expect_eq(r->helper_arg[0], calls[i].imm, "%08x", calls[i].insn);
    }
    r->block_flags = ARM_BF_USER;
    run_arm(r, 0xe1412374);
    cr_expect(ls_undefined(r));
    run_free(r);
}

Test(sys_state, rfe)
{
    static const struct {
        uint32_t insn;
        int lowest, step;
    } forms[] = {
        {0xf8b10a00, 0, 8},
        {0xf9b10a00, 4, 8},
        {0xf8310a00, -4, -8},
        {0xf9310a00, -8, -8},
    };
    for (unsigned i = 0; i < 4; i++) {
        struct run *r = ls_new();
        r->s.r[1] = RUN_DATA + 0x100;
        run_arm(r, forms[i].insn);
        cr_expect_eq(r->helper, ARM_HELPER_rfe);
        cr_expect_eq(r->helper_arg[0], ls_word(r, (uint32_t)(0x100 + forms[i].lowest)));
        cr_expect_eq(r->helper_arg[1], ls_word(r, (uint32_t)(0x104 + forms[i].lowest)));
        cr_expect_eq(r->s.r[1], RUN_DATA + 0x100 + (uint32_t)forms[i].step);
        run_free(r);
    }
}

Test(sys_state, srs)
{
    struct run *r = ls_new();
    r->helpers_return = true;
    r->helper_result = RUN_DATA + 0x100; /* SP of the mode, and SPSR */
    r->s.r[14] = 0x77777777;
    run_arm(r, 0xf96d0513); /* srsdb sp!, #19 */
    cr_expect_eq(ls_word(r, 0x100 - 8), 0x77777777);
    cr_expect_eq(ls_word(r, 0x100 - 4), RUN_DATA + 0x100);
    cr_expect_eq(r->helper, ARM_HELPER_srs_sp_write);
    cr_expect_eq(r->helper_arg[0], 19);
    cr_expect_eq(r->helper_arg[1], RUN_DATA + 0x100 - 8);
    run_free(r);
}

/* ---- system registers ------------------------------------------------------------------------ */

Test(sys_state, system_registers)
{
    struct run *r = ls_new();
    r->helpers_return = true;
    r->helper_result = 0xc0ffee;
    run_arm(r, 0xee113f10); /* mrc p15, 0, r3, c1, c0, 0 */
    cr_expect_eq(r->helper, ARM_HELPER_cp_read32);
    cr_expect_eq(r->helper_arg[0], ARM_CP_KEY32(15, 0, 1, 0, 0));
    cr_expect_eq(r->s.r[3], 0xc0ffee);
    run_arm(r, 0xee013f10); /* mcr p15, 0, r3, c1, c0, 0 */
    cr_expect_eq(r->helper, ARM_HELPER_cp_write32);
    cr_expect_eq(r->helper_arg[1], 0xc0ffee);
    cr_expect_eq(r->block.ops[r->block.count - 1].opcode, IR_OP_exitdyn);
    r->helper_result = 0x60000000;
    run_arm(r, 0xee10fe10 | 1 << 16); /* mrc p14, 0, apsr_nzcv, c1, c0, 0 */
    cr_expect_eq(run_nzcv(r), 0x60000000);
    run_arm(r, 0xee113810); /* mrc p8 */
    cr_expect(ls_undefined(r));
    run_arm(r, 0xfe113f10); /* mrc2 p15 */
    cr_expect(ls_undefined(r));
    run_free(r);
}

Test(sys_state, system_registers_64)
{
    struct run *r = ls_new();
    r->helpers_return = true;
    r->helper_result = 0x1122334455667788;
    run_arm(r, 0xec532f02); /* mrrc p15, 0, r2, r3, c2 */
    cr_expect_eq(r->helper, ARM_HELPER_cp_read64);
    cr_expect_eq(r->helper_arg[0], ARM_CP_KEY64(15, 0, 2));
    cr_expect_eq(r->s.r[2], 0x55667788);
    cr_expect_eq(r->s.r[3], 0x11223344);
    run_arm(r, 0xec432f02);
    cr_expect_eq(r->helper, ARM_HELPER_cp_write64);
    cr_expect_eq(r->calls[0].arg[1], 0x1122334455667788);
    run_free(r);
}

Test(sys_state, thread_registers)
{
    struct run *r = ls_new();
    r->s.cp15.tpidruro[0] = 0xabcdef;
    r->block_flags = ARM_BF_USER;
    run_arm(r, 0xee1d3f70); /* mrc p15, 0, r3, c13, c0, 3 */
    cr_expect_eq(r->s.r[3], 0xabcdef);
    cr_expect_eq(r->helper, -1);
    run_arm(r, 0xee0d3f70); /* the write is privileged */
    cr_expect_eq(r->helper, ARM_HELPER_cp_write32);
    run_arm(r, 0xee1d3f90); /* and so is TPIDRPRW */
    cr_expect_eq(r->helper, ARM_HELPER_cp_read32);
    run_arm(r, 0xee0d3f50);
    cr_expect_eq(r->s.cp15.tpidrurw[0], 0xabcdef);
    cr_expect_eq(r->helper, -1);
    run_free(r);
}

Test(sys_state, cp15_barriers)
{
    static const uint32_t barriers[] = {0xee070f9a, 0xee070fba, 0xee070f95}; /* DSB DMB ISB */
    struct run *r = ls_new();
    r->block_flags = ARM_BF_USER | ARM_BF_SMP;
    for (unsigned i = 0; i < 3; i++) {
        run_arm(r, barriers[i]);
        cr_expect_eq(r->helper, -1);
        bool fence = false;
        for (uint32_t n = 0; n < r->block.count; n++)
            fence |= r->block.ops[n].opcode == IR_OP_fence;
        cr_expect_eq(fence, i < 2);
    }
    run_free(r);
}

/* ---- hints ----------------------------------------------------------------------------------- */

Test(sys_state, wait_halts)
{
    struct run *r = ls_new();
    r->helper_result = 1;
    run_arm(r, 0xe320f003); /* wfi */
    cr_expect_eq(r->helper, ARM_HELPER_wfi);
    cr_expect_eq(r->exit, IR_EXIT_HALT);
    cr_expect_eq(r->s.env.pc, RUN_CODE + 4);
    r->helper_result = 0;
    run_thumb(r, 0xbf20); /* wfe */
    cr_expect_eq(r->helper, ARM_HELPER_wfe);
    cr_expect_eq(r->exit, IR_EXIT_LOOKUP);
    cr_expect_eq(r->s.env.pc, RUN_CODE + 2);
    run_arm(r, 0xe320f001); /* yield */
    cr_expect_eq(r->exit, IR_EXIT_YIELD);
    cr_expect_eq(r->s.env.pc, RUN_CODE + 4);
    run_free(r);
}

/* A wait in the middle of an IT block continues in it. */
Test(sys_state, wait_in_it_block)
{
    struct run *r = ls_new();
    r->helper_result = 1;
    r->s.thumb = 1;
    run_put_thumb(r, 0, 0xbf1c); /* itt ne */
    run_put_thumb(r, 2, 0xbf30); /* wfine */
    run_put_thumb(r, 4, 0x3001); /* addne r0, #1 */
    run_block(r, 3);
    cr_expect_eq(r->exit, IR_EXIT_HALT);
    cr_expect_eq(r->s.env.pc, RUN_CODE + 4);
    cr_expect_eq(r->s.itstate, 0x18);
    run_block(r, 1);
    cr_expect_eq(r->s.r[0], 1);
    cr_expect_eq(r->s.itstate, 0);
    run_free(r);
}

Test(sys_state, no_operations)
{
    static const uint32_t nops[] = {
        0xe320f000, 0xe320f0f5, 0xf5d1f000, 0xf591f000,
        0xf4d1f000, 0xf7d1f002, 0xf57ff05f, 0xf57ff04f,
    };
    struct run *r = ls_new();
    for (unsigned i = 0; i < sizeof(nops) / sizeof(nops[0]); i++) {
        run_arm(r, nops[i]);
        cr_expect(r->helper == -1 && !r->faulted, "%08x", nops[i]);
        cr_expect_eq(r->s.env.pc, RUN_CODE + 4);
    }
    run_free(r);
}
