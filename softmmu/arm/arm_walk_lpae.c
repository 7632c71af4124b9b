/* Long descriptors, stage 1: PL1&0 and Hyp mode (B3.6). */
#include "softmmu/arm/arm_walk_internal.h"
#include "util/bits.h"

enum { PAGE_BITS = 12, STRIDE = 9 };

void arm_walk_mair(struct arm_translation *out, unsigned attr, unsigned share)
{
    out->attributes = (uint8_t)attr;
    out->share = (uint8_t)share;
    if (attr >> 4) {
        out->memory = ARM_MEMORY_NORMAL;
        return;
    }
    out->memory = attr == 0 ? ARM_MEMORY_STRONGLY_ORDERED : ARM_MEMORY_DEVICE;
    out->share = ARM_SHARE_OUTER;
}

/* Which table serves the address; false: a fault was recorded. */
static bool choose_table(struct arm_walker *w, struct arm_lpae_table *t)
{
    const struct arm_walk_regs *regs = w->regs;
    unsigned t0 = regs->ttbcr & 7, t1 = bits_get(regs->ttbcr, 16, 3);
    bool low = !t0 || !(w->va >> (32 - t0));
    bool high = !regs->hyp && (t1 ? w->va >> (32 - t1) == BIT(t1) - 1 : !low);

    t->input = w->va;
    if (high && !bit_get(regs->ttbcr, 23)) {
        t->base = regs->ttbr1;
        t->input_bits = 32 - t1;
    } else if (!high && low && (regs->hyp || !bit_get(regs->ttbcr, 7))) {
        t->base = regs->ttbr0;
        t->input_bits = 32 - t0;
    } else {
        return arm_walk_fail(w, ARM_FAULT_TRANSLATION, 1);
    }
    if (bits_get64(t->base, 40, 8))
        return arm_walk_fail(w, ARM_FAULT_ADDRESS_SIZE, 0);
    t->level = t->input_bits > PAGE_BITS + 2 * STRIDE ? 1 : 2;
    return true;
}

/* What table descriptors impose on everything below them. */
struct inherited {
    bool nonsecure, read_only, no_user, xn, pxn;
};

static void inherit(struct inherited *in, uint64_t desc, bool hyp)
{
    in->nonsecure |= desc >> 63 & 1;
    in->read_only |= desc >> 62 & 1;
    in->xn |= desc >> 60 & 1;
    if (!hyp) {
        in->no_user |= desc >> 61 & 1;
        in->pxn |= desc >> 59 & 1;
    }
}

static bool leaf(struct arm_walker *w, const struct arm_lpae_table *t, uint64_t desc,
                 unsigned level, const struct inherited *in)
{
    const struct arm_walk_regs *regs = w->regs;
    struct arm_translation *out = w->out;
    unsigned bits = (3 - level) * STRIDE + PAGE_BITS;
    unsigned attr = (unsigned)(desc >> 2 & 7);
    uint32_t mair = attr & 4 ? regs->mair1 : regs->mair0;
    unsigned ap21 = (unsigned)(desc >> 6 & 3);
    struct arm_rights rights = {
        .simplified = true,
        .xn = (desc >> 54 & 1) || in->xn,
        .pxn = (desc >> 53 & 1) || in->pxn,
    };

    if (bits_get64(desc, 40, 8))
        return arm_walk_fail(w, ARM_FAULT_ADDRESS_SIZE, level);
    if (!(desc >> 10 & 1) && !arm_walk_refuse(w, ARM_FAULT_ACCESS_FLAG, level))
        return false;
    if (in->read_only)
        ap21 |= 2;
    if (in->no_user)
        ap21 &= ~1u;
    rights.ap = ap21 << 1 | 1;
    out->phys = (desc & 0xffffffffffull & ~(BIT64(bits) - 1)) | (t->input & (BIT64(bits) - 1));
    out->page_bits = (uint8_t)bits;
    out->nonsecure = !regs->secure || in->nonsecure || (desc >> 5 & 1);
    out->global = regs->hyp || !((desc >> 11 & 1) || (regs->secure && in->nonsecure));
    arm_walk_mair(out, bits_get(mair, (attr & 3) * 8, 8), (unsigned)(desc >> 8 & 3));
    arm_walk_rights(w, &rights);
    return arm_walk_check(w, level);
}

bool arm_walk_lpae(struct arm_walker *w)
{
    struct arm_lpae_table t;
    struct inherited in = {.nonsecure = !w->regs->secure};
    unsigned level, top;
    uint64_t base;

    if (!choose_table(w, &t))
        return false;
    level = t.level;
    top = t.input_bits;
    /* The first table may be smaller than a page: its alignment is its size. */
    base = t.base & 0xffffffffffull & ~(BIT64(top - ((3 - level) * STRIDE + PAGE_BITS) + 3) - 1);
    for (;; level++) {
        unsigned bottom = (3 - level) * STRIDE + PAGE_BITS;
        uint64_t index = t.input >> bottom & (BIT64(top - bottom) - 1);
        uint64_t desc;

        if (!arm_walk_descriptor(w, base | index << 3, 8, level, &desc))
            return false;
        if (!(desc & 1) || (level == 3 && !(desc & 2)))
            return arm_walk_fail(w, ARM_FAULT_TRANSLATION, level);
        if (level == 3 || !(desc & 2))
            return leaf(w, &t, desc, level, &in);
        if (bits_get64(desc, 40, 8))
            return arm_walk_fail(w, ARM_FAULT_ADDRESS_SIZE, level);
        inherit(&in, desc, w->regs->hyp);
        base = desc & 0xfffffff000ull;
        top = bottom;
    }
}
