/* PrimeCell SSP PL022 (DDI 0194), a SPI port with nothing connected: what it receives is 0, or with
 * loopback what it sends. Transfers take no time. Output 0: the interrupt. */
#ifndef ARMEMU_DEVICES_SSI_PL022_H
#define ARMEMU_DEVICES_SSI_PL022_H

#include "devices/core/device.h"

extern const struct device_class pl022_class;
/* The one of Stellaris microcontrollers: the same with other ids. */
extern const struct device_class pl022_luminary_class;

#endif
