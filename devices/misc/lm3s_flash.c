#include "devices/misc/lm3s_flash.h"

#include <string.h>

#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

enum { PAGE = 1024, KEY = 0xa442 };
/* Bits of FMC; of FCRIS, FCIM and FCMISC. */
enum { FMC_WRITE = BIT(0), FMC_ERASE = BIT(1), FMC_MERASE = BIT(2) };
enum { INT_ACCESS = BIT(0), INT_PROGRAM = BIT(1), INT_ALL = 3 };

struct lm3s_flash {
    struct device base;
    struct dma dma;
    struct lm3s_flash_config config;
    uint32_t fma, fmd, ris, im;
};

static struct lm3s_flash *flash_of(struct device *dev)
{
    return (struct lm3s_flash *)dev;
}

static void update_irq(struct device *dev)
{
    irq_set(&dev->output[0], (flash_of(dev)->ris & flash_of(dev)->im) != 0);
}

static bool put(struct lm3s_flash *f, uint32_t offset, const void *data, size_t size)
{
    return f->dma.program && offset <= f->config.size && size <= f->config.size - offset &&
           f->dma.program(f->dma.opaque, f->config.base + offset, data, size);
}

/* Programming clears bits, it never sets them. */
static bool program(struct lm3s_flash *f)
{
    uint32_t old;
    if ((f->fma & 3) || f->fma >= f->config.size || !f->dma.read ||
        !f->dma.read(f->dma.opaque, f->config.base + f->fma, &old, sizeof(old)))
        return false;
    old &= f->fmd;
    return put(f, f->fma, &old, sizeof(old));
}

static bool erase_page(struct lm3s_flash *f, uint32_t offset)
{
    uint8_t ones[PAGE];
    memset(ones, 0xff, sizeof(ones));
    return put(f, align_down(offset, PAGE), ones, sizeof(ones));
}

static bool erase_all(struct lm3s_flash *f)
{
    bool ok = true;
    for (uint32_t at = 0; ok && at < f->config.size; at += PAGE)
        ok = erase_page(f, at);
    return ok;
}

static void fmc_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lm3s_flash *f = flash_of(dev);
    bool ok = true;
    if (value >> 16 != KEY) {
        log_write(LOG_GUEST_ERRORS, "%s: command 0x%08x without the key 0xa442", dev->name, value);
        return;
    }
    if (value & FMC_WRITE)
        ok = program(f);
    else if (value & FMC_ERASE)
        ok = erase_page(f, f->fma);
    else if (value & FMC_MERASE)
        ok = erase_all(f);
    if (!ok)
        log_write(LOG_GUEST_ERRORS, "%s: command 0x%x at 0x%x is outside the flash", dev->name,
                  value & 7, f->fma);
    f->ris |= ok ? INT_PROGRAM : INT_ACCESS;
    update_irq(dev);
}

static uint32_t misc_read(struct device *dev, const struct reg_access *a)
{
    return flash_of(dev)->ris & flash_of(dev)->im;
}

static void misc_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    flash_of(dev)->ris &= ~value;
    update_irq(dev);
}

#define AT(member) REG_FIELD(struct lm3s_flash, member)

static const struct reg rows[] = {
    {"FMA", 0x000, .field = AT(fma), .writable = 0x3ffff},
    {"FMD", 0x004, .field = AT(fmd), .writable = 0xffffffff},
    {"FMC", 0x008, .write = fmc_write}, /* all is done at once: reads as 0 */
    {"FCRIS", 0x00c, .field = AT(ris)},
    {"FCIM", 0x010, .field = AT(im), .writable = INT_ALL, .after = update_irq},
    {"FCMISC", 0x014, .read = misc_read, .write = misc_write},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

static void flash_reset(struct device *dev)
{
    regs_reset(dev, &table);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct lm3s_flash, fma), FIELD(struct lm3s_flash, fmd), FIELD(struct lm3s_flash, ris),
    FIELD(struct lm3s_flash, im),
};

static const struct field_list state = {"lm3s-flash", sizeof(struct lm3s_flash), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = flash_reset, .loaded = update_irq};

static struct device *flash_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    struct lm3s_flash *f = device_alloc(sizeof(*f), name, &lm3s_flash_class, &ops, &state, 0, 1);
    f->config = *(const struct lm3s_flash_config *)config;
    f->dma = env->dma;
    device_add_region(&f->base, "registers", 0x1000, &region);
    flash_reset(&f->base);
    return &f->base;
}

static const struct property properties[] = {
    PROPERTY(U64, struct lm3s_flash_config, base, 0, 0, "address of the flash"),
    PROPERTY(U32, struct lm3s_flash_config, size, 0x40000, 0x40000, "bytes of flash"),
};

const struct device_class lm3s_flash_class = {
    .name = "lm3s-flash",
    .help = "flash controller of Stellaris microcontrollers",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct lm3s_flash_config),
    .create = flash_create,
};
