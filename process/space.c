#include "process/space.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/engine.h"
#include "util/bits.h"

/* Chosen addresses: below what a 3 GiB process has as its stack, above only when that is full. */
#define CHOICE_TOP 0xb7000000u
#define WINDOW_HINT ((void *)0x200000000000) /* not where sanitizers have their shadow */

bool space_init(struct space *s, uint64_t base, uint32_t top, struct error *e)
{
    size_t size = (1ull << 32) + 2 * SPACE_GUARD;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *place = base ? (void *)(uintptr_t)(base - SPACE_GUARD) : WINDOW_HINT;
    uint8_t *p = mmap(place, size, PROT_NONE, flags | (base ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    if (p == MAP_FAILED)
        return error_set_errno(e, "4 GiB of address space for the program");
    s->base = p + SPACE_GUARD;
    s->holes = p == WINDOW_HINT;
    s->top = top;
    s->flags = mmap(NULL, 2 * SPACE_PAGES, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (s->flags == MAP_FAILED)
        return error_set_errno(e, "page flags");
    s->writes = s->flags + SPACE_PAGES;
    s->full_from = CHOICE_TOP;
    pthread_mutex_init(&s->map_lock, NULL);
    pthread_mutex_init(&s->page_lock, NULL);
    return true;
}

bool space_set_segment(const struct space *s)
{
    enum { SET_GS = 0x1001 };
    return syscall(SYS_arch_prctl, SET_GS, s->base) == 0;
}

#define SPACE_RIGHTS ((unsigned)(SPACE_MAPPED | SPACE_READ | SPACE_WRITE | SPACE_EXEC))

/* ---- flags and rights ------------------------------------------------------------------------ */

static unsigned flags_of(const struct space *s, int prot)
{
    unsigned flags = SPACE_MAPPED;
    if (prot & PROT_READ)
        flags |= SPACE_READ | (s->read_implies_exec ? SPACE_EXEC : 0);
    if (prot & PROT_WRITE)
        flags |= SPACE_WRITE;
    if (prot & PROT_EXEC)
        flags |= SPACE_EXEC;
    return flags;
}

static int host_prot(unsigned flags)
{
    int prot = flags & (SPACE_READ | SPACE_WRITE | SPACE_EXEC) ? PROT_READ : PROT_NONE;
    if ((flags & SPACE_WRITE) && (!(flags & SPACE_CODE) || (flags & SPACE_OPEN)))
        prot |= PROT_WRITE;
    return prot;
}

static void set_flags(struct space *s, uint32_t addr, uint64_t len, unsigned flags)
{
    if (flags && addr < s->full_from && addr + len >= s->full_from)
        s->full_from = addr;
    else if (!flags && addr + len > s->full_from)
        s->full_from = addr + len < CHOICE_TOP ? (uint32_t)(addr + len) : CHOICE_TOP;
    for (uint64_t p = addr / SPACE_PAGE; p < (addr + len) / SPACE_PAGE; p++)
        atomic_store_explicit(&s->flags[p], (uint8_t)flags, memory_order_relaxed);
}

/* Other rights for mapped pages. */
static void set_rights(struct space *s, uint32_t addr, uint64_t len, unsigned flags)
{
    for (uint64_t p = addr / SPACE_PAGE; p < (addr + len) / SPACE_PAGE; p++) {
        unsigned old = atomic_load_explicit(&s->flags[p], memory_order_relaxed);
        atomic_store_explicit(&s->flags[p], (uint8_t)(flags | (old & SPACE_ALONE)),
                              memory_order_relaxed);
    }
}

void space_set_alone(struct space *s, uint32_t addr, uint32_t len, bool alone)
{
    pthread_mutex_lock(&s->map_lock);
    pthread_mutex_lock(&s->page_lock);
    for (uint64_t p = addr / SPACE_PAGE; p < ((uint64_t)addr + len + SPACE_PAGE - 1) / SPACE_PAGE;
         p++) {
        unsigned old = atomic_load_explicit(&s->flags[p], memory_order_relaxed);
        atomic_store_explicit(&s->flags[p],
                              (uint8_t)(alone ? old | SPACE_ALONE : old & ~SPACE_ALONE),
                              memory_order_relaxed);
    }
    s->alone = s->alone || alone;
    pthread_mutex_unlock(&s->page_lock);
    pthread_mutex_unlock(&s->map_lock);
}

void space_forked(struct space *s)
{
    if (!s->alone)
        return;
    for (uint32_t p = 0; p < s->top / SPACE_PAGE; p++) {
        uint32_t first = p;
        while (p < s->top / SPACE_PAGE && (space_flags(s, p * SPACE_PAGE) & SPACE_ALONE))
            p++;
        if (p > first)
            space_unmap(s, first * SPACE_PAGE, (p - first) * SPACE_PAGE);
    }
    s->alone = false;
}

bool space_has(const struct space *s, uint32_t addr, uint32_t len, unsigned flags)
{
    uint64_t end = (uint64_t)addr + len;
    if (end > 1ull << 32)
        return false;
    for (uint64_t a = align_down(addr, SPACE_PAGE); a < end; a += SPACE_PAGE)
        if ((space_flags(s, (uint32_t)a) & (flags | SPACE_MAPPED)) != (flags | SPACE_MAPPED))
            return false;
    return true;
}

/* ---- code: open pages --------------------------------------------------------------------------
 * A page that is written to and executed in turn, be it by a compiler at run time or for data
 * beside the code, would cost a signal and new translations each time. After some times it is left
 * open: the host can write, and its blocks look themselves whether the code is what it was. Where
 * the program has said what is new code, as all must on hardware, even that is not needed. */

enum { OPEN_AFTER = 4 }; /* writes */

/* Let the page be open from now on. Its blocks go, as they rely on it. */
static void open_page(struct space *s, uint32_t page, unsigned trusted)
{
    pthread_mutex_lock(&s->page_lock);
    unsigned old = space_flags(s, page), now = old | SPACE_OPEN | trusted;
    bool ok = old & SPACE_WRITE;
    if (ok)
        atomic_store(&s->flags[page / SPACE_PAGE], (uint8_t)now);
    if (ok && host_prot(old) != host_prot(now))
        mprotect(space_host(s, page), SPACE_PAGE, host_prot(now));
    pthread_mutex_unlock(&s->page_lock);
    if (ok)
        engine_code_drop(s->engine, page);
}

void space_flush_code(struct space *s, uint32_t addr, uint32_t len)
{
    uint64_t end = (uint64_t)addr + len;
    for (uint64_t at = addr, next; at < end && at < 1ull << 32; at = next) {
        uint32_t page = (uint32_t)align_down(at, SPACE_PAGE);
        unsigned flags = space_flags(s, page);
        next = (uint64_t)page + SPACE_PAGE < end ? (uint64_t)page + SPACE_PAGE : end;
        if ((flags & SPACE_WRITE) && !(flags & SPACE_TRUSTED))
            open_page(s, page, SPACE_TRUSTED);
        else if (flags & SPACE_CODE)
            engine_code_drop_range(s->engine, at, (uint32_t)(next - at));
    }
}

/* ---- code ------------------------------------------------------------------------------------ */

void space_drop_code(struct space *s, uint32_t addr, uint32_t len)
{
    uint64_t end = (uint64_t)addr + len;
    for (uint64_t a = align_down(addr, SPACE_PAGE); a < end && a < 1ull << 32; a += SPACE_PAGE)
        if (space_flags(s, (uint32_t)a) & SPACE_CODE)
            engine_code_drop(s->engine, a);
}

void space_will_write(struct space *s, uint32_t addr, uint32_t len)
{
    uint64_t end = (uint64_t)addr + len;
    for (uint64_t a = align_down(addr, SPACE_PAGE); a < end && a < 1ull << 32; a += SPACE_PAGE)
        if ((space_flags(s, (uint32_t)a) & (SPACE_CODE | SPACE_OPEN)) == SPACE_CODE)
            engine_code_drop(s->engine, a);
}

/* Let the page's code flag be @code, and the host's rights agree. */
static void code_flag(struct space *s, uint32_t addr, bool code)
{
    pthread_mutex_lock(&s->page_lock);
    unsigned old = space_flags(s, addr), now = code ? old | SPACE_CODE : old & ~SPACE_CODE;
    if (old & SPACE_MAPPED) {
        atomic_store(&s->flags[addr / SPACE_PAGE], (uint8_t)now);
        if (host_prot(old) != host_prot(now))
            mprotect(space_host(s, addr), SPACE_PAGE, host_prot(now));
    }
    pthread_mutex_unlock(&s->page_lock);
}

void space_code_protect(struct space *s, uint32_t addr)
{
    code_flag(s, addr, true);
}

void space_code_unprotect(struct space *s, uint32_t addr)
{
    code_flag(s, addr, false);
}

bool space_write_fault(struct space *s, uint32_t addr)
{
    uint32_t page = (uint32_t)align_down(addr, SPACE_PAGE);
    if (!(space_flags(s, page) & SPACE_WRITE))
        return false;
    uint8_t writes = atomic_load_explicit(&s->writes[page / SPACE_PAGE], memory_order_relaxed);
    if (writes < OPEN_AFTER) {
        atomic_store_explicit(&s->writes[page / SPACE_PAGE], writes + 1, memory_order_relaxed);
        engine_code_drop(s->engine, page);
    } else {
        open_page(s, page, 0);
    }
    return space_flags(s, page) &
           SPACE_WRITE; /* where another thread was first, it is writable, too */
}

/* ---- watched pages --------------------------------------------------------------------------- */

void space_refuse(struct space *s, uint32_t addr, bool reads)
{
    pthread_mutex_lock(&s->page_lock);
    int prot = host_prot(space_flags(s, addr));
    if (space_flags(s, addr) & SPACE_MAPPED)
        mprotect(space_host(s, addr), SPACE_PAGE, reads ? PROT_NONE : prot & ~PROT_WRITE);
    pthread_mutex_unlock(&s->page_lock);
}

void space_refuse_end(struct space *s, uint32_t addr)
{
    pthread_mutex_lock(&s->page_lock);
    if (space_flags(s, addr) & SPACE_MAPPED)
        mprotect(space_host(s, addr), SPACE_PAGE, host_prot(space_flags(s, addr)));
    pthread_mutex_unlock(&s->page_lock);
}

/* ---- mapping --------------------------------------------------------------------------------- */

bool space_is_free(const struct space *s, uint32_t addr, uint64_t len)
{
    for (uint64_t p = addr / SPACE_PAGE; p < (addr + len) / SPACE_PAGE; p++)
        if (atomic_load_explicit(&s->flags[p], memory_order_relaxed))
            return false;
    return true;
}

/* The highest free range of @len bytes in [low, high), or 0. */
static uint32_t find_below(const struct space *s, uint64_t len, uint32_t low, uint32_t high)
{
    uint64_t run = 0;
    for (uint32_t page = high / SPACE_PAGE; page-- > low / SPACE_PAGE;) {
        if (atomic_load_explicit(&s->flags[page], memory_order_relaxed))
            run = 0;
        else if (++run == len / SPACE_PAGE)
            return page * SPACE_PAGE;
    }
    return 0;
}

static uint32_t find_free(const struct space *s, uint64_t len)
{
    uint32_t usual = s->top < CHOICE_TOP ? s->top : CHOICE_TOP;
    uint32_t addr = find_below(s, len, SPACE_LOW, usual < s->full_from ? usual : s->full_from);
    return addr ? addr : find_below(s, len, usual, s->top);
}

/* Is [addr, addr + len) what programs can map? */
static bool in_range(const struct space *s, uint32_t addr, uint64_t len)
{
    return addr >= SPACE_FIRST && addr + len <= s->top;
}

/* Give a range back to the reserved memory. Where the window usually is, the host chooses no place
 * for itself, from the top downwards or from a third of its space upwards: a hole may be left
 * there, which costs less than a mapping. */
static void reserve(struct space *s, uint32_t addr, uint64_t len)
{
    if (s->holes && munmap(space_host(s, addr), len) == 0)
        return;
    mmap(space_host(s, addr), len, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

/* Where a mapping with @flags goes; an error is negative. */
static int64_t choose(const struct space *s, uint32_t addr, uint64_t len, int flags)
{
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (addr % SPACE_PAGE)
            return -EINVAL;
        if (!in_range(s, addr, len))
            return addr < SPACE_FIRST ? -EPERM : -ENOMEM;
        if ((flags & MAP_FIXED_NOREPLACE) && !space_is_free(s, addr, len))
            return -EEXIST;
        return addr;
    }
    addr = (uint32_t)align_down(addr, SPACE_PAGE);
    if (addr >= SPACE_LOW && in_range(s, addr, len) && space_is_free(s, addr, len))
        return addr;
    addr = find_free(s, len);
    return addr ? (int64_t)addr : -ENOMEM;
}

static int64_t map_locked(struct space *s, uint32_t addr, uint64_t len, int prot, int flags, int fd,
                          int64_t offset)
{
    unsigned page_flags = flags_of(s, prot);
    int host_flags = (flags & ~(MAP_FIXED_NOREPLACE | MAP_GROWSDOWN | MAP_32BIT | MAP_HUGETLB)) |
                     MAP_FIXED;
    space_drop_code(s, addr, (uint32_t)len);
    pthread_mutex_lock(&s->page_lock);
    void *p = mmap(space_host(s, addr), len, host_prot(page_flags), host_flags, fd, offset);
    int64_t result = p == MAP_FAILED ? -errno : (int64_t)addr;
    if (result >= 0)
        set_flags(s, addr, len, page_flags);
    pthread_mutex_unlock(&s->page_lock);
    return result;
}

int64_t space_map(struct space *s, uint32_t addr, uint32_t len, int prot, int flags, int fd,
                  int64_t offset)
{
    uint64_t size = align_up((uint64_t)len, SPACE_PAGE);
    if (!len || offset % SPACE_PAGE)
        return -EINVAL;
    if (size > s->top)
        return -ENOMEM;
    pthread_mutex_lock(&s->map_lock);
    int64_t where = choose(s, addr, size, flags);
    if (where >= 0)
        where = map_locked(s, (uint32_t)where, size, prot, flags, fd, offset);
    pthread_mutex_unlock(&s->map_lock);
    if (where >= 0 && (flags & MAP_TYPE) != MAP_PRIVATE && (prot & PROT_WRITE))
        s->shared(s->opaque);
    return where;
}

bool space_map_fixed(struct space *s, uint32_t addr, uint32_t len, int prot, struct error *e)
{
    int64_t r = map_locked(s, addr, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = r < 0 ? (int)-r : 0;
    return r >= 0 || error_set_errno(e, "%u bytes at 0x%08x", len, addr);
}

static void unmap_locked(struct space *s, uint32_t addr, uint64_t len)
{
    space_drop_code(s, addr, (uint32_t)len);
    pthread_mutex_lock(&s->page_lock);
    reserve(s, addr, len);
    set_flags(s, addr, len, 0);
    pthread_mutex_unlock(&s->page_lock);
}

int space_unmap(struct space *s, uint32_t addr, uint32_t len)
{
    uint64_t size = align_up((uint64_t)len, SPACE_PAGE);
    if (addr % SPACE_PAGE || !len || !in_range(s, addr, size))
        return -EINVAL;
    pthread_mutex_lock(&s->map_lock);
    unmap_locked(s, addr, size);
    pthread_mutex_unlock(&s->map_lock);
    return 0;
}

static int protect_locked(struct space *s, uint32_t addr, uint64_t len, int prot)
{
    unsigned flags = flags_of(s, prot);
    if (!space_has(s, addr, (uint32_t)len, 0))
        return -ENOMEM;
    space_drop_code(s, addr, (uint32_t)len);
    pthread_mutex_lock(&s->page_lock);
    int r = mprotect(space_host(s, addr), len, host_prot(flags)) ? -errno : 0;
    if (!r)
        set_rights(s, addr, len, flags);
    pthread_mutex_unlock(&s->page_lock);
    return r;
}

int space_protect(struct space *s, uint32_t addr, uint32_t len, int prot)
{
    uint64_t size = align_up((uint64_t)len, SPACE_PAGE);
    if (addr % SPACE_PAGE)
        return -EINVAL;
    if (!len)
        return 0;
    if (!in_range(s, addr, size))
        return -ENOMEM;
    pthread_mutex_lock(&s->map_lock);
    int r = protect_locked(s, addr, size, prot & (PROT_READ | PROT_WRITE | PROT_EXEC));
    pthread_mutex_unlock(&s->map_lock);
    return r;
}

/* ---- remapping ------------------------------------------------------------------------------- */

/* Let the mapping at @addr be longer; what follows is free. */
static int grow_in_place(struct space *s, uint32_t addr, uint64_t old_len, uint64_t new_len)
{
    munmap(space_host(s, (uint32_t)(addr + old_len)), new_len - old_len);
    void *p = mremap(space_host(s, addr), old_len, new_len, 0);
    int r = p == MAP_FAILED ? -errno : 0;
    if (r)
        reserve(s, (uint32_t)(addr + old_len), new_len - old_len);
    else
        set_flags(s, addr, new_len, space_flags(s, addr) & (SPACE_RIGHTS | SPACE_ALONE));
    return r;
}

static int64_t move_to(struct space *s, uint32_t addr, uint64_t old_len, uint64_t new_len,
                       uint32_t to)
{
    unsigned flags = space_flags(s, addr) & (SPACE_RIGHTS | SPACE_ALONE);
    void *p = mremap(space_host(s, addr), old_len, new_len, MREMAP_MAYMOVE | MREMAP_FIXED,
                     space_host(s, to));
    if (p == MAP_FAILED)
        return -errno;
    reserve(s, addr, old_len);
    set_flags(s, addr, old_len, 0);
    set_flags(s, to, new_len, flags);
    return to;
}

static int64_t remap_locked(struct space *s, uint32_t addr, uint64_t old_len, uint64_t new_len,
                            int flags, uint32_t new_addr)
{
    bool fixed = flags & MREMAP_FIXED;
    if (!space_has(s, addr, (uint32_t)old_len, 0))
        return -EFAULT;
    if (!fixed && new_len <= old_len) {
        if (new_len < old_len)
            unmap_locked(s, (uint32_t)(addr + new_len), old_len - new_len);
        return addr;
    }
    space_drop_code(s, addr, (uint32_t)old_len);
    if (!fixed && in_range(s, addr, new_len) &&
        space_is_free(s, (uint32_t)(addr + old_len), new_len - old_len) &&
        grow_in_place(s, addr, old_len, new_len) == 0)
        return addr;
    if (!(flags & MREMAP_MAYMOVE))
        return -ENOMEM;
    uint32_t to = fixed ? new_addr : find_free(s, new_len);
    if (!to)
        return -ENOMEM;
    if (fixed)
        space_drop_code(s, to, (uint32_t)new_len);
    return move_to(s, addr, old_len, new_len, to);
}

int64_t space_remap(struct space *s, uint32_t addr, uint32_t old_len, uint32_t new_len, int flags,
                    uint32_t new_addr)
{
    uint64_t old_size = align_up((uint64_t)old_len, SPACE_PAGE);
    uint64_t new_size = align_up((uint64_t)new_len, SPACE_PAGE);
    bool fixed = flags & MREMAP_FIXED;
    if (addr % SPACE_PAGE || !new_size || !old_size || (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) ||
        (fixed && (!(flags & MREMAP_MAYMOVE) || new_addr % SPACE_PAGE)))
        return -EINVAL;
    if (!in_range(s, addr, old_size) || new_size > s->top)
        return -EFAULT;
    if (fixed && (!in_range(s, new_addr, new_size) ||
                  (new_addr < addr + old_size && addr < new_addr + new_size)))
        return -EINVAL;
    pthread_mutex_lock(&s->map_lock);
    int64_t r = remap_locked(s, addr, old_size, new_size, flags, new_addr);
    pthread_mutex_unlock(&s->map_lock);
    return r;
}

uint32_t space_set_brk(struct space *s, uint32_t brk)
{
    pthread_mutex_lock(&s->map_lock);
    uint32_t old_end = (uint32_t)align_up(s->brk, SPACE_PAGE);
    uint64_t new_end = align_up((uint64_t)brk, SPACE_PAGE);
    bool ok = brk >= s->brk_start && new_end < s->top;
    if (ok && new_end > old_end)
        ok = space_is_free(s, old_end, new_end - old_end) &&
             map_locked(s, old_end, new_end - old_end, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) >= 0;
    else if (ok && new_end < old_end)
        unmap_locked(s, (uint32_t)new_end, old_end - new_end);
    if (ok)
        s->brk = brk;
    brk = s->brk;
    pthread_mutex_unlock(&s->map_lock);
    return brk;
}
