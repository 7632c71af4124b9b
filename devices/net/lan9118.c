#include "devices/net/lan9118.h"

#include "devices/core/countdown.h"
#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

enum { MAC_REGS = 13, PHY_REGS = 32, STATUS_DEPTH = 128, TX_SPACE = 0x1200 };
/* The free-running counter and the general purpose timer. */
enum { FREE_RUN_HZ = 25000000, GPT_HZ = 10000 };

/* Bits of IRQ_CFG, INT_STS and INT_EN. */
#define IRQ_CFG_TYPE BIT(0)
#define IRQ_CFG_POL BIT(4)
#define IRQ_CFG_ENABLE BIT(8)
#define IRQ_CFG_INT BIT(12)
#define IRQ_CFG_WRITABLE 0xff000111u
#define INT_TSFL BIT(7)
#define INT_TDFA BIT(9)
#define INT_TXSO BIT(16)
#define INT_PHY BIT(18)
#define INT_GPT BIT(19)
#define INT_TX_IOC BIT(21)
#define INT_TX_STOPPED BIT(25)
#define INT_RX_STOPPED BIT(24)
#define INT_SW BIT(31)

/* Other registers. */
#define HW_CFG_RESET 0x00050004u /* 32-bit bus */
#define HW_CFG_SRST BIT(0)
#define TX_CFG_STOP BIT(0)
#define TX_CFG_ON BIT(1)
#define TX_CFG_DUMP_DATA BIT(14)
#define TX_CFG_DUMP_STATUS BIT(15)
#define PMT_READY BIT(0)
#define GPT_ENABLE BIT(29)
#define E2P_ADDRESS_LOADED BIT(8)
#define CSR_BUSY BIT(31)
#define CSR_READ BIT(30)
#define TX_STATUS_NO_CARRIER 0x8c00u /* error: loss of carrier, no carrier */

/* MAC registers by number. */
enum { MAC_CR = 1, MAC_ADDRH = 2, MAC_ADDRL = 3, MAC_MII_ACC = 6, MAC_MII_DATA = 7 };
#define MII_WRITE BIT(1)
#define MII_BUSY BIT(0)
#define MAC_CR_RX_ENABLE BIT(2)

/* PHY registers by number. */
enum { PHY_CONTROL = 0, PHY_STATUS = 1, PHY_ID1 = 2, PHY_ID2 = 3, PHY_ADVERTISE = 4, PHY_INT_SOURCE = 29,
       PHY_INT_MASK = 30, PHY_SPECIAL = 31 };
#define PHY_CONTROL_RESET BIT(15)
#define PHY_CONTROL_RESTART BIT(9)

struct lan9118 {
    struct device base;
    const struct clock *clock;
    uint64_t address;
    struct countdown gpt;
    uint32_t irq_cfg, int_sts, int_en, fifo_int, rx_cfg, tx_cfg, hw_cfg, pmt_ctrl, gpio_cfg, gpt_cfg, word_swap,
        csr_cmd, csr_data, afc_cfg, e2p_cmd, e2p_data;
    uint32_t mac[MAC_REGS], phy[PHY_REGS];
    uint32_t status[STATUS_DEPTH], status_first, status_count;
    uint32_t tx_command[2], tx_words; /* of the buffer that is being written: how many words have come */
    int64_t run_zero;                 /* when the free-running counter was 0 */
};

static struct lan9118 *lan_of(struct device *dev)
{
    return (struct lan9118 *)dev;
}

static void update_irq(struct device *dev)
{
    struct lan9118 *s = lan_of(dev);
    bool high = s->irq_cfg & IRQ_CFG_TYPE && s->irq_cfg & IRQ_CFG_POL;
    if (s->phy[PHY_INT_SOURCE] & s->phy[PHY_INT_MASK])
        s->int_sts |= INT_PHY;
    bool level = (s->int_sts & s->int_en) != 0;
    s->irq_cfg = level ? s->irq_cfg | IRQ_CFG_INT : s->irq_cfg & ~IRQ_CFG_INT;
    level = level && (s->irq_cfg & IRQ_CFG_ENABLE);
    irq_set(&dev->output[0], level == high);
}

/* ---- PHY and MAC ---- */

static void phy_reset(struct lan9118 *s)
{
    for (unsigned n = 0; n < PHY_REGS; n++)
        s->phy[n] = 0;
    s->phy[PHY_CONTROL] = 0x3000;
    s->phy[PHY_STATUS] = 0x7809; /* capable of all, no link, negotiation not complete */
    s->phy[PHY_ID1] = 0x0007;
    s->phy[PHY_ID2] = 0xc0d1;
    s->phy[PHY_ADVERTISE] = 0x01e1;
}

