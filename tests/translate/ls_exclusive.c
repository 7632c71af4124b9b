/* Exclusives with one CPU and with several, SWP, acquire and release. */
#include <criterion/criterion.h>

#include "tests/translate/ls_util.h"

TestSuite(ls_exclusive);

enum { AT = 0x200 };

static struct run *exclusive_new(void)
{
    struct run *r = ls_new();
    r->s.r[1] = RUN_DATA + AT;
    r->s.r[2] = 0x11223344;
    r->s.r[3] = 0x55667788;
    r->s.r[0] = 99;
    return r;
}

static const struct {
    uint32_t load, store;
    unsigned size;
} pairs[] = {
    {0xe1914f9f, 0xe1810f92, 4}, /* ldrex r4, [r1]; strex r0, r2, [r1] */
    {0xe1d14f9f, 0xe1c10f92, 1}, /* ldrexb, strexb */
    {0xe1f14f9f, 0xe1e10f92, 2}, /* ldrexh, strexh */
    {0xe1b14f9f, 0xe1a10f92, 8}, /* ldrexd r4, r5; strexd r0, r2, r3 */
    {0xe1914e9f, 0xe1810e92, 4}, /* ldaex, stlex */
    {0xe1b14e9f, 0xe1a10e92, 8}, /* ldaexd, stlexd */
};

Test(ls_exclusive, pair_stores)
{
    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct run *r = exclusive_new();
        uint8_t expected[16];
        uint64_t v = 0x5566778811223344;
        uint32_t first = ls_word(r, AT), second = ls_word(r, AT + 4);
        memcpy(expected, r->data + AT, 16);
        memcpy(expected, &v, pairs[i].size);
        run_arm(r, pairs[i].load);
        cr_expect_eq(r->s.r[4],
                     pairs[i].size >= 4 ? first : first & ((1u << 8 * pairs[i].size) - 1));
        if (pairs[i].size == 8)
            cr_expect_eq(r->s.r[5], second);
        run_arm(r, pairs[i].store);
        cr_expect_eq(r->s.r[0], 0);
        cr_expect(!memcmp(expected, r->data + AT, 16), "size %u", pairs[i].size);
        r->s.r[2] = 0;
        run_arm(r, pairs[i].store); /* a second one fails: the monitor is open */
        cr_expect_eq(r->s.r[0], 1);
        cr_expect(!memcmp(expected, r->data + AT, 16));
        run_free(r);
    }
}

Test(ls_exclusive, store_fails_without_load)
{
    struct run *r = exclusive_new();
    uint32_t before = ls_word(r, AT);
    run_arm(r, pairs[0].store);
    cr_expect_eq(r->s.r[0], 1);
    cr_expect_eq(ls_word(r, AT), before);
    run_free(r);
}

Test(ls_exclusive, store_fails_elsewhere)
{
    struct run *r = exclusive_new();
    run_arm(r, pairs[0].load);
    r->s.r[1] += 4;
    run_arm(r, pairs[0].store);
    cr_expect_eq(r->s.r[0], 1);
    run_free(r);
}

Test(ls_exclusive, store_fails_with_other_size)
{
    struct run *r = exclusive_new();
    run_arm(r, pairs[0].load);
    run_arm(r, pairs[1].store);
    cr_expect_eq(r->s.r[0], 1);
    run_free(r);
}

Test(ls_exclusive, clrex_opens_monitor)
{
    struct run *r = exclusive_new();
    run_arm(r, pairs[0].load);
    run_arm(r, 0xf57ff01f);
    run_arm(r, pairs[0].store);
    cr_expect_eq(r->s.r[0], 1);
    run_free(r);
}

Test(ls_exclusive, must_be_aligned)
{
    static const unsigned log2[] = {2, 0, 1, 3, 2, 3};
    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct run *r = exclusive_new();
        r->s.r[1] = RUN_DATA + AT + (pairs[i].size > 1 ? pairs[i].size / 2 : 1);
        run_arm(r, pairs[i].load);
        cr_expect_eq(r->faulted, log2[i] != 0);
        run_free(r);
    }
}

