/* Names for -strace: of flags and of the values of arguments; and structs that look the same to the
 * host. */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "process/syscall.h"
#include "process/trace.h"
#include "util/bits.h"

#ifndef CLONE_DETACHED
#define CLONE_DETACHED 0x00400000
#endif
#define N(value) {(uint32_t)(value), 0, #value}

static const struct trace_name names_at[] = {
    N(AT_FDCWD),
};

static const struct trace_name names_open[] = {
    {(uint32_t)O_RDONLY, O_ACCMODE, "O_RDONLY"}, {(uint32_t)O_WRONLY, O_ACCMODE, "O_WRONLY"},
    {(uint32_t)O_RDWR, O_ACCMODE, "O_RDWR"}, N(O_CREAT), N(O_EXCL), N(O_NOCTTY), N(O_TRUNC),
    N(O_APPEND), N(O_NONBLOCK), N(O_SYNC), N(O_DSYNC), {020000, 0, "FASYNC"}, {040000, 0,
    "O_DIRECTORY"}, {0100000, 0, "O_NOFOLLOW"}, {0200000, 0, "O_DIRECT"}, {0400000, 0,
    "O_LARGEFILE"}, N(O_NOATIME), N(O_CLOEXEC), N(O_PATH), {020000000, 0, "__O_TMPFILE"},
};

static const struct trace_name names_prot[] = {
    {0, 0xffffffff, "PROT_NONE"}, N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), N(PROT_GROWSDOWN),
    N(PROT_GROWSUP),
};

static const struct trace_name names_map[] = {
    {(uint32_t)MAP_SHARED, MAP_TYPE, "MAP_SHARED"}, {(uint32_t)MAP_PRIVATE, MAP_TYPE,
    "MAP_PRIVATE"}, {(uint32_t)MAP_SHARED_VALIDATE, MAP_TYPE, "MAP_SHARED_VALIDATE"},
    N(MAP_FIXED), N(MAP_ANONYMOUS), N(MAP_GROWSDOWN), N(MAP_DENYWRITE), N(MAP_LOCKED),
    N(MAP_NORESERVE), N(MAP_POPULATE), N(MAP_NONBLOCK), N(MAP_STACK), N(MAP_HUGETLB),
    N(MAP_FIXED_NOREPLACE),
};

static const struct trace_name names_atflags[] = {
    N(AT_SYMLINK_NOFOLLOW), N(AT_SYMLINK_FOLLOW), N(AT_EMPTY_PATH), N(AT_NO_AUTOMOUNT),
    N(AT_EACCESS), N(AT_STATX_FORCE_SYNC), N(AT_STATX_DONT_SYNC), N(AT_RECURSIVE),
};

static const struct trace_name names_unlink[] = {
    N(AT_REMOVEDIR),
};

static const struct trace_name names_access[] = {
    {0, 7, "F_OK"}, N(R_OK), N(W_OK), N(X_OK),
};

static const struct trace_name names_whence[] = {
    N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE),
};

static const struct trace_name names_signal[] = {
    N(SIGHUP), N(SIGINT), N(SIGQUIT), N(SIGILL), N(SIGTRAP), N(SIGABRT), N(SIGBUS), N(SIGFPE),
    N(SIGKILL), N(SIGUSR1), N(SIGSEGV), N(SIGUSR2), N(SIGPIPE), N(SIGALRM), N(SIGTERM),
    N(SIGSTKFLT), N(SIGCHLD), N(SIGCONT), N(SIGSTOP), N(SIGTSTP), N(SIGTTIN), N(SIGTTOU),
    N(SIGURG), N(SIGXCPU), N(SIGXFSZ), N(SIGVTALRM), N(SIGPROF), N(SIGWINCH), N(SIGIO), N(SIGPWR),
    N(SIGSYS),
};

static const struct trace_name names_how[] = {
    N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK),
};

static const struct trace_name names_clock[] = {
    N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID),
    N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW), N(CLOCK_REALTIME_COARSE),
    N(CLOCK_MONOTONIC_COARSE), N(CLOCK_BOOTTIME), N(CLOCK_REALTIME_ALARM),
    N(CLOCK_BOOTTIME_ALARM), N(CLOCK_TAI),
};

