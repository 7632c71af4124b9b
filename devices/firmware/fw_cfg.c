#include "devices/firmware/fw_cfg.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/core/env.h"
#include "util/bits.h"
#include "util/log.h"

#define OFFSET_DATA 0
#define OFFSET_SELECTOR 8
#define OFFSET_DMA 16

#define DMA_SIGNATURE 0x51454d5520434647ull /* "QEMU CFG" */
#define DMA_CHUNK 4096

/* Bits of the control word of a DMA descriptor; the key is in the upper half. */
enum { DMA_ERROR = BIT(0), DMA_READ = BIT(1), DMA_SKIP = BIT(2), DMA_SELECT = BIT(3),
       DMA_WRITE = BIT(4) };

/* The only key bits that count: the write-channel bit is historical. */
#define KEY_MASK 0xbfff

struct item {
    uint8_t *data;
    uint32_t len;
    uint16_t key;
    char name[FW_CFG_NAME_MAX + 1]; /* empty unless a file */
    void (*written)(void *opaque, const uint8_t *data, size_t len); /* NULL: read-only */
    void *opaque;
};

#define ITEMS_MAX (FW_CFG_FILE_FIRST + FW_CFG_FILES_MAX)

struct fw_cfg {
    struct device base;
    struct dma dma;
    struct item *items; /* ITEMS_MAX */
    unsigned item_count, file_count;
    /* state */
    uint32_t key;      /* selected */
    uint32_t offset;   /* of the next byte in the selected item; never beyond its end */
    uint64_t dma_addr; /* the upper half, while the lower one is awaited */
    /* derived */
    struct item *selected; /* NULL: no such item, reads as zeros */
};

static struct fw_cfg *cfg_of(struct device *dev)
{
    assert(dev->class == &fw_cfg_class);
    return (struct fw_cfg *)dev;
}

/* ---- items ---- */

static struct item *item_find(struct fw_cfg *c, uint16_t key)
{
    for (unsigned i = 0; i < c->item_count; i++) {
        if (c->items[i].key == key)
            return &c->items[i];
    }
    return NULL;
}

static void item_set(struct fw_cfg *c, struct item *item, const void *data, size_t len)
{
    uint8_t *copy = calloc(1, len ? len : 1);
    if (!copy)
        abort();
    if (data)
        memcpy(copy, data, len);
    free(item->data);
    item->data = copy;
    item->len = (uint32_t)len;
    if (c->selected == item && c->offset > item->len)
        c->offset = item->len;
}

static struct item *item_add(struct fw_cfg *c, uint16_t key)
{
    assert(c->item_count < ITEMS_MAX);
    struct item *item = &c->items[c->item_count++];
    item->key = key;
    return item;
}

void fw_cfg_add_bytes(struct device *dev, uint16_t key, const void *data, size_t len)
{
    struct fw_cfg *c = cfg_of(dev);
    assert(key < FW_CFG_FILE_FIRST && len <= UINT32_MAX);
    struct item *item = item_find(c, key);
    item_set(c, item ? item : item_add(c, key), data, len);
}

void fw_cfg_add_number(struct device *dev, uint16_t key, uint64_t value, unsigned size)
{
    assert(size == 2 || size == 4 || size == 8);
    fw_cfg_add_bytes(dev, key, &value, size); /* the host is little-endian too */
}

/** Directory: a count, then per file size (32 bits), key (16), reserved (16) and name (56 bytes);
 * all big-endian. */
static void directory_update(struct fw_cfg *c)
{
    uint8_t dir[4 + FW_CFG_FILES_MAX * 64] = {0};
    uint32_t count = __builtin_bswap32(c->file_count);
    uint8_t *at = dir + 4;
    memcpy(dir, &count, 4);
    for (unsigned i = 0; i < c->item_count; i++) {
        const struct item *item = &c->items[i];
        if (!item->name[0])
            continue;
        uint32_t size = __builtin_bswap32(item->len);
        uint16_t key = __builtin_bswap16(item->key);
        memcpy(at, &size, 4);
        memcpy(at + 4, &key, 2);
        memcpy(at + 8, item->name, sizeof(item->name));
        at += 64;
    }
    fw_cfg_add_bytes(&c->base, FW_CFG_FILE_DIR, dir, (size_t)(at - dir));
}

