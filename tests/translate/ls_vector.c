/*
 * VLDn and VSTn against a model that moves one element after the other, as the manual's pseudocode
 * does; VLDR, VLDM, the enable check, and moves.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/translate/ls_util.h"

TestSuite(ls_vector);

enum { AT = 0x1000 };

static uint32_t next_random(uint32_t *x)
{
    *x = *x * 1664525 + 1013904223;
    return *x >> 8 ^ *x << 13;
}

/* ---- the model ------------------------------------------------------------------------------- */

struct form {
    uint32_t bits;     /* of the encoding, all but registers */
    int n, inc, regs;  /* elements of a structure, register distance, structures side by side */
    int ebytes, index; /* index: lane, -1 = all elements, -2 = one to all lanes */
    unsigned align;    /* bytes */
};

static uint8_t *element(struct arm_state *s, int d, int e, int ebytes)
{
    return (uint8_t *)&s->d[d] + e * ebytes;
}

static void copy_element(uint8_t *to, const uint8_t *from, int ebytes, bool big)
{
    for (int i = 0; i < ebytes; i++)
        to[i] = from[big ? ebytes - 1 - i : i];
}

/* One transfer by the model on @r's state and data; returns the bytes of memory it used. */
static uint32_t model(struct run *r, const struct form *f, int d, uint8_t *mem, bool load, bool big)
{
    uint8_t *start = mem;
    int lanes = f->index == -1 ? 8 / f->ebytes : 1;
    for (int reg = 0; reg < (f->index == -1 ? f->regs : 1); reg++)
        for (int e = 0; e < lanes; e++)
            for (int k = 0; k < f->n; k++, mem += f->ebytes) {
                int lane = f->index == -1 ? e : f->index;
                int which = d + reg + k * f->inc;
                if (f->index == -2) {
                    for (int copy = 0; copy < f->regs; copy++)
                        for (int all = 0; all < 8 / f->ebytes; all++)
                            copy_element(element(&r->s, which + copy, all, f->ebytes), mem,
                                         f->ebytes, big);
                    continue;
                }
                uint8_t *v = element(&r->s, which, lane, f->ebytes);
                if (load)
                    copy_element(v, mem, f->ebytes, big);
                else
                    copy_element(mem, v, f->ebytes, big);
            }
    return (uint32_t)(mem - start);
}

/* ---- comparison ------------------------------------------------------------------------------ */

static struct run *vector_new(uint32_t *x)
{
    struct run *r = ls_new();
    for (int i = 0; i < 32; i++)
        r->s.d[i] = (uint64_t)next_random(x) << 32 | next_random(x);
    for (int i = 0; i < 15; i++)
        r->s.r[i] = 0x10 * (uint32_t)i + 3;
    return r;
}

static int highest_register(const struct form *f)
{
    return (f->regs - 1) + (f->n - 1) * f->inc;
}

static void check_form(const struct form *f, bool load, bool big, uint32_t *x)
{
    struct run *r = vector_new(x), *m = malloc(sizeof(*m));
    int d = (int)(next_random(x) % (uint32_t)(32 - highest_register(f)));
    uint32_t rm = (uint32_t[]){15, 13, 2, 4}[next_random(x) % 4], rn = 4;
    uint32_t offset = AT + (f->align ? 32 * (next_random(x) % 8) : next_random(x) % 64);
    uint32_t insn = f->bits | (load ? 0x00200000 : 0) | rn << 16 | (uint32_t)(d & 15) << 12 |
                    (uint32_t)(d >> 4) << 22 | rm;
    r->block_flags = big ? ARM_BF_BIG_ENDIAN : 0;
    r->s.r[rn] = RUN_DATA + offset;
    memcpy(m, r, sizeof(*m));
    uint32_t bytes = model(m, f, d, m->data + offset, load, big);
    if (rm != 15)
        m->s.r[rn] += rm == 13 ? bytes : r->s.r[rm];
    run_arm(r, insn);
    cr_expect(r->helper == -1 && !r->faulted, "%08x: not executed", insn);
    cr_expect(!memcmp(r->s.d, m->s.d, sizeof(r->s.d)), "%08x: registers", insn);
    cr_expect(!memcmp(r->data, m->data, sizeof(r->data)), "%08x: memory", insn);
    cr_expect_eq(r->s.r[rn], m->s.r[rn], "%08x: base %08x", insn, r->s.r[rn]);
    free(m);
    run_free(r);
}

