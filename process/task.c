/* Guest threads: creation, the loop that each runs, fork, and the end. */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frontend/arm/cpu/arm_fp.h"
#include "frontend/arm/cpu/psr.h"
#include "process/byteorder.h"
#include "process/internal.h"
#include "util/bits.h"
#include "util/log.h"

/* ---- creation -------------------------------------------------------------------------------- */

/* The signal stack, aligned to its size, so that a handler finds the task. */
void *host_stack_new(struct task *t)
{
    uint8_t *p = mmap(NULL, 2 * HOST_STACK, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    uint8_t *stack = (uint8_t *)(((uintptr_t)p + HOST_STACK - 1) & ~(uintptr_t)(HOST_STACK - 1));
    if (stack > p)
        munmap(p, (size_t)(stack - p));
    if (p + 2 * HOST_STACK > stack + HOST_STACK)
        munmap(stack + HOST_STACK, (size_t)(p + HOST_STACK - stack));
    *(struct task **)stack = t;
    return stack;
}

/* User mode, with what the kernel lets programs do. */
static void init_user_state(struct arm_state *s)
{
    arm_cpsr_write(s, ARM_MODE_USR);
    s->cp15.cpacr = 0x00f00000; /* coprocessors 10 and 11 */
    s->fpexc = 0x40000000;
    s->cp15.cntkctl = 3; /* counters readable in User mode */
    arm_cpu_loaded(s);
}

struct task *task_new(struct process *p, struct error *e)
{
    struct task *t = aligned_alloc(64, (sizeof(*t) + 63) & ~(size_t)63);
    if (!t)
        abort();
    memset(t, 0, sizeof(*t));
    t->process = p;
    t->altstack_flags = SS_DISABLE;
    t->actions = p->own_actions;
    const struct arm_cpu_config config = {
        .model = p->config.cpu_model,
        .count = atomic_load(&p->parallel) ? 2 : 1,
        .ops = &process_cpu_ops,
        .ops_opaque = t,
    };
    t->state.env.owner = t;
    arm_cpu_init(&t->state, &config);
    t->state.env.owner = t;
    init_user_state(&t->state);
    t->host_stack = host_stack_new(t);
    t->engine = t->host_stack ? engine_cpu_add(p->engine, &t->state.env) : NULL;
    if (!t->engine) {
        if (t->host_stack)
            munmap(t->host_stack, HOST_STACK);
        free(t);
        error_set(e, "no room for another thread");
        return NULL;
    }
    pthread_mutex_lock(&p->tasks_lock);
    t->next = p->tasks;
    if (t->next)
        t->next->prev = t;
    p->tasks = t;
    p->task_count++;
    pthread_mutex_unlock(&p->tasks_lock);
    return t;
}

void task_free(struct task *t)
{
    struct process *p = t->process;
    pthread_mutex_lock(&p->tasks_lock);
    if (t->prev)
        t->prev->next = t->next;
    else
        p->tasks = t->next;
    if (t->next)
        t->next->prev = t->prev;
    p->task_count--;
    pthread_mutex_unlock(&p->tasks_lock);
    engine_cpu_remove(t->engine);
    if (t->copies)
        byteorder_task_ends(t);
    munmap(t->host_stack, HOST_STACK);
    free(t);
}

void task_enter_thread(struct task *t)
{
    const stack_t stack = {.ss_sp = t->host_stack, .ss_size = HOST_STACK};
    t->thread = pthread_self();
    t->tid = (pid_t)syscall(SYS_gettid);
    sigaltstack(&stack, NULL);
    space_set_segment(&t->process->space);
}

/* ---- running --------------------------------------------------------------------------------- */

/* A helper's access to guest memory failed behind its check, since another thread changed the
 * mapping: as if the instruction had not begun. */
static void helper_fault(struct task *t)
{
    struct arm_state *s = &t->state;
    s->env.budget += (int32_t)s->env.insn_left;
    s->env.pc = arm_insn_pc(s);
    s->itstate = arm_insn_it(s);
    s->env.insn_left = 0;
    t->event = TASK_FAULT;
}

enum engine_stop task_enter_guest(struct task *t)
{
    volatile enum engine_stop stop = ENGINE_STOP_SERVICE;
    struct process_debug *d = t->process->debug;
    if (d)
        debug_quiet_begin(d);
    if (sigsetjmp(t->recover, 0) == 0) {
        t->recovery = RECOVER_HELPER;
        stop = engine_run(t->engine);
    } else {
        helper_fault(t);
    }
    t->recovery = RECOVER_NOT;
    if (d)
        debug_quiet_end(d);
    return t->debug.quiet_met ? debug_quiet_again(t) : stop;
}

void task_run(struct task *t)
{
    debug_task_begins(t);
    while (!t->ended) {
        signals_deliver(t);
        if (t->process->debug)
            debug_before_guest(t);
        if (t->rseq.area)
            rseq_before_guest(t);
        enum engine_stop stop = task_enter_guest(t);
        if (t->rseq.area)
            rseq_after_guest(t);
        enum task_event event = t->event;
        if (t->process->debug)
            debug_after_guest(t, stop);
        t->event = TASK_NOTHING;
        if (event == TASK_SYSCALL)
            syscall_dispatch(t);
        else if (event == TASK_FAULT)
            signals_force(t, &t->fault);
    }
}

void process_store_code(struct process *p)
{
    if (engine_store_save(p->engine))
        code_store_prune(&p->config);
}

_Noreturn void process_exit(struct process *p, int status)
{
    debug_process_ends(p, GDB_STOP_EXITED, status & 0xff);
    process_release_locks(p);
    process_store_code(p);
    log_flush();
    if (p->config.perfmap)
        fflush(p->config.perfmap);
    syscall(SYS_exit_group, status);
    abort();
}

/* ---- the end of a thread --------------------------------------------------------------------- */

enum { ROBUST_ENTRIES_MAX = 2048 };

static void futex_wake(struct task *t, uint32_t addr, int count)
{
    syscall(SYS_futex, guest_ptr(t, addr), FUTEX_WAKE, count, NULL, NULL, 0);
}

/* The owner of the lock at @addr is gone. */
static void robust_release(struct task *t, uint32_t addr)
{
    if (!addr || addr % 4 || !space_has(&t->process->space, addr, 4, SPACE_WRITE))
        return;
    _Atomic uint32_t *word = guest_ptr(t, addr);
    uint32_t value = atomic_load(word);
    value = guest_order32(t->process, value);
    if ((value & FUTEX_TID_MASK) != (uint32_t)t->tid)
        return;
    atomic_store(word, guest_order32(t->process, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED));
    if (value & FUTEX_WAITERS)
        futex_wake(t, addr, 1);
}

/* struct robust_list_head of the guest: next, futex offset, pending. */
static void robust_list_walk(struct task *t)
{
    struct space *sp = &t->process->space;
    uint32_t head = t->robust_list, words[3];
    if (!head || !space_has(sp, head, sizeof(words), SPACE_READ))
        return;
    memcpy(words, guest_ptr(t, head), sizeof(words));
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
        words[i] = guest_order32(t->process, words[i]);
    uint32_t entry = words[0] & ~1u;
    for (unsigned n = 0; entry && entry != head && n < ROBUST_ENTRIES_MAX; n++) {
        uint32_t next = 0;
        if (space_has(sp, entry, 4, SPACE_READ))
            memcpy(&next, guest_ptr(t, entry), 4);
        next = guest_order32(t->process, next);
        if (entry != (words[2] & ~1u))
            robust_release(t, entry + words[1]);
        entry = next & ~1u;
    }
    if (words[2])
        robust_release(t, (words[2] & ~1u) + words[1]);
}

/* Another thread may be about to end by itself, which only means that its list is walked twice. */
void process_release_locks(struct process *p)
{
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next)
        if (!t->vforked)
            robust_list_walk(t);
    pthread_mutex_unlock(&p->tasks_lock);
}