/** The item of file @name, made if there is none. */
static struct item *file_item(struct fw_cfg *c, const char *name, size_t len, struct error *e)
{
    size_t chars = strlen(name);
    if (!chars || chars > FW_CFG_NAME_MAX) {
        error_set(e, "fw_cfg: file name '%s' must have 1 to %d characters", name, FW_CFG_NAME_MAX);
        return NULL;
    }
    if (len > UINT32_MAX) {
        error_set(e, "fw_cfg: file '%s' is larger than 4 GiB", name);
        return NULL;
    }
    for (unsigned i = 0; i < c->item_count; i++) {
        if (!strcmp(c->items[i].name, name))
            return &c->items[i];
    }
    if (c->file_count == FW_CFG_FILES_MAX) {
        error_set(e, "fw_cfg: no room for file '%s': %d files are the limit", name,
                  FW_CFG_FILES_MAX);
        return NULL;
    }
    struct item *item = item_add(c, (uint16_t)(FW_CFG_FILE_FIRST + c->file_count++));
    memcpy(item->name, name, chars + 1);
    return item;
}

bool fw_cfg_add_file(struct device *dev, const char *name, const void *data, size_t len,
                     struct error *e)
{
    struct fw_cfg *c = cfg_of(dev);
    struct item *item = file_item(c, name, len, e);
    if (!item)
        return false;
    item->written = NULL;
    item_set(c, item, data, len);
    directory_update(c);
    return true;
}

bool fw_cfg_add_writable_file(struct device *dev, const char *name, size_t len,
                              void (*written)(void *opaque, const uint8_t *data, size_t len),
                              void *opaque, struct error *e)
{
    struct fw_cfg *c = cfg_of(dev);
    if (!fw_cfg_add_file(dev, name, NULL, len, e))
        return false;
    struct item *item = file_item(c, name, len, e);
    item->written = written;
    item->opaque = opaque;
    return true;
}

/* ---- the guest's side ---- */

static void select_key(struct fw_cfg *c, uint16_t key)
{
    c->key = key & KEY_MASK;
    c->offset = 0;
    c->selected = item_find(c, (uint16_t)c->key);
    if (!c->selected)
        log_write(LOG_GUEST_ERRORS, "%s: no item 0x%04x", c->base.name, c->key);
}

/** Bytes left of the selected item. */
static uint32_t remaining(const struct fw_cfg *c)
{
    return c->selected ? c->selected->len - c->offset : 0;
}

/** Bytes in the order of the stream: the first is at the lowest address, thus lowest in the value.
 * Beyond the end there are zeros. */
static uint64_t data_read(struct fw_cfg *c, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size && remaining(c); i++)
        value |= (uint64_t)c->selected->data[c->offset++] << (8 * i);
    return value;
}

/** Guest memory from the item; zeros beyond its end. */
static bool dma_to_guest(struct fw_cfg *c, uint64_t addr, uint32_t len)
{
    static const uint8_t zeros[DMA_CHUNK];
    uint32_t part = len < remaining(c) ? len : remaining(c);
    if (part && !c->dma.write(c->dma.opaque, addr, c->selected->data + c->offset, part))
        return false;
    c->offset += part;
    for (addr += part, len -= part; len; addr += part, len -= part) {
        part = len < DMA_CHUNK ? len : DMA_CHUNK;
        if (!c->dma.write(c->dma.opaque, addr, zeros, part))
            return false;
    }
    return true;
}

/** The item from guest memory: only what fits, only where the board allowed it. */
static bool dma_from_guest(struct fw_cfg *c, uint64_t addr, uint32_t len)
{
    struct item *item = c->selected;
    if (!item || !item->written || len > remaining(c))
        return false;
    if (len && !c->dma.read(c->dma.opaque, addr, item->data + c->offset, len))
        return false;
    c->offset += len;
    item->written(item->opaque, item->data, item->len);
    return true;
}

static bool dma_transfer(struct fw_cfg *c, uint32_t control, uint32_t len, uint64_t addr)
{
    if (control & DMA_SELECT)
        select_key(c, (uint16_t)(control >> 16));
    if (control & DMA_READ)
        return dma_to_guest(c, addr, len);
    if (control & DMA_WRITE)
        return dma_from_guest(c, addr, len);
    if (control & DMA_SKIP)
        c->offset += len < remaining(c) ? len : remaining(c);
    return true;
}

/** Carry out the descriptor at @desc_addr: control (32 bits), length (32), address (64), all
 * big-endian; the control word is overwritten with 0 or the error bit. */
