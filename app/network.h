/* The networks that the command line asks for. */
#ifndef ARMEMU_APP_NETWORK_H
#define ARMEMU_APP_NETWORK_H

#include "app/options.h"

/** Make them in @set, and say in @nic (BOARD_NICS_MAX) what the board's interfaces are connected
 * to. */
bool network_open(struct net_set *set, const struct options *o, struct board_nic *nic,
                  struct error *e);

#endif
