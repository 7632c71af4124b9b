#include "debug/gdb_hub.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "debug/gdb_packet.h"
#include "util/bits.h"

enum {
    PROCESSES_MAX = 64,
    ANSWER_MS = 20000, /* for what a stub answers at once */
    EXEC_MS = 5000,    /* for a program that is executed to appear */
};

struct process {
    int pid;
    int fd;            /* -1: it is executing another program */
    bool resumed;      /* the debugger wants to hear of it */
    bool running;      /* it will send a stop reply */
    bool executing;
    int64_t deadline;  /* then it counts as ended, ms */
    char *pending;     /* a stop reply that the debugger has not been told of */
    uint8_t in[4096];  /* received, from in_at to in_end not looked at yet */
    size_t in_at, in_end;
    struct gdb_parser parser;
};

struct hub {
    int debugger, listener;
    struct gdb_parser parser; /* of the debugger's packets */
    struct process *process[PROCESSES_MAX];
    unsigned count;
    int general;       /* the process that packets without one are for */
    bool waiting;      /* the debugger awaits a stop reply */
    bool over;
    char *threads;     /* the document that is being read */
};

/* ---- bytes ------------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool send_packet(int fd, const char *data, size_t len)
{
    char *frame = malloc(2 * len + 4);
    if (!frame)
        abort();
    bool ok = write_all(fd, frame, gdb_packet_frame(frame, data, len));
    free(frame);
    return ok;
}

static void tell(struct hub *h, const char *data, size_t len)
{
    if (!send_packet(h->debugger, data, len))
        h->over = true;
}

static void tell_text(struct hub *h, const char *text)
{
    tell(h, text, strlen(text));
}

/* ---- processes --------------------------------------------------------------------------------- */

static struct process *find(const struct hub *h, int pid)
{
    for (unsigned i = 0; i < h->count; i++)
        if (h->process[i]->pid == pid)
            return h->process[i];
    return NULL;
}

/* The one that packets are for. */
static struct process *general(struct hub *h)
{
    struct process *p = find(h, h->general);
    return p ? p : h->count ? h->process[0] : NULL;
}

static struct process *add(struct hub *h, int pid, int fd)
{
    struct process *p = h->count < PROCESSES_MAX ? calloc(1, sizeof(*p)) : NULL;
    if (!p) {
        close(fd);
        return NULL;
    }
    p->pid = pid;
    p->fd = fd;
    h->process[h->count++] = p;
    return p;
}

static void drop(struct hub *h, struct process *p)
{
    for (unsigned i = 0; i < h->count; i++)
        if (h->process[i] == p)
            h->process[i] = h->process[--h->count];
    if (p->fd >= 0)
        close(p->fd);
    free(p->pending);
    free(p);
}

/* Is there such a process, other than one whose end nobody has looked at? */
static bool alive(int pid)
{
    char path[32], text[256];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    text[n] = 0;
    const char *state = strrchr(text, ')');
    return state && state[1] && state[2] != 'Z' && state[2] != 'X';
}

static void note(struct process *p, const char *format, unsigned value)
{
    char text[64];
    snprintf(text, sizeof(text), format, value, (unsigned)p->pid);
    free(p->pending);
    p->pending = strdup(text);
    p->running = false;
}

/* The stub has gone without a word: with the process, or because another program is executed. */
static void stub_gone(struct process *p)
{
    close(p->fd);
    p->fd = -1;
    p->in_at = p->in_end = 0;
    gdb_parser_reset(&p->parser);
    if (alive(p->pid)) {
        p->executing = true;
        p->deadline = now_ms() + EXEC_MS;
    } else if (!p->pending || p->pending[0] == 'T') {
        note(p, "X%02x;process:%x", SIGKILL);
    }
}

