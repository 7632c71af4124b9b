/* Processes and threads: clone, exec, wait, identity. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/syscall.h"
#include "util/bits.h"
#include "util/log.h"

/* ---- beginning and end ----------------------------------------------------------------------- */

int64_t sys_exit(struct task *t, const uint32_t *a)
{
    if (t->vforked)
        vfork_exit((int)a[0]);
    unsigned threads = 0;
    pthread_mutex_lock(&t->process->tasks_lock);
    for (const struct task *other = t->process->tasks; other; other = other->next)
        threads += !other->vforked;
    pthread_mutex_unlock(&t->process->tasks_lock);
    if (threads == 1)
        process_exit(t->process, (int)a[0]);
    t->ended = true;
    return 0;
}

int64_t sys_exit_group(struct task *t, const uint32_t *a)
{
    if (t->vforked)
        vfork_exit((int)a[0]);
    process_exit(t->process, (int)a[0]);
}

int64_t sys_fork(struct task *t, const uint32_t *a)
{
    return task_clone(t, &(struct clone_request){.exit_signal = SIGCHLD});
}

int64_t sys_vfork(struct task *t, const uint32_t *a)
{
    return task_clone(
        t, &(struct clone_request){.flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD});
}

int64_t sys_clone(struct task *t, const uint32_t *a)
{
    const struct clone_request q = {.flags = a[0] & ~(uint32_t)CSIGNAL,
                                    .exit_signal = a[0] & CSIGNAL,
                                    .stack = a[1],
                                    .parent_tid = a[2],
                                    .pidfd = a[2],
                                    .tls = a[3],
                                    .child_tid = a[4]};
    return task_clone(t, &q);
}

/* struct clone_args has 64-bit fields; what does not fit into 32 bits is refused. */
int64_t sys_clone3(struct task *t, const uint32_t *a)
{
    enum { FLAGS, PIDFD, CHILD_TID, PARENT_TID, EXIT_SIGNAL, STACK, STACK_SIZE, TLS, SET_TID,
           SET_TID_SIZE, CGROUP, FIELDS };
    uint64_t args[FIELDS] = {0}, wide = 0;
    if (a[1] < (TLS + 1) * sizeof(args[0]))
        return -EINVAL;
    if (a[1] > sizeof(args))
        return -E2BIG;
    memcpy(args, guest_ptr(t, a[0]), a[1]);
    for (unsigned i = 0; i < FIELDS; i++)
        wide |= args[i] >> 32;
    if (wide || (args[FLAGS] & CSIGNAL) || args[EXIT_SIGNAL] > SIGNALS || args[SET_TID_SIZE] ||
        !args[STACK] != !args[STACK_SIZE])
        return -EINVAL;
    const struct clone_request q = {.flags = (uint32_t)args[FLAGS],
                                    .exit_signal = (uint32_t)args[EXIT_SIGNAL],
                                    .stack = (uint32_t)(args[STACK] + args[STACK_SIZE]),
                                    .pidfd = (uint32_t)args[PIDFD],
                                    .parent_tid = (uint32_t)args[PARENT_TID],
                                    .tls = (uint32_t)args[TLS],
                                    .child_tid = (uint32_t)args[CHILD_TID]};
    return task_clone(t, &q);
}

int64_t sys_execve(struct task *t, const uint32_t *a)
{
    return process_exec(t, AT_FDCWD, guest_ptr(t, a[0]), a[1], a[2], 0);
}

int64_t sys_execveat(struct task *t, const uint32_t *a)
{
    return process_exec(t, (int)a[0], guest_ptr(t, a[1]), a[2], a[3], (int)a[4]);
}

/* Calls that go on behind a signal are made again with what is left of their time by the host. */
int64_t sys_restart_syscall(struct task *t, const uint32_t *a)
{
    return -EINTR;
}

int64_t sys_set_tid_address(struct task *t, const uint32_t *a)
{
    t->clear_tid = a[0];
    return t->tid;
}

int64_t sys_set_robust_list(struct task *t, const uint32_t *a)
{
    if (a[1] != 12)
        return -EINVAL;
    t->robust_list = a[0];
    return 0;
}

int64_t sys_get_robust_list(struct task *t, const uint32_t *a)
{
    if (a[0] && (pid_t)a[0] != t->tid)
        return -EPERM;
    *(uint32_t *)guest_ptr(t, a[1]) = t->robust_list;
    *(uint32_t *)guest_ptr(t, a[2]) = 12;
    return 0;
}

