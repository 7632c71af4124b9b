/*
 * Faults explained to the person who wrote the program: what happened, where in the source, who
 * called, the code around, what is near the address, and what to try.
 */
#ifndef ARMEMU_DEBUG_EXPLAIN_H
#define ARMEMU_DEBUG_EXPLAIN_H

#include <stdio.h>

#include "debug/symbols.h"
#include "softmmu/physmap.h"

enum explain_kind {
    EXPLAIN_UNMAPPED,      /* a data access to nothing, or one that the device refused */
    EXPLAIN_FORBIDDEN,     /* ... that the MPU or MMU refused */
    EXPLAIN_ALIGNMENT,
    EXPLAIN_FETCH,         /* nothing to execute there, or execution is forbidden */
    EXPLAIN_UNDEFINED,
    EXPLAIN_NO_COPROCESSOR,
    EXPLAIN_STATE,         /* M profile: without the T bit */
    EXPLAIN_DIVIDE,
    EXPLAIN_STACKING,      /* exception entry or return could not use the stack */
    EXPLAIN_BREAKPOINT,    /* without a debugger */
    EXPLAIN_OTHER,
};

struct explain_fault {
    enum explain_kind kind;
    const char *title;     /* "BusFault (PRECISERR), read of 0x40013800, taken as HardFault" */
    bool m_profile, thumb, v8;
    bool lockup;           /* nothing can handle the fault */
    const char *detail;    /* one more line about the refusal; may be NULL */
    bool has_addr;         /* addr is the data address */
    uint32_t addr;
    uint32_t regs[16];     /* at the instruction: r15 is its address */
    uint32_t xpsr, msp, psp;
    uint32_t cfsr, hfsr;   /* M profile */
    uint64_t instructions; /* executed before it */
    int64_t time_ns;
};

struct explain_config {
    const struct physmap *map;
    struct symbols *symbols;          /* belongs to the caller */
    struct symbols_memory memory;
    const char *machine;              /* "microbit" */
    bool (*machine_exists)(const char *name); /* may be NULL */
};

/** Print the explanation of @f: some ten to thirty lines, each beginning with two blanks but the
 * first. */
void explain_print(const struct explain_config *c, const struct explain_fault *f, FILE *out);

struct explain_place {
    const char *name, *chip; /* "USART1", "STM32F1" */
    const char *like;        /* a machine with this chip; NULL: there is none */
    bool own;                /* the machine that runs is one */
};

/** What well-known chips have at @addr, the chip of @machine (may be NULL) first; returns how many
 * of at most @max. */
unsigned explain_peripherals(const char *machine, uint32_t addr, struct explain_place *out,
                             unsigned max);

#endif
