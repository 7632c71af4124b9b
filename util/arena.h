/* Arena: bump allocation for short-lived data such as the IR of one block; everything is freed at
 * once by arena_reset, which keeps the memory. */
#ifndef ARMEMU_UTIL_ARENA_H
#define ARMEMU_UTIL_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *first, *current;
    size_t used; /* bytes used of the current chunk */
};

/** @size bytes, 16-byte aligned, not cleared. Aborts when the host is out of memory. */
void *arena_alloc(struct arena *a, size_t size);
/** Forget all allocations, keep the chunks. */
void arena_reset(struct arena *a);
/** Return the chunks to the host. */
void arena_free(struct arena *a);

#endif