/* ---- waiting --------------------------------------------------------------------------------- */

int64_t sys_wait4(struct task *t, const uint32_t *a)
{
    struct rusage usage;
    int64_t r = HOST4(t, SYS_wait4, (int32_t)a[0], a[1] ? guest_out(t, a[1], 4) : NULL,
                      (int32_t)a[2], a[3] ? &usage : NULL);
    return r > 0 ? conv_result(t, &conv_rusage, a[3], &usage, r) : r;
}

int64_t sys_waitid(struct task *t, const uint32_t *a)
{
    struct rusage usage;
    siginfo_t info = {0};
    int64_t r = HOST5(t, SYS_waitid, (int32_t)a[0], (int32_t)a[1], &info, (int32_t)a[3],
                      a[4] ? &usage : NULL);
    if (r >= 0 && a[2])
        siginfo_to_guest(guest_ptr(t, a[2]), &info);
    return conv_result(t, &conv_rusage, a[4], &usage, r);
}

/* ---- futex ----------------------------------------------------------------------------------- */

/* Where the kernel compares it is with memory in the program's order. False: it writes or computes
 * there, which it does not in the other order. */
static bool futex_order(const struct task *t, uint32_t op, uint32_t *value, uint32_t *value3)
{
    switch (op & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        *value = guest_order32(t->process, *value);
        return true;
    case FUTEX_CMP_REQUEUE:
        *value3 = guest_order32(t->process, *value3);
        return true;
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
    case FUTEX_REQUEUE:
        return true;
    default:
        return !t->process->big_endian;
    }
}

static int64_t futex(struct task *t, const uint32_t *a, const struct timespec *timeout)
{
    uint64_t fourth;
    uint32_t value = a[2], value3 = a[5];
    if (!futex_order(t, a[1], &value, &value3)) {
        int64_t r = futex_in_order(t, a, timeout);
        if (r == -ENOSYS)
            log_write(LOG_UNIMP, "futex operation %u of a big-endian program",
                      a[1] & FUTEX_CMD_MASK);
        return r;
    }
    switch (a[1] & FUTEX_CMD_MASK) {
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_WAKE_OP:
    case FUTEX_CMP_REQUEUE_PI:
        fourth = a[3]; /* a number */
        break;
    default:
        fourth = (uintptr_t)timeout;
    }
    return HOST6(t, SYS_futex, guest_ptr(t, a[0]), (int32_t)a[1], value, fourth, guest_ptr(t, a[4]),
                 value3);
}

bool futex_waits(uint32_t op)
{
    switch (op & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
    case FUTEX_WAIT_REQUEUE_PI:
        return true;
    default:
        return false;
    }
}

int64_t sys_futex(struct task *t, const uint32_t *a)
{
    struct timespec ts;
    return futex(t, a, futex_waits(a[1]) ? conv_in0(t, &conv_timespec, a[3], &ts) : NULL);
}

int64_t sys_futex_time64(struct task *t, const uint32_t *a)
{
    struct timespec ts;
    return futex(t, a, futex_waits(a[1]) ? conv_in0(t, &conv_timespec64, a[3], &ts) : NULL);
}

int64_t sys_futex_waitv(struct task *t, const uint32_t *a)
{
    enum { WAITERS_MAX = 128 };
    struct waiter {
        uint64_t value, addr;
        uint32_t flags, reserved;
    } waiters[WAITERS_MAX];
    struct timespec ts;
    if (!a[1] || a[1] > WAITERS_MAX || !a[0])
        return -EINVAL;
    memcpy(waiters, guest_ptr(t, a[0]), a[1] * sizeof(*waiters));
    for (uint32_t i = 0; i < a[1]; i++) {
        waiters[i].addr = (uintptr_t)guest_ptr(t, (uint32_t)waiters[i].addr);
        waiters[i].value = guest_order32(t->process, (uint32_t)waiters[i].value);
    }
    return HOST5(t, 449, waiters, a[1], a[2],
                 conv_in0(t, &conv_timespec64, a[3], &ts), (int32_t)a[4]);
}

/* ---- use ----------------------------------------------------------------------------------- */

int64_t sys_getrusage(struct task *t, const uint32_t *a)
{
    struct rusage usage;
    return conv_result(t, &conv_rusage, a[1], &usage,
                       HOST2(t, SYS_getrusage, (int32_t)a[0], &usage));
}

