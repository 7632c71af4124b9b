/*
 * Children that run in their parent's memory. Of vfork and posix_spawn: while the thread that made
 * the child waits, until it executes a program or ends. Of clone with CLONE_VM alone: beside it. It
 * is a process of the host's, with a task of its own in the same struct process. What others may
 * wait for must not die with it: it can be ended from outside only while it is in a system call of
 * the host.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/internal.h"
#include "util/log.h"

enum { CHILD_STACK = THREAD_STACK };

/* The child leaves frames behind that never return. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define FORGET_FRAMES(stack) __asan_unpoison_memory_region(stack, CHILD_STACK)
#else
#define FORGET_FRAMES(stack) ((void)(stack))
#endif

struct vfork {
    struct task *child;
    struct clone_request request;
    pid_t pid; /* of the child, by the host */
    /* Of a child that its maker does not wait for: */
    bool kept;
    atomic_int users; /* the maker and the keeper: who is the last frees it */
    pthread_mutex_t lock;
    pthread_cond_t begun;
    int64_t result; /* 0: has not begun */
};

static void tell_maker(struct vfork *v, int64_t result)
{
    pthread_mutex_lock(&v->lock);
    if (!v->result)
        v->result = result;
    pthread_cond_signal(&v->begun);
    pthread_mutex_unlock(&v->lock);
}

static int child_main(void *opaque)
{
    struct vfork *v = opaque;
    struct task *t = v->child;
    task_enter_thread(t);
    signals_block_all();
    if (v->request.flags & CLONE_PARENT_SETTID)
        task_store_tid(t, v->request.parent_tid);
    if (v->request.flags & CLONE_CHILD_SETTID)
        task_store_tid(t, v->request.child_tid);
    if (v->kept)
        tell_maker(v, v->pid);
    task_run(t);
    vfork_exit(0);
}

_Noreturn void vfork_exit(int status)
{
    log_flush();
    syscall(SYS_exit_group, status);
    abort();
}

/* The child has gone on in other memory, or ended. */
static void child_gone(struct task *child, const struct clone_request *q)
{
    struct task *t = child;
    if ((q->flags & CLONE_CHILD_CLEARTID) &&
        space_has(&t->process->space, q->child_tid, 4, SPACE_WRITE)) {
        _Atomic uint32_t *word = guest_ptr(t, q->child_tid);
        atomic_store(word, 0);
        syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
    for (unsigned i = 0; i < EXEC_ARRAYS; i++)
        free(t->exec_arrays[i]);
    free(t->actions);
    task_free(t);
}

static struct task *child_new(struct task *t, const struct clone_request *q)
{
    struct error e;
    struct task *child = task_new(t->process, &e);
    if (!child)
        return NULL;
    task_inherit(child, t, q);
    child->altstack = t->altstack;
    child->altstack_size = t->altstack_size;
    child->altstack_flags = t->altstack_flags;
    child->actions = malloc(sizeof(t->process->own_actions));
    if (!child->actions)
        abort();
    memcpy(child->actions, t->actions, sizeof(t->process->own_actions));
    child->vforked = true;
    return child;
}

/* Make the child, and wait until it is gone. */
static int64_t run_child(struct vfork *v)
{
    const struct clone_request *q = &v->request;
    uint8_t *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        child_gone(v->child, q);
        return -ENOMEM;
    }
    uint32_t flags = (q->flags & TASK_HOST_FLAGS) | q->exit_signal;
    int r = clone(child_main, stack + CHILD_STACK,
                  (int)(flags | CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID), v, &v->pid);
    int error = errno;
    child_gone(v->child, q);
    FORGET_FRAMES(stack);
    munmap(stack, CHILD_STACK);
    return r < 0 ? -error : r;
}

int64_t vfork_clone(struct task *t, const struct clone_request *q)
{
    struct vfork v = {.child = child_new(t, q), .request = *q};
    if (!v.child)
        return -EAGAIN;
    signals_block_all();
    int64_t r = run_child(&v);
    signals_apply_mask(t);
    return r;
}

/* ---- children that nobody waits for ---------------------------------------------------------- */

static void release(struct vfork *v)
{
    if (atomic_fetch_sub(&v->users, 1) == 1)
        free(v);
}

/* A thread of the host's that lends the child its place: two of the host's processes that run at
 * the same time need a thread's storage each. */
static void *keeper_main(void *opaque)
{
    struct vfork *v = opaque;
    tell_maker(v, run_child(v)); /* that it has failed; else the child has said so long ago */
    release(v);
    return NULL;
}

int64_t vfork_clone_beside(struct task *t, const struct clone_request *q)
{
    process_go_parallel(t->process);
    struct vfork *v = calloc(1, sizeof(*v));
    if (!v)
        abort();
    v->request = *q;
    v->kept = true;
    atomic_store(&v->users, 2);
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->begun, NULL);
    v->child = child_new(t, q);
    if (!v->child) {
        free(v);
        return -EAGAIN;
    }
    signals_block_own(); /* the keeper has no signal stack */
    int r = task_start_thread(keeper_main, v);
    if (r) {
        signals_apply_mask(t);
        child_gone(v->child, q);
        free(v);
        return -r;
    }
    pthread_mutex_lock(&v->lock);
    while (!v->result)
        pthread_cond_wait(&v->begun, &v->lock);
    int64_t pid = v->result;
    pthread_mutex_unlock(&v->lock);
    release(v);
    signals_apply_mask(t);
    return pid;
}
