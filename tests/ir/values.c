/* What every op computes: rows of arguments, expected value and expected flags, run by the
 * interpreter, and (where the op writes no flags) again with constants through the optimiser. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ir/fixture.h"

struct row {
    const char *op;   /* of %1, %2 (i32), %4, %5 (i64) and the constants below */
    uint64_t a, b;    /* %1, %2 or %4, %5; %1 and %2 are the low halves */
    uint64_t value;
    const char *before, *after; /* flags; NULL: none set before, untouched */
};

/* Constants for amounts: %10 = 0, %11 = 1, %12 = 8, %13 = 31, %14 = 32, %15 = 63 */
static const struct row rows[] = {
    {"const.i32 0x89abcdef", 0, 0, 0x89abcdef, NULL, NULL},
    {"const.i64 0x89abcdef01234567", 0, 0, 0x89abcdef01234567, NULL, NULL},
    {"pcrel.i32 0x104", 0, 0, 0x7104, NULL, NULL},
    {"pcrel.i32 -0x8000", 0, 0, 0xfffff000, NULL, NULL},
    {"add.i32 %1, %2 !nzcv", 1, 2, 3, "NZCV", "nzcv"},
    {"add.i32 %1, %2 !nzcv", 0xffffffff, 1, 0, "nzcv", "nZCv"},
    {"add.i32 %1, %2 !nzcv", 0x7fffffff, 1, 0x80000000, "nzcv", "NzcV"},
    {"add.i32 %1, %2 !nzcv", 0x80000000, 0x80000000, 0, "nzcv", "nZCV"},
    {"add.i32 %1, %2 !c", 0x80000000, 0x80000000, 0, "nzcv", "nzCv"},
    {"add.i32 %1, %2", 0xffffffff, 1, 0, "NzcV", "NzcV"},
    {"add.i64 %4, %5 !nzcv", 0x7fffffffffffffff, 1, 0x8000000000000000, "nzcv", "NzcV"},
    {"add.i64 %4, %5", 0xffffffff, 1, 0x100000000, NULL, NULL},
    {"sub.i32 %1, %2 !nzcv", 5, 5, 0, "nzcv", "nZCv"},
    {"sub.i32 %1, %2 !nzcv", 4, 5, 0xffffffff, "nzcv", "Nzcv"},
    {"sub.i32 %1, %2 !nzcv", 0x80000000, 1, 0x7fffffff, "nzcv", "nzCV"},
    {"sub.i32 %1, %2 !nzcv", 0, 0, 0, "nzcv", "nZCv"},
    {"sub.i32 %1, %2 !nzcv", 0, 0x80000000, 0x80000000, "nzcv", "NzcV"},
    {"sub.i64 %4, %5", 0, 1, 0xffffffffffffffff, NULL, NULL},
    {"adc.i32 %1, %2 !nzcv", 0xffffffff, 0, 0, "nzCv", "nZCv"},
    {"adc.i32 %1, %2 !nzcv", 0xffffffff, 0xffffffff, 0xffffffff, "nzCv", "NzCv"},
    {"adc.i32 %1, %2 !nzcv", 0x7fffffff, 0, 0x80000000, "nzCv", "NzcV"},
    {"adc.i32 %1, %2 !nzcv", 1, 2, 3, "nzcv", "nzcv"},
    {"adc.i32 %1, %2", 1, 2, 4, "nzCv", "nzCv"},
    {"sbc.i32 %1, %2 !nzcv", 5, 4, 1, "nzCv", "nzCv"},
    {"sbc.i32 %1, %2 !nzcv", 5, 4, 0, "nzcv", "nZCv"},
    {"sbc.i32 %1, %2 !nzcv", 0, 0, 0xffffffff, "nzcv", "Nzcv"},
    {"sbc.i32 %1, %2 !nzcv", 0, 0xffffffff, 0, "nzcv", "nZcv"},
    {"sbc.i32 %1, %2 !nzcv", 0x80000000, 0, 0x7fffffff, "nzcv", "nzCV"},
    {"and.i32 %1, %2 !nz", 0xf0f0f0f0, 0x80ff0000, 0x80f00000, "nZCV", "NzCV"},
    {"and.i32 %1, %2 !nz", 0xf0, 0x0f, 0, "NzcV", "nZcV"},
    {"and.i64 %4, %5", 0xff00000000, 0x0f00000001, 0x0f00000000, NULL, NULL},
    {"or.i32 %1, %2 !nz", 0xf0, 0x0f, 0xff, "NZcv", "nzcv"},
    {"xor.i32 %1, %2 !nz", 0xff, 0xff, 0, "nzCv", "nZCv"},
    {"xor.i64 %4, %5", 0xffff0000ffff0000, 0xff, 0xffff0000ffff00ff, NULL, NULL},
    {"andn.i32 %1, %2 !nz", 0xffffffff, 0x7fffffff, 0x80000000, "nzcv", "Nzcv"},
    {"andn.i32 %1, %2", 0xff, 0x0f, 0xf0, NULL, NULL},
    {"not.i32 %1 !nz", 0xffffffff, 0, 0, "nzcv", "nZcv"},
    {"not.i64 %4", 0, 0, 0xffffffffffffffff, NULL, NULL},
    {"neg.i32 %1", 1, 0, 0xffffffff, NULL, NULL},
    {"neg.i64 %4", 1, 0, 0xffffffffffffffff, NULL, NULL},
    {"mov.i32 %1 !nz", 0x80000000, 0, 0x80000000, "nZcV", "NzcV"},
    {"mov.i64 %4 !nz", 0x80000000, 0, 0x80000000, "NZcv", "nzcv"},
    {"mul.i32 %1, %2 !nz", 0x10000, 0x10000, 0, "Nzcv", "nZcv"},
    {"mul.i32 %1, %2", 0xffffffff, 3, 0xfffffffd, NULL, NULL},
    {"mul.i64 %4, %5", 0xffffffff, 0xffffffff, 0xfffffffe00000001, NULL, NULL},
    {"dot16 %1, %2", 0x00020003, 0xfffffff6, 0xffffffffffffffe0, NULL, NULL},
    {"dot16 %1, %2", 0x80008000, 0x80008000, 0x80000000, NULL, NULL},
    {"dot16 %1, %2", 0x80008000, 0x7fff7fff, 0xffffffff80010000, NULL, NULL},
    {"addover %1, %2", 0x7fffffff, 1, 1, NULL, NULL},
    {"addover %1, %2", 0x80000000, 0xffffffff, 1, NULL, NULL},
    {"addover %1, %2", 0x80000000, 0x7fffffff, 0, NULL, NULL},
    {"dotadd16 %1, %2, %13", 0x00020003, 0xfffffff6, 0xffffffff, NULL, NULL},
    {"dotover16 %1, %2, %13", 0x00020003, 0xfffffff6, 0, NULL, NULL},
    {"dotadd16 %1, %2, %10", 0x80008000, 0x80008000, 0x80000000, NULL, NULL},
    {"dotover16 %1, %2, %10", 0x80008000, 0x80008000, 1, NULL, NULL},
    {"dotadd16 %1, %2, %1", 0x80008000, 0x80008000, 0x00008000, NULL, NULL},
    {"dotover16 %1, %2, %1", 0x80008000, 0x80008000, 0, NULL, NULL},
    {"dotover16 %1, %2, %1", 0x7fff7fff, 0x7fff7fff, 1, NULL, NULL},
    {"dotover16 %1, %2, %2", 0x7fff7fff, 0x80008000, 1, NULL, NULL},
    {"xor8 %1, %2", 0x12345678, 0xffffff01, 0x12345679, NULL, NULL},
    {"udiv.i32 %1, %2", 0x80000000, 0xffffffff, 0, NULL, NULL},
    {"udiv.i32 %1, %2", 7, 0, 0, NULL, NULL},
    {"udiv.i64 %4, %5", 0xffffffffffffffff, 2, 0x7fffffffffffffff, NULL, NULL},
    {"sdiv.i32 %1, %2", 0xfffffff9, 2, 0xfffffffd, NULL, NULL},
    {"sdiv.i32 %1, %2", 0x80000000, 0xffffffff, 0x80000000, NULL, NULL},
    {"sdiv.i32 %1, %2", 0x80000000, 0, 0, NULL, NULL},
    {"sdiv.i64 %4, %5", 0x8000000000000000, 0xffffffffffffffff, 0x8000000000000000, NULL, NULL},
    {"shl.i32 %1, %11 !nzc", 0x80000001, 0, 2, "Nzcv", "nzCv"},
    {"shl.i32 %1, %13 !nzc", 0xfffffffd, 0, 0x80000000, "nzCv", "Nzcv"},
    {"shl.i32 %1, %2", 1, 33, 2, NULL, NULL},
    {"shl.i64 %4, %15", 1, 0, 0x8000000000000000, NULL, NULL},
    {"shr.i32 %1, %11 !nzc", 1, 0, 0, "Nzcv", "nZCv"},
    {"shr.i32 %1, %13 !nzc", 0xc0000000, 0, 1, "Nzcv", "nzCv"},
    {"shr.i32 %1, %2", 0x80000000, 32, 0x80000000, NULL, NULL},
    {"shr.i64 %4, %14", 0x123456789abcdef0, 0, 0x12345678, NULL, NULL},
    {"sar.i32 %1, %12 !nzc", 0x80000080, 0, 0xff800000, "nzcv", "NzCv"},
    {"sar.i32 %1, %2", 0x80000000, 31, 0xffffffff, NULL, NULL},
    {"sar.i64 %4, %15", 0x8000000000000000, 0, 0xffffffffffffffff, NULL, NULL},
    {"ror.i32 %1, %11 !nzc", 1, 0, 0x80000000, "nzcv", "NzCv"},
    {"ror.i32 %1, %12 !nzc", 0x80, 0, 0x80000000, "nzcv", "NzCv"},
    {"ror.i32 %1, %12 !c", 0x7f, 0, 0x7f000000, "nzCv", "nzcv"},
    {"ror.i32 %1, %2", 0x12345678, 40, 0x78123456, NULL, NULL},
    {"ror.i64 %4, %12", 0x0123456789abcdef, 0, 0xef0123456789abcd, NULL, NULL},
    {"rrx %1 !nzc", 3, 0, 0x80000001, "nzCv", "NzCv"},
    {"rrx %1 !nzc", 1, 0, 0, "nzcv", "nZCv"},
    {"rrx %1", 2, 0, 1, "nzcv", "nzcv"},
    {"sext8 %1", 0x180, 0, 0xffffff80, NULL, NULL},
    {"sext8 %1", 0xff7f, 0, 0x7f, NULL, NULL},
    {"sext16 %1", 0x18000, 0, 0xffff8000, NULL, NULL},
    {"zext8 %1", 0xfff, 0, 0xff, NULL, NULL},
    {"zext16 %1", 0xfffff, 0, 0xffff, NULL, NULL},
    {"sext32 %1", 0x80000000, 0, 0xffffffff80000000, NULL, NULL},
    {"zext32 %1", 0x80000000, 0, 0x80000000, NULL, NULL},
    {"lo32 %4", 0x123456789abcdef0, 0, 0x9abcdef0, NULL, NULL},
    {"hi32 %4", 0x123456789abcdef0, 0, 0x12345678, NULL, NULL},
    {"pair %1, %2", 0x11111111, 0x22222222, 0x2222222211111111, NULL, NULL},
    {"ubfx %1, 4, 8", 0x12345678, 0, 0x67, NULL, NULL},
    {"ubfx %1, 0, 32", 0x12345678, 0, 0x12345678, NULL, NULL},
    {"ubfx %1, 31, 1", 0x80000000, 0, 1, NULL, NULL},
    {"sbfx %1, 4, 8", 0xfff, 0, 0xffffffff, NULL, NULL},
    {"sbfx %1, 0, 1", 1, 0, 0xffffffff, NULL, NULL},
    {"sbfx %1, 8, 24", 0x7fffff00, 0, 0x7fffff, NULL, NULL},
    {"bfi %1, %2, 8, 8", 0x11111111, 0xaabbccdd, 0x1111dd11, NULL, NULL},
    {"bfi %1, %2, 0, 32", 0x11111111, 0xaabbccdd, 0xaabbccdd, NULL, NULL},
    {"bfi %1, %2, 31, 1", 0xffffffff, 2, 0x7fffffff, NULL, NULL},
    {"clz.i32 %1", 0, 0, 32, NULL, NULL},
    {"clz.i32 %1", 1, 0, 31, NULL, NULL},
    {"clz.i32 %1", 0xffffffff, 0, 0, NULL, NULL},
    {"clz.i64 %4", 0, 0, 64, NULL, NULL},
    {"clz.i64 %4", 0x100000000, 0, 31, NULL, NULL},
    {"bswap.i32 %1", 0x12345678, 0, 0x78563412, NULL, NULL},
    {"bswap.i64 %4", 0x0123456789abcdef, 0, 0xefcdab8967452301, NULL, NULL},
    {"rev16 %1", 0x12345678, 0, 0x34127856, NULL, NULL},
    {"crc32c %1, %2, 0", 0, 1, 0xf26b8303, NULL, NULL},
    {"crc32c %1, %2, 2", 0xffffffff, 0, 0xb798b438, NULL, NULL}, /* four zeros: 48674bc7 inverted */
    {"rbit %1", 0x00000001, 0, 0x80000000, NULL, NULL},
    {"rbit %1", 0x12345678, 0, 0x1e6a2c48, NULL, NULL},
    {"cmpeq.i32 %1, %2", 5, 5, 1, NULL, NULL},
    {"cmpeq.i64 %4, %5", 5, 0x100000005, 0, NULL, NULL},
    {"cmpne.i32 %1, %2", 5, 5, 0, NULL, NULL},
    {"cmpltu.i32 %1, %2", 1, 0x80000000, 1, NULL, NULL},
    {"cmpltu.i32 %1, %2", 5, 5, 0, NULL, NULL},
    {"cmpleu.i32 %1, %2", 5, 5, 1, NULL, NULL},
    {"cmpleu.i64 %4, %5", 0x8000000000000000, 1, 0, NULL, NULL},
    {"cmplts.i32 %1, %2", 1, 0x80000000, 0, NULL, NULL},
    {"cmplts.i64 %4, %5", 0x8000000000000000, 1, 1, NULL, NULL},
    {"cmples.i32 %1, %2", 0x80000000, 0x80000000, 1, NULL, NULL},
    {"cmples.i32 %1, %2", 0, 0xffffffff, 0, NULL, NULL},
    {"select.i32 %1, %2, %13", 0x80000000, 7, 7, NULL, NULL},
    {"select.i64 %1, %5, %4", 0, 7, 0, NULL, NULL},
    {"getnzcv", 0, 0, 0xa0000000, "NzCv", "NzCv"},
    {"getnzcv", 0, 0, 0x50000000, "nZcV", "nZcV"},
    {"selcc.eq.i32 %1, %2", 3, 4, 3, "nZcv", "nZcv"},
    {"selcc.eq.i64 %4, %5", 3, 4, 4, "nzcv", "nzcv"},
    {"call.i32 mix, %1, %2, %11, %11", 1, 2, 31, NULL, NULL},
    {"call.i64 wide, %4, %5", 0x100000000, 1, 0x300000005, NULL, NULL},
};

