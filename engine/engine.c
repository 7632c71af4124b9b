/* The run loop: safe points, lookup, chaining. */
#include "engine/engine.h"

#include <assert.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/internal.h"
#include "util/bits.h"
#include "util/log.h"

enum { DEFAULT_CACHE = 24 << 20, DEFAULT_REGIONS = 8, DEFAULT_SLICE = 8192,
       SAMPLE_SLICES = 24, SAMPLE_SHIFT = 1024, HOT_SAMPLES = 2, FP_TRAPS_MAX = 2000,
       MAX_SLICE = 16384 /* see BACKEND_STACK_PER_INSN */ };

static bool backend_start(struct engine *en, const struct engine_config *config, struct error *e)
{
    struct backend_config bc = {
        .target = en->target,
        .callbacks = {.load = en->ops.load, .store = en->ops.store},
        .cache_size = config->cache_size ? config->cache_size : DEFAULT_CACHE,
        .region_count = en->region_count,
        .no_chain = en->log_blocks || en->accel == ENGINE_LOCKSTEP,
        .always_slow = en->accel == ENGINE_LOCKSTEP,
        .direct = config->direct,
        .window = config->window,
        .segment = config->segment,
        .host_features_mask = config->host_features_mask,
        .fp_traps = config->fp_traps,
    };
    if (en->accel == ENGINE_LOCKSTEP)
        engine_lockstep_callbacks(&bc.callbacks);
    en->backend = backend_new(&bc, e);
    if (!en->backend)
        return false;
    en->no_entry = backend_lookup_stub(en->backend);
    return true;
}

struct engine *engine_new(const struct engine_config *config, struct error *e)
{
    struct engine *en = calloc(1, sizeof(*en));
    if (!en) {
        error_set(e, "out of memory");
        return NULL;
    }
    en->frontend = config->frontend;
    en->target = config->frontend->target;
    en->memo = config->frontend->memo_new ? config->frontend->memo_new() : NULL;
    en->ops = *config->ops;
    en->opaque = config->opaque;
    en->accel = config->accel;
    en->one_insn = config->one_insn;
    en->direct = config->direct;
    en->fine = config->fine;
    en->slice = config->slice ? config->slice : DEFAULT_SLICE;
    if (en->slice > MAX_SLICE)
        en->slice = MAX_SLICE;
    en->exact = config->exact;
    en->region_count = DEFAULT_REGIONS;
    en->perfmap = config->perfmap;
    en->log_blocks = log_enabled(LOG_EXEC | LOG_CPU);
    if (en->accel == ENGINE_JIT && !config->one_insn && !en->log_blocks)
        en->tiers = TIERS_BY_SAMPLES;
    else if (en->accel != ENGINE_JIT && !config->coverage && !config->one_insn && !en->exact)
        en->tiers = TIERS_HOT;
    pthread_mutex_init(&en->lock, NULL);
    pthread_mutex_init(&en->cpus_lock, NULL);
    pthread_cond_init(&en->quiet, NULL);
    uint32_t cache_size = config->cache_size ? config->cache_size : DEFAULT_CACHE;
    if (!engine_pool_open(en, cache_size, e) ||
        (config->coverage && !(en->coverage = engine_coverage_new(e))) ||
        (en->accel != ENGINE_INTERP && !backend_start(en, config, e))) {
        engine_free(en);
        return NULL;
    }
    en->cold = config->direct && en->tiers == TIERS_BY_SAMPLES && en->ops.code_mode;
    en->store = config->store ? engine_store_open(en, config->store) : NULL;
    if (en->backend)
        backend_image_none(en->backend);
    return en;
}

void engine_cpu_free(struct engine_cpu *ec)
{
    engine_lockstep_free(ec->lockstep);
    arena_free(&ec->cold_arena);
    free(ec);
}

void engine_free(struct engine *en)
{
    if (!en)
        return;
    engine_cache_free(en);
    engine_store_close(en->store);
    free(en->debug.pcs);
    for (uint32_t i = 0; i < en->cpu_count; i++)
        engine_cpu_free(en->cpus[i]);
    backend_free(en->backend);
    engine_coverage_free(en->coverage);
    arena_free(&en->arena);
    free(en->memo);
    pthread_mutex_destroy(&en->lock);
    pthread_mutex_destroy(&en->cpus_lock);
    pthread_cond_destroy(&en->quiet);
    free(en);
}

