/* A character device whose other side is the program itself. */
#include <stdlib.h>
#include <string.h>

#include "host/chardev_internal.h"

struct hook_state {
    const struct chardev_hook *ops;
    void *opaque;
};


static void hook_close(struct chardev *cd)
{
    free(cd->state);
}

static size_t hook_write(struct chardev *cd, const uint8_t *buf, size_t len)
{
    const struct hook_state *st = cd->state;
    st->ops->output(st->opaque, buf, len);
    return len;
}

static void hook_accept_input(struct chardev *cd)
{
    const struct hook_state *st = cd->state;
    if (st->ops->room)
        st->ops->room(st->opaque);
}

static const struct chardev_kind kind = {
    .name = "hook",
    .close = hook_close,
    .write = hook_write,
    .accept_input = hook_accept_input,
};

struct chardev *chardev_hook_new(struct chardev_set *set, const char *label,
                                 const struct chardev_hook *ops, void *opaque)
{
    struct chardev *cd = calloc(1, sizeof(*cd));
    struct hook_state *st = calloc(1, sizeof(*st));
    if (!cd || !st || !(cd->id = strdup(label)))
        abort();
    *st = (struct hook_state){ops, opaque};
    cd->set = set;
    cd->kind = &kind;
    cd->log_fd = -1;
    cd->state = st;
    cd->claimed = true;
    cd->connected = true;
    chardev_describe(cd, "%s", label);
    *set->end = cd;
    set->end = &cd->next;
    return cd;
}

size_t chardev_hook_send(struct chardev *cd, const void *buf, size_t len)
{
    size_t room = chardev_room(cd);
    size_t n = len < room ? len : room;
    if (n)
        chardev_deliver(cd, buf, n);
    return n;
}

void chardev_hook_end(struct chardev *cd)
{
    chardev_send_event(cd, CHARDEV_INPUT_END);
}
