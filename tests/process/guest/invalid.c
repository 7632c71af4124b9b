/* Invalid floating-point operations, seldom and often, in two threads; and the signals SIGFPE and
 * SIGTRAP, which have nothing to do with them for the program. */
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int handled[65];

static void handler(int sig, siginfo_t *info, void *context)
{
    (void)context;
    handled[sig]++;
    printf("signal %d code %d\n", sig, info->si_code);
}

static double double_of(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof(d));
    return d;
}

static uint64_t bits_of(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof(bits));
    return bits;
}

/* A sum over the results of operations on NaNs of both kinds, infinities and numbers. */
static uint64_t compute(unsigned rounds)
{
    volatile double v[] = {0,
                           1,
                           -2,
                           1 / 0.0,
                           double_of(0x7ff0000000001234),
                           double_of(0xfff8000000005678),
                           double_of(0x7ff8000000009abc),
                           double_of(0xfff000000000def0)};
    enum { COUNT = sizeof(v) / sizeof(v[0]) };
    uint64_t sum = 0;
    for (unsigned n = 0; n < rounds; n++) {
        double a = v[n % COUNT], b = v[n / COUNT % COUNT], root;
        float c = (float)a, d = (float)b;
        __asm__ volatile("vsqrt.f64 %P0, %P1" : "=w"(root) : "w"(-b));
        sum = sum * 31 + bits_of(a + b) + 3 * bits_of(a - b) + 5 * bits_of(a * b) +
              7 * bits_of(a / b);
        sum += bits_of(root) + bits_of(c + d) + bits_of(c * d) + (uint64_t)(int)b + (a < b) +
               2 * (a == b);
    }
    return sum;
}

static void *thread(void *result)
{
    *(uint64_t *)result = compute(100000);
    return NULL;
}

static void values(void)
{
    uint64_t other;
    pthread_t t;
    feclearexcept(FE_ALL_EXCEPT);
    printf("%d ", !!fetestexcept(FE_INVALID));
    printf("%016llx ", (unsigned long long)compute(64));
    printf("%d\n", !!fetestexcept(FE_INVALID));
    pthread_create(&t, NULL, thread, &other);
    printf("%016llx\n", (unsigned long long)compute(100000));
    pthread_join(t, NULL);
    printf("%016llx\n", (unsigned long long)other);
}

static void signals(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGFPE);
    sigaddset(&set, SIGTRAP);
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    raise(SIGFPE);
    raise(SIGTRAP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGFPE);
    raise(SIGTRAP);
    raise(SIGFPE);
    sigpending(&pending);
    printf("pending %d %d %d\n", sigismember(&pending, SIGFPE), sigismember(&pending, SIGTRAP),
           sigismember(&pending, SIGINT));
    printf("%016llx\n", (unsigned long long)compute(64));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    printf("handled %d %d\n", handled[SIGFPE], handled[SIGTRAP]);
    signal(SIGFPE, SIG_IGN);
    raise(SIGFPE);
}

static void deaths(void)
{
    static const int list[] = {SIGFPE, SIGTRAP};
    for (unsigned k = 0; k < 2; k++) {
        int status;
        if (!fork()) {
            signal(list[k], SIG_DFL);
            compute(8);
            kill(getpid(), list[k]);
            _exit(0);
        }
        wait(&status);
        printf("ended by %d\n", WTERMSIG(status));
    }
}

int main(void)
{
    setbuf(stdout, NULL);
    values();
    signals();
    deaths();
    return 0;
}
