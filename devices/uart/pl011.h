/* PL011, the PrimeCell UART (ARM DDI 0183), revision r1p4 with FIFOs of 16 characters. Transmission
 * takes no time, whatever the baud rate. Window: 0x1000 bytes. Output 0: the combined interrupt
 * UARTINTR. */
#ifndef ARMEMU_DEVICES_UART_PL011_H
#define ARMEMU_DEVICES_UART_PL011_H

#include "devices/core/device.h"

struct chardev;

struct pl011_config {
    struct chardev *chardev; /* NULL: output goes nowhere */
};

extern const struct device_class pl011_class;
/* The one of Stellaris microcontrollers: the same with other ids. */
extern const struct device_class pl011_luminary_class;

#endif
