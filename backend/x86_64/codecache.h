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
    bool shared;     /* with another process, since a fork: nothing may be written */
};

bool codecache_open(struct codecache *cc, uint32_t size, uint32_t region_count, struct error *e);
void codecache_close(struct codecache *cc);
/** Put @size bytes of @code at the beginning of region @n; before codecache_seal. Pages that come
 * so are mapped when they are used, and only in the view that is. */
bool codecache_fill(struct codecache *cc, uint32_t n, const uint8_t *code, uint32_t size);
/** The memory file is no longer needed, but mapped. */
void codecache_seal(struct codecache *cc);
/** A fork follows: what is mapped will be the child's as well. False: it was somebody's already. */
bool codecache_share(struct codecache *cc);
/** Before anything is written: have a copy that is this process's alone. */
void codecache_own(struct codecache *cc);
/** First byte of region @n in the writable view. */
uint8_t *codecache_region(const struct codecache *cc, uint32_t n);
/** The same in the executable view, to read what is there. */
const uint8_t *codecache_code(const struct codecache *cc, uint32_t n);

#endif
