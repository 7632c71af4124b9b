/* The analog to digital converter of the nRF51 series (reference manual, chapter "ADC"). Every pin
 * has the voltage of the property `input`, in 1/1024 of full scale. */
#ifndef ARMEMU_DEVICES_MISC_NRF51_ADC_H
#define ARMEMU_DEVICES_MISC_NRF51_ADC_H

#include "devices/core/device.h"

struct nrf51_adc_config {
    uint32_t input;
};

extern const struct device_class nrf51_adc_class;

#endif
