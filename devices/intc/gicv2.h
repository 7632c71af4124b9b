/* GICv2, the Generic Interrupt Controller version 2 (ARM IHI 0048B): distributor and CPU interfaces
 * for up to 8 CPUs and 1020 interrupts, with the identification of a GIC-400 (ARM DDI 0471).
 *
 * Windows: GICV2_DISTRIBUTOR (0x1000 bytes) and GICV2_CPU (0x2000). With the Security Extensions
 * these are what secure accesses see, and GICV2_DISTRIBUTOR_NS and GICV2_CPU_NS are the non-secure
 * views of the same registers, to be mapped in the non-secure address space. */
#ifndef ARMEMU_DEVICES_INTC_GICV2_H
#define ARMEMU_DEVICES_INTC_GICV2_H

#include "devices/core/device.h"

#define GICV2_MAX_CPUS 8
#define GICV2_MAX_IRQS 1020

enum gicv2_region {
    GICV2_DISTRIBUTOR,
    GICV2_CPU,
    GICV2_DISTRIBUTOR_NS, /* only with security */
    GICV2_CPU_NS,         /* only with security */
};

enum gicv2_output { GICV2_IRQ, GICV2_FIQ, GICV2_OUTPUTS_PER_CPU };

struct gicv2_config {
    uint32_t num_cpus; /* 1..8 */
    uint32_t num_irqs; /* 32..1020, including the 32 that each CPU has of its own */
    bool security;     /* Security Extensions */
};

extern const struct device_class gicv2_class;

/** The input of shared peripheral interrupt @spi: 0 is interrupt ID 32. */
struct irq_line gicv2_spi(struct device *gic, unsigned spi);

/** The input of private peripheral interrupt @id (the ID: 16..31) of @cpu. */
struct irq_line gicv2_ppi(struct device *gic, unsigned cpu, unsigned id);

/** Connect the IRQ or FIQ output of @cpu. */
void gicv2_connect_cpu(struct device *gic, unsigned cpu, enum gicv2_output which,
                       struct irq_line line);

#endif
