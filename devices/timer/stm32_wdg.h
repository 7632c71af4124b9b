/* The two watchdogs of the STM32F4 (RM0090 sections 21 and 22): the independent one at 32 kHz, and
 * the window watchdog, whose clock input 0 is PCLK1. On expiry output 0 pulses: the board resets.
 * Output 1 of the window watchdog is its early interrupt. */
#ifndef ARMEMU_DEVICES_TIMER_STM32_WDG_H
#define ARMEMU_DEVICES_TIMER_STM32_WDG_H

#include "devices/core/device.h"

enum { STM32_WDG_RESET, STM32_WWDG_IRQ };

extern const struct device_class stm32_iwdg_class, stm32_wwdg_class;

#endif
