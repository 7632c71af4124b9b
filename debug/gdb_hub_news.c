/* What the hub tells the debugger unasked: stops, new processes, ends. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "debug/gdb_hub_internal.h"

/* ---- stubs that appear ----------------------------------------------------------------------- */

/* The stub of a new process, or of another program that a process executes: as the first one was
 * set up. */
static bool greet(const struct hub *h, struct hub_process *p)
{
    static const char start[] = "$QStartNoAckMode#b0";
    static const char supported[] = "qSupported:multiprocess+;swbreak+;hwbreak+;"
                                    "fork-events+;vfork-events+;exec-events+";
    return hub_write_all(p->fd, start, sizeof(start) - 1) && hub_receive(p, HUB_ANSWER_MS) &&
           hub_answered(p, "OK") && hub_write_all(p->fd, "+", 1) && hub_ask_text(p, supported) &&
           (!h->non_stop || hub_ask_text(p, "QNonStop:1"));
}

/* The stop reply of a process that executes another program: as at its start, and with the name. */
static void note_exec(const struct hub *h, struct hub_process *p)
{
    char ask_file[64];
    snprintf(ask_file, sizeof(ask_file), "qXfer:exec-file:read:%x:0,fff", (unsigned)p->pid);
    if (!hub_ask_text(p, ask_file) || p->parser.data[0] != 'l')
        return;
    char *name = strdup(p->parser.data + 1);
    if (name && hub_ask_text(p, "?") && !strncmp(p->parser.data, "T", 1) && p->parser.length > 3) {
        size_t size = strlen(p->parser.data) + 2 * strlen(name) + 32;
        char *text = malloc(size);
        if (!text)
            abort();
        int n = sprintf(text, "T05%sexec:", p->parser.data + 3);
        for (const char *c = name; *c; c++)
            n += sprintf(text + n, "%02x", (unsigned char)*c);
        strcpy(text + n, ";reason:exec;"); /* as GDB and as LLDB know it */
        free(p->pending);
        p->pending = text;
    }
    while (h->non_stop && hub_ask_text(p, "vStopped") && p->parser.data[0] == 'T')
        ; /* all that is to be told is the program */
    p->noted = false;
    free(name);
}

void hub_stub_appears(struct hub *h)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    int fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ||
        (peer.uid != getuid() && peer.uid != 0)) {
        close(fd);
        return;
    }
    struct hub_process *p = hub_find(h, peer.pid);
    bool exec = p;
    if (p) {
        if (p->fd >= 0)
            close(p->fd);
        p->fd = fd;
        p->serial = ++h->serials; /* the files of the one before are closed */
        p->executing = p->running = false;
        p->in_at = p->in_end = 0;
        gdb_parser_reset(&p->parser);
    } else {
        p = hub_add(h, peer.pid, fd);
    }
    if (p && !greet(h, p))
        hub_drop(h, p);
    else if (p && exec)
        note_exec(h, p);
}

/* The process that a stop reply tells of is to be there when the debugger hears it. */
static void await_child(struct hub *h, const char *reply)
{
    const char *at = strstr(reply, ";fork:p");
    at = at ? at : strstr(reply, ";vfork:p");
    if (!at)
        return;
    int pid = (int)strtoul(strchr(at, 'p') + 1, NULL, 16);
    int64_t end = hub_now_ms() + HUB_ANSWER_MS;
    while (!hub_find(h, pid) && hub_alive(pid) && hub_now_ms() < end) {
        struct pollfd f = {.fd = h->listener, .events = POLLIN};
        if (poll(&f, 1, 50) > 0)
            hub_stub_appears(h);
    }
}

/* ---- one stop at a time ---------------------------------------------------------------------- */

/* Has the stub sent what a breakpoint prints, which is no stop? It is passed on. */
static bool is_output(struct hub *h, const struct hub_process *p)
{
    if (p->parser.data[0] != 'O' || p->parser.data[1] == 'K')
        return false;
    hub_tell(h, p->parser.data, p->parser.length);
    return true;
}

static void pause_one(struct hub *h, struct hub_process *p)
{
    if (!p->running || p->fd < 0)
        return;
    bool answers = hub_write_all(p->fd, "\3", 1);
    do
        answers = answers && hub_receive(p, HUB_ANSWER_MS);
    while (answers && is_output(h, p));
    p->running = !answers && p->executing;
    if (!answers)
        return;
    if (strncmp(p->parser.data, "T02", 3)) { /* it had something to say itself */
        free(p->pending);
        p->pending = strdup(p->parser.data);
    }
}

/* The debugger hears of one stop, and all stand. */
static void report(struct hub *h, struct hub_process *p, char *reply)
{
    int pid = p->pid;
    h->waiting = false;
    for (unsigned i = 0; i < h->count; i++)
        if (h->process[i] != p)
            pause_one(h, h->process[i]);
    await_child(h, reply);
    hub_tell_text(h, reply);
    if (reply[0] != 'W' && reply[0] != 'X')
        h->general = pid;
    else if (hub_find(h, pid) == p)
        hub_drop(h, p);
    free(reply);
}

