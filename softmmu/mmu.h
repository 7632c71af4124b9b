/*
 * Translation contexts of one CPU: the memory tables that translated code looks addresses up in.
 *
 * A context is a set of tables for one key. The key is opaque: it holds everything that a table
 * entry's validity depends on besides the guest's page tables (address space number, privilege,
 * domain rights, ...), so changing any of these only selects other tables. Tables are filled by the
 * slow path. Entries are never wrong, only absent: 0 means slow path.
 *
 * Each table has one 8-byte entry per 4 KiB page of a 32-bit address space: 8 MiB, reserved and
 * committed as entries are written. (Those of data may be finer: see mmu_config.) Which 4 KiB
 * pieces hold entries is recorded, so that nothing here reads memory that was never written.
 *
 * A struct mmu belongs to its CPU's thread. Others ask for changes through mmu_post.
 */
#ifndef ARMEMU_SOFTMMU_MMU_H
#define ARMEMU_SOFTMMU_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Distances in bytes from the table base that mmu_set_context returns. They are not whole
 * multiples of the table size, so that the entries of one page do not share a cache set. */
enum {
    MMU_TABLE_BYTES = 8 << 20,
    MMU_READ_TABLE = 0,
    MMU_WRITE_TABLE = MMU_TABLE_BYTES + 0x440,
    MMU_EXEC_TABLE0 = 2 * MMU_TABLE_BYTES + 0x880,
    MMU_EXEC_TABLE1 = 3 * MMU_TABLE_BYTES + 0xcc0,
    MMU_LANES = 2,
    /* 8 bytes between the tables, see ir_memory_layout.return_tag */
    MMU_RETURN_TAG = MMU_TABLE_BYTES,
    /* with mmu_config.fine these take the places of the read and the write table: an entry per 256
     * bytes */
    MMU_FINE_BITS = 8,
    MMU_FINE_BYTES = 128 << 20,
    MMU_FINE_READ_TABLE = 4 * MMU_TABLE_BYTES + 0x1000,
    MMU_FINE_WRITE_TABLE = MMU_FINE_READ_TABLE + MMU_FINE_BYTES + 0x440,
};

struct mmu;

struct mmu_config {
    unsigned max_contexts;    /* 0: 64 */
    unsigned max_table_pages; /* 4 KiB pieces of tables, over all contexts; 0: 3072 */
    bool fine;                /* rights may differ within pages */
};

struct mmu_stats {
    uint64_t context_switches, context_misses; /* a miss creates or recycles a context */
    uint64_t fills, exec_fills;
    uint64_t flushes;       /* contexts cleared */
    uint64_t page_invalidations;
    uint64_t code_protects; /* write entries removed since code was translated from their page */
};

/** @config may be NULL. NULL and @e set when memory is short. */
struct mmu *mmu_new(const struct mmu_config *config, struct error *e);
void mmu_free(struct mmu *mmu);

/**
 * Make the context of @key the current one and return its table base (for env.tables). @asid is the
 * address space number that mmu_inv_asid and mmu_inv_va_asid select it by. A new key gets an empty
 * context, by recycling the least recently used when there are too many.
 */
uint8_t *mmu_set_context(struct mmu *mmu, uint64_t key, uint32_t asid);

/**
 * Enter the 4 KiB page around @va into the current context. @host: host address of that page.
 * @page_bits: log2 size of the guest's mapping that the page is part of; an invalidation of any
 * address of the mapping drops the page. Without @write the page's write entry is cleared.
 * The caller leaves out @write for pages that hold translated code. With @page_bits below 12 the
 * page's rights or addresses are not uniform, and nothing is entered; with mmu_config.fine it can
 * be MMU_FINE_BITS, and these bytes around @va are.
 */
void mmu_fill(struct mmu *mmu, uint32_t va, uint8_t *host, unsigned page_bits, bool read,
              bool write);
/** Enter the array of block entries of the page around @va for @lane. */
void mmu_fill_exec(struct mmu *mmu, unsigned lane, uint32_t va, unsigned page_bits,
                   const uint32_t *entries);

/** Host address that translated code would use for @va in the current context, or NULL. */
uint8_t *mmu_lookup(const struct mmu *mmu, uint32_t va, bool write);
/** The current context's exec entry of @va, or NULL. */
const uint32_t *mmu_lookup_exec(const struct mmu *mmu, unsigned lane, uint32_t va);

/* Invalidation. More than was asked for may be dropped, never less. */

/** Everything, in all contexts. */
void mmu_inv_all(struct mmu *mmu);
/** The contexts of address space @asid. (Entries of global pages in them go as well.) */
void mmu_inv_asid(struct mmu *mmu, uint32_t asid);
/** Address @va in all contexts. */
void mmu_inv_va(struct mmu *mmu, uint32_t va);
/** Address @va in the contexts of @asid; when the page could be global, use mmu_inv_va. */
void mmu_inv_va_asid(struct mmu *mmu, uint32_t va, uint32_t asid);
/** The exec entries of all contexts (the arrays they point at are about to go). */
void mmu_inv_exec_all(struct mmu *mmu);
/** All write entries of all contexts. */
void mmu_inv_write_all(struct mmu *mmu);
/** Remove every write entry that maps the page at @host: code was translated from it. */
void mmu_protect_page(struct mmu *mmu, const uint8_t *host);

/* Requests from other threads. */

enum mmu_op_kind {
    MMU_OP_INV_ALL, MMU_OP_INV_ASID, MMU_OP_INV_VA, MMU_OP_INV_VA_ASID, MMU_OP_INV_EXEC_ALL,
    MMU_OP_PROTECT_PAGE,
};

struct mmu_op {
    enum mmu_op_kind kind;
    uint32_t va, asid;
    const uint8_t *host; /* PROTECT_PAGE */
};

/** Queue @op for the thread that owns @mmu. Any thread. When the queue is full it becomes one
 * MMU_OP_INV_ALL: nothing is ever lost. The caller makes the owner run mmu_run_pending soon. */
void mmu_post(struct mmu *mmu, const struct mmu_op *op);
/** Is anything queued? Any thread; cheap. */
bool mmu_has_pending(const struct mmu *mmu);
/** Carry out what is queued. Owner's thread. */
void mmu_run_pending(struct mmu *mmu);

void mmu_get_stats(const struct mmu *mmu, struct mmu_stats *stats);
/** Bytes of tables that are committed now. */
size_t mmu_committed_bytes(const struct mmu *mmu);

#endif
