/*
 * The engine: finds or translates the block for the guest's PC, runs it, and keeps the translation
 * cache true. It knows IR, a frontend behind frontend/guest.h and a backend behind
 * backend/backend.h; guest memory is reached through struct engine_ops.
 *
 * Blocks are keyed by physical page, offset and the frontend's block flags, so they survive context
 * switches and are shared by all address spaces. Every physical page with code has, per flags
 * value, an array of entry addresses; the exec tables of the translation contexts point at these
 * arrays, and generated code jumps through them (see struct ir_memory_layout).
 */
#ifndef ARMEMU_ENGINE_ENGINE_H
#define ARMEMU_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/guest.h"
#include "ir/target.h"
#include "util/error.h"

struct engine;
struct engine_cpu;

enum engine_accel { ENGINE_JIT, ENGINE_INTERP, ENGINE_LOCKSTEP };

/* A page of guest code. */
struct engine_fetch {
    const uint8_t *host; /* the 4 KiB physical page */
    uint64_t phys;       /* its physical address */
};

/* What is known of the code in a page, besides that engine_ops.code_protect has been called. */
enum engine_code_mode {
    ENGINE_CODE_PROTECTED, /* nothing writes to it without the engine's knowledge */
    ENGINE_CODE_CHECKED,   /* something may: each block looks by itself. Direct mode alone */
    /* data may be written to; code only with engine_code_drop_range behind it */
    ENGINE_CODE_TRUSTED,
};

/* What the engine needs from the owner of memory and CPUs. @opaque is engine_config.opaque. */
struct engine_ops {
    /** Translate @va for an instruction fetch in the current state. On failure: with @raise the
     * guest's prefetch abort has been entered (env.pc is the handler) and false is returned. */
    bool (*fetch)(struct ir_env *env, uint64_t va, bool raise, struct engine_fetch *out);
    /** Let the exec table @lane of the current context point at @entries for the page of @va. */
    void (*exec_fill)(struct ir_env *env, unsigned lane, uint64_t va, uint32_t *entries);
    /** The RAM page at @phys now holds translated code: when this returns, every store of any CPU
     * to it goes through the slow path (which calls engine_code_write). */
    void (*code_protect)(void *opaque, uint64_t phys);
    /** Behind that: how far can the page's contents be relied on? May be NULL: it is protected.
     * When the answer becomes another one, engine_code_drop is called. */
    enum engine_code_mode (*code_mode)(void *opaque, uint64_t phys);
    /** It holds none any more. */
    void (*code_unprotect)(void *opaque, uint64_t phys);
    /** Drop all exec table entries of all CPUs. When this returns no CPU will use them again. */
    void (*exec_flush)(void *opaque);
    /** A CPU is about to enter the guest, or has been asked to look up (exit_request): apply
     * pending TLB operations and interrupt lines. Returns false when engine_run must return. */
    bool (*service)(struct ir_env *env);
    /** A CPU is between two blocks, as every now and then while code runs (with ENGINE_JIT). May be
     * NULL. */
    void (*sampled)(struct ir_env *env);
    uint64_t (*load)(struct ir_env *env, uint64_t addr, uint32_t memop);
    void (*store)(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop);
    /** The page at @phys if nothing is expected to write to it, else NULL. May be NULL: translated
     * code is not kept. */
    const uint8_t *(*stable_code)(void *opaque, uint64_t phys);
};

struct engine_config {
    const struct guest_frontend *frontend;
    const struct engine_ops *ops;
    void *opaque;
    enum engine_accel accel;
    uint32_t cache_size;      /* bytes of code cache, 0 = default */
    uint32_t slice;           /* instructions between two polls of exit_request, 0 = default */
    /* ops.service begins every slice by engine_slice_begin, and it is ended at exactly that count:
     * for time that is counted in instructions */
    bool exact;
    uint32_t host_features_mask;
    bool one_insn;            /* each block is one instruction */
    bool coverage;            /* record what is executed: see engine_coverage */
    bool direct;              /* guest memory is a window of the host's address space: see */
    /* struct backend_config. Its address is what a page's phys is then. Without direct: 0, or the
     * window for code that the frontend allows it for (ir_block.window), in which pages with code
     * are read-only */
    uint64_t window;
    bool segment;             /* with direct: see struct backend_config */
    bool fine;               /* data is looked up in the fine tables: see ir_memory_layout */
    /* the owner has SIGFPE told to engine_fp_trap; on no thread is it blocked */
    bool fp_traps;
    /* file that keeps translated code from run to run; NULL: none. Only with ENGINE_JIT and
     * ops.stable_code */
    const char *store;
    FILE *perfmap;            /* a line for each block, as perf reads them; or NULL */
};

