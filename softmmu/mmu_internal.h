/* The pool of contexts, shared by mmu.c (contexts, tables) and mmu_code.c (reverse map of write
 * entries, requests of other threads). */
#ifndef ARMEMU_SOFTMMU_MMU_INTERNAL_H
#define ARMEMU_SOFTMMU_MMU_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "softmmu/mmu.h"

enum {
    MMU_PAGE_BITS = 12,
    MMU_MAPPING_BYTES = 4 * MMU_TABLE_BYTES + 4096, /* the tables and what their distances add */
    MMU_FINE_MAPPING_BYTES = MMU_FINE_WRITE_TABLE + MMU_FINE_BYTES + 0xbc0,
    MMU_HASH = 256,
    MMU_CONTEXTS_DEFAULT = 64,
    MMU_CONTEXTS_MAX = 1024,
    MMU_TABLE_PAGES_DEFAULT = 3072,
    MMU_REFS = 16384,      /* write entries that the reverse map holds */
    MMU_REF_HEADS = 4096,
    MMU_QUEUE = 64,
};

struct mmu_context {
    uint8_t *tables; /* NULL: not mapped yet */
    uint64_t key;
    uint64_t last_use;
    uint32_t asid;
    int32_t hash_next; /* -1 ends the chain */
    uint8_t large_bits;       /* log2 size of the largest mapping entered; 12 when none is large */
    uint32_t dirty_count, committed_count;
    uint64_t *dirty;          /* 4 KiB pieces that may hold entries, */
    uint64_t *committed;      /* that were written since they were given back: a bit each */
    uint64_t large[64];       /* by MiB of virtual space: some entry is part of a larger mapping */
};

/* Where a RAM page was entered for writing. Stale references are harmless. */
struct mmu_write_ref {
    uint64_t host_page;
    uint32_t vpn;
    uint16_t context;
    int32_t next; /* as ref_heads */
};

struct mmu {
    struct mmu_context *contexts;
    unsigned context_count, context_max; /* those that were used so far; those that there may be */
    struct mmu_context *current;
    uint32_t mapping_bytes, piece_words; /* of a context: size of its mapping, of its bit maps */
    uint32_t read_table, write_table;
    unsigned data_bits; /* log2 of the bytes that an entry of these is for */
    uint64_t tick;
    int32_t hash[MMU_HASH];
    uint32_t committed_total, committed_max;
    struct mmu_stats stats;
    uint32_t return_tag; /* the last that was given out */

    struct mmu_write_ref *refs;
    uint32_t ref_count;
    int32_t ref_heads[MMU_REF_HEADS]; /* index + 1; 0: empty */

    pthread_mutex_t lock; /* of the queue */
    _Atomic bool pending;
    bool overflow;
    unsigned queue_count;
    struct mmu_op queue[MMU_QUEUE];
};

static inline uint32_t mmu_entry_offset(uint32_t table, uint32_t vpn)
{
    return table + vpn * 8;
}

/** Entries of the read or the write table for a page, and the first of these. */
static inline unsigned mmu_data_count(const struct mmu *mmu)
{
    return 1u << (MMU_PAGE_BITS - mmu->data_bits);
}

static inline uint32_t mmu_data_offset(const struct mmu *mmu, uint32_t table, uint32_t vpn)
{
    return mmu_entry_offset(table, vpn * mmu_data_count(mmu));
}

/** The entry at @offset of a table; 0 where nothing was ever written. */
uint64_t mmu_entry_get(const struct mmu_context *c, uint32_t offset);
/** Clear the entry, when its piece holds any. */
void mmu_entry_clear(struct mmu_context *c, uint32_t offset);

/** Note that @vpn of @c maps the page at @host for writing. */
void mmu_ref_add(struct mmu *mmu, struct mmu_context *c, uint32_t vpn, const uint8_t *host);
/** Forget all references (after all write entries went). */
void mmu_refs_reset(struct mmu *mmu);

#endif
