/*
 * Translated code that is kept from one run of a program to the next, in a file. Blocks are found
 * by what their page contains and where it is mapped, since code has addresses in it; a page that
 * has changed is not found. Code is taken back to the addresses where it was, all at once; the
 * blocks of a page are published when the page is executed from.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/internal.h"
#include "util/bits.h"
#include "util/buildid.h"
#include "util/hash.h"
#include "util/log.h"

enum {
    ID_MAX = 32,
    STORE_MAX = 64 << 20,   /* bytes of a file */
    WORTH_BLOCKS = 16,      /* as many new blocks, and this share of all, */
    WORTH_SHARE = 32,       /* make a new file worth its while; */
    PARTS_MAX = 3 + BACKEND_PARTS_MAX,
    /* not if more of the code than one in so many bytes is of no further use */
    WASTE_SHARE = 2,
};

struct store_head {
    char magic[8];
    uint8_t build[ID_MAX]; /* of this program: what it translates to may change with it */
    struct hash128 key;    /* the backend's */
    /* of this head without it, and of the hashes of the parts, which follow: */
    struct hash128 contents;
    uint32_t page_count, block_count, link_count, part_count;
    uint64_t part_size[PARTS_MAX]; /* pages, blocks, links, the backend's image */
};

static const char magic[8] = "armemu5";

/* Followed by its blocks, from `first` on in the array of all blocks. */
struct stored_page {
    struct hash128 hash;
    uint32_t first, count;
};

struct stored_link {
    uint32_t site;
    int32_t to; /* number of the block that its jump was patched to, or -1 */
};

struct stored_block {
    uint32_t flags, entry, code_end;
    uint16_t start, end, literal_start, literal_end;
    uint8_t region, link_count, pad[2];
    uint32_t first_link; /* in the array of all links */
};

/* Which file is there; all 0: none. */
struct identity {
    uint64_t device, inode, size, seconds, nanoseconds;
};

struct store {
    char *path;
    struct identity identity; /* when it was opened */
    bool saved;
    struct engine *engine;
    void *map; /* the file; NULL: there was none that fits */
    size_t size;
    const struct stored_page *pages;
    const struct stored_block *blocks;
    const struct stored_link *links;
    uint32_t page_count, block_count, link_count;
    uint32_t *buckets;       /* by hash: page number + 1, 0: free; open addressing */
    uint32_t bucket_mask;
    bool *taken;             /* by page: its blocks are the engine's */
    bool evicted[REGION_MAX];
};

/* ---- reading --------------------------------------------------------------------------------- */

static void build_get(uint8_t *out)
{
    uint32_t size;
    const uint8_t *id = build_id(&size);
    memset(out, 0, ID_MAX);
    if (id)
        memcpy(out, id, size < ID_MAX ? size : ID_MAX);
}

static bool same_hash(struct hash128 a, struct hash128 b)
{
    return a.low == b.low && a.high == b.high;
}

static bool links_valid(const struct store *st, const struct stored_page *page,
                        const struct stored_block *b)
{
    if (b->link_count > BACKEND_EXITS_MAX || b->first_link > st->link_count ||
        b->link_count > st->link_count - b->first_link)
        return false;
    for (unsigned i = 0; i < b->link_count; i++) {
        int64_t to = st->links[b->first_link + i].to;
        if (to != -1 && (to < page->first || to >= (int64_t)page->first + page->count))
            return false;
    }
    return true;
}

static bool page_valid(const struct store *st, const struct stored_page *page)
{
    if (page->first > st->block_count || page->count > st->block_count - page->first)
        return false;
    for (uint32_t k = page->first; k < page->first + page->count; k++) {
        const struct stored_block *b = &st->blocks[k];
        if (b->start >= PAGE_BYTES || b->end > PAGE_BYTES || b->literal_end > PAGE_BYTES ||
            b->region >= st->engine->region_count || !links_valid(st, page, b))
            return false;
    }
    return true;
}

static bool head_matches(const struct store *st, const struct store_head *h)
{
    struct store_head own = {.key = backend_image_key(st->engine->backend)};
    build_get(own.build);
    return !memcmp(h->magic, magic, sizeof(magic)) && !memcmp(h->build, own.build, ID_MAX) &&
           same_hash(h->key, own.key);
}

/* What tells that a file is as it was written. */
struct store_sum {
    struct store_head head;
    struct hash128 parts[PARTS_MAX];
};

static struct hash128 sum_up(struct store_sum *sum)
{
    sum->head.contents = (struct hash128){0};
    return hash128(sum, sizeof(*sum));
}

