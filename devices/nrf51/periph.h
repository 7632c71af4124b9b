/* What the peripherals of the nRF51 series have in common (nRF51 Series Reference Manual, chapter
 * "Peripheral interface"): tasks at 0x000, events at 0x100, shortcuts at 0x200, interrupts at
 * 0x300, then registers of their own. Task and event n lie at 4 * n of their blocks; bit n of
 * INTEN belongs to event n. */
#ifndef ARMEMU_DEVICES_NRF51_PERIPH_H
#define ARMEMU_DEVICES_NRF51_PERIPH_H

#include "devices/core/device.h"
#include "devices/core/regs.h"

enum { NRF51_WINDOW = 0x1000, NRF51_TASKS = 32, NRF51_EVENTS = 32, NRF51_IRQ = 0 /* output */ };

/** Bit @bit of SHORTS: event @event starts task @task. */
struct nrf51_short {
    uint8_t bit, event, task;
};

struct nrf51_kind {
    uint32_t tasks, events; /* those that exist, as bits */
    const struct nrf51_short *shorts;
    unsigned short_count;
    struct reg_table regs;  /* the registers from 0x310 on */
    void (*task)(struct device *dev, unsigned n);
    /* INTEN was changed, or an event cleared. NULL: nothing to do. */
    void (*changed)(struct device *dev);
};

/** First member of each peripheral's struct. */
struct nrf51_periph {
    struct device base;
    const struct nrf51_kind *kind;
    uint32_t events, inten, shorts;
    /* Told of each event that is generated (the PPI). */
    void (*listener)(void *opaque, unsigned id, unsigned event);
    void *listener_opaque;
    unsigned listener_id;
};

#define NRF51_PERIPH_FIELDS(type)                                                                  \
    FIELD(type, p.events), FIELD(type, p.inten), FIELD(type, p.shorts)

/** Event @n happens: its register, shortcuts, the PPI, the interrupt. */
void nrf51_event(struct nrf51_periph *p, unsigned n);
/** Start task @n, as a write of 1 to its register does; tasks that do not exist are ignored. */
void nrf51_task(struct nrf51_periph *p, unsigned n);
void nrf51_update_irq(struct nrf51_periph *p);
/** Events, interrupts and shortcuts off, and the registers of the kind's table at their reset
 * values. */
void nrf51_reset(struct nrf51_periph *p);

/** Accesses to all of the 4 KiB window. */
extern const struct region_ops nrf51_region;

/** Allocate a peripheral of @size bytes with its window. */
void *nrf51_alloc(size_t size, const char *name, const struct device_class *class,
                  const struct device_ops *ops, const struct field_list *state,
                  const struct nrf51_kind *kind, unsigned inputs, unsigned outputs);

#endif
