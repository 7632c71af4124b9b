/*
 * Short descriptors: the ARMv6/v7 format, and the ARMv4/v5 format with subpages and fine tables
 * that ARMv6 keeps behind SCTLR.XP = 0.
 */
#include "softmmu/arm/arm_walk_internal.h"
#include "util/bits.h"

/* MAIR nibble of the two-bit cache policy {C,B}: non-cacheable, write-back allocate,
 * write-through, write-back. */
static const uint8_t policy_mair[4] = {0x4, 0xf, 0xa, 0xe};

static void set_normal(struct arm_translation *out, unsigned inner, unsigned outer, bool shared)
{
    out->memory = ARM_MEMORY_NORMAL;
    out->attributes = (uint8_t)(policy_mair[outer] << 4 | policy_mair[inner]);
    out->share = shared ? ARM_SHARE_INNER : ARM_SHARE_NONE;
}

static void set_device(struct arm_translation *out, enum arm_memory kind)
{
    out->memory = (uint8_t)kind;
    out->attributes = kind == ARM_MEMORY_DEVICE ? 0x04 : 0x00;
    out->share = ARM_SHARE_OUTER;
}

/* TEX, C, B without remapping (B3.8.2). Reserved values are Strongly-ordered. */
static void attributes_plain(struct arm_translation *out, unsigned tex, unsigned cb, bool shared)
{
    if (tex & 4)
        set_normal(out, cb, tex & 3, shared);
    else if (tex == 0 && cb >= 2)
        set_normal(out, cb, cb, shared);
    else if (tex == 1 && cb == 0)
        set_normal(out, 0, 0, shared);
    else if (tex == 1 && cb == 3)
        set_normal(out, 1, 1, shared);
    else if ((tex == 0 && cb == 1) || (tex == 2 && cb == 0))
        set_device(out, ARM_MEMORY_DEVICE);
    else
        set_device(out, ARM_MEMORY_STRONGLY_ORDERED);
}

/* TEX[0], C, B through PRRR and NMRR (B3.8.3). */
static void attributes_remapped(struct arm_walker *w, unsigned tex, unsigned cb, bool shared)
{
    unsigned region = (tex & 1) << 2 | cb;
    unsigned kind = bits_get(w->regs->prrr, region * 2, 2);

    if (kind != 2) {
        set_device(w->out, kind == 1 ? ARM_MEMORY_DEVICE : ARM_MEMORY_STRONGLY_ORDERED);
        return;
    }
    shared = bit_get(w->regs->prrr, shared ? 19 : 18);
    set_normal(w->out, bits_get(w->regs->nmrr, region * 2, 2),
               bits_get(w->regs->nmrr, 16 + region * 2, 2), shared);
    if (shared && !bit_get(w->regs->prrr, 24 + region))
        w->out->share = ARM_SHARE_OUTER;
}

static void set_attributes(struct arm_walker *w, unsigned tex, unsigned cb, bool shared)
{
    if (w->regs->sctlr & SCTLR_TRE)
        attributes_remapped(w, tex, cb, shared);
    else
        attributes_plain(w->out, tex, cb, shared);
}

/* Address of the first-level descriptor; false: walks of this half are disabled. */
static bool level1_address(struct arm_walker *w, uint64_t *phys)
{
    unsigned n = w->regs->arch & ARM_WALK_V6 ? w->regs->ttbcr & 7 : 0;
    bool upper = n && w->va >> (32 - n);
    uint32_t base = (uint32_t)(upper ? w->regs->ttbr1 : w->regs->ttbr0);

    if ((w->regs->arch & ARM_WALK_V6) && bit_get(w->regs->ttbcr, upper ? 5 : 4))
        return arm_walk_fail(w, ARM_FAULT_TRANSLATION, 1);
    if (upper)
        n = 0;
    base &= ~((1u << (14 - n)) - 1);
    *phys = base | (w->va << n >> n >> 20 << 2);
    return true;
}

/* The domain's word on the access: 0 none, 1 client, 3 manager. False: a fault was recorded. */
static bool domain_check(struct arm_walker *w, unsigned domain, unsigned level, bool *manager)
{
    unsigned access = bits_get(w->regs->dacr, domain * 2, 2);

    w->out->domain = w->fault->domain = (uint8_t)domain;
    w->fault->domain_valid = true;
    *manager = access == 3;
    if (access & 1)
        return true;
    return arm_walk_refuse(w, ARM_FAULT_DOMAIN, level);
}

