/*
 * Signals. The host's handler notes a signal and has the guest leave its block; the thread delivers
 * it between two instructions. While one is noted all others are blocked, so that the kernel keeps
 * them in their order. What the guest ignores or leaves to the default is left to the host's
 * kernel.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "frontend/arm/cpu/exceptions.h"
#include "process/internal.h"
#include "util/bits.h"
#include "util/log.h"

/* Guest sigaction flags. */
#define GUEST_SA_SIGINFO 4u
#define GUEST_SA_RESTART 0x10000000u
#define GUEST_SA_NODEFER 0x40000000u
#define GUEST_SA_RESETHAND 0x80000000u
#define GUEST_SA_NOCLDSTOP 1u
#define GUEST_SA_NOCLDWAIT 2u

enum { GUEST_SIG_DFL, GUEST_SIG_IGN };

#define BIT_OF SIGNAL_BIT
#define MEMORY_SIGNALS (BIT_OF(SIGSEGV) | BIT_OF(SIGBUS))
#define FLOAT_SIGNALS  (BIT_OF(SIGFPE) | BIT_OF(SIGTRAP))
/* In the order of held_info; the handler of the last is the first to run. */
static const int own_signals[OWN_SIGNAL_COUNT] = {SIGTRAP, SIGFPE, SIGBUS, SIGSEGV};

/* ---- the host's side ------------------------------------------------------------------------- */

/* As the kernel takes it. */
struct kernel_action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};
#define KERNEL_SA_RESTORER 0x04000000ul

static void set_host_mask(uint64_t mask)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

uint64_t signals_blockable(uint64_t mask)
{
    return mask & ~(BIT_OF(SIGKILL) | BIT_OF(SIGSTOP));
}

/* Put the signal back into the queue that the kernel has taken it from, as far as that shows. The
 * kernel lets only the first thread say that something was sent by kill. */
static void send_again(int sig, const siginfo_t *info)
{
    pid_t pid = getpid(), tid = (pid_t)syscall(SYS_gettid);
    siginfo_t copy = *info;
    if (info->si_code > 0 || info->si_code == SI_TKILL) {
        syscall(SYS_rt_tgsigqueueinfo, pid, tid, sig, &copy);
        return;
    }
    if (info->si_code == SI_USER && tid != pid)
        copy.si_code = SI_QUEUE;
    syscall(SYS_rt_sigqueueinfo, pid, sig, &copy);
}

/* What has been sent to the guest while it blocks it, but the host must not block while guest code
 * runs, waits with the task; during system calls, for which it counts, it is the kernel's. */
static void hold(struct task *t, int sig, const siginfo_t *info)
{
    for (unsigned k = 0; k < OWN_SIGNAL_COUNT; k++)
        if (own_signals[k] == sig && !(atomic_load(&t->held) & BIT_OF(sig)))
            t->held_info[k] = *info;
    atomic_fetch_or(&t->held, BIT_OF(sig));
    if (t->offering || !atomic_load(&t->process->signal_waiters) || info->si_code == SI_TKILL)
        return;
    atomic_store(&t->to_offer, true);
    atomic_store(&t->state.env.exit_request, 1);
}

static void release_held(struct task *t, uint64_t signals)
{
    for (unsigned k = 0; k < OWN_SIGNAL_COUNT; k++) {
        uint64_t bit = BIT_OF(own_signals[k]);
        if (!(atomic_load(&t->held) & signals & bit))
            continue;
        siginfo_t info = t->held_info[k];
        atomic_fetch_and(&t->held, ~bit);
        send_again(own_signals[k], &info);
    }
}

static void apply_mask(struct task *t)
{
    set_host_mask(t->mask & ~OWN_SIGNALS);
    if (atomic_load(&t->held) & ~t->mask)
        release_held(t, ~t->mask);
}

/* Is there a noted signal, all stay blocked until it has been delivered. */
void signals_apply_mask(struct task *t)
{
    if (!atomic_load(&t->pending) && !t->vforked)
        apply_mask(t);
}

