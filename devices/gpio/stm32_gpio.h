/* A GPIO port of the STM32 (RM0090 section 8): 16 pins.
 *
 * Input n is what the board drives pin n with, from the first level on; before, a pin that is not
 * an output has the level of its pull resistor. Output n is the level of pin n, whoever drives it.
 * Pins in alternate function are not driven by the peripherals: they keep their pull's level. */
#ifndef ARMEMU_DEVICES_GPIO_STM32_GPIO_H
#define ARMEMU_DEVICES_GPIO_STM32_GPIO_H

#include "devices/core/device.h"

enum { STM32_GPIO_PINS = 16 };

/* Reset values of the registers that differ between ports. */
struct stm32_gpio_config {
    uint32_t moder, ospeedr, pupdr;
};

extern const struct device_class stm32_gpio_class;

#endif
