/*
 * Futex operations in which the kernel writes numbers to the program's memory, for programs of the
 * other byte order: made of waiting and waking. Locks are handed over as by the kernel, but without
 * priorities: whoever comes first has it.
 */
#include <errno.h>
#include <linux/futex.h>

#include "process/syscall.h"

static _Atomic uint32_t *word_at(struct task *t, uint32_t addr)
{
    space_will_write(&t->process->space, addr, sizeof(uint32_t));
    return guest_ptr(t, addr);
}

static int64_t wake(struct task *t, uint32_t addr, uint32_t private, uint32_t count)
{
    return HOST3(t, SYS_futex, guest_ptr(t, addr), FUTEX_WAKE | private, (int32_t)count);
}

/* ---- FUTEX_WAKE_OP --------------------------------------------------------------------------- */

static int32_t sign_extended(uint32_t v)
{
    return (int32_t)(v << 20) >> 20;
}

static bool operate(uint32_t op, uint32_t old, uint32_t arg, uint32_t *result)
{
    const uint32_t results[] = {arg, old + arg, old | arg, old & ~arg, old ^ arg};
    if (op >= sizeof(results) / sizeof(results[0]))
        return false;
    *result = results[op];
    return true;
}

static bool compare(uint32_t cmp, int32_t old, int32_t arg, bool *result)
{
    const bool results[] = {old == arg, old != arg, old < arg, old <= arg, old > arg, old >= arg};
    if (cmp >= sizeof(results) / sizeof(results[0]))
        return false;
    *result = results[cmp];
    return true;
}

/* The arguments are those of the call: address, operation, how many to wake, how many at the second
 * address, that, what to do with its word. */
