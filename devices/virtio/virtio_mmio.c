#include "devices/virtio/virtio_mmio.h"

#include <assert.h>
#include <string.h>

#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

#define CONFIG_OFFSET 0x100

enum { INTERRUPT_QUEUE = 1, INTERRUPT_CONFIG = 2 };

struct virtio_mmio {
    struct device base;
    bool legacy;
    struct virtio_backend *backend; /* NULL: empty */
    uint32_t device_features_sel, driver_features_sel, queue_sel, status, interrupt_status;
    uint32_t config_generation;
    uint32_t page_size; /* legacy: GuestPageSize */
    uint64_t driver_features;
    /* The queues, member by member of struct virtio_queue, as state fields have to be. */
    uint32_t queue_num[VIRTIO_MAX_QUEUES], queue_ready[VIRTIO_MAX_QUEUES];
    uint32_t queue_align[VIRTIO_MAX_QUEUES], queue_pfn[VIRTIO_MAX_QUEUES]; /* legacy */
    uint64_t queue_desc[VIRTIO_MAX_QUEUES], queue_avail[VIRTIO_MAX_QUEUES];
    uint64_t queue_used[VIRTIO_MAX_QUEUES];
    struct virtio_queue queue[VIRTIO_MAX_QUEUES]; /* derived: what the back end sees */
};

static struct virtio_mmio *mmio_of(const struct device *dev)
{
    assert(dev->class == &virtio_mmio_class);
    return (struct virtio_mmio *)dev;
}

static void update_irq(struct device *dev)
{
    irq_set(&dev->output[0], mmio_of(dev)->interrupt_status != 0);
}

/* ---- queues ---- */

/** Entries that queue @n can have; 0 for queues that do not exist. */
static uint32_t queue_num_max(const struct virtio_mmio *m, uint32_t n)
{
    return m->backend && n < VIRTIO_MAX_QUEUES ? m->backend->queue_num_max[n] : 0;
}

/** Show the back end queue @n as the registers have it. The legacy layout is one area: descriptors,
 * available ring, and after alignment the used ring (section 2.7.2). */
static void queue_update(struct virtio_mmio *m, unsigned n)
{
    struct virtio_queue *q = &m->queue[n];
    *q = (struct virtio_queue){queue_num_max(m, n), m->queue_num[n],   m->queue_ready[n],
                               m->queue_desc[n],    m->queue_avail[n], m->queue_used[n]};
    if (m->legacy) {
        uint64_t align = is_pow2(m->queue_align[n]) ? m->queue_align[n] : 4096;
        q->ready = m->queue_pfn[n] != 0;
        q->desc = (uint64_t)m->queue_pfn[n] * m->page_size;
        q->avail = q->desc + 16ull * q->num;
        q->used = align_up(q->avail + 6 + 2ull * q->num, align);
    }
}

static void queues_update(struct device *dev)
{
    for (unsigned n = 0; n < VIRTIO_MAX_QUEUES; n++)
        queue_update(mmio_of(dev), n);
}

/** The selected queue's number, or -1 with a log line when there is none. */
static int queue_selected(struct virtio_mmio *m, const char *what)
{
    if (queue_num_max(m, m->queue_sel))
        return (int)m->queue_sel;
    log_write(LOG_GUEST_ERRORS, "%s: %s for queue %u, which does not exist", m->base.name, what,
              m->queue_sel);
    return -1;
}

static uint32_t queue_num_max_read(struct device *dev, const struct reg_access *a)
{
    const struct virtio_mmio *m = mmio_of(dev);
    return queue_num_max(m, m->queue_sel);
}

static void queue_num_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct virtio_mmio *m = mmio_of(dev);
    int n = queue_selected(m, a->reg->name);
    if (n < 0)
        return;
    if (!is_pow2(value) || value > queue_num_max(m, (uint32_t)n)) {
        log_write(LOG_GUEST_ERRORS, "%s: queue %d cannot have %u entries", dev->name, n, value);
        return;
    }
    m->queue_num[n] = value;
    queue_update(m, (unsigned)n);
}