struct engine_cpu *engine_cpu_add(struct engine *en, struct ir_env *env)
{
    struct engine_cpu *ec = calloc(1, sizeof(*ec));
    if (!ec)
        return NULL;
    ec->engine = en;
    ec->env = env;
    env->engine_cpu = ec;
    env->refill = en->exact ? 0 : en->slice; /* 0: every end of a slice comes to the engine */
    env->sample_in = en->tiers == TIERS_BY_SAMPLES || en->ops.sampled ? SAMPLE_SLICES : 0;
    if (en->accel == ENGINE_LOCKSTEP)
        ec->lockstep = engine_lockstep_new(en);
    pthread_mutex_lock(&en->cpus_lock);
    bool room = en->cpu_count < CPU_MAX;
    if (room)
        en->cpus[en->cpu_count++] = ec;
    pthread_mutex_unlock(&en->cpus_lock);
    if (room)
        return ec;
    engine_cpu_free(ec);
    return NULL;
}

void engine_cpu_remove(struct engine_cpu *ec)
{
    struct engine *en = ec->engine;
    /* its thread may have been killed there */
    atomic_store_explicit(&ec->in_guest, false, memory_order_release);
    pthread_mutex_lock(&en->cpus_lock);
    for (uint32_t i = 0; i < en->cpu_count; i++)
        if (en->cpus[i] == ec)
            en->cpus[i] = en->cpus[--en->cpu_count];
    pthread_mutex_unlock(&en->cpus_lock);
    engine_cpu_free(ec);
}

uint64_t engine_icount(const struct ir_env *env)
{
    int32_t begun = env->slice - env->budget; /* with all of the block that is calling out */
    return env->icount + (uint64_t)((int64_t)begun - env->insn_left);
}

void engine_slice_end(struct ir_env *env)
{
    atomic_store(&env->exit_request, 1);
    env->icount += (uint64_t)(int64_t)(env->slice - env->budget);
    /* What a block that is left in the middle gives back is not to make up another slice. */
    env->slice = env->budget = -(int32_t)env->insn_left;
}

void engine_slice_begin(struct ir_env *env, uint32_t count)
{
    assert(count && count <= INT32_MAX && !env->insn_left);
    env->icount = engine_icount(env);
    env->slice = env->budget = (int32_t)count;
}

void engine_sync(struct engine *en, struct ir_env *self)
{
    unsigned epoch = atomic_fetch_add(&en->epoch, 1) + 1;
    pthread_mutex_lock(&en->cpus_lock);
    for (uint32_t i = 0; i < en->cpu_count; i++) {
        struct engine_cpu *ec = en->cpus[i];
        if (ec->env == self)
            continue;
        atomic_store(&ec->env->exit_request, 1);
        for (unsigned spins = 0;
             atomic_load(&ec->in_guest) && (int)(atomic_load(&ec->seen_epoch) - epoch) < 0;
             spins++) {
            struct timespec nap = {.tv_nsec = 20000};
            if (spins < 100)
                sched_yield();
            else
                nanosleep(&nap, NULL);
        }
    }
    pthread_mutex_unlock(&en->cpus_lock);
}

bool engine_cpu_in_guest(const struct engine_cpu *ec)
{
    return atomic_load(&ec->in_guest);
}

/* ---- lookup ---------------------------------------------------------------------------------- */

static uint32_t *exec_entries(struct engine *en, const struct ir_env *env, uint64_t pc,
                              uint32_t lane)
{
    const struct ir_memory_layout *m = &en->target->memory;
    uint32_t *const *table = (void *)(env->tables + m->exec_table[lane]);
    return table[pc >> m->page_bits];
}

/* What the exec tables know about env.pc; no_entry if nothing. */
static uint32_t entry_known(struct engine_cpu *ec, uint32_t flags)
{
    struct engine *en = ec->engine;
    uint32_t lane = flags & GUEST_FLAGS_LANE_MASK;
    if (ec->step_once || (flags & GUEST_FLAGS_LOOKUP_ONLY))
        return en->no_entry;
    const uint32_t *entries = exec_entries(en, ec->env, ec->env->pc, lane);
    if (!entries)
        return en->no_entry;
    uint32_t index = (uint32_t)(ec->env->pc & (PAGE_BYTES - 1)) >> en->target->granule[lane];
    return __atomic_load_n(&entries[index], __ATOMIC_ACQUIRE);
}