static int64_t wake_op(struct task *t, const uint32_t *a, uint32_t private)
{
    uint32_t code = a[5], arg = (uint32_t)sign_extended(code >> 12 & 0xfff), old, new;
    bool both;
    if (code >> 28 & FUTEX_OP_OPARG_SHIFT)
        arg = 1u << (arg & 31);
    _Atomic uint32_t *word = word_at(t, a[4]);
    uint32_t raw = atomic_load(word);
    do {
        old = guest_order32(t->process, raw);
        if (!operate(code >> 28 & 7, old, arg, &new) ||
            !compare(code >> 24 & 15, (int32_t)old, sign_extended(code & 0xfff), &both))
            return -ENOSYS;
    } while (!atomic_compare_exchange_weak(word, &raw, guest_order32(t->process, new)));
    int64_t first = wake(t, a[0], private, a[2]);
    int64_t second = both && first >= 0 ? wake(t, a[4], private, a[3]) : 0;
    return first < 0 ? first : second < 0 ? second : first + second;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static bool exchange(struct task *t, _Atomic uint32_t *word, uint32_t old, uint32_t new)
{
    uint32_t raw = guest_order32(t->process, old);
    return atomic_compare_exchange_strong(word, &raw, guest_order32(t->process, new));
}

/* One attempt: 0, -EAGAIN with @value as the word is, or another error. */
static int64_t take(struct task *t, _Atomic uint32_t *word, bool waited, uint32_t *value)
{
    for (;;) {
        uint32_t v = guest_order32(t->process, atomic_load(word)), owner = v & FUTEX_TID_MASK;
        if (owner == (uint32_t)t->tid)
            return -EDEADLK;
        *value = v | FUTEX_WAITERS;
        if (owner)
            return -EAGAIN;
        if (exchange(t, word, v, v | (uint32_t)t->tid | (waited ? FUTEX_WAITERS : 0)))
            return 0;
    }
}

/* @op: its flags. @waited: others may wait, too. */
static int64_t lock(struct task *t, uint32_t addr, uint32_t op, bool waited,
                    const struct timespec *until)
{
    _Atomic uint32_t *word = word_at(t, addr);
    uint32_t wait = FUTEX_WAIT_BITSET | (op & (FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME));
    uint32_t value;
    for (;; waited = true) {
        int64_t r = take(t, word, waited, &value);
        if (r != -EAGAIN)
            return r;
        uint32_t owner = value & FUTEX_TID_MASK;
        if (syscall(SYS_kill, owner, 0) != 0 && errno == ESRCH)
            return -ESRCH;
        if (!exchange(t, word, value, value) && !exchange(t, word, value & ~FUTEX_WAITERS, value))
            continue; /* it has changed meanwhile */
        r = HOST6(t, SYS_futex, word, wait, guest_order32(t->process, value), until, NULL,
                  FUTEX_BITSET_MATCH_ANY);
        if (r < 0 && r != -EAGAIN)
            return r;
    }
}

static int64_t try_lock(struct task *t, uint32_t addr)
{
    uint32_t value;
    return take(t, word_at(t, addr), false, &value);
}

static int64_t unlock(struct task *t, uint32_t addr, uint32_t private)
{
    _Atomic uint32_t *word = word_at(t, addr);
    uint32_t v;
    do {
        v = guest_order32(t->process, atomic_load(word));
        if ((v & FUTEX_TID_MASK) != (uint32_t)t->tid)
            return -EPERM;
    } while (!exchange(t, word, v, 0));
    int64_t r = v & FUTEX_WAITERS ? wake(t, addr, private, 1) : 0;
    return r < 0 ? r : 0;
}

/* ---- requeueing to a lock -------------------------------------------------------------------- */

/* Address, operation, expected value, timeout; the lock. Who is woken takes the lock, or waits for
 * it like others; so do those who have been moved to its queue. */
static int64_t wait_requeue(struct task *t, const uint32_t *a, const struct timespec *until)
{
    const uint32_t flags = a[1] & (FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    int64_t r = HOST6(t, SYS_futex, guest_ptr(t, a[0]), FUTEX_WAIT_BITSET | flags,
                      guest_order32(t->process, a[2]), until, NULL, FUTEX_BITSET_MATCH_ANY);
    if (r < 0)
        return r;
    r = lock(t, a[4], flags, true, until);
    bool interrupted = r == SYSCALL_RESTART || r == SYSCALL_NOT_BEGUN || r == -EINTR;
    return interrupted ? -EAGAIN : r; /* as the kernel says then: it cannot be made once more */
}

/* Address, operation, how many to wake: 1, how many to move, the lock, expected value. The one that
 * is woken tells with the lock that others wait for it. */
static int64_t requeue(struct task *t, const uint32_t *a, uint32_t private)
{
    if (a[2] != 1)
        return -EINVAL;
    return HOST6(t, SYS_futex, guest_ptr(t, a[0]), FUTEX_CMP_REQUEUE | private, 1, a[3],
                 guest_ptr(t, a[4]), guest_order32(t->process, a[5]));
}

int64_t futex_in_order(struct task *t, const uint32_t *a, const struct timespec *timeout)
{
    uint32_t private = a[1] & FUTEX_PRIVATE_FLAG;
    if (a[0] % 4)
        return -EINVAL;
    switch (a[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAKE_OP:
        return a[4] % 4 ? -EINVAL : wake_op(t, a, private);
    case FUTEX_LOCK_PI:
        return lock(t, a[0], a[1] | FUTEX_CLOCK_REALTIME, false, timeout);
    case FUTEX_LOCK_PI2:
        return lock(t, a[0], a[1], false, timeout);
    case FUTEX_TRYLOCK_PI:
        return try_lock(t, a[0]);
    case FUTEX_UNLOCK_PI:
        return unlock(t, a[0], private);
    case FUTEX_WAIT_REQUEUE_PI:
        return a[4] % 4 || a[4] == a[0] ? -EINVAL : wait_requeue(t, a, timeout);
    case FUTEX_CMP_REQUEUE_PI:
        return a[4] % 4 || a[4] == a[0] ? -EINVAL : requeue(t, a, private);
    default:
        return -ENOSYS;
    }
}