/* Are the @rest bytes behind the head @h its parts, as they were? */
static bool contents_match(const struct store_head *h, size_t rest)
{
    struct store_sum sum = {.head = *h};
    const uint8_t *p = (const uint8_t *)(h + 1);
    for (uint32_t i = 0; i < h->part_count; i++) {
        if (i == PARTS_MAX || h->part_size[i] > rest)
            return false;
        sum.parts[i] = hash128(p, h->part_size[i]);
        p += h->part_size[i];
        rest -= h->part_size[i];
    }
    return !rest && same_hash(sum_up(&sum), h->contents);
}

/* Is the file what this program has written? What is beyond the head is found in it. */
static bool parse(struct store *st)
{
    const struct store_head *h = st->map;
    const uint8_t *p = (const uint8_t *)(h + 1);
    if (st->size < sizeof(*h) || !head_matches(st, h))
        return false;
    size_t rest = st->size - sizeof(*h);
    uint64_t pages = (uint64_t)h->page_count * sizeof(*st->pages);
    uint64_t blocks = (uint64_t)h->block_count * sizeof(*st->blocks);
    uint64_t links = (uint64_t)h->link_count * sizeof(*st->links);
    if (pages + blocks + links > rest || !contents_match(h, rest))
        return false;
    st->pages = (const void *)p;
    st->blocks = (const void *)(p + pages);
    st->links = (const void *)(p + pages + blocks);
    st->page_count = h->page_count;
    st->block_count = h->block_count;
    st->link_count = h->link_count;
    for (uint32_t i = 0; i < st->page_count; i++)
        if (!page_valid(st, &st->pages[i]))
            return false;
    bool ok = backend_image_read(st->engine->backend, p + pages + blocks + links,
                                 rest - pages - blocks - links);
    size_t keep = (size_t)align_up(sizeof(*h) + pages + blocks + links, PAGE_BYTES);
    if (ok && keep < st->size) { /* the code is where it belongs; the host need not keep it twice */
        munmap((uint8_t *)st->map + keep, st->size - keep);
        st->size = keep;
    }
    return ok;
}

static void *zeroed(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p)
        abort();
    return p;
}

/* Where the number of the page with such contents is, or belongs. */
static uint32_t *place_of(uint32_t *buckets, uint32_t mask, const struct stored_page *pages,
                          struct hash128 hash)
{
    uint32_t b = hash.low & mask;
    while (buckets[b] && !same_hash(pages[buckets[b] - 1].hash, hash))
        b = (b + 1) & mask;
    return &buckets[b];
}

/* Buckets for so many pages; their number - 1 in *@mask. */
static uint32_t *buckets_new(uint32_t pages, uint32_t *mask)
{
    uint32_t size = 16;
    while (size < 2 * pages)
        size *= 2;
    *mask = size - 1;
    return zeroed(size, sizeof(uint32_t));
}

static void index_pages(struct store *st)
{
    st->buckets = buckets_new(st->page_count, &st->bucket_mask);
    st->taken = zeroed(st->page_count, sizeof(*st->taken));
    for (uint32_t i = 0; i < st->page_count; i++)
        *place_of(st->buckets, st->bucket_mask, st->pages, st->pages[i].hash) = i + 1;
}

/* Only a file that nobody else can write to: it is going to be executed. */
static bool is_ours(const struct stat *s)
{
    return S_ISREG(s->st_mode) && s->st_uid == geteuid() && !(s->st_mode & (S_IWGRP | S_IWOTH)) &&
           s->st_size > 0 && s->st_size <= STORE_MAX;
}

static struct identity identity_of(const struct stat *s)
{
    return (struct identity){s->st_dev, s->st_ino, (uint64_t)s->st_size,
                             (uint64_t)s->st_mtim.tv_sec, (uint64_t)s->st_mtim.tv_nsec};
}

/* Has another process written the file since it was opened? What it knew is as good. */
static bool is_outdated(const struct store *st)
{
    struct stat s;
    struct identity now = {0};
    if (stat(st->path, &s) == 0)
        now = identity_of(&s);
    return memcmp(&now, &st->identity, sizeof(now)) != 0;
}

