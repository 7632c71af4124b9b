/* Arm CMSDK AHB GPIO (DDI 0479): 16 pins. Inputs 0 to 15 are the pins as others drive them. */
#ifndef ARMEMU_DEVICES_GPIO_CMSDK_GPIO_H
#define ARMEMU_DEVICES_GPIO_CMSDK_GPIO_H

#include "devices/core/device.h"

/* Outputs: the pins, the combined interrupt, and an interrupt for each pin. */
enum {
    CMSDK_GPIO_PINS = 16,
    CMSDK_GPIO_COMBINED = CMSDK_GPIO_PINS,
    CMSDK_GPIO_PIN_IRQ,
    CMSDK_GPIO_OUTPUTS = CMSDK_GPIO_PIN_IRQ + CMSDK_GPIO_PINS
};

extern const struct device_class cmsdk_gpio_class;

#endif
