/* LDM and STM: addressing, base in the list, faults half-way, User mode and exception return. */
#include <criterion/criterion.h>

#include "tests/translate/ls_util.h"

TestSuite(ls_multiple);

enum { BASE = 0x800 };

static const struct {
    uint32_t bits;    /* P and U */
    int lowest, step; /* of four words: offset of the lowest, and what the base moves by */
    const char *name;
} modes[] = {
    {0x00800000, 0, 16, "IA"},
    {0x01800000, 4, 16, "IB"},
    {0x00000000, -12, -16, "DA"},
    {0x01000000, -16, -16, "DB"},
};

Test(ls_multiple, addressing)
{
    static const int list[] = {0, 2, 7, 14};
    for (unsigned m = 0; m < 4; m++) {
        for (uint32_t w = 0; w < 2; w++) {
            struct run *r = ls_new();
            uint32_t insn = 0xe8060000 | modes[m].bits | w << 21 | 0x4085; /* r6, {r0,r2,r7,lr} */
            r->s.r[6] = RUN_DATA + BASE;
            run_arm(r, insn | 0x100000);
            for (unsigned i = 0; i < 4; i++)
                cr_expect_eq(r->s.r[list[i]],
                             ls_word(r, (uint32_t)(BASE + modes[m].lowest) + 4 * i), "LDM%s",
                             modes[m].name);
            uint32_t after = RUN_DATA + BASE + (w ? (uint32_t)modes[m].step : 0);
            cr_expect_eq(r->s.r[6], after, "LDM%s", modes[m].name);
            for (unsigned i = 0; i < 4; i++)
                r->s.r[list[i]] = 0xa0000000 + i;
            r->s.r[6] = RUN_DATA + BASE;
            run_arm(r, insn);
            for (unsigned i = 0; i < 4; i++)
                cr_expect_eq(ls_word(r, (uint32_t)(BASE + modes[m].lowest) + 4 * i), 0xa0000000 + i,
                             "STM%s", modes[m].name);
            cr_expect_eq(r->s.r[6], after, "STM%s", modes[m].name);
            run_free(r);
        }
    }
}

/* All words of a group must lie where the group says, or a backend's one check would be wrong. */
Test(ls_multiple, group_covers_accesses)
{
    struct run *r = ls_new();
    r->s.r[6] = RUN_DATA + BASE;
    run_arm(r, 0xe9260fff & ~0x40u); /* stmdb r6!, {r0-r5,r7-r11} */
    unsigned groups = 0, members = 0;
    for (uint32_t i = 0; i < r->block.count; i++) {
        const struct ir_op *op = &r->block.ops[i];
        if (op->opcode == IR_OP_memgroup) {
            groups++;
            cr_expect_eq(op->imm, 44);
            cr_expect_eq(op->aux, 1);
        }
        members += op->opcode == IR_OP_st && (op->imm & IR_MEM_GROUP);
    }
    cr_expect_eq(groups, 1);
    cr_expect_eq(members, 11);
    run_free(r);
}

Test(ls_multiple, base_is_loaded)
{
    struct run *r = ls_new();
    r->s.r[1] = RUN_DATA + BASE;
    run_arm(r, 0xe8910007); /* ldm r1, {r0-r2} */
    for (unsigned i = 0; i < 3; i++)
        cr_expect_eq(r->s.r[i], ls_word(r, BASE + 4 * i));
    run_free(r);
}

Test(ls_multiple, base_in_list_with_write_back)
{
    struct run *r = ls_new();
    r->s.r[1] = RUN_DATA + BASE;
    run_arm(r, 0xe8b10007); /* ldm r1!, {r0-r2}: UNPREDICTABLE on ARMv7 */
    cr_expect(ls_undefined(r));
    r->block_flags = (uint32_t)RUN_CPU_V5TE << ARM_BF_FEATURES_SHIFT;
    run_arm(r, 0xe8b10007);
    cr_expect_eq(r->s.r[1], ls_word(r, BASE + 4));
    run_free(r);
}

