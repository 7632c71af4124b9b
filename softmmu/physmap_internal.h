/* The map's struct, shared by physmap.c (building, lookup) and physmap_access.c (accesses). */
#ifndef ARMEMU_SOFTMMU_PHYSMAP_INTERNAL_H
#define ARMEMU_SOFTMMU_PHYSMAP_INTERNAL_H

#include "softmmu/physmap.h"

struct physmap {
    struct phys_region **regions; /* by ascending base */
    unsigned count, capacity;
    void (*on_ram_write)(void *opaque, uint64_t phys, uint64_t len);
    void *notify_opaque;
    uint8_t *window; /* or NULL */
};

static inline bool region_holds(const struct phys_region *r, uint64_t phys)
{
    return phys - r->base < r->size;
}

#endif
