/* Translation contexts. Host addresses are only compared, never followed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "softmmu/mmu.h"

static uint8_t *host(unsigned page)
{
    return (uint8_t *)0x700000000000ull + ((uintptr_t)page << 12);
}

static size_t resident_bytes(void)
{
    unsigned long size, resident;
    FILE *f = fopen("/proc/self/statm", "r");

    cr_assert(f && fscanf(f, "%lu %lu", &size, &resident) == 2);
    fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

Test(mmu, fill_and_lookup)
{
    struct mmu *m = mmu_new(NULL, NULL);
    uint8_t *tables = mmu_set_context(m, 1, 0);

    cr_assert_null(mmu_lookup(m, 0x1234567, false));
    mmu_fill(m, 0x1234567, host(5), 12, true, false);
    cr_assert_eq(mmu_lookup(m, 0x1234567, false), host(5) + 0x567);
    cr_assert_null(mmu_lookup(m, 0x1234567, true));
    cr_assert_null(mmu_lookup(m, 0x1235000, false));
    mmu_fill(m, 0xfffff123, host(6), 12, true, true);
    cr_assert_eq(mmu_lookup(m, 0xfffff000, true), host(6));
    /* As translated code does it. */
    cr_assert_eq(*(uint64_t *)(tables + MMU_READ_TABLE + 0x1234 * 8) + 0x1234567,
                 (uintptr_t)host(5) + 0x567);
    cr_assert_eq(*(uint64_t *)(tables + MMU_WRITE_TABLE + 0x1234 * 8), 0);
    mmu_fill(m, 0xfffff123, host(6), 12, true, false);
    cr_assert_null(mmu_lookup(m, 0xfffff000, true), "no longer writable");
    mmu_free(m);
}

Test(mmu, fine_tables)
{
    const struct mmu_config config = {.fine = true};
    struct mmu *m = mmu_new(&config, NULL);
    uint8_t *tables = mmu_set_context(m, 1, 0);

    mmu_fill(m, 0x1234567, host(5), 12, true, true);
    cr_assert_eq(mmu_lookup(m, 0x1234000, true), host(5));
    cr_assert_eq(mmu_lookup(m, 0x1234fff, false), host(5) + 0xfff);
    cr_assert_null(mmu_lookup(m, 0x1233fff, false));
    cr_assert_null(mmu_lookup(m, 0x1235000, false));
    cr_assert_eq(*(uint64_t *)(tables + MMU_FINE_READ_TABLE + 0x12345 * 8) + 0x1234567,
                 (uintptr_t)host(5) + 0x567);
    mmu_fill(m, 0x1234567, host(5), MMU_FINE_BITS, true, false);
    cr_assert_null(mmu_lookup(m, 0x1234500, true), "no longer writable");
    cr_assert_null(mmu_lookup(m, 0x12345ff, true));
    cr_assert_eq(mmu_lookup(m, 0x12344ff, true), host(5) + 0x4ff, "its neighbours are");
    cr_assert_eq(mmu_lookup(m, 0x1234600, true), host(5) + 0x600);
    mmu_fill(m, 0x5000, host(6), 5, true, true);
    cr_assert_null(mmu_lookup(m, 0x5000, false), "too small to be entered");
    mmu_fill(m, 0xffffffff, host(7), MMU_FINE_BITS, true, true);
    cr_assert_eq(mmu_lookup(m, 0xffffff00, true), host(7) + 0xf00);
    cr_assert_null(mmu_lookup(m, 0xfffffeff, true));

    mmu_protect_page(m, host(5));
    for (uint32_t va = 0x1234000; va < 0x1235000; va += 0x100) {
        cr_assert_null(mmu_lookup(m, va, true), "a page with code");
        cr_assert_not_null(mmu_lookup(m, va, false));
    }
    mmu_inv_va(m, 0x1234abc);
    cr_assert_null(mmu_lookup(m, 0x1234000, false));
    cr_assert_null(mmu_lookup(m, 0x1234fff, false));
    cr_assert_not_null(mmu_lookup(m, 0xffffffff, false));
    mmu_inv_write_all(m);
    cr_assert_null(mmu_lookup(m, 0xffffffff, true));
    cr_assert_not_null(mmu_lookup(m, 0xffffffff, false));
    mmu_inv_all(m);
    cr_assert_null(mmu_lookup(m, 0xffffffff, false));
    mmu_free(m);
}

