/* The spellings of -netdev: a table of options, and the set of back ends that they make. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "host/net_internal.h"
#include "util/bits.h"

/* Each network has a timer queue on the loop. */
enum { NETS_MAX = LOOP_QUEUES_MAX - 2 };

struct net_set {
    struct loop *loop;
    struct {
        char *id; /* "" where none was given */
        struct net *net;
        bool claimed;
    } nets[NETS_MAX];
    unsigned count;
};

/* What is being read: a copy of the text, which the config borrows from. */
struct reading {
    struct net_user_config config;
    const char *id;
};

/* Cut the text up to the next single comma off *@rest; ",," is a comma. NULL at the end. */
static char *next_pair(char **rest, char **value)
{
    char *start = *rest, *in = start, *out = start;
    if (!start)
        return NULL;
    for (; *in && (*in != ',' || in[1] == ','); in++) {
        in += *in == ',';
        *out++ = *in;
    }
    *rest = *in ? in + 1 : NULL;
    *out = 0;
    *value = strchr(start, '=');
    if (*value)
        *(*value)++ = 0;
    return start;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool read_switch(bool *to, const char *key, const char *value, struct error *e)
{
    static const char *const words[][2] = {
        {"off", "on"}, {"no", "yes"}, {"n", "y"}, {"false", "true"}};
    for (unsigned i = 0; i < 2 * ARRAY_SIZE(words); i++) {
        if (!strcmp(value, words[i / 2][i % 2])) {
            *to = i % 2;
            return true;
        }
    }
    return error_set(e, "%s= is on or off, not '%s'", key, value);
}

static bool read_address(struct in_addr *to, const char *key, const char *value, struct error *e)
{
    return inet_pton(AF_INET, value, to) == 1 ||
           error_set(e, "%s=%s is not an IPv4 address", key, value);
}

/* ADDRESS[/BITS|/MASK]; without, the mask is that of the address's class, as it once was. */
static bool read_network(struct net_user_config *c, const char *value, struct error *e)
{
    char address[32];
    const char *slash = strchr(value, '/');
    size_t len = slash ? (size_t)(slash - value) : strlen(value);
    snprintf(address, sizeof(address), "%.*s", (int)(len < 31 ? len : 31), value);
    if (!read_address(&c->network, "net", address, e))
        return false;
    uint32_t top = ntohl(c->network.s_addr) >> 30;
    c->mask.s_addr = htonl(top < 2 ? 0xff000000 : top == 2 ? 0xffff0000 : 0xffffff00);
    if (slash && strchr(slash, '.')) {
        if (inet_pton(AF_INET, slash + 1, &c->mask) != 1)
            return error_set(e, "net=%s: the mask is not valid", value);
    } else if (slash) {
        char *end;
        unsigned long bits = strtoul(slash + 1, &end, 10);
        if (slash[1] < '0' || slash[1] > '9' || *end || bits < 4 || bits > 30)
            return error_set(e, "net=%s: '%s' is not a number of bits (4 to 30)", value, slash + 1);
        c->mask.s_addr = htonl(0xffffffffu << (32 - bits));
    }
    c->network.s_addr &= c->mask.s_addr;
    return true;
}

static bool read_port(const char *text, uint16_t *port)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    *port = (uint16_t)n;
    return *text >= '0' && *text <= '9' && !*end && n >= 1 && n <= 65535;
}

/* "ADDRESS:PORT", the address may be empty. @text is changed. */
static bool read_end(char *text, struct in_addr *address, uint16_t *port)
{
    char *colon = strrchr(text, ':');
    if (!colon)
        return false;
    *colon = 0;
    return (!*text || inet_pton(AF_INET, text, address) == 1) && read_port(colon + 1, port);
}