/* Text of a block that computes the row into d1, and whether its value is an i64. */
static void row_text(char *out, size_t size, const struct row *row, bool constants)
{
    char inputs[400];
    if (constants)
        snprintf(inputs, sizeof(inputs),
                 "%%4 = const.i64 0x%" PRIx64 "\n%%5 = const.i64 0x%" PRIx64 "\n"
                 "%%1 = const.i32 0x%x\n%%2 = const.i32 0x%x\n",
                 row->a, row->b, (unsigned)row->a, (unsigned)row->b);
    else
        snprintf(inputs, sizeof(inputs),
                 "%%4 = get d0\n%%5 = get d1\n%%1 = get s0\n%%2 = get s2\n");
    snprintf(out, size,
             "block lane=0\ninsn 0x0\n%s"
             "%%10 = const.i32 0\n%%11 = const.i32 1\n%%12 = const.i32 8\n%%13 = const.i32 31\n"
             "%%14 = const.i32 32\n%%15 = const.i32 63\n"
             "%%9 = %s\n", inputs, row->op);
}

static bool row_is_wide(const char *op)
{
    if (!strncmp(op, "sext32", 6) || !strncmp(op, "zext32", 6) || !strncmp(op, "pair", 4) ||
        !strncmp(op, "dot16", 5))
        return true;
    return strncmp(op, "cmp", 3) && strstr(op, ".i64");
}

