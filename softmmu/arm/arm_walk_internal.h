/* What the walkers of the two descriptor formats share. */
#ifndef ARMEMU_SOFTMMU_ARM_WALK_INTERNAL_H
#define ARMEMU_SOFTMMU_ARM_WALK_INTERNAL_H

#include "softmmu/arm/arm_walk.h"

#define SCTLR_M (1u << 0)
#define SCTLR_S (1u << 8)
#define SCTLR_R (1u << 9)
#define SCTLR_WXN (1u << 19)
#define SCTLR_UWXN (1u << 20)
#define SCTLR_XP (1u << 23)
#define SCTLR_EE (1u << 25)
#define SCTLR_TRE (1u << 28)
#define SCTLR_AFE (1u << 29)
#define TTBCR_EAE (1u << 31)

struct arm_walker {
    const struct arm_walk_regs *regs;
    const struct arm_walk_memory *memory;
    uint32_t va; /* modified virtual address */
    enum arm_access access;
    bool privileged;
    struct arm_translation *out;
    struct arm_fault *fault;
};

/* Access rights of a descriptor, before privilege and WXN come in. */
struct arm_rights {
    unsigned ap;     /* AP[2:0] */
    bool simplified; /* AP[0] is not a permission bit (long descriptors, SCTLR.AFE) */
    bool xn, pxn;
};

/** Record a fault; returns false. */
static inline bool arm_walk_fail(struct arm_walker *w, enum arm_fault_kind kind, unsigned level)
{
    w->fault->kind = kind;
    w->fault->level = (uint8_t)level;
    return false;
}

/** As arm_walk_fail, for what is there but may not be accessed: true if nobody minds. */
static inline bool arm_walk_refuse(struct arm_walker *w, enum arm_fault_kind kind, unsigned level)
{
    return w->regs->past_rights || arm_walk_fail(w, kind, level);
}

/** Read a descriptor of @size bytes at @phys (an IPA with stage 2), for a walk at @level. False: a
 * fault was recorded. */
bool arm_walk_descriptor(struct arm_walker *w, uint64_t phys, unsigned size, unsigned level,
                         uint64_t *desc);
/** Fill out->read, write and exec. */
void arm_walk_rights(struct arm_walker *w, const struct arm_rights *rights);
/** True when the access is permitted by out->read, write, exec; else records a permission fault. */
bool arm_walk_check(struct arm_walker *w, unsigned level);

bool arm_walk_short(struct arm_walker *w);
bool arm_walk_lpae(struct arm_walker *w);

/* Place in a walk of long descriptors. */
struct arm_lpae_table {
    uint64_t base;
    uint64_t input;      /* address to translate */
    unsigned input_bits; /* size of the input address space */
    unsigned level;      /* to start at */
};

/** Attributes of a memory type in MAIR coding. */
void arm_walk_mair(struct arm_translation *out, unsigned attr, unsigned share);

/**
 * Stage 2 of @ipa: on success *@phys and, when @out is not NULL, its rights, attributes and size
 * are narrowed. @ptw: the access is a stage 1 table read at @level.
 */
bool arm_walk_stage2(struct arm_walker *w, uint64_t ipa, bool ptw, uint64_t *phys,
                     struct arm_translation *out);

#endif
