/*
 * Code that has just been written. Most of what a compiler at run time makes is executed once or twice, and
 * a translation costs as much as some hundred executions. So what is new in a page that the program writes code to is at
 * first executed by the interpreter, from IR that no pass has been over, and translated when it is entered
 * again. This is so in a process alone, where memory needs no tables and such pages are known.
 */
#include <stdlib.h>

#include "engine/internal.h"
#include "util/bits.h"

/* A block that was executed once is taken to reach no further. */
enum { REACH = 32 };

void engine_cold_again(struct code_page *page, uint32_t start, uint32_t end)
{
    if (!page->begun)
        return;
    uint32_t first = start / 4 > REACH ? start / 4 - REACH : 0, last = (end + 3) / 4;
    for (uint32_t w = first, next; w < last; w = next) {
        next = (w / 64 + 1) * 64 < last ? (w / 64 + 1) * 64 : last;
        page->begun[w / 64] &= ~(UINT64_MAX >> (64 - (next - w)) << w % 64);
    }
}

/* Is the code at @offset new? From now on it is not. */
static bool is_new(struct engine *en, const struct engine_fetch *fetch, uint32_t offset, uint32_t flags)
{
    struct code_page *page = engine_page_get(en, fetch->phys);
    if (!page->begun && !(page->begun = calloc(PAGE_BYTES / 4 / 64, sizeof(*page->begun))))
        return false;
    uint64_t *word = &page->begun[offset / 4 / 64], bit = BIT64(offset / 4 % 64);
    if (engine_block_find(en, fetch->phys, offset, flags) || *word & bit)
        return false;
    *word |= bit;
    return true;
}

struct block *engine_cold_block(struct engine_cpu *ec, const struct engine_fetch *fetch, uint32_t flags)
{
    struct engine *en = ec->engine;
    uint64_t pc = ec->env->pc;
    uint32_t offset = (uint32_t)(pc & (PAGE_BYTES - 1));
    if (!en->cold || ec->step_once || ec->step || ec->changed || en->debug.count ||
        (flags & GUEST_FLAGS_LOOKUP_ONLY) || offset > PAGE_BYTES - 4 ||
        en->ops.code_mode(en->opaque, fetch->phys) == ENGINE_CODE_PROTECTED)
        return NULL;
    pthread_mutex_lock(&en->lock);
    bool new = is_new(en, fetch, offset, flags);
    en->stats.lookups += new;
    pthread_mutex_unlock(&en->lock);
    if (!new)
        return NULL;
    struct guest_code code = {
        .page = fetch->host, .offset = offset, .flags = flags, .max_insns = UINT32_MAX,
    };
    ec->cold_extra.ir = &ec->cold_ir;
    ec->cold.extra = &ec->cold_extra;
    engine_make_ir(en, &ec->cold_ir, &code, &ec->cold_arena, pc, false, false);
    return &ec->cold;
}
