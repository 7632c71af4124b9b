/* The system register table. */
#include <stdlib.h>
#include <string.h>

#include "tests/cpu/fixture.h"

static struct arm_state *as_user(struct machine *m)
{
    arm_cpsr_write(&m->s, 0x10);
    return &m->s;
}

/* No two rows of the same CPU may claim one encoding, except for a later wildcard. */
Test(sysregs, no_duplicate_rows)
{
    unsigned count;
    const struct arm_sysreg *rows = arm_sysreg_table(&count);

    for (unsigned i = 0; i < count; i++) {
        cr_assert_eq(rows[i].key & ~rows[i].mask, 0, "%s", rows[i].name);
        for (unsigned j = i + 1; j < count; j++) {
            bool hidden = (rows[j].mask & rows[i].mask) == rows[i].mask &&
                          (rows[j].key & rows[i].mask) == rows[i].key;
            bool same_cpu =
                !(rows[i].features & rows[j].absent) && !(rows[j].features & rows[i].absent);
            bool always = (rows[i].features & ~rows[j].features) == 0 && !rows[i].absent;

            cr_expect(!(hidden && same_cpu && always), "%s hides %s", rows[i].name, rows[j].name);
        }
    }
}

Test(sysregs, fields_lie_in_the_struct)
{
    unsigned count;
    const struct arm_sysreg *rows = arm_sysreg_table(&count);

    for (unsigned i = 0; i < count; i++) {
        bool needs_field = rows[i].flags & (ARM_CP_FIELD | ARM_CP_MODEL);

        cr_expect(needs_field || !rows[i].field, "%s: field without flag", rows[i].name);
        cr_expect_lt(rows[i].field, sizeof(struct arm_cp15), "%s", rows[i].name);
        cr_expect(rows[i].flags & (ARM_CP_R1 | ARM_CP_W1), "%s: for nobody", rows[i].name);
    }
}

/* Values from the Technical Reference Manuals. */
Test(sysregs, identification)
{
    struct machine *m = machine_new("cortex-a15", 0);

    cr_expect_eq(mrc(m, 0, 0, 0, 0), 0x412fc0f1, "MIDR");
    cr_expect_eq(mrc(m, 0, 0, 0, 7), 0x412fc0f1, "MIDR alias");
    cr_expect_eq(mrc(m, 0, 0, 0, 1), 0x8444c004, "CTR");
    cr_expect_eq(mrc(m, 0, 0, 0, 5), 0x80000000, "MPIDR");
    cr_expect_eq(mrc(m, 0, 0, 1, 1), 0x00010001, "ID_PFR1: timer, neither SEC nor VIRT");
    cr_expect_eq(mrc(m, 0, 0, 1, 4), 0x10201105, "ID_MMFR0: LPAE");
    cr_expect_eq(mrc(m, 0, 0, 2, 0), 0x02101110, "ID_ISAR0: divide");
    cr_expect_eq(mrc(m, 1, 0, 0, 1), 0x0a200023, "CLIDR");
    mcr(m, 2, 0, 0, 0, 2);
    cr_expect_eq(mrc(m, 1, 0, 0, 0), 0x711fe07a, "CCSIDR of L2");
    cr_expect_eq(mrc(m, 0, 1, 0, 0), 0x00c50078, "SCTLR");
    cr_assert(!machine_raised(m));
    free(m);
    m = machine_new("arm926", 0);
    cr_expect_eq(mrc(m, 0, 0, 0, 0), 0x41069265);
    cr_expect_eq(mrc(m, 0, 0, 0, 5), 0x41069265, "not allocated: MIDR");
    cr_expect_eq(mrc(m, 0, 7, 10, 3) & 1 << 30, 1 << 30, "cache is clean");
    mrc(m, 0, 0, 1, 0);
    cr_expect(machine_raised(m), "no ID_PFR0");
    free(m);
    m = machine_new("cortex-a15", SECURE | VIRTUAL);
    cr_expect_eq(mrc(m, 0, 0, 1, 1), 0x00011011);
    free(m);
}

Test(sysregs, access_rights)
{
    struct machine *m = machine_new("cortex-a15", 0);

    machine_at(m, 0x8000, 0, 4);
    as_user(m);
    mrc(m, 0, 13, 0, 3); /* TPIDRURO */
    cr_assert(!machine_raised(m));
    mcr(m, 0, 13, 0, 3, 1);
    cr_assert(machine_raised(m));
    cr_assert_eq(m->s.mode, ARM_MODE_UND);
    as_user(m);
    mcr(m, 0, 13, 0, 2, 0x42); /* TPIDRURW */
    cr_assert(!machine_raised(m));
    cr_assert_eq(mrc(m, 0, 13, 0, 2), 0x42);
    mrc(m, 0, 1, 0, 0);
    cr_assert(machine_raised(m), "SCTLR");
    as_user(m);
    mcr(m, 0, 7, 10, 5, 0); /* CP15DMB */
    cr_assert(!machine_raised(m));
    mcr(m, 0, 7, 5, 0, 0); /* ICIALLU */
    cr_assert(machine_raised(m));
    free(m);
}

