/* MPS2 FPGA system control and I/O (AN385): LEDs, buttons and counters. Outputs 0 and 1: the LEDs.
 * Inputs 0 and 1: the buttons. */
#ifndef ARMEMU_DEVICES_MISC_MPS2_FPGAIO_H
#define ARMEMU_DEVICES_MISC_MPS2_FPGAIO_H

#include "devices/core/device.h"

enum { MPS2_FPGAIO_LEDS = 2, MPS2_FPGAIO_BUTTONS = 2 };

struct mps2_fpgaio_config {
    uint32_t freq; /* of the prescaler, in Hz */
};

extern const struct device_class mps2_fpgaio_class;

#endif