/* Rows of the queue registers name the array of uint32_t (or, for addresses, of uint64_t) that the
 * selected queue's value stands in. */
static uint32_t queue_word_read(struct device *dev, const struct reg_access *a)
{
    const struct virtio_mmio *m = mmio_of(dev);
    const uint32_t *words = (const uint32_t *)((const char *)dev + a->reg->field);
    return m->queue_sel < VIRTIO_MAX_QUEUES ? words[m->queue_sel] : 0;
}

static void queue_word_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct virtio_mmio *m = mmio_of(dev);
    int n = queue_selected(m, a->reg->name);
    if (n < 0)
        return;
    ((uint32_t *)((char *)dev + a->reg->field))[n] = value;
    queue_update(m, (unsigned)n);
}

static void queue_ready_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    queue_word_write(dev, a, value & 1);
}

static void queue_address_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct virtio_mmio *m = mmio_of(dev);
    int n = queue_selected(m, a->reg->name);
    if (n < 0)
        return;
    uint64_t *addr = (uint64_t *)((char *)dev + a->reg->field) + n;
    *addr = a->index ? (*addr & UINT32_MAX) | (uint64_t)value << 32
                     : (*addr & ~(uint64_t)UINT32_MAX) | value;
    queue_update(m, (unsigned)n);
}

static void queue_notify_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct virtio_mmio *m = mmio_of(dev);
    if (!queue_num_max(m, value) || !(m->status & VIRTIO_STATUS_DRIVER_OK)) {
        log_write(LOG_GUEST_ERRORS, "%s: bad notification of queue %u", dev->name, value);
        return;
    }
    m->backend->ops->notify(m->backend, value);
}

/* ---- features, status, interrupt ---- */

static uint64_t offered_features(const struct virtio_mmio *m)
{
    if (!m->backend)
        return 0;
    return m->backend->features | (m->legacy ? 0 : VIRTIO_F_VERSION_1);
}

static uint32_t features_read(struct device *dev, const struct reg_access *a)
{
    const struct virtio_mmio *m = mmio_of(dev);
    uint32_t sel = m->device_features_sel;
    return sel < 2 ? (uint32_t)(offered_features(m) >> (32 * sel)) : 0;
}

static void features_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct virtio_mmio *m = mmio_of(dev);
    unsigned shift = 32 * (m->driver_features_sel & 1);
    if (m->driver_features_sel > 1 || m->status & VIRTIO_STATUS_FEATURES_OK)
        return;
    m->driver_features &= ~((uint64_t)UINT32_MAX << shift);
    m->driver_features |= (uint64_t)value << shift & offered_features(m);
    if (m->backend)
        m->backend->driver_features = m->driver_features;
}

static void transport_reset(struct virtio_mmio *m)
{
    struct device *dev = &m->base;
    for (unsigned i = 0; i < dev->state->count; i++) {
        const struct field *f = &dev->state->fields[i];
        memset((char *)dev + f->offset, 0, (size_t)f->size * f->count);
    }
    queues_update(dev);
    if (m->backend) {
        m->backend->driver_features = 0;
        m->backend->ops->status(m->backend, 0);
    }
    update_irq(dev);
}

static void status_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct virtio_mmio *m = mmio_of(dev);
    if (!m->backend)
        return;
    if (!value) {
        transport_reset(m);
        return;
    }
    /* A driver of the current interface must accept VERSION_1, or it is refused (section 6.1). */
    if (!m->legacy && !(m->driver_features & VIRTIO_F_VERSION_1))
        value &= ~(uint32_t)VIRTIO_STATUS_FEATURES_OK;
    m->status = value & 0xff;
    m->backend->ops->status(m->backend, m->status);
}

static void interrupt_ack(struct device *dev, const struct reg_access *a, uint32_t value)
{
    mmio_of(dev)->interrupt_status &= ~value;
    update_irq(dev);
}

