/* PL031, the PrimeCell real-time clock (ARM DDI 0224): seconds of UTC since 1970 until the guest
 * sets it. Always running. Window: 0x1000 bytes. Output 0: the alarm interrupt RTCINTR. */
#ifndef ARMEMU_DEVICES_RTC_PL031_H
#define ARMEMU_DEVICES_RTC_PL031_H

#include "devices/core/device.h"

extern const struct device_class pl031_class;

#endif
