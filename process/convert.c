/* Structs whose layouts differ between guest and host. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stddef.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>

#include "process/syscall.h"
#include "util/bits.h"

#define F(type, member, guest_offset, guest_bytes)                                                 \
    {guest_offset, offsetof(type, member), guest_bytes, sizeof(((type *)0)->member), #member, 0}
#define F_ORDER(type, member, guest_offset, guest_bytes, order)                                    \
    {guest_offset, offsetof(type, member), guest_bytes, sizeof(((type *)0)->member), #member, order}
#define CONV(name, bytes)                                                                          \
    const struct conv conv_##name = {name##_fields, ARRAY_SIZE(name##_fields), bytes}

static const struct conv_field stat_fields[] = {
    F(struct stat, st_dev, 0, 4), F(struct stat, st_ino, 4, 4), F(struct stat, st_mode, 8, 2),
    F(struct stat, st_nlink, 10, 2), F(struct stat, st_uid, 12, 2), F(struct stat, st_gid, 14, 2),
    F(struct stat, st_rdev, 16, 4), F(struct stat, st_size, 20, 4),
    F(struct stat, st_blksize, 24, 4), F(struct stat, st_blocks, 28, 4),
    F(struct stat, st_atim.tv_sec, 32, 4), F(struct stat, st_atim.tv_nsec, 36, 4),
    F(struct stat, st_mtim.tv_sec, 40, 4), F(struct stat, st_mtim.tv_nsec, 44, 4),
    F(struct stat, st_ctim.tv_sec, 48, 4), F(struct stat, st_ctim.tv_nsec, 52, 4),
};
CONV(stat, 64);

static const struct conv_field stat64_fields[] = {
    F(struct stat, st_dev, 0, 8), F(struct stat, st_ino, 12, 4), F(struct stat, st_mode, 16, 4),
    F(struct stat, st_nlink, 20, 4), F(struct stat, st_uid, 24, 4), F(struct stat, st_gid, 28, 4),
    F(struct stat, st_rdev, 32, 8), F(struct stat, st_size, 48, 8),
    F(struct stat, st_blksize, 56, 4), F(struct stat, st_blocks, 64, 8),
    F(struct stat, st_atim.tv_sec, 72, 4), F(struct stat, st_atim.tv_nsec, 76, 4),
    F(struct stat, st_mtim.tv_sec, 80, 4), F(struct stat, st_mtim.tv_nsec, 84, 4),
    F(struct stat, st_ctim.tv_sec, 88, 4), F(struct stat, st_ctim.tv_nsec, 92, 4),
    F(struct stat, st_ino, 96, 8),
};
CONV(stat64, 104);

#define STATFS(member, offset, size) F(struct statfs, member, offset, size)
static const struct conv_field statfs_fields[] = {
    STATFS(f_type, 0, 4), STATFS(f_bsize, 4, 4), STATFS(f_blocks, 8, 4), STATFS(f_bfree, 12, 4),
    STATFS(f_bavail, 16, 4), STATFS(f_files, 20, 4), STATFS(f_ffree, 24, 4),
    F_ORDER(struct statfs, f_fsid, 28, 8, CONV_WORDS),
    STATFS(f_namelen, 36, 4), STATFS(f_frsize, 40, 4), STATFS(f_flags, 44, 4),
};
CONV(statfs, 64);

static const struct conv_field statfs64_fields[] = {
    STATFS(f_type, 0, 4), STATFS(f_bsize, 4, 4), STATFS(f_blocks, 8, 8), STATFS(f_bfree, 16, 8),
    STATFS(f_bavail, 24, 8), STATFS(f_files, 32, 8), STATFS(f_ffree, 40, 8),
    F_ORDER(struct statfs, f_fsid, 48, 8, CONV_WORDS),
    STATFS(f_namelen, 56, 4), STATFS(f_frsize, 60, 4), STATFS(f_flags, 64, 4),
};
CONV(statfs64, 84);

#define USAGE(member, index) F(struct rusage, member, 4 * (index), 4)
static const struct conv_field rusage_fields[] = {
    USAGE(ru_utime.tv_sec, 0), USAGE(ru_utime.tv_usec, 1), USAGE(ru_stime.tv_sec, 2),
    USAGE(ru_stime.tv_usec, 3), USAGE(ru_maxrss, 4), USAGE(ru_ixrss, 5), USAGE(ru_idrss, 6),
    USAGE(ru_isrss, 7), USAGE(ru_minflt, 8), USAGE(ru_majflt, 9), USAGE(ru_nswap, 10),
    USAGE(ru_inblock, 11), USAGE(ru_oublock, 12), USAGE(ru_msgsnd, 13), USAGE(ru_msgrcv, 14),
    USAGE(ru_nsignals, 15), USAGE(ru_nvcsw, 16), USAGE(ru_nivcsw, 17),
};
CONV(rusage, 72);

#define INFO(member, offset, size) F(struct sysinfo, member, offset, size)
static const struct conv_field sysinfo_fields[] = {
    INFO(uptime, 0, 4), INFO(loads[0], 4, 4), INFO(loads[1], 8, 4), INFO(loads[2], 12, 4),
    INFO(totalram, 16, 4), INFO(freeram, 20, 4), INFO(sharedram, 24, 4), INFO(bufferram, 28, 4),
    INFO(totalswap, 32, 4), INFO(freeswap, 36, 4), INFO(procs, 40, 2), INFO(totalhigh, 44, 4),
    INFO(freehigh, 48, 4), INFO(mem_unit, 52, 4),
};
CONV(sysinfo, 64);

static const struct conv_field timespec_fields[] = {
    F(struct timespec, tv_sec, 0, 4), F(struct timespec, tv_nsec, 4, 4),
};
CONV(timespec, 8);

/* Bytes 12 to 15 may hold anything. */
static const struct conv_field timespec64_fields[] = {
    F(struct timespec, tv_sec, 0, 8), F_ORDER(struct timespec, tv_nsec, 8, 4, 8),
};
CONV(timespec64, 16);

