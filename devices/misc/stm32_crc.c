#include "devices/misc/stm32_crc.h"

#include "devices/stm32/periph.h"
#include "util/bits.h"

#define POLYNOMIAL 0x04c11db7u

struct stm32_crc {
    struct stm32_periph p;
    uint32_t dr, idr;
};

static void dr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_crc *c = (struct stm32_crc *)dev;
    c->dr ^= value;
    for (unsigned bit = 0; bit < 32; bit++)
        c->dr = c->dr << 1 ^ (c->dr >> 31 ? POLYNOMIAL : 0);
}

static void cr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    if (value & 1)
        ((struct stm32_crc *)dev)->dr = UINT32_MAX;
}

#define AT(member) REG_FIELD(struct stm32_crc, member)

static const struct reg rows[] = {
    {"DR", 0x00, .field = AT(dr), .reset = UINT32_MAX, .write = dr_write},
    {"IDR", 0x04, .field = AT(idr), .writable = 0xff},
    {"CR", 0x08, .write = cr_write}, /* libraries set its bit by reading first; it reads as 0 */
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static void crc_reset(struct device *dev)
{
    regs_reset(dev, &table);
}

static const struct field fields[] = {FIELD(struct stm32_crc, dr), FIELD(struct stm32_crc, idr)};
static const struct field_list state = {"stm32-crc", sizeof(struct stm32_crc), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = crc_reset};

static struct device *crc_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct device *dev = stm32_alloc(sizeof(struct stm32_crc), name, &stm32_crc_class, &ops, &state,
                                     &table, STM32_WINDOW, 0, 0);
    crc_reset(dev);
    return dev;
}

const struct device_class stm32_crc_class = {
    .name = "stm32-crc",
    .help = "CRC unit of the STM32F4",
    .create = crc_create,
};
