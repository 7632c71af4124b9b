#include "softmmu/mmu.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "softmmu/mmu_internal.h"
#include "util/bits.h"

static const uint32_t exec_table[MMU_LANES] = {MMU_EXEC_TABLE0, MMU_EXEC_TABLE1};

enum { RELEASE_PIECES = 64 }; /* a recycled context that holds more gives its memory back */

struct mmu *mmu_new(const struct mmu_config *config, struct error *e)
{
    struct mmu *mmu = calloc(1, sizeof(*mmu));
    unsigned count = config && config->max_contexts ? config->max_contexts : MMU_CONTEXTS_DEFAULT;

    assert(count >= 2 && count <= MMU_CONTEXTS_MAX);
    if (mmu) {
        mmu->contexts = calloc(count, sizeof(*mmu->contexts));
        mmu->refs = malloc(MMU_REFS * sizeof(*mmu->refs));
    }
    if (!mmu || !mmu->contexts || !mmu->refs) {
        mmu_free(mmu);
        error_set(e, "out of memory for translation contexts");
        return NULL;
    }
    bool fine = config && config->fine;
    mmu->mapping_bytes = fine ? MMU_FINE_MAPPING_BYTES : MMU_MAPPING_BYTES;
    mmu->piece_words = (mmu->mapping_bytes / 4096 + 63) / 64;
    mmu->read_table = fine ? MMU_FINE_READ_TABLE : MMU_READ_TABLE;
    mmu->write_table = fine ? MMU_FINE_WRITE_TABLE : MMU_WRITE_TABLE;
    mmu->data_bits = fine ? MMU_FINE_BITS : MMU_PAGE_BITS;
    mmu->context_max = count;
    mmu->committed_max = config && config->max_table_pages ? config->max_table_pages
                                                           : MMU_TABLE_PAGES_DEFAULT;
    for (unsigned i = 0; i < MMU_HASH; i++)
        mmu->hash[i] = -1;
    pthread_mutex_init(&mmu->lock, NULL);
    return mmu;
}

void mmu_free(struct mmu *mmu)
{
    if (!mmu)
        return;
    for (unsigned i = 0; i < mmu->context_count; i++) {
        if (mmu->contexts[i].tables)
            munmap(mmu->contexts[i].tables, mmu->mapping_bytes);
        free(mmu->contexts[i].dirty);
        free(mmu->contexts[i].committed);
    }
    if (mmu->context_max)
        pthread_mutex_destroy(&mmu->lock);
    free(mmu->contexts);
    free(mmu->refs);
    free(mmu);
}

/* ---- entries -------------------------------------------------------------------------------- */

static bool piece_is_dirty(const struct mmu_context *c, uint32_t piece)
{
    return c->dirty[piece / 64] >> (piece % 64) & 1;
}

uint64_t mmu_entry_get(const struct mmu_context *c, uint32_t offset)
{
    if (!piece_is_dirty(c, offset >> 12))
        return 0;
    return *(const uint64_t *)(c->tables + offset);
}

void mmu_entry_clear(struct mmu_context *c, uint32_t offset)
{
    if (piece_is_dirty(c, offset >> 12))
        *(uint64_t *)(c->tables + offset) = 0;
}

/* No return that was predicted in the context so far is right any more. */
static void context_retag(struct mmu *mmu, struct mmu_context *c)
{
    *(uint64_t *)(c->tables + MMU_RETURN_TAG) = (uint64_t)(++mmu->return_tag & INT32_MAX) << 32;
}

/* Make all entries of the context absent. Its memory stays committed: clearing it is much cheaper
 * than having the kernel supply it again. */
static void context_clear(struct mmu *mmu, struct mmu_context *c)
{
    if (!c->dirty_count)
        return;
    for (unsigned w = 0; w < mmu->piece_words; w++) {
        for (uint64_t bits = c->dirty[w]; bits; bits &= bits - 1)
            memset(c->tables + ((size_t)(w * 64 + __builtin_ctzll(bits)) << 12), 0, 4096);
        c->dirty[w] = 0;
    }
    c->dirty_count = 0;
    c->large_bits = MMU_PAGE_BITS;
    memset(c->large, 0, sizeof(c->large));
    context_retag(mmu, c);
    mmu->stats.flushes++;
}

