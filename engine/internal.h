/* Data structures shared by the files of the engine. */
#ifndef ARMEMU_ENGINE_INTERNAL_H
#define ARMEMU_ENGINE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "backend/backend.h"
#include "engine/engine.h"
#include "ir/interp.h"

enum {
    PAGE_BITS = 12,
    PAGE_BYTES = 1 << PAGE_BITS,
    REGION_MAX = 16,
    CPU_MAX = 4096,
    BLOCK_HASH_BITS = 16,
    PAGE_HASH_BITS = 14,
    SITE_HASH_BITS = 16,
    SEEN_BITS = 20,
};

struct block;

/* Large programs have tens of thousands of blocks, so what each takes is kept small: blocks and
 * links lie in one reserved piece of memory (pool.c), and refer to each other by distances in
 * it. */
typedef uint32_t pool_ref; /* 0: none */

/* A jump that has been patched to enter `to` directly; element of the target's incoming list. */
struct link {
    pool_ref from;      /* block */
    pool_ref to;        /* block; none: not chained */
    uint32_t site;      /* the backend's handle */
    pool_ref prev, next; /* in to->incoming */
    pool_ref next_in_hash;
};

/* What few blocks have. */
struct block_extra {
    struct ir_block *ir; /* interpreter and lockstep: a private copy */
    uint8_t *code;       /* the bytes that it was made from, where they may have changed; or NULL */
    uint8_t straddle_bytes[4];
    struct code_page *second; /* see `apart`: where it ends; NULL: it is apart */
    struct block *next_over;  /* in second->over */
    uint32_t first_mark, mark_count; /* coverage */
};

struct block {
    struct code_page *page; /* NULL when it is apart */
    struct block_extra *extra; /* NULL: nothing */
    uint32_t frame;         /* its physical page: the address without PAGE_BITS */
    pool_ref next_in_page, next_in_hash;
    pool_ref incoming;      /* links */
    uint32_t flags;
    uint16_t start, end; /* bytes of the page that it was made from */
    uint16_t literal_start, literal_end;
    /* host address where its code begins; the interpreter's number of the block */
    uint32_t entry;
    uint32_t code_end;       /* host code, stubs included */
    uint32_t number;         /* store.c: among those that are written */
    uint8_t region;
    uint8_t link_count;
    uint8_t samples;     /* how often it has been found to be running */
    bool valid;
    bool hot : 1;        /* translated as one that is executed often */
    bool straddles : 1;  /* one instruction that ends in the virtually next page */
    bool apart : 1;      /* straddles, and which page that is the mapping says: found through the
                            hash only, and its bytes are compared at each lookup */
    bool transient : 1;  /* not to be found again: its second half could not be fetched */
    bool checked : 1;    /* it looks itself whether its code has changed */
    struct link links[]; /* the exits that can be chained */
};

/* Most blocks that are asked for are not there yet, and what is there is seldom in the host's
 * caches. */
struct block_bucket {
    pool_ref first; /* next_in_hash */
    uint32_t marks; /* a bit for each block since the bucket was empty, by block_hash */
};

/* Entry addresses of the blocks of a page for one flags value. */
struct entry_array {
    struct entry_array *next;
    uint32_t flags;
    uint32_t count;
    uint32_t entry[]; /* by offset >> granule; the lookup stub (JIT) or 0 (interpreter) if none */
};

struct code_page {
    uint64_t phys;
    struct code_page *next_in_hash;
    bool protected;       /* stores to it take the slow path */
    enum engine_code_mode mode; /* while `protected` */
    const uint8_t *host;  /* where the page was found to be */
    bool stored;          /* the store has been asked for its blocks */
    pool_ref blocks;
    struct block *over;   /* of the page in front, which straddle into this one */
    struct entry_array *arrays;
    /* halfwords that are breakpoints where the page is mapped, a bit each; NULL: none known */
    uint64_t *stops;
    /* a bit per halfword, see engine_outside_found and engine_window_missed; NULL: none */
    uint64_t *outside, *no_window;
    uint64_t *ends;       /* the same of engine_end_found */
    uint64_t covered[PAGE_BYTES / 4 / 64]; /* words that some block was made from */
    struct cold_table *cold; /* cold.c; NULL: nothing */
};