static uint32_t phy_read(struct lan9118 *s, unsigned reg)
{
    uint32_t value = s->phy[reg];
    if (reg == PHY_INT_SOURCE)
        s->phy[reg] = 0;
    return value;
}

static void phy_write(struct lan9118 *s, unsigned reg, uint32_t value)
{
    if (reg == PHY_CONTROL && (value & PHY_CONTROL_RESET))
        phy_reset(s);
    else if (reg == PHY_CONTROL)
        s->phy[reg] = value & 0x7d80u & ~PHY_CONTROL_RESTART;
    else if (reg == PHY_ADVERTISE)
        s->phy[reg] = (value & 0x2d7f) | 0x80;
    else if (reg == PHY_INT_MASK)
        s->phy[reg] = value & 0xff;
    else
        log_write(LOG_GUEST_ERRORS, "%s: write of 0x%x to PHY register %u", s->base.name, value, reg);
}

static void mii_access(struct lan9118 *s, uint32_t value)
{
    unsigned phy = bits_get(value, 11, 5), reg = bits_get(value, 6, 5);
    s->mac[MAC_MII_ACC] = value & 0xffc2;
    if (!(value & MII_BUSY))
        return;
    if (value & MII_WRITE) {
        if (phy == 1)
            phy_write(s, reg, s->mac[MAC_MII_DATA]);
    } else {
        s->mac[MAC_MII_DATA] = phy == 1 ? phy_read(s, reg) : 0xffff;
    }
}

static void mac_write(struct lan9118 *s, unsigned reg, uint32_t value)
{
    if (reg == MAC_MII_ACC) {
        mii_access(s, value);
        return;
    }
    if (reg == MAC_CR && (s->mac[reg] & ~value & MAC_CR_RX_ENABLE))
        s->int_sts |= INT_RX_STOPPED;
    s->mac[reg] = value;
}

static void csr_cmd_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    unsigned reg = value & 0xff;
    s->csr_cmd = value & ~CSR_BUSY;
    if (!(value & CSR_BUSY))
        return;
    if (!reg || reg >= MAC_REGS)
        log_write(LOG_GUEST_ERRORS, "%s: there is no MAC register %u", dev->name, reg);
    else if (value & CSR_READ)
        s->csr_data = s->mac[reg];
    else
        mac_write(s, reg, s->csr_data);
    update_irq(dev);
}

/* ---- sending ---- */

static void push_status(struct lan9118 *s, uint32_t status)
{
    if (s->status_count == STATUS_DEPTH) {
        s->int_sts |= INT_TXSO;
        return;
    }
    s->status[(s->status_first + s->status_count++) % STATUS_DEPTH] = status;
    if (s->status_count > bits_get(s->fifo_int, 16, 8))
        s->int_sts |= INT_TSFL;
}

/* A buffer is two command words and its data, of which the first says how much there is. */
static void tx_data_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    if (!(s->tx_cfg & TX_CFG_ON)) {
        log_write(LOG_GUEST_ERRORS, "%s: data to be sent while the transmitter is off", dev->name);
        return;
    }
    if (s->tx_words < 2)
        s->tx_command[s->tx_words] = value;
    s->tx_words++;
    uint32_t a_word = s->tx_command[0], bytes = (a_word & 0x7ff) + bits_get(a_word, 16, 5);
    uint32_t unit = 4u << bits_get(a_word, 24, 2); /* buffers end at 4, 16 or 32 bytes */
    if (unit > 4)
        unit = unit == 8 ? 16 : 32;
    if (s->tx_words < 2 || s->tx_words < 2 + (bytes + unit - 1) / unit * unit / 4)
        return;
    s->tx_words = 0;
    if (a_word & BIT(31))
        s->int_sts |= INT_TX_IOC;
    if (a_word & BIT(12)) /* the last buffer of the frame */
        push_status(s, (s->tx_command[1] & 0xffff0000u) | TX_STATUS_NO_CARRIER);
    s->int_sts |= INT_TDFA;
    update_irq(dev);
}

static uint32_t tx_status_read(struct device *dev, const struct reg_access *a)
{
    struct lan9118 *s = lan_of(dev);
    if (!s->status_count)
        return 0;
    uint32_t status = s->status[s->status_first];
    s->status_first = (s->status_first + 1) % STATUS_DEPTH;
    s->status_count--;
    return status;
}

static uint32_t tx_status_peek(struct device *dev, const struct reg_access *a)
{
    const struct lan9118 *s = lan_of(dev);
    return s->status_count ? s->status[s->status_first] : 0;
}

