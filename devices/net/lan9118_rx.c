/* The LAN9118's receiver: address filter (3.4), FIFOs (3.13.3). */
#include <string.h>

#include "devices/net/ether.h"
#include "devices/net/lan9118_internal.h"

/* The status word of a frame. */
#define RX_FILTER_FAIL BIT(30)
#define RX_BROADCAST BIT(13)
#define RX_MULTICAST BIT(10)
#define RX_TOO_LONG BIT(7)
#define RX_TYPE BIT(5) /* not a length */

#define RX_CFG_DUMP BIT(15)
#define RX_CFG_WRITABLE 0xcfff1f00u
#define RX_FAST_FORWARD BIT(31)

/* ---- the filter ---- */

static bool hash_match(const struct lan9118 *s, const uint8_t *address)
{
    unsigned hash = ether_hash(address);
    return s->mac[hash & 32 ? MAC_HASHH : MAC_HASHL] >> (hash & 31) & 1;
}

static bool own_address(const struct lan9118 *s, const uint8_t *address)
{
    for (unsigned i = 0; i < 6; i++)
        if (address[i] !=
            (uint8_t)(i < 4 ? s->mac[MAC_ADDRL] >> 8 * i : s->mac[MAC_ADDRH] >> 8 * (i - 4)))
            return false;
    return true;
}

static bool is_broadcast(const uint8_t *address)
{
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return !memcmp(address, all, 6);
}

static bool filter(const struct lan9118 *s, const uint8_t *address)
{
    uint32_t cr = s->mac[MAC_CR];
    bool group = address[0] & 1;
    if (cr & MAC_CR_PROMISCUOUS)
        return true;
    if (is_broadcast(address))
        return !(cr & MAC_CR_NO_BROADCAST);
    if (group && (cr & MAC_CR_ALL_MULTICAST))
        return true;
    if (cr & MAC_CR_INVERSE)
        return !own_address(s, address);
    if (cr & (group ? MAC_CR_HASH_MULTICAST | MAC_CR_HASH_ALL : MAC_CR_HASH_ALL))
        return hash_match(s, address);
    return own_address(s, address);
}

/* ---- into the FIFOs ---- */

/* A sixteenth of the receiver's memory is for status words. */
static uint32_t status_room(const struct lan9118 *s)
{
    return (LAN_MEMORY - lan_tx_kb(s) * 1024) / 16 / 4;
}

static uint32_t data_room(const struct lan9118 *s)
{
    return LAN_MEMORY - lan_tx_kb(s) * 1024 - 4 * status_room(s);
}

static bool has_room(const struct lan9118 *s, uint32_t len)
{
    uint32_t room = status_room(s);
    return s->rx_used + len <= data_room(s) && s->rx_len_count < room && s->rx_status_count < room;
}

static void put_data(struct lan9118 *s, const uint8_t *data, uint32_t len)
{
    uint32_t at = (s->rx_at + s->rx_used) % LAN_RX_MAX, part = LAN_RX_MAX - at;
    part = part < len ? part : len;
    memcpy(s->rx_data + at, data, part);
    memcpy(s->rx_data, data + part, len - part);
    s->rx_used += len;
}

static uint32_t status_of(const uint8_t *frame, uint32_t len, bool accepted)
{
    uint32_t status = len << 16 | (accepted ? 0 : RX_FILTER_FAIL);
    if (is_broadcast(frame))
        status |= RX_BROADCAST;
    else if (frame[0] & 1)
        status |= RX_MULTICAST;
    if (len > 1518)
        status |= RX_TOO_LONG;
    return status | (frame[12] >= 6 ? RX_TYPE : 0);
}

static void drop(struct lan9118 *s)
{
    if (s->rx_dropped != 0xffffffffu)
        s->rx_dropped++;
    s->int_sts |= INT_RXDF;
}

/* Short frames come padded from the wire. */
void lan_rx_frame(struct lan9118 *s, const uint8_t *frame, size_t len)
{
    uint8_t buf[NET_FRAME_MAX + ETHER_FCS + 4] = {0};
    if (!(s->mac[MAC_CR] & MAC_CR_RX_ENABLE) || len < ETHER_HEADER || len > NET_FRAME_MAX)
        return;
    bool accepted = filter(s, frame);
    if (!accepted && !(s->mac[MAC_CR] & MAC_CR_RECEIVE_ALL))
        return;
    memcpy(buf, frame, len);
    len = len < ETHER_MIN ? ETHER_MIN : len;
    uint32_t fcs = ether_fcs(buf, len);
    for (unsigned i = 0; i < ETHER_FCS; i++)
        buf[len++] = (uint8_t)(fcs >> 8 * i);
    uint32_t room = status_room(s), size = ((uint32_t)len + 3) & ~3u;
    if (has_room(s, size)) {
        put_data(s, buf, size);
        s->rx_len[(s->rx_len_first + s->rx_len_count++) % LAN_RX_FRAMES] = (uint32_t)len;
        s->rx_status[(s->rx_status_first + s->rx_status_count++) % LAN_RX_FRAMES] =
            status_of(buf, (uint32_t)len, accepted);
        if (s->rx_status_count == room)
            s->int_sts |= INT_RSFF;
    } else {
        drop(s);
    }
    lan_update_irq(&s->base);
}

