/* Registers of the System Control Space and of the debug components that are more than a field
 * (DDI 0403E B3.2 to B3.5, C1). */
#include "frontend/arm/cpu/m/m_ppb.h"
#include "util/log.h"

WRITER(m_write_nothing)
{
}

/* ---- NVIC ------------------------------------------------------------------------------------ */

/* Interrupts 32 * @n + 0..31 of a bitmap by exception number. */
static uint32_t irq_word(const uint32_t *words, unsigned n)
{
    uint32_t high = n + 1 < ARM_M_EXC_WORDS ? words[n + 1] << 16 : 0;

    return words[n] >> 16 | high;
}

static void irq_word_change(uint32_t *words, unsigned n, uint32_t set, uint32_t clear)
{
    words[n] = (words[n] & ~(clear << 16)) | set << 16;
    if (n + 1 < ARM_M_EXC_WORDS)
        words[n + 1] = (words[n + 1] & ~(clear >> 16)) | set >> 16;
}

/* The interrupts of word @n that the core has. */
static uint32_t irq_mask(const struct arm_state *s, unsigned n)
{
    unsigned irqs = s->m_config.irqs, first = 32 * n;

    return irqs >= first + 32 ? 0xffffffffu : irqs <= first ? 0 : BIT(irqs - first) - 1;
}

static void nvic_changed(struct arm_state *s)
{
    m_nvic_update(s);
    m_check(s);
}

READER(m_ictr_read)
{
    return (s->m_config.irqs + 31u) / 32 - (s->m_config.irqs ? 1 : 0);
}

READER(m_iser_read)
{
    return irq_word(s->m.enabled, index);
}

READER(m_ispr_read)
{
    return irq_word(s->m.pending, index);
}

READER(m_iabr_read)
{
    return irq_word(s->m.active, index);
}

WRITER(m_iser_write)
{
    irq_word_change(s->m.enabled, index, v & irq_mask(s, index), 0);
    nvic_changed(s);
}

WRITER(m_icer_write)
{
    irq_word_change(s->m.enabled, index, 0, v);
    nvic_changed(s);
}

WRITER(m_ispr_write)
{
    uint32_t fresh = v & irq_mask(s, index) & ~irq_word(s->m.pending, index);

    irq_word_change(s->m.pending, index, fresh, 0);
    if (fresh && (s->m.scr & M_SCR_SEVONPEND))
        s->event = 1;
    nvic_changed(s);
}

/* An interrupt whose level is high stays pending. */
WRITER(m_icpr_write)
{
    irq_word_change(s->m.pending, index, 0, v & ~irq_word(s->m.level, index));
    nvic_changed(s);
}

static uint32_t priorities_read(const struct arm_state *s, unsigned exc)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < 4; i++)
        v |= (uint32_t)s->m.priority[exc + i] << 8 * i;
    return v;
}

static void priority_write(struct arm_state *s, unsigned exc, uint32_t v)
{
    s->m.priority[exc] = (uint8_t)v & m_priority_mask(s);
}

READER(m_ipr_read)
{
    return priorities_read(s, ARM_M_EXC_IRQ0 + 4 * index);
}

WRITER(m_ipr_write)
{
    for (unsigned i = 0; i < 4; i++)
        if (4 * index + i < s->m_config.irqs)
            priority_write(s, ARM_M_EXC_IRQ0 + 4 * index + i, v >> 8 * i);
    nvic_changed(s);
}

WRITER(m_stir_write)
{
    v &= 0x1ff;
    if (v < s->m_config.irqs)
        m_pend(s, ARM_M_EXC_IRQ0 + v);
}

/* ---- system exceptions ----------------------------------------------------------------------- */

READER(m_icsr_read)
{
    const struct arm_m *m = &s->m;
    unsigned active = m_active_count(s);
    bool base = active == 0 || (active == 1 && m->ipsr && m_bit(m->active, m->ipsr));
    bool external = m->pending[0] >> 16;
    /* BASEPRI and FAULTMASK hide what they hold, PRIMASK does not. */
    bool masked = (m->basepri && m->best_priority >= m_group_priority(s, m->basepri)) ||
                  (s->mask_f && m->best_priority >= M_PRIORITY_HARD_FAULT);

    for (unsigned w = 1; w < ARM_M_EXC_WORDS; w++)
        external |= m->pending[w] != 0;
    return m->ipsr | (uint32_t)(arm_m_is_v7(s) && base) << 11 |
           (uint32_t)(masked ? 0 : m->best) << 12 |
           (uint32_t)external << 22 | (uint32_t)m_bit(m->pending, ARM_M_EXC_SYSTICK) << 26 |
           (uint32_t)m_bit(m->pending, ARM_M_EXC_PENDSV) << 28 |
           (uint32_t)m_bit(m->pending, ARM_M_EXC_NMI) << 31;
}