static const struct trace_name names_timer[] = {
    N(TIMER_ABSTIME), N(TFD_TIMER_CANCEL_ON_SET),
};

static const struct trace_name names_fdflags[] = {
    {O_CLOEXEC, 0, "CLOEXEC"}, {O_NONBLOCK, 0, "NONBLOCK"},
};

static const struct trace_name names_eventfd[] = {
    N(EFD_SEMAPHORE), N(EFD_CLOEXEC), N(EFD_NONBLOCK),
};

static const struct trace_name names_fcntl[] = {
    N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), {5, 0, "F_GETLK"}, {6, 0,
    "F_SETLK"}, {7, 0, "F_SETLKW"}, N(F_SETOWN), N(F_GETOWN), N(F_SETSIG), N(F_GETSIG), {12, 0,
    "F_GETLK64"}, {13, 0, "F_SETLK64"}, {14, 0, "F_SETLKW64"}, N(F_SETOWN_EX), N(F_GETOWN_EX),
    N(F_OFD_GETLK), N(F_OFD_SETLK), N(F_OFD_SETLKW), N(F_SETLEASE), N(F_GETLEASE), N(F_NOTIFY),
    N(F_DUPFD_CLOEXEC), N(F_SETPIPE_SZ), N(F_GETPIPE_SZ), N(F_ADD_SEALS), N(F_GET_SEALS),
};

static const struct trace_name names_clone[] = {
    {(uint32_t)SIGCHLD, CSIGNAL, "SIGCHLD"}, N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES),
    N(CLONE_SIGHAND), N(CLONE_PIDFD), N(CLONE_PTRACE), N(CLONE_VFORK), N(CLONE_PARENT),
    N(CLONE_THREAD), N(CLONE_NEWNS), N(CLONE_SYSVSEM), N(CLONE_SETTLS), N(CLONE_PARENT_SETTID),
    N(CLONE_CHILD_CLEARTID), N(CLONE_DETACHED), N(CLONE_UNTRACED), N(CLONE_CHILD_SETTID),
    N(CLONE_NEWCGROUP), N(CLONE_NEWUTS), N(CLONE_NEWIPC), N(CLONE_NEWUSER), N(CLONE_NEWPID),
    N(CLONE_NEWNET), N(CLONE_IO),
};

static const struct trace_name names_domain[] = {
    N(AF_UNSPEC), N(AF_UNIX), N(AF_INET), N(AF_INET6), N(AF_NETLINK), N(AF_PACKET), N(AF_ALG),
    N(AF_VSOCK), N(AF_BLUETOOTH), N(AF_CAN),
};

static const struct trace_name names_socket[] = {
    {(uint32_t)SOCK_STREAM, 0xf, "SOCK_STREAM"}, {(uint32_t)SOCK_DGRAM, 0xf, "SOCK_DGRAM"},
    {(uint32_t)SOCK_RAW, 0xf, "SOCK_RAW"}, {(uint32_t)SOCK_RDM, 0xf, "SOCK_RDM"},
    {(uint32_t)SOCK_SEQPACKET, 0xf, "SOCK_SEQPACKET"}, {(uint32_t)SOCK_PACKET, 0xf,
    "SOCK_PACKET"}, N(SOCK_NONBLOCK), N(SOCK_CLOEXEC),
};

static const struct trace_name names_msg[] = {
    N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), N(MSG_TRUNC), N(MSG_DONTWAIT),
    N(MSG_EOR), N(MSG_WAITALL), N(MSG_CONFIRM), N(MSG_ERRQUEUE), N(MSG_NOSIGNAL), N(MSG_MORE),
    N(MSG_WAITFORONE), N(MSG_FASTOPEN), N(MSG_CMSG_CLOEXEC),
};

static const struct trace_name names_level[] = {
    N(SOL_SOCKET), N(IPPROTO_IP), N(IPPROTO_TCP), N(IPPROTO_UDP), N(IPPROTO_IPV6),
    N(IPPROTO_ICMPV6), N(SOL_NETLINK), N(SOL_PACKET),
};

static const struct trace_name names_shutdown[] = {
    N(SHUT_RD), N(SHUT_WR), N(SHUT_RDWR),
};

static const struct trace_name names_wait[] = {
    N(WNOHANG), N(WUNTRACED), N(WEXITED), N(WCONTINUED), N(WNOWAIT), N(__WNOTHREAD), N(__WALL),
    N(__WCLONE),
};

