/* Reset of the M profile. */
#include <string.h>

#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/m/m_internal.h"
#include "util/log.h"

void arm_m_reset(struct arm_state *s)
{
    struct arm_m *m = &s->m;
    uint32_t level[ARM_M_EXC_WORDS];

    memcpy(level, m->level, sizeof(level));
    memset(m, 0, sizeof(*m));
    memcpy(m->level, level, sizeof(level));
    memcpy(m->pending, level, sizeof(level)); /* what is asserted asks at once */
    m->enabled[0] = 0xffff & ~(BIT(ARM_M_EXC_MEM_MANAGE) | BIT(ARM_M_EXC_BUS_FAULT) |
                               BIT(ARM_M_EXC_USAGE_FAULT));
    m->mpu_changed = 1;
    m->vtor = s->m_config.vtor;
    m->ccr = arm_m_is_v7(s) ? M_CCR_STKALIGN : M_CCR_STKALIGN | M_CCR_UNALIGN_TRP;
    if (s->model->clidr)
        m->ccr |= BIT(18);
    m->fpccr = m_has_fp(s) ? M_FPCCR_ASPEN | M_FPCCR_LSPEN : 0;
    m->syst_csr = s->m_config.systick_ref_hz ? 0 : BIT(2);
    /* Comparators; neither packets nor the counters of what costs cycles, as each instruction is
     * one; on v6-M no CYCCNT either. */
    m->dwt_ctrl = arm_m_is_v7(s) ? 0x4d000000 : 0x1b000000;
    if (s->m_config.itm && arm_m_is_v7(s)) {
        m->demcr = M_DEMCR_TRCENA;
        m->itm_tcr = 1;
        m->itm_ter = 0xffffffff;
    }
    m->fpb_ctrl = s->model->clidr ? 0x10000080 : arm_m_is_v7(s) ? 0x260 : 0x40;
    s->thumb = 1;
    s->itstate = 0;
    s->q = s->ge = 0;
    memset(s->env.nzcv, 0, sizeof(s->env.nzcv));
    s->mask_a = s->mask_i = s->mask_f = 0;
    s->mode = ARM_MODE_SYS;
    s->big_endian = 0;
    s->r[14] = 0xffffffff;
    s->fp_enabled = 0;
    m_nvic_update(s);
}

void arm_m_start(struct arm_state *s)
{
    uint64_t sp = 0, pc = 0;
    bool ok = s->ops->m->bus(s, s->m.vtor, 4, false, &sp) &&
              s->ops->m->bus(s, s->m.vtor + 4, 4, false, &pc);

    s->ops->m->deadline(s, INT64_MAX);
    s->r[13] = s->m.msp = (uint32_t)sp & ~3u;
    s->thumb = pc & 1;
    s->env.pc = (uint32_t)pc & ~1u;
    if (!ok) {
        s->m.locked_up = 1;
        s->thumb = 1;
        s->env.pc = 0xfffffffe;
        s->ops->m->lockup(s, "lockup: the vector table cannot be read at reset");
    }
    arm_m_state_changed(s);
}

void arm_m_loaded(struct arm_state *s)
{
    s->m.mpu_changed = 1;
    m_nvic_update(s);
    m_systick_loaded(s);
    m_points_derive(s);
    s->ops->m->points_changed(s);
    arm_m_state_changed(s);
}