static void check_all(const struct form *f, bool stores)
{
    uint32_t x = f->bits;
    for (unsigned i = 0; i < 12; i++) {
        check_form(f, true, i & 1, &x);
        if (stores)
            check_form(f, false, i & 1, &x);
    }
}

Test(ls_vector, multiple_structures)
{
    static const struct {
        int type, n, inc, regs, max_align;
    } types[] = {
        {7, 1, 1, 1, 1}, {10, 1, 1, 2, 2}, {6, 1, 1, 3, 1}, {2, 1, 1, 4, 3},
        {8, 2, 1, 1, 2}, {9, 2, 2, 1, 2},  {3, 2, 2, 2, 3}, {4, 3, 1, 1, 1},
        {5, 3, 2, 1, 1}, {0, 4, 1, 1, 3},  {1, 4, 2, 1, 3},
    };
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        for (int size = 0; size < (types[i].n == 1 ? 4 : 3); size++)
            for (int align = 0; align <= types[i].max_align; align++) {
                struct form f = {
                    .bits = 0xf4000000 | (uint32_t)(types[i].type << 8 | size << 6 | align << 4),
                    .n = types[i].n,
                    .inc = types[i].inc,
                    .regs = types[i].regs,
                    .ebytes = 1 << size,
                    .index = -1,
                    .align = align ? 4u << align : 0,
                };
                check_all(&f, true);
            }
}

Test(ls_vector, single_lane)
{
    for (int n = 1; n <= 4; n++)
        for (int size = 0; size < 3; size++)
            for (int index = 0; index < 8 >> size; index++)
                for (int inc = 1; inc <= (n > 1 && size ? 2 : 1); inc++) {
                    uint32_t index_align = (uint32_t)(index << (1 + size) | (inc - 1) << size);
                    struct form f = {
                        .bits =
                            0xf4800000 | (uint32_t)(size << 10 | (n - 1) << 8) | index_align << 4,
                        .n = n,
                        .inc = inc,
                        .regs = 1,
                        .ebytes = 1 << size,
                        .index = index,
                    };
                    check_all(&f, true);
                }
}

Test(ls_vector, all_lanes)
{
    for (int n = 1; n <= 4; n++)
        for (int size = 0; size < 3; size++)
            for (int t = 0; t < 2; t++) {
                struct form f = {
                    .bits = 0xf4a00c00 | (uint32_t)((n - 1) << 8 | size << 6 | t << 5),
                    .n = n,
                    .inc = n > 1 ? 1 + t : 1,
                    .regs = n > 1 ? 1 : 1 + t,
                    .ebytes = 1 << size,
                    .index = -2,
                };
                check_all(&f, false);
            }
}

/* ---- alignment and faults -------------------------------------------------------------------- */

static const struct {
    uint32_t insn;
    unsigned align;
} aligned[] = {
    {0xf464021f, 8},  /* vld4.8 {d16-d19}, [r4:64] */
    {0xf424022f, 16}, /* vld1.8 {d0-d3}, [r4:128]: type 2 */
    {0xf424023f, 32}, /* [r4:256] */
    {0xf404023f, 32}, /* vst1.8 */
    {0xf4a40b5f, 8},  /* vld4.32 {d0[0], ...}, [r4:64], spacing 2 */
    {0xf4a40b6f, 16}, /* [r4:128] */
    {0xf4a40fff, 16}, /* vld4.32 {d0[], ...}, [r4:128] */
};

Test(ls_vector, alignment_is_checked)
{
    for (unsigned i = 0; i < sizeof(aligned) / sizeof(aligned[0]); i++) {
        struct run *r = ls_new();
        r->s.r[4] = RUN_DATA + AT + aligned[i].align;
        run_arm(r, aligned[i].insn);
        cr_expect(!r->faulted && r->helper == -1, "%08x", aligned[i].insn);
        r->s.r[4] = RUN_DATA + AT + aligned[i].align / 2;
        run_arm(r, aligned[i].insn);
        cr_expect(r->faulted, "%08x", aligned[i].insn);
        run_free(r);
    }
}

Test(ls_vector, strict_elements)
{
    struct run *r = ls_new();
    r->block_flags = ARM_BF_ALIGN_STRICT;
    r->s.r[4] = RUN_DATA + AT + 2;
    run_arm(r, 0xf424070f); /* vld1.8 {d0}, [r4] */
    cr_expect(!r->faulted);
    run_arm(r, 0xf424074f); /* vld1.16 */
    cr_expect(!r->faulted);
    run_arm(r, 0xf424078f); /* vld1.32 */
    cr_expect(r->faulted);
    run_free(r);
}

