/* Exception entry: mode, LR, SPSR, vector and masks, by the tables of DDI 0406C B1.8 and B1.9. */
#include <stdlib.h>

#include "tests/cpu/fixture.h"

/* From User mode, NZCV = 0110, nothing masked, at 0x8000. */
static struct machine *user_mode(const char *model, bool thumb)
{
    struct machine *m = machine_new(model, 0);

    arm_cpsr_write(&m->s, 0x60000010 | (thumb ? ARM_PSR_T : 0));
    machine_at(m, 0x8000, 0, thumb ? 2 : 4);
    m->s.r[14] = 0x7777;
    return m;
}

Test(exceptions, entry)
{
    static const struct {
        enum arm_exception exc;
        uint32_t vector, psr, lr_arm, lr_thumb; /* psr: of the handler without flags */
    } table[] = {
        {ARM_EXC_UNDEFINED, 0x04, 0x9b, 0x8004, 0x8002},
        {ARM_EXC_SVC, 0x08, 0x93, 0x8004, 0x8002},
        {ARM_EXC_PREFETCH_ABORT, 0x0c, 0x197, 0x8004, 0x8004},
        {ARM_EXC_DATA_ABORT, 0x10, 0x197, 0x8008, 0x8008},
        {ARM_EXC_IRQ, 0x18, 0x192, 0x8004, 0x8004},
        {ARM_EXC_FIQ, 0x1c, 0x1d1, 0x8004, 0x8004},
    };

    for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
        for (unsigned thumb = 0; thumb < 2; thumb++) {
            struct machine *m = user_mode("cortex-a15", thumb);
            uint32_t before = arm_cpsr_read(&m->s);

            arm_take_exception(&m->s, table[i].exc, 0x8000, 0);
            cr_expect(machine_raised(m));
            cr_expect_eq(m->s.env.pc, table[i].vector);
            cr_expect_eq(arm_cpsr_read(&m->s), 0x60000000 | table[i].psr, "%s: %#x",
                         arm_exception_name(table[i].exc), arm_cpsr_read(&m->s));
            cr_expect_eq(m->s.r[14], thumb ? table[i].lr_thumb : table[i].lr_arm);
            cr_expect_eq(arm_spsr_read(&m->s), before);
            cr_expect_eq(m->s.bank[ARM_BANK_USR].r14, 0x7777);
            free(m);
        }
    }
}

Test(exceptions, vectors_and_state_come_from_sctlr)
{
    struct machine *m = user_mode("cortex-a15", false);

    m->s.cp15.vbar[0] = 0x40000;
    arm_take_exception(&m->s, ARM_EXC_SVC, 0x8000, 0);
    cr_assert_eq(m->s.env.pc, 0x40008);
    m->s.cp15.sctlr[0] |= 1 << 13 | 1 << 25 | 1 << 30;
    arm_take_exception(&m->s, ARM_EXC_IRQ, 0x8000, 0);
    cr_assert_eq(m->s.env.pc, 0xffff0018);
    cr_assert(m->s.thumb && m->s.big_endian);
    free(m);
}

Test(exceptions, it_state_goes_to_spsr)
{
    struct machine *m = user_mode("cortex-a15", true);
    const struct arm_fault fault = {.kind = ARM_FAULT_TRANSLATION, .level = 2, .domain = 3,
                                    .domain_valid = true};

    machine_at(m, 0x8ffe, 0x1c, 4);
    arm_raise_data_abort(&m->s, &fault, 0xbadf00d, true);
    cr_assert_eq(arm_spsr_read(&m->s), 0x60001c30);
    cr_assert_eq(m->s.itstate, 0);
    cr_assert_eq(m->s.r[14], 0x8ffe + 8);
    cr_assert_eq(m->s.cp15.dfsr[0], 0x837, "write, domain 3, translation fault on a page");
    cr_assert_eq(m->s.cp15.dfar[0], 0xbadf00d);
    free(m);
}

Test(exceptions, long_format_status)
{
    struct machine *m = user_mode("cortex-a15", false);
    const struct arm_fault fault = {.kind = ARM_FAULT_PERMISSION, .level = 3};

    m->s.cp15.ttbcr[0] = 1u << 31;
    arm_raise_data_abort(&m->s, &fault, 0x1000, false);
    cr_assert_eq(m->s.cp15.dfsr[0], 0x20f);
    m->s.itstate = 0;
    arm_raise_prefetch_abort(&m->s, &fault, 0x2000, 0x2000);
    cr_assert_eq(m->s.cp15.ifsr[0], 0x20f);
    cr_assert_eq(m->s.cp15.ifar[0], 0x2000);
    cr_assert_eq(m->s.r[14], 0x2004);
    free(m);
}

Test(exceptions, v5_status_has_no_write_bit)
{
    struct machine *m = user_mode("arm926", false);
    const struct arm_fault fault = {.kind = ARM_FAULT_TRANSLATION, .level = 1};

    arm_raise_data_abort(&m->s, &fault, 0x1000, true);
    cr_assert_eq(m->s.cp15.dfsr[0], 0x05);
    cr_assert_eq(arm_cpsr_read(&m->s), 0x60000097, "no A bit");
    free(m);
}

