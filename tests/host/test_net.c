/* Networks: the frames that wait, the spellings of -netdev, and libslirp's answers. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/net.h"
#include "tests/host/support.h"
#include "util/bits.h"

struct front {
    unsigned room, count;
    uint8_t last[NET_FRAME_MAX];
    size_t len;
    bool arp;
};

static bool can_receive(void *opaque)
{
    return ((struct front *)opaque)->room > 0;
}

static void receive(void *opaque, const uint8_t *frame, size_t len)
{
    struct front *f = opaque;
    f->room--;
    f->count++;
    memcpy(f->last, frame, len);
    f->len = len;
    f->arp = f->arp || (frame[12] == 8 && frame[13] == 6 && frame[21] == 2);
}

static const struct net_frontend front_ops = {can_receive, receive};

static void drop(void *opaque, const uint8_t *frame, size_t len)
{
    ++*(unsigned *)opaque;
}

static const struct net_backend counter = {drop, NULL};

Test(host_net, frames_wait_for_room)
{
    unsigned sent = 0;
    struct front f = {.room = 1};
    struct net *net = net_new(&counter, &sent);
    uint8_t frame[NET_FRAME_MAX + 1] = {0};
    net_deliver(net, frame, 60); /* nobody there */
    net_attach(net, &front_ops, &f);
    for (unsigned i = 0; i < 2 * NET_QUEUE_MAX; i++) {
        frame[0] = (uint8_t)i;
        net_deliver(net, frame, 60 + i);
    }
    cr_assert(f.count == 1 && f.last[0] == 0 && f.len == 60);
    f.room = 2;
    net_accept_input(net);
    cr_assert(f.count == 3 && f.last[0] == 2 && f.len == 62);
    f.room = 1000;
    net_accept_input(net);
    /* one was through before the others waited; the rest is lost */
    cr_assert_eq(f.count, NET_QUEUE_MAX);
    net_deliver(net, frame, NET_FRAME_MAX + 1);
    cr_assert_eq(f.count, NET_QUEUE_MAX);
    net_send(net, frame, NET_FRAME_MAX);
    net_send(net, frame, NET_FRAME_MAX + 1);
    cr_assert_eq(sent, 1);
    net_free(net);
}

Test(host_net, mac)
{
    uint64_t mac = 0;
    cr_assert(net_parse_mac("52:54:00:12:34:5A", &mac) && mac == 0x52540012345a);
    cr_assert(net_parse_mac("0-1-2-3-4-5", &mac) && mac == 0x102030405);
    static const char *const bad[] = {"",
                                      "1",
                                      "1:2:3:4:5",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:g",
                                      "1:2:3:4:5:100",
                                      "01:00:5e:00:00:01",
                                      "1: 2:3:4:5:6",
                                      "-1:2:3:4:5:6",
                                      "1:2:3:4:5:6 "};
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        cr_expect(!net_parse_mac(bad[i], &mac), "%s", bad[i]);
}

