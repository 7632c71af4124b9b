/* Signals: faults, nesting, masks, stacks, interrupted calls, default actions. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf out;
static volatile int count, depth, deepest;
static char *volatile expected;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    printf("signal %d code %d address %s\n", sig, info->si_code,
           info->si_addr == expected ? "right" : "wrong");
    siglongjmp(out, 1);
}

static void on_usr1(int sig)
{
    depth++;
    if (depth > deepest)
        deepest = depth;
    if (++count < 4)
        raise(SIGUSR1);
    depth--;
}

static char *stack_start;

static void on_usr2(int sig, siginfo_t *info, void *context)
{
    char local;
    ucontext_t *uc = context;
    printf("usr2 code %d self %d on stack %d context %d\n", info->si_code,
           info->si_pid == getpid(), &local > stack_start && &local < stack_start + 65536,
           uc->uc_mcontext.arm_sp != 0);
    if (info->si_code == SI_QUEUE)
        printf("value %d\n", info->si_value.sival_int);
}

static void on_alarm(int sig)
{
    count = 100;
}

static void on_illegal(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    printf("illegal %d\n", sig);
    uc->uc_mcontext.arm_pc += 4;
    uc->uc_mcontext.arm_r0 = 42;
}

__attribute__((noinline, target("arm"))) static int illegal(void)
{
    register int r asm("r0");
    asm volatile("udf #7" : "=r"(r));
    return r;
}

/* Values that live in registers across a signal must survive, VFP's too. */
static double sum_with_signals(void)
{
    double a = 1, b = 0.5, c = 0;
    struct itimerval timer = {{0, 1000}, {0, 1000}}, off = {{0}};
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &timer, NULL);
    for (int i = 0; i < 3000000; i++) {
        c += a * b;
        a += 0.25;
    }
    setitimer(ITIMER_REAL, &off, NULL);
    return c;
}

static void action(int sig, void *handler, int flags)
{
    struct sigaction sa = {.sa_flags = flags};
    sa.sa_handler = handler;
    sigaction(sig, &sa, NULL);
}

static void faults(void)
{
    char *p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    action(SIGSEGV, on_fault, SA_SIGINFO);
    action(SIGBUS, on_fault, SA_SIGINFO);
    if (!sigsetjmp(out, 1))
        *(expected = (void *)0x1234) = 1;
    if (!sigsetjmp(out, 1))
        printf("%d", *(expected = (void *)0xdeadbeef));
    if (!sigsetjmp(out, 1))
        *(expected = p + 4100) = 1;
    expected = p;
    if (!sigsetjmp(out, 1))
        ((void (*)(void))(p))();
    expected = (char *)out + 1;
    if (!sigsetjmp(out, 1))
        asm volatile("ldrexd r2, r3, [%0]" ::"r"(expected) : "r2", "r3");
    munmap(p, 8192);
    if (!sigsetjmp(out, 1))
        asm volatile("ldm %0, {r2, r3, r4}" ::"r"(expected = p + 4) : "r2", "r3", "r4");
    action(SIGILL, on_illegal, SA_SIGINFO);
    printf("illegal %d\n", illegal());
}

static void masks(void)
{
    sigset_t set, old, pending;
    stack_t stack = {.ss_sp = stack_start = malloc(65536), .ss_size = 65536};
    union sigval value = {.sival_int = 77};
    sigaltstack(&stack, NULL);
    action(SIGUSR2, on_usr2, SA_SIGINFO | SA_ONSTACK);
    sigqueue(getpid(), SIGUSR2, value);
    kill(getpid(), SIGUSR2);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR2);
    sigpending(&pending);
    printf("blocked, pending %d\n", sigismember(&pending, SIGUSR2));
    struct timespec ts = {1, 0};
    siginfo_t info;
    printf("sigtimedwait %d\n", sigtimedwait(&set, &info, &ts) == SIGUSR2);
    raise(SIGUSR2);
    sigdelset(&old, SIGUSR2);
    printf("sigsuspend %d %d\n", sigsuspend(&old), errno == EINTR);
    sigprocmask(SIG_SETMASK, &old, NULL);
    action(SIGUSR1, on_usr1, SA_NODEFER);
    count = 0;
    raise(SIGUSR1);
    printf("nested: %d, depth %d\n", count, deepest);
    action(SIGUSR1, on_usr1, SA_RESETHAND);
    count = 4;
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    printf("reset %d\n", now.sa_handler == SIG_DFL);
}

static void interruptions(void)
{
    struct itimerval soon = {.it_value = {0, 50000}};
    int p[2], r;
    char c = 0;
    pipe(p);
    action(SIGALRM, on_alarm, 0);
    setitimer(ITIMER_REAL, &soon, NULL);
    count = 0;
    while (count != 100)
        ;
    printf("loop interrupted\n");
    setitimer(ITIMER_REAL, &soon, NULL);
    r = read(p[0], &c, 1);
    printf("read %d %s\n", r, strerror(errno));
    setitimer(ITIMER_REAL, &soon, NULL);
    struct timespec ts = {5, 0}, rest = {0};
    r = nanosleep(&ts, &rest);
    printf("nanosleep %d %s, rest %d\n", r, strerror(errno), rest.tv_sec >= 4);
    action(SIGALRM, on_alarm, SA_RESTART);
    if (!fork()) {
        usleep(300000);
        write(p[1], "x", 1);
        _exit(0);
    }
    setitimer(ITIMER_REAL, &soon, NULL);
    r = read(p[0], &c, 1);
    printf("restarted read %d %c\n", r, c);
    wait(NULL);
}

/* Calls that do not wait are never interrupted, however many signals arrive around them. */
static int failures_in_storm(void)
{
    struct itimerval often = {{0, 100}, {0, 100}}, none = {{0, 0}, {0, 0}};
    int failures = 0;
    action(SIGALRM, on_alarm, 0);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 100000; i++)
        failures += kill(getpid(), 0) != 0;
    setitimer(ITIMER_REAL, &none, NULL);
    return failures;
}

static int death(int sig)
{
    int status;
    pid_t pid = fork();
    if (!pid) {
        signal(sig, SIG_DFL);
        if (sig == SIGSEGV)
            *(volatile int *)8 = 1;
        if (sig == SIGILL)
            illegal();
        raise(sig);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    faults();
    masks();
    interruptions();
    printf("sum %.2f\n", sum_with_signals());
    printf("failures %d\n", failures_in_storm());
    printf("deaths %d %d %d %d\n", death(SIGSEGV), death(SIGILL), death(SIGTERM), death(SIGUSR2));
    return 0;
}
