/* Dispatch of system calls by the table. */
#include "process/syscall.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/byteorder.h"
#include "process/trace.h"
#include "util/bits.h"
#include "util/log.h"

struct syscall_row {
    uint32_t number;
    const char *name, *args;
    syscall_fn *handler; /* NULL: passed on */
    long host;           /* -1: absent */
    bool reads;          /* guest memory may be accessed by more than the host's kernel */
};

/* Kinds of arguments that pass() reads memory for (the same letters may be in names). */
#define READS(args) (__builtin_strpbrk(args, "fti") != NULL)

static const struct syscall_row rows[] = {
#define CALL(number, name, args) {number, #name, args, sys_##name, 0, true},
#define PASS(number, name, host, args) {number, #name, args, NULL, SYS_##host, READS(args)},
#define ABSENT(number, name, args) {number, #name, args, NULL, -1, false},
#include "process/syscalls.def"
#undef CALL
#undef PASS
#undef ABSENT
};

enum row_index {
#define CALL(number, name, args) ROW_##name,
#define PASS(number, name, host, args) ROW_##name,
#define ABSENT(number, name, args) ROW_##name,
#include "process/syscalls.def"
#undef CALL
#undef PASS
#undef ABSENT
};

/* Where a number is in the table of places: behind the usual ones are ARM's own. */
enum { USUAL = 512, PLACES = USUAL + 16 };
#define PLACE(number) ((number) < USUAL ? (number) : USUAL + ((number) & 7) + ((number) >> 12 & 8))

static const uint16_t places[PLACES] = {
#define CALL(number, name, args) [PLACE(number)] = ROW_##name,
#define PASS(number, name, host, args) [PLACE(number)] = ROW_##name,
#define ABSENT(number, name, args) [PLACE(number)] = ROW_##name,
#include "process/syscalls.def"
#undef CALL
#undef PASS
#undef ABSENT
};

/* What "w" arguments may be written to at most. */
enum { SMALL_OUT = 256 };

static const struct syscall_row *row_find(uint32_t number)
{
    const struct syscall_row *row = &rows[places[PLACE(number)]];
    return row->number == number ? row : NULL;
}

/* ---- passing on ------------------------------------------------------------------------------ */

static struct timespec *times_in(struct task *t, uint32_t addr, unsigned count,
                                 struct timespec *out)
{
    for (unsigned i = 0; addr && i < count; i++)
        conv_in(t, &conv_timespec64, addr + i * conv_timespec64.guest_size, &out[i]);
    return addr ? out : NULL;
}

static int64_t pass(struct task *t, const struct syscall_row *row, const uint32_t *a)
{
    uint64_t out[ARGUMENTS] = {0};
    char path[2][PATH_MAX];
    struct timespec times[2];
    unsigned n = 0, k = 0, paths = 0;
    for (const char *kind = row->args; *kind; kind = trace_next_kind(kind), k++) {
        switch (*kind) {
        case 'd':
            out[n++] = (uint64_t)(int64_t)(int32_t)a[k];
            break;
        case 'h':
            out[n++] = (uint16_t)a[k] == UINT16_MAX ? UINT64_MAX : (uint16_t)a[k];
            break;
        case 'f':
            out[n++] = a[k] ? (uintptr_t)path_find(t->process, guest_ptr(t, a[k]), path[paths++])
                            : 0;
            break;
        case 's':
        case 'p':
            out[n++] = (uintptr_t)guest_ptr0(t, a[k]);
            break;
        case 'w':
            out[n++] = a[k] ? (uintptr_t)guest_out(t, a[k], SMALL_OUT) : 0;
            break;
        case 'b':
            out[n++] = a[k] ? (uintptr_t)guest_out(t, a[k], a[k + 1]) : 0;
            break;
        case 't':
        case 'i':
            out[n++] = (uintptr_t)times_in(t, a[k], *kind == 't' ? 1 : 2, times);
            break;
        case 'L':
            out[n++] = (uint64_t)pair64(a[k], a[k + 1]);
            k++;
            break;
        case '_':
            break;
        default:
            out[n++] = a[k];
        }
    }
    return host_call_of(t, row->host, out[0], out[1], out[2], out[3], out[4], out[5]);
}

