/*
 * The interface of a code generator. It knows the IR and the target's data, and neither the guest
 * nor how blocks are found.
 *
 * Memory: one code cache of a fixed size, mapped twice (read-write and read-execute), the execute
 * view below 2 GiB so that code addresses fit in a uint32_t. The cache is divided into regions;
 * the engine decides when a region is reused.
 */
#ifndef ARMEMU_BACKEND_BACKEND_H
#define ARMEMU_BACKEND_BACKEND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ir/ir.h"
#include "util/error.h"
#include "util/hash.h"

struct backend;

struct backend_config {
    const struct ir_target *target;
    struct ir_callbacks callbacks;
    uint32_t cache_size;    /* bytes */
    uint32_t region_count;  /* the cache is divided into so many regions of equal size */
    bool no_chain;          /* every exit returns to the engine (lockstep, -d exec) */
    bool always_slow;       /* every memory access takes the slow path (lockstep replay) */
    /* guest memory is a window of the host's address space, and needs no tables, and pages of code
     * have one address each (ir_block.fixed): env.page_base is right when code calls out, and not
     * kept otherwise */
    bool direct;
    /* guest address A is host address window + A; 64 KiB before and behind the 4 GiB are reserved,
     * and nothing is mapped in the guest's first and last page. Faults are host signals, see
     * backend_fault. Without `direct`: 0, or what blocks with ir_block.window use; the host's
     * segment GS starts there in each thread that runs code */
    uint64_t window;
    bool segment; /* with `direct`: the host's segment GS starts at the window as well */
    uint32_t host_features_mask; /* host features (enum host_feature bits) that must not be used */
    /* invalid floating-point operations raise SIGFPE, see backend_fp_trap, unless env.fp_masked */
    bool fp_traps;
};

/* Addresses whose accesses take the slow path in direct mode: what a debugger watches. */
struct backend_watch {
    uint32_t start;
    uint32_t size;    /* bytes, at most 2^30 */
    bool read, write; /* which accesses */
};

enum { BACKEND_WATCHES_MAX = 4 };

/* A direct exit that can be chained: to be given to backend_chain. */
struct backend_exit {
    void *site;           /* handle; what env.exit_site holds when the exit is taken unchained */
    int64_t page_offset;  /* target, relative to the virtual base of the block's page */
    uint8_t lane;
};

enum { BACKEND_EXITS_MAX = 32 };

/* What the engine keeps of a compiled block. */
struct backend_code {
    uint32_t entry;      /* host address to jump to */
    uint32_t start, end; /* host address range, out-of-line stubs included */
    uint32_t region;
    uint8_t exit_count;
    /* direct exits to the same page and lane; of blocks with ir_block.far all direct ones */
    struct backend_exit exits[BACKEND_EXITS_MAX];
};

struct backend *backend_new(const struct backend_config *config, struct error *e);
void backend_free(struct backend *be);

/** Direct mode: let code that is compiled from here on watch these addresses, and no others. */
void backend_watch(struct backend *be, const struct backend_watch *list, uint32_t count);

/** Compile @b into the current region. False: the region is full (nothing was emitted); the engine
 * advances with backend_next_region and tries again. Not thread-safe: the caller holds the
 * translation lock. */
bool backend_compile(struct backend *be, const struct ir_block *b, struct backend_code *out);

/** Make the following region the current one and start it empty. The engine guarantees that no CPU
 * is inside and nothing jumps into it. Returns its index. */
uint32_t backend_next_region(struct backend *be);
/** Index of the current region. */
uint32_t backend_region(const struct backend *be);
/** Index that backend_next_region will return. */
uint32_t backend_peek_region(const struct backend *be);

/** Patch the exit to jump to @entry (a backend_code.entry). Atomic with respect to running CPUs. */
void backend_chain(struct backend *be, void *site, uint32_t entry);
/** Undo: the exit returns to the engine again. */
void backend_unchain(struct backend *be, void *site);

/** Host code address of the stub that returns IR_EXIT_LOOKUP; the filler of entry arrays. */
uint32_t backend_lookup_stub(const struct backend *be);

/* Calls of the guest are calls of the host, so the host's stack grows by up to so many bytes per
 * instruction of a slice (env.refill), and by BACKEND_STACK. */
enum { BACKEND_STACK_PER_INSN = 16, BACKEND_STACK = 96 << 10 };

/** Run from @entry until something returns to the engine. env.page_base must be set. */
enum ir_exit backend_run(struct backend *be, struct ir_env *env, uint32_t entry);

/* Where generated code was when a guest access of it made the host raise a signal. */
struct backend_fault {
    uint32_t insn_word, insn_left; /* for env: of the guest instruction, */
    uint64_t page_base;            /* and of its page */
    uint64_t resume;               /* host address that leaves the block with env.raised's protocol:
                                      continues at env.pc; all registers as they are */
};

/** The guest instruction whose access (direct mode) is at host address @host_pc. False when that is
 * not in generated code. Slots that live in host registers reach the state on the way from
 * `resume`. The caller holds the translation lock. */
bool backend_fault_find(const struct backend *be, uint64_t host_pc, struct backend_fault *out);

/** An invalid floating-point operation has raised SIGFPE, of the ucontext_t @context, on the thread
 * of @env. False: it is none that is known here, or not of generated code; it is to be executed
 * with the exception masked, by backend_fp_step. Else the context is behind the instruction, with
 * its result. */
bool backend_fp_trap(const struct backend *be, struct ir_env *env, void *context);
/** Have the instruction at @context executed without exception, and SIGTRAP raised behind it; and
 * what is to be done then. */
void backend_fp_step(void *context);
void backend_fp_stepped(const struct ir_env *env, void *context);
/** Code that is compiled from here on needs no such signals: once all other code is gone,
 * env.fp_masked may be set. The caller holds the translation lock. */
void backend_fp_check(struct backend *be);

/** Before fork, with the translation lock held until after it: the code will be the child's as
 * well, in shared memory. Who compiles, chains or unchains next gets a copy first. False: it has
 * been shared since an earlier fork. */
bool backend_share(struct backend *be);

/**
 * The compiled code as bytes, to be taken by a backend with the same key in another process of the
 * same program: addresses in it (entries, sites) hold there. Jumps that were patched still are.
 */
struct hash128 backend_image_key(const struct backend *be);
/* An image is these, one behind the other. */
struct backend_part {
    const void *data;
    size_t size;
};
enum { BACKEND_PARTS_MAX = 129 };
/** The parts of the image of what is compiled now, valid until more is. Returns their number. */
unsigned backend_image_parts(struct backend *be, struct backend_part parts[BACKEND_PARTS_MAX]);
/** Take an image; nothing has been compiled yet. False: it is damaged, or there is no memory, and
 * nothing was changed. */
bool backend_image_read(struct backend *be, const uint8_t *image, size_t size);
/** No image is going to be taken. */
void backend_image_none(struct backend *be);

/** Bytes of the current region in use; and of the whole cache since creation. */
void backend_usage(const struct backend *be, uint32_t *region_used, uint32_t *cache_size);

/** Print the host code of @code with Capstone, for -d out_asm. */
void backend_disassemble(const struct backend *be, const struct backend_code *code, FILE *out);

#endif