Test(exceptions, svc_helper)
{
    struct machine *m = user_mode("cortex-a15", true);

    machine_at(m, 0x8000, 0x0c, 2); /* SVC as the first of two in an IT block */
    arm_helper_svc(&m->s.env, 0, 0, 0, 0);
    cr_assert_eq(m->s.r[14], 0x8002);
    cr_assert_eq(arm_spsr_read(&m->s) & 0x0600fc00, 0x00001800, "ITSTATE has advanced to 0x18");
    free(m);
}

Test(exceptions, firmware_calls)
{
    struct machine *m = machine_new("cortex-a15", 0);

    machine_at(m, 0x8000, 0, 4);
    m->firmware = true;
    arm_helper_hvc(&m->s.env, 0, 0, 0, 0);
    cr_assert(machine_raised(m));
    cr_assert_eq(m->s.env.pc, 0x8004);
    cr_assert_eq(m->s.mode, ARM_MODE_SVC);
    m->firmware = false;
    arm_helper_hvc(&m->s.env, 0, 0, 0, 0);
    cr_assert_eq(m->s.mode, ARM_MODE_UND, "no Virtualization Extensions");
    free(m);
    m = machine_new("cortex-a15", SECURE);
    machine_at(m, 0x8000, 0, 4);
    m->s.cp15.mvbar = 0x1000;
    arm_helper_smc(&m->s.env, 0, 0, 0, 0);
    cr_assert_eq(m->s.mode, ARM_MODE_MON);
    cr_assert_eq(m->s.env.pc, 0x1008);
    cr_assert_eq(m->s.r[14], 0x8004);
    free(m);
}

Test(exceptions, interrupts_and_masks)
{
    struct machine *m = user_mode("cortex-a15", false);
    struct arm_state *s = &m->s;

    s->env.pc = 0x8010;
    cr_assert(!arm_interrupt_pending(&s->env));
    s->irq_lines = ARM_LINE_IRQ | ARM_LINE_FIQ;
    arm_take_interrupt(&s->env);
    cr_assert_eq(s->mode, ARM_MODE_FIQ, "FIQ comes first");
    cr_assert_eq(s->r[14], 0x8014);
    cr_assert_eq(s->env.pc, 0x1c);
    cr_assert(!arm_interrupt_pending(&s->env), "both are masked now");
    s->mask_i = 0;
    arm_take_interrupt(&s->env);
    cr_assert_eq(s->mode, ARM_MODE_IRQ);
    cr_assert_eq(s->r[14], 0x20);
    cr_assert(!s->env.raised);
    free(m);
}

Test(exceptions, monitor_takes_routed_interrupts)
{
    struct machine *m = machine_new("cortex-a15", SECURE);
    struct arm_state *s = &m->s;

    s->cp15.scr = 1 | 4; /* Non-secure, FIQ to Monitor mode */
    arm_cpsr_write(s, 0x1d3);
    arm_state_changed(s);
    cr_assert(!s->secure);
    s->irq_lines = ARM_LINE_FIQ;
    cr_assert(arm_interrupt_pending(&s->env), "PSR.F does not mask it");
    arm_take_interrupt(&s->env);
    cr_assert_eq(s->mode, ARM_MODE_MON);
    cr_assert(s->secure);
    free(m);
}

Test(exceptions, hyp_mode_entry)
{
    struct machine *m = machine_new("cortex-a15", VIRTUAL);
    struct arm_state *s = &m->s;

    s->cp15.hvbar = 0x2000;
    s->r[14] = 0x1111;
    arm_spsr_write(s, 0x10);
    s->elr_hyp = 0x9000;
    arm_helper_exception_return(&s->env, 0x9000, 0, 0, 0);
    cr_assert_eq(s->mode, ARM_MODE_USR);
    arm_helper_cpsr_write(&s->env, 0, 0, 0, 0);
    arm_cpsr_write(s, 0x13);
    machine_at(m, 0x9000, 0, 4);
    arm_helper_hvc(&s->env, 5, 0, 0, 0);
    cr_assert_eq(s->mode, ARM_MODE_HYP);
    cr_assert_eq(s->env.pc, 0x2014);
    cr_assert_eq(s->elr_hyp, 0x9004);
    cr_assert_eq(arm_spsr_read(s), 0x13);
    cr_assert_eq(s->cp15.hsr, 0x12u << 26 | 1 << 25 | 5);
    free(m);
}

Test(exceptions, wait_hints)
{
    struct machine *m = machine_new("cortex-a15", 0);

    cr_assert_eq(arm_helper_wfi(&m->s.env, 0, 0, 0, 0), 1);
    cr_assert_eq(m->s.halted, ARM_HALTED_WFI);
    m->s.irq_lines = ARM_LINE_IRQ; /* masked, but it wakes */
    cr_assert_eq(arm_helper_wfi(&m->s.env, 0, 0, 0, 0), 0);
    m->s.irq_lines = 0;
    arm_helper_sev(&m->s.env, 0, 0, 0, 0);
    cr_assert_eq(arm_helper_wfe(&m->s.env, 0, 0, 0, 0), 0);
    cr_assert_eq(arm_helper_wfe(&m->s.env, 0, 0, 0, 0), 1);
    free(m);
}
