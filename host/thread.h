/* Threads, the device lock as an interface, and random numbers from the host. */
#ifndef ARMEMU_HOST_THREAD_H
#define ARMEMU_HOST_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/** A lock that the caller supplies: the event loop holds it around callbacks ("device lock"). */
struct host_lock {
    void (*lock)(void *opaque);
    void (*unlock)(void *opaque);
    void *opaque;
};

/** Take and release @l; both do nothing where @l or its function is NULL. */
void host_lock_take(const struct host_lock *l);
void host_lock_release(const struct host_lock *l);

/** A struct host_lock that is the given mutex. */
struct host_lock host_lock_of_mutex(pthread_mutex_t *mutex);

/**
 * Start a thread that runs @run(@opaque); it is to be joined with pthread_join. @name (cut to 15
 * bytes) shows in ps and debuggers. Signals that are sent to the process from outside (SIGINT,
 * SIGTERM, SIGTSTP, ...) are blocked in the new thread, so that the main thread gets them.
 */
bool thread_start(pthread_t *thread, const char *name, void *(*run)(void *opaque), void *opaque,
                  struct error *e);

/** A source of random bytes: the host's, or a reproducible sequence once seeded. */
struct host_rng {
    uint64_t seeded; /* 0: getrandom(2); 1: the sequence that state continues */
    uint64_t state;
};

/** Let @r give the host's random numbers. */
void host_rng_init(struct host_rng *r);

/** Let @r give the sequence that belongs to @seed: equal seeds, equal bytes, on every host. */
void host_rng_seed(struct host_rng *r, uint64_t seed);

/** Fill @buf with @len bytes of @r. A seeded source consumes its sequence in units of 8 bytes, and
 * is not thread-safe. */
void host_rng_fill(struct host_rng *r, void *buf, size_t len);

/** Fill @buf with @len bytes from the host's generator; aborts if the host has none. */
void host_random(void *buf, size_t len);

#endif
