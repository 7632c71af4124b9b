/*
 * Guest memory accesses as translation emits them: alignment rules, byte order, and the addressing
 * modes that loads and stores share (DDI 0406C A3.2, A3.3, A8.5). Internal to translate/.
 *
 * All functions only emit IR; a fault is raised by the access itself and leaves the registers that
 * were not yet set unchanged, so callers set registers after the last access that may fault.
 */
#ifndef ARMEMU_ARM_TRANSLATE_MEMORY_H
#define ARMEMU_ARM_TRANSLATE_MEMORY_H

#include "frontend/arm/translate/translate.h"

/* log2 of the access size, as in the IR_MEM_* descriptors. */
enum { ARM_SIZE_8, ARM_SIZE_16, ARM_SIZE_32, ARM_SIZE_64 };

/* An address with the base write-back that belongs to it. */
struct arm_address {
    int32_t addr;
    int32_t write_back; /* value for the base, IR_NONE = no write-back */
    int rn;
    bool aligned;       /* ... which is a multiple of 4 away from it */
};

/** Unaligned accesses ignore the low address bits or rotate (before ARMv6, or SCTLR.U = 0). */
static inline bool arm_mem_rotates(const struct arm_translate *t)
{
    return (t->flags & (ARM_BF_ROTATE | ARM_BF_ALIGN_STRICT)) == ARM_BF_ROTATE;
}

static inline bool arm_mem_big_endian(const struct arm_translate *t)
{
    return (t->flags & ARM_BF_BIG_ENDIAN) != 0;
}

/** Alignment bits of an ordinary access of 1 << @log2 bytes: it may be unaligned unless strict. */
unsigned arm_mem_align_ordinary(const struct arm_translate *t, unsigned log2);
/** Alignment bits of an access that demands 1 << @log2 bytes in any case, except where low address
 * bits are ignored (see arm_mem_address). */
unsigned arm_mem_align_demand(const struct arm_translate *t, unsigned log2);
/** @addr without its low @log2 bits where the architecture ignores them, else @addr. */
int32_t arm_mem_address(struct arm_translate *t, int32_t addr, unsigned log2);

/** Load of @type (i32, i64) with IR_MEM_* bits @memop, in the guest's byte order. No alignment rule
 * is added. */
int32_t arm_mem_load_raw(struct arm_translate *t, enum ir_type type, int32_t addr, unsigned memop);
/** Store likewise. */
void arm_mem_store_raw(struct arm_translate *t, int32_t addr, int32_t v, unsigned memop);

/** LDR and its kin: i32, extended as IR_MEM_SIGNED says, by the rules of ordinary accesses. */
int32_t arm_mem_load(struct arm_translate *t, int32_t addr, unsigned memop);
/** STR and its kin. */
void arm_mem_store(struct arm_translate *t, int32_t addr, int32_t v, unsigned memop);

/** The i64 at @addr as a pair of words in memory order: low half = the word at @addr. Each word is
 * in the guest's byte order. @memop without size. */
int32_t arm_mem_load_pair(struct arm_translate *t, int32_t addr, unsigned memop);
/** Store the words @first and @second likewise. */
void arm_mem_store_pair(struct arm_translate *t, int32_t addr, int32_t first, int32_t second,
                        unsigned memop);

/** Offset and indexing of one access: base @rn, @offset (a value, or IR_NONE for 0), index,
 * add and write-back as in the encodings. */
struct arm_address arm_address_make(struct arm_translate *t, int rn, int32_t offset, int p, int u,
                                    int w);
/** Do the base write-back, if there is one. */
void arm_address_finish(struct arm_translate *t, const struct arm_address *a);

/** Do p and w, as in the encodings of single loads and stores, mean a write-back? */
static inline bool arm_writes_back(int p, int w)
{
    return !p || w;
}

/** Write a loaded value to @rt; r15 branches, predicted as a return when the base @rn was SP. Call
 * it last. */
void arm_mem_write_loaded(struct arm_translate *t, int rt, int rn, int32_t v);

#endif
