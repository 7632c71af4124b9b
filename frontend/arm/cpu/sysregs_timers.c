/*
 * Performance monitor and generic timer.
 *
 * The cycle counter runs on ops->cycles: pmccntr holds its value while it is stopped, and the
 * difference to the cycles while it runs. Event counters count only what software adds.
 */
#include "frontend/arm/cpu/psr.h"
#include "frontend/arm/cpu/sysregs_internal.h"
#include "util/bits.h"

/* ---- performance monitor (C12) -------------------------------------------------------------- */

enum { PMCR_E = 1, PMCR_P = 2, PMCR_C = 4, PMCR_WRITABLE = 0x39 };
#define PMCNTEN_C BIT(31) /* of PMCNTENSET and the like: the cycle counter */
enum { EVENT_SW_INCR = 0x00 };

/* With PMUSERENR.EN unprivileged code has the same access. */
bool arm_sr_pmu_permitted(const struct arm_state *s, const struct arm_sysreg *r, bool write)
{
    return arm_is_privileged(s) || (s->cp15.pmuserenr & 1);
}

bool arm_sr_pmuserenr_permitted(const struct arm_state *s, const struct arm_sysreg *r, bool write)
{
    return arm_is_privileged(s) || !write;
}

static unsigned counter_count(const struct arm_state *s)
{
    unsigned n = bits_get(s->model->pmcr_reset, 11, 5);

    return n < ARRAY_SIZE(s->cp15.pmxevcntr) ? n : ARRAY_SIZE(s->cp15.pmxevcntr);
}

static uint32_t counter_bits(const struct arm_state *s)
{
    return PMCNTEN_C | (BIT(counter_count(s)) - 1);
}

static bool cycles_run(const struct arm_state *s)
{
    return (s->cp15.pmcr & PMCR_E) && (s->cp15.pmcntenset & PMCNTEN_C);
}

uint64_t arm_sr_pmccntr_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return cycles_run(s) ? (uint32_t)s->ops->cycles(s) - s->cp15.pmccntr : s->cp15.pmccntr;
}

void arm_sr_pmccntr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    s->cp15.pmccntr =
        cycles_run(s) ? (uint32_t)s->ops->cycles(s) - (uint32_t)value : (uint32_t)value;
}

/* Change what makes the counter run, keeping its value. */
static void set_running(struct arm_state *s, uint32_t pmcr, uint32_t cntenset)
{
    uint64_t value = arm_sr_pmccntr_read(s, NULL);

    s->cp15.pmcr = pmcr;
    s->cp15.pmcntenset = cntenset;
    arm_sr_pmccntr_write(s, NULL, value);
}

uint64_t arm_sr_pmcr_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return (s->model->pmcr_reset & ~0xffu) | s->cp15.pmcr;
}

void arm_sr_pmcr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    set_running(s, (uint32_t)value & PMCR_WRITABLE, s->cp15.pmcntenset);
    if (value & PMCR_C)
        arm_sr_pmccntr_write(s, NULL, 0);
    if (value & PMCR_P)
        for (unsigned i = 0; i < ARRAY_SIZE(s->cp15.pmxevcntr); i++)
            s->cp15.pmxevcntr[i] = 0;
}

void arm_sr_pmcnten_set(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    set_running(s, s->cp15.pmcr, s->cp15.pmcntenset | ((uint32_t)value & counter_bits(s)));
}

void arm_sr_pmcnten_clear(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    set_running(s, s->cp15.pmcr, s->cp15.pmcntenset & ~(uint32_t)value);
}

void arm_sr_pmset_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    *(uint32_t *)((uint8_t *)&s->cp15 + r->field) |= (uint32_t)value & counter_bits(s);
}

void arm_sr_pmclear_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    *(uint32_t *)((uint8_t *)&s->cp15 + r->field) &= ~(uint32_t)value;
}

void arm_sr_pmswinc_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    uint32_t counting = s->cp15.pmcr & PMCR_E ? (uint32_t)value & s->cp15.pmcntenset : 0;

    for (unsigned i = 0; i < counter_count(s); i++)
        if (bit_get(counting, i) && (s->cp15.pmxevtyper[i] & 0xff) == EVENT_SW_INCR)
            s->cp15.pmxevcntr[i]++;
}

void arm_sr_pmselr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    s->cp15.pmselr = value & 31;
}

/* The selected event counter's slot; NULL when there is no such counter. */
static uint32_t *selected(struct arm_state *s, uint32_t *array)
{
    return s->cp15.pmselr < counter_count(s) ? &array[s->cp15.pmselr] : NULL;
}

