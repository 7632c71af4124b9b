/*
 * Code that has just been written. Most of what a compiler at run time makes is executed once or
 * twice, and a translation costs as much as some hundred executions. So what is new in a page that
 * the program writes code to is at first executed by the interpreter, from IR that no pass has been
 * over, and translated when it is entered again as it was. This is so in a process alone, where
 * memory needs no tables and such pages are known.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "util/bits.h"

/* A block that was executed once. */
struct cold_block {
    uint16_t start, size; /* in its page; size 0: a free place */
    uint32_t hash;        /* of its code */
};

/* Those of a page, by start: open addressing, never more than half full. */
struct cold_table {
    uint32_t count, capacity; /* a power of two */
    struct cold_block blocks[];
};

enum { CAPACITY_FIRST = 16 };

static uint32_t hash_of(const uint8_t *code, uint32_t size)
{
    uint64_t hash = size, word;
    for (; size >= sizeof(word); size -= sizeof(word), code += sizeof(word)) {
        memcpy(&word, code, sizeof(word));
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
        hash ^= hash >> 32;
    }
    for (; size; size--, code++)
        hash = (hash ^ *code) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(hash >> 32);
}

/* Where the block that starts at @start is, or belongs. */
static struct cold_block *place_of(struct cold_table *t, uint32_t start)
{
    uint32_t i = start / 2 * 0x9e3779b1u >> 16 & (t->capacity - 1);
    while (t->blocks[i].size && t->blocks[i].start != start)
        i = (i + 1) & (t->capacity - 1);
    return &t->blocks[i];
}

/* Room for one more; the table is another one then. */
static struct cold_table *grown(struct cold_table *old)
{
    uint32_t capacity = old ? 2 * old->capacity : CAPACITY_FIRST;
    if (old && 2 * (old->count + 1) <= old->capacity)
        return old;
    struct cold_table *t = calloc(1, sizeof(*t) + capacity * sizeof(t->blocks[0]));
    if (!t) {
        fprintf(stderr, "armemu: out of memory\n");
        abort();
    }
    t->capacity = capacity;
    t->count = old ? old->count : 0;
    for (uint32_t i = 0; old && i < old->capacity; i++)
        if (old->blocks[i].size)
            *place_of(t, old->blocks[i].start) = old->blocks[i];
    free(old);
    return t;
}

/* Has the code at @offset not been executed as it is now? */
static bool is_new(struct engine *en, const struct code_page *page,
                   const struct engine_fetch *fetch, uint32_t offset, uint32_t flags)
{
    if (engine_block_find(en, fetch->phys, offset, flags))
        return false;
    const struct cold_block *c = page->cold ? place_of(page->cold, offset) : NULL;
    return !c || !c->size || c->hash != hash_of(fetch->host + offset, c->size);
}

static void note(struct code_page *page, const struct engine_fetch *fetch, uint32_t offset,
                 uint32_t size)
{
    page->cold = grown(page->cold);
    struct cold_block *c = place_of(page->cold, offset);
    page->cold->count += !c->size;
    *c = (struct cold_block){(uint16_t)offset, (uint16_t)size, hash_of(fetch->host + offset, size)};
}

static uint32_t offset_of(const struct engine_cpu *ec)
{
    return (uint32_t)(ec->env->pc & (PAGE_BYTES - 1));
}

/* Can the code at env.pc be interpreted as things are? */
static bool is_plain(const struct engine_cpu *ec, uint32_t flags)
{
    return ec->engine->cold && !ec->step_once && !ec->step && !ec->changed &&
           !ec->engine->debug.count && !(flags & GUEST_FLAGS_LOOKUP_ONLY) &&
           offset_of(ec) <= PAGE_BYTES - 4;
}

static struct block *make_block(struct engine_cpu *ec, const struct engine_fetch *fetch,
                                uint32_t flags)
{
    struct guest_code code = {
        .page = fetch->host,
        .offset = offset_of(ec),
        .flags = flags,
        .max_insns = UINT32_MAX,
    };
    engine_make_ir(ec->engine, &ec->cold_ir, &code, &ec->cold_arena, ec->env->pc, false, false);
    ec->cold_extra.ir = &ec->cold_ir;
    ec->cold.extra = &ec->cold_extra;
    return &ec->cold;
}

static struct block *cold_block(struct engine_cpu *ec, const struct engine_fetch *fetch,
                                uint32_t flags)
{
    struct engine *en = ec->engine;
    struct code_page *page = engine_page_get(en, fetch->phys);
    if (!is_new(en, page, fetch, offset_of(ec), flags))
        return NULL;
    struct block *b = make_block(ec, fetch, flags);
    note(page, fetch, offset_of(ec), ec->cold_ir.guest_size);
    en->stats.lookups++;
    return b;
}

struct block *engine_block_instead(struct engine_cpu *ec, const struct engine_fetch *fetch,
                                   uint32_t flags)
{
    if (!ec->engine->reluctance || !is_plain(ec, flags))
        return NULL;
    ec->engine->reluctance--;
    engine_wish(ec, flags);
    return make_block(ec, fetch, flags);
}

struct block *engine_cold_block(struct engine_cpu *ec, const struct engine_fetch *fetch,
                                uint32_t flags)
{
    struct engine *en = ec->engine;
    if (!is_plain(ec, flags) ||
        en->ops.code_mode(en->opaque, fetch->phys) == ENGINE_CODE_PROTECTED)
        return NULL;
    pthread_mutex_lock(&en->lock);
    struct block *b = cold_block(ec, fetch, flags);
    pthread_mutex_unlock(&en->lock);
    return b;
}
