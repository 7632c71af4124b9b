/* Two sensors of Freescale with three axes, behind I2C: the accelerometer MMA8653FC (10 bits) and
 * the magnetometer MAG3110. They measure what their properties say, at the rate that the guest
 * sets. Output 0 is the interrupt pin INT1, with its level (MMA8653: active low unless IPOL is set;
 * MAG3110: active high). Orientation detection and the like are not there. */
#ifndef ARMEMU_DEVICES_I2C_MOTION_H
#define ARMEMU_DEVICES_I2C_MOTION_H

#include "devices/core/device.h"

/* Two's complement: mg for mma8653, 0.1 uT for mag3110. */
struct motion_config {
    uint32_t x, y, z;
};

extern const struct device_class mma8653_class, mag3110_class;

#endif
