#include "devices/uart/stm32_usart.h"

#include "devices/core/env.h"
#include "devices/stm32/periph.h"
#include "host/chardev.h"
#include "host/clock.h"
#include "util/bits.h"
#include "util/log.h"

enum {
    SR_FE = BIT(1),
    SR_ORE = BIT(3),
    SR_IDLE = BIT(4),
    SR_RXNE = BIT(5),
    SR_TC = BIT(6),
    SR_TXE = BIT(7),
    SR_LBD = BIT(8),
    SR_CTS = BIT(9),
    SR_RESET = SR_TC | SR_TXE,
    SR_BY_DR = 0x1f, /* flags that reading SR and then DR clears */
    SR_BY_ZERO = SR_RXNE | SR_TC | SR_LBD | SR_CTS, /* flags that writing 0 clears */
    CR1_RE = BIT(2),
    CR1_TE = BIT(3),
    CR1_IDLEIE = BIT(4),
    CR1_RXNEIE = BIT(5),
    CR1_M = BIT(12),
    CR1_PCE = BIT(10),
    CR1_UE = BIT(13),
    CR1_OVER8 = BIT(15),
    CR2_LBDIE = BIT(6),
    CR3_EIE = BIT(0),
    CR3_DMAR = BIT(6),
    CR3_DMAT = BIT(7),
    CR3_CTSIE = BIT(10),
    FRAME_BITS = 10,
    FRAME_MAX_NS = 100000000,
};

struct stm32_usart {
    struct stm32_periph p;
    struct chardev *chardev;
    const struct clock *now;
    uint32_t hz; /* clock input */
    uint32_t sr, rdr, brr, cr1, cr2, cr3, gtpr;
    uint32_t sr_seen; /* SR as it was last read: clears flags with the access to DR that follows */
    struct timer idle;
};

static struct stm32_usart *usart_of(struct device *dev)
{
    return (struct stm32_usart *)dev;
}

static bool enabled(const struct stm32_usart *u, uint32_t bit)
{
    return (u->cr1 & (CR1_UE | bit)) == (CR1_UE | bit);
}

static void update(struct device *dev)
{
    const struct stm32_usart *u = usart_of(dev);
    /* Bits 4 to 7 of CR1 enable the flags at the same places, and PEIE (bit 8) PE. */
    uint32_t active = u->sr & u->cr1 & 0xf0;
    active |= u->cr1 & CR1_RXNEIE ? u->sr & SR_ORE : 0;
    active |= u->cr2 & CR2_LBDIE ? u->sr & SR_LBD : 0;
    active |= u->cr3 & CR3_CTSIE ? u->sr & SR_CTS : 0;
    active |=
        (u->cr3 & (CR3_EIE | CR3_DMAR)) == (CR3_EIE | CR3_DMAR) ? u->sr & (SR_ORE | SR_FE) : 0;
    irq_set(&dev->output[STM32_USART_IRQ], (u->cr1 & CR1_UE) && active);
    irq_set(&dev->output[STM32_USART_DMA_RX], (u->cr3 & CR3_DMAR) && (u->sr & SR_RXNE));
    irq_set(&dev->output[STM32_USART_DMA_TX],
            (u->cr3 & CR3_DMAT) && (u->sr & SR_TXE) && enabled(u, CR1_TE));
}

static void accept_input(struct stm32_usart *u)
{
    if (u->chardev)
        chardev_accept_input(u->chardev);
}

/* ---- the line ---- */

/** The time of one frame with the baud rate that BRR gives. */
static int64_t frame_ns(const struct stm32_usart *u)
{
    uint32_t divisor = u->cr1 & CR1_OVER8 ? (u->brr & 0xfff0) / 2 + (u->brr & 7) : u->brr;
    if (!u->hz || !divisor)
        return FRAME_MAX_NS;
    int64_t ns = FRAME_BITS * CLOCK_NS_PER_SEC * divisor / u->hz;
    return ns < FRAME_MAX_NS ? ns : FRAME_MAX_NS;
}

static size_t can_receive(void *opaque)
{
    const struct stm32_usart *u = opaque;
    return enabled(u, CR1_RE) && !(u->sr & SR_RXNE);
}

/* A character of 7 or 8 data bits; with parity its place is among them. */
static uint32_t data_mask(const struct stm32_usart *u)
{
    unsigned bits = u->cr1 & CR1_M ? 9 : 8;
    return BIT(bits - (u->cr1 & CR1_PCE ? 1 : 0)) - 1;
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    struct stm32_usart *u = opaque;
    if (!len)
        return;
    u->rdr = buf[0] & data_mask(u);
    u->sr |= SR_RXNE;
    timer_set(&u->idle, clock_now(u->now) + 2 * frame_ns(u));
    update(&u->p.base);
}

static void line_idle(void *opaque)
{
    struct stm32_usart *u = opaque;
    u->sr |= SR_IDLE;
    update(&u->p.base);
}

