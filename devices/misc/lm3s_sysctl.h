/* System control of Stellaris LM3S6965 (data sheet, chapter "System Control"): clocks, resets,
 * identification. Peripherals that are attached (device_attach) with number 32 * N + B are reset by
 * bit B of SRCRN. Clock gates are registers only: a peripheral without clock works all the same. */
#ifndef ARMEMU_DEVICES_MISC_LM3S_SYSCTL_H
#define ARMEMU_DEVICES_MISC_LM3S_SYSCTL_H

#include "devices/core/device.h"

/* Outputs: the interrupt, and the system clock in Hz. */
enum { LM3S_SYSCTL_IRQ, LM3S_SYSCTL_CLOCK, LM3S_SYSCTL_OUTPUTS };
/* Inputs: the watchdog's reset, so that the next reset knows its cause. */
enum { LM3S_SYSCTL_WATCHDOG, LM3S_SYSCTL_INPUTS };

struct lm3s_sysctl_config {
    uint32_t did0, did1, dc0, dc1, dc2, dc3, dc4; /* as the registers read */
    uint32_t user0, user1;                        /* user registers of the flash: the MAC address */
    uint32_t xtal;                                /* Hz of the main oscillator */
};

extern const struct device_class lm3s_sysctl_class;

#endif
