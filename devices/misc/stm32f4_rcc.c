#include "devices/misc/stm32f4_rcc.h"

#include <stdio.h>

#include "devices/stm32/periph.h"
#include "util/bits.h"
#include "util/log.h"

enum { HSI_HZ = 16000000, LSI_HZ = 32000, BITS = 32 };

enum {
    CR_HSION = BIT(0),
    CR_HSEON = BIT(16),
    CR_PLLON = BIT(24),
    CR_PLLI2SON = BIT(26),
    CR_ENABLES = CR_HSION | CR_HSEON | CR_PLLON | CR_PLLI2SON, /* a ready bit follows each */
    CR_RESET = 0x00000083,
    CR_WRITABLE = 0x050d00f9,
    PLLCFGR_SRC_HSE = BIT(22),
    BDCR_LSEON = BIT(0),
    BDCR_RTCEN = BIT(15),
    BDCR_BDRST = BIT(16),
    CSR_LSION = BIT(0),
    CSR_RMVF = BIT(24),
    CSR_POWER_ON = 0x0e000000, /* BORRSTF, PINRSTF, PORRSTF */
    CSR_PINRSTF = BIT(26),     /* every reset drives the pin */
    CSR_SFTRSTF = BIT(28),
    CSR_IWDGRSTF = BIT(29),
    CSR_WWDGRSTF = BIT(30),
    CSR_FLAGS = 0xfe000000,
};
enum { SW_HSI, SW_HSE, SW_PLL };

struct stm32f4_rcc {
    struct stm32_periph p;
    uint32_t hse, lse; /* configuration */
    struct device *attached[STM32F4_BUSES * BITS];
    char gate[STM32F4_BUSES * BITS][24]; /* names of the enable bits */
    uint32_t cr, pllcfgr, cfgr, cir, rstr[STM32F4_BUSES], enr[STM32F4_BUSES], lpenr[STM32F4_BUSES];
    uint32_t bdcr, csr, sscgr, plli2scfgr;
    uint32_t cause;  /* flag of CSR for the next reset; 0: software */
    uint32_t resets; /* seen so far; the first one is power-on */
};

static struct stm32f4_rcc *rcc_of(struct device *dev)
{
    return (struct stm32f4_rcc *)dev;
}

/* ---- clock tree (figure 21) ---- */

static uint64_t pll_hz(const struct stm32f4_rcc *r)
{
    uint32_t m = bits_get(r->pllcfgr, 0, 6), n = bits_get(r->pllcfgr, 6, 9);
    uint32_t p = 2 * (bits_get(r->pllcfgr, 16, 2) + 1);
    uint64_t in = r->pllcfgr & PLLCFGR_SRC_HSE ? r->hse : HSI_HZ;
    return m ? in * n / m / p : 0;
}

static uint64_t sysclk_hz(const struct stm32f4_rcc *r)
{
    switch (bits_get(r->cfgr, 2, 2)) { /* SWS */
    case SW_HSE:
        return r->hse;
    case SW_PLL:
        return pll_hz(r);
    default:
        return HSI_HZ;
    }
}

static unsigned ahb_shift(uint32_t hpre)
{
    static const uint8_t shift[8] = {1, 2, 3, 4, 6, 7, 8, 9};
    return hpre & 8 ? shift[hpre & 7] : 0;
}

static unsigned apb_shift(uint32_t ppre)
{
    return ppre & 4 ? (ppre & 3) + 1 : 0;
}

static uint32_t rtc_hz(const struct stm32f4_rcc *r)
{
    uint32_t divisor = bits_get(r->cfgr, 16, 5);
    const uint32_t hz[4] = {0, r->lse, LSI_HZ, divisor > 1 ? r->hse / divisor : 0};
    return r->bdcr & BDCR_RTCEN ? hz[bits_get(r->bdcr, 8, 2)] : 0;
}

/** A clock line carries an int. */
static int line_hz(uint64_t hz)
{
    return hz > INT32_MAX ? INT32_MAX : (int)hz;
}