static void dma_run(struct fw_cfg *c, uint64_t desc_addr)
{
    struct {
        uint32_t control, len;
        uint64_t addr;
    } desc;
    uint32_t status = __builtin_bswap32(DMA_ERROR);
    if (!c->dma.read || !c->dma.write)
        return;
    if (!c->dma.read(c->dma.opaque, desc_addr, &desc, sizeof(desc)))
        log_write(LOG_GUEST_ERRORS, "%s: no DMA descriptor at 0x%llx", c->base.name,
                  (unsigned long long)desc_addr);
    else if (dma_transfer(c, __builtin_bswap32(desc.control), __builtin_bswap32(desc.len),
                          __builtin_bswap64(desc.addr)))
        status = 0;
    c->dma.write(c->dma.opaque, desc_addr, &status, sizeof(status));
}

/** The halves of the address may be written apart; the lower one starts the transfer. */
static void dma_write(struct fw_cfg *c, uint64_t offset, unsigned size, uint64_t value)
{
    if (size == 8 && offset == OFFSET_DMA) {
        dma_run(c, __builtin_bswap64(value));
    } else if (size == 4 && offset == OFFSET_DMA) {
        c->dma_addr = (uint64_t)__builtin_bswap32((uint32_t)value) << 32;
    } else if (size == 4 && offset == OFFSET_DMA + 4) {
        uint64_t addr = c->dma_addr | __builtin_bswap32((uint32_t)value);
        c->dma_addr = 0;
        dma_run(c, addr);
    } else {
        log_write(LOG_GUEST_ERRORS, "%s: DMA address written with %u bytes at 0x%llx",
                  c->base.name, size, (unsigned long long)offset);
    }
}

static uint64_t cfg_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    struct fw_cfg *c = cfg_of(dev);
    if (offset < OFFSET_SELECTOR)
        return data_read(c, size);
    if (offset >= OFFSET_DMA)
        return __builtin_bswap64(DMA_SIGNATURE) >> (8 * (offset - OFFSET_DMA));
    log_write(LOG_GUEST_ERRORS, "%s: read of the selector", dev->name);
    return 0;
}

static void cfg_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                      uint64_t value)
{
    struct fw_cfg *c = cfg_of(dev);
    if (offset == OFFSET_SELECTOR && size == 2)
        select_key(c, __builtin_bswap16((uint16_t)value));
    else if (offset >= OFFSET_DMA)
        dma_write(c, offset, size, value);
    else
        log_write(LOG_GUEST_ERRORS, "%s: bad write of %u bytes at 0x%llx", dev->name, size,
                  (unsigned long long)offset);
}

static const struct region_ops region = {cfg_read, cfg_write, .min_size = 1, .max_size = 8};

/* ---- life ---- */

static void cfg_reset(struct device *dev)
{
    struct fw_cfg *c = cfg_of(dev);
    c->dma_addr = 0;
    select_key(c, FW_CFG_SIGNATURE);
}

static void cfg_loaded(struct device *dev)
{
    struct fw_cfg *c = cfg_of(dev);
    uint32_t offset = c->offset;
    select_key(c, (uint16_t)c->key);
    c->offset = offset < remaining(c) ? offset : remaining(c);
}

static void cfg_free(struct device *dev)
{
    struct fw_cfg *c = cfg_of(dev);
    for (unsigned i = 0; i < c->item_count; i++)
        free(c->items[i].data);
    free(c->items);
}

static const struct field fields[] = {
    FIELD(struct fw_cfg, key), FIELD(struct fw_cfg, offset), FIELD(struct fw_cfg, dma_addr)};

static const struct field_list state = {"fw_cfg", sizeof(struct fw_cfg), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {
    .reset = cfg_reset,
    .free = cfg_free,
    .loaded = cfg_loaded,
};

static struct device *cfg_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct fw_cfg *c = device_alloc(sizeof(*c), name, &fw_cfg_class, &ops, &state, 0, 0);
    c->items = calloc(ITEMS_MAX, sizeof(*c->items));
    if (!c->items)
        abort();
    c->dma = env->dma;
    device_add_region(&c->base, "registers", FW_CFG_SIZE, &region);
    fw_cfg_add_bytes(&c->base, FW_CFG_SIGNATURE, "QEMU", 4);
    /* Bit 0: the traditional interface, bit 1: DMA. */
    fw_cfg_add_number(&c->base, FW_CFG_ID, c->dma.read ? 3 : 1, 4);
    directory_update(c);
    cfg_reset(&c->base);
    return &c->base;
}

const struct device_class fw_cfg_class = {
    .name = "fw_cfg",
    .help = "firmware configuration, memory-mapped",
    .create = cfg_create,
};
