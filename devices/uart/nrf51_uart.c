#include "devices/uart/nrf51_uart.h"

#include "devices/core/env.h"
#include "devices/nrf51/periph.h"
#include "host/chardev.h"
#include "host/clock.h"
#include "util/bits.h"
#include "util/log.h"

#define FIFO_DEPTH 6
#define FRAME_BITS 10
#define BAUD_MIN 1200

enum { TASK_STARTRX = 0, TASK_STOPRX = 1, TASK_STARTTX = 2, TASK_STOPTX = 3, TASK_SUSPEND = 7 };
enum {
    EVENT_CTS = 0,
    EVENT_NCTS = 1,
    EVENT_RXDRDY = 2,
    EVENT_TXDRDY = 7,
    EVENT_ERROR = 9,
    EVENT_RXTO = 17,
};
enum { ENABLED = 4, ERROR_OVERRUN = BIT(0), ERROR_BREAK = BIT(3) };

struct nrf51_uart {
    struct nrf51_periph p;
    struct chardev *chardev;
    uint32_t fifo[FIFO_DEPTH];
    uint32_t fifo_first, fifo_count;
    uint32_t receiving, sending;
    uint32_t errorsrc, enable, psel[4], baudrate, config;
    const struct clock *clock;
    struct timer next; /* while armed, the last character still occupies the line */
};

static struct nrf51_uart *uart_of(struct device *dev)
{
    return (struct nrf51_uart *)dev;
}

static void accept_input(struct nrf51_uart *u)
{
    if (u->chardev)
        chardev_accept_input(u->chardev);
}

/* ---- the line ---- */

/** The time of a character: BAUDRATE is a fraction of 16 MHz, of 2^32. */
static int64_t character_ns(const struct nrf51_uart *u)
{
    uint64_t baud = (uint64_t)u->baudrate * 16000000 >> 32;
    return FRAME_BITS * CLOCK_NS_PER_SEC / (int64_t)(baud < BAUD_MIN ? BAUD_MIN : baud);
}

/* Without a running receiver characters wait on the host's side: a terminal that types before the
 * guest has started listening loses nothing. They come as fast as the baud rate lets them, since
 * what the guest's driver has to do with each takes its time. */
static size_t can_receive(void *opaque)
{
    const struct nrf51_uart *u = opaque;
    return u->receiving && u->enable == ENABLED && u->fifo_count < FIFO_DEPTH &&
           !timer_armed(&u->next);
}

static void line_free(void *opaque)
{
    accept_input(opaque);
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    struct nrf51_uart *u = opaque;
    if (!len)
        return;
    u->fifo[(u->fifo_first + u->fifo_count++) % FIFO_DEPTH] = buf[0];
    timer_set(&u->next, clock_now(u->clock) + character_ns(u));
    if (u->fifo_count == 1)
        nrf51_event(&u->p, EVENT_RXDRDY);
}

static void event(void *opaque, enum chardev_event event)
{
    struct nrf51_uart *u = opaque;
    if (event != CHARDEV_BREAK || !u->receiving)
        return;
    u->errorsrc |= ERROR_BREAK;
    nrf51_event(&u->p, EVENT_ERROR);
}

static const struct chardev_frontend frontend = {can_receive, receive, event};

/* ---- tasks and registers ---- */

static void task(struct device *dev, unsigned n)
{
    struct nrf51_uart *u = uart_of(dev);
    switch (n) {
    case TASK_STARTRX:
        u->receiving = 1;
        accept_input(u);
        break;
    case TASK_STARTTX:
        u->sending = 1;
        break;
    case TASK_STOPTX:
        u->sending = 0;
        break;
    case TASK_SUSPEND:
        u->sending = 0; /* fall through */
    case TASK_STOPRX:
        if (u->receiving)
            nrf51_event(&u->p, EVENT_RXTO);
        u->receiving = 0;
        break;
    }
}

/* Reading takes the byte; the next one is announced by an event of its own. */
static uint32_t rxd_read(struct device *dev, const struct reg_access *a)
{
    struct nrf51_uart *u = uart_of(dev);
    if (!u->fifo_count)
        return 0;
    uint32_t c = u->fifo[u->fifo_first];
    u->fifo_first = (u->fifo_first + 1) % FIFO_DEPTH;
    if (--u->fifo_count)
        nrf51_event(&u->p, EVENT_RXDRDY);
    else
        accept_input(u);
    return c;
}

