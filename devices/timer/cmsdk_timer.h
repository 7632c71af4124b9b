/* Arm CMSDK APB timer (DDI 0479). Output 0: the interrupt. The external input is not connected, so
 * a timer that is enabled or clocked by it stands still. */
#ifndef ARMEMU_DEVICES_TIMER_CMSDK_TIMER_H
#define ARMEMU_DEVICES_TIMER_CMSDK_TIMER_H

#include "devices/core/device.h"

struct cmsdk_timer_config {
    uint32_t freq; /* Hz */
};

extern const struct device_class cmsdk_timer_class;

#endif