void task_end(struct task *t)
{
    signals_block_all();
    rseq_task_ends(t);
    robust_list_walk(t);
    if (t->clear_tid && space_has(&t->process->space, t->clear_tid, 4, SPACE_WRITE)) {
        atomic_store((_Atomic uint32_t *)guest_ptr(t, t->clear_tid), 0);
        futex_wake(t, t->clear_tid, 1);
    }
    signals_task_ends(t);
    const stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    debug_task_ends(t);
    task_free(t);
}

/* ---- clone ----------------------------------------------------------------------------------- */

struct thread_start {
    struct task *task;
    pthread_mutex_t lock;
    pthread_cond_t started;
    bool running;
    pid_t tid; /* the thread's own: it may have ended, and its task gone, when its maker looks */
    uint32_t parent_tid, child_tid; /* where to store the thread's number; 0: nowhere */
};

void task_store_tid(struct task *t, uint32_t addr)
{
    if (addr && space_has(&t->process->space, addr, 4, SPACE_WRITE))
        *(uint32_t *)guest_ptr(t, addr) = guest_order32(t->process, (uint32_t)t->tid);
}

static void *thread_main(void *opaque)
{
    struct thread_start *start = opaque;
    struct task *t = start->task;
    task_enter_thread(t);
    signals_block_all();
    task_store_tid(t, start->parent_tid);
    task_store_tid(t, start->child_tid);
    pthread_mutex_lock(&start->lock);
    start->tid = t->tid;
    start->running = true;
    pthread_cond_signal(&start->started);
    pthread_mutex_unlock(&start->lock);
    signals_apply_mask(t);
    task_run(t);
    task_end(t);
    return NULL;
}