Test(ls_vector, fault_keeps_base)
{
    static const uint32_t insns[] = {0xf424000d, 0xf404000d, 0xecb40b10, 0xeca40a10, 0xf4a4030d};
    for (unsigned i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
        struct run *r = ls_new();
        r->s.r[4] = RUN_DATA + RUN_DATA_SIZE - (insns[i] == 0xf4a4030d ? 3 : 8);
        uint32_t before = r->s.r[4];
        run_arm(r, insns[i]);
        cr_expect(r->faulted, "%08x", insns[i]);
        cr_expect_eq(r->s.r[4], before, "%08x", insns[i]);
        run_free(r);
    }
}

/* ---- VLDR and VLDM --------------------------------------------------------------------------- */

Test(ls_vector, load_and_store_one)
{
    struct run *r = ls_new();
    r->s.r[4] = RUN_DATA + AT;
    run_arm(r, 0xed943b02); /* vldr d3, [r4, #8] */
    cr_expect_eq(r->s.d[3], ls_word(r, AT + 8) | (uint64_t)ls_word(r, AT + 12) << 32);
    run_arm(r, 0xed547a01); /* vldr s15, [r4, #-4] */
    cr_expect_eq(r->s.d[7] >> 32, ls_word(r, AT - 4));
    run_arm(r, 0xed843b04); /* vstr d3, [r4, #16] */
    cr_expect_eq(ls_word(r, AT + 20), ls_word(r, AT + 12));
    r->block_flags = ARM_BF_BIG_ENDIAN;
    run_arm(r, 0xed943b02);
    cr_expect_eq(r->s.d[3], __builtin_bswap32(ls_word(r, AT + 12)) |
                                (uint64_t)__builtin_bswap32(ls_word(r, AT + 8)) << 32);
    r->s.r[4] += 2;
    run_arm(r, 0xed943b02);
    cr_expect(r->faulted);
    run_free(r);
}

Test(ls_vector, literals)
{
    for (int fold = 0; fold < 2; fold++) {
        struct run *r = ls_new();
        r->fold_literals = fold;
        run_put_arm(r, 0x20, 0x8899aabb);
        run_put_arm(r, 0x24, 0xccddeeff);
        run_arm(r, 0xed9f3b06); /* vldr d3, [pc, #24] */
        cr_expect_eq(r->s.d[3], 0xccddeeff8899aabb);
        run_arm(r, 0xed9f3a07); /* vldr s6, [pc, #28] */
        cr_expect_eq(r->s.d[3], 0xccddeeffccddeeff);
        run_free(r);
    }
}

/* FLDMX and FSTMX move the base by one word more. */
Test(ls_vector, multiple_with_extra_word)
{
    struct run *r = ls_new();
    r->s.r[4] = RUN_DATA + AT;
    run_arm(r, 0xecb42b05); /* fldmiax r4!, {d2, d3} */
    cr_expect_eq(r->s.r[4], RUN_DATA + AT + 20);
    cr_expect_eq(r->s.d[3], ls_word(r, AT + 8) | (uint64_t)ls_word(r, AT + 12) << 32);
    run_arm(r, 0xed242b05); /* fstmdbx r4!, {d2, d3} */
    cr_expect_eq(r->s.r[4], RUN_DATA + AT);
    run_free(r);
}

/* ---- the enable check and moves -------------------------------------------------------------- */

Test(ls_vector, disabled_is_undefined)
{
    struct run *r = ls_new();
    r->s.fp_enabled = 0;
    r->s.r[4] = RUN_DATA;
    run_arm(r, 0xed943b02);
    cr_expect(ls_undefined(r));
    cr_expect_eq(r->s.env.pc, RUN_CODE);
    run_free(r);
}

static unsigned count_checks(const struct run *r)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < r->block.count; i++)
        n += r->block.ops[i].opcode == IR_OP_get && r->block.ops[i].imm == ARM_SLOT_FP_ENABLED;
    return n;
}

