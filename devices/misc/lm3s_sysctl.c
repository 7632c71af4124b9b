#include "devices/misc/lm3s_sysctl.h"

#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "host/clock.h"
#include "util/bits.h"
#include "util/log.h"

enum { SRCR_COUNT = 3, SLOTS = 32 * SRCR_COUNT, CLOCK_GATES = 3, USER_COUNT = 2 };
/* The PLL locks within 0.5 ms. */
#define PLL_LOCK_NS 250000
#define IOSC_HZ 12000000u
#define PLL_HZ 200000000u /* after the fixed divider by 2 */
#define SLOW_HZ 30000u

/* Fields of RCC and RCC2. */
enum {
    RCC_OSCSRC = 4, RCC_XTAL = 6, RCC_BYPASS = 11, RCC_PWRDN = 13, RCC_USESYSDIV = 22,
    RCC_SYSDIV = 23, RCC2_USERCC2 = 31,
};
enum { OSC_MAIN, OSC_INTERNAL, OSC_INTERNAL_4, OSC_30KHZ, OSC_32KHZ = 7 };
/* Bits of RIS, IMC and MISC; of RESC. */
enum { INT_PLL_LOCK = BIT(6), INT_ALL = 0x7f };
enum { RESC_POWER_ON = BIT(1), RESC_WATCHDOG = BIT(3), RESC_SOFTWARE = BIT(4), RESC_ALL = 0x3f };

struct lm3s_sysctl {
    struct device base;
    struct lm3s_sysctl_config config;
    struct device *attached[SLOTS];
    struct timer lock; /* of the PLL */
    uint32_t pborctl, ldopctl, srcr[SRCR_COUNT], ris, imc, resc, rcc, rcc2;
    uint32_t rcgc[CLOCK_GATES], scgc[CLOCK_GATES], dcgc[CLOCK_GATES], dslpclkcfg, ldoarst;
    uint32_t cause;    /* of the next reset, as a bit of RESC; 0: not known */
    uint32_t resets;   /* since power on */
};

static struct lm3s_sysctl *sys_of(struct device *dev)
{
    return (struct lm3s_sysctl *)dev;
}

static void update_irq(struct device *dev)
{
    irq_set(&dev->output[LM3S_SYSCTL_IRQ], (sys_of(dev)->ris & sys_of(dev)->imc) != 0);
}

/* ---- clocks ---- */

static uint32_t oscillator_hz(const struct lm3s_sysctl *s, unsigned source)
{
    switch (source) {
    case OSC_MAIN: return s->config.xtal;
    case OSC_INTERNAL: return IOSC_HZ;
    case OSC_INTERNAL_4: return IOSC_HZ / 4;
    case OSC_32KHZ: return 32768;
    default: return SLOW_HZ;
    }
}

static bool uses_rcc2(const struct lm3s_sysctl *s)
{
    return bit_get(s->rcc2, RCC2_USERCC2);
}

static bool pll_powered(const struct lm3s_sysctl *s)
{
    return !bit_get(uses_rcc2(s) ? s->rcc2 : s->rcc, RCC_PWRDN);
}

static uint32_t system_hz(const struct lm3s_sysctl *s)
{
    bool two = uses_rcc2(s);
    uint32_t select = two ? s->rcc2 : s->rcc;
    unsigned divisor = bits_get(select, RCC_SYSDIV, two ? 6 : 4) + 1;
    if (!bit_get(select, RCC_BYPASS))
        return PLL_HZ / divisor;
    uint32_t hz = oscillator_hz(s, bits_get(select, RCC_OSCSRC, two ? 3 : 2));
    return bit_get(s->rcc, RCC_USESYSDIV) ? hz / divisor : hz;
}

static void drive_clock(struct device *dev)
{
    irq_set(&dev->output[LM3S_SYSCTL_CLOCK], (int)system_hz(sys_of(dev)));
}

static void pll_locked(void *opaque)
{
    struct lm3s_sysctl *s = opaque;
    s->ris |= INT_PLL_LOCK;
    update_irq(&s->base);
}

static void clocks_changed(struct device *dev, bool was_powered)
{
    struct lm3s_sysctl *s = sys_of(dev);
    bool powered = pll_powered(s);
    if (powered && !was_powered)
        timer_set(&s->lock, clock_now(s->lock.queue->clock) + PLL_LOCK_NS);
    else if (!powered)
        timer_cancel(&s->lock);
    drive_clock(dev);
}

static void rcc_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    bool powered = pll_powered(sys_of(dev));
    sys_of(dev)->rcc = value & 0x07de3bf3;
    clocks_changed(dev, powered);
}

