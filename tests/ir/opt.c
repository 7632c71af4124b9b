/* Each pass by IR in, IR out; the builder's folding; facts about slots. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "ir/opt/passes.h"
#include "tests/ir/fixture.h"

/* Run @pass (and dead code elimination, so that what became unused is gone) on @in. */
static void expect_pass(void (*pass)(struct ir_block *b), const char *in, const char *out)
{
    struct arena arena = {0};
    struct ir_block b, expected;
    struct error e = {0};
    block_parse(&b, &arena, in);
    block_parse(&expected, &arena, out);
    pass(&b);
    cr_expect(ir_verify(&b, &e), "%s", e.text);
    ir_opt_dead_code(&b);
    cr_expect(ir_verify(&b, &e), "%s", e.text);
    char *got = block_text(&b), *wanted = block_text(&expected);
    cr_expect_str_eq(got, wanted, "from\n%s\ncame\n%s\ninstead of\n%s", in, got, wanted);
    free(got);
    free(wanted);
    arena_free(&arena);
}

#define EXIT "exitd 0, 0\n"

Test(ir_opt, dead_code)
{
    expect_pass(ir_opt_dead_code,
                "%0 = const.i32 1\n%1 = get r0\n%2 = add.i32 %0, %1\n%3 = add.i32 %2, %0\n"
                "%4 = sub.i32 %0, %1 !z\n%5 = ld.i32 %1, b32\n%6 = call.i32 mix, %0, %0, %0, %0\n"
                "%7 = call.i64 peek, %0\n" EXIT,
                "%0 = const.i32 1\n%1 = get r0\n%4 = sub.i32 %0, %1 !z\n%5 = ld.i32 %1, b32\n"
                "%7 = call.i64 peek, %0\n" EXIT);
}

Test(ir_opt, forward_slots)
{
    expect_pass(ir_opt_forward_slots, "%0 = get r0\n%1 = get r0\n%2 = add.i32 %0, %1\nset r0, %2\n"
                                      "%3 = get r0\nset r1, %3\n" EXIT,
                "%0 = get r0\n%2 = add.i32 %0, %0\nset r0, %2\nset r1, %2\n" EXIT);
}

Test(ir_opt, forwarding_ends_at_labels)
{
    const char *same =
        "%0 = get r0\nset r2, %0\nbrcc.eq L0\nset r1, %0\nL0:\n%1 = get r0\nset r3, %1\n" EXIT;
    expect_pass(ir_opt_forward_slots, same, same);
}

Test(ir_opt, forwarding_goes_on_behind_side_exits)
{
    expect_pass(ir_opt_forward_slots,
                "%0 = get r0\nbrcc.eq L0\nexitd 0x4, 0\nL0:\n%1 = get r0\nset r3, %1\n" EXIT,
                "%0 = get r0\nbrcc.eq L0\nexitd 0x4, 0\nL0:\nset r3, %0\n" EXIT);
    expect_pass(ir_opt_forward_slots,
                "%0 = get r0\nbrz %0, L0\nmark 0x99\nexitd 0x4, 0\nL0:\n%1 = get r0\nset r3, %1\n"
                EXIT,
                "%0 = get r0\nbrz %0, L0\nmark 0x99\nexitd 0x4, 0\nL0:\nset r3, %0\n" EXIT);
    const char *same =
        "%0 = get r0\nset r2, %0\nbrcc.eq L0\nbrcc.cs L0\nexitd 0x4, 0\nL0:\n%1 = get r0\n"
        "set r3, %1\n" EXIT;
    expect_pass(ir_opt_forward_slots, same, same);
    same = "%0 = get r0\nset r2, %0\nbrcc.al L0\nexitd 0x4, 0\nL0:\n%1 = get r0\nset r3, %1\n" EXIT;
    expect_pass(ir_opt_forward_slots, same, same);
}

