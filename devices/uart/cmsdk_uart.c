#include "devices/uart/cmsdk_uart.h"

#include "devices/core/cmsdk.h"
#include "devices/core/regs.h"
#include "host/chardev.h"
#include "util/bits.h"
#include "util/log.h"

/* Bits of STATE. */
enum {
    STATE_TX_FULL = BIT(0), STATE_RX_FULL = BIT(1), STATE_TX_OVERRUN = BIT(2),
    STATE_RX_OVERRUN = BIT(3),
};
/* Bits of CTRL; the interrupt enables are in the order of INTSTATUS. */
enum { CTRL_TX = BIT(0), CTRL_RX = BIT(1), CTRL_INT_SHIFT = 2, CTRL_MASK = 0x7f };
/* Bits of INTSTATUS. */
enum {
    INT_TX = BIT(0), INT_RX = BIT(1), INT_TX_OVERRUN = BIT(2), INT_RX_OVERRUN = BIT(3),
    INT_ALL = 0xf,
};
enum { BAUDDIV_MIN = 16 };

struct cmsdk_uart {
    struct device base;
    struct chardev *chardev;
    uint32_t rx, state, ctrl, bauddiv;
    uint32_t pending; /* TX and RX of INTSTATUS */
};

static struct cmsdk_uart *uart_of(struct device *dev)
{
    return (struct cmsdk_uart *)dev;
}

/* The overrun interrupts are levels of STATE, the others are remembered. */
static uint32_t interrupts(const struct cmsdk_uart *u)
{
    uint32_t overruns = u->state & (STATE_TX_OVERRUN | STATE_RX_OVERRUN);
    return u->pending | (overruns & (u->ctrl >> CTRL_INT_SHIFT));
}

static void update_irq(struct device *dev)
{
    uint32_t status = interrupts(uart_of(dev));
    irq_set(&dev->output[CMSDK_UART_TX], (status & INT_TX) != 0);
    irq_set(&dev->output[CMSDK_UART_RX], (status & INT_RX) != 0);
    irq_set(&dev->output[CMSDK_UART_TX_OVERRUN], (status & INT_TX_OVERRUN) != 0);
    irq_set(&dev->output[CMSDK_UART_RX_OVERRUN], (status & INT_RX_OVERRUN) != 0);
    irq_set(&dev->output[CMSDK_UART_COMBINED], status != 0);
}

static void raise(struct cmsdk_uart *u, uint32_t interrupt)
{
    if ((u->ctrl >> CTRL_INT_SHIFT) & interrupt)
        u->pending |= interrupt;
    update_irq(&u->base);
}

/* ---- receiving ---- */

static size_t can_receive(void *opaque)
{
    const struct cmsdk_uart *u = opaque;
    return (u->ctrl & CTRL_RX) && !(u->state & STATE_RX_FULL);
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    struct cmsdk_uart *u = opaque;
    for (size_t i = 0; i < len; i++) {
        if (u->state & STATE_RX_FULL)
            u->state |= STATE_RX_OVERRUN;
        else
            u->rx = buf[i];
        u->state |= STATE_RX_FULL;
    }
    if (len)
        raise(u, INT_RX);
}

static const struct chardev_frontend frontend = {.can_receive = can_receive, .receive = receive};

static void accept_input(struct device *dev)
{
    struct cmsdk_uart *u = uart_of(dev);
    if (u->chardev && can_receive(u))
        chardev_accept_input(u->chardev);
}

/* ---- registers ---- */

static uint32_t data_read(struct device *dev, const struct reg_access *a)
{
    struct cmsdk_uart *u = uart_of(dev);
    uint32_t c = u->rx;
    u->state &= ~(uint32_t)STATE_RX_FULL;
    accept_input(dev);
    return c;
}

