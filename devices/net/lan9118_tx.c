/* The LAN9118's transmitter: buffers with two command words in front (3.12), the status FIFO. */
#include <string.h>

#include "devices/net/ether.h"
#include "devices/net/lan9118_internal.h"
#include "util/log.h"

#define TX_CFG_STOP BIT(0)
#define TX_CFG_ON BIT(1)
#define TX_CFG_DUMP_DATA BIT(14)
#define TX_CFG_DUMP_STATUS BIT(15)
#define TX_A_INTERRUPT BIT(31)
#define TX_A_FIRST BIT(13)
#define TX_A_LAST BIT(12)
#define TX_B_NO_CRC BIT(13)
#define TX_B_NO_PAD BIT(12)
#define TX_STATUS_NO_CARRIER 0x8c00u /* error: loss of carrier, no carrier */

uint32_t lan_tx_kb(const struct lan9118 *s)
{
    uint32_t kb = bits_get(s->hw_cfg, 16, 4);
    return kb < LAN_TX_KB_MIN ? LAN_TX_KB_MIN : kb > LAN_TX_KB_MAX ? LAN_TX_KB_MAX : kb;
}

static uint32_t space(const struct lan9118 *s)
{
    return lan_tx_kb(s) * 1024 - LAN_TX_STATUS_SIZE - ((s->tx_len + 3) & ~3u);
}

/* ---- status ---- */

static void push_status(struct lan9118 *s, uint32_t status)
{
    if (s->status_count == LAN_TX_STATUS_DEPTH) {
        s->int_sts |= INT_TXSO;
        return;
    }
    s->status[(s->status_first + s->status_count++) % LAN_TX_STATUS_DEPTH] = status;
    if (s->status_count > bits_get(s->fifo_int, 16, 8))
        s->int_sts |= INT_TSFL;
    if (s->status_count == LAN_TX_STATUS_DEPTH)
        s->int_sts |= INT_TSFF;
}

uint32_t lan_tx_status_read(struct device *dev, const struct reg_access *a)
{
    struct lan9118 *s = lan_of(dev);
    uint32_t status = lan_tx_status_peek(dev, a);
    if (s->status_count) {
        s->status_first = (s->status_first + 1) % LAN_TX_STATUS_DEPTH;
        s->status_count--;
    }
    return status;
}

uint32_t lan_tx_status_peek(struct device *dev, const struct reg_access *a)
{
    const struct lan9118 *s = lan_of(dev);
    return s->status_count ? s->status[s->status_first] : 0;
}

uint32_t lan_tx_fifo_read(struct device *dev, const struct reg_access *a)
{
    return lan_of(dev)->status_count << 16 | space(lan_of(dev));
}

/* ---- frames ---- */

/* Returns the errors for the status word. */
static uint32_t transmit(struct lan9118 *s)
{
    uint32_t b = s->tx_command[1], len = s->tx_len;
    if (!(s->mac[MAC_CR] & MAC_CR_TX_ENABLE)) {
        log_write(LOG_GUEST_ERRORS, "%s: a frame is sent while MAC_CR.TXEN is 0", s->base.name);
        return TX_STATUS_NO_CARRIER;
    }
    if (b & TX_B_NO_CRC) /* the guest has brought it */
        len -= len < ETHER_FCS ? len : ETHER_FCS;
    if (len < ETHER_MIN && !(b & (TX_B_NO_PAD | TX_B_NO_CRC))) {
        memset(s->tx_frame + len, 0, ETHER_MIN - len);
        len = ETHER_MIN;
    }
    if ((s->mac[MAC_CR] & MAC_CR_LOOPBACK) || lan_phy_loopback(s)) {
        lan_rx_frame(s, s->tx_frame, len);
        return 0;
    }
    if (!lan_link_up(s))
        return TX_STATUS_NO_CARRIER;
    net_send(s->net, s->tx_frame, len);
    return 0;
}

static void end_frame(struct lan9118 *s)
{
    uint32_t b = s->tx_command[1];
    if (s->tx_len != bits_get(b, 0, 11) || s->tx_bad) {
        log_write(LOG_GUEST_ERRORS, "%s: buffers of %u bytes for a frame of %u", s->base.name,
                  s->tx_len, bits_get(b, 0, 11));
        s->int_sts |= INT_TXE;
    } else {
        push_status(s, (b & 0xffff0000u) | transmit(s));
    }
    s->tx_len = 0;
    s->tx_bad = false;
}

static void end_buffer(struct lan9118 *s)
{
    uint32_t a = s->tx_command[0];
    s->tx_words = 0;
    if (a & TX_A_INTERRUPT)
        s->int_sts |= INT_TX_IOC;
    if (a & TX_A_LAST)
        end_frame(s);
    if (space(s) > bits_get(s->fifo_int, 24, 8) * 64)
        s->int_sts |= INT_TDFA;
}

/* The bytes of data word @n that belong to the frame: behind the start offset, within the buffer's
 * size. */
static void add_word(struct lan9118 *s, uint32_t n, uint32_t value)
{
    uint32_t size = bits_get(s->tx_command[0], 0, 11), offset = bits_get(s->tx_command[0], 16, 5);
    for (uint32_t i = 0; i < 4; i++) {
        if (4 * n + i - offset >= size)
            continue;
        if (s->tx_len < sizeof(s->tx_frame))
            s->tx_frame[s->tx_len++] = (uint8_t)(value >> 8 * i);
        else
            s->tx_bad = true;
    }
}

static uint32_t buffer_words(const struct lan9118 *s)
{
    static const uint8_t units[] = {4, 16, 32, 32};
    uint32_t a = s->tx_command[0], bytes = bits_get(a, 0, 11) + bits_get(a, 16, 5);
    uint32_t unit = units[bits_get(a, 24, 2)];
    return (bytes + unit - 1) / unit * unit / 4;
}

void lan_tx_data_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    if (!(s->tx_cfg & TX_CFG_ON)) {
        log_write(LOG_GUEST_ERRORS, "%s: data to be sent while the transmitter is off", dev->name);
        return;
    }
    if (s->tx_words < 2)
        s->tx_command[s->tx_words] = value;
    else
        add_word(s, s->tx_words - 2, value);
    s->tx_words++;
    if (s->tx_words == 2 && (s->tx_command[0] & TX_A_FIRST)) {
        s->tx_len = 0;
        s->tx_bad = false;
    }
    if (s->tx_words >= 2 && s->tx_words - 2 >= buffer_words(s))
        end_buffer(s);
    lan_update_irq(dev);
}

void lan_tx_reset(struct lan9118 *s)
{
    s->status_first = s->status_count = s->tx_words = s->tx_len = 0;
    s->tx_command[0] = s->tx_command[1] = 0;
    s->tx_bad = false;
}

void lan_tx_cfg_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    s->tx_cfg = value & 0x6;
    if (value & TX_CFG_DUMP_DATA) {
        s->tx_words = s->tx_len = 0;
        s->tx_bad = false;
    }
    if (value & TX_CFG_DUMP_STATUS)
        s->status_first = s->status_count = 0;
    if (value & TX_CFG_STOP) {
        s->tx_cfg &= ~(uint32_t)TX_CFG_ON;
        s->int_sts |= INT_TX_STOPPED;
    }
    lan_update_irq(dev);
}
