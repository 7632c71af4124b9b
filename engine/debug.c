/* Breakpoints and single steps. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "util/bits.h"

enum { STOP_WORDS = PAGE_BYTES / 2 / 64 };

bool engine_breakpoint_at(const struct engine *en, uint64_t pc)
{
    const struct engine_debug *d = &en->debug;
    if (!engine_offset_stops(en, pc & (PAGE_BYTES - 1)))
        return false;
    uint32_t low = 0, high = d->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (d->pcs[middle] < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low < d->count && d->pcs[low] == pc;
}

static int compare_pcs(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Was @b made otherwise than it would be made now? @opaque: the halfwords whose meaning changed. A
 * block that starts at one must become reachable, or no longer be. */
static bool passes_changed(const struct block *b, const void *opaque)
{
    const uint64_t *changed = opaque;
    uint32_t end = b->end < PAGE_BYTES ? b->end : PAGE_BYTES;
    for (uint32_t i = b->start / 2; i < end / 2; i++)
        if (changed[i / 64] >> (i % 64) & 1)
            return true;
    return false;
}

void engine_breakpoints_set(struct engine *en, const uint64_t *pcs, uint32_t count)
{
    struct engine_debug *d = &en->debug;
    uint64_t stops[STOP_WORDS] = {0}, changed[STOP_WORDS], any = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t halfword = (pcs[i] & (PAGE_BYTES - 1)) / 2;
        stops[halfword / 64] |= BIT64(halfword % 64);
    }
    pthread_mutex_lock(&en->lock);
    free(d->pcs);
    d->pcs = malloc((count + 1) * sizeof(*d->pcs));
    if (!d->pcs)
        abort();
    if (count)
        memcpy(d->pcs, pcs, count * sizeof(*pcs));
    qsort(d->pcs, count, sizeof(*d->pcs), compare_pcs);
    d->count = count;
    for (unsigned i = 0; i < STOP_WORDS; i++)
        any |= changed[i] = d->stops[i] ^ stops[i];
    memcpy(d->stops, stops, sizeof(stops));
    if (any)
        engine_drop_blocks(en, passes_changed, changed);
    pthread_mutex_unlock(&en->lock);
}

static bool has_literals(const struct block *b, const void *opaque)
{
    return b->literal_end;
}

void engine_fold_literals(struct engine *en, bool fold)
{
    pthread_mutex_lock(&en->lock);
    en->debug.no_literals = !fold;
    if (!fold)
        engine_drop_blocks(en, has_literals, NULL);
    pthread_mutex_unlock(&en->lock);
}

void engine_watch(struct engine *en, const struct engine_watch *list, uint32_t count)
{
    struct backend_watch watches[BACKEND_WATCHES_MAX];
    assert(count <= BACKEND_WATCHES_MAX);
    for (uint32_t i = 0; i < count; i++)
        watches[i] = (struct backend_watch){list[i].start, list[i].size, list[i].read, list[i].write};
    pthread_mutex_lock(&en->lock);
    if (en->backend) {
        backend_watch(en->backend, watches, count);
        engine_drop_all(en);
    }
    en->debug.watching = count;
    pthread_mutex_unlock(&en->lock);
}

void engine_window_use(struct engine *en, bool use)
{
    pthread_mutex_lock(&en->lock);
    if (en->debug.no_window == use)
        engine_drop_all(en);
    en->debug.no_window = !use;
    pthread_mutex_unlock(&en->lock);
}

void engine_step(struct engine_cpu *ec, enum engine_step step)
{
    ec->step = step;
}
