/* What signals tell, in which order they come, stacks that are given up, timers, children,
 * descriptors. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static void show(const char *what, long r)
{
    printf("%s %ld%s%s\n", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
}

static void install(int sig, void (*f)(int, siginfo_t *, void *), int flags)
{
    struct sigaction act = {.sa_sigaction = f, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&act.sa_mask);
    sigaction(sig, &act, NULL);
}

static siginfo_t seen[64];
static volatile int count;

static void note(int sig, siginfo_t *info, void *context)
{
    seen[count++ % 64] = *info;
}

/* ---- queues ---------------------------------------------------------------------------------- */

static void queues(void)
{
    sigset_t set, old;
    sigemptyset(&set);
    for (int i = 0; i < 4; i++) {
        install(SIGRTMIN + i, note, 0);
        sigaddset(&set, SIGRTMIN + i);
    }
    install(SIGUSR1, note, 0);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    for (int i = 0; i < 9; i++) /* each is kept, and lower numbers come first */
        sigqueue(getpid(), SIGRTMIN + 3 - i % 4, (union sigval){.sival_int = i});
    for (int i = 0; i < 3; i++) /* but of these there is one */
        kill(getpid(), SIGUSR1);
    count = 0;
    sigprocmask(SIG_SETMASK, &old, NULL);
    for (int i = 0; i < count; i++) /* handlers nest: what was delivered last runs first */
        printf("%d/%d/%d ", seen[i].si_signo - SIGRTMIN, seen[i].si_code,
               seen[i].si_code == SI_QUEUE ? seen[i].si_int : -1);
    printf("\n");
    show("null signal", kill(getpid(), 0));
    show("bad signal", kill(getpid(), 65));
    show("nobody", kill(0x3ffffff, SIGUSR1));
    show("kill cannot be caught",
         sigaction(SIGKILL, &(struct sigaction){.sa_handler = SIG_IGN}, NULL));
}

static volatile int order[16], ordered;

static void nest(int sig, siginfo_t *info, void *context)
{
    sigset_t now;
    order[ordered++ % 16] = sig;
    sigprocmask(SIG_BLOCK, NULL, &now);
    order[ordered++ % 16] = sigismember(&now, SIGUSR1) | sigismember(&now, SIGUSR2) << 1 |
                            sigismember(&now, SIGHUP) << 2;
    if (sig == SIGUSR1)
        raise(SIGUSR2);
    order[ordered++ % 16] = -sig;
}

static void masks(void)
{
    struct sigaction act = {.sa_sigaction = nest, .sa_flags = SA_SIGINFO};
    sigemptyset(&act.sa_mask);
    sigaddset(&act.sa_mask, SIGHUP);
    sigaction(SIGUSR1, &act, NULL);
    sigemptyset(&act.sa_mask);
    sigaction(SIGUSR2, &act, NULL);
    raise(SIGUSR1);
    for (int i = 0; i < ordered; i++)
        printf("%d ", order[i]);
    printf("\n");
}

/* ---- stacks ---------------------------------------------------------------------------------- */

static char *stack;
enum { STACK = 65536 };

static void on_stack(int sig, siginfo_t *info, void *context)
{
    stack_t now;
    char local;
    sigaltstack(NULL, &now);
    printf("on it %d, flags %x, size %d\n", &local > stack && &local < stack + STACK, now.ss_flags,
           (int)now.ss_size);
    now.ss_flags = 0;
    show("change", sigaltstack(&now, NULL));
    if (sig == SIGUSR1)
        raise(SIGUSR2);
}

static void stacks(void)
{
    stack_t s = {.ss_sp = stack = malloc(STACK), .ss_size = STACK}, old;
    install(SIGUSR1, on_stack, SA_ONSTACK);
    install(SIGUSR2, on_stack, SA_ONSTACK);
    show("set", sigaltstack(&s, &old));
    printf("before %x\n", old.ss_flags);
    raise(SIGUSR1);
    s.ss_flags = SS_AUTODISARM;
    show("set", sigaltstack(&s, NULL));
    raise(SIGUSR2);
    sigaltstack(NULL, &old);
    printf("armed again %x %d\n", old.ss_flags, old.ss_sp == stack && old.ss_size == STACK);
    s.ss_flags = 0;
    s.ss_size = 100;
    show("small", sigaltstack(&s, NULL));
    s.ss_flags = 77;
    show("flags", sigaltstack(&s, NULL));
    s.ss_flags = SS_DISABLE;
    show("off", sigaltstack(&s, NULL));
}

/* ---- faults ---------------------------------------------------------------------------------- */

static sigjmp_buf out;
static void *at;

static void fault(int sig, siginfo_t *info, void *context)
{
    printf("%d code %d address %d\n", sig, info->si_code, info->si_addr == at);
    siglongjmp(out, 1);
}

static void faults(void)
{
    int fd = memfd_create("short", 0);
    ftruncate(fd, 4096);
    volatile char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    install(SIGSEGV, fault, SA_NODEFER);
    install(SIGBUS, fault, 0);
    install(SIGTRAP, note, 0);
    at = (void *)(p + 5000);
    if (!sigsetjmp(out, 1))
        printf("%d\n", p[5000]);
    if (!sigsetjmp(out, 1))
        p[5000] = 1;
    ftruncate(fd, 0);
    at = (void *)p;
    if (!sigsetjmp(out, 1))
        printf("%d\n", p[0]);
    munmap((void *)p, 8192);
    if (!sigsetjmp(out, 1))
        p[0] = 1;
    p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    at = (void *)p;
    if (!sigsetjmp(out, 1))
        printf("%d\n", p[0]);
    at = NULL;
    if (!sigsetjmp(out, 1))
        raise(SIGSEGV); /* sent, not from an access: si_addr is the sender */
}