static void drive_clocks(struct stm32f4_rcc *r)
{
    uint64_t hclk = sysclk_hz(r) >> ahb_shift(bits_get(r->cfgr, 4, 4));
    unsigned apb1 = apb_shift(bits_get(r->cfgr, 10, 3)), apb2 = apb_shift(bits_get(r->cfgr, 13, 3));
    const uint64_t hz[STM32F4_RCC_OUTPUTS] = {
        [STM32F4_RCC_HCLK] = hclk,
        [STM32F4_RCC_PCLK1] = hclk >> apb1,
        [STM32F4_RCC_PCLK2] = hclk >> apb2,
        [STM32F4_RCC_TIM1CLK] =
            apb1 ? hclk >> (apb1 - 1) : hclk, /* twice PCLK if that is divided */
        [STM32F4_RCC_TIM2CLK] = apb2 ? hclk >> (apb2 - 1) : hclk,
        [STM32F4_RCC_RTCCLK] = rtc_hz(r),
    };
    for (unsigned i = STM32F4_RCC_HCLK; i < STM32F4_RCC_OUTPUTS; i++)
        irq_set(&r->p.base.output[i], line_hz(hz[i]));
}

/** The system clock follows SW as soon as its source runs; a source in use cannot be stopped. */
static void update_clocks(struct device *dev)
{
    static const uint32_t needed[4] = {CR_HSION, CR_HSEON, CR_PLLON, 0};
    struct stm32f4_rcc *r = rcc_of(dev);
    uint32_t sws = bits_get(r->cfgr, 2, 2), sw = bits_get(r->cfgr, 0, 2);
    r->cr |= needed[sws];
    if ((r->cr & CR_PLLON) && sws == SW_PLL)
        r->cr |= r->pllcfgr & PLLCFGR_SRC_HSE ? CR_HSEON : CR_HSION;
    r->cr = (r->cr & ~(uint32_t)(CR_ENABLES << 1)) | (r->cr & CR_ENABLES) << 1;
    if (needed[sw] && (r->cr & needed[sw]))
        r->cfgr = bits_put(r->cfgr, 2, 2, sw);
    drive_clocks(r);
}

/* The PLL's factors are locked while it runs. */
static void pllcfgr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32f4_rcc *r = rcc_of(dev);
    if (r->cr & CR_PLLON)
        log_write(LOG_GUEST_ERRORS, "%s: PLLCFGR written while the PLL runs: ignored", dev->name);
    else
        r->pllcfgr = value & 0x0f437fff;
    drive_clocks(r);
}

/* Enabling interrupts (bits 8 on) is possible, but the ready flags come without them. */
static void cir_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    rcc_of(dev)->cir = value & 0x3f00;
}

static void bdcr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32f4_rcc *r = rcc_of(dev);
    value &= 0x18305;
    if (value & BDCR_BDRST)
        value = BDCR_BDRST;
    r->bdcr = value | (value & BDCR_LSEON) << 1;
    drive_clocks(r);
}

static void csr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32f4_rcc *r = rcc_of(dev);
    uint32_t flags = value & CSR_RMVF ? 0 : r->csr & CSR_FLAGS;
    r->csr = flags | (value & CSR_LSION) | (value & CSR_LSION) << 1;
}

/* ---- peripherals ---- */

/** The bit that would give @dev a clock, if none does. */
static const char *gate_of(const struct stm32f4_rcc *r, const struct device *dev)
{
    const char *gate = NULL;
    for (unsigned n = 0; n < ARRAY_SIZE(r->attached); n++) {
        if (r->attached[n] != dev)
            continue;
        if (r->enr[n / BITS] & BIT(n % BITS))
            return NULL;
        gate = gate ? gate : r->gate[n];
    }
    return gate;
}

static void update_gates(struct device *dev)
{
    struct stm32f4_rcc *r = rcc_of(dev);
    for (unsigned n = 0; n < ARRAY_SIZE(r->attached); n++)
        if (r->attached[n])
            stm32_set_gate(r->attached[n], gate_of(r, r->attached[n]));
}