static uint64_t next_page(const struct engine_cpu *ec)
{
    uint64_t mask = (1ull << ec->engine->target->memory.address_bits) - 1;
    return (align_down(ec->env->pc, PAGE_BYTES) + PAGE_BYTES) & mask;
}

static struct straddle_hit *straddle_slot(struct engine_cpu *ec)
{
    return &ec->straddles[(ec->env->pc >> PAGE_BITS) % STRADDLE_HITS];
}

/* The straddling block at env.pc when it was found before and is right still, else NULL. The exec
 * tables vouch for the mapping; code of such blocks is not protected, so the bytes are compared. */
static struct block *straddle_known(struct engine_cpu *ec, uint32_t flags)
{
    const struct straddle_hit *h = straddle_slot(ec);
    struct engine *en = ec->engine;
    struct block *b = h->block;
    uint32_t lane = flags & GUEST_FLAGS_LANE_MASK;
    if ((ec->env->pc & (PAGE_BYTES - 1)) != PAGE_BYTES - 2 || !b || h->pc != ec->env->pc ||
        ec->step_once ||
        h->evictions != __atomic_load_n(&en->stats.regions_evicted, __ATOMIC_RELAXED) ||
        b->flags != flags || !__atomic_load_n(&b->valid, __ATOMIC_ACQUIRE))
        return NULL;
    bool same = h->entries[0] && exec_entries(en, ec->env, h->pc, lane) == h->entries[0] &&
                h->entries[1] && exec_entries(en, ec->env, next_page(ec), lane) == h->entries[1] &&
                !memcmp(b->extra->straddle_bytes, h->host[0] + PAGE_BYTES - 2, 2) &&
                !memcmp(b->extra->straddle_bytes + 2, h->host[1], 2);
    return same ? b : NULL;
}

/* Remember the straddling block @b, which was just found at env.pc on the page @fetch. */
static void straddle_note(struct engine_cpu *ec, struct block *b, const struct engine_fetch *fetch)
{
    struct engine *en = ec->engine;
    struct engine_fetch next;
    uint32_t lane = b->flags & GUEST_FLAGS_LANE_MASK;
    if (!b->apart || !b->valid || !en->ops.fetch(ec->env, next_page(ec), false, &next))
        return;
    ec->straddles_known = true;
    *straddle_slot(ec) = (struct straddle_hit){
        .block = b,
        .pc = ec->env->pc,
        .evictions = en->stats.regions_evicted,
        .entries = {exec_entries(en, ec->env, ec->env->pc, lane),
                    exec_entries(en, ec->env, next_page(ec), lane)},
        .host = {fetch->host, next.host},
    };
}

/* The straddling block @b was found: are its bytes still what it was made from? */
static bool straddle_matches(struct engine_cpu *ec, const struct block *b,
                             const struct engine_fetch *fetch)
{
    struct engine_fetch next;
    return !memcmp(b->extra->straddle_bytes, fetch->host + PAGE_BYTES - 2, 2) &&
           ec->engine->ops.fetch(ec->env, next_page(ec), false, &next) &&
           !memcmp(b->extra->straddle_bytes + 2, next.host, 2);
}

/* The page of @fetch, with stores to it going through the slow path. May drop and retake the
 * lock. */
static struct code_page *page_protected(struct engine *en, uint64_t phys)
{
    struct code_page *page = engine_page_get(en, phys);
    while (!page->protected) {
        uint64_t before = en->unprotects;
        pthread_mutex_unlock(&en->lock);
        en->ops.code_protect(en->opaque, phys);
        enum engine_code_mode mode = en->ops.code_mode ? en->ops.code_mode(en->opaque, phys)
                                                       : ENGINE_CODE_PROTECTED;
        pthread_mutex_lock(&en->lock);
        page = engine_page_get(en, phys);
        if (!page->protected && before == en->unprotects) {
            page->protected = true;
            page->mode = mode;
        }
    }
    return page;
}

