/* Printer and parser. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ir/fixture.h"
#include "util/bits.h"

/* In the printer's own form, with ops of every pattern. */
static const char every_pattern[] =
    "    insn 0x104\n"
    "    %1 = const.i32 0x10\n"
    "    %2 = const.i64 0xffffffffffffffff\n"
    "    %3 = get r1\n"
    "    set r2, %3\n"
    "    %5 = pcrel.i32 -0x8\n"
    "    %6 = add.i32 %3, %1 !nzcv\n"
    "    %7 = sub.i64 %2, %2 !c\n"
    "    %8 = rrx %6 !nzc\n"
    "    %9 = ubfx %6, 8, 4\n"
    "    %10 = bfi %9, %6, 31, 1\n"
    "    %11 = cmpeq.i64 %2, %7\n"
    "    %12 = select.i32 %11, %9, %10\n"
    "    %13 = cond.hi\n"
    "    %14 = selcc.le.i64 %2, %7\n"
    "    setc %13 !c\n"
    "    setnzcv %6 !nzcv\n"
    "    %17 = getnzcv\n"
    "    %18 = ld.i32 %5, b16 signed align2 user\n"
    "    st.i64 %5, %2, b64\n"
    "    memgroup %5, 8 store\n"
    "    st.i32 %5, %18, b32 group\n"
    "    memgroupend\n"
    "    fence\n"
    "    %24 = call.i32 mix, %1, %1, %1, %3\n"
    "    call poke, %24\n"
    "    brcc.ne L0\n"
    "    brnz %24, L1\n"
    "    exiti %3, bit0 return\n"
    "L0:\n"
    "    callhint %1, 0x108, 1\n"
    "    exitd -0x4, 1\n"
    "L1:\n"
    "    exitengine %1, yield\n";

Test(ir_text, prints_what_it_parses)
{
    struct arena arena = {0};
    struct ir_block b;
    block_parse(&b, &arena, every_pattern);
    char *text = block_text(&b);
    cr_assert_str_eq(text, every_pattern);
    cr_assert_eq(b.insn_count, 1);
    cr_assert_eq(b.label_count, 2);
    free(text);
    arena_free(&arena);
}

/* Floats and vectors: types in names, variants and element sizes behind the arguments. */
Test(ir_text, prints_floats_and_vectors)
{
    static const char text[] =
        "    %0 = const.f64 0x3ff0000000000000\n"
        "    %1 = fmuladd.f64 %0, %0, %0, 0\n"
        "    %2 = fcmp.f64 %0, %1, 1\n"
        "    %3 = fnarrow %1, 128\n"
        "    %4 = stof.f32 %2, 1, 0x0\n"
        "    %5 = ftou.f32 %4, 64, 0x50\n"
        "    %6 = vdup.v64 %5, 1\n"
        "    %7 = vwidens %6, 1\n"
        "    %8 = vshru.v128 %7, 2, 0x1f\n"
        "    %9 = vnarrow %8, 2\n"
        "    %10 = vfmuladd.v64 %6, %9, %9, 2, 0x0\n"
        "    exitengine %2, yield\n";
    struct arena arena = {0};
    struct ir_block b;
    struct error e;
    block_parse(&b, &arena, text);
    cr_assert(ir_verify(&b, &e), "%s", e.text);
    char *printed = block_text(&b);
    cr_assert_str_eq(printed, text);
    free(printed);
    arena_free(&arena);
}

Test(ir_text, fields_of_ops)
{
    struct arena arena = {0};
    struct ir_block b;
    block_parse(&b, &arena, "block page_offset=0x10 lane=1 size=0x8 literals=0x20,0x28 ; header\n\n"
                            "%70 = const.i32 -1 ; names are free\n%3 = add.i32 %70, %70 !nc\n"
                            "%4 = ld.i64 %3, b8 signed align16\nexiti %3, 1 return");
    cr_assert_eq(b.page_offset, 0x10);
    cr_assert_eq(b.lane, 1);
    cr_assert_eq(b.guest_size, 8);
    cr_assert_eq(b.literal_start, 0x20);
    cr_assert_eq(b.literal_end, 0x28);
    cr_assert_eq(b.count, 4);
    cr_assert_eq(b.ops[0].imm, 0xffffffff);
    cr_assert_eq(b.ops[1].opcode, IR_OP_add);
    cr_assert_eq(b.ops[1].type, IR_I32);
    cr_assert_eq(b.ops[1].fw, IR_FLAG_N | IR_FLAG_C);
    cr_assert_eq(b.ops[1].arg[1], 0);
    cr_assert_eq(b.ops[2].imm, IR_MEM_SIGNED | IR_MEM_ALIGN(4));
    cr_assert_eq(b.ops[3].aux, 1 | IR_HINT_RETURN);
    arena_free(&arena);
}

Test(ir_text, header_is_printed)
{
    struct arena arena = {0};
    struct ir_block b;
    char *text;
    size_t size;
    block_parse(&b, &arena,
                "block page_offset=0x10 lane=1 size=0x8 literals=0x20,0x28\nexitd 0, 0\n");
    FILE *f = open_memstream(&text, &size);
    ir_print(&b, f);
    fclose(f);
    cr_assert_str_eq(text, "block page_offset=0x10 lane=1 size=0x8 literals=0x20,0x28\n"
                           "    exitd 0x0, 0\n");
    free(text);
    arena_free(&arena);
}

Test(ir_text, errors_name_the_line)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"exitd 0, 0\nfrob %1\n", "line 2: no op is called frob"},
        {"%1 = get r9\n", "line 1: no slot is called r9"},
        {"call frob\n", "line 1: no helper is called frob"},
        {"%1 = neg.i32 %0\n", "line 1: %0 is not defined"},
        {"%1 = const.i32 1\n%1 = const.i32 1\n", "line 2: the value is defined twice"},
        {"%1 = const 1\n", "line 1: the op's type is missing"},
        {"%1 = const.i99 1\n", "line 1: .i99 does not fit the op"},
        {"%1 = cond\n", "line 1: the condition is missing"},
        {"const.i32 1\n", "line 1: the value has no name"},
        {"%1 = fence\n", "line 1: the op has no value"},
        {"%1 = const.i32 1 1\n", "line 1: more on the line than the op takes"},
        {"%1 = const.i32 1\n%2 = add.i32 %1\n", "line 2: an argument is missing"},
        {"%1 = const.i32 1\n%2 = add.i32 %1, %1 !q\n", "line 2: no such flag"},
        {"%1 = const.i32 1\n%2 = ld.i32 %1, b24\n", "line 2: not a power of two in range"},
        {"block colour=3\n", "line 1: no header field is called colour"},
        {"%99999999 = const.i32 1\n", "line 1: the number is too large"},
        {"brcc.eq 3\n", "line 1: LNUMBER is missing"},
        {"exitd 0\n", "line 1: an operand is missing"},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct arena arena = {0};
        struct ir_block b;
        struct error e = {0};
        ir_block_init(&b, &guest_target, &arena);
        cr_expect_not(ir_parse(&b, rows[i].text, &e), "%s", rows[i].text);
        cr_expect_str_eq(e.text, rows[i].error, "%s: %s", rows[i].text, e.text);
        arena_free(&arena);
    }
}
