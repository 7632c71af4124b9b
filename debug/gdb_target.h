/*
 * What the GDB stub acts on: a machine with CPUs, given as functions. They are called on the event
 * loop's thread with the device lock held. All but running, stop, quit and reset are called while the
 * machine is stopped.
 */
#ifndef ARMEMU_DEBUG_GDB_TARGET_H
#define ARMEMU_DEBUG_GDB_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "debug/gdb_registers.h"

/* Breakpoints and watchpoints, numbered as in the packets Z0 to Z4. */
enum gdb_point {
    GDB_POINT_SOFTWARE,
    GDB_POINT_HARDWARE,
    GDB_POINT_WRITE,
    GDB_POINT_READ,
    GDB_POINT_ACCESS,
    GDB_POINT_COUNT,
};

enum gdb_stop_kind {
    GDB_STOP_NONE,
    GDB_STOP_INTERRUPT, /* somebody asked */
    GDB_STOP_STEP,
    GDB_STOP_POINT,     /* the instruction has not been executed, the access not been made */
};

struct gdb_stop {
    enum gdb_stop_kind kind;
    uint32_t cpu;
    enum gdb_point point; /* GDB_STOP_POINT */
    uint64_t address;     /* of the data that was about to be accessed */
};

/* What a CPU does when the machine goes on. */
enum gdb_action {
    GDB_HOLD,
    GDB_CONTINUE,
    GDB_STEP,            /* one instruction, interrupts waiting */
    GDB_STEP_INTERRUPTS, /* or one interrupt */
};

enum { GDB_CPU_MAX = 16 };

struct gdb_target {
    uint32_t (*cpu_count)(void *opaque);
    /* A few words about CPU @cpu: is it on? */
    void (*describe_cpu)(void *opaque, uint32_t cpu, char *buf, size_t size);
    bool (*running)(void *opaque);
    /* Stop all CPUs; not reported. */
    void (*stop)(void *opaque);
    /* Go on, with one action per CPU. The machine reports the next stop once, by gdb_stub_stopped. */
    void (*resume)(void *opaque, const enum gdb_action *actions);

    const struct gdb_registers *(*registers)(void *opaque);
    uint64_t (*read_register)(void *opaque, uint32_t cpu, const struct gdb_register *reg);
    bool (*write_register)(void *opaque, uint32_t cpu, const struct gdb_register *reg,
                           uint64_t value);

    /* Memory by physical address, or by virtual address as CPU @cpu translates it, devices
     * included. False when part of the range is not there; what is before it may be done. */
    bool (*read_memory)(void *opaque, uint32_t cpu, bool physical, uint64_t addr, void *buf,
                        uint32_t len);
    bool (*write_memory)(void *opaque, uint32_t cpu, bool physical, uint64_t addr, const void *buf,
                         uint32_t len);

    /* Add or remove one; adding what is there, and removing what is not, is allowed. Adding is false
     * when there are too many. */
    bool (*insert)(void *opaque, enum gdb_point point, uint64_t addr, uint32_t len);
    void (*remove)(void *opaque, enum gdb_point point, uint64_t addr, uint32_t len);
    void (*remove_all)(void *opaque);

    void (*reset)(void *opaque); /* the machine; it stays stopped if it is */
    void (*quit)(void *opaque);
};

#endif
