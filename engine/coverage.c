/*
 * Which guest code has been executed: blocks contain stores of 1 to bytes, one for each stretch of
 * instructions that is executed as a whole, and for each way of a conditional branch.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/internal.h"

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
    if (c->bytes && c->records)
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
    free(c);
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