/* A store that faults leaves result and monitor alone, so that it can be restarted. */
Test(ls_exclusive, faulting_store_restarts)
{
    struct run *r = exclusive_new();
    r->s.exclusive_addr = r->s.r[1] = 0x400000;
    r->s.exclusive_size = 4;
    run_arm(r, pairs[0].store);
    cr_expect(r->faulted);
    cr_expect_eq(r->s.r[0], 99);
    cr_expect_eq(r->s.exclusive_size, 4);
    run_free(r);
}

Test(ls_exclusive, t32_with_offset)
{
    struct run *r = exclusive_new();
    run_thumb(r, 0xe8514f04); /* ldrex r4, [r1, #16] */
    cr_expect_eq(r->s.r[4], ls_word(r, AT + 16));
    run_thumb(r, 0xe8412004); /* strex r0, r2, [r1, #16] */
    cr_expect_eq(r->s.r[0], 0);
    cr_expect_eq(ls_word(r, AT + 16), 0x11223344);
    run_free(r);
}

Test(ls_exclusive, big_endian_doubleword)
{
    struct run *r = exclusive_new();
    r->block_flags = ARM_BF_BIG_ENDIAN;
    uint32_t first = ls_word(r, AT);
    run_arm(r, pairs[3].load);
    cr_expect_eq(r->s.r[4], __builtin_bswap32(first));
    run_arm(r, pairs[3].store);
    cr_expect_eq(r->s.r[0], 0);
    cr_expect_eq(ls_word(r, AT), 0x44332211);
    cr_expect_eq(ls_word(r, AT + 4), 0x88776655);
    run_free(r);
}

Test(ls_exclusive, several_cpus_use_helpers)
{
    struct run *r = exclusive_new();
    r->block_flags = ARM_BF_SMP;
    r->helpers_return = true;
    r->helper_result = 0xa1a2a3a4b1b2b3b4;
    run_arm(r, pairs[3].load);
    cr_assert_eq(r->helper, ARM_HELPER_ldrex);
    cr_expect_eq(r->helper_arg[0], RUN_DATA + AT);
    cr_expect_eq(r->helper_arg[1], 3);
    cr_expect_eq(r->s.r[4], 0xb1b2b3b4);
    cr_expect_eq(r->s.r[5], 0xa1a2a3a4);
    r->helper_result = 1;
    run_arm(r, pairs[3].store);
    cr_assert_eq(r->helper, ARM_HELPER_strex);
    cr_expect_eq(r->calls[0].arg[1], 0x5566778811223344);
    cr_expect_eq(r->s.r[0], 1);
    run_arm(r, 0xf57ff01f);
    cr_expect_eq(r->helper, ARM_HELPER_clrex);
    run_free(r);
}

Test(ls_exclusive, swap)
{
    struct run *r = exclusive_new();
    uint32_t before = ls_word(r, AT);
    run_arm(r, 0xe1010092); /* swp r0, r2, [r1] */
    cr_expect_eq(r->s.r[0], before);
    cr_expect_eq(ls_word(r, AT), 0x11223344);
    run_arm(r, 0xe1410093); /* swpb r0, r3, [r1] */
    cr_expect_eq(r->s.r[0], 0x44);
    cr_expect_eq(ls_word(r, AT), 0x11223388);
    r->s.r[1] += 1;
    run_arm(r, 0xe1010092);
    cr_expect(r->faulted);
    ls_rotate_mode(r);
    run_arm(r, 0xe1010092);
    cr_expect_eq(r->s.r[0], 0x88112233);
    cr_expect_eq(ls_word(r, AT), 0x11223344);
    run_free(r);
}

Test(ls_exclusive, acquire_release)
{
    struct run *r = exclusive_new();
    run_arm(r, 0xe1914c9f); /* lda r4, [r1] */
    cr_expect_eq(r->s.r[4], ls_word(r, AT));
    run_arm(r, 0xe1e1fc92); /* stlh r2, [r1] */
    cr_expect_eq(ls_word(r, AT) & 0xffff, 0x3344);
    r->s.r[1] += 1;
    run_arm(r, 0xe1914c9f);
    cr_expect(r->faulted);
    run_free(r);
}
