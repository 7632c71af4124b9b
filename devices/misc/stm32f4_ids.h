/* What identifies an STM32F405 (RM0090 sections 38 and 39): window 0 is the end of system memory
 * from 0x1fff7a00 on, with the unique id, the size of the flash and the calibration values; window
 * 1 is DBGMCU. */
#ifndef ARMEMU_DEVICES_MISC_STM32F4_IDS_H
#define ARMEMU_DEVICES_MISC_STM32F4_IDS_H

#include "devices/core/device.h"

enum { STM32F4_IDS_SIGNATURE, STM32F4_IDS_DBGMCU };

struct stm32f4_ids_config {
    uint32_t idcode, flash_kib;
};

extern const struct device_class stm32f4_ids_class;

#endif
