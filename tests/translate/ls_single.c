/* Single loads and stores: addressing, write-back, alignment, byte order, literals, faults. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/translate/ls_util.h"

TestSuite(ls_single);

/* ---- addressing ------------------------------------------------------------------------------ */

static const struct addressing {
    uint32_t insn;
    uint32_t r1, r2;   /* base, offset register */
    uint32_t at;       /* where the word must be read from, data window offset */
    uint32_t r1_after; /* likewise */
    const char *text;
} addressings[] = {
    {0xe5910000, 0x100, 0, 0x100, 0x100, "ldr r0, [r1]"},
    {0xe591000c, 0x100, 0, 0x10c, 0x100, "ldr r0, [r1, #12]"},
    {0xe511000c, 0x100, 0, 0x0f4, 0x100, "ldr r0, [r1, #-12]"},
    {0xe5b1000c, 0x100, 0, 0x10c, 0x10c, "ldr r0, [r1, #12]!"},
    {0xe531000c, 0x100, 0, 0x0f4, 0x0f4, "ldr r0, [r1, #-12]!"},
    {0xe491000c, 0x100, 0, 0x100, 0x10c, "ldr r0, [r1], #12"},
    {0xe411000c, 0x100, 0, 0x100, 0x0f4, "ldr r0, [r1], #-12"},
    {0xe7910002, 0x100, 0x20, 0x120, 0x100, "ldr r0, [r1, r2]"},
    {0xe7110002, 0x100, 0x20, 0x0e0, 0x100, "ldr r0, [r1, -r2]"},
    {0xe7910102, 0x100, 0x20, 0x180, 0x100, "ldr r0, [r1, r2, lsl #2]"},
    {0xe79101a2, 0x100, 0x20, 0x104, 0x100, "ldr r0, [r1, r2, lsr #3]"},
    {0xe7910142, 0x100, 0xffffffe0, 0x0f8, 0x100, "ldr r0, [r1, r2, asr #2]"},
    {0xe7910262, 0x100, 0x200, 0x120, 0x100, "ldr r0, [r1, r2, ror #4]"},
    {0xe7b10102, 0x100, 0x20, 0x180, 0x180, "ldr r0, [r1, r2, lsl #2]!"},
    {0xe6910002, 0x100, 0x20, 0x100, 0x120, "ldr r0, [r1], r2"},
    {0xe6110002, 0x100, 0x20, 0x100, 0x0e0, "ldr r0, [r1], -r2"},
    {0xe4b10004, 0x100, 0, 0x100, 0x104, "ldrt r0, [r1], #4"},
};

Test(ls_single, addressing)
{
    for (unsigned i = 0; i < sizeof(addressings) / sizeof(addressings[0]); i++) {
        const struct addressing *a = &addressings[i];
        struct run *r = ls_new();
        r->s.r[1] = RUN_DATA + a->r1;
        r->s.r[2] = a->r2;
        run_arm(r, a->insn);
        cr_expect(!r->faulted, "%s faulted", a->text);
        cr_expect_eq(r->s.r[0], ls_word(r, a->at), "%s: r0 %08x", a->text, r->s.r[0]);
        cr_expect_eq(r->s.r[1], RUN_DATA + a->r1_after, "%s: r1 %08x", a->text, r->s.r[1]);
        cr_expect_eq(r->s.env.pc, RUN_CODE + 4);
        run_free(r);
    }
}

/* RRX as offset reads C. */
Test(ls_single, offset_rrx)
{
    struct run *r = ls_new();
    r->s.r[1] = RUN_DATA + 0x80000000u;
    r->s.r[2] = 0x40;
    run_set_nzcv(r, 0x20000000);
    run_arm(r, 0xe7910062); /* ldr r0, [r1, r2, rrx] */
    cr_expect_eq(r->s.r[0], ls_word(r, 0x20));
    run_free(r);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static const struct sized {
    uint32_t insn;
    unsigned size;
    bool sign, store;
    const char *text;
} sizes[] = {
    {0xe5910003, 4, false, false, "ldr r0, [r1, #3]"},
    {0xe5d10003, 1, false, false, "ldrb r0, [r1, #3]"},
    {0xe1d100b3, 2, false, false, "ldrh r0, [r1, #3]"},
    {0xe1d100d3, 1, true, false, "ldrsb r0, [r1, #3]"},
    {0xe1d100f3, 2, true, false, "ldrsh r0, [r1, #3]"},
    {0xe5810003, 4, false, true, "str r0, [r1, #3]"},
    {0xe5c10003, 1, false, true, "strb r0, [r1, #3]"},
    {0xe1c100b3, 2, false, true, "strh r0, [r1, #3]"},
};

static uint32_t expected_value(const uint8_t *p, const struct sized *s, bool big)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < s->size; i++)
        v |= (uint32_t)p[big ? s->size - 1 - i : i] << 8 * i;
    if (s->sign && s->size == 1)
        return (uint32_t)(int8_t)v;
    return s->sign && s->size == 2 ? (uint32_t)(int16_t)v : v;
}