WRITER(m_icsr_write)
{
    if (v & BIT(25))
        m_unpend(s, ARM_M_EXC_SYSTICK);
    if (v & BIT(27))
        m_unpend(s, ARM_M_EXC_PENDSV);
    if (v & BIT(26))
        m_pend(s, ARM_M_EXC_SYSTICK);
    if (v & BIT(28))
        m_pend(s, ARM_M_EXC_PENDSV);
    if (v & BIT(31))
        m_pend(s, ARM_M_EXC_NMI);
}

READER(m_vtor_read)
{
    return s->model->m_vtor ? s->m.vtor : 0;
}

WRITER(m_vtor_write)
{
    if (s->model->m_vtor)
        s->m.vtor = v & (arm_m_is_v7(s) ? 0xffffff80u : 0xffffff00u);
}

READER(m_aircr_read)
{
    return 0xfa050000u | (uint32_t)s->m.prigroup << 8;
}

static void clear_active(struct arm_state *s)
{
    for (unsigned w = 0; w < ARM_M_EXC_WORDS; w++)
        s->m.active[w] = 0;
    s->m.ipsr = 0;
    nvic_changed(s);
}

WRITER(m_aircr_write)
{
    if (v >> 16 != 0x05fa) {
        log_write(LOG_GUEST_ERRORS, "AIRCR written without its key: 0x%08x is ignored", v);
        return;
    }
    if (arm_m_is_v7(s))
        s->m.prigroup = v >> 8 & 7;
    if (v & BIT(1))
        clear_active(s);
    if (v & (BIT(2) | (arm_m_is_v7(s) ? BIT(0) : 0)))
        s->ops->m->reset_request(s);
    nvic_changed(s);
}

READER(m_ccr_read)
{
    return s->m.ccr;
}

WRITER(m_ccr_write)
{
    uint32_t mask = 0x31b | (s->model->clidr ? 0x70000u : 0);

    if (!arm_m_is_v7(s))
        return;
    s->m.ccr = (v & mask) | (s->model->clidr ? M_CCR_STKALIGN : 0);
    m_state_changes(s);
}

READER(m_shpr_read)
{
    return priorities_read(s, 4 + 4 * index);
}

WRITER(m_shpr_write)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned exc = 4 + 4 * index + i;
        bool v6 = exc == ARM_M_EXC_SVC || exc == ARM_M_EXC_PENDSV || exc == ARM_M_EXC_SYSTICK;
        bool v7 = exc <= ARM_M_EXC_USAGE_FAULT || exc == ARM_M_EXC_DEBUG_MONITOR;

        if (v6 || (v7 && arm_m_is_v7(s)))
            priority_write(s, exc, v >> 8 * i);
    }
    nvic_changed(s);
}

/* Bits of SHCSR that are bits of NVIC state. */
static const struct {
    uint8_t bit, exc;
    bool active;
} shcsr_bits[] = {
    {0, ARM_M_EXC_MEM_MANAGE, true},   {1, ARM_M_EXC_BUS_FAULT, true},
    {3, ARM_M_EXC_USAGE_FAULT, true},  {7, ARM_M_EXC_SVC, true},
    {8, ARM_M_EXC_DEBUG_MONITOR, true}, {10, ARM_M_EXC_PENDSV, true},
    {11, ARM_M_EXC_SYSTICK, true},     {12, ARM_M_EXC_USAGE_FAULT, false},
    {13, ARM_M_EXC_MEM_MANAGE, false}, {14, ARM_M_EXC_BUS_FAULT, false},
    {15, ARM_M_EXC_SVC, false},
};
enum { SHCSR_SVCALLPENDED = 15 };

static bool shcsr_has(const struct arm_state *s, unsigned bit)
{
    return arm_m_is_v7(s) || bit == SHCSR_SVCALLPENDED;
}

READER(m_shcsr_read)
{
    uint32_t v = s->m.shcsr_enable;

    for (unsigned i = 0; i < ARRAY_SIZE(shcsr_bits); i++)
        if (shcsr_has(s, shcsr_bits[i].bit) &&
            m_bit(shcsr_bits[i].active ? s->m.active : s->m.pending, shcsr_bits[i].exc))
            v |= BIT(shcsr_bits[i].bit);
    return v;
}

/* A fault whose handler is disabled waits although it is pending. */
static void fault_enables(struct arm_state *s)
{
    for (unsigned exc = ARM_M_EXC_MEM_MANAGE; exc <= ARM_M_EXC_USAGE_FAULT; exc++)
        m_bit_put(s->m.enabled, exc, m_fault_enabled(s, exc));
}

WRITER(m_shcsr_write)
{
    for (unsigned i = 0; i < ARRAY_SIZE(shcsr_bits); i++)
        if (shcsr_has(s, shcsr_bits[i].bit))
            m_bit_put(shcsr_bits[i].active ? s->m.active : s->m.pending, shcsr_bits[i].exc,
                      v >> shcsr_bits[i].bit & 1);
    if (arm_m_is_v7(s))
        s->m.shcsr_enable = v & 0x70000;
    fault_enables(s);
    nvic_changed(s);
}

READER(m_syst_read)
{
    return m_systick_read(s, 4 * index, debug);
}

