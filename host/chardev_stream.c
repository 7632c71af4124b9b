/* Bytes between a device and file descriptors: input as the front end has room for it, output at
 * once or through a bounded buffer. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/chardev_internal.h"

#define READ_MAX 4096

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* Watch for what can be used: input while the front end has room, output while some is pending. */
static void update_watches(struct chardev_stream *s)
{
    uint32_t in = s->paused ? 0 : LOOP_READ, out = s->pending_count ? LOOP_WRITE : 0;
    if (s->in && s->in == s->out) {
        loop_watch_modify(s->in, in | out);
        return;
    }
    if (s->in)
        loop_watch_modify(s->in, in);
    if (s->out)
        loop_watch_modify(s->out, out);
}

static void stop_input(struct chardev_stream *s)
{
    if (s->in != s->out)
        loop_watch_remove(s->in);
    else
        s->paused = true;
    s->in = NULL;
    update_watches(s);
    if (s->ended)
        s->ended(s->cd);
    else
        chardev_send_event(s->cd, CHARDEV_INPUT_END);
}

static void read_input(struct chardev_stream *s)
{
    uint8_t buf[READ_MAX];
    size_t room = chardev_room(s->cd);
    if (!room) {
        s->paused = true;
        update_watches(s);
        return;
    }
    ssize_t n = read(s->in_fd, buf, room < sizeof(buf) ? room : sizeof(buf));
    if (n > 0)
        chardev_deliver(s->cd, buf, (size_t)n);
    else if (n == 0 || !(would_block() || errno == EINTR))
        stop_input(s);
}

/* write(2) without SIGPIPE for sockets. */
static ssize_t write_some(struct chardev_stream *s, const uint8_t *buf, size_t len)
{
    ssize_t n;
    do {
        n = s->socket ? send(s->out_fd, buf, len, MSG_NOSIGNAL) : write(s->out_fd, buf, len);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* Send pending output as far as it goes; what an error hits is lost, input will see the end. */
static void flush_pending(struct chardev_stream *s)
{
    while (s->pending_count) {
        size_t part = CHARDEV_BUFFER_MAX - s->pending_head;
        if (part > s->pending_count)
            part = s->pending_count;
        ssize_t n = write_some(s, s->pending + s->pending_head, part);
        if (n < 0 && would_block())
            break;
        size_t done = n < 0 ? s->pending_count : (size_t)n;
        s->pending_head = (s->pending_head + done) % CHARDEV_BUFFER_MAX;
        s->pending_count -= done;
    }
}

static void on_in_ready(void *opaque, uint32_t events)
{
    struct chardev_stream *s = opaque;
    if (s->pending_count) { /* also without LOOP_WRITE: after a hangup a write fails and ends it */
        flush_pending(s);
        update_watches(s);
    }
    if (s->in && !s->paused && events & (LOOP_READ | LOOP_HANGUP))
        read_input(s);
}

static void on_out_ready(void *opaque, uint32_t events)
{
    struct chardev_stream *s = opaque;
    flush_pending(s);
    update_watches(s);
}

bool chardev_stream_start(struct chardev_stream *s, struct error *e)
{
    struct loop *loop = s->cd->set->loop;
    s->paused = false;
    s->in = s->out = NULL;
    if (s->in_fd >= 0) {
        s->in = loop_watch_add(loop, s->in_fd, LOOP_READ, on_in_ready, s, e);
        if (!s->in)
            return false;
    }
    if (s->out_fd >= 0 && !s->blocking_out) {
        s->out = s->out_fd == s->in_fd ? s->in
                                       : loop_watch_add(loop, s->out_fd, 0, on_out_ready, s, e);
        if (!s->out) {
            chardev_stream_stop(s, 0);
            return false;
        }
    }
    chardev_stream_prompt(s);
    return true;
}

void chardev_stream_prompt(struct chardev_stream *s)
{
    if (s->cd->prompt && s->in)
        loop_watch_prompt(s->in);
}

static void linger(struct chardev_stream *s, int linger_ms)
{
    int64_t end = clock_host_monotonic() + linger_ms * CLOCK_NS_PER_MS;
    struct pollfd p = {.fd = s->out_fd, .events = POLLOUT};
    while (s->pending_count) {
        int64_t left = end - clock_host_monotonic();
        if (left <= 0 || poll(&p, 1, (int)(left / CLOCK_NS_PER_MS) + 1) <= 0)
            break;
        flush_pending(s);
    }
}

void chardev_stream_stop(struct chardev_stream *s, int linger_ms)
{
    linger(s, linger_ms);
    loop_watch_remove(s->in);
    if (s->out != s->in)
        loop_watch_remove(s->out);
    s->in = s->out = NULL;
    free(s->pending);
    s->pending = NULL;
    s->pending_head = s->pending_count = 0;
}

static void warn_dropped(struct chardev_stream *s)
{
    if (!s->warned)
        fprintf(stderr, "armemu: warning: %s (%s) is read too slowly: output is dropped\n",
                chardev_id(s->cd), chardev_description(s->cd));
    s->warned = true;
}

static size_t append_pending(struct chardev_stream *s, const uint8_t *buf, size_t len)
{
    if (!s->pending && !(s->pending = malloc(CHARDEV_BUFFER_MAX)))
        abort();
    size_t room = CHARDEV_BUFFER_MAX - s->pending_count;
    if (len > room) {
        warn_dropped(s);
        len = room;
    }
    size_t tail = (s->pending_head + s->pending_count) % CHARDEV_BUFFER_MAX;
    size_t part = CHARDEV_BUFFER_MAX - tail < len ? CHARDEV_BUFFER_MAX - tail : len;
    memcpy(s->pending + tail, buf, part);
    memcpy(s->pending, buf + part, len - part);
    s->pending_count += len;
    return len;
}

size_t chardev_stream_write(struct chardev_stream *s, const uint8_t *buf, size_t len)
{
    if (s->blocking_out)
        return chardev_write_blocking(s->out_fd, buf, len);
    size_t done = 0;
    while (!s->pending_count && done < len) {
        ssize_t n = write_some(s, buf + done, len - done);
        if (n < 0 && would_block())
            break;
        if (n < 0)
            return done; /* the input side will notice the end */
        done += (size_t)n;
    }
    if (done < len) {
        done += append_pending(s, buf + done, len - done);
        update_watches(s);
    }
    return done;
}

void chardev_stream_accept_input(struct chardev_stream *s)
{
    if (s->paused && s->in) {
        s->paused = false;
        update_watches(s);
    }
}
