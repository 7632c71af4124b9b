/*
 * The GDB stub of armemu-user. Its thread has a table of open files for itself alone, so that the guest
 * neither sees nor closes the debugger's, and what the guest closes is closed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/gdb.h"
#include "host/thread.h"

/* Standard error stays, for messages. The others' numbers stay taken, since streams may be shared. */
static bool separate_files(struct error *e)
{
    if (unshare(CLONE_FILES))
        return error_set_errno(e, "-g: files of the debugger's own");
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    DIR *dir = opendir("/proc/self/fd");
    if (null < 0 || !dir)
        return error_set_errno(e, "-g: /proc/self/fd");
    for (struct dirent *entry; (entry = readdir(dir));) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd != STDERR_FILENO && fd != null && fd != dirfd(dir))
            dup2(null, fd);
    }
    closedir(dir);
    close(null);
    return true;
}

static bool open_stub(struct gdb_user *g, struct error *e)
{
    const struct host_lock lock = host_lock_of_mutex(process_debug_lock(g->target));
    char spec[512];
    bool port = g->spec[strspn(g->spec, "0123456789")] == 0;
    bool named = !strncmp(g->spec, "tcp:", 4) || !strncmp(g->spec, "unix:", 5);
    if (snprintf(spec, sizeof(spec), "%s%s", named ? "" : port ? "tcp::" : "unix:", g->spec) >=
        (int)sizeof(spec))
        return error_set(e, "-g: '%.20s...' is too long", g->spec);
    g->loop = loop_new(&lock, e);
    if (!g->loop)
        return false;
    g->chardevs = chardev_set_new(g->loop);
    g->chardev = gdb_chardev_open(g->chardevs, spec, e);
    if (!g->chardev)
        return false;
    g->stub = gdb_stub_new(g->chardev, &process_gdb_target, g->target, NULL);
    const struct gdb_listener listener = gdb_stub_listener(g->stub);
    return process_debug_listen(g->target, g->loop, &listener, e);
}

static void *run(void *opaque)
{
    struct gdb_user *g = opaque;
    struct error e = {0};
    bool ok = separate_files(&e) && open_stub(g, &e);
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

static bool start(void *opaque, struct process_debug *d, struct error *e)
{
    struct gdb_user *g = opaque;
    sigset_t all, old;
    g->target = d;
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* the guest's threads get them */
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
    return !g->failed;
}

/* What was written last leaves, and a socket's path goes. */
static void end(void *opaque)
{
    struct gdb_user *g = opaque;
    chardev_attach(g->chardev, NULL, NULL);
    chardev_set_free(g->chardevs);
}

struct process_debugger gdb_user_debugger(struct gdb_user *g)
{
    return (struct process_debugger){.start = start, .end = end, .opaque = g};
}
