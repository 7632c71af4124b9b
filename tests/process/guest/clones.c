/* clone: namespaces, what parent and child share, other signals than SIGCHLD at the end, and none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int usr1;

static void handler(int sig)
{
    usr1++;
}

static long make(unsigned long flags)
{
    fflush(stdout);
    return syscall(SYS_clone, flags, 0, 0, 0, 0);
}

static void report(const char *what, long pid, int options)
{
    int status = 0;
    if (pid < 0) {
        printf("%s: %s\n", what, strerror(errno));
        return;
    }
    long r = waitpid(pid, &status, options);
    printf("%s: %d, status %x\n", what, r == pid, status);
}

/* ---- in the same memory, beside the parent --------------------------------------------------- */

static _Atomic int turn;
static volatile int counted, own_number, parents_number;
static char *volatile mapped;

static int takes_turns(void *rounds)
{
    for (int i = 0; i < (int)(long)rounds; i++) {
        while (turn != 1)
            sched_yield();
        counted++;
        turn = 0;
    }
    _exit(counted == (int)(long)rounds ? 21 : 22);
}

static int opens(void *extra)
{
    close(*(int *)extra);
    _exit(dup2(1, 98) == 98 ? 23 : 24);
}

static int maps(void *unused)
{
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(p + 4096, "of the child");
    mapped = p + 4096;
    signal(SIGUSR1, SIG_IGN); /* its own affair */
    _exit(own_number == getpid() && parents_number == own_number ? 25 : 26);
}

static int executes(void *unused)
{
    execl("/bin/sh", "sh", "-c", "exit 27", NULL);
    _exit(28);
}

static int waits(void *unused)
{
    turn = 1;
    for (;;)
        pause();
}

static int nothing(void *unused)
{
    _exit(29);
}

static long beside(int (*main)(void *), void *argument, int flags)
{
    static char stacks[8][65536] __attribute__((aligned(16)));
    static int next;
    fflush(stdout);
    return clone(main, stacks[next++ % 8] + sizeof(stacks[0]), CLONE_VM | flags, argument,
                 &parents_number, NULL, &own_number);
}

static void memory(void)
{
    enum { ROUNDS = 200 };
    long pid = beside(takes_turns, (void *)ROUNDS, SIGCHLD);
    for (int i = 0; i < ROUNDS && pid > 0; i++) {
        turn = 1;
        while (turn != 0)
            sched_yield();
    }
    report("beside", pid, 0);
    printf("counted %d\n", counted);
    int extra = open("/dev/null", O_RDONLY);
    report("files of both", beside(opens, &extra, CLONE_FILES | SIGCHLD), 0);
    printf("closed %d, opened %d\n", close(extra) < 0 && errno == EBADF, close(98) == 0);
    usr1 = 0;
    pid = beside(maps, NULL,
                 CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD);
    report("maps", pid, 0);
    while (own_number) /* cleared at the end */
        usleep(1000);
    printf("%s, number %d\n", mapped, parents_number == pid);
    raise(SIGUSR1);
    printf("signals %d\n", usr1);
    report("executes", beside(executes, NULL, SIGCHLD), 0);
    report("executes, signal", beside(executes, NULL, SIGUSR1), __WALL);
    printf("signals %d\n", usr1); /* SIGCHLD, since it has executed a program */
    report("no signal", beside(nothing, NULL, 0), __WALL);
    turn = 0;
    pid = beside(waits, NULL, SIGCHLD);
    while (!turn)
        usleep(1000);
    kill(pid, SIGTERM);
    report("ended", pid, 0);
}

int main(void)
{
    struct utsname before, after;
    int fds[2];
    long pid;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGUSR1, handler);
    if (!(pid = make(SIGUSR1)))
        _exit(1);
    report("not by wait", pid, 0);
    report("USR1", pid, __WCLONE);
    printf("signals %d\n", usr1);
    if (!(pid = make(0)))
        _exit(2);
    report("no signal", pid, __WALL);
    printf("signals %d\n", usr1);
    if (!(pid = make(CLONE_FS | SIGCHLD))) {
        chdir("/usr");
        umask(0123);
        _exit(4);
    }
    report("fs", pid, 0);
    char dir[64] = "";
    getcwd(dir, sizeof(dir));
    printf("%s %o\n", dir, umask(022));
    int extra = open("/dev/null", O_RDONLY);
    if (!(pid = make(CLONE_FILES | SIGCHLD))) {
        close(extra);
        _exit(dup2(1, 99) == 99 ? 13 : 14);
    }
    report("files", pid, 0);
    printf("closed %d, opened %d\n", close(extra) < 0 && errno == EBADF, close(99) == 0);
    uname(&before);
    if (!(pid = make(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWPID | SIGCHLD))) {
        int ok = getpid() == 1 && sethostname("inside", 6) == 0;
        uname(&after);
        pid_t inner = fork();
        if (!inner)
            _exit(getpid() == 2 && getppid() == 1 ? 6 : 7);
        int status;
        waitpid(inner, &status, 0);
        _exit(ok && !strcmp(after.nodename, "inside") && WEXITSTATUS(status) == 6 ? 5 : 9);
    }
    report("namespaces", pid, 0);
    uname(&after);
    printf("same name %d\n", !strcmp(before.nodename, after.nodename));
    pipe(fds);
    if (!(pid = make(CLONE_VFORK |
                     SIGCHLD))) { /* the parent waits, though it has memory of its own */
        usleep(20000);
        write(fds[1], "x", 1);
        _exit(8);
    }
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    printf("waited %d\n", read(fds[0], dir, 1) == 1);
    report("vfork", pid, 0);
    pid = make(CLONE_NEWNS | CLONE_FS | SIGCHLD);
    if (!pid)
        _exit(10);
    report("namespace that is shared", pid, 0);
    pid = make(CLONE_SIGHAND | SIGCHLD);
    if (!pid)
        _exit(11);
    report("handlers without memory", pid, 0);
    pid = make(CLONE_THREAD | SIGCHLD);
    if (!pid)
        _exit(12);
    report("thread without handlers", pid, 0);
    memory();
    return 0;
}
