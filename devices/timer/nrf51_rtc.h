/* The real-time counter of the nRF51 series (reference manual, chapter "Real Time Counter"): 24
 * bits at 32768 Hz through a prescaler of 12 bits. */
#ifndef ARMEMU_DEVICES_TIMER_NRF51_RTC_H
#define ARMEMU_DEVICES_TIMER_NRF51_RTC_H

#include "devices/core/device.h"

struct nrf51_rtc_config {
    uint32_t channels; /* compare registers, 1..4 */
};

extern const struct device_class nrf51_rtc_class;

#endif
