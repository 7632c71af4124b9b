/* Waiting, events, and the end of a slice when interrupts become unmasked. */
#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/helpers.h"

uint64_t arm_helper_wfi(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    s->halted = arm_interrupt_wakes(s) ? 0 : ARM_HALTED_WFI;
    return s->halted != 0;
}

uint64_t arm_helper_wfe(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    s->halted = 0;
    if (s->event)
        s->event = 0;
    else if (!arm_interrupt_wakes(s))
        s->halted = ARM_HALTED_WFE;
    return s->halted != 0;
}

uint64_t arm_helper_sev(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    s->event = 1;
    s->ops->send_event(s);
    return 0;
}

uint64_t arm_helper_dsb(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    s->tlb_sync = 0;
    s->ops->tlb_wait(s);
    return 0;
}

uint64_t arm_helper_unmasked(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    if (arm_interrupt_pending(env))
        s->ops->end_slice(s);
    return 0;
}
