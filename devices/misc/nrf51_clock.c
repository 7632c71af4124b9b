#include "devices/misc/nrf51_clock.h"

#include "devices/core/env.h"
#include "devices/nrf51/periph.h"
#include "host/clock.h"
#include "util/bits.h"
#include "util/log.h"

enum {
    TASK_HFCLKSTART = 0,
    TASK_HFCLKSTOP = 1,
    TASK_LFCLKSTART = 2,
    TASK_LFCLKSTOP = 3,
    TASK_CAL = 4,
    TASK_CTSTART = 5,
    TASK_CTSTOP = 6,
    TASK_CONSTLAT = 30,
    TASK_LOWPWR = 31,
};
enum { EVENT_HFCLKSTARTED = 0, EVENT_LFCLKSTARTED = 1, EVENT_POFWARN = 2, EVENT_DONE = 3,
       EVENT_CTTO = 4 };

enum {
    STAT_XTAL = BIT(0), /* HFCLKSTAT.SRC */
    STAT_RUNNING = BIT(16),
    CTIV_NS = 250000000, /* unit of the calibration timer */
};

enum { REASON_DOG = BIT(1), REASON_SREQ = BIT(2) }; /* RESETREAS */

struct nrf51_clock {
    struct nrf51_periph p;
    const struct clock *clock;
    uint32_t hfrun, lfrun, lfsrc_copy, lfsrc, ctiv, xtalfreq;
    uint32_t resetreas, pofcon, gpregret, ramon, ramonb, reset_pin, dcdcen, dcdcforce;
    uint32_t perr0, rlenr0, protenset[2], disableindebug, protblocksize;
    uint32_t watchdog; /* the next reset is by the watchdog */
    uint32_t resets;   /* seen so far; the first one is power-on */
    struct timer timer; /* calibration timer */
};

static struct nrf51_clock *clock_of(struct device *dev)
{
    return (struct nrf51_clock *)dev;
}

static void calibration_timeout(void *opaque)
{
    nrf51_event(&((struct nrf51_clock *)opaque)->p, EVENT_CTTO);
}

static void task(struct device *dev, unsigned n)
{
    struct nrf51_clock *c = clock_of(dev);
    switch (n) {
    case TASK_HFCLKSTART:
        c->hfrun = 1;
        nrf51_event(&c->p, EVENT_HFCLKSTARTED);
        break;
    case TASK_HFCLKSTOP:
        c->hfrun = 0;
        break;
    case TASK_LFCLKSTART:
        c->lfrun = 1;
        c->lfsrc_copy = c->lfsrc;
        nrf51_event(&c->p, EVENT_LFCLKSTARTED);
        break;
    case TASK_LFCLKSTOP:
        c->lfrun = 0;
        break;
    case TASK_CAL:
        nrf51_event(&c->p, EVENT_DONE);
        break;
    case TASK_CTSTART:
        timer_set(&c->timer, clock_now(c->clock) + (int64_t)CTIV_NS * (c->ctiv ? c->ctiv : 1));
        break;
    case TASK_CTSTOP:
        timer_cancel(&c->timer);
        break;
    }
}

/* The RC oscillator runs whenever the crystal does not. */
static uint32_t hfclkstat_read(struct device *dev, const struct reg_access *a)
{
    return clock_of(dev)->hfrun ? STAT_RUNNING | STAT_XTAL : STAT_RUNNING;
}

static uint32_t lfclkstat_read(struct device *dev, const struct reg_access *a)
{
    const struct nrf51_clock *c = clock_of(dev);
    return c->lfrun ? STAT_RUNNING | c->lfsrc_copy : 0;
}

static uint32_t rams_read(struct device *dev, const struct reg_access *a)
{
    return 0xf; /* RAMSTATUS: all blocks are on */
}

static void systemoff_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    if (value & 1)
        log_write(LOG_UNIMP, "%s: SYSTEMOFF: System OFF mode is not implemented", dev->name);
}

/* Bits of PROTENSET can only be set. */
static void proten_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    clock_of(dev)->protenset[a->index] |= value;
}

#define AT(member) REG_FIELD(struct nrf51_clock, member)

