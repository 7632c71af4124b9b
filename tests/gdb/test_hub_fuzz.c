/*
 * A fuzzer for the hub: a debugger whose packets are damaged at random, and stubs that answer, tell
 * of stops, new processes and ends, send nonsense, vanish, and come again, all as processes. What
 * is expected is that the hub ends in time and well when the debugger leaves, and that all that the
 * debugger gets is well-formed. ARMEMU_FUZZ_ROUNDS says how many sessions (a bounded number
 * otherwise), ARMEMU_FUZZ_SEED where to begin. The sanitizers look on.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debug/gdb_hub.h"
#include "debug/gdb_packet.h"

enum { SESSIONS = 60, PACKETS = 60, STUBS = 4, HANG_MS = 60000 };

static uint64_t seed;

static uint32_t below(uint32_t limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % limit);
}

/* ---- a stub, in a process of its own --------------------------------------------------------- */

struct stub {
    struct sockaddr_un address;
    socklen_t size;
    int fd;
    bool non_stop, running;
    unsigned born; /* stubs that it has made */
    struct gdb_parser parser;
};

static void put(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n <= 0 && errno != EINTR)
            _exit(0); /* the hub has gone */
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

static void put_packet(int fd, char start, const char *data, size_t len)
{
    char frame[2 * 1024 + 4];
    size_t n = gdb_packet_frame(frame, data, len);
    frame[0] = start;
    put(fd, frame, n);
}

static void put_text(struct stub *s, const char *text)
{
    put_packet(s->fd, '$', text, strlen(text));
}

static int connect_stub(const struct stub *s)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&s->address, s->size))
        _exit(0);
    return fd;
}

/* What a stub may tell of. A process that it names is there, or is not. */
static void make_stop(struct stub *s, char *text)
{
    unsigned pid = (unsigned)getpid();
    switch (below(8)) {
    case 0: sprintf(text, "W%02x;process:%x", below(256), pid); break;
    case 1: sprintf(text, "X09;process:%x", pid); break;
    case 2:
        sprintf(text, "T05thread:p%x.%x;fork:p%x.%x;", pid, pid, below(100000) + 100000, 1);
        break;
    case 3: {
        if (s->born++ >= STUBS)
            break;
        pid_t child = fork();
        if (child == 0) {
            close(s->fd);
            s->born = STUBS;
            s->running = s->non_stop = false;
            s->fd = connect_stub(s);
            seed += 77;
            gdb_parser_reset(&s->parser);
            text[0] = 0;
            return;
        }
        sprintf(text, "T05thread:p%x.%x;%s:p%x.%x;", pid, pid, below(2) ? "fork" : "vfork",
                (unsigned)child, (unsigned)child);
        return;
    }
    case 4: sprintf(text, "T05thread:p%x.%x;vforkdone:;", pid, pid); break;
    default: break;
    }
    if (!text[0])
        sprintf(text, "T05thread:p%x.%x;0d:00000000;", pid, pid);
}

static void tell_stop(struct stub *s)
{
    char text[128] = "Stop:";
    make_stop(s, text + 5);
    if (!text[5])
        return; /* a process that has just been made */
    s->running = false;
    if (s->non_stop)
        put_packet(s->fd, '%', text, strlen(text));
    else
        put_packet(s->fd, '$', text + 5, strlen(text) - 5);
}

static void nonsense(struct stub *s)
{
    char data[64];
    size_t n = below(sizeof(data));
    for (size_t i = 0; i < n; i++)
        data[i] = below(2) ? "$%#}*+-OTWX0"[below(12)] : (char)below(256);
    if (below(2))
        put(s->fd, data, n);
    put_packet(s->fd, "$%"[below(2)], data, n);
    put_text(s, "E01"); /* an answer must be there, as stubs always answer */
}