Test(mmu, contexts_are_separate_and_return)
{
    struct mmu *m = mmu_new(NULL, NULL);
    uint8_t *first = mmu_set_context(m, 10, 1);
    struct mmu_stats stats;

    mmu_fill(m, 0x8000, host(1), 12, true, true);
    cr_assert_neq(mmu_set_context(m, 11, 1), first);
    cr_assert_null(mmu_lookup(m, 0x8000, false));
    cr_assert_eq(mmu_set_context(m, 10, 1), first);
    cr_assert_eq(mmu_lookup(m, 0x8000, true), host(1));
    mmu_get_stats(m, &stats);
    cr_assert_eq(stats.context_misses, 2);
    cr_assert_eq(stats.context_switches, 3);
    mmu_free(m);
}

Test(mmu, least_recently_used_is_recycled_empty)
{
    const struct mmu_config config = {.max_contexts = 3};
    struct mmu *m = mmu_new(&config, NULL);

    for (uint64_t key = 1; key <= 3; key++) {
        mmu_set_context(m, key, 0);
        mmu_fill(m, 0x8000, host((unsigned)key), 12, true, true);
    }
    mmu_set_context(m, 1, 0);
    mmu_set_context(m, 4, 0); /* takes the place of 2 */
    cr_assert_null(mmu_lookup(m, 0x8000, false));
    mmu_set_context(m, 1, 0);
    cr_assert_eq(mmu_lookup(m, 0x8000, false), host(1));
    mmu_set_context(m, 3, 0);
    cr_assert_eq(mmu_lookup(m, 0x8000, false), host(3));
    mmu_set_context(m, 2, 0);
    cr_assert_null(mmu_lookup(m, 0x8000, false));
    mmu_free(m);
}

Test(mmu, invalidation_scopes)
{
    struct mmu *m = mmu_new(NULL, NULL);

    for (unsigned asid = 1; asid <= 2; asid++) {
        mmu_set_context(m, asid, asid);
        mmu_fill(m, 0x8000, host(1), 12, true, true);
        mmu_fill(m, 0x9000, host(2), 12, true, true);
    }
    mmu_inv_va_asid(m, 0x8000, 1);
    cr_assert_not_null(mmu_lookup(m, 0x8000, false));
    mmu_set_context(m, 1, 1);
    cr_assert_null(mmu_lookup(m, 0x8000, false));
    cr_assert_not_null(mmu_lookup(m, 0x9000, false));
    mmu_inv_va(m, 0x9fff);
    cr_assert_null(mmu_lookup(m, 0x9000, true));
    mmu_set_context(m, 2, 2);
    cr_assert_null(mmu_lookup(m, 0x9000, true));
    mmu_inv_asid(m, 1);
    cr_assert_not_null(mmu_lookup(m, 0x8000, false));
    mmu_inv_asid(m, 2);
    cr_assert_null(mmu_lookup(m, 0x8000, false));
    mmu_fill(m, 0x8000, host(1), 12, true, true);
    mmu_inv_all(m);
    cr_assert_null(mmu_lookup(m, 0x8000, false));
    mmu_free(m);
}

/* Any address of a section names all of it, also from another MiB of a larger mapping. */
Test(mmu, large_mappings_go_whole)
{
    struct mmu *m = mmu_new(NULL, NULL);

    mmu_set_context(m, 1, 0);
    mmu_fill(m, 0xc0001000, host(1), 20, true, true);
    mmu_fill(m, 0xc00ff000, host(2), 20, true, true);
    mmu_fill(m, 0xc0101000, host(3), 12, true, true);
    mmu_inv_va(m, 0xc0050000);
    cr_assert_null(mmu_lookup(m, 0xc0001000, false));
    cr_assert_null(mmu_lookup(m, 0xc00ff000, true));
    cr_assert_not_null(mmu_lookup(m, 0xc0101000, true));
    mmu_fill(m, 0x40305000, host(4), 21, true, true);
    mmu_inv_va(m, 0x40201000);
    cr_assert_null(mmu_lookup(m, 0x40305000, false));
    mmu_free(m);
}

Test(mmu, exec_tables)
{
    static const uint32_t a32[1024], t32[2048];
    struct mmu *m = mmu_new(NULL, NULL);

    mmu_set_context(m, 1, 0);
    mmu_fill_exec(m, 0, 0x8000, 12, a32);
    mmu_fill_exec(m, 1, 0x8000, 12, t32);
    mmu_fill(m, 0x8000, host(1), 12, true, true);
    cr_assert_eq(mmu_lookup_exec(m, 0, 0x8abc), a32);
    cr_assert_eq(mmu_lookup_exec(m, 1, 0x8abc), t32);
    mmu_inv_exec_all(m);
    cr_assert_null(mmu_lookup_exec(m, 0, 0x8000));
    cr_assert_null(mmu_lookup_exec(m, 1, 0x8000));
    cr_assert_not_null(mmu_lookup(m, 0x8000, true));
    mmu_fill_exec(m, 0, 0x8000, 12, a32);
    mmu_inv_va(m, 0x8000);
    cr_assert_null(mmu_lookup_exec(m, 0, 0x8000));
    mmu_free(m);
}

