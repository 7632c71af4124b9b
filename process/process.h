/*
 * The process VM: one ARM Linux program, run directly on the host's kernel. Guest memory is a
 * window of the host's address space, guest threads are host threads, and system calls are
 * converted and passed on.
 */
#ifndef ARMEMU_PROCESS_PROCESS_H
#define ARMEMU_PROCESS_PROCESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/engine.h"
#include "frontend/arm/cpu/cpu.h"
#include "util/error.h"

/* Exit statuses for programs that cannot be started, as shells have them. */
enum { PROCESS_NOT_EXECUTABLE = 126, PROCESS_NOT_FOUND = 127 };

struct gdb_target;
struct gdb_listener;
struct process_debug;
struct loop;

/* A debugger for the process. */
struct process_debugger {
    /* The process is loaded and stopped: let the debugger act on it, by process_gdb_target, on a
     * thread of its own. */
    bool (*start)(void *opaque, struct process_debug *d, struct error *e);
    /* The process ends, the listener knows: leave nothing behind. On the loop's thread. */
    void (*end)(void *opaque);
    /* Other processes are to have the same debugger: make it so that they can reach it at @name, of
     * PROCESS_HUB_MAX bytes. On the loop's thread. False: that cannot be. */
    bool (*share)(void *opaque, char *name);
    /* As start, in a process that fork has made: the debugger is at @name. */
    bool (*join)(void *opaque, struct process_debug *d, const char *name, struct error *e);
    /* The program is to be started again, for a debugger whose session is @session: by
     * process_debug_again, on the loop's thread. Returns if that cannot be. */
    void (*again)(void *opaque, unsigned session);
    /* Has the debugger, who has been told of the end, more to say? Then it is told to `again`, or
     * leaves. On the loop's thread. */
    bool (*stays)(void *opaque);
    bool optional; /* the program is run without it when it is not there */
    void *opaque;
};

enum { PROCESS_HUB_MAX = 64 };

/** A process as the target of a stub; the functions' opaque is its process_debug. */
extern const struct gdb_target process_gdb_target;

/** From the debugger's thread, before its loop runs: whom to tell what happens, and where. */
bool process_debug_listen(struct process_debug *d, struct loop *loop,
                          const struct gdb_listener *listener, struct error *e);
/** Execute the program anew in place of this process, with @debugger as what -g takes. Returns if
 * that fails. */
void process_debug_again(const struct process_debug *d, const char *debugger);
/** The lock that the loop has to hold around callbacks. */
pthread_mutex_t *process_debug_lock(struct process_debug *d);

struct process_config {
    const char *path;        /* the program */
    int program_fd;          /* it, open for reading; process_run closes it. 0: to be opened */
    char *const *argv;       /* its arguments, NULL-terminated; at least one */
    char **envp;             /* its environment; what is only for this program is taken out */
    bool by_kernel;          /* binfmt_misc runs ARM programs by this program, with flag P */
    const char *prefix;      /* files are looked for under this directory first; NULL: nowhere */
    uint32_t stack_size;     /* bytes; 0: the host's limit */
    uint64_t window;         /* host address of guest address 0; 0: anywhere */
    uint32_t space_top;      /* the program's memory is below; 0: up to its kernel's usual limit */
    bool one_insn;           /* blocks of one instruction */
    const char
        *code_store; /* directory where translated code is kept for the next run; NULL: nowhere */
    const struct arm_cpu_model *cpu_model;
    enum engine_accel accel;
    uint32_t
        host_features_mask;  /* features of the host (enum host_feature) that must not be used */
    bool strace;             /* print system calls on stderr */
    FILE *perfmap;
    const struct process_debugger *debugger; /* NULL: none */
    char *const *self;       /* how to run another ARM program: this program and its options,
                                NULL-terminated */
};

/**
 * Load and run the program. Does not return when it has been started: the host process ends as the
 * guest's does. When it cannot be started, @e says why and the exit status is returned.
 */
int process_run(const struct process_config *config, struct error *e);

#endif
