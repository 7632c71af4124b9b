#include <string.h>

#include "softmmu/physmap.h"
#include "softmmu/physmap_internal.h"
#include "util/log.h"

uint8_t *physmap_host(const struct physmap *map, uint64_t phys, uint64_t size)
{
    struct phys_region *r = physmap_find(map, phys);

    if (!r || !r->host || size > r->size - (phys - r->base))
        return NULL;
    return r->host + (phys - r->base);
}

/* How much of [phys, phys + len) lies in the memory region @r. */
static uint64_t piece_length(const struct phys_region *r, uint64_t phys, uint64_t len)
{
    uint64_t rest = r->size - (phys - r->base);

    return len < rest ? len : rest;
}

bool physmap_read(const struct physmap *map, uint64_t phys, void *buf, uint64_t len)
{
    uint8_t *to = buf;

    while (len) {
        struct phys_region *r = physmap_find(map, phys);
        uint64_t n;

        if (!r || !r->host)
            return false;
        n = piece_length(r, phys, len);
        memcpy(to, r->host + (phys - r->base), n);
        to += n;
        phys += n;
        len -= n;
    }
    return true;
}

/* Tell the owner about those pages of the range that code was translated from, joined into runs. */
static void notify_code_pages(struct physmap *map, struct phys_region *r, uint64_t phys,
                              uint64_t len)
{
    uint64_t end = phys + len, run = 0, run_len = 0;

    if (!map->on_ram_write)
        return;
    /* The data is there before the flags are read: code translated from now on is made of it. */
    atomic_thread_fence(memory_order_seq_cst);
    while (phys < end) {
        uint64_t n = PHYS_PAGE_SIZE - (phys & (PHYS_PAGE_SIZE - 1));

        if (n > end - phys)
            n = end - phys;
        if (atomic_load_explicit(physmap_page_flags(r, phys), memory_order_relaxed) &
            PHYS_PAGE_CODE) {
            if (!run_len)
                run = phys;
            run_len += n;
        } else if (run_len) {
            map->on_ram_write(map->notify_opaque, run, run_len);
            run_len = 0;
        }
        phys += n;
    }
    if (run_len)
        map->on_ram_write(map->notify_opaque, run, run_len);
}

static bool copy_in(struct physmap *map, uint64_t phys, const void *buf, uint64_t len, bool rom_too)
{
    const uint8_t *from = buf;

    while (len) {
        struct phys_region *r = physmap_find(map, phys);
        uint64_t n;

        if (!r || !r->host || (r->kind == PHYS_ROM && !rom_too))
            return false;
        n = piece_length(r, phys, len);
        memcpy(r->host + (phys - r->base), from, n);
        notify_code_pages(map, r, phys, n);
        from += n;
        phys += n;
        len -= n;
    }
    return true;
}

bool physmap_write(struct physmap *map, uint64_t phys, const void *buf, uint64_t len)
{
    return copy_in(map, phys, buf, len, false);
}

bool physmap_load(struct physmap *map, uint64_t phys, const void *buf, uint64_t len)
{
    return copy_in(map, phys, buf, len, true);
}

/* Single accesses: each size is one host instruction, so that CPUs never see halves of a value. */
static uint64_t host_load(const uint8_t *host, unsigned size)
{
    uint64_t v = 0;

    switch (size) {
    case 1: memcpy(&v, host, 1); break;
    case 2: memcpy(&v, host, 2); break;
    case 4: memcpy(&v, host, 4); break;
    default: memcpy(&v, host, 8); break;
    }
    return v;
}

static void host_store(uint8_t *host, unsigned size, uint64_t v)
{
    switch (size) {
    case 1: memcpy(host, &v, 1); break;
    case 2: memcpy(host, &v, 2); break;
    case 4: memcpy(host, &v, 4); break;
    default: memcpy(host, &v, 8); break;
    }
}

/* Log an access that nobody takes; always false (external abort). */
static bool access_refused(const struct physmap *map, const struct phys_region *r, uint64_t phys,
                           unsigned size, bool write)
{
    const struct phys_region *near = r ? r : physmap_nearest(map, phys);

    if (!log_enabled(LOG_GUEST_ERRORS))
        return false;
    log_write(LOG_GUEST_ERRORS, "%u-byte %s at physical 0x%08llx: %s %s", size,
              write ? "write" : "read", (unsigned long long)phys,
              r ? "not supported by" : "nothing there, the nearest is", near ? near->name : "-");
    return false;
}

/* Is the access one that the region can take as a whole? */
static bool access_fits(const struct phys_region *r, uint64_t phys, unsigned size)
{
    if (size > r->size - (phys - r->base))
        return false;
    return r->kind != PHYS_MMIO || (size >= r->ops->min_size && size <= r->ops->max_size);
}

bool physmap_cpu_read(const struct physmap *map, struct phys_region **last, unsigned cpu,
                      uint64_t phys, unsigned size, uint64_t *value)
{
    struct phys_region *r = physmap_find_cached(map, phys, last);

    *value = 0;
    if (!r || !access_fits(r, phys, size))
        return access_refused(map, r, phys, size, false);
    if (r->kind != PHYS_MMIO) {
        *value = host_load(r->host + (phys - r->base), size);
        return true;
    }
    if (!r->ops->read(r->opaque, cpu, phys - r->base, size, value))
        return access_refused(map, r, phys, size, false);
    return true;
}

bool physmap_cpu_write(struct physmap *map, struct phys_region **last, unsigned cpu, uint64_t phys,
                       unsigned size, uint64_t value)
{
    struct phys_region *r = physmap_find_cached(map, phys, last);

    if (!r || !access_fits(r, phys, size))
        return access_refused(map, r, phys, size, true);
    if (r->kind == PHYS_RAM) {
        host_store(r->host + (phys - r->base), size, value);
        return true;
    }
    if (r->kind == PHYS_ROM && !r->ops) {
        log_write(LOG_GUEST_ERRORS, "%u-byte write at physical 0x%08llx ignored: %s is read-only",
                  size, (unsigned long long)phys, r->name);
        return true;
    }
    if (!r->ops->write(r->opaque, cpu, phys - r->base, size, value))
        return access_refused(map, r, phys, size, true);
    return true;
}
