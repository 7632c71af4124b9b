#include "devices/uart/pl011.h"

#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "host/chardev.h"
#include "host/clock.h"
#include "util/bits.h"
#include "util/log.h"

#define FIFO_DEPTH 16
/* The receive timeout is 32 bit periods (2.8.4): here always those of 115200 baud. */
#define RECEIVE_TIMEOUT_NS 277778

/* Bits of UARTRIS, UARTMIS, UARTIMSC and UARTICR. */
enum {
    INT_RI = BIT(0),
    INT_CTS = BIT(1),
    INT_DCD = BIT(2),
    INT_DSR = BIT(3),
    INT_RX = BIT(4),
    INT_TX = BIT(5),
    INT_RT = BIT(6),
    INT_BE = BIT(9),
    INT_OE = BIT(10),
    INT_ALL = 0x7ff,
};

/* Bits of UARTFR. */
enum {
    FR_CTS = BIT(0),
    FR_DSR = BIT(1),
    FR_DCD = BIT(2),
    FR_RXFE = BIT(4),
    FR_RXFF = BIT(6),
    FR_TXFE = BIT(7),
    FR_RI = BIT(8),
};

/* Bits of UARTCR and UARTLCR_H. */
enum {
    CR_UARTEN = BIT(0),
    CR_LBE = BIT(7),
    CR_TXE = BIT(8),
    CR_RXE = BIT(9),
    CR_DTR = BIT(10),
    CR_RTS = BIT(11),
    CR_OUT1 = BIT(12),
    CR_OUT2 = BIT(13),
    LCRH_BRK = BIT(0),
    LCRH_FEN = BIT(4),
};

/* Error bits of a character in the receive FIFO, as in UARTDR; shifted right by 8 for UARTRSR. */
enum { DR_BE = BIT(10), DR_OE = BIT(11) };

struct pl011 {
    struct device base;
    struct chardev *chardev;
    uint32_t fifo[FIFO_DEPTH]; /* received: data and error bits */
    uint32_t fifo_first, fifo_count;
    uint32_t overrun; /* the next character received carries OE */
    uint32_t listens; /* the guest has shown that it wants input */
    uint32_t rsr, ilpr, ibrd, fbrd, lcrh, cr, ifls, imsc, ris, dmacr;
    struct timer timeout;
};

static struct pl011 *uart_of(struct device *dev)
{
    return (struct pl011 *)dev;
}

static void update_irq(struct device *dev)
{
    const struct pl011 *u = uart_of(dev);
    irq_set(&dev->output[0], (u->ris & u->imsc) != 0);
}

/* ---- receive FIFO ---- */

static unsigned fifo_depth(const struct pl011 *u)
{
    return u->lcrh & LCRH_FEN ? FIFO_DEPTH : 1;
}

/** Characters from which on the receive interrupt is raised: UARTIFLS[5:3], reserved values as the
 * highest. */
static unsigned receive_trigger(const struct pl011 *u)
{
    static const uint8_t level[8] = {2, 4, 8, 12, 14, 14, 14, 14};
    return u->lcrh & LCRH_FEN ? level[bits_get(u->ifls, 3, 3)] : 1;
}

static void fifo_push(struct pl011 *u, uint32_t c)
{
    if (u->fifo_count >= fifo_depth(u)) {
        u->overrun = DR_OE; /* the character is lost */
        u->rsr |= DR_OE >> 8;
        u->ris |= INT_OE;
    } else {
        u->fifo[(u->fifo_first + u->fifo_count++) % FIFO_DEPTH] = c | u->overrun;
        u->overrun = 0;
    }
    if (c & DR_BE)
        u->ris |= INT_BE;
    if (u->fifo_count >= receive_trigger(u))
        u->ris |= INT_RX;
    timer_set(&u->timeout, clock_now(u->timeout.queue->clock) + RECEIVE_TIMEOUT_NS);
    update_irq(&u->base);
}

static void receive_timeout(void *opaque)
{
    struct pl011 *u = opaque;
    if (u->fifo_count)
        u->ris |= INT_RT;
    update_irq(&u->base);
}

static void fifo_clear(struct pl011 *u)
{
    u->fifo_first = u->fifo_count = u->overrun = 0;
    u->ris &= ~(uint32_t)(INT_RX | INT_RT);
    timer_cancel(&u->timeout);
}

static void accept_input(struct pl011 *u)
{
    if (u->chardev)
        chardev_accept_input(u->chardev);
}

/* Input is taken even while the UART or its receiver is disabled, as much bare-metal software never
 * enables them, but not before the guest has looked for it: else a program that does not use the
 * UART loses input that it would read otherwise (semihosting on the same terminal). In loopback the
 * receiver is cut off from the line. */
static size_t can_receive(void *opaque)
{
    const struct pl011 *u = opaque;
    return !u->listens || (u->cr & CR_LBE) ? 0 : fifo_depth(u) - u->fifo_count;
}

