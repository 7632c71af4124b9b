/*
 * Boards as data: a machine is rows of devices with addresses and interrupt numbers; one builder
 * makes them real, one generator writes the device tree from the same rows.
 */
#ifndef ARMEMU_MACHINES_MACHINE_H
#define ARMEMU_MACHINES_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "devices/core/device.h"
#include "devices/core/env.h"
#include "softmmu/physmap.h"
#include "util/error.h"

enum { BOARD_DEVICES_MAX = 128, BOARD_SERIALS_MAX = 8, BOARD_NICS_MAX = 2, BOARD_CPUS_MAX = 8 };

enum board_cpu_line { BOARD_CPU_IRQ, BOARD_CPU_FIQ };

enum { BOARD_NVIC_NMI = 0xffff };

struct chardev;
struct net;

/* What a network interface of the board is connected to. */
struct board_nic {
    struct net *net; /* NULL: no cable */
    uint64_t mac;    /* if has_mac; else the device's own */
    bool has_mac;
};

/* What the VM gives to a board. */
struct board_config {
    struct physmap *map;
    const struct device_env *env;
    uint32_t cpu_count;
    uint64_t ram_size;
    const char *cpu_model;   /* "cortex-a15" */
    struct chardev *serial[BOARD_SERIALS_MAX]; /* NULL: nothing connected */
    struct board_nic nic[BOARD_NICS_MAX];
    /* The interrupt inputs of CPU @cpu, to connect controllers to. */
    struct irq_line (*cpu_line)(void *opaque, unsigned cpu, enum board_cpu_line which);
    /* M profile: external interrupt @irq (exception number - 16) of the CPU's NVIC, or
     * BOARD_NVIC_NMI. */
    struct irq_line (*nvic_line)(void *opaque, unsigned irq);
    /* M profile: the processor clock is now @hz (m_profile.cpu_hz until the first call). It comes
     * from the board's clock controller, also while devices are reset. May be NULL. */
    void (*cpu_clock)(void *opaque, uint32_t hz);
    /* The memory at some addresses is about to be another one: on the CPU's thread, or while none
     * runs. May be NULL. */
    void (*memory_changes)(void *opaque);
    void (*power_off)(void *opaque); /* the board's power button or regulator asks for it */
    void (*reset)(void *opaque);
    void *opaque;
};

/* What a board decides about a CPU of the M profile. */
struct machine_m_profile {
    uint16_t irqs;           /* external interrupts, 1..240 */
    uint8_t priority_bits;   /* implemented bits of a priority, 2..8 */
    bool bit_band;           /* the alias regions of SRAM and peripherals exist */
    uint32_t vtor;           /* the vector table's address at reset */
    uint32_t cpu_hz;         /* the processor clock, which SysTick counts with CLKSOURCE = 1 */
    uint32_t systick_ref_hz; /* SysTick's reference clock; 0: there is none (SYST_CALIB.NOREF) */
    /* not 0: that is the processor clock divided by this, and follows it */
    uint32_t systick_ref_div;
};

struct machine;

/* A built board. */
struct board {
    const struct machine *machine;
    struct board_config config;
    struct device *devices[BOARD_DEVICES_MAX];
    unsigned device_count;
    struct device *intc;       /* interrupt controller */
    struct device *timer;      /* architected timers; NULL if none */
    struct phys_region *ram;
    struct device *power_gpio; /* device and input line of the power button; NULL if none */
    unsigned power_input;
    bool booted;               /* images have been loaded: the next time is a reset */
    void *private_data;        /* the builder's */
};

/** The built-in machine called @name (which may be followed by options: the part before the first
 * comma); NULL and an error that names the nearest. */
const struct machine *machine_find(const char *name, struct error *e);
/** The machine that `-M @spec` asks for: machine_find with machine_check_options, or a machine made
 * at run time. NULL and an error if there is none. machine_close after the board has been freed. */
