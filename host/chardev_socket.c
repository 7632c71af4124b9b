/* The socket kind: Unix and TCP, server and client, one peer at a time. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/chardev_internal.h"

struct socket_state {
    struct chardev_stream stream; /* in_fd == out_fd: the peer, -1 without one */
    int listen_fd;                /* -1 for a client */
    struct loop_watch *listener;
    char *unlink_path; /* Unix server: removed at the end */
    bool tcp, nodelay;
    bool refuse;       /* server: close further peers at once */
};

/* The length of the address; 0: it is too long. */
static socklen_t unix_address(const char *path, bool abstract, struct sockaddr_un *address,
                              struct error *e)
{
    size_t len = strlen(path);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len + 1 + abstract > sizeof(address->sun_path)) {
        error_set(e, "socket path '%s' is longer than %zu bytes", path,
                  sizeof(address->sun_path) - 1);
        return 0;
    }
    strcpy(address->sun_path + abstract, path);
    return (socklen_t)(abstract ? offsetof(struct sockaddr_un, sun_path) + 1 + len
                                : sizeof(*address));
}

/* Is it a socket's path that nobody has any more? Another kind of socket is refused by one that is
 * there, in a way of its own, and without its owner noticing. */
static bool is_left_behind(const struct sockaddr_un *address, socklen_t size)
{
    struct stat info;
    if (lstat(address->sun_path, &info) || !S_ISSOCK(info.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool left = fd >= 0 && connect(fd, (const struct sockaddr *)address, size) &&
                errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return left;
}

static int unix_socket(struct socket_state *st, const char *path, bool abstract, bool server,
                       struct error *e)
{
    struct sockaddr_un address;
    socklen_t size = unix_address(path, abstract, &address, e);
    if (!size)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* A socket that an earlier run left behind would make bind fail; other files stay, and so does
     * what another program listens on. */
    if (server && !abstract && is_left_behind(&address, size))
        unlink(path);
    int rc = fd < 0 ? -1
             : server ? bind(fd, (struct sockaddr *)&address, size)
                      : connect(fd, (struct sockaddr *)&address, size);
    if (rc == 0 && server) {
        st->unlink_path = abstract ? NULL : strdup(path);
        rc = listen(fd, 1);
    }
    if (rc != 0) {
        error_set_errno(e, "cannot %s '%s'", server ? "listen on" : "connect to", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static int tcp_try(const struct addrinfo *a, bool server)
{
    int one = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0)
        return -1;
    if (server)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    int rc = server ? bind(fd, a->ai_addr, a->ai_addrlen) : connect(fd, a->ai_addr, a->ai_addrlen);
    if (rc == 0 && server)
        rc = listen(fd, 1);
    if (rc == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int tcp_socket(const char *host, const char *port, bool server, struct error *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = server ? AI_PASSIVE : 0};
    struct addrinfo *list;
    int rc = getaddrinfo(host && *host ? host : NULL, port, &hints, &list);
    if (rc != 0) {
        error_set(e, "cannot resolve '%s:%s': %s", host ? host : "", port, gai_strerror(rc));
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = tcp_try(a, server);
    if (fd < 0)
        error_set_errno(e, "cannot %s %s:%s", server ? "listen on" : "connect to",
                        host ? host : "", port);
    freeaddrinfo(list);
    return fd;
}

/* "tcp:HOST:PORT" with the numbers that the kernel uses: port 0 has become a real one. */
static void describe_tcp(struct chardev *cd, int fd, bool server)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char host[NI_MAXHOST], port[NI_MAXSERV];
    int rc = server ? getsockname(fd, (struct sockaddr *)&address, &len)
                    : getpeername(fd, (struct sockaddr *)&address, &len);
    if (rc != 0 || getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port,
                               sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    bool v6 = strchr(host, ':') != NULL;
    chardev_describe(cd, "tcp:%s%s%s:%s%s", v6 ? "[" : "", host, v6 ? "]" : "", port,
                     server ? ",server=on" : "");
}

static void on_peer_waiting(void *opaque, uint32_t events);

static bool watch_listener(struct chardev *cd, struct error *e)
{
    struct socket_state *st = cd->state;
    st->listener =
        loop_watch_add(cd->set->loop, st->listen_fd, LOOP_READ, on_peer_waiting, cd, e);
    return st->listener != NULL;
}

static void drop_peer(struct socket_state *st, int linger_ms)
{
    if (st->stream.in_fd < 0)
        return;
    chardev_stream_stop(&st->stream, linger_ms);
    close(st->stream.in_fd);
    st->stream.in_fd = st->stream.out_fd = -1;
}

/* The stream's end: tell the front end; a server waits for the next peer. */
static void on_peer_gone(struct chardev *cd)
{
    struct socket_state *st = cd->state;
    drop_peer(st, 0);
    chardev_send_event(cd, CHARDEV_CLOSED);
    if (st->listener)
        loop_watch_modify(st->listener, LOOP_READ);
}

static bool use_peer(struct chardev *cd, int fd, struct error *e)
{
    struct socket_state *st = cd->state;
    int on = st->nodelay;
    if (st->tcp)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    st->stream.in_fd = st->stream.out_fd = fd;
    st->stream.warned = false;
    if (!chardev_stream_start(&st->stream, e)) {
        close(fd);
        st->stream.in_fd = st->stream.out_fd = -1;
        return false;
    }
    if (st->listener && !st->refuse)
        loop_watch_modify(st->listener, 0); /* further peers wait in the kernel's queue */
    chardev_send_event(cd, CHARDEV_OPENED);
    return true;
}

/* Has the peer gone, without the loop having come to that yet? */
static bool peer_left(const struct socket_state *st)
{
    struct pollfd p = {.fd = st->stream.in_fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void on_peer_waiting(void *opaque, uint32_t events)
{
    struct chardev *cd = opaque;
    struct socket_state *st = cd->state;
    struct error e;
    int fd = accept4(st->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 && st->stream.in_fd >= 0 && peer_left(st))
        on_peer_gone(cd);
    if (fd >= 0 && st->stream.in_fd >= 0) {
        fprintf(stderr, "armemu: warning: %s: there is a peer already, another one is refused\n",
                cd->id);
        close(fd);
    } else if (fd >= 0 && !use_peer(cd, fd, &e))
        fprintf(stderr, "armemu: warning: %s: %s\n", cd->id, e.text);
}

int chardev_socket_exchange(struct chardev *cd, int fd)
{
    struct socket_state *st = cd->state;
    struct error e;
    if (cd->kind != &chardev_kind_socket || st->stream.in_fd < 0)
        return -1;
    int old = st->stream.in_fd;
    chardev_stream_stop(&st->stream, CHARDEV_LINGER_MS);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    st->stream.in_fd = st->stream.out_fd = fd;
    if (chardev_stream_start(&st->stream, &e))
        return old;
    st->stream.in_fd = st->stream.out_fd = old;
    if (!chardev_stream_start(&st->stream, &e))
        on_peer_gone(cd);
    return -1;
}

int chardev_socket_release(struct chardev *cd)
{
    struct socket_state *st = cd->state;
    if (cd->kind != &chardev_kind_socket || st->listen_fd < 0)
        return -1;
    int fd = st->listen_fd;
    loop_watch_remove(st->listener);
    st->listener = NULL;
    st->listen_fd = -1;
    free(st->unlink_path);
    st->unlink_path = NULL;
    return fd;
}

bool chardev_socket_listen(struct chardev *cd, int fd, struct error *e)
{
    struct socket_state *st = cd->state;
    struct sockaddr_un address = {.sun_family = AF_UNSPEC};
    socklen_t size = sizeof(address) - 1;
    if (getsockname(fd, (struct sockaddr *)&address, &size))
        return error_set_errno(e, "descriptor %d", fd);
    st->tcp = address.sun_family != AF_UNIX;
    if (!st->tcp && address.sun_path[0])
        st->unlink_path = strdup(address.sun_path);
    st->listen_fd = fd;
    st->refuse = true;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return watch_listener(cd, e);
}

static void socket_close(struct chardev *cd)
{
    struct socket_state *st = cd->state;
    drop_peer(st, CHARDEV_LINGER_MS);
    loop_watch_remove(st->listener);
    if (st->listen_fd >= 0)
        close(st->listen_fd);
    if (st->unlink_path)
        unlink(st->unlink_path);
    free(st->unlink_path);
    free(st);
}

/* wait=on: the machine does not start before the first peer is there. */
static bool wait_for_peer(struct chardev *cd, struct error *e)
{
    struct socket_state *st = cd->state;
    fprintf(stderr, "armemu: %s: waiting for a connection on %s\n", cd->id, cd->description);
    for (;;) {
        int fd = accept4(st->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            return use_peer(cd, fd, e);
        if (errno != EINTR && errno != ECONNABORTED)
            return error_set_errno(e, "cannot accept a connection");
    }
}

/* A descriptor that is connected already, duplicated. */
static int inherited_socket(struct chardev *cd, const char *number, bool server, struct error *e)
{
    struct stat info;
    char *end;
    long fd = strtol(number, &end, 10);
    if (server || *end || end == number || fd < 0 || fd > INT32_MAX || fstat((int)fd, &info) ||
        !S_ISSOCK(info.st_mode)) {
        error_set(e,
                  server ? "option 'fd' is for clients" : "'%s' is not the descriptor of a socket",
                  number);
        return -1;
    }
    chardev_describe(cd, "fd:%ld", fd);
    int copy = fcntl((int)fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        error_set_errno(e, "descriptor %ld", fd);
    return copy;
}

static int open_address(struct chardev *cd, const struct chardev_options *o, bool server,
                        struct error *e)
{
    struct socket_state *st = cd->state;
    const char *path = chardev_option(o, "path"), *port = chardev_option(o, "port"),
               *number = chardev_option(o, "fd");
    if (!path + !port + !number != 2) {
        error_set(e, "a socket needs either path=... or host=...,port=... or fd=...");
        return -1;
    }
    if (number)
        return inherited_socket(cd, number, server, e);
    if (path) {
        chardev_describe(cd, "unix:%s%s", path, server ? ",server=on" : "");
        return unix_socket(st, path, chardev_option_bool(o, "abstract", false), server, e);
    }
    st->tcp = true;
    int fd = tcp_socket(chardev_option(o, "host"), port, server, e);
    if (fd >= 0)
        describe_tcp(cd, fd, server);
    return fd;
}

static bool socket_start(struct chardev *cd, const struct chardev_options *o, struct error *e)
{
    struct socket_state *st = cd->state;
    bool server = chardev_option_bool(o, "server", false);
    if (!server && chardev_option(o, "wait"))
        return error_set(e, "option 'wait' needs server=on");
    int fd = open_address(cd, o, server, e);
    if (fd < 0)
        return false;
    if (!server)
        return use_peer(cd, fd, e);
    st->listen_fd = fd;
    if (chardev_option_bool(o, "wait", true) && !wait_for_peer(cd, e))
        return false;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (!watch_listener(cd, e))
        return false;
    if (cd->connected && !st->refuse)
        loop_watch_modify(st->listener, 0);
    return true;
}

static bool socket_open(struct chardev *cd, const struct chardev_options *o, struct error *e)
{
    struct socket_state *st = calloc(1, sizeof(*st));
    if (!st)
        abort();
    st->stream = (struct chardev_stream){
        .cd = cd, .in_fd = -1, .out_fd = -1, .socket = true, .ended = on_peer_gone};
    st->listen_fd = -1;
    st->refuse = chardev_option_bool(o, "refuse", false);
    st->nodelay = chardev_option_bool(o, "nodelay", true);
    cd->state = st;
    if (socket_start(cd, o, e))
        return true;
    socket_close(cd);
    return false;
}

static size_t socket_write(struct chardev *cd, const uint8_t *buf, size_t len)
{
    struct socket_state *st = cd->state;
    return st->stream.in_fd >= 0 ? chardev_stream_write(&st->stream, buf, len) : 0;
}

static void socket_accept_input(struct chardev *cd)
{
    struct socket_state *st = cd->state;
    chardev_stream_accept_input(&st->stream);
}

static struct chardev_stream *socket_stream(struct chardev *cd)
{
    return &((struct socket_state *)cd->state)->stream;
}

static const struct chardev_option_spec socket_options[] = {
    {"path", CHARDEV_STRING, "path of a Unix socket"},
    {"abstract", CHARDEV_BOOL, "the path is a name in Linux's abstract namespace (default: off)"},
    {"host", CHARDEV_STRING, "TCP: name or address"},
    {"port", CHARDEV_STRING, "TCP: port; 0 as a server: any free one"},
    {"fd", CHARDEV_STRING, "number of an open descriptor, of a socket that is connected"},
    {"server", CHARDEV_BOOL, "listen (default: connect)"},
    {"wait", CHARDEV_BOOL, "server: start only when a peer has connected (default: on)"},
    {"refuse", CHARDEV_BOOL, "server: refuse further peers (default: off, they wait)"},
    {"nodelay", CHARDEV_BOOL, "TCP: send small packets at once (default: on)"},
    {0},
};

const struct chardev_kind chardev_kind_socket = {
    .name = "socket",
    .help = "a Unix or TCP socket",
    .options = socket_options,
    .open = socket_open,
    .close = socket_close,
    .write = socket_write,
    .accept_input = socket_accept_input,
    .stream = socket_stream,
};
