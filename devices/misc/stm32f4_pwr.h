/* Power control of the STM32F405/407 (RM0090 section 5). Regulators are ready at once. */
#ifndef ARMEMU_DEVICES_MISC_STM32F4_PWR_H
#define ARMEMU_DEVICES_MISC_STM32F4_PWR_H

#include "devices/core/device.h"

extern const struct device_class stm32f4_pwr_class;

#endif