Test(sysregs, extensions_decide_what_exists)
{
    struct machine *m = machine_new("cortex-a15", 0);

    machine_at(m, 0x8000, 0, 4);
    mrc(m, 0, 1, 1, 0);
    cr_assert(machine_raised(m), "SCR without Security Extensions");
    arm_cpsr_write(&m->s, 0x13);
    mrc(m, 4, 1, 1, 0);
    cr_assert(machine_raised(m), "HCR without Virtualization Extensions");
    arm_cpsr_write(&m->s, 0x13);
    mrc(m, 0, 6, 3, 3);
    cr_assert(machine_raised(m), "no such register");
    free(m);
    m = machine_new("cortex-a15", SECURE);
    mcr(m, 0, 1, 1, 0, 1); /* SCR.NS from Secure SVC */
    cr_assert(!m->s.secure);
    mrc(m, 0, 1, 1, 0);
    cr_assert(machine_raised(m), "SCR from Non-secure state");
    free(m);
}

Test(sysregs, banked_by_security_state)
{
    struct machine *m = machine_new("cortex-a15", SECURE);

    mcr(m, 0, 12, 0, 0, 0x1000);
    m->s.cp15.scr = 1;
    arm_state_changed(&m->s);
    cr_assert_eq(mrc(m, 0, 12, 0, 0), 0);
    mcr(m, 0, 12, 0, 0, 0x203f);
    cr_assert_eq(m->s.cp15.vbar[0], 0x2020, "low bits are zero");
    cr_assert_eq(m->s.cp15.vbar[1], 0x1000);
    free(m);
}

Test(sysregs, sctlr)
{
    struct machine *m = machine_new("cortex-a15", 0);
    unsigned changes = m->context_changes;

    mcr(m, 0, 1, 0, 0, 0xffffffff);
    cr_assert_eq(mrc(m, 0, 1, 0, 0) & 0x00c50078, 0x00c50058 | 0x20, "fixed bits stay");
    cr_assert(mrc(m, 0, 1, 0, 0) & 1);
    cr_assert_gt(m->context_changes, changes);
    cr_assert_eq(m->tlb_calls, 1, "TRE and AFE have changed");
    mcr(m, 0, 1, 0, 0, mrc(m, 0, 1, 0, 0) & ~1u);
    cr_assert_eq(m->tlb_calls, 1, "M has a key bit");
    cr_assert_eq(mrc(m, 0, 1, 0, 0) & 0x00c50058, 0x00c50058);
    mcr(m, 0, 1, 0, 0, 0);
    cr_assert_eq(mrc(m, 0, 1, 0, 0) & 0x00c50058, 0x00c50058, "also when written as zero");
    free(m);
}

Test(sysregs, translation_changes_context)
{
    struct machine *m = machine_new("cortex-a15", 0);
    uint64_t key[4];
    uint32_t asid;

    mcr(m, 0, 1, 0, 0, 1);
    arm_context_key(&m->s, &key[0], &asid);
    mcr(m, 0, 3, 0, 0, 0x55); /* DACR */
    arm_context_key(&m->s, &key[1], &asid);
    mcr(m, 0, 13, 0, 1, 0xabc07); /* CONTEXTIDR */
    arm_context_key(&m->s, &key[2], &asid);
    cr_assert_eq(asid, 7);
    as_user(m);
    arm_context_key(&m->s, &key[3], &asid);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < i; j++)
            cr_assert_neq(key[i], key[j]);
    cr_assert_eq(m->tlb_calls, 0, "no flush for any of these");
    free(m);
}

Test(sysregs, lpae_asid)
{
    struct machine *m = machine_new("cortex-a15", 0);
    uint64_t key;
    uint32_t asid;

    mcr(m, 0, 1, 0, 0, 1);
    mcr(m, 0, 2, 0, 2, 1u << 31);
    cr_assert_eq(m->tlb_calls, 1);
    arm_helper_cp_write64(&m->s.env, ARM_CP_KEY64(15, 0, 2), 0x0042000012345000ull, 0, 0);
    arm_context_key(&m->s, &key, &asid);
    cr_assert_eq(asid, 0x42);
    mcr(m, 0, 2, 0, 2, 1u << 31 | 1 << 22 | 1 << 7); /* A1, EPD0 */
    arm_context_key(&m->s, &key, &asid);
    cr_assert_eq(asid, 0);
    cr_assert_eq(m->tlb_calls, 1);
    mcr(m, 0, 10, 2, 0, 0xff44);
    cr_assert_eq(m->s.cp15.mair0[0], 0xff44, "PRRR's encoding is MAIR0's with EAE");
    free(m);
}

