/* System V IPC: shared memory, semaphores, messages. And POSIX message queues. */
#include <errno.h>
#include <mqueue.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "process/syscall.h"
#include "util/bits.h"

/* ---- shared memory --------------------------------------------------------------------------- */

/* A segment goes to a place that was mapped for it. */
int64_t sys_shmat(struct task *t, const uint32_t *a)
{
    struct space *s = &t->process->space;
    struct shmid_ds ds;
    if (shmctl((int)a[0], IPC_STAT, &ds) != 0)
        return -errno;
    if (ds.shm_segsz > s->top)
        return -ENOMEM;
    uint32_t want = a[2] & SHM_RND ? a[1] & ~(SPACE_PAGE - 1u) : a[1];
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (want)
        flags |= a[2] & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    int prot = PROT_READ | (a[2] & SHM_RDONLY ? 0 : PROT_WRITE);
    int64_t at = space_map(s, want, (uint32_t)ds.shm_segsz, prot, flags, -1, 0);
    if (at < 0)
        return at == -EEXIST ? -EINVAL : at;
    int64_t r = HOST3(t, SYS_shmat, a[0], guest_ptr(t, (uint32_t)at),
                      (a[2] & (SHM_RDONLY | SHM_EXEC)) | SHM_REMAP);
    if (r < 0 && r > -4096) {
        space_unmap(s, (uint32_t)at, (uint32_t)ds.shm_segsz);
        return r;
    }
    process_go_parallel(t->process);
    return at;
}

int64_t sys_shmdt(struct task *t, const uint32_t *a)
{
    struct space *s = &t->process->space;
    uint32_t len = 0;
    int64_t r = HOST1(t, SYS_shmdt, guest_ptr(t, a[0]));
    if (r < 0)
        return r;
    /* The kernel has unmapped it: what is missing now becomes reserved memory again. */
    unsigned char in_core;
    while (a[0] + len < s->top && (space_flags(s, a[0] + len) & SPACE_MAPPED) &&
           mincore(guest_ptr(t, a[0] + len), SPACE_PAGE, &in_core) != 0 && errno == ENOMEM)
        len += SPACE_PAGE;
    return len ? space_unmap(s, a[0], len) : 0;
}

/* ---- control --------------------------------------------------------------------------------- */

/* What a command of semctl, msgctl and shmctl does with its argument. */
enum ctl_kind {
    CTL_NONE,    /* ignores it */
    CTL_VALUE,   /* a number */
    CTL_READS,   /* reads a struct that is converted */
    CTL_WRITES,  /* writes one */
    CTL_POINTER, /* reads or writes what has the guest's layout on the host, too */
};

struct ctl_row {
    int command;
    enum ctl_kind kind;
    const struct conv *conv;
};

enum {
    CTL_IPC_64 = 0x100, /* what the C library adds to commands with the newer structs */
    CTL_OUT = 0x10000,  /* what a command writes at most */
};

static int64_t control(struct task *t, const struct ctl_row *rows, long nr, int id, int number,
                       uint32_t command, uint32_t arg)
{
    union {
        struct semid_ds sem;
        struct msqid_ds msg;
        struct shmid_ds shm;
        struct shminfo shminfo;
        struct shm_info shm_info;
    } host;
    int cmd = (int)(command & ~(uint32_t)CTL_IPC_64);
    const struct ctl_row *row = rows;
    while (row->command >= 0 && row->command != cmd)
        row++;
    if (row->command < 0)
        return -EINVAL;
    memset(&host, 0, sizeof(host));
    uint64_t value = row->kind == CTL_VALUE     ? arg
                     : row->kind == CTL_POINTER ? (uintptr_t)guest_out(t, arg, CTL_OUT)
                     : row->kind == CTL_NONE    ? 0
                                                : (uintptr_t)&host;
    if (row->kind == CTL_READS)
        conv_in(t, row->conv, arg, &host);
    int64_t r = nr == SYS_semctl ? HOST4(t, nr, id, number, cmd, value)
                                 : HOST3(t, nr, id, cmd, value);
    return row->kind == CTL_WRITES ? conv_result(t, row->conv, arg, &host, r) : r;
}

int64_t sys_shmctl(struct task *t, const uint32_t *a)
{
    static const struct ctl_row rows[] = {
        {IPC_RMID, CTL_NONE, NULL},
        {IPC_STAT, CTL_WRITES, &conv_shmid},
        {SHM_STAT, CTL_WRITES, &conv_shmid},
        {SHM_STAT_ANY, CTL_WRITES, &conv_shmid},
        {IPC_SET, CTL_READS, &conv_shmid},
        {IPC_INFO, CTL_WRITES, &conv_shminfo},
        {SHM_INFO, CTL_WRITES, &conv_shm_info},
        {SHM_LOCK, CTL_NONE, NULL},
        {SHM_UNLOCK, CTL_NONE, NULL},
        {-1, CTL_NONE, NULL},
    };
    return control(t, rows, SYS_shmctl, (int)a[0], 0, a[1], a[2]);
}

