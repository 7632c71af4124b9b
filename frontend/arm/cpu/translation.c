/* The state's view for address translation: register view, and the key of the context. */
#include <string.h>

#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/cpu/m/mpu.h"
#include "frontend/arm/fp/fpscr.h"
#include "util/bits.h"

#define SCTLR_M BIT(0)
#define TTBCR_EAE BIT(31)
#define HCR_VM BIT(0)

static bool uses_lpae(const struct arm_state *s)
{
    return arm_state_has(s, ARM_FEATURE(LPAE)) && (s->cp15.ttbcr[s->secure] & TTBCR_EAE);
}

static bool has_fcse(const struct arm_state *s)
{
    return !arm_state_has(s, ARM_FEATURE(V7));
}

static bool stage2_enabled(const struct arm_state *s)
{
    return arm_state_has(s, ARM_FEATURE(VIRT)) && !s->secure && s->mode != ARM_MODE_HYP &&
           (s->cp15.hcr & HCR_VM);
}

/* Key: DACR 0..31, ASID 32..39, then one bit for each of the conditions below, then VMID or FCSE
 * process. What a TLB may cache beyond its maintenance (SCTLR.TRE and the like) is not in the key:
 * writing these registers invalidates. */
enum {
    KEY_ASID = 32,
    KEY_USER = 40,
    KEY_BIG_ENDIAN,
    KEY_STRICT,
    KEY_ROTATE,
    KEY_MMU,
    KEY_SECURE,
    KEY_HYP,
    KEY_LPAE,
    KEY_DISABLE0,
    KEY_DISABLE1,
    KEY_A1,
    KEY_STAGE2,
    KEY_FP_SPECIAL,
    KEY_FP_ROUNDING,
    KEY_FP_FLUSH,
    KEY_FP_DEFAULT_NAN,
    KEY_VMID,
};

static uint64_t flag(bool on, unsigned bit)
{
    return (uint64_t)on << bit;
}

/* Tables that TTBCR disables, and the domain register: what the format in use looks at. */
static uint64_t regime_key(const struct arm_state *s, bool lpae)
{
    uint32_t ttbcr = s->cp15.ttbcr[s->secure];

    if (lpae)
        return flag(true, KEY_LPAE) | flag(bit_get(ttbcr, 7), KEY_DISABLE0) |
               flag(bit_get(ttbcr, 23), KEY_DISABLE1) | flag(bit_get(ttbcr, 22), KEY_A1);
    return s->cp15.dacr[s->secure] | flag(bit_get(ttbcr, 4), KEY_DISABLE0) |
           flag(bit_get(ttbcr, 5), KEY_DISABLE1);
}

static uint32_t current_asid(const struct arm_state *s, bool lpae)
{
    const struct arm_cp15 *c = &s->cp15;

    if (!lpae)
        return arm_state_has(s, ARM_FEATURE(V6)) ? c->contextidr[s->secure] & 0xff : 0;
    return (uint32_t)bits_get64(bit_get(c->ttbcr[s->secure], 22) ? c->ttbr1[s->secure]
                                                                 : c->ttbr0[s->secure], 48, 8);
}

static void a_context_key(const struct arm_state *s, uint64_t *key, uint32_t *asid)
{
    bool hyp = s->mode == ARM_MODE_HYP, lpae = uses_lpae(s);
    uint32_t sctlr = hyp ? s->cp15.hsctlr : s->cp15.sctlr[s->secure];
    bool rotate = has_fcse(s) && (!arm_state_has(s, ARM_FEATURE(V6)) || !(sctlr & BIT(22)));

    *key = flag(s->mode == ARM_MODE_USR, KEY_USER) | flag(s->big_endian, KEY_BIG_ENDIAN) |
           flag(sctlr & BIT(1), KEY_STRICT) | flag(rotate, KEY_ROTATE) |
           flag(sctlr & SCTLR_M, KEY_MMU) | flag(s->secure, KEY_SECURE) | flag(hyp, KEY_HYP) |
           flag(s->fpscr & FPSCR_SPECIAL, KEY_FP_SPECIAL) |
           flag(s->env.fp_rounding, KEY_FP_ROUNDING) | flag(s->fpscr & FPSCR_FZ, KEY_FP_FLUSH) |
           flag(s->fpscr & FPSCR_DN, KEY_FP_DEFAULT_NAN);
    *asid = 0;
    if ((sctlr & SCTLR_M) && !hyp) {
        *asid = current_asid(s, lpae);
        *key |= regime_key(s, lpae) | (uint64_t)*asid << KEY_ASID;
    }
    if (stage2_enabled(s))
        *key |= flag(true, KEY_STAGE2) | (uint64_t)bits_get64(s->cp15.vttbr, 48, 8) << KEY_VMID;
    else if (has_fcse(s))
        *key |= (uint64_t)(s->cp15.fcseidr[s->secure] >> 25) << KEY_VMID;
}

