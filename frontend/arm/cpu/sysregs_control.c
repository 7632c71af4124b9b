/* Identification and system control registers whose accesses do more than read or write a field. */
#include "frontend/arm/cpu/arm_fp.h"
#include "frontend/arm/cpu/psr.h"
#include "frontend/arm/cpu/sysregs_internal.h"
#include "util/bits.h"

uint64_t arm_sr_midr_read(struct arm_state *s, const struct arm_sysreg *r)
{
    bool virtual_id = arm_state_has(s, ARM_FEATURE(VIRT)) && !s->secure && s->mode != ARM_MODE_HYP;

    return virtual_id ? s->cp15.vpidr : s->model->midr;
}

/* Affinity levels: clusters of eight, as the interrupt controller can serve. Before the
 * Multiprocessing Extensions the register reads as MIDR (ARMv6) or zero. */
uint64_t arm_sr_mpidr_read(struct arm_state *s, const struct arm_sysreg *r)
{
    if (!arm_state_has(s, ARM_FEATURE(MP)))
        return arm_state_has(s, ARM_FEATURE(V7)) ? 0 : s->model->midr;
    return BIT(31) | (s->index >> 3) << 8 | (s->index & 7);
}

/* The extensions that options took away are not announced. */
uint64_t arm_sr_id_pfr1_read(struct arm_state *s, const struct arm_sysreg *r)
{
    uint32_t v = s->model->id_pfr1;

    if (!arm_state_has(s, ARM_FEATURE(SEC)))
        v &= ~0xf0u;
    if (!arm_state_has(s, ARM_FEATURE(VIRT)))
        v &= ~0xf000u;
    return v;
}

uint64_t arm_sr_ccsidr_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return s->model->ccsidr[s->cp15.csselr[arm_sysreg_bank(s)] & 15];
}

void arm_sr_csselr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    s->cp15.csselr[arm_sysreg_bank(s)] = value & 15;
}

uint64_t arm_sr_isr_read(struct arm_state *s, const struct arm_sysreg *r)
{
    uint32_t lines = atomic_load_explicit(&s->irq_lines, memory_order_relaxed);

    return (lines & ARM_LINE_IRQ ? ARM_PSR_I : 0) | (lines & ARM_LINE_FIQ ? ARM_PSR_F : 0);
}

uint64_t arm_sr_cbar_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return s->cbar;
}

uint64_t arm_sr_l2ctlr_read(struct arm_state *s, const struct arm_sysreg *r)
{
    uint32_t last = s->cpu_count - 1;

    return (last < 3 ? last : 3) << 24;
}

/* ---- control -------------------------------------------------------------------------------- */

enum {
    SCTLR_V5_WRITABLE = 0x0000f38f, /* M A C W B S R F Z I V RR L4 */
    SCTLR_V6_WRITABLE = 0x37e0bb07,
    SCTLR_V7_WRITABLE = 0x72003c07 | BIT(14),
    SCTLR_LPAE_WRITABLE = 0x00180020, /* WXN, UWXN, CP15BEN */
};

/* Bits of SCTLR that change the meaning of table entries: those made before must go. M and the like
 * are in the context's key. */
#define SCTLR_CACHED (BIT(8) | BIT(9) | BIT(19) | BIT(20) | BIT(23) | BIT(25) | BIT(28) | BIT(29))

void arm_sr_sctlr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    uint32_t *sctlr = &s->cp15.sctlr[arm_sysreg_bank(s)];
    uint32_t old = *sctlr, mask = SCTLR_V5_WRITABLE;

    if (arm_state_has(s, ARM_FEATURE(V7)))
        mask = SCTLR_V7_WRITABLE | (arm_state_has(s, ARM_FEATURE(LPAE)) ? SCTLR_LPAE_WRITABLE : 0);
    else if (arm_state_has(s, ARM_FEATURE(V6)))
        mask = SCTLR_V6_WRITABLE;
    *sctlr = (old & ~mask) | ((uint32_t)value & mask);
    if ((old ^ *sctlr) & SCTLR_CACHED)
        s->ops->tlb_invalidate(s, ARM_TLB_ALL, 0, 0, false);
    if (old != *sctlr)
        arm_state_changed(s);
}