/* Domain and rights of the mapping that was found. */
static bool finish(struct arm_walker *w, unsigned domain, unsigned level,
                   const struct arm_rights *rights)
{
    bool manager;

    if (!domain_check(w, domain, level, &manager))
        return false;
    if (manager) {
        w->out->read = w->out->write = w->out->exec = true;
        return true;
    }
    arm_walk_rights(w, rights);
    return arm_walk_check(w, level);
}

/* ---- ARMv6 and ARMv7 ------------------------------------------------------------------------ */

/* AFE: AP[0] is the access flag; a clear one is a fault. */
static bool access_flag(struct arm_walker *w, struct arm_rights *rights, unsigned level)
{
    rights->simplified = w->regs->sctlr & SCTLR_AFE;
    if (rights->simplified && !(rights->ap & 1))
        return arm_walk_refuse(w, ARM_FAULT_ACCESS_FLAG, level);
    return true;
}

static bool section(struct arm_walker *w, uint32_t desc)
{
    struct arm_translation *out = w->out;
    bool super = (w->regs->arch & ARM_WALK_SUPERSECTION) && bit_get(desc, 18);
    unsigned domain = super ? 0 : bits_get(desc, 5, 4);
    struct arm_rights rights = {
        .ap = bit_get(desc, 15) << 2 | bits_get(desc, 10, 2),
        .xn = bit_get(desc, 4),
        .pxn = (w->regs->arch & ARM_WALK_PXN) && bit_get(desc, 0),
    };

    w->fault->domain = (uint8_t)domain;
    w->fault->domain_valid = true;
    if (!access_flag(w, &rights, 1))
        return false;
    if (super) {
        out->phys = (uint64_t)bits_get(desc, 5, 4) << 36 | (uint64_t)bits_get(desc, 20, 4) << 32 |
                    (desc & 0xff000000u) | (w->va & 0xffffff);
        out->page_bits = 24;
    } else {
        out->phys = (desc & 0xfff00000u) | (w->va & 0xfffff);
        out->page_bits = 20;
    }
    out->global = !bit_get(desc, 17);
    out->nonsecure = !w->regs->secure || bit_get(desc, 19);
    set_attributes(w, bits_get(desc, 12, 3), bits_get(desc, 2, 2), bit_get(desc, 16));
    return finish(w, domain, 1, &rights);
}

static bool page_table(struct arm_walker *w, uint32_t l1)
{
    struct arm_translation *out = w->out;
    unsigned domain = bits_get(l1, 5, 4);
    struct arm_rights rights;
    uint64_t raw;
    uint32_t desc;
    bool large;

    w->fault->domain = (uint8_t)domain;
    w->fault->domain_valid = true;
    if (!arm_walk_descriptor(w, (l1 & ~0x3ffu) | bits_get(w->va, 12, 8) << 2, 4, 2, &raw))
        return false;
    desc = (uint32_t)raw;
    if (!(desc & 3))
        return arm_walk_fail(w, ARM_FAULT_TRANSLATION, 2);
    large = !(desc & 2);
    rights = (struct arm_rights){
        .ap = bit_get(desc, 9) << 2 | bits_get(desc, 4, 2),
        .xn = bit_get(desc, large ? 15 : 0),
        .pxn = (w->regs->arch & ARM_WALK_PXN) && bit_get(l1, 2),
    };
    if (!access_flag(w, &rights, 2))
        return false;
    out->page_bits = large ? 16 : 12;
    out->phys =
        large ? (desc & 0xffff0000u) | (w->va & 0xffff) : (desc & ~0xfffu) | (w->va & 0xfff);
    out->global = !bit_get(desc, 11);
    out->nonsecure = !w->regs->secure || bit_get(l1, 3);
    set_attributes(w, bits_get(desc, large ? 12 : 6, 3), bits_get(desc, 2, 2), bit_get(desc, 10));
    return finish(w, domain, 2, &rights);
}

static bool walk_v6(struct arm_walker *w, uint32_t desc)
{
    bool sections_have_pxn = w->regs->arch & ARM_WALK_PXN;

    switch (desc & 3) {
    case 1:
        return page_table(w, desc);
    case 3:
        if (!sections_have_pxn)
            break;
        return section(w, desc);
    case 2:
        return section(w, desc);
    }
    return arm_walk_fail(w, ARM_FAULT_TRANSLATION, 1);
}

/* ---- ARMv4, ARMv5, and ARMv6 with subpages -------------------------------------------------- */