static void tx_cfg_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    s->tx_cfg = value & 0x6;
    if (value & TX_CFG_DUMP_DATA)
        s->tx_words = 0;
    if (value & TX_CFG_DUMP_STATUS)
        s->status_first = s->status_count = 0;
    if (value & TX_CFG_STOP) {
        s->tx_cfg &= ~(uint32_t)TX_CFG_ON;
        s->int_sts |= INT_TX_STOPPED;
    }
    update_irq(dev);
}

static uint32_t tx_fifo_read(struct device *dev, const struct reg_access *a)
{
    return lan_of(dev)->status_count << 16 | TX_SPACE;
}

/* ---- other registers ---- */

static void lan_reset(struct device *dev);

static void hw_cfg_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    if (value & HW_CFG_SRST)
        lan_reset(dev);
    else
        lan_of(dev)->hw_cfg = (value & 0x003f3000) | (HW_CFG_RESET & BIT(2));
}

static void int_sts_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    lan_of(dev)->int_sts &= ~value;
    update_irq(dev);
}

/* INT_EN bit 31 is itself the software interrupt. */
static void int_en_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    if (value & ~s->int_en & INT_SW)
        s->int_sts |= INT_SW;
    s->int_en = value & 0x8f5fffff;
    update_irq(dev);
}

static void gpt_zero(void *opaque)
{
    struct lan9118 *s = opaque;
    s->int_sts |= INT_GPT;
    update_irq(&s->base);
}

static void gpt_cfg_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    s->gpt_cfg = value & (GPT_ENABLE | 0xffff);
    countdown_set_reload(&s->gpt, value & 0xffff, false);
    countdown_set(&s->gpt, value & 0xffff);
    countdown_run(&s->gpt, value & GPT_ENABLE);
}

static uint32_t gpt_cnt_read(struct device *dev, const struct reg_access *a)
{
    return countdown_value(&lan_of(dev)->gpt) & 0xffff;
}

static uint32_t free_run_read(struct device *dev, const struct reg_access *a)
{
    const struct lan9118 *s = lan_of(dev);
    return (uint32_t)((clock_now(s->clock) - s->run_zero) / (CLOCK_NS_PER_SEC / FREE_RUN_HZ));
}

/* The address is there from the start, as if an EEPROM had given it, but the EEPROM itself is not: commands end at once,
 * with the timeout bit. */
static void e2p_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    lan_of(dev)->e2p_cmd = (value & 0x700000ff) | E2P_ADDRESS_LOADED | (value & BIT(31) ? BIT(9) : 0);
}

#define AT(member) REG_FIELD(struct lan9118, member)
#define ALL 0xffffffffu

