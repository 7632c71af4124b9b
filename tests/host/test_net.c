/* Networks: the frames that wait, the spellings of -netdev, and libslirp's answers. */
#include <criterion/criterion.h>
#include <string.h>

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
    cr_assert_eq(f.count, NET_QUEUE_MAX); /* one was through before the others waited; the rest is lost */
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
    static const char *const bad[] = {"", "1", "1:2:3:4:5", "1:2:3:4:5:6:7", "1:2:3:4:5:g", "1:2:3:4:5:100",
                                      "01:00:5e:00:00:01", "1: 2:3:4:5:6", "-1:2:3:4:5:6", "1:2:3:4:5:6 "};
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
        {"type=user,id=a,net=192.168.7.0/24,host=192.168.7.9,dns=192.168.7.8,dhcpstart=192.168.7.40", NULL},
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
        cr_expect(!cases[i].error || strstr(e.text, cases[i].error), "%s: %s", cases[i].spec, e.text);
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
    uint8_t ask[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
                       2, 0, 0, 0, 0, 1, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2};
    net_send(net, ask, sizeof(ask));
    cr_assert(run_until(loop, got_arp, &f));
    cr_assert(sleeps(loop, 50)); /* nothing to do: no polling */
    net_attach(net, NULL, NULL);
    net_set_free(set);
    loop_free(loop);
}