/* A process whose program is another one now appears soon; else it has ended, or is none of ours
 * any more. */
static void look_for_end(struct hub_process *p)
{
    bool gone = p->executing && !hub_alive(p->pid);
    if (!gone && (!p->executing || hub_now_ms() <= p->deadline))
        return;
    p->executing = false;
    hub_note(p, gone ? "X%02x;process:%x" : "W%02x;process:%x", gone ? SIGKILL : 0);
}

static void report_one(struct hub *h)
{
    for (unsigned i = 0; h->waiting && i < h->count; i++) {
        struct hub_process *p = h->process[i];
        look_for_end(p);
        if (!p->pending || p->running || !p->resumed)
            continue;
        char *reply = p->pending;
        p->pending = NULL;
        report(h, p, reply);
    }
}

/* ---- non-stop mode --------------------------------------------------------------------------- */

static bool is_end(const char *reply)
{
    return reply[0] == 'W' || reply[0] == 'X';
}

/* @text becomes the hub's. */
static void append_news(struct hub *h, char *text)
{
    char **news = realloc(h->news, (h->news_count + 1) * sizeof(*news));
    if (!news || !text)
        abort();
    h->news = news;
    h->news[h->news_count++] = text;
}

static void remove_news(struct hub *h, unsigned at)
{
    free(h->news[at]);
    memmove(&h->news[at], &h->news[at + 1], (--h->news_count - at) * sizeof(*h->news));
}

static void add_news(struct hub *h, char *text)
{
    append_news(h, text);
    if (h->news_count > 1)
        return;
    await_child(h, text);
    hub_notify(h, text);
}

/* All that a stub knows is taken over at once; the debugger asks us for it, one by one. */
static void take_news(struct hub *h, struct hub_process *p)
{
    bool end = false;
    do {
        char *text = p->pending;
        bool more = p->noted;
        p->pending = NULL;
        p->noted = false;
        if (text) {
            end = end || is_end(text);
            add_news(h, text);
        }
        while (more && hub_ask_text(p, "vStopped") && p->parser.length &&
               strchr("TWX", p->parser.data[0])) {
            end = end || is_end(p->parser.data);
            add_news(h, strdup(p->parser.data));
        }
    } while (p->noted || p->pending);
    if (end)
        hub_drop(h, p);
}

static void report_each(struct hub *h)
{
    for (unsigned i = h->count; i-- > 0;) { /* news of the one may bring others, and end it */
        struct hub_process *p = h->process[i];
        hub_listen(p);
        look_for_end(p);
        if (p->pending || p->noted)
            take_news(h, p);
    }
}

void hub_taken_over(struct hub *h, struct hub_process *p)
{
    append_news(h, strdup(""));
    p->noted = true;
}

void hub_next_news(struct hub *h)
{
    if (h->news_count)
        remove_news(h, 0);
    bool more = h->news_count && !h->answering_why;
    if (h->news_count)
        await_child(h, h->news[0]);
    if (more) {
        hub_tell_text(h, h->news[0]);
        return;
    }
    h->answering_why = false;
    hub_tell_text(h, "OK");
    if (h->news_count)
        hub_notify(h, h->news[0]);
}

/* Ends are not told twice. The others follow the first as news, as they do without a hub. */
void hub_why(struct hub *h)
{
    for (unsigned i = h->news_count; i-- > 0;)
        if (!is_end(h->news[i]))
            remove_news(h, i);
    for (unsigned i = 0; i < h->count; i++) {
        struct hub_process *p = h->process[i];
        if (!hub_ask_text(p, "?") || p->parser.data[0] != 'T')
            continue;
        append_news(h, strdup(p->parser.data));
        p->noted = true; /* there may be more behind it */
    }
    h->answering_why = h->news_count;
    hub_tell_text(h, h->news_count ? h->news[0] : "OK");
}

void hub_forget_news(struct hub *h, int pid)
{
    char thread[32], process[32];
    snprintf(thread, sizeof(thread), "thread:p%x.", (unsigned)pid);
    snprintf(process, sizeof(process), ";process:%x", (unsigned)pid);
    for (unsigned i = h->news_count; i-- > 1;)
        if (strstr(h->news[i], thread) || strstr(h->news[i], process))
            remove_news(h, i);
}

void hub_report(struct hub *h)
{
    if (h->non_stop)
        report_each(h);
    else
        report_one(h);
}

/* A stub has sent something: while the debugger waits, its stop, and before that what breakpoints
 * print. */
void hub_stub_speaks(struct hub *h, struct hub_process *p)
{
    if (h->non_stop)
        return; /* see report_each */
    do {
        if (!hub_receive(p, HUB_ANSWER_MS)) {
            p->running = p->running && p->executing;
            return;
        }
        if (is_output(h, p))
            continue;
        p->running = false;
        free(p->pending);
        p->pending = strdup(p->parser.data);
    } while (p->in_at < p->in_end);
}

