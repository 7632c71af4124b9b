#include "devices/nrf51/periph.h"

#include "util/bits.h"
#include "util/log.h"

enum {
    TASKS = 0x000,
    EVENTS = 0x100,
    SHORTS = 0x200,
    INTEN = 0x300,
    INTENSET = 0x304,
    INTENCLR = 0x308,
    OWN = 0x30c, /* from here on: the kind's registers */
    POWER = 0xffc,
};

static struct nrf51_periph *periph_of(struct device *dev)
{
    return (struct nrf51_periph *)dev;
}

void nrf51_update_irq(struct nrf51_periph *p)
{
    irq_set(&p->base.output[NRF51_IRQ], (p->events & p->inten) != 0);
}

void nrf51_task(struct nrf51_periph *p, unsigned n)
{
    if (n < NRF51_TASKS && (p->kind->tasks & BIT(n)))
        p->kind->task(&p->base, n);
}

void nrf51_event(struct nrf51_periph *p, unsigned n)
{
    p->events |= BIT(n);
    nrf51_update_irq(p);
    for (unsigned i = 0; i < p->kind->short_count; i++) {
        const struct nrf51_short *s = &p->kind->shorts[i];
        if (s->event == n && (p->shorts & BIT(s->bit)))
            nrf51_task(p, s->task);
    }
    if (p->listener)
        p->listener(p->listener_opaque, p->listener_id, n);
}

static uint32_t short_mask(const struct nrf51_kind *kind)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < kind->short_count; i++)
        mask |= BIT(kind->shorts[i].bit);
    return mask;
}

static void bad(struct device *dev, const char *what, uint64_t offset)
{
    log_write(LOG_GUEST_ERRORS, "%s: %s at 0x%03llx", dev->name, what, (unsigned long long)offset);
}

static uint32_t common_read(struct nrf51_periph *p, uint64_t offset)
{
    unsigned n = (offset % 0x100) / 4;
    if (offset < EVENTS) { /* tasks cannot be read */
        bad(&p->base, "read of a task register", offset);
        return 0;
    }
    if (offset < SHORTS && n < NRF51_EVENTS && (p->kind->events & BIT(n)))
        return bit_get(p->events, n);
    if (offset == SHORTS && p->kind->short_count)
        return p->shorts;
    if (offset >= INTEN && offset <= INTENCLR && p->kind->events)
        return p->inten;
    bad(&p->base, "read where there is no register", offset);
    return 0;
}

static void event_write(struct nrf51_periph *p, unsigned n, uint32_t value)
{
    p->events = value & 1 ? p->events | BIT(n) : p->events & ~BIT(n);
}

static void inten_write(struct nrf51_periph *p, uint64_t offset, uint32_t value)
{
    value &= p->kind->events;
    if (offset == INTENSET)
        p->inten |= value;
    else if (offset == INTENCLR)
        p->inten &= ~value;
    else
        p->inten = value;
}

static void common_write(struct nrf51_periph *p, uint64_t offset, uint32_t value)
{
    unsigned n = (offset % 0x100) / 4;
    if (offset < EVENTS && n < NRF51_TASKS && (p->kind->tasks & BIT(n))) {
        if (value & 1)
            p->kind->task(&p->base, n);
        return;
    }
    if (offset >= EVENTS && offset < SHORTS && n < NRF51_EVENTS && (p->kind->events & BIT(n)))
        event_write(p, n, value);
    else if (offset == SHORTS && p->kind->short_count)
        p->shorts = value & short_mask(p->kind);
    else if (offset >= INTEN && offset <= INTENCLR && p->kind->events)
        inten_write(p, offset, value);
    else
        bad(&p->base, "write where there is no register", offset);
    if (p->kind->changed)
        p->kind->changed(&p->base);
    nrf51_update_irq(p);
}

static uint64_t window_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    struct nrf51_periph *p = periph_of(dev);
    if (offset == POWER)
        return 1;
    if (offset < OWN)
        return common_read(p, offset);
    return regs_read(dev, &p->kind->regs, cpu_index, offset, size);
}

/* POWER switched off and on resets the peripheral. */
static void power_write(struct device *dev, uint64_t value)
{
    if (!(value & 1))
        device_reset(dev);
}

static void window_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                         uint64_t value)
{
    struct nrf51_periph *p = periph_of(dev);
    if (offset == POWER)
        power_write(dev, value);
    else if (offset < OWN)
        common_write(p, offset, (uint32_t)value);
    else
        regs_write(dev, &p->kind->regs, cpu_index, offset, size, value);
}

const struct region_ops nrf51_region = {window_read, window_write, .min_size = 1, .max_size = 4,
                                        .min_impl = 4, .max_impl = 4};

void nrf51_reset(struct nrf51_periph *p)
{
    p->events = p->inten = p->shorts = 0;
    regs_reset(&p->base, &p->kind->regs);
    nrf51_update_irq(p);
}

void *nrf51_alloc(size_t size, const char *name, const struct device_class *class,
                  const struct device_ops *ops, const struct field_list *state,
                  const struct nrf51_kind *kind, unsigned inputs, unsigned outputs)
{
    struct nrf51_periph *p = device_alloc(size, name, class, ops, state, inputs, outputs);
    p->kind = kind;
    device_add_region(&p->base, "registers", NRF51_WINDOW, &nrf51_region);
    return p;
}
