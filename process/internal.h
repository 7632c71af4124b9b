/* What the files of the process VM share. */
#ifndef ARMEMU_PROCESS_INTERNAL_H
#define ARMEMU_PROCESS_INTERNAL_H

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "debug/gdb_thread.h"
#include "frontend/arm/cpu/exclusive.h"
#include "process/process.h"
#include "process/space.h"

enum {
    SIGNALS = 64,
    CONTEXTS = 64,       /* sets of exec tables: by what changes the block flags while running */
    HOST_STACK = 1 << 16, /* signal stack of a host thread; aligned to its size */
    THREAD_STACK = 1 << 19,
    EXEC_ARRAYS = 3,
};

#define SPACE_KUSER 0xffff0000u  /* the page of kernel helpers */
#define KUSER_SIGRETURN 0xffff0500u

/* Results of system call handlers besides values and -errno. */
enum {
    SYSCALL_RESTART = -512,   /* interrupted by a signal before anything was done */
    SYSCALL_NO_RESULT = -513, /* the registers are as they should be */
    SYSCALL_NOT_BEGUN = -514, /* a signal was there before the call */
};

#define SIGNAL_BIT(sig) (1ull << ((sig) - 1))
/* Signals that the host must be able to raise while guest code runs: by accesses to guest memory,
 * and by invalid floating-point operations. */
#define OWN_SIGNALS                                                                                \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGTRAP))
enum { OWN_SIGNAL_COUNT = 4 };

struct guest_action {
    uint32_t handler, flags, restorer;
    uint64_t mask;
};

/* What made a task leave the guest. */
enum task_event { TASK_NOTHING, TASK_SYSCALL, TASK_FAULT };

/* Whose faults are recovered from: a helper's only while it is called by guest code, since the
 * engine holds its lock when it reads code. */
enum task_recovery { RECOVER_NOT, RECOVER_SYSCALL, RECOVER_HELPER };

/* A system call that a signal came in between of: made once more, or if the handler wants that and
 * else failed with EINTR. Or it has failed, which becomes known only if there is a handler. */
enum task_interrupted { TASK_NOT_INTERRUPTED, TASK_REPEAT, TASK_REPEAT_OR_FAIL, TASK_FAIL };

/* What the debugger has to do with a thread; under its lock but for what is atomic. */
struct task_debug {
    _Atomic bool running;    /* in the guest, or on the way: who stops all waits for it */
    _Atomic bool held;       /* does not go on with the others */
    bool in_syscall;         /* as if before the instruction; r0 will be set when it goes on */
    bool parked;             /* waits for the debugger */
    bool kicked;             /* is to leave the system call, which will be done again */
    bool gone;               /* it ends */
    bool watch_met; /* leaving the guest before an access that is watched: see watch_stop */
    bool quiet_met; /* the same, but it is not known yet whether it is watched: debug_quiet.c */
    struct gdb_stop watch_stop;
    bool here;               /* the debugger's thread does its step, while it waits */
    bool step_done;          /* a step that the engine does not know of: a system call, a handler */
    struct gdb_thread order; /* what it does */
    struct gdb_stop stop;    /* to be told */
    bool told;
    struct gdb_stop follow;  /* of kind NONE, or what is told before the thread goes on: a fork */
    siginfo_t info;          /* of a signal that is told of */
    bool in_signal;          /* and the thread waits for what becomes of it: */
    int signal;              /* the host's number, or 0 */
    int injected;            /* sent by the debugger: not to be told of */
};

/* Restartable sequences of a thread: rseq.c. */
struct task_rseq {
    uint32_t area, sig; /* the guest's struct rseq; 0: none. The word in front of abort addresses */
    int told;                 /* what the area says of the processor, if that is the host's; */
    bool told_parallel;       /* when several threads are there? */
    int cpu; /* of the process's virtual processors, if it is the owner; under the lock: */
    bool inside;              /* it is in the guest, with that processor */
    bool affinity_changed;
    uint64_t departures;      /* how often it has come out of the guest */
    cpu_set_t allowed;
    struct task *next_waiter;
    pthread_cond_t given;
    _Atomic bool leave;       /* it is to come out of the guest */
};

