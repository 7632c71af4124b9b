/* Reset and clock control of the STM32F405/407 (RM0090 section 7).
 *
 * Oscillators and PLLs are ready at once. Peripherals are attached as number 32 * bus + bit, where
 * bit is theirs in the RSTR and ENR registers: RCC resets them and tells them whether they have a
 * clock. A peripheral may be attached at several bits. */
#ifndef ARMEMU_DEVICES_MISC_STM32F4_RCC_H
#define ARMEMU_DEVICES_MISC_STM32F4_RCC_H

#include "devices/core/device.h"

enum stm32f4_bus { STM32F4_AHB1, STM32F4_AHB2, STM32F4_AHB3, STM32F4_APB1, STM32F4_APB2,
                   STM32F4_BUSES };

#define STM32F4_GATE(bus, bit) (32 * STM32F4_##bus + (bit))

/* Inputs: the watchdogs that are about to reset the board. A reset without them is by software. */
enum { STM32F4_RCC_IWDG, STM32F4_RCC_WWDG, STM32F4_RCC_INPUTS };

/* Outputs. All but the first are clocks. */
enum {
    STM32F4_RCC_IRQ,
    STM32F4_RCC_HCLK,
    STM32F4_RCC_PCLK1,
    STM32F4_RCC_PCLK2,
    STM32F4_RCC_TIM1CLK, /* of the timers on APB1 */
    STM32F4_RCC_TIM2CLK, /* of those on APB2 */
    STM32F4_RCC_RTCCLK,
    STM32F4_RCC_OUTPUTS
};

struct stm32f4_rcc_config {
    uint32_t hse, lse; /* Hz of the crystals */
};

extern const struct device_class stm32f4_rcc_class;

#endif