int64_t sys_times(struct task *t, const uint32_t *a)
{
    struct tms tms;
    return conv_result(t, &conv_tms, a[0], &tms, (uint32_t)HOST1(t, SYS_times, &tms));
}

int64_t sys_sysinfo(struct task *t, const uint32_t *a)
{
    struct sysinfo info;
    int64_t r = HOST1(t, SYS_sysinfo, &info);
    if (r < 0)
        return r;
    unsigned long *const amounts[] = {&info.totalram, &info.freeram, &info.sharedram,
                                      &info.bufferram, &info.totalswap, &info.freeswap,
                                      &info.totalhigh, &info.freehigh};
    for (unsigned i = 0; i < ARRAY_SIZE(amounts); i++) /* in pages, to fit in 32 bits */
        *amounts[i] = *amounts[i] * info.mem_unit / SPACE_PAGE;
    info.mem_unit = SPACE_PAGE;
    return conv_result(t, &conv_sysinfo, a[0], &info, 0);
}

int64_t sys_nice(struct task *t, const uint32_t *a)
{
    int64_t now = 20 - HOST2(t, SYS_getpriority, PRIO_PROCESS, 0);
    return HOST3(t, SYS_setpriority, PRIO_PROCESS, 0, now + (int32_t)a[0]);
}

/* ---- identity -------------------------------------------------------------------------------- */

static const char *machine_name(uint64_t features, bool big)
{
    static const char *const names[][2] = {
        {"armv5tel", "armv5teb"}, {"armv6l", "armv6b"}, {"armv7l", "armv7b"}};
    return names[features & ARM_FEATURE(V7) ? 2 : features & ARM_FEATURE(V6) ? 1 : 0][big];
}

int64_t sys_uname(struct task *t, const uint32_t *a)
{
    struct utsname *name = guest_out(t, a[0], sizeof(*name));
    int64_t r = HOST1(t, SYS_uname, name);
    if (r >= 0)
        strcpy(name->machine,
               machine_name(t->process->config.cpu_model->features, t->process->big_endian));
    return r;
}

/* Numbers that 16 bits cannot hold are all the same. */
static uint16_t narrow_id(int64_t id)
{
    enum { OVERFLOW_ID = 65534 };
    return id > UINT16_MAX ? OVERFLOW_ID : (uint16_t)id;
}

static int64_t get_ids(struct task *t, long nr, const uint32_t *a)
{
    uint32_t id[3];
    int64_t r = HOST3(t, nr, &id[0], &id[1], &id[2]);
    for (unsigned i = 0; r >= 0 && i < 3; i++)
        *(uint16_t *)guest_ptr(t, a[i]) = narrow_id(id[i]);
    return r;
}

int64_t sys_getresuid(struct task *t, const uint32_t *a)
{
    return get_ids(t, SYS_getresuid, a);
}

int64_t sys_getresgid(struct task *t, const uint32_t *a)
{
    return get_ids(t, SYS_getresgid, a);
}

int64_t sys_getuid(struct task *t, const uint32_t *a)
{
    return narrow_id(getuid());
}

int64_t sys_getgid(struct task *t, const uint32_t *a)
{
    return narrow_id(getgid());
}

int64_t sys_geteuid(struct task *t, const uint32_t *a)
{
    return narrow_id(geteuid());
}

int64_t sys_getegid(struct task *t, const uint32_t *a)
{
    return narrow_id(getegid());
}

int64_t sys_getgroups(struct task *t, const uint32_t *a)
{
    gid_t groups[NGROUPS_MAX];
    int64_t n = HOST2(t, SYS_getgroups, NGROUPS_MAX, groups);
    if (n <= 0 || !a[0])
        return n;
    if ((int32_t)a[0] < n)
        return -EINVAL;
    uint16_t *out = guest_out(t, a[1], (uint32_t)n * sizeof(*out));
    for (int64_t i = 0; i < n; i++)
        out[i] = narrow_id(groups[i]);
    return n;
}

int64_t sys_setgroups(struct task *t, const uint32_t *a)
{
    gid_t groups[NGROUPS_MAX];
    if (a[0] > NGROUPS_MAX)
        return -EINVAL;
    const uint16_t *in = guest_ptr(t, a[1]);
    for (uint32_t i = 0; i < a[0]; i++)
        groups[i] = in[i];
    return HOST2(t, SYS_setgroups, a[0], groups);
}

