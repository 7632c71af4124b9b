/*
 * A system VM: the owner of all state, and the one place where CPUs, memory, devices and the engine
 * meet. Several VMs may live in one process.
 *
 * Threads: the thread that calls vm_run runs the event loop (timers, character devices, requests);
 * every CPU has a thread of its own. Devices are protected by the device lock, which the event loop
 * holds around its callbacks and CPUs take for device accesses.
 */
#ifndef ARMEMU_VM_VM_H
#define ARMEMU_VM_VM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/engine.h"
#include "host/chardev.h"
#include "host/loop.h"
#include "host/net.h"
#include "machines/machine.h"
#include "semihosting/semihosting.h"
#include "softmmu/mmu.h"
#include "util/error.h"

struct vm;

enum vm_semihosting_target {
    VM_SEMIHOSTING_NATIVE,
    VM_SEMIHOSTING_AUTO, /* a debugger while there is one */
    VM_SEMIHOSTING_GDB,  /* a debugger; without one, calls fail */
};

/* Semihosting: who may call, and where its consoles lead. */
struct vm_semihosting_config {
    bool enabled;
    enum vm_semihosting_target target; /* who serves consoles and files */
    bool userspace;         /* calls of unprivileged code count as well */
    struct semihosting_config files;
    struct chardev *input;  /* NULL: standard input if host_input, else it has ended */
    struct chardev *output; /* NULL: standard output and error */
    bool host_input;
    bool lines;             /* input is a terminal whose Enter key sends CR: programs get LF */
};

/*
 * Time that is counted in instructions (-icount): each takes 1 << shift ns, and while the CPU waits
 * for an interrupt time goes on to the next timer. Nothing that the guest sees depends on the host,
 * so the same images and the same input give the same run, to the instruction. One CPU only.
 */
struct vm_icount {
    bool enabled;
    bool sleep;            /* waiting takes as long on the host; else no time */
    bool follows_clock;    /* the shift changes with the CPU's clock (machine_hz_shift) */
    uint8_t shift;         /* 0 .. VM_ICOUNT_SHIFT_MAX; at first, where it changes */
    uint64_t limit;        /* instructions; 0: none. When they are executed: */
    void (*limit_reached)(void *opaque); /* on the CPU's thread, device lock held */
    /* Nothing but input from outside can wake the CPU any more; likewise. May be NULL. */
    void (*stuck)(void *opaque);
    void *opaque;
};

enum { VM_ICOUNT_SHIFT_MAX = 10 };
/** The start of real-time clocks in deterministic runs: 2020-01-01 00:00 UTC. */
#define VM_UTC_BASE (1577836800ll * 1000000000ll)

struct explain_fault; /* debug/explain.h */

/* What a data access to an address with nothing there does. */
enum vm_unmapped {
    VM_UNMAPPED_FAULT, /* as the hardware */
    VM_UNMAPPED_WARN,  /* a line on stderr; reads give 0, writes do nothing */
    VM_UNMAPPED_ZERO,  /* without the line */
};

struct vm_config {
    const struct machine *machine;
    const char *cpu_model;
    uint32_t cpu_count;
    uint64_t ram_size;
    enum engine_accel accel;
    struct boot_options boot;
    struct vm_semihosting_config semihosting;
    enum vm_unmapped unmapped;
    /* Cortex-M from ARMv7-M on: what is written to the ITM's port 0; or NULL */
    struct chardev *itm;
    /* Told of each fault of the guest, on the CPU's thread, with the explanation as text (the first
     * hundred of a run). NULL: nobody; with -d guest_errors the log has them as well. */
    void (*fault)(void *opaque, const struct explain_fault *f, const char *text);
    void *fault_opaque;
    bool no_reboot;       /* a reset request ends the VM instead */
    bool start_paused;    /* -S */
    bool one_insn;        /* blocks of one instruction */
    /* features of the host (enum host_feature) that must not be used */
    uint32_t host_features_mask;
    uint32_t slice, cache_size; /* see engine_config */
    struct board_nic nic[BOARD_NICS_MAX]; /* of vm_nets, or made by the caller */
    struct vm_icount icount;
    bool coverage;        /* record what is executed: vm_coverage */
    /* real-time clocks start at utc_base, ns since 1970, and go with guest time; */
    bool utc_fixed;
    int64_t utc_base;     /* else with the host's, or with icount from VM_UTC_BASE */
    FILE *perfmap;        /* lines for perf, or NULL */
};

