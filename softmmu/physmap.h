/*
 * The physical address map of a VM: RAM, ROM and device windows in one sorted array.
 *
 * The map is built before the CPUs run and is only read afterwards, except for the per-page flags
 * of RAM, which are atomic bytes. Lookups are therefore free of locks.
 */
#ifndef ARMEMU_SOFTMMU_PHYSMAP_H
#define ARMEMU_SOFTMMU_PHYSMAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "util/error.h"

enum { PHYS_PAGE_BITS = 12, PHYS_PAGE_SIZE = 1 << PHYS_PAGE_BITS };

/* Flags of a RAM or ROM page. */
enum {
    PHYS_PAGE_CODE = 1, /* translated code comes from here: stores must take the slow path */
    /* it is not, or not writable, in the window: see physmap_window_limit */
    PHYS_PAGE_CLOSED = 2, PHYS_PAGE_FIXED = 4,
};

enum phys_kind { PHYS_RAM, PHYS_ROM, PHYS_MMIO };

/** The accesses of a device window. @offset counts from its start; @cpu is the index of the
 * accessing CPU, PHYS_CPU_NONE for DMA and debuggers. Both return false for an external abort. */
struct phys_mmio_ops {
    bool (*read)(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value);
    bool (*write)(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);
    uint8_t min_size, max_size; /* bytes, powers of two; other sizes are external aborts */
};
#define PHYS_CPU_NONE 0xffffffffu

struct phys_region {
    const char *name; /* owned by the map */
    uint64_t base, size;
    enum phys_kind kind;
    uint8_t *host;              /* RAM and ROM: the memory; NULL for MMIO */
    _Atomic uint8_t *page_flags; /* RAM and ROM: one byte (PHYS_PAGE_*) per page */
    const struct phys_mmio_ops *ops; /* MMIO; ROM: who takes stores, or NULL */
    void *opaque;
    bool owns_host;
    int fd;                     /* owner: the memory's file, or -1 */
    uint64_t memory_base;       /* base of the region that this one is an alias of; else its own */
    uint64_t hidden;            /* bytes before it that a remapping hides */
    bool in_window;             /* it is mapped in the window, too */
};

struct physmap;

struct physmap *physmap_new(void);
void physmap_free(struct physmap *map);

/**
 * Map RAM, ROM and aliases that are added from here on a second time, at @window plus their address
 * as far as it is below 4 GiB: for code that accesses them there. ROM is read-only in that view.
 */
void physmap_set_window(struct physmap *map, uint8_t *window);
/** Make the page at canonical address @phys read-only in the window, under all its addresses, or
 * (RAM) writable again. */
void physmap_window_protect(const struct physmap *map, uint64_t phys);
/** From here on no access, or only reads, shall be made through the window to the pages of memory
 * in [@start, @last], under none of their addresses. */
void physmap_window_limit(const struct physmap *map, uint64_t start, uint64_t last, bool read);

/**
 * Add @size bytes of RAM (or of ROM: guest writes are ignored with a guest_errors line) at @base;
 * both multiples of the page size. The memory is zero and committed as it is touched. With @shared
 * it is a memfd mapping, else private anonymous memory. NULL and @e set when it overlaps another
 * region or memory is short. The result stays valid as long as the map, also when regions are added
 * later.
 */
struct phys_region *physmap_add_ram(struct physmap *map, const char *name, uint64_t base,
                                    uint64_t size, bool shared, struct error *e);
struct phys_region *physmap_add_rom(struct physmap *map, const char *name, uint64_t base,
                                    uint64_t size, struct error *e);
/** Add a second address for the memory of @target (flash aliases, RAM mirrors). */
struct phys_region *physmap_add_alias(struct physmap *map, const char *name, uint64_t base,
                                      struct phys_region *target, struct error *e);
/**
 * With @on, let @target, RAM, be found at @base as well, where a larger RAM begins, of which so
 * much is hidden; else end that. False: it was so already. While nobody else looks at the map; what
 * translations know of these addresses, and pointers to regions, are the caller's to drop.
 */
