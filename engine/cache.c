/* Blocks and code pages: find, publish, chain, invalidate, evict. All but the code that runs reads
 * and writes these structures under engine.lock. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "util/bits.h"
#include "util/log.h"

static void *alloc_or_die(size_t size)
{
    void *p = calloc(1, size);
    if (!p) {
        fprintf(stderr, "armemu: out of memory\n");
        abort();
    }
    return p;
}

static uint32_t hash64(uint64_t v, unsigned bits)
{
    return (uint32_t)((v * 0x9e3779b97f4a7c15ull) >> (64 - bits));
}

/* The bucket of a key, and its mark there. What a page has lies together, as it is asked for
 * together, and so do neighbours, since a short program should not touch much of the table. */
static struct block_bucket *block_bucket(struct engine *en, uint64_t phys, uint32_t offset,
                                         uint32_t flags, uint32_t *mark)
{
    enum { PAGE_BUCKETS = 128 };
    uint64_t number = phys >> PAGE_BITS;
    uint32_t page = (uint32_t)(number * PAGE_BUCKETS) + hash64(flags, BLOCK_HASH_BITS);
    *mark = 1u << (offset >> 1 ^ hash64(number, 5)) % 32;
    return &en->block_hash[(page + offset / (PAGE_BYTES / PAGE_BUCKETS)) %
                           ARRAY_SIZE(en->block_hash)];
}

/* ---- pages ----------------------------------------------------------------------------------- */

static struct code_page **page_bucket(struct engine *en, uint64_t phys)
{
    return &en->page_hash[(phys >> PAGE_BITS) % ARRAY_SIZE(en->page_hash)];
}

struct code_page *engine_page_find(struct engine *en, uint64_t phys)
{
    struct code_page *p = *page_bucket(en, phys);
    while (p && p->phys != phys)
        p = p->next_in_hash;
    return p;
}

struct code_page *engine_page_get(struct engine *en, uint64_t phys)
{
    struct code_page *p = engine_page_find(en, phys);
    if (p)
        return p;
    struct code_page **bucket = page_bucket(en, phys);
    p = alloc_or_die(sizeof(*p));
    p->phys = phys;
    p->next_in_hash = *bucket;
    *bucket = p;
    return p;
}

struct entry_array *engine_entries(struct engine *en, struct code_page *page, uint32_t flags)
{
    for (struct entry_array *a = page->arrays; a; a = a->next)
        if (a->flags == flags)
            return a;
    uint32_t count = PAGE_BYTES >> en->target->granule[flags & GUEST_FLAGS_LANE_MASK];
    struct entry_array *a = alloc_or_die(sizeof(*a) + count * sizeof(a->entry[0]));
    a->flags = flags;
    a->count = count;
    for (uint32_t i = 0; i < count; i++)
        a->entry[i] = en->no_entry;
    a->next = page->arrays;
    page->arrays = a;
    return a;
}

/* Words [start, end) of the page, in bytes, become covered. */
static void cover(struct code_page *page, uint32_t start, uint32_t end)
{
    for (uint32_t w = start / 4; w < (end + 3) / 4 && w < PAGE_BYTES / 4; w++)
        page->covered[w / 64] |= BIT64(w % 64);
}

static void cover_block(struct code_page *page, const struct block *b)
{
    cover(page, b->start, b->end);
    cover(page, b->literal_start, b->literal_end);
}

static bool covers(const struct code_page *page, uint32_t start, uint32_t end)
{
    for (uint32_t w = start / 4; w < (end + 3) / 4 && w < PAGE_BYTES / 4; w++)
        if (page->covered[w / 64] & BIT64(w % 64))
            return true;
    return false;
}