static const struct trace_name names_idtype[] = {
    N(P_ALL), N(P_PID), N(P_PGID), N(P_PIDFD),
};

static const struct trace_name names_futex[] = {
    {(uint32_t)FUTEX_WAIT, FUTEX_CMD_MASK, "FUTEX_WAIT"}, {(uint32_t)FUTEX_WAKE, FUTEX_CMD_MASK,
    "FUTEX_WAKE"}, {(uint32_t)FUTEX_FD, FUTEX_CMD_MASK, "FUTEX_FD"}, {(uint32_t)FUTEX_REQUEUE,
    FUTEX_CMD_MASK, "FUTEX_REQUEUE"}, {(uint32_t)FUTEX_CMP_REQUEUE, FUTEX_CMD_MASK,
    "FUTEX_CMP_REQUEUE"}, {(uint32_t)FUTEX_WAKE_OP, FUTEX_CMD_MASK, "FUTEX_WAKE_OP"},
    {(uint32_t)FUTEX_LOCK_PI, FUTEX_CMD_MASK, "FUTEX_LOCK_PI"}, {(uint32_t)FUTEX_UNLOCK_PI,
    FUTEX_CMD_MASK, "FUTEX_UNLOCK_PI"}, {(uint32_t)FUTEX_TRYLOCK_PI, FUTEX_CMD_MASK,
    "FUTEX_TRYLOCK_PI"}, {(uint32_t)FUTEX_WAIT_BITSET, FUTEX_CMD_MASK, "FUTEX_WAIT_BITSET"},
    {(uint32_t)FUTEX_WAKE_BITSET, FUTEX_CMD_MASK, "FUTEX_WAKE_BITSET"},
    {(uint32_t)FUTEX_WAIT_REQUEUE_PI, FUTEX_CMD_MASK, "FUTEX_WAIT_REQUEUE_PI"},
    {(uint32_t)FUTEX_CMP_REQUEUE_PI, FUTEX_CMD_MASK, "FUTEX_CMP_REQUEUE_PI"},
    {(uint32_t)FUTEX_LOCK_PI2, FUTEX_CMD_MASK, "FUTEX_LOCK_PI2"}, N(FUTEX_PRIVATE_FLAG),
    N(FUTEX_CLOCK_REALTIME),
};

static const struct trace_name names_advice[] = {
    N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED), N(MADV_DONTNEED),
    N(MADV_FREE), N(MADV_REMOVE), N(MADV_DONTFORK), N(MADV_DOFORK), N(MADV_MERGEABLE),
    N(MADV_UNMERGEABLE), N(MADV_HUGEPAGE), N(MADV_NOHUGEPAGE), N(MADV_DONTDUMP), N(MADV_DODUMP),
    N(MADV_WIPEONFORK), N(MADV_KEEPONFORK), N(MADV_COLD), N(MADV_PAGEOUT), N(MADV_POPULATE_READ),
    N(MADV_POPULATE_WRITE), N(MADV_DONTNEED_LOCKED), N(MADV_HWPOISON),
};

static const struct trace_name names_fadvise[] = {
    N(POSIX_FADV_NORMAL), N(POSIX_FADV_RANDOM), N(POSIX_FADV_SEQUENTIAL), N(POSIX_FADV_WILLNEED),
    N(POSIX_FADV_DONTNEED), N(POSIX_FADV_NOREUSE),
};

static const struct trace_name names_epoll[] = {
    N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD),
};

static const struct trace_name names_msync[] = {
    N(MS_ASYNC), N(MS_INVALIDATE), N(MS_SYNC),
};

static const struct trace_name names_mremap[] = {
    N(MREMAP_MAYMOVE), N(MREMAP_FIXED), N(MREMAP_DONTUNMAP),
};

static const struct trace_name names_mlockall[] = {
    N(MCL_CURRENT), N(MCL_FUTURE), N(MCL_ONFAULT),
};