static void interrupt(void *transport, bool config_changed)
{
    struct virtio_mmio *m = transport;
    m->config_generation += config_changed;
    m->interrupt_status |= config_changed ? INTERRUPT_CONFIG : INTERRUPT_QUEUE;
    update_irq(&m->base);
}

/* ---- the tables ---- */

static uint32_t device_id_read(struct device *dev, const struct reg_access *a)
{
    const struct virtio_mmio *m = mmio_of(dev);
    return m->backend ? m->backend->device_id : 0;
}

#define AT(member) REG_FIELD(struct virtio_mmio, member)
#define ALL UINT32_MAX
#define COMMON_HEAD(version_)                                                                      \
    {"MagicValue", 0x000, .reset = 0x74726976}, /* "virt" */                                       \
    {"Version", 0x004, .reset = version_},                                                         \
    {"DeviceID", 0x008, .read = device_id_read},                                                   \
    {"VendorID", 0x00c, .reset = 0x554d4551}, /* "QEMU", which drivers know */                     \
    {"DeviceFeatures", 0x010, .read = features_read},                                              \
    {"DeviceFeaturesSel", 0x014, .field = AT(device_features_sel), .writable = ALL,                \
     .flags = REG_WRITE_ONLY},                                                                     \
    {"DriverFeatures", 0x020, .flags = REG_WRITE_ONLY, .write = features_write},                   \
    {"DriverFeaturesSel", 0x024, .field = AT(driver_features_sel), .writable = ALL,                \
     .flags = REG_WRITE_ONLY}
#define COMMON_QUEUE                                                                               \
    {"QueueSel", 0x030, .field = AT(queue_sel), .writable = ALL, .flags = REG_WRITE_ONLY},         \
    {"QueueNumMax", 0x034, .read = queue_num_max_read},                                            \
    {"QueueNum", 0x038, .flags = REG_WRITE_ONLY, .write = queue_num_write}
#define COMMON_TAIL                                                                                \
    {"QueueNotify", 0x050, .flags = REG_WRITE_ONLY, .write = queue_notify_write},                  \
    {"InterruptStatus", 0x060, .field = AT(interrupt_status)},                                     \
    {"InterruptACK", 0x064, .flags = REG_WRITE_ONLY, .write = interrupt_ack},                      \
    {"Status", 0x070, .field = AT(status), .write = status_write}

static const struct reg current_rows[] = {
    COMMON_HEAD(2),
    COMMON_QUEUE,
    {"QueueReady", 0x044, .field = AT(queue_ready), .read = queue_word_read,
     .write = queue_ready_write},
    COMMON_TAIL,
    {"QueueDesc", 0x080, 2, .flags = REG_WRITE_ONLY, .field = AT(queue_desc),
     .write = queue_address_write},
    {"QueueDriver", 0x090, 2, .flags = REG_WRITE_ONLY, .field = AT(queue_avail),
     .write = queue_address_write},
    {"QueueDevice", 0x0a0, 2, .flags = REG_WRITE_ONLY, .field = AT(queue_used),
     .write = queue_address_write},
    {"SHMSel", 0x0ac, .flags = REG_WRITE_ONLY | REG_IGNORE},
    {"SHMLenLow", 0x0b0, 4, .reset = ALL}, /* and SHMBase: no shared memory regions */
    {"ConfigGeneration", 0x0fc, .field = AT(config_generation)},
};

static const struct reg legacy_rows[] = {
    COMMON_HEAD(1),
    {"GuestPageSize", 0x028, .field = AT(page_size), .writable = ALL, .flags = REG_WRITE_ONLY,
     .after = queues_update},
    COMMON_QUEUE,
    {"QueueAlign", 0x03c, .flags = REG_WRITE_ONLY, .field = AT(queue_align),
     .write = queue_word_write},
    {"QueuePFN", 0x040, .field = AT(queue_pfn), .read = queue_word_read,
     .write = queue_word_write},
    COMMON_TAIL,
};

static const struct reg_table current_table = {current_rows, ARRAY_SIZE(current_rows), false};
static const struct reg_table legacy_table = {legacy_rows, ARRAY_SIZE(legacy_rows), false};

