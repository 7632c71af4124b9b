/* A process as the GDB stub sees it: threads, registers, memory, objects. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frontend/arm/cpu/psr.h"
#include "process/debug.h"
#include "util/bits.h"

pthread_mutex_t *process_debug_lock(struct process_debug *d)
{
    return &d->lock;
}

bool process_debug_listen(struct process_debug *d, struct loop *loop,
                          const struct gdb_listener *listener, struct error *e)
{
    d->loop = loop;
    d->listener = *listener;
    return debug_step_begin(d, e) && debug_bell_start(d, e);
}

/* ---- threads --------------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t threads(void *opaque, uint32_t *ids, uint32_t max)
{
    struct process *p = ((struct process_debug *)opaque)->process;
    uint32_t n = 0;
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next) {
        uint32_t id = t->tid ? (uint32_t)t->tid : (uint32_t)getpid(); /* the first, not begun yet */
        if (t->debug.gone || (!t->tid && p->task_count > 1))
            continue;
        if (n < max)
            ids[n] = id;
        n++;
    }
    pthread_mutex_unlock(&p->tasks_lock);
    qsort(ids, n < max ? n : max, sizeof(*ids), compare_ids);
    return n;
}

struct task *debug_find(const struct process_debug *d, uint32_t thread)
{
    struct process *p = d->process;
    struct task *found = NULL;
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next)
        if (!t->debug.gone && ((uint32_t)t->tid == thread || (!t->tid && p->task_count == 1)))
            found = t;
    pthread_mutex_unlock(&p->tasks_lock);
    return found;
}

static void describe(void *opaque, uint32_t thread, char *name, size_t name_size, char *about,
                     size_t about_size)
{
    const struct task *t = debug_find(opaque, thread);
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%u/comm", thread);
    snprintf(about, about_size, "%s",
             t && t->debug.in_syscall ? "in a system call" : "in the program");
    snprintf(name, name_size, "thread");
    FILE *f = fopen(path, "re");
    if (!f)
        return;
    if (fgets(name, (int)name_size, f))
        name[strcspn(name, "\n")] = 0;
    fclose(f);
}

static bool running(void *opaque)
{
    return !atomic_load(&((struct process_debug *)opaque)->stopped);
}

static void stop(void *opaque)
{
    struct process_debug *d = opaque;
    debug_stop_all(d);
    debug_release(d);
}

static void task_resume(struct process_debug *d, const struct gdb_resume *r)
{
    struct task *t = debug_find(d, r->thread);
    if (!t)
        return;
    atomic_store(&t->debug.held, r->action == GDB_HOLD);
    gdb_thread_order(&t->debug.order, t->engine, r);
    int sig = debug_signal_from_gdb(r->signal);
    if (t->debug.in_signal && t->debug.told) {
        t->debug.signal = sig;
    } else if (sig) {
        t->debug.injected = sig;
        syscall(SYS_tgkill, getpid(), t->tid, sig);
    }
    atomic_store(&t->state.env.exit_request, 1);
}

static void breakpoints_apply(struct process_debug *d)
{
    gdb_points_apply(&d->points, d->process->engine);
    d->points_changed = false;
}

void debug_watch_apply(struct process_debug *d, bool lazily)
{
    struct gdb_watching now = gdb_watching_of(&d->points);
    if (debug_quiet_takes(d, &now))
        now.count = 0;
    gdb_watching_apply(&d->watching, &now, d->process->engine, lazily);
}

static void resume(void *opaque, const struct gdb_resume *actions, uint32_t count,
                   enum gdb_action others)
{
    struct process_debug *d = opaque;
    debug_release(d);
    bool steps = others == GDB_HOLD;
    d->others = others;
    for (uint32_t i = 0; i < count; i++) {
        task_resume(d, &actions[i]);
        steps = steps && actions[i].action != GDB_CONTINUE && !actions[i].range_end;
    }
    struct task *alone = debug_steps_alone(d, actions, count);
    if (alone) {
        debug_watch_apply(d, true);
        if (debug_step_here(d, alone))
            return;
    }
    if (d->points_changed)
        breakpoints_apply(d);
    debug_watch_apply(d, steps);
    debug_go(d);
}

