/*
 * The GDB stub of armemu-user. Its thread has a table of open files for itself alone, so that the
 * guest neither sees nor closes the debugger's, and what the guest closes is closed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/gdb.h"
#include "host/thread.h"

/* -g stdio: the debugger has started us. */
static bool on_stdio(const struct gdb_user *g)
{
    return !strcmp(g->spec, "stdio");
}

/* What the program has been started again with: the connection, where others can come, and the
 * session; the descriptors are -1 if there are none. */
struct beginnings {
    int connection, listener;
    unsigned session;
};

static struct beginnings inherited(const struct gdb_user *g)
{
    struct beginnings b = {-1, -1, 0};
    if (!strncmp(g->spec, GDB_AGAIN, strlen(GDB_AGAIN)) &&
        sscanf(g->spec + strlen(GDB_AGAIN), "%d:%d:%u", &b.connection, &b.listener, &b.session) < 3)
        b = (struct beginnings){-1, -1, 0};
    return b;
}

/* What the program is started again with. */
static void keep_beginnings(struct gdb_user *g)
{
    for (int fd = 0; fd < 2; fd++)
        g->streams[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    g->directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool is_kept(const struct gdb_user *g, int fd)
{
    const struct beginnings b = inherited(g);
    return fd == g->streams[0] || fd == g->streams[1] || fd == g->directory ||
           fd == b.connection || fd == b.listener;
}

/* Standard error stays, for messages, and what leads to the debugger. The others' numbers stay
 * taken, since streams may be shared. */
static bool separate_files(struct gdb_user *g, struct error *e)
{
    int first = on_stdio(g) ? STDERR_FILENO : 0;
    if (unshare(CLONE_FILES))
        return error_set_errno(e, "-g: files of the debugger's own");
    keep_beginnings(g);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    DIR *dir = opendir("/proc/self/fd");
    if (null < 0 || !dir)
        return error_set_errno(e, "-g: /proc/self/fd");
    for (struct dirent *entry; (entry = readdir(dir));) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd >= first && fd != STDERR_FILENO && fd != null &&
            fd != dirfd(dir) && !is_kept(g, fd))
            dup2(null, fd);
    }
    closedir(dir);
    close(null);
    return true;
}

static struct chardev *open_socket(struct gdb_user *g, int fd, struct error *e)
{
    char spec[48];
    snprintf(spec, sizeof(spec), "socket,id=gdb,fd=%d", fd);
    struct chardev *cd = chardev_add(g->chardevs, spec, e);
    return cd ? chardev_claim(cd, e) : NULL;
}

/* Debuggers make one socket of both, usually: then a hub can take it over. */
static struct chardev *open_stdio(struct gdb_user *g, struct error *e)
{
    struct stat in, out;
    bool one = !fstat(STDIN_FILENO, &in) && !fstat(STDOUT_FILENO, &out) && S_ISSOCK(in.st_mode) &&
               in.st_ino == out.st_ino;
    if (!one)
        return gdb_chardev_open(g->chardevs, g->spec, e);
    return open_socket(g, STDIN_FILENO, e);
}

static struct chardev *open_connection(struct gdb_user *g, const char *spec, struct error *e)
{
    if (on_stdio(g))
        return open_stdio(g, e);
    if (inherited(g).connection >= 0)
        return open_socket(g, inherited(g).connection, e);
    return gdb_chardev_open(g->chardevs, spec, e);
}