/* With BLOCK_SHORT the usual block will do when it is short. */
static struct block *block_find(struct engine *en, uint64_t phys, uint32_t offset, uint32_t flags)
{
    uint32_t usual = flags & ~(BLOCK_SHORT | GUEST_FLAGS_LOOKUP_ONLY);
    struct block *b = flags & BLOCK_SHORT ? engine_block_find(en, phys, offset, usual) : NULL;
    return b && !b->hot ? b : engine_block_find(en, phys, offset, flags);
}

/* The new block @b straddles. Where pages of code have one address it concerns two pages and is
 * like any other if both are protected. May drop and retake the lock; false: look again. */
static bool straddler_place(struct engine_cpu *ec, const struct engine_fetch *fetch,
                            struct code_page **page, struct block *b)
{
    struct engine *en = ec->engine;
    struct engine_fetch next;
    uint64_t evictions = en->stats.regions_evicted;
    if (!en->direct || !en->ops.fetch(ec->env, next_page(ec), false, &next))
        return true;
    struct code_page *second = page_protected(en, next.phys);
    if (en->evicting || en->stats.regions_evicted != evictions)
        return false;
    *page = engine_page_get(en, fetch->phys);
    if (!(*page)->protected || !straddle_matches(ec, b, fetch))
        return false;
    b->apart = (*page)->mode != ENGINE_CODE_PROTECTED || second->mode != ENGINE_CODE_PROTECTED;
    b->extra->second = b->apart ? NULL : second;
    return true;
}

static bool block_publish(struct engine_cpu *ec, const struct engine_fetch *fetch,
                          struct code_page *page, struct block *b)
{
    if (b->straddles && !straddler_place(ec, fetch, &page, b))
        return false;
    b->page = b->apart ? NULL : page;
    engine_block_publish(ec->engine, b);
    return true;
}

/* The loop that a hot block is part of becomes a hot block, too. Samples find its other blocks
 * late, and with `exact`, where the length of slices is not the engine's to vary, perhaps never. */
static void heat_loop(struct engine_cpu *ec, const struct engine_fetch *fetch,
                      struct code_page *page, uint32_t flags)
{
    struct engine *en = ec->engine;
    uint64_t pc = align_down(ec->env->pc, PAGE_BYTES) + ec->loop_head;
    struct block *b = ec->loop_head ? block_find(en, fetch->phys, ec->loop_head, flags) : NULL;
    if (!b || b->hot || b->straddles)
        return;
    engine_block_drop(en, b);
    b = engine_translate(ec, fetch, pc, flags, page->mode, UINT32_MAX, true);
    if (b && !b->transient)
        block_publish(ec, fetch, page, b);
}

struct block *engine_block_get(struct engine_cpu *ec, const struct engine_fetch *fetch,
                               uint32_t flags)
{
    struct engine *en = ec->engine;
    uint64_t pc = ec->env->pc;
    struct code_page *page = page_protected(en, fetch->phys);
    if (page->host != fetch->host) /* what is not written to needs no copy in a child */
        page->host = fetch->host;
    if (en->debug.count)
        engine_page_visited(en, page, pc);
    if (en->store && !page->stored && !en->fp_checked)
        engine_store_adopt(en, page);
    struct block *b = ec->step_once
                          ? NULL
                          : block_find(en, fetch->phys, (uint32_t)pc & (PAGE_BYTES - 1), flags);
    if (b && b->apart && !straddle_matches(ec, b, fetch)) {
        engine_block_drop(en, b);
        b = NULL;
    }
    if (b && b->checked &&
        memcmp(b->extra->code, fetch->host + b->start, (size_t)(b->end - b->start)) != 0) {
        engine_block_drop(en, b);
        b = NULL;
    }
    bool hot = en->tiers == TIERS_HOT;
    if (b && ec->sampling && !b->hot && !b->straddles && ++b->samples >= HOT_SAMPLES) {
        engine_block_drop(en, b);
        b = NULL;
        hot = true;
    }
    if (!b && !hot)
        b = engine_block_instead(ec, fetch, flags);
    if (b)
        return b;
    b = engine_translate(ec, fetch, pc, flags, page->mode, ec->step_once ? 1 : UINT32_MAX, hot);
    if (!b) {
        engine_evict(en, ec);
        return NULL;
    }
    if (!ec->step_once && !b->transient) {
        if (!block_publish(ec, fetch, page, b))
            return NULL;
        if (b->hot && en->tiers == TIERS_BY_SAMPLES)
            heat_loop(ec, fetch, page, flags);
    }
    return b;
}

