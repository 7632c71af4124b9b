/*
 * The network "user": a network with a gateway, a DHCP and a DNS server, all played by libslirp,
 * whose connections are sockets of this process. The library wants a poll loop of its own around
 * it; here its descriptors are in an epoll set that the event loop watches, and its timeouts are
 * timers of a queue on the host's clock.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host/net_internal.h"
#include "util/bits.h"
#include "util/log.h"

enum { CONFIG_VERSION = 4 };

/* The library's functions. It is loaded when a network is made: it brings GLib with it, which would
 * cost every other run time to start. */
struct slirp_library {
    Slirp *(*new)(const SlirpConfig *config, const SlirpCb *callbacks, void *opaque);
    void (*cleanup)(Slirp *slirp);
    void (*fill)(Slirp *slirp, uint32_t *timeout, SlirpAddPollCb add, void *opaque);
    void (*poll)(Slirp *slirp, int error, SlirpGetREventsCb get, void *opaque);
    void (*input)(Slirp *slirp, const uint8_t *packet, int len);
    void (*handle_timer)(Slirp *slirp, SlirpTimerId id, void *opaque);
    int (*add_hostfwd)(Slirp *slirp, int udp, struct in_addr host, int host_port,
                       struct in_addr guest, int guest_port);
};

struct net_user {
    struct net *net;
    struct loop *loop;
    struct slirp_library lib;
    Slirp *slirp;
    struct clock clock;
    struct timer_queue timers;
    struct timer timeout; /* the library wants to be called at this time at the latest */
    int epoll_fd;
    struct loop_watch *watch;
    /* What the library wants polled; the set of epoll_fd is the same. */
    struct pollfd *polled, *previous;
    unsigned polled_count, previous_count, capacity;
};

struct user_timer {
    struct timer timer;
    struct net_user *user;
    SlirpTimerId id;
    void *opaque;
};

static bool library_load(struct slirp_library *lib, struct error *e)
{
    void *library = dlopen("libslirp.so.0", RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return error_set(e, "user: %s (Debian: libslirp0)", dlerror());
    *lib = (struct slirp_library){
        dlsym(library, "slirp_new"),           dlsym(library, "slirp_cleanup"),
        dlsym(library, "slirp_pollfds_fill"),  dlsym(library, "slirp_pollfds_poll"),
        dlsym(library, "slirp_input"),         dlsym(library, "slirp_handle_timer"),
        dlsym(library, "slirp_add_hostfwd"),
    };
    return (lib->new && lib->cleanup && lib->fill && lib->poll && lib->input && lib->handle_timer &&
            lib->add_hostfwd) ||
           error_set(e, "user: libslirp.so.0 lacks functions: is it older than 4.7?");
}

/* ---- polling --------------------------------------------------------------------------------- */

static int add_poll(int fd, int events, void *opaque)
{
    struct net_user *s = opaque;
    if (s->polled_count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 16;
        s->polled = realloc(s->polled, s->capacity * sizeof(*s->polled));
        s->previous = realloc(s->previous, s->capacity * sizeof(*s->previous));
        if (!s->polled || !s->previous)
            abort();
    }
    struct pollfd *p = &s->polled[s->polled_count];
    *p = (struct pollfd){.fd = fd};
    p->events |= events & SLIRP_POLL_IN ? POLLIN : 0;
    p->events |= events & SLIRP_POLL_OUT ? POLLOUT : 0;
    p->events |= events & SLIRP_POLL_PRI ? POLLPRI : 0;
    return (int)s->polled_count++;
}

static int get_events(int index, void *opaque)
{
    const struct net_user *s = opaque;
    if (index < 0 || (unsigned)index >= s->polled_count)
        return 0;
    int got = s->polled[index].revents, events = 0;
    events |= got & POLLIN ? SLIRP_POLL_IN : 0;
    events |= got & POLLOUT ? SLIRP_POLL_OUT : 0;
    events |= got & POLLPRI ? SLIRP_POLL_PRI : 0;
    events |= got & (POLLERR | POLLNVAL) ? SLIRP_POLL_ERR : 0;
    return events | (got & POLLHUP ? SLIRP_POLL_HUP : 0);
}

static bool polls(const struct pollfd *list, unsigned count, int fd)
{
    for (unsigned i = 0; i < count; i++)
        if (list[i].fd == fd)
            return true;
    return false;
}

/* A descriptor may have been closed, which takes it out of the set, and opened again. */
static void register_fd(struct net_user *s, const struct pollfd *p)
{
    struct epoll_event ev = {.data.fd = p->fd};
    ev.events |= p->events & POLLIN ? EPOLLIN : 0;
    ev.events |= p->events & POLLOUT ? EPOLLOUT : 0;
    ev.events |= p->events & POLLPRI ? EPOLLPRI : 0;
    if (epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, p->fd, &ev) && errno == ENOENT)
        epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, p->fd, &ev);
}