/* The lowest register of the list stores its old value as base. */
Test(ls_multiple, base_stored_first)
{
    struct run *r = ls_new();
    r->s.r[0] = RUN_DATA + BASE;
    run_arm(r, 0xe8a00003); /* stm r0!, {r0, r1} */
    cr_expect_eq(ls_word(r, BASE), RUN_DATA + BASE);
    cr_expect_eq(r->s.r[0], RUN_DATA + BASE + 8);
    run_free(r);
}

Test(ls_multiple, pop_pc_interworks)
{
    struct run *r = ls_new();
    r->s.r[13] = RUN_DATA + BASE;
    ls_put_word(r, BASE + 4, 0x12345);
    run_arm(r, 0xe8bd8010); /* pop {r4, pc} */
    cr_expect_eq(r->s.r[4], ls_word(r, BASE));
    cr_expect_eq(r->s.env.pc, 0x12344);
    cr_expect_eq(r->s.thumb, 1);
    cr_expect_eq(r->s.r[13], RUN_DATA + BASE + 8);
    const struct ir_op *last = &r->block.ops[r->block.count - 1];
    cr_expect_eq(last->opcode, IR_OP_exiti);
    cr_expect(last->aux & IR_HINT_RETURN);
    run_free(r);
}

Test(ls_multiple, store_of_pc)
{
    struct run *r = ls_new();
    r->s.r[13] = RUN_DATA + BASE;
    run_arm(r, 0xe92d8001); /* push {r0, pc} */
    cr_expect_eq(ls_word(r, BASE - 4), RUN_CODE + 8);
    run_free(r);
}

Test(ls_multiple, push_pop_t16)
{
    struct run *r = ls_new();
    r->s.r[13] = RUN_DATA + BASE;
    r->s.r[0] = 11, r->s.r[7] = 22, r->s.r[14] = 33;
    run_thumb(r, 0xb581); /* push {r0, r7, lr} */
    cr_expect_eq(r->s.r[13], RUN_DATA + BASE - 12);
    cr_expect_eq(ls_word(r, BASE - 12), 11);
    cr_expect_eq(ls_word(r, BASE - 8), 22);
    cr_expect_eq(ls_word(r, BASE - 4), 33);
    run_thumb(r, 0xbd06); /* pop {r1, r2, pc} */
    cr_expect_eq(r->s.r[1], 11);
    cr_expect_eq(r->s.r[2], 22);
    cr_expect_eq(r->s.env.pc, 32);
    cr_expect_eq(r->s.thumb, 1);
    run_free(r);
}

/* ---- alignment and byte order ---------------------------------------------------------------- */

Test(ls_multiple, must_be_aligned)
{
    struct run *r = ls_new();
    r->s.r[1] = RUN_DATA + BASE + 2;
    run_arm(r, 0xe8910005); /* ldm r1, {r0, r2} */
    cr_expect(r->faulted);
    run_arm(r, 0xe8810005);
    cr_expect(r->faulted);
    ls_rotate_mode(r);
    run_arm(r, 0xe8b10005);
    cr_expect(!r->faulted);
    cr_expect_eq(r->s.r[0], ls_word(r, BASE));
    cr_expect_eq(r->s.r[2], ls_word(r, BASE + 4));
    cr_expect_eq(r->s.r[1], RUN_DATA + BASE + 2 + 8);
    run_free(r);
}

Test(ls_multiple, big_endian)
{
    struct run *r = ls_new();
    r->block_flags = ARM_BF_BIG_ENDIAN;
    r->s.r[1] = RUN_DATA + BASE;
    run_arm(r, 0xe8910005); /* ldm r1, {r0, r2} */
    cr_expect_eq(r->s.r[0], __builtin_bswap32(ls_word(r, BASE)));
    cr_expect_eq(r->s.r[2], __builtin_bswap32(ls_word(r, BASE + 4)));
    r->s.r[1] += 0x20;
    run_arm(r, 0xe8810005); /* stm r1, {r0, r2} */
    cr_expect_eq(ls_word(r, BASE + 0x20), ls_word(r, BASE));
    run_free(r);
}

/* ---- faults half-way ------------------------------------------------------------------------- */

/* Access k of {r0-r7} at base r<base> faults: the base keeps its value, and with the rest of memory
 * in place (here: a lower base) the same instruction does its whole work. */
