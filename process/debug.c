/*
 * Threads under a debugger. A thread that has something to tell has all others stop, posts the news
 * to the debugger's loop, and waits. Threads stop between two instructions; those in a system call
 * count as stopped before it, and wait behind it, so that no call is disturbed. Breakpoints and
 * steps that another thread had to tell of meanwhile are forgotten, since they are met again;
 * signals are kept.
 */
#include "process/debug.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "frontend/arm/cpu/exceptions.h"
#include "host/loop.h"
#include "host/thread.h"
#include "process/syscall.h"
#include "util/bits.h"

static struct process_debug *debugger_of(const struct task *t)
{
    return t->process->debug;
}

struct process_debug *process_debug_new(struct process *p)
{
    struct process_debug *d = calloc(1, sizeof(*d));
    if (!d)
        abort();
    d->process = p;
    d->mem = -1;
    d->registers = gdb_registers_new_user(&p->tasks->state);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    pthread_cond_init(&d->bell, NULL);
    atomic_store(&d->stopped, true); /* until the debugger says */
    return d;
}

/* ---- signals' numbers ------------------------------------------------------------------------ */

/* GDB's numbers of the host's first signals. */
static const uint8_t gdb_numbers[32] = {0,  1,  2,  3,  4,  5,   6,  10, 8,  9,  30,
                                        11, 31, 13, 14, 15, 143, 20, 19, 17, 18, 21,
                                        22, 16, 24, 25, 26, 27,  28, 23, 32, 12};
enum { GDB_SIGNAL_32 = 77, GDB_SIGNAL_33 = 45, GDB_SIGNAL_64 = 78 };

uint32_t debug_signal_to_gdb(int sig)
{
    if (sig < 32)
        return gdb_numbers[sig];
    return sig == 32   ? GDB_SIGNAL_32
           : sig == 64 ? GDB_SIGNAL_64
                       : (uint32_t)sig - 33 + GDB_SIGNAL_33;
}

int debug_signal_from_gdb(uint32_t number)
{
    for (int sig = 1; number && sig <= SIGNALS; sig++)
        if (debug_signal_to_gdb(sig) == number)
            return sig;
    return 0;
}

/* What the host does without a handler goes unseen; those of its C library stay its own. */
bool debug_catches(const struct process *p, int sig)
{
    static const uint8_t others[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGCONT, SIGURG, SIGWINCH, 32, 33,
                                     SIGSEGV, SIGBUS};
    return p->debug && !memchr(others, sig, sizeof(others));
}

bool debug_waits(const struct process *p)
{
    return p->debug && !atomic_load(&p->debug->attached) && atomic_load(&p->debug->stopped);
}

/* ---- stopping and going on, on the loop's thread --------------------------------------------- */

/* A thread that ends the process waits for the loop. */
static bool some_running(struct process_debug *d)
{
    struct process *p = d->process;
    bool some = false;
    if (d->end.kind != GDB_STOP_NONE)
        return false;
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next)
        some = some || atomic_load(&t->debug.running);
    pthread_mutex_unlock(&p->tasks_lock);
    return some;
}

static void ask_all(struct process_debug *d)
{
    struct process *p = d->process;
    atomic_store(&d->stopped, true);
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next)
        atomic_store(&t->state.env.exit_request, 1);
    pthread_mutex_unlock(&p->tasks_lock);
}

void debug_stop_all(struct process_debug *d)
{
    ask_all(d);
    d->waiting = false;
    while (some_running(d))
        pthread_cond_wait(&d->changed, &d->lock);
}

/* Other stops are met again when they are forgotten for one of another thread. */
static bool is_met_once(enum gdb_stop_kind kind)
{
    return kind == GDB_STOP_SIGNAL || kind == GDB_STOP_FORK || kind == GDB_STOP_VFORK ||
           kind == GDB_STOP_VFORK_DONE;
}

void debug_release(struct process_debug *d)
{
    struct process *p = d->process;
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next) {
        if (!is_met_once(t->debug.stop.kind) || t->debug.told)
            t->debug.stop.kind = GDB_STOP_NONE;
        t->debug.step_done = false;
        gdb_thread_forget(&t->debug.order, t->engine);
    }
    pthread_mutex_unlock(&p->tasks_lock);
}

/* The loop's files are not those of the guest's threads, so these cannot reach it themselves. */
void debug_ring(struct process_debug *d)
{
    d->rung = true;
    pthread_cond_signal(&d->bell);
}