/* ---- non-stop mode -----------------------------------------------------------------------------
 */

static void non_stop(void *opaque, bool on)
{
    struct process_debug *d = opaque;
    struct process *p = d->process;
    d->non_stop = on;
    d->others = GDB_CONTINUE;
    debug_release(d);
    pthread_mutex_lock(&p->tasks_lock);
    for (struct task *t = p->tasks; t; t = t->next)
        atomic_store(&t->debug.held, on);
    pthread_mutex_unlock(&p->tasks_lock);
}

static void quiet(void *opaque, bool yes)
{
    struct process_debug *d = opaque;
    if (yes) {
        debug_stop_all(d);
        return;
    }
    if (d->points_changed)
        breakpoints_apply(d);
    debug_watch_apply(d, false);
    debug_go(d);
}

static bool held(void *opaque, uint32_t thread)
{
    const struct task *t = debug_find(opaque, thread);
    return t && atomic_load(&t->debug.held);
}

static void act(void *opaque, const struct gdb_resume *r)
{
    struct process_debug *d = opaque;
    struct task *t = debug_find(d, r->thread);
    const struct gdb_stop stop = {.kind = GDB_STOP_ASKED, .thread = r->thread};
    bool on_its_way = t && t->debug.stop.kind != GDB_STOP_NONE && !t->debug.told;
    if (!t || on_its_way || atomic_load(&t->debug.held) == (r->action == GDB_HOLD))
        return;
    t->debug.step_done = false;
    if (r->action != GDB_HOLD) {
        if (!t->debug.in_signal)
            t->debug.stop.kind = GDB_STOP_NONE;
        task_resume(d, r);
        return;
    }
    atomic_store(&t->debug.held, true);
    gdb_thread_forget(&t->debug.order, t->engine);
    d->listener.stopped(d->listener.opaque, &stop);
}

static uint32_t process_id(void *opaque)
{
    return (uint32_t)getpid();
}

static void follow(void *opaque, bool forks, bool execs)
{
    struct process_debug *d = opaque;
    d->follow_forks = forks;
    d->follow_execs = execs;
}

static void end_known(void *opaque)
{
    struct process_debug *d = opaque;
    d->end_known = true;
    debug_ring(d);
}

static void attached(void *opaque, bool yes)
{
    struct process_debug *d = opaque;
    d->attached = yes;
    if (d->end_told)
        debug_ring(d);
    if (!d->inherited)
        memset(d->pass, 0, sizeof(d->pass));
    d->inherited = false;
}

static void quit(void *opaque)
{
    kill(getpid(), SIGKILL);
}

static void again(void *opaque, unsigned session)
{
    const struct process_debugger *debugger =
        ((struct process_debug *)opaque)->process->config.debugger;
    if (debugger->again)
        debugger->again(debugger->opaque, session);
}

/* ---- registers ------------------------------------------------------------------------------- */

enum { NUMBER_PC = 15, NUMBER_CPSR = 25 };

static const struct gdb_registers *registers(void *opaque)
{
    return ((struct process_debug *)opaque)->registers;
}

uint64_t debug_read_register(const struct task *t, const struct gdb_register *reg)
{
    if (reg->number == NUMBER_PC && t->debug.in_syscall)
        return t->svc_pc;
    return gdb_register_read((struct arm_state *)&t->state, reg);
}

static uint64_t read_register(void *opaque, uint32_t thread, const struct gdb_register *reg)
{
    const struct task *t = debug_find(opaque, thread);
    return t ? debug_read_register(t, reg) : 0;
}

/* What User mode cannot change does not change. The result of a system call that is under way would
 * overwrite what is written. */
static bool write_register(void *opaque, uint32_t thread, const struct gdb_register *reg,
                           uint64_t value)
{
    const uint32_t fixed = ARM_PSR_M | ARM_PSR_F | ARM_PSR_I | ARM_PSR_A;
    struct task *t = debug_find(opaque, thread);
    if (!t || (t->debug.in_syscall && !debug_leave_syscall(opaque, t)))
        return false;
    if (reg->number == NUMBER_CPSR)
        value = (value & ~(uint64_t)fixed) | (arm_cpsr_read(&t->state) & fixed);
    return gdb_register_write(&t->state, reg, value);
}

