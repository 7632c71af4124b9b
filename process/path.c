/* File names under the prefix (-L). */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process/internal.h"

const char *path_find(const struct process *p, const char *path, char *buf)
{
    const char *prefix = p->config.prefix;
    if (!prefix || path[0] != '/' || strnlen(path, PATH_MAX) + strlen(prefix) >= PATH_MAX)
        return path;
    snprintf(buf, PATH_MAX, "%s%s", prefix, path);
    return faccessat(AT_FDCWD, buf, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? buf : path;
}