Test(sysregs, tlb_operations)
{
    static const struct {
        unsigned crm, opc2;
        enum arm_tlb_scope scope;
        bool broadcast;
    } table[] = {
        {3, 0, ARM_TLB_ALL, true}, {3, 1, ARM_TLB_VA, true}, {3, 2, ARM_TLB_ASID, true},
        {3, 3, ARM_TLB_VA_ALL, true}, {7, 0, ARM_TLB_ALL, false}, {7, 1, ARM_TLB_VA, false},
        {7, 2, ARM_TLB_ASID, false}, {7, 3, ARM_TLB_VA_ALL, false}, {5, 1, ARM_TLB_VA, false},
    };
    struct machine *m = machine_new("cortex-a15", 0);

    for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
        mcr(m, 0, 8, table[i].crm, table[i].opc2, 0xc0123007);
        cr_assert_eq(m->tlb_calls, i + 1);
        cr_assert(m->tlb_scope == table[i].scope && m->tlb_broadcast == table[i].broadcast,
                  "row %u", i);
        cr_assert(m->tlb_va == 0xc0123000 && m->tlb_asid == 7);
    }
    free(m);
}

Test(sysregs, address_translation)
{
    struct machine *m = machine_new("cortex-a15", 0);
    uint32_t section = 0x80100000 | 1 << 10 | 1 << 16 | 3 << 2 | 1 << 12 | 2;

    memcpy(m->ram + 0x4000, &section, 4);
    mcr(m, 0, 2, 0, 0, 0x4000);
    mcr(m, 0, 3, 0, 0, 1);
    mcr(m, 0, 1, 0, 0, 1);
    mcr(m, 0, 7, 8, 0, 0x12345); /* ATS1CPR */
    /* PA, inner and outer write-back allocate (5, 1), shareable; Non-secure. */
    cr_assert_eq(mrc(m, 0, 7, 4, 0), 0x80112000 | 1 << 9 | 1 << 7 | 5 << 4 | 1 << 2);
    mcr(m, 0, 7, 8, 2, 0x12345); /* ATS1CUR */
    cr_assert_eq(mrc(m, 0, 7, 4, 0), 0x0d << 1 | 1, "permission fault, section");
    free(m);
}

Test(sysregs, generic_timer)
{
    struct machine *m = machine_new("cortex-a15", 0);
    uint32_t key = ARM_CP_KEY64(15, 1, 14);

    machine_at(m, 0x8000, 0, 4);
    m->now = 0x123456789abc;
    cr_assert_eq(mrc(m, 0, 14, 0, 0), 62500000);
    cr_assert_eq(arm_helper_cp_read64(&m->s.env, key, 0, 0, 0), 0x123456789abc);
    mcr(m, 0, 14, 3, 1, 5);
    cr_assert_eq(m->timer[ARM_TIMER_VIRT][ARM_TIMER_CTL], 5);
    arm_helper_cp_write64(&m->s.env, ARM_CP_KEY64(15, 2, 14), 1ull << 40, 0, 0);
    cr_assert_eq(m->timer[ARM_TIMER_PHYS][ARM_TIMER_CVAL], 1ull << 40);
    as_user(m);
    arm_helper_cp_read64(&m->s.env, key, 0, 0, 0);
    cr_assert(machine_raised(m), "CNTKCTL.PL0VCTEN is clear");
    arm_cpsr_write(&m->s, 0x13);
    mcr(m, 0, 14, 1, 0, 2);
    as_user(m);
    cr_assert_eq(arm_helper_cp_read64(&m->s.env, key, 0, 0, 0), 0x123456789abc);
    cr_assert(!machine_raised(m));
    free(m);
}

Test(sysregs, cycle_counter)
{
    struct machine *m = machine_new("cortex-a15", 0);

    cr_assert_eq(mrc(m, 0, 9, 12, 0) >> 11 & 31, 6, "PMCR.N");
    m->now = 1000;
    mcr(m, 0, 9, 12, 1, 1u << 31);
    cr_assert_eq(mrc(m, 0, 9, 13, 0), 0, "PMCR.E is clear");
    mcr(m, 0, 9, 12, 0, 1);
    m->now = 1500;
    cr_assert_eq(mrc(m, 0, 9, 13, 0), 500);
    mcr(m, 0, 9, 12, 2, 1u << 31);
    m->now = 9000;
    cr_assert_eq(mrc(m, 0, 9, 13, 0), 500, "stopped");
    mcr(m, 0, 9, 12, 0, 1 | 4);
    cr_assert_eq(mrc(m, 0, 9, 13, 0), 0, "reset");
    free(m);
}

