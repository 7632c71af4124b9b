/* GICv2m MSI frame (Arm Server Base System Architecture, ARM-DEN-0029, appendix "GICv2m"): a write
 * of an interrupt ID to MSI_SETSPI pulses that shared interrupt. Output n is SPI base_spi + n. */
#ifndef ARMEMU_DEVICES_INTC_GICV2M_H
#define ARMEMU_DEVICES_INTC_GICV2M_H

#include "devices/core/device.h"

struct gicv2m_config {
    uint32_t base_spi; /* first interrupt ID of the frame, 32 or more */
    uint32_t num_spi;  /* 1..987 */
};

extern const struct device_class gicv2m_class;

#endif