static void check_fault_at(unsigned k, unsigned base, uint32_t insn)
{
    struct run *r = ls_new();
    uint32_t start = RUN_DATA + RUN_DATA_SIZE - 4 * k;
    r->s.r[base] = start;
    run_arm(r, insn);
    cr_expect(r->faulted, "%08x access %u", insn, k);
    cr_expect_eq(r->fault_addr, RUN_DATA + RUN_DATA_SIZE, "%08x access %u", insn, k);
    cr_expect_eq(r->s.r[base], start, "%08x access %u: base %08x", insn, k, r->s.r[base]);
    cr_expect_eq(r->s.env.pc, RUN_CODE);
    run_free(r);
}

Test(ls_multiple, fault_keeps_base)
{
    for (unsigned k = 0; k < 8; k++) {
        check_fault_at(k, 8, 0xe8b800ff); /* ldm r8!, {r0-r7} */
        check_fault_at(k, 0, 0xe89000ff); /* ldm r0, {r0-r7} */
        check_fault_at(k, 3, 0xe89300ff); /* ldm r3, {r0-r7} */
        check_fault_at(k, 8, 0xe8a800ff); /* stm r8!, {r0-r7} */
        check_fault_at(k, 3, 0xe8d300ff); /* ldm r3, {r0-r7}^ */
        check_fault_at(k, 3, 0xe8d380ff); /* ldm r3, {r0-r7, pc}^ */
    }
    check_fault_at(8, 13, 0xe8bd80ff); /* pop {r0-r7, pc}: at the PC */
}

/* ---- User mode registers --------------------------------------------------------------------- */

Test(ls_multiple, load_user_registers)
{
    struct run *r = ls_new();
    r->s.r[13] = RUN_DATA + BASE;
    run_arm(r, 0xe8dd6081); /* ldm sp, {r0, r7, sp, lr}^ */
    cr_expect_eq(r->s.r[0], ls_word(r, BASE));
    cr_expect_eq(r->s.r[7], ls_word(r, BASE + 4));
    cr_expect_eq(r->s.r[14], 0xdead0000);
    cr_assert_eq(r->call_count, 2);
    for (unsigned i = 0; i < 2; i++) {
        /* The base comes last, as far as it is the current mode's. */
        unsigned n = r->calls[i].arg[0] == 13 ? 0 : 1;
        cr_expect_eq(r->calls[i].helper, ARM_HELPER_user_reg_write);
        cr_expect_eq(r->calls[i].arg[0], 13 + n);
        cr_expect_eq(r->calls[i].arg[1], ls_word(r, BASE + 8 + 4 * n));
    }
    run_free(r);
}

Test(ls_multiple, store_user_registers)
{
    struct run *r = ls_new();
    r->s.r[0] = RUN_DATA + BASE;
    r->helper_result = 0x55aa1234;
    run_arm(r, 0xe8c06001); /* stm r0, {r0, sp, lr}^ */
    cr_expect_eq(ls_word(r, BASE), RUN_DATA + BASE);
    cr_expect_eq(ls_word(r, BASE + 4), 0x55aa1234);
    cr_expect_eq(ls_word(r, BASE + 8), 0x55aa1234);
    cr_assert_eq(r->call_count, 2);
    cr_expect_eq(r->calls[0].arg[0], 13);
    cr_expect_eq(r->calls[1].arg[0], 14);
    r->block_flags = ARM_BF_USER;
    run_arm(r, 0xe8c06001);
    cr_expect(ls_undefined(r));
    run_free(r);
}

Test(ls_multiple, exception_return)
{
    struct run *r = ls_new();
    r->s.r[13] = RUN_DATA + BASE;
    run_arm(r, 0xe8fd8003); /* ldm sp!, {r0, r1, pc}^ */
    cr_expect_eq(r->s.r[0], ls_word(r, BASE));
    cr_expect_eq(r->s.r[1], ls_word(r, BASE + 4));
    cr_expect_eq(r->s.r[13], RUN_DATA + BASE + 12);
    cr_expect_eq(r->helper, ARM_HELPER_exception_return);
    cr_expect_eq(r->helper_arg[0], ls_word(r, BASE + 8));
    run_free(r);
}
