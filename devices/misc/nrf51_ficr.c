#include "devices/misc/nrf51_ficr.h"

#include "devices/core/regs.h"
#include "util/bits.h"

enum { WINDOW = 0x1000 };

struct nrf51_ficr {
    struct device base;
    uint32_t pages, ram_blocks, id[2], address[2]; /* configuration */
};

#define AT(member) REG_FIELD(struct nrf51_ficr, member)

/* What is not listed reads as erased. */
static const struct reg rows[] = {
    {"CODEPAGESIZE", 0x010, .reset = 1024},
    {"CODESIZE", 0x014, .field = AT(pages)},
    {"CLENR0", 0x028, .reset = UINT32_MAX},
    {"PPFC", 0x02c, .reset = 0xff},
    {"NUMRAMBLOCK", 0x034, .field = AT(ram_blocks)},
    {"SIZERAMBLOCKS", 0x038, .reset = 8192},
    {"CONFIGID", 0x05c, .reset = 0xffff00d1}, /* nRF51822 QFAA H0 */
    {"DEVICEID", 0x060, .count = 2, .field = AT(id)},
    {"DEVICEADDRTYPE", 0x0a0, .reset = 0xffffffff}, /* random */
    {"DEVICEADDR", 0x0a4, .count = 2, .field = AT(address)},
    {"OVERRIDEEN", 0x0ac, .reset = 0xffffffff},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static uint64_t ficr_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned count = rows[i].count ? rows[i].count : 1;
        if (offset >= rows[i].offset && offset < rows[i].offset + 4 * count)
            return regs_read(dev, &table, cpu_index, offset, size);
    }
    return BIT64(8 * size) - 1;
}

static void ficr_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                       uint64_t value)
{
    regs_write(dev, &table, cpu_index, offset, size, value); /* logs: all are read-only */
}

static const struct region_ops region = {ficr_read, ficr_write, .min_size = 1, .max_size = 4};
static const struct field_list state = {"nrf51-ficr", sizeof(struct nrf51_ficr), NULL, 0};
static const struct device_ops ops = {0};

static struct device *ficr_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    const struct nrf51_ficr_config *c = config;
    struct nrf51_ficr *f = device_alloc(sizeof(*f), name, &nrf51_ficr_class, &ops, &state, 0, 0);
    f->pages = c->pages;
    f->ram_blocks = c->ram_blocks;
    for (unsigned i = 0; i < 2; i++) {
        f->id[i] = (uint32_t)(c->id >> (32 * i));
        f->address[i] = (uint32_t)(c->address >> (32 * i));
    }
    device_add_region(&f->base, "registers", WINDOW, &region);
    return &f->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct nrf51_ficr_config, pages, 256, 0, "pages of 1 KiB of flash"),
    PROPERTY(U32, struct nrf51_ficr_config, ram_blocks, 2, 0, "blocks of 8 KiB of RAM"),
    PROPERTY(U64, struct nrf51_ficr_config, id, 0x1122334455667788, 0, "DEVICEID"),
    PROPERTY(U64, struct nrf51_ficr_config, address, 0xffffc0dec0ffee00, 0, "DEVICEADDR"),
};

const struct device_class nrf51_ficr_class = {
    .name = "nrf51-ficr",
    .help = "factory information of the nRF51",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct nrf51_ficr_config),
    .create = ficr_create,
};