static void answer(struct stub *s, const char *packet)
{
    char text[128] = "";
    unsigned pid = (unsigned)getpid();
    if (!strncmp(packet, "QNonStop:", 9))
        s->non_stop = packet[9] == '1';
    if (!strncmp(packet, "vCont;", 6)) {
        if (s->non_stop)
            put_text(s, "OK");
        s->running = true;
        if (!below(3))
            tell_stop(s);
        return;
    }
    if (!below(30)) {
        nonsense(s);
        return;
    }
    if (!strcmp(packet, "?") || (!strcmp(packet, "vStopped") && !below(3)))
        sprintf(text, "T00thread:p%x.%x;", pid, pid);
    else if (!strcmp(packet, "qC"))
        sprintf(text, "QCp%x.%x", pid, pid);
    else if (!strcmp(packet, "qfThreadInfo"))
        sprintf(text, "mp%x.%x", pid, pid);
    else if (!strncmp(packet, "qXfer:threads", 13))
        sprintf(text, "%c<threads><thread id=\"p%x.%x\"/></threads>", below(9) ? 'l' : 'E', pid,
                pid);
    else if (!strncmp(packet, "qXfer:exec", 10))
        sprintf(text, "l/program");
    else if (packet[0] == 'm')
        sprintf(text, "00112233");
    else
        sprintf(text, "OK");
    put_text(s, text);
}

/* A stub that vanishes with its process, or comes again as behind execve. */
static void vanish(struct stub *s)
{
    if (below(3))
        _exit(0);
    close(s->fd);
    s->running = s->non_stop = false;
    s->fd = connect_stub(s);
    gdb_parser_reset(&s->parser);
}

static void stub_main(struct stub *s)
{
    s->fd = connect_stub(s);
    for (;;) {
        uint8_t byte;
        struct pollfd f = {.fd = s->fd, .events = POLLIN};
        if (poll(&f, 1, s->running ? 5 : 1000) == 0) {
            if (s->running && !s->non_stop && !below(4))
                put_text(s, "O6869"); /* a breakpoint prints */
            else if (s->running && !below(3))
                tell_stop(s);
            continue;
        }
        if (read(s->fd, &byte, 1) != 1)
            _exit(0);
        enum gdb_input input = gdb_parser_feed(&s->parser, byte);
        if (input == GDB_INPUT_INTERRUPT && s->running && !s->non_stop) {
            s->running = false;
            put_text(s, "T02thread:p1.1;");
        } else if (input == GDB_INPUT_PACKET) {
            if (!below(150))
                vanish(s);
            else
                answer(s, s->parser.data);
        }
    }
}

/* ---- the debugger ---------------------------------------------------------------------------- */

static const char *const corpus[] = {
    "vCont;c", "vCont;c:p%x.-1", "vCont;s:p%x.%x;c", "vCont;t", "vCont;t:p%x.%x",
    "vCont;C05:p%x.%x;c:p%x.-1", "vCont;r0,10:p%x.%x", "c", "s", "C05", "S05", "?", "vStopped",
    "vStopped", "vStopped", "vCtrlC", "QNonStop:1", "QNonStop:0", "Hgp%x.%x", "Hg0", "Hcp%x.0",
    "Hc-1", "Tp%x.%x", "qC", "qfThreadInfo", "qsThreadInfo", "qXfer:threads:read::0,100",
    "qXfer:threads:read::10,ffffffff", "qXfer:exec-file:read:%x:0,fff", "qThreadExtraInfo,p%x.%x",
    "qGetTLSAddr:p%x.%x,0,0", "qAttached:%x", "D;%x", "vKill;%x", "k", "QPassSignals:e;10",
    "vFile:open:2f,0,0", "vFile:open:2f70726f632f312f6d617073,0,0", "vFile:readlink:2f70",
    "vFile:setfs:0", "vFile:close:101", "vFile:pread:201,10,0", "vFile:fstat:100",
    "vFile:unlink:2f", "g", "m100,4", "Z0,100,4", "vMustReplyEmpty", "vRun;", "R00", "",
};

static size_t make_packet(char *packet, unsigned pid)
{
    const char *text = corpus[below(sizeof(corpus) / sizeof(corpus[0]))];
    while ((!strcmp(text, "k") || !strncmp(text, "vKill", 5) || !strncmp(text, "D;", 2)) &&
           below(4))
        text =
            corpus[below(sizeof(corpus) / sizeof(corpus[0]))]; /* less often: little happens then */
    unsigned id = below(4) ? pid : below(0x10000);
    size_t n = (size_t)snprintf(packet, 256, text, id, id, id);
    for (unsigned i = below(3) ? 0 : below(4); i && n; i--) {
        size_t at = below((uint32_t)n);
        switch (below(3)) {
        case 0: packet[at] = (char)below(256); break;
        case 1: packet[at] = "0123456789abcdef,;:=-p."[below(23)]; break;
        default: n = at;
        }
    }
    return n;
}

