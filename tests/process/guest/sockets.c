/* Sockets: streams, datagrams, ancillary data, options, netlink, requests about interfaces. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long r)
{
    printf("%s %ld%s%s\n", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
}

static void stream(int domain, const char *name)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } addr = {.any.sa_family = domain}, peer;
    socklen_t len = domain == AF_INET ? sizeof(addr.in) : sizeof(addr.in6), peer_len = sizeof(peer);
    char buf[64] = "";
    if (domain == AF_INET)
        addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        addr.in6.sin6_addr = in6addr_loopback;
    int s = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    show(name, setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
    if (bind(s, &addr.any, len) != 0)
        return;
    listen(s, 5);
    getsockname(s, &addr.any, &len);
    printf("address of %d, port %d\n", (int)len,
           ntohs(domain == AF_INET ? addr.in.sin_port : addr.in6.sin6_port) > 0);
    fflush(stdout);
    if (fork() == 0) {
        int c = socket(domain, SOCK_STREAM, 0);
        connect(c, &addr.any, len);
        setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        send(c, "from the client", 15, 0);
        shutdown(c, SHUT_WR);
        int n = recv(c, buf, sizeof(buf), MSG_WAITALL);
        _exit(n == 5 && !memcmp(buf, "reply", 5) ? 3 : 4);
    }
    int c = accept4(s, &peer.any, &peer_len, SOCK_NONBLOCK), status;
    printf("accepted %d, peer of %d, family %d, nonblocking %d\n", c >= 0, (int)peer_len,
           peer.any.sa_family == domain, (fcntl(c, F_GETFL) & O_NONBLOCK) != 0);
    poll(&(struct pollfd){c, POLLIN, 0}, 1, 5000);
    show("peek", recv(c, buf, 4, MSG_PEEK));
    show("truncated", recv(c, buf, sizeof(buf), 0));
    printf("%.15s\n", buf);
    show("reply", send(c, "reply", 5, MSG_NOSIGNAL));
    close(c);
    wait(&status);
    printf("client %d\n", WEXITSTATUS(status));
    close(s);
}

static void options(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), value, size = 5000;
    struct timeval tv = {1, 500000};
    struct linger linger = {1, 7};
    char name[16] = "";
    socklen_t len = sizeof(tv);
    show("timeout", setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    tv = (struct timeval){9, 9};
    show("timeout again", getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
    printf("%ld.%06ld of %d\n", (long)tv.tv_sec, (long)tv.tv_usec, len == sizeof(tv));
    setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    memset(&linger, 0, sizeof(linger));
    len = sizeof(linger);
    getsockopt(s, SOL_SOCKET, SO_LINGER, &linger, &len);
    printf("linger %d %d\n", linger.l_onoff, linger.l_linger);
    setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    len = sizeof(value);
    getsockopt(s, SOL_SOCKET, SO_SNDBUF, &value, &len);
    printf("buffer %d\n", value);
    for (int option = SO_TYPE; option <= SO_ERROR; option++) {
        getsockopt(s, SOL_SOCKET, option, &value, &len);
        printf("option %d: %d\n", option, value);
    }
    len = sizeof(name);
    getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len);
    printf("congestion %d\n", name[0] != 0);
    show("bad level", getsockopt(s, 12345, 1, &value, &len));
    show("bad pointer", getsockopt(s, SOL_SOCKET, SO_TYPE, (void *)16, &len));
    close(s);
}

static void ancillary(void)
{
    int s[2], one = 1, fds[2] = {0, 1};
    char text[16] = "", control[256];
    struct iovec out = {"with descriptors", 16}, in = {text, sizeof(text)};
    struct msghdr m = {.msg_iov = &out,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = CMSG_SPACE(sizeof(fds))};
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_len = CMSG_LEN(sizeof(fds));
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(c), fds, sizeof(fds));
    show("sendmsg", sendmsg(s[0], &m, 0));
    m = (struct msghdr){
        .msg_iov = &in, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    show("recvmsg", recvmsg(s[1], &m, MSG_CMSG_CLOEXEC));
    for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        int n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        printf("control %d %d, %d ints", c->cmsg_level, c->cmsg_type, n);
        if (c->cmsg_type == SCM_CREDENTIALS) {
            struct ucred *u = (void *)CMSG_DATA(c);
            printf(", mine %d\n", u->pid == getpid() && u->uid == getuid() && u->gid == getgid());
        } else {
            memcpy(fds, CMSG_DATA(c), sizeof(fds));
            printf(", usable %d, cloexec %d\n", fcntl(fds[1], F_GETFL) >= 0,
                   fcntl(fds[0], F_GETFD));
        }
    }
    /* room for less than there is */
    m = (struct msghdr){.msg_iov = &out, .msg_iovlen = 1};
    sendmsg(s[0], &m, 0);
    m = (struct msghdr){
        .msg_iov = &in, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_LEN(4)};
    show("recvmsg", recvmsg(s[1], &m, 0));
    printf("cut %d\n", (m.msg_flags & MSG_CTRUNC) != 0);
    struct ucred cred;
    socklen_t len = sizeof(cred);
    show("peercred", getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
    printf("peer %d\n", cred.pid == getpid());
}

