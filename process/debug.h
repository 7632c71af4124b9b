/* What debug.c (threads: stopping, going on, telling) and debug_target.c (the debugger's view)
 * share. */
#ifndef ARMEMU_PROCESS_DEBUG_H
#define ARMEMU_PROCESS_DEBUG_H

#include <pthread.h>

#include "process/internal.h"

struct loop;

enum { DEBUG_SIGNALS = 256 }; /* of GDB's numbers */

/* Pages whose watchpoints the host sees to: debug_quiet.c. */
enum { QUIET_PAGES_MAX = 8, QUIET_NOISY_MAX = 16 };
struct debug_quiet {
    struct quiet_page {
        uint32_t addr;
        bool reads; /* are watched as well */
    } pages[QUIET_PAGES_MAX];
    uint32_t count;
    bool refused;           /* the guest runs: the host refuses accesses to them */
    uint32_t noisy[QUIET_NOISY_MAX]; /* pages, the last ones, that were met */
    uint32_t noisy_count;
    uint32_t entries;       /* into the guest since then: */
    uint64_t since;         /* ns of the thread's CPU time */
    bool restless;          /* the program enters too often */
};

struct process_debug {
    struct process *process;
    pthread_mutex_t lock;    /* the loop's callbacks hold it */
    pthread_cond_t bell;     /* rung is set */
    pthread_cond_t changed;  /* a thread has parked, or may go on, or the debugger has been told */
    struct loop *loop;
    struct gdb_listener listener;
    _Atomic bool stopped;    /* no thread goes on */
    _Atomic bool attached;           /* somebody is to be told of stops */
    bool waiting;            /* the debugger has let it go on */
    bool non_stop;           /* threads stop one by one: each by `held` */
    bool rung;               /* the loop is to look at: */
    bool announced;          /* a thread has something to tell */
    char *output;            /* what breakpoints have printed */
    size_t output_length;
    bool points_changed;     /* breakpoints that the engine has not been told of */
    enum gdb_action others;  /* what threads do that appear */
    struct gdb_points points;
    struct gdb_watching watching;    /* what the engine knows of them, */
    struct debug_quiet quiet;        /* and what the host sees to */
    struct gdb_registers *registers;
    bool pass[DEBUG_SIGNALS];
    struct gdb_stop end;     /* of the process; kind NONE while it lives */
    bool end_told;           /* to a debugger in non-stop mode, who will say that he knows */
    bool end_known;
    bool ended;              /* the process may go */
    bool follow_forks, follow_execs; /* the debugger wants to know of these */
    enum { HUB_NONE, HUB_WANTED, HUB_THERE, HUB_FAILED } hub;
    char hub_name[8 + PROCESS_HUB_MAX]; /* as -g takes it */
    bool inherited;          /* pass was the parent's */
    void *host_stack;        /* of the debugger's thread, for steps that it does, */
    sigset_t mask;           /* and what it blocks otherwise */
    int mem;                 /* /proc/self/mem, of the debugger's thread; -1: not open yet */
};

/** GDB's number of the host's signal, and back; 0 for none. */
uint32_t debug_signal_to_gdb(int sig);
int debug_signal_from_gdb(uint32_t number);

/** Start what passes news on to the loop: on its thread. */
bool debug_bell_start(struct process_debug *d, struct error *e);

/** Stop all threads and wait for them. The lock is held, on the loop's thread. */
void debug_stop_all(struct process_debug *d);
/** Nothing is held, steps, or has anything to tell any more, but for signals. All are stopped. */
void debug_release(struct process_debug *d);
/** Let threads go on as they are set. */
void debug_go(struct process_debug *d);

/** Of what the threads do, only one is to do something, a step: can it be done on the loop's
 * thread, while all wait? The task, or NULL. */
struct task *debug_steps_alone(struct process_debug *d, const struct gdb_resume *actions,
                               uint32_t count);
/** Do its step there, which saves changing threads; and tell of it. False: it is for the task's
 * thread. */
bool debug_step_here(struct process_debug *d, struct task *t);
/** Prepare for that: on the loop's thread. */
bool debug_step_begin(struct process_debug *d, struct error *e);

/** The task with this number, unless it has ended. It stays while the lock is held. */
struct task *debug_find(const struct process_debug *d, uint32_t thread);

/** Have the host, or the engine, watch what the watchpoints say. @lazily: see gdb_watching_apply.
 * The lock is held, all threads are outside of the guest. */
void debug_watch_apply(struct process_debug *d, bool lazily);
/** Can the host see to all of @w? From now on it does, or to nothing. */
bool debug_quiet_takes(struct process_debug *d, const struct gdb_watching *w);

/** Have the loop look for news. */
void debug_ring(struct process_debug *d);

/** Have a thread that is in a system call leave it; false if the call has been done. */
bool debug_leave_syscall(struct process_debug *d, struct task *t);

/** Memory as a thread of the guest or the debugger reads it, whatever else goes on. */
bool debug_read_memory(const struct process *p, uint32_t addr, void *buf, uint32_t len);
extern const struct gdb_agent_ops debug_agent_ops;
uint64_t debug_read_register(const struct task *t, const struct gdb_register *reg);

#endif