void signals_call_begins(struct task *t)
{
    if (atomic_load(&t->pending))
        return;
    set_host_mask(t->mask);
    release_held(t, ~0ull);
}

void signals_call_ends(struct task *t)
{
    if (t->vforked || atomic_load(&t->pending))
        signals_block_all();
    else
        apply_mask(t);
}

void signals_wait_begins(struct task *t, uint64_t set)
{
    struct process *p = t->process;
    atomic_store(&t->waits_for, set);
    atomic_fetch_add(&p->signal_waiters, 1);
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *other = p->tasks; other; other = other->next) {
        if (other == t || !(atomic_load(&other->held) & set))
            continue;
        atomic_store(&other->to_offer, true);
        atomic_store(&other->state.env.exit_request, 1);
    }
    pthread_mutex_unlock(&p->tasks_lock);
}

void signals_wait_ends(struct task *t)
{
    atomic_fetch_sub(&t->process->signal_waiters, 1);
    atomic_store(&t->waits_for, 0);
}

static bool is_waited_for(struct process *p, uint64_t signals)
{
    bool found = false;
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next)
        found = found || (atomic_load(&t->waits_for) & signals);
    pthread_mutex_unlock(&p->tasks_lock);
    return found;
}

/* Another thread may wait for what was sent to the process, and this one has got and blocks: it is
 * in the kernel's queue again until nobody waits for it. */
static void offer_held(struct task *t)
{
    const struct timespec round = {.tv_nsec = 20000};
    uint64_t queued = atomic_load(&t->held);
    atomic_store(&t->to_offer, false);
    t->offering = true;
    signals_call_begins(t);
    while (is_waited_for(t->process, queued) && !atomic_load(&t->pending)) {
        uint64_t now = 0;
        nanosleep(&round, NULL);
        syscall(SYS_rt_sigpending, &now, sizeof(now));
        queued &= now;
    }
    signals_call_ends(t);
    t->offering = false;
    uint64_t back = atomic_load(&t->held);
    if (back && is_waited_for(t->process, back)) { /* since just now */
        atomic_store(&t->to_offer, true);
        atomic_store(&t->state.env.exit_request, 1);
    }
}

void signals_task_ends(struct task *t)
{
    signals_block_own();
    release_held(t, ~0ull);
}

void signals_block_all(void)
{
    set_host_mask(~OWN_SIGNALS);
}

void signals_block_own(void)
{
    set_host_mask(~0ull);
}

static void jump_to(ucontext_t *uc, const void *pc)
{
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)pc;
}

/* Note the signal, block all, and have the thread see it soon. */
static void note(struct task *t, int sig, const siginfo_t *info, ucontext_t *uc)
{
    uint64_t all = ~OWN_SIGNALS;
    uintptr_t pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
    memcpy(&uc->uc_sigmask, &all, sizeof(all));
    if (atomic_load(&t->pending)) { /* the thread was just about to unblock more */
        send_again(sig, info);
        return;
    }
    t->pending_info = *info;
    atomic_store(&t->pending, sig);
    atomic_store(&t->state.env.exit_request, 1);
    if (pc < (uintptr_t)host_call_begin || pc > (uintptr_t)host_call_insn)
        return;
    enum { SYSCALL_INSN_SIZE = 2 };
    bool entered = uc->uc_mcontext.gregs[REG_RCX] == (greg_t)host_call_insn + SYSCALL_INSN_SIZE;
    jump_to(uc, entered ? host_call_interrupted : host_call_not_begun);
}

static _Noreturn void die(struct task *t, int sig);