static void event(void *opaque, enum chardev_event event)
{
    struct stm32_usart *u = opaque;
    if (event != CHARDEV_BREAK || !enabled(u, CR1_RE))
        return;
    u->rdr = 0;
    u->sr |= SR_RXNE | SR_FE | SR_LBD;
    update(&u->p.base);
}

static const struct chardev_frontend frontend = {can_receive, receive, event};

/* ---- registers ---- */

static uint32_t sr_read(struct device *dev, const struct reg_access *a)
{
    struct stm32_usart *u = usart_of(dev);
    u->sr_seen = u->sr;
    return u->sr;
}

static void sr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_usart *u = usart_of(dev);
    u->sr &= value | ~(uint32_t)SR_BY_ZERO;
    update(dev);
    accept_input(u);
}

static uint32_t dr_read(struct device *dev, const struct reg_access *a)
{
    struct stm32_usart *u = usart_of(dev);
    u->sr &= ~(SR_RXNE | (u->sr_seen & SR_BY_DR));
    u->sr_seen = 0;
    update(dev);
    accept_input(u);
    return u->rdr;
}

static void dr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_usart *u = usart_of(dev);
    uint8_t c = (uint8_t)(value & data_mask(u));
    if (!enabled(u, CR1_TE))
        log_write(LOG_GUEST_ERRORS, "%s: character 0x%02x lost: CR1.UE or CR1.TE is not set",
                  dev->name, c);
    else if (u->chardev)
        chardev_write(u->chardev, &c, 1);
    u->sr |= SR_TC | SR_TXE;
    update(dev);
}

static void control_written(struct device *dev)
{
    update(dev);
    accept_input(usart_of(dev));
}

#define AT(member) REG_FIELD(struct stm32_usart, member)

static const struct reg rows[] = {
    {"SR", 0x00, .field = AT(sr), .reset = SR_RESET, .read = sr_read, .write = sr_write},
    {"DR", 0x04, .read = dr_read, .write = dr_write},
    {"BRR", 0x08, .field = AT(brr), .writable = 0xffff},
    {"CR1", 0x0c, .field = AT(cr1), .writable = 0xbfff, .after = control_written},
    {"CR2", 0x10, .field = AT(cr2), .writable = 0x7f6f, .after = control_written},
    {"CR3", 0x14, .field = AT(cr3), .writable = 0x0fff, .after = control_written},
    {"GTPR", 0x18, .field = AT(gtpr), .writable = 0xffff},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

/* ---- life ---- */

static void usart_clock(struct device *dev, unsigned n, uint32_t hz)
{
    usart_of(dev)->hz = hz;
}

static void usart_reset(struct device *dev)
{
    struct stm32_usart *u = usart_of(dev);
    regs_reset(dev, &table);
    u->sr_seen = u->rdr = 0;
    timer_cancel(&u->idle);
    update(dev);
}

static void usart_free(struct device *dev)
{
    struct stm32_usart *u = usart_of(dev);
    timer_cancel(&u->idle);
    if (u->chardev)
        chardev_attach(u->chardev, NULL, NULL);
}

static void usart_loaded(struct device *dev)
{
    timer_restore(&usart_of(dev)->idle);
    control_written(dev);
}

static const struct field fields[] = {
    FIELD(struct stm32_usart, hz),   FIELD(struct stm32_usart, sr),
    FIELD(struct stm32_usart, rdr),  FIELD(struct stm32_usart, brr),
    FIELD(struct stm32_usart, cr1),  FIELD(struct stm32_usart, cr2),
    FIELD(struct stm32_usart, cr3),  FIELD(struct stm32_usart, gtpr),
    FIELD(struct stm32_usart, sr_seen), FIELD(struct stm32_usart, idle.deadline),
};

static const struct field_list state = {"stm32-usart", sizeof(struct stm32_usart), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = usart_reset, .free = usart_free,
                                      .clock = usart_clock, .loaded = usart_loaded};

static struct device *usart_create(const char *name, const void *config,
                                   const struct device_env *env, struct error *e)
{
    const struct stm32_usart_config *c = config;
    struct stm32_usart *u = stm32_alloc(sizeof(*u), name, &stm32_usart_class, &ops, &state, &table,
                                        STM32_WINDOW, 0, STM32_USART_OUTPUTS);
    u->now = env->timers->clock;
    timer_init(&u->idle, env->timers, line_idle, u);
    usart_reset(&u->p.base);
    u->chardev = c->chardev;
    if (u->chardev)
        chardev_attach(u->chardev, &frontend, u);
    return &u->p.base;
}

static const struct property properties[] = {
    PROPERTY(CHARDEV, struct stm32_usart_config, chardev, 0, 0, "character device"),
};

const struct device_class stm32_usart_class = {
    .name = "stm32-usart",
    .help = "USART of the STM32F4",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct stm32_usart_config),
    .create = usart_create,
};