Test(sysregs, floating_point_permission)
{
    struct machine *m = machine_new("cortex-a15", 0);
    struct arm_state *s = &m->s;

    machine_at(m, 0x8000, 0, 4);
    arm_helper_vmrs(&s->env, 0, 0, 0, 0);
    cr_assert(machine_raised(m), "CPACR denies");
    arm_cpsr_write(s, 0x13);
    mcr(m, 0, 1, 0, 2, 1 << 20 | 1 << 22);
    cr_assert_eq(arm_helper_vmrs(&s->env, 0, 0, 0, 0), 0x410430f0);
    cr_assert(!s->fp_enabled);
    arm_helper_vmsr(&s->env, 8, 1 << 30, 0, 0); /* FPEXC.EN */
    cr_assert(s->fp_enabled);
    arm_helper_vmsr(&s->env, 1, 0xffffffff, 0, 0);
    cr_assert_eq(arm_helper_vmrs(&s->env, 1, 0, 0, 0), 0xffc0009f);
    arm_cpsr_write(s, 0x10);
    arm_state_changed(s);
    cr_assert(!s->fp_enabled, "privileged only");
    free(m);
}

Test(sysregs, models)
{
    struct error e;

    cr_assert_null(arm_cpu_model_find("cortex-a16", &e));
    cr_assert_not_null(strstr(e.text, "cortex-a1"));
    for (unsigned i = 0; i < arm_cpu_model_count; i++) {
        struct machine *m = machine_new(arm_cpu_models[i].name, SECURE | VIRTUAL);

        cr_assert_eq(arm_cpu_model_index(m->s.model), i);
        cr_assert_eq(m->s.cp15.sctlr[0], arm_cpu_models[i].sctlr_reset);
        free(m);
    }
}

/* ---- anything at all ------------------------------------------------------------------------- */

static uint32_t rng(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 16);
}

static uint32_t some_value(uint64_t *seed)
{
    switch (rng(seed) % 4) {
    case 0: return rng(seed) % 256;
    case 1: return 1u << rng(seed) % 32;
    case 2: return rng(seed) % 16 << 12;
    default: return rng(seed);
    }
}

/* A register of the table with its wildcards filled in; seldom any encoding. */
static void access_any(struct machine *m, uint64_t *seed)
{
    unsigned count;
    const struct arm_sysreg *rows = arm_sysreg_table(&count), *r = &rows[rng(seed) % count];
    uint32_t other = rng(seed) & ARM_SYSREG_EXACT;
    bool write = rng(seed) % 2;

    r = arm_sysreg_find(&m->s, rng(seed) % 8 ? r->key | (other & ~r->mask) : other);
    if (!r || !arm_sysreg_permitted(&m->s, r, write))
        return;
    if (write)
        arm_sysreg_write(&m->s, r, (uint64_t)some_value(seed) << 32 | some_value(seed));
    else
        arm_sysreg_read(&m->s, r);
}

/* Tables walk through whatever is in memory; modes change as exceptions change them. */
static void anything(struct machine *m, uint64_t *seed)
{
    struct arm_translation t;
    struct arm_fault fault;
    unsigned mode = 16 + rng(seed) % 16;

    m->now += rng(seed) % 1000;
    access_any(m, seed);
    if (rng(seed) % 16 == 0)
        memset(m->ram + rng(seed) % sizeof(m->ram), (int)rng(seed), 1);
    if (rng(seed) % 16 == 0)
        arm_translate_va(&m->s, some_value(seed), (enum arm_access)(rng(seed) % 3), rng(seed) % 2,
                         &t, &fault);
    if (rng(seed) % 32 == 0 && arm_mode_valid(&m->s, mode)) {
        arm_cpsr_write(&m->s, (rng(seed) & ~0x1fu) | mode);
        arm_state_changed(&m->s);
    }
}

Test(sysregs, anything_goes)
{
    for (unsigned i = 0; i < arm_cpu_model_count; i++) {
        for (unsigned options = 0; options < 4; options++) {
            struct machine *m = machine_new(arm_cpu_models[i].name, options);
            uint64_t seed = 0x1234567 + 4 * i + options;

            for (unsigned n = 0; n < 20000; n++)
                anything(m, &seed);
            free(m);
        }
    }
}
