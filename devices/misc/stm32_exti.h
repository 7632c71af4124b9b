/* The external interrupt controller of the STM32F4 (RM0090 section 12): lines 0..15 from pins (by
 * SYSCFG), 16 PVD, 17 RTC alarm, 18 and 20 USB, 19 Ethernet, 21 RTC tamper, 22 RTC wakeup. Outputs
 * are the interrupts as the vector table has them: lines that share one are ORed; and a pulse for
 * each selected edge of the lines 11 and 15, which converters can be triggered by. */
#ifndef ARMEMU_DEVICES_MISC_STM32_EXTI_H
#define ARMEMU_DEVICES_MISC_STM32_EXTI_H

#include "devices/core/device.h"

enum { STM32_EXTI_LINES = 23 };

enum {
    STM32_EXTI_LINE0, /* to line 4 */
    STM32_EXTI_LINES9_5 = 5,
    STM32_EXTI_LINES15_10,
    STM32_EXTI_LINE16, /* to line 22 */
    STM32_EXTI_EDGE11 = STM32_EXTI_LINE16 + 7,
    STM32_EXTI_EDGE15,
    STM32_EXTI_OUTPUTS
};

extern const struct device_class stm32_exti_class;

#endif