/* Clear the context and give its memory back to the host. */
static void context_release(struct mmu *mmu, struct mmu_context *c)
{
    if (!c->committed_count)
        return;
    if (madvise(c->tables, mmu->mapping_bytes, MADV_DONTNEED)) {
        context_clear(mmu, c); /* locked memory: it cannot be given back, but must be empty */
        return;
    }
    memset(c->dirty, 0, mmu->piece_words * sizeof(*c->dirty));
    memset(c->committed, 0, mmu->piece_words * sizeof(*c->committed));
    memset(c->large, 0, sizeof(c->large));
    c->large_bits = MMU_PAGE_BITS;
    mmu->committed_total -= c->committed_count;
    c->dirty_count = c->committed_count = 0;
    context_retag(mmu, c);
    mmu->stats.flushes++;
}

/* The used context, other than the current one, that holds memory and was used least recently. */
static struct mmu_context *oldest_with_memory(struct mmu *mmu)
{
    struct mmu_context *oldest = NULL;

    for (unsigned i = 0; i < mmu->context_count; i++) {
        struct mmu_context *c = &mmu->contexts[i];

        if (c != mmu->current && c->committed_count && (!oldest || c->last_use < oldest->last_use))
            oldest = c;
    }
    return oldest;
}

/* Bring the committed memory down to three quarters of the limit. */
static void tables_trim(struct mmu *mmu)
{
    while (mmu->committed_total > mmu->committed_max / 4 * 3) {
        struct mmu_context *victim = oldest_with_memory(mmu);

        context_release(mmu, victim ? victim : mmu->current);
        if (!victim)
            break;
    }
}

static void piece_commit(struct mmu *mmu, struct mmu_context *c, uint32_t piece)
{
    uint64_t bit = BIT64(piece % 64);

    if (!(c->committed[piece / 64] & bit)) {
        if (mmu->committed_total >= mmu->committed_max)
            tables_trim(mmu);
        c->committed[piece / 64] |= bit;
        c->committed_count++;
        mmu->committed_total++;
    }
    c->dirty[piece / 64] |= bit;
    c->dirty_count++;
}

static void entry_set(struct mmu *mmu, struct mmu_context *c, uint32_t offset, uint64_t value)
{
    if (!piece_is_dirty(c, offset >> 12))
        piece_commit(mmu, c, offset >> 12);
    *(uint64_t *)(c->tables + offset) = value;
}

/* Remember that the page around @va is part of a mapping of 1 << @page_bits bytes. */
static void note_large(struct mmu_context *c, uint32_t va, unsigned page_bits)
{
    uint32_t mib, count;

    assert(page_bits <= 30);
    if (page_bits <= MMU_PAGE_BITS)
        return;
    if (page_bits > c->large_bits)
        c->large_bits = (uint8_t)page_bits;
    mib = page_bits > 20 ? va >> 20 & ~((1u << (page_bits - 20)) - 1) : va >> 20;
    count = page_bits > 20 ? 1u << (page_bits - 20) : 1;
    for (; count; count--, mib++)
        c->large[mib / 64] |= BIT64(mib % 64);
}

/* ---- contexts ------------------------------------------------------------------------------- */

static unsigned key_hash(uint64_t key)
{
    return (unsigned)(key * 0x9e3779b97f4a7c15ull >> 56);
}

static struct mmu_context *context_find(const struct mmu *mmu, uint64_t key)
{
    for (int32_t i = mmu->hash[key_hash(key)]; i >= 0; i = mmu->contexts[i].hash_next)
        if (mmu->contexts[i].key == key)
            return &mmu->contexts[i];
    return NULL;
}

static void context_unhash(struct mmu *mmu, struct mmu_context *c)
{
    int32_t index = (int32_t)(c - mmu->contexts);
    int32_t *link = &mmu->hash[key_hash(c->key)];

    while (*link != index)
        link = &mmu->contexts[*link].hash_next;
    *link = c->hash_next;
}

/* An empty context: an unused one, else the least recently used. Never the current one. */
static struct mmu_context *context_take(struct mmu *mmu)
{
    struct mmu_context *victim = NULL;