/* Find or translate the block at env.pc. @site: the jump to chain to it, or NULL. NULL: the state
 * changed (prefetch abort), start again. */
static struct block *lookup_slow(struct engine_cpu *ec, uint32_t flags, void *site,
                                 uint64_t evictions)
{
    struct engine *en = ec->engine;
    struct engine_fetch fetch;
    atomic_store_explicit(&ec->in_guest, false, memory_order_release);
    if (!en->ops.fetch(ec->env, ec->env->pc, true, &fetch)) {
        ec->stepped = true;
        return NULL;
    }
    struct block *b = engine_cold_block(ec, &fetch, flags);
    if (b)
        return b;
    pthread_mutex_lock(&en->lock);
    en->stats.lookups++;
    b = engine_block_get(ec, &fetch, flags);
    if (b && b->valid && !b->apart && !(flags & GUEST_FLAGS_LOOKUP_ONLY)) {
        uint32_t lane = flags & GUEST_FLAGS_LANE_MASK;
        en->ops.exec_fill(ec->env, lane, ec->env->pc, engine_entries(en, b->page, flags)->entry);
        if (site && en->stats.regions_evicted == evictions && !en->evicting)
            engine_chain(en, site, b);
    }
    if (b)
        straddle_note(ec, b, &fetch);
    pthread_mutex_unlock(&en->lock);
    return b;
}

/* ---- running --------------------------------------------------------------------------------- */

static void log_block(struct engine_cpu *ec, uint32_t flags)
{
    const struct ir_env *env = ec->env;
    if (!log_filter_match(env->pc))
        return;
    log_lock();
    if (log_enabled(LOG_EXEC))
        fprintf(log_stream(), "EXEC: pc 0x%08llx flags 0x%x icount %llu\n",
                (unsigned long long)env->pc, flags, (unsigned long long)engine_icount(env));
    if (log_enabled(LOG_CPU))
        ec->engine->frontend->print_state(env, log_stream());
    log_unlock();
}

static enum ir_exit run_block(struct engine_cpu *ec, struct block *b, uint32_t entry)
{
    struct engine *en = ec->engine;
    const struct ir_callbacks cb = {
        .load = en->ops.load, .store = en->ops.store, .no_tables = en->cold};
    ec->env->page_base = align_down(ec->env->pc, PAGE_BYTES);
    switch (en->accel) {
    case ENGINE_JIT:
        if (b == &ec->cold)
            return ir_interp_run(b->extra->ir, ec->env, &cb);
        return backend_run(en->backend, ec->env, b ? b->entry : entry);
    case ENGINE_INTERP:
        return ir_interp_run((b ? b : en->ids[entry])->extra->ir, ec->env, &cb);
    case ENGINE_LOCKSTEP:
        return engine_lockstep_run(ec, b);
    }
    return IR_EXIT_YIELD;
}

/* Invalid operations come often: all code is translated anew, to look for them itself. Until it is,
 * they go on to be signals, on each CPU whose mask is not set yet. */
static void fp_mask(struct engine_cpu *ec)
{
    struct engine *en = ec->engine;
    pthread_mutex_lock(&en->lock);
    if (!en->fp_checked) {
        backend_fp_check(en->backend);
        engine_drop_all(en);
        en->fp_checked = true;
    }
    pthread_mutex_unlock(&en->lock);
    ec->env->fp_masked = IR_FP_MASKED;
}

/* A point where nothing of the guest is under way: let the owner apply what others asked for. */
static bool safe_point(struct engine_cpu *ec)
{
    atomic_store_explicit(&ec->in_guest, false, memory_order_release);
    if (atomic_load_explicit(&ec->env->exit_request, memory_order_relaxed))
        atomic_store(&ec->env->exit_request, 0); /* before what is asked for is looked at */
    unsigned epoch = atomic_load(&ec->engine->epoch);
    if (ec->straddles_known) /* their blocks may go from here on */
        memset(ec->straddles, 0, sizeof(ec->straddles));
    ec->straddles_known = false;
    ec->single = ec->short_next = false;
    if (atomic_load_explicit(&ec->engine->fp_traps, memory_order_relaxed) >= FP_TRAPS_MAX &&
        !ec->env->fp_masked)
        fp_mask(ec);
    bool go_on = ec->engine->ops.service(ec->env);
    atomic_store_explicit(&ec->seen_epoch, epoch, memory_order_release);
    return go_on;
}