/* Why engine_run returned. */
enum engine_stop {
    ENGINE_STOP_SERVICE, /* ops.service asked for it */
    ENGINE_STOP_HALT,    /* the guest waits for an interrupt */
    ENGINE_STOP_DEBUG,   /* the lockstep checker found a difference */
    /* env.pc is a breakpoint; the instruction there has not been executed */
    ENGINE_STOP_BREAKPOINT,
    ENGINE_STOP_STEP,    /* the step that engine_step asked for is done */
};

struct engine_stats {
    uint64_t blocks_translated;
    uint64_t guest_insns_translated;
    uint64_t blocks_retranslated; /* of those: at a key that had been translated before */
    uint64_t blocks_invalidated;
    uint64_t blocks_stored;       /* that came from the store */
    uint64_t regions_evicted;
    uint64_t lookups;             /* dispatches that reached the engine */
    uint64_t chains;
    uint64_t translate_ns;
};

struct engine *engine_new(const struct engine_config *config, struct error *e);
void engine_free(struct engine *en);

/** Register a CPU; @env is the head of its state. The handle lives until engine_free or
 * engine_cpu_remove. NULL: too many. */
struct engine_cpu *engine_cpu_add(struct engine *en, struct ir_env *env);

/** Forget the CPU, which does not run. */
void engine_cpu_remove(struct engine_cpu *ec);

/** Run the CPU on the calling thread until it has a reason to stop. */
enum engine_stop engine_run(struct engine_cpu *ec);

/**
 * A store of @len bytes (or DMA, with @env NULL) is about to change RAM at @phys in a page with
 * code: drop the blocks that it touches. Returns false when the store must not be done now because
 * it may change the block that is running: the caller leaves the block before the instruction,
 * which the engine then executes again, by itself.
 */
bool engine_code_write(struct engine *en, struct ir_env *env, uint64_t phys, uint32_t len);

/**
 * Drop the translated code of the page at @phys; its protection has ended when this returns. A
 * block of it that is running goes on to its end.
 */
void engine_code_drop(struct engine *en, uint64_t phys);

/** The program says that it has written @len bytes of code at @phys, all of one page: drop the
 * blocks that are no longer right. */
void engine_code_drop_range(struct engine *en, uint64_t phys, uint32_t len);

/**
 * Direct mode, from a signal handler: a guest access at host address @host_pc has made the host
 * raise a signal. When that is in generated code: sets env.page_base, env.insn_word and
 * env.insn_left, and *@resume to the host address that leaves the block and continues at env.pc;
 * the caller sets env.pc and lets the interrupted thread go on there. False when it is elsewhere.
 */
bool engine_fault(struct engine *en, struct ir_env *env, uint64_t host_pc, uint64_t *resume);

/** With `fp_traps`, from the handler of SIGFPE on the CPU's thread, @context its ucontext_t: an
 * invalid floating-point operation. The context is changed to go on. True: SIGTRAP follows, for
 * engine_fp_stepped. */
bool engine_fp_trap(struct engine_cpu *ec, void *context);
void engine_fp_stepped(struct engine_cpu *ec, void *context);

/** The instruction at physical address @phys reaches more than RAM: from here on its code takes the
 * tables and not the window (engine_fault has found that), and with `exact` hot blocks take care of
 * it. On the CPU's thread, in ops.service. */
void engine_outside_found(struct engine *en, uint64_t phys);
/** The same of one that reaches RAM, but not by the window: it takes the tables. */
void engine_window_missed(struct engine *en, uint64_t phys);

/** The instruction at physical address @phys changes what others may access: from here on it ends
 * its block. On the CPU's thread, in ops.service. */
void engine_end_found(struct engine *en, uint64_t phys);
/** Before it does so: will the block end behind it? If not the caller leaves the block before it,
 * and tells. */
bool engine_end_known(struct engine *en, struct ir_env *env, uint64_t phys);