static void datagrams(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
    socklen_t len = sizeof(a);
    char bufs[3][8] = {"", "", ""}, control[128];
    int s = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
    struct iovec v[3] = {{bufs[0], 8}, {bufs[1], 8}, {bufs[2], 8}};
    struct mmsghdr m[3] = {{{.msg_iov = &v[0], .msg_iovlen = 1}},
                           {{.msg_iov = &v[1], .msg_iovlen = 1}},
                           {{.msg_iov = &v[2], .msg_iovlen = 1}}};
    bind(s, (void *)&a, sizeof(a));
    getsockname(s, (void *)&a, &len);
    setsockopt(s, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
    setsockopt(s, SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one));
    strcpy(bufs[0], "one"), strcpy(bufs[1], "second"), strcpy(bufs[2], "3");
    for (int i = 0; i < 3; i++) {
        m[i].msg_hdr.msg_name = &a;
        m[i].msg_hdr.msg_namelen = sizeof(a);
        v[i].iov_len = strlen(bufs[i]);
    }
    show("sendmmsg", sendmmsg(s, m, 3, 0));
    printf("lengths %u %u %u\n", m[0].msg_len, m[1].msg_len, m[2].msg_len);
    memset(bufs, 0, sizeof(bufs));
    for (int i = 0; i < 3; i++) {
        m[i].msg_hdr.msg_name = &from;
        v[i].iov_len = 8;
        m[i].msg_hdr.msg_control = i ? NULL : control;
        m[i].msg_hdr.msg_controllen = i ? 0 : sizeof(control);
    }
    show("recvmmsg", recvmmsg(s, m, 3, 0, NULL));
    printf("%s %s %s from %d\n", bufs[0], bufs[1], bufs[2], from.sin_port == a.sin_port);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m[0].msg_hdr); c; c = CMSG_NXTHDR(&m[0].msg_hdr, c)) {
        struct timeval tv;
        struct in_pktinfo info;
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMP &&
            c->cmsg_len == CMSG_LEN(sizeof(tv))) {
            memcpy(&tv, CMSG_DATA(c), sizeof(tv));
            printf("time %d\n", tv.tv_sec > 1500000000 && tv.tv_usec >= 0 && tv.tv_usec < 1000000);
        } else if (c->cmsg_level == IPPROTO_IP) {
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            printf("to %s\n", inet_ntoa(info.ipi_addr));
        }
    }
    show("nothing", recvfrom(s, bufs[0], 8, MSG_DONTWAIT, NULL, NULL));
    sendto(s, "longer than that", 16, 0, (void *)&a, sizeof(a));
    len = sizeof(from);
    show("trunc", recvfrom(s, bufs[0], 8, MSG_TRUNC, (void *)&from, &len));
    show("nowhere", sendto(s, "x", 1, 0, (void *)&a, 4));
}

static void local(void)
{
    struct sockaddr_un a = {AF_UNIX, ""}, got;
    socklen_t len = sizeof(got);
    memcpy(a.sun_path, "\0armemu test", 12);
    int s = socket(AF_UNIX, SOCK_SEQPACKET, 0), t = socket(AF_UNIX, SOCK_SEQPACKET, 0), n;
    snprintf(a.sun_path + 1, 40, "armemu test %d", getpid());
    size_t size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(a.sun_path + 1);
    show("bind", bind(s, (void *)&a, size));
    listen(s, 1);
    show("connect", connect(t, (void *)&a, size));
    getpeername(t, (void *)&got, &len);
    printf("peer %d\n", len == size && !memcmp(&got, &a, size));
    int c = accept(s, NULL, NULL);
    send(t, "abc", 3, 0), send(t, "de", 2, 0);
    show("queued", ioctl(c, FIONREAD, &n));
    printf("%d\n", n);
    char buf[8];
    show("first", recv(c, buf, 8, 0));
    show("second", recv(c, buf, 8, 0));
    show("refused", connect(socket(AF_UNIX, SOCK_STREAM, 0),
                            (void *)&(struct sockaddr_un){AF_UNIX, "/nonexistent"}, 15));
}

static void links(void)
{
    struct {
        struct nlmsghdr head;
        struct rtgenmsg gen;
    } request = {{sizeof(request), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 7, 0}, {AF_UNSPEC}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    char buf[32768];
    int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), lo = 0, done = 0;
    show("netlink", sendto(s, &request, sizeof(request), 0, (void *)&kernel, sizeof(kernel)) > 0);
    while (!done) {
        int n = recv(s, buf, sizeof(buf), 0);
        for (struct nlmsghdr *h = (void *)buf; n > 0 && NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
            done |= h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;
            struct ifinfomsg *info = NLMSG_DATA(h);
            int left = IFLA_PAYLOAD(h);
            for (struct rtattr *a = IFLA_RTA(info); h->nlmsg_type == RTM_NEWLINK && RTA_OK(a, left);
                 a = RTA_NEXT(a, left))
                lo += a->rta_type == IFLA_IFNAME && !strcmp(RTA_DATA(a), "lo") && h->nlmsg_seq == 7;
        }
        done |= n <= 0;
    }
    printf("lo %d\n", lo);
    struct ifreq req = {.ifr_name = "lo"};
    int u = socket(AF_INET, SOCK_DGRAM, 0);
    show("flags", ioctl(u, SIOCGIFFLAGS, &req));
    printf("loopback %d\n", (req.ifr_flags & IFF_LOOPBACK) != 0);
    show("index", ioctl(u, SIOCGIFINDEX, &req));
    printf("named %d\n", req.ifr_ifindex == (int)if_nametoindex("lo"));
    struct ifreq all[16];
    struct ifconf conf = {.ifc_len = sizeof(all), .ifc_req = all};
    show("ifconf", ioctl(u, SIOCGIFCONF, &conf));
    int found = 0;
    for (int i = 0; i < conf.ifc_len / (int)sizeof(*all); i++)
        found += !strcmp(all[i].ifr_name, "lo");
    printf("found %d of whole entries %d\n", found, conf.ifc_len % sizeof(*all) == 0);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    stream(AF_INET, "inet");
    options();
    ancillary();
    datagrams();
    local();
    links();
    return 0;
}
