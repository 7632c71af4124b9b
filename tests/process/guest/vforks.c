/* Children in the memory of their parents: vfork, posix_spawn. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile int shared, handled;

static void show(const char *what, pid_t pid)
{
    int status = -1;
    pid_t r = waitpid(pid, &status, 0);
    printf("%s %d: ", what, r == pid);
    if (WIFEXITED(status))
        printf("exit %d\n", WEXITSTATUS(status));
    else
        printf("signal %d\n", WTERMSIG(status));
}

static void on_signal(int sig)
{
    handled += sig;
}

static void spawn(const char *what, const char *path, char **args,
                  const posix_spawn_file_actions_t *actions)
{
    pid_t pid;
    int r = posix_spawn(&pid, path, actions, NULL, args, environ);
    if (r)
        printf("%s: %s\n", what, strerror(r));
    else
        show(what, pid);
}

static void spawns(const char *self)
{
    posix_spawn_file_actions_t actions;
    char *args[] = {(char *)self, "child", NULL}, *none[] = {(char *)"nothing", NULL};
    fflush(stdout);
    spawn("spawn", self, args, NULL);
    spawn("missing", "/nowhere/nothing", none, NULL);
    spawn("directory", "/", none, NULL);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, 1);
    posix_spawn_file_actions_addopen(&actions, 1, "/nowhere/file", 0, 0);
    spawn("no file", self, args, &actions);
    posix_spawn_file_actions_destroy(&actions);
}

static void vforks(const char *self)
{
    pid_t parent = getpid(), pid = vfork();
    if (pid == 0) {
        shared = getppid() == parent && getpid() != parent ? 5 : 6;
        _exit(3);
    }
    printf("shared %d\n", shared);
    show("exit", pid);
    pid = vfork();
    if (pid == 0) {
        execl(self, self, "child", NULL);
        _exit(1);
    }
    show("exec", pid);
    pid = vfork();
    if (pid == 0) {
        execl("/nowhere/nothing", "nothing", NULL);
        shared = errno;
        _exit(127);
    }
    printf("errno %d\n", shared == ENOENT);
    show("failed exec", pid);
    pid = vfork();
    if (pid == 0) {
        kill(getpid(), SIGTERM);
        _exit(1);
    }
    show("killed", pid);
    pid = vfork();
    if (pid == 0) {
        *(volatile int *)8 = 1;
        _exit(1);
    }
    show("fault", pid);
}

/* Handlers and descriptors are the child's own. */
static void separate(void)
{
    signal(SIGUSR1, on_signal);
    int fd = dup(0);
    pid_t pid = vfork();
    if (pid == 0) {
        kill(getpid(), SIGUSR1);
        shared = handled;
        signal(SIGUSR1, SIG_IGN);
        close(fd);
        _exit(0);
    }
    show("separate", pid);
    printf("handled there %d\n", shared == SIGUSR1);
    kill(getpid(), SIGUSR1);
    printf("handled %d, still open %d\n", handled == 2 * SIGUSR1, dup2(fd, fd) == fd);
}

static int on_own_stack(void *arg)
{
    *(volatile int *)arg = getppid();
    return 9;
}

static void clones(void)
{
    char *stack = malloc(65536);
    int parent = 0;
    pid_t pid = clone(on_own_stack, stack + 65536, CLONE_VM | CLONE_VFORK | SIGCHLD, &parent);
    printf("parent %d\n", parent == getpid());
    show("clone", pid);
    pid = vfork();
    if (pid == 0) { /* a child of the child, in memory of its own */
        pid_t inner = fork();
        if (inner == 0) {
            shared = 1000;
            _exit(4);
        }
        int status;
        waitpid(inner, &status, 0);
        shared = WEXITSTATUS(status);
        _exit(0);
    }
    show("nested", pid);
    printf("inner %d\n", shared);
}

static volatile int stop;

static void *busy(void *arg)
{
    while (!stop)
        free(malloc(100));
    return NULL;
}

/* While other threads run. */
static void threads(const char *self)
{
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, busy, NULL);
    int good = 0;
    for (int i = 0; i < 20; i++) {
        char *args[] = {(char *)self, "quiet", NULL};
        pid_t pid;
        int status;
        if (posix_spawn(&pid, self, NULL, NULL, args, environ) == 0 &&
            waitpid(pid, &status, 0) == pid)
            good += status == 7 << 8;
    }
    stop = 1;
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    printf("good %d\n", good);
}

int main(int argc, char **argv)
{
    const struct rlimit none = {0, 0};
    if (argc == 2) {
        if (!strcmp(argv[1], "child"))
            printf("a child\n");
        return 7;
    }
    setrlimit(RLIMIT_CORE, &none);
    setvbuf(stdout, NULL, _IONBF, 0);
    spawns(argv[0]);
    vforks(argv[0]);
    separate();
    clones();
    threads(argv[0]);
    return 0;
}