static void data_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct cmsdk_uart *u = uart_of(dev);
    uint8_t c = (uint8_t)value;
    if (!(u->ctrl & CTRL_TX)) {
        /* It stays in the buffer until the transmitter is enabled: a second one overruns. */
        log_write(LOG_GUEST_ERRORS,
                  "%s: character 0x%02x while the transmitter is disabled (CTRL bit 0)", dev->name,
                  c);
        u->state |= u->state & STATE_TX_FULL ? STATE_TX_OVERRUN : STATE_TX_FULL;
        update_irq(dev);
        return;
    }
    if (u->chardev)
        chardev_write(u->chardev, &c, 1);
    raise(u, INT_TX);
}

static void state_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    uart_of(dev)->state &= ~(value & (STATE_TX_OVERRUN | STATE_RX_OVERRUN));
    update_irq(dev);
}

static void ctrl_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct cmsdk_uart *u = uart_of(dev);
    if ((value & ~u->ctrl & (CTRL_TX | CTRL_RX)) && u->bauddiv < BAUDDIV_MIN)
        log_write(LOG_GUEST_ERRORS, "%s: enabled with BAUDDIV %u: the least is %d", dev->name,
                  u->bauddiv, BAUDDIV_MIN);
    u->ctrl = value & CTRL_MASK;
    if (u->ctrl & CTRL_TX)
        u->state &= ~(uint32_t)STATE_TX_FULL;
    update_irq(dev);
    accept_input(dev);
}

static uint32_t intstatus_read(struct device *dev, const struct reg_access *a)
{
    return interrupts(uart_of(dev));
}

/* INTCLEAR: clearing an overrun interrupt clears the overrun. */
static void intclear_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct cmsdk_uart *u = uart_of(dev);
    u->pending &= ~value;
    u->state &= ~(value & (STATE_TX_OVERRUN | STATE_RX_OVERRUN));
    update_irq(dev);
}

#define AT(member) REG_FIELD(struct cmsdk_uart, member)

static const struct reg rows[] = {
    {"DATA", 0x000, .read = data_read, .write = data_write},
    {"STATE", 0x004, .field = AT(state), .write = state_write},
    {"CTRL", 0x008, .field = AT(ctrl), .write = ctrl_write},
    {"INTSTATUS", 0x00c, .read = intstatus_read, .write = intclear_write},
    {"BAUDDIV", 0x010, .field = AT(bauddiv), .writable = 0xfffff},
    CMSDK_ID_ROWS(0x21),
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

/* ---- life ---- */

static void uart_reset(struct device *dev)
{
    struct cmsdk_uart *u = uart_of(dev);
    u->rx = u->pending = 0;
    regs_reset(dev, &table);
    update_irq(dev);
}

static void uart_free(struct device *dev)
{
    struct cmsdk_uart *u = uart_of(dev);
    if (u->chardev)
        chardev_attach(u->chardev, NULL, NULL);
}

static void uart_loaded(struct device *dev)
{
    update_irq(dev);
    accept_input(dev);
}

static const struct field fields[] = {
    FIELD(struct cmsdk_uart, rx),      FIELD(struct cmsdk_uart, state),
    FIELD(struct cmsdk_uart, ctrl),    FIELD(struct cmsdk_uart, bauddiv),
    FIELD(struct cmsdk_uart, pending),
};

static const struct field_list state = {"cmsdk-uart", sizeof(struct cmsdk_uart), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = uart_reset,
                                      .free = uart_free,
                                      .loaded = uart_loaded};

static struct device *uart_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    const struct cmsdk_uart_config *c = config;
    struct cmsdk_uart *u = device_alloc(sizeof(*u), name, &cmsdk_uart_class, &ops, &state, 0,
                                        CMSDK_UART_OUTPUTS);
    device_add_region(&u->base, "registers", 0x1000, &region);
    uart_reset(&u->base);
    u->chardev = c->chardev;
    if (u->chardev)
        chardev_attach(u->chardev, &frontend, u);
    return &u->base;
}

static const struct property properties[] = {
    PROPERTY(CHARDEV, struct cmsdk_uart_config, chardev, 0, 0, "character device"),
};

const struct device_class cmsdk_uart_class = {
    .name = "cmsdk-uart",
    .help = "Arm CMSDK APB UART",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct cmsdk_uart_config),
    .create = uart_create,
};
