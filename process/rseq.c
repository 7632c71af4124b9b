/*
 * Restartable sequences. The host's kernel may stop a thread anywhere in translated code and let
 * another one run on the same processor, without a word. So once the program uses critical
 * sections, the numbers that its threads see are those of virtual processors: a thread has one
 * while it runs guest code, no two threads have the same, and it is taken away only between two
 * instructions, where the critical section is aborted.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <linux/rseq.h>
#include <sched.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "process/syscall.h"

/* The guest's struct rseq. */
enum { AREA_CPU_START = 0, AREA_CPU = 4, AREA_SECTION = 8, AREA_FLAGS = 16, AREA_SIZE = 32 };
enum { TURN_NS = 2000000 }; /* how long a thread may keep a processor that another one waits for */

/* The struct that describes a critical section. */
struct section {
    uint32_t version, flags;
    uint64_t start, size, abort;
};

static uint64_t in_order64(const struct task *t, uint64_t v)
{
    return t->process->big_endian ? __builtin_bswap64(v) : v;
}

static uint32_t area_load(const struct task *t, unsigned offset)
{
    uint32_t value;
    memcpy(&value, guest_ptr(t, t->rseq.area + offset), sizeof(value));
    return guest_order32(t->process, value);
}

static void area_store(const struct task *t, unsigned offset, uint32_t value)
{
    _Atomic uint32_t *word = guest_ptr(t, t->rseq.area + offset);
    value = guest_order32(t->process, value);
    if (atomic_load_explicit(word, memory_order_relaxed) == value)
        return;
    space_will_write(&t->process->space, t->rseq.area, AREA_SIZE);
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* The descriptor of the critical section that the thread may be in; 0: none. */
static uint64_t area_section(const struct task *t)
{
    uint64_t pointer;
    memcpy(&pointer, guest_ptr(t, t->rseq.area + AREA_SECTION), sizeof(pointer));
    return in_order64(t, pointer);
}

/* ---- critical sections ----------------------------------------------------------------------- */

/* What the area or what it points to is not as it must be: fatal, as with the kernel. */
static _Noreturn void broken(struct task *t)
{
    const siginfo_t info = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};
    report_fatal(t, &info);
    signals_die(t, SIGSEGV);
}

static bool section_valid(const struct task *t, const struct section *s)
{
    const struct space *sp = &t->process->space;
    uint32_t sig;
    if (s->version || s->start >= SPACE_TOP || s->size >= SPACE_TOP - s->start ||
        s->abort >= SPACE_TOP || s->abort - s->start < s->size || s->abort < sizeof(sig) ||
        !space_has(sp, (uint32_t)s->abort - 4, sizeof(sig), SPACE_READ))
        return false;
    memcpy(&sig, guest_ptr(t, (uint32_t)s->abort - 4), sizeof(sig));
    return guest_order32(t->process, sig) == t->rseq.sig;
}

/* The thread has not run on without a break: it starts again at the abort address if it is in a
 * critical section. */
static void interrupt(struct task *t, uint64_t pointer)
{
    struct arm_state *s = &t->state;
    struct section section;
    uint32_t addr = (uint32_t)pointer;
    if (pointer >> 32 || !space_has(&t->process->space, addr, sizeof(section), SPACE_READ))
        broken(t);
    memcpy(&section, guest_ptr(t, addr), sizeof(section));
    section.version = guest_order32(t->process, section.version);
    section.flags = guest_order32(t->process, section.flags);
    section.start = in_order64(t, section.start);
    section.size = in_order64(t, section.size);
    section.abort = in_order64(t, section.abort);
    if (!section_valid(t, &section))
        broken(t);
    bool inside = s->env.pc - section.start < section.size;
    if (inside && (section.flags || area_load(t, AREA_FLAGS)))
        broken(t);
    area_store(t, AREA_SECTION, 0);
    area_store(t, AREA_SECTION + 4, 0);
    if (!inside)
        return;
    s->env.pc = (uint32_t)section.abort & ~(s->thumb ? 1u : 3u);
    s->itstate = 0;
    s->exclusive_size = 0;
    s->env.slow_dispatch = 1;
}

