/* The CRC unit of the STM32F4 (RM0090 section 4): CRC-32 with the polynomial 0x04c11db7 over words,
 * most significant bit first. */
#ifndef ARMEMU_DEVICES_MISC_STM32_CRC_H
#define ARMEMU_DEVICES_MISC_STM32_CRC_H

#include "devices/core/device.h"

extern const struct device_class stm32_crc_class;

#endif
