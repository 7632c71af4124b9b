/* Arm SBCon, a two-wire port that software drives bit by bit (DUI 0447). Nothing is connected: the
 * lines read as they are driven, so no address is acknowledged. */
#ifndef ARMEMU_DEVICES_I2C_SBCON_H
#define ARMEMU_DEVICES_I2C_SBCON_H

#include "devices/core/device.h"

extern const struct device_class sbcon_class;

#endif
