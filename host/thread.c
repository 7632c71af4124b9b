#include "host/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>

#include "util/bits.h"

void host_lock_take(const struct host_lock *l)
{
    if (l && l->lock)
        l->lock(l->opaque);
}

void host_lock_release(const struct host_lock *l)
{
    if (l && l->unlock)
        l->unlock(l->opaque);
}

static void mutex_lock(void *opaque)
{
    pthread_mutex_lock(opaque);
}

static void mutex_unlock(void *opaque)
{
    pthread_mutex_unlock(opaque);
}

struct host_lock host_lock_of_mutex(pthread_mutex_t *mutex)
{
    return (struct host_lock){mutex_lock, mutex_unlock, mutex};
}

static void outside_signals(sigset_t *set)
{
    static const int signals[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                  SIGTSTP, SIGCONT, SIGCHLD, SIGWINCH};
    sigemptyset(set);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        sigaddset(set, signals[i]);
}

struct thread_start_info {
    void *(*run)(void *opaque);
    void *opaque;
    char name[16];
};

/* A thread names itself: to name others takes a file of /proc. */
static void *thread_main(void *opaque)
{
    struct thread_start_info info = *(struct thread_start_info *)opaque;
    free(opaque);
    prctl(PR_SET_NAME, info.name);
    return info.run(info.opaque);
}

bool thread_start(pthread_t *thread, const char *name, void *(*run)(void *opaque), void *opaque,
                  struct error *e)
{
    sigset_t blocked, old;
    struct thread_start_info *info = malloc(sizeof(*info));
    if (!info)
        abort();
    *info = (struct thread_start_info){.run = run, .opaque = opaque};
    snprintf(info->name, sizeof(info->name), "%s", name);
    outside_signals(&blocked);
    pthread_sigmask(SIG_BLOCK, &blocked, &old);
    int rc = pthread_create(thread, NULL, thread_main, info);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc) {
        free(info);
        errno = rc;
        return error_set_errno(e, "cannot start thread '%s'", name);
    }
    return true;
}

void host_random(void *buf, size_t len)
{
    uint8_t *p = buf;
    while (len) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            perror("armemu: no random numbers from the host");
            abort();
        }
        p += n;
        len -= (size_t)n;
    }
}

void host_rng_init(struct host_rng *r)
{
    *r = (struct host_rng){0};
}

void host_rng_seed(struct host_rng *r, uint64_t seed)
{
    *r = (struct host_rng){.seeded = 1, .state = seed};
}

/* The splitmix64 generator: a counter with a fixed odd step, mixed. */
static uint64_t rng_next(struct host_rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void host_rng_fill(struct host_rng *r, void *buf, size_t len)
{
    if (!r->seeded) {
        host_random(buf, len);
        return;
    }
    uint8_t *p = buf;
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = rng_next(r);
        memcpy(p + i, &word, len - i < 8 ? len - i : 8);
    }
}
