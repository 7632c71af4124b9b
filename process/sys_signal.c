/* System calls about signals. */
#include <errno.h>
#include <string.h>

#include "process/syscall.h"

void mask_in(struct task *t, uint32_t addr, uint64_t *mask)
{
    memcpy(mask, guest_ptr(t, addr), sizeof(*mask));
}

void mask_replace(struct task *t, uint64_t mask)
{
    t->old_mask = t->mask;
    t->restore_mask = true;
    t->mask = signals_blockable(mask);
}

/* ---- actions --------------------------------------------------------------------------------- */

static int64_t change_action(struct task *t, uint32_t sig, const struct guest_action *new_action,
                             struct guest_action *old)
{
    struct process *p = t->process;
    int r = 0;
    if (sig < 1 || sig > SIGNALS || (new_action && (sig == SIGKILL || sig == SIGSTOP)))
        return -EINVAL;
    pthread_mutex_lock(&p->actions_lock);
    *old = t->actions[sig];
    if (new_action)
        r = signals_set_action(t, (int)sig, new_action);
    pthread_mutex_unlock(&p->actions_lock);
    return r;
}

/* Guest: handler, flags, restorer, mask of 8 bytes. */
int64_t sys_rt_sigaction(struct task *t, const uint32_t *a)
{
    struct guest_action action, old;
    uint32_t w[5];
    if (a[3] != sizeof(uint64_t))
        return -EINVAL;
    if (a[1]) {
        memcpy(w, guest_ptr(t, a[1]), sizeof(w));
        action = (struct guest_action){w[0], w[1], w[2], (uint64_t)w[4] << 32 | w[3]};
    }
    int64_t r = change_action(t, a[0], a[1] ? &action : NULL, &old);
    if (r >= 0 && a[2]) {
        const uint32_t out[] = {old.handler, old.flags, old.restorer, (uint32_t)old.mask,
                                (uint32_t)(old.mask >> 32)};
        memcpy(guest_ptr(t, a[2]), out, sizeof(out));
    }
    return r;
}

/* Guest: handler, mask of 4 bytes, flags, restorer. */
int64_t sys_sigaction(struct task *t, const uint32_t *a)
{
    struct guest_action action, old;
    uint32_t w[4];
    if (a[1]) {
        memcpy(w, guest_ptr(t, a[1]), sizeof(w));
        action = (struct guest_action){w[0], w[2], w[3], w[1]};
    }
    int64_t r = change_action(t, a[0], a[1] ? &action : NULL, &old);
    if (r >= 0 && a[2]) {
        const uint32_t out[] = {old.handler, (uint32_t)old.mask, old.flags, old.restorer};
        memcpy(guest_ptr(t, a[2]), out, sizeof(out));
    }
    return r;
}

/* ---- masks ----------------------------------------------------------------------------------- */

static int64_t change_mask(struct task *t, uint32_t how, uint64_t set)
{
    switch (how) {
    case SIG_BLOCK:
        set |= t->mask;
        break;
    case SIG_UNBLOCK:
        set = t->mask & ~set;
        break;
    case SIG_SETMASK:
        break;
    default:
        return -EINVAL;
    }
    t->mask = signals_blockable(set);
    signals_apply_mask(t);
    return 0;
}

int64_t sys_rt_sigprocmask(struct task *t, const uint32_t *a)
{
    uint64_t set, old = t->mask;
    int64_t r = 0;
    if (a[3] != sizeof(uint64_t))
        return -EINVAL;
    if (a[1]) {
        mask_in(t, a[1], &set);
        r = change_mask(t, a[0], set);
    }
    if (r >= 0 && a[2])
        memcpy(guest_ptr(t, a[2]), &old, sizeof(old));
    return r;
}

int64_t sys_sigprocmask(struct task *t, const uint32_t *a)
{
    uint32_t old = (uint32_t)t->mask, set;
    int64_t r = 0;
    if (a[1]) {
        memcpy(&set, guest_ptr(t, a[1]), sizeof(set));
        uint64_t high = a[0] == SIG_SETMASK ? t->mask >> 32 << 32 : 0;
        r = change_mask(t, a[0], high | set);
    }
    if (r >= 0 && a[2])
        memcpy(guest_ptr(t, a[2]), &old, sizeof(old));
    return r;
}

int64_t sys_sigpending(struct task *t, const uint32_t *a)
{
    uint64_t set;
    int64_t r = HOST2(t, SYS_rt_sigpending, &set, sizeof(set));
    if (r >= 0)
        *(uint32_t *)guest_ptr(t, a[0]) = (uint32_t)set;
    return r;
}

int64_t sys_rt_sigpending(struct task *t, const uint32_t *a)
{
    uint64_t set = 0;
    if (a[1] > sizeof(set))
        return -EINVAL;
    int64_t r = HOST2(t, SYS_rt_sigpending, &set, sizeof(set));
    if (r >= 0)
        memcpy(guest_ptr(t, a[0]), &set, a[1]);
    return r;
}

static int64_t suspend(struct task *t, uint64_t mask)
{
    mask = signals_blockable(mask);
    mask_replace(t, mask);
    return HOST2(t, SYS_rt_sigsuspend, &mask, sizeof(mask));
}

