/*
 * What the GDB stub acts on: a machine with CPUs or a process with threads, given as functions.
 * They are called on the event loop's thread with the device lock held (if there is one). All but
 * running, stop, quit and reset are called while everything is stopped. CPUs and threads are known
 * by numbers that are not 0. A function that is NULL is a thing that the target does not have.
 */
#ifndef ARMEMU_DEBUG_GDB_TARGET_H
#define ARMEMU_DEBUG_GDB_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "debug/gdb_points.h"
#include "debug/gdb_registers.h"

enum gdb_stop_kind {
    GDB_STOP_NONE,
    GDB_STOP_INTERRUPT, /* somebody asked */
    GDB_STOP_STEP,
    GDB_STOP_POINT,   /* the instruction has not been executed, the access not been made */
    GDB_STOP_SIGNAL,  /* a signal has arrived and has not been delivered */
    GDB_STOP_EXITED,  /* the process has ended, with a status */
    GDB_STOP_KILLED,  /* or by a signal */
    GDB_STOP_ASKED,   /* non-stop: the debugger has stopped the thread */
    GDB_STOP_FILE_IO, /* none: the debugger is to do something for the program, which goes on then
                       */
    GDB_STOP_FORK,    /* the thread has made a process, which is stopped: code is its number. Only
                         where */
    GDB_STOP_VFORK,   /* follow has said that these are wanted */
    GDB_STOP_VFORK_DONE,
};

struct semihosting_request;

struct gdb_stop {
    enum gdb_stop_kind kind;
    uint32_t thread;
    enum gdb_point point; /* GDB_STOP_POINT */
    uint64_t address;     /* of the data that was about to be accessed */
    uint32_t code;        /* the signal, as GDB numbers it, the status, the process */
    struct semihosting_request *request; /* GDB_STOP_FILE_IO: to be answered */
};

/* What a thread does when the target goes on. */
enum gdb_action {
    GDB_HOLD,
    GDB_CONTINUE,
    GDB_STEP,            /* one instruction, interrupts waiting */
    GDB_STEP_INTERRUPTS, /* or one interrupt */
};

struct gdb_resume {
    uint32_t thread;
    enum gdb_action action;
    bool given;      /* the debugger has named the thread; the stub's */
    uint32_t signal; /* to be delivered instead of that which was reported, GDB's number; 0: none */
    uint64_t range_start, range_end; /* steps go on while the PC is in there; empty: one step */
};

/* Who is told what happens in a target. The lock that the loop's callbacks have is held. */
struct gdb_listener {
    void (*stopped)(void *opaque, const struct gdb_stop *stop);
    /* A breakpoint's command prints; nothing has stopped, any thread. */
    void (*output)(void *opaque, const char *text, size_t len);
    void *opaque;
};

enum gdb_object { GDB_OBJECT_AUXV, GDB_OBJECT_EXEC_FILE, GDB_OBJECT_SIGINFO, GDB_OBJECT_COUNT };

enum { GDB_THREADS_MAX = 4096 };

/* Addresses that a program may use in the same way. */
struct gdb_region {
    uint64_t start, size;
    bool mapped, read, write, exec;
};

struct gdb_target {
    /* Of a process: its number; the debugger may know several. And what it wants to follow: forks,
     * and other programs that are executed. */
    uint32_t (*process_id)(void *opaque);
    void (*follow)(void *opaque, bool forks, bool execs);
    bool created; /* it was started for the debugger, which ends it when it leaves */

    /* The numbers of at most @max threads, and how many there are. */
    uint32_t (*threads)(void *opaque, uint32_t *ids, uint32_t max);
    /* The name of a thread, and a few words about it. */
    void (*describe)(void *opaque, uint32_t thread, char *name, size_t name_size, char *about,
                     size_t about_size);
    bool (*running)(void *opaque);
    /* Stop all threads; not reported. */
    void (*stop)(void *opaque);
    /* Go on, with one action per thread, @others for those that appear later. The next stop is
     * reported once, by gdb_stub_stopped. */
    void (*resume)(void *opaque, const struct gdb_resume *actions, uint32_t count,
                   enum gdb_action others);

