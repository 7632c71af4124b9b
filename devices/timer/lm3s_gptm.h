/* General-purpose timer module of Stellaris microcontrollers: one 32-bit or two 16-bit counters,
 * one-shot or periodic. The modes that need pins (capture, PWM) and the RTC are not there. Clock
 * input 0 is the system clock. */
#ifndef ARMEMU_DEVICES_TIMER_LM3S_GPTM_H
#define ARMEMU_DEVICES_TIMER_LM3S_GPTM_H

#include "devices/core/device.h"

/* Outputs: the interrupts of the halves (A is also that of the 32-bit timer), and pulses that
 * trigger the ADC. */
enum { LM3S_GPTM_A, LM3S_GPTM_B, LM3S_GPTM_TRIGGER, LM3S_GPTM_OUTPUTS };

struct lm3s_gptm_config {
    uint32_t freq; /* Hz, until the clock input says otherwise */
};

extern const struct device_class lm3s_gptm_class;

#endif
