/* PL061, the PrimeCell GPIO (ARM DDI 0190): 8 pins. Inputs 0..7: what drives the pins from outside
 * (low when nothing does). Outputs 0..7: the pins that are configured as outputs, PL061_IRQ: the
 * interrupt GPIOINTR. Window: 0x1000 bytes. */
#ifndef ARMEMU_DEVICES_GPIO_PL061_H
#define ARMEMU_DEVICES_GPIO_PL061_H

#include "devices/core/device.h"

#define PL061_PINS 8
#define PL061_IRQ PL061_PINS

extern const struct device_class pl061_class;
/* The one of Stellaris microcontrollers: with pad control. Pins that nobody drives are as their
 * pull-ups say; that a pin is not enabled (GPIODEN) has no effect. */
struct pl061_luminary_config {
    uint32_t jtag; /* a mask: these pins are the debug port's after a reset */
};
extern const struct device_class pl061_luminary_class;

#endif