Test(ir_opt, alignment_is_demanded_once)
{
    expect_pass(ir_opt_alignment,
                "%0 = get r0\n%1 = const.i32 4\n%2 = add.i32 %0, %1\n%3 = ld.i32 %2, b32 align4\n"
                "%4 = ld.i32 %0, b32 align4\n%5 = ld.i64 %0, b64 align8\n"
                "%6 = ld.i64 %2, b64 align8\n"
                "%7 = const.i32 2\n%8 = sub.i32 %0, %7\n%9 = ld.i32 %8, b32 align4\n"
                "%10 = ld.i32 %3, b32 align4\n" EXIT,
                "%0 = get r0\n%1 = const.i32 4\n%2 = add.i32 %0, %1\n%3 = ld.i32 %2, b32 align4\n"
                "%4 = ld.i32 %0, b32\n%5 = ld.i64 %0, b64 align8\n%6 = ld.i64 %2, b64 align8\n"
                "%7 = const.i32 2\n%8 = sub.i32 %0, %7\n%9 = ld.i32 %8, b32 align4\n"
                "%10 = ld.i32 %3, b32 align4\n" EXIT);
}

/* What is known on one way alone is not known behind the label. */
Test(ir_opt, alignment_ends_at_labels)
{
    expect_pass(ir_opt_alignment,
                "%0 = const.i32 64\n%1 = const.i32 67\nst.i32 %0, %0, b32 align4\nbrcc.eq L0\n"
                "brcc.cs L1\n"
                "st.i32 %1, %0, b32 align4\nL1:\nst.i32 %1, %0, b32 align4\nL0:\n"
                "st.i32 %1, %0, b32 align4\n"
                "st.i32 %0, %0, b32 align4\n" EXIT,
                "%0 = const.i32 64\n%1 = const.i32 67\nst.i32 %0, %0, b32 align4\nbrcc.eq L0\n"
                "brcc.cs L1\n"
                "st.i32 %1, %0, b32 align4\nL1:\nst.i32 %1, %0, b32 align4\nL0:\n"
                "st.i32 %1, %0, b32 align4\n"
                "st.i32 %0, %0, b32\n" EXIT);
}

Test(ir_opt, forwarding_ends_at_overlap)
{
    expect_pass(ir_opt_forward_slots,
                "%0 = get d0\nset d1, %0\n%1 = const.i32 1\nset s1, %1\n%2 = get d0\n"
                "set d1, %2\n%3 = get s2\nset r0, %3\n" EXIT,
                "%0 = get d0\nset d1, %0\n%1 = const.i32 1\nset s1, %1\n%2 = get d0\n"
                "set d1, %2\n%3 = part.i32 %2, 0x0\nset r0, %3\n" EXIT);
}

Test(ir_opt, forwarding_ends_at_writing_calls)
{
    const char *same = "%0 = get r0\nset r1, %0\ncall poke, %0\n%1 = get r0\nset r2, %1\n" EXIT;
    expect_pass(ir_opt_forward_slots, same, same);
    expect_pass(ir_opt_forward_slots,
                "%0 = get r0\n%1 = call.i64 peek, %0\n%2 = get r0\nset r2, %2\n" EXIT,
                "%0 = get r0\n%1 = call.i64 peek, %0\nset r2, %0\n" EXIT);
}

Test(ir_opt, forwarding_of_narrow_slots)
{
    const char *same = "%0 = get r0\nset byte, %0\n%1 = get byte\nset r1, %1\n" EXIT;
    expect_pass(ir_opt_forward_slots, same, same);
    expect_pass(ir_opt_forward_slots,
                "%0 = const.i32 255\nset byte, %0\n%1 = get byte\nset r1, %1\n" EXIT,
                "%0 = const.i32 255\nset byte, %0\nset r1, %0\n" EXIT);
    same = "%0 = const.i32 256\nset byte, %0\n%1 = get byte\nset r1, %1\n" EXIT;
    expect_pass(ir_opt_forward_slots, same, same);
}

Test(ir_opt, dead_slots)
{
    expect_pass(ir_opt_dead_slots,
                "%0 = get r1\nset r0, %0\nset s0, %0\n%1 = get d1\nset d0, %1\nset r0, %0\n" EXIT,
                "%0 = get r1\n%1 = get d1\nset d0, %1\nset r0, %0\n" EXIT);
}

Test(ir_opt, slots_that_are_looked_at_live)
{
    const char *same = "%0 = get r1\nset r0, %0\n%1 = ld.i32 %0, b32\nset r0, %1\n" EXIT;
    expect_pass(ir_opt_dead_slots, same, same);
    same = "%0 = get r1\nset r0, %0\n%1 = call.i64 peek, %0\nset r0, %0\n" EXIT;
    expect_pass(ir_opt_dead_slots, same, same);
    same = "%0 = get r1\nset s1, %0\n%1 = get d0\nset d1, %1\nset s1, %0\n" EXIT;
    expect_pass(ir_opt_dead_slots, same, same);
    same = "%0 = get r1\nset d0, %2\nset s0, %0\n" EXIT;
    expect_pass(ir_opt_dead_slots, "%0 = get r1\n%2 = get d1\nset d0, %2\nset s0, %0\n" EXIT,
                "%0 = get r1\n%2 = get d1\nset d0, %2\nset s0, %0\n" EXIT);
}

