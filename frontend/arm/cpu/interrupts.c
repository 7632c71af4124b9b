/* Which interrupt is taken, if any (B1.9.10 to B1.9.13). */
#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/m/m.h"
#include "util/bits.h"

/* Interrupts that Monitor or Hyp mode takes cannot be masked by the states below these. */
static bool masked(const struct arm_state *s, bool mask, uint32_t scr_bit, uint32_t hcr_bit)
{
    if (!mask)
        return false;
    if (!s->secure && arm_state_has(s, ARM_FEATURE(SEC)) && (s->cp15.scr & scr_bit))
        return false;
    return s->secure || !arm_state_has(s, ARM_FEATURE(VIRT)) || s->mode == ARM_MODE_HYP ||
           !(s->cp15.hcr & hcr_bit);
}

/* Virtual interrupts are for Non-secure PL1 and PL0, while the physical ones go to Hyp mode. */
static bool virtual_enabled(const struct arm_state *s, bool mask, uint32_t hcr_bit)
{
    return !mask && !s->secure && arm_state_has(s, ARM_FEATURE(VIRT)) && s->mode != ARM_MODE_HYP &&
           (s->cp15.hcr & hcr_bit);
}

/* The most urgent interrupt that can be taken; ARM_EXC_COUNT: none. */
static enum arm_exception pending(const struct arm_state *s)
{
    uint32_t lines = atomic_load_explicit(&s->irq_lines, memory_order_relaxed);

    if (!lines)
        return ARM_EXC_COUNT;
    if ((lines & ARM_LINE_FIQ) && !masked(s, s->mask_f, BIT(2), BIT(3)))
        return ARM_EXC_FIQ;
    if ((lines & ARM_LINE_IRQ) && !masked(s, s->mask_i, BIT(1), BIT(4)))
        return ARM_EXC_IRQ;
    if ((lines & ARM_LINE_VFIQ) && virtual_enabled(s, s->mask_f, BIT(3)))
        return ARM_EXC_VFIQ;
    if ((lines & ARM_LINE_VIRQ) && virtual_enabled(s, s->mask_i, BIT(4)))
        return ARM_EXC_VIRQ;
    return ARM_EXC_COUNT;
}

bool arm_interrupt_pending(const struct ir_env *env)
{
    const struct arm_state *s = (const struct arm_state *)env;

    if (arm_is_m(s))
        return arm_m_interrupt_pending(s);
    return pending(s) != ARM_EXC_COUNT;
}

bool arm_interrupt_wakes(const struct arm_state *s)
{
    if (arm_is_m(s))
        return arm_m_wakes(s);
    return atomic_load_explicit(&s->irq_lines, memory_order_relaxed) != 0;
}

void arm_take_interrupt(struct ir_env *env)
{
    struct arm_state *s = arm_state(env);
    enum arm_exception exc;

    if (arm_is_m(s))
        arm_m_take_interrupt(s);
    else if ((exc = pending(s)) != ARM_EXC_COUNT)
        arm_take_exception(s, exc, (uint32_t)env->pc, s->itstate);
    env->raised = 0; /* the engine itself asked */
}