void arm_context_key(const struct arm_state *s, uint64_t *key, uint32_t *asid)
{
    if (arm_is_m(s))
        m_context_key(s, key, asid);
    else
        a_context_key(s, key, asid);
}

static uint32_t walk_arch(const struct arm_state *s)
{
    uint32_t arch = 0;

    if (arm_state_has(s, ARM_FEATURE(V6)))
        arch |= ARM_WALK_V6;
    if (arm_state_has(s, ARM_FEATURE(V7)))
        arch |= ARM_WALK_V7 | (s->model->id_mmfr[3] >> 28 ? 0 : ARM_WALK_SUPERSECTION);
    else if (arm_state_has(s, ARM_FEATURE(V6)))
        arch |= ARM_WALK_SUPERSECTION;
    if (arm_state_has(s, ARM_FEATURE(LPAE))) /* LPAE comes with PXN, and with WXN */
        arch |= ARM_WALK_LPAE | ARM_WALK_PXN | ARM_WALK_VIRT;
    if (has_fcse(s))
        arch |= ARM_WALK_FCSE;
    return arch;
}

static void hyp_regs(const struct arm_state *s, struct arm_walk_regs *r)
{
    r->hyp = true;
    r->ttbr0 = s->cp15.httbr;
    r->ttbcr = s->cp15.htcr;
    r->sctlr = s->cp15.hsctlr;
    r->mair0 = s->cp15.hmair0;
    r->mair1 = s->cp15.hmair1;
}

void arm_walk_regs_get(const struct arm_state *s, struct arm_walk_regs *r)
{
    const struct arm_cp15 *c = &s->cp15;
    unsigned n = s->secure;

    memset(r, 0, sizeof(*r));
    r->arch = walk_arch(s);
    r->secure = n;
    if (s->mode == ARM_MODE_HYP) {
        hyp_regs(s, r);
        return;
    }
    r->ttbr0 = c->ttbr0[n];
    r->ttbr1 = c->ttbr1[n];
    r->ttbcr = c->ttbcr[n];
    r->sctlr = c->sctlr[n];
    r->dacr = c->dacr[n];
    r->prrr = c->prrr[n];
    r->nmrr = c->nmrr[n];
    r->mair0 = c->mair0[n];
    r->mair1 = c->mair1[n];
    r->fcseidr = c->fcseidr[n];
    r->sif = c->scr & BIT(9);
    r->stage2 = stage2_enabled(s);
    r->ptw = c->hcr & BIT(2);
    r->vttbr = c->vttbr;
    r->vtcr = c->vtcr;
}

bool arm_translate_va(const struct arm_state *s, uint32_t va, enum arm_access access,
                      bool privileged, struct arm_translation *out, struct arm_fault *fault)
{
    const struct arm_walk_memory memory = {.read = s->ops->read_phys, .opaque = (void *)s};
    struct arm_walk_regs regs;

    if (arm_is_m(s))
        return m_translate(s, va, access, privileged, out, fault);
    arm_walk_regs_get(s, &regs);
    return arm_walk(&regs, &memory, va, access, privileged, out, fault);
}

bool arm_translate_debug(const struct arm_state *s, uint32_t va, uint64_t *phys)
{
    const struct arm_walk_memory memory = {.read = s->ops->read_phys, .opaque = (void *)s};
    struct arm_translation out = {.phys = va};
    struct arm_walk_regs regs;
    struct arm_fault fault;
    bool ok = true;

    if (!arm_is_m(s)) {
        arm_walk_regs_get(s, &regs);
        regs.past_rights = true;
        ok = arm_walk(&regs, &memory, va, ARM_ACCESS_READ, true, &out, &fault);
    }
    *phys = out.phys;
    return ok;
}