static void rcc2_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    bool powered = pll_powered(sys_of(dev));
    sys_of(dev)->rcc2 = value & 0x9f802870;
    clocks_changed(dev, powered);
}

/* PLLCFG: F in [13:5], R in [4:0] so that crystal * F / (R + 1) is 400 MHz, or next to it. */
static uint32_t pllcfg_read(struct device *dev, const struct reg_access *a)
{
    static const uint32_t crystal[16] = {1000000, 1843200, 2000000, 2457600, 3579545, 3686400,
                                         4000000, 4096000, 4915200, 5000000, 5120000, 6000000,
                                         6144000, 7372800, 8000000, 8192000};
    uint32_t hz = crystal[bits_get(sys_of(dev)->rcc, RCC_XTAL, 4)], best = 0, best_off = UINT32_MAX;
    for (uint32_t r = 0; r < 32; r++) {
        uint64_t want = 400000000ull * (r + 1);
        uint32_t f = (uint32_t)((want + hz / 2) / hz);
        uint64_t got = (uint64_t)hz * f / (r + 1);
        uint32_t off = (uint32_t)(got > 400000000 ? got - 400000000 : 400000000 - got);
        if (f < 512 && off < best_off) {
            best_off = off;
            best = f << 5 | r;
        }
    }
    return best;
}

/* ---- resets ---- */

static bool attach(struct device *dev, unsigned n, struct device *other, struct error *e)
{
    if (n >= SLOTS)
        return error_set(e, "%s: there is no reset %u", dev->name, n);
    sys_of(dev)->attached[n] = other;
    return true;
}

/* A peripheral is reset when its bit rises. */
static void srcr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lm3s_sysctl *s = sys_of(dev);
    for (unsigned n = 0; n < 32; n++)
        if (bit_get(value & ~s->srcr[a->index], n) && s->attached[32 * a->index + n])
            device_reset(s->attached[32 * a->index + n]);
    s->srcr[a->index] = value;
}

static void watchdog_input(struct device *dev, unsigned n, int level)
{
    if (level)
        sys_of(dev)->cause = RESC_WATCHDOG;
}

/* ---- registers ---- */

static uint32_t misc_read(struct device *dev, const struct reg_access *a)
{
    return sys_of(dev)->ris & sys_of(dev)->imc;
}

static void misc_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    sys_of(dev)->ris &= ~value;
    update_irq(dev);
}

