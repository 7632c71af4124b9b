/* Memory: mappings, rights, the break. */
#include <errno.h>
#include <sys/mman.h>
#include <string.h>

#include "process/syscall.h"
#include "util/bits.h"

int64_t sys_brk(struct task *t, const uint32_t *a)
{
    struct space *s = &t->process->space;
    if (a[0] > s->brk && !limits_allow(t->process, a[0] - s->brk, PROT_READ | PROT_WRITE))
        return s->brk;
    return space_set_brk(s, a[0]);
}

int64_t sys_mmap2(struct task *t, const uint32_t *a)
{
    struct process *p = t->process;
    int flags = (int)a[3] | (p->lock_future ? MAP_LOCKED : 0);
    if (!limits_allow(p, a[1], (int)a[2]))
        return -ENOMEM;
    return space_map(&p->space, a[0], a[1], (int)a[2], flags, (int)a[4],
                     (int64_t)a[5] * SPACE_PAGE);
}

int64_t sys_munmap(struct task *t, const uint32_t *a)
{
    return space_unmap(&t->process->space, a[0], a[1]);
}

int64_t sys_mprotect(struct task *t, const uint32_t *a)
{
    return space_protect(&t->process->space, a[0], a[1], (int)a[2]);
}

int64_t sys_mremap(struct task *t, const uint32_t *a)
{
    if (a[2] > a[1] && !limits_allow(t->process, a[2] - a[1], PROT_READ | PROT_WRITE))
        return -ENOMEM;
    return space_remap(&t->process->space, a[0], a[1], a[2], (int)a[3], a[4]);
}

/* Lock or unlock what the program has mapped and may access: the host's own call would take the
 * whole window. */
static int64_t lock_pages(struct task *t, bool lock, unsigned flags)
{
    const struct space *s = &t->process->space;
    for (uint64_t from = SPACE_FIRST, to; from < s->top; from = to) {
        bool there = space_flags(s, (uint32_t)from) & (SPACE_READ | SPACE_WRITE | SPACE_EXEC);
        for (to = from + SPACE_PAGE; to < s->top; to += SPACE_PAGE)
            if (!(space_flags(s, (uint32_t)to) & (SPACE_READ | SPACE_WRITE | SPACE_EXEC)) == there)
                break;
        void *at = guest_ptr(t, (uint32_t)from);
        int64_t r = !there ? 0
                    : lock ? HOST3(t, SYS_mlock2, at, to - from, flags)
                           : HOST2(t, SYS_munlock, at, to - from);
        if (r < 0)
            return r;
    }
    return 0;
}

int64_t sys_mlockall(struct task *t, const uint32_t *a)
{
    if (!a[0] || a[0] == MCL_ONFAULT ||
        (a[0] & ~(uint32_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
        return -EINVAL;
    int64_t r = a[0] & MCL_CURRENT ? lock_pages(t, true, a[0] & MCL_ONFAULT ? MLOCK_ONFAULT : 0)
                                   : 0;
    if (r >= 0)
        t->process->lock_future = a[0] & MCL_FUTURE;
    return r;
}

int64_t sys_munlockall(struct task *t, const uint32_t *a)
{
    t->process->lock_future = false;
    return lock_pages(t, false, 0);
}

int64_t sys_madvise(struct task *t, const uint32_t *a)
{
    struct space *s = &t->process->space;
    if (a[0] % SPACE_PAGE || (uint64_t)a[0] + a[1] > s->top)
        return -EINVAL;
    if (!space_has(s, a[0], a[1], 0))
        return -ENOMEM;
    space_drop_code(s, a[0], a[1]);
    int64_t r = HOST3(t, SYS_madvise, guest_ptr(t, a[0]), align_up(a[1], SPACE_PAGE),
                      (int32_t)a[2]);
    if (r == 0 && (a[2] == MADV_DONTFORK || a[2] == MADV_DOFORK))
        space_set_alone(s, a[0], a[1], a[2] == MADV_DONTFORK);
    return r;
}

/* ---- ARM's own ------------------------------------------------------------------------------- */

int64_t sys_arm_cacheflush(struct task *t, const uint32_t *a)
{
    if (a[1] < a[0])
        return -EINVAL;
    t->recovery = RECOVER_NOT; /* the engine holds its lock when it reads code */
    space_flush_code(&t->process->space, a[0], a[1] - a[0]);
    return 0;
}

int64_t sys_arm_set_tls(struct task *t, const uint32_t *a)
{
    t->state.cp15.tpidruro[0] = a[0];
    return 0;
}

int64_t sys_arm_get_tls(struct task *t, const uint32_t *a)
{
    return t->state.cp15.tpidruro[0];
}

int64_t sys_arm_breakpoint(struct task *t, const uint32_t *a)
{
    siginfo_t info = {.si_signo = SIGTRAP, .si_code = TRAP_BRKPT};
    info.si_addr = (void *)(uintptr_t)t->svc_pc;
    signals_force(t, &info);
    return SYSCALL_NO_RESULT;
}

/* The helpers' caller has a fault where the memory is not there. False: it has. */
static bool exchangeable(struct task *t, uint32_t addr, uint32_t size)
{
    siginfo_t info = {.si_signo = SIGSEGV, .si_code = SEGV_MAPERR};
    info.si_addr = (void *)(uintptr_t)addr;
    if (space_has(&t->process->space, addr, size, SPACE_READ | SPACE_WRITE)) {
        space_will_write(&t->process->space, addr, size);
        return true;
    }
    t->recovery = RECOVER_NOT;
    signals_force(t, &info);
    return false;
}

/* 0: it was done; 1: there is something else. */
int64_t sys_arm_cmpxchg(struct task *t, const uint32_t *a)
{
    uint32_t old = guest_order32(t->process, a[0]), new = guest_order32(t->process, a[1]);
    if (!exchangeable(t, a[2], sizeof(old)))
        return SYSCALL_NO_RESULT;
    return !atomic_compare_exchange_strong((_Atomic uint32_t *)guest_ptr(t, a[2]), &old, new);
}

int64_t sys_arm_cmpxchg64(struct task *t, const uint32_t *a)
{
    uint64_t old, new;
    memcpy(&old, guest_ptr(t, a[0]), sizeof(old));
    memcpy(&new, guest_ptr(t, a[1]), sizeof(new));
    if (!exchangeable(t, a[2], sizeof(old)))
        return SYSCALL_NO_RESULT;
    return !atomic_compare_exchange_strong((_Atomic uint64_t *)guest_ptr(t, a[2]), &old, new);
}