static void listen(struct pl011 *u)
{
    if (u->listens)
        return;
    u->listens = true;
    accept_input(u);
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        fifo_push(opaque, buf[i]);
}

static void event(void *opaque, enum chardev_event event)
{
    struct pl011 *u = opaque;
    if (event == CHARDEV_BREAK && u->listens && !(u->cr & CR_LBE))
        fifo_push(u, DR_BE);
}

static const struct chardev_frontend frontend = {can_receive, receive, event};

/* ---- registers ---- */

static uint32_t dr_read(struct device *dev, const struct reg_access *a)
{
    struct pl011 *u = uart_of(dev);
    listen(u);
    if (!u->fifo_count)
        return 0;
    bool was_full = u->fifo_count == fifo_depth(u);
    uint32_t c = u->fifo[u->fifo_first];
    u->fifo_first = (u->fifo_first + 1) % FIFO_DEPTH;
    u->fifo_count--;
    u->rsr = (u->rsr & (DR_OE >> 8)) | bits_get(c, 8, 4);
    if (u->fifo_count < receive_trigger(u))
        u->ris &= ~(uint32_t)INT_RX;
    if (!u->fifo_count) {
        u->ris &= ~(uint32_t)INT_RT;
        timer_cancel(&u->timeout);
    }
    update_irq(dev);
    if (was_full)
        accept_input(u);
    return c;
}

static void dr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct pl011 *u = uart_of(dev);
    uint8_t c = (uint8_t)value;
    if ((u->cr & (CR_UARTEN | CR_TXE)) != (CR_UARTEN | CR_TXE))
        log_write(LOG_GUEST_ERRORS, "%s: character 0x%02x sent while disabled", dev->name, c);
    if (u->cr & CR_LBE)
        fifo_push(u, c);
    else if (u->chardev)
        chardev_write(u->chardev, &c, 1);
    u->ris |= INT_TX; /* the FIFO went through its trigger level at once */
    update_irq(dev);
}

static void ecr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    uart_of(dev)->rsr = 0;
}

/** The modem status inputs: in loopback the outputs are wired to them (3.3.8), otherwise nothing
 * is connected. */
static uint32_t modem_status(const struct pl011 *u)
{
    if (!(u->cr & CR_LBE))
        return 0;
    return (u->cr & CR_RTS ? FR_CTS : 0) | (u->cr & CR_DTR ? FR_DSR : 0) |
           (u->cr & CR_OUT1 ? FR_DCD : 0) | (u->cr & CR_OUT2 ? FR_RI : 0);
}

static uint32_t fr_read(struct device *dev, const struct reg_access *a)
{
    struct pl011 *u = uart_of(dev);
    listen(u);
    return FR_TXFE | (u->fifo_count ? 0 : FR_RXFE) |
           (u->fifo_count == fifo_depth(u) ? FR_RXFF : 0) | modem_status(u);
}

static void lcrh_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct pl011 *u = uart_of(dev);
    uint32_t changed = u->lcrh ^ value;
    u->lcrh = value & 0xff;
    if (changed & LCRH_FEN) {
        fifo_clear(u);
        accept_input(u);
    }
    if ((changed & value & LCRH_BRK) && (u->cr & CR_LBE))
        fifo_push(u, DR_BE);
    update_irq(dev);
}

static void cr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    static const struct {
        uint16_t flag, interrupt;
    } modem[] = {{FR_RI, INT_RI}, {FR_CTS, INT_CTS}, {FR_DCD, INT_DCD}, {FR_DSR, INT_DSR}};
    struct pl011 *u = uart_of(dev);
    uint32_t before = modem_status(u);
    bool was_loopback = u->cr & CR_LBE;
    u->cr = value & 0xff87;
    uint32_t changed = before ^ modem_status(u);
    for (unsigned i = 0; i < ARRAY_SIZE(modem); i++) {
        if (changed & modem[i].flag)
            u->ris |= modem[i].interrupt;
    }
    update_irq(dev);
    if (was_loopback && !(u->cr & CR_LBE))
        accept_input(u);
    if ((value & (CR_UARTEN | CR_RXE)) == (CR_UARTEN | CR_RXE))
        listen(u);
}

static void imsc_written(struct device *dev)
{
    if (uart_of(dev)->imsc & (INT_RX | INT_RT))
        listen(uart_of(dev));
    update_irq(dev);
}

static void ifls_written(struct device *dev)
{
    struct pl011 *u = uart_of(dev);
    if (u->fifo_count >= receive_trigger(u))
        u->ris |= INT_RX;
    else
        u->ris &= ~(uint32_t)INT_RX;
    update_irq(dev);
}

static uint32_t mis_read(struct device *dev, const struct reg_access *a)
{
    const struct pl011 *u = uart_of(dev);
    return u->ris & u->imsc;
}

static void icr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    uart_of(dev)->ris &= ~value;
    update_irq(dev);
}