/* A guest thread, which is a host thread. */
struct task {
    struct arm_state state __attribute__((aligned(64)));
    struct process *process;
    struct engine_cpu *engine;
    struct task *next, *prev; /* in process.tasks */
    pthread_t thread;
    pid_t tid;
    void *host_stack;         /* begins with a pointer to the task */
    bool ended;

    enum task_event event;
    siginfo_t fault;          /* TASK_FAULT: the signal */
    uint32_t svc_pc;          /* TASK_SYSCALL: address of the instruction */

    /* Where a fault of C code that works on guest memory goes. */
    sigjmp_buf recover;
    enum task_recovery recovery;
    /* SIGTRAP follows: an invalid operation is being executed once more */
    bool fp_step;
    _Atomic uint64_t held;    /* OWN_SIGNALS that the guest has been sent and blocks */
    siginfo_t held_info[OWN_SIGNAL_COUNT];
    _Atomic bool to_offer;    /* to other threads, which wait for them */
    bool offering;
    _Atomic uint64_t waits_for; /* signals, in sigtimedwait */

    /* A signal that has arrived and is to be delivered; all others are blocked meanwhile. */
    _Atomic int pending;      /* its number, or 0 */
    siginfo_t pending_info;
    uint64_t mask;            /* blocked, as the guest sees it */
    struct guest_action *actions; /* the process's; a child of vfork has its own */
    bool vforked;             /* runs in the memory of another process: see vfork.c */
    void *exec_arrays[EXEC_ARRAYS]; /* what an exec under way has allocated */
    uint64_t old_mask;        /* to be restored behind a system call that replaces it */
    bool restore_mask;
    enum task_interrupted interrupted;
    uint32_t interrupted_r0;
    uint32_t altstack, altstack_size, altstack_flags;

    uint32_t clear_tid;       /* set_tid_address: cleared and woken at the end */
    uint32_t robust_list;
    struct task_rseq rseq;
    uint32_t copies; /* where arguments are converted (byteorder.c), in the program's memory; 0:
                        nowhere yet */
    struct task_debug debug;
};

enum { RSEQ_CPUS = CPU_SETSIZE };

/* Virtual processors: rseq.c. */
struct process_rseq {
    bool used;                /* there have been critical sections */
    bool barriers_registered; /* membarrier */
    _Atomic bool exclusive;   /* threads have the processors one at a time */
    int possible;             /* processors of the host; 0: not known yet */
    pthread_mutex_t lock;     /* for the rest */
    struct task **owner, *waiters; /* owner: process.rseq_owner */
    unsigned barriers;        /* threads that wait for others to come out of the guest, */
    pthread_cond_t departed;  /* here */
};

/* A limit of memory: limits.c. */
struct process_limit {
    uint64_t soft, hard;
    bool set; /* else it is the host's */
};
enum { LIMIT_SPACE, LIMIT_DATA, LIMIT_STACK, LIMITS };

/* What changes most often comes first, together: a child of fork gets its own copy of each page
 * that is written to. */
struct process {
    struct process_debug *debug; /* NULL: no debugger */
    struct space space;
    struct engine *engine;
    uint8_t *contexts; /* one behind the other */
    bool big_endian;          /* BE-8: data is in the other byte order */
    _Atomic bool parallel;    /* several threads, or memory shared with other processes */
    _Atomic uint32_t signal_waiters; /* threads that wait for signals */
    pthread_mutex_t tasks_lock;
    struct task *tasks;
    uint32_t task_count;
    pthread_mutex_t actions_lock;
    struct process_rseq rseq;
    struct process_config config;
    uint32_t entry, stack_top, stack_bottom;
    uint32_t args_start, args_end, env_end; /* strings of argv, then envp's, on the stack */
    uint32_t stack_start; /* the stack pointer at the start */
    uint32_t image_start; /* lowest address of the program */
    uint32_t auxv, auxv_size;
    struct process_limit limits[LIMITS];
    bool lock_future; /* mlockall */
    struct guest_action own_actions[SIGNALS + 1];
    _Atomic uint64_t hashed_directories[16]; /* a bit per descriptor, see sys_file.c */
    struct task *rseq_owner[RSEQ_CPUS]; /* of virtual processors; under rseq.lock */
    struct arm_exclusives exclusives;
    char exe[4096];           /* the program's file, absolute */
};

