/* The generic timer (Arm ARM DDI 0406C chapter B8, DDI 0487 chapter D12): the system counter and
 * the timers of each CPU. It has no windows: CPUs reach it through their system registers (CP15
 * c14), whose access checks are theirs. Output of timer `kind` of a CPU: ISTATUS & ENABLE &
 * ~IMASK. */
#ifndef ARMEMU_DEVICES_TIMER_ARCH_TIMER_H
#define ARMEMU_DEVICES_TIMER_ARCH_TIMER_H

#include "devices/core/device.h"

#define ARCH_TIMER_MAX_CPUS 32

enum arch_timer_kind {
    ARCH_TIMER_PHYS,   /* CNTP, non-secure (the only one without Security Extensions) */
    ARCH_TIMER_PHYS_S, /* CNTP, secure */
    ARCH_TIMER_VIRT,   /* CNTV: counts with CNTVOFF subtracted */
    ARCH_TIMER_HYP,    /* CNTHP */
    ARCH_TIMER_KINDS
};

enum { ARCH_TIMER_CTL_ENABLE = 1, ARCH_TIMER_CTL_IMASK = 2, ARCH_TIMER_CTL_ISTATUS = 4 };

struct arch_timer_config {
    uint32_t num_cpus;
    uint32_t frequency; /* Hz: 1 to 1 GHz; what CNTFRQ should be set to */
};

extern const struct device_class arch_timer_class;

/** Connect the output of one timer of one CPU. */
void arch_timer_connect(struct device *dev, unsigned cpu, enum arch_timer_kind kind,
                        struct irq_line line);

/** Hz of the counter. Any thread. */
uint32_t arch_timer_frequency(const struct device *dev);

/** CNTPCT. Any thread, without the device lock. */
uint64_t arch_timer_count(const struct device *dev);

/** CNTVCT of @cpu: CNTPCT - CNTVOFF. On the CPU's own thread, without the device lock. */
uint64_t arch_timer_virtual_count(const struct device *dev, unsigned cpu);

/** CNTVOFF of @cpu. */
void arch_timer_set_offset(struct device *dev, unsigned cpu, uint64_t offset);

/** CNTx_CTL: bits ENABLE, IMASK, and on reading ISTATUS (0 while disabled). */
uint32_t arch_timer_ctl(const struct device *dev, unsigned cpu, enum arch_timer_kind kind);
void arch_timer_set_ctl(struct device *dev, unsigned cpu, enum arch_timer_kind kind,
                        uint32_t value);

/** CNTx_CVAL. */
uint64_t arch_timer_cval(const struct device *dev, unsigned cpu, enum arch_timer_kind kind);
void arch_timer_set_cval(struct device *dev, unsigned cpu, enum arch_timer_kind kind,
                         uint64_t value);

/** CNTx_TVAL: CVAL relative to the count, 32 bits, signed. */
uint32_t arch_timer_tval(const struct device *dev, unsigned cpu, enum arch_timer_kind kind);
void arch_timer_set_tval(struct device *dev, unsigned cpu, enum arch_timer_kind kind,
                         uint32_t value);

#endif