uint64_t arm_sr_pmxevtyper_read(struct arm_state *s, const struct arm_sysreg *r)
{
    uint32_t *type = selected(s, s->cp15.pmxevtyper);

    return type ? *type : 0;
}

void arm_sr_pmxevtyper_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    uint32_t *type = selected(s, s->cp15.pmxevtyper);

    if (type)
        *type = (uint32_t)value & 0xf80000ffu;
}

uint64_t arm_sr_pmxevcntr_read(struct arm_state *s, const struct arm_sysreg *r)
{
    uint32_t *count = selected(s, s->cp15.pmxevcntr);

    return count ? *count : 0;
}

void arm_sr_pmxevcntr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    uint32_t *count = selected(s, s->cp15.pmxevcntr);

    if (count)
        *count = (uint32_t)value;
}

/* Events that exist: software increment and, by the cycle counter, cycles. */
uint64_t arm_sr_pmceid0_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return BIT(EVENT_SW_INCR) | BIT(0x11);
}

/* ---- generic timer (B8) --------------------------------------------------------------------- */

enum { CNT_PL0PCTEN = 1, CNT_PL0VCTEN = 2, CNT_PL0VTEN = 0x100, CNT_PL0PTEN = 0x200 };
enum { CNTHCTL_PL1PCTEN = 1, CNTHCTL_PL1PCEN = 2 };

/* Does Hyp mode let Non-secure PL1 and PL0 at the physical counter or timer (@bit)? */
static bool hyp_permits(const struct arm_state *s, uint32_t bit)
{
    return !arm_state_has(s, ARM_FEATURE(VIRT)) || s->secure || s->mode == ARM_MODE_HYP ||
           (s->cp15.cnthctl & bit);
}

/* The counters; the row's parameter is 1 for the virtual one. */
bool arm_sr_counter_permitted(const struct arm_state *s, const struct arm_sysreg *r, bool write)
{
    if (!arm_is_privileged(s) && !(s->cp15.cntkctl & (r->reset ? CNT_PL0VCTEN : CNT_PL0PCTEN)))
        return false;
    return r->reset || hyp_permits(s, CNTHCTL_PL1PCTEN);
}

bool arm_sr_timer_permitted(const struct arm_state *s, const struct arm_sysreg *r, bool write)
{
    bool virtual_timer = r->reset >> 4 == ARM_TIMER_VIRT;

    if (!arm_is_privileged(s) && !(s->cp15.cntkctl & (virtual_timer ? CNT_PL0VTEN : CNT_PL0PTEN)))
        return false;
    return virtual_timer || hyp_permits(s, CNTHCTL_PL1PCEN);
}

/* Unprivileged reads with access to either counter; writes by the most privileged state. */
bool arm_sr_cntfrq_permitted(const struct arm_state *s, const struct arm_sysreg *r, bool write)
{
    if (write)
        return s->secure || !arm_state_has(s, ARM_FEATURE(SEC));
    return arm_is_privileged(s) || (s->cp15.cntkctl & (CNT_PL0PCTEN | CNT_PL0VCTEN));
}

/* Firmware programs it; until then it reads as the real frequency. */
uint64_t arm_sr_cntfrq_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return s->cp15.cntfrq ? s->cp15.cntfrq : s->ops->counter_frequency(s);
}

uint64_t arm_sr_cntpct_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return s->ops->counter(s);
}

uint64_t arm_sr_cntvct_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return s->ops->counter(s) - s->cp15.cntvoff;
}

void arm_sr_cntvoff_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    s->cp15.cntvoff = value;
    if (s->ops->counter_offset_changed)
        s->ops->counter_offset_changed(s);
}

/* The physical timer of PL1 has a Secure and a Non-secure instance. */
static enum arm_timer timer_of(const struct arm_state *s, const struct arm_sysreg *r)
{
    enum arm_timer timer = (enum arm_timer)(r->reset >> 4);

    return timer == ARM_TIMER_PHYS && arm_sysreg_bank(s) ? ARM_TIMER_PHYS_SECURE : timer;
}

uint64_t arm_sr_timer_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return s->ops->timer_read(s, timer_of(s, r), (enum arm_timer_reg)(r->reset & 15));
}

void arm_sr_timer_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    s->ops->timer_write(s, timer_of(s, r), (enum arm_timer_reg)(r->reset & 15), value);
}