const struct machine *machine_open(const char *spec, struct error *e);
/** Free what machine_open made (NULL is allowed). */
void machine_close(const struct machine *m);
/** Print all machines, for `-M help`. */
void machine_print_help(FILE *out);
/** Facts for the command line. */
const char *machine_name(const struct machine *m);
const char *machine_default_cpu(const struct machine *m);
bool machine_cpu_allowed(const struct machine *m, const char *cpu_model, struct error *e);
uint32_t machine_max_cpus(const struct machine *m);
uint64_t machine_default_ram(const struct machine *m);
/** May the machine have @size bytes of memory? Boards with fixed memory take only that. */
bool machine_check_ram(const struct machine *m, uint64_t size, struct error *e);
unsigned machine_serial_count(const struct machine *m);
/** The device class of network interface number @index, by which `-net nic,model=` names it; NULL
 * where there is none. */
const char *machine_nic_model(const struct machine *m, unsigned index);
/** CBAR for CPUs of this machine, 0 if none. */
uint32_t machine_cbar(const struct machine *m);
/** The M profile's part of the board; NULL: its CPUs are of the A profile. */
const struct machine_m_profile *machine_m_profile(const struct machine *m);
/** The power of two nearest to the ns that a cycle of @hz takes, at most 10. */
unsigned machine_hz_shift(uint32_t hz);
/** The same for the CPU's clock at reset; 3 (125 MHz) where that is not known. */
unsigned machine_cycle_shift(const struct machine *m);
/** Check and apply `-M name,option=value,...` options (secure=, virtualization=, highmem=,
 * gic-version=, accel=, ...): what is not supported is an error. */
bool machine_check_options(const struct machine *m, const char *options, struct error *e);

/** Make all devices and memory of @m on @config->map. */
bool board_build(struct board *b, const struct machine *m, const struct board_config *config,
                 struct error *e);
/** Reset all devices. */
void board_reset(struct board *b);
void board_free(struct board *b);
/** Press the power button; false if the board has none. */
bool board_power_button(struct board *b);

/* ---- boot (boot.c): images into memory ------------------------------------------------------- */

enum { BOOT_LOADERS_MAX = 16 };

struct boot_options {
    const char *kernel, *initrd, *append, *dtb, *bios; /* NULL: not given */
    /* `-device loader,...` option strings, without "loader," */
    const char *loader[BOOT_LOADERS_MAX];
    unsigned loader_count;
    /* the built-in ROM, started when there is neither kernel nor bios nor loader */
    const uint8_t *rom;
    uint32_t rom_size;
    bool loads_later;     /* M profile: nothing to load is no error, a debugger will bring it */
    bool bare;            /* -append is for the program itself (semihosting), not for a kernel */
    uint64_t entropy[4];  /* for the device tree's rng-seed and kaslr-seed */
};

/* How the first CPU starts; it is loaded again at every reset. */
struct boot_entry {
    uint32_t pc;        /* bit 0: Thumb */
    uint32_t r0, r1, r2;
    /* RAM that the program leaves free, for semihosting; 0: unknown */
    uint32_t heap_base, heap_limit;
    bool linux_boot;    /* registers are meaningful; else the CPU starts as after reset, at pc */
    bool vector_pc;     /* M profile: the PC comes from the vector table as well, not only the SP */
};

/**
 * Load what @o names into the memory of @b. Errors name file, option and what is wrong. May be
 * called again after a reset to restore memory contents; on boards of the M profile these are as on
 * hardware: flash stays as the guest programmed it, and of RAM only what the files have bytes for
 * is loaded again.
 */
bool boot_load(struct board *b, const struct boot_options *o, struct boot_entry *entry,
               struct error *e);

/** The file= of a `-device loader,` option string, or NULL. The caller frees it. */
char *boot_loader_file(const char *options);
/** The same options with the name of the file, if it is a relative one, behind @folder (ending in a
 * slash). Allocated; NULL with an error for options that are wrong. */
char *boot_loader_in_folder(const char *options, const char *folder, struct error *e);

/** The generated device tree as it would be given to a kernel (`-M virt,dumpdtb=FILE`). The caller
 * frees *@blob. */
bool board_device_tree(const struct board *b, const struct boot_options *o, void **blob,
                       uint32_t *size, struct error *e);

#endif
