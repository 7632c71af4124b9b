/* The LAN9118: the table of its registers, interrupts, the general purpose timer, life. */
#include "devices/net/lan9118.h"

#include "devices/core/env.h"
#include "devices/net/lan9118_internal.h"

/* The free-running counter and the general purpose timer. */
enum { FREE_RUN_HZ = 25000000, GPT_HZ = 10000 };

#define IRQ_CFG_TYPE BIT(0)
#define IRQ_CFG_POL BIT(4)
#define IRQ_CFG_ENABLE BIT(8)
#define IRQ_CFG_INT BIT(12)
#define IRQ_CFG_WRITABLE 0xff000111u
#define HW_CFG_RESET 0x00050004u /* 32-bit bus */
#define HW_CFG_SRST BIT(0)
#define PMT_READY BIT(0)
#define GPT_ENABLE BIT(29)

void lan_update_irq(struct device *dev)
{
    struct lan9118 *s = lan_of(dev);
    bool high = s->irq_cfg & IRQ_CFG_TYPE && s->irq_cfg & IRQ_CFG_POL;
    if (s->phy[PHY_INT_SOURCE] & s->phy[PHY_INT_MASK])
        s->int_sts |= INT_PHY;
    if (lan_rx_level(s)) /* clearing the bit does not help while the words are there */
        s->int_sts |= INT_RSFL;
    bool level = (s->int_sts & s->int_en) != 0;
    s->irq_cfg = level ? s->irq_cfg | IRQ_CFG_INT : s->irq_cfg & ~IRQ_CFG_INT;
    level = level && (s->irq_cfg & IRQ_CFG_ENABLE);
    irq_set(&dev->output[0], level == high);
}

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
    lan_update_irq(dev);
}

/* INT_EN bit 31 is itself the software interrupt. */
static void int_en_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    if (value & ~s->int_en & INT_SW)
        s->int_sts |= INT_SW;
    s->int_en = value & 0x83bfe7df;
    lan_update_irq(dev);
}

/* ---- time ---- */