Test(ir_opt, dead_slots_across_branches)
{
    /* r0 is set again on one way only; r2 on both. */
    expect_pass(ir_opt_dead_slots,
                "%0 = const.i32 5\nset r0, %0\nset r2, %0\nbrcc.eq L0\nset r0, %0\nL0:\n"
                "set r2, %0\n" EXIT,
                "%0 = const.i32 5\nset r0, %0\nbrcc.eq L0\nset r0, %0\nL0:\nset r2, %0\n" EXIT);
    const char *same = "%0 = const.i32 5\nset r0, %0\nbrcc.eq L0\nset r0, %0\n" EXIT "L0:\n" EXIT;
    expect_pass(ir_opt_dead_slots, same, same);
}

Test(ir_opt, dead_flags)
{
    expect_pass(ir_opt_dead_flags,
                "%0 = get r0\n%1 = add.i32 %0, %0 !nzcv\nset r1, %1\n%2 = adc.i32 %0, %0 !nzcv\n"
                "set r2, %2\n"
                "setc %0 !c\n%3 = sub.i32 %0, %2 !nzcv\nsetv %0 !v\n" EXIT,
                "%0 = get r0\n%1 = add.i32 %0, %0 !c\nset r1, %1\n%2 = adc.i32 %0, %0\nset r2, %2\n"
                "%3 = sub.i32 %0, %2 !nzc\nsetv %0 !v\n" EXIT);
}

Test(ir_opt, flags_that_are_observed_live)
{
    const char *same = "%0 = get r0\n%1 = add.i32 %0, %0 !nzcv\n%2 = ld.i32 %0, b32\n"
                       "%3 = sub.i32 %0, %2 !nzcv\n%4 = call.i64 peek, %0\n"
                       "%5 = and.i32 %0, %2 !nz\n"
                       "setnzcv %0 !nzcv\n" EXIT;
    expect_pass(ir_opt_dead_flags, same,
                "%0 = get r0\n%1 = add.i32 %0, %0 !nzcv\n%2 = ld.i32 %0, b32\n"
                "%3 = sub.i32 %0, %2 !nzcv\n%4 = call.i64 peek, %0\nsetnzcv %0 !nzcv\n" EXIT);
}

Test(ir_opt, dead_flags_across_branches)
{
    expect_pass(ir_opt_dead_flags,
                "%0 = get r0\n%1 = sub.i32 %0, %0 !nzcv\nbrcc.hi L0\n"
                "%2 = add.i32 %0, %0 !nzcv\n" EXIT
                "L0:\n%3 = get r0\n%4 = adc.i32 %3, %3 !nzcv\nset r1, %4\n" EXIT,
                "%0 = get r0\n%1 = sub.i32 %0, %0 !zc\nbrcc.hi L0\n%2 = add.i32 %0, %0 !nzcv\n" EXIT
                "L0:\n%3 = get r0\n%4 = adc.i32 %3, %3 !nzcv\nset r1, %4\n" EXIT);
}

static void expect_simplified(const char *op, const char *out)
{
    char in[300], wanted[300];
    snprintf(in, sizeof(in),
             "%%1 = get r1\n%%2 = get r2\n%%4 = get d0\n%%5 = get d1\n%s\nset r0, %%9\n" EXIT, op);
    snprintf(wanted, sizeof(wanted), "%s" EXIT, out);
    expect_pass(ir_opt_simplify, in, wanted);
}

/* Each sub becomes an add and several constants: the new block outgrows the old one. */
Test(ir_opt, simplify_grows_the_block)
{
    struct arena arena = {0};
    struct ir_block b;
    struct error e = {0};
    static struct guest g;
    ir_block_init(&b, &guest_target, &arena);
    int32_t four = ir_i32(&b, 4), v = ir_get(&b, 0);
    for (unsigned i = 0; i < 500; i++)
        v = ir_emit(&b, IR_OP_sub, IR_I32, v, four, IR_NONE, 0);
    ir_set(&b, 0, v);
    ir_exitd(&b, 0, 0);
    ir_opt_simplify(&b);
    cr_assert(ir_verify(&b, &e), "%s", e.text);
    guest_init(&g, 1);
    ir_interp_run(&b, &g.env, &guest_callbacks);
    cr_assert_eq(g.r[0], 0x11111111 - 2000);
    arena_free(&arena);
}

