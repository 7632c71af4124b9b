/*
 * System registers (CP14, CP15): one table of rows. A row names the register, its encoding, who may
 * access it, and either a field of struct arm_cp15 or functions. Where rows overlap the first
 * counts.
 */
#ifndef ARMEMU_ARM_SYSREGS_H
#define ARMEMU_ARM_SYSREGS_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/state.h"

enum {
    /* Access rights. */
    ARM_CP_R0 = 1, ARM_CP_W0 = 2, /* unprivileged */
    ARM_CP_R1 = 4, ARM_CP_W1 = 8, /* PL1 and above */
    ARM_CP_HYP = 16,       /* only from Hyp mode, and Monitor mode with SCR.NS = 1 */
    ARM_CP_SECURE = 32,    /* only from Secure state */
    /* Where the value is; with none of these and no functions: reads as `reset`, writes ignored. */
    ARM_CP_FIELD = 64,     /* `field` is an offset in struct arm_cp15 */
    ARM_CP_MODEL = 128,    /* `field` is an offset in struct arm_cpu_model; read-only */
    ARM_CP_BANKED = 256,   /* the field is an array of Non-secure and Secure copy */
    ARM_CP_FIELD64 = 512,  /* it is 64 bits wide; 32-bit accesses take the low half */
    /* What a write does besides. */
    ARM_CP_CONTEXT = 1024, /* translation or permissions change: arm_state_changed */
    ARM_CP_FLUSH = 2048,   /* a write that changes the value invalidates the TLB */
};
#define ARM_SYSREG_EXACT 0x010f7fffu /* mask of a row without wildcards: all bits of a key */
#define ARM_CP_RO1 ARM_CP_R1
#define ARM_CP_WO1 ARM_CP_W1
#define ARM_CP_RW1 (ARM_CP_R1 | ARM_CP_W1)
#define ARM_CP_RO0 (ARM_CP_R0 | ARM_CP_R1)
#define ARM_CP_RW0 (ARM_CP_R0 | ARM_CP_W0 | ARM_CP_RW1)

struct arm_sysreg {
    const char *name;
    uint32_t key, mask;    /* the row stands for all keys with (k & mask) == key */
    uint16_t flags;        /* ARM_CP_* */
    uint16_t field;
    uint32_t reset;        /* reset value of the field, constant, or the functions' parameter */
    uint64_t features;     /* all of these must be present */
    uint64_t absent;       /* and none of these */
    uint64_t (*read)(struct arm_state *s, const struct arm_sysreg *r);
    void (*write)(struct arm_state *s, const struct arm_sysreg *r, uint64_t value);
    /* Access rights that other registers decide, in addition to the flags; NULL: none. */
    bool (*permitted)(const struct arm_state *s, const struct arm_sysreg *r, bool write);
};

/** All rows, for tests and `info`. */
const struct arm_sysreg *arm_sysreg_table(unsigned *count);
/** The row that an access with @key reaches on this CPU; NULL: UNDEFINED. */
const struct arm_sysreg *arm_sysreg_find(const struct arm_state *s, uint32_t key);
/** May the current mode access @r? */
bool arm_sysreg_permitted(const struct arm_state *s, const struct arm_sysreg *r, bool write);
/** Read or write past the access checks (debugger, tests). */
uint64_t arm_sysreg_read(struct arm_state *s, const struct arm_sysreg *r);
void arm_sysreg_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value);
/** Give every row's field its reset value. */
void arm_sysregs_reset(struct arm_state *s);

#endif
