/* Flash controller of Stellaris microcontrollers: words are programmed, pages of 1 KiB erased, at
 * once. Output 0: the interrupt. */
#ifndef ARMEMU_DEVICES_MISC_LM3S_FLASH_H
#define ARMEMU_DEVICES_MISC_LM3S_FLASH_H

#include "devices/core/device.h"

struct lm3s_flash_config {
    uint64_t base; /* where the flash is */
    uint32_t size; /* bytes */
};

extern const struct device_class lm3s_flash_class;

#endif
