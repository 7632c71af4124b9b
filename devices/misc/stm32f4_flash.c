#include "devices/misc/stm32f4_flash.h"

#include <string.h>

#include "devices/core/env.h"
#include "devices/stm32/periph.h"
#include "util/bits.h"
#include "util/log.h"

#define KEY1 0x45670123u
#define KEY2 0xcdef89abu
#define OPTKEY1 0x08192a3bu
#define OPTKEY2 0x4c5d6e7fu

enum {
    SR_EOP = BIT(0),
    SR_WRPERR = BIT(4),
    SR_PGAERR = BIT(5),
    SR_PGPERR = BIT(6),
    SR_PGSERR = BIT(7),
    SR_ERRORS = 0xf2,
    CR_PG = BIT(0),
    CR_SER = BIT(1),
    CR_MER = BIT(2),
    CR_STRT = BIT(16),
    CR_EOPIE = BIT(24),
    CR_ERRIE = BIT(25),
    CR_WRITABLE = 0x0300037f,
    OPTCR_LOCK = BIT(0),
    OPTCR_STRT = BIT(1),
    CHUNK = 16384,
};
#define CR_LOCK BIT(31)

/* Key registers: nothing, after the first key, or locked until reset by a wrong key. */
enum { KEYS_NONE, KEYS_FIRST, KEYS_WRONG };

struct stm32f4_flash {
    struct stm32_periph p;
    struct dma dma;
    struct stm32f4_flash_config c; /* configuration */
    uint32_t acr, sr, cr, optcr, keys, optkeys;
};

static struct stm32f4_flash *flash_of(struct device *dev)
{
    return (struct stm32f4_flash *)dev;
}

static void update_irq(struct stm32f4_flash *f)
{
    bool end = (f->sr & SR_EOP) && (f->cr & CR_EOPIE);
    bool error = (f->sr & SR_ERRORS) && (f->cr & CR_ERRIE);
    irq_set(&f->p.base.output[0], end || error);
}

/** Change the memory, which the guest sees at two addresses: code of both must be dropped. */
static void put(struct stm32f4_flash *f, uint32_t offset, const void *buf, uint32_t size)
{
    if (!f->dma.program)
        return;
    f->dma.program(f->dma.opaque, f->c.base + offset, buf, size);
    if (f->c.alias != f->c.base)
        f->dma.program(f->dma.opaque, f->c.alias + offset, buf, size);
}

/* EOP is set only where its interrupt is enabled. */
static void finish(struct stm32f4_flash *f, uint32_t errors)
{
    f->sr |= errors ? errors : f->cr & CR_EOPIE ? SR_EOP : 0;
    update_irq(f);
}

/* ---- programming ---- */

static void store(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                  uint64_t value)
{
    struct stm32f4_flash *f = flash_of(dev);
    uint32_t addr = f->c.base + (uint32_t)offset;
    uint64_t old = UINT64_MAX;
    uint32_t error = !(f->cr & CR_PG)                            ? SR_PGSERR
                     : size != 1u << bits_get(f->cr, 8, 2)        ? SR_PGPERR
                     : !f->dma.read || !f->dma.read(f->dma.opaque, addr, &old, size) ? SR_WRPERR
                                                                                     : 0;
    if (error) {
        log_write(LOG_GUEST_ERRORS, "%s: %u-byte write to flash at 0x%08x refused: %s", dev->name,
                  size, addr, error == SR_PGSERR ? "FLASH_CR.PG is not set"
                                                 : "FLASH_CR.PSIZE says another size");
    } else {
        value &= old;
        put(f, (uint32_t)offset, &value, size);
    }
    finish(f, error);
}

/* Loads go to the memory itself. */
static uint64_t no_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    return 0;
}

static const struct region_ops memory_region = {no_read, store, .min_size = 1, .max_size = 8};

/* ---- erasing ---- */

static uint32_t sector_size(unsigned n)
{
    return n < 4 ? 16 * 1024 : n == 4 ? 64 * 1024 : 128 * 1024;
}

static void erase(struct stm32f4_flash *f, uint32_t offset, uint32_t size)
{
    uint8_t ones[CHUNK];
    memset(ones, 0xff, sizeof(ones));
    for (uint32_t done = 0; done < size; done += CHUNK)
        put(f, offset + done, ones, size - done < CHUNK ? size - done : CHUNK);
}

static void start(struct stm32f4_flash *f)
{
    unsigned sector = bits_get(f->cr, 3, 4);
    uint32_t offset = 0;
    for (unsigned n = 0; n < sector; n++)
        offset += sector_size(n);
    if (f->cr & CR_MER) {
        erase(f, 0, f->c.size);
    } else if ((f->cr & CR_SER) && offset < f->c.size) {
        erase(f, offset, sector_size(sector));
    } else {
        log_write(LOG_GUEST_ERRORS, "%s: erase of sector %u, which is not there", f->p.base.name,
                  sector);
        finish(f, SR_PGSERR);
        return;
    }
    finish(f, 0);
}

