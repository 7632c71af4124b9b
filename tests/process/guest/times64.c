/* System calls with times of 64 bits, whose padding may hold anything; fcntl and ioctl by pointers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct time64 {
    int64_t sec;
    int32_t nsec;
    uint32_t padding;
};
enum { FUTEX_WAIT = 0, FUTEX_WAITV_32 = 2 };

static struct time64 ms(int n)
{
    return (struct time64){0, n * 1000000, 0xdeadbeef};
}

static void show(const char *what, long r)
{
    printf("%s %ld%s%s\n", what, r < 0 ? r : r > 0, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
}

static void waits(void)
{
    struct time64 t = ms(2), both[2] = {ms(3), ms(4)}, old[2];
    struct pollfd p = {-1};
    sigset_t set;
    uint32_t word = 5;
    struct {
        uint64_t value, addr;
        uint32_t flags, reserved;
    } waiter = {5, (uintptr_t)&word, FUTEX_WAITV_32, 0};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    show("clock_nanosleep", syscall(407, CLOCK_MONOTONIC, 0, &t, NULL));
    show("ppoll", syscall(414, &p, 0, &t, NULL, 8));
    t = ms(2);
    show("pselect6", syscall(413, 0, NULL, NULL, NULL, &t, NULL));
    t = ms(2);
    show("futex", syscall(422, &word, FUTEX_WAIT, 5, &t, NULL, 0));
    show("rt_sigtimedwait", syscall(421, &set, NULL, &t, 8));
    show("epoll_pwait2", syscall(441, epoll_create1(0), &(struct epoll_event){0}, 1, &t, NULL, 0));
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    show("timerfd_settime", syscall(411, fd, 0, both, old));
    uint64_t expirations = 0;
    show("read", read(fd, &expirations, 8));
    int id;
    show("timer_create", syscall(SYS_timer_create, CLOCK_MONOTONIC,
                                 &(struct sigevent){.sigev_notify = SIGEV_NONE}, &id));
    show("timer_settime", syscall(409, id, 0, both, old));
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    t = (struct time64){now.tv_sec, now.tv_nsec, 0xdeadbeef};
    show("futex_waitv", syscall(449, &waiter, 1, 0, &t, CLOCK_MONOTONIC));
}

static void files(void)
{
    struct time64 both[2] = {{1000, 5, 0xdeadbeef}, {2000, 6, 0xdeadbeef}};
    struct stat st;
    char buf[8] = "", name[] = "/tmp/armemu-times-XXXXXX";
    int fd = mkstemp(name);
    show("utimensat", syscall(412, fd, NULL, both, 0));
    fstat(fd, &st);
    printf("times %ld.%ld %ld.%ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
           (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    struct iovec v[2] = {{"ab", 2}, {"cd", 2}}, in[2] = {{buf, 1}, {buf + 1, 3}};
    show("pwritev2", pwritev2(fd, v, 2, 3, 0));
    show("preadv2", preadv2(fd, in, 2, 3, 0));
    printf("read %s\n", buf);
    uint64_t how[3] = {O_RDONLY | O_DIRECTORY, 0, 0};
    int file = syscall(437, AT_FDCWD, name, how, sizeof(how));
    show("openat2 of no directory", file);
    show("openat2", syscall(437, AT_FDCWD, "/tmp", how, sizeof(how)));
    unsigned ids[2] = {77, 77};
    show("F_GETOWNER_UIDS", fcntl(fd, 17, ids));
    int p[2];
    pipe(p);
    show("vmsplice", vmsplice(p[1], v, 2, 0));
    show("piped", read(p[0], buf, 8));
    printf("pipe %.4s\n", buf);
    unlink(name);
}

static void sockets(void)
{
    struct sock_filter accept_all[] = {{BPF_RET | BPF_K, 0, 0, 2}}; /* two bytes of each */
    struct sock_fprog program = {1, accept_all};
    char buf[8] = "";
    int s[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
    show("filter", setsockopt(s[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
    send(s[0], "abcd", 4, 0);
    printf("filtered %d\n", (int)recv(s[1], buf, 8, 0));
    struct mmsghdr m = {.msg_hdr = {.msg_iov = &(struct iovec){buf, 8}, .msg_iovlen = 1}};
    struct time64 t = ms(900);
    send(s[0], "xy", 2, 0);
    show("recvmmsg", syscall(417, s[1], &m, 1, 0, &t));
    printf("message %u %.2s\n", m.msg_len, buf);
    printf("left %d\n", t.sec == 0 && t.nsec > 0 && t.nsec < 900000000);
    /* The time is over when the second message comes: there is no waiting for a third. */
    struct mmsghdr three[] = {m, m, m};
    t = ms(200);
    send(s[0], "1", 1, 0);
    if (fork() == 0) {
        usleep(500000);
        send(s[0], "2", 1, 0);
        _exit(0);
    }
    printf("recvmmsg of three: %ld\n", syscall(417, s[1], three, 3, 0, &t));
    printf("left %d\n", t.sec || t.nsec);
    wait(NULL);
    t.nsec = 1000000000;
    show("nonsense", syscall(417, s[1], three, 3, 0, &t));
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    waits();
    files();
    sockets();
    show("ptrace", syscall(SYS_ptrace, 0, 0, 0, 0));
    show("io_uring_setup", syscall(425, 1, NULL));
    return 0;
}