/* Has the thread been using critical sections since it was here last? */
static bool check_section(struct task *t)
{
    if (!space_has(&t->process->space, t->rseq.area, AREA_SIZE, SPACE_WRITE))
        broken(t);
    uint64_t section = area_section(t);
    if (section)
        interrupt(t, section);
    return section;
}

bool rseq_idle(const struct task *t)
{
    return !t->rseq.area ||
           (!atomic_load(&t->process->rseq.exclusive) &&
            space_has(&t->process->space, t->rseq.area, AREA_SIZE, SPACE_READ) && !area_section(t));
}

void rseq_signal(struct task *t)
{
    if (t->rseq.area)
        check_section(t);
}

/* ---- virtual processors: all under the lock -------------------------------------------------- */

/* A processor that the thread may have: nobody's, or of a thread that is not in the guest. */
static int find_free(const struct process_rseq *q, const struct task *t)
{
    for (int cpu = 0; cpu < RSEQ_CPUS; cpu++)
        if (CPU_ISSET(cpu, &t->rseq.allowed) && (!q->owner[cpu] || !q->owner[cpu]->rseq.inside))
            return cpu;
    return -1;
}

static void give(struct process_rseq *q, struct task *t, int cpu)
{
    if (q->owner[t->rseq.cpu] == t)
        q->owner[t->rseq.cpu] = NULL;
    q->owner[cpu] = t;
    t->rseq.cpu = cpu;
    t->rseq.inside = true;
}

/* To leave the guest soon. */
static void ask_to_leave(struct task *t)
{
    atomic_store(&t->rseq.leave, true);
    atomic_store(&t->state.env.exit_request, 1);
}

/* Those who wait longest come first. */
static void serve_waiters(struct process_rseq *q)
{
    for (struct task **link = &q->waiters; *link;) {
        struct task *t = *link;
        int cpu = find_free(q, t);
        if (cpu < 0) {
            link = &t->rseq.next_waiter;
            continue;
        }
        give(q, t, cpu);
        *link = t->rseq.next_waiter;
        pthread_cond_signal(&t->rseq.given);
    }
}

/* None is free: wait a while, then ask those who have one that is good for this thread. */
static void wait_for_cpu(struct process_rseq *q, struct task *t)
{
    struct task **link = &q->waiters;
    while (*link)
        link = &(*link)->rseq.next_waiter;
    *link = t;
    t->rseq.next_waiter = NULL;
    while (!t->rseq.inside) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TURN_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&t->rseq.given, &q->lock, &until) != ETIMEDOUT || t->rseq.inside)
            continue;
        for (int cpu = 0; cpu < RSEQ_CPUS; cpu++)
            if (CPU_ISSET(cpu, &t->rseq.allowed) && q->owner[cpu])
                ask_to_leave(q->owner[cpu]);
        serve_waiters(q);
    }
}

static void allowed_cpus(struct task *t)
{
    t->rseq.affinity_changed = false;
    if (sched_getaffinity(0, sizeof(t->rseq.allowed), &t->rseq.allowed) != 0 ||
        !CPU_COUNT(&t->rseq.allowed))
        CPU_SET(0, &t->rseq.allowed);
}

static void take_cpu(struct process_rseq *q, struct task *t)
{
    pthread_mutex_lock(&q->lock);
    bool kept = q->owner[t->rseq.cpu] == t && !t->rseq.affinity_changed;
    if (kept && !q->waiters) {
        t->rseq.inside = true;
    } else {
        if (!kept)
            allowed_cpus(t);
        int cpu = q->waiters ? -1 : find_free(q, t);
        if (cpu >= 0)
            give(q, t, cpu);
        else
            wait_for_cpu(q, t);
    }
    pthread_mutex_unlock(&q->lock);
}

void rseq_after_guest(struct task *t)
{
    struct process_rseq *q = &t->process->rseq;
    if (atomic_load_explicit(&t->rseq.leave, memory_order_relaxed))
        atomic_store(&t->rseq.leave, false);
    if (!t->rseq.inside)
        return;
    pthread_mutex_lock(&q->lock);
    t->rseq.inside = false;
    t->rseq.departures++;
    serve_waiters(q);
    if (q->barriers)
        pthread_cond_broadcast(&q->departed);
    pthread_mutex_unlock(&q->lock);
}

