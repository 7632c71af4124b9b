/* The system configuration controller of the STM32F405/407 (RM0090 section 9). Input 16 * p + n is
 * pin n of port p (A is 0); output n is the pin that EXTICR selects for EXTI line n. */
#ifndef ARMEMU_DEVICES_MISC_STM32F4_SYSCFG_H
#define ARMEMU_DEVICES_MISC_STM32F4_SYSCFG_H

#include "devices/core/device.h"

enum { STM32F4_SYSCFG_LINES = 16, STM32F4_SYSCFG_PORTS = 9 };

extern const struct device_class stm32f4_syscfg_class;

#endif
