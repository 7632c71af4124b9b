/*
 * Watchpoints on memory that the program hardly uses: while its translated code runs, the host
 * refuses accesses to their pages, which costs that code nothing. The first access to such a page
 * has the engine compare addresses from then on (engine_watch), as it does where that is no way:
 * with several threads, since system calls of one lift what another needs, with pages of code, and
 * for programs that go in and out all the time.
 */
#include <time.h>

#include "process/debug.h"
#include "util/bits.h"

/* Of this many entries into the guest, each of which costs some microseconds, */
enum { ENTRIES = 1024, ENTRIES_NS = 100000000 }; /* the least time */

static uint64_t cpu_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool is_noisy(const struct debug_quiet *q, uint32_t page)
{
    for (uint32_t i = 0; i < q->noisy_count && i < QUIET_NOISY_MAX; i++)
        if (q->noisy[i] == page)
            return true;
    return false;
}

static struct quiet_page *page_of(struct debug_quiet *q, uint32_t addr)
{
    for (uint32_t i = 0; i < q->count; i++)
        if (q->pages[i].addr == align_down(addr, SPACE_PAGE))
            return &q->pages[i];
    return NULL;
}

static bool add_pages(struct process_debug *d, const struct engine_watch *w)
{
    struct debug_quiet *q = &d->quiet;
    uint64_t end = (uint64_t)w->start + w->size;
    for (uint64_t at = align_down(w->start, SPACE_PAGE); at < end; at += SPACE_PAGE) {
        unsigned flags = space_flags(&d->process->space, (uint32_t)at);
        struct quiet_page *page = page_of(q, (uint32_t)at);
        if (page) {
            page->reads |= w->read;
            continue;
        }
        if (q->count == QUIET_PAGES_MAX || is_noisy(q, (uint32_t)at) || !(flags & SPACE_MAPPED) ||
            (flags & (SPACE_EXEC | SPACE_CODE | SPACE_OPEN)))
            return false;
        q->pages[q->count++] = (struct quiet_page){(uint32_t)at, w->read};
    }
    return true;
}

bool debug_quiet_takes(struct process_debug *d, const struct gdb_watching *w)
{
    struct debug_quiet *q = &d->quiet;
    q->count = 0;
    bool ok = !q->restless && !atomic_load(&d->process->parallel) &&
              d->process->config.accel == ENGINE_JIT;
    for (uint32_t i = 0; ok && i < w->count; i++)
        ok = add_pages(d, &w->list[i]);
    if (!ok)
        q->count = 0;
    q->entries = 0;
    q->since = cpu_time();
    return ok;
}

void debug_quiet_begin(struct process_debug *d)
{
    struct debug_quiet *q = &d->quiet;
    for (uint32_t i = 0; i < q->count; i++)
        space_refuse(&d->process->space, q->pages[i].addr, q->pages[i].reads);
    q->refused = q->count != 0;
}

void debug_quiet_end(struct process_debug *d)
{
    struct debug_quiet *q = &d->quiet;
    for (uint32_t i = 0; i < q->count; i++)
        space_refuse_end(&d->process->space, q->pages[i].addr);
    q->refused = false;
    q->entries += q->count != 0;
}

bool debug_quiet_meets(struct task *t, uint32_t addr, uint32_t len)
{
    struct debug_quiet *q = &t->process->debug->quiet;
    const uint32_t ends[] = {addr, addr + len - 1};
    if (!q->refused)
        return false;
    for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
        const struct quiet_page *page = page_of(q, ends[i]);
        if (!page)
            continue;
        q->noisy[q->noisy_count++ % QUIET_NOISY_MAX] = page->addr;
        t->debug.quiet_met = true;
        return true;
    }
    return false;
}

enum engine_stop debug_quiet_again(struct task *t)
{
    const struct gdb_thread *order = &t->debug.order;
    t->event = TASK_NOTHING; /* a fault of the host's making */
    engine_step(t->engine, order->stepping_over ? ENGINE_STEP : order->step);
    return ENGINE_STOP_SERVICE;
}

bool debug_quiet_over(struct task *t)
{
    struct debug_quiet *q = &t->process->debug->quiet;
    if (q->entries >= ENTRIES) {
        uint64_t now = cpu_time();
        q->restless = now - q->since < ENTRIES_NS;
        q->entries = 0;
        q->since = now;
    }
    return t->debug.quiet_met || (q->count && q->restless);
}
