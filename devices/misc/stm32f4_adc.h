/* One of the analog to digital converters of the STM32F4 (RM0090 section 13), and the registers
 * that the three share. A conversion takes its time. External channels have the voltage of the
 * property `input`; 16 is the temperature sensor at 25 degrees, 17 the reference of 1.21 V, 18 half
 * of VBAT, with VDDA = VBAT = 3.3 V. Multi mode is not there. */
#ifndef ARMEMU_DEVICES_MISC_STM32F4_ADC_H
#define ARMEMU_DEVICES_MISC_STM32F4_ADC_H

#include "devices/core/device.h"

enum { STM32F4_ADC_IRQ, STM32F4_ADC_DMA, STM32F4_ADC_OUTPUTS };

/* Inputs of the common registers: what starts conversions, as pulses in the order of EXTSEL, then
 * of JEXTSEL. */
enum { STM32F4_ADC_INJECTED = 16, STM32F4_ADC_TRIGGERS = 32 };

struct stm32f4_adc_config {
    uint32_t input; /* 12 bits */
};

/* Clock input 0 is PCLK2. The common registers know the converters, attached as 0 to 2. */
extern const struct device_class stm32f4_adc_class, stm32f4_adc_common_class;

#endif
