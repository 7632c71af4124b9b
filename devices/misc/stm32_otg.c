#include "devices/misc/stm32_otg.h"

#include <string.h>

#include "devices/stm32/periph.h"
#include "util/bits.h"

enum { WINDOW = 0x40000, ENDPOINTS = 6, CHANNELS = 12 };

enum { GAHBCFG_GINT = BIT(0), GUSBCFG_FHMOD = BIT(29) };
enum { GRSTCTL_CSRST = BIT(0), GRSTCTL_TXFNUM = 0x7c0 };
enum {
    INT_CMOD = BIT(0), INT_GINAKEFF = BIT(6), INT_GONAKEFF = BIT(7), INT_IEP = BIT(18),
    INT_OEP = BIT(19), INT_W1C = (int)0xf030fc0a,
};
enum { DCTL_SGINAK = BIT(7), DCTL_CGINAK = BIT(8), DCTL_SGONAK = BIT(9), DCTL_CGONAK = BIT(10) };
enum { DCTL_GINSTS = BIT(2), DCTL_GONSTS = BIT(3), DCTL_STORED = 0x73 };
enum {
    EP_NAKSTS = BIT(17), EP_CNAK = BIT(26), EP_SNAK = BIT(27), EP_DISABLE = BIT(30),
    EP_STORED = 0x03ee87ff, EP_INT_DISABLED = BIT(1), EP_INT_W1C = 0x1f, EP_INT_TXFE = BIT(7),
};
#define AHB_IDLE BIT(31)
#define EP_ENABLED BIT(31)

struct stm32_otg {
    struct stm32_periph p;
    uint32_t gotgctl, gahbcfg, gusbcfg, grstctl, gintsts, gintmsk, grxfsiz, gccfg, cid;
    uint32_t txfsiz[ENDPOINTS], hptxfsiz;
    uint32_t hcfg, hfir, haintmsk, hprt, channel[CHANNELS * 8];
    uint32_t dcfg, dctl, diepmsk, doepmsk, daintmsk, dvbusdis, dvbuspulse, diepempmsk, pcgcctl;
    /* IN endpoints, then OUT */
    uint32_t ctl[2 * ENDPOINTS], interrupts[2 * ENDPOINTS], size[2 * ENDPOINTS];
};

static struct stm32_otg *otg_of(struct device *dev)
{
    return (struct stm32_otg *)dev;
}

/* ---- interrupts ------------------------------------------------------------------------------ */

static uint32_t endpoints_pending(const uint32_t *interrupts, uint32_t mask)
{
    uint32_t bits = 0;
    for (unsigned n = 0; n < ENDPOINTS; n++)
        bits |= (interrupts[n] & mask ? 1u : 0) << n;
    return bits;
}

static uint32_t daint(const struct stm32_otg *o)
{
    return endpoints_pending(o->interrupts, o->diepmsk) |
           endpoints_pending(o->interrupts + ENDPOINTS, o->doepmsk) << 16;
}

static uint32_t gintsts(const struct stm32_otg *o)
{
    uint32_t endpoints = daint(o) & o->daintmsk;
    return o->gintsts | (o->gusbcfg & GUSBCFG_FHMOD ? INT_CMOD : 0) |
           (o->dctl & DCTL_GINSTS ? INT_GINAKEFF : 0) | (o->dctl & DCTL_GONSTS ? INT_GONAKEFF : 0) |
           (endpoints & 0xffff ? INT_IEP : 0) | (endpoints >> 16 ? INT_OEP : 0);
}

static void update(struct device *dev)
{
    const struct stm32_otg *o = otg_of(dev);
    irq_set(&dev->output[0], (o->gahbcfg & GAHBCFG_GINT) && (gintsts(o) & o->gintmsk));
}

/* ---- registers that do something ------------------------------------------------------------- */

static uint32_t gintsts_read(struct device *dev, const struct reg_access *a)
{
    return gintsts(otg_of(dev));
}

static void gintsts_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    otg_of(dev)->gintsts &= ~(value & (uint32_t)INT_W1C);
    update(dev);
}

static uint32_t daint_read(struct device *dev, const struct reg_access *a)
{
    return daint(otg_of(dev));
}

static void core_reset(struct device *dev);

/* Resets and flushes of FIFOs are over at once; the bus of the processor is always idle. */
static void grstctl_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_otg *o = otg_of(dev);
    uint32_t usbcfg = o->gusbcfg, ahbcfg = o->gahbcfg, ccfg = o->gccfg, dcfg = o->dcfg;
    if (value & GRSTCTL_CSRST) {
        core_reset(dev);
        o->gusbcfg = usbcfg;
        o->gahbcfg = ahbcfg;
        o->gccfg = ccfg;
        o->dcfg = dcfg;
    }
    o->grstctl = AHB_IDLE | (value & GRSTCTL_TXFNUM);
    update(dev);
}

