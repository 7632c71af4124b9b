/* Where translated code is kept from one run of a program to the next: a file per program in a
 * directory of the user's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/internal.h"
#include "util/hash.h"

enum { DIRECTORY_BYTES_MAX = 512 << 20 };

/* What the code depends on besides the pages that it was made from, and what tells programs apart.
 */
static struct hash128 program_key(const struct process_config *c, const struct stat *s)
{
    const uint64_t key[] = {
        s->st_dev, s->st_ino, (uint64_t)s->st_size, (uint64_t)s->st_mtim.tv_sec,
        (uint64_t)s->st_mtim.tv_nsec, arm_cpu_model_index(c->cpu_model), c->host_features_mask,
    };
    return hash128(key, sizeof(key));
}

/* The directory and those above it, for the user alone. */
static bool make_directory(const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        abort();
    for (char *p = copy + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        mkdir(copy, 0700);
        *p = '/';
    }
    free(copy);
    struct stat s;
    return (mkdir(path, 0700) == 0 || errno == EEXIST) && stat(path, &s) == 0 &&
           S_ISDIR(s.st_mode) && s.st_uid == geteuid() && !(s.st_mode & (S_IWGRP | S_IWOTH));
}

char *code_store_path(const struct process_config *c)
{
    struct stat s;
    char *path;
    if (!c->code_store || c->accel != ENGINE_JIT || stat(c->path, &s) != 0 ||
        !S_ISREG(s.st_mode) || !make_directory(c->code_store))
        return NULL;
    struct hash128 key = program_key(c, &s);
    const char *slash = strrchr(c->path, '/');
    if (asprintf(&path, "%s/%.64s-%016llx", c->code_store, slash ? slash + 1 : c->path,
                 (unsigned long long)key.low) < 0)
        abort();
    return path;
}

/* Remove the file that was written the longest ago when all have more than DIRECTORY_BYTES_MAX. */
void code_store_prune(const struct process_config *c)
{
    DIR *dir = opendir(c->code_store);
    const struct dirent *d;
    struct stat s;
    char oldest[sizeof(d->d_name)] = "";
    time_t oldest_time = 0;
    off_t total = 0;
    if (!dir)
        return;
    while ((d = readdir(dir))) {
        if (fstatat(dirfd(dir), d->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(s.st_mode))
            continue;
        total += s.st_size;
        if (!*oldest || s.st_mtime < oldest_time) {
            snprintf(oldest, sizeof(oldest), "%s",
                     d->d_name); /* it may be shorter than its array */
            oldest_time = s.st_mtime;
        }
    }
    if (total > DIRECTORY_BYTES_MAX)
        unlinkat(dirfd(dir), oldest, 0);
    closedir(dir);
}
