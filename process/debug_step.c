/*
 * Steps of one thread, while all others wait, on the thread of the debugger: no change of threads
 * lies between a packet and its reply. The task's own thread waits meanwhile, and does what only it
 * can do: system calls, signals, faults. Such an instruction is left undone here.
 */
#include <signal.h>

#include "host/loop.h"
#include "process/debug.h"
#include "util/log.h"

/* The debugger's thread has files of its own: what is logged would be lost. */
static bool is_silent(const struct process *p)
{
    return !p->config.perfmap && (!atomic_load(&log_mask) || log_stream() == stderr);
}

/* Does the thread wait where it would enter the guest next? */
static bool is_ready(struct task *t)
{
    const struct task_debug *b = &t->debug;
    return b->parked && !b->in_syscall && !b->in_signal && !b->step_done && !b->watch_met &&
           b->follow.kind == GDB_STOP_NONE && !atomic_load(&t->pending) && rseq_idle(t);
}

struct task *debug_steps_alone(struct process_debug *d, const struct gdb_resume *actions,
                               uint32_t count)
{
    const struct gdb_resume *step = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (actions[i].action == GDB_HOLD)
            continue;
        if (step || actions[i].action == GDB_CONTINUE)
            return NULL;
        step = &actions[i];
    }
    if (!step || step->signal || !d->host_stack || d->end.kind != GDB_STOP_NONE ||
        !loop_is_current(d->loop) || !is_silent(d->process))
        return NULL;
    struct task *t = debug_find(d, step->thread);
    return t && is_ready(t) ? t : NULL;
}

/* One instruction. False: it has not been executed; *@stop: what it stops with, if it does. */
static bool step_once(struct process_debug *d, struct task *t, struct gdb_stop *stop)
{
    struct arm_state *s = &t->state;
    uint64_t count = engine_icount(&s->env), pc = s->env.pc;
    const uint32_t it = s->itstate;
    t->debug.here = true;
    enum engine_stop why = task_enter_guest(t);
    t->debug.here = false;
    if (debug_quiet_over(t)) {
        t->debug.quiet_met = false;
        debug_watch_apply(d, false);
    }
    if (t->event != TASK_NOTHING) {
        t->event = TASK_NOTHING;
        s->env.pc = pc;
        s->itstate = it;
        s->env.budget += (int32_t)(engine_icount(&s->env) - count);
        return false;
    }
    if (t->debug.watch_met) {
        t->debug.watch_met = false;
        *stop = t->debug.watch_stop;
        return true;
    }
    if (why == ENGINE_STOP_STEP &&
        gdb_thread_stepped(&t->debug.order, t->engine, &d->points, (uint32_t)s->env.pc, false,
                           &debug_agent_ops, t))
        stop->kind = GDB_STOP_STEP;
    return why == ENGINE_STOP_STEP;
}

bool debug_step_here(struct process_debug *d, struct task *t)
{
    enum { MOST = 4096 }; /* of a range, before the loop has a look at other things */
    struct gdb_stop stop = {.kind = GDB_STOP_NONE};
    *(struct task **)d->host_stack = t;
    signals_block_all(); /* but what the guest's instructions raise */
    for (unsigned n = 0; n < MOST && stop.kind == GDB_STOP_NONE; n++)
        if (!step_once(d, t, &stop))
            break;
    pthread_sigmask(SIG_SETMASK, &d->mask, NULL);
    if (stop.kind == GDB_STOP_NONE)
        return false;
    stop.thread = (uint32_t)t->tid;
    t->debug.stop = stop;
    t->debug.told = true;
    if (d->attached && d->listener.stopped)
        d->listener.stopped(d->listener.opaque, &stop);
    return true;
}

bool debug_step_begin(struct process_debug *d, struct error *e)
{
    pthread_sigmask(SIG_SETMASK, NULL, &d->mask);
    d->host_stack = host_stack_new(NULL);
    const stack_t stack = {.ss_sp = d->host_stack, .ss_size = HOST_STACK};
    space_set_segment(&d->process->space);
    return (d->host_stack && !sigaltstack(&stack, NULL)) ||
           error_set_errno(e, "-g: signal stack of the debugger's thread");
}
