#include "backend/x86_64/codecache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/bits.h"

/* The same place each time, so that code can be kept (image.c): behind what a program that is not
 * position-independent has, its heap at a random distance included. */
#define USUAL_PLACE ((void *)0x30000000)

static bool map_views(struct codecache *cc, int fd, struct error *e)
{
    if (ftruncate(fd, cc->size) != 0)
        return error_set_errno(e, "code cache of %u bytes", cc->size);
    void *rw = mmap(NULL, cc->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (rw == MAP_FAILED)
        return error_set_errno(e, "writable view of the code cache");
    cc->rw = rw;
    void *rx = mmap(USUAL_PLACE, cc->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED_NOREPLACE,
                    fd, 0);
    if (rx == MAP_FAILED)
        rx = mmap(NULL, cc->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_32BIT, fd, 0);
    if (rx == MAP_FAILED)
        return error_set_errno(e, "executable view of the code cache below 2 GiB");
    cc->rx = rx;
    return true;
}

bool codecache_open(struct codecache *cc, uint32_t size, uint32_t region_count, struct error *e)
{
    memset(cc, 0, sizeof(*cc));
    cc->file = -1;
    if (region_count > CODECACHE_REGIONS_MAX)
        return error_set(e, "more than %d regions of code cache", CODECACHE_REGIONS_MAX);
    cc->region_count = region_count ? region_count : 1;
    cc->region_size = (uint32_t)align_down(size / cc->region_count, 4096);
    if (cc->region_size < 65536)
        return error_set(e, "code cache of %u bytes is too small for %u regions", size,
                         region_count);
    cc->size = CODECACHE_COMMON + cc->region_size * cc->region_count;
    int fd = memfd_create("armemu-code", MFD_CLOEXEC);
    if (fd < 0)
        return error_set_errno(e, "memory file for the code cache");
    cc->file = fd;
    if (map_views(cc, fd, e))
        return true;
    codecache_close(cc);
    return false;
}

void codecache_seal(struct codecache *cc)
{
    if (cc->file >= 0)
        close(cc->file);
    cc->file = -1;
}

void codecache_close(struct codecache *cc)
{
    codecache_seal(cc);
    if (cc->rw)
        munmap(cc->rw, cc->size);
    if (cc->rx)
        munmap(cc->rx, cc->size);
    cc->rw = cc->rx = NULL;
}

/* @size bytes at @from to the memory file @fd, at @offset. */
static bool write_range(int fd, const uint8_t *from, size_t offset, size_t size)
{
    while (size) {
        ssize_t n = pwrite(fd, from, size, (off_t)offset);
        if (n <= 0)
            return false;
        from += n;
        offset += (size_t)n;
        size -= (size_t)n;
    }
    return true;
}

bool codecache_fill(struct codecache *cc, uint32_t n, const uint8_t *code, uint32_t size)
{
    return write_range(cc->file, code, (size_t)(codecache_region(cc, n) - cc->rw), size);
}

bool codecache_share(struct codecache *cc)
{
    bool changed = !cc->shared;
    if (changed)
        cc->shared = true;
    return changed;
}

static _Noreturn void fail(void)
{
    fprintf(stderr, "armemu: out of memory for translated code\n");
    abort();
}

static void copy_range(const struct codecache *cc, uint8_t *to, size_t offset, size_t size)
{
    madvise(to + offset, size, MADV_POPULATE_WRITE); /* at once is quicker */
    memcpy(to + offset, cc->rx + offset, size);
}

/* Let the view at @place be that of @new, which goes there; other threads may be executing code. */
static void replace(uint8_t *new, uint8_t *place, size_t size)
{
    if (mremap(new, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED)
        fail();
}

void codecache_own(struct codecache *cc)
{
    if (!cc->shared)
        return;
    /* Not by a file: the program may have used up the descriptors. */
    uint8_t *rw = mmap(NULL, cc->size, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (rw == MAP_FAILED)
        fail();
    copy_range(cc, rw, 0, CODECACHE_COMMON);
    for (uint32_t n = 0; n < cc->region_count; n++) {
        uint32_t used = n == cc->region ? cc->used : cc->filled[n];
        copy_range(cc, rw, CODECACHE_COMMON + (size_t)n * cc->region_size, used);
    }
    uint8_t *rx = mremap(rw, 0, cc->size, MREMAP_MAYMOVE); /* the same memory once more */
    if (rx == MAP_FAILED || mprotect(rx, cc->size, PROT_READ | PROT_EXEC) != 0)
        fail();
    replace(rx, cc->rx, cc->size);
    replace(rw, cc->rw, cc->size);
    cc->shared = false;
}

uint8_t *codecache_region(const struct codecache *cc, uint32_t n)
{
    return cc->rw + CODECACHE_COMMON + (size_t)n * cc->region_size;
}

const uint8_t *codecache_code(const struct codecache *cc, uint32_t n)
{
    return cc->rx + (codecache_region(cc, n) - cc->rw);
}