/* One check serves a block, but one that is skipped does not. */
Test(ls_vector, checked_once)
{
    struct run *r = ls_new();
    run_put_arm(r, 0, 0x0e000a10); /* vmoveq s0, r0 */
    run_put_arm(r, 4, 0xee010a10); /* vmov s2, r0 */
    run_put_arm(r, 8, 0xee020a10); /* vmov s4, r0 */
    run_block(r, 3);
    cr_expect_eq(count_checks(r), 2);
    run_free(r);
}

Test(ls_vector, lane_moves)
{
    for (unsigned d = 0; d < 32; d += 17)
        for (unsigned lane = 0; lane < 8; lane++) {
            struct run *r = ls_new();
            uint64_t old = r->s.d[d] = 0x8091a2b3c4d5e6f7;
            uint32_t regs = (d & 15) << 16 | (d >> 4) << 7;
            uint32_t byte = 0x00400010 | (lane >> 2) << 21 | (lane & 3) << 5;
            run_arm(r, 0xee500b10 | byte | regs); /* vmov.s8 r0, d[lane] */
            cr_expect_eq(r->s.r[0], (uint32_t)(int8_t)(old >> 8 * lane));
            r->s.r[0] = 0x12345678;
            run_arm(r, 0xee000b10 | byte | regs); /* vmov.8 d[lane], r0 */
            uint64_t mask = 0xffull << 8 * lane;
            cr_expect_eq(r->s.d[d], (old & ~mask) | (0x7878787878787878 & mask));
            run_free(r);
        }
}

Test(ls_vector, immediates)
{
    struct run *r = ls_new();
    run_arm(r, 0xf2840815); /* vmov.i16 d0, #0x45 */
    cr_expect_eq(r->s.d[0], 0x0045004500450045);
    run_arm(r, 0xf2840a15); /* vmov.i16 d0, #0x4500 */
    cr_expect_eq(r->s.d[0], 0x4500450045004500);
    run_arm(r, 0xf3820613); /* vmov.i32 d0, #0xa3000000 */
    cr_expect_eq(r->s.d[0], 0xa3000000a3000000);
    run_arm(r, 0xf3820d13); /* vmov.i32 d0, #0xa3ffff */
    cr_expect_eq(r->s.d[0], 0x00a3ffff00a3ffff);
    run_arm(r, 0xf3820e33); /* vmov.i64 d0, #0xff00ff000000ffff */
    cr_expect_eq(r->s.d[0], 0xff00ff000000ffff);
    run_arm(r, 0xf2870f10); /* vmov.f32 d0, #1.0 */
    cr_expect_eq(r->s.d[0], 0x3f8000003f800000);
    run_arm(r, 0xf3820033); /* vmvn.i32 d0, #0xa3 */
    cr_expect_eq(r->s.d[0], 0xffffff5cffffff5c);
    run_arm(r, 0xf3820133); /* vbic.i32 d0, #0xa3: no bit of it is set */
    cr_expect_eq(r->s.d[0], 0xffffff5cffffff5c);
    run_arm(r, 0xeeb70b00); /* vmov.f64 d0, #1.0 */
    cr_expect_eq(r->s.d[0], 0x3ff0000000000000);
    run_arm(r, 0xeeb80a08); /* vmov.f32 s0, #-3.0: imm8 = 10001000 */
    cr_expect_eq((uint32_t)r->s.d[0], 0xc0400000);
    run_free(r);
}

Test(ls_vector, flags_from_fpscr)
{
    struct run *r = ls_new();
    r->s.fpscr = 0x10;
    r->s.fp_nzcv = 0x00010100;
    run_arm(r, 0xeef1fa10); /* vmrs apsr_nzcv, fpscr */
    cr_expect_eq(run_nzcv(r), 0x60000000);
    r->helpers_return = true;
    r->helper_result = 0x1234;
    run_arm(r, 0xeef12a10); /* vmrs r2, fpscr */
    cr_expect_eq(r->helper, ARM_HELPER_vmrs);
    cr_expect_eq(r->helper_arg[0], 1);
    cr_expect_eq(r->s.r[2], 0x1234);
    run_arm(r, 0xeee82a10); /* vmsr fpexc, r2 */
    cr_expect_eq(r->helper, ARM_HELPER_vmsr);
    cr_expect_eq(r->helper_arg[0], 8);
    cr_expect_eq(r->helper_arg[1], 0x1234);
    r->block_flags = ARM_BF_USER;
    run_arm(r, 0xeee82a10);
    cr_expect(ls_undefined(r));
    run_free(r);
}
