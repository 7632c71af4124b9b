/* The code cache: one memory file, mapped read-write and read-execute, divided into a common area
 * and regions. */
#ifndef ARMEMU_BACKEND_X86_64_CODECACHE_H
#define ARMEMU_BACKEND_X86_64_CODECACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

enum { CODECACHE_REGIONS_MAX = 64 };
enum { CODECACHE_COMMON = 24576 }; /* bytes of the common area, in front of the regions */

struct codecache {
    uint8_t *rw, *rx; /* the two views */
    uint32_t size;    /* of a view */
    uint32_t region_size, region_count;
    uint32_t region; /* current */
    uint32_t used;   /* bytes used of it */
    uint32_t filled[CODECACHE_REGIONS_MAX]; /* bytes used of the others */
    int file;        /* the memory file until it is sealed, else -1 */
    int copy;        /* the child's memory file during a fork, else -1 */
};

bool codecache_open(struct codecache *cc, uint32_t size, uint32_t region_count, struct error *e);
void codecache_close(struct codecache *cc);
/** Put @size bytes of @code at the beginning of region @n; before codecache_seal. Pages that come so are mapped when
 * they are used, and only in the view that is. */
bool codecache_fill(struct codecache *cc, uint32_t n, const uint8_t *code, uint32_t size);
/** The memory file is no longer needed, but mapped. */
void codecache_seal(struct codecache *cc);
/** Copy the code to a memory file of its own, for the child of a fork that follows. */
bool codecache_fork_prepare(struct codecache *cc, struct error *e);
/** The child: let both views be the copy. The parent: forget it. */
void codecache_fork_finish(struct codecache *cc, bool child);
/** First byte of region @n in the writable view. */
uint8_t *codecache_region(const struct codecache *cc, uint32_t n);
/** The same in the executable view, to read what is there. */
const uint8_t *codecache_code(const struct codecache *cc, uint32_t n);

#endif