/* The next packet of the stub is in p->parser; false if there is none in time, or none any more. */
static bool receive(struct process *p, int timeout)
{
    int64_t end = now_ms() + timeout;
    for (;;) {
        while (p->in_at < p->in_end)
            if (gdb_parser_feed(&p->parser, p->in[p->in_at++]) == GDB_INPUT_PACKET)
                return true;
        struct pollfd f = {.fd = p->fd, .events = POLLIN};
        int64_t left = end - now_ms();
        if (p->fd < 0 || left <= 0 || poll(&f, 1, (int)left) <= 0)
            return false;
        ssize_t n = read(p->fd, p->in, sizeof(p->in));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            stub_gone(p);
            return false;
        }
        p->in_at = 0;
        p->in_end = (size_t)n;
    }
}

/* What a stub that does not run answers, in p->parser. */
static bool ask(struct process *p, const char *data, size_t len)
{
    return p->fd >= 0 && !p->running && send_packet(p->fd, data, len) && receive(p, ANSWER_MS);
}

static bool ask_text(struct process *p, const char *text)
{
    return ask(p, text, strlen(text));
}

static bool answered(const struct process *p, const char *text)
{
    return !strcmp(p->parser.data, text);
}

/* ---- news -------------------------------------------------------------------------------------- */

/* The stub of a new process, or of another program that a process executes: as the first one was set up. */
static bool greet(struct process *p)
{
    static const char start[] = "$QStartNoAckMode#b0";
    return write_all(p->fd, start, sizeof(start) - 1) && receive(p, ANSWER_MS) && answered(p, "OK") &&
           write_all(p->fd, "+", 1) &&
           ask_text(p, "qSupported:multiprocess+;swbreak+;hwbreak+;fork-events+;vfork-events+;exec-events+");
}

/* The stop reply of a process that executes another program: as at its start, and with the name. */
static void note_exec(struct process *p)
{
    char ask_file[64];
    snprintf(ask_file, sizeof(ask_file), "qXfer:exec-file:read:%x:0,fff", (unsigned)p->pid);
    if (!ask_text(p, ask_file) || p->parser.data[0] != 'l')
        return;
    char *name = strdup(p->parser.data + 1);
    if (name && ask_text(p, "?") && p->parser.data[0] == 'T') {
        size_t size = strlen(p->parser.data) + 2 * strlen(name) + 16;
        char *text = malloc(size);
        if (!text)
            abort();
        int n = sprintf(text, "%sexec:", p->parser.data);
        for (const char *c = name; *c; c++)
            n += sprintf(text + n, "%02x", (unsigned char)*c);
        strcpy(text + n, ";");
        free(p->pending);
        p->pending = text;
    }
    free(name);
}

static void stub_appears(struct hub *h)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    int fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || (peer.uid != getuid() && peer.uid != 0)) {
        close(fd);
        return;
    }
    struct process *p = find(h, peer.pid);
    bool exec = p;
    if (p) {
        if (p->fd >= 0)
            close(p->fd);
        p->fd = fd;
        p->executing = p->running = false;
        p->in_at = p->in_end = 0;
        gdb_parser_reset(&p->parser);
    } else {
        p = add(h, peer.pid, fd);
    }
    if (p && !greet(p))
        drop(h, p);
    else if (p && exec)
        note_exec(p);
}

/* The process that a stop reply tells of is to be there when the debugger hears it. */
static void await_child(struct hub *h, const char *reply)
{
    const char *at = strstr(reply, ";fork:p");
    at = at ? at : strstr(reply, ";vfork:p");
    if (!at)
        return;
    int pid = (int)strtoul(strchr(at, 'p') + 1, NULL, 16);
    int64_t end = now_ms() + ANSWER_MS;
    while (!find(h, pid) && alive(pid) && now_ms() < end) {
        struct pollfd f = {.fd = h->listener, .events = POLLIN};
        if (poll(&f, 1, 50) > 0)
            stub_appears(h);
    }
}