Test(host_net, spellings)
{
    static const struct {
        const char *spec, *error; /* NULL: it is fine */
    } cases[] = {
        {"user,id=a", NULL},
        {"user,id=a,", NULL},
        {"type=user,id=a,net=192.168.7.0/24,host=192.168.7.9,dns=192.168.7.8,"
         "dhcpstart=192.168.7.40", NULL},
        {"user,id=a,net=192.168.0.0/255.255.0.0,restrict=on,ipv6=off,hostname=x,,y", NULL},
        {"user", "id=ID is missing"},
        {"tap,id=a", "'tap' is not supported"},
        {"id=a,user", "'id=' is not a kind"},
        {"user,,id=a", "'user,id=' is not a kind"},
        {"user,id=a,hostfw=x", "did you mean 'hostfwd'"},
        {"user,id=a,guestfwd=x", "unknown option 'guestfwd'"},
        {"user,id=a,restrict=maybe", "on or off, not 'maybe'"},
        {"user,id=a,restrict", "restrict needs a value"},
        {"user,id=a,host=1.2.3", "host=1.2.3 is not an IPv4 address"},
        {"user,id=a,host=1.2.3.4", "host= is not in the network"},
        {"user,id=a,host=10.0.2.3", "same address"},
        {"user,id=a,net=10.0.2.0/33", "not a number of bits"},
        {"user,id=a,ipv4=off,ipv6=off", "leave nothing"},
        {"user,id=a,hostfwd=tcp::22", "hostfwd=tcp::22 is not"},
        {"user,id=a,hostfwd=sctp::2222-:22", "is not"},
        {"user,id=a,hostfwd=tcp::2222-:0", "is not"},
        {"user,id=a,hostfwd=tcp:x:2222-:22", "is not"},
        {"user,id=a,hostfwd=tcp:192.0.2.1:2222-:22", "cannot listen on TCP port 2222 of 192.0.2.1"},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error e = {0};
        struct loop *loop = loop_new(NULL, &e);
        struct net_set *set = net_set_new(loop);
        struct net *net = net_add(set, cases[i].spec, "-netdev", true, &e);
        cr_expect_eq(net == NULL, cases[i].error != NULL, "%s: %s", cases[i].spec, e.text);
        cr_expect(!cases[i].error || strstr(e.text, cases[i].error), "%s: %s", cases[i].spec,
                  e.text);
        cr_expect(!net || net_claim(set, "a", &e) == net);
        cr_expect(!net_claim(set, "a", &e)); /* not there, or in use */
        net_set_free(set);
        loop_free(loop);
    }
}

static bool got_arp(void *opaque)
{
    return ((struct front *)opaque)->arp;
}

Test(host_net, the_gateway_answers)
{
    struct error e = {0};
    struct front f = {.room = 1000};
    struct loop *loop = loop_new(NULL, &e);
    struct net_set *set = net_set_new(loop);
    struct net *net = net_add(set, "user,id=a,hostfwd=tcp:127.0.0.1:0-:7", "-netdev", true, &e);
    cr_assert_null(net); /* port 0 */
    net = net_add(set, "user,id=a", "-netdev", true, &e);
    cr_assert(net, "%s", e.text);
    net_attach(net, &front_ops, &f);
    uint8_t ask[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,  1, 8, 6,
                       0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,  0, 0, 1,
                       10,   0,    2,    15,   0,    0,    0, 0, 0, 0, 10, 0, 2, 2};
    net_send(net, ask, sizeof(ask));
    cr_assert(run_until(loop, got_arp, &f));
    cr_assert(sleeps(loop, 50)); /* nothing to do: no polling */
    net_attach(net, NULL, NULL);
    net_set_free(set);
    loop_free(loop);
}

/* ---- a guest that echoes what comes by TCP ---- */

struct guest {
    struct net *net;
    uint32_t next; /* sequence number of what it sends */
    bool closed;
};

