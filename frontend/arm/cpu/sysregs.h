/*
 * System registers (CP14, CP15): one table of rows. A row names the register, its encoding, who may
 * access it, and either a field of struct arm_cp15 or functions.
 */
#ifndef ARMEMU_ARM_SYSREGS_H
#define ARMEMU_ARM_SYSREGS_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/state.h"

/* Access rights of a row. */
enum {
    ARM_CP_R0 = 1, ARM_CP_W0 = 2, /* unprivileged (implies nothing about PL1) */
    ARM_CP_R1 = 4, ARM_CP_W1 = 8, /* PL1 and above */
    ARM_CP_HYP = 16,     /* only from Hyp mode (and Monitor with SCR.NS = 1) */
    ARM_CP_SECURE = 32,  /* only from Secure state */
    ARM_CP_BANKED = 64,  /* the field is an array of Non-secure and Secure copy */
    ARM_CP_WIDE = 128,   /* MRRC/MCRR */
    ARM_CP_CONTEXT = 256,/* writing changes translation or permissions: arm_state_changed is called */
    ARM_CP_FLUSH = 512,  /* a write that changes the value invalidates the TLB */
    ARM_CP_IGNORE = 1024,/* reads as zero or the row's reset value, writes are ignored */
    ARM_CP_FIELD64 = 2048,/* the field is 64 bits wide (32-bit accesses take the low half) */
    ARM_CP_CONST = 4096, /* reads as the row's reset value, writes are ignored */
};
#define ARM_CP_RW1 (ARM_CP_R1 | ARM_CP_W1)
#define ARM_CP_RW0 (ARM_CP_R0 | ARM_CP_W0 | ARM_CP_RW1)

enum { ARM_CP_ANY = 0xff }; /* wildcard for a part of the encoding */

struct arm_sysreg {
    const char *name;
    uint8_t cp, opc1, crn, crm, opc2; /* WIDE rows: crn and opc2 are 0 */
    uint16_t flags;   /* ARM_CP_* */
    uint16_t field;   /* offset in struct arm_cp15; 0xffff: none */
    uint64_t features; /* all must be present */
    uint64_t absent;   /* and none of these */
    uint64_t (*read)(struct arm_state *s, const struct arm_sysreg *r, uint32_t key);
    void (*write)(struct arm_state *s, const struct arm_sysreg *r, uint32_t key, uint64_t value);
    uint32_t reset;    /* of the field (both copies), or the constant */
};

/** All rows, for tests and `info`. */
const struct arm_sysreg *arm_sysreg_table(unsigned *count);
/** The row that an access with @key reaches on this CPU; NULL: UNDEFINED. */
const struct arm_sysreg *arm_sysreg_find(const struct arm_state *s, uint32_t key);
/** May the current mode access @r? */
bool arm_sysreg_permitted(const struct arm_state *s, const struct arm_sysreg *r, bool write);
/** Read or write past the access checks (debugger, tests). */
uint64_t arm_sysreg_read(struct arm_state *s, const struct arm_sysreg *r, uint32_t key);
void arm_sysreg_write(struct arm_state *s, const struct arm_sysreg *r, uint32_t key, uint64_t value);
/** Give every row's field its reset value. */
void arm_sysregs_reset(struct arm_state *s);

#endif