/* Calls that may not return are put out before. */
static bool leaves(const struct syscall_row *row)
{
    return row->handler == sys_exit || row->handler == sys_exit_group ||
           row->handler == sys_execve || row->handler == sys_execveat;
}

/* ---- dispatch -------------------------------------------------------------------------------- */

static int64_t absent(const struct task *t, const struct syscall_row *row)
{
    log_write(LOG_UNIMP, "system call %s at 0x%08x is not implemented", row->name, t->svc_pc);
    return -ENOSYS;
}

/* Guest memory that is not there makes the call fail, wherever the handler is. */
static int64_t guarded(struct task *t, const struct syscall_row *row, const uint32_t *a)
{
    int64_t r;
    if (!row->reads)
        return row->host < 0 ? absent(t, row) : pass(t, row, a);
    if (sigsetjmp(t->recover, 0) == 0) {
        t->recovery = RECOVER_SYSCALL;
        r = row->handler ? row->handler(t, a) : row->host < 0 ? absent(t, row) : pass(t, row, a);
        /* The signal may be one that only the call's own mask let through. */
        if (t->restore_mask && (r == SYSCALL_RESTART || r == SYSCALL_NOT_BEGUN))
            r = -EINTR;
    } else {
        r = -EFAULT;
    }
    t->recovery = RECOVER_NOT;
    return r;
}

static int64_t unknown(const struct task *t, uint32_t number)
{
    log_write(LOG_UNIMP, "system call %u at 0x%08x is not implemented", number, t->svc_pc);
    if (t->process->config.strace)
        fprintf(stderr, "%d syscall_%u() = -1 errno=%d\n", t->tid, number, ENOSYS);
    return -ENOSYS;
}

/* Calls that the page of helpers makes where others need none. */
static bool is_helper(const struct syscall_row *row)
{
    return row->handler == sys_arm_get_tls || row->handler == sys_arm_cmpxchg ||
           row->handler == sys_arm_cmpxchg64;
}

/* The call with what it reads and writes in the host's byte order. */
static int64_t call(struct task *t, const struct syscall_row *row, const uint32_t *a)
{
    struct trace_call trace = {.name = row->name, .args = row->args, .a = a};
    if (t->process->config.strace && !is_helper(row))
        trace_begin(&trace, t);
    if (leaves(row))
        trace_early(&trace);
    bool blocks = row->handler != sys_sigreturn && row->handler != sys_rt_sigreturn;
    blocks = blocks && t->process->debug;
    if (blocks)
        debug_syscall_begin(t);
    int64_t r = guarded(t, row, a);
    if (blocks)
        debug_syscall_end(t, r);
    if (trace.text)
        trace_end(&trace, t, r);
    return r;
}

static int64_t convert_and_call(struct task *t, const struct syscall_row *row, const uint32_t *a)
{
    struct byteorder_call c;
    uint32_t converted[ARGUMENTS];
    memcpy(converted, a, sizeof(converted));
    int64_t r = byteorder_begin(&c, t, row->name, row->args, a, converted);
    return byteorder_end(&c, r ? r : call(t, row, converted));
}

void syscall_dispatch(struct task *t)
{
    struct arm_state *s = &t->state;
    uint32_t a[ARGUMENTS];
    memcpy(a, s->r, sizeof(a));
    const struct syscall_row *row = row_find(s->r[7]);
    if (!row) {
        s->r[0] = (uint32_t)unknown(t, s->r[7]);
        return;
    }
    int64_t r = t->process->big_endian ? convert_and_call(t, row, a) : call(t, row, a);
    if (r == SYSCALL_NO_RESULT)
        return;
    bool failed = r == -EINTR && t->process->debug && atomic_load(&t->pending);
    if (r == SYSCALL_RESTART || r == SYSCALL_NOT_BEGUN || failed) {
        t->interrupted = failed                ? TASK_FAIL
                         : r == SYSCALL_RESTART ? TASK_REPEAT_OR_FAIL
                                                : TASK_REPEAT;
        t->interrupted_r0 = a[0];
        return;
    }
    s->r[0] = (uint32_t)r;
}