/* An access to guest memory failed. */
static void memory_fault(struct task *t, int sig, const siginfo_t *info, ucontext_t *uc)
{
    enum { PAGE_FAULT_WRITE = 2 };
    struct process *p = t->process;
    int64_t offset = (uint8_t *)info->si_addr - p->space.base;
    uint32_t addr = (uint32_t)offset;
    uint64_t resume, mask;
    if (offset < -(int64_t)SPACE_GUARD || offset >= (1ll << 32) + SPACE_GUARD)
        die(t, sig); /* not the guest's doing */
    bool quiet = p->debug && debug_quiet_meets(t, addr, 1);
    if (!quiet && sig == SIGSEGV && (uc->uc_mcontext.gregs[REG_ERR] & PAGE_FAULT_WRITE) &&
        space_write_fault(&p->space, addr))
        return;
    memset(&t->fault, 0, sizeof(t->fault));
    t->fault.si_signo = sig;
    t->fault.si_addr = (void *)(uintptr_t)addr;
    t->fault.si_code = sig == SIGBUS ? info->si_code
                       : space_flags(&p->space, addr) & SPACE_MAPPED ? SEGV_ACCERR
                                                                     : SEGV_MAPERR;
    if (engine_fault(p->engine, &t->state.env, (uint64_t)uc->uc_mcontext.gregs[REG_RIP], &resume)) {
        struct arm_state *s = &t->state;
        t->event = TASK_FAULT;
        s->itstate = arm_insn_it(s);
        s->env.pc = arm_insn_pc(s);
        s->env.slow_dispatch = 1;
        atomic_store(&s->env.exit_request, 1);
        jump_to(uc, (void *)(uintptr_t)resume);
        return;
    }
    if (t->recovery != RECOVER_SYSCALL &&
        !(t->recovery == RECOVER_HELPER && engine_cpu_in_guest(t->engine)))
        die(t, sig);
    memcpy(&mask, &uc->uc_sigmask, sizeof(mask));
    set_host_mask(mask);
    siglongjmp(t->recover, 1);
}

/* Is it one of an invalid operation? */
static bool float_trap(struct task *t, int sig, const siginfo_t *info, ucontext_t *uc)
{
    if (sig == SIGFPE && info->si_code == FPE_FLTINV) {
        t->fp_step = engine_fp_trap(t->engine, uc);
        return true;
    }
    if (sig != SIGTRAP || info->si_code <= 0 || !t->fp_step)
        return false;
    t->fp_step = false;
    engine_fp_stepped(t->engine, uc);
    return true;
}

static void host_handler(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct task *t = *(struct task **)uc->uc_stack.ss_sp;
    int error = errno;
    if (float_trap(t, sig, info, uc))
        ;
    else if ((MEMORY_SIGNALS & BIT_OF(sig)) && info->si_code > 0 && info->si_code != SI_KERNEL)
        memory_fault(t, sig, info, uc);
    else if ((OWN_SIGNALS & BIT_OF(sig)) && info->si_code == SI_KERNEL)
        die(t, sig);
    else if ((OWN_SIGNALS & BIT_OF(sig)) && ((t->mask & BIT_OF(sig)) || atomic_load(&t->pending)))
        hold(t, sig, info);
    else if (t->actions[sig].handler == GUEST_SIG_DFL && sig != SIGTSTP &&
             sig != SIGTTIN && sig != SIGTTOU && debug_waits(t->process))
        die(t, sig); /* nobody is there who could let the process go on */
    else if (!debug_is_kick(t, sig, info) || !atomic_load(&t->pending))
        note(t, sig, info, uc);
    errno = error;
}

static int host_action(int sig, void (*handler)(int, siginfo_t *, void *), unsigned long flags)
{
    struct kernel_action act = {
        .handler = handler,
        .flags = flags | SA_SIGINFO | SA_ONSTACK | SA_RESTART | KERNEL_SA_RESTORER,
        .restorer = host_signal_return,
        .mask = ~OWN_SIGNALS,
    };
    return syscall(SYS_rt_sigaction, sig, &act, NULL, sizeof(act.mask)) ? -errno : 0;
}