static void run_row(const struct row *row, bool constants)
{
    struct guest g;
    struct arena arena = {0};
    struct ir_block b;
    char text[1000];
    row_text(text, sizeof(text), row, constants);
    strcat(text, row_is_wide(row->op) ? "set d1, %9\nexitd 0x0, 0\n"
                                      : "%20 = zext32 %9\nset d1, %20\nexitd 0x0, 0\n");
    guest_init(&g, 10);
    g.d[0] = row->a;
    g.d[1] = row->b;
    const char *before = row->before ? row->before : "nzcv";
    guest_set_flags(&g, before);
    block_parse(&b, &arena, text);
    if (constants)
        ir_optimise(&b);
    ir_interp_run(&b, &g.env, &guest_callbacks);
    cr_expect(g.d[1] == row->value, "%s (%#" PRIx64 ", %#" PRIx64 ")%s: %#" PRIx64
              ", not %#" PRIx64, row->op, row->a, row->b, constants ? " folded" : "", g.d[1],
              row->value);
    cr_expect(guest_flags_are(&g, row->after ? row->after : before), "%s: flags %d%d%d%d", row->op,
              g.env.nzcv[0], g.env.nzcv[1], g.env.nzcv[2], g.env.nzcv[3]);
    arena_free(&arena);
}