/* ---- registers ---- */

/** One step of an unlock sequence; true when it is complete. */
static bool unlock(struct stm32f4_flash *f, uint32_t *keys, uint32_t value, uint32_t key1,
                   uint32_t key2)
{
    if (*keys == KEYS_NONE && value == key1) {
        *keys = KEYS_FIRST;
        return false;
    }
    bool done = *keys == KEYS_FIRST && value == key2;
    if (!done)
        log_write(LOG_GUEST_ERRORS, "%s: wrong key: locked until the next reset", f->p.base.name);
    *keys = done ? KEYS_NONE : KEYS_WRONG;
    return done;
}

static void keyr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32f4_flash *f = flash_of(dev);
    if ((f->cr & CR_LOCK) && unlock(f, &f->keys, value, KEY1, KEY2))
        f->cr &= ~CR_LOCK;
}

static void optkeyr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32f4_flash *f = flash_of(dev);
    if ((f->optcr & OPTCR_LOCK) && unlock(f, &f->optkeys, value, OPTKEY1, OPTKEY2))
        f->optcr &= ~(uint32_t)OPTCR_LOCK;
}

static void sr_written(struct device *dev)
{
    update_irq(flash_of(dev));
}

static void cr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32f4_flash *f = flash_of(dev);
    if (f->cr & CR_LOCK) {
        if (!(value & CR_LOCK))
            log_write(LOG_GUEST_ERRORS, "%s: FLASH_CR written while locked: ignored", dev->name);
        return;
    }
    f->cr = value & (CR_WRITABLE | CR_LOCK);
    if (value & CR_STRT)
        start(f);
    update_irq(f);
}

static void optcr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32f4_flash *f = flash_of(dev);
    if (f->optcr & OPTCR_LOCK)
        return;
    f->optcr = value & 0x0fffffed;
    if (value & OPTCR_STRT)
        finish(f, 0);
}

#define AT(member) REG_FIELD(struct stm32f4_flash, member)

static const struct reg rows[] = {
    {"ACR", 0x00, .field = AT(acr), .writable = 0x1f07},
    {"KEYR", 0x04, .flags = REG_WRITE_ONLY, .write = keyr_write},
    {"OPTKEYR", 0x08, .flags = REG_WRITE_ONLY, .write = optkeyr_write},
    {"SR", 0x0c, .field = AT(sr), .w1c = SR_ERRORS | SR_EOP, .after = sr_written},
    {"CR", 0x10, .field = AT(cr), .reset = CR_LOCK, .write = cr_write},
    {"OPTCR", 0x14, .field = AT(optcr), .reset = 0x0fffaaed, .write = optcr_write},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

/* ---- life ---- */

static void flash_reset(struct device *dev)
{
    struct stm32f4_flash *f = flash_of(dev);
    f->keys = f->optkeys = KEYS_NONE;
    regs_reset(dev, &table);
    update_irq(f);
}

static void flash_loaded(struct device *dev)
{
    update_irq(flash_of(dev));
}

static const struct field fields[] = {
    FIELD(struct stm32f4_flash, acr),   FIELD(struct stm32f4_flash, sr),
    FIELD(struct stm32f4_flash, cr),    FIELD(struct stm32f4_flash, optcr),
    FIELD(struct stm32f4_flash, keys),  FIELD(struct stm32f4_flash, optkeys),
};

static const struct field_list state = {"stm32f4-flash", sizeof(struct stm32f4_flash), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = flash_reset, .loaded = flash_loaded};

static struct device *flash_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    struct stm32f4_flash *f = stm32_alloc(sizeof(*f), name, &stm32f4_flash_class, &ops, &state,
                                          &table, STM32_WINDOW, 0, 1);
    f->dma = env->dma;
    f->c = *(const struct stm32f4_flash_config *)config;
    device_add_region(&f->p.base, "memory", f->c.size, &memory_region);
    flash_reset(&f->p.base);
    return &f->p.base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct stm32f4_flash_config, base, 0x08000000, 0, "address of the flash"),
    PROPERTY(U32, struct stm32f4_flash_config, alias, 0, 0, "and of its alias"),
    PROPERTY(U32, struct stm32f4_flash_config, size, 1024 * 1024, 0, "its bytes"),
};

const struct device_class stm32f4_flash_class = {
    .name = "stm32f4-flash",
    .help = "flash interface of the STM32F405/407",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct stm32f4_flash_config),
    .create = flash_create,
};
