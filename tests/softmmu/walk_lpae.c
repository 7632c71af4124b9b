/* Long descriptors, stages 1 and 2. */
#include "tests/softmmu/walk_fixture.h"

enum { L1 = 0x1000, L2 = 0x2000, L3 = 0x3000, S2L1 = 0x8000, S2L2 = 0xa000 };
#define EAE (1u << 31)
#define AF (1ull << 10)
#define XN (1ull << 54)
#define PXN (1ull << 53)
#define USER (1ull << 6)
#define READ_ONLY (1ull << 7)
#define NG (1ull << 11)

static struct walk_fixture *lpae(void)
{
    static struct walk_fixture f;

    memset(&f, 0, sizeof(f));
    f.regs.arch = ARM_WALK_V6 | ARM_WALK_V7 | ARM_WALK_LPAE | ARM_WALK_PXN | ARM_WALK_VIRT;
    f.regs.sctlr = 1;
    f.regs.ttbcr = EAE;
    f.regs.ttbr0 = L1;
    f.regs.mair0 = 0xff440400; /* 0: strongly ordered, 1: device, 2: non-cacheable, 3: write-back */
    put64(&f, L1 + 8, L2 | 3);
    put64(&f, L2 + 8 * 3, L3 | 3);
    put64(&f, L3 + 8 * 5, 0x1280005000ull | AF | USER | NG | 3 << 8 | 3 << 2 | 3);
    return &f;
}

static void expect_fault(struct walk_fixture *f, uint32_t va, enum arm_access access,
                         bool privileged, uint32_t status)
{
    cr_assert(!walk(f, va, access, privileged));
    cr_assert_eq(arm_fault_status(&f->fault, true), 0x200 | status, "%#x",
                 arm_fault_status(&f->fault, true));
}

Test(walk_lpae, page)
{
    struct walk_fixture *f = lpae();

    cr_assert(walk(f, 0x40605abc, ARM_ACCESS_READ, false));
    cr_assert_eq(f->t.phys, 0x1280005abcull);
    cr_assert_eq(f->t.page_bits, 12);
    cr_assert_eq(f->t.attributes, 0xff);
    cr_assert_eq(f->t.share, ARM_SHARE_INNER);
    cr_assert(!f->t.global);
}

