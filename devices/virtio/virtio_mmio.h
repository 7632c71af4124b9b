/* virtio over MMIO (Virtual I/O Device specification 1.2, section 4.2): version 2 registers, or the
 * legacy interface, version 1. A transport without a back end has device ID 0, which drivers
 * ignore. Window: 0x200 bytes. Output 0: the interrupt. */
#ifndef ARMEMU_DEVICES_VIRTIO_VIRTIO_MMIO_H
#define ARMEMU_DEVICES_VIRTIO_VIRTIO_MMIO_H

#include "devices/core/device.h"
#include "devices/virtio/virtio.h"

#define VIRTIO_MMIO_SIZE 0x200

struct virtio_mmio_config {
    bool legacy; /* version 1 */
};

extern const struct device_class virtio_mmio_class;

/** Plug @backend into an empty transport, before the guest runs. It must outlive the transport. */
void virtio_mmio_attach(struct device *dev, struct virtio_backend *backend);

/** Is no back end plugged in? */
bool virtio_mmio_is_empty(const struct device *dev);

#endif
