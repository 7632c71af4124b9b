/*
 * What the IR, its interpreter and the backends must know about a guest, as data: the slots of its
 * state, its helpers, and the layout of the memory tables. And struct ir_env, the head of every
 * guest's state struct, which generated code, interpreter, slow paths and engine share.
 */
#ifndef ARMEMU_IR_TARGET_H
#define ARMEMU_IR_TARGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why generated code came back to the engine. */
enum ir_exit {
    IR_EXIT_LOOKUP,  /* no code known for env.pc */
    IR_EXIT_CHAIN,   /* as LOOKUP, and the jump at env.exit_site can be patched to what is found */
    IR_EXIT_BUDGET,  /* the instruction budget is used up or somebody wants attention */
    IR_EXIT_HALT,    /* the guest waits for an interrupt (WFI, WFE) */
    IR_EXIT_DEBUG,   /* breakpoint, single step, watchpoint */
    /* the guest gives up its time slice, or changed something that the engine must see */
    IR_EXIT_YIELD,
    IR_EXIT_CHANGED, /* the code at env.pc is no longer what the block there was made from */
};

enum { IR_ENTERED = 2048 };

/*
 * The head of a guest's state struct.
 *
 * budget: each block subtracts its number of instructions on entry; below zero the block is not
 * entered. An exit in the middle of the block gives the instructions behind it back. When the slice
 * is used up, `icount += slice - budget` and a new slice of `refill` instructions begins, unless
 * exit_request or a refill of 0 asks for the engine. The instructions executed so far are always
 * icount + (slice - budget) [+ what a partly executed block did not do, insn_left, when it is left
 * in the middle: the slow path's exit gives these back].
 */
struct ir_env {
    uint32_t carried[2]; /* what the optimiser has loops carry from round to round; no state */
    /* how often blocks were entered (ir_block.entered); wraps around */
    uint32_t entered[IR_ENTERED];
    uint64_t spill[256]; /* backend: values that did not get a register. First, so that the fields
                            below adjoin the guest's most used slots (IR_ENV_BIAS). */
    int32_t budget;
    int32_t slice;
    _Atomic uint32_t exit_request; /* set by anybody: come back to the engine soon */
    uint32_t refill;
    uint8_t *tables;    /* memory tables of the current translation context (host register) */
    uint64_t page_base; /* virtual base address of the page of the running block */
    uint64_t pc;        /* where the guest continues; valid whenever the engine has control */
    /* a helper or slow path changed the flow: leave the block and dispatch at pc */
    uint8_t raised;
    uint8_t slow_dispatch; /* the next dispatch must go through the engine (state that has no lane
                              table: a block that starts inside an IT block, single step) */
    uint8_t nzcv[4];    /* N, Z, C, V, each 0 or 1 */
    /* a memory slow path changed the state beyond what raising does (an interrupt line fell); the
     * lockstep checker records it */
    uint8_t touched;
    uint8_t pad;
    uint32_t insn_word; /* opaque word of the insn that is calling out (helper that may raise or
                           reads state, memory slow path) */
    uint32_t insn_left; /* instructions of the block from that one on, itself included */
    uint32_t sample_in; /* slices until the next block to be entered is told to the engine, by
                           IR_EXIT_BUDGET; 0: none is */
    uint32_t sample_pad;
    uint64_t icount;
    void *exit_site;    /* IR_EXIT_CHAIN: the backend's handle of the jump */
    void *engine_cpu;   /* the engine's side of the CPU */
    void *owner;        /* the CPU that the state belongs to, for helpers and slow paths */
    void *backend_private; /* host stack pointer on entry to generated code */
    uint8_t fp_rounding; /* of floating-point ops: enum fp_rounding, to nearest .. toward zero */
    uint8_t fp_flags;    /* exceptions, FP_IOC ...: those of the ops that were executed are here
                            whenever the engine has control and in helpers with IR_HELPER_FP */
    /* backend_config.fp_traps: invalid operations raise no signals: IR_FP_MASKED, or 0 */
    uint8_t fp_masked;
    uint8_t fp_pad[5];
};

enum { IR_FP_MASKED = 4 };

/* Bias of a base register that wants to reach the hot part of ir_env and the guest's first slots
 * with 8-bit displacements: the 256 bytes of the state struct from budget on. */
enum { IR_ENV_BIAS = 8 + IR_ENTERED * 4 + 256 * 8 + 128 };

enum { IR_SLOT_PIN_NEVER = 0 };

