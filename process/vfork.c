/*
 * vfork and posix_spawn: a child that runs in its parent's memory, while the thread that made it
 * waits, until it executes a program or ends. It is a process of the host's, with a task of its own
 * in the same struct process. What others may wait for must not die with it: it can be ended from
 * outside only while it is in a system call of the host.
 */
#include <errno.h>
#include <linux/futex.h>
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
    const struct clone_request *request;
};

static void store_tid(struct task *t, uint32_t addr)
{
    if (addr && space_has(&t->process->space, addr, 4, SPACE_WRITE))
        memcpy(guest_ptr(t, addr), &t->tid, sizeof(t->tid));
}

static int child_main(void *opaque)
{
    const struct vfork *v = opaque;
    struct task *t = v->child;
    task_enter_thread(t);
    if (v->request->flags & CLONE_PARENT_SETTID)
        store_tid(t, v->request->parent_tid);
    if (v->request->flags & CLONE_CHILD_SETTID)
        store_tid(t, v->request->child_tid);
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

int64_t vfork_clone(struct task *t, const struct clone_request *q)
{
    uint8_t *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return -ENOMEM;
    struct task *child = child_new(t, q);
    int64_t r = -EAGAIN;
    if (child) {
        struct vfork v = {child, q};
        signals_block_all();
        r = clone(child_main, stack + CHILD_STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, &v);
        r = r < 0 ? -errno : r;
        child_gone(child, q);
        signals_apply_mask(t);
    }
    FORGET_FRAMES(stack);
    munmap(stack, CHILD_STACK);
    return r;
}
