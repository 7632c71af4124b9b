/* fork, exec, wait, pipes, limits. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void show(int status)
{
    if (WIFEXITED(status))
        printf("exit %d\n", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        printf("signal %d\n", WTERMSIG(status));
    else if (WIFSTOPPED(status))
        printf("stopped %d\n", WSTOPSIG(status));
    fflush(stdout);
}

static void exec_self(const char *self, char *const *argv)
{
    int status;
    pid_t pid;
    fflush(stdout);
    if (!(pid = fork())) {
        execv(self, argv);
        _exit(99);
    }
    waitpid(pid, &status, 0);
    show(status);
}

int main(int argc, char **argv)
{
    int status, p[2];
    pid_t pid;
    char buf[100];
    struct rusage usage;
    siginfo_t info;
    if (argc > 1 && !strcmp(argv[1], "child")) {
        printf("child %s of %s, %s\n", argv[2], argv[0], getenv("TEST_CHILD") ?: "-");
        fflush(stdout);
        return 42;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    setenv("TEST_CHILD", "variable", 1);
    exec_self("/proc/self/exe", (char *[]){"renamed", "child", "one", NULL});
    exec_self(argv[0], (char *[]){argv[0], "child", "two", NULL});
    exec_self("/nonexistent", (char *[]){"x", NULL});
    pipe(p);
    fflush(stdout);
    if (!(pid = fork())) {
        dup2(p[1], 1);
        execl(argv[0], argv[0], "child", "in a pipe", NULL);
        _exit(99);
    }
    close(p[1]);
    int n = 0, r;
    while ((r = read(p[0], buf + n, sizeof(buf) - n)) > 0)
        n += r;
    wait4(pid, &status, 0, &usage);
    printf("read %d: %.*s", n, n > 8 ? 8 : n, buf);
    printf(" cpu %d\n", usage.ru_utime.tv_sec < 60);
    show(status);
    pid = vfork();
    if (!pid)
        _exit(7);
    waitid(P_PID, pid, &info, WEXITED);
    printf("waitid %d code %d status %d\n", info.si_pid == pid, info.si_code, info.si_status);
    posix_spawn(&pid, argv[0], NULL, NULL, (char *[]){argv[0], "child", "spawned", NULL}, environ);
    waitpid(pid, &status, 0);
    show(status);
    fflush(stdout);
    printf("system %d\n", WEXITSTATUS(system("exit 9")));
    if (!(pid = fork())) {
        raise(SIGSTOP);
        _exit(4);
    }
    waitpid(pid, &status, WUNTRACED);
    show(status);
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    show(status);
    if (!(pid = fork()))
        abort();
    waitpid(pid, &status, 0);
    show(status);
    if (!(pid = fork()))
        for (;;)
            ;
    usleep(10000);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    show(status);
    printf("no child %d %s\n", wait(NULL), strerror(errno));
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    printf("limit %d", setrlimit(RLIMIT_NOFILE, &limit));
    getrlimit(RLIMIT_NOFILE, &limit);
    printf(" %ld\n", (long)limit.rlim_cur);
    prctl(PR_SET_NAME, "tester");
    memset(buf, 0, 16);
    prctl(PR_GET_NAME, buf);
    printf("name %s\n", buf);
    return 0;
}