/* Two-bit AP with SCTLR.S and R for the value 0 (DDI 0100I B4.3.1), as read and write rights. */
static bool finish_v5(struct arm_walker *w, unsigned domain, unsigned level, unsigned ap)
{
    uint32_t sctlr = w->regs->sctlr;
    struct arm_translation *out = w->out;
    bool manager;

    if (!domain_check(w, domain, level, &manager))
        return false;
    if (manager) {
        out->read = out->write = out->exec = true;
        return true;
    }
    if (ap == 0) {
        out->read = (sctlr & SCTLR_R) ? !(sctlr & SCTLR_S) : (sctlr & SCTLR_S) && w->privileged;
    } else {
        out->read = w->privileged || ap >= 2;
        out->write = w->privileged || ap == 3;
    }
    out->exec = out->read;
    return arm_walk_check(w, level);
}

static void attributes_v5(struct arm_walker *w, unsigned tex, unsigned cb)
{
    attributes_plain(w->out, w->regs->arch & ARM_WALK_V6 ? tex : 0, cb, false);
}

/* A page with four AP fields at bits 11..4, one per quarter of 1 << @bits bytes. When they differ a
 * quarter is all that can be mapped. */
static unsigned quarter_rights(struct arm_walker *w, uint32_t desc, unsigned bits)
{
    unsigned quarter = bits_get(w->va, bits - 2, 2);
    unsigned ap = bits_get(desc, 4 + quarter * 2, 2);

    w->out->page_bits = (uint8_t)(bits_get(desc, 4, 8) == ap * 0x55 ? bits : bits - 2);
    return ap;
}

static bool level2_v5(struct arm_walker *w, uint32_t l1)
{
    struct arm_translation *out = w->out;
    unsigned domain = bits_get(l1, 5, 4);
    bool fine = (l1 & 3) == 3;
    uint64_t phys = fine ? (l1 & ~0xfffu) | bits_get(w->va, 10, 10) << 2
                         : (l1 & ~0x3ffu) | bits_get(w->va, 12, 8) << 2;
    unsigned ap, tex = 0;
    uint64_t raw;
    uint32_t desc;

    w->fault->domain = (uint8_t)domain;
    w->fault->domain_valid = true;
    if (!arm_walk_descriptor(w, phys, 4, 2, &raw))
        return false;
    desc = (uint32_t)raw;
    switch (desc & 3) {
    case 0:
        return arm_walk_fail(w, ARM_FAULT_TRANSLATION, 2);
    case 1:
        ap = quarter_rights(w, desc, 16);
        tex = bits_get(desc, 12, 3);
        out->phys = (desc & 0xffff0000u) | (w->va & 0xffff);
        break;
    case 2:
        ap = quarter_rights(w, desc, 12);
        out->phys = (desc & ~0xfffu) | (w->va & 0xfff);
        break;
    default:
        ap = bits_get(desc, 4, 2);
        out->page_bits = fine ? 10 : 12; /* tiny page, or ARMv6's extended small page */
        if (!fine && !(w->regs->arch & ARM_WALK_V6))
            return arm_walk_fail(w, ARM_FAULT_TRANSLATION, 2);
        tex = fine ? 0 : bits_get(desc, 6, 3);
        out->phys = fine ? (desc & ~0x3ffu) | (w->va & 0x3ff) : (desc & ~0xfffu) | (w->va & 0xfff);
        break;
    }
    attributes_v5(w, tex, bits_get(desc, 2, 2));
    return finish_v5(w, domain, 2, ap);
}

static bool walk_v5(struct arm_walker *w, uint32_t desc)
{
    w->out->global = true;
    w->out->nonsecure = !w->regs->secure;
    switch (desc & 3) {
    case 3:
        if (w->regs->arch & ARM_WALK_V6) /* fine tables ended with ARMv5 */
            break;
        return level2_v5(w, desc);
    case 1:
        return level2_v5(w, desc);
    case 2:
        w->out->phys = (desc & 0xfff00000u) | (w->va & 0xfffff);
        w->out->page_bits = 20;
        attributes_v5(w, bits_get(desc, 12, 3), bits_get(desc, 2, 2));
        return finish_v5(w, bits_get(desc, 5, 4), 1, bits_get(desc, 10, 2));
    }
    return arm_walk_fail(w, ARM_FAULT_TRANSLATION, 1);
}

bool arm_walk_short(struct arm_walker *w)
{
    bool v6 = (w->regs->arch & ARM_WALK_V7) ||
              ((w->regs->arch & ARM_WALK_V6) && (w->regs->sctlr & SCTLR_XP));
    uint64_t phys, desc;

    if (!level1_address(w, &phys) || !arm_walk_descriptor(w, phys, 4, 1, &desc))
        return false;
    return v6 ? walk_v6(w, (uint32_t)desc) : walk_v5(w, (uint32_t)desc);
}
