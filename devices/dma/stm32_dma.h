/* The DMA controller of the STM32F4 (RM0090 section 10): 8 streams. Input 8 * s + c is the request
 * of channel c of stream s: a level that the peripheral lowers when it is served, or a pulse. A
 * request moves one item; memory to memory everything at once. FIFO and bursts change nothing
 * that a guest could see but the order on the bus. Output n is the interrupt of stream n. */
#ifndef ARMEMU_DEVICES_DMA_STM32_DMA_H
#define ARMEMU_DEVICES_DMA_STM32_DMA_H

#include "devices/core/device.h"

enum { STM32_DMA_STREAMS = 8, STM32_DMA_CHANNELS = 8 };

extern const struct device_class stm32_dma_class;

#endif