bool physmap_remap(struct physmap *map, uint64_t base, struct phys_region *target, bool on);
/** Let @ops->write take the CPUs' stores to the ROM @rom (flash that is programmed by storing to
 * it); the offset counts from the start of the ROM. Loads remain loads from memory. */
void physmap_set_rom_store(struct phys_region *rom, const struct phys_mmio_ops *ops, void *opaque);
/** Add a device window; any base and size. */
struct phys_region *physmap_add_mmio(struct physmap *map, const char *name, uint64_t base,
                                     uint64_t size, const struct phys_mmio_ops *ops, void *opaque,
                                     struct error *e);

/** The region that holds @phys, or NULL. */
struct phys_region *physmap_find(const struct physmap *map, uint64_t phys);
/** As physmap_find, trying *@last first and remembering the result there (one variable per thread,
 * initially NULL). */
struct phys_region *physmap_find_cached(const struct physmap *map, uint64_t phys,
                                        struct phys_region **last);
/** The region nearest to @phys, for messages; NULL when the map is empty. */
const struct phys_region *physmap_nearest(const struct physmap *map, uint64_t phys);
/** The region called @name, or NULL. */
struct phys_region *physmap_by_name(const struct physmap *map, const char *name);
/** The RAM or ROM region that the host address @host belongs to, or NULL. */
struct phys_region *physmap_find_host(const struct physmap *map, const void *host);

/** Host address of @phys when RAM or ROM holds [phys, phys + size), else NULL. */
uint8_t *physmap_host(const struct physmap *map, uint64_t phys, uint64_t size);
/** @phys, which lies in @r, under its first address: that of the region that @r is an alias of. */
static inline uint64_t physmap_canonical(const struct phys_region *r, uint64_t phys)
{
    return phys - r->base + r->memory_base;
}
/** A region that shows the memory whose canonical address is @canonical. There is one. */
struct phys_region *physmap_find_memory(const struct physmap *map, uint64_t canonical);
/** The page flags of @phys, which lies in region @r of kind RAM or ROM. */
static inline _Atomic uint8_t *physmap_page_flags(const struct phys_region *r, uint64_t phys)
{
    return &r->page_flags[(phys - r->base) >> PHYS_PAGE_BITS];
}

/** Called after anything but a CPU's own store wrote RAM pages that hold translated code (DMA,
 * loaders, debugger), so that the code is dropped. */
void physmap_set_write_notify(struct physmap *map,
                              void (*on_ram_write)(void *opaque, uint64_t phys, uint64_t len),
                              void *opaque);

/**
 * Copy guest memory for DMA, loaders and debuggers. RAM and ROM only (ROM is written as well by
 * physmap_load, not by physmap_write). False when any byte of the range is neither; then the bytes
 * before it have been copied.
 */
bool physmap_read(const struct physmap *map, uint64_t phys, void *buf, uint64_t len);
bool physmap_write(struct physmap *map, uint64_t phys, const void *buf, uint64_t len);
bool physmap_load(struct physmap *map, uint64_t phys, const void *buf, uint64_t len);

/**
 * One access of a CPU of @size bytes (1, 2, 4, 8), little-endian data, naturally aligned or within
 * one region. False: external abort (nothing there, size not supported, the device refused); a
 * guest_errors line was logged. Writes to RAM do not notify: the caller handles code pages itself.
 */
bool physmap_cpu_read(const struct physmap *map, struct phys_region **last, unsigned cpu,
                      uint64_t phys, unsigned size, uint64_t *value);
bool physmap_cpu_write(struct physmap *map, struct phys_region **last, unsigned cpu, uint64_t phys,
                       unsigned size, uint64_t value);

/** Regions in address order, for `info mtree`. */
unsigned physmap_count(const struct physmap *map);
const struct phys_region *physmap_region(const struct physmap *map, unsigned index);
void physmap_print(const struct physmap *map, FILE *out);

#endif