/* What clone is asked for. */
struct clone_request {
    uint32_t flags; /* without the exit signal: */
    uint32_t exit_signal;
    uint32_t stack; /* its upper end; 0: the same */
    uint32_t tls;
    uint32_t parent_tid, child_tid, pidfd; /* where to store these */
};

/* What clone's flags ask for that the host does by itself. Descriptors may be shared where nothing
 * of our own is open while the program runs: without a debugger. */
#define TASK_HOST_FLAGS                                                                            \
    (CLONE_FS | CLONE_FILES | CLONE_PARENT | CLONE_UNTRACED | CLONE_NEWNS | CLONE_NEWCGROUP |      \
     CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static inline struct task *task_of(struct arm_state *s)
{
    return s->env.owner;
}

/** Host address of guest memory. Accesses outside of mapped memory fail the system call. */
static inline void *guest_ptr(const struct task *t, uint32_t addr)
{
    return space_host(&t->process->space, addr);
}

/** @v as the program's memory holds it, or what that holds as a number. */
static inline uint32_t guest_order32(const struct process *p, uint32_t v)
{
    return p->big_endian ? __builtin_bswap32(v) : v;
}

/** The same; NULL for 0. */
static inline void *guest_ptr0(const struct task *t, uint32_t addr)
{
    return addr ? guest_ptr(t, addr) : NULL;
}

/** As guest_ptr, for @len bytes that the host's kernel writes to. */
static inline void *guest_out(const struct task *t, uint32_t addr, uint32_t len)
{
    space_will_write(&t->process->space, addr, len);
    return guest_ptr(t, addr);
}

/* loader.c */
/** The names of what a CPU of @features has, as /proc/cpuinfo lists them, each behind a blank. */
void loader_write_capabilities(uint64_t features, FILE *out);
/** Load the program and its interpreter, and make the first stack. Sets registers of @t. */
int process_load(struct task *t, struct error *e);

/* kuser.c */
bool kuser_map(struct process *p, struct error *e);
/** The program is big-endian: the page's number is as well, while its instructions are not. */
void kuser_set_order(struct process *p);

/* cpu_ops.c */
extern const struct arm_cpu_ops process_cpu_ops;
extern const struct engine_ops process_engine_ops;
bool process_contexts_init(struct process *p, struct error *e);
/** Exclusive accesses have to be atomic from now on. Called by a task. */
void process_go_parallel(struct process *p);

/* task.c */
struct task *task_new(struct process *p, struct error *e);
void task_free(struct task *t);
/** A thread of the host's that runs @main with @opaque, and that nobody waits for; a number of
 * errno's, or 0. */
int task_start_thread(void *(*main)(void *), void *opaque);
/** What the host needs to know about the thread that runs @t from now on. */
void task_enter_thread(struct task *t);
/** Run until the thread ends. */
void task_run(struct task *t);
/** Run the guest until something is to be done, which the return value and t->event tell. */
enum engine_stop task_enter_guest(struct task *t);
/** A signal stack for the thread that calls, which is no task's, so that it can run one's guest;
 * NULL if there is no memory. Its first word is the task. */
void *host_stack_new(struct task *t);
/** Store the thread's number where clone was told to; 0, or no memory: nowhere. */
void task_store_tid(struct task *t, uint32_t addr);
/** Let the child's state be the parent's behind the system call. */
void task_inherit(struct task *child, const struct task *t, const struct clone_request *q);
/** Make a thread or a process; the number of it, or -errno. */
int64_t task_clone(struct task *t, const struct clone_request *request);
/** Every thread ends: the locks that they hold are released. */
void process_release_locks(struct process *p);
/** The thread has called exit: what others wait for is told, and the task is gone. */
void task_end(struct task *t);
/** Keep what has been translated, if it is worth it. */
void process_store_code(struct process *p);
/** End of the process, with everything written. */
_Noreturn void process_exit(struct process *p, int status);

/* limits.c */
/** May @len more bytes be mapped with @prot? */
bool limits_allow(struct process *p, uint32_t len, int prot);
enum { LIMITS_TEXT = 192 };
/** What is to be in the environment of a program that is executed from here, in @text of
 * LIMITS_TEXT bytes; false: nothing. */
bool limits_to_environment(const struct process *p, char *text);
/** Take what is there out of the environment. */
void limits_from_environment(struct process *p, char **envp);

/* rseq.c */
void rseq_init(struct process *p);
/** The thread, which has registered an area, is about to enter the guest: abort its critical
 * section, have a processor. */
void rseq_before_guest(struct task *t);
/** It has come out. */
void rseq_after_guest(struct task *t);
/** Now and then while it runs: have it come out when it uses critical sections and has no processor
 * of its own. */
void rseq_look(struct task *t);
/** Is the thread in no critical section, and has no processor of its own: could another thread run
 * the guest in its place, unseen? */
bool rseq_idle(const struct task *t);
/** A handler is about to be entered: the critical section is aborted. */
void rseq_signal(struct task *t);
/** The thread ends, or has unregistered its area. */
void rseq_task_ends(struct task *t);
/** In a child of fork, which has this thread alone. */
void rseq_forked(struct task *t);
/** Where threads may run has been changed. */
void rseq_affinity_changed(struct process *p);
/** The commands of membarrier that abort critical sections; the call's arguments. */
int64_t rseq_membarrier(struct task *t, const uint32_t *a);

/* vfork.c */
/** Make a process in the same memory, and wait until it is gone from there; its number, or -errno.
 */
int64_t vfork_clone(struct task *t, const struct clone_request *q);
/** The same without waiting. */
int64_t vfork_clone_beside(struct task *t, const struct clone_request *q);
/** The end of such a process. */
_Noreturn void vfork_exit(int status);

/* signal.c */
void signals_init(struct process *p);
/** Let the host block what the guest blocks. */
void signals_apply_mask(struct task *t);
/** Does the host, while it is called, have to block other signals than otherwise? */
static inline bool signals_differ_in_call(const struct task *t)
{
    return ((t->mask | atomic_load(&t->held)) & OWN_SIGNALS) || t->vforked;
}
/** If so: the host is going to be called, and has been. Meanwhile it blocks just what the guest
 * does, and what is held for the guest is in the kernel's queues. */
void signals_call_begins(struct task *t);
void signals_call_ends(struct task *t);
/** The thread waits for one of @set, and no longer: threads that hold these are to give them. */
void signals_wait_begins(struct task *t, uint64_t set);
void signals_wait_ends(struct task *t);
/** The thread ends: all signals are blocked, and what is held for the process goes back to it. */
void signals_task_ends(struct task *t);
/** Let the host block all signals but its own; or these as well, while nothing of the guest's is
 * touched. */
void signals_block_all(void);
void signals_block_own(void);
/** Deliver what has arrived, and settle an interrupted system call. */
void signals_deliver(struct task *t);
/** Deliver a signal that the running instruction caused. */
void signals_force(struct task *t, const siginfo_t *info);
/** A signal to the whole process that ends it. */
_Noreturn void signals_die(struct task *t, int sig);
/** The action that a signal without handler has. */
void signals_default(struct task *t, int sig);
/** Around an execve: signals that the guest ignores but the host must not are ignored by the new
 * program. */
void signals_exec_begins(struct task *t);
void signals_exec_failed(void);
uint64_t signals_blockable(uint64_t mask);
/** An action of the guest was changed: tell the host. */
int signals_set_action(struct task *t, int sig, const struct guest_action *action);

/* frame.c */
#define GUEST_SS_AUTODISARM 0x80000000u
/** Is @sp on the thread's signal stack? */
bool frame_on_altstack(const struct task *t, uint32_t sp);
bool frame_push(struct task *t, const struct guest_action *action, int sig, const siginfo_t *info,
                uint64_t old_mask);
/** Take the state from the frame at the stack pointer; the new mask in @mask. */
bool frame_pop(struct task *t, bool rt, uint64_t *mask);
void siginfo_to_guest(void *guest, const siginfo_t *info);
void siginfo_to_host(siginfo_t *info, const void *guest);

/* hostcall.S */
/** System call @nr of the host, unless a signal is pending (SYSCALL_NOT_BEGUN) or until the kernel
 * would restart it behind a signal (SYSCALL_RESTART). Returns
 * what the kernel returns. */
int64_t host_call(const _Atomic int *pending, long nr, uint64_t a0, uint64_t a1, uint64_t a2,
                  uint64_t a3, uint64_t a4, uint64_t a5);
extern const char host_call_begin[], host_call_insn[], host_call_interrupted[],
    host_call_not_begun[];
void host_signal_return(void);

/* syscall.c */
void syscall_dispatch(struct task *t);

/* debug.c: all do nothing without a debugger */
struct process_debug *process_debug_new(struct process *p);
/** The thread is about to enter the guest: tell of a step, wait while it is stopped. */
void debug_before_guest(struct task *t);
/** It has come out of the guest. */
void debug_after_guest(struct task *t, enum engine_stop why);
void debug_syscall_begin(struct task *t);
/** The call is done; its result @r is not in the registers yet. */
void debug_syscall_end(struct task *t, int64_t r);
/** Has the debugger sent the signal to have the thread leave a system call? From the handler. */
bool debug_is_kick(struct task *t, int sig, const siginfo_t *info);
/** Does the debugger watch the access, which is about to be made? It is not made: the instruction
 * starts again behind the stop. */
bool debug_watched(struct task *t, uint32_t addr, uint32_t len, bool write);
/** The process is parallel, and about to have another thread. */
void debug_threads_begin(struct task *t);
/** Around the guest, by the thread in it, with a debugger: refuse accesses to pages that are
 * watched. */
void debug_quiet_begin(struct process_debug *d);
void debug_quiet_end(struct process_debug *d);
/** Is the access to such a page? Then the thread is to leave the guest before it. */
bool debug_quiet_meets(struct task *t, uint32_t addr, uint32_t len);
/** Behind that: nothing has happened, and what has been ordered is still to be done. */
enum engine_stop debug_quiet_again(struct task *t);
/** Out of the guest: is the engine to watch from now on? */
bool debug_quiet_over(struct task *t);
/** Is the thread to leave the guest? */
bool debug_wants(struct task *t);
/** A signal has arrived: what is to be delivered, 0 for nothing. */
int debug_signal(struct task *t, int sig, siginfo_t *info);
/** A handler of the guest has been entered. */
void debug_handler_entered(struct task *t);
void debug_task_begins(struct task *t);
void debug_task_ends(struct task *t);
/** The process ends with a status, or by a signal. */
void debug_process_ends(struct process *p, enum gdb_stop_kind kind, int code);
/** Before fork: is the child to have the debugger, too? Then other threads of the debugger are kept
 * out. */
bool debug_fork_begin(struct task *t);
/** Behind it, in the parent, which has made @pid (negative: it has not). */
void debug_forked(struct task *t, int pid, bool vfork);
/** In the child, behind fork: without a debugger; or with the parent's, stopped until that says. */
void debug_forget(struct task *t);
void debug_join(struct task *t);
/** Before a program is executed: the value of -g for it; NULL: it has no debugger. */
const char *debug_exec(struct task *t);
/** Is the process stopped with no debugger there? From the handler. */
bool debug_waits(const struct process *p);
/** Does the debugger want to know of the signal when the guest leaves it to the default? */
bool debug_catches(const struct process *p, int sig);

/* report.c */
/** A signal of the running instruction ends the program: log what there is to know
 * (LOG_GUEST_ERRORS). */
void report_fatal(const struct task *t, const siginfo_t *info);

/* code_store.c */
/** The file where the program's translated code is kept, allocated; NULL: it is not kept. */
char *code_store_path(const struct process_config *config);
/** A file has been written: see that all have not become too many. */
void code_store_prune(const struct process_config *config);

/* path.c */
/** @path, or the file of that name under the prefix if there is one; in @buf of PATH_MAX bytes. */
const char *path_find(const struct process *p, const char *path, char *buf);

/* exec.c */
int64_t process_exec(struct task *t, int dirfd, const char *path, uint32_t argv, uint32_t envp,
                     int flags);

/* procfs.c */
/** Open a file of /proc that must tell about the guest. False: it is not one of these. */
bool procfs_open(struct task *t, const char *path, int flags, int64_t *result);
bool procfs_is_exe(const char *path);
/** As procfs_open, but for the executable, by any thread of the host. */
bool procfs_make(const struct process *p, const char *path, int flags, int64_t *result);
/** Is it a file that would tell of the host's program, and has none in its place? */
bool procfs_is_hidden(const char *path);

#endif