static void dctl_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_otg *o = otg_of(dev);
    uint32_t status = o->dctl & (DCTL_GINSTS | DCTL_GONSTS);
    status = (status | (value & DCTL_SGINAK ? DCTL_GINSTS : 0)) &
             ~(value & DCTL_CGINAK ? DCTL_GINSTS : 0u);
    status = (status | (value & DCTL_SGONAK ? DCTL_GONSTS : 0)) &
             ~(value & DCTL_CGONAK ? DCTL_GONSTS : 0u);
    o->dctl = (value & DCTL_STORED) | status;
    update(dev);
}

static void endpoint_control(struct stm32_otg *o, unsigned n, uint32_t value)
{
    uint32_t old = o->ctl[n];
    uint32_t nak = ((old & EP_NAKSTS) | (value & EP_SNAK ? EP_NAKSTS : 0)) &
                   ~(value & EP_CNAK ? EP_NAKSTS : 0u);
    uint32_t enabled = (old | value) & EP_ENABLED;
    if (value & EP_DISABLE && enabled) {
        enabled = 0;
        o->interrupts[n] |= EP_INT_DISABLED;
    }
    o->ctl[n] = (value & EP_STORED & ~(uint32_t)EP_NAKSTS) | nak | enabled;
}

/* Eight words an endpoint: control, interrupts, size; the space in the FIFO, of those that send. */
static uint32_t endpoint_read(struct device *dev, const struct reg_access *a)
{
    const struct stm32_otg *o = otg_of(dev);
    bool in = a->reg->offset == 0x900;
    unsigned n = a->index / 8 + (in ? 0 : ENDPOINTS);
    switch (a->index % 8) {
    case 0: return o->ctl[n] | (a->index < 8 ? BIT(15) : 0); /* endpoint 0 is always there */
    case 2: return o->interrupts[n] | (in ? EP_INT_TXFE : 0);
    case 4: return o->size[n];
    case 6: return in ? o->txfsiz[n] >> 16 : 0;
    default: return 0;
    }
}

static void endpoint_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_otg *o = otg_of(dev);
    unsigned n = a->index / 8 + (a->reg->offset == 0x900 ? 0 : ENDPOINTS);
    switch (a->index % 8) {
    case 0: endpoint_control(o, n, value); break;
    case 2: o->interrupts[n] &= ~(value & EP_INT_W1C); break;
    case 4: o->size[n] = value; break;
    default: break;
    }
    update(dev);
}

#define AT(member) REG_FIELD(struct stm32_otg, member)
#define STORED(label, at, member, value, mask)                                                     \
    {label, at, .field = AT(member), .reset = value, .writable = mask, .after = update}