static int host_default(int sig, bool ignore, unsigned long flags)
{
    struct kernel_action act = {
        .handler = (void (*)(int, siginfo_t *, void *))(uintptr_t)(ignore ? SIG_IGN : SIG_DFL),
        .flags = flags,
    };
    return syscall(SYS_rt_sigaction, sig, &act, NULL, sizeof(act.mask)) ? -errno : 0;
}

void signals_exec_begins(struct task *t)
{
    for (int sig = 1; sig <= SIGNALS; sig++)
        if ((FLOAT_SIGNALS & BIT_OF(sig)) && t->actions[sig].handler == GUEST_SIG_IGN)
            host_default(sig, true, 0);
}

void signals_exec_failed(void)
{
    for (int sig = 1; sig <= SIGNALS; sig++)
        if (FLOAT_SIGNALS & BIT_OF(sig))
            host_action(sig, host_handler, 0);
}

void signals_init(struct process *p)
{
    for (int sig = 1; sig <= SIGNALS; sig++) {
        struct kernel_action old;
        if (syscall(SYS_rt_sigaction, sig, NULL, &old, sizeof(old.mask)) == 0 &&
            (void *)old.handler == (void *)SIG_IGN)
            p->own_actions[sig].handler = GUEST_SIG_IGN;
    }
    for (int sig = 1; sig <= SIGNALS; sig++)
        if (OWN_SIGNALS & BIT_OF(sig))
            host_action(sig, host_handler, 0);
    for (int sig = 1; sig <= SIGNALS; sig++)
        if (p->own_actions[sig].handler == GUEST_SIG_DFL && debug_catches(p, sig))
            host_action(sig, host_handler, 0);
}

int signals_set_action(struct task *t, int sig, const struct guest_action *action)
{
    unsigned long flags = (action->flags & GUEST_SA_NOCLDSTOP ? SA_NOCLDSTOP : 0) |
                          (action->flags & GUEST_SA_NOCLDWAIT ? SA_NOCLDWAIT : 0);
    t->actions[sig] = *action;
    if (OWN_SIGNALS & BIT_OF(sig))
        return 0;
    bool caught = action->handler == GUEST_SIG_DFL && debug_catches(t->process, sig);
    if (action->handler <= GUEST_SIG_IGN && !caught)
        return host_default(sig, action->handler == GUEST_SIG_IGN, flags);
    return host_action(sig, host_handler, flags);
}

static _Noreturn void die(struct task *t, int sig)
{
    const struct rlimit none = {0, 0}; /* a dump of the host's program is of no use */
    uint64_t bit = BIT_OF(sig);
    log_flush();
    setrlimit(RLIMIT_CORE, &none);
    host_default(sig, false, 0);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
    syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &bit, NULL, sizeof(bit));
    if (t->vforked)
        vfork_exit(128 + sig);
    process_exit(t->process, 128 + sig);
}

_Noreturn void signals_die(struct task *t, int sig)
{
    debug_process_ends(t->process, GDB_STOP_KILLED, sig);
    if (!t->vforked)
        process_release_locks(t->process);
    die(t, sig);
}

void signals_default(struct task *t, int sig)
{
    const uint64_t harmless = BIT_OF(SIGCHLD) | BIT_OF(SIGURG) | BIT_OF(SIGWINCH) | BIT_OF(SIGCONT);
    if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)
        syscall(SYS_kill, getpid(), SIGSTOP);
    else if (!(harmless & BIT_OF(sig)))
        signals_die(t, sig);
}

/* ---- delivery -------------------------------------------------------------------------------- */

/* The system call that was interrupted is done again, or has failed: decided by who is called. */
static void settle_syscall(struct task *t, bool restart)
{
    struct arm_state *s = &t->state;
    if (!t->interrupted)
        return;
    restart = restart || t->interrupted == TASK_REPEAT;
    t->interrupted = TASK_NOT_INTERRUPTED;
    if (restart) {
        s->env.pc = t->svc_pc;
        s->r[0] = t->interrupted_r0;
    } else {
        s->r[0] = (uint32_t)-EINTR;
    }
}

