#include "softmmu/arm/arm_walk.h"

#include <string.h>

#include "softmmu/arm/arm_walk_internal.h"
#include "util/bits.h"

bool arm_walk_descriptor(struct arm_walker *w, uint64_t phys, unsigned size, unsigned level,
                         uint64_t *desc)
{
    if (w->regs->stage2 && !arm_walk_stage2(w, phys, true, &phys, NULL))
        return false;
    if (!w->memory->read(w->memory->opaque, phys, size, desc))
        return arm_walk_fail(w, ARM_FAULT_WALK_EXTERNAL, level);
    if (w->regs->sctlr & SCTLR_EE)
        *desc = size == 8 ? __builtin_bswap64(*desc) : __builtin_bswap32((uint32_t)*desc);
    return true;
}

void arm_walk_rights(struct arm_walker *w, const struct arm_rights *rights)
{
    unsigned ap21 = rights->ap >> 1;
    bool full = rights->simplified || (rights->ap & 1); /* the two-bit model, or its equal */
    bool wxn = (w->regs->arch & ARM_WALK_VIRT) && (w->regs->sctlr & SCTLR_WXN);
    bool uwxn = (w->regs->arch & ARM_WALK_VIRT) && (w->regs->sctlr & SCTLR_UWXN);
    bool priv_read = full || ap21 != 0;
    bool priv_write = full ? !(ap21 & 2) : ap21 == 1;
    bool user_read = ap21 & 1;
    bool user_write = full && ap21 == 1;
    struct arm_translation *out = w->out;

    if (w->regs->hyp) {
        out->read = true;
        out->write = !(ap21 & 2);
        out->exec = !rights->xn && !(out->write && (w->regs->sctlr & SCTLR_WXN));
    } else if (w->privileged) {
        out->read = priv_read;
        out->write = priv_write;
        out->exec = priv_read && !rights->xn && !rights->pxn && !(priv_write && wxn) &&
                    !(user_write && uwxn);
    } else {
        out->read = user_read;
        out->write = user_write;
        out->exec = user_read && !rights->xn && !(user_write && wxn);
    }
    if (w->regs->secure && w->regs->sif && out->nonsecure)
        out->exec = false;
}

bool arm_walk_check(struct arm_walker *w, unsigned level)
{
    const bool allowed[] = {
        [ARM_ACCESS_READ] = w->out->read,
        [ARM_ACCESS_WRITE] = w->out->write,
        [ARM_ACCESS_FETCH] = w->out->exec,
    };

    return allowed[w->access] || arm_walk_refuse(w, ARM_FAULT_PERMISSION, level);
}

uint32_t arm_walk_mva(const struct arm_walk_regs *regs, uint32_t va)
{
    if ((regs->arch & ARM_WALK_FCSE) && !(va >> 25))
        return va | (regs->fcseidr & 0xfe000000u);
    return va;
}

bool arm_walk_uses_lpae(const struct arm_walk_regs *regs)
{
    return regs->hyp || ((regs->arch & ARM_WALK_LPAE) && (regs->ttbcr & TTBCR_EAE));
}

/* MMU off: flat, everything allowed; data is Strongly-ordered, code Normal (B3.2). */
static bool walk_flat(struct arm_walker *w)
{
    struct arm_translation *out = w->out;

    out->phys = w->va;
    out->page_bits = 12;
    out->read = out->write = out->exec = true;
    out->global = true;
    out->nonsecure = !w->regs->secure;
    out->memory = w->access == ARM_ACCESS_FETCH ? ARM_MEMORY_NORMAL : ARM_MEMORY_STRONGLY_ORDERED;
    out->attributes = w->access == ARM_ACCESS_FETCH ? 0x44 : 0;
    out->share = ARM_SHARE_OUTER;
    return true;
}

bool arm_walk(const struct arm_walk_regs *regs, const struct arm_walk_memory *memory, uint32_t va,
              enum arm_access access, bool privileged, struct arm_translation *out,
              struct arm_fault *fault)
{
    struct arm_walker w = {
        .regs = regs, .memory = memory, .va = arm_walk_mva(regs, va), .access = access,
        .privileged = privileged, .out = out, .fault = fault,
    };
    bool ok;

    memset(out, 0, sizeof(*out));
    memset(fault, 0, sizeof(*fault));
    if (!(regs->sctlr & SCTLR_M))
        ok = walk_flat(&w);
    else if (arm_walk_uses_lpae(regs))
        ok = arm_walk_lpae(&w);
    else
        ok = arm_walk_short(&w);
    if (ok && regs->stage2)
        ok = arm_walk_stage2(&w, out->phys, false, &out->phys, out);
    return ok;
}

/* Status codes of the two formats. */
struct fault_code {
    uint8_t short_level1, short_level2; /* FS[4:0] */
    uint8_t long_base;                  /* STATUS, to which level is added when long_level */
    bool long_level;
    const char *name;
};

static const struct fault_code fault_codes[] = {
    [ARM_FAULT_NONE] = {0, 0, 0, false, "none"},
    [ARM_FAULT_ALIGNMENT] = {0x01, 0x01, 0x21, false, "alignment"},
    [ARM_FAULT_TRANSLATION] = {0x05, 0x07, 0x04, true, "translation"},
    [ARM_FAULT_ACCESS_FLAG] = {0x03, 0x06, 0x08, true, "access flag"},
    [ARM_FAULT_DOMAIN] = {0x09, 0x0b, 0x3c, true, "domain"},
    [ARM_FAULT_PERMISSION] = {0x0d, 0x0f, 0x0c, true, "permission"},
    [ARM_FAULT_WALK_EXTERNAL] = {0x0c, 0x0e, 0x14, true, "external abort on table walk"},
    [ARM_FAULT_EXTERNAL] = {0x08, 0x08, 0x10, false, "external abort"},
    [ARM_FAULT_DEBUG] = {0x02, 0x02, 0x22, false, "debug event"},
    [ARM_FAULT_ADDRESS_SIZE] = {0x05, 0x07, 0x00, true, "address size"},
    [ARM_FAULT_ASYNC_EXTERNAL] = {0x16, 0x16, 0x11, false, "asynchronous external abort"},
};

uint32_t arm_fault_status_long(const struct arm_fault *fault)
{
    const struct fault_code *code = &fault_codes[fault->kind];

    return code->long_base + (code->long_level ? fault->level : 0);
}

uint32_t arm_fault_status(const struct arm_fault *fault, bool lpae)
{
    const struct fault_code *code = &fault_codes[fault->kind];
    uint32_t fs;

    if (lpae)
        return BIT(9) | arm_fault_status_long(fault);
    fs = fault->level >= 2 ? code->short_level2 : code->short_level1;
    return (fs & 15) | (fs >> 4) << 10 | (fault->domain_valid ? (uint32_t)fault->domain << 4 : 0);
}

const char *arm_fault_name(enum arm_fault_kind kind)
{
    return fault_codes[kind].name;
}
