/* The hub's processes: bytes and packets to and from their stubs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "debug/gdb_hub_internal.h"

/* ---- bytes ----------------------------------------------------------------------------------- */

int64_t hub_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

bool hub_write_all(int fd, const char *data, size_t len)
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

bool hub_send_packet(int fd, const char *data, size_t len)
{
    char *frame = malloc(2 * len + 4);
    if (!frame)
        abort();
    bool ok = hub_write_all(fd, frame, gdb_packet_frame(frame, data, len));
    free(frame);
    return ok;
}

void hub_tell(struct hub *h, const char *data, size_t len)
{
    if (!hub_send_packet(h->debugger, data, len))
        h->over = true;
}

void hub_notify(struct hub *h, const char *text)
{
    size_t len = strlen(text);
    char *frame = malloc(2 * len + 16), *data = malloc(len + 8);
    if (!frame || !data)
        abort();
    size_t n = gdb_packet_frame(frame, data, (size_t)sprintf(data, "Stop:%s", text));
    frame[0] = '%';
    if (!hub_write_all(h->debugger, frame, n))
        h->over = true;
    free(frame);
    free(data);
}

void hub_tell_text(struct hub *h, const char *text)
{
    hub_tell(h, text, strlen(text));
}

/* ---- processes ------------------------------------------------------------------------------- */

struct hub_process *hub_find(const struct hub *h, int pid)
{
    for (unsigned i = 0; i < h->count; i++)
        if (h->process[i]->pid == pid)
            return h->process[i];
    return NULL;
}

struct hub_process *hub_general(struct hub *h)
{
    struct hub_process *p = hub_find(h, h->general);
    return p ? p : h->count ? h->process[0] : NULL;
}

struct hub_process *hub_add(struct hub *h, int pid, int fd)
{
    struct hub_process *p = h->count < HUB_PROCESSES_MAX ? calloc(1, sizeof(*p)) : NULL;
    if (!p) {
        close(fd);
        return NULL;
    }
    p->pid = pid;
    p->serial = ++h->serials;
    p->fd = fd;
    h->process[h->count++] = p;
    return p;
}

void hub_drop(struct hub *h, struct hub_process *p)
{
    for (unsigned i = 0; i < h->count; i++)
        if (h->process[i] == p)
            h->process[i] = h->process[--h->count];
    if (p->fd >= 0)
        close(p->fd);
    free(p->pending);
    free(p);
}

bool hub_alive(int pid)
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

void hub_note(struct hub_process *p, const char *format, unsigned value)
{
    char text[64];
    snprintf(text, sizeof(text), format, value, (unsigned)p->pid);
    free(p->pending);
    p->pending = strdup(text);
    p->running = false;
}

/* The stub has gone without a word: with the process, or because another program is executed. */
static void stub_gone(struct hub_process *p)
{
    close(p->fd);
    p->fd = -1;
    p->noted = false;
    p->in_at = p->in_end = 0;
    gdb_parser_reset(&p->parser);
    if (hub_alive(p->pid)) {
        p->executing = true;
        p->deadline = hub_now_ms() + HUB_EXEC_MS;
    } else if (!p->pending || p->pending[0] == 'T') {
        hub_note(p, "X%02x;process:%x", SIGKILL);
    }
}

/* "Stop:REPLY": there is one until we ask for more. */
static void notice(struct hub_process *p)
{
    if (strncmp(p->parser.data, "Stop:", 5) || p->noted)
        return;
    free(p->pending);
    p->pending = strdup(p->parser.data + 5);
    p->noted = true;
}

/* Is there a packet in what has been received? */
static bool take_packet(struct hub_process *p)
{
    while (p->in_at < p->in_end) {
        switch (gdb_parser_feed(&p->parser, p->in[p->in_at++])) {
        case GDB_INPUT_PACKET: return true;
        case GDB_INPUT_NOTIFICATION: notice(p); break;
        default: break;
        }
    }
    return false;
}

/* False: the stub has gone. */
static bool read_some(struct hub_process *p)
{
    ssize_t n = read(p->fd, p->in, sizeof(p->in));
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0) {
        stub_gone(p);
        return false;
    }
    p->in_at = 0;
    p->in_end = (size_t)n;
    return true;
}

bool hub_receive(struct hub_process *p, int timeout_ms)
{
    int64_t end = hub_now_ms() + timeout_ms;
    while (!take_packet(p)) {
        struct pollfd f = {.fd = p->fd, .events = POLLIN};
        int64_t left = end - hub_now_ms();
        if (p->fd < 0 || left <= 0 || poll(&f, 1, (int)left) <= 0 || !read_some(p))
            return false;
    }
    return true;
}

void hub_listen(struct hub_process *p)
{
    struct pollfd f = {.fd = p->fd, .events = POLLIN};
    do
        while (take_packet(p)) /* that nobody has asked for */
            ;
    while (p->fd >= 0 && poll(&f, 1, 0) > 0 && read_some(p));
}

bool hub_ask(struct hub_process *p, const char *data, size_t len)
{
    return p->fd >= 0 && !p->running && hub_send_packet(p->fd, data, len) &&
           hub_receive(p, HUB_ANSWER_MS);
}

bool hub_ask_text(struct hub_process *p, const char *text)
{
    return hub_ask(p, text, strlen(text));
}

bool hub_answered(const struct hub_process *p, const char *text)
{
    return !strcmp(p->parser.data, text);
}

