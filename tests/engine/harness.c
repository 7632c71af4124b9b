#include "tests/engine/harness.h"

#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "machines/machine.h"

struct watchdog {
    struct vm *vm;
    uint32_t seconds;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop, may_hang;
};

enum { HANG_SECONDS = 4 }; /* for guests that may hang */

/* Wait that long, or until the guest has ended. The lock is held. */
static void watchdog_wait(struct watchdog *w, uint32_t seconds)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += seconds;
    while (!w->stop && !pthread_cond_timedwait(&w->wake, &w->lock, &end)) {
    }
}

static void *watchdog_main(void *opaque)
{
    struct watchdog *w = opaque;
    uint32_t may_hang = 0;
    pthread_mutex_lock(&w->lock);
    watchdog_wait(w, HANG_SECONDS);
    vm_read_phys(w->vm, PROTOCOL_RESULT + offsetof(struct result, may_hang), &may_hang, 4);
    w->may_hang = may_hang == 1;
    if (!w->may_hang && w->seconds > HANG_SECONDS)
        watchdog_wait(w, w->seconds - HANG_SECONDS);
    if (!w->stop)
        vm_quit(w->vm, HARNESS_HUNG);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static double seconds(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int run_watched(struct vm *vm, uint32_t limit, struct guest_outcome *out)
{
    struct watchdog w = {.vm = vm, .seconds = limit};
    pthread_t thread;
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.wake, NULL);
    if (pthread_create(&thread, NULL, watchdog_main, &w))
        return HARNESS_ERROR;
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    int status = vm_run(vm);
    out->cpu_seconds = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    out->wall_seconds = seconds(CLOCK_MONOTONIC) - wall;
    pthread_mutex_lock(&w.lock);
    w.stop = true;
    pthread_cond_signal(&w.wake);
    pthread_mutex_unlock(&w.lock);
    pthread_join(thread, NULL);
    out->may_hang = w.may_hang;
    pthread_mutex_destroy(&w.lock);
    pthread_cond_destroy(&w.wake);
    return status;
}

static void print_cpus(struct vm *vm)
{
    for (uint32_t i = 0; i < vm_cpu_count(vm); i++) {
        fprintf(stderr, "CPU %u:\n", i);
        vm_print_cpu(vm, i, stderr);
    }
}

static bool build(struct vm *vm, const struct guest_run *run, struct error *e)
{
    static const uint32_t slowness[] = {
        [ENGINE_JIT] = 1, [ENGINE_INTERP] = 20, [ENGINE_LOCKSTEP] = 50};
    char text[PATH_MAX + 32], param[4][64];
    const uint32_t value[4] = {run->test, run->cpus, slowness[run->accel], run->seed};
    struct vm_config config = {
        .machine = machine_find("virt", e),
        .cpu_model = "cortex-a15",
        .cpu_count = run->cpus,
        .ram_size = 128 << 20,
        .accel = run->accel,
        .cache_size = run->cache_size,
        .no_reboot = true,
    };
    for (unsigned i = 0; i < 4; i++) {
        snprintf(param[i], sizeof(param[i]), "addr=0x%x,data=%u,data-len=4",
                 PROTOCOL_PARAMS + 4 * i, value[i]);
        config.boot.loader[config.boot.loader_count++] = param[i];
    }
    snprintf(text, sizeof(text), "file=%s", run->program);
    config.boot.loader[config.boot.loader_count++] = text;
    struct chardev *serial = chardev_open(vm_chardevs(vm), "null", "serial0", NULL, e);
    return config.machine && serial && vm_build(vm, &config, &serial, 1, e);
}

bool harness_run(const struct guest_run *run, struct guest_outcome *out)
{
    struct error e = {0};
    *out = (struct guest_outcome){.status = HARNESS_ERROR};
    struct vm *vm = vm_new(&e);
    if (!vm || !build(vm, run, &e)) {
        fprintf(stderr, "%s: %s\n", run->program, e.text);
        vm_free(vm);
        return false;
    }
    out->status = run_watched(vm, run->seconds, out);
    vm_read_phys(vm, PROTOCOL_RESULT, &out->result, sizeof(out->result));
    out->result.name[sizeof(out->result.name) - 1] = 0;
    out->differences = vm_lockstep_differences(vm);
    vm_stats_get(vm, &out->stats);
    if (out->status && !out->may_hang)
        print_cpus(vm);
    vm_free(vm);
    return true;
}

bool harness_accel(const char *name, enum engine_accel *accel)
{
    static const char *const names[] = {[ENGINE_JIT] = "jit", [ENGINE_INTERP] = "interp",
                                        [ENGINE_LOCKSTEP] = "lockstep"};
    for (unsigned i = 0; i < 3; i++)
        if (!strcmp(name, names[i]))
            return *accel = (enum engine_accel)i, true;
    return false;
}
