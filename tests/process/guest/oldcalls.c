/* System calls that the C library does not make: identities of 16 bits, and others of old. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    OLD_GETGROUPS = 80,
    OLD_FCHOWN = 95,
    OLD_GETRESUID = 165,
    OLD_SETREUID = 70,
    OLD_USTAT = 62
};

static void show(const char *what, long r)
{
    printf("%s %ld%s%s\n", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
}

static uint32_t value_seen;

static void handler(int sig, siginfo_t *info, void *context)
{
    value_seen = info->si_value.sival_int;
    printf("signal %d code %d from %d\n", sig, info->si_code, info->si_pid == getpid());
}

static void identities(void)
{
    uint16_t ids[3] = {1, 2, 3}, old_groups[64];
    gid_t groups[64];
    struct stat st;
    int fd = memfd_create("file", 0), same = 1;
    printf("ids %d %d %d %d\n", syscall(24) == getuid(), syscall(47) == getgid(),
           syscall(49) == geteuid(), syscall(50) == getegid());
    syscall(OLD_GETRESUID, &ids[0], &ids[1], &ids[2]);
    printf("three %d\n", ids[0] == getuid() && ids[1] == geteuid());
    long n = syscall(OLD_GETGROUPS, 64, old_groups), m = getgroups(64, groups);
    for (int i = 0; i < n && i < m; i++)
        same &= old_groups[i] == (groups[i] > 65535 ? 65534 : groups[i]);
    printf("groups %d\n", n == m && same);
    show("fchown", syscall(OLD_FCHOWN, fd, 0xffff, 0xffff)); /* nothing is changed */
    fstat(fd, &st);
    printf("owner %d\n", st.st_uid == getuid());
    show("setreuid", syscall(OLD_SETREUID, 0xffff, 0xffff));
    printf("still %d\n", syscall(24) == getuid());
}

int main(void)
{
    char old[32];
    struct stat st;
    setvbuf(stdout, NULL, _IOLBF, 0);
    identities();
    memset(old, 0xff, sizeof(old));
    stat("/", &st);
    long r = syscall(OLD_USTAT, (st.st_dev & 0xff) | (st.st_dev >> 8 << 8), old);
    printf("ustat %d\n", r == 0 || errno == EINVAL);
    show("of no device", syscall(OLD_USTAT, 0xffff, old));
    show("restart", syscall(0));
    show("dumpable", prctl(PR_GET_DUMPABLE));
    show("seccomp", prctl(PR_GET_SECCOMP));
    show("timing", prctl(PR_GET_TIMING));
    show("nonsense", prctl(12345));
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &act, NULL);
    siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = 4242;
    int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
    show("pidfd", syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, &info, 0));
    printf("value %u\n", value_seen);
    show("without info", syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 0));
    show("uselib", syscall(86, "x"));
    show("bdflush", syscall(134, 0, 0));
    show("oabi time", syscall(13, NULL));
    return 0;
}