static const struct reg_table *table_of(const struct virtio_mmio *m)
{
    return m->legacy ? &legacy_table : &current_table;
}

static uint64_t mmio_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    struct virtio_mmio *m = mmio_of(dev);
    if (offset < CONFIG_OFFSET)
        return regs_read(dev, table_of(m), cpu_index, offset, size);
    if (!m->backend || !m->backend->ops->config_read)
        return 0;
    return m->backend->ops->config_read(m->backend, (uint32_t)(offset - CONFIG_OFFSET), size);
}

static void mmio_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                       uint64_t value)
{
    struct virtio_mmio *m = mmio_of(dev);
    if (!m->backend)
        return; /* there is nothing to talk to */
    if (offset < CONFIG_OFFSET)
        regs_write(dev, table_of(m), cpu_index, offset, size, value);
    else if (m->backend->ops->config_write)
        m->backend->ops->config_write(m->backend, (uint32_t)(offset - CONFIG_OFFSET), size,
                                      (uint32_t)value);
}

static const struct region_ops region = {
    mmio_read, mmio_write, .min_size = 1, .max_size = 8, .max_impl = 4};

/* ---- life ---- */

void virtio_mmio_attach(struct device *dev, struct virtio_backend *backend)
{
    struct virtio_mmio *m = mmio_of(dev);
    assert(!m->backend);
    m->backend = backend;
    backend->queues = m->queue;
    backend->interrupt = interrupt;
    backend->transport = m;
    transport_reset(m);
}

bool virtio_mmio_is_empty(const struct device *dev)
{
    return !mmio_of(dev)->backend;
}

static void mmio_reset(struct device *dev)
{
    transport_reset(mmio_of(dev));
}

static void mmio_loaded(struct device *dev)
{
    struct virtio_mmio *m = mmio_of(dev);
    for (unsigned n = 0; n < VIRTIO_MAX_QUEUES; n++) {
        if (m->queue_num[n] > queue_num_max(m, n))
            m->queue_num[n] = 0;
        queue_update(m, n);
    }
    if (m->backend) {
        m->backend->driver_features = m->driver_features;
        m->backend->ops->status(m->backend, m->status);
    }
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct virtio_mmio, device_features_sel),
    FIELD(struct virtio_mmio, driver_features_sel),
    FIELD(struct virtio_mmio, queue_sel),
    FIELD(struct virtio_mmio, status),
    FIELD(struct virtio_mmio, interrupt_status),
    FIELD(struct virtio_mmio, config_generation),
    FIELD(struct virtio_mmio, page_size),
    FIELD(struct virtio_mmio, driver_features),
    FIELD_ARRAY(struct virtio_mmio, queue_num),
    FIELD_ARRAY(struct virtio_mmio, queue_ready),
    FIELD_ARRAY(struct virtio_mmio, queue_align),
    FIELD_ARRAY(struct virtio_mmio, queue_pfn),
    FIELD_ARRAY(struct virtio_mmio, queue_desc),
    FIELD_ARRAY(struct virtio_mmio, queue_avail),
    FIELD_ARRAY(struct virtio_mmio, queue_used),
};

static const struct field_list state = {"virtio-mmio", sizeof(struct virtio_mmio), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = mmio_reset, .loaded = mmio_loaded};

static struct device *mmio_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    const struct virtio_mmio_config *c = config;
    struct virtio_mmio *m =
        device_alloc(sizeof(*m), name, &virtio_mmio_class, &ops, &state, 0, 1);
    m->legacy = c->legacy;
    device_add_region(&m->base, "registers", VIRTIO_MMIO_SIZE, &region);
    transport_reset(m);
    return &m->base;
}

static const struct property properties[] = {
    PROPERTY(BOOL, struct virtio_mmio_config, legacy, 0, 0, "the legacy interface, version 1"),
};

const struct device_class virtio_mmio_class = {
    .name = "virtio-mmio",
    .help = "virtio transport over MMIO",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct virtio_mmio_config),
    .create = mmio_create,
};
