/* The real-time clock of the STM32F4 (RM0090 section 26): calendar, alarms A and B, wakeup timer
 * and backup registers; no tamper detection, time stamps or calibration. Clock input 0 is RTCCLK.
 * The calendar starts on 1 January 2000 and goes with the guest's clock. A reset of the board
 * resets it too. Outputs go to EXTI. */
#ifndef ARMEMU_DEVICES_RTC_STM32_RTC_H
#define ARMEMU_DEVICES_RTC_STM32_RTC_H

#include "devices/core/device.h"

enum { STM32_RTC_ALARM, STM32_RTC_WAKEUP, STM32_RTC_OUTPUTS };

extern const struct device_class stm32_rtc_class;

#endif