/* ---- timers, children, descriptors ----------------------------------------------------------- */

static void timers(void)
{
    timer_t t;
    struct sigevent ev = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 123};
    struct itimerspec often = {{0, 1000000}, {0, 1000000}}, once = {{0, 0}, {0, 1000000}}, left;
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, &old);
    count = 0;
    install(SIGRTMIN + 1, note, 0);
    show("create", timer_create(CLOCK_MONOTONIC, &ev, &t));
    timer_settime(t, 0, &often, NULL);
    usleep(20000);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    timer_gettime(t, &left);
    printf("code %d value %d overrun %d period %ld\n", seen[0].si_code, seen[0].si_int,
           seen[0].si_overrun > 3, left.it_interval.tv_nsec);
    show("overrun", timer_getoverrun(t) >= 0);
    show("delete", timer_delete(t));
    show("gone", timer_delete(t));
    ev.sigev_notify = SIGEV_THREAD_ID;
    ev._sigev_un._tid = syscall(SYS_gettid);
    count = 0;
    show("of a thread", timer_create(CLOCK_REALTIME, &ev, &t));
    timer_settime(t, 0, &once, NULL);
    while (!count)
        usleep(1000);
    printf("code %d\n", seen[0].si_code);
    struct itimerval value;
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){{9, 0}, {8, 0}}, NULL);
    getitimer(ITIMER_VIRTUAL, &value);
    printf("virtual %ld\n", (long)value.it_interval.tv_sec);
    show("alarm", alarm(10) + alarm(0));
}

static void wait_for(int n)
{
    for (int i = 0; i < 5000 && count < n; i++)
        usleep(1000);
}

static void children(void)
{
    int status;
    int p[2];
    char c;
    pipe(p);
    count = 0;
    install(SIGCHLD, note, 0);
    pid_t pid = fork();
    if (!pid) {
        raise(SIGSTOP);
        while (read(p[0], &c, 1) != 1)
            ;
        _exit(9);
    }
    wait_for(1);
    printf("code %d status %d pid %d\n", seen[0].si_code, seen[0].si_status, seen[0].si_pid == pid);
    show("stopped", waitpid(pid, &status, WUNTRACED) == pid);
    printf("%d by %d\n", WIFSTOPPED(status), WSTOPSIG(status));
    kill(pid, SIGCONT);
    waitpid(pid, &status, WCONTINUED);
    printf("continued %d\n", WIFCONTINUED(status));
    wait_for(2);
    write(p[1], "x", 1);
    while (waitpid(pid, &status, 0) != pid)
        ;
    for (int i = 0; i < 5000 && seen[count - 1].si_code != CLD_EXITED; i++)
        usleep(1000);
    printf("last code %d status %d\n", seen[count - 1].si_code, seen[count - 1].si_status);
    count = 0;
    pid = fork();
    if (!pid) {
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    waitpid(pid, &status, 0);
    wait_for(1);
    printf("killed %d code %d\n", WTERMSIG(status),
           seen[0].si_code == CLD_KILLED || seen[0].si_code == CLD_DUMPED);
    install(SIGCHLD, note, SA_NOCLDWAIT);
    if (!(pid = fork()))
        _exit(0);
    show("nobody to wait for", waitpid(pid, &status, 0));
    signal(SIGCHLD, SIG_DFL);
}

static void descriptors(void)
{
    int s[2];
    count = 0;
    install(SIGRTMIN + 2, note, 0);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    fcntl(s[0], F_SETOWN, getpid());
    fcntl(s[0], F_SETSIG, SIGRTMIN + 2);
    fcntl(s[0], F_SETFL, O_ASYNC | O_NONBLOCK);
    write(s[1], "x", 1);
    wait_for(1);
    printf("code %d fd %d band %d\n", seen[0].si_code, seen[0].si_fd == s[0],
           (seen[0].si_band & POLLIN) != 0);
    struct f_owner_ex owner;
    show("owner", fcntl(s[0], F_GETOWN_EX, &owner));
    printf("%d %d\n", owner.type, owner.pid == getpid());
    int p[2];
    pipe(p);
    close(p[0]);
    install(SIGPIPE, note, 0);
    count = 0;
    show("broken", write(p[1], "x", 1));
    printf("pipe %d\n", count);
}

static volatile int thread_got;

static void in_thread(int sig, siginfo_t *info, void *context)
{
    thread_got = syscall(SYS_gettid);
}

static void *sleeper(void *arg)
{
    *(volatile int *)arg = syscall(SYS_gettid);
    while (!thread_got)
        usleep(1000);
    return NULL;
}

static void threads(void)
{
    pthread_t t;
    volatile int tid = 0;
    sigset_t set;
    install(SIGUSR2, in_thread, 0);
    pthread_create(&t, NULL, sleeper, (void *)&tid);
    while (!tid)
        usleep(500);
    show("to a thread", pthread_kill(t, SIGUSR2));
    pthread_join(t, NULL);
    printf("there %d\n", thread_got == tid);
    sigfillset(&set);
    sigdelset(&set, SIGUSR2);
    thread_got = 0;
    kill(getpid(), SIGUSR2);
    while (!thread_got)
        usleep(500);
    show("no such thread", syscall(SYS_tgkill, getpid(), 1, SIGUSR2));
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    queues();
    masks();
    stacks();
    faults();
    timers();
    children();
    descriptors();
    threads();
    return 0;
}
