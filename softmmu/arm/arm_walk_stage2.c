/* Stage 2: intermediate physical to physical addresses, for guests of a hypervisor (B3.6). */
#include "softmmu/arm/arm_walk_internal.h"
#include "util/bits.h"

enum { PAGE_BITS = 12, STRIDE = 9 };

static bool stage2_fail(struct arm_walker *w, enum arm_fault_kind kind, unsigned level,
                        uint64_t ipa, bool ptw)
{
    w->fault->stage2 = true;
    w->fault->s1ptw = ptw;
    w->fault->ipa = ipa;
    w->fault->domain_valid = false;
    return arm_walk_fail(w, kind, level);
}

/* Find the leaf descriptor; its level is left in *@level. */
static bool stage2_lookup(struct arm_walker *w, uint64_t ipa, bool ptw, uint64_t *leaf,
                          unsigned *level)
{
    unsigned t0 = w->regs->vtcr & 15, start = bits_get(w->regs->vtcr, 6, 2);
    unsigned top = (unsigned)(32 - bits_sext(t0, 4));
    unsigned extra; /* log2 of the first table's entries */
    uint64_t base;

    *level = start == 0 ? 2 : 1;
    extra = top - ((3 - *level) * STRIDE + PAGE_BITS);
    if (start > 1 || (int)extra < 1 || extra > STRIDE + 4 || (top < 40 && ipa >> top))
        return stage2_fail(w, ARM_FAULT_TRANSLATION, 1, ipa, ptw);
    base = w->regs->vttbr & 0xffffffffffull & ~(BIT64(extra + 3) - 1);
    for (;; (*level)++) {
        unsigned bottom = (3 - *level) * STRIDE + PAGE_BITS;
        uint64_t index = ipa >> bottom & (BIT64(top - bottom) - 1);

        if (!w->memory->read(w->memory->opaque, base | index << 3, 8, leaf))
            return stage2_fail(w, ARM_FAULT_WALK_EXTERNAL, *level, ipa, ptw);
        if (!(*leaf & 1) || (*level == 3 && !(*leaf & 2)))
            return stage2_fail(w, ARM_FAULT_TRANSLATION, *level, ipa, ptw);
        if (*level == 3 || !(*leaf & 2))
            return true;
        base = *leaf & 0xfffffff000ull;
        top = bottom;
    }
}

bool arm_walk_stage2(struct arm_walker *w, uint64_t ipa, bool ptw, uint64_t *phys,
                     struct arm_translation *out)
{
    unsigned level, bits, attr;
    uint64_t desc;
    bool read, write, exec, allowed;

    if (!stage2_lookup(w, ipa, ptw, &desc, &level))
        return false;
    if (!(desc >> 10 & 1) && !w->regs->past_rights)
        return stage2_fail(w, ARM_FAULT_ACCESS_FLAG, level, ipa, ptw);
    read = desc >> 6 & 1;
    write = desc >> 7 & 1;
    exec = read && !(desc >> 54 & 1);
    attr = (unsigned)(desc >> 2 & 15);
    allowed = ptw || w->access == ARM_ACCESS_READ ? read
              : w->access == ARM_ACCESS_WRITE     ? write
                                                  : exec;
    if ((!allowed || (ptw && w->regs->ptw && !(attr >> 2))) && !w->regs->past_rights)
        return stage2_fail(w, ARM_FAULT_PERMISSION, level, ipa, ptw);
    bits = (3 - level) * STRIDE + PAGE_BITS;
    *phys = (desc & 0xffffffffffull & ~(BIT64(bits) - 1)) | (ipa & (BIT64(bits) - 1));
    if (!out)
        return true;
    out->read &= read;
    out->write &= write;
    out->exec &= exec;
    if (bits < out->page_bits)
        out->page_bits = (uint8_t)bits;
    if (!(attr >> 2) && out->memory == ARM_MEMORY_NORMAL)
        arm_walk_mair(out, attr & 3 ? 0x04 : 0x00, ARM_SHARE_OUTER);
    return true;
}
