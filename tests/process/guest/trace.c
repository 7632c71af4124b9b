/* System calls for -strace to print. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    char buf[64];
    int p[2], n;
    struct iovec v[2] = {{"ab", 2}, {"c\n", 2}};
    sigset_t set;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/nonexistent"};
    struct stat st;
    char kernel_stat[128];
    struct rlimit limit;
    struct timespec ts;
    struct utsname name;
    syscall(SYS_openat, AT_FDCWD, "/etc/hosts", O_RDONLY | O_CLOEXEC, 0);
    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pipe2(p, O_NONBLOCK);
    writev(p[1], v, 2);
    ioctl(p[0], FIONREAD, &n);
    ioctl(p[0], 0x12345678, &n);
    n = 1;
    ioctl(p[0], FIONBIO, &n);
    struct winsize size = {24, 80, 1, 2};
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    ioctl(terminal, TIOCSWINSZ, &size);
    ioctl(terminal, TIOCGWINSZ, &size);
    ioctl(p[0], TIOCGWINSZ, &size);
    ioctl(terminal, TCFLSH, 2);
    ioctl(terminal, TCGETS, buf);
    struct flock64 lock = {.l_type = F_WRLCK, .l_start = 3, .l_len = 5};
    syscall(SYS_fcntl64, p[0], F_SETLK64, &lock);
    fd_set in_set, out_set;
    FD_ZERO(&in_set);
    FD_ZERO(&out_set);
    FD_SET(p[0], &in_set);
    FD_SET(p[1], &out_set);
    read(p[0], buf, sizeof(buf));
    select(p[1] + 1, &in_set, &out_set, NULL, &(struct timeval){1, 0});
    writev(p[1], v, 2);
    fcntl(p[0], F_GETFL);
    read(p[0], buf, sizeof(buf));
    read(p[0], buf, sizeof(buf));
    signal(SIGUSR1, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigset_t old;
    sigprocmask(SIG_BLOCK, &set, &old);
    kill(getpid(), SIGUSR1);
    bind(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&in, sizeof(in));
    connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&un, sizeof(un));
    syscall(SYS_fstatat64, AT_FDCWD, "/", kernel_stat, AT_SYMLINK_NOFOLLOW);
    syscall(SYS_ugetrlimit, RLIMIT_NOFILE, &limit);
    syscall(SYS_clock_gettime64, CLOCK_MONOTONIC, buf);
    syscall(SYS_futex, &n, 0x81, 1, NULL, NULL, 0);
    pid_t child = syscall(SYS_fork);
    if (!child)
        _exit(9);
    waitpid(child, &n, 0);
    uname(&name);
    syscall(999);
    return 0;
}
