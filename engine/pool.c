/* The memory of blocks and their links: a reserved piece for each region of the code cache, given
 * back with it. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/internal.h"
#include "util/bits.h"

/* A region is full when its code is, or this; the shortest blocks have hardly less code than what
 * is kept about them. Untouched memory costs nothing. */
enum { POOL_PER_CODE = 4, POOL_LEAST = 8 << 20 };

bool engine_pool_open(struct engine *en, uint32_t cache_size, struct error *e)
{
    uint64_t bytes = align_up((uint64_t)cache_size / en->region_count * POOL_PER_CODE, PAGE_BYTES);
    bytes = bytes < POOL_LEAST ? POOL_LEAST : bytes > 1u << 30 ? 1u << 30 : bytes;
    void *p = mmap(NULL, bytes * en->region_count, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return error_set_errno(e, "memory for what is known about translated code");
    en->pool = p;
    en->pool_bytes = (uint32_t)bytes;
    en->pool_used[0] = 8; /* there is no reference to the first */
    return true;
}

void engine_pool_close(struct engine *en)
{
    if (en->pool)
        munmap(en->pool, (size_t)en->pool_bytes * en->region_count);
}

static size_t block_bytes(unsigned links)
{
    return align_up(sizeof(struct block) + links * sizeof(struct link), 8);
}

static uint8_t *region_of(const struct engine *en, uint32_t region)
{
    return en->pool + (size_t)region * en->pool_bytes;
}

struct block *engine_block_new(struct engine *en, uint32_t region, unsigned links)
{
    size_t size = block_bytes(links);
    if (size > en->pool_bytes - en->pool_used[region])
        return NULL;
    struct block *b = (struct block *)(region_of(en, region) + en->pool_used[region]);
    en->pool_used[region] += (uint32_t)size;
    b->region = (uint8_t)region;
    b->link_count = (uint8_t)links;
    for (unsigned i = 0; i < links; i++)
        b->links[i].from = engine_ref(en, b);
    return b;
}

struct block_extra *engine_block_extra(struct block *b)
{
    if (!b->extra)
        b->extra = calloc(1, sizeof(*b->extra));
    if (!b->extra) {
        fprintf(stderr, "armemu: out of memory\n");
        abort();
    }
    return b->extra;
}

struct block *engine_region_next(const struct engine *en, uint32_t region, struct block *b)
{
    uint8_t *first = region_of(en, region) + (region ? 0 : 8),
            *end = region_of(en, region) + en->pool_used[region];
    uint8_t *next = b ? (uint8_t *)b + block_bytes(b->link_count) : first;
    return next < end ? (struct block *)next : NULL;
}

static void extra_free(struct block_extra *extra)
{
    if (!extra)
        return;
    free(extra->ir ? extra->ir->ops : NULL);
    free(extra->ir);
    free(extra->code);
    free(extra);
}

void engine_pool_clear(struct engine *en, uint32_t region)
{
    for (struct block *b = NULL; (b = engine_region_next(en, region, b)) != NULL;)
        extra_free(b->extra);
    if (en->pool_used[region])
        madvise(region_of(en, region), en->pool_bytes, MADV_DONTNEED);
    en->pool_used[region] = region ? 0 : 8;
}
