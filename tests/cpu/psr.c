/* PSR and banked registers. */
#include <stdlib.h>

#include "tests/cpu/fixture.h"

static const uint8_t all_modes[] = {
    ARM_MODE_USR, ARM_MODE_FIQ, ARM_MODE_IRQ, ARM_MODE_SVC,
    ARM_MODE_ABT, ARM_MODE_UND, ARM_MODE_SYS,
};

Test(psr, reset_state)
{
    struct machine *m = machine_new("cortex-a15", 0);

    cr_assert_eq(arm_cpsr_read(&m->s), 0x1d3);
    cr_assert_eq(m->s.env.pc, 0);
    free(m);
    m = machine_new("arm926", 0);
    cr_assert_eq(arm_cpsr_read(&m->s), 0x0d3, "no A bit before ARMv6");
    free(m);
    m = machine_new("cortex-a15", VIRTUAL);
    cr_assert_eq(m->s.mode, ARM_MODE_HYP);
    free(m);
}

Test(psr, round_trip)
{
    struct machine *m = machine_new("cortex-a15", 0);
    const uint32_t values[] = {0xf80f03f3, 0x0600fc33, 0x00000010, 0xa5050291, 0x0200a41f};

    for (unsigned i = 0; i < 5; i++) {
        arm_cpsr_write(&m->s, values[i]);
        cr_assert_eq(arm_cpsr_read(&m->s), values[i], "%#x", values[i]);
    }
    arm_cpsr_write(&m->s, 0x06009413);
    cr_assert_eq(m->s.itstate, 0x97);
    free(m);
}

/* Write a different value to each register in each mode; each reads back in its mode. */
Test(psr, banking)
{
    struct machine *m = machine_new("cortex-a15", 0);
    struct arm_state *s = &m->s;

    for (unsigned i = 0; i < 6; i++) { /* SYS shares with USR */
        arm_switch_mode(s, all_modes[i]);
        s->r[13] = 0x1000 + all_modes[i];
        s->r[14] = 0x2000 + all_modes[i];
        arm_spsr_write(s, 0x3000 + all_modes[i]);
        s->r[8] = all_modes[i] == ARM_MODE_FIQ ? 0xf : 0xa;
        s->r[12] = all_modes[i] == ARM_MODE_FIQ ? 0xff : 0xaa;
        s->r[7] = i;
    }
    for (unsigned i = 0; i < 7; i++) {
        unsigned mode = all_modes[i], named = mode == ARM_MODE_SYS ? ARM_MODE_USR : mode;

        arm_switch_mode(s, mode);
        cr_assert_eq(s->r[13], 0x1000 + named, "SP of mode %#x", mode);
        cr_assert_eq(s->r[14], 0x2000 + named);
        cr_assert_eq(s->r[8], mode == ARM_MODE_FIQ ? 0xf : 0xa);
        cr_assert_eq(s->r[12], mode == ARM_MODE_FIQ ? 0xff : 0xaa);
        cr_assert_eq(s->r[7], 5);
        cr_assert_eq(arm_has_spsr(s), named != ARM_MODE_USR);
        if (arm_has_spsr(s))
            cr_assert_eq(arm_spsr_read(s), 0x3000 + mode);
    }
    /* From any mode the others' registers are reachable. */
    for (unsigned i = 0; i < 7; i++) {
        arm_switch_mode(s, all_modes[i]);
        for (unsigned j = 0; j < 6; j++) {
            cr_assert_eq(*arm_banked_reg(s, all_modes[j], 13), 0x1000u + all_modes[j]);
            cr_assert_eq(*arm_banked_reg(s, all_modes[j], 8),
                         all_modes[j] == ARM_MODE_FIQ ? 0xf : 0xa);
        }
    }
    free(m);
}

Test(psr, msr_in_user_mode_changes_flags_only)
{
    struct machine *m = machine_new("cortex-a15", 0);

    arm_cpsr_write(&m->s, 0x10);
    arm_helper_cpsr_write(&m->s.env, 0xffffffff, 0xffffffff, 0, 0);
    cr_assert_eq(arm_cpsr_read(&m->s), 0xf80f0210, "%#x", arm_cpsr_read(&m->s));
    free(m);
}