static void map_file(struct store *st)
{
    struct stat s;
    int fd = open(st->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    bool known = fstat(fd, &s) == 0;
    if (known)
        st->identity = identity_of(&s);
    if (known && is_ours(&s)) {
        void *map = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        st->map = map == MAP_FAILED ? NULL : map;
        st->size = (size_t)s.st_size;
    }
    close(fd);
}

static void unmap_file(struct store *st)
{
    if (st->map)
        munmap(st->map, st->size);
    st->map = NULL;
    st->page_count = st->block_count = st->link_count = 0;
}

struct store *engine_store_open(struct engine *en, const char *path)
{
    uint32_t size, translation_logs = LOG_IN_ASM | LOG_OP | LOG_OP_OPT | LOG_OUT_ASM;
    if (en->accel != ENGINE_JIT || en->log_blocks || log_enabled(translation_logs) || en->perfmap ||
        !en->ops.stable_code || !build_id(&size))
        return NULL;
    struct store *st = zeroed(1, sizeof(*st));
    st->engine = en;
    st->path = strdup(path);
    map_file(st);
    if (st->map && !parse(st))
        unmap_file(st);
    en->region = backend_region(en->backend);
    index_pages(st);
    return st;
}

void engine_store_close(struct store *st)
{
    if (!st)
        return;
    unmap_file(st);
    free(st->buckets);
    free(st->taken);
    free(st->path);
    free(st);
}

/* What the code of the page at @phys depends on. */
static struct hash128 page_hash(const uint8_t *bytes, uint64_t phys)
{
    struct hash128 h = hash128(bytes, PAGE_BYTES);
    h.low ^= phys * 0x9e3779b97f4a7c15ull;
    return h;
}

/* ---- taking the blocks of a page ------------------------------------------------------------- */

static struct block *block_take(struct engine *en, const struct stored_block *from,
                                struct code_page *page)
{
    const struct stored_link *links = &en->store->links[from->first_link];
    struct block *b = engine_block_new(en, from->region, from->link_count);
    if (!b)
        return NULL;
    b->page = page;
    b->frame = (uint32_t)(page->phys >> PAGE_BITS);
    b->flags = from->flags;
    b->start = from->start;
    b->end = from->end;
    b->literal_start = from->literal_start;
    b->literal_end = from->literal_end;
    b->entry = from->entry;
    b->code_end = from->code_end;
    for (unsigned i = 0; i < b->link_count; i++)
        b->links[i].site = links[i].site;
    return b;
}

/* The jumps are as they were: patched to a block that is here again, or not. @live: the blocks of
 * its page. */
static void links_take(struct store *st, const struct stored_page *page,
                       const struct stored_block *from, struct block *b, struct block **live)
{
    const struct stored_link *links = &st->links[from->first_link];
    for (unsigned i = 0; i < b->link_count; i++) {
        struct block *to = links[i].to < 0 ? NULL : live[(uint32_t)links[i].to - page->first];
        if (to)
            engine_link(st->engine, &b->links[i], to);
        else if (links[i].to >= 0)
            backend_unchain(st->engine->backend, (void *)(uintptr_t)b->links[i].site);
    }
}

static void page_take(struct engine *en, struct code_page *page, const struct stored_page *from)
{
    struct store *st = en->store;
    struct block **live = zeroed(from->count, sizeof(struct block *));
    const struct stored_block *blocks = &st->blocks[from->first];
    for (uint32_t k = 0; k < from->count; k++) {
        live[k] = st->evicted[blocks[k].region] ? NULL : block_take(en, &blocks[k], page);
        if (!live[k])
            continue;
        engine_block_publish(en, live[k]);
        en->stats.blocks_stored++;
    }
    for (uint32_t k = 0; k < from->count; k++)
        if (live[k])
            links_take(st, from, &blocks[k], live[k], live);
    free(live);
}

void engine_store_adopt(struct engine *en, struct code_page *page)
{
    struct store *st = en->store;
    page->stored = true;
    if (!st->page_count || en->debug.count || en->debug.no_literals || en->debug.watching ||
        en->one_insn)
        return;
    const uint8_t *bytes = en->ops.stable_code(en->opaque, page->phys);
    if (!bytes)
        return;
    uint32_t n = *place_of(st->buckets, st->bucket_mask, st->pages, page_hash(bytes, page->phys));
    if (!n || st->taken[--n])
        return;
    st->taken[n] = true;
    page_take(en, page, &st->pages[n]);
}

void engine_store_evict(struct engine *en, uint32_t region)
{
    if (en->store)
        en->store->evicted[region] = true;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* What goes into the new file. */
struct save {
    struct store *st;
    struct stored_page *pages;
    struct stored_block *blocks;
    struct stored_link *links;
    uint32_t page_count, page_room, block_count, block_room, link_count, link_room;
    uint32_t *seen; /* by hash: page number + 1, as store.buckets */
    uint32_t seen_mask;
};

static void *grown(void *array, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return array;
    *room = *room ? 2 * *room : 1024;
    array = realloc(array, *room * size);
    if (!array)
        abort();
    return array;
}

static struct stored_page *page_new(struct save *s, struct hash128 hash)
{
    s->pages = grown(s->pages, s->page_count, &s->page_room, sizeof(*s->pages));
    s->pages[s->page_count] = (struct stored_page){hash, s->block_count, 0};
    return &s->pages[s->page_count++];
}

static struct stored_block *block_new(struct save *s)
{
    s->blocks = grown(s->blocks, s->block_count, &s->block_room, sizeof(*s->blocks));
    return memset(&s->blocks[s->block_count++], 0, sizeof(*s->blocks));
}

static struct stored_link *link_new(struct save *s)
{
    s->links = grown(s->links, s->link_count, &s->link_room, sizeof(*s->links));
    return &s->links[s->link_count++];
}

/* Blocks that another run can find again: those in the middle of an IT block and those of two pages
 * are looked for in another way. */
static bool is_kept(const struct block *b)
{
    return !b->straddles &&
           !(b->flags & (GUEST_FLAGS_LOOKUP_ONLY | BLOCK_STEP | BLOCK_SHORT));
}

static void block_put(struct save *s, struct block *b)
{
    struct stored_block *to = block_new(s);
    b->number = s->block_count - 1;
    to->flags = b->flags;
    to->entry = b->entry;
    to->code_end = b->code_end;
    to->start = b->start;
    to->end = b->end;
    to->literal_start = b->literal_start;
    to->literal_end = b->literal_end;
    to->region = (uint8_t)b->region;
    to->link_count = b->link_count;
}

/* Once all blocks of the page have numbers. */
static void links_put(struct save *s, const struct block *b)
{
    const struct engine *en = s->st->engine;
    s->blocks[b->number].first_link = s->link_count;
    for (unsigned i = 0; i < b->link_count; i++) {
        const struct link *l = &b->links[i];
        const struct block *to = engine_block_at(en, l->to);
        /* another page may not be there again */
        bool kept = to && is_kept(to) && to->page == b->page;
        if (to && !kept)
            backend_unchain(en->backend, (void *)(uintptr_t)l->site);
        *link_new(s) = (struct stored_link){l->site, kept ? (int32_t)to->number : -1};
    }
}

/* Are blocks of a page with the same contents there already? If not, the next page's are. */
static bool is_repeated(struct save *s, struct hash128 hash)
{
    uint32_t *place = place_of(s->seen, s->seen_mask, s->pages, hash);
    if (*place)
        return true;
    *place = s->page_count + 1;
    return false;
}

static void page_put(struct save *s, const struct code_page *page)
{
    struct engine *en = s->st->engine;
    const uint8_t *bytes = page->blocks ? en->ops.stable_code(en->opaque, page->phys) : NULL;
    if (!bytes)
        return;
    struct hash128 hash = page_hash(bytes, page->phys);
    if (is_repeated(s, hash))
        return;
    struct stored_page *to = page_new(s, hash);
    for (struct block *b = engine_block_at(en, page->blocks); b;
         b = engine_block_at(en, b->next_in_page))
        if (is_kept(b))
            block_put(s, b);
    to->count = s->block_count - to->first;
    for (struct block *b = engine_block_at(en, page->blocks); b;
         b = engine_block_at(en, b->next_in_page))
        if (is_kept(b))
            links_put(s, b);
}

/* A page that this run had no use for. */
static void page_pass_on(struct save *s, const struct stored_page *page)
{
    const struct store *st = s->st;
    for (uint32_t k = page->first; k < page->first + page->count; k++)
        if (st->evicted[st->blocks[k].region])
            return;
    if (is_repeated(s, page->hash))
        return;
    struct stored_page *to = page_new(s, page->hash);
    to->count = page->count;
    for (uint32_t k = page->first; k < page->first + page->count; k++) {
        struct stored_block *b = block_new(s);
        *b = st->blocks[k];
        b->first_link = s->link_count;
        for (unsigned i = 0; i < b->link_count; i++) {
            struct stored_link *l = link_new(s);
            *l = st->links[st->blocks[k].first_link + i];
            if (l->to >= 0)
                l->to += (int32_t)(to->first - page->first);
        }
    }
}

static void collect(struct save *s)
{
    struct engine *en = s->st->engine;
    uint32_t pages = s->st->page_count;
    for (uint32_t i = 0; i < ARRAY_SIZE(en->page_hash); i++)
        for (const struct code_page *p = en->page_hash[i]; p; p = p->next_in_hash)
            pages++;
    s->seen = buckets_new(pages, &s->seen_mask);
    for (uint32_t i = 0; i < ARRAY_SIZE(en->page_hash); i++)
        for (const struct code_page *p = en->page_hash[i]; p; p = p->next_in_hash)
            page_put(s, p);
    for (uint32_t i = 0; i < s->st->page_count; i++)
        if (!s->st->taken[i])
            page_pass_on(s, &s->st->pages[i]);
}

/* What the file consists of, where it lies. */
struct file {
    struct store_head head;
    struct backend_part part[PARTS_MAX];
    uint64_t size, image_size;
};

static bool compose(const struct save *s, struct file *f)
{
    struct backend *be = s->st->engine->backend;
    struct store_sum sum = {0};
    memset(f, 0, sizeof(*f));
    memcpy(f->head.magic, magic, sizeof(magic));
    build_get(f->head.build);
    f->head.key = backend_image_key(be);
    f->head.page_count = s->page_count;
    f->head.block_count = s->block_count;
    f->head.link_count = s->link_count;
    f->part[0] = (struct backend_part){s->pages, s->page_count * sizeof(*s->pages)};
    f->part[1] = (struct backend_part){s->blocks, s->block_count * sizeof(*s->blocks)};
    f->part[2] = (struct backend_part){s->links, s->link_count * sizeof(*s->links)};
    f->head.part_count = 3 + backend_image_parts(be, &f->part[3]);
    f->size = sizeof(f->head);
    for (uint32_t i = 0; i < f->head.part_count; i++) {
        sum.parts[i] = hash128(f->part[i].data, f->part[i].size);
        f->head.part_size[i] = f->part[i].size;
        f->size += f->part[i].size;
        f->image_size += i < 3 ? 0 : f->part[i].size;
    }
    sum.head = f->head;
    f->head.contents = sum_up(&sum);
    return f->size <= STORE_MAX;
}

static bool write_all(int fd, const void *data, size_t size)
{
    const uint8_t *p = data;
    while (size) {
        ssize_t n = write(fd, p, size);
        if (n <= 0)
            return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

static bool write_parts(int fd, const struct file *f)
{
    bool ok = write_all(fd, &f->head, sizeof(f->head));
    for (uint32_t i = 0; ok && i < f->head.part_count; i++)
        ok = write_all(fd, f->part[i].data, f->part[i].size);
    return ok;
}

/* Written aside and renamed: a reader sees the old file or the new one. */
static bool put_file(const char *path, const struct file *f)
{
    char *temporary;
    bool ok = false;
    if (asprintf(&temporary, "%s.%d", path, (int)getpid()) < 0)
        return false;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        ok = write_parts(fd, f);
        ok = close(fd) == 0 && ok && rename(temporary, path) == 0;
        if (!ok)
            unlink(temporary);
    }
    free(temporary);
    return ok;
}

static bool is_worthwhile(const struct engine *en)
{
    const struct engine_stats *c = &en->stats;
    return c->blocks_translated >= WORTH_BLOCKS &&
           c->blocks_translated >= (c->blocks_stored + c->blocks_translated) / WORTH_SHARE;
}

/* Is enough of the code in blocks that another run may take? It is not where the program has made
 * most of its code by itself. */
static bool is_dense(const struct save *s, const struct file *f)
{
    uint64_t used = 0;
    for (uint32_t k = 0; k < s->block_count; k++)
        used += s->blocks[k].code_end - s->blocks[k].entry;
    return used >= f->image_size / WASTE_SHARE;
}

static bool is_wanted(const struct engine *en)
{
    return en->store && !en->evicting && !en->debug.count && !en->debug.no_literals &&
           !en->debug.watching && !en->one_insn && !en->store->saved && is_worthwhile(en) &&
           !is_outdated(en->store);
}

/* With a stack of its own, which most children of fork need no copy of. */
__attribute__((noinline)) static bool save(struct engine *en)
{
    struct save s = {.st = en->store};
    struct file f;
    en->store->saved = true;
    collect(&s);
    bool ok = compose(&s, &f) && is_dense(&s, &f) && put_file(en->store->path, &f);
    free(s.pages);
    free(s.blocks);
    free(s.links);
    free(s.seen);
    return ok;
}

bool engine_store_save(struct engine *en)
{
    pthread_mutex_lock(&en->lock);
    bool ok = is_wanted(en) && save(en);
    pthread_mutex_unlock(&en->lock);
    return ok;
}