static const struct trace_name names_rlimit[] = {
    N(RLIMIT_CPU), N(RLIMIT_FSIZE), N(RLIMIT_DATA), N(RLIMIT_STACK), N(RLIMIT_CORE),
    N(RLIMIT_RSS), N(RLIMIT_NPROC), N(RLIMIT_NOFILE), N(RLIMIT_MEMLOCK), N(RLIMIT_AS),
    N(RLIMIT_LOCKS), N(RLIMIT_SIGPENDING), N(RLIMIT_MSGQUEUE), N(RLIMIT_NICE), N(RLIMIT_RTPRIO),
    N(RLIMIT_RTTIME),
};

static const struct trace_name names_who[] = {
    N(RUSAGE_SELF), N(RUSAGE_CHILDREN), N(RUSAGE_THREAD),
};

static const struct trace_name names_priority[] = {
    N(PRIO_PROCESS), N(PRIO_PGRP), N(PRIO_USER),
};

static const struct trace_name names_policy[] = {
    N(SCHED_OTHER), N(SCHED_FIFO), N(SCHED_RR), N(SCHED_BATCH), N(SCHED_IDLE), N(SCHED_DEADLINE),
};

static const struct trace_name names_itimer[] = {
    N(ITIMER_REAL), N(ITIMER_VIRTUAL), N(ITIMER_PROF),
};

static const struct trace_name names_flock[] = {
    N(LOCK_SH), N(LOCK_EX), N(LOCK_UN), {LOCK_SH|LOCK_NB, 0, "LOCK_SH|LOCK_NB"}, {LOCK_EX|LOCK_NB,
    0, "LOCK_EX|LOCK_NB"}, {LOCK_UN|LOCK_NB, 0, "LOCK_UN|LOCK_NB"},
};

static const struct trace_name names_inotify[] = {
    N(IN_ACCESS), N(IN_MODIFY), N(IN_ATTRIB), N(IN_CLOSE_WRITE), N(IN_CLOSE_NOWRITE), N(IN_OPEN),
    N(IN_MOVED_FROM), N(IN_MOVED_TO), N(IN_CREATE), N(IN_DELETE), N(IN_DELETE_SELF),
    N(IN_MOVE_SELF), N(IN_ONLYDIR), N(IN_DONT_FOLLOW), N(IN_EXCL_UNLINK), N(IN_MASK_CREATE),
    N(IN_MASK_ADD), N(IN_ISDIR), N(IN_ONESHOT),
};

static const struct trace_name names_memfd[] = {
    N(MFD_CLOEXEC), N(MFD_ALLOW_SEALING), N(MFD_HUGETLB),
};

static const struct trace_name names_getrandom[] = {
    N(GRND_NONBLOCK), N(GRND_RANDOM), N(GRND_INSECURE),
};

static const struct trace_name names_ipc[] = {
    N(IPC_CREAT), N(IPC_EXCL), N(IPC_NOWAIT),
};

static const struct trace_name names_ipcctl[] = {
    N(IPC_RMID), N(IPC_SET), N(IPC_STAT), N(IPC_INFO), N(GETPID), N(GETVAL), N(GETALL),
    N(GETNCNT), N(GETZCNT), N(SETVAL), N(SETALL),
};

static const struct trace_name names_prctl[] = {
    N(PR_SET_PDEATHSIG), N(PR_GET_PDEATHSIG), N(PR_GET_DUMPABLE), N(PR_SET_DUMPABLE),
    N(PR_GET_KEEPCAPS), N(PR_SET_KEEPCAPS), N(PR_GET_TIMING), N(PR_SET_TIMING), N(PR_SET_NAME),
    N(PR_GET_NAME), N(PR_GET_SECCOMP), N(PR_SET_SECCOMP), N(PR_CAPBSET_READ), N(PR_CAPBSET_DROP),
    N(PR_GET_SECUREBITS), N(PR_SET_SECUREBITS), N(PR_SET_TIMERSLACK), N(PR_GET_TIMERSLACK),
    N(PR_SET_MM), N(PR_SET_CHILD_SUBREAPER), N(PR_GET_CHILD_SUBREAPER), N(PR_SET_NO_NEW_PRIVS),
    N(PR_GET_NO_NEW_PRIVS), N(PR_GET_TID_ADDRESS), N(PR_SET_THP_DISABLE), N(PR_GET_THP_DISABLE),
    N(PR_CAP_AMBIENT), N(PR_SET_VMA), N(PR_SET_PTRACER),
};

