/* Arm CMSDK APB UART (DDI 0479): one character in each direction, no FIFOs. Characters are sent at
 * once, whatever the baud rate; they are received while the receiver is enabled. */
#ifndef ARMEMU_DEVICES_UART_CMSDK_UART_H
#define ARMEMU_DEVICES_UART_CMSDK_UART_H

#include "devices/core/device.h"

/* Outputs. */
enum {
    CMSDK_UART_TX,
    CMSDK_UART_RX,
    CMSDK_UART_TX_OVERRUN,
    CMSDK_UART_RX_OVERRUN,
    CMSDK_UART_COMBINED,
    CMSDK_UART_OUTPUTS
};

struct cmsdk_uart_config {
    struct chardev *chardev; /* NULL: not connected */
};

extern const struct device_class cmsdk_uart_class;

#endif