/* With slices of any length. Where it is done changes nothing for the guest, however often. */
static void sample_exact(struct engine_cpu *ec)
{
    struct engine *en = ec->engine;
    uint64_t now = engine_icount(ec->env);
    if (now - ec->sampled < (uint64_t)SAMPLE_SLICES * DEFAULT_SLICE)
        return;
    ec->sampled = now;
    ec->sampling = en->tiers == TIERS_BY_SAMPLES;
    if (en->ops.sampled)
        en->ops.sampled(ec->env);
}

/* A new slice has just begun, and it was time for a sample. Slices of one length end always at the
 * same place of a loop, so there is another one first, of some length. */
static void sample(struct engine_cpu *ec)
{
    struct engine *en = ec->engine;
    struct ir_env *env = ec->env;
    ec->sample_due = !ec->sample_due;
    if (ec->sample_due) {
        ec->random = ec->random * 1664525 + 1013904223;
        env->sample_in = 1;
        env->slice = env->budget = 1 + (int32_t)(ec->random >> 16) % SAMPLE_SHIFT;
        return;
    }
    env->sample_in = SAMPLE_SLICES;
    ec->sampling = en->tiers == TIERS_BY_SAMPLES;
    if (en->ops.sampled)
        en->ops.sampled(env);
}

/* One turn: look env.pc up and run from there until something comes back. @site and @evictions
 * carry the last exit that wants to be chained from one turn to the next. */
static enum ir_exit turn(struct engine_cpu *ec, void **site, uint64_t *evictions)
{
    struct engine *en = ec->engine;
    struct ir_env *env = ec->env;
    uint32_t flags = en->frontend->block_flags(env);
    struct block *b = NULL;
    env->slow_dispatch = 0;
    env->raised = 0;
    ec->stepped = false;
    if (ec->step || ec->single)
        flags |= BLOCK_STEP | GUEST_FLAGS_LOOKUP_ONLY;
    else if (ec->short_next)
        flags |= BLOCK_SHORT | GUEST_FLAGS_LOOKUP_ONLY;
    ec->sampling = ec->sampling && !ec->step && !ec->step_once && !ec->single && !ec->short_next;
    bool known = !*site && !ec->sampling && !ec->changed &&
                 (en->accel == ENGINE_JIT ||
                  (en->accel == ENGINE_INTERP && !atomic_load(&en->checks)));
    uint32_t entry = known ? entry_known(ec, flags) : en->no_entry;
    if (entry == en->no_entry) {
        b = straddle_known(ec, flags);
        *site = b ? NULL : *site;
    }
    if (entry == en->no_entry && !b) {
        b = lookup_slow(ec, flags, *site, *evictions);
        ec->sampling = ec->changed = false;
        *site = NULL;
        if (!b)
            return IR_EXIT_LOOKUP;
        atomic_store(&ec->in_guest, true);
        if (atomic_load(&env->exit_request)) /* what was found may be gone already */
            return IR_EXIT_LOOKUP;
    }
    if (en->log_blocks)
        log_block(ec, flags);
    bool stepping = ec->step_once;
    *evictions = __atomic_load_n(&en->stats.regions_evicted, __ATOMIC_RELAXED);
    enum ir_exit reason = run_block(ec, b, entry);
    env->insn_left = 0; /* no block is calling out */
    ec->stepped = reason != IR_EXIT_BUDGET;
    if (stepping && ec->stepped)
        ec->step_once = false;
    ec->changed = reason == IR_EXIT_CHANGED;
    *site = reason == IR_EXIT_CHAIN ? env->exit_site : NULL;
    ec->short_next = ec->short_next && reason == IR_EXIT_BUDGET;
    if (reason == IR_EXIT_BUDGET && en->exact)
        sample_exact(ec);
    else if (reason == IR_EXIT_BUDGET && !env->sample_in &&
             (en->tiers == TIERS_BY_SAMPLES || en->ops.sampled))
        sample(ec);
    return reason;
}