/* After everything that may have changed what the library waits for. */
static void refresh(struct net_user *s)
{
    struct pollfd *list = s->previous;
    uint32_t timeout = UINT32_MAX;
    s->previous = s->polled;
    s->previous_count = s->polled_count;
    s->polled = list;
    s->polled_count = 0;
    s->lib.fill(s->slirp, &timeout, add_poll, s);
    for (unsigned i = 0; i < s->previous_count; i++)
        if (!polls(s->polled, s->polled_count, s->previous[i].fd))
            epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->previous[i].fd, NULL);
    for (unsigned i = 0; i < s->polled_count; i++)
        register_fd(s, &s->polled[i]);
    if (timeout == UINT32_MAX)
        timer_cancel(&s->timeout);
    else
        timer_set(&s->timeout, clock_now(&s->clock) + timeout * CLOCK_NS_PER_MS);
}

static void serve(struct net_user *s)
{
    int n = poll(s->polled, s->polled_count, 0);
    s->lib.poll(s->slirp, n < 0, get_events, s);
    refresh(s);
}

static void sockets_ready(void *opaque, uint32_t events)
{
    serve(opaque);
}

static void timed_out(void *opaque)
{
    serve(opaque);
}

/* ---- the library's callbacks ----------------------------------------------------------------- */

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
    struct net_user *s = opaque;
    net_deliver(s->net, buf, len);
    return (ssize_t)len;
}

static void guest_error(const char *msg, void *opaque)
{
    log_write(LOG_GUEST_ERRORS, "network: %s", msg);
}

static int64_t clock_get_ns(void *opaque)
{
    struct net_user *s = opaque;
    return clock_now(&s->clock);
}

static void timer_fired(void *opaque)
{
    struct user_timer *t = opaque;
    t->user->lib.handle_timer(t->user->slirp, t->id, t->opaque);
    refresh(t->user);
}

static void *timer_new(SlirpTimerId id, void *timer_opaque, void *opaque)
{
    struct net_user *s = opaque;
    struct user_timer *t = calloc(1, sizeof(*t));
    if (!t)
        abort();
    t->user = s;
    t->id = id;
    t->opaque = timer_opaque;
    timer_init(&t->timer, &s->timers, timer_fired, t);
    return t;
}

static void timer_free(void *timer, void *opaque)
{
    struct user_timer *t = timer;
    timer_cancel(&t->timer);
    free(t);
}

static void timer_modify(void *timer, int64_t ms, void *opaque)
{
    struct user_timer *t = timer;
    timer_set(&t->timer, ms * CLOCK_NS_PER_MS);
}

static void ignore_fd(int fd, void *opaque)
{
}

