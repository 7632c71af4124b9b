#include "app/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

/* What an earlier process left is overwritten only once the lock is ours. */
static bool lock_and_write(int fd)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    return flock(fd, LOCK_EX | LOCK_NB) == 0 && ftruncate(fd, 0) == 0 &&
           write(fd, text, (size_t)len) == len;
}

int pidfile_open(const char *path, struct error *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0 && lock_and_write(fd))
        return fd;
    if (fd >= 0 && errno == EWOULDBLOCK)
        error_set(e, "-pidfile: '%s' is that of a process that still runs", path);
    else
        error_set_errno(e, "-pidfile: cannot write '%s'", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

void pidfile_close(const char *path, int fd)
{
    if (fd < 0)
        return;
    unlink(path);
    close(fd);
}
