/*
 * The floating-point context of the M profile (DDI 0403E B1.5.7): enabling by CPACR, lazy state
 * preservation, and CONTROL.FPCA. All three are reached through fp_enabled = 0: the first
 * floating-point instruction of a context calls a helper, which does what is due and lets the
 * instruction be executed again.
 */
#include "frontend/arm/cpu/arm_fp.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/m/m_internal.h"
#include "frontend/arm/fp/fpscr.h"

#define FPDSCR_MODES 0x07c00000u

bool m_fp_granted(const struct arm_state *s, bool privileged)
{
    unsigned cp10 = bits_get(s->m.cpacr, 20, 2);

    return m_has_fp(s) && (cp10 == 3 || (cp10 == 1 && privileged));
}

static bool granted(const struct arm_state *s)
{
    return m_fp_granted(s, arm_is_privileged(s));
}

bool m_fp_ready(const struct arm_state *s)
{
    return granted(s) && !(s->m.fpccr & M_FPCCR_LSPACT) &&
           (s->m.fpca || !(s->m.fpccr & M_FPCCR_ASPEN));
}

static uint32_t s_register(const struct arm_state *s, unsigned n)
{
    return (uint32_t)(s->d[n / 2] >> (32 * (n & 1)));
}

bool m_fp_store(struct arm_state *s, uint32_t at, bool privileged)
{
    for (unsigned i = 0; i < 17; i++) {
        uint32_t v = i < 16 ? s_register(s, i) : arm_fpscr_read(s);

        if (!m_access(s, at + 4 * i, true, privileged, &v))
            return false;
    }
    return true;
}

void m_fp_load(struct arm_state *s, const uint32_t words[17])
{
    for (unsigned i = 0; i < 16; i += 2)
        s->d[i / 2] = words[i] | (uint64_t)words[i + 1] << 32;
    arm_fpscr_write(s, words[16]);
}

void m_fp_lazy(struct arm_state *s, uint32_t frame)
{
    int now = m_execution_priority(s);
    uint32_t v = s->m.fpccr & (M_FPCCR_ASPEN | M_FPCCR_LSPEN);

    s->m.fpcar = frame & ~7u;
    v |= M_FPCCR_LSPACT;
    if (!arm_is_privileged(s))
        v |= M_FPCCR_USER;
    if (!s->m.handler)
        v |= M_FPCCR_THREAD;
    if (now > M_PRIORITY_HARD_FAULT)
        v |= M_FPCCR_HFRDY;
    if (m_fault_enabled(s, ARM_M_EXC_BUS_FAULT) && now > m_priority(s, ARM_M_EXC_BUS_FAULT))
        v |= M_FPCCR_BFRDY;
    if (m_fault_enabled(s, ARM_M_EXC_MEM_MANAGE) && now > m_priority(s, ARM_M_EXC_MEM_MANAGE))
        v |= M_FPCCR_MMRDY;
    if (m_fault_enabled(s, ARM_M_EXC_DEBUG_MONITOR) && now > m_priority(s, ARM_M_EXC_DEBUG_MONITOR))
        v |= M_FPCCR_MONRDY;
    s->m.fpccr = v;
}

/* Save the interrupted code's state where its frame has room, with that code's rights; false: an
 * exception was entered. */
static bool preserve(struct arm_state *s)
{
    uint8_t applies = s->m.mpu_applies;
    bool ok;

    s->m.mpu_applies = (s->m.mpu_ctrl & M_MPU_ENABLE) && ((s->m.mpu_ctrl & M_MPU_HFNMIENA) ||
                                                          (s->m.fpccr & M_FPCCR_HFRDY));
    ok = m_fp_store(s, s->m.fpcar, !(s->m.fpccr & M_FPCCR_USER));
    s->m.mpu_applies = applies;
    if (!ok && m_lazy_fault(s, arm_insn_pc(s), arm_insn_it(s)))
        return false;
    s->m.fpccr &= ~M_FPCCR_LSPACT;
    return true;
}

uint64_t arm_helper_m_fp(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    if (!granted(s)) {
        arm_m_usage_fault(s, ARM_M_NOCP);
        return 0;
    }
    if ((s->m.fpccr & M_FPCCR_LSPACT) && !preserve(s))
        return 0;
    if ((s->m.fpccr & M_FPCCR_ASPEN) && !s->m.fpca) {
        s->m.fpca = 1;
        arm_fpscr_write(s, (arm_fpscr_read(s) & ~FPDSCR_MODES) | (s->m.fpdscr & FPDSCR_MODES));
    }
    arm_m_state_changed(s);
    s->itstate = arm_insn_it(s);
    arm_leave(s, arm_insn_pc(s));
    return 0;
}
