/*
 * Which guest code has been executed: blocks contain stores of 1 to bytes, one for each stretch of
 * instructions that is executed as a whole, and for each way of a conditional branch.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/internal.h"
#include "util/bits.h"

/* What has been executed on a page of code: a bit per halfword. */
struct known_page {
    uint64_t page; /* + 1; 0: unused */
    uint64_t executed[PAGE_BYTES / 2 / 64], taken[PAGE_BYTES / 2 / 64],
        not_taken[PAGE_BYTES / 2 / 64];
};

enum { KNOWN_PAGES = 4096 }; /* more are not looked up: their code goes on to mark */

/* Memory is used as blocks are made; code that is made again takes new marks. */
enum { MARKS_MAX = 4 << 20 };

struct record {
    uint64_t page;
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

static bool known_bit(const uint64_t *bits, uint32_t offset)
{
    offset &= PAGE_BYTES - 1;
    return bits[offset / 2 / 64] >> (offset / 2 % 64) & 1;
}

static void known_set(uint64_t *bits, uint32_t offset)
{
    bits[offset / 2 / 64] |= BIT64(offset / 2 % 64);
}

static void know(struct coverage_marks *c, const struct record *r)
{
    struct known_page *k = known_page(c, r->page, true);
    if (!k)
        return;
    for (uint32_t at = r->mark.start; at < r->mark.end && at < PAGE_BYTES; at += 2)
        known_set(k->executed, at);
    if (r->mark.taken != GUEST_BRANCH_NONE)
        known_set(r->mark.taken == GUEST_BRANCH_TAKEN ? k->taken : k->not_taken, r->mark.branch);
}

static bool is_known(const struct known_page *k, const struct guest_mark *m)
{
    if (m->end > PAGE_BYTES)
        return false;
    for (uint32_t at = m->start; at < m->end; at += 2)
        if (!known_bit(k->executed, at))
            return false;
    return m->taken == GUEST_BRANCH_NONE ||
           known_bit(m->taken == GUEST_BRANCH_TAKEN ? k->taken : k->not_taken, m->branch);
}

void engine_coverage_trim(struct coverage_marks *c, struct ir_block *b, uint64_t page)
{
    const struct known_page *k = known_page(c, page, false);
    if (!k)
        return;
    for (uint32_t i = 0; i < b->count; i++) {
        struct ir_op *op = &b->ops[i];
        if (op->opcode != IR_OP_mark)
            continue;
        if (is_known(k, &c->next.mark[(uint8_t *)(uintptr_t)op->imm - c->next.bytes])) {
            op->opcode = IR_OP_const; /* which nobody uses */
            op->type = IR_I32;
            op->imm = 0;
        }
    }
}

void engine_coverage_settle(struct engine *en)
{
    struct coverage_marks *c = en->coverage;
    if (!c)
        return;
    pthread_mutex_lock(&en->lock);
    for (uint32_t i = 0; i < c->used; i++)
        if (c->bytes[i])
            know(c, &c->records[i]);
    engine_drop_all(en);
    pthread_mutex_unlock(&en->lock);
}

struct guest_marks *engine_coverage_begin(struct coverage_marks *c)
{
    if (MARKS_MAX - c->used < GUEST_MARKS_MAX) {
        c->full = true;
        return NULL;
    }
    c->next.bytes = c->bytes + c->used;
    c->next.count = 0;
    c->next.max = GUEST_MARKS_MAX;
    return &c->next;
}

void engine_coverage_keep(struct coverage_marks *c, uint64_t page)
{
    for (unsigned i = 0; i < c->next.count; i++)
        c->records[c->used + i] = (struct record){page, c->next.mark[i]};
    c->used += c->next.count;
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