#define R1 "%1 = get r1\n"
#define R1_TO_R0 R1 "set r0, %1\n"
#define CONST(c) "%1 = const.i32 " c "\nset r0, %1\n"

Test(ir_opt, simplify)
{
    expect_simplified("%3 = const.i32 0\n%9 = add.i32 %3, %1", R1_TO_R0);
    expect_simplified(
        "%3 = const.i32 4\n%6 = add.i32 %1, %3\n%7 = const.i32 -12\n%9 = add.i32 %6, %7",
        R1 "%2 = const.i32 -8\n%3 = add.i32 %1, %2\nset r0, %3\n");
    expect_simplified("%3 = const.i32 4\n%6 = sub.i32 %1, %3\n%9 = add.i32 %6, %3", R1_TO_R0);
    expect_simplified("%3 = const.i32 4\n%6 = pcrel.i32 8\n%9 = add.i32 %6, %3",
                      "%1 = pcrel.i32 0xc\nset r0, %1\n");
    expect_simplified("%9 = xor.i32 %1, %1", CONST("0"));
    expect_simplified("%3 = const.i32 0xff\n%9 = and.i32 %1, %3", R1 "%2 = zext8 %1\nset r0, %2\n");
    expect_simplified("%3 = const.i32 -1\n%9 = and.i32 %1, %3", R1_TO_R0);
    expect_simplified("%3 = not.i32 %1\n%9 = not.i32 %3", R1_TO_R0);
    expect_simplified("%3 = const.i32 8\n%9 = mul.i32 %1, %3",
                      R1 "%2 = const.i32 3\n%3 = shl.i32 %1, %2\nset r0, %3\n");
    expect_simplified("%3 = zext8 %1\n%9 = zext16 %3", R1 "%2 = zext8 %1\nset r0, %2\n");
    expect_simplified("%3 = zext8 %1\n%9 = sext8 %3",
                      R1 "%2 = zext8 %1\n%3 = sext8 %2\nset r0, %3\n");
    expect_simplified("%3 = ubfx %1, 1, 16\n%9 = zext16 %3",
                      R1 "%2 = ubfx %1, 1, 16\nset r0, %2\n");
    expect_simplified("%3 = ubfx %1, 1, 17\n%9 = zext16 %3",
                      R1 "%2 = ubfx %1, 1, 17\n%3 = zext16 %2\nset r0, %3\n");
    expect_simplified("%3 = ubfx %1, 1, 9\n%9 = zext8 %3",
                      R1 "%2 = ubfx %1, 1, 9\n%3 = zext8 %2\nset r0, %3\n");
    expect_simplified("%3 = pair %1, %2\n%9 = lo32 %3", R1_TO_R0);
    expect_simplified("%3 = zext32 %1\n%9 = hi32 %3", CONST("0"));
    expect_simplified("%9 = ubfx %1, 24, 8",
                      R1 "%2 = const.i32 24\n%3 = shr.i32 %1, %2\nset r0, %3\n");
    expect_simplified("%9 = bfi %2, %1, 0, 32", R1_TO_R0);
    expect_simplified("%9 = cmpleu.i64 %4, %4", CONST("1"));
    expect_simplified("%9 = selcc.al.i32 %1, %2", R1_TO_R0);
    expect_simplified("%9 = select.i32 %2, %1, %1", R1_TO_R0);
    expect_simplified("%9 = mov.i32 %1", R1_TO_R0);
    expect_simplified("%9 = mov.i32 %1 !nz", R1 "%2 = mov.i32 %1 !nz\nset r0, %2\n");
}

Test(ir_opt, simplify_branches)
{
    expect_pass(ir_opt_simplify,
                "%0 = const.i32 0\n%1 = get r0\n%2 = cmpeq.i32 %1, %0\nbrnz %2, L0\nbrnz %0, L0\n"
                "L0:\n" EXIT,
                "%0 = get r0\nbrz %0, L0\nL0:\n" EXIT);
    const char *same = "%0 = const.i32 0\nbrz %0, L0\nL0:\n" EXIT;
    expect_pass(ir_opt_simplify, same, same);
}