    /* Non-stop mode: threads are held or run one by one, and each stop is reported when it happens,
     * with the others running. When it begins all are held; when it ends (stopped or quiet), none
     * is. */
    void (*non_stop)(void *opaque, bool on);
    /* In this mode: stop the threads that run for a moment, so that functions can be called as
     * above; and let them go on. */
    void (*quiet)(void *opaque, bool yes);
    /* Is the thread held? While quiet. */
    bool (*held)(void *opaque, uint32_t thread);
    /* One thread goes on, or is held (GDB_HOLD: reported as GDB_STOP_ASKED). Nothing for a thread
     * of which that is already so. While quiet. */
    void (*act)(void *opaque, const struct gdb_resume *action);
    /* The debugger has heard of GDB_STOP_EXITED or GDB_STOP_KILLED. */
    void (*end_known)(void *opaque);

    const struct gdb_registers *(*registers)(void *opaque);
    uint64_t (*read_register)(void *opaque, uint32_t thread, const struct gdb_register *reg);
    bool (*write_register)(void *opaque, uint32_t thread, const struct gdb_register *reg,
                           uint64_t value);

    /* What the thread pointer of a program's thread holds. NULL: there are no programs. */
    bool (*thread_pointer)(void *opaque, uint32_t thread, uint32_t *value);

    /* Memory by physical address, or by virtual address as @thread translates it, devices
     * included. False when part of the range is not there; what is before it may be done. */
    bool (*read_memory)(void *opaque, uint32_t thread, bool physical, uint64_t addr, void *buf,
                        uint32_t len);
    bool (*write_memory)(void *opaque, uint32_t thread, bool physical, uint64_t addr,
                         const void *buf, uint32_t len);
    /* What is at @addr; NULL: that is not known beforehand. */
    void (*region)(void *opaque, uint32_t addr, struct gdb_region *r);
    /* The rows of the memory map, as text of GDB's document. */
    void (*memory_map)(void *opaque, FILE *out);
    /* Erase flash, or program it (@buf not NULL), by physical address. False: it is none. */
    bool (*write_flash)(void *opaque, uint64_t addr, const void *buf, uint32_t len);

    /* Add one (gdb_points_add says what may be added, and when), remove one. @code becomes the
     * target's. */
    bool (*insert)(void *opaque, enum gdb_point point, uint64_t addr, uint32_t len,
                   struct gdb_point_code *code);
    void (*remove)(void *opaque, enum gdb_point point, uint64_t addr, uint32_t len);
    void (*remove_all)(void *opaque);

    /* The whole of an object; *@data is allocated. False: it is not there now. */
    bool (*read_object)(void *opaque, enum gdb_object object, uint32_t thread, void **data,
                        size_t *size);
    bool objects[GDB_OBJECT_COUNT]; /* which there may be */
    /* Change a part of the thread's signal that has been reported and not been delivered
     * (GDB_OBJECT_SIGINFO). False: there is none, or the part is not in it. */
    bool (*write_siginfo)(void *opaque, uint32_t thread, uint64_t offset, const void *data,
                          size_t size);
    /* The signals, by GDB's numbers, that are delivered without a report. */
    void (*pass_signals)(void *opaque, const bool *pass);
    /* Open the file that the target calls @path for reading: a descriptor, or -errno. */
    int (*open_file)(void *opaque, const char *path);
    /* Where the symbolic link @path leads, in @buf: as readlink(2), or -errno. */
    ssize_t (*read_link)(void *opaque, const char *path, char *buf, size_t size);

    /* A debugger is there from here on, or no longer: then nothing is to be reported. */
    void (*attached)(void *opaque, bool yes);
    void (*reset)(void *opaque); /* the machine; it stays stopped if it is */
    /* The program, from the start: in this process, with the debugger's connection, by a stub that
     * takes up @session (gdb_stub_take_up). Returns if that fails. */
    void (*again)(void *opaque, unsigned session);
    void (*quit)(void *opaque);
};

#endif