    if (mmu->context_count < mmu->context_max)
        return &mmu->contexts[mmu->context_count++];
    for (unsigned i = 0; i < mmu->context_count; i++) {
        struct mmu_context *c = &mmu->contexts[i];

        if (c != mmu->current && (!victim || c->last_use < victim->last_use))
            victim = c;
    }
    context_unhash(mmu, victim);
    if (victim->committed_count > RELEASE_PIECES)
        context_release(mmu, victim);
    else
        context_clear(mmu, victim);
    return victim;
}

static void context_map(const struct mmu *mmu, struct mmu_context *c)
{
    if (c->tables)
        return;
    c->dirty = calloc(mmu->piece_words, sizeof(*c->dirty));
    c->committed = calloc(mmu->piece_words, sizeof(*c->committed));
    c->tables = mmap(NULL, mmu->mapping_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->tables == MAP_FAILED || !c->dirty || !c->committed) {
        fputs("armemu: no address space for a translation context\n", stderr);
        abort();
    }
    madvise(c->tables, mmu->mapping_bytes, MADV_NOHUGEPAGE);
    c->large_bits = MMU_PAGE_BITS;
}

uint8_t *mmu_set_context(struct mmu *mmu, uint64_t key, uint32_t asid)
{
    struct mmu_context *c = mmu->current;

    if (c && c->key == key)
        return c->tables;
    mmu->stats.context_switches++;
    c = context_find(mmu, key);
    if (!c) {
        int32_t *head = &mmu->hash[key_hash(key)];

        mmu->stats.context_misses++;
        c = context_take(mmu);
        context_map(mmu, c);
        context_retag(mmu, c);
        c->key = key;
        c->asid = asid;
        c->hash_next = *head;
        *head = (int32_t)(c - mmu->contexts);
    }
    assert(c->asid == asid);
    c->last_use = ++mmu->tick;
    mmu->current = c;
    return c->tables;
}

/* ---- filling -------------------------------------------------------------------------------- */

/* The entries for the 1 << @bits bytes around @va; @addend 0: none. */
static void data_set(struct mmu *mmu, uint32_t table, uint32_t va, unsigned bits, uint64_t addend)
{
    uint32_t at = mmu_entry_offset(table, va >> bits << (bits - mmu->data_bits));

    for (uint32_t end = at + (8u << (bits - mmu->data_bits)); at < end; at += 8) {
        if (addend)
            entry_set(mmu, mmu->current, at, addend);
        else
            mmu_entry_clear(mmu->current, at);
    }
}

void mmu_fill(struct mmu *mmu, uint32_t va, uint8_t *host, unsigned page_bits, bool read,
              bool write)
{
    struct mmu_context *c = mmu->current;
    uint64_t addend = (uint64_t)(uintptr_t)host - (va & ~0xfffu);
    unsigned bits = page_bits < MMU_PAGE_BITS ? page_bits : MMU_PAGE_BITS;

    assert(!((uintptr_t)host & 0xfff) && (int64_t)addend > 0);
    if (page_bits < mmu->data_bits)
        return;
    mmu->stats.fills++;
    data_set(mmu, mmu->read_table, va, bits, read ? addend : 0);
    data_set(mmu, mmu->write_table, va, bits, write ? addend : 0);
    if (write)
        mmu_ref_add(mmu, c, va >> MMU_PAGE_BITS, host);
    note_large(c, va, page_bits);
}

void mmu_fill_exec(struct mmu *mmu, unsigned lane, uint32_t va, unsigned page_bits,
                   const uint32_t *entries)
{
    assert(lane < MMU_LANES);
    mmu->stats.exec_fills++;
    entry_set(mmu, mmu->current, mmu_entry_offset(exec_table[lane], va >> MMU_PAGE_BITS),
              (uint64_t)(uintptr_t)entries);
    note_large(mmu->current, va, page_bits);
}

uint8_t *mmu_lookup(const struct mmu *mmu, uint32_t va, bool write)
{
    uint32_t table = write ? mmu->write_table : mmu->read_table;
    uint64_t addend = mmu_entry_get(mmu->current, mmu_entry_offset(table, va >> mmu->data_bits));

    return addend ? (uint8_t *)(uintptr_t)(addend + va) : NULL;
}

