/* The compiled code as bytes. It holds addresses of itself, so it can only be taken back to where
 * it was; the address is asked for when the cache is made. */
#include <stdlib.h>
#include <string.h>

#include "backend/x86_64/compiler.h"
#include "util/hash.h"

/* In front of the image. */
struct image_head {
    uint32_t region; /* current */
    uint32_t used[CODECACHE_REGIONS_MAX], faults[CODECACHE_REGIONS_MAX];
    uint32_t pool_count;
    uint64_t pool[POOL_MAX][2];
};

struct hash128 backend_image_key(const struct backend *be)
{
    const uint64_t key[] = {(uintptr_t)be->cache.rx, be->cache.size, be->cache.region_count,
                            be->features, be->config.direct, be->config.window,
                            be->config.no_chain, be->config.fp_traps, be->config.segment};
    return hash128(key, sizeof(key));
}

static struct image_head head_of(const struct backend *be)
{
    struct image_head h = {.region = be->cache.region, .pool_count = be->pool_count};
    memcpy(h.pool, be->pool, sizeof(h.pool));
    for (uint32_t n = 0; n < be->cache.region_count; n++) {
        h.used[n] = n == be->cache.region ? be->cache.used : be->cache.filled[n];
        h.faults[n] = be->faults[n].count;
    }
    return h;
}

static size_t faults_bytes(const struct image_head *h, uint32_t n)
{
    return h->faults[n] * sizeof(struct fault_place);
}

static size_t size_of(const struct backend *be, const struct image_head *h)
{
    size_t size = sizeof(*h);
    for (uint32_t n = 0; n < be->cache.region_count; n++)
        size += h->used[n] + faults_bytes(h, n);
    return size;
}

_Static_assert(BACKEND_PARTS_MAX >= 1 + 2 * CODECACHE_REGIONS_MAX, "the head, and two for each "
                                                                   "region");

unsigned backend_image_parts(struct backend *be, struct backend_part parts[BACKEND_PARTS_MAX])
{
    if (!be->image_head && !(be->image_head = malloc(sizeof(*be->image_head))))
        abort();
    struct image_head *h = be->image_head;
    unsigned count = 0;
    *h = head_of(be);
    parts[count++] = (struct backend_part){h, sizeof(*h)};
    for (uint32_t n = 0; n < be->cache.region_count; n++) {
        parts[count++] = (struct backend_part){codecache_code(&be->cache, n), h->used[n]};
        parts[count++] = (struct backend_part){be->faults[n].places, faults_bytes(h, n)};
    }
    return count;
}

static void faults_take(struct fault_list *l, const uint8_t *places, uint32_t count)
{
    if (!count)
        return;
    l->places = realloc(l->places, count * sizeof(*l->places));
    if (!l->places)
        abort();
    memcpy(l->places, places, count * sizeof(*l->places));
    l->count = l->capacity = count;
}

void backend_image_none(struct backend *be)
{
    codecache_seal(&be->cache);
}

bool backend_image_read(struct backend *be, const uint8_t *image, size_t size)
{
    struct image_head h;
    struct codecache *cc = &be->cache;
    if (size < sizeof(h))
        return false;
    memcpy(&h, image, sizeof(h));
    for (uint32_t n = 0; n < cc->region_count; n++)
        if (h.used[n] > cc->region_size || h.faults[n] > cc->region_size)
            return false;
    if (h.region >= cc->region_count || h.pool_count > POOL_MAX || size != size_of(be, &h))
        return false;
    const uint8_t *p = image + sizeof(h);
    for (uint32_t n = 0; n < cc->region_count; n++) {
        if (!codecache_fill(cc, n, p, h.used[n]))
            return false;
        p += h.used[n] + faults_bytes(&h, n);
    }
    p = image + sizeof(h);
    for (uint32_t n = 0; n < cc->region_count; n++) {
        p += h.used[n];
        faults_take(&be->faults[n], p, h.faults[n]);
        p += faults_bytes(&h, n);
        cc->filled[n] = h.used[n];
    }
    memcpy(be->pool, h.pool, sizeof(h.pool));
    be->pool_count = h.pool_count;
    cc->region = h.region;
    cc->used = h.used[h.region];
    return true;
}
