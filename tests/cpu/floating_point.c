/* The registers of the floating-point unit, per CPU model: values of the cores' manuals, bits that
 * can be written, and who may access them. */
#include "frontend/arm/cpu/arm_fp.h"
#include "tests/cpu/fixture.h"
#include "util/bits.h"

enum { FPSID, FPSCR, MVFR2 = 5, MVFR1, MVFR0, FPEXC, FPINST, FPINST2, REGISTERS };

/* FPSCR of VFPv3 and later: flags, QC with Advanced SIMD, AHP with half precision, DN, FZ,
 * rounding, cumulative exceptions. VFPv2: trap enables; short vectors where MVFR0 has them. */
enum {
    MODES = (int)0xf3c0009f,
    SHORT = 0x00370000,
    TRAPS = 0x00009f00,
    QC = BIT(27),
    AHP = BIT(26),
};

static const struct {
    const char *model;
    uint32_t fpsid, mvfr[3], fpscr;
    bool v3; /* no FPINST */
} models[] = {
    {"arm926", 0x41011090, {0, 0, 0}, (uint32_t)MODES | SHORT | TRAPS, false},
    {"arm1136", 0x410120b4, {0x11111111, 0, 0}, (uint32_t)MODES | SHORT | TRAPS, false},
    {"arm1176", 0x410120b5, {0x11111111, 0, 0}, (uint32_t)MODES | SHORT | TRAPS, false},
    {"cortex-a5", 0x41023051, {0x10110222, 0x11111111, 0}, (uint32_t)MODES | QC | AHP, true},
    {"cortex-a7", 0x41023075, {0x10110222, 0x11111111, 0}, (uint32_t)MODES | QC | AHP, true},
    {"cortex-a8", 0x410330c0, {0x11110222, 0x00011111, 0}, (uint32_t)MODES | QC | SHORT, true},
    {"cortex-a9", 0x41033090, {0x10110222, 0x01111111, 0}, (uint32_t)MODES | QC | AHP, true},
    {"cortex-a15", 0x410430f0, {0x10110222, 0x11111111, 0}, (uint32_t)MODES | QC | AHP, true},
    {"max", 0x41034070, {0x10110222, 0x12111111, 0x43}, (uint32_t)MODES | QC | AHP, true},
};

static uint32_t vmrs(struct machine *m, unsigned reg)
{
    machine_at(m, 0x8000, 0, 4);
    return (uint32_t)arm_helper_vmrs(&m->s.env, reg, 0, 0, 0);
}

static void vmsr(struct machine *m, unsigned reg, uint32_t value)
{
    machine_at(m, 0x8000, 0, 4);
    arm_helper_vmsr(&m->s.env, reg, value, 0, 0);
}

/* In a privileged mode, with access granted and the unit as reset leaves it. */
static struct machine *open_unit(const char *model)
{
    struct machine *m = machine_new(model, 0);
    arm_cpsr_write(&m->s, 0xd3);
    if (arm_state_has(&m->s, ARM_FEATURE(V6)))
        mcr(m, 0, 1, 0, 2, 0xffffffff);
    cr_assert(!machine_raised(m));
    return m;
}

static void expect(struct machine *m, unsigned i, unsigned reg, bool exists, uint32_t value)
{
    uint32_t v = vmrs(m, reg);
    bool raised = machine_raised(m);
    arm_cpsr_write(&m->s, 0xd3); /* whatever was entered */
    arm_fp_update(&m->s);
    cr_expect(raised == !exists, "%s: register %u %s", models[i].model, reg,
              raised ? "is undefined" : "exists");
    cr_expect(!exists || v == value, "%s: register %u is %08x, not %08x", models[i].model, reg, v,
              value);
}

