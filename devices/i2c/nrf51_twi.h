/* SPI0/TWI0 and SPI1/TWI1 of the nRF51 series, which share a window (reference manual, chapters
 * "TWI" and "SPI"): ENABLE says which of the two it is. I2C slaves are attached by their address;
 * on the SPI side nothing is connected, so ones are shifted in. */
#ifndef ARMEMU_DEVICES_I2C_NRF51_TWI_H
#define ARMEMU_DEVICES_I2C_NRF51_TWI_H

#include "devices/core/device.h"

extern const struct device_class nrf51_twi_class;

#endif