static void gpt_zero(void *opaque)
{
    struct lan9118 *s = opaque;
    s->int_sts |= INT_GPT;
    lan_update_irq(&s->base);
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

/* ---- the registers ---- */

#define AT(member) REG_FIELD(struct lan9118, member)
#define ALL 0xffffffffu

static void rx_ignore(struct device *dev, const struct reg_access *a, uint32_t value)
{
}

static const struct reg rows[] = {
    {"RX_DATA_FIFO", 0x00, 8, .read = lan_rx_data_read, .write = rx_ignore},
    {"TX_DATA_FIFO", 0x20, 8, .flags = REG_WRITE_ONLY, .write = lan_tx_data_write},
    {"RX_STATUS", 0x40, .read = lan_rx_status_read, .write = rx_ignore},
    {"RX_STATUS_PEEK", 0x44, .read = lan_rx_status_peek, .write = rx_ignore},
    {"TX_STATUS", 0x48, .read = lan_tx_status_read},
    {"TX_STATUS_PEEK", 0x4c, .read = lan_tx_status_peek},
    {"ID_REV", 0x50, .reset = 0x01180001},
    {"IRQ_CFG", 0x54, .field = AT(irq_cfg), .writable = IRQ_CFG_WRITABLE, .after = lan_update_irq},
    {"INT_STS", 0x58, .field = AT(int_sts), .write = int_sts_write},
    {"INT_EN", 0x5c, .field = AT(int_en), .write = int_en_write},
    {"BYTE_TEST", 0x64, .reset = 0x87654321},
    {"FIFO_INT", 0x68, .field = AT(fifo_int), .reset = 0x48000000, .writable = ALL,
     .after = lan_update_irq},
    {"RX_CFG", 0x6c, .field = AT(rx_cfg), .write = lan_rx_cfg_write},
    {"TX_CFG", 0x70, .field = AT(tx_cfg), .write = lan_tx_cfg_write},
    {"HW_CFG", 0x74, .field = AT(hw_cfg), .reset = HW_CFG_RESET, .write = hw_cfg_write},
    {"RX_DP_CTRL", 0x78, .reset = 0, .write = lan_rx_dp_write},
    {"RX_FIFO_INF", 0x7c, .read = lan_rx_fifo_read},
    {"TX_FIFO_INF", 0x80, .read = lan_tx_fifo_read},
    {"PMT_CTRL", 0x84, .field = AT(pmt_ctrl), .reset = PMT_READY, .writable = 0x34e},
    {"GPIO_CFG", 0x88, .field = AT(gpio_cfg), .writable = 0x7777071f},
    {"GPT_CFG", 0x8c, .field = AT(gpt_cfg), .reset = 0xffff, .write = gpt_cfg_write},
    {"GPT_CNT", 0x90, .read = gpt_cnt_read},
    {"WORD_SWAP", 0x98, .field = AT(word_swap), .writable = ALL},
    {"FREE_RUN", 0x9c, .read = free_run_read},
    {"RX_DROP", 0xa0, .read = lan_rx_drop_read},
    {"MAC_CSR_CMD", 0xa4, .field = AT(csr_cmd), .write = lan_csr_cmd_write},
    {"MAC_CSR_DATA", 0xa8, .field = AT(csr_data), .writable = ALL},
    {"AFC_CFG", 0xac, .field = AT(afc_cfg), .writable = 0x00ffffff},
    {"E2P_CMD", 0xb0, .field = AT(e2p_cmd), .write = lan_e2p_write},
    {"E2P_DATA", 0xb4, .field = AT(e2p_data), .writable = 0xff},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

/* The board gives a 32-bit bus; halves would be lost in the FIFOs. */
static const struct region_ops region = {.table = &table, .min_size = 4, .max_size = 4};

/* ---- life ---- */

/* The EEPROM keeps its contents. */
static void lan_reset(struct device *dev)
{
    struct lan9118 *s = lan_of(dev);
    regs_reset(dev, &table);
    s->rx_dropped = 0;
    lan_mac_reset(s);
    lan_phy_reset(s);
    lan_tx_reset(s);
    lan_rx_reset(s);
    s->run_zero = clock_now(s->clock);
    countdown_reset(&s->gpt, 0xffff);
    lan_update_irq(dev);
}

static void lan_free(struct device *dev)
{
    struct lan9118 *s = lan_of(dev);
    if (s->net)
        net_attach(s->net, NULL, NULL);
    countdown_free(&s->gpt);
}

static void lan_loaded(struct device *dev)
{
    struct lan9118 *s = lan_of(dev);
    s->status_first %= LAN_TX_STATUS_DEPTH;
    if (s->status_count > LAN_TX_STATUS_DEPTH)
        s->status_count = LAN_TX_STATUS_DEPTH;
    if (s->tx_len > sizeof(s->tx_frame))
        s->tx_len = sizeof(s->tx_frame);
    lan_rx_loaded(s);
    countdown_loaded(&s->gpt);
    lan_update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct lan9118, irq_cfg),         FIELD(struct lan9118, int_sts),
    FIELD(struct lan9118, int_en),          FIELD(struct lan9118, fifo_int),
    FIELD(struct lan9118, rx_cfg),          FIELD(struct lan9118, tx_cfg),
    FIELD(struct lan9118, hw_cfg),          FIELD(struct lan9118, pmt_ctrl),
    FIELD(struct lan9118, gpio_cfg),        FIELD(struct lan9118, gpt_cfg),
    FIELD(struct lan9118, word_swap),       FIELD(struct lan9118, csr_cmd),
    FIELD(struct lan9118, csr_data),        FIELD(struct lan9118, afc_cfg),
    FIELD(struct lan9118, e2p_cmd),         FIELD(struct lan9118, e2p_data),
    FIELD(struct lan9118, rx_dropped),      FIELD_ARRAY(struct lan9118, mac),
    FIELD_ARRAY(struct lan9118, phy),       FIELD_ARRAY(struct lan9118, eeprom),
    FIELD(struct lan9118, eeprom_writable), FIELD(struct lan9118, run_zero),
    FIELD_ARRAY(struct lan9118, status),    FIELD(struct lan9118, status_first),
    FIELD(struct lan9118, status_count),    FIELD_ARRAY(struct lan9118, tx_command),
    FIELD(struct lan9118, tx_words),        FIELD_ARRAY(struct lan9118, tx_frame),
    FIELD(struct lan9118, tx_len),          FIELD(struct lan9118, tx_bad),
    FIELD_ARRAY(struct lan9118, rx_data),   FIELD(struct lan9118, rx_at),
    FIELD(struct lan9118, rx_used),         FIELD_ARRAY(struct lan9118, rx_len),
    FIELD(struct lan9118, rx_len_first),    FIELD(struct lan9118, rx_len_count),
    FIELD_ARRAY(struct lan9118, rx_status), FIELD(struct lan9118, rx_status_first),
    FIELD(struct lan9118, rx_status_count), FIELD(struct lan9118, rx_words),
    COUNTDOWN_FIELDS(struct lan9118, gpt),
};

static const struct field_list state = {"lan9118", sizeof(struct lan9118), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = lan_reset, .free = lan_free, .loaded = lan_loaded};

static struct device *lan_create(const char *name, const void *config, const struct device_env *env,
                                 struct error *e)
{
    const struct lan9118_config *c = config;
    struct lan9118 *s = device_alloc(sizeof(*s), name, &lan9118_class, &ops, &state, 0, 1);
    s->clock = env->timers->clock;
    s->net = c->netdev;
    lan_eeprom_init(s, c->mac);
    countdown_init(&s->gpt, env->timers, GPT_HZ, gpt_zero, s);
    device_add_region(&s->base, "registers", 0x100, &region);
    lan_reset(&s->base);
    if (s->net)
        net_attach(s->net, &lan_frontend, s);
    return &s->base;
}

static const struct property properties[] = {
    PROPERTY(U64, struct lan9118_config, mac, 0x525400123456, 0xffffffffffff,
             "MAC address, as a number"),
    PROPERTY(NETDEV, struct lan9118_config, netdev, 0, 0, "network back end"),
};

const struct device_class lan9118_class = {
    .name = "lan9118",
    .help = "SMSC LAN9118 Ethernet controller",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct lan9118_config),
    .create = lan_create,
};
