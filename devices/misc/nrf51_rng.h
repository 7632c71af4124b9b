/* The random number generator of the nRF51 series (reference manual, chapter "RNG"): a byte each
 * 167 us, 677 us with bias correction. */
#ifndef ARMEMU_DEVICES_MISC_NRF51_RNG_H
#define ARMEMU_DEVICES_MISC_NRF51_RNG_H

#include "devices/core/device.h"

extern const struct device_class nrf51_rng_class;

#endif
