/* SP804, the Arm dual timer (ARM DDI 0271): two 32-bit down counters. Window: 0x1000 bytes.
 * Outputs: SP804_TIMINTC, the combined interrupt, and those of the two timers. */
#ifndef ARMEMU_DEVICES_TIMER_SP804_H
#define ARMEMU_DEVICES_TIMER_SP804_H

#include "devices/core/device.h"

enum sp804_output { SP804_TIMINTC, SP804_TIMINT1, SP804_TIMINT2, SP804_OUTPUTS };

struct sp804_config {
    uint32_t freq0, freq1; /* Hz of each timer's clock, 1 Hz to 1 GHz */
};

extern const struct device_class sp804_class;
/* The dual timer of the Cortex-M System Design Kit: the same with other ids. */
extern const struct device_class cmsdk_dualtimer_class;

#endif
