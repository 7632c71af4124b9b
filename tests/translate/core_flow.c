/* Conditions, IT blocks, branches, and where blocks end. */
#include <criterion/criterion.h>

#include "tests/translate/harness.h"

enum { N = 1u << 31, Z = 1 << 30, C = 1 << 29, V = 1 << 28 };

static unsigned ops_count(const struct run *r, enum ir_opcode opcode)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < r->block.count; i++)
        n += r->block.ops[i].opcode == opcode;
    return n;
}

static const struct ir_op *last_op(const struct run *r)
{
    return &r->block.ops[r->block.count - 1];
}

static void at(struct run *r, uint32_t offset, bool thumb)
{
    r->s.thumb = thumb;
    r->s.env.pc = r->s.env.page_base + offset;
}

static uint32_t pc(const struct run *r)
{
    return (uint32_t)r->s.env.pc;
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* MOV<c> r0, #1 for all conditions and flags, by the table of the manual (A8.3) */
Test(translate_flow, conditions)
{
    struct run *r = run_new();
    for (uint32_t flags = 0; flags < 16; flags++) {
        bool n = flags & 8, z = flags & 4, c = flags & 2, v = flags & 1;
        bool holds[] = {z, !z, c, !c, n, !n, v, !v, c && !z, !(c && !z), n == v, n != v,
                        !z && n == v, z || n != v, true};
        for (uint32_t cond = 0; cond <= 14; cond++) {
            run_set_nzcv(r, flags << 28);
            r->s.r[0] = 0;
            run_arm(r, 0x03a00001 | cond << 28);
            cr_assert_eq(r->s.r[0], (uint32_t)holds[cond], "condition %u, flags %x", cond, flags);
            cr_assert_eq(pc(r), RUN_CODE + 4);
        }
    }
    run_free(r);
}

/* Instructions that are too many to be selects, and stores, which must not happen. */
static void run_of_conditions(struct run *r)
{
    run_put_arm(r, 0, 0x03a00001);  /* MOVEQ r0, #1 */
    run_put_arm(r, 4, 0x05861000);  /* STREQ r1, [r6] */
    run_put_arm(r, 8, 0x13a02001);  /* MOVNE r2, #1 */
    run_put_arm(r, 12, 0x15863004); /* STRNE r3, [r6, #4] */
    run_put_arm(r, 16, 0x03a04001); /* MOVEQ r4, #1 */
    run_put_arm(r, 20, 0xe3a05001); /* MOV r5, #1 */
}

Test(translate_flow, equal_and_inverse_conditions_share_a_branch)
{
    for (unsigned z = 0; z < 2; z++) {
        struct run *r = run_new();
        run_of_conditions(r);
        r->s.r[1] = r->s.r[3] = 9;
        r->s.r[6] = RUN_DATA;
        run_set_nzcv(r, z ? Z : 0);
        run_block(r, 6);
        uint32_t expected[] = {z, 9, !z, 9, z, 1};
        cr_assert_arr_eq(r->s.r, expected, sizeof(expected));
        cr_assert_eq(r->data[0], z ? 9 : 0);
        cr_assert_eq(r->data[4], z ? 0 : 9);
        cr_assert_eq(pc(r), RUN_CODE + 24);
        unsigned tested = 0;
        for (uint32_t i = 0; i < r->block.count; i++)
            tested += r->block.ops[i].opcode == IR_OP_brcc && r->block.ops[i].aux != IR_CC_AL;
        cr_assert_eq(tested, 1);
        run_free(r);
    }
}

Test(translate_flow, short_runs_have_no_branch)
{
    for (unsigned z = 0; z < 2; z++) {
        struct run *r = run_new();
        run_put_arm(r, 0, 0x02800001); /* ADDEQ r0, r0, #1 */
        run_put_arm(r, 4, 0x00800000); /* ADDEQ r0, r0, r0 */
        run_put_arm(r, 8, 0x13a00007); /* MOVNE r0, #7 */
        run_put_arm(r, 12, 0xb3a01001); /* MOVLT r1, #1 */
        run_set_nzcv(r, z ? Z | N : 0);
        r->s.r[0] = 4;
        run_block(r, 4);
        cr_assert_eq(r->s.r[0], z ? 10 : 7);
        cr_assert_eq(r->s.r[1], z);
        cr_assert_eq(ops_count(r, IR_OP_brcc), 0);
        run_free(r);
    }
}

/* The second instruction changes the flags, so that the third must look at them again. */
Test(translate_flow, flags_written_in_a_run)
{
    struct run *r = run_new();
    run_put_arm(r, 0, 0x03a00001); /* MOVEQ r0, #1 */
    run_put_arm(r, 4, 0x03500000); /* CMPEQ r0, #0 */
    run_put_arm(r, 8, 0x03a01001); /* MOVEQ r1, #1 */
    run_put_arm(r, 12, 0x13a02001); /* MOVNE r2, #1 */
    run_set_nzcv(r, Z);
    run_block(r, 4);
    cr_assert_eq(r->s.r[0], 1);
    cr_assert_eq(r->s.r[1], 0);
    cr_assert_eq(r->s.r[2], 1);
    run_free(r);
}

/* ---- IT -------------------------------------------------------------------------------------- */

/* ITTEE EQ; MOV r0..r3, #1: the 16-bit MOV does not set flags here */
static void put_it_block(struct run *r, uint32_t offset)
{
    run_put_thumb(r, offset, 0xbf07);
    run_put_thumb(r, offset + 2, 0x2001);
    run_put_thumb(r, offset + 4, 0x2101);
    run_put_thumb(r, offset + 6, 0x2201);
    run_put_thumb(r, offset + 8, 0x2301);
    run_put_thumb(r, offset + 10, 0x2401); /* MOVS r4, #1 */
}

Test(translate_flow, it_block)
{
    for (unsigned z = 0; z < 2; z++) {
        struct run *r = run_new();
        put_it_block(r, 0);
        run_set_nzcv(r, (z ? Z : 0) | N | V);
        at(r, 0, true);
        run_block(r, 5);
        uint32_t expected[] = {z, z, !z, !z, 0};
        cr_assert_arr_eq(r->s.r, expected, sizeof(expected));
        cr_assert_eq(run_nzcv(r), (z ? Z : 0) | N | V);
        cr_assert_eq(r->s.itstate, 0);
        cr_assert_eq(pc(r), RUN_CODE + 10);
        run_block(r, 1);
        cr_assert_eq(run_nzcv(r), V); /* the IT block is over: MOVS */
        run_free(r);
    }
}

/* Instruction by instruction, ITSTATE is in the state between. */
Test(translate_flow, it_block_in_steps)
{
    static const uint8_t states[] = {0x07, 0x0e, 0x1c, 0x18, 0};
    struct run *r = run_new();
    put_it_block(r, 0);
    run_set_nzcv(r, Z);
    at(r, 0, true);
    for (unsigned i = 0; i < 5; i++) {
        run_block(r, 1);
        cr_assert_eq(r->s.itstate, states[i], "after %u: %02x", i, r->s.itstate);
        cr_assert_eq(pc(r), RUN_CODE + 2 * (i + 1));
        cr_assert_eq(last_op(r)->opcode, i < 4 ? IR_OP_exitengine : IR_OP_exitd);
    }
    uint32_t expected[] = {1, 1, 0, 0};
    cr_assert_arr_eq(r->s.r, expected, sizeof(expected));
    run_free(r);
}

Test(translate_flow, it_block_over_the_page_end)
{
    struct run *r = run_new();
    put_it_block(r, 0xffa);
    at(r, 0xffa, true);
    run_set_nzcv(r, 0);
    run_block(r, 100);
    cr_assert_eq(pc(r), RUN_CODE + 0x1000);
    cr_assert_eq(r->s.itstate, 0x1c);
    cr_assert_eq(r->s.r[0], 0);
    run_free(r);
}

/* The insn words carry ITSTATE, for exceptions. */
Test(translate_flow, it_state_in_insn_words)
{
    struct run *r = run_new();
    put_it_block(r, 0);
    at(r, 0, true);
    run_block(r, 5);
    static const uint8_t states[] = {0, 0x07, 0x0e, 0x1c, 0x18};
    unsigned n = 0;
    for (uint32_t i = 0; i < r->block.count; i++)
        if (r->block.ops[i].opcode == IR_OP_insn) {
            cr_assert_eq(r->block.ops[i].imm, ARM_INSN_WORD(2 * n, states[n], 0));
            n++;
        }
    cr_assert_eq(n, 5);
    run_free(r);
}

Test(translate_flow, breakpoint_ignores_the_it_condition)
{
    struct run *r = run_new();
    run_put_thumb(r, 0, 0xbf08); /* IT EQ */
    run_put_thumb(r, 2, 0xbe07); /* BKPT #7 */
    at(r, 0, true);
    run_block(r, 2);
    cr_assert_eq(r->helper, ARM_HELPER_bkpt);
    run_free(r);
}

/* ---- branches -------------------------------------------------------------------------------- */

Test(translate_flow, direct_branches)
{
    struct run *r = run_new();
    run_arm(r, 0xea000002); /* B .+16 */
    cr_assert_eq(pc(r), RUN_CODE + 16);
    cr_assert_eq(last_op(r)->opcode, IR_OP_exitd);
    run_arm(r, 0xebfffffd); /* BL .-4 */
    cr_assert_eq(pc(r), RUN_CODE - 4);
    cr_assert_eq(r->s.r[14], RUN_CODE + 4);
    cr_assert_eq(ops_count(r, IR_OP_callhint), 1);
    run_arm(r, 0xfb000000); /* BLX .+10 (H bit) */
    cr_assert_eq(pc(r), RUN_CODE + 10);
    cr_assert_eq(r->s.thumb, 1);
    cr_assert_eq(r->s.r[14], RUN_CODE + 4);
    run_thumb(r, 0xf000f802); /* BL .+8 */
    cr_assert_eq(pc(r), RUN_CODE + 8);
    cr_assert_eq(r->s.r[14], RUN_CODE + 5);
    run_put_thumb(r, 2, 0xf000e802); /* BLX from an address that is not a multiple of 4 */
    at(r, 2, true);
    run_block(r, 1);
    cr_assert_eq(pc(r), RUN_CODE + 8);
    cr_assert_eq(r->s.thumb, 0);
    cr_assert_eq(r->s.r[14], RUN_CODE + 7);
    run_free(r);
}

Test(translate_flow, conditional_branch_ends_the_block)
{
    struct run *r = run_new();
    run_put_arm(r, 0, 0xe3a00001);
    run_put_arm(r, 4, 0x0a000002); /* BEQ */
    run_block(r, 100);
    cr_assert_eq(pc(r), RUN_CODE + 8);
    cr_assert_eq(r->block.insn_count, 2);
    cr_assert_eq(r->block.guest_size, 8);
    cr_assert_eq(ops_count(r, IR_OP_exitd), 2);
    run_set_nzcv(r, Z);
    at(r, 0, false);
    run_block(r, 100);
    cr_assert_eq(pc(r), RUN_CODE + 20);
    run_put_thumb(r, 0, 0xd0fe); /* BEQ . */
    at(r, 0, true);
    run_block(r, 100);
    cr_assert_eq(pc(r), RUN_CODE);
    run_set_nzcv(r, 0);
    run_block(r, 100);
    cr_assert_eq(pc(r), RUN_CODE + 2);
    run_free(r);
}

/* A block that is executed often goes on behind what leads ahead, and ends where it is led back. */
Test(translate_flow, hot_blocks_go_on)
{
    struct run *r = run_new();
    static const uint32_t code[] = {
        0xe3500000, /* CMP r0, #0 */
        0x0a000003, /* BEQ .+20 */
        0xe2811001, /* ADD r1, r1, #1 */
        0xea000000, /* B .+8 */
        0xe2811040, /* not reached */
        0xe2811002, /* ADD r1, r1, #2 */
        0x1afffff8, /* BNE to the start */
        0xe2811020, /* not of this block */
    };
    for (unsigned hot = 0; hot < 2; hot++) {
        for (unsigned zero = 0; zero < 2; zero++) {
            for (unsigned i = 0; i < 8; i++)
                run_put_arm(r, 4 * i, code[i]);
            at(r, 0, false);
            r->hot = hot;
            r->s.r[0] = !zero;
            r->s.r[1] = 0;
            run_block(r, 100);
            cr_assert_eq(pc(r), zero ? RUN_CODE + 24 : hot ? RUN_CODE : RUN_CODE + 8);
            cr_assert_eq(r->s.r[1], hot && !zero ? 3 : 0);
            cr_assert_eq(r->block.insn_count, hot ? 6 : 2);
            cr_assert_eq(r->block.guest_size, hot ? 28 : 8);
        }
    }
    run_free(r);
}

static void enter(struct run *r, uint32_t at, uint32_t times)
{
    r->s.env.entered[guest_entered(0, (RUN_CODE + at) & 0xfff)] = times;
}

/* It goes on at the target of a branch behind which blocks were seldom entered, and leaves behind
 * it. */
Test(translate_flow, hot_blocks_go_where_code_went)
{
    struct run *r = run_new();
    for (unsigned thumb = 0; thumb < 2; thumb++) {
        for (unsigned zero = 0; zero < 2; zero++) {
            if (thumb) {
                run_put_thumb(r, 0, 0xb110); /* CBZ r0, .+8 */
                run_put_thumb(r, 2, 0x3101); /* ADDS r1, #1: skipped */
                run_put_thumb(r, 8, 0x3102); /* ADDS r1, #2 */
                run_put_thumb(r, 10, 0x4770); /* BX lr */
            } else {
                run_put_arm(r, 0, 0xe3500000);  /* CMP r0, #0 */
                run_put_arm(r, 4, 0x0a000001);  /* BEQ .+12 */
                run_put_arm(r, 8, 0xe2811001);  /* ADD r1, r1, #1: skipped */
                run_put_arm(r, 16, 0xe2811002); /* ADD r1, r1, #2 */
                run_put_arm(r, 20, 0xe12fff1e); /* BX lr */
            }
            at(r, 0, thumb);
            r->hot = r->entered = true;
            enter(r, 0, 100);
            enter(r, thumb ? 2 : 8, 3);
            r->s.r[0] = !zero;
            r->s.r[1] = 0;
            r->s.r[14] = 0x9000 + thumb;
            run_block(r, 100);
            cr_assert_eq(pc(r), zero ? 0x9000 : RUN_CODE + (thumb ? 2 : 8));
            cr_assert_eq(r->s.r[1], zero ? 2 : 0);
        }
    }
    run_free(r);
}

/* A run that ends in a conditional branch: MOVEQ, BXEQ */
Test(translate_flow, conditional_return)
{
    struct run *r = run_new();
    run_put_arm(r, 0, 0x03a00001);
    run_put_arm(r, 4, 0x012fff1e);
    r->s.r[14] = 0x8001;
    run_block(r, 100);
    cr_assert_eq(pc(r), RUN_CODE + 8);
    cr_assert_eq(r->s.r[0], 0);
    at(r, 0, false);
    run_set_nzcv(r, Z);
    run_block(r, 100);
    cr_assert_eq(pc(r), 0x8000);
    cr_assert_eq(r->s.thumb, 1);
    cr_assert_eq(r->s.r[0], 1);
    run_free(r);
}

/* Branch by @insn with r1 = @target on @cpu; returns the PC, with the instruction set in bit 0. */
static uint32_t branch_to(enum run_cpu cpu, bool thumb, uint32_t insn, uint32_t target)
{
    struct run *r = run_new();
    r->block_flags = (uint32_t)cpu << ARM_BF_FEATURES_SHIFT;
    r->s.r[1] = target;
    if (thumb)
        run_thumb(r, insn);
    else
        run_arm(r, insn);
    uint32_t result = pc(r) | r->s.thumb;
    run_free(r);
    return result;
}

Test(translate_flow, interworking)
{
    cr_assert_eq(branch_to(RUN_CPU_V7, false, 0xe12fff11, 0x8001), 0x8001); /* BX r1 */
    cr_assert_eq(branch_to(RUN_CPU_V4T, false, 0xe12fff11, 0x8001), 0x8001);
    cr_assert_eq(branch_to(RUN_CPU_V7, true, 0x4708, 0x8000), 0x8000);
    cr_assert_eq(branch_to(RUN_CPU_V7, false, 0xe12fff31, 0x8001), 0x8001); /* BLX r1 */
    /* MOV pc, r1: interworks in A32 from ARMv7 on, never in T32 */
    cr_assert_eq(branch_to(RUN_CPU_V7, false, 0xe1a0f001, 0x8001), 0x8001);
    cr_assert_eq(branch_to(RUN_CPU_V6, false, 0xe1a0f001, 0x8001), 0x8000);
    cr_assert_eq(branch_to(RUN_CPU_V4T, false, 0xe1a0f001, 0x8003), 0x8000);
    cr_assert_eq(branch_to(RUN_CPU_V7, true, 0x468f, 0x8000), 0x8001);
    /* MOV pc, r1, LSR #1 */
    cr_assert_eq(branch_to(RUN_CPU_V7, false, 0xe1a0f0a1, 0x10002), 0x8001);
}

Test(translate_flow, return_hints)
{
    struct run *r = run_new();
    run_arm(r, 0xe12fff1e); /* BX lr */
    cr_assert(last_op(r)->aux & IR_HINT_RETURN);
    run_arm(r, 0xe1a0f00e); /* MOV pc, lr */
    cr_assert(last_op(r)->aux & IR_HINT_RETURN);
    run_arm(r, 0xe12fff11); /* BX r1 */
    cr_assert_not(last_op(r)->aux & IR_HINT_RETURN);
    run_thumb(r, 0x4770);
    cr_assert(last_op(r)->aux & IR_HINT_RETURN);
    run_free(r);
}

Test(translate_flow, blx_through_lr)
{
    struct run *r = run_new();
    r->s.r[14] = 0x9001;
    run_arm(r, 0xe12fff3e); /* BLX lr */
    cr_assert_eq(pc(r), 0x9000);
    cr_assert_eq(r->s.thumb, 1);
    cr_assert_eq(r->s.r[14], RUN_CODE + 4);
    run_free(r);
}

Test(translate_flow, compare_and_branch)
{
    struct run *r = run_new();
    run_thumb(r, 0xb110); /* CBZ r0, .+8 */
    cr_assert_eq(pc(r), RUN_CODE + 8);
    run_thumb(r, 0xb910); /* CBNZ r0, .+8 */
    cr_assert_eq(pc(r), RUN_CODE + 2);
    r->s.r[0] = 0x100;
    run_thumb(r, 0xb110);
    cr_assert_eq(pc(r), RUN_CODE + 2);
    run_thumb(r, 0xb910);
    cr_assert_eq(pc(r), RUN_CODE + 8);
    run_free(r);
}

Test(translate_flow, table_branch)
{
    struct run *r = run_new();
    r->s.r[0] = RUN_DATA;
    r->s.r[1] = 3;
    r->data[3] = 0x81;
    run_thumb(r, 0xe8d0f001); /* TBB [r0, r1] */
    cr_assert_eq(pc(r), RUN_CODE + 4 + 2 * 0x81);
    r->data[6] = 0x34;
    r->data[7] = 0x12;
    run_thumb(r, 0xe8d0f011); /* TBH [r0, r1, LSL #1] */
    cr_assert_eq(pc(r), RUN_CODE + 4 + 2 * 0x1234);
    r->block_flags = ARM_BF_BIG_ENDIAN;
    run_thumb(r, 0xe8d0f011);
    cr_assert_eq(pc(r), RUN_CODE + 4 + 2 * 0x3412);
    run_free(r);
}

/* ---- exceptions ------------------------------------------------------------------------------ */

Test(translate_flow, undefined)
{
    struct run *r = run_new();
    run_arm(r, 0xe7f000f0); /* UDF */
    cr_assert_eq(r->helper, ARM_HELPER_undefined);
    run_put_arm(r, 0, 0xe3a00001);
    run_put_arm(r, 4, 0xe7f000f0);
    run_put_arm(r, 8, 0xe3a00002);
    at(r, 0, false);
    run_block(r, 100);
    cr_assert_eq(r->s.r[0], 1);
    cr_assert_eq(r->block.insn_count, 2);
    cr_assert_eq(arm_insn_pc(&r->s), RUN_CODE + 4);
    run_free(r);
}

Test(translate_flow, instructions_of_later_architectures_are_undefined)
{
    struct run *r = run_new();
    r->block_flags = RUN_CPU_V4T << ARM_BF_FEATURES_SHIFT;
    run_arm(r, 0xe16f0f11); /* CLZ r0, r1: ARMv5T */
    cr_assert_eq(r->helper, ARM_HELPER_undefined);
    r->block_flags = RUN_CPU_V5TE << ARM_BF_FEATURES_SHIFT;
    run_arm(r, 0xe16f0f11);
    cr_assert_eq(r->helper, -1);
    cr_assert_eq(r->s.r[0], 32);
    run_arm(r, 0xe6ef0071); /* UXTB r0, r1: ARMv6 */
    cr_assert_eq(r->helper, ARM_HELPER_undefined);
    run_free(r);
}

/* Before Thumb-2, BL and BLX are the only instructions of two halfwords. */
Test(translate_flow, bl_before_thumb2)
{
    struct run *r = run_new();
    r->block_flags = RUN_CPU_V4T << ARM_BF_FEATURES_SHIFT;
    run_thumb(r, 0xf000f802); /* BL .+8 */
    cr_assert_eq(pc(r), RUN_CODE + 8);
    cr_assert_eq(r->s.r[14], RUN_CODE + 5);
    run_thumb(r, 0xf7fffffc); /* BL .-4 */
    cr_assert_eq(pc(r), RUN_CODE - 4);
    run_thumb(r, 0xf000e802); /* BLX: ARMv5T */
    cr_assert_eq(r->helper, ARM_HELPER_undefined);
    r->block_flags = RUN_CPU_V5TE << ARM_BF_FEATURES_SHIFT;
    run_thumb(r, 0xf000e802);
    cr_assert_eq(r->helper, -1);
    cr_assert_eq(pc(r), RUN_CODE + 8);
    cr_assert_eq(r->s.thumb, 0);
    run_thumb(r, 0xf2414134); /* MOVW */
    cr_assert_eq(r->helper, ARM_HELPER_undefined);
    run_free(r);
}

/* UDF in an IT block: an exception when the condition holds, and nothing otherwise. */
Test(translate_flow, undefined_in_it_block)
{
    struct run *r = run_new();
    run_put_thumb(r, 0, 0xbf04); /* ITT EQ */
    run_put_thumb(r, 2, 0xde00); /* UDF #0 */
    run_put_thumb(r, 4, 0x2001); /* MOVEQ r0, #1 */
    at(r, 0, true);
    run_block(r, 100);
    cr_assert_eq(r->helper, -1);
    cr_assert_eq(pc(r), RUN_CODE + 4);
    cr_assert_eq(r->s.itstate, 0x08);
    run_set_nzcv(r, Z);
    r->s.itstate = 0;
    at(r, 0, true);
    run_block(r, 100);
    cr_assert_eq(r->helper, ARM_HELPER_undefined);
    cr_assert_eq(arm_insn_it(&r->s), 0x04);
    cr_assert_eq(arm_insn_pc(&r->s), RUN_CODE + 2);
    run_free(r);
}

Test(translate_flow, literals)
{
    struct run *r = run_new();
    struct arm_translate t = {.b = &r->block};
    struct guest_code code = {.page = r->page, .fold_literals = true};
    uint32_t v;
    t.code = &code;
    run_put_arm(r, 0xffc, 0x89abcdef);
    cr_assert(arm_literal(&t, 0xffc, 4, &v));
    cr_assert_eq(v, 0x89abcdef);
    cr_assert(arm_literal(&t, 0xffe, 2, &v));
    cr_assert_eq(v, 0x89ab);
    cr_assert_eq(r->block.literal_start, 0xffc);
    cr_assert(arm_literal(&t, 0x10, 1, &v));
    cr_assert_eq(r->block.literal_start, 0x10);
    cr_assert_eq(r->block.literal_end, 0x1000);
    cr_assert_not(arm_literal(&t, 0xffd, 4, &v));
    cr_assert_not(arm_literal(&t, 0x1000, 4, &v));
    cr_assert_not(arm_literal(&t, (uint32_t)-4, 4, &v));
    code.fold_literals = false;
    cr_assert_not(arm_literal(&t, 0x20, 4, &v));
    run_free(r);
}

Test(translate_flow, exception_return)
{
    struct run *r = run_new();
    r->s.r[14] = 0x1234;
    run_arm(r, 0xe25ef004); /* SUBS pc, lr, #4 */
    cr_assert_eq(r->helper, ARM_HELPER_exception_return);
    cr_assert_eq(r->helper_arg[0], 0x1230);
    run_thumb(r, 0xf3de8f04);
    cr_assert_eq(r->helper, ARM_HELPER_exception_return);
    cr_assert_eq(r->helper_arg[0], 0x1230);
    run_arm(r, 0xe1b0f00e); /* MOVS pc, lr */
    cr_assert_eq(r->helper, ARM_HELPER_exception_return);
    r->block_flags = ARM_BF_USER;
    run_arm(r, 0xe25ef004);
    cr_assert_eq(r->helper, ARM_HELPER_undefined);
    run_free(r);
}

/* ---- where blocks end ------------------------------------------------------------------------ */

Test(translate_flow, page_end)
{
    struct run *r = run_new();
    run_put_arm(r, 0xff8, 0xe2800001); /* ADD r0, r0, #1 */
    run_put_arm(r, 0xffc, 0xe2800001);
    at(r, 0xff8, false);
    run_block(r, 100);
    cr_assert_eq(r->s.r[0], 2);
    cr_assert_eq(pc(r), RUN_CODE + 0x1000);
    cr_assert_eq(r->block.guest_size, 8);
    cr_assert_not(r->uses_next_page);
    run_free(r);
}

Test(translate_flow, straddling_instruction)
{
    struct run *r = run_new();
    run_put_thumb(r, 0xffc, 0x2001);     /* MOVS r0, #1 */
    run_put_thumb(r, 0xffe, 0xf2414134); /* MOVW r1, #0x1434 */
    at(r, 0xffc, true);
    run_block(r, 100);
    cr_assert_eq(pc(r), RUN_CODE + 0xffe);
    cr_assert_not(r->uses_next_page);
    run_block(r, 100);
    cr_assert_eq(r->s.r[1], 0x1434);
    cr_assert_eq(pc(r), RUN_CODE + 0x1002);
    cr_assert_eq(r->block.insn_count, 1);
    cr_assert(r->uses_next_page);
    r->no_next_page = true;
    at(r, 0xffe, true);
    run_block(r, 100);
    cr_assert_eq(r->helper, ARM_HELPER_fetch_abort_next_page);
    run_free(r);
}

Test(translate_flow, length_limits)
{
    struct run *r = run_new();
    for (uint32_t i = 0; i < 1024; i++)
        run_put_arm(r, 4 * i, 0xe2800001);
    run_block(r, 3);
    cr_assert_eq(r->s.r[0], 3);
    cr_assert_eq(pc(r), RUN_CODE + 12);
    at(r, 0, false);
    run_block(r, 100000);
    cr_assert_leq(r->block.insn_count, 128);
    cr_assert_eq(pc(r), RUN_CODE + 4 * r->block.insn_count);
    run_free(r);
}

/* ADR and reads of the PC in the middle of the page, Thumb ones aligned where the manual says
 * so. */
Test(translate_flow, pc_as_operand)
{
    struct run *r = run_new();
    run_put_arm(r, 8, 0xe28f0010); /* ADD r0, pc, #16 */
    at(r, 8, false);
    run_block(r, 1);
    cr_assert_eq(r->s.r[0], RUN_CODE + 8 + 8 + 16);
    run_put_thumb(r, 10, 0xa004); /* ADR r0, .+.. (16) */
    at(r, 10, true);
    run_block(r, 1);
    cr_assert_eq(r->s.r[0], RUN_CODE + 12 + 16);
    run_put_thumb(r, 10, 0x4678); /* MOV r0, pc */
    at(r, 10, true);
    run_block(r, 1);
    cr_assert_eq(r->s.r[0], RUN_CODE + 14);
    run_free(r);
}
