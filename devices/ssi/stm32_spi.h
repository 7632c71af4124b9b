/* SPI of the STM32F4 (RM0090 section 28), as master: a frame takes no time, and as nothing is
 * connected, ones are shifted in. I2S and CRC are remembered only. */
#ifndef ARMEMU_DEVICES_SSI_STM32_SPI_H
#define ARMEMU_DEVICES_SSI_STM32_SPI_H

#include "devices/core/device.h"

/* Outputs: the interrupt, and the requests to the DMA controller. */
enum { STM32_SPI_IRQ, STM32_SPI_DMA_RX, STM32_SPI_DMA_TX, STM32_SPI_OUTPUTS };

extern const struct device_class stm32_spi_class;

#endif
