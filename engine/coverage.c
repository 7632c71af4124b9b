/*
 * Which guest code has been executed: blocks contain stores of 1 to bytes, one for each stretch of
 * instructions that is executed as a whole, and for each way of a conditional branch.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/internal.h"
#include "util/bits.h"

/* What has been executed on a page of code. */
struct known_page {
    uint64_t page;  /* + 1; 0: unused */
    uint32_t first; /* number + 1 of a mark that is not part of `bits` yet; 0: none */
    struct guest_known bits;
};

enum { KNOWN_PAGES = 4096 }; /* more are not looked up: their code goes on to mark */

/* Memory is used as blocks are made; code that is made again takes new marks. */
enum { MARKS_MAX = 4 << 20 };

struct record {
    uint64_t page;
    uint32_t next; /* of the page: number + 1 */
    struct guest_mark mark;
};

struct coverage_marks {
    uint8_t *bytes;         /* low, so that code reaches them by short addresses */
    struct record *records; /* what each byte stands for */
    uint32_t used;
    bool full;
    struct guest_marks next;
    struct known_page *known; /* hash table of KNOWN_PAGES */
    uint32_t known_count;
};

static void *reserve(size_t size, int flags)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

struct coverage_marks *engine_coverage_new(struct error *e)
{
    struct coverage_marks *c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    c->bytes = reserve(MARKS_MAX, MAP_32BIT);
    c->records = reserve(MARKS_MAX * sizeof(*c->records), 0);
    c->known = reserve(KNOWN_PAGES * sizeof(*c->known), 0);
    if (c->bytes && c->records && c->known)
        return c;
    error_set_errno(e, "no memory for coverage");
    engine_coverage_free(c);
    return NULL;
}

void engine_coverage_free(struct coverage_marks *c)
{
    if (!c)
        return;
    if (c->bytes)
        munmap(c->bytes, MARKS_MAX);
    if (c->records)
        munmap(c->records, MARKS_MAX * sizeof(*c->records));
    if (c->known)
        munmap(c->known, KNOWN_PAGES * sizeof(*c->known));
    free(c);
}

/* ---- what is known already need not be marked again ------------------------------------------ */

/* NULL: there is none, and @add is not set or there is no room. */
static struct known_page *known_page(struct coverage_marks *c, uint64_t page, bool add)
{
    uint32_t i = (uint32_t)((page >> PAGE_BITS) * 0x9e3779b97f4a7c15ull >> 40) % KNOWN_PAGES;
    for (; c->known[i].page; i = (i + 1) % KNOWN_PAGES)
        if (c->known[i].page == page + 1)
            return &c->known[i];
    if (!add || c->known_count == KNOWN_PAGES / 2)
        return NULL;
    c->known_count++;
    c->known[i].page = page + 1;
    return &c->known[i];
}

static void know(uint64_t *bits, uint32_t start, uint32_t end)
{
    for (uint32_t at = start; at < end && at < PAGE_BYTES; at += 2)
        bits[at / 2 / 64] |= BIT64(at / 2 % 64);
}

static void know_mark(struct guest_known *k, const struct guest_mark *m)
{
    bool branch = m->taken != GUEST_BRANCH_NONE;
    know(k->executed, m->start, m->end);
    if (m->conditional)
        know(k->conditional, m->start, branch ? m->branch : m->end);
    if (branch)
        know(m->taken == GUEST_BRANCH_TAKEN ? k->taken : k->not_taken, m->branch, m->branch + 2);
}

/* What has been reached since the last time. */
static void know_news(struct coverage_marks *c, struct known_page *k)
{
    uint32_t *place = &k->first;
    while (*place) {
        struct record *r = &c->records[*place - 1];
        if (c->bytes[*place - 1]) {
            know_mark(&k->bits, &r->mark);
            *place = r->next;
        } else {
            place = &r->next;
        }
    }
}

/* ---- marks of blocks ------------------------------------------------------------------------- */

struct guest_marks *engine_coverage_begin(struct coverage_marks *c, uint64_t page)
{
    if (MARKS_MAX - c->used < GUEST_MARKS_MAX) {
        c->full = true;
        return NULL;
    }
    struct known_page *k = known_page(c, page, false);
    if (k)
        know_news(c, k);
    c->next.known = k ? &k->bits : NULL;
    c->next.bytes = c->bytes + c->used;
    c->next.count = 0;
    c->next.max = GUEST_MARKS_MAX;
    return &c->next;
}

void engine_coverage_keep(struct coverage_marks *c, uint64_t page, struct block *b)
{
    struct known_page *k = c->next.count ? known_page(c, page, true) : NULL;
    for (unsigned i = 0; i < c->next.count; i++) {
        c->records[c->used + i] = (struct record){page, k ? k->first : 0, c->next.mark[i]};
        if (k)
            k->first = c->used + i + 1;
    }
    if (c->next.count) {
        struct block_extra *extra = engine_block_extra(b);
        extra->first_mark = c->used;
        extra->mark_count = c->next.count;
    }
    c->used += c->next.count;
}

static bool has_marked(const struct block *b, const void *opaque)
{
    const struct coverage_marks *c = opaque;
    return b->extra && b->extra->mark_count &&
           memchr(c->bytes + b->extra->first_mark, 1, b->extra->mark_count);
}

void engine_coverage_settle(struct engine *en)
{
    if (!en->coverage)
        return;
    pthread_mutex_lock(&en->lock);
    engine_drop_blocks(en, has_marked, en->coverage);
    pthread_mutex_unlock(&en->lock);
}

bool engine_coverage(const struct engine *en,
                     void (*visit)(void *opaque, const struct engine_covered *c), void *opaque)
{
    const struct coverage_marks *c = en->coverage;
    if (!c)
        return false;
    for (uint32_t i = 0; i < c->used; i++) {
        const struct record *r = &c->records[i];
        const struct engine_covered covered = {
            .start = r->page + r->mark.start,
            .end = r->page + r->mark.end,
            .branch = r->page + r->mark.branch,
            .taken = r->mark.taken,
        };
        if (c->bytes[i])
            visit(opaque, &covered);
    }
    return !c->full;
}
