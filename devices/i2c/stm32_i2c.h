/* I2C of the STM32F4 (RM0090 section 27), as master; bytes take no time. Slaves are attached by
 * their address; an address that nobody answers gives AF. SMBus and slave mode are not there. */
#ifndef ARMEMU_DEVICES_I2C_STM32_I2C_H
#define ARMEMU_DEVICES_I2C_STM32_I2C_H

#include "devices/core/device.h"

enum { STM32_I2C_EVENT, STM32_I2C_ERROR, STM32_I2C_OUTPUTS }; /* interrupts */

extern const struct device_class stm32_i2c_class;

#endif