static const struct conv_field timeval_fields[] = {
    F(struct timeval, tv_sec, 0, 4), F(struct timeval, tv_usec, 4, 4),
};
CONV(timeval, 8);

static const struct conv_field itimerval_fields[] = {
    F(struct itimerval, it_interval.tv_sec, 0, 4), F(struct itimerval, it_interval.tv_usec, 4, 4),
    F(struct itimerval, it_value.tv_sec, 8, 4), F(struct itimerval, it_value.tv_usec, 12, 4),
};
CONV(itimerval, 16);

static const struct conv_field itimerspec_fields[] = {
    F(struct itimerspec, it_interval.tv_sec, 0, 4), F(struct itimerspec, it_interval.tv_nsec, 4, 4),
    F(struct itimerspec, it_value.tv_sec, 8, 4), F(struct itimerspec, it_value.tv_nsec, 12, 4),
};
CONV(itimerspec, 16);

static const struct conv_field tms_fields[] = {
    F(struct tms, tms_utime, 0, 4), F(struct tms, tms_stime, 4, 4), F(struct tms, tms_cutime, 8, 4),
    F(struct tms, tms_cstime, 12, 4),
};
CONV(tms, 16);

static const struct conv_field flock_fields[] = {
    F(struct flock, l_type, 0, 2), F(struct flock, l_whence, 2, 2), F(struct flock, l_start, 4, 4),
    F(struct flock, l_len, 8, 4), F(struct flock, l_pid, 12, 4),
};
CONV(flock, 16);

static const struct conv_field flock64_fields[] = {
    F(struct flock, l_type, 0, 2), F(struct flock, l_whence, 2, 2), F(struct flock, l_start, 8, 8),
    F(struct flock, l_len, 16, 8), F(struct flock, l_pid, 24, 4),
};
CONV(flock64, 32);

#define TIMEX(member, index) F(struct timex, member, 4 * (index), 4)
static const struct conv_field timex_fields[] = {
    TIMEX(modes, 0), TIMEX(offset, 1), TIMEX(freq, 2), TIMEX(maxerror, 3), TIMEX(esterror, 4),
    TIMEX(status, 5), TIMEX(constant, 6), TIMEX(precision, 7), TIMEX(tolerance, 8),
    TIMEX(time.tv_sec, 9), TIMEX(time.tv_usec, 10), TIMEX(tick, 11), TIMEX(ppsfreq, 12),
    TIMEX(jitter, 13), TIMEX(shift, 14), TIMEX(stabil, 15), TIMEX(jitcnt, 16), TIMEX(calcnt, 17),
    TIMEX(errcnt, 18), TIMEX(stbcnt, 19), TIMEX(tai, 20),
};
CONV(timex, 128);

#define PERM(type, member)                                                                         \
    F(type, member.__key, 0, 4), F(type, member.uid, 4, 4), F(type, member.gid, 8, 4),             \
        F(type, member.cuid, 12, 4), F(type, member.cgid, 16, 4), F(type, member.mode, 20, 2),     \
        F(type, member.__seq, 24, 2)

#define SEM(member, offset, size) F(struct semid_ds, member, offset, size)
#define SEM_TIME(member, offset) F_ORDER(struct semid_ds, member, offset, 8, CONV_WORDS)
static const struct conv_field semid_fields[] = {
    PERM(struct semid_ds, sem_perm), SEM_TIME(sem_otime, 36), SEM_TIME(sem_ctime, 44),
    SEM(sem_nsems, 52, 4),
};
CONV(semid, 64);

#define MSG(member, offset, size) F(struct msqid_ds, member, offset, size)
#define MSG_TIME(member, offset) F_ORDER(struct msqid_ds, member, offset, 8, CONV_WORDS)
static const struct conv_field msqid_fields[] = {
    PERM(struct msqid_ds, msg_perm), MSG_TIME(msg_stime, 36), MSG_TIME(msg_rtime, 44),
    MSG_TIME(msg_ctime, 52), MSG(__msg_cbytes, 60, 4), MSG(msg_qnum, 64, 4), MSG(msg_qbytes, 68, 4),
    MSG(msg_lspid, 72, 4), MSG(msg_lrpid, 76, 4),
};
CONV(msqid, 88);