static bool open_stub(struct gdb_user *g, struct error *e)
{
    const struct host_lock lock = host_lock_of_mutex(process_debug_lock(g->target));
    char spec[512];
    bool port = g->spec[strspn(g->spec, "0123456789")] == 0;
    const struct beginnings b = inherited(g);
    bool named = on_stdio(g) || b.connection >= 0 || !strncmp(g->spec, "tcp:", 4) ||
                 !strncmp(g->spec, "unix:", 5) || !strncmp(g->spec, GDB_HUB, strlen(GDB_HUB));
    if (snprintf(spec, sizeof(spec), "%s%s", named ? "" : port ? "tcp::" : "unix:", g->spec) >=
        (int)sizeof(spec))
        return error_set(e, "-g: '%.20s...' is too long", g->spec);
    g->loop = loop_new(&lock, e);
    if (!g->loop)
        return false;
    g->chardevs = chardev_set_new(g->loop);
    g->chardev = open_connection(g, spec, e);
    if (!g->chardev)
        return false;
    g->stub = gdb_stub_new(g->chardev, &process_gdb_target, g->target, NULL);
    if (on_stdio(g) || (b.connection >= 0 && b.listener < 0))
        gdb_stub_once(g->stub);
    const struct gdb_listener listener = gdb_stub_listener(g->stub);
    if (!process_debug_listen(g->target, g->loop, &listener, e))
        return false;
    if (b.connection >= 0)
        gdb_stub_take_up(g->stub, b.session);
    return b.listener < 0 || chardev_socket_listen(g->chardev, b.listener, e);
}

static void *run(void *opaque)
{
    struct gdb_user *g = opaque;
    struct error e = {0};
    bool ok = separate_files(g, &e) && open_stub(g, &e);
    pthread_mutex_lock(&g->lock);
    g->error = e;
    g->failed = !ok;
    g->ready = true;
    pthread_cond_signal(&g->changed);
    pthread_mutex_unlock(&g->lock);
    if (ok)
        loop_run(g->loop);
    return NULL;
}

/* The program reads nothing, and writes to standard error. */
static bool give_up_stdio(struct error *e)
{
    int null = open("/dev/null", O_RDONLY);
    bool ok = null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO &&
              dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO;
    if (null > STDERR_FILENO)
        close(null);
    return ok || error_set_errno(e, "-g stdio");
}

static bool start(void *opaque, struct process_debug *d, struct error *e)
{
    struct gdb_user *g = opaque;
    sigset_t all, old;
    struct sigaction action;
    g->target = d;
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* the guest's threads get them */
    g->mask = old;
    sigemptyset(&g->ignored);
    for (int sig = 1; sig < NSIG; sig++)
        if (!sigaction(sig, NULL, &action) && action.sa_handler == SIG_IGN)
            sigaddset(&g->ignored, sig);
    bool started = thread_start(&g->thread, "gdb", run, g, e);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!started)
        return false;
    pthread_mutex_lock(&g->lock);
    while (!g->ready)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
    if (g->failed)
        *e = g->error;
    const struct beginnings b = inherited(g); /* the guest's copies */
    if (b.connection >= 0)
        close(b.connection);
    if (b.listener >= 0)
        close(b.listener);
    return !g->failed && (!on_stdio(g) || give_up_stdio(e));
}

/* What was written last leaves, and a socket's path goes, if it is still ours. */
static void end(void *opaque)
{
    struct gdb_user *g = opaque;
    chardev_attach(g->chardev, NULL, NULL);
    chardev_set_free(g->chardevs);
}

/* ---- a debugger for several processes -------------------------------------------------------- */

static int hub_listen(char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint64_t key;
    if (getrandom(&key, sizeof(key), 0) != sizeof(key))
        return -1;
    snprintf(name, PROCESS_HUB_MAX, GDB_HUB "armemu-gdb-%d-%016llx", (int)getpid(),
             (unsigned long long)key);
    const char *path = name + strlen(GDB_HUB);
    strcpy(address.sun_path + 1, path); /* in the abstract namespace */
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 64) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* A grandchild that nobody waits for, and a child between that the guest does not see: it sends no
 * signal. Behind a fork of a process with threads only system calls are safe. */
