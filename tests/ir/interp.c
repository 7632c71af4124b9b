/* Memory, helpers, control flow and the budget under the interpreter. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ir/fixture.h"
#include "util/bits.h"

Test(ir_interp, loads_extend)
{
    struct guest g;
    guest_init(&g, 10);
    memcpy(g.ram + 0x100, "\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1", 8);
    guest_run(&g, "%0 = const.i32 0x100\n"
                  "%1 = ld.i32 %0, b8\nset r0, %1\n%2 = ld.i32 %0, b8 signed\nset r1, %2\n"
                  "%3 = ld.i32 %0, b16\nset r2, %3\n%4 = ld.i32 %0, b16 signed\nset r3, %4\n"
                  "%5 = ld.i32 %0, b32\nset r4, %5\n"
                  "%6 = ld.i64 %0, b32 signed\nset d0, %6\n%7 = ld.i64 %0, b64\nset d1, %7\n"
                  "exitd 0, 0\n");
    cr_assert_eq(g.r[0], 0xf8);
    cr_assert_eq(g.r[1], 0xfffffff8);
    cr_assert_eq(g.r[2], 0xf7f8);
    cr_assert_eq(g.r[3], 0xfffff7f8);
    cr_assert_eq(g.r[4], 0xf5f6f7f8);
    cr_assert_eq(g.d[0], 0xfffffffff5f6f7f8);
    cr_assert_eq(g.d[1], 0xf1f2f3f4f5f6f7f8);
    cr_assert_eq(g.slow_loads, 7);
}

/* Page 0 and page 1 of the tables lead to a buffer; page 2 has no entry. */
struct tables {
    uint64_t words[128]; /* read table at 64 bytes, write table at 512 */
    _Alignas(8) uint8_t page[8192];
};

static void tables_init(struct tables *t, struct guest *g)
{
    memset(t, 0, sizeof(*t));
    t->words[8] = t->words[9] = (uintptr_t)t->page;
    t->words[64] = (uintptr_t)t->page;
    g->env.tables = (uint8_t *)t->words;
}

Test(ir_interp, fast_path_and_its_limits)
{
    static const struct {
        const char *access;
        uint32_t addr;
        bool slow;
    } rows[] = {
        {"%2 = ld.i32 %0, b32", 0x10, false},
        {"%2 = ld.i32 %0, b32", 0x11, false},
        {"%2 = ld.i32 %0, b32 align4", 0x11, true},
        {"%2 = ld.i32 %0, b32 align4", 0x14, false},
        {"%2 = ld.i32 %0, b32 user", 0x10, true},
        {"%2 = ld.i32 %0, b32", 0xffd, true},
        {"%2 = ld.i32 %0, b32", 0xffc, false},
        {"%2 = ld.i32 %0, b32", 0x1000, false},
        {"%2 = ld.i32 %0, b32", 0x2000, true},
        {"st.i32 %0, %1, b16", 0x20, false},
        {"st.i32 %0, %1, b16 align2", 0x21, true},
        {"st.i32 %0, %1, b16", 0x1020, true},
        {"st.i32 %0, %1, b8", 0xfff, false},
        {"st.i32 %0, %1, b16", 0xfff, true},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct guest g;
        struct tables t;
        char text[300];
        guest_init(&g, 10);
        tables_init(&t, &g);
        snprintf(text, sizeof(text),
                 "%%0 = const.i32 0x%x\n%%1 = const.i32 0x1234\n%s\nexitd 0, 0\n", rows[i].addr,
                 rows[i].access);
        guest_run(&g, text);
        cr_expect_eq(g.slow_loads + g.slow_stores, rows[i].slow, "%s at %x", rows[i].access,
                     rows[i].addr);
    }
}

