/* The set of character devices of a VM, and what all kinds have in common. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/chardev_internal.h"

struct chardev_set *chardev_set_new(struct loop *loop)
{
    struct chardev_set *set = calloc(1, sizeof(*set));
    if (!set)
        abort();
    set->loop = loop;
    set->end = &set->first;
    clock_init_host(&set->clock);
    timer_queue_init(&set->timers, &set->clock);
    loop_attach_timers(loop, &set->timers);
    return set;
}

static void device_free(struct chardev *cd)
{
    if (cd->mux)
        chardev_mux_free(cd->mux);
    if (cd->state)
        cd->kind->close(cd);
    if (cd->log_fd >= 0)
        close(cd->log_fd);
    free(cd->id);
    free(cd->description);
    free(cd);
}

void chardev_set_free(struct chardev_set *set)
{
    if (!set)
        return;
    while (set->first) {
        struct chardev *cd = set->first;
        set->first = cd->next;
        device_free(cd);
    }
    loop_detach_timers(set->loop, &set->timers);
    timer_queue_free(&set->timers);
    free(set);
}

void chardev_set_on_quit(struct chardev_set *set, void (*quit)(void *opaque), void *opaque)
{
    set->quit = quit;
    set->quit_opaque = opaque;
}

void chardev_describe(struct chardev *cd, const char *fmt, ...)
{
    va_list ap;
    free(cd->description);
    va_start(ap, fmt);
    if (vasprintf(&cd->description, fmt, ap) < 0)
        abort();
    va_end(ap);
}

static bool open_log(struct chardev *cd, const struct chardev_options *o, struct error *e)
{
    const char *path = chardev_option(o, "logfile");
    if (!path)
        return true;
    int mode = chardev_option_bool(o, "logappend", false) ? O_APPEND : O_TRUNC;
    cd->log_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0666);
    return cd->log_fd >= 0 || error_set_errno(e, "cannot open log file '%s'", path);
}

static struct chardev *device_new(struct chardev_set *set, const struct chardev_options *o,
                                  const char *id, bool mux, struct error *e)
{
    struct chardev *cd = calloc(1, sizeof(*cd));
    if (!cd || !(cd->id = strdup(id)))
        abort();
    cd->set = set;
    cd->kind = o->kind;
    cd->log_fd = -1;
    if (!open_log(cd, o, e) || !cd->kind->open(cd, o, e)) {
        cd->state = NULL; /* the kind has cleaned up */
        device_free(cd);
        return NULL;
    }
    if (!cd->description)
        chardev_describe(cd, "%s", cd->kind->name);
    if (mux || (set->share_stdio && cd->kind == &chardev_kind_stdio))
        cd->mux = chardev_mux_new(cd, mux);
    *set->end = cd;
    set->end = &cd->next;
    return cd;
}

struct chardev *chardev_add(struct chardev_set *set, const char *spec, struct error *e)
{
    struct chardev_options o;
    struct chardev *cd = NULL;
    if (!chardev_options_parse(&o, spec, e))
        return NULL;
    if (!o.id || !*o.id)
        error_set(e, "an id is missing: add id=NAME");
    else if (chardev_find(set, o.id))
        error_set(e, "there is a character device '%s' already", o.id);
    else
        cd = device_new(set, &o, o.id, chardev_option_bool(&o, "mux", false), e);
    if (!cd)
        error_prefix(e, "-chardev %s", spec);
    chardev_options_free(&o);
    return cd;
}

/* The device that a -serial argument means: an existing one, or a new one. */
static struct chardev *resolve(struct chardev_set *set, const struct chardev_options *o,
                               const char *label, struct error *e)
{
    if (!o->reference)
        return device_new(set, o, label, o->monitor || chardev_option_bool(o, "mux", false), e);
    struct chardev *cd = chardev_find(set, o->id);
    if (!cd)
        error_set(e, "there is no character device '%s' (-chardev KIND,id=%s)", o->id, o->id);
    else if (o->monitor && !cd->mux) {
        error_set(e, "mon: needs a multiplexer: add mux=on to -chardev ...,id=%s", o->id);
        cd = NULL;
    }
    return cd;
}

