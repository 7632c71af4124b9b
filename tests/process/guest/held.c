/* Signals that an emulator must not let the kernel block, sent while they are blocked: who waits
 * for them, or looks, finds them. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int signals[] = {SIGTRAP, SIGFPE, SIGBUS, SIGSEGV};
enum { COUNT = sizeof(signals) / sizeof(signals[0]), ROUNDS = 20 };
static const struct timespec seconds = {20, 0}, none = {0, 0};

static volatile int handled, handled_signal;

static void handler(int sig)
{
    handled++;
    handled_signal = sig;
}

static int is_pending(int sig)
{
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, sig);
}

static void set_of(sigset_t *set, int sig)
{
    sigemptyset(set);
    sigaddset(set, sig);
}

static void waits(int sig, const sigset_t *set)
{
    siginfo_t info;
    union sigval value = {.sival_int = 1234};
    raise(sig);
    printf("%d: pending %d", sig, is_pending(sig));
    printf(", taken %d code %d", sigtimedwait(set, &info, &seconds), info.si_code);
    printf(", pending %d", is_pending(sig));
    printf(", again %d\n", sigtimedwait(set, &info, &none));
    sigqueue(getpid(), sig, value);
    int taken = sigtimedwait(set, &info, &seconds);
    printf("   queued: taken %d code %d value %d\n", taken, info.si_code, info.si_value.sival_int);
    pid_t sender = fork();
    if (!sender) {
        printf("   child: pending %d\n", is_pending(sig));
        usleep(50000); /* most often the parent waits by now */
        kill(getppid(), sig);
        _exit(0);
    }
    taken = sigtimedwait(set, &info, &seconds);
    printf("   of the child: taken %d code %d\n", taken, info.si_code);
    waitpid(sender, NULL, 0);
}

static void descriptor(int sig, const sigset_t *set)
{
    struct signalfd_siginfo info;
    int fd = signalfd(-1, set, SFD_NONBLOCK);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    printf("   nothing: %d", poll(&p, 1, 0));
    raise(sig);
    printf(", ready: %d", poll(&p, 1, 20000));
    memset(&info, 0, sizeof(info));
    int got = read(fd, &info, sizeof(info));
    printf(", read %d signal %d, pending %d\n", got, info.ssi_signo, is_pending(sig));
    pid_t sender = fork();
    if (!sender) {
        usleep(50000);
        kill(getppid(), sig);
        _exit(0);
    }
    got = poll(&p, 1, 20000);
    printf("   of the child: ready %d", got);
    got = read(fd, &info, sizeof(info));
    printf(", read %d, pending %d\n", got, is_pending(sig));
    waitpid(sender, NULL, 0);
    close(fd);
}

static void suspends(int sig, const sigset_t *set)
{
    sigset_t now;
    handled = 0;
    raise(sig);
    sigprocmask(SIG_BLOCK, NULL, &now);
    sigdelset(&now, sig);
    int r = sigsuspend(&now);
    printf("   suspended %d, handled %d\n", r, handled);
    raise(sig);
    printf("   held %d", handled);
    sigprocmask(SIG_UNBLOCK, set, NULL);
    printf(", let through %d, signal %d\n", handled, handled_signal == sig);
    sigprocmask(SIG_BLOCK, set, NULL);
}

/* A thread waits while another one computes: the signal to the process is the former's. */
static atomic_int computing, stop;

static void *compute(void *opaque)
{
    volatile unsigned n = 0;
    atomic_store(&computing, 1);
    while (!atomic_load(&stop))
        n++;
    return NULL;
}

static atomic_int taken;

static void *wait_for(void *opaque)
{
    siginfo_t info;
    for (int i = 0; i < ROUNDS; i++) {
        int sig = sigtimedwait(opaque, &info, &seconds);
        if (sig < 0)
            printf("not taken\n");
        atomic_fetch_add(&taken, 1);
    }
    return NULL;
}

static void threads(void)
{
    pthread_t computer, waiter;
    sigset_t set;
    pthread_create(&computer, NULL, compute, NULL);
    while (!atomic_load(&computing))
        ;
    for (int i = 0; i < COUNT; i++) {
        set_of(&set, signals[i]);
        atomic_store(&taken, 0);
        pthread_create(&waiter, NULL, wait_for, &set);
        for (int k = 0; k < ROUNDS; k++) { /* each is taken before the next comes */
            kill(getpid(), signals[i]);
            while (atomic_load(&taken) == k)
                usleep(1000);
        }
        pthread_join(waiter, NULL);
        printf("%d: taken by a thread %d times\n", signals[i], taken);
    }
    atomic_store(&stop, 1);
    pthread_join(computer, NULL);
}

/* What waits goes on waiting in the program that is executed, and what is blocked stays so. */
static void executed(void)
{
    for (int i = 0; i < COUNT; i++)
        printf("executed: %d pending %d\n", signals[i], is_pending(signals[i]));
}

int main(int argc, char **argv)
{
    sigset_t set, all;
    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc > 1 && !strcmp(argv[1], "again")) {
        executed();
        return 0;
    }
    sigemptyset(&all);
    for (int i = 0; i < COUNT; i++) {
        signal(signals[i], handler);
        sigaddset(&all, signals[i]);
    }
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int i = 0; i < COUNT; i++) {
        set_of(&set, signals[i]);
        waits(signals[i], &set);
        descriptor(signals[i], &set);
        suspends(signals[i], &set);
    }
    threads();
    for (int i = 0; i < COUNT; i += 2)
        raise(signals[i]);
    execl("/proc/self/exe", "held", "again", NULL);
    return 1;
}
