/* Files: opening, status, reading and writing in pieces, positions, descriptors. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "process/syscall.h"
#include "util/bits.h"
#include "util/log.h"

/* ---- opening --------------------------------------------------------------------------------- */

static int64_t open_at(struct task *t, uint32_t dir, uint32_t name, uint32_t flags, uint32_t mode)
{
    char found[PATH_MAX];
    int64_t result;
    const char *path = guest_ptr(t, name);
    int host_flags = open_flags_to_host(flags);
    if (procfs_open(t, path, host_flags, &result))
        return result;
    return HOST4(t, SYS_openat, (int32_t)dir, path_find(t->process, path, found), host_flags, mode);
}

int64_t sys_open(struct task *t, const uint32_t *a)
{
    return open_at(t, (uint32_t)AT_FDCWD, a[0], a[1], a[2]);
}

int64_t sys_openat(struct task *t, const uint32_t *a)
{
    return open_at(t, a[0], a[1], a[2], a[3]);
}

int64_t sys_creat(struct task *t, const uint32_t *a)
{
    return open_at(t, (uint32_t)AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]);
}

/* struct open_how: three numbers of 64 bits. */
int64_t sys_openat2(struct task *t, const uint32_t *a)
{
    enum { HOW_WORDS = 3 };
    uint64_t how[HOW_WORDS];
    char found[PATH_MAX];
    int64_t result;
    if (a[3] < sizeof(how))
        return -EINVAL;
    if (a[3] > sizeof(how))
        return -E2BIG;
    memcpy(how, guest_ptr(t, a[2]), sizeof(how));
    const char *path = guest_ptr(t, a[1]);
    if (how[0] >> 32)
        return -EINVAL;
    how[0] = (uint32_t)open_flags_to_host((uint32_t)how[0]);
    if (!how[2] && procfs_open(t, path, (int)how[0], &result))
        return result;
    if (!how[2]) /* how to resolve the name */
        path = path_find(t->process, path, found);
    return HOST4(t, SYS_openat2, (int32_t)a[0], path, how, sizeof(how));
}

int64_t sys_open_by_handle_at(struct task *t, const uint32_t *a)
{
    return HOST3(t, SYS_open_by_handle_at, (int32_t)a[0], guest_ptr(t, a[1]),
                 open_flags_to_host(a[2]));
}

int64_t sys_pipe2(struct task *t, const uint32_t *a)
{
    return HOST2(t, SYS_pipe2, guest_out(t, a[0], 8), open_flags_to_host(a[1]));
}

/* ---- status ---------------------------------------------------------------------------------- */

static int64_t stat_at(struct task *t, const struct conv *c, uint32_t dir, uint32_t name,
                       uint32_t out, int flags)
{
    char found[PATH_MAX];
    struct stat st;
    const char *path = guest_ptr(t, name);
    if (procfs_is_exe(path) && !(flags & AT_SYMLINK_NOFOLLOW))
        path = t->process->exe;
    int64_t r = HOST4(t, SYS_newfstatat, (int32_t)dir, path_find(t->process, path, found), &st,
                      flags);
    return conv_result(t, c, out, &st, r);
}

static int64_t stat_fd(struct task *t, const struct conv *c, uint32_t fd, uint32_t out)
{
    struct stat st;
    return conv_result(t, c, out, &st, HOST2(t, SYS_fstat, (int32_t)fd, &st));
}

int64_t sys_stat(struct task *t, const uint32_t *a)
{
    return stat_at(t, &conv_stat, (uint32_t)AT_FDCWD, a[0], a[1], 0);
}