/* All that has arrived is well-formed. The number of packets; -1: the hub has gone. */
static int drain(int fd, struct gdb_parser *p, int timeout_ms)
{
    uint8_t buf[4096];
    struct pollfd f = {.fd = fd, .events = POLLIN};
    int packets = 0;
    while (poll(&f, 1, timeout_ms) > 0) {
        ssize_t n = read(fd, buf, sizeof(buf));
        if (n <= 0)
            return -1;
        for (ssize_t i = 0; i < n; i++) {
            enum gdb_input input = gdb_parser_feed(p, buf[i]);
            cr_assert(input == GDB_INPUT_NONE || input == GDB_INPUT_PACKET ||
                          input == GDB_INPUT_NOTIFICATION,
                      "input %d", input);
            packets += input == GDB_INPUT_PACKET;
        }
        timeout_ms = 0;
    }
    return packets;
}

static void session_debugger(int fd, unsigned pid)
{
    static struct gdb_parser parser;
    gdb_parser_reset(&parser);
    for (unsigned i = 0; i < PACKETS; i++) {
        char packet[256], frame[2 * sizeof(packet) + 8] = "\3";
        size_t n = make_packet(packet, pid), len = 1;
        if (below(12))
            len = gdb_packet_frame(frame, packet, n);
        if (!below(20))
            frame[below((uint32_t)len)] = (char)below(256);
        if (send(fd, frame, len, MSG_NOSIGNAL) < 0 || drain(fd, &parser, below(4) ? 2 : 20) < 0)
            return;
    }
}

/* ---- sessions -------------------------------------------------------------------------------- */

static int listen_somewhere(struct stub *s)
{
    s->address.sun_family = AF_UNIX;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t size = sizeof(s->address);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&s->address, sizeof(sa_family_t)) == 0 &&
              listen(fd, 64) == 0);
    cr_assert(getsockname(fd, (struct sockaddr *)&s->address, &size) ==
              0); /* the kernel has chosen an abstract name */
    s->size = size;
    return fd;
}

static void hub_main(int debugger, int listener, enum gdb_session mode)
{
    int first = accept(listener, NULL, NULL);
    for (int fd = 3; fd < 256; fd++)
        if (fd != debugger && fd != listener && fd != first)
            close(fd);
    _exit(gdb_hub_run(debugger, first, listener, mode));
}

/* The exit status; the hub is to end soon. */
static int await(pid_t pid)
{
    int status;
    for (unsigned ms = 0; ms < HANG_MS; ms += 5, usleep(5000))
        if (waitpid(pid, &status, WNOHANG) == pid)
            return status;
    kill(pid, SIGABRT);
    waitpid(pid, &status, 0);
    return -1;
}

static void session(void)
{
    int pair[2];
    struct stub *s = calloc(1, sizeof(*s));
    enum gdb_session mode = (enum gdb_session)(GDB_SESSION_ALL_STOP + below(3));
    int listener = listen_somewhere(s);
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    s->non_stop = mode != GDB_SESSION_ALL_STOP;
    s->running = true;
    pid_t stub = fork();
    if (stub == 0) {
        setpgid(0, 0);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGCHLD, SIG_IGN);
        close(listener);
        close(pair[0]);
        close(pair[1]);
        stub_main(s);
    }
    setpgid(stub, stub);
    pid_t hub = fork();
    if (hub == 0) {
        close(pair[0]);
        hub_main(pair[1], listener, mode);
    }
    close(pair[1]);
    close(listener);
    session_debugger(pair[0], (unsigned)stub);
    close(pair[0]);
    int status = await(hub);
    kill(-stub, SIGKILL);
    waitpid(stub, NULL, 0);
    free(s);
    cr_assert_eq(status, 0, "the hub's end: %#x", (unsigned)status);
}

Test(fuzz, hub, .timeout = 1200)
{
    const char *rounds = getenv("ARMEMU_FUZZ_ROUNDS"), *first = getenv("ARMEMU_FUZZ_SEED");
    long count = rounds ? atol(rounds) : SESSIONS;
    uint64_t base = first ? strtoull(first, NULL, 0) : 1;
    for (long i = 0; i < count; i++) {
        seed = base + (uint64_t)i;
        below(2);
        session();
    }
}
