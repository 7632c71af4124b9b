/* -netdev, -net, -nic: networks, and the board's interfaces that are connected to them. */
#include <stdlib.h>
#include <string.h>

#include "app/options_internal.h"
#include "host/net.h"

enum option_status option_netdev(struct options *o, const char *value, struct error *e)
{
    if (!strcmp(value, "help")) {
        net_print_help(stdout);
        return OPTION_DONE;
    }
    if (o->net.netdev_count == OPTIONS_NETDEVS_MAX)
        return option_error(e, "-netdev: more than %d networks", OPTIONS_NETDEVS_MAX);
    o->net.netdev[o->net.netdev_count++] = value;
    return OPTION_OK;
}

/* ---- interfaces ------------------------------------------------------------------------------ */

static struct option_nic *nic_new(struct options *o, const char *option, struct error *e)
{
    if (o->net.nic_count == BOARD_NICS_MAX) {
        error_set(e, "%s: more than %d network interfaces", option, BOARD_NICS_MAX);
        return NULL;
    }
    struct option_nic *nic = &o->net.nic[o->net.nic_count++];
    nic->option = option;
    return nic;
}

/* The keys that both options have. False without an error if @key is none of them. */
static bool nic_property(struct option_nic *nic, const char *key, const char *value, bool *known,
                         struct error *e)
{
    *known = true;
    if (!strcmp(key, "model")) {
        free(nic->model);
        nic->model = option_copy(value ? value : "");
        return true;
    }
    if (!strcmp(key, "mac") || !strcmp(key, "macaddr")) {
        nic->has_mac = value && net_parse_mac(value, &nic->mac);
        return nic->has_mac ||
               error_set(e, "%s: %s=%s is not the address of an interface, as 52:54:00:12:34:56 is",
                         nic->option, key, value ? value : "");
    }
    *known = false;
    return true;
}

/* -net nic,...; a comma at the end is allowed, as for -netdev. */
static bool net_nic(struct options *o, char *rest, struct error *e)
{
    static const char *const keys[] = {"netdev", "model", "mac", "macaddr", NULL};
    struct option_nic *nic = nic_new(o, "-net nic", e);
    char *value, hint[64];
    bool ok = nic != NULL, known;
    for (char *key; ok && (key = option_next_pair(&rest, &value));) {
        if (!*key && !rest)
            break;
        ok = nic_property(nic, key, value, &known, e);
        if (known)
            continue;
        if (strcmp(key, "netdev"))
            return error_set(e, "-net nic: unknown option '%s'%s", key,
                             option_hint(key, keys, hint, sizeof(hint)));
        if (!value || !*value)
            return error_set(e, "-net nic: netdev needs the id of a -netdev");
        free(nic->netdev);
        nic->netdev = option_copy(value);
    }
    return ok;
}

enum option_status option_net(struct options *o, const char *value, struct error *e)
{
    char *copy = option_copy(value), *rest = copy, *inner;
    char *kind = option_next_pair(&rest, &inner);
    bool ok = true;
    if (inner && !strcmp(kind, "type"))
        kind = inner;
    if (!strcmp(kind, "none"))
        ok = true;
    else if (!strcmp(kind, "nic"))
        ok = net_nic(o, rest, e);
    else if (strcmp(kind, "user"))
        ok = error_set(e, "-net %s: not supported; only none, nic and user are", kind);
    else if (o->net.user)
        ok = error_set(e, "-net user: there is another one; give each an id with -netdev");
    else
        o->net.user = value;
    free(copy);
    return option_result(ok);
}

/* Put @text at @out with its commas doubled; where it ends. */
static char *put_doubled(char *out, const char *text)
{
    for (const char *p = text; *p; *out++ = *p++)
        if (*p == ',')
            *out++ = ',';
    return out;
}

/* Append "key=value" with its commas doubled. */
static void append_pair(char **to, const char *key, const char *value)
{
    size_t len = strlen(*to);
    *to = realloc(*to, len + 2 * (strlen(key) + (value ? strlen(value) : 0)) + 3);
    if (!*to)
        abort();
    char *out = *to + len;
    *out++ = ',';
    out = put_doubled(out, key);
    if (value) {
        *out++ = '=';
        out = put_doubled(out, value);
    }
    *out = 0;
}

/* -nic user,...: an interface with a network of its own. What is not of the interface is of the
 * network. */
enum option_status option_nic(struct options *o, const char *value, struct error *e)
{
    char *copy = option_copy(value), *rest = copy, *inner;
    char *kind = option_next_pair(&rest, &inner);
    bool ok = true, known;
    if (!strcmp(kind, "none") && !rest) {
        free(copy);
        return OPTION_OK;
    }
    if (inner && strcmp(kind, "type"))
        ok = error_set(e, "-nic: the kind of network comes first: -nic user,%s=%s", kind, inner);
    struct option_nic *nic = ok ? nic_new(o, "-nic", e) : NULL;
    ok = nic != NULL;
    if (ok)
        nic->user = option_copy(inner ? inner : kind);
    for (char *key; ok && (key = option_next_pair(&rest, &inner));) {
        if (!*key && !rest)
            break;
        ok = nic_property(nic, key, inner, &known, e);
        if (ok && !known)
            append_pair(&nic->user, key, inner);
    }
    free(copy);
    return option_result(ok);
}

/* ---- what fits the machine ------------------------------------------------------------------- */

static bool check_nic(const struct options *o, unsigned index, struct error *e)
{
    const struct option_nic *nic = &o->net.nic[index];
    const char *machine = machine_name(o->machine), *model = machine_nic_model(o->machine, index);
    if (!model && !index)
        return error_set(e, "%s: machine '%s' has no network interface", nic->option, machine);
    if (!model)
        return error_set(e, "%s: machine '%s' has only %u network interface%s", nic->option,
                         machine, index, index == 1 ? "" : "s");
    return !nic->model || !strcmp(nic->model, model) ||
           error_set(e, "%s: machine '%s' has no '%s'; its network interface is model=%s",
                     nic->option, machine, nic->model, model);
}

bool options_check_net(const struct options *o, struct error *e)
{
    bool hub = false;
    for (unsigned i = 0; i < o->net.nic_count; i++) {
        hub = hub || (!o->net.nic[i].netdev && !o->net.nic[i].user);
        if (!check_nic(o, i, e))
            return false;
    }
    return !o->net.user || hub ||
           error_set(e, "-net user: there is no interface for it (-net nic)");
}

void options_free_net(struct options *o)
{
    for (unsigned i = 0; i < o->net.nic_count; i++) {
        free(o->net.nic[i].model);
        free(o->net.nic[i].netdev);
        free(o->net.nic[i].user);
    }
}
