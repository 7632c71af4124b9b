/* The target's tables, the block flags, and the field list. */
#include <stdlib.h>
#include <string.h>

#include "frontend/arm/cpu/slots.h"
#include "frontend/arm/translate/translate.h"
#include "tests/cpu/fixture.h"

Test(target, slots)
{
    const struct ir_slot *slots = arm_target.slots;

    for (unsigned i = 0; i < arm_target.slot_count; i++) {
        cr_assert_not_null(slots[i].name);
        cr_assert_lt(slots[i].offset, arm_target.state_size);
    }
    cr_assert_eq(slots[ARM_SLOT_S3].offset, slots[ARM_SLOT_D1].offset + 4);
    cr_assert_eq(slots[ARM_SLOT_D2].offset, slots[ARM_SLOT_D0].offset + 16);
    cr_assert_eq(slots[ARM_SLOT_LR].offset, offsetof(struct arm_state, r[14]));
    cr_assert_str_eq(slots[ARM_SLOT_SP].name, "sp");
    for (unsigned i = 0; i < arm_target.helper_count; i++)
        cr_assert_not_null(arm_target.helpers[i].fn);
}

Test(target, block_flags)
{
    struct machine *m = machine_new("cortex-a15", 0);
    struct ir_env *env = &m->s.env;
    uint32_t model = arm_cpu_model_index(m->s.model) << ARM_BF_FEATURES_SHIFT;

    arm_state_changed(&m->s);
    cr_assert_eq(arm_frontend.block_flags(env), model);
    cr_assert_eq(arm_features_of(model), m->s.model->features);
    arm_helper_setend(env, 1, 0, 0, 0);
    cr_assert_eq(arm_frontend.block_flags(env), model | ARM_BF_BIG_ENDIAN);
    m->s.thumb = 1;
    m->s.itstate = 0x14;
    cr_assert_eq(arm_frontend.block_flags(env),
                 model | ARM_BF_BIG_ENDIAN | 1 | 0x14 << ARM_BF_IT_SHIFT | GUEST_FLAGS_LOOKUP_ONLY);
    m->s.itstate = 0;
    arm_cpsr_write(&m->s, 0x10);
    arm_state_changed(&m->s);
    cr_assert_eq(arm_frontend.block_flags(env), model | ARM_BF_USER);
    mcr(m, 0, 13, 0, 2, 0);
    free(m);
    m = machine_new("arm926", 0);
    arm_state_changed(&m->s);
    cr_assert(arm_frontend.block_flags(&m->s.env) & ARM_BF_ROTATE);
    mcr(m, 0, 1, 0, 0, 2);
    cr_assert(arm_frontend.block_flags(&m->s.env) & ARM_BF_ALIGN_STRICT);
    free(m);
}

/* Fill the state with a pattern: what a save and restore by the list does not carry over must be
 * what is derived, configured, or the engine's. */
Test(target, field_list_covers_the_state)
{
    static uint8_t covered[sizeof(struct arm_state)];
    static const struct {
        size_t from, to;
        const char *why;
    } not_state[] = {
        {0, offsetof(struct arm_state, r), "engine's part (env.pc, nzcv and icount are listed)"},
        {offsetof(struct arm_state, fp_enabled), offsetof(struct arm_state, event), "derived"},
        {offsetof(struct arm_state, pad0), offsetof(struct arm_state, irq_lines), "padding"},
        {offsetof(struct arm_state, m.access_violation),
         offsetof(struct arm_state, m.plain_branch), "derived"},
        {offsetof(struct arm_state, m.mpu_applies), offsetof(struct arm_state, m.changed),
         "derived"},
        {offsetof(struct arm_state, m.best), offsetof(struct arm_state, m.syst_csr), "derived"},
        {offsetof(struct arm_state, m.cycle_match), offsetof(struct arm_state, m.step_events),
         "derived"},
        {offsetof(struct arm_state, index), sizeof(struct arm_state), "configuration, caches"},
    };

    memset(covered, 0, sizeof(covered));
    for (unsigned i = 0; i < arm_cpu_fields.count; i++) {
        const struct field *f = &arm_cpu_fields.fields[i];

        for (unsigned b = 0; b < f->size * f->count; b++) {
            cr_assert(!covered[f->offset + b], "%s overlaps", f->name);
            covered[f->offset + b] = 1;
        }
    }
    for (unsigned i = 0; i < sizeof(not_state) / sizeof(*not_state); i++)
        memset(covered + not_state[i].from, 1, not_state[i].to - not_state[i].from);
    for (size_t i = 0; i < sizeof(covered); i++)
        if (!covered[i]) /* only alignment gaps are left: short, and before an aligned member */
            cr_assert(covered[(i | 15) + 1], "byte %zu is in no field", i);
}

Test(target, disassembly)
{
    static const uint8_t code[] = {0x01, 0x00, 0x80, 0xe2, 0x1e, 0xff, 0x2f, 0xe1};
    char text[200] = "";
    FILE *f = fmemopen(text, sizeof(text), "w");

    arm_frontend.disassemble(code, 8, 0x8000, 0, f);
    fclose(f);
    cr_assert_str_eq(text, "0x00008000:  add r0, r0, #1\n0x00008004:  bx lr\n");
}