static const char *signal_name(int sig, char *buf, size_t size)
{
    const char *name = sigabbrev_np(sig);
    if (name)
        snprintf(buf, size, "SIG%s", name);
    else
        snprintf(buf, size, "signal %d", sig);
    return buf;
}

static void log_signal(const struct task *t, int sig, const siginfo_t *info)
{
    char name[24];
    if (!t->process->config.strace)
        return;
    fprintf(stderr, "--- %s {si_signo=%d, si_code=%d", signal_name(sig, name, sizeof(name)), sig,
            info->si_code);
    if (info->si_code > 0 && sig != SIGCHLD)
        fprintf(stderr, ", si_addr=0x%08x", (uint32_t)(uintptr_t)info->si_addr);
    else
        fprintf(stderr, ", si_pid=%d, si_uid=%u", info->si_pid, info->si_uid);
    fprintf(stderr, "} ---\n");
}

/* Enter the guest's handler. The mask becomes that of the handler. */
static void call_handler(struct task *t, int sig, const siginfo_t *info)
{
    struct process *p = t->process;
    pthread_mutex_lock(&p->actions_lock);
    struct guest_action action = t->actions[sig];
    if (action.flags & GUEST_SA_RESETHAND) {
        const struct guest_action none = {.handler = GUEST_SIG_DFL};
        signals_set_action(t, sig, &none);
    }
    pthread_mutex_unlock(&p->actions_lock);
    if (action.handler <= GUEST_SIG_IGN) { /* changed in between, or caught for the debugger */
        if (action.handler == GUEST_SIG_DFL)
            signals_default(t, sig);
        return;
    }
    uint64_t old_mask = t->restore_mask ? t->old_mask : t->mask;
    t->restore_mask = false;
    settle_syscall(t, (action.flags & GUEST_SA_RESTART) && t->interrupted != TASK_FAIL);
    t->state.exclusive_size = 0;
    rseq_signal(t);
    if (!frame_push(t, &action, sig, info, old_mask)) {
        const siginfo_t no_stack = {.si_signo = SIGSEGV,
                                    .si_addr = (void *)(uintptr_t)t->state.r[13]};
        report_fatal(t, &no_stack);
        signals_die(t, SIGSEGV);
    }
    t->mask |= action.mask | (action.flags & GUEST_SA_NODEFER ? 0 : BIT_OF(sig));
    t->mask = signals_blockable(t->mask);
    debug_handler_entered(t);
}

void signals_deliver(struct task *t)
{
    int sig;
    while ((sig = atomic_load(&t->pending))) {
        siginfo_t info = t->pending_info;
        if (debug_is_kick(t, sig, &info)) {
            atomic_store(&t->pending, 0);
            signals_apply_mask(t);
            continue;
        }
        log_signal(t, sig, &info);
        sig = debug_signal(t, sig, &info);
        if (sig)
            call_handler(t, sig, &info);
        atomic_store(&t->pending, 0);
        signals_apply_mask(t);
    }
    if (t->restore_mask) {
        t->restore_mask = false;
        t->mask = t->old_mask;
        signals_apply_mask(t);
    }
    if (atomic_load(&t->to_offer))
        offer_held(t);
    settle_syscall(t, true);
}

void signals_force(struct task *t, const siginfo_t *fault)
{
    siginfo_t info = *fault;
    int sig = info.si_signo;
    log_signal(t, sig, &info);
    int delivered = debug_signal(t, sig, &info);
    if (delivered != sig) { /* the debugger's wish; the instruction is done again behind it */
        if (delivered)
            call_handler(t, delivered, &info);
        signals_apply_mask(t);
        return;
    }
    if (t->actions[sig].handler <= GUEST_SIG_IGN || (t->mask & BIT_OF(sig))) {
        report_fatal(t, &info);
        signals_die(t, sig);
    }
    call_handler(t, sig, &info);
    signals_apply_mask(t);
}