static void pause_one(struct process *p)
{
    if (!p->running || p->fd < 0)
        return;
    if (!write_all(p->fd, "\3", 1) || !receive(p, ANSWER_MS)) {
        p->running = p->executing && p->running;
        return;
    }
    p->running = false;
    if (strncmp(p->parser.data, "T02", 3)) { /* it had something to say itself */
        free(p->pending);
        p->pending = strdup(p->parser.data);
    }
}

/* The debugger hears of one stop, and all stand. */
static void report(struct hub *h, struct process *p, char *reply)
{
    int pid = p->pid;
    h->waiting = false;
    for (unsigned i = 0; i < h->count; i++)
        if (h->process[i] != p)
            pause_one(h->process[i]);
    await_child(h, reply);
    tell_text(h, reply);
    if (reply[0] == 'W' || reply[0] == 'X')
        drop(h, p);
    else
        h->general = pid;
    free(reply);
}

static void report_pending(struct hub *h)
{
    for (unsigned i = 0; h->waiting && i < h->count; i++) {
        struct process *p = h->process[i];
        bool gone = p->executing && !alive(p->pid);
        if (gone || (p->executing && now_ms() > p->deadline)) { /* or it is none of ours now */
            p->executing = false;
            note(p, gone ? "X%02x;process:%x" : "W%02x;process:%x", gone ? SIGKILL : 0);
        }
        if (!p->pending || p->running || !p->resumed)
            continue;
        char *reply = p->pending;
        p->pending = NULL;
        report(h, p, reply);
    }
}

/* A stub has sent something: while the debugger waits, its stop, and before that what breakpoints print. */
static void stub_speaks(struct hub *h, struct process *p)
{
    do {
        if (!receive(p, ANSWER_MS)) {
            p->running = p->running && p->executing;
            return;
        }
        if (p->parser.data[0] == 'O' && p->parser.data[1] != 'K') {
            tell(h, p->parser.data, p->parser.length);
            continue;
        }
        p->running = false;
        free(p->pending);
        p->pending = strdup(p->parser.data);
    } while (p->in_at < p->in_end);
}

/* ---- packets of the debugger --------------------------------------------------------------------- */

static void forward(struct hub *h, struct process *p, const char *data, size_t len)
{
    if (p && ask(p, data, len))
        tell(h, p->parser.data, p->parser.length);
    else
        tell_text(h, "E01");
}

/* The process in "p1.2" or "p1"; 0 for any or all, or none. */
static int process_in(const char *text)
{
    return *text == 'p' && text[1] != '-' ? (int)strtoul(text + 1, NULL, 16) : 0;
}

/* "Hg" says for which process the following packets are. */
static void on_H(struct hub *h, const char *data, size_t len)
{
    int pid = process_in(data + 2);
    if (data[1] == 'c') {
        tell_text(h, "OK");
        return;
    }
    if (pid && find(h, pid))
        h->general = pid;
    forward(h, pid ? find(h, pid) : general(h), data, len);
}

/* Packets with a thread or a process behind the name, each for that one. */
static const struct {
    const char *name;
    bool number; /* a process without "p" */
    bool leaves; /* it is not the debugger's any more */
} addressed[] = {
    {"T", false, false}, {"qThreadExtraInfo,", false, false}, {"qGetTLSAddr:", false, false},
    {"qAttached:", true, false}, {"qXfer:exec-file:read:", true, false}, {"D;", true, true}, {"vKill;", true, true},
};

static bool on_addressed(struct hub *h, const char *data, size_t len)
{
    for (unsigned i = 0; i < ARRAY_SIZE(addressed); i++) {
        size_t n = strlen(addressed[i].name);
        if (strncmp(data, addressed[i].name, n))
            continue;
        int pid = addressed[i].number ? (int)strtoul(data + n, NULL, 16) : process_in(data + n);
        struct process *p = pid ? find(h, pid) : general(h);
        forward(h, p, data, len);
        if (addressed[i].leaves && p)
            drop(h, p);
        return true;
    }
    return false;
}

