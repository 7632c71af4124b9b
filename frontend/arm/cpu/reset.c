/* Initialisation, reset and the field list. */
#include <string.h>

#include "frontend/arm/cpu/arm_fp.h"
#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/cpu/m/m_fields.h"
#include "frontend/arm/cpu/psr.h"
#include "frontend/arm/cpu/sysregs.h"
#include "util/bits.h"

void arm_cpu_init(struct arm_state *s, const struct arm_cpu_config *config)
{
    uint64_t features = config->model->features;

    memset(s, 0, sizeof(*s));
    if (!config->secure)
        features &= ~ARM_FEATURE(SEC);
    if (!config->virtualization)
        features &= ~ARM_FEATURE(VIRT);
    s->model = config->model;
    s->features = features;
    s->index = config->index;
    s->cpu_count = config->count;
    s->cbar = config->cbar ? config->cbar : config->model->cbar;
    s->ops = config->ops;
    s->ops_opaque = config->ops_opaque;
    s->mode = ARM_MODE_SVC;
    if (config->m)
        s->m_config = *config->m;
    arm_cpu_reset(s);
}

/* The mode that the CPU starts in (B1.9.1): Supervisor, in Secure state where there is one; Hyp
 * when there is no Secure state but Virtualization Extensions. */
static unsigned reset_mode(const struct arm_state *s)
{
    if (arm_state_has(s, ARM_FEATURE(VIRT)) && !arm_state_has(s, ARM_FEATURE(SEC)))
        return ARM_MODE_HYP;
    return ARM_MODE_SVC;
}

void arm_cpu_reset(struct arm_state *s)
{
    uint32_t psr = reset_mode(s) | ARM_PSR_I | ARM_PSR_F, sctlr;

    memset(s->r, 0, sizeof(s->r));
    memset(s->d, 0, sizeof(s->d));
    memset(s->bank, 0, sizeof(s->bank));
    memset(s->usr_r8_r12, 0, sizeof(s->usr_r8_r12));
    memset(s->fiq_r8_r12, 0, sizeof(s->fiq_r8_r12));
    memset(&s->cp15, 0, sizeof(s->cp15));
    s->elr_hyp = 0;
    s->exclusive_addr = s->exclusive_size = 0;
    s->exclusive_value = s->exclusive_version = 0;
    s->env.fp_flags = s->env.fp_rounding = 0;
    s->env.raised = s->env.slow_dispatch = 0;
    s->fpscr = s->fp_nzcv = s->fpexc = s->fpinst = s->fpinst2 = 0;
    s->fpsid = s->model->fpsid;
    s->event = s->halted = 0;
    s->secure = arm_state_has(s, ARM_FEATURE(SEC));
    if (arm_is_m(s)) {
        arm_m_reset(s);
        return;
    }
    arm_sysregs_reset(s);
    sctlr = s->cp15.sctlr[s->secure];
    if (arm_state_has(s, ARM_FEATURE(V6)))
        psr |= ARM_PSR_A | (sctlr & BIT(25) ? ARM_PSR_E : 0);
    if ((sctlr & BIT(30)) && arm_state_has(s, ARM_FEATURE(T2)))
        psr |= ARM_PSR_T;
    s->mode = psr & ARM_PSR_M; /* nothing to bank */
    arm_cpsr_write(s, psr);
    s->env.pc = sctlr & BIT(13) ? 0xffff0000u : 0;
    s->env.raised = s->env.slow_dispatch = 0;
    arm_fp_update(s);
}

void arm_cpu_loaded(struct arm_state *s)
{
    if (arm_is_m(s))
        arm_m_loaded(s);
    arm_state_changed(s);
}

#define S(member) FIELD(struct arm_state, member)
#define SA(member) FIELD_ARRAY(struct arm_state, member)
/* A struct of 32-bit words as an array of these. */
#define SW(member)                                                                                 \
    {#member, offsetof(struct arm_state, member), 4, sizeof(((struct arm_state *)0)->member) / 4}

static const struct field fields[] = {
    /* clang-format off */
    S(env.pc), SA(env.nzcv), S(env.icount), SA(r), S(thumb), S(itstate), S(q), S(ge), S(big_endian),
    S(mask_a), S(mask_i), S(mask_f), S(mode), S(jazelle), S(secure), S(event), S(halted),
    S(irq_lines), S(exclusive_addr), S(exclusive_size), S(exclusive_value), S(exclusive_version),
    SA(d), S(fpscr), S(fp_nzcv), S(env.fp_flags), S(fpexc), S(fpinst), S(fpinst2), S(fpsid),
    SW(bank), SA(usr_r8_r12), SA(fiq_r8_r12), S(elr_hyp), SW(cp15),
    ARM_M_FIELDS(S, SA),
    /* clang-format on */
};

const struct field_list arm_cpu_fields = {
    .name = "arm-cpu", .struct_size = sizeof(struct arm_state), .fields = fields,
    .count = ARRAY_SIZE(fields),
};