static void put(uint8_t *at, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static uint32_t get(const uint8_t *at, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static uint32_t sum(const uint8_t *data, size_t len, uint32_t start)
{
    for (size_t i = 0; i < len; i++)
        start += i & 1 ? data[i] : (uint32_t)data[i] << 8;
    return start;
}

static uint32_t fold(uint32_t value)
{
    while (value >> 16)
        value = (value & 0xffff) + (value >> 16);
    return ~value & 0xffff;
}

static const uint8_t guest_mac[6] = {2, 0, 0, 0, 0, 1};

static void answer_arp(struct guest *g, const uint8_t *frame)
{
    uint8_t out[60] = {0};
    memcpy(out, frame + 6, 6);
    memcpy(out + 6, guest_mac, 6);
    memcpy(out + 12, frame + 12, 8);
    put(out + 20, 2, 2);
    memcpy(out + 22, guest_mac, 6);
    memcpy(out + 28, frame + 38, 4);
    memcpy(out + 32, frame + 22, 10);
    net_send(g->net, out, sizeof(out));
}

/* @flags with @len bytes of data, to the peer that sent @frame, all of which up to @ack has
 * come. */
static void answer_tcp(struct guest *g, const uint8_t *frame, uint32_t ack, uint8_t flags,
                       const uint8_t *data, size_t len)
{
    uint8_t out[NET_FRAME_MAX] = {0}, *tcp = out + 34;
    memcpy(out, frame + 6, 6);
    memcpy(out + 6, guest_mac, 6);
    put(out + 12, 0x800, 2);
    out[14] = 0x45;
    put(out + 16, (uint32_t)(40 + len), 2);
    out[22] = 64;
    out[23] = 6;
    memcpy(out + 26, frame + 30, 4);
    memcpy(out + 30, frame + 26, 4);
    put(out + 24, fold(sum(out + 14, 20, 0)), 2);
    memcpy(tcp, frame + 36, 2);
    memcpy(tcp + 2, frame + 34, 2);
    put(tcp + 4, g->next, 4);
    put(tcp + 8, ack, 4);
    tcp[12] = 0x50;
    tcp[13] = flags;
    put(tcp + 14, 8192, 2);
    memcpy(tcp + 20, data, len);
    put(tcp + 16, fold(sum(tcp, 20 + len, sum(out + 26, 8, (uint32_t)(6 + 20 + len)))), 2);
    g->next += (uint32_t)len + (flags & 3 ? 1 : 0);
    net_send(g->net, out, 54 + len);
}

static void guest_receive(void *opaque, const uint8_t *frame, size_t len)
{
    struct guest *g = opaque;
    if (get(frame + 12, 2) == 0x806 && frame[21] == 1)
        answer_arp(g, frame);
    if (get(frame + 12, 2) != 0x800 || frame[23] != 6)
        return;
    const uint8_t *tcp = frame + 34;
    size_t header = 4u * (tcp[12] >> 4), size = get(frame + 16, 2) - 20 - header;
    uint32_t seq = get(tcp + 4, 4) + (uint32_t)size;
    if (tcp[13] & 2) /* SYN */
        answer_tcp(g, frame, seq + 1, 0x12, tcp, 0);
    else if (size)
        answer_tcp(g, frame, seq, 0x18, tcp + header, size);
    g->closed = g->closed || tcp[13] & 1;
}

static const struct net_frontend guest_ops = {NULL, guest_receive};

static bool guest_closed(void *opaque)
{
    return ((struct guest *)opaque)->closed;
}

/* A port that nobody has just now, with a set that forwards it. */
static struct net *forward(struct net_set *set, struct sockaddr_in *to)
{
    char spec[80];
    socklen_t len = sizeof(*to);
    struct error e = {0};
    *to = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(!bind(fd, (struct sockaddr *)to, len) &&
              !getsockname(fd, (struct sockaddr *)to, &len));
    close(fd);
    snprintf(spec, sizeof(spec), "user,hostfwd=tcp:127.0.0.1:%u-:7", ntohs(to->sin_port));
    struct net *net = net_add(set, spec, "-nic", false, &e);
    cr_assert(net, "%s", e.text);
    return net;
}

Test(host_net, a_port_leads_to_the_guest)
{
    static const char text[] = "there and back";
    struct error e = {0};
    struct sockaddr_in to;
    char back[sizeof(text)];
    struct loop *loop = loop_new(NULL, &e);
    struct net_set *set = net_set_new(loop);
    struct guest g = {.net = forward(set, &to), .next = 0x12345678};
    net_attach(g.net, &guest_ops, &g);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(!connect(fd, (struct sockaddr *)&to, sizeof(to)));
    cr_assert_eq(write(fd, text, sizeof(text)), sizeof(text));
    cr_assert_eq(run_reading(loop, fd, back, sizeof(back)), sizeof(text));
    cr_assert_str_eq(back, text);
    shutdown(fd, SHUT_WR);
    cr_assert(run_until(loop, guest_closed, &g));
    close(fd);
    net_attach(g.net, NULL, NULL);
    net_set_free(set);
    loop_free(loop);
}