static void txd_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct nrf51_uart *u = uart_of(dev);
    uint8_t c = (uint8_t)value;
    if (!u->sending || u->enable != ENABLED) {
        log_write(LOG_GUEST_ERRORS, "%s: byte 0x%02x lost: %s", dev->name, c,
                  u->sending ? "the UART is not enabled" : "STARTTX has not been triggered");
        return;
    }
    if (u->chardev)
        chardev_write(u->chardev, &c, 1);
    nrf51_event(&u->p, EVENT_TXDRDY);
}

static void enable_written(struct device *dev)
{
    accept_input(uart_of(dev));
}

#define AT(member) REG_FIELD(struct nrf51_uart, member)

static const struct reg rows[] = {
    {"ERRORSRC", 0x480, .field = AT(errorsrc), .w1c = 0xf},
    {"ENABLE", 0x500, .field = AT(enable), .writable = 7, .after = enable_written},
    {"PSEL", 0x508, .count = 4, .field = AT(psel), .reset = UINT32_MAX, .writable = UINT32_MAX},
    {"RXD", 0x518, .read = rxd_read},
    {"TXD", 0x51c, .flags = REG_WRITE_ONLY, .write = txd_write},
    {"BAUDRATE", 0x524, .field = AT(baudrate), .reset = 0x04000000, .writable = UINT32_MAX},
    {"CONFIG", 0x56c, .field = AT(config), .writable = 0xf},
};

static const struct nrf51_short shorts[] = {
    {3, EVENT_CTS, TASK_STARTRX},
    {4, EVENT_NCTS, TASK_STOPRX},
};

static const struct nrf51_kind kind = {
    .tasks = 0x8f,
    .events = BIT(EVENT_CTS) | BIT(EVENT_NCTS) | BIT(EVENT_RXDRDY) | BIT(EVENT_TXDRDY) |
              BIT(EVENT_ERROR) | BIT(EVENT_RXTO),
    .shorts = shorts,
    .short_count = ARRAY_SIZE(shorts),
    .regs = {rows, ARRAY_SIZE(rows)},
    .task = task,
};

/* ---- life ---- */

static void uart_reset(struct device *dev)
{
    struct nrf51_uart *u = uart_of(dev);
    u->fifo_first = u->fifo_count = u->receiving = u->sending = 0;
    timer_cancel(&u->next);
    nrf51_reset(&u->p);
}

static void uart_free(struct device *dev)
{
    struct nrf51_uart *u = uart_of(dev);
    timer_cancel(&u->next);
    if (u->chardev)
        chardev_attach(u->chardev, NULL, NULL);
}

static void uart_loaded(struct device *dev)
{
    struct nrf51_uart *u = uart_of(dev);
    u->fifo_first %= FIFO_DEPTH;
    if (u->fifo_count > FIFO_DEPTH)
        u->fifo_count = FIFO_DEPTH;
    timer_restore(&u->next);
    nrf51_update_irq(&u->p);
    accept_input(u);
}

static const struct field fields[] = {
    NRF51_PERIPH_FIELDS(struct nrf51_uart),
    FIELD_ARRAY(struct nrf51_uart, fifo),
    FIELD(struct nrf51_uart, fifo_first),
    FIELD(struct nrf51_uart, fifo_count),
    FIELD(struct nrf51_uart, receiving),
    FIELD(struct nrf51_uart, sending),
    FIELD(struct nrf51_uart, errorsrc),
    FIELD(struct nrf51_uart, enable),
    FIELD_ARRAY(struct nrf51_uart, psel),
    FIELD(struct nrf51_uart, baudrate),
    FIELD(struct nrf51_uart, config),
    FIELD(struct nrf51_uart, next.deadline),
};

static const struct field_list state = {"nrf51-uart", sizeof(struct nrf51_uart), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = uart_reset, .free = uart_free, .loaded = uart_loaded};

static struct device *uart_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    const struct nrf51_uart_config *c = config;
    struct nrf51_uart *u =
        nrf51_alloc(sizeof(*u), name, &nrf51_uart_class, &ops, &state, &kind, 0, 1);
    u->clock = env->timers->clock;
    timer_init(&u->next, env->timers, line_free, u);
    uart_reset(&u->p.base);
    u->chardev = c->chardev;
    if (u->chardev)
        chardev_attach(u->chardev, &frontend, u);
    return &u->p.base;
}

static const struct property properties[] = {
    PROPERTY(CHARDEV, struct nrf51_uart_config, chardev, 0, 0, "character device"),
};

const struct device_class nrf51_uart_class = {
    .name = "nrf51-uart",
    .help = "UART of the nRF51",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct nrf51_uart_config),
    .create = uart_create,
};