Test(ir_values, interpreted)
{
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        run_row(&rows[i], false);
}

Test(ir_values, folded)
{
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        run_row(&rows[i], true);
}

/* Every condition against its definition in the manual (ARMv7-A/R, A8.3). */
Test(ir_values, conditions)
{
    static const char *const names[] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
                                        "hi", "ls", "ge", "lt", "gt", "le", "al"};
    for (unsigned f = 0; f < 16; f++) {
        bool n = f & 8, z = f & 4, c = f & 2, v = f & 1;
        bool holds[] = {z, !z, c, !c, n, !n, v, !v, c && !z, !(c && !z), n == v, n != v,
                        !z && n == v, z || n != v, true};
        for (unsigned cc = 0; cc < 15; cc++) {
            struct guest g;
            char text[200];
            guest_init(&g, 10);
            for (unsigned i = 0; i < 4; i++)
                g.env.nzcv[i] = f >> (3 - i) & 1;
            snprintf(text, sizeof(text),
                     "%%0 = cond.%s\nset r0, %%0\nbrcc.%s L0\nset r1, %%0\nL0:\nexitd 0, 0\n",
                     names[cc], names[cc]);
            guest_run(&g, text);
            cr_expect_eq(g.r[0], holds[cc], "%s of %x", names[cc], f);
            cr_expect_eq(g.r[1], holds[cc] ? 0x22222222 : 0, "branch %s of %x", names[cc], f);
        }
    }
}