Test(psr, msr_privileged)
{
    struct machine *m = machine_new("cortex-a15", 0);

    arm_helper_cpsr_write(&m->s.env, 0xf0000012, 0xff, 0, 0); /* control byte only: IRQ mode */
    cr_assert_eq(arm_cpsr_read(&m->s), 0x112);
    arm_helper_cpsr_write(&m->s.env, 0x15, 0xff, 0, 0); /* no such mode */
    cr_assert_eq(m->s.mode, ARM_MODE_IRQ);
    arm_helper_cpsr_write(&m->s.env, 0x1a, 0xff, 0, 0); /* Hyp mode is not there */
    cr_assert_eq(m->s.mode, ARM_MODE_IRQ);
    free(m);
}

Test(psr, unmasking_ends_the_slice)
{
    struct machine *m = machine_new("cortex-a15", 0);

    m->s.irq_lines = ARM_LINE_IRQ;
    arm_helper_cps(&m->s.env, 2 << 3 | 1, 0, 0, 0); /* CPSIE f */
    cr_assert_eq(m->slice_ends, 0);
    arm_helper_cps(&m->s.env, 2 << 3 | 2, 0, 0, 0); /* CPSIE i */
    cr_assert_eq(m->slice_ends, 1);
    cr_assert_eq(arm_cpsr_read(&m->s), 0x113);
    arm_helper_cps(&m->s.env, 3 << 3 | 7, 0x20 | ARM_MODE_SYS, 0, 0); /* CPSID aif, #SYS */
    cr_assert_eq(arm_cpsr_read(&m->s), 0x1df);
    free(m);
}

Test(psr, exception_return_restores_everything)
{
    struct machine *m = machine_new("cortex-a15", 0);
    struct arm_state *s = &m->s;

    arm_spsr_write(s, 0x60000030); /* User, Thumb */
    arm_helper_exception_return(&s->env, 0x8001, 0, 0, 0);
    cr_assert(machine_raised(m));
    cr_assert_eq(s->env.pc, 0x8000);
    cr_assert_eq(arm_cpsr_read(s), 0x60000030);
    cr_assert(!s->env.slow_dispatch);
    free(m);

    m = machine_new("cortex-a15", 0);
    s = &m->s;
    arm_spsr_write(s, 0x06001430 | 0x0000); /* into an IT block */
    arm_helper_exception_return(&s->env, 0x8002, 0, 0, 0);
    cr_assert_eq(s->itstate, 0x17);
    cr_assert(s->env.slow_dispatch);
    cr_assert(arm_frontend.block_flags(&s->env) & GUEST_FLAGS_LOOKUP_ONLY);
    free(m);
}

Test(psr, return_from_user_mode_is_undefined)
{
    struct machine *m = machine_new("cortex-a15", 0);

    arm_cpsr_write(&m->s, 0x10);
    machine_at(m, 0x8000, 0, 4);
    arm_helper_exception_return(&m->s.env, 0x9000, 0, 0, 0);
    cr_assert_eq(m->s.mode, ARM_MODE_UND);
    cr_assert_eq(m->s.env.pc, 4);
    free(m);
}

Test(psr, banked_access)
{
    struct machine *m = machine_new("cortex-a15", VIRTUAL | SECURE);
    struct arm_state *s = &m->s;

    arm_helper_msr_banked(&s->env, 0x11, 0, 0x1234, 0); /* SP_irq */
    cr_assert_eq(s->bank[ARM_BANK_IRQ].r13, 0x1234);
    cr_assert_eq(arm_helper_mrs_banked(&s->env, 0x11, 0, 0, 0), 0x1234);
    arm_helper_msr_banked(&s->env, 0x0e, 1, 0x55, 0); /* SPSR_fiq */
    cr_assert_eq(s->bank[ARM_BANK_FIQ].spsr, 0x55);
    arm_helper_msr_banked(&s->env, 0x05, 0, 0x77, 0); /* SP_usr */
    cr_assert_eq(s->bank[ARM_BANK_USR].r13, 0x77);
    cr_assert(!machine_raised(m));
    arm_helper_mrs_banked(&s->env, 0x1f, 0, 0, 0); /* SP_hyp from Secure SVC */
    cr_assert(machine_raised(m));
    free(m);
}