static void check_size(const struct sized *s, bool big)
{
    struct run *r = ls_new();
    uint8_t before[16];
    r->block_flags = big ? ARM_BF_BIG_ENDIAN : 0;
    r->s.r[1] = RUN_DATA + 0x100;
    r->data[0x103] = 0x91, r->data[0x104] = 0xa2, r->data[0x105] = 0xb3, r->data[0x106] = 0xc4;
    r->s.r[0] = 0x8badf00d;
    memcpy(before, r->data + 0x100, 16);
    run_arm(r, s->insn);
    cr_expect(!r->faulted);
    if (s->store) {
        struct sized plain = {.size = s->size};
        uint32_t mask = s->size == 4 ? 0xffffffff : (1u << 8 * s->size) - 1;
        cr_expect_eq(expected_value(r->data + 0x103, &plain, big), 0x8badf00d & mask, "%s",
                     s->text);
        memcpy(before + 3, r->data + 0x103, s->size);
        cr_expect(!memcmp(before, r->data + 0x100, 16), "%s wrote elsewhere", s->text);
    } else {
        cr_expect_eq(r->s.r[0], expected_value(before + 3, s, big), "%s: %08x", s->text, r->s.r[0]);
    }
    run_free(r);
}

Test(ls_single, sizes_unaligned)
{
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        check_size(&sizes[i], false);
}

Test(ls_single, sizes_big_endian)
{
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        check_size(&sizes[i], true);
}

Test(ls_single, strict_alignment_faults)
{
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct run *r = ls_new();
        r->block_flags = ARM_BF_ALIGN_STRICT;
        r->s.r[1] = RUN_DATA + 0x100;
        run_arm(r, sizes[i].insn);
        cr_expect_eq(r->faulted, sizes[i].size > 1, "%s", sizes[i].text);
        run_free(r);
    }
}

/* Before ARMv6: words rotate, halfwords and stores ignore the low address bits. */
Test(ls_single, rotated_words)
{
    for (unsigned low = 0; low < 4; low++) {
        struct run *r = ls_new();
        ls_rotate_mode(r);
        uint32_t word = ls_word(r, 0x100);
        r->s.r[1] = RUN_DATA + 0x100 + low;
        run_arm(r, 0xe5910000); /* ldr r0, [r1] */
        cr_expect_eq(r->s.r[0], low ? word >> 8 * low | word << (32 - 8 * low) : word);
        run_arm(r, 0xe1d100b0); /* ldrh r0, [r1] */
        cr_expect_eq(r->s.r[0], low & 2 ? word >> 16 : word & 0xffff);
        r->s.r[0] = 0x12345678;
        run_arm(r, 0xe5810000); /* str r0, [r1] */
        cr_expect_eq(ls_word(r, 0x100), 0x12345678);
        r->s.r[0] = 0xabcd;
        run_arm(r, 0xe1c100b0); /* strh r0, [r1] */
        cr_expect_eq(ls_word(r, 0x100), low & 2 ? 0xabcd5678 : 0x1234abcd);
        run_free(r);
    }
}

/* ---- faults ---------------------------------------------------------------------------------- */

static const uint32_t faulting[] = {
    0xe5b10004, /* ldr r0, [r1, #4]! */
    0xe4910004, /* ldr r0, [r1], #4 */
    0xe5a10004, /* str r0, [r1, #4]! */
    0xe1e120d8, /* ldrd r2, r3, [r1, #8]! */
    0xe0c120f8, /* strd r2, r3, [r1], #8 */
};

Test(ls_single, fault_changes_nothing)
{
    for (unsigned i = 0; i < sizeof(faulting) / sizeof(faulting[0]); i++) {
        struct run *r = ls_new();
        uint32_t before[16];
        for (unsigned n = 0; n < 13; n++)
            r->s.r[n] = 0x1000 * n + 7;
        r->s.r[1] = 0x400000;
        memcpy(before, r->s.r, sizeof(before));
        run_arm(r, faulting[i]);
        cr_expect(r->faulted, "%08x", faulting[i]);
        cr_expect(!memcmp(before, r->s.r, sizeof(before)), "%08x", faulting[i]);
        cr_expect_eq(r->s.env.pc, RUN_CODE);
        run_free(r);
    }
}

/* ---- PC -------------------------------------------------------------------------------------- */

Test(ls_single, load_to_pc_interworks)
{
    struct run *r = ls_new();
    r->s.r[13] = RUN_DATA + 0x100;
    ls_put_word(r, 0x100, 0x00012345);
    run_arm(r, 0xe49df004); /* ldr pc, [sp], #4 */
    cr_expect_eq(r->s.env.pc, 0x12344);
    cr_expect_eq(r->s.thumb, 1);
    cr_expect_eq(r->s.r[13], RUN_DATA + 0x104);
    run_free(r);
}

Test(ls_single, load_to_pc_armv4_stays)
{
    struct run *r = ls_new();
    r->block_flags = (uint32_t)RUN_CPU_V4T << ARM_BF_FEATURES_SHIFT;
    r->s.r[1] = RUN_DATA + 0x100;
    ls_put_word(r, 0x100, 0x00012345);
    run_arm(r, 0xe591f000); /* ldr pc, [r1] */
    cr_expect_eq(r->s.env.pc, 0x12344);
    cr_expect_eq(r->s.thumb, 0);
    run_free(r);
}