/* IT blocks and the like: what is selected twice by the same flags is selected once. */
Test(ir_opt, simplify_selections)
{
    /* ITE HI; MOVHI r0, #1; MOVLS r0, #0 */
    expect_pass(ir_opt_simplify,
                "%0 = const.i32 1\n%1 = get r0\n%2 = selcc.hi.i32 %0, %1\n%3 = const.i32 0\n"
                "%4 = selcc.ls.i32 %3, %2\nset r0, %4\n" EXIT,
                "%0 = cond.hi\nset r0, %0\n" EXIT);
    expect_pass(ir_opt_simplify,
                "%0 = get r0\n%1 = get r1\n%2 = get r2\n%3 = selcc.eq.i32 %0, %1\n"
                "%4 = selcc.eq.i32 %2, %3\nset r0, %4\n" EXIT,
                "%0 = get r1\n%1 = get r2\n%2 = selcc.eq.i32 %1, %0\nset r0, %2\n" EXIT);
    /* MOVLS r0, #5; ANDHI r0, r0, #1 */
    expect_pass(ir_opt_simplify,
                "%0 = const.i32 5\n%1 = get r0\n%2 = selcc.ls.i32 %0, %1\n%3 = const.i32 1\n"
                "%4 = and.i32 %2, %3\n%5 = selcc.hi.i32 %4, %2\nset r0, %5\n" EXIT,
                "%0 = const.i32 5\n%1 = get r0\n%2 = const.i32 1\n%3 = and.i32 %1, %2\n"
                "%4 = selcc.hi.i32 %3, %0\nset r0, %4\n" EXIT);
    /* other flags, or other conditions */
    const char *other = "%0 = get r0\n%1 = get r1\n%2 = selcc.eq.i32 %0, %1\n"
                        "%3 = sub.i32 %0, %1 !nzcv\n%4 = selcc.ne.i32 %1, %2\n"
                        "%5 = selcc.cs.i32 %0, %4\nset r0, %5\n" EXIT;
    expect_pass(ir_opt_simplify, other, other);
}

Test(ir_opt, pipeline_joins_the_passes)
{
    /* ADD r0, r0, #4; ADDS r0, r0, #4; CMP r0, #1; LDR r1, [r0, #-8] */
    expect_pass(ir_optimise,
                "insn 1\n%1 = get r0\n%2 = const.i32 4\n%3 = add.i32 %1, %2\nset r0, %3\n"
                "insn 2\n%4 = get r0\n%5 = const.i32 4\n%6 = add.i32 %4, %5 !nzcv\nset r0, %6\n"
                "insn 3\n%7 = get r0\n%8 = const.i32 1\n%9 = sub.i32 %7, %8 !nzcv\n"
                "insn 4\n%10 = get r0\n%11 = const.i32 -8\n%12 = add.i32 %10, %11\n"
                "%13 = ld.i32 %12, b32\n"
                "set r1, %13\n" EXIT,
                "insn 1\n%1 = get r0\ninsn 2\n%2 = const.i32 8\n%3 = add.i32 %1, %2\nset r0, %3\n"
                "insn 3\n%4 = const.i32 1\n%5 = sub.i32 %3, %4 !nzcv\ninsn 4\n"
                "%6 = ld.i32 %1, b32\nset r1, %6\n" EXIT);
}

Test(ir_opt, builder_folds)
{
    struct arena arena = {0};
    struct ir_block b;
    uint64_t c;
    ir_block_init(&b, &guest_target, &arena);
    int32_t r0 = ir_get(&b, 0);
    cr_assert_eq(ir_op2i(&b, IR_OP_add, r0, 0), r0);
    cr_assert_eq(ir_op2i(&b, IR_OP_and, r0, 0xffffffff), r0);
    cr_assert(ir_const_value(&b, ir_op2i(&b, IR_OP_shl, ir_i32(&b, 3), 4), &c) && c == 48);
    cr_assert(ir_const_value(&b, ir_bits(&b, IR_OP_sbfx, ir_i32(&b, 0x80), 4, 4), &c) &&
              c == 0xfffffff8);
    cr_assert_not(ir_const_value(&b, r0, &c));
    int32_t flagged = ir_op2f(&b, IR_OP_add, r0, ir_i32(&b, 0), IR_NZCV);
    cr_assert_neq(flagged, r0);
    cr_assert_eq(b.ops[flagged].fw, IR_NZCV);
    int32_t byte = ir_get(&b, 15);
    cr_assert_eq(b.ops[byte].type, IR_I32);
    cr_assert_eq(ir_op1(&b, IR_OP_zext8, byte), byte);
    arena_free(&arena);
}

