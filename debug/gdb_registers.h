/*
 * The registers of an ARM CPU as GDB numbers, describes and transfers them: the core and VFP
 * registers of GDB's own feature lists, and with features of ours the banked and the system
 * registers.
 */
#ifndef ARMEMU_DEBUG_GDB_REGISTERS_H
#define ARMEMU_DEBUG_GDB_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/cpu/state.h"

enum gdb_feature {
    GDB_FEATURE_CORE,
    GDB_FEATURE_M_CORE,
    GDB_FEATURE_M_SYSTEM,
    GDB_FEATURE_VFP,
    GDB_FEATURE_TLS,
    GDB_FEATURE_NEON, /* the q registers: pairs of d registers */
    GDB_FEATURE_BANKED,
    GDB_FEATURE_SYSTEM,
    GDB_FEATURE_COUNT,
};

struct gdb_register {
    char name[16];
    uint16_t number;     /* GDB's */
    uint8_t feature;     /* enum gdb_feature */
    uint8_t bytes;       /* 4 or 8; 16: see gdb_register_half */
    uint8_t kind;        /* where the value is: known to gdb_registers.c */
    uint8_t mode, index; /* of a banked register */
    uint32_t key;        /* of a system register; of one of 16 bytes the number of its first half */
};

struct gdb_registers {
    struct gdb_register *list; /* in the order of their numbers */
    unsigned count;
    unsigned in_g; /* so many, from the first on, make up a `g` packet */
};

/** The registers that the CPU of @s has. */
struct gdb_registers *gdb_registers_new(const struct arm_state *s);
/** The registers of a thread of a process. */
struct gdb_registers *gdb_registers_new_user(const struct arm_state *s);
void gdb_registers_free(struct gdb_registers *r);

/** The register that GDB calls @number; NULL if there is none. */
const struct gdb_register *gdb_register_find(const struct gdb_registers *r, uint64_t number);

/** The register that is the low (0) or high (1) half of one of 16 bytes. */
const struct gdb_register *gdb_register_half(const struct gdb_registers *r,
                                             const struct gdb_register *reg, unsigned half);

/** Value of @reg, of 16 bytes that of its low half. The CPU is not running. */
uint64_t gdb_register_read(struct arm_state *s, const struct gdb_register *reg);
/** Set @reg, with all that hangs on it (mode, context, alignment of the PC). False: the value is
 * none that the register can have (a mode that does not exist), or it is read-only; nothing
 * changed. */
bool gdb_register_write(struct arm_state *s, const struct gdb_register *reg, uint64_t value);

#endif
