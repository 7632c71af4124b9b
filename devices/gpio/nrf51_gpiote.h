/* GPIO tasks and events of the nRF51 series (reference manual, chapter "GPIOTE"). The nrf51-gpio
 * whose pins it watches and drives is attached to it. */
#ifndef ARMEMU_DEVICES_GPIO_NRF51_GPIOTE_H
#define ARMEMU_DEVICES_GPIO_NRF51_GPIOTE_H

#include "devices/core/device.h"

extern const struct device_class nrf51_gpiote_class;

#endif
