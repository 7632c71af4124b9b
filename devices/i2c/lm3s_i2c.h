/* I2C module of Stellaris microcontrollers: the master. Slaves are attached (device_attach) by
 * their address; transfers take no time. The module's own slave, and loopback to it, are not there.
 * Output 0: the interrupt. */
#ifndef ARMEMU_DEVICES_I2C_LM3S_I2C_H
#define ARMEMU_DEVICES_I2C_LM3S_I2C_H

#include "devices/core/device.h"

extern const struct device_class lm3s_i2c_class;

#endif