/* A block apart that was found before, and what makes it right still: both
 * pages are mapped as they were, with the bytes that it was made from. */
struct straddle_hit {
    struct block *block; /* NULL: unused */
    uint64_t pc, evictions;
    const uint32_t *entries[2];
    const uint8_t *host[2];
};

enum { STRADDLE_HITS = 32 };

struct engine_cpu {
    struct engine *engine;
    struct ir_env *env;
    atomic_bool in_guest;       /* may run generated code or read its exec tables */
    atomic_uint seen_epoch;     /* engine.epoch at the last safe point */
    bool step_once;             /* run the next instruction alone, uncached */
    enum engine_step step;      /* the debugger's */
    bool changed;               /* the block at env.pc has seen that its code is another */
    bool sampling;              /* the block at env.pc was found to be running */
    bool sample_due;            /* it will be at the end of this slice */
    uint32_t random;            /* of a linear congruence, for the length of such slices */
    /* of the last block translated: page offset of the loop that a hot one is part of, or 0 */
    uint32_t loop_head;
    bool stepped;               /* the last turn executed something, or took an exception */
    /* exact: what is left of the slice is shorter than the block at env.pc; than a short one */
    bool short_next;
    bool single;
    uint64_t sampled;           /* exact: instructions executed at the last sample */
    struct arena cold_arena;    /* of: */
    struct ir_block cold_ir;
    struct block_extra cold_extra;
    struct block cold;          /* what is executed by the interpreter, once */
    struct lockstep *lockstep;
    bool straddles_known;       /* there are any in: */
    struct straddle_hit straddles[STRADDLE_HITS]; /* by virtual page; emptied at safe points */
};

/* What a debugger has asked for. */
struct engine_debug {
    uint64_t *pcs;  /* breakpoints, in ascending order */
    uint32_t count;
    bool no_literals; /* see engine_fold_literals */
    struct engine_watch watches[ENGINE_WATCHES_MAX]; /* see engine_watch */
    uint32_t watching; /* how many */
    bool no_window;   /* see engine_window_use */
    /* their offsets in a page, a bit per halfword: for a first look */
    uint64_t stops[PAGE_BYTES / 2 / 64];
    uint32_t pages;                      /* that have stops of their own */
};

struct engine {
    const struct guest_frontend *frontend;
    const struct ir_target *target;
    struct engine_ops ops;
    void *opaque;
    enum engine_accel accel;
    uint32_t slice;
    bool exact;
    struct backend *backend;      /* NULL when only interpreting */
    bool one_insn;
    bool fine;                    /* as in the configuration */
    bool direct;                  /* pages of code have one address each, the physical one */
    bool cold;                    /* see cold.c */
    uint32_t reluctance; /* how often to do without writing code, see fork.c */
    struct wishes *wishes; /* fork.c; NULL: there has been no fork */
    uint32_t wishes_seen;
    bool log_blocks;              /* -d exec, -d cpu: every block comes back to the engine */
    enum {
        TIERS_COLD,       /* short blocks alone */
        /* long ones where samples say that it pays: short translations, quick loops */
        TIERS_BY_SAMPLES,
        TIERS_HOT,        /* long ones alone, where testing is the purpose */
    } tiers;
    uint32_t no_entry;            /* filler of entry arrays */

    pthread_mutex_t lock;         /* translation, blocks, pages, links */
    pthread_cond_t quiet;
    atomic_uint epoch;
    bool evicting;
    atomic_bool checks;           /* there may be blocks that have to be checked */
    uint64_t unprotects;          /* how often a page's protection ended, or was to */
    FILE *perfmap;
    struct store *store;          /* NULL: none */
    struct arena arena;           /* IR of the translation under way */
    struct guest_memo *memo;
    uint8_t *pool;                /* of blocks: so many bytes for each region, */
    uint32_t pool_bytes;
    uint32_t pool_used[REGION_MAX]; /* and so many in use */
    uint32_t region_count;
    uint32_t region;              /* current */
    uint32_t ids_used, ids_capacity;
    struct block **ids;           /* interpreter: entry value -> block */
    struct engine_stats stats;
    struct coverage_marks *coverage; /* NULL: not recorded */
    struct engine_debug debug;
    _Atomic uint64_t lockstep_differences;
    _Atomic uint32_t fp_traps;    /* signals of invalid operations, */
    bool fp_checked;              /* of which there were so many that code needs them no more */