static void recover(const struct engine *en, struct code_page *page)
{
    memset(page->covered, 0, sizeof(page->covered));
    for (const struct block *b = engine_block_at(en, page->blocks); b;
         b = engine_block_at(en, b->next_in_page))
        cover_block(page, b);
    if (page->over)
        cover(page, 0, 2);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

struct block *engine_block_find(struct engine *en, uint64_t phys, uint32_t offset, uint32_t flags)
{
    uint32_t mark;
    const struct block_bucket *bucket = block_bucket(en, phys, offset, flags, &mark);
    struct block *b = bucket->marks & mark ? engine_block_at(en, bucket->first) : NULL;
    while (b && !(b->frame == phys >> PAGE_BITS && b->start == offset && b->flags == flags))
        b = engine_block_at(en, b->next_in_hash);
    return b;
}

static uint32_t *entry_of(struct engine *en, struct block *b)
{
    struct entry_array *a = engine_entries(en, b->page, b->flags);
    return &a->entry[b->start >> en->target->granule[b->flags & GUEST_FLAGS_LANE_MASK]];
}

static void entry_store(uint32_t *entry, uint32_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static pool_ref *site_bucket(struct engine *en, uint32_t site)
{
    return &en->site_hash[(site >> 4) % ARRAY_SIZE(en->site_hash)];
}

static void sites_add(struct engine *en, struct block *b)
{
    for (unsigned i = 0; i < b->link_count; i++) {
        struct link *l = &b->links[i];
        pool_ref *bucket = site_bucket(en, l->site);
        l->next_in_hash = *bucket;
        *bucket = engine_ref(en, l);
    }
}

static void sites_remove(struct engine *en, struct block *b)
{
    for (unsigned i = 0; i < b->link_count; i++) {
        pool_ref *p = site_bucket(en, b->links[i].site), own = engine_ref(en, &b->links[i]);
        while (*p != own)
            p = &engine_link_at(en, *p)->next_in_hash;
        *p = b->links[i].next_in_hash;
    }
}

void engine_block_publish(struct engine *en, struct block *b)
{
    uint32_t mark;
    struct block_bucket *bucket = block_bucket(en, engine_block_phys(b), b->start, b->flags, &mark);
    b->next_in_hash = bucket->first;
    bucket->first = engine_ref(en, b);
    bucket->marks |= mark;
    b->valid = true;
    sites_add(en, b);
    if (b->apart)
        return;
    if (b->straddles) {
        struct code_page *second = b->extra->second;
        b->extra->next_over = second->over;
        second->over = b;
        cover(second, 0, 2);
    }
    b->next_in_page = b->page->blocks;
    b->page->blocks = engine_ref(en, b);
    cover_block(b->page, b);
    if (!(b->flags & GUEST_FLAGS_LOOKUP_ONLY) && !engine_page_stops(b->page, b->start))
        entry_store(entry_of(en, b), b->entry);
}

void engine_link(struct engine *en, struct link *l, struct block *to)
{
    l->to = engine_ref(en, to);
    l->prev = 0;
    l->next = to->incoming;
    if (to->incoming)
        engine_link_at(en, to->incoming)->prev = engine_ref(en, l);
    to->incoming = engine_ref(en, l);
}

void engine_chain(struct engine *en, void *site, struct block *to)
{
    if (en->reluctance) {
        en->reluctance--;
        return;
    }
    uint32_t handle = (uint32_t)(uintptr_t)site;
    struct link *l = engine_link_at(en, *site_bucket(en, handle));
    while (l && l->site != handle)
        l = engine_link_at(en, l->next_in_hash);
    const struct block *from = l ? engine_block_at(en, l->from) : NULL;
    uint32_t same = en->direct ? ~(uint32_t)GUEST_FLAGS_LANE_MASK : ~0u;
    if (!l || l->to || !to->valid || to->apart || (!en->direct && to->page != from->page) ||
        ((to->flags ^ from->flags) & same) || engine_page_stops(to->page, to->start))
        return;
    engine_link(en, l, to);
    backend_chain(en->backend, site, to->entry);
    en->stats.chains++;
}

static void unchain(struct engine *en, struct link *l)
{
    backend_unchain(en->backend, (void *)(uintptr_t)l->site);
    l->to = 0;
}

/* The jump is reset as well: a block that is not valid may still be returned into. */
static void unlink_outgoing(struct engine *en, struct link *l)
{
    if (!l->to)
        return;
    if (l->prev)
        engine_link_at(en, l->prev)->next = l->next;
    else
        engine_block_at(en, l->to)->incoming = l->next;
    if (l->next)
        engine_link_at(en, l->next)->prev = l->prev;
    unchain(en, l);
}

static void unhash(struct engine *en, struct block *b)
{
    uint32_t mark;
    struct block_bucket *bucket = block_bucket(en, engine_block_phys(b), b->start, b->flags, &mark);
    pool_ref *p = &bucket->first, own = engine_ref(en, b);
    while (*p != own)
        p = &engine_block_at(en, *p)->next_in_hash;
    *p = b->next_in_hash;
    if (!bucket->first)
        bucket->marks = 0;
}

static void page_unprotect_if_empty(struct engine *en, struct code_page *page)
{
    if (page->blocks || page->over || !page->protected)
        return;
    page->protected = page->stored = false;
    en->unprotects++;
    en->ops.code_unprotect(en->opaque, page->phys);
}

static void leave_second(struct engine *en, struct block *b)
{
    struct code_page *second = b->extra->second;
    struct block **p = &second->over;
    while (*p != b)
        p = &(*p)->extra->next_over;
    *p = b->extra->next_over;
    page_unprotect_if_empty(en, second);
}

/* No new entry into @b from here on. The page's list is left to the caller. */
static void block_unreach(struct engine *en, struct block *b)
{
    if (!b->valid)
        return;
    b->valid = false;
    if (!b->apart && !(b->flags & GUEST_FLAGS_LOOKUP_ONLY))
        entry_store(entry_of(en, b), en->no_entry);
    if (b->straddles && !b->apart)
        leave_second(en, b);
    sites_remove(en, b);
    unhash(en, b);
    for (struct link *l = engine_link_at(en, b->incoming); l; l = engine_link_at(en, l->next))
        unchain(en, l);
    b->incoming = 0;
    for (unsigned i = 0; i < b->link_count; i++)
        unlink_outgoing(en, &b->links[i]);
}

void engine_block_drop(struct engine *en, struct block *b)
{
    if (b->valid && b->page) {
        pool_ref *p = &b->page->blocks, own = engine_ref(en, b);
        while (*p != own)
            p = &engine_block_at(en, *p)->next_in_page;
        *p = b->next_in_page;
    }
    block_unreach(en, b);
}

/* ---- writes to code -------------------------------------------------------------------------- */

static bool overlaps(const struct block *b, uint32_t start, uint32_t end)
{
    return (b->start < end && start < b->end) ||
           (b->literal_start < end && start < b->literal_end);
}

/* Is the block's code, written again, what it was? */
static bool is_same(const struct block *b, const struct code_page *page)
{
    return b->extra && b->extra->code &&
           !memcmp(b->extra->code, page->host + b->start, (size_t)(b->end - b->start));
}

static void drop_range(struct engine *en, struct code_page *page, uint32_t start, uint32_t end,
                       bool compare)
{
    pool_ref *p = &page->blocks;
    while (*p) {
        struct block *b = engine_block_at(en, *p);
        if (overlaps(b, start, end) && !(compare && is_same(b, page))) {
            *p = b->next_in_page;
            block_unreach(en, b);
            en->stats.blocks_invalidated++;
        } else {
            p = &b->next_in_page;
        }
    }
    for (struct block *b = page->over, *next; b && start < 2; b = next) {
        struct code_page *first = b->page;
        next = b->extra->next_over;
        engine_block_drop(en, b);
        page_unprotect_if_empty(en, first);
        en->stats.blocks_invalidated++;
    }
    if (!compare) /* what is covered too much costs a little, and this, each time, more */
        recover(en, page);
    page_unprotect_if_empty(en, page);
}

/* Is the block that @env is running made from @page? The exec table of its context tells; the page
 * may not be in there (a block in the middle of an IT block, TLB maintenance just now), so the
 * mapping is asked as well. Too often yes does no harm. */
static bool runs_in(struct engine *en, struct ir_env *env, const struct code_page *page)
{
    const struct ir_memory_layout *m = &en->target->memory;
    uint64_t index = env->page_base >> m->page_bits;
    for (unsigned lane = 0; lane < IR_LANES; lane++) {
        const uint32_t *const *table = (const void *)(env->tables + m->exec_table[lane]);
        for (const struct entry_array *a = page->arrays; a; a = a->next)
            if (table[index] == a->entry)
                return true;
    }
    struct engine_fetch fetch;
    return en->ops.fetch(env, env->page_base, false, &fetch) && fetch.phys == page->phys;
}

bool engine_code_write(struct engine *en, struct ir_env *env, uint64_t phys, uint32_t len)
{
    bool done = true;
    pthread_mutex_lock(&en->lock);
    while (len) {
        uint64_t page_phys = align_down(phys, PAGE_BYTES);
        uint32_t start = (uint32_t)(phys - page_phys);
        uint32_t n = len < PAGE_BYTES - start ? len : PAGE_BYTES - start;
        struct code_page *page = engine_page_find(en, page_phys);
        if (page && covers(page, start, start + n)) {
            struct engine_cpu *ec = env ? env->engine_cpu : NULL;
            if (ec && !ec->step_once && !ec->step && runs_in(en, env, page)) {
                ec->step_once = true;
                env->slow_dispatch = 1;
                done = false;
                break;
            }
            drop_range(en, page, start, start + n, false);
        }
        phys += n;
        len -= n;
    }
    pthread_mutex_unlock(&en->lock);
    return done;
}

void engine_code_drop_range(struct engine *en, uint64_t phys, uint32_t len)
{
    uint32_t start = (uint32_t)(phys % PAGE_BYTES);
    pthread_mutex_lock(&en->lock);
    struct code_page *page = engine_page_find(en, phys - start);
    if (page && covers(page, start, start + len))
        drop_range(en, page, start, start + len, true);
    pthread_mutex_unlock(&en->lock);
}

/* Is what runs a block of one instruction? */
static bool is_alone(const struct engine_cpu *ec)
{
    return ec->step || ec->step_once || ec->single;
}

static bool bit_known(struct engine *en, uint64_t phys, bool outside)
{
    uint32_t halfword = (phys & (PAGE_BYTES - 1)) / 2;
    pthread_mutex_lock(&en->lock);
    const struct code_page *page = engine_page_find(en, align_down(phys, PAGE_BYTES));
    const uint64_t *bits = !page ? NULL : outside ? page->outside : page->ends;
    bool known = !page || (bits && bits[halfword / 64] & BIT64(halfword % 64));
    pthread_mutex_unlock(&en->lock);
    return known;
}

bool engine_outside_known(struct engine *en, struct ir_env *env, uint64_t phys)
{
    const struct engine_cpu *ec = env->engine_cpu;
    return !en->exact || en->tiers != TIERS_BY_SAMPLES || is_alone(ec) || bit_known(en, phys, true);
}

bool engine_end_known(struct engine *en, struct ir_env *env, uint64_t phys)
{
    return is_alone(env->engine_cpu) || bit_known(en, phys, false);
}

static void bit_note(uint64_t **bits, uint32_t halfword)
{
    if (!*bits)
        *bits = alloc_or_die(PAGE_BYTES / 2 / 8);
    (*bits)[halfword / 64] |= BIT64(halfword % 64);
}

enum note { NOTE_NO_WINDOW, NOTE_OUTSIDE, NOTE_END };

/* The instruction at @phys is translated anew, with what has been found of it. */
static void insn_note(struct engine *en, uint64_t phys, enum note note)
{
    uint32_t halfword = (phys & (PAGE_BYTES - 1)) / 2;
    pthread_mutex_lock(&en->lock);
    struct code_page *page = engine_page_get(en, align_down(phys, PAGE_BYTES));
    bit_note(note == NOTE_END ? &page->ends : &page->no_window, halfword);
    if (note == NOTE_OUTSIDE)
        bit_note(&page->outside, halfword);
    pthread_mutex_unlock(&en->lock);
    engine_code_write(en, NULL, phys, 2);
}

void engine_outside_found(struct engine *en, uint64_t phys)
{
    insn_note(en, phys, NOTE_OUTSIDE);
}

void engine_window_missed(struct engine *en, uint64_t phys)
{
    insn_note(en, phys, NOTE_NO_WINDOW);
}

void engine_end_found(struct engine *en, uint64_t phys)
{
    insn_note(en, phys, NOTE_END);
}

void engine_code_drop(struct engine *en, uint64_t phys)
{
    pthread_mutex_lock(&en->lock);
    en->unprotects++; /* who is about to protect the page looks again */
    struct code_page *page = engine_page_find(en, phys);
    if (page) {
        drop_range(en, page, 0, PAGE_BYTES, false);
        page_unprotect_if_empty(en, page);
    }
    pthread_mutex_unlock(&en->lock);
}

/* ---- eviction -------------------------------------------------------------------------------- */

/* Pages without blocks, taken out of the hash so that nobody finds them; exec tables may still
 * point at their entry arrays. */
static struct code_page *pages_detach_empty(struct engine *en)
{
    struct code_page *dead = NULL;
    for (unsigned i = 0; i < ARRAY_SIZE(en->page_hash); i++) {
        struct code_page **p = &en->page_hash[i];
        while (*p) {
            struct code_page *page = *p;
            if (page->blocks || page->over) {
                p = &page->next_in_hash;
                continue;
            }
            page_unprotect_if_empty(en, page);
            *p = page->next_in_hash;
            page->next_in_hash = dead;
            dead = page;
        }
    }
    return dead;
}

static void pages_free(struct code_page *page)
{
    for (struct code_page *next; page; page = next) {
        next = page->next_in_hash;
        for (struct entry_array *a = page->arrays, *following; a; a = following) {
            following = a->next;
            free(a);
        }
        free(page->stops);
        free(page->outside);
        free(page->no_window);
        free(page->ends);
        free(page->cold);
        free(page);
    }
}

static void region_unreach(struct engine *en, uint32_t region)
{
    for (struct block *b = NULL; (b = engine_region_next(en, region, b)) != NULL;) {
        struct code_page *page = b->valid ? b->page : NULL;
        engine_block_drop(en, b);
        if (page)
            page_unprotect_if_empty(en, page);
    }
}

void engine_evict(struct engine *en, struct engine_cpu *self)
{
    if (en->evicting) { /* another CPU is at it: wait for its result */
        uint64_t before = en->stats.regions_evicted;
        while (en->evicting && en->stats.regions_evicted == before)
            pthread_cond_wait(&en->quiet, &en->lock);
        return;
    }
    en->evicting = true;
    uint32_t victim = en->backend ? backend_peek_region(en->backend)
                                  : (en->region + 1) % en->region_count;
    region_unreach(en, victim);
    engine_store_evict(en, victim);
    struct code_page *dead = pages_detach_empty(en);
    pthread_mutex_unlock(&en->lock);
    engine_sync(en, self->env);
    en->ops.exec_flush(en->opaque);
    pthread_mutex_lock(&en->lock);
    engine_pool_clear(en, victim);
    pages_free(dead);
    if (en->backend)
        backend_next_region(en->backend);
    en->region = victim;
    en->ids_used = 0;
    en->evicting = false;
    __atomic_store_n(&en->stats.regions_evicted, en->stats.regions_evicted + 1, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&en->quiet);
}

void engine_drop_blocks(struct engine *en, bool (*drop)(const struct block *b, const void *opaque),
                        const void *opaque)
{
    for (uint32_t region = 0; region < en->region_count; region++) {
        for (struct block *b = NULL; (b = engine_region_next(en, region, b)) != NULL;) {
            struct code_page *page = b->page;
            if (!b->valid || !drop(b, opaque))
                continue;
            engine_block_drop(en, b);
            if (page)
                page_unprotect_if_empty(en, page);
        }
    }
}

enum { STOP_BYTES = PAGE_BYTES / 2 / 8 };

/* Was @b made otherwise than it would be made now? @changed: the halfwords whose meaning changed. A
 * block that starts at one must become reachable, or no longer be. */
static bool passes(const struct block *b, const uint64_t *changed)
{
    uint32_t end = b->end < PAGE_BYTES ? b->end : PAGE_BYTES;
    for (uint32_t i = b->start / 2; i < end / 2; i++)
        if (changed[i / 64] >> (i % 64) & 1)
            return true;
    return false;
}

bool engine_page_stops_set(struct engine *en, struct code_page *page, const uint64_t *stops)
{
    static const uint64_t none[STOP_BYTES / 8];
    const uint64_t *old = page->stops ? page->stops : none, *new = stops ? stops : none;
    uint64_t changed[STOP_BYTES / 8], any = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(changed); i++)
        any |= changed[i] = old[i] ^ new[i];
    if (!any)
        return false;
    if (stops && !page->stops) {
        page->stops = alloc_or_die(STOP_BYTES);
        en->debug.pages++;
    }
    if (stops)
        memcpy(page->stops, stops, STOP_BYTES);
    for (struct block *b = engine_block_at(en, page->blocks), *next; b; b = next) {
        next = engine_block_at(en, b->next_in_page);
        if (b->valid && passes(b, changed))
            engine_block_drop(en, b);
    }
    if (!stops) {
        free(page->stops);
        page->stops = NULL;
        en->debug.pages--;
    }
    return true;
}

void engine_stops_forget(struct engine *en)
{
    for (unsigned i = 0; en->debug.pages && i < ARRAY_SIZE(en->page_hash); i++) {
        for (struct code_page *page = en->page_hash[i]; page; page = page->next_in_hash) {
            if (engine_page_stops_set(en, page, NULL))
                page_unprotect_if_empty(en, page);
        }
    }
}

void engine_drop_all(struct engine *en)
{
    for (uint32_t region = 0; region < en->region_count; region++)
        region_unreach(en, region);
}

void engine_cache_free(struct engine *en)
{
    for (uint32_t region = 0; region < en->region_count; region++)
        engine_pool_clear(en, region);
    engine_pool_close(en);
    for (unsigned i = 0; i < ARRAY_SIZE(en->page_hash); i++) {
        pages_free(en->page_hash[i]);
        en->page_hash[i] = NULL;
    }
    free(en->ids);
}
