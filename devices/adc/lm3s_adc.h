/* ADC of Stellaris microcontrollers: four sequencers, 10 bits. Conversions take no time. The inputs
 * are constants that the board gives. */
#ifndef ARMEMU_DEVICES_ADC_LM3S_ADC_H
#define ARMEMU_DEVICES_ADC_LM3S_ADC_H

#include "devices/core/device.h"

/* Outputs: the interrupts of the sequencers. Input 0: a rising edge is the timers' trigger. */
enum { LM3S_ADC_SEQUENCERS = 4, LM3S_ADC_INPUTS = 1 };

struct lm3s_adc_config {
    uint32_t ain0, ain1, ain2, ain3; /* 0 to 1023 */
    uint32_t temperature;            /* likewise, of the sensor */
};

extern const struct device_class lm3s_adc_class;

#endif
