/* A BE-8 program without a library: its data, and what it exchanges with the kernel, are
 * big-endian. */
#include <asm/signal.h>
#include <asm/stat.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/socket.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/uio.h>
#include <linux/un.h>
#include <linux/utsname.h>
#include <stddef.h>
#include <stdint.h>

enum { AF_UNIX = 1 };

static long call6(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r0 __asm__("r0") = a, r1 __asm__("r1") = b, r2 __asm__("r2") = c,
                     r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e, r5 __asm__("r5") = f, r7 __asm__("r7") = nr;
    __asm__ volatile("svc #0"
                     : "+r"(r0)
                     : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7)
                     : "memory");
    return r0;
}
#define CALL(nr, a, b, c, d, e, f)                                                                 \
    call6(__NR_##nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

void *memcpy(void *to, const void *from, size_t n)
{
    for (char *t = to; n--;)
        *t++ = *(const char *)from++;
    return to;
}

void *memset(void *to, int c, size_t n)
{
    for (char *t = to; n--;)
        *t++ = (char)c;
    return to;
}

static size_t length(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

static void put(const char *s)
{
    CALL(write, 1, s, length(s), 0, 0, 0);
}

static void number(const char *what, uint32_t v)
{
    char text[12];
    int at = sizeof(text);
    text[--at] = 0;
    do {
        text[--at] = (char)('0' + (v & 7)); /* octal: there is no library to divide */
    } while (v >>= 3);
    put(what);
    put(" 0");
    put(text + at);
    put("\n");
}

static uint32_t status_register(void)
{
    uint32_t v;
    __asm__ volatile("mrs %0, cpsr" : "=r"(v));
    return v;
}

#ifdef __thumb__
#define STORE "str.w"
#else
#define STORE "str"
#endif

/* ---- signals --------------------------------------------------------------------------------- */

struct context { /* the beginning of struct ucontext, which the C library's headers would have */
    uint32_t flags, link, stack[3], trap, error, oldmask, r[16], cpsr, fault;
};

static void to_page(int sig, int *info, struct context *c)
{
    number("signal", (uint32_t)sig);
    number("signo", (uint32_t)info[0]);
    number("code", (uint32_t)info[2]);
    number("big in the handler", status_register() >> 9 & 1);
    number("big outside", c->cpsr >> 9 & 1);
    if (sig == 11) {
        number("address", (uint32_t)info[3]);
        c->r[15] += 4;
        c->r[0] = 077;
    }
}

struct action {
    void *handler;
    uint32_t flags;
    void *restorer;
    uint32_t mask[2];
};

void restorer(void);
__asm__("    .arm\nrestorer:\n    mov r7, #173\n    svc #0\n");

static void signals(uint32_t pid)
{
    struct action act = {to_page, SA_SIGINFO | 0x04000000, restorer, {1 << 1 /* SIGINT */}};
    struct action old = {0};
    uint32_t mask[2] = {1 << 11 /* SIGUSR2 */, 0}, pending[2];
    CALL(rt_sigaction, 12, &act, 0, 8, 0, 0);
    CALL(rt_sigaction, 11, &act, 0, 8, 0, 0);
    CALL(rt_sigaction, 12, 0, &old, 8, 0, 0);
    number("action",
           old.handler == to_page && old.flags == act.flags && old.mask[0] == 2 && !old.mask[1]);
#ifndef WITHOUT_KERNEL_RETURN
    act.flags = SA_SIGINFO; /* the return is the kernel's */
#endif
    CALL(rt_sigaction, 10, &act, 0, 8, 0, 0);
    CALL(kill, pid, 10, 0, 0, 0, 0);
    CALL(rt_sigprocmask, 0, mask, 0, 8, 0, 0);
    CALL(kill, pid, 12, 0, 0, 0, 0);
    CALL(rt_sigpending, pending, 8, 0, 0, 0, 0);
    number("pending", pending[0]);
    number("pending high", pending[1]);
    CALL(rt_sigprocmask, 1, mask, 0, 8, 0, 0);
    register uint32_t value __asm__("r0") = 0x20;
    __asm__ volatile(".syntax unified\n    " STORE " r0, [r0]" : "+r"(value)::"memory");
    number("behind the fault", value);
    __asm__ volatile("setend le");
    uint32_t little = status_register() >> 9 &
                      1; /* in a register: memory is of the other order here */
    __asm__ volatile("setend be");
    number("setend le", little);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void files(void)
{
    struct stat64 st;
    struct statx sx;
    int fds[2];
    char a[4] = "", b[8] = "";
    const struct iovec out[] = {{"ab", 2}, {"cdef", 4}}, in[] = {{a, 3}, {b, 7}};
    long fd = CALL(memfd_create, "big", 0, 0, 0, 0, 0);
    number("written", CALL(writev, fd, out, 2, 0, 0, 0));
    number("fstat64", CALL(fstat64, fd, &st, 0, 0, 0, 0));
    number("size", (uint32_t)st.st_size);
    number("size high", (uint32_t)(st.st_size >> 32));
    number("mode", st.st_mode);
    number("inode", (uint32_t)st.st_ino == st.__st_ino && st.st_ino);
    number("statx", CALL(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx, 0));
    number("size of statx", (uint32_t)sx.stx_size);
    number("mode of statx", sx.stx_mode);
    number("pread64",
           CALL(pread64, fd, b, 4, 0, 0, 2)); /* position in r4 and r5, high part first */
    put(b), put("\n");
    long long at = -1;
    number("llseek", CALL(_llseek, fd, 0, 1, &at, 0, 0));
    number("position", (uint32_t)at);
    number("readv", CALL(readv, fd, in, 2, 0, 0, 0));
    put(a), put(" "), put(b), put("\n");
    number("ftruncate64", CALL(ftruncate64, fd, 0, 1, 5, 0, 0));
    CALL(fstat64, fd, &st, 0, 0, 0, 0);
    number("high", (uint32_t)(st.st_size >> 32));
    number("low", (uint32_t)st.st_size);
    struct flock64 lock = {.l_type = F_WRLCK, .l_start = 3, .l_len = 4};
    number("lock", CALL(fcntl64, fd, 13, &lock, 0, 0, 0));
    number("pipe", CALL(pipe, fds, 0, 0, 0, 0, 0));
    number("descriptors", fds[0] > 2 && fds[0] < 50 && fds[1] == fds[0] + 1);
    struct pollfd polls[] = {{fds[0], POLLIN, 0}, {fds[1], POLLOUT, 0}};
    number("poll", CALL(poll, polls, 2, 0, 0, 0, 0));
    number("in", (uint32_t)polls[0].revents);
    number("out", (uint32_t)polls[1].revents);
    uint32_t set[2] = {0, 0};
    const struct timespec soon = {0, 1000};
    set[fds[1] / 32] |= 1u << fds[1] % 32;
    number("select", CALL(pselect6, 64, 0, set, 0, &soon, 0));
    number("bit", set[fds[1] / 32] >> fds[1] % 32 & 1);
    uint64_t counter = 0x123456789ull, got = 0;
    long event = CALL(eventfd2, 1, 0, 0, 0, 0, 0);
    CALL(write, event, &counter, 8, 0, 0, 0);
    number("event", CALL(read, event, &got, 8, 0, 0, 0));
    number("counter", (uint32_t)got);
    number("counter high", (uint32_t)(got >> 32));
}

/* ---- sockets --------------------------------------------------------------------------------- */

struct header {
    void *name;
    int namelen;
    struct iovec *iov;
    uint32_t iovlen;
    void *control;
    uint32_t controllen, flags;
};

static void sockets(void)
{
    struct {
        uint32_t len, level, type;
        int fd;
    } control = {16, 1 /* SOL_SOCKET */, 1 /* SCM_RIGHTS */, 1};
    char text[8] = "";
    int pair[2], size = 0, size_length = 4;
    struct iovec out = {"mail", 4}, in = {text, 7};
    struct header h = {0, 0, &out, 1, &control, sizeof(control), 0};
    number("socketpair", CALL(socketpair, AF_UNIX, 2 /* SOCK_DGRAM */, 0, pair, 0, 0));
    number("sendmsg", CALL(sendmsg, pair[0], &h, 0, 0, 0, 0));
    control.fd = -1;
    h = (struct header){0, 0, &in, 1, &control, sizeof(control), 0};
    number("recvmsg", CALL(recvmsg, pair[1], &h, 0, 0, 0, 0));
    put(text), put("\n");
    number("control", h.controllen);
    number("level", control.level);
    number("passed", control.fd > 2 && control.fd < 50);
    CALL(write, control.fd, "by the copy\n", 12, 0, 0, 0);
    number("getsockopt",
           CALL(getsockopt, pair[0], 1 /* SOL_SOCKET */, 3 /* SO_TYPE */, &size, &size_length, 0));
    number("type", (uint32_t)size);
    struct sockaddr_un name = {AF_UNIX, "\0big-endian"};
    long s = CALL(socket, AF_UNIX, 2, 0, 0, 0, 0);
    number("bind", CALL(bind, s, &name, 14, 0, 0, 0));
    memset(&name, 0, sizeof(name));
    uint32_t len = sizeof(name);
    number("getsockname", CALL(getsockname, s, &name, &len, 0, 0, 0));
    number("family", name.sun_family);
    number("length", len);
}

/* ---- processes, time ------------------------------------------------------------------------- */

static void processes(void)
{
    struct new_utsname name;
    uint32_t word = 5;
    int status = 0;
    struct {
        int64_t sec, nsec;
    } ts = {-1, -1}, moment = {0, 1000000};
    CALL(uname, &name, 0, 0, 0, 0, 0);
    put(name.machine), put("\n");
    number("clock", CALL(clock_gettime64, 1, &ts, 0, 0, 0, 0));
    number("sensible", ts.sec >= 0 && ts.sec < 1 << 30 && ts.nsec >= 0 && ts.nsec < 1000000000);
    number("wait for another value", CALL(futex_time64, &word, FUTEX_WAIT, 6, &moment, 0, 0));
    number("wait for this one", -CALL(futex_time64, &word, FUTEX_WAIT, 5, &moment, 0, 0));
    long pid = CALL(fork, 0, 0, 0, 0, 0, 0);
    if (pid == 0)
        CALL(exit_group, 7, 0, 0, 0, 0, 0);
    number("wait4", CALL(wait4, pid, &status, 0, 0, 0, 0) == pid);
    number("status", (uint32_t)status);
    uint32_t limit[2];
    const uint32_t few[2] = {64, 64};
    CALL(setrlimit, 7, few, 0, 0, 0, 0);
    CALL(ugetrlimit, 7, limit, 0, 0, 0, 0);
    number("limit", limit[0]);
}

/* ---- operations in which the kernel writes to the word --------------------------------------- */

enum { WAITERS = (int)0x80000000 };

/* A lock in memory that a child shares, which waits for it. */
static void contended(volatile uint32_t *lock)
{
    struct {
        int64_t sec, nsec;
    } past = {1, 0};
    int status = -1;
    CALL(futex_time64, lock, FUTEX_LOCK_PI, 0, 0, 0, 0);
    long pid = CALL(fork, 0, 0, 0, 0, 0, 0);
    if (pid == 0) {
        long late = CALL(futex_time64, lock, FUTEX_LOCK_PI, 0, &past, 0, 0);
        long busy = CALL(futex_time64, lock, FUTEX_TRYLOCK_PI, 0, 0, 0, 0);
        long stolen = CALL(futex_time64, lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
        lock[1] = 1;
        long r = CALL(futex_time64, lock, FUTEX_LOCK_PI, 0, 0, 0, 0);
        uint32_t owner = lock[0] & 0x3fffffff;
        lock[2]++;
        CALL(futex_time64, lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
        int fine = late == -110 && busy == -11 && stolen == -1 && r == 0 &&
                   owner == (uint32_t)CALL(getpid, 0, 0, 0, 0, 0, 0);
        CALL(exit_group, fine ? 3 : 4, 0, 0, 0, 0, 0);
    }
    while (!lock[1] || !(lock[0] & WAITERS))
        CALL(sched_yield, 0, 0, 0, 0, 0, 0);
    for (int i = 0; i < 100; i++) /* until it waits again, behind those attempts */
        CALL(sched_yield, 0, 0, 0, 0, 0, 0);
    number("not yet", lock[2]);
    number("handed over", -CALL(futex_time64, lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
    CALL(wait4, pid, &status, 0, 0, 0, 0);
    number("child", (uint32_t)status);
    number("counted", lock[2]);
    number("free", lock[0] & 0x3fffffff);
}

/* A child waits for a condition, and is moved to the lock that goes with it. */
static void requeued(volatile uint32_t *lock)
{
    enum { ALL = 0x7fffffff, PATIENCE = 1000 };
    volatile uint32_t *condition = lock + 8;
    struct {
        int64_t sec, nsec;
    } past = {1, 0}, soon = {0, 1000000};
    int status = -1;
    *condition = 5;
    number("other value",
           -CALL(futex_time64, condition, FUTEX_WAIT_REQUEUE_PI, 6, 0, lock, 0));
    number("too late",
           -CALL(futex_time64, condition, FUTEX_WAIT_REQUEUE_PI, 5, &past, lock, 0));
    number("to itself",
           -CALL(futex_time64, condition, FUTEX_WAIT_REQUEUE_PI, 5, 0, condition, 0));
    CALL(futex_time64, lock, FUTEX_LOCK_PI, 0, 0, 0, 0);
    number("changed", -CALL(futex_time64, condition, FUTEX_CMP_REQUEUE_PI, 1, ALL, lock, 4));
    number("two at once", -CALL(futex_time64, condition, FUTEX_CMP_REQUEUE_PI, 2, ALL, lock, 5));
    number("nobody", CALL(futex_time64, condition, FUTEX_CMP_REQUEUE_PI, 1, ALL, lock, 5));
    long pids[2];
    for (int i = 0; i < 2; i++) {
        pids[i] = CALL(fork, 0, 0, 0, 0, 0, 0);
        if (pids[i])
            continue;
        long r = CALL(futex_time64, condition, FUTEX_WAIT_REQUEUE_PI, 5, 0, lock, 0);
        uint32_t owner = lock[0] & 0x3fffffff;
        lock[3]++;
        CALL(futex_time64, lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
        int fine = r == 0 && owner == (uint32_t)CALL(getpid, 0, 0, 0, 0, 0, 0);
        CALL(exit_group, fine ? 3 : 4, 0, 0, 0, 0, 0);
    }
    long moved = 0;
    for (int i = 0; i < PATIENCE && moved < 2; i++) {
        CALL(clock_nanosleep_time64, 1, 0, &soon, 0, 0, 0);
        moved += CALL(futex_time64, condition, FUTEX_CMP_REQUEUE_PI, 1, ALL, lock, 5);
    }
    number("moved", moved);
    number("not yet", lock[3]);
    CALL(futex_time64, lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
    for (int i = 0; i < 2; i++) {
        CALL(wait4, pids[i], &status, 0, 0, 0, 0);
        number("child", (uint32_t)status);
    }
    number("counted", lock[3]);
    number("free", lock[0] & 0x3fffffff);
}

static void locks(void)
{
    uint32_t self = (uint32_t)CALL(getpid, 0, 0, 0, 0, 0, 0), word = 0, other = 0x100;
    number("lock", -CALL(futex_time64, &word, FUTEX_LOCK_PI, 0, 0, 0, 0));
    number("mine", word == self);
    number("twice", -CALL(futex_time64, &word, FUTEX_LOCK_PI, 0, 0, 0, 0));
    number("unlock", -CALL(futex_time64, &word, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
    number("nobody's", word);
    number("not mine", -CALL(futex_time64, &word, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
    number("try", -CALL(futex_time64, &word, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
    number("again", -CALL(futex_time64, &word, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
    word = 0x3ffffff0;
    number("no such thread", -CALL(futex_time64, &word, FUTEX_LOCK_PI, 0, 0, 0, 0));
    number("wake", CALL(futex_time64, &word, FUTEX_WAKE_OP, 1, 1, &other,
                        FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0x100)));
    number("sum", other);
    CALL(futex_time64, &word, FUTEX_WAKE_OP, 1, 1, &other,
         FUTEX_OP(FUTEX_OP_ANDN | FUTEX_OP_OPARG_SHIFT, 8, FUTEX_OP_CMP_LT, 7));
    number("cleared", other);
    number("no such operation", -CALL(futex_time64, &word, FUTEX_WAKE_OP, 1, 1, &other,
                                      FUTEX_OP(7, 0, 0, 0)));
    long page = CALL(mmap2, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    contended((volatile uint32_t *)page);
    requeued((volatile uint32_t *)page);
}

/* ---- requests to devices --------------------------------------------------------------------- */

struct address {
    uint16_t family;
    uint8_t data[14];
};

static void requests(void)
{
    enum { AF_INET = 2, EOPNOTSUPP = 95, ROOM = 8 };
    struct {
        char name[16];
        struct address address;
    } interfaces[ROOM];
    struct {
        int32_t len;
        void *at;
    } conf = {sizeof(interfaces), interfaces};
    struct {
        struct address protocol, hardware;
        uint32_t flags;
        struct address mask;
        char device[16];
    } arp = {.protocol = {AF_INET, {0, 0, 127, 9, 9, 9}}, .device = "lo"};
    struct {
        uint64_t offset, length;
        uint16_t count, reserved[3];
        int64_t fd;
        uint64_t to, done;
        int32_t status;
        uint32_t reserved_too;
    } dedupe = {0, 4096, 1};
    struct {
        uint64_t start, length;
        uint32_t flags, mapped, count, reserved;
        struct {
            uint64_t logical, physical, length, reserved[2];
            uint32_t flags, reserved_too[3];
        } extent;
    } map = {0, 1, 1 /* SYNC */, 0, 1};
    long s = CALL(socket, AF_INET, 2, 0, 0, 0, 0), fd = CALL(memfd_create, "dedupe", 0, 0, 0, 0, 0);
    number("interfaces", -CALL(ioctl, s, 0x8912 /* SIOCGIFCONF */, &conf, 0, 0, 0));
    number("whole ones", conf.len % (int)sizeof(interfaces[0]) == 0 &&
                         conf.len <= (int)sizeof(interfaces));
    number("family", conf.len ? interfaces[0].address.family : AF_INET);
    conf = (typeof(conf)){0, 0};
    number("how many", -CALL(ioctl, s, 0x8912, &conf, 0, 0, 0));
    number("few", conf.len % (int)sizeof(interfaces[0]) == 0 && conf.len < 100000);
    number("unknown neighbour", -CALL(ioctl, s, 0x8954 /* SIOCGARP */, &arp, 0, 0, 0));
    dedupe.fd = fd;
    number("no such thing", -CALL(ioctl, fd, 0xc0189436 /* FIDEDUPERANGE */, &dedupe, 0, 0, 0));
    fd = CALL(open, "/proc/self/exe", O_RDONLY, 0, 0, 0, 0);
    long r = CALL(ioctl, fd, 0xc020660b /* FIEMAP */, &map, 0, 0, 0);
    number("extents", r == -EOPNOTSUPP ||
                      (r == 0 && map.mapped == 1 && map.extent.logical == 0 &&
                       map.extent.length && map.extent.length < 1u << 28));
}

/* What the kernel puts on the stack. */
static void start(const uint32_t *sp)
{
    uint32_t argc = *sp++, page = 0;
    for (uint32_t i = 0; i < argc; i++, sp++)
        if (i)
            put((const char *)*sp), put(i + 1 < argc ? " " : "\n");
    number("arguments", argc);
    for (sp++; *sp; sp++)
        ;
    for (sp++; *sp; sp += 2)
        page = *sp == 6 /* AT_PAGESZ */ ? sp[1] : page;
    number("page", page);
}

static void data(void)
{
    static volatile uint64_t wide = 0x0102030405060708ull;
    static volatile double number_of_floats = 1.5;
    const volatile unsigned char *bytes = (const volatile unsigned char *)&wide;
    number("first byte", bytes[0]);
    number("last byte", bytes[7]);
    bytes = (const volatile unsigned char *)&number_of_floats;
    number("first of 1.5", bytes[0]);
    number_of_floats = number_of_floats * 2;
    number("second of 3", bytes[1]);
    uint32_t word = 0x01020304, out;
    __asm__ volatile(
        "1: ldrex %0, [%1]\n add %0, %0, #1\n strex r12, %0, [%1]\n teq r12, #0\n bne 1b"
        : "=&r"(out)
        : "r"(&word)
        : "r12", "cc", "memory");
    number("exclusive", word);
    number("kernel helpers", *(volatile uint32_t *)0xffff0ffc);
}

void __attribute__((used)) begin(const uint32_t *sp)
{
    start(sp);
    data();
    signals((uint32_t)CALL(getpid, 0, 0, 0, 0, 0, 0));
    files();
    sockets();
    processes();
    locks();
    requests();
    CALL(exit_group, 9, 0, 0, 0, 0, 0);
}

__asm__("    .arm\n    .globl _start\n_start:\n    mov r0, sp\n    bic sp, sp, #7\n"
        "    ldr r1, =begin\n    bx r1\n    .ltorg\n");
