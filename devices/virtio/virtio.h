/* What a virtio transport and a virtio back end know of each other (Virtual I/O Device
 * specification 1.2). A transport holds the registers: features, status and the addresses of the
 * queues. A back end is a device ID, features, a configuration space and what to do when a queue is
 * notified. */
#ifndef ARMEMU_DEVICES_VIRTIO_VIRTIO_H
#define ARMEMU_DEVICES_VIRTIO_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_MAX_QUEUES 16

/* Bits of the device status (section 2.1). */
enum virtio_status {
    VIRTIO_STATUS_ACKNOWLEDGE = 1,
    VIRTIO_STATUS_DRIVER = 2,
    VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8,
    VIRTIO_STATUS_NEEDS_RESET = 64,
    VIRTIO_STATUS_FAILED = 128,
};

#define VIRTIO_F_VERSION_1 (1ull << 32)

/** One queue as the driver set it up. Everything is guest-supplied except num_max; num is at most
 * num_max, and all addresses are to be checked when they are used. */
struct virtio_queue {
    uint32_t num_max; /* entries, by the back end; 0: no such queue */
    uint32_t num;
    uint32_t ready;
    uint64_t desc, avail, used; /* guest physical addresses of the three parts */
};

struct virtio_backend;

struct virtio_backend_ops {
    /* The driver wrote the queue's number to the notify register, DRIVER_OK being set. */
    void (*notify)(struct virtio_backend *b, unsigned queue);
    /* The status changed; 0 is a reset: drop all requests and forget the queues. */
    void (*status)(struct virtio_backend *b, uint32_t status);
    /* Configuration space: any offset and size (1, 2 or 4) may come; little-endian. */
    uint32_t (*config_read)(struct virtio_backend *b, uint32_t offset, unsigned size);
    void (*config_write)(struct virtio_backend *b, uint32_t offset, unsigned size, uint32_t value);
};

/** First member of each back end's own struct. The transport fills in the second part. */
struct virtio_backend {
    const struct virtio_backend_ops *ops;
    uint32_t device_id; /* section 5: 1 network, 2 block ... */
    uint64_t features;  /* offered, without VIRTIO_F_VERSION_1, which is the transport's */
    uint16_t queue_num_max[VIRTIO_MAX_QUEUES]; /* entries of each queue, 0 where there is none */

    struct virtio_queue *queues; /* VIRTIO_MAX_QUEUES */
    uint64_t driver_features;    /* accepted by the driver */
    /* Tell the driver: used buffers in a queue, or a change of the configuration. */
    void (*interrupt)(void *transport, bool config_changed);
    void *transport;
};

#endif