/* From now on processors are virtual. Threads in the guest get theirs soon: until then their
 * critical sections end where cpu_id and cpu_id_start are compared. */
static void start_virtual(struct process *p)
{
    if (atomic_exchange(&p->rseq.exclusive, true))
        return;
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next)
        if (t->rseq.area)
            ask_to_leave(t);
    pthread_mutex_unlock(&p->tasks_lock);
}

/* ---- the guest's area ------------------------------------------------------------------------ */

/* A processor that the thread is not on, so that critical sections find that they have to start
 * again. */
static int another_cpu(struct process *p, int cpu)
{
    if (!p->rseq.possible)
        p->rseq.possible = get_nprocs_conf();
    if (cpu == 0 && p->rseq.possible == 1)
        start_virtual(p);
    return cpu == 0 && p->rseq.possible > 1 ? 1 : 0;
}

/* The usual case, at each system call: nothing but the processor may have changed, and seldom has.
 */
static inline bool is_unchanged(const struct task *t, int cpu, bool parallel)
{
    const struct process *p = t->process;
    enum { USABLE = SPACE_READ | SPACE_WRITE };
    uint64_t section;
    if (t->rseq.told != cpu || t->rseq.told_parallel != parallel ||
        atomic_load_explicit(&p->rseq.exclusive, memory_order_relaxed) ||
        (space_flags(&p->space, t->rseq.area) & USABLE) != USABLE)
        return false;
    memcpy(&section, guest_ptr(t, t->rseq.area + AREA_SECTION), sizeof(section));
    return !section;
}

void rseq_before_guest(struct task *t)
{
    struct process *p = t->process;
    bool parallel = atomic_load_explicit(&p->parallel, memory_order_relaxed);
    int cpu = sched_getcpu(), start;
    if (is_unchanged(t, cpu, parallel))
        return;
    if (check_section(t))
        p->rseq.used = true;
    if (parallel && (p->rseq.used || p->config.accel != ENGINE_JIT))
        start_virtual(p);
    t->rseq.told = cpu;
    t->rseq.told_parallel = parallel;
    if (atomic_load_explicit(&p->rseq.exclusive, memory_order_relaxed)) {
        take_cpu(&p->rseq, t);
        cpu = start = t->rseq.cpu;
    } else {
        cpu = cpu < 0 ? 0 : cpu;
        start = parallel ? another_cpu(p, cpu) : cpu;
    }
    area_store(t, AREA_CPU_START, (uint32_t)start);
    area_store(t, AREA_CPU, (uint32_t)cpu);
}

void rseq_look(struct task *t)
{
    struct process *p = t->process;
    if (t->rseq.area && atomic_load(&p->parallel) && !atomic_load(&p->rseq.exclusive) &&
        space_has(&p->space, t->rseq.area, AREA_SIZE, SPACE_READ) && area_section(t))
        ask_to_leave(t);
}

void rseq_init(struct process *p)
{
    p->rseq.owner = p->rseq_owner;
    pthread_mutex_init(&p->rseq.lock, NULL);
    pthread_cond_init(&p->rseq.departed, NULL);
}

void rseq_forked(struct task *t)
{
    struct process_rseq *q = &t->process->rseq;
    if (!atomic_load(&q->exclusive))
        return;
    memset(q->owner, 0, sizeof(t->process->rseq_owner));
    q->waiters = NULL;
    q->barriers = 0;
    pthread_cond_init(&q->departed, NULL);
    t->rseq.inside = false;
}

void rseq_task_ends(struct task *t)
{
    struct process_rseq *q = &t->process->rseq;
    if (!t->rseq.area)
        return;
    pthread_mutex_lock(&q->lock);
    if (q->owner[t->rseq.cpu] == t)
        q->owner[t->rseq.cpu] = NULL;
    t->rseq.area = 0;
    t->rseq.inside = false;
    serve_waiters(q);
    pthread_mutex_unlock(&q->lock);
}