/* The registers of the buses lie in a row, with a hole between AHB3 and APB1. */
static unsigned bus_of(const struct reg_access *a)
{
    unsigned n = (a->reg->offset & 0x1f) / 4;
    return a->reg->offset >= 0x20 ? STM32F4_APB1 + n : n - 4;
}

static void rstr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32f4_rcc *r = rcc_of(dev);
    unsigned bus = bus_of(a);
    uint32_t rising = value & ~r->rstr[bus];
    r->rstr[bus] = value;
    for (unsigned bit = 0; bit < BITS; bit++)
        if ((rising & BIT(bit)) && r->attached[bus * BITS + bit])
            device_reset(r->attached[bus * BITS + bit]);
}

static bool rcc_attach(struct device *dev, unsigned n, struct device *other, struct error *e)
{
    static const char *const bus[] = {"AHB1", "AHB2", "AHB3", "APB1", "APB2"};
    struct stm32f4_rcc *r = rcc_of(dev);
    if (n >= ARRAY_SIZE(r->attached) || r->attached[n])
        return error_set(e, "%s: no bit %u for %s", dev->name, n, other->name);
    r->attached[n] = other;
    snprintf(r->gate[n], sizeof(r->gate[n]), "RCC_%sENR bit %u", bus[n / BITS], n % BITS);
    update_gates(dev);
    return true;
}

/* ---- registers ---- */

#define AT(member) REG_FIELD(struct stm32f4_rcc, member)
#define RSTR(name, at, bus) {name "RSTR", at, .field = AT(rstr[bus]), .write = rstr_write}
#define ENR(name, at, bus, initial)                                                                \
    {name "ENR", at, .field = AT(enr[bus]), .reset = initial, .writable = UINT32_MAX,              \
     .after = update_gates}
#define LPENR(name, at, bus, initial)                                                              \
    {name "LPENR", at, .field = AT(lpenr[bus]), .reset = initial, .writable = UINT32_MAX}