static const struct reg rows[] = {
    {"RESETREAS", 0x400, .field = AT(resetreas), .w1c = 0x7000f},
    {"HFCLKRUN", 0x408, .field = AT(hfrun)},
    {"HFCLKSTAT", 0x40c, .read = hfclkstat_read},
    {"LFCLKRUN", 0x414, .field = AT(lfrun)},
    {"LFCLKSTAT", 0x418, .read = lfclkstat_read},
    {"LFCLKSRCCOPY", 0x41c, .field = AT(lfsrc_copy)},
    {"RAMSTATUS", 0x428, .read = rams_read},
    {"SYSTEMOFF", 0x500, .flags = REG_WRITE_ONLY, .write = systemoff_write},
    {"(errata)", 0x504, .flags = REG_IGNORE}, /* written by start-up code */
    {"POFCON", 0x510, .field = AT(pofcon), .writable = 7},
    {"LFCLKSRC", 0x518, .field = AT(lfsrc), .writable = 3},
    {"GPREGRET", 0x51c, .field = AT(gpregret), .writable = 0xff},
    {"RAMON", 0x524, .field = AT(ramon), .reset = 3, .writable = 0x30003},
    {"PERR0", 0x528, .field = AT(perr0), .writable = UINT32_MAX},
    {"RLENR0", 0x52c, .field = AT(rlenr0), .writable = UINT32_MAX},
    {"CTIV", 0x538, .field = AT(ctiv), .writable = 0x7f},
    {"RESET", 0x544, .field = AT(reset_pin), .writable = 1},
    {"XTALFREQ", 0x550, .field = AT(xtalfreq), .reset = 0xff, .writable = 0xff},
    {"RAMONB", 0x554, .field = AT(ramonb), .reset = 3, .writable = 0x30003},
    {"DCDCEN", 0x578, .field = AT(dcdcen), .writable = 1},
    {"PROTENSET", 0x600, .count = 2, .field = AT(protenset), .write = proten_write},
    {"DISABLEINDEBUG", 0x608, .field = AT(disableindebug), .reset = 1, .writable = 1},
    {"PROTBLOCKSIZE", 0x60c, .field = AT(protblocksize), .writable = 3},
    {"DCDCFORCE", 0xa08, .field = AT(dcdcforce), .writable = 3},
};

static const struct nrf51_kind kind = {
    .tasks = 0x7f | BIT(TASK_CONSTLAT) | BIT(TASK_LOWPWR),
    .events = 0x1f,
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
};

static void clk_input(struct device *dev, unsigned n, int level)
{
    clock_of(dev)->watchdog |= level != 0;
}

/* RESETREAS gathers, and the retention register stays but for power-on. */
static void clk_reset(struct device *dev)
{
    struct nrf51_clock *c = clock_of(dev);
    uint32_t reasons = c->resetreas | (c->watchdog ? REASON_DOG : REASON_SREQ), kept = c->gpregret;
    timer_cancel(&c->timer);
    nrf51_reset(&c->p);
    if (c->resets++) {
        c->resetreas = reasons;
        c->gpregret = kept;
    }
    c->watchdog = 0;
}

static void clk_free(struct device *dev)
{
    timer_cancel(&clock_of(dev)->timer);
}

static void clk_loaded(struct device *dev)
{
    timer_restore(&clock_of(dev)->timer);
    nrf51_update_irq(&clock_of(dev)->p);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_clock), FIELD(struct nrf51_clock, hfrun),
    FIELD(struct nrf51_clock, lfrun),        FIELD(struct nrf51_clock, lfsrc_copy),
    FIELD(struct nrf51_clock, lfsrc),        FIELD(struct nrf51_clock, ctiv),
    FIELD(struct nrf51_clock, xtalfreq),     FIELD(struct nrf51_clock, resetreas),
    FIELD(struct nrf51_clock, pofcon),       FIELD(struct nrf51_clock, gpregret),
    FIELD(struct nrf51_clock, ramon),        FIELD(struct nrf51_clock, ramonb),
    FIELD(struct nrf51_clock, reset_pin),    FIELD(struct nrf51_clock, dcdcen),
    FIELD(struct nrf51_clock, dcdcforce),    FIELD(struct nrf51_clock, perr0),
    FIELD(struct nrf51_clock, rlenr0),       FIELD_ARRAY(struct nrf51_clock, protenset),
    FIELD(struct nrf51_clock, disableindebug), FIELD(struct nrf51_clock, protblocksize),
    FIELD(struct nrf51_clock, watchdog),     FIELD(struct nrf51_clock, resets),
    FIELD(struct nrf51_clock, timer.deadline),
};

static const struct field_list state = {"nrf51-clock", sizeof(struct nrf51_clock), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = clk_reset,
                                      .input = clk_input,
                                      .free = clk_free,
                                      .loaded = clk_loaded};

static struct device *clk_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct nrf51_clock *c =
        nrf51_alloc(sizeof(*c), name, &nrf51_clock_class, &ops, &state, &kind, 1, 1);
    c->clock = env->timers->clock;
    timer_init(&c->timer, env->timers, calibration_timeout, c);
    clk_reset(&c->p.base);
    c->resets = 0;
    return &c->p.base;
}

const struct device_class nrf51_clock_class = {
    .name = "nrf51-clock",
    .help = "clock, power and memory protection of the nRF51",
    .create = clk_create,
};
