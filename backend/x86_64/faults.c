/*
 * Accesses to the window: which guest instruction a host instruction that accesses the window
 * belongs to. One place is recorded per guest instruction with accesses, in the order of the code.
 */
#include <stdlib.h>

#include "backend/x86_64/compiler.h"

static struct fault_list *current(struct backend *be)
{
    return &be->faults[be->cache.region];
}

static void add(struct compiler *c, uint32_t word, uint32_t left)
{
    struct fault_list *l = current(c->be);
    if (l->count == l->capacity) {
        l->capacity = l->capacity ? 2 * l->capacity : 4096;
        l->places = realloc(l->places, l->capacity * sizeof(*l->places));
        if (!l->places)
            abort();
    }
    assert(left < 1 << 10);
    l->places[l->count++] = (struct fault_place){
        .host = x_rx(&c->a, c->a.p), .insn_word = word, .insn_left = left};
}

void faults_mark(struct compiler *c)
{
    struct fault_list *l = current(c->be);
    if (c->fault_mark == c->insn_left && c->fault_version == c->pending_version)
        return;
    if (c->fault_mark == UINT32_MAX && c->b->fixed)
        add(c, c->b->base, PLACE_BASE);
    c->fault_mark = c->insn_left;
    c->fault_version = c->pending_version;
    add(c, c->insn_word, c->insn_left);
    if (c->pending.count || c->pins)
        stub_new(c, STUB_FAULT, NULL)->index = l->count - 1;
}

static void set_resume(struct fault_place *place, uint32_t resume)
{
    assert(resume > place->host && resume - place->host < 1 << 22);
    place->resume = (resume - place->host) & ((1u << 22) - 1);
}

void faults_stub_emit(struct compiler *c, struct stub *s)
{
    set_resume(&current(c->be)->places[s->index], x_rx(&c->a, c->a.p));
    if (c->leave && !s->pending.count) {
        set_resume(&current(c->be)->places[s->index], c->leave);
        return;
    }
    pending_store_cold(&c->a, &s->pending);
    if (c->leave) {
        x_jmp_to(&c->a, c->leave);
        return;
    }
    if (c->pins)
        c->leave = x_rx(&c->a, c->a.p);
    resident_leave(c);
    x_jmp_to(&c->a, c->be->thunk.raised);
}

void faults_unmark(struct compiler *c)
{
    struct fault_list *l = current(c->be);
    uint32_t entry = x_rx(&c->a, c->entry);
    while (l->count && l->places[l->count - 1].host >= entry)
        l->count--;
}

void faults_clear(struct backend *be, uint32_t n)
{
    be->faults[n].count = 0;
}

void faults_free(struct backend *be)
{
    for (uint32_t n = 0; n < be->cache.region_count; n++)
        free(be->faults[n].places);
}

/* The last place at or before @host. */
static const struct fault_place *place_of(const struct fault_list *l, uint32_t host)
{
    uint32_t low = 0, high = l->count;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (l->places[mid].host <= host)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? &l->places[low - 1] : NULL;
}

/* Of the block that @place is in; 0 where none of its pages has one. */
static uint32_t base_of(const struct fault_list *l, const struct fault_place *place)
{
    while (place > l->places && place->insn_left != PLACE_BASE)
        place--;
    return place->insn_left == PLACE_BASE ? place->insn_word : 0;
}

bool backend_fault_find(const struct backend *be, uint64_t host_pc, struct backend_fault *out)
{
    uint64_t first = (uintptr_t)be->cache.rx + CODECACHE_COMMON;
    uint64_t n = host_pc < first ? UINT64_MAX : (host_pc - first) / be->cache.region_size;
    if (n >= be->cache.region_count)
        return false;
    const struct fault_place *place = place_of(&be->faults[n], (uint32_t)host_pc);
    if (!place)
        return false;
    *out = (struct backend_fault){
        .insn_word = place->insn_word,
        .insn_left = place->insn_left,
        .page_base = be->config.direct ? base_of(&be->faults[n], place) : 0,
        .resume = place->resume ? place->host + place->resume : be->thunk.raised,
    };
    return true;
}

bool backend_share(struct backend *be)
{
    return codecache_share(&be->cache);
}