/* Only the fields of coprocessors 10 and 11 exist: ASEDIS and D32DIS, of which an implementation
 * may have neither, read as zero. */
void arm_sr_cpacr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    uint32_t mask = arm_state_has(s, ARM_FEATURE(VFP2)) ? 0x00f00000 : 0;

    s->cp15.cpacr = (uint32_t)value & mask;
    arm_fp_update(s);
}

void arm_sr_scr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    uint32_t mask = arm_state_has(s, ARM_FEATURE(VIRT)) ? 0x3ff : 0x7f;

    s->cp15.scr = (uint32_t)value & mask;
    arm_state_changed(s);
}

void arm_sr_vbar_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    uint32_t *vbar = (uint32_t *)((uint8_t *)&s->cp15 + r->field);

    vbar[r->flags & ARM_CP_BANKED ? arm_sysreg_bank(s) : 0] = (uint32_t)value & ~0x1fu;
}

/* ---- translation control -------------------------------------------------------------------- */

/* Disable bits of both formats, and A1: parts of the context's key, so no entry becomes wrong. */
#define TTBCR_IN_KEY (BIT(4) | BIT(5) | BIT(7) | BIT(22) | BIT(23))

void arm_sr_ttbcr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    uint32_t *ttbcr = &s->cp15.ttbcr[arm_sysreg_bank(s)];
    uint32_t old = *ttbcr, v = (uint32_t)value;

    if (!arm_state_has(s, ARM_FEATURE(LPAE)) || !(v & BIT(31)))
        v &= 0x37;
    *ttbcr = v;
    if ((old ^ v) & ~TTBCR_IN_KEY)
        s->ops->tlb_invalidate(s, ARM_TLB_ALL, 0, 0, false);
    if (old != v)
        arm_state_changed(s);
}

/* A new base is used by walks from now on; only a change of the ASID selects another context. */
void arm_sr_ttbr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    uint64_t *ttbr = (uint64_t *)((uint8_t *)&s->cp15 + r->field) + arm_sysreg_bank(s);
    uint64_t old = *ttbr;

    *ttbr = value;
    if ((old ^ value) >> 48)
        arm_state_changed(s);
}

void arm_sr_contextidr_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    uint32_t *contextidr = &s->cp15.contextidr[arm_sysreg_bank(s)];
    uint32_t old = *contextidr;

    *contextidr = (uint32_t)value;
    if ((old ^ *contextidr) & 0xff)
        arm_state_changed(s);
}

/* PRRR and NMRR share their encoding with MAIR0 and MAIR1: TTBCR.EAE says which it is. The row's
 * field is the short format's. */
static uint32_t *mair_field(struct arm_state *s, const struct arm_sysreg *r)
{
    unsigned bank = arm_sysreg_bank(s);
    bool first = r->field == offsetof(struct arm_cp15, prrr);

    if (s->cp15.ttbcr[bank] & BIT(31))
        return first ? &s->cp15.mair0[bank] : &s->cp15.mair1[bank];
    return first ? &s->cp15.prrr[bank] : &s->cp15.nmrr[bank];
}

uint64_t arm_sr_mair_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return *mair_field(s, r);
}

void arm_sr_mair_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    *mair_field(s, r) = (uint32_t)value;
}

/* ---- debug: the OS lock --------------------------------------------------------------------- */

enum { OS_LOCK_KEY = 0xc5acce55 };

/* scratch[0] counts as "unlocked", so that the lock is set at reset. */
void arm_sr_dbgoslar_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    s->cp15.scratch[0] = (uint32_t)value != (uint32_t)OS_LOCK_KEY;
}

uint64_t arm_sr_dbgoslsr_read(struct arm_state *s, const struct arm_sysreg *r)
{
    return 8 | (s->cp15.scratch[0] ? 0 : 2);
}
