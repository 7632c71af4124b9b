#include "devices/misc/nrf51_nvmc.h"

#include <string.h>

#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

enum { WINDOW = 0x1000, CHUNK = 1024 };
enum { WRITE_ENABLE = 1, ERASE_ENABLE = 2 }; /* CONFIG */

struct nrf51_nvmc {
    struct device base;
    struct dma dma;
    struct nrf51_nvmc_config c; /* configuration */
    uint32_t config;
};

static struct nrf51_nvmc *nvmc_of(struct device *dev)
{
    return (struct nrf51_nvmc *)dev;
}

/* ---- programming: ones become zeros ---- */

static void store(struct device *dev, uint32_t base, uint64_t offset, unsigned size, uint64_t value)
{
    struct nrf51_nvmc *n = nvmc_of(dev);
    uint32_t addr = base + (uint32_t)offset, old = UINT32_MAX, word = (uint32_t)value;
    if (n->config != WRITE_ENABLE || size != 4) {
        log_write(LOG_GUEST_ERRORS, "%s: %u-byte write to flash at 0x%08x ignored: %s", dev->name,
                  size, addr, size == 4 ? "CONFIG does not enable writing" : "only words can be");
        return;
    }
    if (!n->dma.read || !n->dma.program || !n->dma.read(n->dma.opaque, addr, &old, 4))
        return;
    word &= old;
    n->dma.program(n->dma.opaque, addr, &word, 4);
}

static void code_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                       uint64_t value)
{
    store(dev, nvmc_of(dev)->c.code_base, offset, size, value);
}

static void uicr_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                       uint64_t value)
{
    store(dev, nvmc_of(dev)->c.uicr_base, offset, size, value);
}

/* Loads go to the memory itself. */
static uint64_t no_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    return 0;
}

static const struct region_ops code_region = {no_read, code_write, .min_size = 1, .max_size = 4};
static const struct region_ops uicr_region = {no_read, uicr_write, .min_size = 1, .max_size = 4};

/* ---- erasing ---- */

static void erase(struct nrf51_nvmc *n, uint32_t addr, uint32_t size)
{
    uint8_t ones[CHUNK];
    if (n->config != ERASE_ENABLE) {
        log_write(LOG_GUEST_ERRORS, "%s: erasing 0x%08x ignored: CONFIG does not enable it",
                  n->base.name, addr);
        return;
    }
    memset(ones, 0xff, sizeof(ones));
    for (uint32_t done = 0; n->dma.program && done < size; done += CHUNK)
        n->dma.program(n->dma.opaque, addr + done, ones, size - done < CHUNK ? size - done : CHUNK);
}

/* ERASEPAGE is also called ERASEPCR1; ERASEPCR0 does the same for the protected region. */
static void erasepage_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_nvmc *n = nvmc_of(dev);
    uint32_t offset = (uint32_t)align_down(value, n->c.page_size) - n->c.code_base;
    if (offset < n->c.code_size)
        erase(n, n->c.code_base + offset, n->c.page_size);
    else
        log_write(LOG_GUEST_ERRORS, "%s: there is no page at 0x%08x", dev->name, value);
}

static void eraseuicr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    if (value & 1)
        erase(nvmc_of(dev), nvmc_of(dev)->c.uicr_base, nvmc_of(dev)->c.uicr_size);
}

static void eraseall_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    if (value & 1)
        erase(nvmc_of(dev), nvmc_of(dev)->c.code_base, nvmc_of(dev)->c.code_size);
    eraseuicr_write(dev, a, value);
}

static const struct reg rows[] = {
    {"READY", 0x400, .reset = 1}, /* operations take no time */
    {"CONFIG", 0x504, .field = REG_FIELD(struct nrf51_nvmc, config), .writable = 3},
    {"ERASEPAGE", 0x508, .flags = REG_WRITE_ONLY, .write = erasepage_write},
    {"ERASEALL", 0x50c, .flags = REG_WRITE_ONLY, .write = eraseall_write},
    {"ERASEPCR0", 0x510, .flags = REG_WRITE_ONLY, .write = erasepage_write},
    {"ERASEUICR", 0x514, .flags = REG_WRITE_ONLY, .write = eraseuicr_write},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = false};

static const struct region_ops region = {.table = &table, .min_size = 4, .max_size = 4};

/* ---- life ---- */

static void nvmc_reset(struct device *dev)
{
    regs_reset(dev, &table);
}

static const struct field fields[] = {FIELD(struct nrf51_nvmc, config)};
static const struct field_list state = {"nrf51-nvmc", sizeof(struct nrf51_nvmc), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = nvmc_reset};

static struct device *nvmc_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    const struct nrf51_nvmc_config *c = config;
    if (!is_pow2(c->page_size)) {
        error_set(e, "%s: page_size must be a power of two, not %u", name, c->page_size);
        return NULL;
    }
    struct nrf51_nvmc *n = device_alloc(sizeof(*n), name, &nrf51_nvmc_class, &ops, &state, 0, 0);
    n->dma = env->dma;
    n->c = *c;
    device_add_region(&n->base, "registers", WINDOW, &region);
    device_add_region(&n->base, "code", c->code_size, &code_region);
    device_add_region(&n->base, "uicr", c->uicr_size, &uicr_region);
    nvmc_reset(&n->base);
    return &n->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct nrf51_nvmc_config, code_base, 0, 0, "address of the code memory"),
    PROPERTY(U32, struct nrf51_nvmc_config, code_size, 256 * 1024, 0, "its bytes"),
    PROPERTY(U32, struct nrf51_nvmc_config, page_size, 1024, 0, "bytes that are erased at once"),
    PROPERTY(U32, struct nrf51_nvmc_config, uicr_base, 0x10001000, 0, "address of UICR"),
    PROPERTY(U32, struct nrf51_nvmc_config, uicr_size, 4096, 0, "its bytes"),
};

const struct device_class nrf51_nvmc_class = {
    .name = "nrf51-nvmc",
    .help = "flash controller of the nRF51",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct nrf51_nvmc_config),
    .create = nvmc_create,
};
