/* Arm CMSDK APB watchdog (DDI 0479), a SP805: at the first 0 it interrupts, at the second it resets
 * the board if that is enabled. "luminary-watchdog" is the one of Stellaris microcontrollers, which
 * cannot be disabled again. */
#ifndef ARMEMU_DEVICES_TIMER_CMSDK_WATCHDOG_H
#define ARMEMU_DEVICES_TIMER_CMSDK_WATCHDOG_H

#include "devices/core/device.h"

/* Outputs; clock input 0 is the counter's. */
enum { WATCHDOG_INT, WATCHDOG_RESET, WATCHDOG_OUTPUTS };

struct cmsdk_watchdog_config {
    uint32_t freq; /* Hz, until the clock input says otherwise */
};

extern const struct device_class cmsdk_watchdog_class, luminary_watchdog_class;

#endif