    pthread_mutex_t cpus_lock;    /* the list of CPUs; taken before `lock`, or alone */
    uint32_t cpu_count;
    /* Large ones last, so that the rest lies together. */
    struct block_bucket block_hash[1 << BLOCK_HASH_BITS];
    struct code_page *page_hash[1 << PAGE_HASH_BITS];
    pool_ref site_hash[1 << SITE_HASH_BITS]; /* links */
    struct engine_cpu *cpus[CPU_MAX];
    uint64_t seen[1 << (SEEN_BITS - 6)]; /* hashed keys translated before, for the statistics */
};

/* ---- pool.c: the memory of blocks; engine.lock is held --------------------------------------- */

/** Reserve it, for a code cache of @cache_size bytes. */
bool engine_pool_open(struct engine *en, uint32_t cache_size, struct error *e);
void engine_pool_close(struct engine *en);
/** A block of @region, zeroed but for region and links' owners; NULL: the region is full. */
struct block *engine_block_new(struct engine *en, uint32_t region, unsigned links);
/** What @b has that few blocks have. */
struct block_extra *engine_block_extra(struct block *b);
/** Give the blocks of @region back. */
void engine_pool_clear(struct engine *en, uint32_t region);
/** The block of @region behind @b, the first one for NULL; NULL behind the last. */
struct block *engine_region_next(const struct engine *en, uint32_t region, struct block *b);

static inline pool_ref engine_ref(const struct engine *en, const void *p)
{
    return (pool_ref)(((uintptr_t)p - (uintptr_t)en->pool) / 8);
}

static inline struct block *engine_block_at(const struct engine *en, pool_ref r)
{
    return r ? (struct block *)(en->pool + (uint64_t)r * 8) : NULL;
}

static inline struct link *engine_link_at(const struct engine *en, pool_ref r)
{
    return r ? (struct link *)(en->pool + (uint64_t)r * 8) : NULL;
}

static inline uint64_t engine_block_phys(const struct block *b)
{
    return (uint64_t)b->frame << PAGE_BITS;
}

/* ---- cache.c: blocks and pages; engine.lock is held ------------------------------------------ */

struct code_page *engine_page_find(struct engine *en, uint64_t phys);
struct code_page *engine_page_get(struct engine *en, uint64_t phys);
struct entry_array *engine_entries(struct engine *en, struct code_page *page, uint32_t flags);
struct block *engine_block_find(struct engine *en, uint64_t phys, uint32_t offset, uint32_t flags);
void engine_block_publish(struct engine *en, struct block *b);
/** Nothing enters @b from here on; its memory stays until its region is evicted. */
void engine_block_drop(struct engine *en, struct block *b);
/** Note that the jump of @l goes to @to. */
void engine_link(struct engine *en, struct link *l, struct block *to);
/** Let the jump at @site, which left through env.exit_site, enter @to directly. */
void engine_chain(struct engine *en, void *site, struct block *to);
/** Make room for more code: evict the oldest region. The lock is released and taken again: nothing
 * that was found before is valid afterwards. */
void engine_evict(struct engine *en, struct engine_cpu *self);

/** Drop the blocks for which @drop says so. */
void engine_drop_blocks(struct engine *en, bool (*drop)(const struct block *b, const void *opaque),
                        const void *opaque);
/** Let the halfwords @stops of the page be where blocks end (NULL: none); those that pass others
 * go. Returns whether that changed anything. */
bool engine_page_stops_set(struct engine *en, struct code_page *page, const uint64_t *stops);
/** No page has stops any more. */
void engine_stops_forget(struct engine *en);
/** Let nothing enter any block any more. */
void engine_drop_all(struct engine *en);
/** Give all blocks and pages back to the host; no CPU runs. */
void engine_cache_free(struct engine *en);

/* ---- debug.c --------------------------------------------------------------------------------- */

/* Flag of a block's key, none of the frontend's: one instruction, for single steps. */
#define BLOCK_STEP 0x40000000u
/* Another: a short block where the usual one is hot. */
#define BLOCK_SHORT 0x2u

