#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read until the end or until more than @max bytes came (files such as /proc's state no size). */
static bool read_all(int fd, size_t max, uint8_t **data, size_t *size)
{
    size_t capacity = 64 * 1024, used = 0;
    uint8_t *buf = malloc(capacity);
    for (;;) {
        ssize_t n = buf ? read(fd, buf + used, capacity - 1 - used) : -1;
        if (n < 0 && buf && errno == EINTR)
            continue;
        if (n < 0) {
            free(buf);
            return false;
        }
        used += (size_t)n;
        if (n == 0 || used > max)
            break;
        if (used == capacity - 1) {
            uint8_t *bigger = realloc(buf, capacity *= 2);
            if (!bigger)
                free(buf);
            buf = bigger;
        }
    }
    buf[used] = 0;
    *data = buf;
    *size = used;
    return true;
}

bool file_read(const char *path, size_t max, uint8_t **data, size_t *size, struct error *e)
{
    *data = NULL;
    *size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(e, "cannot open '%s'", path);
    struct stat st;
    bool ok = true;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        ok = error_set(e, "'%s' is a directory", path);
    else if (!read_all(fd, max, data, size))
        ok = error_set_errno(e, "cannot read '%s'", path);
    else if (*size == 0)
        ok = error_set(e, "'%s' is empty", path);
    else if (*size > max)
        ok = error_set(e, "'%s' is too large: more than %zu bytes", path, max);
    close(fd);
    if (!ok) {
        free(*data);
        *data = NULL;
        *size = 0;
    }
    return ok;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    while (size) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

/* The permission bits of the file that is replaced; those of a new file are cut by the umask. */
static mode_t mode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_mode & 07777 : 0666;
}

/* A name beside @path for what is to be renamed. */
static bool temp_name(const char *path, unsigned attempt, char *temp, size_t temp_size)
{
    int n = snprintf(temp, temp_size, "%s.tmp-%d-%u", path, (int)getpid(), attempt);
    if (n >= 0 && (size_t)n < temp_size)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* A file in the folder of @path that has no name yet, so that it is gone if it does not become
 * complete; -1: file system or kernel have none. */
static int create_nameless(const char *path, mode_t mode)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = folder ? open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, mode) : -1;
    free(folder);
    return fd;
}

/* Give it one, which is written to @temp. */
static bool name_it(int fd, const char *path, char *temp, size_t temp_size)
{
    char self[64];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    for (unsigned attempt = 0; attempt < 100 && temp_name(path, attempt, temp, temp_size);
         attempt++) {
        if (linkat(AT_FDCWD, self, AT_FDCWD, temp, AT_SYMLINK_FOLLOW) == 0)
            return true;
        if (errno != EEXIST)
            break;
    }
    *temp = 0;
    return false;
}

/* Create a temporary file beside @path; its name is written to @temp. */
static int create_temp(const char *path, char *temp, size_t temp_size, mode_t mode)
{
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        if (!temp_name(path, attempt, temp, temp_size))
            return -1;
        int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* A device, a pipe, /dev/stdout: what is there stays what it is. */
static bool write_into(const char *path, const void *data, size_t size, struct error *e)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    bool ok = fd >= 0 && write_all(fd, data, size);
    int saved = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        saved = errno;
        ok = false;
    }
    errno = saved;
    return ok || error_set_errno(e, "cannot write '%s'", path);
}

static bool replace(const char *path, bool existed, const void *data, size_t size, struct error *e)
{
    char temp[4096] = "";
    mode_t mode = mode_of(path);
    int fd = access("/proc/self/fd", X_OK) == 0 ? create_nameless(path, mode) : -1;
    bool nameless = fd >= 0;
    if (!nameless)
        fd = create_temp(path, temp, sizeof(temp), mode);
    if (fd < 0)
        return error_set_errno(e, "cannot create a file beside '%s'", path);
    /* The umask has been applied on creation; an existing file's bits are taken as they are. */
    bool ok = (!existed || fchmod(fd, mode) == 0) && write_all(fd, data, size) && fsync(fd) == 0 &&
              (!nameless || name_it(fd, path, temp, sizeof(temp)));
    int saved = errno;
    if (close(fd) != 0 && ok) {
        saved = errno;
        ok = false;
    }
    if (ok && rename(temp, path) != 0) {
        saved = errno;
        ok = false;
    }
    if (!ok) {
        if (*temp)
            unlink(temp);
        errno = saved;
        return error_set_errno(e, "cannot write '%s'", path);
    }
    return true;
}

bool file_write_atomic(const char *path, const void *data, size_t size, struct error *e)
{
    struct stat st;
    bool existed = stat(path, &st) == 0;
    bool special = existed && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
    if (special || (existed && !strncmp(path, "/dev/", 5)))
        return write_into(path, data, size, e);
    char *target = existed ? realpath(path, NULL) : NULL; /* a link goes on leading to it */
    bool ok = replace(target ? target : path, existed, data, size, e);
    free(target);
    return ok;
}

bool file_may_write(const char *path, struct error *e)
{
    struct stat st;
    bool existed = stat(path, &st) == 0;
    if (existed && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return error_set_errno(e, "cannot write '%s'", path);
    }
    if (existed && !S_ISREG(st.st_mode))
        return access(path, W_OK) == 0 || error_set_errno(e, "cannot write '%s'", path);
    char *target = existed ? realpath(path, NULL) : NULL;
    const char *name = target ? target : path, *slash = strrchr(name, '/');
    char *folder = slash ? strndup(name, (size_t)(slash - name) + 1) : strdup(".");
    bool ok = (folder && access(folder, W_OK | X_OK) == 0) ||
              error_set_errno(e, "cannot create a file beside '%s'", path);
    free(folder);
    free(target);
    return ok;
}
