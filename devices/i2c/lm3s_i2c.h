/* I2C module of Stellaris microcontrollers: the master, on a bus where nobody answers, so every address ends with an error. In
 * loopback it is not connected to its own slave, which is not there. Output 0: the interrupt. */
#ifndef ARMEMU_DEVICES_I2C_LM3S_I2C_H
#define ARMEMU_DEVICES_I2C_LM3S_I2C_H

#include "devices/core/device.h"

extern const struct device_class lm3s_i2c_class;

#endif
