/* The timer/counter of the nRF51 series (reference manual, chapter "Timer/counter"). It counts a
 * 16 MHz clock through a prescaler, or COUNT tasks; four registers compare and capture. */
#ifndef ARMEMU_DEVICES_TIMER_NRF51_TIMER_H
#define ARMEMU_DEVICES_TIMER_NRF51_TIMER_H

#include "devices/core/device.h"

struct nrf51_timer_config {
    uint32_t width; /* widest counter: 16, 24 or 32 bits */
};

extern const struct device_class nrf51_timer_class;

#endif
