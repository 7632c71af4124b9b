#include "softmmu/physmap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "softmmu/physmap_internal.h"
#include "util/bits.h"

struct physmap *physmap_new(void)
{
    return calloc(1, sizeof(struct physmap));
}

/* The first @size bytes of @r are hidden, or (@size < 0) there again. */
static void hide(struct phys_region *r, int64_t size)
{
    r->base += (uint64_t)size;
    r->size -= (uint64_t)size;
    r->host += size;
    r->page_flags += size / PHYS_PAGE_SIZE;
    r->memory_base += (uint64_t)size;
    r->hidden += (uint64_t)size;
}

static void region_free(struct phys_region *r)
{
    if (r->owns_host) {
        hide(r, -(int64_t)r->hidden);
        munmap(r->host, r->size);
        if (r->fd >= 0)
            close(r->fd);
        free((void *)r->page_flags);
    }
    free((void *)r->name);
    free(r);
}

void physmap_free(struct physmap *map)
{
    if (!map)
        return;
    for (unsigned i = 0; i < map->count; i++)
        region_free(map->regions[i]);
    free(map->regions);
    free(map);
}

/* Index of the first region that ends above @phys; map->count when there is none. */
static unsigned lower_bound(const struct physmap *map, uint64_t phys)
{
    unsigned low = 0, high = map->count;

    while (low < high) {
        unsigned mid = (low + high) / 2;
        const struct phys_region *r = map->regions[mid];

        if (phys > r->base + (r->size - 1))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Insert a region of the given place; NULL when it overlaps, wraps around, or memory is short. */
static struct phys_region *region_insert(struct physmap *map, const char *name, uint64_t base,
                                         uint64_t size, enum phys_kind kind, struct error *e)
{
    struct phys_region *r;
    unsigned at;

    if (!size || base + (size - 1) < base) {
        error_set(e, "%s: no room for 0x%llx bytes at 0x%llx", name, (unsigned long long)size,
                  (unsigned long long)base);
        return NULL;
    }
    at = lower_bound(map, base);
    if (at < map->count && map->regions[at]->base <= base + (size - 1)) {
        error_set(e, "%s at 0x%llx overlaps %s at 0x%llx", name, (unsigned long long)base,
                  map->regions[at]->name, (unsigned long long)map->regions[at]->base);
        return NULL;
    }
    if (map->count == map->capacity) {
        unsigned capacity = map->capacity ? map->capacity * 2 : 32;
        struct phys_region **grown = realloc(map->regions, capacity * sizeof(*grown));

        if (!grown) {
            error_set(e, "%s: out of memory", name);
            return NULL;
        }
        map->regions = grown;
        map->capacity = capacity;
    }
    r = calloc(1, sizeof(*r));
    if (r)
        r->name = strdup(name);
    if (!r || !r->name) {
        free(r);
        error_set(e, "%s: out of memory", name);
        return NULL;
    }
    r->base = base;
    r->size = size;
    r->kind = kind;
    memmove(&map->regions[at + 1], &map->regions[at], (map->count - at) * sizeof(r));
    map->regions[at] = r;
    map->count++;
    return r;
}

static void region_remove(struct physmap *map, struct phys_region *r)
{
    for (unsigned i = 0; i < map->count; i++) {
        if (map->regions[i] == r) {
            map->count--;
            memmove(&map->regions[i], &map->regions[i + 1], (map->count - i) * sizeof(r));
            break;
        }
    }
    region_free(r);
}

/* Zero memory that is committed as it is touched; *@fd: its file, or -1. */
static void *memory_reserve(const char *name, uint64_t size, bool shared, int *fd)
{
    void *host;

    *fd = -1;
    if (!shared)
        return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
    *fd = memfd_create(name, MFD_CLOEXEC);
    if (*fd < 0)
        return MAP_FAILED;
    host = ftruncate(*fd, (off_t)size) ? MAP_FAILED
                                       : mmap(NULL, size, PROT_READ | PROT_WRITE,
                                              MAP_SHARED | MAP_NORESERVE, *fd, 0);
    if (host == MAP_FAILED)
        close(*fd);
    return host;
}

/* ---- the window ------------------------------------------------------------------------------ */

void physmap_set_window(struct physmap *map, uint8_t *window)
{
    map->window = window;
}

/* What the window allows for page @page of the region's memory. */
static int window_protection(const struct phys_region *r, uint64_t page)
{
    unsigned flags = atomic_load(&r->page_flags[page]);

    if (flags & PHYS_PAGE_CLOSED)
        return PROT_NONE;
    return r->kind == PHYS_ROM || (flags & (PHYS_PAGE_CODE | PHYS_PAGE_FIXED))
               ? PROT_READ : PROT_READ | PROT_WRITE;
}

/* Pages @first to @last of the region's memory get the protection that they are to have. */
static void window_set(const struct physmap *map, const struct phys_region *r, uint64_t first,
                       uint64_t last)
{
    for (uint64_t from = first, to; from <= last; from = to) {
        int protection = window_protection(r, from);

        for (to = from + 1; to <= last && window_protection(r, to) == protection;)
            to++;
        mprotect(map->window + r->base + (from << PHYS_PAGE_BITS), (to - from) << PHYS_PAGE_BITS,
                 protection);
    }
}

/* Where it cannot be mapped code finds the memory by the tables. */
static void window_map(const struct physmap *map, struct phys_region *r,
                       const struct phys_region *owner)
{
    if (!map->window || owner->fd < 0 || r->base + r->size > BIT64(32))
        return;
    r->in_window = mmap(map->window + r->base, r->size, PROT_NONE,
                        MAP_SHARED | MAP_NORESERVE | MAP_FIXED, owner->fd, 0) != MAP_FAILED;
    if (r->in_window)
        window_set(map, r, 0, (r->size >> PHYS_PAGE_BITS) - 1);
}

/* Pages @first to @last of @of's memory, under all their addresses. */
static void window_update(const struct physmap *map, const struct phys_region *of, uint64_t first,
                          uint64_t last)
{
    uintptr_t start = (uintptr_t)of->host + (first << PHYS_PAGE_BITS),
              end = (uintptr_t)of->host + ((last + 1) << PHYS_PAGE_BITS);

    for (unsigned i = 0; map->window && i < map->count; i++) {
        const struct phys_region *r = map->regions[i];
        uintptr_t host = (uintptr_t)r->host, from = start > host ? start : host,
                  to = end < host + r->size ? end : host + r->size;

        if (r->in_window && from < to)
            window_set(map, r, (from - host) >> PHYS_PAGE_BITS,
                       ((to - host) >> PHYS_PAGE_BITS) - 1);
    }
}

void physmap_window_protect(const struct physmap *map, uint64_t phys)
{
    const struct phys_region *r = physmap_find_memory(map, phys);
    uint64_t page = (phys - r->memory_base) >> PHYS_PAGE_BITS;

    window_update(map, r, page, page);
}

void physmap_window_limit(const struct physmap *map, uint64_t start, uint64_t last, bool read)
{
    uint8_t flag = read ? PHYS_PAGE_FIXED : PHYS_PAGE_CLOSED;

    for (unsigned i = 0; map->window && i < map->count; i++) {
        const struct phys_region *r = map->regions[i];
        uint64_t first = start > r->base ? start - r->base : 0, end = last - r->base;
        bool news = false;

        if (!r->in_window || last < r->base || first >= r->size)
            continue;
        end = (end < r->size ? end : r->size - 1) >> PHYS_PAGE_BITS;
        first >>= PHYS_PAGE_BITS;
        for (uint64_t page = first; page <= end; page++)
            news |= !(atomic_fetch_or(&r->page_flags[page], flag) & flag);
        if (news)
            window_update(map, r, first, end);
    }
}

/* ---- adding ---------------------------------------------------------------------------------- */

static struct phys_region *memory_add(struct physmap *map, const char *name, uint64_t base,
                                      uint64_t size, enum phys_kind kind, bool shared,
                                      struct error *e)
{
    struct phys_region *r;
    void *host;

    if ((base | size) & (PHYS_PAGE_SIZE - 1)) {
        error_set(e, "%s: address and size must be multiples of 4 KiB", name);
        return NULL;
    }
    r = region_insert(map, name, base, size, kind, e);
    if (!r)
        return NULL;
    host = memory_reserve(name, size, shared || map->window, &r->fd);
    if (host == MAP_FAILED) {
        error_set_errno(e, "%s: cannot reserve %llu MiB", name, (unsigned long long)size >> 20);
        region_remove(map, r);
        return NULL;
    }
    r->host = host;
    r->memory_base = base;
    r->owns_host = true;
    r->page_flags = calloc(size >> PHYS_PAGE_BITS, 1);
    if (!r->page_flags) {
        error_set(e, "%s: out of memory", name);
        region_remove(map, r);
        return NULL;
    }
    window_map(map, r, r);
    return r;
}

struct phys_region *physmap_add_ram(struct physmap *map, const char *name, uint64_t base,
                                    uint64_t size, bool shared, struct error *e)
{
    return memory_add(map, name, base, size, PHYS_RAM, shared, e);
}

struct phys_region *physmap_add_rom(struct physmap *map, const char *name, uint64_t base,
                                    uint64_t size, struct error *e)
{
    return memory_add(map, name, base, size, PHYS_ROM, false, e);
}

struct phys_region *physmap_add_alias(struct physmap *map, const char *name, uint64_t base,
                                      struct phys_region *target, struct error *e)
{
    struct phys_region *r;

    assert(target->host);
    r = region_insert(map, name, base, target->size, target->kind, e);
    if (r) {
        r->host = target->host;
        r->page_flags = target->page_flags;
        r->fd = target->fd;
        r->memory_base = target->memory_base;
        window_map(map, r, target);
    }
    return r;
}

bool physmap_remap(struct physmap *map, uint64_t base, struct phys_region *target, bool on)
{
    struct phys_region *at = physmap_find(map, base), *under;
    struct error e;

    assert(at && at->kind == PHYS_RAM && target->kind == PHYS_RAM);
    if ((at->host == target->host) == on)
        return false;
    if (on) {
        assert(at->base == base && at->size > target->size);
        hide(at, (int64_t)target->size);
        if (physmap_add_alias(map, target->name, base, target, &e))
            return true;
        hide(at, -(int64_t)target->size);
        return false;
    }
    under = physmap_find(map, base + target->size);
    region_remove(map, at);
    hide(under, -(int64_t)target->size);
    window_map(map, under, under);
    return true;
}

void physmap_set_rom_store(struct phys_region *rom, const struct phys_mmio_ops *ops, void *opaque)
{
    assert(rom->kind == PHYS_ROM);
    rom->ops = ops;
    rom->opaque = opaque;
}

struct phys_region *physmap_add_mmio(struct physmap *map, const char *name, uint64_t base,
                                     uint64_t size, const struct phys_mmio_ops *ops, void *opaque,
                                     struct error *e)
{
    struct phys_region *r = region_insert(map, name, base, size, PHYS_MMIO, e);

    assert(is_pow2(ops->min_size) && is_pow2(ops->max_size));
    if (r) {
        r->ops = ops;
        r->opaque = opaque;
    }
    return r;
}

struct phys_region *physmap_find_memory(const struct physmap *map, uint64_t canonical)
{
    for (unsigned i = 0; i < map->count; i++)
        if (map->regions[i]->host &&
            canonical - map->regions[i]->memory_base < map->regions[i]->size)
            return map->regions[i];
    return NULL;
}

struct phys_region *physmap_find(const struct physmap *map, uint64_t phys)
{
    unsigned at = lower_bound(map, phys);

    return at < map->count && region_holds(map->regions[at], phys) ? map->regions[at] : NULL;
}

struct phys_region *physmap_find_cached(const struct physmap *map, uint64_t phys,
                                        struct phys_region **last)
{
    struct phys_region *r = *last;

    if (r && region_holds(r, phys))
        return r;
    r = physmap_find(map, phys);
    if (r)
        *last = r;
    return r;
}

const struct phys_region *physmap_nearest(const struct physmap *map, uint64_t phys)
{
    unsigned at = lower_bound(map, phys);
    const struct phys_region *below, *above;

    if (!map->count)
        return NULL;
    if (at == map->count)
        return map->regions[at - 1];
    above = map->regions[at];
    if (!at || region_holds(above, phys))
        return above;
    below = map->regions[at - 1];
    return phys - (below->base + below->size) < above->base - phys ? below : above;
}

struct phys_region *physmap_by_name(const struct physmap *map, const char *name)
{
    for (unsigned i = 0; i < map->count; i++)
        if (!strcmp(map->regions[i]->name, name))
            return map->regions[i];
    return NULL;
}

struct phys_region *physmap_find_host(const struct physmap *map, const void *host)
{
    for (unsigned i = 0; i < map->count; i++) {
        struct phys_region *r = map->regions[i];

        if (r->host && (uintptr_t)host - (uintptr_t)r->host < r->size)
            return r;
    }
    return NULL;
}

void physmap_set_write_notify(struct physmap *map,
                              void (*on_ram_write)(void *opaque, uint64_t phys, uint64_t len),
                              void *opaque)
{
    map->on_ram_write = on_ram_write;
    map->notify_opaque = opaque;
}

unsigned physmap_count(const struct physmap *map)
{
    return map->count;
}

const struct phys_region *physmap_region(const struct physmap *map, unsigned index)
{
    assert(index < map->count);
    return map->regions[index];
}

void physmap_print(const struct physmap *map, FILE *out)
{
    static const char *const kinds[] = {
        [PHYS_RAM] = "ram", [PHYS_ROM] = "rom", [PHYS_MMIO] = "i/o"};

    for (unsigned i = 0; i < map->count; i++) {
        const struct phys_region *r = map->regions[i];

        fprintf(out, "%010llx-%010llx %s %s\n", (unsigned long long)r->base,
                (unsigned long long)(r->base + r->size - 1), kinds[r->kind], r->name);
    }
}
