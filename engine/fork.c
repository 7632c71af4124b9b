/*
 * Around fork. Most children soon execute another program or end, so parent and child go on with
 * the same translated code; to write to it takes a copy, which is put off for as many times as it
 * is cheaper to do without: blocks are interpreted, jumps are not chained. What a child has
 * interpreted its parent translates before it makes the next one.
 */
#include <sys/mman.h>

#include "engine/internal.h"
#include "util/bits.h"

enum { RELUCTANCE = 192, WISHES = PAGE_BYTES / 8 - 1 };

/* Blocks that children had to do without; in memory that all descendants share. */
struct wishes {
    _Atomic uint32_t count;
    _Atomic uint64_t block[WISHES]; /* flags and address; 0: not known yet */
};

static struct wishes *wishes_new(void)
{
    void *p = mmap(NULL, sizeof(struct wishes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void engine_wish(struct engine_cpu *ec, uint32_t flags)
{
    struct wishes *w = ec->engine->wishes;
    if (!w || atomic_load_explicit(&w->count, memory_order_relaxed) >= WISHES)
        return;
    uint32_t place = atomic_fetch_add(&w->count, 1);
    if (place < WISHES)
        atomic_store(&w->block[place], (uint64_t)flags << 32 | (uint32_t)ec->env->pc);
}

/* Translate the block at @pc, if there is code. The CPU is outside of the guest. */
static void fulfil(struct engine_cpu *ec, uint32_t pc, uint32_t flags)
{
    struct engine *en = ec->engine;
    struct engine_fetch fetch;
    uint64_t saved = ec->env->pc;
    ec->env->pc = pc;
    if (!ec->step_once && en->ops.fetch(ec->env, pc, false, &fetch)) {
        pthread_mutex_lock(&en->lock);
        en->reluctance = 0;
        engine_block_get(ec, &fetch, flags);
        pthread_mutex_unlock(&en->lock);
    }
    ec->env->pc = saved;
}

static void fulfil_wishes(struct engine_cpu *ec)
{
    struct engine *en = ec->engine;
    struct wishes *w = en->wishes;
    for (; en->wishes_seen < WISHES; en->wishes_seen++) {
        uint64_t wish = atomic_load(&w->block[en->wishes_seen]);
        if (!wish)
            break;
        fulfil(ec, (uint32_t)wish, (uint32_t)(wish >> 32));
    }
}

void engine_fork_prepare(struct engine *en, struct engine_cpu *self)
{
    if (en->wishes)
        fulfil_wishes(self);
    else if (en->cold)
        en->wishes = wishes_new();
    pthread_mutex_lock(&en->cpus_lock);
    pthread_mutex_lock(&en->lock);
    while (en->evicting)
        pthread_cond_wait(&en->quiet, &en->lock);
    /* Not anew at each fork: who makes many children would never chain. */
    if (en->backend && backend_share(en->backend))
        en->reluctance = RELUCTANCE;
}

void engine_fork_finish(struct engine *en, struct engine_cpu *self, bool child)
{
    if (child && en->backend)
        en->reluctance = RELUCTANCE;
    if (child && en->cpu_count > 1) {
        for (uint32_t i = 0; i < en->cpu_count; i++)
            if (en->cpus[i] != self)
                engine_cpu_free(en->cpus[i]);
        en->cpus[0] = self;
        en->cpu_count = 1;
    }
    pthread_mutex_unlock(&en->lock);
    pthread_mutex_unlock(&en->cpus_lock);
}