static const struct trace_name names_splice[] = {
    N(SPLICE_F_MOVE), N(SPLICE_F_NONBLOCK), N(SPLICE_F_MORE), N(SPLICE_F_GIFT),
};

static const struct trace_name names_fallocate[] = {
    N(FALLOC_FL_KEEP_SIZE), N(FALLOC_FL_PUNCH_HOLE), N(FALLOC_FL_COLLAPSE_RANGE),
    N(FALLOC_FL_ZERO_RANGE), N(FALLOC_FL_INSERT_RANGE), N(FALLOC_FL_UNSHARE_RANGE),
};

static const struct trace_name names_xattr[] = {
    N(XATTR_CREATE), N(XATTR_REPLACE),
};

static const struct trace_name names_rename[] = {
    N(RENAME_NOREPLACE), N(RENAME_EXCHANGE), N(RENAME_WHITEOUT),
};

static const struct trace_name names_close_range[] = {
    N(CLOSE_RANGE_UNSHARE), N(CLOSE_RANGE_CLOEXEC),
};

static const struct trace_name names_mount[] = {
    N(MS_RDONLY), N(MS_NOSUID), N(MS_NODEV), N(MS_NOEXEC), N(MS_SYNCHRONOUS), N(MS_REMOUNT),
    N(MS_MANDLOCK), N(MS_DIRSYNC), N(MS_NOATIME), N(MS_NODIRATIME), N(MS_BIND), N(MS_MOVE),
    N(MS_REC), N(MS_SILENT), N(MS_POSIXACL), N(MS_UNBINDABLE), N(MS_PRIVATE), N(MS_SLAVE),
    N(MS_SHARED), N(MS_RELATIME), N(MS_STRICTATIME), N(MS_LAZYTIME),
};

static const struct trace_name names_umount[] = {
    N(MNT_FORCE), N(MNT_DETACH), N(MNT_EXPIRE), N(UMOUNT_NOFOLLOW),
};

static const struct trace_name names_membarrier[] = {
    N(MEMBARRIER_CMD_QUERY), N(MEMBARRIER_CMD_GLOBAL), N(MEMBARRIER_CMD_GLOBAL_EXPEDITED),
    N(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED), N(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
    N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), N(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
    N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
    N(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ), N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ),
};

#define TABLE(name, flags) {#name, names_##name, ARRAY_SIZE(names_##name), flags}
static const struct trace_names tables[] = {
    TABLE(at, false), TABLE(open, true), TABLE(prot, true), TABLE(map, true), TABLE(atflags,
    true), TABLE(unlink, true), TABLE(access, true), TABLE(whence, false), TABLE(signal, false),
    TABLE(how, false), TABLE(clock, false), TABLE(timer, true), TABLE(fdflags, true),
    TABLE(eventfd, true), TABLE(fcntl, false), TABLE(clone, true), TABLE(domain, false),
    TABLE(socket, true), TABLE(msg, true), TABLE(level, false), TABLE(shutdown, false),
    TABLE(wait, true), TABLE(idtype, false), TABLE(futex, true), TABLE(advice, false),
    TABLE(fadvise, false), TABLE(epoll, false), TABLE(msync, true), TABLE(mremap, true),
    TABLE(mlockall, true), TABLE(rlimit, false), TABLE(who, false), TABLE(priority, false),
    TABLE(policy, false), TABLE(itimer, false), TABLE(flock, false), TABLE(inotify, true),
    TABLE(memfd, true), TABLE(getrandom, true), TABLE(ipc, true), TABLE(ipcctl, false),
    TABLE(prctl, false), TABLE(splice, true), TABLE(fallocate, true), TABLE(xattr, true),
    TABLE(rename, true), TABLE(close_range, true), TABLE(mount, true), TABLE(umount, true),
    TABLE(membarrier, false),
};

/* ---- structs --------------------------------------------------------------------------------- */

#define G(name, offset, bytes) {offset, 0, bytes, 0, #name, 0}
#define G_ORDER(name, offset, bytes, order) {offset, 0, bytes, 0, #name, order}
#define STRUCT(name, bytes)                                                                        \
    static const struct conv struct_##name = {name##_fields, ARRAY_SIZE(name##_fields), bytes}

