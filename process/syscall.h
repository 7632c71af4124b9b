/* System calls: the table, and what its handlers share. */
#ifndef ARMEMU_PROCESS_SYSCALL_H
#define ARMEMU_PROCESS_SYSCALL_H

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "process/internal.h"

enum { ARGUMENTS = 7 };

/** A handler gets the seven argument registers and returns a value, -errno, or SYSCALL_*. */
typedef int64_t syscall_fn(struct task *t, const uint32_t *a);

#define CALL(number, name, args) syscall_fn sys_##name;
#define PASS(number, name, host, args)
#define ABSENT(number, name, args)
#include "process/syscalls.def"
#undef CALL
#undef PASS
#undef ABSENT

static inline int64_t host_call_of(struct task *t, long nr, uint64_t a, uint64_t b, uint64_t c,
                                   uint64_t d, uint64_t e, uint64_t f)
{
    if (!signals_differ_in_call(t))
        return host_call(&t->pending, nr, a, b, c, d, e, f);
    signals_call_begins(t);
    int64_t r = host_call(&t->pending, nr, a, b, c, d, e, f);
    signals_call_ends(t);
    return r;
}

/** Host system call @nr that a signal may interrupt. */
#define HOST6(t, nr, a, b, c, d, e, f)                                                             \
    host_call_of(t, nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d),                \
                 (uint64_t)(e), (uint64_t)(f))
#define HOST5(t, nr, a, b, c, d, e) HOST6(t, nr, a, b, c, d, e, 0)
#define HOST4(t, nr, a, b, c, d) HOST6(t, nr, a, b, c, d, 0, 0)
#define HOST3(t, nr, a, b, c) HOST6(t, nr, a, b, c, 0, 0, 0)
#define HOST2(t, nr, a, b) HOST6(t, nr, a, b, 0, 0, 0, 0)
#define HOST1(t, nr, a) HOST6(t, nr, a, 0, 0, 0, 0, 0)

/** A 64-bit argument in two registers. */
static inline int64_t pair64(uint32_t low, uint32_t high)
{
    return (int64_t)((uint64_t)high << 32 | low);
}

/* ---- convert.c: structs whose layouts differ, as tables of fields ---------------------------- */

struct conv_field {
    uint16_t guest, host; /* offsets */
    uint8_t guest_size, host_size;
    const char *name;
    uint8_t order; /* for programs of the other byte order: 0, or CONV_WORDS: two numbers; or how
                      many bytes are reversed */
};
enum { CONV_WORDS = 1 };

struct conv {
    const struct conv_field *fields;
    uint16_t count, guest_size;
};

extern const struct conv conv_stat, conv_stat64, conv_statfs, conv_statfs64, conv_rusage,
    conv_sysinfo, conv_timespec, conv_timespec64, conv_timeval, conv_itimerval, conv_itimerspec,
    conv_tms, conv_flock, conv_flock64, conv_timex, conv_semid, conv_msqid, conv_shmid,
    conv_shminfo, conv_shm_info, conv_mq_attr, conv_ustat;

/** What the host's ustat writes; no header has it any more. */
struct ustat_of_host {
    int f_tfree;
    unsigned long f_tinode;
    char names[12];
};

/** Fill the guest's struct at @addr from @host; other bytes of it become 0. */
void conv_out(struct task *t, const struct conv *c, uint32_t addr, const void *host);
/** Fill @host (cleared by the caller where that matters) from the guest's struct; fields are sign
 * extended. */
void conv_in(struct task *t, const struct conv *c, uint32_t addr, void *host);
/** As conv_in into @host, which is returned; NULL when @addr is 0. */
void *conv_in0(struct task *t, const struct conv *c, uint32_t addr, void *host);
/** As conv_out when @result is no error and @addr is not 0; returns @result. */
int64_t conv_result(struct task *t, const struct conv *c, uint32_t addr, const void *host,
                    int64_t result);

/** A value of @size bytes, sign extended. */
int64_t conv_get(const void *p, unsigned size);
/** The name of an ioctl request that is known; NULL. */
const char *ioctl_name(uint32_t request);
/** What the request's argument points to, in words of syscalls.def, and whether it is written to;
 * NULL: it is a number, or nothing is known. */
const char *ioctl_type(uint32_t request, bool *written);

/** Does the futex operation have a timeout? Else its fourth argument is a number. */
bool futex_waits(uint32_t op);
/** futex_order.c: the futex call with arguments @a, for a program of the other byte order, where
 * the kernel would write to its memory; -ENOSYS: not this one. */
int64_t futex_in_order(struct task *t, const uint32_t *a, const struct timespec *timeout);

struct sigevent;
/** The guest's sigevent at @addr in @out. */
void sigevent_in(struct task *t, uint32_t addr, struct sigevent *out);

struct iovec;
enum { IOV_LIMIT = 1024 };
/** The guest's array of @count iovecs in @out (IOV_LIMIT entries); -errno. @write: the kernel is
 * going to write to the memory. */
int iov_in(struct task *t, uint32_t addr, uint32_t count, struct iovec *out, bool write);

/** open's flags, guest to host and back. */
int open_flags_to_host(uint32_t flags);
uint32_t open_flags_to_guest(int flags);

/** Replace the mask until the call has returned or a handler has been called (sigsuspend, ppoll).
 */
void mask_replace(struct task *t, uint64_t mask);
/** The mask that the guest has at @addr, in *@mask. */
void mask_in(struct task *t, uint32_t addr, uint64_t *mask);

#endif
