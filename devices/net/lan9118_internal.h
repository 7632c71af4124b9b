/* What the files of the LAN9118 share. Chapters are the data sheet's. */
#ifndef ARMEMU_DEVICES_NET_LAN9118_INTERNAL_H
#define ARMEMU_DEVICES_NET_LAN9118_INTERNAL_H

#include "devices/core/countdown.h"
#include "devices/core/device.h"
#include "devices/core/regs.h"
#include "host/net.h"
#include "util/bits.h"

enum { LAN_MAC_REGS = 13, LAN_PHY_REGS = 32, LAN_EEPROM_SIZE = 128, LAN_TX_STATUS_DEPTH = 128 };
/* The memory of both FIFOs for data and status, of which the transmitter gets 2 to 14 KiB
 * (5.3.9). */
enum { LAN_MEMORY = 16384, LAN_TX_STATUS_SIZE = 512, LAN_TX_KB_MIN = 2, LAN_TX_KB_MAX = 14 };
enum { LAN_RX_MAX = LAN_MEMORY - LAN_TX_KB_MIN * 1024, LAN_RX_FRAMES = LAN_RX_MAX / 16 / 4 };

/* Bits of INT_STS and INT_EN. */
#define INT_RSFL BIT(3)
#define INT_RSFF BIT(4)
#define INT_RXDF BIT(6)
#define INT_TSFL BIT(7)
#define INT_TSFF BIT(8)
#define INT_TDFA BIT(9)
#define INT_TXE BIT(13)
#define INT_RXE BIT(14)
#define INT_TXSO BIT(16)
#define INT_PHY BIT(18)
#define INT_GPT BIT(19)
#define INT_RXD BIT(20)
#define INT_TX_IOC BIT(21)
#define INT_RX_STOPPED BIT(24)
#define INT_TX_STOPPED BIT(25)
#define INT_SW BIT(31)

/* MAC registers by number (5.4). */
enum {
    MAC_CR = 1, MAC_ADDRH = 2, MAC_ADDRL = 3, MAC_HASHH = 4, MAC_HASHL = 5, MAC_MII_ACC = 6,
    MAC_MII_DATA = 7,
};
/* PHY registers by number, of which PHY_INT_SOURCE and _MASK make INT_PHY (5.5). */
enum { PHY_INT_SOURCE = 29, PHY_INT_MASK = 30 };
#define MAC_CR_RX_ENABLE BIT(2)
#define MAC_CR_TX_ENABLE BIT(3)
#define MAC_CR_NO_BROADCAST BIT(11)
#define MAC_CR_HASH_MULTICAST BIT(13)
#define MAC_CR_HASH_ALL BIT(15)
#define MAC_CR_INVERSE BIT(17)
#define MAC_CR_PROMISCUOUS BIT(18)
#define MAC_CR_ALL_MULTICAST BIT(19)
#define MAC_CR_LOOPBACK BIT(21)
#define MAC_CR_RECEIVE_ALL BIT(31)

struct lan9118 {
    struct device base;
    const struct clock *clock;
    struct net *net; /* NULL: no cable */
    struct countdown gpt;
    uint32_t irq_cfg, int_sts, int_en, fifo_int, rx_cfg, tx_cfg, hw_cfg, pmt_ctrl, gpio_cfg,
        gpt_cfg, word_swap, csr_cmd, csr_data, afc_cfg, e2p_cmd, e2p_data, rx_dropped;
    uint32_t mac[LAN_MAC_REGS], phy[LAN_PHY_REGS];
    uint8_t eeprom[LAN_EEPROM_SIZE];
    bool eeprom_writable;
    int64_t run_zero; /* when the free-running counter was 0 */
    /* Sending: the status FIFO; the buffer that is being written, and of how many words of it have
     * come; the frame that buffers have made so far. */
    uint32_t status[LAN_TX_STATUS_DEPTH], status_first, status_count;
    uint32_t tx_command[2], tx_words;
    uint8_t tx_frame[2048];
    uint32_t tx_len;
    bool tx_bad; /* a buffer of it does not fit the others */
    /* Receiving: frames with their check sequence, each at a multiple of 4 in a ring; their lengths
     * and status words in the order of arrival. Both FIFOs are read on their own. */
    uint8_t rx_data[LAN_RX_MAX];
    uint32_t rx_at, rx_used; /* start of the oldest frame; bytes in use */
    uint32_t rx_len[LAN_RX_FRAMES], rx_len_first, rx_len_count;
    uint32_t rx_status[LAN_RX_FRAMES], rx_status_first, rx_status_count;
    uint32_t rx_words; /* of the oldest frame: how many words have been read */
};

static inline struct lan9118 *lan_of(struct device *dev)
{
    return (struct lan9118 *)dev;
}

/** Drive the interrupt pin as the registers say. */
void lan_update_irq(struct device *dev);

/* lan9118_phy.c: what is behind registers that give access to registers */
void lan_phy_reset(struct lan9118 *s);
/** Is there a network, and the PHY not off or isolated? */
bool lan_link_up(const struct lan9118 *s);
void lan_csr_cmd_write(struct device *dev, const struct reg_access *a, uint32_t value);
void lan_e2p_write(struct device *dev, const struct reg_access *a, uint32_t value);
/** An EEPROM with the address @mac. */
void lan_eeprom_init(struct lan9118 *s, uint64_t mac);
/** The MAC registers after a reset: with the address of the EEPROM, if that has one. */
void lan_mac_reset(struct lan9118 *s);
/** PHY loopback is on. */
bool lan_phy_loopback(const struct lan9118 *s);

/* lan9118_tx.c */
void lan_tx_reset(struct lan9118 *s);
void lan_tx_data_write(struct device *dev, const struct reg_access *a, uint32_t value);
uint32_t lan_tx_status_read(struct device *dev, const struct reg_access *a);
uint32_t lan_tx_status_peek(struct device *dev, const struct reg_access *a);
uint32_t lan_tx_fifo_read(struct device *dev, const struct reg_access *a);
void lan_tx_cfg_write(struct device *dev, const struct reg_access *a, uint32_t value);
/** KiB of the memory that the transmitter has. */
uint32_t lan_tx_kb(const struct lan9118 *s);

/* lan9118_rx.c */
void lan_rx_reset(struct lan9118 *s);
/** Bring what a snapshot had within bounds. */
void lan_rx_loaded(struct lan9118 *s);
/** A frame arrives, from the network or a loopback. */
void lan_rx_frame(struct lan9118 *s, const uint8_t *frame, size_t len);
extern const struct net_frontend lan_frontend;
uint32_t lan_rx_data_read(struct device *dev, const struct reg_access *a);
uint32_t lan_rx_status_read(struct device *dev, const struct reg_access *a);
uint32_t lan_rx_status_peek(struct device *dev, const struct reg_access *a);
uint32_t lan_rx_fifo_read(struct device *dev, const struct reg_access *a);
uint32_t lan_rx_drop_read(struct device *dev, const struct reg_access *a);
void lan_rx_cfg_write(struct device *dev, const struct reg_access *a, uint32_t value);
void lan_rx_dp_write(struct device *dev, const struct reg_access *a, uint32_t value);
/** Has the status FIFO more words than INT_RSFL allows? */
bool lan_rx_level(const struct lan9118 *s);

#endif