void debug_go(struct process_debug *d)
{
    d->waiting = true;
    if (d->end.kind != GDB_STOP_NONE)
        debug_ring(d);
    atomic_store(&d->stopped, false);
    pthread_cond_broadcast(&d->changed);
}

static void tell(struct process_debug *d, const struct gdb_stop *stop)
{
    if (d->attached && d->listener.stopped)
        d->listener.stopped(d->listener.opaque, stop);
}

/* Non-stop: each thread that has stopped is named. */
static void announce_each(struct process_debug *d)
{
    struct process *p = d->process;
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next) {
        const struct gdb_stop stop = t->debug.stop;
        if (t->debug.gone || stop.kind == GDB_STOP_NONE || t->debug.told)
            continue;
        t->debug.told = true;
        pthread_mutex_unlock(&p->tasks_lock); /* it stays, since it waits */
        tell(d, &stop);
        pthread_mutex_lock(&p->tasks_lock);
    }
    pthread_mutex_unlock(&p->tasks_lock);
}

/* The process stops, and one of the threads that wanted it is named; one that has a signal or has
 * forked first, as it waits already. */
static void announce(struct process_debug *d)
{
    struct process *p = d->process;
    struct gdb_stop stop = {.kind = GDB_STOP_NONE};
    if (d->end.kind != GDB_STOP_NONE)
        return;
    if (d->non_stop) {
        announce_each(d);
        return;
    }
    debug_stop_all(d);
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next) {
        if (t->debug.gone || t->debug.stop.kind == GDB_STOP_NONE || t->debug.told)
            continue;
        if (stop.kind == GDB_STOP_NONE || is_met_once(t->debug.stop.kind))
            stop = t->debug.stop;
    }
    for (struct task *t = p->tasks; t; t = t->next)
        t->debug.told = t->debug.told || (uint32_t)t->tid == stop.thread;
    pthread_mutex_unlock(&p->tasks_lock);
    if (stop.kind != GDB_STOP_NONE && d->attached)
        tell(d, &stop);
    else if (!d->attached) /* it has gone in between */
        debug_go(d);
}

static void announce_end(struct process_debug *d)
{
    const struct process_debugger *debugger = d->process->config.debugger;
    if (d->ended || (d->attached && !d->waiting) || (d->end_told && !d->end_known && d->attached))
        return; /* it looks at what was: see debug_go; or has not heard yet */
    if (!d->end_told)
        tell(d, &d->end);
    if (d->non_stop && d->attached && !d->end_told) {
        d->end_told = true;
        return;
    }
    if (!d->end_told && d->attached && debugger->stays && debugger->stays(debugger->opaque)) {
        d->end_told = true;
        return;
    }
    if (debugger->end)
        debugger->end(debugger->opaque);
    d->ended = true;
    pthread_cond_broadcast(&d->changed);
}

static void news(void *opaque)
{
    struct process_debug *d = opaque;
    if (d->output_length && d->attached && d->listener.output)
        d->listener.output(d->listener.opaque, d->output, d->output_length);
    d->output_length = 0;
    if (d->hub == HUB_WANTED) {
        const struct process_debugger *debugger = d->process->config.debugger;
        d->hub = debugger->share && debugger->share(debugger->opaque, d->hub_name) ? HUB_THERE
                                                                                   : HUB_FAILED;
        pthread_cond_broadcast(&d->changed);
    }
    bool announced = d->announced;
    d->announced = false;
    if (announced)
        announce(d);
    if (d->end.kind != GDB_STOP_NONE)
        announce_end(d);
}

static void *bell(void *opaque)
{
    struct process_debug *d = opaque;
    pthread_mutex_lock(&d->lock);
    for (;;) {
        while (!d->rung)
            pthread_cond_wait(&d->bell, &d->lock);
        d->rung = false;
        pthread_mutex_unlock(&d->lock);
        loop_post(d->loop, news, d);
        pthread_mutex_lock(&d->lock);
    }
    return NULL;
}

bool debug_bell_start(struct process_debug *d, struct error *e)
{
    pthread_t thread;
    return thread_start(&thread, "gdb-bell", bell, d, e);
}

/* ---- on the threads; the lock is held -------------------------------------------------------- */

static void gate(struct process_debug *d, struct task *t)
{
    t->debug.kicked = false;
    t->debug.parked = true;
    atomic_store(&t->debug.running, false);
    pthread_cond_broadcast(&d->changed);
    while (atomic_load(&d->stopped) || atomic_load(&t->debug.held))
        pthread_cond_wait(&d->changed, &d->lock);
    atomic_store(&t->debug.running, true);
    t->debug.parked = false;
}