static const struct reg rows[] = {
    STORED("GOTGCTL", 0x000, gotgctl, 0x00010000, 0xe02), /* the plug's ID pin is open */
    {"GOTGINT", 0x004, .flags = REG_IGNORE},
    STORED("GAHBCFG", 0x008, gahbcfg, 0, 0x1bf),
    STORED("GUSBCFG", 0x00c, gusbcfg, 0x1440, 0x7fffbfff),
    {"GRSTCTL", 0x010, .field = AT(grstctl), .reset = AHB_IDLE, .write = grstctl_write},
    {"GINTSTS", 0x014, .field = AT(gintsts), .reset = 0x04000020, .read = gintsts_read,
     .write = gintsts_write},
    STORED("GINTMSK", 0x018, gintmsk, 0, UINT32_MAX),
    {"GRXSTSR", 0x01c, .count = 2, .flags = REG_IGNORE}, /* nothing has been received */
    STORED("GRXFSIZ", 0x024, grxfsiz, 0x200, 0xffff),
    STORED("DIEPTXF0", 0x028, txfsiz[0], 0x02000200, UINT32_MAX),
    {"GNPTXSTS", 0x02c, .reset = 0x00080200, .flags = REG_IGNORE},
    STORED("GCCFG", 0x038, gccfg, 0, 0x3f0000),
    STORED("CID", 0x03c, cid, 0x1200, UINT32_MAX),
    STORED("HPTXFSIZ", 0x100, hptxfsiz, 0x02000600, UINT32_MAX),
    STORED("DIEPTXF1", 0x104, txfsiz[1], 0x02000400, UINT32_MAX),
    STORED("DIEPTXF2", 0x108, txfsiz[2], 0x02000400, UINT32_MAX),
    STORED("DIEPTXF3", 0x10c, txfsiz[3], 0x02000400, UINT32_MAX),
    STORED("DIEPTXF4", 0x110, txfsiz[4], 0x02000400, UINT32_MAX),
    STORED("DIEPTXF5", 0x114, txfsiz[5], 0x02000400, UINT32_MAX),
    STORED("HCFG", 0x400, hcfg, 0, 7),
    STORED("HFIR", 0x404, hfir, 0xea60, 0xffff),
    {"HFNUM", 0x408, .reset = 0x3fff, .flags = REG_IGNORE},
    {"HPTXSTS", 0x410, .reset = 0x00080100, .flags = REG_IGNORE},
    {"HAINT", 0x414, .flags = REG_IGNORE},
    STORED("HAINTMSK", 0x418, haintmsk, 0, 0xffff),
    STORED("HPRT", 0x440, hprt, 0, 0x0001f140),
    {"HC", 0x500, .count = CHANNELS * 8, .field = AT(channel), .writable = UINT32_MAX},
    STORED("DCFG", 0x800, dcfg, 0x02200000, 0x1ff7),
    {"DCTL", 0x804, .field = AT(dctl), .write = dctl_write},
    {"DSTS", 0x808, .reset = 0x10, .flags = REG_IGNORE},
    STORED("DIEPMSK", 0x810, diepmsk, 0, 0x37f),
    STORED("DOEPMSK", 0x814, doepmsk, 0, 0x35b),
    {"DAINT", 0x818, .read = daint_read, .flags = REG_IGNORE},
    STORED("DAINTMSK", 0x81c, daintmsk, 0, UINT32_MAX),
    STORED("DVBUSDIS", 0x828, dvbusdis, 0x17d7, 0xffff),
    STORED("DVBUSPULSE", 0x82c, dvbuspulse, 0x5b8, 0xfff),
    STORED("DIEPEMPMSK", 0x834, diepempmsk, 0, 0xffff),
    {"DIEP", 0x900, .count = ENDPOINTS * 8, .read = endpoint_read, .write = endpoint_write},
    {"DOEP", 0xb00, .count = ENDPOINTS * 8, .read = endpoint_read, .write = endpoint_write},
    STORED("PCGCCTL", 0xe00, pcgcctl, 0, 3),
    {"FIFO", 0x1000, .count = (WINDOW - 0x1000) / 4, .flags = REG_UNIMP},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static void core_reset(struct device *dev)
{
    struct stm32_otg *o = otg_of(dev);
    regs_reset(dev, &table);
    memset(o->ctl, 0, sizeof(o->ctl));
    memset(o->interrupts, 0, sizeof(o->interrupts));
    memset(o->size, 0, sizeof(o->size));
    update(dev);
}

static const struct field fields[] = {
    FIELD(struct stm32_otg, gotgctl), FIELD(struct stm32_otg, gahbcfg),
    FIELD(struct stm32_otg, gusbcfg), FIELD(struct stm32_otg, grstctl),
    FIELD(struct stm32_otg, gintsts), FIELD(struct stm32_otg, gintmsk),
    FIELD(struct stm32_otg, grxfsiz), FIELD(struct stm32_otg, gccfg), FIELD(struct stm32_otg, cid),
    FIELD_ARRAY(struct stm32_otg, txfsiz), FIELD(struct stm32_otg, hptxfsiz),
    FIELD(struct stm32_otg, hcfg), FIELD(struct stm32_otg, hfir), FIELD(struct stm32_otg, haintmsk),
    FIELD(struct stm32_otg, hprt), FIELD_ARRAY(struct stm32_otg, channel),
    FIELD(struct stm32_otg, dcfg), FIELD(struct stm32_otg, dctl), FIELD(struct stm32_otg, diepmsk),
    FIELD(struct stm32_otg, doepmsk), FIELD(struct stm32_otg, daintmsk),
    FIELD(struct stm32_otg, dvbusdis), FIELD(struct stm32_otg, dvbuspulse),
    FIELD(struct stm32_otg, diepempmsk), FIELD(struct stm32_otg, pcgcctl),
    FIELD_ARRAY(struct stm32_otg, ctl), FIELD_ARRAY(struct stm32_otg, interrupts),
    FIELD_ARRAY(struct stm32_otg, size),
};

static const struct field_list state = {"stm32-otg", sizeof(struct stm32_otg), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = core_reset, .loaded = update};

static struct device *otg_create(const char *name, const void *config, const struct device_env *env,
                                 struct error *e)
{
    struct stm32_otg *o = stm32_alloc(sizeof(*o), name, &stm32_otg_class, &ops, &state, &table,
                                      WINDOW, 0, 1);
    core_reset(&o->p.base);
    return &o->p.base;
}

const struct device_class stm32_otg_class = {
    .name = "stm32-otg",
    .help = "USB OTG of the STM32F4 with nothing plugged in",
    .create = otg_create,
};
