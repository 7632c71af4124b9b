/* Runs a guest program in a VM of its own and hands its results back. */
#ifndef ARMEMU_TESTS_ENGINE_HARNESS_H
#define ARMEMU_TESTS_ENGINE_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "tests/engine/protocol.h"
#include "vm/vm.h"

struct guest_run {
    const char *program;      /* ELF file */
    enum engine_accel accel;
    uint32_t cpus;
    uint32_t cache_size;      /* 0: default */
    uint32_t test;            /* params.test */
    uint32_t seconds;         /* the guest is stopped then */
    uint32_t seed;            /* params.seed */
};

struct guest_outcome {
    int status;               /* of vm_run; HARNESS_HUNG */
    struct result result;
    struct vm_stats stats;
    uint64_t differences;     /* lockstep */
    bool may_hang;            /* the guest said so before it did anything else */
    double cpu_seconds, wall_seconds; /* of the whole process, while the guest ran */
};
enum { HARNESS_HUNG = 124, HARNESS_ERROR = 125 };

/** False, with a message on stderr, when the VM could not be built. */
bool harness_run(const struct guest_run *run, struct guest_outcome *out);

/** The accelerator called @name (jit, interp, lockstep); false if there is none. */
bool harness_accel(const char *name, enum engine_accel *accel);

#endif