/** With `exact`, before the instruction at physical address @phys reaches a device: has that been
 * told? If not the caller leaves the block before the instruction, and tells. */
bool engine_outside_known(struct engine *en, struct ir_env *env, uint64_t phys);

/** Whether code may use the window at all. Off while somebody watches accesses. All CPUs are
 * outside of the guest. */
void engine_window_use(struct engine *en, bool use);

/** Around fork, from a thread that is not in the guest: the child has the CPU @self alone. */
void engine_fork_prepare(struct engine *en, struct engine_cpu *self);
void engine_fork_finish(struct engine *en, struct engine_cpu *self, bool child);

/** Write what has been translated to engine_config.store, if enough of it was not there before, and
 * no other process has written the file meanwhile: true. A process and its children do so once.
 * CPUs may go on running, but for what they want to translate. */
bool engine_store_save(struct engine *en);

/** Drop all translated code (debugger, changed log options). */
void engine_flush(struct engine *en);

/* ---- debugging (debug.c) ---- */

/**
 * Stop at the @count virtual addresses @pcs from here on, and no others. Guest memory is not
 * touched: blocks end before such addresses, and those that start there are entered through the
 * engine only, which looks. Without breakpoints nothing remains of it. All CPUs are outside of the
 * guest.
 */
void engine_breakpoints_set(struct engine *en, const uint64_t *pcs, uint32_t count);

/** Whether loads from the page of the code may become constants (the default). Off while a debugger
 * watches reads. All CPUs are outside of the guest. */
void engine_fold_literals(struct engine *en, bool fold);

/* Addresses that a debugger watches. */
struct engine_watch {
    uint32_t start;
    uint32_t size;    /* bytes, at most 2^30 */
    bool read, write; /* which accesses */
};

enum { ENGINE_WATCHES_MAX = 4 };

/**
 * Direct mode: let accesses to these addresses reach ops.load and ops.store, and no longer others.
 * Translated code is dropped. All CPUs are outside of the guest.
 */
void engine_watch(struct engine *en, const struct engine_watch *list, uint32_t count);

enum engine_step {
    ENGINE_STEP_OFF,
    ENGINE_STEP,            /* without taking interrupts */
    ENGINE_STEP_INTERRUPTS, /* entering an interrupt handler is a step */
};

/**
 * Let the next engine_run of @ec execute one instruction, or take one exception, and then return
 * ENGINE_STOP_STEP. A breakpoint at that instruction does not count. WFI and WFE are steps that do
 * not wait. The CPU is outside of the guest. The order stands until it is carried out, or changed.
 */
void engine_step(struct engine_cpu *ec, enum engine_step step);

/** Instructions that the CPU has executed. Exact when the CPU is not running, and in what generated
 * code calls: slow paths and helpers; on the CPU's thread. */
uint64_t engine_icount(const struct ir_env *env);

/** Let ops.service be called before the next block is entered, and in any case before more than the
 * running block is executed. On the CPU's thread, anywhere. */
void engine_slice_end(struct ir_env *env);

/** In ops.service: the CPU may execute @count (at least 1) instructions until the next call. */
void engine_slice_begin(struct ir_env *env, uint32_t count);

/** Wait until every other CPU than @self (may be NULL) has passed a point where it runs no
 * generated code, or is outside of the guest. Not from helpers and slow paths. */
void engine_sync(struct engine *en, struct ir_env *self);

/** May @ec be running generated code or reading its tables just now? Any thread. */
bool engine_cpu_in_guest(const struct engine_cpu *ec);

void engine_stats_get(struct engine *en, struct engine_stats *out);

/* Something that has been executed. */
struct engine_covered {
    uint64_t start, end;  /* the instructions from virtual address start to end */
    uint64_t branch;      /* the conditional branch there went, as taken says (GUEST_BRANCH_*) */
    uint8_t taken;
};

/** Call @visit for all that has been executed since the start; the same may come several times.
 * False: there was more than could be recorded. No CPU runs. */
bool engine_coverage(const struct engine *en,
                     void (*visit)(void *opaque, const struct engine_covered *c), void *opaque);

/** Translate code anew that goes on to record what has been recorded. On the CPU's thread, in
 * ops.service, with a single CPU. */
void engine_coverage_settle(struct engine *en);

/** Differences found by the lockstep checker so far. */
uint64_t engine_lockstep_differences(const struct engine *en);

#endif