int64_t sys_lstat(struct task *t, const uint32_t *a)
{
    return stat_at(t, &conv_stat, (uint32_t)AT_FDCWD, a[0], a[1], AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fstat(struct task *t, const uint32_t *a)
{
    return stat_fd(t, &conv_stat, a[0], a[1]);
}

int64_t sys_stat64(struct task *t, const uint32_t *a)
{
    return stat_at(t, &conv_stat64, (uint32_t)AT_FDCWD, a[0], a[1], 0);
}

int64_t sys_lstat64(struct task *t, const uint32_t *a)
{
    return stat_at(t, &conv_stat64, (uint32_t)AT_FDCWD, a[0], a[1], AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fstat64(struct task *t, const uint32_t *a)
{
    return stat_fd(t, &conv_stat64, a[0], a[1]);
}

int64_t sys_fstatat64(struct task *t, const uint32_t *a)
{
    return stat_at(t, &conv_stat64, a[0], a[1], a[2], (int)a[3]);
}

static int64_t statfs_path(struct task *t, const struct conv *c, uint32_t name, uint32_t out)
{
    char found[PATH_MAX];
    struct statfs st;
    int64_t r = HOST2(t, SYS_statfs, path_find(t->process, guest_ptr(t, name), found), &st);
    return conv_result(t, c, out, &st, r);
}

static int64_t statfs_fd(struct task *t, const struct conv *c, uint32_t fd, uint32_t out)
{
    struct statfs st;
    return conv_result(t, c, out, &st, HOST2(t, SYS_fstatfs, (int32_t)fd, &st));
}

int64_t sys_statfs(struct task *t, const uint32_t *a)
{
    return statfs_path(t, &conv_statfs, a[0], a[1]);
}

int64_t sys_fstatfs(struct task *t, const uint32_t *a)
{
    return statfs_fd(t, &conv_statfs, a[0], a[1]);
}

int64_t sys_statfs64(struct task *t, const uint32_t *a)
{
    return statfs_path(t, &conv_statfs64, a[0], a[2]);
}

int64_t sys_fstatfs64(struct task *t, const uint32_t *a)
{
    return statfs_fd(t, &conv_statfs64, a[0], a[2]);
}

int64_t sys_ustat(struct task *t, const uint32_t *a)
{
    struct ustat_of_host st;
    return conv_result(t, &conv_ustat, a[1], &st, HOST2(t, SYS_ustat, a[0], &st));
}

static int64_t read_link(struct task *t, uint32_t dir, uint32_t name, uint32_t buf, uint32_t size)
{
    char found[PATH_MAX];
    const char *path = guest_ptr(t, name);
    if (procfs_is_exe(path)) {
        size_t len = strlen(t->process->exe);
        if (!size)
            return -EINVAL;
        len = len < size ? len : size;
        memcpy(guest_ptr(t, buf), t->process->exe, len);
        return (int64_t)len;
    }
    return HOST4(t, SYS_readlinkat, (int32_t)dir, path_find(t->process, path, found),
                 guest_out(t, buf, size), size);
}

int64_t sys_readlink(struct task *t, const uint32_t *a)
{
    return read_link(t, (uint32_t)AT_FDCWD, a[0], a[1], a[2]);
}

int64_t sys_readlinkat(struct task *t, const uint32_t *a)
{
    return read_link(t, a[0], a[1], a[2], a[3]);
}

/* ---- reading and writing --------------------------------------------------------------------- */

static int64_t vectored(struct task *t, long nr, const uint32_t *a, bool write, uint64_t offset,
                        uint32_t flags)
{
    struct iovec iov[IOV_LIMIT];
    int r = iov_in(t, a[1], a[2], iov, write);
    if (r)
        return r;
    return HOST6(t, nr, (int32_t)a[0], iov, a[2], offset, 0, flags);
}

int64_t sys_readv(struct task *t, const uint32_t *a)
{
    return vectored(t, SYS_readv, a, true, 0, 0);
}

int64_t sys_writev(struct task *t, const uint32_t *a)
{
    return vectored(t, SYS_writev, a, false, 0, 0);
}

int64_t sys_preadv(struct task *t, const uint32_t *a)
{
    return vectored(t, SYS_preadv, a, true, (uint64_t)pair64(a[3], a[4]), 0);
}

int64_t sys_pwritev(struct task *t, const uint32_t *a)
{
    return vectored(t, SYS_pwritev, a, false, (uint64_t)pair64(a[3], a[4]), 0);
}

int64_t sys_preadv2(struct task *t, const uint32_t *a)
{
    return vectored(t, SYS_preadv2, a, true, (uint64_t)pair64(a[3], a[4]), a[5]);
}

int64_t sys_pwritev2(struct task *t, const uint32_t *a)
{
    return vectored(t, SYS_pwritev2, a, false, (uint64_t)pair64(a[3], a[4]), a[5]);
}

int64_t sys_vmsplice(struct task *t, const uint32_t *a)
{
    return vectored(t, SYS_vmsplice, a, true, a[3], 0);
}

int64_t sys_sendfile(struct task *t, const uint32_t *a)
{
    uint32_t *guest = guest_ptr0(t, a[2]);
    int64_t offset = guest ? *guest : 0;
    int64_t r = HOST4(t, SYS_sendfile, (int32_t)a[0], (int32_t)a[1], guest ? &offset : NULL, a[3]);
    if (guest && r >= 0)
        *guest = (uint32_t)offset;
    return r;
}

/* Positions in directories that are found by hashes (ext4) have 64 bits for the host, and for
 * programs of 32 bits the upper half of these, which programs' C libraries rely on. Which
 * descriptors are of such directories. */
static _Atomic uint64_t *hashed_word(struct process *p, uint32_t fd, uint64_t *bit)
{
    *bit = 1ull << fd % 64;
    return &p->hashed_directories[fd / 64 % ARRAY_SIZE(p->hashed_directories)];
}

static uint32_t position_out(struct process *p, uint32_t fd, int64_t position)
{
    uint64_t bit;
    _Atomic uint64_t *word = hashed_word(p, fd, &bit);
    if (position <= INT32_MAX)
        return (uint32_t)position;
    if (!(atomic_load_explicit(word, memory_order_relaxed) & bit))
        atomic_fetch_or(word, bit);
    return (uint32_t)(position >> 32);
}

static int64_t position_in(struct process *p, uint32_t fd, int64_t position, int whence)
{
    uint64_t bit;
    struct stat st;
    if (whence != SEEK_SET || position <= 0 || position > INT32_MAX ||
        !(atomic_load_explicit(hashed_word(p, fd, &bit), memory_order_relaxed) & bit))
        return position;
    if (fstat((int)fd, &st) == 0 && S_ISDIR(st.st_mode))
        return position == INT32_MAX ? INT64_MAX : position << 32;
    atomic_fetch_and(hashed_word(p, fd, &bit), ~bit); /* it was another one's */
    return position;
}

/* From the start of a file or elsewhere; where it is then. */
static int64_t seek(struct task *t, uint32_t fd, int64_t position, int whence)
{
    struct process *p = t->process;
    int64_t wide = position_in(p, fd, position, whence);
    int64_t r = HOST3(t, SYS_lseek, (int32_t)fd, wide, whence);
    return r >= 0 && wide != position ? position : r;
}

int64_t sys_lseek(struct task *t, const uint32_t *a)
{
    int64_t r = seek(t, a[0], (int32_t)a[1], (int32_t)a[2]);
    return r > INT32_MAX ? -EOVERFLOW : r;
}

int64_t sys__llseek(struct task *t, const uint32_t *a)
{
    int64_t r = seek(t, a[0], pair64(a[2], a[1]), (int32_t)a[4]);
    if (r < 0)
        return r;
    memcpy(guest_ptr(t, a[3]), &r, sizeof(r));
    return 0;
}

int64_t sys_arm_fadvise64_64(struct task *t, const uint32_t *a)
{
    return HOST4(t, SYS_fadvise64, (int32_t)a[0], pair64(a[2], a[3]), pair64(a[4], a[5]), a[1]);
}

int64_t sys_arm_sync_file_range(struct task *t, const uint32_t *a)
{
    return HOST4(t, SYS_sync_file_range, (int32_t)a[0], pair64(a[2], a[3]), pair64(a[4], a[5]),
                 a[1]);
}

/* Directory entries of 32-bit programs: the type is behind the name. */
int64_t sys_getdents(struct task *t, const uint32_t *a)
{
    uint8_t buf[16384];
    uint8_t *out = guest_ptr(t, a[1]);
    uint32_t used = 0, size = a[2] < sizeof(buf) ? a[2] : sizeof(buf);
    int64_t n = HOST3(t, SYS_getdents64, (int32_t)a[0], buf, size);
    if (n < 0)
        return n;
    for (int64_t at = 0; at < n;) {
        const struct dirent64 *d = (const void *)(buf + at);
        size_t name = strlen(d->d_name) + 1;
        uint16_t len = (uint16_t)align_up(10 + name + 1, 4);
        const uint32_t head[2] = {(uint32_t)d->d_ino, position_out(t->process, a[0], d->d_off)};
        memcpy(out + used, head, 8); /* never longer than the host's entry */
        memcpy(out + used + 8, &len, 2);
        memcpy(out + used + 10, d->d_name, name);
        out[used + len - 1] = d->d_type;
        used += len;
        at += d->d_reclen;
    }
    return used;
}

int64_t sys_getdents64(struct task *t, const uint32_t *a)
{
    uint8_t *buf = guest_out(t, a[1], a[2]);
    int64_t n = HOST3(t, SYS_getdents64, (int32_t)a[0], buf, a[2]);
    struct dirent64 *d;
    for (int64_t at = 0; at < n; at += d->d_reclen) {
        d = (void *)(buf + at);
        d->d_off = position_out(t->process, a[0], d->d_off);
    }
    return n;
}

/* ---- fcntl ----------------------------------------------------------------------------------- */

enum {
    GUEST_F_GETLK64 = 12,
    GUEST_F_SETLK64,
    GUEST_F_SETLKW64,
    GUEST_F_OFD_GETLK = 36,
    GUEST_F_OFD_SETLK,
    GUEST_F_OFD_SETLKW,
};

static int64_t lock_call(struct task *t, const struct conv *c, int fd, int cmd, uint32_t addr)
{
    struct flock lock = {0};
    conv_in(t, c, addr, &lock);
    int64_t r = HOST3(t, SYS_fcntl, fd, cmd, &lock);
    return cmd == F_GETLK || cmd == F_OFD_GETLK ? conv_result(t, c, addr, &lock, r) : r;
}

int64_t sys_fcntl64(struct task *t, const uint32_t *a)
{
    int fd = (int)a[0];
    switch (a[1]) {
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return lock_call(t, &conv_flock, fd, (int)a[1], a[2]);
    case GUEST_F_GETLK64:
    case GUEST_F_SETLK64:
    case GUEST_F_SETLKW64:
        return lock_call(t, &conv_flock64, fd, (int)a[1] - GUEST_F_GETLK64 + F_GETLK, a[2]);
    case GUEST_F_OFD_GETLK:
    case GUEST_F_OFD_SETLK:
    case GUEST_F_OFD_SETLKW:
        return lock_call(t, &conv_flock64, fd, (int)a[1], a[2]);
    case F_GETFL: {
        int64_t r = HOST3(t, SYS_fcntl, fd, F_GETFL, 0);
        return r < 0 ? r : open_flags_to_guest((int)r);
    }
    case F_SETFL:
        return HOST3(t, SYS_fcntl, fd, F_SETFL, open_flags_to_host(a[2]));
    case F_GETOWN_EX:
    case F_SETOWN_EX:
    case 17: /* F_GETOWNER_UIDS */
    case 1035: /* F_GET_RW_HINT and the like: pointers to 64 bits */
    case 1036:
    case 1037:
    case 1038:
        return HOST3(t, SYS_fcntl, fd, a[1], guest_ptr(t, a[2]));
    default:
        return HOST3(t, SYS_fcntl, fd, a[1], (int32_t)a[2]);
    }
}

int64_t sys_fcntl(struct task *t, const uint32_t *a)
{
    return sys_fcntl64(t, a);
}

/* ---- times ----------------------------------------------------------------------------------- */

int64_t sys_utimensat(struct task *t, const uint32_t *a)
{
    char found[PATH_MAX];
    struct timespec ts[2] = {{0}};
    const char *path = guest_ptr0(t, a[1]);
    if (a[2]) {
        conv_in(t, &conv_timespec, a[2], &ts[0]);
        conv_in(t, &conv_timespec, a[2] + 8, &ts[1]);
    }
    return HOST4(t, SYS_utimensat, (int32_t)a[0], path ? path_find(t->process, path, found) : NULL,
                 a[2] ? ts : NULL, a[3]);
}

int64_t sys_futimesat(struct task *t, const uint32_t *a)
{
    struct timeval tv[2] = {{0}};
    if (a[2]) {
        conv_in(t, &conv_timeval, a[2], &tv[0]);
        conv_in(t, &conv_timeval, a[2] + 8, &tv[1]);
    }
    return HOST3(t, SYS_futimesat, (int32_t)a[0], guest_ptr0(t, a[1]), a[2] ? tv : NULL);
}

int64_t sys_utimes(struct task *t, const uint32_t *a)
{
    const uint32_t at[] = {(uint32_t)AT_FDCWD, a[0], a[1]};
    return sys_futimesat(t, at);
}
