#include "devices/i2c/nrf51_twi.h"

#include "devices/core/env.h"
#include "devices/i2c/i2c.h"
#include "devices/nrf51/periph.h"
#include "host/clock.h"
#include "util/bits.h"
#include "util/log.h"

enum { TASK_STARTRX = 0, TASK_STARTTX = 2, TASK_STOP = 5, TASK_SUSPEND = 7, TASK_RESUME = 8 };
enum {
    EVENT_STOPPED = 1,
    EVENT_RXDREADY = 2, /* also READY of SPI */
    EVENT_TXDSENT = 7,
    EVENT_ERROR = 9,
    EVENT_BB = 14,
    EVENT_SUSPENDED = 18,
};
enum { ENABLE_SPI = 1, ENABLE_TWI = 5 };
enum { ERROR_ANACK = BIT(1), ERROR_DNACK = BIT(2) };
enum { SHORT_BB_SUSPEND = 0, SHORT_BB_STOP = 1 };
enum { SPI_FIFO = 2 };

/* A transfer in the one or the other direction, or none. */
enum { IDLE, SENDING, RECEIVING };

struct nrf51_twi {
    struct nrf51_periph p;
    struct i2c_bus bus;
    uint32_t transfer, suspended, boundary; /* boundary: the next byte waits for RESUME */
    uint32_t started;                       /* the address has been sent */
    uint32_t spi_pending;                   /* bytes received on the SPI side, all ones */
    uint32_t errorsrc, enable, psel[3], rxd, txd, txd_full, frequency, address, config;
    const struct clock *clock;
    struct timer sent; /* the byte in TXD is through */
};

static struct nrf51_twi *twi_of(struct device *dev)
{
    return (struct nrf51_twi *)dev;
}

static bool is_twi(const struct nrf51_twi *t)
{
    return t->enable == ENABLE_TWI;
}

static void fail(struct nrf51_twi *t, uint32_t error)
{
    t->errorsrc |= error;
    nrf51_event(&t->p, EVENT_ERROR);
}

/** Fetch the next byte; the byte boundary comes right before its event. */
static void receive(struct nrf51_twi *t)
{
    if (t->suspended) {
        t->boundary = 1;
        return;
    }
    t->rxd = i2c_read(&t->bus);
    nrf51_event(&t->p, EVENT_BB);
    nrf51_event(&t->p, EVENT_RXDREADY);
}

/* The byte in TXD goes out. TXDSENT comes only when it is through: programs clear the event behind
 * their write. */
static void send(struct nrf51_twi *t)
{
    unsigned bits = t->started ? 9 : 19; /* with acknowledge; with start and address */
    uint64_t hz = (t->frequency * 16000000ull >> 32) + 1;
    timer_set(&t->sent, clock_now(t->clock) + (int64_t)(bits * 1000000000ull / hz));
}

static void sent(void *opaque)
{
    struct nrf51_twi *t = opaque;
    t->txd_full = 0;
    if (!t->started && !i2c_start(&t->bus, t->address, false)) {
        fail(t, ERROR_ANACK);
        return;
    }
    t->started = 1;
    if (!i2c_write(&t->bus, (uint8_t)t->txd)) {
        fail(t, ERROR_DNACK);
        return;
    }
    nrf51_event(&t->p, EVENT_BB);
    nrf51_event(&t->p, EVENT_TXDSENT);
}

/* What is being sent is sent first. */
static void finish(struct nrf51_twi *t)
{
    if (t->transfer != SENDING || !t->txd_full)
        return;
    timer_cancel(&t->sent);
    sent(t);
}

/* STARTTX sends what has been written to TXD before; while that goes out it changes nothing. */
static void start(struct nrf51_twi *t, unsigned transfer)
{
    if (transfer == SENDING && t->transfer == SENDING && t->txd_full)
        return;
    finish(t);
    t->suspended = t->boundary = 0;
    t->transfer = transfer;
    t->started = 0;
    if (transfer == SENDING && t->txd_full)
        send(t);
    if (transfer != RECEIVING)
        return;
    if (i2c_start(&t->bus, t->address, true))
        receive(t);
    else
        fail(t, ERROR_ANACK);
}

static void stop(struct nrf51_twi *t)
{
    finish(t);
    i2c_stop(&t->bus);
    t->transfer = IDLE;
    t->suspended = t->boundary = t->started = 0;
    nrf51_event(&t->p, EVENT_STOPPED);
}

static void resume(struct nrf51_twi *t)
{
    bool go = t->suspended && t->boundary && t->transfer == RECEIVING;
    t->suspended = t->boundary = 0;
    if (go)
        receive(t);
}

static void task(struct device *dev, unsigned n)
{
    struct nrf51_twi *t = twi_of(dev);
    if (!is_twi(t)) {
        log_write(LOG_GUEST_ERRORS, "%s: TWI task %u while TWI is not enabled", dev->name, n);
        return;
    }
    switch (n) {
    case TASK_STARTRX:
        start(t, RECEIVING);
        break;
    case TASK_STARTTX:
        start(t, SENDING);
        break;
    case TASK_STOP:
        stop(t);
        break;
    case TASK_SUSPEND:
        t->suspended = 1;
        nrf51_event(&t->p, EVENT_SUSPENDED);
        break;
    case TASK_RESUME:
        resume(t);
        break;
    }
}

/* ---- registers ---- */