struct ir_slot {
    const char *name; /* "r0" */
    uint8_t type;     /* enum ir_type; IR_I8 and IR_I16 are read zero extended as i32 */
    uint8_t pin;      /* how much the slot wants a host register of its own; 0 never, 1 first */
    uint16_t offset;  /* in the state struct */
};

/* What a helper does besides computing its value from its arguments. */
enum ir_helper_effect {
    IR_HELPER_PURE = 0,
    IR_HELPER_READS = 1,    /* looks at slots, flags or env.insn_word: all must be in memory */
    IR_HELPER_WRITES = 2,   /* changes slots or flags */
    IR_HELPER_RAISES = 4,   /* may set env.raised; implies READS and WRITES when it does */
    IR_HELPER_CONTEXT = 8,  /* may change env.tables */
    IR_HELPER_EXTERNAL = 16,/* touches something outside the state (devices, memory): never dropped,
                               never repeated; in lockstep its outcome is replayed */
    IR_HELPER_FP = 32,      /* looks at or changes env.fp_rounding and env.fp_flags */
};

typedef uint64_t ir_helper_fn(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2,
                              uint64_t a3);

struct ir_helper {
    const char *name;
    ir_helper_fn *fn;
    uint8_t nargs;
    uint8_t result;   /* enum ir_type */
    uint16_t effects; /* enum ir_helper_effect */
};

/*
 * The memory tables of a translation context ("FLAT8"): tables of 8-byte entries, indexed by
 * virtual page number, at fixed distances from env.tables. An entry of the read and write tables is
 * the host address of the page minus its guest virtual address (so that entry + address is the
 * host address), or 0: slow path. An entry of exec table L points at the page's array of uint32_t
 * host code addresses (one per 1 << granule bytes of the page), or is 0. An array element is always
 * a valid code address (the backend's lookup stub where there is no block).
 */
enum { IR_LANES = 2 };

struct ir_memory_layout {
    uint8_t address_bits; /* 32 */
    uint8_t page_bits;    /* 12 */
    uint32_t read_table, write_table; /* byte distances from env.tables */
    /* The same for blocks with ir_block.fine, with an entry per 1 << fine_bits bytes. */
    uint8_t fine_bits;
    uint32_t fine_read_table, fine_write_table;
    uint32_t exec_table[IR_LANES];
    /* Byte distance of a uint64_t; 0: there is none. A number in bits 62..32 that no context has
     * had before; there is a new one whenever exec entries of the context are dropped. It validates
     * predicted returns. */
    uint32_t return_tag;
};

/** log2 of the bytes that an entry of the read and write tables is for. */
static inline unsigned ir_data_bits(const struct ir_memory_layout *m, bool fine)
{
    return fine ? m->fine_bits : m->page_bits;
}

static inline uint32_t ir_data_table(const struct ir_memory_layout *m, bool fine, bool write)
{
    if (fine)
        return write ? m->fine_write_table : m->fine_read_table;
    return write ? m->write_table : m->read_table;
}

struct ir_target {
    const char *name; /* "arm" */
    uint32_t state_size;
    const struct ir_slot *slots;
    uint32_t slot_count;
    const struct ir_helper *helpers;
    uint32_t helper_count;
    uint8_t address_type;          /* enum ir_type of addresses: IR_I32 */
    uint16_t lane_slot;            /* slot that holds the current lane */
    uint16_t carried;              /* the first of the two slots env.carried; 0: there are none */
    uint8_t granule[IR_LANES];     /* log2 of the instruction alignment of each lane: 2, 1 */
    struct ir_memory_layout memory;
};

/* The slow path of guest memory, and whatever else generated code calls that is not a helper.
 * On a fault they set the guest's exception up, set env.raised and return anything. */
struct ir_callbacks {
    uint64_t (*load)(struct ir_env *env, uint64_t addr, uint32_t memop);
    void (*store)(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop);
    /* Call helper @id; NULL = directly. The lockstep checker sets it to record and replay. */
    uint64_t (*helper)(struct ir_env *env, uint32_t id, uint64_t a0, uint64_t a1, uint64_t a2,
                       uint64_t a3);
    bool no_tables; /* env.tables knows nothing of data: it need not be looked at */
};

/** Do slots @a and @b share bytes of the state? */
bool ir_slots_overlap(const struct ir_target *t, unsigned a, unsigned b);
/** Does slot @a contain all bytes of slot @b? */
bool ir_slot_covers(const struct ir_target *t, unsigned a, unsigned b);

#endif
