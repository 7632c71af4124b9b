#include "devices/misc/stm32f4_ids.h"

#include "devices/core/regs.h"
#include "util/bits.h"

enum { SIGNATURE_WINDOW = 0x30, DBGMCU_WINDOW = 0x400 };

struct stm32f4_ids {
    struct device base;
    uint32_t idcode, flash_kib; /* configuration */
    uint32_t cr, apb1fz, apb2fz;
};

#define AT(member) REG_FIELD(struct stm32f4_ids, member)

static const struct reg signature_rows[] = {
    /* The last 16 bytes of the OTP area's locks: nothing is locked. */
    {"OTP_LOCK", 0x00, .count = 4, .reset = UINT32_MAX},
    {"UID0", 0x10, .reset = 0x00350023},
    {"UID1", 0x14, .reset = 0x32314705},
    {"UID2", 0x18, .reset = 0x20363932},
    {"(reserved)", 0x1c, .reset = UINT32_MAX},
    {"(reserved)", 0x20, .size = 2, .reset = 0xffff},
    {"FLASH_SIZE", 0x22, .size = 2, .field = AT(flash_kib)},
    {"(reserved)", 0x24, .size = 2, .count = 3, .reset = 0xffff},
    {"VREFIN_CAL", 0x2a, .size = 2, .reset = 1502}, /* 1.21 V at 3.3 V */
    {"TS_CAL1", 0x2c, .size = 2, .reset = 949},     /* 30 degrees */
    {"TS_CAL2", 0x2e, .size = 2, .reset = 1197},    /* 110 degrees: 2.5 mV each */
};

static const struct reg dbgmcu_rows[] = {
    {"IDCODE", 0x00, .field = AT(idcode)},
    {"CR", 0x04, .field = AT(cr), .writable = 0xe7},
    {"APB1_FZ", 0x08, .field = AT(apb1fz), .writable = 0x06e01dff},
    {"APB2_FZ", 0x0c, .field = AT(apb2fz), .writable = 0x00070003},
};

static const struct reg_table signature = {signature_rows, ARRAY_SIZE(signature_rows),
                                           .narrow = true};
static const struct reg_table dbgmcu = {dbgmcu_rows, ARRAY_SIZE(dbgmcu_rows), .narrow = true};

static const struct region_ops signature_region = {.table = &signature, .min_size = 1,
                                                   .max_size = 4};
static const struct region_ops dbgmcu_region = {.table = &dbgmcu, .min_size = 1, .max_size = 4};

static void ids_reset(struct device *dev)
{
    struct stm32f4_ids *d = (struct stm32f4_ids *)dev;
    d->cr = d->apb1fz = d->apb2fz = 0;
}

static const struct field fields[] = {FIELD(struct stm32f4_ids, cr),
                                      FIELD(struct stm32f4_ids, apb1fz),
                                      FIELD(struct stm32f4_ids, apb2fz)};
static const struct field_list state = {"stm32f4-ids", sizeof(struct stm32f4_ids), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = ids_reset};

static struct device *ids_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    const struct stm32f4_ids_config *c = config;
    struct stm32f4_ids *d = device_alloc(sizeof(*d), name, &stm32f4_ids_class, &ops, &state, 0, 0);
    d->idcode = c->idcode;
    d->flash_kib = c->flash_kib;
    device_add_region(&d->base, "signature", SIGNATURE_WINDOW, &signature_region);
    device_add_region(&d->base, "dbgmcu", DBGMCU_WINDOW, &dbgmcu_region);
    return &d->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct stm32f4_ids_config, idcode, 0x10076413, 0, "DBGMCU_IDCODE"),
    PROPERTY(U32, struct stm32f4_ids_config, flash_kib, 1024, 65535, "size of the flash in KiB"),
};

const struct device_class stm32f4_ids_class = {
    .name = "stm32f4-ids",
    .help = "identification of the STM32F405",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct stm32f4_ids_config),
    .create = ids_create,
};