struct chardev *chardev_open(struct chardev_set *set, const char *spec, const char *label,
                             struct chardev **monitor, struct error *e)
{
    struct chardev_options o;
    if (monitor)
        *monitor = NULL;
    if (!chardev_options_parse_short(&o, spec, e)) {
        error_prefix(e, "%s", label);
        return NULL;
    }
    struct chardev *cd = NULL;
    if (o.monitor && !monitor)
        error_set(e, "mon: makes no sense here");
    else
        cd = resolve(set, &o, label, e);
    if (cd)
        cd = chardev_claim(cd, e);
    if (cd && o.monitor) {
        *monitor = chardev_mux_claim(cd->mux, e);
        if (!*monitor)
            cd = NULL;
    }
    if (!cd)
        error_prefix(e, "%s: '%s'", label, spec);
    chardev_options_free(&o);
    return cd;
}

void chardev_share_stdio(struct chardev_set *set, bool share)
{
    set->share_stdio = share;
}

struct chardev *chardev_find(struct chardev_set *set, const char *id)
{
    for (struct chardev *cd = set->first; cd; cd = cd->next)
        if (strcmp(cd->id, id) == 0)
            return cd;
    return NULL;
}

void chardev_for_each(struct chardev_set *set, void (*visit)(struct chardev *cd, void *opaque),
                      void *opaque)
{
    for (struct chardev *cd = set->first; cd; cd = cd->next)
        visit(cd, opaque);
}

struct chardev *chardev_claim(struct chardev *cd, struct error *e)
{
    if (cd->mux)
        return chardev_mux_claim(cd->mux, e);
    if (cd->claimed) {
        error_set(e, "character device '%s' is in use already: add mux=on to share it", cd->id);
        return NULL;
    }
    cd->claimed = true;
    return cd;
}

void chardev_attach(struct chardev *cd, const struct chardev_frontend *ops, void *opaque)
{
    cd->front = ops;
    cd->front_opaque = opaque;
    if (!ops)
        return;
    if (cd->connected)
        chardev_send_event(cd, CHARDEV_OPENED);
    if (cd->kind->attached)
        cd->kind->attached(cd);
    chardev_accept_input(cd);
}

size_t chardev_room(struct chardev *cd)
{
    if (!cd->front)
        return 0;
    return cd->front->can_receive ? cd->front->can_receive(cd->front_opaque) : SIZE_MAX;
}

void chardev_deliver(struct chardev *cd, const uint8_t *buf, size_t len)
{
    if (cd->front && cd->front->receive)
        cd->front->receive(cd->front_opaque, buf, len);
}

void chardev_prompt(struct chardev *cd)
{
    cd->prompt = true;
    if (cd->kind->stream)
        chardev_stream_prompt(cd->kind->stream(cd));
}

void chardev_send_event(struct chardev *cd, enum chardev_event event)
{
    if (event == CHARDEV_OPENED || event == CHARDEV_CLOSED)
        cd->connected = event == CHARDEV_OPENED;
    if (cd->front && cd->front->event)
        cd->front->event(cd->front_opaque, event);
}

size_t chardev_write_blocking(int fd, const uint8_t *buf, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = write(fd, buf + done, len - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) { /* someone else made the descriptor non-blocking */
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            poll(&p, 1, -1);
        } else if (errno != EINTR) {
            break;
        }
    }
    return done;
}

size_t chardev_write(struct chardev *cd, const void *buf, size_t len)
{
    if (cd->log_fd >= 0)
        chardev_write_blocking(cd->log_fd, buf, len);
    return cd->kind->write(cd, buf, len);
}

void chardev_printf(struct chardev *cd, const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n > 0)
        chardev_write(cd, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void chardev_accept_input(struct chardev *cd)
{
    if (cd->kind->accept_input)
        cd->kind->accept_input(cd);
}

bool chardev_is_shared(const struct chardev *cd)
{
    return cd->mux != NULL;
}

void chardev_take_focus(struct chardev *cd)
{
    if (cd->mux)
        chardev_mux_focus(cd);
}

bool chardev_connected(const struct chardev *cd)
{
    return cd->connected;
}

const char *chardev_id(const struct chardev *cd)
{
    return cd->id;
}

const char *chardev_description(const struct chardev *cd)
{
    return cd->description;
}