Test(ir_values, flag_setters)
{
    struct guest g;
    guest_init(&g, 10);
    guest_set_flags(&g, "NzcV");
    guest_run(&g, "%0 = const.i32 3\n%1 = const.i32 2\nsetc %0 !c\nsetv %1 !v\nexitd 0, 0\n");
    cr_assert(guest_flags_are(&g, "NzCv"));
    guest_run(&g, "%0 = const.i32 0x5fffffff\nsetnzcv %0 !nzcv\nexitd 0, 0\n");
    cr_assert(guest_flags_are(&g, "nZcV"));
}

Test(ir_values, narrow_and_overlapping_slots)
{
    struct guest g;
    guest_init(&g, 10);
    guest_run(&g, "%0 = get byte\nset r0, %0\n%1 = get half\nset r1, %1\n"
                  "%2 = const.i32 0x12345678\nset byte, %2\nset half, %2\nset s1, %2\n"
                  "%3 = get d0\nset d1, %3\nexitd 0, 0\n");
    cr_assert_eq(g.r[0], 0xb1);
    cr_assert_eq(g.r[1], 0xf00d);
    cr_assert_eq(g.byte, 0x78);
    cr_assert_eq(g.half, 0x5678);
    cr_assert_eq(g.d[1], 0x1234567889abcdef);
    cr_assert_eq(g.lane, 0);
}