static void report(struct process_debug *d, struct task *t, const struct gdb_stop *stop)
{
    t->debug.stop = *stop;
    t->debug.stop.thread = (uint32_t)t->tid;
    t->debug.told = false;
    if (d->non_stop)
        atomic_store(&t->debug.held, true);
    else
        ask_all(d);
    d->announced = true;
    debug_ring(d);
    gate(d, t);
}

/* What is met once: until the debugger has heard of it, or has gone. */
static void report_once(struct process_debug *d, struct task *t, const struct gdb_stop *stop)
{
    do
        report(d, t, stop);
    while (d->attached && t->debug.stop.kind == stop->kind && !t->debug.told);
    t->debug.stop.kind = GDB_STOP_NONE;
}

/* ---- conditions and commands of breakpoints -------------------------------------------------- */

bool debug_read_memory(const struct process *p, uint32_t addr, void *buf, uint32_t len)
{
    const struct iovec to = {buf, len}, from = {space_host(&p->space, addr), len};
    return (uint64_t)addr + len <= BIT64(32) &&
           process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)len;
}

static bool agent_register(void *opaque, unsigned number, uint64_t *value)
{
    struct task *t = opaque;
    const struct gdb_register *reg = gdb_register_find(debugger_of(t)->registers, number);
    if (!reg)
        return false;
    *value = debug_read_register(t, reg);
    return true;
}

static bool agent_memory(void *opaque, uint64_t addr, void *buf, uint32_t len)
{
    return debug_read_memory(((struct task *)opaque)->process, (uint32_t)addr, buf, len);
}

static void agent_print(void *opaque, const char *text, size_t len)
{
    struct process_debug *d = debugger_of(opaque);
    char *grown = d->attached ? realloc(d->output, d->output_length + len) : NULL;
    if (!grown)
        return;
    memcpy(grown + d->output_length, text, len);
    d->output = grown;
    d->output_length += len;
    debug_ring(d);
}

const struct gdb_agent_ops debug_agent_ops = {agent_register, agent_memory, agent_print};

static void step_is_done(struct process_debug *d, struct task *t)
{
    const struct gdb_stop stop = {.kind = GDB_STOP_STEP};
    if (gdb_thread_stepped(&t->debug.order, t->engine, &d->points, (uint32_t)t->state.env.pc,
                           atomic_load(&d->stopped), &debug_agent_ops, t))
        report(d, t, &stop);
}

static void breakpoint_reached(struct process_debug *d, struct task *t)
{
    struct gdb_stop stop;
    if (gdb_thread_at_breakpoint(&d->points, (uint32_t)t->state.env.pc, &debug_agent_ops, t, &stop))
        report(d, t, &stop);
    else
        gdb_thread_step_over(&t->debug.order, t->engine);
}

/* ---- where threads pass ---------------------------------------------------------------------- */

void debug_task_begins(struct task *t)
{
    struct process_debug *d = debugger_of(t);
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    if (t->process->task_count > 1) /* the first may be held already */
        atomic_store(&t->debug.held, d->others == GDB_HOLD);
    gate(d, t);
    pthread_mutex_unlock(&d->lock);
}

