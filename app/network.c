#include "app/network.h"

#include <string.h>

#include "host/net.h"

/* A network that no interface claims would be an option without effect. */
static bool check_used(struct net_set *set, const struct options *o, struct error *e)
{
    for (unsigned i = 0; i < o->net.netdev_count; i++)
        if (!net_is_claimed(set, i))
            return error_set(e, "-netdev %s: no interface uses it (-net nic,netdev=ID)",
                             o->net.netdev[i]);
    return true;
}

static bool open_nic(struct net_set *set, const struct option_nic *from, struct net **hub,
                     struct board_nic *nic, struct error *e)
{
    nic->mac = from->mac;
    nic->has_mac = from->has_mac;
    if (from->user) {
        nic->net = net_add(set, from->user, "-nic", false, e);
        return nic->net != NULL;
    }
    if (from->netdev) {
        nic->net = net_claim(set, from->netdev, e);
        return nic->net || error_prefix(e, "-net nic");
    }
    nic->net = *hub;
    *hub = NULL;
    return true;
}

bool network_open(struct net_set *set, const struct options *o, struct board_nic *nic,
                  struct error *e)
{
    struct net *hub = NULL;
    bool ok = true;
    for (unsigned i = 0; ok && i < o->net.netdev_count; i++)
        ok = net_add(set, o->net.netdev[i], "-netdev", true, e) != NULL;
    if (ok && o->net.user) {
        hub = net_add(set, o->net.user, "-net", false, e);
        ok = hub != NULL;
    }
    for (unsigned i = 0; ok && i < o->net.nic_count; i++)
        ok = open_nic(set, &o->net.nic[i], &hub, &nic[i], e);
    return ok && check_used(set, o, e);
}