void rseq_affinity_changed(struct process *p)
{
    if (!atomic_load(&p->rseq.exclusive))
        return;
    pthread_mutex_lock(&p->tasks_lock);
    pthread_mutex_lock(&p->rseq.lock);
    for (struct task *t = p->tasks; t; t = t->next) {
        t->rseq.affinity_changed = true;
        if (t->rseq.inside)
            ask_to_leave(t);
    }
    pthread_mutex_unlock(&p->rseq.lock);
    pthread_mutex_unlock(&p->tasks_lock);
}

/* ---- system calls ---------------------------------------------------------------------------- */

static int64_t unregister(struct task *t, const uint32_t *a)
{
    if ((a[2] & ~(uint32_t)RSEQ_FLAG_UNREGISTER) || !a[0] || a[0] != t->rseq.area ||
        a[1] != AREA_SIZE)
        return -EINVAL;
    if (a[3] != t->rseq.sig)
        return -EPERM;
    if (!space_has(&t->process->space, a[0], AREA_SIZE, SPACE_WRITE))
        return -EFAULT;
    area_store(t, AREA_CPU_START, 0);
    area_store(t, AREA_CPU, (uint32_t)RSEQ_CPU_ID_UNINITIALIZED);
    rseq_task_ends(t);
    return 0;
}

int64_t sys_rseq(struct task *t, const uint32_t *a)
{
    if (a[2] & RSEQ_FLAG_UNREGISTER)
        return unregister(t, a);
    if (a[2])
        return -EINVAL;
    if (t->rseq.area) {
        if (a[0] != t->rseq.area || a[1] != AREA_SIZE)
            return -EINVAL;
        return a[3] != t->rseq.sig ? -EPERM : -EBUSY;
    }
    if (a[0] % AREA_SIZE || a[1] != AREA_SIZE)
        return -EINVAL;
    if (a[0] > SPACE_TOP - AREA_SIZE)
        return -EFAULT;
    t->rseq = (struct task_rseq){.area = a[0], .sig = a[3], .told = -2, .affinity_changed = true};
    pthread_cond_init(&t->rseq.given, NULL);
    return 0;
}

/* Virtual processors have the numbers of those that the thread may run on. */
int64_t sys_getcpu(struct task *t, const uint32_t *a)
{
    uint32_t cpu, node;
    int64_t r = HOST3(t, SYS_getcpu, &cpu, &node, NULL);
    if (r < 0)
        return r;
    if (t->rseq.area && atomic_load(&t->process->rseq.exclusive))
        cpu = (uint32_t)t->rseq.cpu;
    if (a[0])
        memcpy(guest_out(t, a[0], sizeof(cpu)), &cpu, sizeof(cpu));
    if (a[1])
        memcpy(guest_out(t, a[1], sizeof(node)), &node, sizeof(node));
    return 0;
}

/* Wait until the thread that had @cpu when the call began is out of the guest. */
static void wait_for_departure(struct process_rseq *q, struct task *self, int cpu)
{
    struct task *t = q->owner[cpu];
    if (!t || t == self || !t->rseq.inside)
        return;
    uint64_t departures = t->rseq.departures;
    ask_to_leave(t);
    q->barriers++;
    while (q->owner[cpu] == t && t->rseq.inside && t->rseq.departures == departures)
        pthread_cond_wait(&q->departed, &q->lock);
    q->barriers--;
}

int64_t rseq_membarrier(struct task *t, const uint32_t *a)
{
    struct process *p = t->process;
    struct process_rseq *q = &p->rseq;
    if (a[0] == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ) {
        if (a[1])
            return -EINVAL;
        q->barriers_registered = true;
        start_virtual(p);
        return 0;
    }
    if (a[1] & ~(uint32_t)MEMBARRIER_CMD_FLAG_CPU)
        return -EINVAL;
    if (!q->barriers_registered)
        return -EPERM;
    bool one = a[1];
    if (one && a[2] >= RSEQ_CPUS)
        return (int32_t)a[2] < 0 ? -EINVAL : 0;
    pthread_mutex_lock(&q->lock);
    for (int cpu = one ? (int)a[2] : 0; cpu < (one ? (int)a[2] + 1 : RSEQ_CPUS); cpu++)
        wait_for_departure(q, t, cpu);
    pthread_mutex_unlock(&q->lock);
    return 0;
}
