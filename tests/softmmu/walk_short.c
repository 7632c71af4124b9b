/* Short descriptors: every form and every fault, in tables built by hand from the manual. */
#include "tests/softmmu/walk_fixture.h"

enum { L1 = 0x4000, L2 = 0x8000, SCTLR_M = 1, AFE = 1 << 29, TRE = 1 << 28, XP = 1 << 23 };
enum { DOMAIN1 = 1 << 5, CLIENT1 = 1 << 2, MANAGER1 = 3 << 2 };

static struct walk_fixture *v7(void)
{
    static struct walk_fixture f;

    memset(&f, 0, sizeof(f));
    f.regs.arch = ARM_WALK_V6 | ARM_WALK_V7 | ARM_WALK_SUPERSECTION;
    f.regs.sctlr = SCTLR_M;
    f.regs.ttbr0 = L1;
    f.regs.dacr = 1 | CLIENT1;
    return &f;
}

static void expect_fault(struct walk_fixture *f, uint32_t va, enum arm_access access,
                         bool privileged, uint32_t fsr)
{
    cr_assert(!walk(f, va, access, privileged));
    cr_assert_eq(arm_fault_status(&f->fault, false), fsr, "%#x",
                 arm_fault_status(&f->fault, false));
}

Test(walk_short, section)
{
    struct walk_fixture *f = v7();

    put32(f, L1 + 0xc01 * 4, 0x80100000 | 3 << 10 | DOMAIN1 | 1 << 16 | 1 << 3 | 1 << 2 | 2);
    cr_assert(walk(f, 0xc0123456, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x80123456);
    cr_assert_eq(f->t.page_bits, 20);
    cr_assert_eq(f->t.memory, ARM_MEMORY_NORMAL);
    cr_assert_eq(f->t.attributes, 0xee, "write-back, no write-allocate");
    cr_assert_eq(f->t.share, ARM_SHARE_INNER);
    cr_assert(f->t.global);
    cr_assert_eq(f->t.domain, 1);
}

Test(walk_short, supersection)
{
    struct walk_fixture *f = v7();

    for (int i = 0; i < 16; i++) /* PA[39:36] = 2, PA[35:32] = 5 */
        put32(f, L1 + (0xd00 + i) * 4, 0x81000000 | 5 << 20 | 1 << 18 | 2 << 5 | 3 << 10 | 2);
    cr_assert(walk(f, 0xd0abcdef, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x2581abcdef);
    cr_assert_eq(f->t.page_bits, 24);
    cr_assert_eq(f->t.domain, 0);
}

Test(walk_short, pages)
{
    struct walk_fixture *f = v7();

    put32(f, L1 + 0x123 * 4, L2 | DOMAIN1 | 1);
    put32(f, L2 + 0x45 * 4, 0x70045000 | 1 << 11 | 3 << 4 | 2);
    cr_assert(walk(f, 0x12345678, ARM_ACCESS_WRITE, false));
    cr_assert_eq(f->t.phys, 0x70045678);
    cr_assert_eq(f->t.page_bits, 12);
    cr_assert(!f->t.global);
    cr_assert_eq(f->t.memory, ARM_MEMORY_STRONGLY_ORDERED);
    for (int i = 0; i < 16; i++)
        put32(f, L2 + (0x80 + i) * 4, 0x60080000 | 3 << 4 | 1 << 2 | 1);
    cr_assert(walk(f, 0x12389abc, ARM_ACCESS_READ, false));
    cr_assert_eq(f->t.phys, 0x60089abc);
    cr_assert_eq(f->t.page_bits, 16);
    cr_assert_eq(f->t.memory, ARM_MEMORY_DEVICE);
}

/* Table B3-8: AP[2:0] against the two privilege levels. */
Test(walk_short, access_permissions)
{
    static const struct {
        unsigned ap;
        const char *privileged, *user;
    } table[] = {
        {0, "---", "---"}, {1, "rwx", "---"}, {2, "rwx", "r-x"}, {3, "rwx", "rwx"},
        {5, "r-x", "---"}, {6, "r-x", "r-x"}, {7, "r-x", "r-x"},
    };
    struct walk_fixture *f = v7();

    for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
        put32(f, L1, (table[i].ap & 3) << 10 | (table[i].ap >> 2) << 15 | 2);
        cr_expect_str_eq(rights(f, 0, true), table[i].privileged, "AP %u", table[i].ap);
        cr_expect_str_eq(rights(f, 0, false), table[i].user, "AP %u", table[i].ap);
    }
    put32(f, L1, 3 << 10 | 1 << 4 | 2);
    cr_expect_str_eq(rights(f, 0, true), "rw-", "XN");
}

Test(walk_short, pxn_and_wxn)
{
    struct walk_fixture *f = v7();

    f->regs.arch |= ARM_WALK_PXN | ARM_WALK_VIRT;
    put32(f, L1, 3 << 10 | 3);
    cr_expect_str_eq(rights(f, 0, true), "rw-");
    cr_expect_str_eq(rights(f, 0, false), "rwx");
    put32(f, L1, 3 << 10 | 2);
    f->regs.sctlr |= 1 << 20;
    cr_expect_str_eq(rights(f, 0, true), "rw-", "UWXN");
    cr_expect_str_eq(rights(f, 0, false), "rwx", "UWXN");
    f->regs.sctlr |= 1 << 19;
    cr_expect_str_eq(rights(f, 0, false), "rw-", "WXN");
}

Test(walk_short, access_flag)
{
    struct walk_fixture *f = v7();

    f->regs.sctlr |= AFE;
    put32(f, L1, 2 << 10 | DOMAIN1 | 2); /* AP[1] set, AP[0] clear */
    expect_fault(f, 0, ARM_ACCESS_READ, true, 0x013);
    put32(f, L1, 1 << 10 | DOMAIN1 | 2); /* privileged read-write */
    cr_expect_str_eq(rights(f, 0, true), "rwx");
    cr_expect_str_eq(rights(f, 0, false), "---");
    put32(f, L1, L2 | DOMAIN1 | 1);
    put32(f, L2, 2 << 4 | 2);
    expect_fault(f, 0, ARM_ACCESS_READ, true, 0x016);
}

Test(walk_short, faults)
{
    struct walk_fixture *f = v7();

    expect_fault(f, 0x1000, ARM_ACCESS_READ, true, 0x05); /* translation, section */
    put32(f, L1, L2 | DOMAIN1 | 1);
    expect_fault(f, 0x1000, ARM_ACCESS_READ, true, 0x17); /* translation, page */
    put32(f, L2 + 4, 1 << 4 | 2);
    expect_fault(f, 0x1000, ARM_ACCESS_READ, false, 0x1f); /* permission, page */
    f->regs.dacr = 1;
    expect_fault(f, 0x1000, ARM_ACCESS_READ, true, 0x1b); /* domain, page */
    put32(f, L1, 1 << 10 | DOMAIN1 | 2);
    expect_fault(f, 0x1000, ARM_ACCESS_READ, true, 0x19); /* domain, section */
    f->regs.dacr = CLIENT1;
    expect_fault(f, 0x1000, ARM_ACCESS_WRITE, false, 0x1d); /* permission, section */
    put32(f, L1, 0x70000000 | DOMAIN1 | 1);
    expect_fault(f, 0x1000, ARM_ACCESS_READ, true, 0x1e); /* external abort, level 2 */
    f->regs.ttbr0 = 0x70000000;
    expect_fault(f, 0x1000, ARM_ACCESS_READ, true, 0x0c); /* external abort, level 1 */
    put32(f, L1, 3);
    f->regs.ttbr0 = L1;
    expect_fault(f, 0x1000, ARM_ACCESS_READ, true, 0x05); /* reserved without PXN */
}

/* A debugger looks past domains, permissions and the access flag, not past what is not there. */
Test(walk_short, past_rights)
{
    struct walk_fixture *f = v7();

    f->regs.past_rights = true;
    f->regs.dacr = 0;
    put32(f, L1, 0x80100000 | DOMAIN1 | 1 << 4 | 2); /* no access */
    cr_assert(walk(f, 0x00012345, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x80112345);
    f->regs.sctlr |= AFE;
    put32(f, L1, L2 | DOMAIN1 | 1);
    put32(f, L2 + 4, 0x70045000 | 2); /* access flag clear */
    cr_assert(walk(f, 0x1678, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x70045678);
    expect_fault(f, 0x2000, ARM_ACCESS_READ, true, 0x17);
}

Test(walk_short, manager_ignores_permissions)
{
    struct walk_fixture *f = v7();

    f->regs.dacr = MANAGER1;
    put32(f, L1, DOMAIN1 | 1 << 4 | 2); /* no access, XN */
    cr_expect_str_eq(rights(f, 0, false), "rwx");
}

Test(walk_short, split)
{
    struct walk_fixture *f = v7();

    f->regs.ttbcr = 2; /* TTBR0: the lowest GiB, 4 KiB table */
    f->regs.ttbr0 = 0x1000;
    f->regs.ttbr1 = L1;
    put32(f, 0x1000 + 0x3ff * 4, 0x11100000 | 3 << 10 | 2);
    put32(f, L1 + 0x400 * 4, 0x22200000 | 3 << 10 | 2);
    cr_assert(walk(f, 0x3ff00000, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x11100000);
    cr_assert(walk(f, 0x40000000, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x22200000);
    f->regs.ttbcr |= 1 << 4; /* PD0 */
    expect_fault(f, 0x3ff00000, ARM_ACCESS_READ, true, 0x05);
    cr_assert(walk(f, 0x40000000, ARM_ACCESS_READ, true));
    f->regs.ttbcr = 2 | 1 << 5; /* PD1 */
    expect_fault(f, 0x40000000, ARM_ACCESS_READ, true, 0x05);
}

Test(walk_short, tex_remap)
{
    struct walk_fixture *f = v7();

    f->regs.sctlr |= TRE;
    f->regs.prrr = 0xff0a81a8; /* Linux's values */
    f->regs.nmrr = 0x40e040e0;
    put32(f, L1, 3 << 10 | 1 << 16 | 3 << 2 | 1 << 12 | 2); /* region 7: write-back allocate */
    cr_assert(walk(f, 0, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.memory, ARM_MEMORY_NORMAL);
    cr_assert_eq(f->t.attributes, 0xff);
    cr_assert_eq(f->t.share, ARM_SHARE_INNER);
    put32(f, L1, 3 << 10 | 1 << 12 | 2); /* region 4: device */
    cr_assert(walk(f, 0, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.memory, ARM_MEMORY_DEVICE);
    put32(f, L1, 3 << 10 | 1 << 2 | 2); /* region 1: normal, non-cacheable */
    cr_assert(walk(f, 0, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.attributes, 0x44);
    put32(f, L1, 3 << 10 | 2); /* region 0: strongly ordered */
    cr_assert(walk(f, 0, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.memory, ARM_MEMORY_STRONGLY_ORDERED);
}

Test(walk_short, big_endian_tables)
{
    struct walk_fixture *f = v7();

    f->regs.sctlr |= 1 << 25;
    put32(f, L1, __builtin_bswap32(0x12300000 | 3 << 10 | 2));
    cr_assert(walk(f, 0x42, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x12300042);
}

Test(walk_short, mmu_off_is_flat)
{
    struct walk_fixture *f = v7();

    f->regs.sctlr = 0;
    cr_expect_str_eq(rights(f, 0xdeadbeef, false), "rwx");
    cr_assert_eq(f->t.phys, 0xdeadbeef);
    cr_assert_eq(f->t.page_bits, 12);
}

/* ---- ARMv5 ---------------------------------------------------------------------------------- */

static struct walk_fixture *v5(void)
{
    struct walk_fixture *f = v7();

    f->regs.arch = ARM_WALK_FCSE;
    return f;
}

Test(walk_short, v5_subpages)
{
    struct walk_fixture *f = v5();

    put32(f, L1, L2 | DOMAIN1 | 1 << 4 | 1);
    put32(f, L2, 0x50000000 | 0x0b << 4 | 2); /* AP: 3, 2, 0, 0 from the lowest kilobyte on */
    cr_expect_str_eq(rights(f, 0x000, false), "rwx");
    cr_assert_eq(f->t.page_bits, 10);
    cr_expect_str_eq(rights(f, 0x400, false), "r-x");
    cr_expect_str_eq(rights(f, 0x800, true), "---");
    put32(f, L2, 0x50000000 | 0xff << 4 | 2);
    cr_expect_str_eq(rights(f, 0xc00, false), "rwx");
    cr_assert_eq(f->t.page_bits, 12);
    cr_assert_eq(f->t.phys, 0x50000c00);
    put32(f, L2 + 0x20 * 4, 0x60020000 | 0x55 << 4 | 1);
    cr_assert(walk(f, 0x20123, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x60020123);
    cr_assert_eq(f->t.page_bits, 16);
}

Test(walk_short, v5_fine_table_and_tiny_pages)
{
    struct walk_fixture *f = v5();

    put32(f, L1, L2 | DOMAIN1 | 1 << 4 | 3);
    put32(f, L2 + 5 * 4, 0x50001400 | 3 << 4 | 3);
    cr_assert(walk(f, 0x1456, ARM_ACCESS_WRITE, false));
    cr_assert_eq(f->t.phys, 0x50001456);
    cr_assert_eq(f->t.page_bits, 10);
    expect_fault(f, 0x1000, ARM_ACCESS_READ, true, 0x17);
}

/* AP = 0 with SCTLR.S and SCTLR.R. */
Test(walk_short, v5_system_and_rom_protection)
{
    struct walk_fixture *f = v5();

    put32(f, L1, 0x10 | DOMAIN1 | 2);
    cr_expect_str_eq(rights(f, 0, true), "---");
    f->regs.sctlr = SCTLR_M | 1 << 8;
    cr_expect_str_eq(rights(f, 0, true), "r-x");
    cr_expect_str_eq(rights(f, 0, false), "---");
    f->regs.sctlr = SCTLR_M | 1 << 9;
    cr_expect_str_eq(rights(f, 0, false), "r-x");
}

Test(walk_short, v5_fcse)
{
    struct walk_fixture *f = v5();

    f->regs.fcseidr = 3 << 25;
    put32(f, L1 + 0x061 * 4, 0x33300000 | 3 << 10 | 2);
    cr_assert(walk(f, 0x00100010, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x33300010);
    cr_assert_eq(arm_walk_mva(&f->regs, 0x00100010), 0x06100010);
    cr_assert_eq(arm_walk_mva(&f->regs, 0x02000000), 0x02000000);
}

Test(walk_short, v6_formats)
{
    struct walk_fixture *f = v7();

    f->regs.arch = ARM_WALK_V6 | ARM_WALK_SUPERSECTION;
    put32(f, L1, L2 | DOMAIN1 | 1);
    put32(f, L2, 0x50000000 | 3 << 4 | 3); /* extended small page when XP = 0, else XN small page */
    cr_expect_str_eq(rights(f, 0, false), "rwx");
    f->regs.sctlr |= XP;
    cr_expect_str_eq(rights(f, 0, false), "rw-");
    f->regs.sctlr &= ~XP;
    put32(f, L1, 3); /* fine tables are gone */
    expect_fault(f, 0, ARM_ACCESS_READ, true, 0x05);
}
