/*
 * Resource limits. Those of memory are about the program's, while the host's process has the whole
 * window: they are kept here, and told to programs that are executed from here by a variable that
 * these do not see.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "process/syscall.h"

#define GUEST_INFINITY 0xffffffffu
enum { HOST_STACK_MIN = 1 << 20 }; /* what this program itself needs of its main stack at most */

static struct process_limit *own_limit(struct process *p, uint32_t resource)
{
    return resource == RLIMIT_AS      ? &p->limits[LIMIT_SPACE]
           : resource == RLIMIT_DATA  ? &p->limits[LIMIT_DATA]
           : resource == RLIMIT_STACK ? &p->limits[LIMIT_STACK]
                                      : NULL;
}

static int64_t read_limit(struct task *t, uint32_t resource, struct rlimit *out)
{
    const struct process_limit *own = own_limit(t->process, resource);
    if (!own || !own->set)
        return HOST2(t, SYS_getrlimit, resource, out);
    *out = (struct rlimit){own->soft, own->hard};
    return 0;
}

static int64_t write_limit(struct task *t, uint32_t resource, const struct rlimit *limit)
{
    struct process_limit *own = own_limit(t->process, resource);
    struct rlimit old;
    if (!own)
        return HOST2(t, SYS_setrlimit, resource, limit);
    int64_t r = read_limit(t, resource, &old);
    if (r < 0)
        return r;
    if (limit->rlim_cur > limit->rlim_max)
        return -EINVAL;
    if (limit->rlim_max > old.rlim_max && geteuid() != 0)
        return -EPERM;
    *own = (struct process_limit){limit->rlim_cur, limit->rlim_max, true};
    if (resource == RLIMIT_STACK &&
        limit->rlim_cur >= HOST_STACK_MIN) /* for programs that are started from here */
        HOST2(t, SYS_setrlimit, resource, limit);
    return 0;
}

bool limits_allow(struct process *p, uint32_t len, int prot)
{
    const struct process_limit *space = &p->limits[LIMIT_SPACE], *data = &p->limits[LIMIT_DATA];
    uint64_t mapped = 0, writable = 0;
    if (!space->set && !data->set)
        return true;
    for (uint32_t i = 0; i < SPACE_PAGES; i++) {
        unsigned flags = space_flags(&p->space, i * SPACE_PAGE);
        mapped += (flags & SPACE_MAPPED) != 0;
        writable += (flags & SPACE_WRITE) != 0;
    }
    return (!space->set || mapped * SPACE_PAGE + len <= space->soft) &&
           (!data->set || !(prot & PROT_WRITE) || writable * SPACE_PAGE + len <= data->soft);
}

/* ---- from program to program ----------------------------------------------------------------- */

static const char variable[] = "ARMEMU_LIMITS=";

bool limits_to_environment(const struct process *p, char *text)
{
    int n = snprintf(text, LIMITS_TEXT, "%s", variable);
    bool set = false;
    for (unsigned i = 0; i < LIMITS; i++) {
        const struct process_limit *l = &p->limits[i];
        n += snprintf(text + n, LIMITS_TEXT - (size_t)n, "%d,%llx,%llx;", l->set,
                      (unsigned long long)l->soft, (unsigned long long)l->hard);
        set = set || l->set;
    }
    return set;
}

/* What is not as it is written above is as if it was not there: limits only take away. */
static void parse(struct process *p, const char *text)
{
    for (unsigned i = 0; i < LIMITS; i++) {
        int set, used = 0;
        unsigned long long soft, hard;
        if (sscanf(text, "%d,%llx,%llx;%n", &set, &soft, &hard, &used) != 3 || !used)
            return;
        p->limits[i] = (struct process_limit){soft, hard, set == 1};
        text += used;
    }
}

void limits_from_environment(struct process *p, char **envp)
{
    char **to = envp;
    for (; *envp; envp++) {
        if (!strncmp(*envp, variable, sizeof(variable) - 1))
            parse(p, *envp + sizeof(variable) - 1);
        else
            *to++ = *envp;
    }
    *to = NULL;
}

/* ---- system calls ---------------------------------------------------------------------------- */

int64_t sys_ugetrlimit(struct task *t, const uint32_t *a)
{
    struct rlimit limit;
    uint32_t *out = guest_ptr(t, a[1]);
    int64_t r = read_limit(t, a[0], &limit);
    if (r < 0)
        return r;
    out[0] = limit.rlim_cur >= GUEST_INFINITY ? GUEST_INFINITY : (uint32_t)limit.rlim_cur;
    out[1] = limit.rlim_max >= GUEST_INFINITY ? GUEST_INFINITY : (uint32_t)limit.rlim_max;
    return r;
}

int64_t sys_setrlimit(struct task *t, const uint32_t *a)
{
    const uint32_t *in = guest_ptr(t, a[1]);
    const struct rlimit limit = {
        .rlim_cur = in[0] == GUEST_INFINITY ? RLIM_INFINITY : in[0],
        .rlim_max = in[1] == GUEST_INFINITY ? RLIM_INFINITY : in[1],
    };
    return write_limit(t, a[0], &limit);
}

int64_t sys_prlimit64(struct task *t, const uint32_t *a)
{
    bool self = !a[0] || (pid_t)a[0] == getpid();
    struct rlimit new_limit, old;
    if (!own_limit(t->process, a[1]) || !self)
        return HOST4(t, SYS_prlimit64, (int32_t)a[0], a[1], guest_ptr0(t, a[2]),
                     a[3] ? guest_out(t, a[3], sizeof(old)) : NULL);
    if (a[2])
        memcpy(&new_limit, guest_ptr(t, a[2]), sizeof(new_limit));
    int64_t r = read_limit(t, a[1], &old);
    if (r >= 0 && a[2])
        r = write_limit(t, a[1], &new_limit);
    if (r >= 0 && a[3])
        memcpy(guest_out(t, a[3], sizeof(old)), &old, sizeof(old));
    return r;
}