static const struct conv_field timespec64x2_fields[] = {
    G(atime.tv_sec, 0, 8), G_ORDER(atime.tv_nsec, 8, 4, 8), G(mtime.tv_sec, 16, 8),
    G_ORDER(mtime.tv_nsec, 24, 4, 8),
};
STRUCT(timespec64x2, 32);
static const struct conv_field timespec2_fields[] = {
    G(atime.tv_sec, 0, 4), G(atime.tv_nsec, 4, 4), G(mtime.tv_sec, 8, 4), G(mtime.tv_nsec, 12, 4),
};
STRUCT(timespec2, 16);
static const struct conv_field timeval2_fields[] = {
    G(atime.tv_sec, 0, 4), G(atime.tv_usec, 4, 4), G(mtime.tv_sec, 8, 4), G(mtime.tv_usec, 12, 4),
};
STRUCT(timeval2, 16);
static const struct conv_field itimerspec64_fields[] = {
    G(it_interval.tv_sec, 0, 8), G_ORDER(it_interval.tv_nsec, 8, 4, 8), G(it_value.tv_sec, 16, 8),
    G_ORDER(it_value.tv_nsec, 24, 4, 8),
};
STRUCT(itimerspec64, 32);
static const struct conv_field rlimit32_fields[] = {G(rlim_cur, 0, 4), G(rlim_max, 4, 4)};
STRUCT(rlimit32, 8);
static const struct conv_field rlimit64_fields[] = {G(rlim_cur, 0, 8), G(rlim_max, 8, 8)};
STRUCT(rlimit64, 16);
static const struct conv_field sigaction_fields[] = {
    G(sa_handler, 0, 4), G(sa_flags, 4, 4), G(sa_restorer.flags, 8, 4),
    G_ORDER(sa_mask.flags, 12, 8, CONV_WORDS),
};
STRUCT(sigaction, 20);
static const struct conv_field old_sigaction_fields[] = {
    G(sa_handler, 0, 4), G(sa_mask.flags, 4, 4), G(sa_flags, 8, 4), G(sa_restorer.flags, 12, 4),
};
STRUCT(old_sigaction, 16);
static const struct conv_field siginfo_fields[] = {
    G(si_signo, 0, 4), G(si_errno, 4, 4), G(si_code, 8, 4), G(si_pid, 12, 4), G(si_uid, 16, 4),
    G(si_status, 20, 4), G(si_utime, 24, 4), G(si_stime, 28, 4),
};
STRUCT(siginfo, 128);
static const struct conv_field stack_fields[] = {G(ss_sp_handler, 0, 4), G(ss_flags, 4, 4),
                                                 G(ss_size, 8, 4)};
STRUCT(stack, 12);
static const struct conv_field sigevent_fields[] = {
    G(sigev_value, 0, 4), G(sigev_signo, 4, 4), G(sigev_notify, 8, 4),
    G(sigev_notify_thread_id, 12, 4),
};
STRUCT(sigevent, 64);
static const struct conv_field epoll_event_fields[] = {G(events.flags, 0, 4), G(data, 8, 8)};
STRUCT(epoll_event, 16);
static const struct conv_field clone_args_fields[] = {
    G(flags, 0, 8), G(pidfd, 8, 8), G(child_tid, 16, 8), G(parent_tid, 24, 8),
    G(exit_signal, 32, 8),
    G(stack, 40, 8), G(stack_size, 48, 8), G(tls, 56, 8),
};
STRUCT(clone_args, 64);
static const struct conv_field open_how_fields[] = {G(flags, 0, 8), G(mode, 8, 8),
                                                    G(resolve, 16, 8)};