/* The slice does not cover the next block. When nothing of it has been used, a short block may be
 * covered still; else the rest is executed instruction by instruction. Otherwise the owner says how
 * it goes on. */
static bool slice_next(struct engine_cpu *ec)
{
    const struct engine *en = ec->engine;
    const struct ir_env *env = ec->env;
    if (env->budget <= 0 || env->budget != env->slice)
        return safe_point(ec);
    ec->single = ec->short_next || en->tiers == TIERS_COLD;
    ec->short_next = !ec->single;
    return true;
}

enum engine_stop engine_run(struct engine_cpu *ec)
{
    struct engine *en = ec->engine;
    struct ir_env *env = ec->env;
    void *site = NULL;
    uint64_t evictions = 0;
    enum engine_stop stop = ENGINE_STOP_SERVICE;
    env->insn_left = 0;
    if (!safe_point(ec))
        return stop;
    for (;;) {
        if (!atomic_load_explicit(&ec->in_guest, memory_order_relaxed))
            atomic_store(&ec->in_guest, true); /* before exit_request is looked at */
        if (atomic_load(&env->exit_request)) {
            if (!safe_point(ec))
                break;
            continue;
        }
        if (ec->step != ENGINE_STEP && en->frontend->interrupt_pending(env)) {
            en->frontend->take_interrupt(env);
            site = NULL;
            if (ec->step) {
                stop = ENGINE_STOP_STEP;
                break;
            }
        }
        if (en->debug.count && !ec->step && engine_breakpoint_at(en, env->pc)) {
            stop = ENGINE_STOP_BREAKPOINT;
            break;
        }
        enum ir_exit reason = turn(ec, &site, &evictions);
        if (ec->step && ec->stepped && reason != IR_EXIT_DEBUG) {
            stop = ENGINE_STOP_STEP;
            break;
        }
        if (reason == IR_EXIT_HALT) {
            stop = ENGINE_STOP_HALT;
            break;
        }
        if (reason == IR_EXIT_DEBUG) {
            stop = ENGINE_STOP_DEBUG;
            break;
        }
        if (reason == IR_EXIT_BUDGET && en->exact && !slice_next(ec))
            break;
        if (reason == IR_EXIT_YIELD)
            sched_yield();
    }
    if (stop == ENGINE_STOP_STEP)
        ec->step = ENGINE_STEP_OFF;
    atomic_store_explicit(&ec->in_guest, false, memory_order_release);
    return stop;
}

/* ---- whole-cache operations ------------------------------------------------------------------ */

void engine_flush(struct engine *en)
{
    pthread_mutex_lock(&en->lock);
    engine_drop_all(en);
    pthread_mutex_unlock(&en->lock);
}

bool engine_fault(struct engine *en, struct ir_env *env, uint64_t host_pc, uint64_t *resume)
{
    struct backend_fault fault;
    if (!en->backend)
        return false;
    pthread_mutex_lock(&en->lock);
    bool found = backend_fault_find(en->backend, host_pc, &fault);
    pthread_mutex_unlock(&en->lock);
    if (!found)
        return false;
    if (en->direct)
        env->page_base = fault.page_base;
    env->insn_word = fault.insn_word;
    env->insn_left = fault.insn_left;
    *resume = fault.resume;
    return true;
}

bool engine_fp_trap(struct engine_cpu *ec, void *context)
{
    if (!ec->engine->backend)
        return false;
    if (atomic_fetch_add_explicit(&ec->engine->fp_traps, 1, memory_order_relaxed) >=
        FP_TRAPS_MAX - 1)
        atomic_store(&ec->env->exit_request, 1);
    if (backend_fp_trap(ec->engine->backend, ec->env, context))
        return false;
    backend_fp_step(context);
    return true;
}

void engine_fp_stepped(struct engine_cpu *ec, void *context)
{
    backend_fp_stepped(ec->env, context);
}

void engine_stats_get(struct engine *en, struct engine_stats *out)
{
    pthread_mutex_lock(&en->lock);
    *out = en->stats;
    pthread_mutex_unlock(&en->lock);
}

uint64_t engine_lockstep_differences(const struct engine *en)
{
    return atomic_load(&en->lockstep_differences);
}
