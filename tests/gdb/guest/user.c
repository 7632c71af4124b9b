/* A program with threads and signals for the debugger to look at. Its argument says how it ends. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

volatile int counter, handled, last_signal;
int shared[3];
double real = 2.25;
static __thread int tls_value = 7;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    last_signal = sig;
    handled++;
}

int add(int a, int b)
{
    return a + b;
}

void body(int i)
{
    counter = add(counter, i);
}

void *worker(void *p)
{
    int n = *(int *)p;
    tls_value = 100 + n;
    for (int i = 0; i < 1000; i++)
        __atomic_add_fetch(&shared[n], 1, __ATOMIC_SEQ_CST);
    return NULL;
}

void threads_done(void)
{
}

static void run_threads(void)
{
    pthread_t t[3];
    int n[3] = {0, 1, 2};
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, worker, &n[i]);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
}

volatile int stay = 1;
volatile unsigned spins[2];

void *spinner(void *p)
{
    volatile unsigned *n = p;
    while (stay)
        ++*n;
    return NULL;
}

static void spin(void)
{
    pthread_t t[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, spinner, (void *)&spins[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    printf("spun %d\n", spins[0] && spins[1]);
}

/* Each in a page of its own. */
__attribute__((noinline, aligned(4096))) static unsigned elsewhere(unsigned n)
{
    __asm__ volatile("");
    return n + 1;
}

__attribute__((noinline, aligned(4096))) static unsigned further(unsigned n)
{
    __asm__ volatile("");
    return n + 2;
}

__attribute__((aligned(4096))) static void hot(void)
{
    volatile unsigned n = 0;
    printf("%x %x %x\n", (unsigned)&n, (unsigned)elsewhere & ~1u, (unsigned)further & ~1u);
    fflush(stdout);
    for (;;)
        n = further(elsewhere(n));
}

static void end(const char *how)
{
    int status;
    char c;
    if (!strcmp(how, "segv")) {
        *(volatile int *)4 = 1;
    } else if (!strcmp(how, "fork")) {
        if (!fork()) {
            body(1);
            _exit(5);
        }
        wait(&status);
        printf("child %d\n", WEXITSTATUS(status));
    } else if (!strcmp(how, "read") || !strcmp(how, "deaf")) {
        sigset_t all;
        sigfillset(&all);
        if (!strcmp(how, "deaf"))
            sigprocmask(SIG_SETMASK, &all, NULL);
        status = (int)read(0, &c, 1);
        printf("read %d\n", status);
    } else if (!strcmp(how, "sleep")) {
        struct timespec t = {1000, 0};
        status = nanosleep(&t, NULL);
        printf("sleep %d %d\n", status, errno == EINTR);
    } else if (!strcmp(how, "spin")) {
        spin();
    } else if (!strcmp(how, "hot")) {
        hot();
    } else if (!strcmp(how, "close")) {
        for (int fd = 3; fd < 1024; fd++)
            close(fd);
        printf("file %d\n", dup(1));
    }
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < 2000; i++)
        body(i & 15);
    run_threads();
    threads_done();
    raise(SIGUSR1);
    printf("counter %d shared %d handled %d tls %d\n", counter, shared[0] + shared[1] + shared[2],
           handled, tls_value);
    fflush(stdout);
    if (argc > 1)
        end(argv[1]);
    fflush(stdout);
    return 3;
}
