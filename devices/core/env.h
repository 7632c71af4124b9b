/* What a device may reach outside itself: time, and guest memory for DMA. Supplied by the
 * owner of the VM, the same for all devices of it; it must outlive them. */
#ifndef ARMEMU_DEVICES_CORE_ENV_H
#define ARMEMU_DEVICES_CORE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer_queue;

/** Access to guest physical memory. Address and length come from the guest and may be anything,
 * also a range that wraps around. Both functions return false when any byte of the range is not
 * RAM; what was transferred then is unspecified. */
struct dma {
    bool (*read)(void *opaque, uint64_t addr, void *buf, size_t len);
    bool (*write)(void *opaque, uint64_t addr, const void *buf, size_t len);
    /* For flash controllers: as write, and ROM is written as well. */
    bool (*program)(void *opaque, uint64_t addr, const void *buf, size_t len);
    void *opaque;
    /* One access of 1, 2 or 4 bytes, which may reach the registers of a device; false where nothing
     * is. May be NULL. */
    bool (*load)(void *opaque, uint64_t addr, unsigned size, uint64_t *value);
    bool (*store)(void *opaque, uint64_t addr, unsigned size, uint64_t value);
};

/** Random numbers for the guest's generators. They are reproducible where the VM is. */
struct entropy {
    uint64_t (*get)(void *opaque);
    void *opaque;
};

struct device_env {
    struct timer_queue *timers; /* on the guest-visible clock (timers->clock) */
    struct dma dma;             /* functions may be NULL where no device does DMA */
    struct entropy entropy;     /* `get` may be NULL where no device needs it */
};

#endif
