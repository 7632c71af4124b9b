/* The watchdog of the nRF51 series (reference manual, chapter "Watchdog timer"). When it expires,
 * output 1 goes high: the board resets. */
#ifndef ARMEMU_DEVICES_TIMER_NRF51_WDT_H
#define ARMEMU_DEVICES_TIMER_NRF51_WDT_H

#include "devices/core/device.h"

enum { NRF51_WDT_IRQ, NRF51_WDT_RESET, NRF51_WDT_OUTPUTS };

extern const struct device_class nrf51_wdt_class;

#endif
