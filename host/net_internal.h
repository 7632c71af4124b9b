/* What the files of the network back ends share. */
#ifndef ARMEMU_HOST_NET_INTERNAL_H
#define ARMEMU_HOST_NET_INTERNAL_H

#include <netinet/in.h>

#include "host/net.h"

enum { NET_FORWARDS_MAX = 32, NET_SEARCH_MAX = 8 };

/* A port of the host that leads to one of the guest. */
struct net_forward {
    bool udp;
    struct in_addr host, guest; /* guest 0: the first address that DHCP gives */
    uint16_t host_port, guest_port;
};

/* The options of "user". Strings are borrowed. */
struct net_user_config {
    bool restricted, ipv4, ipv6;
    struct in_addr network, mask, host, dhcp_start, dns; /* 0: not given */
    const char *hostname, *domainname, *tftp, *tftp_server, *bootfile; /* NULL: not given */
    const char *search[NET_SEARCH_MAX + 1]; /* ended by NULL */
    unsigned search_count;
    struct net_forward forward[NET_FORWARDS_MAX];
    unsigned forward_count;
};

/** A network of its own behind the host's sockets (libslirp). */
struct net *net_user_new(struct loop *loop, const struct net_user_config *config, struct error *e);

#endif