STRUCT(open_how, 24);
static const struct conv_field statx_fields[] = {
    G(stx_mask.flags, 0, 4), G(stx_blksize, 4, 4), G(stx_attributes.flags, 8, 8),
    G(stx_nlink, 16, 4),
    G(stx_uid, 20, 4), G(stx_gid, 24, 4), G(stx_mode, 28, 2), G(stx_ino, 32, 8), G(stx_size, 40, 8),
    G(stx_blocks, 48, 8), G(stx_attributes_mask.flags, 56, 8), G(stx_atime.tv_sec, 64, 8),
    G(stx_atime.tv_nsec, 72, 4), G(stx_btime.tv_sec, 80, 8), G(stx_btime.tv_nsec, 88, 4),
    G(stx_ctime.tv_sec, 96, 8), G(stx_ctime.tv_nsec, 104, 4), G(stx_mtime.tv_sec, 112, 8),
    G(stx_mtime.tv_nsec, 120, 4), G(stx_rdev_major, 128, 4), G(stx_rdev_minor, 132, 4),
    G(stx_dev_major, 136, 4), G(stx_dev_minor, 140, 4), G(stx_mnt_id, 144, 8),
    G(stx_dio_mem_align, 152, 4), G(stx_dio_offset_align, 156, 4),
};
STRUCT(statx, 256);
/* ---- of ioctl ---- */
static const struct conv_field termios_fields[] = {
    G(c_iflag.flags, 0, 4), G(c_oflag.flags, 4, 4), G(c_cflag.flags, 8, 4), G(c_lflag.flags, 12, 4),
    G(c_line, 16, 1),
};
STRUCT(termios, 36);
static const struct conv_field termios2_fields[] = {
    G(c_iflag.flags, 0, 4), G(c_oflag.flags, 4, 4), G(c_cflag.flags, 8, 4), G(c_lflag.flags, 12, 4),
    G(c_line, 16, 1), G(c_ispeed, 36, 4), G(c_ospeed, 40, 4),
};
STRUCT(termios2, 44);
static const struct conv_field termio_fields[] = {
    G(c_iflag.flags, 0, 2), G(c_oflag.flags, 2, 2), G(c_cflag.flags, 4, 2), G(c_lflag.flags, 6, 2),
    G(c_line, 8, 1),
};
STRUCT(termio, 18);
static const struct conv_field winsize_fields[] = {
    G(ws_row, 0, 2), G(ws_col, 2, 2), G(ws_xpixel, 4, 2), G(ws_ypixel, 6, 2),
};
STRUCT(winsize, 8);
static const struct conv_field file_range_fields[] = {
    G(src_fd, 0, 8), G(src_offset, 8, 8), G(src_length, 16, 8), G(dest_offset, 24, 8),
};
STRUCT(file_range, 32);
static const struct conv_field fstrim_fields[] = {G(start, 0, 8), G(len, 8, 8), G(minlen, 16, 8)};
STRUCT(fstrim, 24);
static const struct conv_field fsxattr_fields[] = {
    G(fsx_xflags, 0, 4), G(fsx_extsize, 4, 4), G(fsx_nextents, 8, 4), G(fsx_projid, 12, 4),
    G(fsx_cowextsize, 16, 4),
};
STRUCT(fsxattr, 28);
static const struct conv_field vt_mode_fields[] = {
    G(mode, 0, 1), G(waitv, 1, 1), G(relsig, 2, 2), G(acqsig, 4, 2), G(frsig, 6, 2),
};
STRUCT(vt_mode, 8);
static const struct conv_field vt_stat_fields[] = {G(v_active, 0, 2), G(v_signal, 2, 2),
                                                   G(v_state, 4, 2)};
