/*
 * Names within the granted folder. The kernel resolves them (openat2 with RESOLVE_BENEATH), so that
 * neither "..", nor absolute names, nor links lead out of it, also when somebody changes the folder
 * meanwhile. Kernels and sandboxes without openat2 get a walk that follows no links at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "semihosting/internal.h"

/* Names that begin with the folder's own absolute name mean the same file. */
static const char *relative_name(const struct semihosting *sh, const char *name)
{
    size_t len = sh->root_path ? strlen(sh->root_path) : 0;
    if (len && !strncmp(name, sh->root_path, len) && name[len] == '/')
        name += len + strspn(name + len, "/");
    return name;
}

/* As openat, component by component, following no link. */
static int walk_open(int root, const char *name, int flags)
{
    char part[256];
    int dir = dup(root);
    while (dir >= 0) {
        size_t len = strcspn(name, "/");
        const char *rest = name + len + strspn(name + len, "/");
        if (len >= sizeof(part)) {
            errno = ENAMETOOLONG;
            break;
        }
        memcpy(part, name, len);
        part[len] = 0;
        if (!len || !strcmp(part, "..")) {
            errno = len ? EXDEV : ENOENT;
            break;
        }
        int fd = openat(dir, part, *rest ? O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
                                         : flags | O_NOFOLLOW, 0666);
        int error = errno;
        close(dir);
        errno = error;
        if (!*rest)
            return fd;
        dir = fd;
        name = rest;
    }
    if (dir >= 0) {
        int error = errno;
        close(dir);
        errno = error;
    }
    return -1;
}

static int open_beneath(int root, const char *name, int flags)
{
    const struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .mode = flags & O_CREAT ? 0666 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    if (name[0] == '/') {
        errno = EXDEV;
        return -1;
    }
    long fd = syscall(SYS_openat2, root, name, &how, sizeof(how));
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        fd = walk_open(root, name, flags | O_CLOEXEC);
    return (int)fd;
}

static int granted(const struct semihosting *sh, bool change)
{
    errno = sh->root < 0 ? EACCES : EROFS;
    return sh->root >= 0 && !(change && sh->readonly);
}

static int outside_is_forbidden(int result)
{
    if (result < 0 && errno == EXDEV)
        errno = EACCES;
    return result;
}

int semihosting_root_open(const struct semihosting *sh, const char *name, int flags)
{
    struct stat st;
    if (!granted(sh, (flags & O_ACCMODE) != O_RDONLY))
        return -1;
    int fd = outside_is_forbidden(
        open_beneath(sh->root, relative_name(sh, name), flags | O_NONBLOCK | O_NOCTTY));
    if (fd < 0)
        return -1;
    /* Devices, pipes and folders are not files of a program. */
    bool known = fstat(fd, &st) == 0;
    if (known && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    errno = known && S_ISDIR(st.st_mode) ? EISDIR : EACCES;
    return -1;
}

/* Open the folder that @name lies in, and find the last part of the name. */
static int open_parent(const struct semihosting *sh, const char *name, const char **last)
{
    char folder[SEMIHOSTING_NAME_MAX + 1];
    name = relative_name(sh, name);
    const char *slash = strrchr(name, '/');
    *last = slash ? slash + 1 : name;
    if (!**last || !strcmp(*last, ".") || !strcmp(*last, "..")) {
        errno = **last ? EACCES : *name ? EISDIR : ENOENT;
        return -1;
    }
    if (slash == name) {
        errno = EACCES;
        return -1;
    }
    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - name) : 1, slash ? name : ".");
    return outside_is_forbidden(open_beneath(sh->root, folder, O_PATH | O_DIRECTORY));
}

static int close_keeping(int fd, int result)
{
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

int semihosting_root_remove(const struct semihosting *sh, const char *name)
{
    const char *last;
    int dir = granted(sh, true) ? open_parent(sh, name, &last) : -1;
    return dir < 0 ? -1 : close_keeping(dir, unlinkat(dir, last, 0));
}

int semihosting_root_rename(const struct semihosting *sh, const char *from, const char *to)
{
    const char *old_name, *new_name;
    int old_dir = granted(sh, true) ? open_parent(sh, from, &old_name) : -1;
    if (old_dir < 0)
        return -1;
    int new_dir = open_parent(sh, to, &new_name);
    if (new_dir < 0)
        return close_keeping(old_dir, -1);
    int result = renameat(old_dir, old_name, new_dir, new_name);
    return close_keeping(old_dir, close_keeping(new_dir, result));
}
