/* Breakpoints and single steps. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "util/bits.h"

enum { STOP_WORDS = PAGE_BYTES / 2 / 64 };

static int compare_pcs(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The first breakpoint at or behind @pc. */
static uint32_t first_from(const struct engine_debug *d, uint64_t pc)
{
    uint32_t low = 0, high = d->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (d->pcs[middle] < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool engine_breakpoint_at(const struct engine *en, uint64_t pc)
{
    const struct engine_debug *d = &en->debug;
    if (!engine_offset_stops(en, pc & (PAGE_BYTES - 1)))
        return false;
    uint32_t i = first_from(d, pc);
    return i < d->count && d->pcs[i] == pc;
}

static void stop_at(uint64_t *stops, uint64_t pc)
{
    uint32_t halfword = (pc & (PAGE_BYTES - 1)) / 2;
    stops[halfword / 64] |= BIT64(halfword % 64);
}

void engine_page_visited(struct engine *en, struct code_page *page, uint64_t pc)
{
    const struct engine_debug *d = &en->debug;
    uint64_t base = align_down(pc, PAGE_BYTES), stops[STOP_WORDS] = {0};
    uint32_t i = first_from(d, base);
    if (i == d->count || d->pcs[i] - base >= PAGE_BYTES)
        return;
    if (page->stops)
        memcpy(stops, page->stops, sizeof(stops));
    for (; i < d->count && d->pcs[i] - base < PAGE_BYTES; i++)
        stop_at(stops, d->pcs[i]);
    engine_page_stops_set(en, page, stops);
}

/* In direct mode the pages are known, and code may go from one to the other without a look-up. */
static void visit_all(struct engine *en)
{
    for (uint32_t i = 0; i < en->debug.count; i++) {
        struct code_page *page = engine_page_find(en, align_down(en->debug.pcs[i], PAGE_BYTES));
        if (page)
            engine_page_visited(en, page, en->debug.pcs[i]);
    }
}

/* Elsewhere, which pages they are in is found out when these are entered: all have to come by. */
void engine_breakpoints_set(struct engine *en, const uint64_t *pcs, uint32_t count)
{
    struct engine_debug *d = &en->debug;
    uint64_t *sorted = malloc((count + 1) * sizeof(*sorted));
    if (!sorted)
        abort();
    if (count)
        memcpy(sorted, pcs, count * sizeof(*pcs));
    qsort(sorted, count, sizeof(*sorted), compare_pcs);
    pthread_mutex_lock(&en->lock);
    bool same = count == d->count &&
                !memcmp(sorted, d->pcs ? d->pcs : sorted, count * sizeof(*sorted));
    if (!same) {
        memset(d->stops, 0, sizeof(d->stops));
        for (uint32_t i = 0; i < count; i++)
            stop_at(d->stops, sorted[i]);
        engine_stops_forget(en);
    }
    free(d->pcs);
    d->pcs = sorted;
    d->count = count;
    if (!same && en->direct)
        visit_all(en);
    pthread_mutex_unlock(&en->lock);
    if (!same && count)
        en->ops.exec_flush(en->opaque);
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
        watches[i] = (struct backend_watch){list[i].start, list[i].size, list[i].read,
                                            list[i].write};
    pthread_mutex_lock(&en->lock);
    if (en->backend) {
        backend_watch(en->backend, watches, count);
        engine_drop_all(en);
    }
    if (count)
        memcpy(en->debug.watches, list, count * sizeof(*list));
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
