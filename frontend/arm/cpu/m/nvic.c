/* The nested vectored interrupt controller: which exception is the most urgent, and whether it may
 * interrupt what runs (DDI 0403E B1.5.4, B3.4). */
#include "frontend/arm/cpu/m/m_internal.h"

uint8_t m_priority_mask(const struct arm_state *s)
{
    return (uint8_t)(0xff00u >> s->m_config.priority_bits);
}

/* Priority with the subpriority. */
static int raw_priority(const struct arm_m *m, unsigned exc)
{
    switch (exc) {
    case ARM_M_EXC_RESET: return -3;
    case ARM_M_EXC_NMI: return M_PRIORITY_NMI;
    case ARM_M_EXC_HARD_FAULT: return M_PRIORITY_HARD_FAULT;
    default: return m->priority[exc];
    }
}

static int group_priority(const struct arm_m *m, int priority)
{
    return priority < 0 ? priority : priority & ~((2 << m->prigroup) - 1);
}

int m_group_priority(const struct arm_state *s, int priority)
{
    return group_priority(&s->m, priority);
}

int m_priority(const struct arm_state *s, unsigned exc)
{
    return group_priority(&s->m, raw_priority(&s->m, exc));
}

/* The most urgent of the pending and enabled exceptions. */
static unsigned find_best(const struct arm_m *m)
{
    unsigned best = 0;
    int best_priority = M_PRIORITY_NONE;

    for (unsigned w = 0; w < ARM_M_EXC_WORDS; w++) {
        for (uint32_t bits = m->pending[w] & m->enabled[w]; bits; bits &= bits - 1) {
            unsigned exc = 32 * w + (unsigned)__builtin_ctz(bits);
            int priority = raw_priority(m, exc);

            if (priority < best_priority) {
                best = exc;
                best_priority = priority;
            }
        }
    }
    return best;
}

static int find_active_priority(const struct arm_m *m)
{
    int lowest = m->basepri ? group_priority(m, m->basepri) : M_PRIORITY_NONE;

    for (unsigned w = 0; w < ARM_M_EXC_WORDS; w++) {
        for (uint32_t bits = m->active[w]; bits; bits &= bits - 1) {
            unsigned exc = 32 * w + (unsigned)__builtin_ctz(bits);
            int priority = group_priority(m, raw_priority(m, exc));

            lowest = priority < lowest ? priority : lowest;
        }
    }
    return lowest;
}

void m_nvic_update(struct arm_state *s)
{
    struct arm_m *m = &s->m;

    m->best = (uint16_t)find_best(m);
    m->best_priority =
        m->best ? (int16_t)group_priority(m, raw_priority(m, m->best)) : M_PRIORITY_NONE;
    m->active_priority = (int16_t)find_active_priority(m);
    /* What CPSIE looks at before it asks further. */
    atomic_store_explicit(&s->irq_lines, m->best != 0, memory_order_relaxed);
}

int m_execution_priority(const struct arm_state *s)
{
    int priority = s->m.active_priority;

    if (s->mask_f && priority > M_PRIORITY_HARD_FAULT)
        return M_PRIORITY_HARD_FAULT;
    return s->mask_i && priority > 0 ? 0 : priority;
}

bool arm_m_interrupt_pending(const struct arm_state *s)
{
    return s->m.best && s->m.best_priority < m_execution_priority(s);
}

/* WFI ignores PRIMASK; an event that is due ends WFE. */
bool arm_m_wakes(const struct arm_state *s)
{
    int priority = s->m.active_priority;

    if (s->m.locked_up)
        return m_bit(s->m.pending, ARM_M_EXC_NMI) && s->m.active_priority > M_PRIORITY_NMI;
    if (s->mask_f && priority > M_PRIORITY_HARD_FAULT)
        priority = M_PRIORITY_HARD_FAULT;
    return s->m.best && s->m.best_priority < priority;
}

void m_check(struct arm_state *s)
{
    s->env.touched = 1;
    if (arm_m_interrupt_pending(s))
        s->ops->end_slice(s);
}

void m_pend(struct arm_state *s, unsigned exc)
{
    if (m_bit(s->m.pending, exc))
        return;
    m_bit_put(s->m.pending, exc, true);
    if (s->m.scr & M_SCR_SEVONPEND)
        s->event = 1;
    m_nvic_update(s);
    m_check(s);
}

void m_unpend(struct arm_state *s, unsigned exc)
{
    m_bit_put(s->m.pending, exc, false);
    m_nvic_update(s);
    s->env.touched = 1;
}

bool m_fault_enabled(const struct arm_state *s, unsigned exc)
{
    switch (exc) {
    case ARM_M_EXC_MEM_MANAGE: return s->m.shcsr_enable & BIT(16);
    case ARM_M_EXC_BUS_FAULT: return s->m.shcsr_enable & BIT(17);
    case ARM_M_EXC_USAGE_FAULT: return s->m.shcsr_enable & BIT(18);
    case ARM_M_EXC_DEBUG_MONITOR: return s->m.demcr & M_DEMCR_MON_EN;
    default: return true;
    }
}

unsigned m_active_count(const struct arm_state *s)
{
    unsigned n = 0;

    for (unsigned w = 0; w < ARM_M_EXC_WORDS; w++)
        for (uint32_t bits = s->m.active[w]; bits; bits &= bits - 1)
            n++;
    return n;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

/* Of the words of a bitmap by exception number, the bits of interrupts 32 * @n on start at bit 16
 * of word @n. */
void arm_m_nvic_input(struct arm_state *s, unsigned word, uint32_t level, uint32_t rose)
{
    struct arm_m *m = &s->m;
    uint64_t mask = 0xffffffffull << 16;
    uint64_t was = m->level[word] | (uint64_t)(word + 1 < ARM_M_EXC_WORDS ? m->level[word + 1] : 0)
                                        << 32;
    uint64_t now = (was & ~mask) | (uint64_t)level << 16;
    uint64_t pend = (now & ~was) | (uint64_t)rose << 16;
    uint64_t fresh;

    m->level[word] = (uint32_t)now;
    fresh = pend & ~(m->pending[word] |
                     (uint64_t)(word + 1 < ARM_M_EXC_WORDS ? m->pending[word + 1] : 0) << 32);
    m->pending[word] |= (uint32_t)pend;
    if (word + 1 < ARM_M_EXC_WORDS) {
        m->level[word + 1] = (uint32_t)(now >> 32);
        m->pending[word + 1] |= (uint32_t)(pend >> 32);
    }
    if (fresh && (m->scr & M_SCR_SEVONPEND))
        s->event = 1;
    if (!pend)
        return;
    m_nvic_update(s);
    m_check(s);
}

void arm_m_nmi(struct arm_state *s)
{
    m_pend(s, ARM_M_EXC_NMI);
}
