#include "devices/nrf51/ppi.h"

#include "devices/nrf51/periph.h"
#include "util/bits.h"
#include "util/log.h"

enum {
    PERIPHERALS = 32,
    CHANNELS = 16,
    GROUPS = 4,
    DEPTH_MAX = 16, /* events that lead to events */
    EVENT_OFFSET = 0x100,
};

/* The channels above 20 are wired (table "Pre-programmed channels"). */
static const struct {
    uint8_t channel;
    uint32_t event, task; /* offsets from peripheral 0 */
} fixed[] = {
    {30, 0xb140, 0x800c}, /* RTC0 COMPARE[0] clears TIMER0 */
    {31, 0xb140, 0x8000}, /* RTC0 COMPARE[0] starts TIMER0 */
};

#define CHANNEL_MASK 0xfff0ffffu

struct nrf51_ppi {
    struct nrf51_periph p;
    uint32_t address; /* configuration */
    struct nrf51_periph *periph[PERIPHERALS];
    unsigned depth;
    uint32_t enabled, ends[2 * CHANNELS], group[GROUPS]; /* ends: EEP and TEP by turns */
};

static struct nrf51_ppi *ppi_of(struct device *dev)
{
    return (struct nrf51_ppi *)dev;
}

static void run_task(struct nrf51_ppi *i, uint32_t address)
{
    uint32_t offset = address - i->address;
    unsigned id = offset / NRF51_WINDOW;
    if (id < PERIPHERALS && i->periph[id])
        nrf51_task(i->periph[id], offset % NRF51_WINDOW / 4);
}

static void event(void *opaque, unsigned id, unsigned n)
{
    struct nrf51_ppi *i = opaque;
    uint32_t address = i->address + id * NRF51_WINDOW + EVENT_OFFSET + 4 * n;
    if (!i->enabled)
        return;
    if (i->depth == DEPTH_MAX) {
        log_write(LOG_GUEST_ERRORS, "%s: channels feed each other without end", i->p.base.name);
        return;
    }
    i->depth++;
    for (unsigned c = 0; c < CHANNELS; c++)
        if ((i->enabled & BIT(c)) && i->ends[2 * c] == address)
            run_task(i, i->ends[2 * c + 1]);
    for (unsigned k = 0; k < ARRAY_SIZE(fixed); k++)
        if ((i->enabled & BIT(fixed[k].channel)) && i->address + fixed[k].event == address)
            run_task(i, i->address + fixed[k].task);
    i->depth--;
}

static bool attach(struct device *dev, unsigned n, struct device *other, struct error *e)
{
    struct nrf51_ppi *i = ppi_of(dev);
    struct nrf51_periph *p = (struct nrf51_periph *)other;
    if (n >= PERIPHERALS || !other->region_count || other->region[0].ops != &nrf51_region)
        return error_set(e, "%s: only peripherals of the nRF51 have tasks and events", dev->name);
    i->periph[n] = p;
    p->listener = event;
    p->listener_opaque = i;
    p->listener_id = n;
    return true;
}

/* CHG[n].EN and CHG[n].DIS by turns. */
static void task(struct device *dev, unsigned n)
{
    struct nrf51_ppi *i = ppi_of(dev);
    uint32_t channels = i->group[n / 2];
    i->enabled = n % 2 ? i->enabled & ~channels : i->enabled | channels;
}

/* CHEN, CHENSET, CHENCLR */
static void chen_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_ppi *i = ppi_of(dev);
    const uint32_t result[] = {value, i->enabled | value, i->enabled & ~value};
    i->enabled = result[a->index] & CHANNEL_MASK;
}

static uint32_t chen_read(struct device *dev, const struct reg_access *a)
{
    return ppi_of(dev)->enabled;
}

#define AT(member) REG_FIELD(struct nrf51_ppi, member)

static const struct reg rows[] = {
    {"CHEN", 0x500, .count = 3, .read = chen_read, .write = chen_write},
    {"CH", 0x510, .count = 2 * CHANNELS, .field = AT(ends), .writable = UINT32_MAX},
    {"CHG", 0x800, .count = GROUPS, .field = AT(group), .writable = CHANNEL_MASK},
};

static const struct nrf51_kind kind = {
    .tasks = 0xff,
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
};

static void ppi_reset(struct device *dev)
{
    ppi_of(dev)->enabled = 0;
    nrf51_reset(&ppi_of(dev)->p);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_ppi),
    FIELD(struct nrf51_ppi, enabled),
    FIELD_ARRAY(struct nrf51_ppi, ends),
    FIELD_ARRAY(struct nrf51_ppi, group),
};

static const struct field_list state = {"nrf51-ppi", sizeof(struct nrf51_ppi), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = ppi_reset, .attach = attach};

static struct device *ppi_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    const struct nrf51_ppi_config *c = config;
    struct nrf51_ppi *i =
        nrf51_alloc(sizeof(*i), name, &nrf51_ppi_class, &ops, &state, &kind, 0, 1);
    i->address = c->base;
    ppi_reset(&i->p.base);
    return &i->p.base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct nrf51_ppi_config, base, 0x40000000, 0, "address of peripheral 0"),
};

const struct device_class nrf51_ppi_class = {
    .name = "nrf51-ppi",
    .help = "programmable peripheral interconnect of the nRF51",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct nrf51_ppi_config),
    .create = ppi_create,
};