/** Must the engine look at env.pc before a block at page offset @offset is entered? */
static inline bool engine_offset_stops(const struct engine *en, uint32_t offset)
{
    return en->debug.stops[offset / 2 / 64] >> (offset / 2 % 64) & 1;
}
/** Must it, for a block of @page? Blocks have no virtual addresses, so they end there wherever the
 * page is mapped. */
static inline bool engine_page_stops(const struct code_page *page, uint32_t offset)
{
    return page->stops && page->stops[offset / 2 / 64] >> (offset / 2 % 64) & 1;
}
/** The code at @pc has been found to be in @page: breakpoints in the virtual page are the page's
 * from here on. */
void engine_page_visited(struct engine *en, struct code_page *page, uint64_t pc);
/** Is there a breakpoint at @pc? */
bool engine_breakpoint_at(const struct engine *en, uint64_t pc);

/* ---- translate.c ----------------------------------------------------------------------------- */

/** Translate and compile the block at @pc, whose page is @fetch, with the code in @mode. NULL: no
 * room, evict and look again. The block is not published. */
struct block *engine_translate(struct engine_cpu *ec, const struct engine_fetch *fetch, uint64_t pc,
                               uint32_t flags, enum engine_code_mode mode, uint32_t max_insns,
                               bool hot);

/** The IR of the block that @code describes, from @arena. Returns whether it is one instruction
 * that goes on in the next page. */
bool engine_make_ir(struct engine *en, struct ir_block *ir, struct guest_code *code,
                    struct arena *arena, uint64_t pc, bool checked, bool optimise);

/* ---- cold.c ---------------------------------------------------------------------------------- */

/** The block at env.pc in the page @fetch, if its code is new: to be run once, now, by the
 * interpreter. NULL: it is to be translated. */
struct block *engine_cold_block(struct engine_cpu *ec, const struct engine_fetch *fetch,
                                uint32_t flags);

/** The same for what would be translated, while it is better not to write code (fork.c);
 * engine.lock is held. NULL: it is to be translated. */
struct block *engine_block_instead(struct engine_cpu *ec, const struct engine_fetch *fetch,
                                   uint32_t flags);

/* ---- fork.c ---------------------------------------------------------------------------------- */

struct wishes;
/** The block at env.pc is missed in a process that forked or was forked. */
void engine_wish(struct engine_cpu *ec, uint32_t flags);

/* ---- engine.c -------------------------------------------------------------------------------- */

/** The published block at env.pc, or a fresh unpublished one for a single step; engine.lock is
 * held, and may be dropped for a while. NULL: look again. */
struct block *engine_block_get(struct engine_cpu *ec, const struct engine_fetch *fetch,
                               uint32_t flags);
void engine_cpu_free(struct engine_cpu *ec);

/* ---- coverage.c ------------------------------------------------------------------------------ */

struct coverage_marks *engine_coverage_new(struct error *e);
void engine_coverage_free(struct coverage_marks *c);
/** The marks for the next block to be translated, which is in the page at virtual address @page;
 * NULL when there are no more. */
struct guest_marks *engine_coverage_begin(struct coverage_marks *c, uint64_t page);
/** Block @b has been made with them. */
void engine_coverage_keep(struct coverage_marks *c, uint64_t page, struct block *b);

/* ---- store.c: translated code that is kept; engine.lock is held ------------------------------ */

/** Open the store at @path; the backend takes what fits. NULL: none can be used. */
struct store *engine_store_open(struct engine *en, const char *path);
void engine_store_close(struct store *st);
/** The page has become code: publish the blocks that the store has of such contents. */
void engine_store_adopt(struct engine *en, struct code_page *page);
/** The code of @region is going to be overwritten. */
void engine_store_evict(struct engine *en, uint32_t region);

/* ---- lockstep.c ------------------------------------------------------------------------------ */

struct lockstep *engine_lockstep_new(struct engine *en);
void engine_lockstep_free(struct lockstep *ls);
/** Run @b in the interpreter and in the JIT and compare. */
enum ir_exit engine_lockstep_run(struct engine_cpu *ec, struct block *b);
/** The callbacks that the backend of a lockstep engine is configured with. */
void engine_lockstep_callbacks(struct ir_callbacks *cb);

#endif
