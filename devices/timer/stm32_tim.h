/* The timers of the STM32F4 (RM0090 sections 17 to 20): basic, general and advanced ones, by the
 * properties. Clock input 0 is their kernel clock. They count up or down, with prescaler, reload,
 * repetition, one pulse, and compare channels whose outputs lead to no pins. Counting external
 * edges, capture and centre-aligned modes are not there: a warning says so. */
#ifndef ARMEMU_DEVICES_TIMER_STM32_TIM_H
#define ARMEMU_DEVICES_TIMER_STM32_TIM_H

#include "devices/core/device.h"

/* Outputs: interrupts (all one and the same in most timers); as pulses DMA requests, the trigger
 * output, and the events of the compare channels. */
enum {
    STM32_TIM_UP,
    STM32_TIM_CC,
    STM32_TIM_TRG_COM,
    STM32_TIM_BRK,
    STM32_TIM_DMA_UP,
    STM32_TIM_DMA_CC1, /* to CC4 */
    STM32_TIM_TRGO = STM32_TIM_DMA_CC1 + 4,
    STM32_TIM_CC1_EVENT, /* to CC4 */
    STM32_TIM_OUTPUTS = STM32_TIM_CC1_EVENT + 4
};

struct stm32_tim_config {
    uint32_t width;    /* bits of the counter: 16 or 32 */
    uint32_t channels; /* 0: a basic timer; 1, 2 or 4 */
    bool advanced;     /* RCR, BDTR */
};

extern const struct device_class stm32_tim_class;

#endif