void task_inherit(struct task *child, const struct task *t, const struct clone_request *q)
{
    struct arm_state *s = &child->state;
    const struct arm_state *from = &t->state;
    memcpy(s->r, from->r, sizeof(s->r));
    memcpy(s->d, from->d, sizeof(s->d));
    arm_fpscr_write(s, arm_fpscr_read(from));
    s->cp15 = from->cp15;
    arm_cpsr_write(s, arm_cpsr_read(from));
    s->r[0] = 0;
    if (q->stack)
        s->r[13] = q->stack;
    if (q->flags & CLONE_SETTLS)
        s->cp15.tpidruro[0] = q->tls;
    s->env.pc = from->env.pc;
    s->env.slow_dispatch = 1;
    arm_cpu_loaded(s);
    child->mask = t->mask;
}

int task_start_thread(void *(*main)(void *), void *opaque)
{
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, THREAD_STACK);
    int r = pthread_create(&thread, &attr, main, opaque);
    pthread_attr_destroy(&attr);
    return r;
}

static int64_t clone_thread(struct task *t, const struct clone_request *q)
{
    struct thread_start start = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                 .started = PTHREAD_COND_INITIALIZER};
    struct error e;
    process_go_parallel(t->process);
    debug_threads_begin(t);
    struct task *child = task_new(t->process, &e);
    if (!child)
        return -EAGAIN;
    task_inherit(child, t, q);
    start.task = child;
    start.parent_tid = q->flags & CLONE_PARENT_SETTID ? q->parent_tid : 0;
    start.child_tid = q->flags & CLONE_CHILD_SETTID ? q->child_tid : 0;
    child->clear_tid = q->flags & CLONE_CHILD_CLEARTID ? q->child_tid : 0;
    signals_block_own(); /* the new thread has no signal stack at first */
    int r = task_start_thread(thread_main, &start);
    if (r) {
        signals_apply_mask(t);
        task_free(child);
        return -r;
    }
    pthread_mutex_lock(&start.lock);
    while (!start.running)
        pthread_cond_wait(&start.started, &start.lock);
    pid_t tid = start.tid;
    pthread_mutex_unlock(&start.lock);
    signals_apply_mask(t);
    return tid;
}

/* ---- fork ------------------------------------------------------------------------------------ */

/* In the child: only this task is left. */
static void forget_others(struct task *t)
{
    struct process *p = t->process;
    for (struct task *other = p->tasks, *next; other; other = next) {
        next = other->next;
        if (other == t)
            continue;
        munmap(other->host_stack, HOST_STACK);
        free(other);
    }
    if (p->task_count > 1) {
        p->tasks = t;
        p->task_count = 1;
        t->next = t->prev = NULL;
        memset(&p->exclusives, 0, sizeof(p->exclusives)); /* others may have held locks */
    }
    t->state.exclusive_size = 0;
    rseq_forked(t);
}

static void locks_take(struct process *p)
{
    pthread_mutex_lock(&p->space.map_lock);
    pthread_mutex_lock(&p->tasks_lock);
    pthread_mutex_lock(&p->actions_lock);
    pthread_mutex_lock(&p->rseq.lock);
}

static void locks_release(struct process *p)
{
    pthread_mutex_unlock(&p->rseq.lock);
    pthread_mutex_unlock(&p->actions_lock);
    pthread_mutex_unlock(&p->tasks_lock);
    pthread_mutex_unlock(&p->space.map_lock);
}

