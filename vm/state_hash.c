/* A hash over all that the guest can see of its machine. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "util/bits.h"
#include "vm/internal.h"

enum { PAGE = PHYS_PAGE_SIZE };

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v;
    h *= 0x9e3779b97f4a7c15ull;
    return h ^ h >> 32;
}

static uint64_t mix_bytes(uint64_t h, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t word;
    for (; len >= 8; len -= 8, p += 8) {
        memcpy(&word, p, 8);
        h = mix(h, word);
    }
    word = 0;
    memcpy(&word, p, len);
    return mix(h, word ^ (uint64_t)len << 56);
}

static uint64_t mix_fields(uint64_t h, const struct field_list *list, const void *object)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct field *f = &list->fields[i];
        h = mix_bytes(h, (const uint8_t *)object + f->offset, (size_t)f->size * f->count);
    }
    return h;
}

/* ---- memory: zero pages count as pages that were never touched ------------------------------- */

static bool is_zero(const uint8_t *page)
{
    uint64_t word;
    memcpy(&word, page, 8);
    return !word && !memcmp(page, page + 8, PAGE - 8);
}

/* Note in @present which of the @count pages at @host the kernel has in memory or swapped out: a
 * bit each. False when it does not tell. */
static bool pages_by_pagemap(const uint8_t *host, uint64_t count, uint64_t *present)
{
    enum { CHUNK = 512 };
    uint64_t entry[CHUNK];
    bool ok = true;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    for (uint64_t i = 0; i < count && ok; i += CHUNK) {
        uint64_t n = count - i < CHUNK ? count - i : CHUNK;
        off_t at = (off_t)(((uintptr_t)host / PAGE + i) * sizeof(entry[0]));
        ok = fd >= 0 && pread(fd, entry, n * 8, at) == (ssize_t)(n * 8);
        for (uint64_t k = 0; k < n && ok; k++)
            if (entry[k] >> 62)
                present[(i + k) / 64] |= BIT64((i + k) % 64);
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

/* The same by mincore, which does not know what is swapped out; so only where nothing is. It needs
 * no file of /proc, whose removal costs at the end of a process. */
static bool pages_by_mincore(uint8_t *host, uint64_t count, uint64_t *present)
{
    enum { CHUNK = 1024 };
    unsigned char resident[CHUNK];
    struct sysinfo info;
    if (sysinfo(&info) || info.totalswap != info.freeswap)
        return false;
    for (uint64_t i = 0; i < count; i += CHUNK) {
        uint64_t n = count - i < CHUNK ? count - i : CHUNK;
        if (mincore(host + i * PAGE, n * PAGE, resident))
            return false;
        for (uint64_t k = 0; k < n; k++)
            if (resident[k] & 1)
                present[(i + k) / 64] |= BIT64((i + k) % 64);
    }
    return true;
}

static uint64_t mix_memory(uint64_t h, const struct phys_region *r)
{
    uint64_t count = r->size / PAGE;
    uint64_t *present = calloc(count / 64 + 1, sizeof(*present));
    if (!present)
        abort();
    if (!pages_by_mincore(r->host, count, present) && !pages_by_pagemap(r->host, count, present))
        memset(present, 0xff, (count / 64 + 1) * sizeof(*present));
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *page = r->host + i * PAGE;
        if ((present[i / 64] >> (i % 64) & 1) && !is_zero(page))
            h = mix_bytes(mix(h, r->base + i * PAGE), page, PAGE);
    }
    free(present);
    return h;
}

uint64_t vm_state_hash(struct vm *vm)
{
    uint64_t h = 0;
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        struct ir_env *env = &vm->cpus[i]->state.env;
        env->icount = engine_icount(env); /* as if a slice began now */
        env->slice = env->budget = 0;
        h = mix_fields(h, &arm_cpu_fields, &vm->cpus[i]->state);
    }
    for (unsigned i = 0; i < vm->board.device_count; i++)
        h = mix_fields(h, vm->board.devices[i]->state, vm->board.devices[i]);
    for (unsigned i = 0; i < physmap_count(vm->map); i++) {
        const struct phys_region *r = physmap_region(vm->map, i);
        if (r->host && r->owns_host)
            h = mix_memory(h, r);
    }
    return h;
}
