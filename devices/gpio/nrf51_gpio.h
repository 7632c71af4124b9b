/* GPIO of the nRF51 series (reference manual, chapter "GPIO"): 32 pins.
 *
 * Input n is what the board drives pin n with, from the first level on; before, a pin that is not
 * an output has the level of its pull resistor, or that of the property `idle`. Output n is the
 * level of pin n, whoever drives it. GPIOTE takes pins over with nrf51_gpio_take. */
#ifndef ARMEMU_DEVICES_GPIO_NRF51_GPIO_H
#define ARMEMU_DEVICES_GPIO_NRF51_GPIO_H

#include "devices/core/device.h"

enum { NRF51_PINS = 32 };

struct nrf51_gpio_config {
    uint32_t idle; /* levels that the board gives pins that nothing drives */
};

extern const struct device_class nrf51_gpio_class;

/** Let GPIOTE drive @pin with @level instead of OUT, or give the pin back. */
void nrf51_gpio_take(struct device *dev, unsigned pin, int level);
void nrf51_gpio_release(struct device *dev, unsigned pin);
/** The levels of all pins. */
uint32_t nrf51_gpio_levels(const struct device *dev);
/** Be told of each change of the pins (one listener). */
void nrf51_gpio_listen(struct device *dev, void (*changed)(void *opaque, uint32_t levels,
                                                           uint32_t sense), void *opaque);

#endif
