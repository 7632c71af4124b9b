/* Saving and loading the state fields of a device. */
#include <stdint.h>
#include <string.h>

#include "devices/core/device.h"

size_t device_state_size(const struct device *dev)
{
    size_t size = 0;
    for (unsigned i = 0; i < dev->state->count; i++)
        size += (size_t)dev->state->fields[i].size * dev->state->fields[i].count;
    return size;
}

void device_save(const struct device *dev, void *buf)
{
    uint8_t *out = buf;
    for (unsigned i = 0; i < dev->state->count; i++) {
        const struct field *f = &dev->state->fields[i];
        size_t bytes = (size_t)f->size * f->count;
        /* The host is little-endian (x86-64), so memory order is the snapshot's order. */
        memcpy(out, (const uint8_t *)dev + f->offset, bytes);
        out += bytes;
    }
}

void device_load(struct device *dev, const void *buf)
{
    const uint8_t *in = buf;
    for (unsigned i = 0; i < dev->state->count; i++) {
        const struct field *f = &dev->state->fields[i];
        size_t bytes = (size_t)f->size * f->count;
        memcpy((uint8_t *)dev + f->offset, in, bytes);
        in += bytes;
    }
    if (dev->ops->loaded)
        dev->ops->loaded(dev);
}