Test(ir_interp, fast_store_and_load_carry_data)
{
    struct guest g;
    struct tables t;
    guest_init(&g, 10);
    tables_init(&t, &g);
    guest_run(&g, "%0 = const.i32 0x21\n%1 = get d0\nst.i64 %0, %1, b64\n"
                  "%2 = const.i32 0x40\n%3 = get r0\nst.i32 %2, %3, b8\n"
                  "%4 = ld.i32 %0, b16 signed\nset r1, %4\nexitd 0, 0\n");
    cr_assert_arr_eq(t.page + 0x21, "\xef\xcd\xab\x89\x67\x45\x23\x01", 8);
    cr_assert_eq(t.page[0x40], 0x11);
    cr_assert_eq(t.page[0x41], 0);
    cr_assert_eq(g.r[1], 0xffffcdef);
}

Test(ir_interp, store_slow_path_says_write)
{
    struct guest g;
    guest_init(&g, 10);
    guest_run(
        &g, "%0 = const.i32 0x20\n%1 = const.i32 0x1234\nst.i32 %0, %1, b16 align2\nexitd 0, 0\n");
    cr_assert_eq(g.last_memop, 1u | IR_MEM_ALIGN(1) | IR_MEM_WRITE);
    cr_assert_eq(g.ram[0x20] | g.ram[0x21] << 8, 0x1234);
}

#define THREE_INSNS(access)                                                                        \
    "block page_offset=0x8\ninsn 0xa\n%0 = const.i32 0x100\nset r0, %0\n"                          \
    "insn 0xb\n" access "\nset r1, %0\ninsn 0xc\nset r2, %0\nexitd 0x14, 0\n"

static void check_fault_in_second(const char *text)
{
    struct guest g;
    guest_init(&g, 10);
    g.fault_mask = 0xf00;
    g.fault_value = 0x100;
    cr_assert_eq(guest_run(&g, text), IR_EXIT_LOOKUP);
    cr_assert_eq(g.env.budget, 9, "only the first instruction counts");
    cr_assert_eq(g.env.raised, 0);
    cr_assert_eq(g.env.insn_word, 0xb);
    cr_assert_eq(g.env.insn_left, 2);
    cr_assert_eq(g.r[0], 0x100);
    cr_assert_eq(g.r[1], 0x22222222, "nothing after the fault happens");
    cr_assert_eq(g.r[2], 0x33333333);
}

Test(ir_interp, faults_leave_precisely)
{
    check_fault_in_second(THREE_INSNS("%1 = ld.i32 %0, b32"));
    check_fault_in_second(THREE_INSNS("st.i32 %0, %0, b32"));
    check_fault_in_second(THREE_INSNS("%1 = const.i32 3\ncall trap, %1"));
}

Test(ir_interp, raise_that_does_not_happen)
{
    struct guest g;
    guest_init(&g, 10);
    guest_run(&g, THREE_INSNS("%1 = const.i32 2\ncall trap, %1"));
    cr_assert_eq(g.env.budget, 7);
    cr_assert_eq(g.env.pc, 0x7014);
    cr_assert_eq(g.r[2], 0x100);
}

Test(ir_interp, branches_keep_the_instruction_index)
{
    struct guest g;
    guest_init(&g, 10);
    guest_run(&g, "insn 0x1\n%0 = const.i32 1\nbrnz %0, L0\ninsn 0x2\nset r0, %0\nL0:\ninsn 0x3\n"
                  "%1 = call.i64 peek, %0\nexitd 0, 0\n");
    cr_assert_eq(g.env.insn_word, 3);
    cr_assert_eq(g.env.insn_left, 1);
    cr_assert_eq(g.r[0], 0x11111111);
    guest_run(&g, "insn 0x1\n%0 = const.i32 1\nbrnz %0, L0\ninsn 0x2\nset r0, %0\nL0:\n"
                  "%1 = call.i64 peek, %0\nexitd 0, 0\n");
    cr_assert_eq(g.env.insn_word, 2);
    cr_assert_eq(g.env.insn_left, 1);
    guest_run(&g, "%0 = const.i32 0\nbrnz %0, L0\nbrz %0, L1\nset r1, %0\nL0:\nset r2, %0\nL1:\n"
                  "set r3, %0\nexitd 0, 0\n");
    cr_assert_eq(g.r[1], 0x22222222);
    cr_assert_eq(g.r[2], 0x33333333);
    cr_assert_eq(g.r[3], 0);
}

