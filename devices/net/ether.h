/* Ethernet's check sequence. */
#ifndef ARMEMU_DEVICES_NET_ETHER_H
#define ARMEMU_DEVICES_NET_ETHER_H

#include <stddef.h>
#include <stdint.h>

enum { ETHER_FCS = 4, ETHER_MIN = 60, ETHER_HEADER = 14 };

/** The frame check sequence of @len bytes (IEEE 802.3, 3.2.9), as a number whose lowest byte is
 * sent first. */
uint32_t ether_fcs(const uint8_t *data, size_t len);

/** The upper six bits of the CRC register after an address, with which controllers look up their
 * hash tables. */
unsigned ether_hash(const uint8_t address[6]);

#endif