static const struct reg rows[] = {
    {"CR", 0x00, .field = AT(cr), .reset = CR_RESET, .writable = CR_WRITABLE,
     .after = update_clocks},
    {"PLLCFGR", 0x04, .field = AT(pllcfgr), .reset = 0x24003010, .write = pllcfgr_write},
    {"CFGR", 0x08, .field = AT(cfgr), .writable = 0xfffffcf3, .after = update_clocks},
    {"CIR", 0x0c, .field = AT(cir), .write = cir_write},
    RSTR("AHB1", 0x10, STM32F4_AHB1),
    RSTR("AHB2", 0x14, STM32F4_AHB2),
    RSTR("AHB3", 0x18, STM32F4_AHB3),
    RSTR("APB1", 0x20, STM32F4_APB1),
    RSTR("APB2", 0x24, STM32F4_APB2),
    ENR("AHB1", 0x30, STM32F4_AHB1, 0x00100000),
    ENR("AHB2", 0x34, STM32F4_AHB2, 0),
    ENR("AHB3", 0x38, STM32F4_AHB3, 0),
    ENR("APB1", 0x40, STM32F4_APB1, 0),
    ENR("APB2", 0x44, STM32F4_APB2, 0),
    LPENR("AHB1", 0x50, STM32F4_AHB1, 0x7e6791ff),
    LPENR("AHB2", 0x54, STM32F4_AHB2, 0x000000f1),
    LPENR("AHB3", 0x58, STM32F4_AHB3, 0x00000001),
    LPENR("APB1", 0x60, STM32F4_APB1, 0x36fec9ff),
    LPENR("APB2", 0x64, STM32F4_APB2, 0x00075f33),
    {"BDCR", 0x70, .field = AT(bdcr), .write = bdcr_write},
    {"CSR", 0x74, .field = AT(csr), .reset = CSR_POWER_ON, .write = csr_write},
    {"SSCGR", 0x80, .field = AT(sscgr), .writable = 0xcfffffff},
    {"PLLI2SCFGR", 0x84, .field = AT(plli2scfgr), .reset = 0x20003000, .writable = 0x70007fc0},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

/* ---- life ---- */

static void rcc_input(struct device *dev, unsigned n, int level)
{
    if (level)
        rcc_of(dev)->cause = n == STM32F4_RCC_WWDG ? CSR_WWDGRSTF : CSR_IWDGRSTF;
}

/* The flags of earlier resets stay until they are removed. */
static void rcc_reset(struct device *dev)
{
    struct stm32f4_rcc *r = rcc_of(dev);
    uint32_t flags = (r->csr & CSR_FLAGS) | CSR_PINRSTF | (r->cause ? r->cause : CSR_SFTRSTF);
    regs_reset(dev, &table);
    if (r->resets++)
        r->csr = flags;
    r->cause = 0;
    update_gates(dev);
    update_clocks(dev);
}

static void rcc_loaded(struct device *dev)
{
    update_gates(dev);
    drive_clocks(rcc_of(dev));
}

static void rcc_print(struct device *dev, FILE *out)
{
    static const char *const sources[4] = {"HSI", "HSE", "PLL", "none"};
    const struct stm32f4_rcc *r = rcc_of(dev);
    uint64_t hclk = sysclk_hz(r) >> ahb_shift(bits_get(r->cfgr, 4, 4));
    fprintf(out, "  SYSCLK %llu Hz from %s, HCLK %llu Hz, PCLK1 %llu Hz, PCLK2 %llu Hz\n",
            (unsigned long long)sysclk_hz(r), sources[bits_get(r->cfgr, 2, 2)],
            (unsigned long long)hclk,
            (unsigned long long)hclk >> apb_shift(bits_get(r->cfgr, 10, 3)),
            (unsigned long long)hclk >> apb_shift(bits_get(r->cfgr, 13, 3)));
}

static const struct field fields[] = {
    FIELD(struct stm32f4_rcc, cr),           FIELD(struct stm32f4_rcc, pllcfgr),
    FIELD(struct stm32f4_rcc, cfgr),         FIELD(struct stm32f4_rcc, cir),
    FIELD_ARRAY(struct stm32f4_rcc, rstr),   FIELD_ARRAY(struct stm32f4_rcc, enr),
    FIELD_ARRAY(struct stm32f4_rcc, lpenr),  FIELD(struct stm32f4_rcc, bdcr),
    FIELD(struct stm32f4_rcc, csr),          FIELD(struct stm32f4_rcc, sscgr),
    FIELD(struct stm32f4_rcc, cause),        FIELD(struct stm32f4_rcc, resets),
    FIELD(struct stm32f4_rcc, plli2scfgr),
};

static const struct field_list state = {"stm32f4-rcc", sizeof(struct stm32f4_rcc), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = rcc_reset, .input = rcc_input, .attach = rcc_attach,
                                      .loaded = rcc_loaded, .print = rcc_print};

static struct device *rcc_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    const struct stm32f4_rcc_config *c = config;
    struct stm32f4_rcc *r = stm32_alloc(sizeof(*r), name, &stm32f4_rcc_class, &ops, &state, &table,
                                        STM32_WINDOW, STM32F4_RCC_INPUTS, STM32F4_RCC_OUTPUTS);
    r->hse = c->hse;
    r->lse = c->lse;
    rcc_reset(&r->p.base);
    r->resets = 0;
    return &r->p.base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct stm32f4_rcc_config, hse, 8000000, 50000000, "Hz of the main crystal"),
    PROPERTY(U32, struct stm32f4_rcc_config, lse, 32768, 1000000, "Hz of the clock crystal"),
};

const struct device_class stm32f4_rcc_class = {
    .name = "stm32f4-rcc",
    .help = "reset and clock control of the STM32F405/407",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct stm32f4_rcc_config),
    .create = rcc_create,
};