const uint32_t *mmu_lookup_exec(const struct mmu *mmu, unsigned lane, uint32_t va)
{
    return (const uint32_t *)(uintptr_t)mmu_entry_get(
        mmu->current, mmu_entry_offset(exec_table[lane], va >> MMU_PAGE_BITS));
}

/* ---- invalidation --------------------------------------------------------------------------- */

/* Clear the bytes [from, to) of the context's tables, where they hold anything. */
static void clear_range(struct mmu_context *c, uint32_t from, uint32_t to)
{
    while (from < to) {
        uint32_t end = (uint32_t)align_down(from + 4096, 4096);

        if (end > to)
            end = to;
        if (piece_is_dirty(c, from >> 12))
            memset(c->tables + from, 0, end - from);
        from = end;
    }
}

static void clear_entries(struct mmu_context *c, uint32_t offset, uint32_t count)
{
    if (count == 1)
        mmu_entry_clear(c, offset);
    else
        clear_range(c, offset, offset + count * 8);
}

static void context_inv_va(struct mmu *mmu, struct mmu_context *c, uint32_t va)
{
    uint32_t vpn = va >> MMU_PAGE_BITS;
    uint32_t count = 1;

    if (!c->dirty_count)
        return;
    context_retag(mmu, c);
    if (c->large[va >> 26] >> (va >> 20 & 63) & 1) {
        count = 1u << (c->large_bits - MMU_PAGE_BITS);
        vpn &= ~(count - 1);
    }
    for (unsigned lane = 0; lane < MMU_LANES; lane++)
        clear_entries(c, mmu_entry_offset(exec_table[lane], vpn), count);
    count *= mmu_data_count(mmu);
    clear_entries(c, mmu_data_offset(mmu, mmu->read_table, vpn), count);
    clear_entries(c, mmu_data_offset(mmu, mmu->write_table, vpn), count);
}

void mmu_inv_all(struct mmu *mmu)
{
    for (unsigned i = 0; i < mmu->context_count; i++)
        context_clear(mmu, &mmu->contexts[i]);
    mmu_refs_reset(mmu);
}

void mmu_inv_asid(struct mmu *mmu, uint32_t asid)
{
    for (unsigned i = 0; i < mmu->context_count; i++)
        if (mmu->contexts[i].asid == asid)
            context_clear(mmu, &mmu->contexts[i]);
}

void mmu_inv_va(struct mmu *mmu, uint32_t va)
{
    mmu->stats.page_invalidations++;
    for (unsigned i = 0; i < mmu->context_count; i++)
        context_inv_va(mmu, &mmu->contexts[i], va);
}

void mmu_inv_va_asid(struct mmu *mmu, uint32_t va, uint32_t asid)
{
    mmu->stats.page_invalidations++;
    for (unsigned i = 0; i < mmu->context_count; i++)
        if (mmu->contexts[i].asid == asid)
            context_inv_va(mmu, &mmu->contexts[i], va);
}

void mmu_inv_exec_all(struct mmu *mmu)
{
    for (unsigned i = 0; i < mmu->context_count; i++) {
        struct mmu_context *c = &mmu->contexts[i];

        if (!c->dirty_count)
            continue;
        context_retag(mmu, c);
        for (unsigned lane = 0; lane < MMU_LANES; lane++)
            clear_range(c, exec_table[lane], exec_table[lane] + MMU_TABLE_BYTES);
    }
}

void mmu_inv_write_all(struct mmu *mmu)
{
    for (unsigned i = 0; i < mmu->context_count; i++)
        if (mmu->contexts[i].dirty_count)
            clear_range(&mmu->contexts[i], mmu->write_table,
                        mmu->write_table + MMU_TABLE_BYTES * mmu_data_count(mmu));
    mmu_refs_reset(mmu);
}

void mmu_get_stats(const struct mmu *mmu, struct mmu_stats *stats)
{
    *stats = mmu->stats;
}

size_t mmu_committed_bytes(const struct mmu *mmu)
{
    return (size_t)mmu->committed_total << 12;
}