Test(ls_single, store_of_pc)
{
    struct run *r = ls_new();
    r->s.r[1] = RUN_DATA;
    run_arm(r, 0xe581f000); /* str pc, [r1] */
    cr_expect_eq(ls_word(r, 0), RUN_CODE + 8);
    run_free(r);
}

Test(ls_single, literals)
{
    for (int fold = 0; fold < 2; fold++) {
        struct run *r = ls_new();
        r->fold_literals = fold;
        run_put_arm(r, 0x20, 0x8899aabb);
        run_put_arm(r, 0x24, 0xccddeeff);
        run_arm(r, 0xe59f0018); /* ldr r0, [pc, #24] */
        cr_expect_eq(r->s.r[0], 0x8899aabb);
        cr_expect_eq(r->block.literal_end, fold ? 0x24u : 0u);
        run_arm(r, 0xe1df01f8); /* ldrsh r0, [pc, #24] */
        cr_expect_eq(r->s.r[0], 0xffffaabb);
        run_arm(r, 0xe1df01d9); /* ldrsb r0, [pc, #25] */
        cr_expect_eq(r->s.r[0], 0xffffffaa);
        run_arm(r, 0xe1cf01d8); /* ldrd r0, r1, [pc, #24] */
        cr_expect_eq(r->s.r[0], 0x8899aabb);
        cr_expect_eq(r->s.r[1], 0xccddeeff);
        run_thumb(r, 0xf8df001e); /* ldr.w r0, [pc, #30]: unaligned, at 4 + 30 */
        cr_expect_eq(r->s.r[0], 0xeeff8899);
        run_free(r);
    }
}

/* Thumb literals count from the PC aligned to a word. */
Test(ls_single, literal_thumb_aligns_pc)
{
    struct run *r = ls_new();
    run_put_arm(r, 0x10, 0x13579bdf);
    run_put_thumb(r, 2, 0x4803); /* ldr r0, [pc, #12]: Align(2 + 4, 4) + 12 */
    r->s.thumb = 1;
    r->s.env.pc = RUN_CODE + 2;
    run_block(r, 1);
    cr_expect_eq(r->s.r[0], 0x13579bdf);
    run_free(r);
}

/* ---- doublewords ----------------------------------------------------------------------------- */

Test(ls_single, doubleword)
{
    struct run *r = ls_new();
    r->s.r[4] = RUN_DATA + 0x104; /* a word boundary is enough */
    run_arm(r, 0xe1c420d0);       /* ldrd r2, r3, [r4] */
    cr_expect(!r->faulted);
    cr_expect_eq(r->s.r[2], ls_word(r, 0x104));
    cr_expect_eq(r->s.r[3], ls_word(r, 0x108));
    run_arm(r, 0xe1c420f8); /* strd r2, r3, [r4, #8] */
    cr_expect_eq(ls_word(r, 0x10c), r->s.r[2]);
    cr_expect_eq(ls_word(r, 0x110), r->s.r[3]);
    r->s.r[4] += 2;
    run_arm(r, 0xe1c420d0);
    cr_expect(r->faulted);
    run_free(r);
}

Test(ls_single, doubleword_big_endian)
{
    struct run *r = ls_new();
    r->block_flags = ARM_BF_BIG_ENDIAN;
    r->s.r[4] = RUN_DATA + 0x100;
    run_arm(r, 0xe1c420d0); /* ldrd r2, r3, [r4] */
    cr_expect_eq(r->s.r[2], __builtin_bswap32(ls_word(r, 0x100)));
    cr_expect_eq(r->s.r[3], __builtin_bswap32(ls_word(r, 0x104)));
    run_arm(r, 0xe1c421f0); /* strd r2, r3, [r4, #16] */
    cr_expect_eq(ls_word(r, 0x110), ls_word(r, 0x100));
    cr_expect_eq(ls_word(r, 0x114), ls_word(r, 0x104));
    run_free(r);
}

/* Base and first destination may be one register. */
Test(ls_single, doubleword_over_base)
{
    struct run *r = ls_new();
    r->s.r[2] = RUN_DATA + 0x100;
    run_arm(r, 0xe1c220d0); /* ldrd r2, r3, [r2] */
    cr_expect_eq(r->s.r[2], ls_word(r, 0x100));
    cr_expect_eq(r->s.r[3], ls_word(r, 0x104));
    run_free(r);
}

Test(ls_single, unprivileged_access_flag)
{
    struct run *r = ls_new();
    r->s.r[1] = RUN_DATA;
    run_arm(r, 0xe4b10004); /* ldrt r0, [r1], #4 */
    cr_expect(ls_memop(r, IR_OP_ld) & IR_MEM_USER);
    r->s.r[1] = RUN_DATA;
    r->block_flags = ARM_BF_USER;
    run_arm(r, 0xe4b10004);
    cr_expect(!(ls_memop(r, IR_OP_ld) & IR_MEM_USER));
    run_free(r);
}