/* Reading the byte lets the next one in, unless the transfer has ended or is suspended. */
static uint32_t rxd_read(struct device *dev, const struct reg_access *a)
{
    struct nrf51_twi *t = twi_of(dev);
    uint32_t byte = t->rxd;
    if (t->enable == ENABLE_SPI) {
        if (t->spi_pending && --t->spi_pending)
            nrf51_event(&t->p, EVENT_RXDREADY);
        return 0xff;
    }
    if (t->transfer == RECEIVING)
        receive(t);
    return byte;
}

static void spi_send(struct nrf51_twi *t)
{
    if (t->spi_pending < SPI_FIFO)
        t->spi_pending++;
    if (t->spi_pending == 1)
        nrf51_event(&t->p, EVENT_RXDREADY);
}

static void txd_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_twi *t = twi_of(dev);
    if (t->enable == ENABLE_SPI) {
        spi_send(t);
        return;
    }
    if (!is_twi(t)) {
        log_write(LOG_GUEST_ERRORS, "%s: TXD written while TWI is not enabled", dev->name);
        return;
    }
    finish(t);
    t->txd = value & 0xff;
    t->txd_full = 1;
    if (t->transfer == SENDING)
        send(t);
}

static void enable_written(struct device *dev)
{
    struct nrf51_twi *t = twi_of(dev);
    t->spi_pending = 0;
    if (is_twi(t))
        return;
    i2c_stop(&t->bus);
    timer_cancel(&t->sent);
    t->txd_full = 0;
    t->transfer = IDLE;
}

#define AT(member) REG_FIELD(struct nrf51_twi, member)

static const struct reg rows[] = {
    {"ERRORSRC", 0x4c4, .field = AT(errorsrc), .w1c = 7},
    {"ENABLE", 0x500, .field = AT(enable), .writable = 7, .after = enable_written},
    {"PSEL", 0x508, .count = 3, .field = AT(psel), .reset = UINT32_MAX, .writable = UINT32_MAX},
    {"RXD", 0x518, .read = rxd_read},
    {"TXD", 0x51c, .read = NULL, .write = txd_write},
    {"FREQUENCY", 0x524, .field = AT(frequency), .reset = 0x04000000, .writable = UINT32_MAX},
    {"CONFIG", 0x554, .field = AT(config), .writable = 7},
    {"ADDRESS", 0x588, .field = AT(address), .writable = 0x7f},
};

static const struct nrf51_short shorts[] = {
    {SHORT_BB_SUSPEND, EVENT_BB, TASK_SUSPEND},
    {SHORT_BB_STOP, EVENT_BB, TASK_STOP},
};

static const struct nrf51_kind kind = {
    .tasks = 0x1a5,
    .events = BIT(EVENT_STOPPED) | BIT(EVENT_RXDREADY) | BIT(EVENT_TXDSENT) | BIT(EVENT_ERROR) |
              BIT(EVENT_BB) | BIT(EVENT_SUSPENDED),
    .shorts = shorts,
    .short_count = ARRAY_SIZE(shorts),
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
};

/* ---- life ---- */

static void twi_reset(struct device *dev)
{
    struct nrf51_twi *t = twi_of(dev);
    i2c_stop(&t->bus);
    timer_cancel(&t->sent);
    t->txd = t->txd_full = 0;
    t->transfer = t->suspended = t->boundary = t->started = t->spi_pending = t->rxd = 0;
    nrf51_reset(&t->p);
}

static bool twi_attach(struct device *dev, unsigned n, struct device *other, struct error *e)
{
    return i2c_attach(&twi_of(dev)->bus, n, other, e);
}

static void twi_free(struct device *dev)
{
    timer_cancel(&twi_of(dev)->sent);
}

static void twi_loaded(struct device *dev)
{
    timer_restore(&twi_of(dev)->sent);
    nrf51_update_irq(&twi_of(dev)->p);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_twi),  FIELD(struct nrf51_twi, bus.current),
    FIELD(struct nrf51_twi, transfer),      FIELD(struct nrf51_twi, suspended),
    FIELD(struct nrf51_twi, boundary),      FIELD(struct nrf51_twi, started),
    FIELD(struct nrf51_twi, spi_pending),   FIELD(struct nrf51_twi, errorsrc),
    FIELD(struct nrf51_twi, enable),        FIELD_ARRAY(struct nrf51_twi, psel),
    FIELD(struct nrf51_twi, rxd),           FIELD(struct nrf51_twi, frequency),
    FIELD(struct nrf51_twi, address),       FIELD(struct nrf51_twi, config),
    FIELD(struct nrf51_twi, txd),           FIELD(struct nrf51_twi, txd_full),
    FIELD(struct nrf51_twi, sent.deadline),
};

static const struct field_list state = {"nrf51-twi", sizeof(struct nrf51_twi), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = twi_reset, .free = twi_free, .attach = twi_attach, .loaded = twi_loaded};

static struct device *twi_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct nrf51_twi *t =
        nrf51_alloc(sizeof(*t), name, &nrf51_twi_class, &ops, &state, &kind, 0, 1);
    t->bus.current = I2C_NOBODY;
    t->clock = env->timers->clock;
    timer_init(&t->sent, env->timers, sent, t);
    twi_reset(&t->p.base);
    return &t->p.base;
}

const struct device_class nrf51_twi_class = {
    .name = "nrf51-twi",
    .help = "I2C and SPI master of the nRF51",
    .create = twi_create,
};