static void forget_fd(int fd, void *opaque)
{
    struct net_user *s = opaque;
    epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static void notify(void *opaque)
{
    struct net_user *s = opaque;
    timer_set(&s->timeout, clock_now(&s->clock));
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_free = timer_free,
    .timer_mod = timer_modify,
    .register_poll_fd = ignore_fd,
    .unregister_poll_fd = forget_fd,
    .notify = notify,
    .timer_new_opaque = timer_new,
};

/* ---- life ------------------------------------------------------------------------------------ */

static void user_send(void *opaque, const uint8_t *frame, size_t len)
{
    struct net_user *s = opaque;
    s->lib.input(s->slirp, frame, (int)len);
    refresh(s);
}

static void user_free(void *opaque)
{
    struct net_user *s = opaque;
    if (s->slirp)
        s->lib.cleanup(s->slirp);
    loop_watch_remove(s->watch);
    loop_detach_timers(s->loop, &s->timers);
    timer_queue_free(&s->timers);
    if (s->epoll_fd >= 0)
        close(s->epoll_fd);
    free(s->polled);
    free(s->previous);
    free(s);
}

static const struct net_backend ops = {user_send, user_free};

static struct in_addr within(struct in_addr network, struct in_addr given, uint32_t number)
{
    return given.s_addr ? given : (struct in_addr){htonl(ntohl(network.s_addr) + number)};
}

/* The addresses that are not given are those that QEMU's users know: gateway .2, DNS .3, guests
 * from .15. */
static bool fill_config(SlirpConfig *out, const struct net_user_config *c, struct error *e)
{
    struct in_addr net = c->network, mask = c->mask;
    if (!net.s_addr) {
        net.s_addr = htonl(0x0a000200);
        mask.s_addr = htonl(0xffffff00);
    }
    *out = (SlirpConfig){
        .version = CONFIG_VERSION,
        .restricted = c->restricted,
        .in_enabled = c->ipv4,
        .vnetwork = net,
        .vnetmask = mask,
        .vhost = within(net, c->host, 2),
        .vnameserver = within(net, c->dns, 3),
        .vdhcp_start = within(net, c->dhcp_start, 15),
        .in6_enabled = c->ipv6,
        .vprefix_len = 64,
        .vhostname = c->hostname,
        .tftp_server_name = c->tftp_server,
        .tftp_path = c->tftp,
        .bootfile = c->bootfile,
        .vdomainname = c->domainname,
        .vdnssearch = c->search_count ? (const char **)c->search : NULL,
    };
    inet_pton(AF_INET6, "fec0::", &out->vprefix_addr6);
    inet_pton(AF_INET6, "fec0::2", &out->vhost6);
    inet_pton(AF_INET6, "fec0::3", &out->vnameserver6);
    const struct {
        const char *name;
        struct in_addr at;
    } hosts[] = {{"host", out->vhost}, {"dns", out->vnameserver}, {"dhcpstart", out->vdhcp_start}};
    for (unsigned i = 0; i < ARRAY_SIZE(hosts); i++)
        if ((hosts[i].at.s_addr & mask.s_addr) != net.s_addr)
            return error_set(e, "user: %s= is not in the network (net=)", hosts[i].name);
    return out->vhost.s_addr != out->vnameserver.s_addr ||
           error_set(e, "user: host= and dns= are the same address");
}

static bool add_forwards(struct net_user *s, const struct net_user_config *c, struct in_addr guest,
                         struct error *e)
{
    for (unsigned i = 0; i < c->forward_count; i++) {
        const struct net_forward *f = &c->forward[i];
        if (s->lib.add_hostfwd(s->slirp, f->udp, f->host, f->host_port,
                               f->guest.s_addr ? f->guest : guest, f->guest_port) < 0)
            return error_set_errno(e, "user: hostfwd: cannot listen on %s port %u of %s",
                                   f->udp ? "UDP" : "TCP", f->host_port,
                                   f->host.s_addr == INADDR_ANY ? "the host" : inet_ntoa(f->host));
    }
    return true;
}

static bool open_network(struct net_user *s, const struct net_user_config *c, struct error *e)
{
    SlirpConfig config;
    if (!fill_config(&config, c, e) || !library_load(&s->lib, e))
        return false;
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll_fd < 0)
        return error_set_errno(e, "user: epoll_create1");
    s->watch = loop_watch_add(s->loop, s->epoll_fd, LOOP_READ, sockets_ready, s, e);
    if (!s->watch)
        return false;
    s->slirp = s->lib.new(&config, &callbacks, s);
    if (!s->slirp)
        return error_set(e, "user: libslirp refuses these addresses");
    if (!add_forwards(s, c, config.vdhcp_start, e))
        return false;
    refresh(s);
    return true;
}

struct net *net_user_new(struct loop *loop, const struct net_user_config *config, struct error *e)
{
    struct net_user *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->loop = loop;
    s->epoll_fd = -1;
    s->net = net_new(&ops, s);
    clock_init_host(&s->clock);
    timer_queue_init(&s->timers, &s->clock);
    loop_attach_timers(loop, &s->timers);
    timer_init(&s->timeout, &s->timers, timed_out, s);
    if (open_network(s, config, e))
        return s->net;
    net_free(s->net);
    return NULL;
}