/** Make the event loop and the clocks; character devices can then be opened on vm_loop. */
struct vm *vm_new(struct error *e);
struct loop *vm_loop(struct vm *vm);
struct chardev_set *vm_chardevs(struct vm *vm);
struct net_set *vm_nets(struct vm *vm);

/** Build board, CPUs and engine, and load the images. @serial: one per UART of the board, or
 * NULL. */
bool vm_build(struct vm *vm, const struct vm_config *config, struct chardev *const *serial,
              unsigned serial_count, struct error *e);

/** Run until somebody quits; the result is the program's exit status. */
int vm_run(struct vm *vm);
void vm_free(struct vm *vm);

/* Requests; any thread, device lock held or not. */

/** End vm_run with @status. */
void vm_quit(struct vm *vm, int status);
/** Reset the machine (or end, with no_reboot). */
void vm_request_reset(struct vm *vm);
/** Power off: ends vm_run with status 0. */
void vm_request_power_off(struct vm *vm);

/* For the monitor and debuggers; on the event loop's thread with the device lock held. */

/** Press the power button; false if the board has none. */
bool vm_powerdown(struct vm *vm);
/** Park all CPUs, or let them go on. */
void vm_pause(struct vm *vm);
void vm_resume(struct vm *vm);
bool vm_paused(const struct vm *vm);
uint32_t vm_cpu_count(const struct vm *vm);
/** Registers of CPU @index. */
void vm_print_cpu(struct vm *vm, uint32_t index, FILE *out);
/** Stop CPUs at handlers of these exceptions, names with spaces or commas between ("none" and
 * nothing: of none), for a debugger that is attached. vm_catch_print: which there are. */
bool vm_catch(struct vm *vm, const char *list, struct error *e);
void vm_catch_print(const struct vm *vm, FILE *out);
/** M profile: the exceptions of the NVIC that are enabled interrupts, pending or active. False:
 * there is none. */
bool vm_print_nvic(struct vm *vm, FILE *out);
/** A register of CPU @index by the name of its slot ("r0", "sp", "pc", "t"; r13 to r15 too); false
 * if there is none. */
bool vm_register(struct vm *vm, uint32_t index, const char *name, uint64_t *value);
/** Guest memory by physical address, or by virtual address as CPU @index translates it. False when
 * part of it is not RAM or not mapped. */
bool vm_read_phys(struct vm *vm, uint64_t addr, void *buf, uint32_t len);
bool vm_read_virt(struct vm *vm, uint32_t index, uint64_t addr, void *buf, uint32_t len);
/** The virtual to physical mapping of @addr on CPU @index; false when unmapped. */
bool vm_translate(struct vm *vm, uint32_t index, uint64_t addr, uint64_t *phys);
struct board *vm_board(struct vm *vm);
struct physmap *vm_physmap(struct vm *vm);
const char *vm_cpu_model(const struct vm *vm);

/** "main+0x12 (main.c:34)" for the code address @addr, by the ELF files that were loaded; false:
 * unknown. Any thread. */
bool vm_symbol(struct vm *vm, uint32_t addr, char *buf, size_t size);
/** How the program ended by semihosting; NULL when it did not. After vm_run. */
const struct semihosting_exit *vm_semihosting_end(const struct vm *vm);

struct vm_stats {
    struct engine_stats engine;
    struct mmu_stats mmu;      /* sum over the CPUs */
    uint64_t instructions;
    uint64_t slow_loads, slow_stores, device_accesses;
};
void vm_stats_get(struct vm *vm, struct vm_stats *out);
/** Timers on guest time; the device lock is held around their callbacks. */
struct timer_queue *vm_timers(struct vm *vm);
/** Guest-visible time, ns since the start. Any thread. */
int64_t vm_now(const struct vm *vm);
/** Instructions executed by all CPUs. They do not run. */
uint64_t vm_instructions(const struct vm *vm);
/**
 * A hash over the state of CPUs, memory and devices: equal for equal states, whatever made them
 * (jit, interp). The CPUs do not run (after vm_run, or paused).
 */
uint64_t vm_state_hash(struct vm *vm);
/** What has been executed: see engine_coverage. */
bool vm_coverage(const struct vm *vm, void (*visit)(void *opaque, const struct engine_covered *c),
                 void *opaque);
/** Differences that the lockstep checker found. */
uint64_t vm_lockstep_differences(const struct vm *vm);

#endif
