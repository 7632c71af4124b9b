/* What the peripherals of the STM32 have in common: a window of registers that may be accessed by
 * bytes and halfwords, and a clock that RCC lets through or not.
 *
 * A peripheral whose clock is off works all the same, unlike hardware, but its use is logged as a
 * guest error, with the bit that should have been set. */
#ifndef ARMEMU_DEVICES_STM32_PERIPH_H
#define ARMEMU_DEVICES_STM32_PERIPH_H

#include "devices/core/device.h"
#include "devices/core/regs.h"

enum { STM32_WINDOW = 0x400 };

/** First member of each peripheral's struct. */
struct stm32_periph {
    struct device base;
    const struct reg_table *regs;
    const char *gate;  /* "RCC_AHB1ENR bit 0" while the clock is off, else NULL; RCC drives it */
    bool warned;
};

/** Accesses through the table. */
extern const struct region_ops stm32_region;

/** Allocate a peripheral of @size bytes with one window of @window bytes. */
void *stm32_alloc(size_t size, const char *name, const struct device_class *class,
                  const struct device_ops *ops, const struct field_list *state,
                  const struct reg_table *regs, uint64_t window, unsigned inputs, unsigned outputs);

/** The clock is off because of the bit called @gate (which must stay), or on (NULL). Devices that
 * are no STM32 peripherals are left alone. */
void stm32_set_gate(struct device *dev, const char *gate);

#endif