Test(floating_point, registers)
{
    for (unsigned i = 0; i < ARRAY_SIZE(models); i++) {
        struct machine *m = open_unit(models[i].model);
        if (arm_state_has(&m->s, ARM_FEATURE(V6)))
            cr_expect(mrc(m, 0, 1, 0, 2) == 0x00f00000, "%s: CPACR", models[i].model);
        /* The unit is off: PL1 can read what it is, but the FPSCR is undefined. */
        expect(m, i, FPEXC, true, 0);
        expect(m, i, FPSCR, false, 0);
        expect(m, i, FPSID, true, models[i].fpsid);
        expect(m, i, MVFR0, models[i].mvfr[0], models[i].mvfr[0]);
        expect(m, i, MVFR1, models[i].mvfr[0], models[i].mvfr[1]);
        expect(m, i, MVFR2, models[i].mvfr[2], models[i].mvfr[2]);
        expect(m, i, FPINST, !models[i].v3, 0);
        expect(m, i, FPINST2, !models[i].v3, 0);
        for (unsigned reg = 2; reg < 5; reg++)
            expect(m, i, reg, false, 0);
        vmsr(m, FPEXC, 0xffffffff);
        expect(m, i, FPEXC, true, models[i].v3 ? BIT(30) : BIT(31) | BIT(30));
        vmsr(m, FPSCR, 0xffffffff);
        expect(m, i, FPSCR, true, models[i].fpscr);
        vmsr(m, FPSCR, 0);
        expect(m, i, FPSCR, true, 0);
        vmsr(m, FPSID, 0x12345678);
        expect(m, i, FPSID, true, models[i].fpsid);
        free(m);
    }
}

/* Every model with the unit is in the table. */
Test(floating_point, models)
{
    unsigned found = 0;
    for (unsigned k = 0; k < arm_cpu_model_count; k++) {
        const struct arm_cpu_model *model = &arm_cpu_models[k];
        bool is_a = (model->features & ARM_FEATURE(VFP2)) && !(model->features & ARM_FEATURE(M));
        bool known = false;
        for (unsigned i = 0; i < ARRAY_SIZE(models); i++)
            known |= !strcmp(models[i].model, model->name);
        cr_expect(known || !is_a, "%s", model->name);
        found += known;
    }
    cr_expect(found == ARRAY_SIZE(models));
}

/* User mode has the FPSCR alone, once CPACR and FPEXC let it: so a kernel enables the unit when a
 * program first uses it. */
Test(floating_point, unprivileged)
{
    static const struct {
        uint32_t cpacr, fpexc;
        bool allowed;
    } cases[] = {{0, BIT(30), false}, {1, BIT(30), false}, {3, 0, false}, {3, BIT(30), true}};
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct machine *m = open_unit("cortex-a15");
        struct arm_state *s = &m->s;
        vmsr(m, FPEXC, cases[i].fpexc);
        mcr(m, 0, 1, 0, 2, cases[i].cpacr * (BIT(20) | BIT(22)));
        for (unsigned reg = 0; reg < REGISTERS; reg++) {
            arm_cpsr_write(s, 0x10);
            arm_fp_update(s);
            cr_expect(s->fp_enabled == cases[i].allowed, "case %u", i);
            vmrs(m, reg);
            cr_expect(machine_raised(m) == !(reg == FPSCR && cases[i].allowed),
                      "case %u: register %u", i, reg);
            arm_cpsr_write(s, 0xd3);
        }
        free(m);
    }
}

/* Exceptions that have been gathered are in the FPSCR when it is read, and gone when it is written.
 */
Test(floating_point, exact_at_reads)
{
    struct machine *m = open_unit("cortex-a15");
    vmsr(m, FPEXC, BIT(30));
    vmsr(m, FPSCR, 0x03000000);
    m->s.env.fp_flags = 0x11;
    cr_expect(vmrs(m, FPSCR) == 0x03000011);
    vmsr(m, FPSCR, 0x00400002);
    cr_expect(vmrs(m, FPSCR) == 0x00400002 && m->s.env.fp_flags == 0 && m->s.env.fp_rounding == 1);
    free(m);
}