void debug_task_ends(struct task *t)
{
    struct process_debug *d = debugger_of(t);
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    t->debug.gone = true;
    atomic_store(&t->debug.running, false);
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

bool debug_wants(struct task *t)
{
    struct process_debug *d = debugger_of(t);
    bool waits = d && !t->debug.here && (atomic_load(&d->stopped) || atomic_load(&t->debug.held));
    return d && (waits || t->debug.step_done || t->debug.watch_met || t->debug.quiet_met ||
                 t->debug.follow.kind != GDB_STOP_NONE);
}

bool debug_watched(struct task *t, uint32_t addr, uint32_t len, bool write)
{
    struct arm_state *s = &t->state;
    struct process_debug *d = debugger_of(t);
    if (!d || !d->points.watch_count)
        return false;
    if (gdb_thread_watched(&d->points, addr, len, write, &t->debug.watch_stop))
        t->debug.watch_met = true;
    else if (!debug_quiet_meets(t, addr, len))
        return false;
    s->itstate = arm_insn_it(s);
    arm_leave(s, arm_insn_pc(s));
    s->env.slow_dispatch = 1;
    atomic_store(&s->env.exit_request, 1);
    return true;
}

/* A vfork is done at once, since the child has memory of its own. */
static void tell_fork(struct process_debug *d, struct task *t)
{
    while (t->debug.follow.kind != GDB_STOP_NONE) {
        const struct gdb_stop stop = t->debug.follow;
        if (d->attached && d->follow_forks)
            report_once(d, t, &stop);
        t->debug.follow.kind = stop.kind == GDB_STOP_VFORK ? GDB_STOP_VFORK_DONE : GDB_STOP_NONE;
    }
}

void debug_before_guest(struct task *t)
{
    struct process_debug *d = debugger_of(t);
    if (!d || !debug_wants(t))
        return;
    pthread_mutex_lock(&d->lock);
    tell_fork(d, t);
    if (t->debug.step_done) {
        t->debug.step_done = false;
        step_is_done(d, t);
    }
    gate(d, t);
    pthread_mutex_unlock(&d->lock);
}

/* The host has seen to the watchpoints so far. */
static void watch_by_engine(struct process_debug *d, struct task *t)
{
    pthread_mutex_lock(&d->lock);
    t->debug.quiet_met = false;
    debug_watch_apply(d, false);
    pthread_mutex_unlock(&d->lock);
}

void debug_threads_begin(struct task *t)
{
    struct process_debug *d = debugger_of(t);
    if (d && d->quiet.count)
        watch_by_engine(d, t);
}

/* A fault tells of itself, and behind a system call it is looked for again. */
void debug_after_guest(struct task *t, enum engine_stop why)
{
    struct process_debug *d = debugger_of(t);
    if (!d)
        return;
    if (debug_quiet_over(t))
        watch_by_engine(d, t);
    if (t->event == TASK_FAULT ||
        (why != ENGINE_STOP_STEP && why != ENGINE_STOP_BREAKPOINT && !t->debug.watch_met))
        return;
    pthread_mutex_lock(&d->lock);
    if (t->debug.watch_met) {
        t->debug.watch_met = false;
        report(d, t, &t->debug.watch_stop);
    } else if (why == ENGINE_STOP_BREAKPOINT)
        breakpoint_reached(d, t);
    else if (t->event == TASK_SYSCALL)
        t->debug.order.stepping_over = false;
    else
        step_is_done(d, t);
    pthread_mutex_unlock(&d->lock);
}

void debug_syscall_begin(struct task *t)
{
    struct process_debug *d = debugger_of(t);
    if (!d)
        return;
    t->debug.in_syscall = true;
    atomic_store(&t->debug.running, false);
    if (!atomic_load(&d->stopped))
        return;
    pthread_mutex_lock(&d->lock);
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

void debug_syscall_end(struct task *t, int64_t r)
{
    struct process_debug *d = debugger_of(t);
    if (!d || !t->debug.in_syscall)
        return;
    atomic_store(&t->debug.running, true);
    /* Then it is as the debugger sees it already, and waits before the guest is entered. */
    bool again = t->debug.kicked &&
                 (r == SYSCALL_RESTART || r == SYSCALL_NOT_BEGUN || r == -EINTR);
    if (!again && (atomic_load(&d->stopped) || atomic_load(&t->debug.held))) {
        pthread_mutex_lock(&d->lock);
        gate(d, t);
        pthread_mutex_unlock(&d->lock);
    }
    t->debug.in_syscall = false;
    t->debug.step_done = !again && t->debug.order.step != ENGINE_STEP_OFF && !t->ended;
}

/* By SIGBUS, which is seldom blocked: a call of a thread that blocks it is not left, nor is one
 * that ends the process, which waits for the loop. */
bool debug_leave_syscall(struct process_debug *d, struct task *t)
{
    bool deaf = t->mask & SIGNAL_BIT(SIGBUS);
    if (!t->debug.parked && !deaf && d->end.kind == GDB_STOP_NONE) {
        t->debug.kicked = true;
        syscall(SYS_tgkill, getpid(), t->tid, SIGBUS);
        while (t->debug.kicked && d->end.kind == GDB_STOP_NONE)
            pthread_cond_wait(&d->changed, &d->lock);
    }
    return !t->debug.in_syscall;
}

bool debug_is_kick(struct task *t, int sig, const siginfo_t *info)
{
    return t->debug.kicked && sig == SIGBUS && info->si_code == SI_TKILL &&
           info->si_pid == getpid();
}

void debug_handler_entered(struct task *t)
{
    t->debug.step_done = t->debug.order.step != ENGINE_STEP_OFF;
}

int debug_signal(struct task *t, int sig, siginfo_t *info)
{
    struct process_debug *d = debugger_of(t);
    uint32_t number = debug_signal_to_gdb(sig);
    const struct gdb_stop stop = {.kind = GDB_STOP_SIGNAL, .code = number};
    if (!d)
        return sig;
    pthread_mutex_lock(&d->lock);
    t->debug.signal = sig;
    bool silent = t->debug.injected == sig || d->pass[number];
    if (t->debug.injected == sig)
        t->debug.injected = 0;
    if (d->attached && !silent) {
        t->debug.info = *info;
        t->debug.in_signal = true;
        report_once(d, t, &stop);
        t->debug.in_signal = false;
        *info = t->debug.info; /* the debugger may have changed it, but not which it is */
        info->si_signo = sig;
    }
    int deliver = t->debug.signal;
    if (deliver && deliver != sig) {
        memset(info, 0, sizeof(*info));
        info->si_signo = deliver;
        info->si_code = SI_USER;
        info->si_pid = getpid();
        info->si_uid = getuid();
    }
    pthread_mutex_unlock(&d->lock);
    return deliver;
}

/* ---- the end --------------------------------------------------------------------------------- */

void debug_process_ends(struct process *p, enum gdb_stop_kind kind, int code)
{
    struct process_debug *d = p->debug;
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    if (d->end.kind == GDB_STOP_NONE) {
        d->end.kind = kind;
        d->end.code = kind == GDB_STOP_KILLED ? debug_signal_to_gdb(code) : (uint32_t)code;
        debug_ring(d);
        pthread_cond_broadcast(&d->changed);
    }
    while (!d->ended)
        pthread_cond_wait(&d->changed, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

/* ---- processes ------------------------------------------------------------------------------- */

/* Can other processes have the debugger? The lock is held. */
static bool shared(struct process_debug *d)
{
    if (d->hub == HUB_NONE) {
        d->hub = HUB_WANTED;
        debug_ring(d);
        while (d->hub == HUB_WANTED)
            pthread_cond_wait(&d->changed, &d->lock);
    }
    bool there = d->hub == HUB_THERE;
    if (!there)
        d->hub = HUB_NONE; /* another time */
    return there;
}

bool debug_fork_begin(struct task *t)
{
    struct process_debug *d = debugger_of(t);
    if (!d)
        return false;
    pthread_mutex_lock(&d->lock);
    if (d->attached && d->follow_forks && shared(d))
        return true;
    pthread_mutex_unlock(&d->lock);
    return false;
}

void debug_forked(struct task *t, int pid, bool vfork)
{
    if (pid > 0)
        t->debug.follow = (struct gdb_stop){.kind = vfork ? GDB_STOP_VFORK : GDB_STOP_FORK,
                                            .code = (uint32_t)pid};
    pthread_mutex_unlock(&debugger_of(t)->lock);
}

void debug_join(struct task *t)
{
    struct process *p = t->process;
    struct process_debug *d = p->debug;
    const struct process_debugger *debugger = p->config.debugger;
    struct error e;
    pthread_mutex_init(&d->lock, NULL); /* its owner is in the parent, and who waited */
    pthread_cond_init(&d->changed, NULL);
    pthread_cond_init(&d->bell, NULL);
    d->rung = d->announced = d->waiting = false;
    d->output = NULL;
    d->output_length = 0;
    d->mem = -1;
    d->host_stack = NULL;
    d->inherited = true;
    d->attached = true;
    d->non_stop = false; /* until it is said */
    d->others = GDB_CONTINUE;
    atomic_store(&d->stopped, true);
    memset(&t->debug, 0, sizeof(t->debug));
    engine_step(t->engine, ENGINE_STEP_OFF);
    t->debug.in_syscall = true;
    if (!debugger->join(debugger->opaque, d, d->hub_name, &e))
        debug_forget(t);
}

const char *debug_exec(struct task *t)
{
    struct process_debug *d = debugger_of(t);
    if (!d)
        return NULL;
    pthread_mutex_lock(&d->lock);
    bool ok = d->attached && d->follow_execs && shared(d);
    pthread_mutex_unlock(&d->lock);
    return ok ? d->hub_name : NULL;
}

void debug_forget(struct task *t)
{
    struct process *p = t->process;
    if (!p->debug)
        return;
    engine_breakpoints_set(p->engine, NULL, 0);
    engine_step(t->engine, ENGINE_STEP_OFF);
    p->debug = NULL; /* its thread is in the parent */
    for (int sig = 1; sig <= SIGNALS; sig++)
        if (p->own_actions[sig].handler == 0)
            signals_set_action(t, sig, &p->own_actions[sig]);
}