static bool thread_pointer(void *opaque, uint32_t thread, uint32_t *value)
{
    const struct task *t = debug_find(opaque, thread);
    if (t)
        *value = t->state.cp15.tpidruro[0];
    return t;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool mapped(const struct space *s, uint64_t addr, uint32_t len)
{
    return addr + len <= BIT64(32) && (!len || space_has(s, (uint32_t)addr, len, SPACE_MAPPED));
}

/* Through the kernel: protection does not matter, and another thread may unmap it meanwhile. */
static int mem_fd(struct process_debug *d)
{
    if (d->mem < 0)
        d->mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    return d->mem;
}

static bool read_memory(void *opaque, uint32_t thread, bool physical, uint64_t addr, void *buf,
                        uint32_t len)
{
    struct process_debug *d = opaque;
    const struct space *s = &d->process->space;
    return mapped(s, addr, len) &&
           pread(mem_fd(d), buf, len, (off_t)(uintptr_t)space_host(s, (uint32_t)addr)) ==
               (ssize_t)len;
}

static bool write_memory(void *opaque, uint32_t thread, bool physical, uint64_t addr,
                         const void *buf, uint32_t len)
{
    struct process_debug *d = opaque;
    struct space *s = &d->process->space;
    if (!mapped(s, addr, len) ||
        pwrite(mem_fd(d), buf, len, (off_t)(uintptr_t)space_host(s, (uint32_t)addr)) !=
            (ssize_t)len)
        return false;
    space_drop_code(s, (uint32_t)addr, len);
    return true;
}

static void region(void *opaque, uint32_t addr, struct gdb_region *r)
{
    enum { SEEN = SPACE_MAPPED | SPACE_READ | SPACE_WRITE | SPACE_EXEC };
    const struct space *s = &((struct process_debug *)opaque)->process->space;
    uint64_t start = align_down(addr, SPACE_PAGE), end = start + SPACE_PAGE;
    unsigned flags = space_flags(s, addr) & SEEN;
    while (start && (space_flags(s, (uint32_t)start - 1) & SEEN) == flags)
        start -= SPACE_PAGE;
    while (end < BIT64(32) && (space_flags(s, (uint32_t)end) & SEEN) == flags)
        end += SPACE_PAGE;
    *r = (struct gdb_region){.start = start, .size = end - start, .mapped = flags & SPACE_MAPPED,
                             .read = flags & SPACE_READ, .write = flags & SPACE_WRITE,
                             .exec = flags & SPACE_EXEC};
}

/* ---- breakpoints and watchpoints ------------------------------------------------------------- */

enum { WATCH_MAX = 1 << 30 };

static bool insert(void *opaque, enum gdb_point kind, uint64_t addr, uint32_t len,
                   struct gdb_point_code *code)
{
    struct process_debug *d = opaque;
    bool added;
    if (!gdb_point_is_breakpoint(kind) && (!len || len > WATCH_MAX || addr + len > BIT64(32))) {
        gdb_point_code_free(code);
        return false;
    }
    if (!gdb_points_add(&d->points, kind, addr, len, code, &added))
        return false;
    d->points_changed = d->points_changed || added;
    return true;
}

static void remove_one(void *opaque, enum gdb_point kind, uint64_t addr, uint32_t len)
{
    struct process_debug *d = opaque;
    struct gdb_point_row gone;
    if (gdb_points_remove(&d->points, kind, addr, len, &gone))
        d->points_changed = true;
}

static void remove_all(void *opaque)
{
    struct process_debug *d = opaque;
    gdb_points_free(&d->points);
    breakpoints_apply(d);
    debug_watch_apply(d, false);
}

/* ---- objects --------------------------------------------------------------------------------- */

static bool read_auxv(const struct process *p, void **data, size_t *size)
{
    *size = p->auxv_size;
    *data = malloc(*size);
    if (*data && debug_read_memory(p, p->auxv, *data, p->auxv_size))
        return true;
    free(*data);
    return false;
}

enum { SIGINFO_BYTES = 128 };

static bool read_siginfo(const struct task *t, void **data, size_t *size)
{
    siginfo_t trap = {.si_signo = SIGTRAP, .si_code = TRAP_TRACE};
    if (!t)
        return false;
    bool signal = t->debug.stop.kind == GDB_STOP_SIGNAL;
    *size = SIGINFO_BYTES;
    *data = calloc(1, *size);
    if (!*data)
        abort();
    trap.si_addr = (void *)(uintptr_t)t->state.env.pc;
    siginfo_to_guest(*data, signal ? &t->debug.info : &trap);
    return true;
}

static bool write_siginfo(void *opaque, uint32_t thread, uint64_t offset, const void *data,
                          size_t size)
{
    uint8_t info[SIGINFO_BYTES];
    struct task *t = debug_find(opaque, thread);
    if (!t || !t->debug.in_signal || offset > sizeof(info) || size > sizeof(info) - offset)
        return false;
    siginfo_to_guest(info, &t->debug.info);
    memcpy(info + offset, data, size);
    siginfo_to_host(&t->debug.info, info);
    return true;
}

static bool read_object(void *opaque, enum gdb_object object, uint32_t thread, void **data,
                        size_t *size)
{
    const struct process_debug *d = opaque;
    switch (object) {
    case GDB_OBJECT_AUXV: return read_auxv(d->process, data, size);
    case GDB_OBJECT_SIGINFO: return read_siginfo(debug_find(d, thread), data, size);
    case GDB_OBJECT_EXEC_FILE:
        *data = strdup(d->process->exe);
        *size = *data ? strlen(*data) : 0;
        return *data;
    case GDB_OBJECT_COUNT: break;
    }
    return false;
}

static void pass_signals(void *opaque, const bool *pass)
{
    struct process_debug *d = opaque;
    memcpy(d->pass, pass, sizeof(d->pass));
}

/* ---- files ----------------------------------------------------------------------------------- */

static int open_file(void *opaque, const char *path)
{
    const struct process *p = ((struct process_debug *)opaque)->process;
    char found[PATH_MAX];
    int64_t made;
    if (procfs_make(p, path, O_CLOEXEC, &made))
        return (int)made;
    if (procfs_is_hidden(path))
        return -ENOENT;
    int fd = open(procfs_is_exe(path) ? p->exe : path_find(p, path, found),
                  O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd < 0 ? -errno : fd;
}

static ssize_t read_link(void *opaque, const char *path, char *buf, size_t size)
{
    const struct process *p = ((struct process_debug *)opaque)->process;
    char found[PATH_MAX];
    if (procfs_is_exe(path))
        return snprintf(buf, size, "%s", p->exe);
    ssize_t n = readlink(path_find(p, path, found), buf, size);
    return n < 0 ? -errno : n;
}

const struct gdb_target process_gdb_target = {
    .created = true,
    .process_id = process_id,
    .follow = follow,
    .threads = threads,
    .describe = describe,
    .running = running,
    .stop = stop,
    .resume = resume,
    .non_stop = non_stop,
    .quiet = quiet,
    .held = held,
    .act = act,
    .end_known = end_known,
    .registers = registers,
    .read_register = read_register,
    .write_register = write_register,
    .thread_pointer = thread_pointer,
    .read_memory = read_memory,
    .write_memory = write_memory,
    .region = region,
    .insert = insert,
    .remove = remove_one,
    .remove_all = remove_all,
    .read_object = read_object,
    .write_siginfo = write_siginfo,
    .objects =
        {[GDB_OBJECT_AUXV] = true, [GDB_OBJECT_EXEC_FILE] = true, [GDB_OBJECT_SIGINFO] = true},
    .pass_signals = pass_signals,
    .open_file = open_file,
    .read_link = read_link,
    .attached = attached,
    .again = again,
    .quit = quit,
};
