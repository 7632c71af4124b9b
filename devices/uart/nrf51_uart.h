/* The UART of the nRF51 series (reference manual, chapter "UART"): 6 bytes of receive FIFO; bytes
 * come at the baud rate, one that is sent leaves at once. Pin selection is remembered only. */
#ifndef ARMEMU_DEVICES_UART_NRF51_UART_H
#define ARMEMU_DEVICES_UART_NRF51_UART_H

#include "devices/core/device.h"

struct nrf51_uart_config {
    struct chardev *chardev;
};

extern const struct device_class nrf51_uart_class;

#endif
