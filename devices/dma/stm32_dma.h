/* The DMA controller of the STM32F4 (RM0090 section 10): 8 streams. Input 8 * s + c is the request
 * of channel c of stream s, a level that the peripheral lowers when it is served; input
 * STM32_DMA_PULSES + 8 * s + c is the same as a pulse, which moves one item. Memory to memory
 * everything is moved at once. FIFO and bursts change nothing
 * that a guest could see but the order on the bus. Output n is the interrupt of stream n. */
#ifndef ARMEMU_DEVICES_DMA_STM32_DMA_H
#define ARMEMU_DEVICES_DMA_STM32_DMA_H

#include "devices/core/device.h"

enum {
    STM32_DMA_STREAMS = 8,
    STM32_DMA_CHANNELS = 8,
    STM32_DMA_PULSES = STM32_DMA_STREAMS * STM32_DMA_CHANNELS,
    STM32_DMA_INPUTS = 2 * STM32_DMA_PULSES
};

extern const struct device_class stm32_dma_class;

#endif
