/* Waiting for events: epoll, eventfd, signalfd, timerfd, inotify, poll, select. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static void show(const char *what, long r)
{
    printf("%s %ld%s%s\n", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
}

static void epolls(void)
{
    struct epoll_event ev[4], add = {EPOLLIN | EPOLLET, {.u64 = 0x123456789abcdef0ull}};
    int e = epoll_create1(EPOLL_CLOEXEC), p[2], q[2];
    sigset_t none;
    sigemptyset(&none);
    pipe(p), pipe(q);
    show("add", epoll_ctl(e, EPOLL_CTL_ADD, p[0], &add));
    show("twice", epoll_ctl(e, EPOLL_CTL_ADD, p[0], &add));
    add.events = EPOLLIN | EPOLLONESHOT;
    add.data.u64 = 7;
    epoll_ctl(e, EPOLL_CTL_ADD, q[0], &add);
    show("nothing", epoll_wait(e, ev, 4, 0));
    write(p[1], "x", 1);
    show("one", epoll_wait(e, ev, 4, 1000));
    printf("%llx %x\n", (unsigned long long)ev[0].data.u64, ev[0].events);
    show("edge", epoll_wait(e, ev, 4, 0));
    write(q[1], "y", 1), write(p[1], "z", 1);
    show("both", epoll_pwait(e, ev, 4, 1000, &none));
    show("one shot", epoll_wait(e, ev, 4, 0));
    add.events = EPOLLIN;
    show("again", epoll_ctl(e, EPOLL_CTL_MOD, q[0], &add));
    show("one", epoll_wait(e, ev, 1, 0));
    printf("%d\n", (int)ev[0].data.u64);
    show("delete", epoll_ctl(e, EPOLL_CTL_DEL, q[0], NULL));
    show("not there", epoll_ctl(e, EPOLL_CTL_DEL, q[0], NULL));
    show("none wanted", epoll_wait(e, ev, 0, 0));
    show("no epoll", epoll_wait(p[0], ev, 1, 0));
    close(p[1]);
    show("hung up", epoll_wait(e, ev, 4, 1000));
    printf("%x\n", ev[0].events & EPOLLHUP);
    show("bad pointer", epoll_wait(e, (void *)16, 4, 0));
}

static void counters(void)
{
    uint64_t v = 5;
    int e = eventfd(3, EFD_NONBLOCK), s = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    show("write", write(e, &v, 8));
    show("read", read(e, &v, 8));
    printf("%llu\n", (unsigned long long)v);
    show("empty", read(e, &v, 8));
    show("short", read(s, &v, 4));
    read(s, &v, 8);
    printf("semaphore %llu\n", (unsigned long long)v);
    v = UINT64_MAX;
    show("too much", write(e, &v, 8));
}

static void timers(void)
{
    const struct itimerspec soon = {{0, 2000000}, {0, 1000000}};
    struct itimerspec left;
    uint64_t n = 0;
    int t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    show("early", read(t, &n, 8));
    show("set", timerfd_settime(t, 0, &soon, NULL));
    show("poll", poll(&(struct pollfd){t, POLLIN, 0}, 1, 1000));
    show("read", read(t, &n, 8));
    printf("expired %d\n", n >= 1);
    timerfd_gettime(t, &left);
    printf("period %ld, left %d\n", (long)left.it_interval.tv_nsec,
           left.it_value.tv_nsec <= 2000000);
    struct itimerspec past = {.it_value = {1, 0}};
    show("absolute", timerfd_settime(t, TFD_TIMER_ABSTIME, &past, &left));
    show("at once", poll(&(struct pollfd){t, POLLIN, 0}, 1, 1000));
    past.it_value.tv_nsec = 1000000000;
    show("nonsense", timerfd_settime(t, 0, &past, NULL));
}

static void signals(void)
{
    struct signalfd_siginfo info;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 3);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int s = signalfd(-1, &set, SFD_NONBLOCK);
    show("none", read(s, &info, sizeof(info)));
    kill(getpid(), SIGUSR1);
    sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = 77});
    for (int i = 0; i < 2; i++) {
        show("read", read(s, &info, sizeof(info)));
        printf("%u code %d value %d from %d\n", info.ssi_signo, info.ssi_code, info.ssi_int,
               (int)info.ssi_pid == getpid());
    }
    sigdelset(&set, SIGUSR1);
    show("changed", signalfd(s, &set, 0) == s);
    close(s);
}

static void watches(void)
{
    char dir[] = "/tmp/armemu-events-XXXXXX", path[64], buf[1024] __attribute__((aligned(8)));
    mkdtemp(dir);
    snprintf(path, sizeof(path), "%s/file", dir);
    int i = inotify_init1(IN_NONBLOCK);
    int w = inotify_add_watch(i, dir, IN_CREATE | IN_CLOSE_WRITE | IN_DELETE | IN_MOVE);
    printf("watch %d\n", w);
    show("nothing", read(i, buf, sizeof(buf)));
    close(open(path, O_CREAT | O_WRONLY, 0600));
    unlink(path);
    int n = read(i, buf, sizeof(buf));
    for (int at = 0; at < n;) {
        struct inotify_event *e = (void *)(buf + at);
        printf("%d %x %s\n", e->wd, e->mask, e->name);
        at += sizeof(*e) + e->len;
    }
    show("remove", inotify_rm_watch(i, w));
    show("again", inotify_rm_watch(i, w));
    show("nowhere", inotify_add_watch(i, "/nonexistent", IN_CREATE));
    rmdir(dir);
}

static void handler(int sig)
{
}

static void sets(void)
{
    int p[2];
    fd_set in, out;
    sigset_t blocked, open_set;
    struct timespec ts = {0, 1000000};
    pipe(p);
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(p[0], &in);
    FD_SET(p[1], &out);
    show("select", select(p[1] + 1, &in, &out, NULL, &(struct timeval){0, 1000}));
    printf("%d %d\n", FD_ISSET(p[0], &in), FD_ISSET(p[1], &out));
    show("no descriptor", select(500, &in, &out, NULL, NULL) >= 0);
    struct pollfd fds[] = {
        {p[0], POLLIN, 0}, {-1, POLLIN, 9}, {499, POLLIN, 0}, {p[1], POLLOUT, 0}};
    show("poll", poll(fds, 4, 0));
    printf("%x %x %x %x\n", fds[0].revents, fds[1].revents, fds[2].revents, fds[3].revents);
    signal(SIGUSR2, handler);
    sigemptyset(&blocked);
    open_set = blocked;
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    kill(getpid(), SIGUSR2);
    show("blocked", ppoll(fds, 1, &ts, NULL));
    show("let through", ppoll(fds, 1, &ts, &open_set));
    kill(getpid(), SIGUSR2);
    FD_SET(p[0], &in);
    show("pselect", pselect(p[0] + 1, &in, NULL, NULL, NULL, &open_set));
    sigprocmask(SIG_BLOCK, NULL, &open_set);
    printf("blocked again %d\n", sigismember(&open_set, SIGUSR2));
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    epolls();
    counters();
    timers();
    signals();
    watches();
    sets();
    return 0;
}
