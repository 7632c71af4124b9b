/* The temperature sensor of the nRF51 series (reference manual, chapter "TEMP"): measures in 36 us
 * what the property says. */
#ifndef ARMEMU_DEVICES_MISC_NRF51_TEMP_H
#define ARMEMU_DEVICES_MISC_NRF51_TEMP_H

#include "devices/core/device.h"

struct nrf51_temp_config {
    uint32_t quarters; /* of a degree Celsius, two's complement */
};

extern const struct device_class nrf51_temp_class;

#endif