/* [tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT */
static bool read_forward(struct net_user_config *c, const char *value, struct error *e)
{
    char copy[128];
    struct net_forward *f = &c->forward[c->forward_count];
    const char *colon = strchr(value, ':');
    if (c->forward_count == NET_FORWARDS_MAX)
        return error_set(e, "more than %d hostfwd=", NET_FORWARDS_MAX);
    *f = (struct net_forward){.host.s_addr = htonl(INADDR_ANY)};
    size_t kind = colon ? (size_t)(colon - value) : 0;
    f->udp = kind == 3 && !strncmp(value, "udp", 3);
    bool ok = colon && (!kind || f->udp || (kind == 3 && !strncmp(value, "tcp", 3)));
    ok = ok && strlen(colon + 1) < sizeof(copy);
    char *dash = ok ? strchr(strcpy(copy, colon + 1), '-') : NULL;
    if (dash)
        *dash = 0;
    if (!dash || !read_end(copy, &f->host, &f->host_port) ||
        !read_end(dash + 1, &f->guest, &f->guest_port))
        return error_set(e, "hostfwd=%s is not [tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT",
                         value);
    c->forward_count++;
    return true;
}

static bool read_search(struct net_user_config *c, const char *value, struct error *e)
{
    if (c->search_count == NET_SEARCH_MAX)
        return error_set(e, "more than %d dnssearch=", NET_SEARCH_MAX);
    c->search[c->search_count++] = value;
    return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

enum kind { KIND_TEXT, KIND_SWITCH, KIND_ADDRESS, KIND_NETWORK, KIND_FORWARD, KIND_SEARCH };

static const struct key {
    const char *name;
    enum kind kind;
    size_t offset; /* in struct reading */
    const char *help;
} keys[] = {
#define AT(member) offsetof(struct reading, member)
    {"id", KIND_TEXT, AT(id), "ID: name for -net nic,netdev=ID"},
    {"hostfwd", KIND_FORWARD, 0, "[tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT: a port of "
                                 "the host leads "
                                 "to the guest"},
    {"restrict", KIND_SWITCH, AT(config.restricted),
     "on: the guest reaches only what hostfwd= leads to it"},
    {"net", KIND_NETWORK, 0, "ADDRESS[/BITS]: the network (10.0.2.0/24)"},
    {"host", KIND_ADDRESS, AT(config.host), "ADDRESS: the host as the guest sees it (.2)"},
    {"dns", KIND_ADDRESS, AT(config.dns), "ADDRESS: the name server (.3)"},
    {"dhcpstart", KIND_ADDRESS, AT(config.dhcp_start), "ADDRESS: the first that DHCP gives (.15)"},
    {"hostname", KIND_TEXT, AT(config.hostname), "NAME that DHCP gives"},
    {"domainname", KIND_TEXT, AT(config.domainname), "NAME of the domain that DHCP gives"},
    {"dnssearch", KIND_SEARCH, 0, "DOMAIN that DHCP gives to be searched; may be repeated"},
    {"tftp", KIND_TEXT, AT(config.tftp), "DIR: its files are read by TFTP from host="},
    {"tftp-server-name", KIND_TEXT, AT(config.tftp_server), "NAME that DHCP gives"},
    {"bootfile", KIND_TEXT, AT(config.bootfile), "FILE: boot file's name that DHCP gives"},
    {"ipv4", KIND_SWITCH, AT(config.ipv4), "off: no IPv4"},
    {"ipv6", KIND_SWITCH, AT(config.ipv6), "off: no IPv6 (fec0::/64)"},
#undef AT
};

void net_print_help(FILE *out)
{
    fprintf(out, "user,id=ID[,option=value...]: a network behind the sockets of this process\n");
    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
        fprintf(out, "  %-16s  %s\n", keys[i].name, keys[i].help);
}

static bool error_key(const char *name, struct error *e)
{
    const char *names[ARRAY_SIZE(keys) + 1] = {0};
    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
        names[i] = keys[i].name;
    const char *near = error_nearest(name, names);
    return near ? error_set(e, "user: unknown option '%s'; did you mean '%s'?", name, near)
                : error_set(e, "user: unknown option '%s' (-netdev help)", name);
}

static bool read_key(struct reading *r, const char *name, const char *value, struct error *e)
{
    unsigned i = 0;
    while (i < ARRAY_SIZE(keys) && strcmp(keys[i].name, name))
        i++;
    if (i == ARRAY_SIZE(keys))
        return error_key(name, e);
    void *at = (char *)r + keys[i].offset;
    if (!value || !*value)
        return error_set(e, "user: %s needs a value", name);
    switch (keys[i].kind) {
    case KIND_TEXT:
        *(const char **)at = value;
        return true;
    case KIND_SWITCH:
        return read_switch(at, name, value, e);
    case KIND_ADDRESS:
        return read_address(at, name, value, e);
    case KIND_NETWORK:
        return read_network(&r->config, value, e);
    case KIND_FORWARD:
        return read_forward(&r->config, value, e);
    case KIND_SEARCH:
        return read_search(&r->config, value, e);
    }
    return false;
}

/* A comma at the end is allowed: command lines in use have it. */
static bool read_spec(struct reading *r, char *text, struct error *e)
{
    char *rest = text, *value;
    char *name = next_pair(&rest, &value);
    if (value && !strcmp(name, "type"))
        name = value;
    else if (value)
        return error_set(e, "'%s=' is not a kind of network: only 'user' is", name);
    if (strcmp(name, "user"))
        return error_set(e, "the kind of network '%s' is not supported; only 'user' is", name);
    while ((name = next_pair(&rest, &value)))
        if ((*name || rest) && !read_key(r, name, value, e))
            return false;
    return r->config.ipv4 || r->config.ipv6 ||
           error_set(e, "user: ipv4=off and ipv6=off leave nothing");
}

/* ---- the set --------------------------------------------------------------------------------- */

struct net_set *net_set_new(struct loop *loop)
{
    struct net_set *set = calloc(1, sizeof(*set));
    if (!set)
        abort();
    set->loop = loop;
    return set;
}

void net_set_free(struct net_set *set)
{
    for (unsigned i = 0; set && i < set->count; i++) {
        net_free(set->nets[i].net);
        free(set->nets[i].id);
    }
    free(set);
}

static int find(const struct net_set *set, const char *id)
{
    for (unsigned i = 0; i < set->count; i++)
        if (*id && !strcmp(set->nets[i].id, id))
            return (int)i;
    return -1;
}

static bool check_id(const struct net_set *set, const char *id, bool need_id, struct error *e)
{
    if (set->count == NETS_MAX)
        return error_set(e, "more than %d networks", NETS_MAX);
    if (!*id && need_id)
        return error_set(e, "id=ID is missing");
    return find(set, id) < 0 || error_set(e, "there is another network '%s'", id);
}

struct net *net_add(struct net_set *set, const char *spec, const char *option, bool need_id,
                    struct error *e)
{
    struct reading r = {.config = {.ipv4 = true, .ipv6 = true}, .id = ""};
    char *text = strdup(spec);
    if (!text)
        abort();
    struct net *net = NULL;
    if (read_spec(&r, text, e) && check_id(set, r.id, need_id, e))
        net = net_user_new(set->loop, &r.config, e);
    if (net) {
        set->nets[set->count].net = net;
        set->nets[set->count].id = strdup(r.id);
        if (!set->nets[set->count++].id)
            abort();
    } else {
        error_prefix(e, "%s", option);
    }
    free(text);
    return net;
}

struct net *net_claim(struct net_set *set, const char *id, struct error *e)
{
    int i = find(set, id);
    if (i < 0) {
        error_set(e, "there is no network '%s' (-netdev user,id=%s)", id, id);
        return NULL;
    }
    if (set->nets[i].claimed) {
        error_set(e, "the network '%s' is in use by another interface", id);
        return NULL;
    }
    set->nets[i].claimed = true;
    return set->nets[i].net;
}

bool net_is_claimed(const struct net_set *set, unsigned index)
{
    return index < set->count && set->nets[index].claimed;
}

bool net_parse_mac(const char *text, uint64_t *mac)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 6; i++) {
        char *end;
        if (!strchr("0123456789abcdefABCDEF", *text) || !*text)
            return false;
        unsigned long byte = strtoul(text, &end, 16);
        if (byte > 0xff || (i < 5 ? *end != ':' && *end != '-' : *end != 0))
            return false;
        value = value << 8 | byte;
        text = end + 1;
    }
    *mac = value;
    return !(value >> 40 & 1);
}
