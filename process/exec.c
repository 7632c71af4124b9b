/* execve: ARM programs, and scripts for these, are run by this program again; others by the host.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/debug.h"
#include "process/syscall.h"

enum { STRINGS_MAX = 1 << 17, OPTIONS_ROOM = 8, LINE = 256, DEPTH_MAX = 4 };

/* The NULL-terminated array of strings at @addr, with @before free entries in front. Strings stay
 * where they are. -errno, or their number. */
static int strings_in(struct task *t, uint32_t addr, unsigned before, char ***out)
{
    const uint32_t *guest = guest_ptr0(t, addr);
    unsigned n = 0;
    while (guest && guest[n])
        if (++n == STRINGS_MAX)
            return -E2BIG;
    *out = calloc(before + n + 1, sizeof(**out));
    if (!*out)
        return -ENOMEM;
    for (unsigned i = 0; i < n; i++)
        (*out)[before + i] = guest_ptr(t, guest[i]);
    return (int)n;
}

enum file_kind { FILE_OTHER, FILE_ARM, FILE_SCRIPT };

static enum file_kind file_kind(const char *path, char *line)
{
    union {
        Elf32_Ehdr elf;
        char text[LINE];
    } head = {.text = ""};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FILE_OTHER;
    ssize_t n = pread(fd, head.text, sizeof(head.text) - 1, 0);
    close(fd);
    if (n > 2 && !memcmp(head.text, "#!", 2)) {
        memcpy(line, head.text, LINE);
        return FILE_SCRIPT;
    }
    if (n >= (ssize_t)sizeof(head.elf) && !memcmp(head.elf.e_ident, ELFMAG, SELFMAG) &&
        head.elf.e_ident[EI_CLASS] == ELFCLASS32 &&
        head.elf.e_machine == (head.elf.e_ident[EI_DATA] == ELFDATA2MSB ? EM_ARM << 8 : EM_ARM))
        return FILE_ARM;
    return FILE_OTHER;
}

/* Is the file, or the interpreter of the script, an ARM program? */
static bool is_for_us(const struct process *p, const char *path, unsigned depth)
{
    char line[LINE], found[PATH_MAX];
    switch (file_kind(path, line)) {
    case FILE_ARM:
        return true;
    case FILE_SCRIPT: {
        line[strcspn(line, "\n")] = 0;
        char *name = line + 2 + strspn(line + 2, " \t");
        name[strcspn(name, " \t")] = 0;
        return depth < DEPTH_MAX && is_for_us(p, path_find(p, name, found), depth + 1);
    }
    default:
        return false;
    }
}

/* Path of what (dirfd, path) names, for a program that is started later. */
static int64_t resolve(const struct process *p, int dirfd, const char *path, int flags, char *out)
{
    char found[PATH_MAX];
    if (procfs_is_exe(path))
        path = p->exe;
    if ((flags & AT_EMPTY_PATH) && !*path)
        snprintf(out, PATH_MAX, "/proc/self/fd/%d", dirfd);
    else if (*path == '/' || dirfd == AT_FDCWD)
        snprintf(out, PATH_MAX, "%s", path_find(p, path, found));
    else
        snprintf(out, PATH_MAX, "/proc/self/fd/%d/%.*s", dirfd, PATH_MAX - 32, path);
    struct stat st;
    if (stat(out, &st) != 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || access(out, X_OK) != 0)
        return -EACCES;
    return 0;
}

/* self and its options, those of the debugger at @hub if there is one, "-0" and the first argument,
 * the file, the other arguments. */
static char **self_arguments(const struct process *p, char **argv, unsigned argc, const char *path,
                             const char *hub)
{
    unsigned n = 0, k = 0;
    while (p->config.self[n])
        n++;
    char **v = calloc(n + argc + OPTIONS_ROOM, sizeof(*v));
    if (!v)
        return NULL;
    for (unsigned i = 0; i < n; i++)
        v[k++] = p->config.self[i];
    if (hub) {
        v[k++] = (char *)"-g";
        v[k++] = (char *)hub;
    }
    v[k++] = (char *)"-0";
    v[k++] = argc ? argv[0] : (char *)"";
    v[k++] = (char *)path;
    for (unsigned i = 1; i < argc; i++)
        v[k++] = argv[i];
    return v;
}

void process_debug_again(const struct process_debug *d, const char *debugger)
{
    const struct process_config *config = &d->process->config;
    unsigned argc = 0;
    while (config->argv[argc])
        argc++;
    char **self = self_arguments(d->process, (char **)config->argv, argc, config->path, debugger);
    if (self)
        execve("/proc/self/exe", self, config->envp);
    free(self);
}

static int64_t exec_self(struct task *t, const char *path, char **argv, unsigned argc, char **envp,
                         const char *hub)
{
    char **self = t->exec_arrays[2] = self_arguments(t->process, argv, argc, path, hub);
    int64_t r = self ? HOST3(t, SYS_execve, "/proc/self/exe", self, envp) : -ENOMEM;
    if (r == -ENOENT) /* another root, without /proc: the host's kernel may know about us */
        r = HOST3(t, SYS_execve, path, argv, envp);
    return r;
}

/* When binfmt_misc runs ARM programs by this program, the kernel does all that an execve means: set
 * user ids, scripts, the process's name. */
static int64_t exec_file(struct task *t, const char *path, char **argv, unsigned argc, char **envp)
{
    const struct process *p = t->process;
    bool ours = is_for_us(p, path, 0);
    const char *hub = ours ? debug_exec(t) : NULL;
    if (hub || (!p->config.by_kernel && ours))
        return exec_self(t, path, argv, argc, envp, hub);
    int64_t r = HOST3(t, SYS_execve, path, argv, envp);
    if (r == -ENOEXEC && p->config.by_kernel && ours) /* it does no longer */
        r = exec_self(t, path, argv, argc, envp, NULL);
    return r;
}

/* What is allocated is the task's, for a child of vfork shares its memory with its parent. */
int64_t process_exec(struct task *t, int dirfd, const char *name, uint32_t argv_addr,
                     uint32_t envp_addr, int flags)
{
    char path[PATH_MAX], limits[LIMITS_TEXT];
    char **argv = NULL, **envp = NULL;
    bool limited = limits_to_environment(t->process, limits);
    int64_t r = resolve(t->process, dirfd, name, flags, path);
    if (r)
        return r;
    int argc = strings_in(t, argv_addr, 0, &argv);
    t->exec_arrays[0] = argv;
    int envc = argc < 0 ? argc : strings_in(t, envp_addr, limited, &envp);
    if (limited && envc >= 0)
        envp[0] = limits;
    t->exec_arrays[1] = envp;
    if (!t->vforked)
        process_store_code(t->process);
    signals_exec_begins(t);
    r = envc < 0 ? envc : exec_file(t, path, argv, (unsigned)argc, envp);
    signals_exec_failed();
    for (unsigned i = 0; i < EXEC_ARRAYS; i++) {
        free(t->exec_arrays[i]);
        t->exec_arrays[i] = NULL;
    }
    return r;
}