static uint32_t id_read(struct device *dev, const struct reg_access *a)
{
    static const uint8_t arm[12] = {0, 0, 0, 0, 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    static const uint8_t luminary[12] = {0,    0,    0,    0,    0x11, 0x00,
                                         0x18, 0x01, 0x0d, 0xf0, 0x05, 0xb1};
    return dev->class == &pl011_class ? arm[a->index] : luminary[a->index];
}

#define AT(member) REG_FIELD(struct pl011, member)

static const struct reg rows[] = {
    {"UARTDR", 0x000, .read = dr_read, .write = dr_write},
    {"UARTRSR", 0x004, .field = AT(rsr), .write = ecr_write},
    {"UARTFR", 0x018, .read = fr_read},
    {"UARTILPR", 0x020, .field = AT(ilpr), .writable = 0xff},
    {"UARTIBRD", 0x024, .field = AT(ibrd), .writable = 0xffff},
    {"UARTFBRD", 0x028, .field = AT(fbrd), .writable = 0x3f},
    {"UARTLCR_H", 0x02c, .field = AT(lcrh), .write = lcrh_write},
    {"UARTCR", 0x030, .field = AT(cr), .reset = 0x300, .write = cr_write},
    {"UARTIFLS", 0x034, .field = AT(ifls), .reset = 0x12, .writable = 0x3f, .after = ifls_written},
    {"UARTIMSC", 0x038, .field = AT(imsc), .writable = INT_ALL, .after = imsc_written},
    {"UARTRIS", 0x03c, .field = AT(ris)},
    {"UARTMIS", 0x040, .read = mis_read},
    {"UARTICR", 0x044, .flags = REG_WRITE_ONLY, .write = icr_write},
    {"UARTDMACR", 0x048, .field = AT(dmacr), .writable = 0x7},
    {"ID", 0xfd0, 12, .read = id_read},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

/* ---- life ---- */

static void uart_reset(struct device *dev)
{
    struct pl011 *u = uart_of(dev);
    fifo_clear(u);
    regs_reset(dev, &table);
    u->listens = false;
    update_irq(dev);
}

static void uart_free(struct device *dev)
{
    struct pl011 *u = uart_of(dev);
    timer_cancel(&u->timeout);
    if (u->chardev)
        chardev_attach(u->chardev, NULL, NULL);
}

static void uart_loaded(struct device *dev)
{
    struct pl011 *u = uart_of(dev);
    u->fifo_first %= FIFO_DEPTH;
    if (u->fifo_count > fifo_depth(u))
        u->fifo_count = fifo_depth(u);
    timer_restore(&u->timeout);
    update_irq(dev);
    accept_input(u);
}

static const struct field fields[] = {
    FIELD_ARRAY(struct pl011, fifo), FIELD(struct pl011, fifo_first),
    FIELD(struct pl011, fifo_count), FIELD(struct pl011, overrun),
    FIELD(struct pl011, rsr),        FIELD(struct pl011, ilpr),
    FIELD(struct pl011, ibrd),       FIELD(struct pl011, fbrd),
    FIELD(struct pl011, lcrh),       FIELD(struct pl011, cr),
    FIELD(struct pl011, ifls),       FIELD(struct pl011, imsc),
    FIELD(struct pl011, ris),        FIELD(struct pl011, dmacr),
    FIELD(struct pl011, timeout.deadline), FIELD(struct pl011, listens),
};

static const struct field_list state = {"pl011", sizeof(struct pl011), fields, ARRAY_SIZE(fields)};

static const struct device_ops ops = {
    .reset = uart_reset,
    .free = uart_free,
    .loaded = uart_loaded,
};

static struct device *uart_new(const struct device_class *class, const char *name,
                               const void *config, const struct device_env *env)
{
    const struct pl011_config *c = config;
    struct pl011 *u = device_alloc(sizeof(*u), name, class, &ops, &state, 0, 1);
    device_add_region(&u->base, "registers", 0x1000, &region);
    timer_init(&u->timeout, env->timers, receive_timeout, u);
    uart_reset(&u->base);
    u->chardev = c->chardev;
    if (u->chardev)
        chardev_attach(u->chardev, &frontend, u);
    return &u->base;
}

static struct device *pl011_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    return uart_new(&pl011_class, name, config, env);
}

static struct device *luminary_create(const char *name, const void *config,
                                      const struct device_env *env, struct error *e)
{
    return uart_new(&pl011_luminary_class, name, config, env);
}

static const struct property properties[] = {
    PROPERTY(CHARDEV, struct pl011_config, chardev, 0, 0, "character device"),
};

const struct device_class pl011_class = {
    .name = "pl011",
    .help = "PrimeCell UART PL011",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct pl011_config),
    .create = pl011_create,
};

const struct device_class pl011_luminary_class = {
    .name = "pl011-luminary",
    .help = "PL011 of Stellaris microcontrollers",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct pl011_config),
    .create = luminary_create,
};