STRUCT(vt_stat, 6);
static const struct conv_field loop_info64_fields[] = {
    G(lo_device, 0, 8), G(lo_inode, 8, 8), G(lo_rdevice, 16, 8), G(lo_offset, 24, 8),
    G(lo_sizelimit, 32, 8), G(lo_number, 40, 4), G(lo_encrypt_type, 44, 4),
    G(lo_encrypt_key_size, 48, 4),
    G(lo_flags, 52, 4), G(lo_init[0], 216, 8), G(lo_init[1], 224, 8),
};
STRUCT(loop_info64, 232);
static const struct conv_field loop_config_fields[] = {
    G(fd, 0, 4), G(block_size, 4, 4), G(lo_device, 8, 8), G(lo_inode, 16, 8), G(lo_rdevice, 24, 8),
    G(lo_offset, 32, 8), G(lo_sizelimit, 40, 8), G(lo_number, 48, 4), G(lo_encrypt_type, 52, 4),
    G(lo_encrypt_key_size, 56, 4), G(lo_flags, 60, 4), G(lo_init[0], 224, 8), G(lo_init[1], 232, 8),
};
STRUCT(loop_config, 304);
static const struct conv_field ifreq_flags_fields[] = {G(ifr_flags, 16, 2)};
STRUCT(ifreq_flags, 32);
static const struct conv_field ifreq_addr_fields[] = {G(sa_family, 16, 2)};
STRUCT(ifreq_addr, 32);
static const struct conv_field ifreq_int_fields[] = {G(ifr_ivalue, 16, 4)};
STRUCT(ifreq_int, 32);
/* ---- others ---- */
static const struct conv_field timex64_fields[] = {
    G(modes, 0, 4), G(offset, 8, 8), G(freq, 16, 8), G(maxerror, 24, 8), G(esterror, 32, 8),
    G(status, 40, 4),
    G(constant, 48, 8), G(precision, 56, 8), G(tolerance, 64, 8), G(time.tv_sec, 72, 8),
    G(time.tv_usec, 80, 8), G(tick, 88, 8), G(ppsfreq, 96, 8), G(jitter, 104, 8), G(shift, 112, 4),
    G(stabil, 120, 8), G(jitcnt, 128, 8), G(calcnt, 136, 8), G(errcnt, 144, 8), G(stbcnt, 152, 8),
    G(tai, 160, 4),
};
STRUCT(timex64, 208);
static const struct conv_field sched_attr_fields[] = {
    G(size, 0, 4), G(sched_policy, 4, 4), G(sched_flags, 8, 8), G(sched_nice, 16, 4),
    G(sched_priority, 20, 4), G(sched_runtime, 24, 8), G(sched_deadline, 32, 8),
    G(sched_period, 40, 8),
};
STRUCT(sched_attr, 48);
static const struct conv_field mount_attr_fields[] = {
    G(attr_set.flags, 0, 8), G(attr_clr.flags, 8, 8), G(propagation, 16, 8), G(userns_fd, 24, 8),
};
STRUCT(mount_attr, 32);
static const struct conv_field waitv_fields[] = {G(val, 0, 8), G(uaddr.flags, 8, 8),
                                                 G(flags, 16, 4)};
STRUCT(waitv, 24);
static const struct conv_field epoll_events_fields[] = {G(events.flags, 0, 4), G(data, 8, 8)};
STRUCT(epoll_events, 16);

#define OWN(name) {#name, &struct_##name}
#define CONVERTED(name) {#name, &conv_##name}
static const struct {
    const char *name;
    const struct conv *fields;
} structs[] = {
    OWN(timespec64x2), OWN(timespec2), OWN(timeval2), OWN(itimerspec64), OWN(rlimit32),
    OWN(rlimit64), OWN(sigaction), OWN(old_sigaction), OWN(siginfo), OWN(stack), OWN(sigevent),
    OWN(epoll_event), OWN(clone_args), OWN(open_how), OWN(statx), CONVERTED(stat),
    CONVERTED(stat64),
    CONVERTED(statfs), CONVERTED(statfs64), CONVERTED(rusage), CONVERTED(sysinfo),
    CONVERTED(timespec), CONVERTED(timespec64), CONVERTED(timeval), CONVERTED(itimerval),
    CONVERTED(itimerspec),
    CONVERTED(tms), CONVERTED(timex), CONVERTED(mq_attr), CONVERTED(ustat), CONVERTED(flock),
    CONVERTED(flock64),
    CONVERTED(semid), CONVERTED(msqid), CONVERTED(shmid), CONVERTED(shminfo), CONVERTED(shm_info),
    OWN(termios), OWN(termios2), OWN(termio), OWN(winsize), OWN(file_range), OWN(fstrim),
    OWN(fsxattr),
    OWN(vt_mode), OWN(vt_stat), OWN(loop_info64), OWN(loop_config), OWN(ifreq_flags),
    OWN(ifreq_addr), OWN(ifreq_int),
    OWN(timex64), OWN(sched_attr), OWN(mount_attr), OWN(waitv), OWN(epoll_events),
};

static bool is(const char *name, const char *wanted, unsigned len)
{
    return strlen(name) == len && !memcmp(name, wanted, len);
}

const struct trace_names *trace_names_find(const char *name, unsigned len)
{
    for (unsigned i = 0; i < ARRAY_SIZE(tables); i++)
        if (is(tables[i].name, name, len))
            return &tables[i];
    return NULL;
}

const struct conv *trace_struct_find(const char *name, unsigned len)
{
    for (unsigned i = 0; i < ARRAY_SIZE(structs); i++)
        if (is(structs[i].name, name, len))
            return structs[i].fields;
    return NULL;
}
