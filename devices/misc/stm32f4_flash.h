/* The flash interface of the STM32F405/407 (RM0090 section 3 and PM0081). Window 0: registers;
 * window 1 takes the CPU's stores to the flash and lies where the flash lies. Erasing and
 * programming take no time. */
#ifndef ARMEMU_DEVICES_MISC_STM32F4_FLASH_H
#define ARMEMU_DEVICES_MISC_STM32F4_FLASH_H

#include "devices/core/device.h"

enum { STM32F4_FLASH_REGS, STM32F4_FLASH_MEMORY };

struct stm32f4_flash_config {
    uint32_t base, alias; /* of the flash, and of its alias for booting */
    uint32_t size;        /* bytes: sectors of 4 x 16 KiB, 64 KiB, then 128 KiB */
};

extern const struct device_class stm32f4_flash_class;

#endif