int64_t sys_semctl(struct task *t, const uint32_t *a)
{
    static const struct ctl_row rows[] = {
        {IPC_RMID, CTL_NONE, NULL},
        {IPC_STAT, CTL_WRITES, &conv_semid},
        {SEM_STAT, CTL_WRITES, &conv_semid},
        {SEM_STAT_ANY, CTL_WRITES, &conv_semid},
        {IPC_SET, CTL_READS, &conv_semid},
        {IPC_INFO, CTL_POINTER, NULL},
        {SEM_INFO, CTL_POINTER, NULL},
        {GETALL, CTL_POINTER, NULL},
        {SETALL, CTL_POINTER, NULL},
        {GETVAL, CTL_NONE, NULL},
        {GETPID, CTL_NONE, NULL},
        {GETNCNT, CTL_NONE, NULL},
        {GETZCNT, CTL_NONE, NULL},
        {SETVAL, CTL_VALUE, NULL},
        {-1, CTL_NONE, NULL},
    };
    return control(t, rows, SYS_semctl, (int)a[0], (int)a[1], a[2], a[3]);
}

int64_t sys_msgctl(struct task *t, const uint32_t *a)
{
    static const struct ctl_row rows[] = {
        {IPC_RMID, CTL_NONE, NULL},
        {IPC_STAT, CTL_WRITES, &conv_msqid},
        {MSG_STAT, CTL_WRITES, &conv_msqid},
        {MSG_STAT_ANY, CTL_WRITES, &conv_msqid},
        {IPC_SET, CTL_READS, &conv_msqid},
        {IPC_INFO, CTL_POINTER, NULL},
        {MSG_INFO, CTL_POINTER, NULL},
        {-1, CTL_NONE, NULL},
    };
    return control(t, rows, SYS_msgctl, (int)a[0], 0, a[1], a[2]);
}

/* ---- messages and semaphores ----------------------------------------------------------------- */

/* A message: the guest's type has 4 bytes, the host's 8. */
enum { MESSAGE_MAX = 65536 };
struct message {
    int64_t type;
    uint8_t text[MESSAGE_MAX];
};

int64_t sys_msgsnd(struct task *t, const uint32_t *a)
{
    struct message m;
    if (a[2] > MESSAGE_MAX)
        return -EINVAL;
    m.type = (int32_t)guest_order32(t->process, *(const uint32_t *)guest_ptr(t, a[1]));
    memcpy(m.text, guest_ptr(t, a[1] + 4), a[2]);
    return HOST4(t, SYS_msgsnd, (int32_t)a[0], &m, a[2], (int32_t)a[3]);
}

int64_t sys_msgrcv(struct task *t, const uint32_t *a)
{
    struct message m;
    if ((int32_t)a[2] < 0)
        return -EINVAL;
    uint32_t size = a[2] < MESSAGE_MAX ? a[2] : MESSAGE_MAX;
    int64_t r = HOST5(t, SYS_msgrcv, (int32_t)a[0], &m, size, (int32_t)a[3], (int32_t)a[4]);
    if (r < 0)
        return r;
    *(uint32_t *)guest_ptr(t, a[1]) = guest_order32(t->process, (uint32_t)m.type);
    memcpy(guest_ptr(t, a[1] + 4), m.text, (size_t)r);
    return r;
}

static int64_t sem_operate(struct task *t, const uint32_t *a, const struct timespec *timeout)
{
    return HOST4(t, SYS_semtimedop, (int32_t)a[0], guest_ptr(t, a[1]), a[2], timeout);
}

int64_t sys_semtimedop(struct task *t, const uint32_t *a)
{
    struct timespec timeout;
    return sem_operate(t, a, conv_in0(t, &conv_timespec, a[3], &timeout));
}

int64_t sys_semtimedop_time64(struct task *t, const uint32_t *a)
{
    struct timespec ts;
    return sem_operate(t, a, conv_in0(t, &conv_timespec64, a[3], &ts));
}

/* ---- POSIX message queues -------------------------------------------------------------------- */

int64_t sys_mq_open(struct task *t, const uint32_t *a)
{
    struct mq_attr attr = {0};
    return HOST4(t, SYS_mq_open, guest_ptr(t, a[0]), open_flags_to_host(a[1]), a[2],
                 conv_in0(t, &conv_mq_attr, a[3], &attr));
}

int64_t sys_mq_timedsend(struct task *t, const uint32_t *a)
{
    struct timespec timeout;
    return HOST5(t, SYS_mq_timedsend, (int32_t)a[0], guest_ptr(t, a[1]), a[2], a[3],
                 conv_in0(t, &conv_timespec, a[4], &timeout));
}

int64_t sys_mq_timedreceive(struct task *t, const uint32_t *a)
{
    struct timespec timeout;
    return HOST5(t, SYS_mq_timedreceive, (int32_t)a[0], guest_out(t, a[1], a[2]), a[2],
                 guest_ptr0(t, a[3]), conv_in0(t, &conv_timespec, a[4], &timeout));
}

int64_t sys_mq_notify(struct task *t, const uint32_t *a)
{
    struct sigevent event;
    if (!a[1])
        return HOST2(t, SYS_mq_notify, (int32_t)a[0], NULL);
    sigevent_in(t, a[1], &event);
    if (event.sigev_notify == SIGEV_THREAD) /* the value is the address of a cookie */
        event.sigev_value.sival_ptr = guest_ptr(t, (uint32_t)event.sigev_value.sival_int);
    return HOST2(t, SYS_mq_notify, (int32_t)a[0], &event);
}

int64_t sys_mq_getsetattr(struct task *t, const uint32_t *a)
{
    struct mq_attr attr = {0}, old;
    int64_t r = HOST3(t, SYS_mq_getsetattr, (int32_t)a[0], conv_in0(t, &conv_mq_attr, a[1], &attr),
                      a[2] ? &old : NULL);
    return conv_result(t, &conv_mq_attr, a[2], &old, r);
}
