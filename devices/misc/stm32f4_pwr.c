#include "devices/misc/stm32f4_pwr.h"

#include "devices/stm32/periph.h"
#include "util/bits.h"

enum {
    CR_CWUF = BIT(2),
    CR_CSBF = BIT(3),
    CR_WRITABLE = 0x43f3,
    CSR_WUF = BIT(0),
    CSR_SBF = BIT(1),
    CSR_BRR = BIT(3),
    CSR_EWUP = BIT(8),
    CSR_BRE = BIT(9),
    CSR_VOSRDY = BIT(14),
};

struct stm32f4_pwr {
    struct stm32_periph p;
    uint32_t cr, csr;
};

static struct stm32f4_pwr *pwr_of(struct device *dev)
{
    return (struct stm32f4_pwr *)dev;
}

static void cr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32f4_pwr *p = pwr_of(dev);
    if (value & CR_CWUF)
        p->csr &= ~(uint32_t)CSR_WUF;
    if (value & CR_CSBF)
        p->csr &= ~(uint32_t)CSR_SBF;
    p->cr = value & CR_WRITABLE;
}

/* The backup regulator is ready as soon as it is enabled, the main one always. */
static uint32_t csr_read(struct device *dev, const struct reg_access *a)
{
    uint32_t csr = pwr_of(dev)->csr;
    return csr | CSR_VOSRDY | (csr & CSR_BRE ? CSR_BRR : 0);
}

#define AT(member) REG_FIELD(struct stm32f4_pwr, member)

static const struct reg rows[] = {
    {"CR", 0x00, .field = AT(cr), .reset = 0x4000, .write = cr_write},
    {"CSR", 0x04, .field = AT(csr), .writable = CSR_EWUP | CSR_BRE, .read = csr_read},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static void pwr_reset(struct device *dev)
{
    regs_reset(dev, &table);
}

static const struct field fields[] = {FIELD(struct stm32f4_pwr, cr),
                                      FIELD(struct stm32f4_pwr, csr)};
static const struct field_list state = {"stm32f4-pwr", sizeof(struct stm32f4_pwr), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = pwr_reset};

static struct device *pwr_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct device *dev = stm32_alloc(sizeof(struct stm32f4_pwr), name, &stm32f4_pwr_class, &ops,
                                     &state, &table, STM32_WINDOW, 0, 0);
    pwr_reset(dev);
    return dev;
}

const struct device_class stm32f4_pwr_class = {
    .name = "stm32f4-pwr",
    .help = "power control of the STM32F405/407",
    .create = pwr_create,
};