Test(mmu, protect_page_finds_all_mappings)
{
    struct mmu *m = mmu_new(NULL, NULL);

    for (unsigned key = 1; key <= 3; key++) {
        mmu_set_context(m, key, 0);
        mmu_fill(m, 0x8000 * key, host(7), 12, true, true);
        mmu_fill(m, 0x100000, host(8), 12, true, true);
    }
    mmu_protect_page(m, host(7));
    for (unsigned key = 1; key <= 3; key++) {
        mmu_set_context(m, key, 0);
        cr_assert_null(mmu_lookup(m, 0x8000 * key, true));
        cr_assert_not_null(mmu_lookup(m, 0x8000 * key, false));
        cr_assert_not_null(mmu_lookup(m, 0x100000, true));
    }
    mmu_fill(m, 0x8000, host(7), 12, true, true);
    mmu_protect_page(m, host(7));
    cr_assert_null(mmu_lookup(m, 0x8000, true), "after it was entered again");
    mmu_free(m);
}

/* More write entries than the reverse map can hold: none may escape protection. */
Test(mmu, reverse_map_overflow)
{
    struct mmu *m = mmu_new(NULL, NULL);
    unsigned count = 50000;

    mmu_set_context(m, 1, 0);
    for (unsigned i = 0; i < count; i++)
        mmu_fill(m, i << 12, host(i), 12, true, true);
    for (unsigned i = 0; i < count; i++) {
        mmu_protect_page(m, host(i));
        cr_assert_null(mmu_lookup(m, i << 12, true), "page %u", i);
    }
    mmu_free(m);
}

Test(mmu, memory_is_bounded)
{
    const struct mmu_config config = {.max_table_pages = 512};
    struct mmu *m = mmu_new(&config, NULL);
    size_t before = resident_bytes();

    for (unsigned key = 1; key <= 40; key++) {
        mmu_set_context(m, key, key);
        for (unsigned i = 0; i < 100; i++) /* 200 pieces of tables each */
            mmu_fill(m, i * 0x200000u, host(i), 12, true, true);
        cr_assert_leq(mmu_committed_bytes(m), 512u * 4096);
    }
    cr_assert_leq(resident_bytes() - before, 6u << 20);
    cr_assert_eq(mmu_lookup(m, 99 * 0x200000u, true), host(99));
    mmu_free(m);
}

/* One context alone over the limit starts over instead of growing. */
Test(mmu, memory_is_bounded_in_one_context)
{
    const struct mmu_config config = {.max_table_pages = 64};
    struct mmu *m = mmu_new(&config, NULL);

    mmu_set_context(m, 1, 0);
    for (unsigned i = 0; i < 2000; i++) {
        mmu_fill(m, i * 0x200000u, host(i), 12, true, true);
        cr_assert_eq(mmu_lookup(m, i * 0x200000u, true), host(i));
        cr_assert_leq(mmu_committed_bytes(m), 65u * 4096);
    }
    mmu_free(m);
}

Test(mmu, requests_of_others)
{
    const struct mmu_op va = {.kind = MMU_OP_INV_VA, .va = 0x8000};
    struct mmu *m = mmu_new(NULL, NULL);

    mmu_set_context(m, 1, 0);
    mmu_fill(m, 0x8000, host(1), 12, true, true);
    mmu_fill(m, 0x9000, host(2), 12, true, true);
    mmu_post(m, &va);
    cr_assert(mmu_has_pending(m));
    cr_assert_not_null(mmu_lookup(m, 0x8000, true));
    mmu_run_pending(m);
    cr_assert(!mmu_has_pending(m));
    cr_assert_null(mmu_lookup(m, 0x8000, true));
    cr_assert_not_null(mmu_lookup(m, 0x9000, true));
    for (unsigned i = 0; i < 1000; i++)
        mmu_post(m, &(struct mmu_op){.kind = MMU_OP_INV_VA, .va = 0x100000 + i * 4096});
    mmu_run_pending(m);
    cr_assert_null(mmu_lookup(m, 0x9000, true), "an overflow drops everything");
    mmu_free(m);
}