#define SHM(member, offset, size) F(struct shmid_ds, member, offset, size)
#define SHM_TIME(member, offset) F_ORDER(struct shmid_ds, member, offset, 8, CONV_WORDS)
static const struct conv_field shmid_fields[] = {
    PERM(struct shmid_ds, shm_perm), SHM(shm_segsz, 36, 4), SHM_TIME(shm_atime, 40),
    SHM_TIME(shm_dtime, 48), SHM_TIME(shm_ctime, 56), SHM(shm_cpid, 64, 4), SHM(shm_lpid, 68, 4),
    SHM(shm_nattch, 72, 4),
};
CONV(shmid, 84);

#define SHMINFO(type, member, index) F(struct type, member, 4 * (index), 4)
static const struct conv_field shminfo_fields[] = {
    SHMINFO(shminfo, shmmax, 0), SHMINFO(shminfo, shmmin, 1), SHMINFO(shminfo, shmmni, 2),
    SHMINFO(shminfo, shmseg, 3), SHMINFO(shminfo, shmall, 4),
};
CONV(shminfo, 36);

static const struct conv_field shm_info_fields[] = {
    SHMINFO(shm_info, used_ids, 0), SHMINFO(shm_info, shm_tot, 1), SHMINFO(shm_info, shm_rss, 2),
    SHMINFO(shm_info, shm_swp, 3), SHMINFO(shm_info, swap_attempts, 4),
    SHMINFO(shm_info, swap_successes, 5),
};
CONV(shm_info, 24);

static const struct conv_field mq_attr_fields[] = {
    F(struct mq_attr, mq_flags, 0, 4), F(struct mq_attr, mq_maxmsg, 4, 4),
    F(struct mq_attr, mq_msgsize, 8, 4), F(struct mq_attr, mq_curmsgs, 12, 4),
};
CONV(mq_attr, 32);

static const struct conv_field ustat_fields[] = {
    F(struct ustat_of_host, f_tfree, 0, 4), F(struct ustat_of_host, f_tinode, 4, 4),
};
CONV(ustat, 20);

/* ---- the machine ----------------------------------------------------------------------------- */

int64_t conv_get(const void *p, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, p, size);
    unsigned shift = 64 - 8 * size;
    return (int64_t)(v << shift) >> shift;
}

void conv_out(struct task *t, const struct conv *c, uint32_t addr, const void *host)
{
    uint8_t buf[128] = {0};
    for (unsigned i = 0; i < c->count; i++) {
        const struct conv_field *f = &c->fields[i];
        int64_t v = conv_get((const uint8_t *)host + f->host, f->host_size);
        memcpy(buf + f->guest, &v, f->guest_size);
    }
    memcpy(guest_ptr(t, addr), buf, c->guest_size);
}

void conv_in(struct task *t, const struct conv *c, uint32_t addr, void *host)
{
    uint8_t buf[128];
    memcpy(buf, guest_ptr(t, addr), c->guest_size);
    for (unsigned i = 0; i < c->count; i++) {
        const struct conv_field *f = &c->fields[i];
        int64_t v = conv_get(buf + f->guest, f->guest_size);
        memcpy((uint8_t *)host + f->host, &v, f->host_size);
    }
}

void *conv_in0(struct task *t, const struct conv *c, uint32_t addr, void *host)
{
    if (!addr)
        return NULL;
    conv_in(t, c, addr, host);
    return host;
}

int64_t conv_result(struct task *t, const struct conv *c, uint32_t addr, const void *host,
                    int64_t result)
{
    if (result >= 0 && addr)
        conv_out(t, c, addr, host);
    return result;
}

int iov_in(struct task *t, uint32_t addr, uint32_t count, struct iovec *out, bool write)
{
    const uint32_t *v = guest_ptr(t, addr);
    if (count > IOV_LIMIT)
        return -EINVAL;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t base = v[2 * i], len = v[2 * i + 1];
        if ((int32_t)len < 0)
            return -EINVAL;
        out[i].iov_base = write && len ? guest_out(t, base, len) : guest_ptr(t, base);
        out[i].iov_len = len;
    }
    return 0;
}

/* ---- open flags ------------------------------------------------------------------------------ */

static const struct {
    uint32_t guest;
    int host;
} open_flags[] = {
    {0x4000, O_DIRECTORY}, {0x8000, O_NOFOLLOW}, {0x10000, O_DIRECT}, {0x20000, 0100000},
};

int open_flags_to_host(uint32_t flags)
{
    int host = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(open_flags); i++) {
        if (flags & open_flags[i].guest)
            host |= open_flags[i].host;
        flags &= ~open_flags[i].guest;
    }
    return host | (int)flags;
}

uint32_t open_flags_to_guest(int flags)
{
    uint32_t guest = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(open_flags); i++) {
        if (flags & open_flags[i].host)
            guest |= open_flags[i].guest;
        flags &= ~open_flags[i].host;
    }
    return guest | (uint32_t)flags;
}
