#include "devices/misc/nrf51_radio.h"

#include "devices/core/env.h"
#include "devices/nrf51/periph.h"
#include "host/clock.h"
#include "util/bits.h"

enum {
    TASK_TXEN, TASK_RXEN, TASK_START, TASK_STOP, TASK_DISABLE, TASK_RSSISTART, TASK_RSSISTOP,
    TASK_BCSTART, TASK_BCSTOP, TASKS,
};
enum {
    EVENT_READY, EVENT_ADDRESS, EVENT_PAYLOAD, EVENT_END, EVENT_DISABLED, EVENT_DEVMATCH,
    EVENT_DEVMISS, EVENT_RSSIEND, EVENT_BCMATCH = 10,
};
enum {
    DISABLED = 0, RX_RAMP = 1, RX_IDLE = 2, RX = 3, RX_DISABLE = 4, TX_RAMP = 9, TX_IDLE = 10,
    TX = 11, TX_DISABLE = 12,
};

/* Typical times: of ramping up and down, and of the shortest packet at 1 Mbit/s. */
#define RAMP_NS 140000
#define DISABLE_NS 4000
#define PACKET_NS 80000
#define SILENCE_DBM 127

struct nrf51_radio {
    struct nrf51_periph p;
    const struct clock *clock;
    uint32_t state_now, power;
    uint32_t packetptr, frequency, txpower, mode, pcnf[2], base[2], prefix[2], txaddress,
        rxaddresses, crccnf, crcpoly, crcinit, test, tifs, datawhiteiv, bcc, dab[8], dap[8], dacnf;
    struct timer timer; /* the end of what `state_now` says is under way */
};

static struct nrf51_radio *radio_of(struct device *dev)
{
    return (struct nrf51_radio *)dev;
}

static void go(struct nrf51_radio *r, uint32_t next, int64_t ns)
{
    r->state_now = next;
    if (ns)
        timer_set(&r->timer, clock_now(r->clock) + ns);
    else
        timer_cancel(&r->timer);
}

static void due(void *opaque)
{
    struct nrf51_radio *r = opaque;
    switch (r->state_now) {
    case RX_RAMP:
    case TX_RAMP:
        r->state_now++;
        nrf51_event(&r->p, EVENT_READY);
        break;
    case TX:
        r->state_now = TX_IDLE;
        nrf51_event(&r->p, EVENT_ADDRESS);
        nrf51_event(&r->p, EVENT_PAYLOAD);
        nrf51_event(&r->p, EVENT_END);
        break;
    default:
        r->state_now = DISABLED;
        nrf51_event(&r->p, EVENT_DISABLED);
        break;
    }
}

static void disable(struct nrf51_radio *r)
{
    if (r->state_now == DISABLED)
        nrf51_event(&r->p, EVENT_DISABLED);
    else
        go(r, r->state_now < TX_RAMP ? RX_DISABLE : TX_DISABLE, DISABLE_NS);
}

static void task(struct device *dev, unsigned n)
{
    struct nrf51_radio *r = radio_of(dev);
    uint32_t now = r->state_now;
    if ((n == TASK_TXEN || n == TASK_RXEN) && now == DISABLED)
        go(r, n == TASK_TXEN ? TX_RAMP : RX_RAMP, RAMP_NS);
    else if (n == TASK_START && (now == TX_IDLE || now == RX_IDLE))
        go(r, now + 1, now == TX_IDLE ? PACKET_NS : 0);
    else if (n == TASK_STOP && (now == TX || now == RX))
        go(r, now - 1, 0);
    else if (n == TASK_DISABLE)
        disable(r);
    else if (n == TASK_RSSISTART)
        nrf51_event(&r->p, EVENT_RSSIEND);
}

static void radio_reset(struct device *dev);

/* Off and on again is a reset of the radio alone. */
static void power_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_radio *r = radio_of(dev);
    if (!(value & 1))
        radio_reset(dev);
    r->power = value & 1;
}

#define AT(member) REG_FIELD(struct nrf51_radio, member)
#define STORED(label, at, member, mask) {label, at, .field = AT(member), .writable = mask}

