/* What all network back ends share: the front end, and the frames that wait for it. */
#include "host/net.h"

#include <stdlib.h>
#include <string.h>

struct net_frame {
    size_t len;
    uint8_t data[NET_FRAME_MAX];
};

struct net {
    const struct net_backend *ops;
    void *opaque;
    const struct net_frontend *front;
    void *front_opaque;
    struct net_frame *queue; /* a ring of NET_QUEUE_MAX; NULL until it is needed */
    unsigned first, count;
    bool delivering;
};

struct net *net_new(const struct net_backend *ops, void *opaque)
{
    struct net *net = calloc(1, sizeof(*net));
    if (!net)
        abort();
    net->ops = ops;
    net->opaque = opaque;
    return net;
}

void net_free(struct net *net)
{
    if (!net)
        return;
    if (net->ops->free)
        net->ops->free(net->opaque);
    free(net->queue);
    free(net);
}

void net_attach(struct net *net, const struct net_frontend *ops, void *opaque)
{
    net->front = ops;
    net->front_opaque = opaque;
    net->count = 0;
}

void net_send(struct net *net, const uint8_t *frame, size_t len)
{
    if (len <= NET_FRAME_MAX)
        net->ops->send(net->opaque, frame, len);
}

static bool has_room(const struct net *net)
{
    return !net->front->can_receive || net->front->can_receive(net->front_opaque);
}

/* A front end that makes room while it receives calls this from within: the outer call goes on. */
void net_accept_input(struct net *net)
{
    if (net->delivering)
        return;
    net->delivering = true;
    while (net->front && net->count && has_room(net)) {
        const struct net_frame *f = &net->queue[net->first];
        net->first = (net->first + 1) % NET_QUEUE_MAX;
        net->count--;
        net->front->receive(net->front_opaque, f->data, f->len);
    }
    net->delivering = false;
}

/* A slot that has been taken from the ring is not overwritten while its frame is received: the ring
 * is never full then, and new frames go to its end. */
void net_deliver(struct net *net, const uint8_t *frame, size_t len)
{
    if (!net->front || !len || len > NET_FRAME_MAX || net->count >= NET_QUEUE_MAX - 1)
        return;
    if (!net->queue)
        net->queue = calloc(NET_QUEUE_MAX, sizeof(*net->queue));
    if (!net->queue)
        abort();
    struct net_frame *f = &net->queue[(net->first + net->count++) % NET_QUEUE_MAX];
    f->len = len;
    memcpy(f->data, frame, len);
    net_accept_input(net);
}
