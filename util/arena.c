#include "util/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_MIN (64 * 1024)

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    _Alignas(16) uint8_t data[];
};

static struct arena_chunk *chunk_new(size_t size)
{
    size_t n = size > CHUNK_MIN ? size : CHUNK_MIN;
    struct arena_chunk *c = malloc(sizeof(*c) + n);
    if (!c) {
        fprintf(stderr, "armemu: out of memory\n");
        abort();
    }
    c->next = NULL;
    c->size = n;
    return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (!a->current) {
        a->first = a->current = chunk_new(size);
        a->used = 0;
    }
    while (a->used + size > a->current->size) {
        if (!a->current->next)
            a->current->next = chunk_new(size);
        a->current = a->current->next;
        a->used = 0;
    }
    void *p = a->current->data + a->used;
    a->used += size;
    return p;
}

void arena_reset(struct arena *a)
{
    a->current = a->first;
    a->used = 0;
}

void arena_free(struct arena *a)
{
    for (struct arena_chunk *c = a->first, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    *a = (struct arena){0};
}
