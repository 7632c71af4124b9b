/* SMSC LAN9118 Ethernet controller (Microchip DS00002266): MAC, PHY, FIFOs, EEPROM, timers. Without
 * a network behind it the link is down, nothing is received, and what is sent is reported as lost
 * for want of a carrier. Output 0: the interrupt pin, active low unless it is configured otherwise,
 * as on the chip. */
#ifndef ARMEMU_DEVICES_NET_LAN9118_H
#define ARMEMU_DEVICES_NET_LAN9118_H

#include "devices/core/device.h"

struct net;

struct lan9118_config {
    uint64_t mac;       /* 0x525400123456: 52:54:00:12:34:56 */
    struct net *netdev; /* the back end; NULL: no cable */
};

extern const struct device_class lan9118_class;

#endif