Test(walk_lpae, blocks)
{
    struct walk_fixture *f = lpae();

    put64(f, L2 + 8 * 4, 0x80800000ull | AF | 1 << 2 | 1);
    cr_assert(walk(f, 0x409abcde, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x809abcde);
    cr_assert_eq(f->t.page_bits, 21);
    cr_assert_eq(f->t.memory, ARM_MEMORY_DEVICE);
    cr_assert(f->t.global);
    put64(f, L1 + 8 * 2, 0x4c0000000ull | AF | 3 << 2 | 1);
    cr_assert(walk(f, 0x92345678, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x4d2345678ull);
    cr_assert_eq(f->t.page_bits, 30);
}

Test(walk_lpae, rights)
{
    struct walk_fixture *f = lpae();
    static const struct {
        uint64_t bits;
        const char *privileged, *user;
    } table[] = {
        {0, "rwx", "---"}, {USER, "rwx", "rwx"}, {READ_ONLY, "r-x", "---"},
        {USER | READ_ONLY, "r-x", "r-x"}, {USER | XN, "rw-", "rw-"}, {USER | PXN, "rw-", "rwx"},
    };

    for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
        put64(f, L3, 0x1000 | AF | table[i].bits | 3);
        cr_expect_str_eq(rights(f, 0x40600000, true), table[i].privileged, "row %u", i);
        cr_expect_str_eq(rights(f, 0x40600000, false), table[i].user, "row %u", i);
    }
}

Test(walk_lpae, table_attributes)
{
    struct walk_fixture *f = lpae();

    put64(f, L1 + 8, L2 | 3 | 1ull << 62); /* APTable[1]: read-only */
    cr_expect_str_eq(rights(f, 0x40605000, false), "r-x");
    put64(f, L1 + 8, L2 | 3 | 1ull << 61); /* APTable[0]: not for PL0 */
    cr_expect_str_eq(rights(f, 0x40605000, false), "---");
    cr_expect_str_eq(rights(f, 0x40605000, true), "rwx");
    put64(f, L1 + 8, L2 | 3 | 1ull << 60); /* XNTable */
    cr_expect_str_eq(rights(f, 0x40605000, false), "rw-");
    put64(f, L1 + 8, L2 | 3 | 1ull << 59); /* PXNTable */
    cr_expect_str_eq(rights(f, 0x40605000, false), "rwx");
    cr_expect_str_eq(rights(f, 0x40605000, true), "rw-");
}

Test(walk_lpae, faults)
{
    struct walk_fixture *f = lpae();

    expect_fault(f, 0xc0000000, ARM_ACCESS_READ, true, 0x05);
    expect_fault(f, 0x40000000, ARM_ACCESS_READ, true, 0x06);
    expect_fault(f, 0x40600000, ARM_ACCESS_READ, true, 0x07);
    put64(f, L3, 0x1000 | AF | 1); /* a block at level 3 is reserved */
    expect_fault(f, 0x40600000, ARM_ACCESS_READ, true, 0x07);
    put64(f, L3, 0x1000 | 3);
    expect_fault(f, 0x40600000, ARM_ACCESS_READ, true, 0x0b);
    put64(f, L3, 0x1000 | AF | READ_ONLY | 3);
    expect_fault(f, 0x40600000, ARM_ACCESS_WRITE, true, 0x0f);
    expect_fault(f, 0x40600000, ARM_ACCESS_READ, false, 0x0f);
    put64(f, L2 + 8 * 6, 0x80000000 | AF | 1);
    expect_fault(f, 0x40c00000, ARM_ACCESS_READ, false, 0x0e);
    put64(f, L1 + 8 * 3, 0x70000000 | 3);
    expect_fault(f, 0xc0000000, ARM_ACCESS_READ, true, 0x16); /* external abort, level 2 */
}

Test(walk_lpae, split)
{
    struct walk_fixture *f = lpae();

    f->regs.ttbcr = EAE | 1 << 16 | 1; /* T0SZ = T1SZ = 1: halves */
    f->regs.ttbr1 = 0x4000;
    put64(f, 0x4000, 0x80000000 | AF | 1);
    cr_assert(walk(f, 0x80001234, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x80001234);
    cr_assert(walk(f, 0x40605000, ARM_ACCESS_READ, true));
    f->regs.ttbcr |= 1 << 7; /* EPD0 */
    expect_fault(f, 0x40605000, ARM_ACCESS_READ, true, 0x05);
    f->regs.ttbcr = EAE | 2 << 16 | 2; /* a quarter each: between them nothing */
    expect_fault(f, 0x80000000, ARM_ACCESS_READ, true, 0x05);
}

/* T0SZ = 2 starts at level 2, with a table of 512 entries; T0SZ = 3: of 256. */
Test(walk_lpae, start_level_2)
{
    struct walk_fixture *f = lpae();

    f->regs.ttbcr = EAE | 3;
    f->regs.ttbr0 = L2 + 0x800;
    put64(f, L2 + 0x800 + 8 * 2, 0x90400000 | AF | 1);
    cr_assert(walk(f, 0x00412345, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x90412345);
    cr_assert_eq(f->t.page_bits, 21);
}

Test(walk_lpae, stage2)
{
    struct walk_fixture *f = lpae();

    f->regs.sctlr = 0; /* stage 1 off: IPA = VA */
    f->regs.stage2 = true;
    f->regs.vtcr = 1 << 6;
    f->regs.vttbr = S2L1;
    put64(f, S2L1, S2L2 | 3);
    put64(f, S2L2 + 8, 0x50200000 | AF | 3 << 6 | 15 << 2 | 1);
    cr_assert(walk(f, 0x00234567, ARM_ACCESS_WRITE, true));
    cr_assert_eq(f->t.phys, 0x50234567);
    put64(f, S2L2 + 8, 0x50200000 | AF | 1 << 6 | 15 << 2 | 1); /* read-only */
    cr_expect_str_eq(rights(f, 0x00200000, true), "r-x");
    cr_assert(!walk(f, 0x00400000, ARM_ACCESS_READ, true));
    cr_assert(f->fault.stage2);
    cr_assert_eq(f->fault.ipa, 0x00400000);
    cr_assert_eq(arm_fault_status_long(&f->fault), 0x06);
}

Test(walk_lpae, past_rights)
{
    struct walk_fixture *f = lpae();

    f->regs.past_rights = true;
    put64(f, L3, 0x7654321000 | 3); /* access flag clear */
    cr_assert(walk(f, 0x40600abc, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x7654321abc);
    expect_fault(f, 0x40601000, ARM_ACCESS_READ, true, 0x07);
    f->regs.sctlr = 0;
    f->regs.stage2 = true;
    f->regs.vtcr = 1 << 6;
    f->regs.vttbr = S2L1;
    put64(f, S2L1, S2L2 | 3);
    put64(f, S2L2 + 8, 0x50200000 | 15 << 2 | 1); /* no access */
    cr_assert(walk(f, 0x00234567, ARM_ACCESS_READ, true));
    cr_assert_eq(f->t.phys, 0x50234567);
}

Test(walk_lpae, stage2_fault_of_table_read)
{
    struct walk_fixture *f = lpae();

    f->regs.stage2 = true;
    f->regs.vtcr = 1 << 6;
    f->regs.vttbr = S2L1;
    cr_assert(!walk(f, 0x40605000, ARM_ACCESS_READ, true));
    cr_assert(f->fault.stage2 && f->fault.s1ptw);
    cr_assert_eq(f->fault.ipa, L1 + 8);
}