/* What the config holds, by offset. */
static uint32_t config_read(struct device *dev, const struct reg_access *a)
{
    const struct lm3s_sysctl_config *c = &sys_of(dev)->config;
    const struct {
        uint32_t offset, value;
    } values[] = {
        {0x000, c->did0}, {0x004, c->did1}, {0x008, c->dc0}, {0x010, c->dc1},   {0x014, c->dc2},
        {0x018, c->dc3},  {0x01c, c->dc4},  {0x1e0, c->user0}, {0x1e4, c->user1},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
        if (values[i].offset == a->reg->offset + 4 * a->index)
            return values[i].value;
    return 0;
}

#define AT(member) REG_FIELD(struct lm3s_sysctl, member)
#define ALL 0xffffffffu

static const struct reg rows[] = {
    {"DID", 0x000, 2, .read = config_read},
    {"DC0", 0x008, .read = config_read},
    {"DC", 0x010, 4, .read = config_read},
    {"PBORCTL", 0x030, .field = AT(pborctl), .reset = 0x7ffd, .writable = 0xffff},
    {"LDOPCTL", 0x034, .field = AT(ldopctl), .writable = 0x3f},
    {"SRCR", 0x040, SRCR_COUNT, .field = AT(srcr), .write = srcr_write},
    {"RIS", 0x050, .field = AT(ris)},
    {"IMC", 0x054, .field = AT(imc), .writable = INT_ALL, .after = update_irq},
    {"MISC", 0x058, .read = misc_read, .write = misc_write},
    {"RESC", 0x05c, .field = AT(resc), .writable = RESC_ALL},
    {"RCC", 0x060, .field = AT(rcc), .reset = 0x078e3ad1, .write = rcc_write},
    {"PLLCFG", 0x064, .read = pllcfg_read},
    {"RCC2", 0x070, .field = AT(rcc2), .reset = 0x07802810, .write = rcc2_write},
    {"RCGC", 0x100, CLOCK_GATES, .field = AT(rcgc), .writable = ALL},
    {"SCGC", 0x110, CLOCK_GATES, .field = AT(scgc), .writable = ALL},
    {"DCGC", 0x120, CLOCK_GATES, .field = AT(dcgc), .writable = ALL},
    {"FMPRE", 0x130, .flags = REG_UNIMP, .reset = ALL},
    {"FMPPE", 0x134, .flags = REG_UNIMP, .reset = ALL},
    {"USECRL", 0x140, .flags = REG_IGNORE, .reset = 0x31},
    {"DSLPCLKCFG", 0x144, .field = AT(dslpclkcfg), .reset = 0x07800000, .writable = ALL},
    {"CLKVCLR", 0x150, .flags = REG_IGNORE},
    {"LDOARST", 0x160, .field = AT(ldoarst), .writable = 1},
    {"USER_REG", 0x1e0, USER_COUNT, .read = config_read, .flags = REG_IGNORE},
    {"FMPREn", 0x200, 4, .flags = REG_UNIMP, .reset = ALL},
    {"FMPPEn", 0x400, 4, .flags = REG_UNIMP, .reset = ALL},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

/* ---- life ---- */

static void sys_reset(struct device *dev)
{
    struct lm3s_sysctl *s = sys_of(dev);
    /* A reset that the watchdog did not announce is software's. The first one is of a board that
     * has just got power. */
    uint32_t resc = s->resc | (s->cause ? s->cause : s->resets++ ? RESC_SOFTWARE : 0);
    regs_reset(dev, &table);
    s->rcgc[0] = s->scgc[0] = s->dcgc[0] = 0x40;
    s->rcgc[1] = s->rcgc[2] = s->scgc[1] = s->scgc[2] = s->dcgc[1] = s->dcgc[2] = 0;
    s->resc = resc;
    s->cause = 0;
    timer_cancel(&s->lock);
    drive_clock(dev);
    update_irq(dev);
}

static void sys_free(struct device *dev)
{
    timer_cancel(&sys_of(dev)->lock);
}

static void sys_loaded(struct device *dev)
{
    timer_restore(&sys_of(dev)->lock);
    drive_clock(dev);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct lm3s_sysctl, lock.deadline),  FIELD(struct lm3s_sysctl, pborctl),
    FIELD(struct lm3s_sysctl, ldopctl),        FIELD_ARRAY(struct lm3s_sysctl, srcr),
    FIELD(struct lm3s_sysctl, ris),            FIELD(struct lm3s_sysctl, imc),
    FIELD(struct lm3s_sysctl, resc),           FIELD(struct lm3s_sysctl, rcc),
    FIELD(struct lm3s_sysctl, rcc2),           FIELD_ARRAY(struct lm3s_sysctl, rcgc),
    FIELD_ARRAY(struct lm3s_sysctl, scgc),     FIELD_ARRAY(struct lm3s_sysctl, dcgc),
    FIELD(struct lm3s_sysctl, dslpclkcfg),     FIELD(struct lm3s_sysctl, ldoarst),
    FIELD(struct lm3s_sysctl, cause),          FIELD(struct lm3s_sysctl, resets),
};

static const struct field_list state = {"lm3s-sysctl", sizeof(struct lm3s_sysctl), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = sys_reset, .free = sys_free, .input = watchdog_input,
                                      .attach = attach, .loaded = sys_loaded};

static struct device *sys_create(const char *name, const void *config, const struct device_env *env,
                                 struct error *e)
{
    struct lm3s_sysctl *s = device_alloc(sizeof(*s), name, &lm3s_sysctl_class, &ops, &state,
                                         LM3S_SYSCTL_INPUTS, LM3S_SYSCTL_OUTPUTS);
    s->config = *(const struct lm3s_sysctl_config *)config;
    timer_init(&s->lock, env->timers, pll_locked, s);
    device_add_region(&s->base, "registers", 0x1000, &region);
    sys_reset(&s->base);
    s->resc = RESC_POWER_ON;
    s->resets = 0; /* the board's first one is next */
    return &s->base;
}

#define VALUE(member, initial)                                                                     \
    PROPERTY(U32, struct lm3s_sysctl_config, member, initial, 0, "as the register reads")

static const struct property properties[] = {
    VALUE(did0, 0x10010002),
    VALUE(did1, 0x1073402e),
    VALUE(dc0, 0x00ff007f),
    VALUE(dc1, 0x001133ff),
    VALUE(dc2, 0x030f5317),
    VALUE(dc3, 0x0f0f87ff),
    VALUE(dc4, 0x5000007f),
    VALUE(user0, 0x00005452),
    VALUE(user1, 0x00563412),
    PROPERTY(U32, struct lm3s_sysctl_config, xtal, 8000000, 20000000, "main oscillator in Hz"),
};

const struct device_class lm3s_sysctl_class = {
    .name = "lm3s-sysctl",
    .help = "system control of LM3S6965",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct lm3s_sysctl_config),
    .create = sys_create,
};