static void child_begin(struct task *t, const struct clone_request *q, bool followed)
{
    space_forked(&t->process->space);
    if (!followed)
        debug_forget(t);
    if (t->vforked) { /* a process of its own from here on; what there was before is another one's
                       */
        memcpy(t->process->own_actions, t->actions, sizeof(t->process->own_actions));
        t->actions = t->process->own_actions;
        t->vforked = false;
        signals_apply_mask(t);
    }
    t->thread = pthread_self();
    t->tid = (pid_t)syscall(SYS_gettid);
    atomic_store(&t->held, 0); /* signals that wait are its parent's */
    t->robust_list = 0;
    t->clear_tid = q->flags & CLONE_CHILD_CLEARTID ? q->child_tid : 0;
    if (q->stack)
        t->state.r[13] = q->stack;
    if (q->flags & CLONE_SETTLS)
        t->state.cp15.tpidruro[0] = q->tls;
    if (q->flags & CLONE_CHILD_SETTID)
        task_store_tid(t, q->child_tid);
    if (followed)
        debug_join(t);
}

static void store_word(struct task *t, uint32_t addr, uint32_t value)
{
    value = guest_order32(t->process, value);
    if (space_has(&t->process->space, addr, 4, SPACE_WRITE))
        memcpy(guest_ptr(t, addr), &value, 4);
}

/* What the parent learns of its child. */
static void tell_parent(struct task *t, const struct clone_request *q, pid_t pid)
{
    if (q->flags & CLONE_PARENT_SETTID)
        store_word(t, q->parent_tid, (uint32_t)pid);
    if (q->flags & CLONE_PIDFD)
        store_word(t, q->pidfd, (uint32_t)syscall(SYS_pidfd_open, pid, 0));
}

/* The C library's fork knows what is to be done about its own locks, but has no flags. */
static pid_t host_fork(const struct clone_request *q)
{
    uint32_t flags = q->flags & TASK_HOST_FLAGS;
    if (!(q->flags & CLONE_VM))
        flags |= q->flags & CLONE_VFORK;
    if (!flags && q->exit_signal == SIGCHLD)
        return fork();
    return (pid_t)syscall(SYS_clone, flags | q->exit_signal, 0, 0, 0, 0);
}

static int64_t clone_process(struct task *t, const struct clone_request *q)
{
    struct process *p = t->process;
    bool followed = debug_fork_begin(t);
    locks_take(p);
    engine_fork_prepare(p->engine, t->engine);
    log_lock();
    pthread_mutex_lock(&p->space.page_lock);
    pid_t pid = host_fork(q);
    int error = errno;
    pthread_mutex_unlock(&p->space.page_lock);
    log_unlock();
    if (pid == 0)
        forget_others(t);
    engine_fork_finish(p->engine, t->engine, pid == 0);
    locks_release(p);
    if (pid == 0)
        child_begin(t, q, followed);
    else if (followed)
        debug_forked(t, pid, q->flags & CLONE_VFORK);
    return pid < 0 ? -error : pid;
}

/* What must and may be asked for together, for a thread and for a process. */
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define IGNORED_FLAGS (CLONE_SYSVSEM | CLONE_DETACHED | CLONE_IO)
#define TID_FLAGS                                                                                  \
    (CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

/* A process: in memory of its own, or in its parent's. The debugger knows one process: under it a
 * child of vfork has its own memory. */
static int64_t make_process(struct task *t, const struct clone_request *q, uint32_t flags)
{
    if (!(flags & CLONE_VM) || ((flags & CLONE_VFORK) && t->process->debug))
        return clone_process(t, q);
    return flags & CLONE_VFORK ? vfork_clone(t, q) : vfork_clone_beside(t, q);
}

/* May there be a process with these flags? A child that runs beside its maker in the same memory
 * is made by a thread, of which a child in another's memory has none. */
static bool is_process(const struct task *t, uint32_t flags)
{
    bool beside = (flags & CLONE_VM) && !(flags & CLONE_VFORK);
    if (flags & ~(uint32_t)(CLONE_VFORK | CLONE_VM | CLONE_PIDFD | TASK_HOST_FLAGS))
        return false;
    if (t->process->debug && (beside || (flags & CLONE_FILES)))
        return false;
    return !beside || !t->vforked;
}

int64_t task_clone(struct task *t, const struct clone_request *q)
{
    uint32_t rest = q->flags & ~(uint32_t)(IGNORED_FLAGS | TID_FLAGS);
    if (rest & CLONE_THREAD) {
        if (rest == THREAD_FLAGS && !t->vforked)
            return clone_thread(t, q);
    } else if (is_process(t, rest)) {
        int64_t r = make_process(t, q, rest);
        if (r > 0)
            tell_parent(t, q, (pid_t)r);
        return r;
    }
    log_write(LOG_UNIMP, "clone with flags 0x%x", q->flags);
    return -EINVAL;
}