int64_t sys_personality(struct task *t, const uint32_t *a)
{
    return a[0] == 0xffffffffu || (a[0] & PER_MASK) == PER_LINUX || (a[0] & PER_MASK) == PER_LINUX32
               ? PER_LINUX
               : -EINVAL;
}

/* prctl options: whether their argument is a number or a pointer. */
static const struct {
    int option;
    bool pointer;
} prctls[] = {
    {PR_SET_PDEATHSIG, false}, {PR_GET_PDEATHSIG, true}, {PR_GET_DUMPABLE, false},
    {PR_SET_DUMPABLE, false}, {PR_SET_NAME, true}, {PR_GET_NAME, true}, {PR_GET_KEEPCAPS, false},
    {PR_SET_KEEPCAPS, false}, {PR_SET_CHILD_SUBREAPER, false}, {PR_GET_CHILD_SUBREAPER, true},
    {PR_SET_NO_NEW_PRIVS, false}, {PR_GET_NO_NEW_PRIVS, false}, {PR_CAPBSET_READ, false},
    {PR_CAPBSET_DROP, false}, {PR_SET_TIMERSLACK, false}, {PR_GET_TIMERSLACK, false},
    {PR_GET_SECUREBITS, false}, {PR_SET_SECUREBITS, false}, {PR_GET_SECCOMP, false},
    {PR_GET_TIMING, false},
    {PR_SET_TIMING, false}, {PR_TASK_PERF_EVENTS_DISABLE, false},
    {PR_TASK_PERF_EVENTS_ENABLE, false},
    {PR_MCE_KILL, false}, {PR_MCE_KILL_GET, false}, {PR_GET_SPECULATION_CTRL, false},
    {PR_SET_SPECULATION_CTRL, false}, {PR_SET_IO_FLUSHER, false}, {PR_GET_IO_FLUSHER, false},
    {PR_SET_PTRACER, false}, {PR_CAP_AMBIENT, false}, {PR_SET_THP_DISABLE, false},
    {PR_GET_THP_DISABLE, false},
};

int64_t sys_prctl(struct task *t, const uint32_t *a)
{
    for (unsigned i = 0; i < ARRAY_SIZE(prctls); i++)
        if (prctls[i].option == (int)a[0])
            return HOST5(t, SYS_prctl, a[0],
                         prctls[i].pointer ? (uintptr_t)guest_out(t, a[1], 16)
                         : a[1] == UINT32_MAX ? UINT64_MAX : a[1], a[2], a[3], a[4]);
    log_write(LOG_UNIMP, "prctl option %d", (int)a[0]);
    return -EINVAL;
}

/* ---- scheduling ------------------------------------------------------------------------------ */

enum { AFFINITY_BYTES = 1024 };

int64_t sys_sched_setaffinity(struct task *t, const uint32_t *a)
{
    uint8_t mask[AFFINITY_BYTES] = {0};
    memcpy(mask, guest_ptr(t, a[2]), a[1] < sizeof(mask) ? a[1] : sizeof(mask));
    int64_t r = HOST3(t, SYS_sched_setaffinity, (int32_t)a[0], sizeof(mask), mask);
    if (r >= 0)
        rseq_affinity_changed(t->process);
    return r;
}

int64_t sys_sched_getaffinity(struct task *t, const uint32_t *a)
{
    uint8_t mask[AFFINITY_BYTES] = {0};
    if (a[1] % 4)
        return -EINVAL;
    int64_t r = HOST3(t, SYS_sched_getaffinity, (int32_t)a[0], sizeof(mask), mask);
    if (r < 0)
        return r;
    for (uint32_t i = a[1]; i < (uint32_t)r; i++)
        if (mask[i])
            return -EINVAL;
    r = r < a[1] ? r : a[1];
    memcpy(guest_ptr(t, a[2]), mask, (size_t)r);
    return r;
}

/* Commands mean the host's memory as well as the guest's, whose accesses are as ordered as the
 * host's. The guest's critical sections the host knows nothing of. */
int64_t sys_membarrier(struct task *t, const uint32_t *a)
{
    const uint32_t sequences = MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ |
                               MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
    if (a[0] && (a[0] & (a[0] - 1)) == 0 && (a[0] & sequences))
        return rseq_membarrier(t, a);
    int64_t r = HOST3(t, SYS_membarrier, (int32_t)a[0], a[1], (int32_t)a[2]);
    return a[0] == MEMBARRIER_CMD_QUERY && r > 0 ? r | sequences : r;
}