int64_t sys_rt_sigsuspend(struct task *t, const uint32_t *a)
{
    uint64_t mask;
    mask_in(t, a[0], &mask);
    return suspend(t, mask);
}

int64_t sys_sigsuspend(struct task *t, const uint32_t *a)
{
    return suspend(t, a[2]);
}

/* ---- waiting and sending --------------------------------------------------------------------- */

static int64_t timed_wait(struct task *t, const uint32_t *a, const struct timespec *timeout)
{
    uint64_t set;
    siginfo_t info;
    mask_in(t, a[0], &set);
    signals_wait_begins(t, set);
    int64_t r = HOST4(t, SYS_rt_sigtimedwait, &set, &info, timeout, sizeof(set));
    signals_wait_ends(t);
    /* A thread that had been holding a signal for this one has taken it back: try again. */
    if (r == -EINTR && !atomic_load(&t->pending))
        return SYSCALL_NOT_BEGUN;
    if (r > 0 && a[1])
        siginfo_to_guest(guest_ptr(t, a[1]), &info);
    return r;
}

int64_t sys_rt_sigtimedwait(struct task *t, const uint32_t *a)
{
    struct timespec ts;
    return timed_wait(t, a, conv_in0(t, &conv_timespec, a[2], &ts));
}

int64_t sys_rt_sigtimedwait_time64(struct task *t, const uint32_t *a)
{
    struct timespec ts;
    return timed_wait(t, a, conv_in0(t, &conv_timespec64, a[2], &ts));
}

int64_t sys_rt_sigqueueinfo(struct task *t, const uint32_t *a)
{
    siginfo_t info;
    siginfo_to_host(&info, guest_ptr(t, a[2]));
    return HOST3(t, SYS_rt_sigqueueinfo, (int32_t)a[0], (int32_t)a[1], &info);
}

int64_t sys_rt_tgsigqueueinfo(struct task *t, const uint32_t *a)
{
    siginfo_t info;
    siginfo_to_host(&info, guest_ptr(t, a[3]));
    return HOST4(t, SYS_rt_tgsigqueueinfo, (int32_t)a[0], (int32_t)a[1], (int32_t)a[2], &info);
}

int64_t sys_pidfd_send_signal(struct task *t, const uint32_t *a)
{
    siginfo_t info;
    if (a[2])
        siginfo_to_host(&info, guest_ptr(t, a[2]));
    return HOST4(t, SYS_pidfd_send_signal, (int32_t)a[0], (int32_t)a[1], a[2] ? &info : NULL, a[3]);
}

/* ---- stacks and return ----------------------------------------------------------------------- */

enum { GUEST_MINSIGSTKSZ = 2048 };

/* Guest: stack pointer, flags, size. */
int64_t sys_sigaltstack(struct task *t, const uint32_t *a)
{
    uint32_t sp = t->state.r[13];
    bool active = frame_on_altstack(t, sp);
    const uint32_t old[] = {t->altstack, active ? SS_ONSTACK : t->altstack_flags,
                            t->altstack_size};
    if (a[0]) {
        uint32_t w[3];
        memcpy(w, guest_ptr(t, a[0]), sizeof(w));
        if (active)
            return -EPERM;
        bool off = w[1] & SS_DISABLE;
        uint32_t mode = w[1] & ~GUEST_SS_AUTODISARM;
        if (mode && mode != SS_DISABLE && mode != SS_ONSTACK)
            return -EINVAL;
        if (!off && w[2] < GUEST_MINSIGSTKSZ)
            return -ENOMEM;
        t->altstack = off ? 0 : w[0];
        t->altstack_size = off ? 0 : w[2];
        t->altstack_flags = off ? SS_DISABLE : w[1] & GUEST_SS_AUTODISARM;
    }
    if (a[1])
        memcpy(guest_ptr(t, a[1]), old, sizeof(old));
    return 0;
}

static int64_t signal_return(struct task *t, bool rt)
{
    uint64_t mask;
    if (!frame_pop(t, rt, &mask))
        signals_die(t, SIGSEGV);
    t->mask = signals_blockable(mask);
    signals_apply_mask(t);
    return SYSCALL_NO_RESULT;
}

int64_t sys_sigreturn(struct task *t, const uint32_t *a)
{
    return signal_return(t, false);
}

int64_t sys_rt_sigreturn(struct task *t, const uint32_t *a)
{
    return signal_return(t, true);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* What abort does: a signal to itself that nobody handles. */
static void report_own(const struct task *t, pid_t tid, int sig)
{
    const siginfo_t info = {.si_signo = sig};
    if (tid == t->tid && (sig == SIGABRT || sig == SIGTRAP || sig == SIGILL || sig == SIGFPE) &&
        !t->actions[sig].handler && !(t->mask >> (sig - 1) & 1))
        report_fatal(t, &info);
}

int64_t sys_tkill(struct task *t, const uint32_t *a)
{
    report_own(t, (pid_t)a[0], (int)a[1]);
    return HOST2(t, SYS_tkill, (int32_t)a[0], (int32_t)a[1]);
}

int64_t sys_tgkill(struct task *t, const uint32_t *a)
{
    report_own(t, (pid_t)a[1], (int)a[2]);
    return HOST3(t, SYS_tgkill, (int32_t)a[0], (int32_t)a[1], (int32_t)a[2]);
}