/* The actions of vCont that may be for the process, in @out; false if there is none. */
static bool actions_for(const struct process *p, const char *list, char *out)
{
    bool some = false;
    size_t n = (size_t)sprintf(out, "vCont");
    while (*list == ';') {
        size_t len = strcspn(list + 1, ";") + 1;
        const char *thread = memchr(list, ':', len);
        int pid = thread ? process_in(thread + 1) : 0;
        if (!pid || pid == p->pid) {
            memcpy(out + n, list, len);
            n += len;
            some = true;
        }
        list += len;
    }
    out[n] = 0;
    return some;
}

static void on_vcont(struct hub *h, const char *list)
{
    bool pending = false, some = false;
    char *out = malloc(strlen(list) + 16);
    if (!out)
        abort();
    for (unsigned i = 0; i < h->count; i++)
        pending = pending || (h->process[i]->pending && actions_for(h->process[i], list, out));
    for (unsigned i = 0; i < h->count; i++) {
        struct process *p = h->process[i];
        p->resumed = actions_for(p, list, out);
        if (!p->resumed)
            continue;
        some = true;
        if (!pending && p->fd >= 0 && !p->running)
            p->running = send_packet(p->fd, out, strlen(out));
    }
    free(out);
    h->waiting = some;
    if (!some)
        tell_text(h, "E01");
}

static void on_interrupt(struct hub *h)
{
    for (unsigned i = 0; h->waiting && i < h->count; i++)
        if (h->process[i]->running && h->process[i]->fd >= 0 && write_all(h->process[i]->fd, "\3", 1))
            return;
}

/* All threads: the answers of all stubs. */
static void on_thread_list(struct hub *h)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    for (unsigned i = 0, n = 0; i < h->count; i++)
        if (ask_text(h->process[i], "qfThreadInfo") && h->process[i]->parser.data[0] == 'm')
            fprintf(out, "%c%s", n++ ? ',' : 'm', h->process[i]->parser.data + 1);
    fclose(out);
    tell(h, text, size);
    free(text);
}

/* What is between the tags of a process's document. */
static void gather_threads(struct process *p, FILE *out)
{
    char *text = NULL, packet[64];
    size_t size, offset = 0;
    FILE *all = open_memstream(&text, &size);
    if (!all)
        abort();
    do {
        snprintf(packet, sizeof(packet), "qXfer:threads:read::%zx,8000", offset);
        if (!ask_text(p, packet) || !strchr("ml", p->parser.data[0]))
            break;
        offset += p->parser.length - 1;
        fwrite(p->parser.data + 1, 1, p->parser.length - 1, all);
    } while (p->parser.data[0] == 'm');
    fclose(all);
    char *begin = strstr(text, "<threads>"), *end = strstr(text, "</threads>");
    if (begin && end)
        fwrite(begin + 9, 1, (size_t)(end - begin) - 9, out);
    free(text);
}

static void on_thread_document(struct hub *h, const char *range)
{
    size_t offset = strtoul(range, NULL, 16), size;
    const char *comma = strchr(range, ',');
    size_t len = comma ? strtoul(comma + 1, NULL, 16) : 0;
    if (!offset || !h->threads) {
        free(h->threads);
        FILE *out = open_memstream(&h->threads, &size);
        if (!out)
            abort();
        fprintf(out, "<?xml version=\"1.0\"?>\n<threads>");
        for (unsigned i = 0; i < h->count; i++)
            gather_threads(h->process[i], out);
        fprintf(out, "</threads>\n");
        fclose(out);
    }
    size = strlen(h->threads);
    size_t left = offset < size ? size - offset : 0, most = len < GDB_PACKET_MAX / 2 ? len : GDB_PACKET_MAX / 2;
    size_t n = left < most ? left : most;
    char *reply = malloc(n + 2);
    if (!reply)
        abort();
    sprintf(reply, "%c", n < left ? 'm' : 'l');
    memcpy(reply + 1, h->threads + size - left, n);
    tell(h, reply, n + 1);
    free(reply);
}

