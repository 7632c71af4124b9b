/* A made-up guest for the backend's tests: slots of every kind, helpers of every effect, a small
 * memory with fast, read-only, slow and faulting pages, and a log of all that is called out. */
#ifndef ARMEMU_TESTS_BACKEND_HARNESS_H
#define ARMEMU_TESTS_BACKEND_HARNESS_H

#include "backend/backend.h"
#include "ir/interp.h"
#include "ir/ir.h"

enum {
    SLOT_R0, /* r0..r9 are pinned, r10..r13 are in loops alone */
    SLOT_R13 = 13,
    SLOT_Q0,
    SLOT_Q1,
    SLOT_B0,
    SLOT_H0,
    SLOT_D0,
    SLOT_S0,
    SLOT_S1, /* d0 is s1:s0 */
    SLOT_F0, /* f32: f0..f3 in fd0 and fd1 */
    SLOT_FD0 = SLOT_F0 + 4, /* f64: fd0..fd3 */
    SLOT_V0 = SLOT_FD0 + 4, /* v64: the same */
    SLOT_X0 = SLOT_V0 + 4, /* v128: fd0 and fd1, fd2 and fd3 */
    SLOT_LANE = SLOT_X0 + 2,
    SLOT_COUNT,
};

enum {
    HELPER_PURE,
    HELPER_PURE64,
    HELPER_READS,
    HELPER_WRITES,
    HELPER_RAISES,
    HELPER_CONTEXT,
    HELPER_EXTERNAL,
    HELPER_VOID,
    HELPER_FP, /* as accesses to the FPSCR */
    HELPER_ALWAYS_RAISES, /* for callz alone */
    HELPER_COUNT,
};

/* The guest's memory: fast pages, read-only (writes go the slow way), slow both ways, faulting. */
enum {
    MEM_BASE = 0x10000,
    MEM_PAGES = 6,
    PAGE_RO = 0x12000,
    PAGE_SLOW = 0x13000,
    PAGE_FAULT = 0x14000,
    FAULT_PC = 0x4000,
    RAISE_PC = 0x5000,
};

struct state {
    struct ir_env env;
    uint32_t r[14];
    uint64_t q[2];
    uint64_t d0;
    uint64_t f[4];
    uint16_t h0;
    uint8_t b0;
    uint8_t lane;
    /* Not slots: */
    uint8_t *tables[2];
    uint8_t memory[MEM_PAGES * 4096] __attribute__((aligned(4096)));
    bool log_all; /* also slow accesses that could have been fast */
    uint32_t log_count;
    uint64_t log[512];
};

extern const struct ir_target test_target;
extern const struct ir_callbacks test_callbacks;

/** A new state with empty tables, filled from @seed. state_free it. */
struct state *state_new(uint64_t seed);
void state_free(struct state *s);
/** Make @to what @from is, apart from its own tables and memory place. */
void state_copy(struct state *to, const struct state *from);
/** Empty the read and write tables. */
void state_unmap(struct state *s);
/** First difference that a guest or an engine could see, described in @text; true when none. */
bool state_equal(const struct state *a, const struct state *b, char *text, size_t size);

/** A small generator of random numbers; the state is the caller's. */
static inline uint64_t rng_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/** Backend for the test target. */
struct backend *test_backend(bool no_chain, bool always_slow, uint32_t features_mask);
/** One whose code relies on signals of invalid operations. */
struct backend *test_backend_with_traps(uint32_t features_mask);
/** Compile @b, taking the next region when the current one is full. */
struct backend_code test_compile(struct backend *be, const struct ir_block *b);
/** Write exec table entries so that guest address @addr in @lane leads to @code. */
void exec_map(struct backend *be, struct state *s, uint32_t addr, unsigned lane, uint32_t code);

/** Is the random block of seed @seed for env.fp_rounding FP_TIEEVEN alone? */
static inline bool random_nearest(uint64_t seed)
{
    return seed >> 7 & 1;
}
/* Bytes for marks: RANDOM_MARKS at any address, as many at one below 2 GiB. */
enum { RANDOM_MARK_PLACES = 2, RANDOM_MARKS = 64 };
/** Fill @b with a random block; @loop: one that is likely to branch back to its start; @floats:
 * mostly of floating-point ops. */
void random_block(struct ir_block *b, uint64_t *rng, bool loop, bool floats,
                  uint8_t *marks[RANDOM_MARK_PLACES]);

/** A size of elements that the vector op has: @size or one near. */
unsigned vector_size(unsigned opcode, unsigned size);

#endif
