/* USB OTG of the STM32F4 (RM0090 sections 34 and 35) with nothing plugged in: drivers reset and set
 * the core up, see no bus, and go on. Neither transfers nor the FIFOs are there. */
#ifndef ARMEMU_DEVICES_MISC_STM32_OTG_H
#define ARMEMU_DEVICES_MISC_STM32_OTG_H

#include "devices/core/device.h"

extern const struct device_class stm32_otg_class;

#endif