static void on_kill(struct hub *h)
{
    while (h->count) {
        if (h->process[0]->fd >= 0)
            send_packet(h->process[0]->fd, "k", 1);
        kill(h->process[0]->pid, SIGKILL);
        drop(h, h->process[0]);
    }
}

/* Files are those of one stub, wherever the debugger looks. */
static void on_packet(struct hub *h, const char *data, size_t len)
{
    static const char threads[] = "qXfer:threads:read::";
    if (!strncmp(data, "vCont;", 6))
        on_vcont(h, data + 5);
    else if (data[0] == 'H')
        on_H(h, data, len);
    else if (!strcmp(data, "qfThreadInfo"))
        on_thread_list(h);
    else if (!strncmp(data, threads, sizeof(threads) - 1))
        on_thread_document(h, data + sizeof(threads) - 1);
    else if (!strcmp(data, "k"))
        on_kill(h);
    else if (!strncmp(data, "QPassSignals:", 13)) {
        for (unsigned i = 0; i < h->count; i++)
            if (h->process[i] != general(h))
                ask(h->process[i], data, len);
        forward(h, general(h), data, len);
    } else if (!strncmp(data, "vFile:", 6))
        forward(h, h->count ? h->process[0] : NULL, data, len);
    else if (!strncmp(data, "QNonStop", 8) || strchr("cCsSR", data[0]) || !strncmp(data, "vRun", 4))
        tell_text(h, "E16"); /* for one process alone */
    else if (!on_addressed(h, data, len))
        forward(h, general(h), data, len);
}

static void debugger_speaks(struct hub *h)
{
    uint8_t buf[4096];
    ssize_t n = read(h->debugger, buf, sizeof(buf));
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0)
        h->over = true;
    for (ssize_t i = 0; i < n && !h->over; i++) {
        switch (gdb_parser_feed(&h->parser, buf[i])) {
        case GDB_INPUT_PACKET: on_packet(h, h->parser.data, h->parser.length); break;
        case GDB_INPUT_TOO_LONG: tell_text(h, "E1c"); break;
        case GDB_INPUT_INTERRUPT: on_interrupt(h); break;
        default: break;
        }
    }
}

/* ---- the loop -------------------------------------------------------------------------------------- */

static void serve(struct hub *h)
{
    struct pollfd f[PROCESSES_MAX + 2] = {{.fd = h->debugger, .events = POLLIN},
                                          {.fd = h->listener, .events = POLLIN}};
    struct process *who[PROCESSES_MAX];
    unsigned n = h->count;
    bool executing = false;
    for (unsigned i = 0; i < n; i++) {
        who[i] = h->process[i];
        f[i + 2] = (struct pollfd){.fd = who[i]->fd, .events = POLLIN};
        executing = executing || who[i]->executing;
    }
    if (poll(f, n + 2, executing ? 100 : -1) < 0 && errno != EINTR)
        h->over = true;
    for (unsigned i = 0; i < n; i++)
        if (f[i + 2].fd >= 0 && f[i + 2].revents)
            stub_speaks(h, who[i]);
    if (f[1].revents)
        stub_appears(h);
    report_pending(h);
    if (f[0].revents)
        debugger_speaks(h);
    report_pending(h);
}

static void blocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

int gdb_hub_run(int debugger, int first, int listener)
{
    struct hub *h = calloc(1, sizeof(*h));
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (!h || getsockopt(first, SOL_SOCKET, SO_PEERCRED, &peer, &size))
        return 1;
    signal(SIGPIPE, SIG_IGN);
    blocking(debugger);
    blocking(first);
    h->debugger = debugger;
    h->listener = listener;
    struct process *p = add(h, peer.pid, first);
    if (!p)
        return 1;
    p->running = p->resumed = h->waiting = true;
    h->general = p->pid;
    while (!h->over && h->count)
        serve(h);
    while (h->count)
        drop(h, h->process[0]);
    free(h->threads);
    free(h);
    return 0;
}