Test(ir_interp, constants_are_valid_beyond_labels)
{
    struct guest g;
    guest_init(&g, 10);
    guest_run(
        &g,
        "%0 = const.i32 1\nbrnz %0, L0\n%1 = const.i32 0x77\nset r0, %1\nL0:\nset r1, %1\n"
        "exitd 0, 0\n");
    cr_assert_eq(g.r[0], 0x11111111);
    cr_assert_eq(g.r[1], 0x77);
}

static uint64_t replaced_helper(struct ir_env *env, uint32_t id, uint64_t a0, uint64_t a1,
                                uint64_t a2, uint64_t a3)
{
    return id * 1000 + a0 + a1 + a2 + a3;
}

Test(ir_interp, helper_callback_replaces_the_call)
{
    struct guest g;
    struct arena arena = {0};
    struct ir_block b;
    struct ir_callbacks callbacks = guest_callbacks;
    callbacks.helper = replaced_helper;
    guest_init(&g, 10);
    block_parse(&b, &arena,
                "%0 = const.i32 5\n%1 = call.i64 wide, %0, %0\nset d0, %1\nexitd 0, 0\n");
    ir_interp_run(&b, &g.env, &callbacks);
    cr_assert_eq(g.d[0], 1010);
    arena_free(&arena);
}

Test(ir_interp, exits)
{
    struct guest g;
    guest_init(&g, 100);
    cr_assert_eq(guest_run(&g, "exitd -0x8, 0\n"), IR_EXIT_LOOKUP);
    cr_assert_eq(g.env.pc, 0x6ff8);
    g.env.page_base = 0xfffff000;
    guest_run(&g, "exitd 0x1004, 0\n");
    cr_assert_eq(g.env.pc, 4, "addresses wrap");
    guest_run(&g, "%0 = const.i32 0x101\nexiti %0, same\n");
    cr_assert_eq(g.env.pc, 0x101);
    cr_assert_eq(g.lane, 0);
    guest_run(&g, "%0 = const.i32 0x101\ncallhint %0, 0x4, 0\nexiti %0, bit0 return\n");
    cr_assert_eq(g.env.pc, 0x100);
    cr_assert_eq(g.lane, 1);
    guest_run(&g, "block lane=1\n%0 = const.i32 0x102\nexiti %0, bit0\n");
    cr_assert_eq(g.env.pc, 0x102);
    cr_assert_eq(g.lane, 0);
    cr_assert_eq(guest_run(&g, "%0 = const.i32 0x30\nexitdyn %0\n"), IR_EXIT_LOOKUP);
    cr_assert_eq(g.env.pc, 0x30);
    cr_assert_eq(guest_run(&g, "%0 = const.i32 0x34\nfence\nexitengine %0, halt\n"), IR_EXIT_HALT);
    cr_assert_eq(g.env.pc, 0x34);
}

#define TWO_INSNS "block page_offset=0x24\ninsn 0x1\ninsn 0x2\nexitd 0x2c, 0\n"

Test(ir_interp, budget)
{
    struct guest g;
    guest_init(&g, 2);
    cr_assert_eq(guest_run(&g, TWO_INSNS), IR_EXIT_LOOKUP);
    cr_assert_eq(g.env.budget, 0);

    guest_init(&g, 1);
    cr_assert_eq(guest_run(&g, TWO_INSNS), IR_EXIT_BUDGET);
    cr_assert_eq(g.env.budget, 1, "given back");
    cr_assert_eq(g.env.pc, 0x7024);
    cr_assert_eq(g.env.icount, 0);

    guest_init(&g, 100);
    g.env.budget = 1;
    g.env.refill = 50;
    cr_assert_eq(guest_run(&g, TWO_INSNS), IR_EXIT_LOOKUP);
    cr_assert_eq(g.env.icount, 99);
    cr_assert_eq(g.env.slice, 50);
    cr_assert_eq(g.env.budget, 48);

    guest_init(&g, 1);
    g.env.refill = 50;
    g.env.exit_request = 1;
    cr_assert_eq(guest_run(&g, TWO_INSNS), IR_EXIT_BUDGET);
    cr_assert_eq(g.env.budget, 1);
}
