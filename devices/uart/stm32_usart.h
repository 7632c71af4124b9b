/* USART of the STM32F4 (RM0090 section 30), asynchronous. Clock input 0 is its bus clock. What is
 * sent leaves at once. Input is taken while the receiver is enabled; the line counts as idle when
 * nothing has come for a frame after a character. */
#ifndef ARMEMU_DEVICES_UART_STM32_USART_H
#define ARMEMU_DEVICES_UART_STM32_USART_H

#include "devices/core/device.h"

/* Outputs: the interrupt, and the requests to the DMA controller. */
enum { STM32_USART_IRQ, STM32_USART_DMA_RX, STM32_USART_DMA_TX, STM32_USART_OUTPUTS };

struct stm32_usart_config {
    struct chardev *chardev;
};

extern const struct device_class stm32_usart_class;

#endif
