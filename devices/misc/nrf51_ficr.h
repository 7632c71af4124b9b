/* The factory information of the nRF51 series (reference manual, chapter "FICR"), of an nRF51822.
 */
#ifndef ARMEMU_DEVICES_MISC_NRF51_FICR_H
#define ARMEMU_DEVICES_MISC_NRF51_FICR_H

#include "devices/core/device.h"

struct nrf51_ficr_config {
    uint32_t pages, ram_blocks; /* of 1 KiB; of 8 KiB */
    uint64_t id, address;       /* DEVICEID, DEVICEADDR */
};

extern const struct device_class nrf51_ficr_class;

#endif
