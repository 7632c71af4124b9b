/*
 * The monitor: a command line on a character device, to look into a running machine and control it.
 * What it acts on is given as functions, which are called on the event loop's thread with the
 * device lock held.
 */
#ifndef ARMEMU_DEBUG_MONITOR_H
#define ARMEMU_DEBUG_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host/chardev.h"

struct monitor;

/* A topic of `info`, besides those that the monitor has itself. */
struct monitor_info {
    const char *name, *help;
    void (*print)(void *opaque, FILE *out);
};

/* The machine. */
struct monitor_target {
    bool (*paused)(void *opaque);
    void (*pause)(void *opaque);
    void (*resume)(void *opaque);
    void (*reset)(void *opaque);
    bool (*powerdown)(void *opaque); /* false: there is no power button */
    /* Drive input @input of the device called @device: a pin, a button. NULL: no devices. */
    bool (*drive)(void *opaque, const char *device, unsigned input, bool level, struct error *e);
    /* Let a debugger see these exceptions; "": print which there are. NULL: none can be. */
    bool (*catch)(void *opaque, const char *list, FILE *out, struct error *e);
    void (*quit)(void *opaque);
    uint32_t (*cpu_count)(void *opaque);
    void (*print_cpu)(void *opaque, uint32_t cpu, FILE *out);
    /* Memory; false when part of the range is no RAM or is not mapped. */
    bool (*read_phys)(void *opaque, uint64_t addr, void *buf, uint32_t len);
    bool (*read_virt)(void *opaque, uint32_t cpu, uint64_t addr, void *buf, uint32_t len);
    bool (*translate)(void *opaque, uint32_t cpu, uint64_t addr, uint64_t *phys);
    /* A register by name ("r0", "sp", "pc", "t": Thumb state); false if there is none. NULL: there
     * are no registers. */
    bool (*read_register)(void *opaque, uint32_t cpu, const char *name, uint64_t *value);
    const struct monitor_info *info; /* ended by a row without name */
};

/** A monitor for @target as the front end of @cd (NULL: only for monitor_execute). @name (borrowed)
 * is the machine's, or NULL. */
struct monitor *monitor_new(struct chardev *cd, const struct monitor_target *target, void *opaque,
                            const char *name);
/** Run the command line @line, which is changed. Returns what it prints, errors too; to be
 * freed. */
char *monitor_execute(struct monitor *m, char *line);
/** Disconnect from the character device and free @m (NULL is allowed). */
void monitor_free(struct monitor *m);

#endif
