/* The radio of the nRF51 (nRF51 Series Reference Manual, chapter "RADIO") with nobody else on the
 * air: what is sent is lost after the time that it takes, and nothing is received. */
#ifndef ARMEMU_DEVICES_MISC_NRF51_RADIO_H
#define ARMEMU_DEVICES_MISC_NRF51_RADIO_H

#include "devices/core/device.h"

extern const struct device_class nrf51_radio_class;

#endif