Test(ir_opt, facts)
{
    const struct ir_target *t = &guest_target; /* 8 d0, 9 d1, 10..13 s0..s3 */
    cr_assert(ir_slots_overlap(t, 8, 10) && ir_slots_overlap(t, 11, 8));
    cr_assert_not(ir_slots_overlap(t, 8, 12) || ir_slots_overlap(t, 10, 11) ||
                  ir_slots_overlap(t, 0, 1));
    cr_assert(ir_slot_covers(t, 9, 13));
    cr_assert_not(ir_slot_covers(t, 13, 9));
    cr_assert_eq(ir_cc_flags(IR_CC_LE), IR_FLAG_Z | IR_FLAG_N | IR_FLAG_V);
    cr_assert_eq(ir_cc_flags(IR_CC_LS), IR_FLAG_Z | IR_FLAG_C);
    cr_assert_eq(ir_cc_flags(IR_CC_AL), 0);
}

/* ---- checks by table: crc = crc >> 8 ^ table[(crc ^ byte) & 255], crc in r2 ------------------ */

#define BYTE "%1 = get r1\n%2 = ld.i32 %1, b8\n%3 = get r2\n"
#define INDEX "%4 = xor8 %2, %3\n"
#define ENTRY "%5 = get r0\n%6 = index.i32 %5, %4, 0x2\n%7 = ld.i32 %6, b32\n"
#define SHIFT "%8 = const.i32 8\n%9 = shr.i32 %3, %8\n"
#define SUM "%10 = xor.i32 %7, %9\nset r2, %10\n"
#define BACK "brcc.eq L0\nexitd 0, 0\nL0:\nexitd 0x20, 0\n"

Test(ir_opt, carry_apart)
{
#define HEAD "%11 = get r2\nset late, %11\n%12 = const.i32 0\nset early, %12\nloophead\n"
#define APART "%13 = get early\n%14 = xor8 %2, %13\n%15 = get late\n%4 = xor8 %14, %15\n"
#define BOTH "set late, %7\nset early, %9\n"
    expect_pass(ir_opt_carry_apart, BYTE INDEX ENTRY SHIFT SUM BACK,
                HEAD BYTE APART ENTRY SHIFT SUM BOTH BACK);
    expect_pass(ir_opt_carry_apart,
                BYTE INDEX ENTRY SHIFT "%10 = xor.i32 %9, %7\nset r2, %10\n" BACK,
                HEAD BYTE APART ENTRY SHIFT "%10 = xor.i32 %9, %7\nset r2, %10\n" BOTH BACK);
}

Test(ir_opt, carry_apart_leaves_alone)
{
    static const char *const same[] = {
        /* no loop */
        BYTE INDEX ENTRY SHIFT SUM "exitd 0x20, 0\n",
        /* not in each round; twice */
        BYTE INDEX "brcc.cs L1\nexitd 0x40, 0\nL1:\n" ENTRY SHIFT SUM BACK,
        BYTE INDEX ENTRY SHIFT SUM "set r2, %7\n" BACK,
        /* the index, the shift and the set are not of one slot */
        BYTE "%20 = get r3\n%4 = xor8 %2, %20\n" ENTRY SHIFT SUM BACK,
        BYTE INDEX ENTRY "%20 = get r3\n%8 = const.i32 8\n%9 = shr.i32 %20, %8\n" SUM BACK,
        BYTE INDEX ENTRY SHIFT "%10 = xor.i32 %7, %9\nset r3, %10\n" BACK,
        /* what is loaded does not depend on the slot */
        BYTE "%4 = xor8 %2, %1\n" ENTRY SHIFT SUM BACK,
        /* a call, so that it would be in memory */
        BYTE INDEX ENTRY SHIFT SUM "call poke, %7\n" BACK,
        /* more slots than there are registers */
        BYTE INDEX ENTRY "set r3, %4\nset r4, %4\nset r5, %4\nset r6, %4\nset r7, %4\n" SHIFT SUM
        BACK,
    };
    for (unsigned k = 0; k < sizeof(same) / sizeof(same[0]); k++)
        expect_pass(ir_opt_carry_apart, same[k], same[k]);
}
