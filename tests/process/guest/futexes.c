/* Futexes: bitsets, requeues, operations at waking, priority inheritance, robust lists, the C
 * library's locks. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __arm__
#define NR_FUTEX 422 /* times of 64 bits */
#else
#define NR_FUTEX SYS_futex
#endif
struct time64 {
    int64_t sec, nsec;
};

static long futex(volatile uint32_t *a, int op, uint32_t v, const void *time, volatile uint32_t *b,
                  uint32_t v3)
{
    return syscall(NR_FUTEX, a, op, v, time, b, v3);
}

static void show(const char *what, long r)
{
    printf("%s %ld%s%s\n", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
}

static volatile uint32_t word, other;
static volatile int waiting, woken;

static struct time64 from_now(int clock, int ms)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (struct time64){now.tv_sec + (now.tv_nsec + ms * 1000000ll) / 1000000000,
                           (now.tv_nsec + ms * 1000000ll) % 1000000000};
}

static void *wait_for_bits(void *bits)
{
    __sync_fetch_and_add(&waiting, 1);
    futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, (uintptr_t)bits);
    __sync_fetch_and_add(&woken, 1);
    return NULL;
}

static void until(volatile int *what, int value)
{
    while (*what < value)
        usleep(500);
    usleep(20000); /* in the kernel by now */
}

static void bitsets(void)
{
    pthread_t t[3];
    for (uintptr_t i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, wait_for_bits, (void *)(1 << i));
    until(&waiting, 3);
    show("none", futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 8));
    show("one", futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 2));
    show("moved", futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, (void *)9, &other, 0));
    show("not the value",
         futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, (void *)9, &other, 1));
    show("here", futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 9, NULL, NULL, 0));
    /* other += 5, and if it was 0 two of its waiters */
    show("operation", futex(&word, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, (void *)2, &other,
                            FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0)));
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    printf("woken %d, other %u\n", woken, other);
    show("no bits", futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
}

static void times(void)
{
    struct time64 t = {0, 1000000}, bad = {0, 1000000000};
    show("relative", futex(&word, FUTEX_WAIT, 0, &t, NULL, 0));
    t = from_now(CLOCK_MONOTONIC, 2);
    show("absolute", futex(&word, FUTEX_WAIT_BITSET, 0, &t, NULL, FUTEX_BITSET_MATCH_ANY));
    t = from_now(CLOCK_REALTIME, 2);
    show("real", futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, NULL,
                       FUTEX_BITSET_MATCH_ANY));
    show("other value", futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0));
    show("nonsense", futex(&word, FUTEX_WAIT, 0, &bad, NULL, 0));
    show("not aligned", futex((void *)((uintptr_t)&word + 1), FUTEX_WAIT, 0, &t, NULL, 0));
    show("nowhere", futex((void *)64, FUTEX_WAIT, 0, NULL, NULL, 0));
    show("no command", futex(&word, 77, 0, NULL, NULL, 0));
}

static volatile uint32_t lock;

static void *contend(void *arg)
{
    struct time64 soon = from_now(CLOCK_REALTIME, 10);
    long r = futex(&lock, FUTEX_LOCK_PI, 0, &soon, NULL, 0);
    show("held", r);
    waiting = 1;
    r = futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
    show("got it", r);
    printf("mine %d\n", (lock & FUTEX_TID_MASK) == (uint32_t)syscall(SYS_gettid));
    show("unlock", futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    return arg;
}

static void inheritance(void)
{
    pthread_t t;
    waiting = 0;
    show("lock", futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    show("deadlock", futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    pthread_create(&t, NULL, contend, NULL);
    until(&waiting, 1);
    printf("waiters %d\n", (lock & FUTEX_WAITERS) != 0);
    long r = futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
    pthread_join(t, NULL);
    show("unlocked", r);
    show("trylock", futex(&lock, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
    futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
    show("not mine", futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
}

static pthread_mutex_t mutex;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turns;

static void *take_turns(void *arg)
{
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&mutex);
        while (turns % 4 != (intptr_t)arg)
            pthread_cond_wait(&cond, &mutex);
        turns++;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void library(void)
{
    pthread_mutexattr_t attr;
    pthread_t t[4];
    for (int protocol = PTHREAD_PRIO_NONE; protocol <= PTHREAD_PRIO_INHERIT; protocol++) {
        turns = 0;
        pthread_mutexattr_init(&attr);
        pthread_mutexattr_setprotocol(&attr, protocol);
        pthread_mutex_init(&mutex, &attr);
        for (intptr_t i = 0; i < 4; i++)
            pthread_create(&t[i], NULL, take_turns, (void *)i);
        for (int i = 0; i < 4; i++)
            pthread_join(t[i], NULL);
        printf("turns %d\n", turns);
    }
}

struct shared {
    pthread_mutex_t mutex;
    pthread_barrier_t barrier;
    sem_t sem;
};

/* A process dies with a lock that others wait for. */
static void robust(int protocol)
{
    struct shared *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attr;
    pthread_barrierattr_t battr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setprotocol(&attr, protocol);
    pthread_mutex_init(&s->mutex, &attr);
    pthread_barrierattr_init(&battr);
    pthread_barrierattr_setpshared(&battr, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&s->barrier, &battr, 2);
    sem_init(&s->sem, 1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_mutex_lock(&s->mutex);
        pthread_barrier_wait(&s->barrier);
        sem_wait(&s->sem);
        usleep(20000);
        _exit(0);
    }
    pthread_barrier_wait(&s->barrier);
    sem_post(&s->sem);
    int r = pthread_mutex_lock(&s->mutex);
    printf("owner dead %d\n", r == EOWNERDEAD);
    printf("consistent %d\n", pthread_mutex_consistent(&s->mutex));
    pthread_mutex_unlock(&s->mutex);
    printf("again %d\n", pthread_mutex_lock(&s->mutex));
    waitpid(pid, NULL, 0);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    bitsets();
    times();
    inheritance();
    library();
    robust(PTHREAD_PRIO_NONE);
    robust(PTHREAD_PRIO_INHERIT);
    return 0;
}