static const struct reg rows[] = {
    {"CRCSTATUS", 0x400, .flags = REG_IGNORE},
    {"RXMATCH", 0x408, .flags = REG_IGNORE},
    {"RXCRC", 0x40c, .flags = REG_IGNORE},
    {"DAI", 0x410, .flags = REG_IGNORE},
    STORED("PACKETPTR", 0x504, packetptr, UINT32_MAX),
    {"FREQUENCY", 0x508, .field = AT(frequency), .reset = 2, .writable = 0x7f},
    STORED("TXPOWER", 0x50c, txpower, 0xff),
    STORED("MODE", 0x510, mode, 3),
    {"PCNF", 0x514, .count = 2, .field = AT(pcnf), .writable = UINT32_MAX},
    {"BASE", 0x51c, .count = 2, .field = AT(base), .writable = UINT32_MAX},
    {"PREFIX", 0x524, .count = 2, .field = AT(prefix), .writable = UINT32_MAX},
    STORED("TXADDRESS", 0x52c, txaddress, 7),
    STORED("RXADDRESSES", 0x530, rxaddresses, 0xff),
    STORED("CRCCNF", 0x534, crccnf, 0x103),
    STORED("CRCPOLY", 0x538, crcpoly, 0xffffff),
    STORED("CRCINIT", 0x53c, crcinit, 0xffffff),
    STORED("TEST", 0x540, test, 3),
    STORED("TIFS", 0x544, tifs, 0xff),
    {"RSSISAMPLE", 0x548, .reset = SILENCE_DBM, .flags = REG_IGNORE},
    {"STATE", 0x550, .field = AT(state_now)},
    {"DATAWHITEIV", 0x554, .field = AT(datawhiteiv), .reset = 0x40, .writable = 0x7f},
    STORED("BCC", 0x560, bcc, UINT32_MAX),
    {"DAB", 0x600, .count = 8, .field = AT(dab), .writable = UINT32_MAX},
    {"DAP", 0x620, .count = 8, .field = AT(dap), .writable = 0xffff},
    STORED("DACNF", 0x640, dacnf, 0xffff),
    {"OVERRIDE", 0x724, .count = 5, .flags = REG_IGNORE},
    {"POWER", 0xffc, .field = AT(power), .reset = 1, .write = power_write},
};

static const struct nrf51_short shorts[] = {
    {0, EVENT_READY, TASK_START}, {1, EVENT_END, TASK_DISABLE}, {2, EVENT_DISABLED, TASK_TXEN},
    {3, EVENT_DISABLED, TASK_RXEN}, {4, EVENT_ADDRESS, TASK_RSSISTART}, {5, EVENT_END, TASK_START},
    {6, EVENT_ADDRESS, TASK_BCSTART}, {8, EVENT_DISABLED, TASK_RSSISTOP},
};

static const struct nrf51_kind kind = {
    .tasks = BIT(TASKS) - 1,
    .events = (BIT(EVENT_RSSIEND + 1) - 1) | BIT(EVENT_BCMATCH),
    .shorts = shorts,
    .short_count = ARRAY_SIZE(shorts),
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
};

static void radio_reset(struct device *dev)
{
    timer_cancel(&radio_of(dev)->timer);
    nrf51_reset(&radio_of(dev)->p);
}

static void radio_free(struct device *dev)
{
    timer_cancel(&radio_of(dev)->timer);
}

static void radio_loaded(struct device *dev)
{
    timer_restore(&radio_of(dev)->timer);
    nrf51_update_irq(&radio_of(dev)->p);
}

#define KEPT(member) FIELD(struct nrf51_radio, member)
#define KEPT_ALL(member) FIELD_ARRAY(struct nrf51_radio, member)

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_radio), KEPT(state_now), KEPT(power), KEPT(packetptr),
    KEPT(frequency), KEPT(txpower), KEPT(mode), KEPT_ALL(pcnf), KEPT_ALL(base), KEPT_ALL(prefix),
    KEPT(txaddress), KEPT(rxaddresses), KEPT(crccnf), KEPT(crcpoly), KEPT(crcinit), KEPT(test),
    KEPT(tifs), KEPT(datawhiteiv), KEPT(bcc), KEPT_ALL(dab), KEPT_ALL(dap), KEPT(dacnf),
    FIELD(struct nrf51_radio, timer.deadline),
};

static const struct field_list state = {"nrf51-radio", sizeof(struct nrf51_radio), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = radio_reset,
                                      .free = radio_free,
                                      .loaded = radio_loaded};

static struct device *radio_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    struct nrf51_radio *r = nrf51_alloc(sizeof(*r), name, &nrf51_radio_class, &ops, &state, &kind,
                                        0, 1);
    r->clock = env->timers->clock;
    timer_init(&r->timer, env->timers, due, r);
    radio_reset(&r->p.base);
    return &r->p.base;
}

const struct device_class nrf51_radio_class = {
    .name = "nrf51-radio",
    .help = "radio of the nRF51, with nobody else on the air",
    .create = radio_create,
};
