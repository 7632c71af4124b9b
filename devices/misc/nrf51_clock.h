/* CLOCK, POWER and MPU of the nRF51 series, which share one window (reference manual, chapters
 * "Clock management", "Power management" and "Memory protection unit").
 *
 * Oscillators start at once. Input 0: the watchdog is about to reset the board; a reset without it
 * is by software. */
#ifndef ARMEMU_DEVICES_MISC_NRF51_CLOCK_H
#define ARMEMU_DEVICES_MISC_NRF51_CLOCK_H

#include "devices/core/device.h"

extern const struct device_class nrf51_clock_class;

#endif