WRITER(m_syst_write)
{
    m_systick_write(s, 4 * index, v);
}

/* ---- caches, floating point, MPU ------------------------------------------------------------- */

READER(m_ccsidr_read)
{
    return s->model->ccsidr[s->m.csselr & 15];
}

READER(m_cpacr_read)
{
    return s->m.cpacr;
}

WRITER(m_cpacr_write)
{
    s->m.cpacr = m_has_fp(s) ? v & 0x00f00000u : 0;
    m_state_changes(s);
}

READER(m_fpccr_read)
{
    return s->m.fpccr;
}

WRITER(m_fpccr_write)
{
    s->m.fpccr = v & 0xc000017bu;
    m_state_changes(s);
}

enum { MPU_TYPE, MPU_CTRL, MPU_RNR, MPU_RBAR, MPU_RASR };

/* RBAR and RASR have three aliases, so that one STM sets four regions up. */
static unsigned mpu_register(const struct arm_state *s, unsigned index)
{
    return index > MPU_RASR && arm_m_is_v7(s) ? MPU_RBAR + (index - MPU_RBAR) % 2 : index;
}

READER(m_mpu_read)
{
    unsigned regions = s->model->m_regions;

    if (mpu_register(s, index) == MPU_TYPE)
        return regions << 8;
    if (!regions)
        return 0;
    switch (mpu_register(s, index)) {
    case MPU_CTRL: return s->m.mpu_ctrl;
    case MPU_RNR: return s->m.mpu_rnr;
    case MPU_RBAR: return s->m.mpu_rbar[s->m.mpu_rnr] | s->m.mpu_rnr;
    case MPU_RASR: return s->m.mpu_rasr[s->m.mpu_rnr];
    default: return 0;
    }
}

static void mpu_changed(struct arm_state *s)
{
    s->m.mpu_changed = 1;
    m_state_changes(s);
}

WRITER(m_mpu_write)
{
    struct arm_m *m = &s->m;
    unsigned regions = s->model->m_regions;

    if (!regions)
        return;
    switch (mpu_register(s, index)) {
    case MPU_CTRL:
        m->mpu_ctrl = v & 7;
        break;
    case MPU_RNR:
        m->mpu_rnr = v % regions;
        return;
    case MPU_RBAR:
        if (v & BIT(4))
            m->mpu_rnr = (v & 15) % regions;
        m->mpu_rbar[m->mpu_rnr] = v & (arm_m_is_v7(s) ? 0xffffffe0u : 0xffffff00u);
        break;
    case MPU_RASR:
        m->mpu_rasr[m->mpu_rnr] = v & (arm_m_is_v7(s) ? 0x173fff3fu : 0x1707ff3fu);
        break;
    }
    mpu_changed(s);
}

/* ---- debug ----------------------------------------------------------------------------------- */

READER(m_dhcsr_read)
{
    return (s->m.dhcsr & 0x2f) | BIT(16) | (uint32_t)s->m.locked_up << 19;
}

/* Software cannot enable halting debug. */
WRITER(m_dhcsr_write)
{
    if (v >> 16 == 0xa05f)
        s->m.dhcsr = 0;
}

READER(m_demcr_read)
{
    return s->m.demcr | (uint32_t)m_bit(s->m.pending, ARM_M_EXC_DEBUG_MONITOR) << 17;
}

WRITER(m_demcr_write)
{
    uint32_t cycles = m_cyccnt_read(s);

    s->m.demcr = v & (arm_m_is_v7(s) ? 0x010d07f1u : 0x01000401u);
    m_cyccnt_set(s, cycles, m_cyccnt_counts(s));
    m_trace_enabled(s);
    if (arm_m_is_v7(s)) {
        m_bit_put(s->m.pending, ARM_M_EXC_DEBUG_MONITOR, v & BIT(17));
        nvic_changed(s);
    }
}

READER(m_dwt_ctrl_read)
{
    return s->m.dwt_ctrl;
}

WRITER(m_dwt_ctrl_write)
{
    uint32_t cycles = m_cyccnt_read(s), mask = arm_m_is_v7(s); /* CYCCNTENA; no packets */

    s->m.dwt_ctrl = (s->m.dwt_ctrl & ~mask) | (v & mask);
    m_cyccnt_set(s, cycles, m_cyccnt_counts(s));
}

READER(m_dwt_cyccnt_read)
{
    return m_cyccnt_read(s);
}

WRITER(m_dwt_cyccnt_write)
{
    m_cyccnt_set(s, v, m_cyccnt_counts(s));
}

bool m_itm_port_enabled(const struct arm_state *s, unsigned port)
{
    if (!(s->m.demcr & M_DEMCR_TRCENA) || !(s->m.itm_tcr & 1) || !(s->m.itm_ter >> port & 1))
        return false;
    return arm_is_privileged(s) || !(s->m.itm_tpr >> port / 8 & 1);
}

/* FIFOREADY: nothing is ever in the way of a port that is enabled. */
READER(m_itm_stim_read)
{
    return m_itm_port_enabled(s, index);
}
