#include "devices/timer/nrf51_wdt.h"

#include "devices/core/env.h"
#include "devices/core/ticks.h"
#include "devices/nrf51/periph.h"
#include "util/bits.h"
#include "util/log.h"

#define RELOAD_KEY 0x6e524635u

enum { HZ = 32768, REQUESTS = 8, TASK_START = 0, EVENT_TIMEOUT = 0 };

struct nrf51_wdt {
    struct nrf51_periph p;
    const struct clock *clock;
    uint32_t running, pending; /* requests that still have to be made */
    uint32_t crv, rren, config;
    struct timer timer;
};

static struct nrf51_wdt *wdt_of(struct device *dev)
{
    return (struct nrf51_wdt *)dev;
}

static void reload(struct nrf51_wdt *w)
{
    const struct ticks t = {clock_now(w->clock), HZ, 1};
    w->pending = w->rren;
    timer_set(&w->timer, ticks_time(&t, (uint64_t)w->crv + 1));
}

/* The reset follows the event by two cycles of 32 kHz, too few for software to do anything. */
static void expired(void *opaque)
{
    struct nrf51_wdt *w = opaque;
    log_write(LOG_GUEST_ERRORS, "%s: not reloaded in time (CRV %u): reset", w->p.base.name, w->crv);
    nrf51_event(&w->p, EVENT_TIMEOUT);
    irq_pulse(&w->p.base.output[NRF51_WDT_RESET]);
}

static void task(struct device *dev, unsigned n)
{
    struct nrf51_wdt *w = wdt_of(dev);
    if (w->running)
        return;
    w->running = 1;
    reload(w);
}

static uint32_t reqstatus_read(struct device *dev, const struct reg_access *a)
{
    return wdt_of(dev)->running ? wdt_of(dev)->pending : 0;
}

/* The settings are locked from the start on. */
static void setting_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_wdt *w = wdt_of(dev);
    if (w->running)
        log_write(LOG_GUEST_ERRORS, "%s: %s written while running: ignored", dev->name,
                  a->reg->name);
    else
        *(uint32_t *)((char *)dev + a->reg->field) = value & a->reg->writable;
}

static void rr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_wdt *w = wdt_of(dev);
    if (value != RELOAD_KEY || !w->running)
        return;
    w->pending &= ~BIT(a->index);
    if (!w->pending)
        reload(w);
}

#define AT(member) REG_FIELD(struct nrf51_wdt, member)

static const struct reg rows[] = {
    {"RUNSTATUS", 0x400, .field = AT(running)},
    {"REQSTATUS", 0x404, .read = reqstatus_read},
    {"CRV", 0x504, .field = AT(crv), .reset = UINT32_MAX, .writable = UINT32_MAX,
     .write = setting_write},
    {"RREN", 0x508, .field = AT(rren), .reset = 1, .writable = 0xff, .write = setting_write},
    {"CONFIG", 0x50c, .field = AT(config), .reset = 1, .writable = 9, .write = setting_write},
    {"RR", 0x600, .count = REQUESTS, .flags = REG_WRITE_ONLY, .write = rr_write},
};

static const struct nrf51_kind kind = {
    .tasks = BIT(TASK_START),
    .events = BIT(EVENT_TIMEOUT),
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
};

static void wdt_reset(struct device *dev)
{
    struct nrf51_wdt *w = wdt_of(dev);
    timer_cancel(&w->timer);
    w->pending = 0;
    nrf51_reset(&w->p);
}

static void wdt_free(struct device *dev)
{
    timer_cancel(&wdt_of(dev)->timer);
}

static void wdt_loaded(struct device *dev)
{
    timer_restore(&wdt_of(dev)->timer);
    nrf51_update_irq(&wdt_of(dev)->p);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_wdt), FIELD(struct nrf51_wdt, running),
    FIELD(struct nrf51_wdt, pending),      FIELD(struct nrf51_wdt, crv),
    FIELD(struct nrf51_wdt, rren),         FIELD(struct nrf51_wdt, config),
    FIELD(struct nrf51_wdt, timer.deadline),
};

static const struct field_list state = {"nrf51-wdt", sizeof(struct nrf51_wdt), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = wdt_reset, .free = wdt_free, .loaded = wdt_loaded};

static struct device *wdt_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct nrf51_wdt *w = nrf51_alloc(sizeof(*w), name, &nrf51_wdt_class, &ops, &state, &kind, 0,
                                      NRF51_WDT_OUTPUTS);
    w->clock = env->timers->clock;
    timer_init(&w->timer, env->timers, expired, w);
    wdt_reset(&w->p.base);
    return &w->p.base;
}

const struct device_class nrf51_wdt_class = {
    .name = "nrf51-wdt",
    .help = "watchdog of the nRF51",
    .create = wdt_create,
};
