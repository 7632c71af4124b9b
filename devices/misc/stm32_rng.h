/* The random number generator of the STM32F4 (RM0090 section 24): a word every 40 cycles of its
 * 48 MHz clock. */
#ifndef ARMEMU_DEVICES_MISC_STM32_RNG_H
#define ARMEMU_DEVICES_MISC_STM32_RNG_H

#include "devices/core/device.h"

extern const struct device_class stm32_rng_class;

#endif