static bool hub_start(int debugger, int stub, int listener, enum gdb_session session)
{
    char numbers[48];
    const int fds[] = {debugger, stub, listener};
    snprintf(numbers, sizeof(numbers), "%d,%d,%d,%d", debugger, stub, listener, (int)session);
    char *const argv[] = {(char *)"armemu-user", (char *)GDB_HUB_OPTION, numbers, NULL},
                *const envp[] = {NULL};
    int status = -1;
    long between = syscall(SYS_clone, 0l, NULL, NULL, NULL, NULL);
    if (between == 0) {
        long hub = syscall(SYS_clone, (long)SIGCHLD, NULL, NULL, NULL, NULL);
        if (hub == 0) {
            for (unsigned i = 0; i < 3; i++)
                fcntl(fds[i], F_SETFD, 0);
            setsid();
            execve("/proc/self/exe", argv, envp);
            _exit(1);
        }
        _exit(hub < 0);
    }
    return between > 0 && waitpid((pid_t)between, &status, __WCLONE) == between && status == 0;
}

/* The hub takes the debugger's connection, and the stub talks to the hub. */
static bool share(void *opaque, char *name)
{
    struct gdb_user *g = opaque;
    int pair[2];
    enum gdb_session session = gdb_stub_session(g->stub);
    if (session == GDB_SESSION_OWN || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return false;
    int listener = hub_listen(name);
    int debugger = listener < 0 ? -1 : chardev_socket_exchange(g->chardev, pair[0]);
    bool ok = debugger >= 0 && hub_start(debugger, pair[1], listener, session);
    if (debugger >= 0 && !ok)
        pair[0] = chardev_socket_exchange(g->chardev, debugger);
    else if (debugger >= 0)
        close(debugger);
    if (!ok)
        close(pair[0]);
    close(pair[1]);
    if (listener >= 0)
        close(listener);
    return ok;
}

static bool join(void *opaque, struct process_debug *d, const char *name, struct error *e)
{
    struct gdb_user *g = opaque;
    g->spec = name;
    g->ready = g->failed = false;
    return start(g, d, e);
}

/* ---- the program once more ------------------------------------------------------------------- */

/* As it was when the program was started, but for what leads to the debugger. */
static void restore_beginnings(const struct gdb_user *g, int connection, int listener)
{
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, sigismember(&g->ignored, sig) > 0 ? SIG_IGN : SIG_DFL);
    for (int timer = ITIMER_REAL; timer <= ITIMER_PROF; timer++)
        setitimer(timer, &(struct itimerval){0}, NULL);
    sigprocmask(SIG_SETMASK, &g->mask, NULL);
    for (int fd = 0; fd < 2; fd++)
        dup2(g->streams[fd], fd);
    fchdir(g->directory);
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    fcntl(connection, F_SETFD, 0);
    if (listener >= 0)
        fcntl(listener, F_SETFD, 0);
}

static void again(void *opaque, unsigned session)
{
    struct gdb_user *g = opaque;
    char spec[48];
    int pair[2];
    if (on_stdio(g) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return;
    int connection = chardev_socket_exchange(g->chardev, pair[0]);
    if (connection < 0) {
        close(pair[0]);
        close(pair[1]);
        return;
    }
    int listener = chardev_socket_release(g->chardev);
    end(g);
    snprintf(spec, sizeof(spec), GDB_AGAIN "%d:%d:%u", connection, listener, session);
    restore_beginnings(g, connection, listener);
    process_debug_again(g->target, spec);
    fprintf(stderr, "armemu-user: the program cannot be started again: %s\n", strerror(errno));
    _exit(PROCESS_NOT_EXECUTABLE);
}

static bool stays(void *opaque)
{
    struct gdb_user *g = opaque;
    return !on_stdio(g) && gdb_stub_stays(g->stub);
}

struct process_debugger gdb_user_debugger(struct gdb_user *g)
{
    bool hub = g->spec && !strncmp(g->spec, GDB_HUB, strlen(GDB_HUB));
    return (struct process_debugger){
        .start = start, .end = end, .share = share, .join = join, .again = again, .stays = stays,
        .optional = hub, .opaque = g};
}
