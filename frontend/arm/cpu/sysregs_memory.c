/* TLB maintenance and address translation operations. */
#include "frontend/arm/cpu/sysregs_internal.h"
#include "util/bits.h"

enum { TLB_BROADCAST = 16 };

void arm_sr_tlb_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    enum arm_tlb_scope scope = (enum arm_tlb_scope)(r->reset & 15);

    if (s->cp15.fcseidr[s->secure] && scope == ARM_TLB_VA)
        scope =
            ARM_TLB_ALL; /* the operand is a modified address, contexts are by virtual address */
    s->ops->tlb_invalidate(s, scope, (uint32_t)value & ~0xfffu, (uint32_t)value & 0xff,
                           r->reset & TLB_BROADCAST);
}

/* Cache policy of a MAIR nibble as the short PAR codes it in two bits. */
static unsigned short_policy(unsigned nibble)
{
    if (nibble == 4)
        return 0; /* non-cacheable */
    if ((nibble & 0xc) == 0xc)
        return nibble & 1 ? 1 : 3; /* write-back, with or without write-allocate */
    return 2; /* write-through */
}

static uint32_t short_par(const struct arm_translation *t)
{
    uint32_t par = (uint32_t)(t->nonsecure ? BIT(9) : 0) | (t->share ? BIT(7) : 0) |
                   (t->share == ARM_SHARE_INNER ? 0 : BIT(10));
    unsigned inner, outer = 0;

    if (t->memory == ARM_MEMORY_NORMAL) {
        inner = short_policy(t->attributes & 15);
        inner = inner ? inner | 4 : 0;
        outer = short_policy(t->attributes >> 4);
    } else {
        inner = t->memory == ARM_MEMORY_DEVICE ? 3 : 1;
    }
    par |= inner << 4 | outer << 2;
    if (t->page_bits == 24)
        return par | BIT(1) | (uint32_t)(t->phys & 0xff000000u) |
               (uint32_t)(t->phys >> 32 & 0xff) << 16;
    return par | (uint32_t)(t->phys & 0xfffff000u);
}

static uint64_t long_par(const struct arm_translation *t)
{
    return (uint64_t)t->attributes << 56 | (t->phys & 0xfffffff000ull) | BIT(11) |
           (t->nonsecure ? BIT(9) : 0) | (uint64_t)t->share << 7;
}

static uint64_t fault_par(const struct arm_fault *fault, bool lpae)
{
    uint32_t status;

    if (lpae)
        return BIT(11) | 1 | (uint64_t)arm_fault_status_long(fault) << 1 |
               (fault->stage2 ? BIT(9) : 0) | (fault->s1ptw ? BIT(8) : 0);
    status = arm_fault_status(fault, false);
    return 1 | (uint64_t)((status & 15) | (status >> 10 & 1) << 4) << 1;
}

/* ATS1CPR, CPW, CUR, CUW: the present state's stage 1 (bit 0 of the parameter: write, bit 1:
 * unprivileged). With 4 (ATS12NSO) stage 2 counts as well; 8 is Hyp mode's regime. */
void arm_sr_ats_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t va)
{
    const struct arm_walk_memory memory = {.read = s->ops->read_phys, .opaque = s};
    unsigned what = r->reset, mode = s->mode, secure = s->secure;
    struct arm_translation t;
    struct arm_walk_regs regs;
    struct arm_fault fault;
    bool ok, lpae;

    if (what & 8)
        s->mode = ARM_MODE_HYP;
    else if (s->mode == ARM_MODE_HYP || s->mode == ARM_MODE_MON)
        s->mode = ARM_MODE_SVC;
    s->secure = what & 12 ? 0 : arm_sysreg_bank(s);
    arm_walk_regs_get(s, &regs);
    s->mode = (uint8_t)mode;
    s->secure = (uint8_t)secure;
    if (!(what & 4))
        regs.stage2 = false;
    ok = arm_walk(&regs, &memory, (uint32_t)va, what & 1 ? ARM_ACCESS_WRITE : ARM_ACCESS_READ,
                  !(what & 2), &t, &fault);
    lpae = arm_walk_uses_lpae(&regs) || regs.stage2;
    s->cp15.par[arm_sysreg_bank(s)] = !ok    ? fault_par(&fault, lpae)
                                      : lpae ? long_par(&t)
                                             : short_par(&t);
}