static const struct reg rows[] = {
    {"RX_DATA_FIFO", 0x00, 8, .flags = REG_IGNORE},
    {"TX_DATA_FIFO", 0x20, 8, .flags = REG_WRITE_ONLY, .write = tx_data_write},
    {"RX_STATUS", 0x40, 2, .flags = REG_IGNORE},
    {"TX_STATUS", 0x48, .read = tx_status_read},
    {"TX_STATUS_PEEK", 0x4c, .read = tx_status_peek},
    {"ID_REV", 0x50, .reset = 0x01180001},
    {"IRQ_CFG", 0x54, .field = AT(irq_cfg), .writable = IRQ_CFG_WRITABLE, .after = update_irq},
    {"INT_STS", 0x58, .field = AT(int_sts), .write = int_sts_write},
    {"INT_EN", 0x5c, .field = AT(int_en), .write = int_en_write},
    {"BYTE_TEST", 0x64, .reset = 0x87654321},
    {"FIFO_INT", 0x68, .field = AT(fifo_int), .reset = 0x48000000, .writable = ALL},
    {"RX_CFG", 0x6c, .field = AT(rx_cfg), .writable = 0xcfff1f00},
    {"TX_CFG", 0x70, .field = AT(tx_cfg), .write = tx_cfg_write},
    {"HW_CFG", 0x74, .field = AT(hw_cfg), .reset = HW_CFG_RESET, .write = hw_cfg_write},
    {"RX_DP_CTRL", 0x78, .flags = REG_IGNORE},
    {"RX_FIFO_INF", 0x7c, .reset = 0},
    {"TX_FIFO_INF", 0x80, .read = tx_fifo_read},
    {"PMT_CTRL", 0x84, .field = AT(pmt_ctrl), .reset = PMT_READY, .writable = 0x34e},
    {"GPIO_CFG", 0x88, .field = AT(gpio_cfg), .writable = 0x7777071f},
    {"GPT_CFG", 0x8c, .field = AT(gpt_cfg), .reset = 0xffff, .write = gpt_cfg_write},
    {"GPT_CNT", 0x90, .read = gpt_cnt_read},
    {"WORD_SWAP", 0x98, .field = AT(word_swap), .writable = ALL},
    {"FREE_RUN", 0x9c, .read = free_run_read},
    {"RX_DROP", 0xa0, .reset = 0},
    {"MAC_CSR_CMD", 0xa4, .field = AT(csr_cmd), .write = csr_cmd_write},
    {"MAC_CSR_DATA", 0xa8, .field = AT(csr_data), .writable = ALL},
    {"AFC_CFG", 0xac, .field = AT(afc_cfg), .writable = 0x00ffffff},
    {"E2P_CMD", 0xb0, .field = AT(e2p_cmd), .reset = E2P_ADDRESS_LOADED, .write = e2p_write},
    {"E2P_DATA", 0xb4, .field = AT(e2p_data), .writable = 0xff},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static uint64_t lan_read(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size)
{
    return regs_read(dev, &table, cpu_index, offset, size);
}

static void lan_write(struct device *dev, unsigned cpu_index, uint64_t offset, unsigned size,
                      uint64_t value)
{
    regs_write(dev, &table, cpu_index, offset, size, value);
}

/* The board gives a 32-bit bus; halves would be lost in the FIFOs. */
static const struct region_ops region = {lan_read, lan_write, .min_size = 4, .max_size = 4};

/* ---- life ---- */

static void lan_reset(struct device *dev)
{
    struct lan9118 *s = lan_of(dev);
    regs_reset(dev, &table);
    for (unsigned n = 0; n < MAC_REGS; n++)
        s->mac[n] = 0;
    s->mac[MAC_CR] = 0x00040000;
    /* The first byte on the wire is the lowest. */
    uint64_t wire = __builtin_bswap64(s->address << 16);
    s->mac[MAC_ADDRL] = (uint32_t)wire;
    s->mac[MAC_ADDRH] = (uint32_t)(wire >> 32) & 0xffff;
    phy_reset(s);
    s->status_first = s->status_count = s->tx_words = 0;
    s->tx_command[0] = s->tx_command[1] = 0;
    s->run_zero = clock_now(s->clock);
    countdown_reset(&s->gpt, 0xffff);
    update_irq(dev);
}

static void lan_free(struct device *dev)
{
    countdown_free(&lan_of(dev)->gpt);
}

static void lan_loaded(struct device *dev)
{
    struct lan9118 *s = lan_of(dev);
    s->status_first %= STATUS_DEPTH;
    if (s->status_count > STATUS_DEPTH)
        s->status_count = STATUS_DEPTH;
    countdown_loaded(&s->gpt);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct lan9118, irq_cfg),      FIELD(struct lan9118, int_sts),   FIELD(struct lan9118, int_en),
    FIELD(struct lan9118, fifo_int),     FIELD(struct lan9118, rx_cfg),    FIELD(struct lan9118, tx_cfg),
    FIELD(struct lan9118, hw_cfg),       FIELD(struct lan9118, pmt_ctrl),  FIELD(struct lan9118, gpio_cfg),
    FIELD(struct lan9118, gpt_cfg),      FIELD(struct lan9118, word_swap), FIELD(struct lan9118, csr_cmd),
    FIELD(struct lan9118, csr_data),     FIELD(struct lan9118, afc_cfg),   FIELD(struct lan9118, e2p_cmd),
    FIELD(struct lan9118, e2p_data),     FIELD_ARRAY(struct lan9118, mac), FIELD_ARRAY(struct lan9118, phy),
    FIELD_ARRAY(struct lan9118, status), FIELD(struct lan9118, status_first),
    FIELD(struct lan9118, status_count), FIELD_ARRAY(struct lan9118, tx_command),
    FIELD(struct lan9118, tx_words),     FIELD(struct lan9118, run_zero),
    COUNTDOWN_FIELDS(struct lan9118, gpt),
};

static const struct field_list state = {"lan9118", sizeof(struct lan9118), fields, ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = lan_reset, .free = lan_free, .loaded = lan_loaded};

static struct device *lan_create(const char *name, const void *config, const struct device_env *env,
                                 struct error *e)
{
    const struct lan9118_config *c = config;
    struct lan9118 *s = device_alloc(sizeof(*s), name, &lan9118_class, &ops, &state, 0, 1);
    s->clock = env->timers->clock;
    s->address = c->mac;
    countdown_init(&s->gpt, env->timers, GPT_HZ, gpt_zero, s);
    device_add_region(&s->base, "registers", 0x100, &region);
    lan_reset(&s->base);
    return &s->base;
}

static const struct property properties[] = {
    PROPERTY(U64, struct lan9118_config, mac, 0x525400123456, 0xffffffffffff, "MAC address, as a number"),
};

const struct device_class lan9118_class = {
    .name = "lan9118",
    .help = "SMSC LAN9118 Ethernet controller, link down",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct lan9118_config),
    .create = lan_create,
};