/* Without room the network keeps frames for a while, rather than the chip dropping them. */
static bool can_receive(void *opaque)
{
    const struct lan9118 *s = opaque;
    return !(s->mac[MAC_CR] & MAC_CR_RX_ENABLE) || has_room(s, NET_FRAME_MAX + ETHER_FCS + 2);
}

static void receive(void *opaque, const uint8_t *frame, size_t len)
{
    if (lan_link_up(opaque))
        lan_rx_frame(opaque, frame, len);
}

const struct net_frontend lan_frontend = {can_receive, receive};

/* ---- out of the FIFOs ---- */

static void accept_input(struct lan9118 *s)
{
    if (s->net)
        net_accept_input(s->net);
}

static void pop_frame(struct lan9118 *s)
{
    uint32_t size = (s->rx_len[s->rx_len_first] + 3) & ~3u;
    s->rx_at = (s->rx_at + size) % LAN_RX_MAX;
    s->rx_used -= size < s->rx_used ? size : s->rx_used;
    s->rx_len_first = (s->rx_len_first + 1) % LAN_RX_FRAMES;
    s->rx_len_count--;
    s->rx_words = 0;
    accept_input(s);
}

/* Words of the oldest frame as it is read: behind the offset of RX_CFG, up to a multiple of its end
 * alignment. */
static uint32_t frame_words(const struct lan9118 *s)
{
    static const uint8_t units[] = {4, 16, 32, 32};
    uint32_t unit = units[s->rx_cfg >> 30],
             bytes = s->rx_len[s->rx_len_first] + bits_get(s->rx_cfg, 8, 5);
    return (bytes + unit - 1) / unit * unit / 4;
}

static uint32_t frame_word(const struct lan9118 *s)
{
    uint32_t len = s->rx_len[s->rx_len_first], offset = bits_get(s->rx_cfg, 8, 5), word = 0;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t k = 4 * s->rx_words + i - offset; /* in front of the data: huge */
        if (k < len)
            word |= (uint32_t)s->rx_data[(s->rx_at + k) % LAN_RX_MAX] << 8 * i;
    }
    return word;
}

static void count_read(struct lan9118 *s)
{
    uint32_t left = bits_get(s->rx_cfg, 16, 12);
    if (!left)
        return;
    s->rx_cfg = bits_put(s->rx_cfg, 16, 12, --left);
    if (!left)
        s->int_sts |= INT_RXD;
}

uint32_t lan_rx_data_read(struct device *dev, const struct reg_access *a)
{
    struct lan9118 *s = lan_of(dev);
    uint32_t word = 0;
    if (s->rx_len_count) {
        word = frame_word(s);
        count_read(s);
        if (++s->rx_words >= frame_words(s))
            pop_frame(s);
    } else {
        s->int_sts |= INT_RXE;
    }
    lan_update_irq(dev);
    return word;
}

uint32_t lan_rx_status_peek(struct device *dev, const struct reg_access *a)
{
    const struct lan9118 *s = lan_of(dev);
    return s->rx_status_count ? s->rx_status[s->rx_status_first] : 0;
}

uint32_t lan_rx_status_read(struct device *dev, const struct reg_access *a)
{
    struct lan9118 *s = lan_of(dev);
    uint32_t status = lan_rx_status_peek(dev, a);
    if (s->rx_status_count) {
        s->rx_status_first = (s->rx_status_first + 1) % LAN_RX_FRAMES;
        s->rx_status_count--;
        accept_input(s);
    } else {
        s->int_sts |= INT_RXE;
    }
    lan_update_irq(dev);
    return status;
}

uint32_t lan_rx_fifo_read(struct device *dev, const struct reg_access *a)
{
    const struct lan9118 *s = lan_of(dev);
    return s->rx_status_count << 16 | s->rx_used;
}

uint32_t lan_rx_drop_read(struct device *dev, const struct reg_access *a)
{
    uint32_t count = lan_of(dev)->rx_dropped;
    lan_of(dev)->rx_dropped = 0;
    return count;
}

bool lan_rx_level(const struct lan9118 *s)
{
    return s->rx_status_count > bits_get(s->fifo_int, 0, 8);
}

/* ---- control ---- */

void lan_rx_reset(struct lan9118 *s)
{
    s->rx_at = s->rx_used = s->rx_words = 0;
    s->rx_len_first = s->rx_len_count = s->rx_status_first = s->rx_status_count = 0;
}

void lan_rx_loaded(struct lan9118 *s)
{
    bool good = s->rx_used <= LAN_RX_MAX && s->rx_len_count <= LAN_RX_FRAMES &&
                s->rx_status_count <= LAN_RX_FRAMES;
    for (unsigned i = 0; i < LAN_RX_FRAMES; i++)
        good = good && s->rx_len[i] <= NET_FRAME_MAX + ETHER_FCS;
    if (!good)
        lan_rx_reset(s);
    s->rx_at %= LAN_RX_MAX;
    s->rx_len_first %= LAN_RX_FRAMES;
    s->rx_status_first %= LAN_RX_FRAMES;
}

void lan_rx_cfg_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    s->rx_cfg = value & RX_CFG_WRITABLE;
    if (value & RX_CFG_DUMP) {
        lan_rx_reset(s);
        accept_input(s);
    }
    lan_update_irq(dev);
}

void lan_rx_dp_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    if ((value & RX_FAST_FORWARD) && s->rx_len_count)
        pop_frame(s);
    lan_update_irq(dev);
}
