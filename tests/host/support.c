#include "tests/host/support.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEADLINE_MS 2000

bool run_until(struct loop *loop, bool (*done)(void *opaque), void *opaque)
{
    int64_t end = clock_host_monotonic() + DEADLINE_MS * CLOCK_NS_PER_MS;
    while (!done(opaque) && clock_host_monotonic() < end)
        loop_run_once(loop, 10);
    return done(opaque);
}

void run_for(struct loop *loop, int ms)
{
    int64_t end = clock_host_monotonic() + ms * CLOCK_NS_PER_MS;
    while (clock_host_monotonic() < end)
        loop_run_once(loop, 2);
}

bool sleeps(struct loop *loop, int ms)
{
    for (int i = 0; i < 100 && loop_run_once(loop, 0); i++)
        ;
    int64_t start = clock_host_monotonic();
    bool ran = loop_run_once(loop, ms);
    return !ran && clock_host_monotonic() - start >= (ms - 1) * CLOCK_NS_PER_MS;
}

static size_t recorder_can_receive(void *opaque)
{
    return ((struct recorder *)opaque)->room;
}

static void recorder_receive(void *opaque, const uint8_t *buf, size_t len)
{
    struct recorder *r = opaque;
    cr_assert_leq(len, r->room, "%zu bytes given, room for %zu", len, r->room);
    cr_assert_lt(r->len + len, sizeof(r->text));
    memcpy(r->text + r->len, buf, len);
    r->len += len;
    r->text[r->len] = 0;
    if (r->room != SIZE_MAX)
        r->room -= len;
}

static void recorder_event(void *opaque, enum chardev_event event)
{
    ((struct recorder *)opaque)->events[event]++;
}

const struct chardev_frontend recorder_ops = {recorder_can_receive, recorder_receive,
                                              recorder_event};

struct expectation {
    struct recorder *r;
    const char *text;
    enum chardev_event event;
    unsigned count;
};

static bool text_came(void *opaque)
{
    struct expectation *x = opaque;
    return strcmp(x->r->text, x->text) == 0;
}

bool run_until_text(struct loop *loop, struct recorder *r, const char *text)
{
    return run_until(loop, text_came, &(struct expectation){.r = r, .text = text});
}

static bool event_came(void *opaque)
{
    struct expectation *x = opaque;
    return x->r->events[x->event] == x->count;
}

bool run_until_event(struct loop *loop, struct recorder *r, enum chardev_event event,
                     unsigned count)
{
    return run_until(loop, event_came,
                     &(struct expectation){.r = r, .event = event, .count = count});
}

struct reading {
    int fd;
    char *buf;
    size_t len, done;
};

static bool reading_done(void *opaque)
{
    struct reading *x = opaque;
    ssize_t n = x->done < x->len ? read(x->fd, x->buf + x->done, x->len - x->done) : 0;
    if (n > 0)
        x->done += (size_t)n;
    return x->done == x->len;
}

size_t run_reading(struct loop *loop, int fd, char *buf, size_t len)
{
    struct reading x = {.fd = fd, .buf = buf, .len = len};
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    run_until(loop, reading_done, &x);
    return x.done;
}

const char *temp_path(const char *name)
{
    static char dir[64], path[160]; /* each test is a process of its own */
    if (!dir[0]) {
        strcpy(dir, "/tmp/armemu-test-XXXXXX");
        cr_assert(mkdtemp(dir));
    }
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}
