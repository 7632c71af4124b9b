/*
 * The process VM: one ARM Linux program, run directly on the host's kernel. Guest memory is a window
 * of the host's address space, guest threads are host threads, and system calls are converted and
 * passed on.
 */
#ifndef ARMEMU_PROCESS_PROCESS_H
#define ARMEMU_PROCESS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/engine.h"
#include "frontend/arm/cpu/cpu.h"
#include "util/error.h"

/* Exit statuses for programs that cannot be started, as shells have them. */
enum { PROCESS_NOT_EXECUTABLE = 126, PROCESS_NOT_FOUND = 127 };

struct process_config {
    const char *path;        /* the program */
    char *const *argv;       /* its arguments, NULL-terminated; at least one */
    char *const *envp;       /* its environment */
    const char *prefix;      /* files are looked for under this directory first; NULL: nowhere */
    uint32_t stack_size;     /* bytes; 0: the host's limit */
    const struct arm_cpu_model *cpu_model;
    enum engine_accel accel;
    uint32_t host_features_mask;
    bool strace;             /* print system calls on stderr */
    FILE *perfmap;
    char *const *self;       /* how to run another ARM program: this program and its options,
                                NULL-terminated */
};

/**
 * Load and run the program. Does not return when it has been started: the host process ends as the
 * guest's does. When it cannot be started, @e says why and the exit status is returned.
 */
int process_run(const struct process_config *config, struct error *e);

#endif
