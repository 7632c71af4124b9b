/* The programmable peripheral interconnect of the nRF51 series (reference manual, chapter "PPI"):
 * 16 channels, each from an event's address to a task's, two fixed ones of the RTC, and 4 groups.
 * The fixed channels of the radio have nothing to connect. Peripherals are attached by their
 * number, address bits [16:12]. */
#ifndef ARMEMU_DEVICES_NRF51_PPI_H
#define ARMEMU_DEVICES_NRF51_PPI_H

#include "devices/core/device.h"

struct nrf51_ppi_config {
    uint32_t base; /* address of peripheral 0; they are 4 KiB apart */
};

extern const struct device_class nrf51_ppi_class;

#endif
