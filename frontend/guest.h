/*
 * What the engine needs of a frontend (a guest architecture): translation to IR, the block key, and
 * what to do when the flow must change. One constant struct per architecture.
 */
#ifndef ARMEMU_FRONTEND_GUEST_H
#define ARMEMU_FRONTEND_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ir/ir.h"

/* Coverage: a point of a block that leaves a mark at run time, and what its being reached says. */
struct guest_mark {
    uint16_t start, end;  /* page offsets: the instructions that have been executed then; */
    uint16_t branch;      /* of a conditional branch, */
    uint8_t taken;        /* which was GUEST_BRANCH_TAKEN or not, unless GUEST_BRANCH_NONE */
    bool conditional;     /* the instructions were, and their condition held */
};

enum { GUEST_BRANCH_NONE, GUEST_BRANCH_TAKEN, GUEST_BRANCH_NOT_TAKEN };

enum { GUEST_MARKS_MAX = 160 }; /* per block */

/* What marks have said of a page before: a bit per halfword. */
struct guest_known {
    uint64_t executed[4096 / 2 / 64];
    uint64_t conditional[4096 / 2 / 64]; /* while the condition held; branches are not among them */
    uint64_t taken[4096 / 2 / 64], not_taken[4096 / 2 / 64];
};

struct guest_marks {
    uint8_t *bytes;       /* one for each mark */
    const struct guest_known *known; /* need not be marked again; NULL: nothing */
    unsigned count, max;
    struct guest_mark mark[GUEST_MARKS_MAX];
};

/* What a frontend remembers of single instructions. */
struct guest_memo;

/* Where the code of a block comes from. Pages are host pointers to the guest's physical pages. */
struct guest_code {
    const uint8_t *page;      /* the physical page that holds the first instruction */
    const uint8_t *next_page; /* the page that virtually follows, for an instruction that straddles;
                                 NULL when it cannot be fetched */
    uint32_t offset;          /* of the first instruction in its page */
    uint32_t flags;           /* the frontend's block flags (see block_flags) */
    uint32_t max_insns;       /* at most so many instructions (1 for single step) */
    bool fold_literals;       /* PC-relative loads from the page may become constants */
    struct guest_marks *marks; /* coverage: to be filled, with code that marks; NULL: none */
    bool hot;                 /* it is executed often: the block may go on behind branches that seem
                                 not to be taken, and at the target of a jump ahead */
    /* Time is counted in instructions. A bit per halfword of the page: these instructions reach
     * devices, whose events take effect at the end of a short block. So a hot one ends there as
     * well, behind them. NULL: not counted */
    const uint64_t *outside;
    /* a bit per halfword of the page: the block ends behind these instructions, which change what
     * others may access; NULL: none */
    const uint64_t *ends;
    /* a bit per halfword of the page: the block ends before these (but never before its first
     * instruction); NULL: none */
    const uint64_t *stops;
    /* how often short blocks at halfwords of the page were entered lately, by guest_entered; NULL:
     * not known */
    const uint32_t *entered;
    uint32_t entered_key;
    struct guest_memo *memo; /* of this translation alone for the time; NULL: none */
};

/** The element of env.entered for blocks at page offset @offset; @key is the page's. */
static inline uint32_t guest_entered(uint32_t key, uint32_t offset)
{
    return (key ^ offset >> 1) % IR_ENTERED;
}

struct guest_frontend {
    const struct ir_target *target;

    /**
     * The block flags for the state: everything besides the physical address that translation
     * depends on. Bit 0: the lane. Bits 1 and 30 are the engine's. Bit 31: the flags are not
     * covered by a context's exec tables (mid-IT state), so the block is only found by a lookup.
     */
    uint32_t (*block_flags)(const struct ir_env *env);

    /**
     * Translate one block into @b (initialised by the caller). Never fails: code that cannot be
     * decoded becomes the guest's undefined instruction exception. A straddling instruction whose
     * second half cannot be fetched ends the block before it, or, being the first one, becomes the
     * prefetch abort (a helper call). Returns true when the block depends on @next_page as well.
     */
    bool (*translate)(struct ir_block *b, const struct guest_code *code);

    /** An empty memory for guest_code.memo, to be freed by free(); NULL: out of memory. */
    struct guest_memo *(*memo_new)(void);

    /** Is an interrupt pending that the state does not mask? */
    bool (*interrupt_pending)(const struct ir_env *env);
    /** Enter the handler of the most urgent pending, unmasked interrupt; env.pc is the new PC. */
    void (*take_interrupt)(struct ir_env *env);

    /** Print registers (-d cpu, lockstep reports). */
    void (*print_state)(const struct ir_env *env, FILE *out);
    /** Disassemble @size bytes of guest code at @code (-d in_asm), lines prefixed by the
     * address. */
    void (*disassemble)(const uint8_t *code, uint32_t size, uint64_t va, uint32_t flags, FILE *out);
};

enum { GUEST_FLAGS_LANE_MASK = 1 };
#define GUEST_FLAGS_LOOKUP_ONLY 0x80000000u

#endif
