/* Threads: mutexes, condition variables, atomics, TLS, signals, fork. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 20000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long count;
static int turn;
static __thread long own;
static _Atomic int number;
static _Atomic uint64_t wide;
static volatile int got;
static sem_t sem;

static void *worker(void *opaque)
{
    long id = (long)opaque;
    own = id;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        count++;
        pthread_mutex_unlock(&mutex);
        number++;
        wide += 0x100000001ull;
    }
    pthread_mutex_lock(&mutex);
    while (turn != id)
        pthread_cond_wait(&cond, &mutex);
    printf("thread %ld, own %ld\n", id, own);
    turn++;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    return (void *)(id * 10);
}

static void on_signal(int sig)
{
    got++;
}

static void *wait_for_signal(void *opaque)
{
    while (!got)
        usleep(1000);
    return NULL;
}

static void *poster(void *opaque)
{
    for (int i = 0; i < 1000; i++)
        sem_post(&sem);
    return NULL;
}

static pthread_mutex_t robust;

static void *dies_with_lock(void *opaque)
{
    pthread_mutex_lock(&robust);
    return NULL;
}

static void *late(void *opaque)
{
    usleep(50000);
    printf("after main\n");
    fflush(stdout);
    return NULL;
}

int main(void)
{
    pthread_t t[THREADS];
    long sum = 0;
    for (long i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, worker, (void *)i);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(t[i], &result);
        sum += (long)result;
    }
    printf("%ld %ld %d %llx\n", count, sum, number, (unsigned long long)wide);
    signal(SIGUSR1, on_signal);
    pthread_create(t, NULL, wait_for_signal, NULL);
    usleep(10000);
    pthread_kill(t[0], SIGUSR1);
    pthread_join(t[0], NULL);
    printf("signals %d\n", got);
    sem_init(&sem, 0, 0);
    pthread_create(&t[0], NULL, poster, NULL);
    pthread_create(&t[1], NULL, poster, NULL);
    for (int i = 0; i < 2000; i++)
        sem_wait(&sem);
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attr);
    pthread_create(t, NULL, dies_with_lock, NULL);
    pthread_join(t[0], NULL);
    printf("robust %d\n", pthread_mutex_lock(&robust));
    for (int i = 0; i < 100; i++) {
        pthread_create(t, NULL, poster, NULL);
        pthread_join(t[0], NULL);
    }
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        pthread_create(t, NULL, poster, NULL);
        pthread_join(t[0], NULL);
        _exit(5);
    }
    int status;
    waitpid(pid, &status, 0);
    printf("child %d\n", WEXITSTATUS(status));
    fflush(stdout);
    pthread_create(t, NULL, late, NULL);
    pthread_exit(NULL);
}
