/* MPS2 Serial Communication Controller (AN385, chapter "SCC"): ids, LEDs and switches of the
 * motherboard, and requests to its controller, of which reading and setting the oscillators is
 * there. Outputs 0 to 7: the LEDs; 8: REMAP of CFG0. Inputs 0 to 7: the switches. */
#ifndef ARMEMU_DEVICES_MISC_MPS2_SCC_H
#define ARMEMU_DEVICES_MISC_MPS2_SCC_H

#include "devices/core/device.h"

enum { MPS2_SCC_LEDS = 8, MPS2_SCC_REMAP = 8, MPS2_SCC_OUTPUTS = 9, MPS2_SCC_SWITCHES = 8 };

struct mps2_scc_config {
    uint32_t cfg4, aid, id; /* as the registers read */
};

extern const struct device_class mps2_scc_class;

#endif
