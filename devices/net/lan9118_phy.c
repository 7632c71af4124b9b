/* What the LAN9118 reaches through command and data registers: MAC registers (5.4), behind two of
 * these the PHY's (5.5), and the EEPROM (3.9). All commands end at once. */
#include <string.h>

#include "devices/net/lan9118_internal.h"
#include "util/log.h"

#define CSR_BUSY BIT(31)
#define CSR_READ BIT(30)
#define MII_WRITE BIT(1)
#define MII_BUSY BIT(0)

/* PHY registers by number. */
enum {
    PHY_CONTROL = 0, PHY_STATUS = 1, PHY_ID1 = 2, PHY_ID2 = 3, PHY_ADVERTISE = 4, PHY_PARTNER = 5,
    PHY_EXPANSION = 6, PHY_MODE = 17, PHY_SPECIAL = 31,
};
#define PHY_CONTROL_RESET BIT(15)
#define PHY_CONTROL_LOOPBACK BIT(14)
#define PHY_CONTROL_NEGOTIATE BIT(12)
#define PHY_CONTROL_POWER_DOWN BIT(11)
#define PHY_CONTROL_ISOLATE BIT(10)
#define PHY_CONTROL_RESTART BIT(9)
#define PHY_STATUS_CAPABLE 0x7809u
#define PHY_STATUS_LINK BIT(2)
#define PHY_STATUS_NEGOTIATED BIT(5)
#define PHY_INT_NEGOTIATED BIT(6)
#define PHY_INT_LINK_DOWN BIT(4)

/* ---- PHY ---- */

bool lan_link_up(const struct lan9118 *s)
{
    return s->net && !(s->phy[PHY_CONTROL] & (PHY_CONTROL_POWER_DOWN | PHY_CONTROL_ISOLATE));
}

bool lan_phy_loopback(const struct lan9118 *s)
{
    return s->phy[PHY_CONTROL] & PHY_CONTROL_LOOPBACK;
}

/* The link is there, or is not, at once. The partner can do 10 and 100 Mbit/s, full and half
 * duplex, and pause. */
static void phy_update(struct lan9118 *s)
{
    bool up = lan_link_up(s), was_up = s->phy[PHY_STATUS] & PHY_STATUS_LINK;
    bool negotiated = up && (s->phy[PHY_CONTROL] & PHY_CONTROL_NEGOTIATE);
    s->phy[PHY_STATUS] = PHY_STATUS_CAPABLE | (up ? PHY_STATUS_LINK : 0) |
                         (negotiated ? PHY_STATUS_NEGOTIATED : 0);
    s->phy[PHY_PARTNER] = negotiated ? 0x45e1 : 0;
    s->phy[PHY_EXPANSION] = negotiated;
    s->phy[PHY_MODE] = up ? 2 : 0;                  /* energy on the line */
    s->phy[PHY_SPECIAL] = negotiated ? 0x1018 : 0; /* done: 100 Mbit/s, full duplex */
    if (was_up && !up)
        s->phy[PHY_INT_SOURCE] |= PHY_INT_LINK_DOWN;
}

void lan_phy_reset(struct lan9118 *s)
{
    memset(s->phy, 0, sizeof(s->phy));
    s->phy[PHY_CONTROL] = 0x3000;
    s->phy[PHY_ID1] = 0x0007;
    s->phy[PHY_ID2] = 0xc0d1;
    s->phy[PHY_ADVERTISE] = 0x01e1;
    phy_update(s);
}

static uint32_t phy_read(struct lan9118 *s, unsigned reg)
{
    uint32_t value = s->phy[reg];
    if (reg == PHY_INT_SOURCE)
        s->phy[reg] = 0;
    return value;
}

static void phy_control(struct lan9118 *s, uint32_t value)
{
    if (value & PHY_CONTROL_RESET) {
        lan_phy_reset(s);
        return;
    }
    s->phy[PHY_CONTROL] = value & 0x7d80u;
    phy_update(s);
    if ((value & PHY_CONTROL_RESTART) && (s->phy[PHY_STATUS] & PHY_STATUS_NEGOTIATED))
        s->phy[PHY_INT_SOURCE] |= PHY_INT_NEGOTIATED;
    if (s->net)
        net_accept_input(s->net);
}

static void phy_write(struct lan9118 *s, unsigned reg, uint32_t value)
{
    if (reg == PHY_CONTROL)
        phy_control(s, value);
    else if (reg == PHY_ADVERTISE)
        s->phy[reg] = (value & 0x2d7f) | 0x80;
    else if (reg == PHY_INT_MASK)
        s->phy[reg] = value & 0xff;
    else
        log_write(LOG_GUEST_ERRORS, "%s: write of 0x%x to PHY register %u", s->base.name, value,
                  reg);
}

/* ---- MAC ---- */

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
    if (reg == MAC_CR && s->net)
        net_accept_input(s->net);
}

void lan_csr_cmd_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    unsigned reg = value & 0xff;
    s->csr_cmd = value & ~CSR_BUSY;
    if (!(value & CSR_BUSY))
        return;
    if (!reg || reg >= LAN_MAC_REGS)
        log_write(LOG_GUEST_ERRORS, "%s: there is no MAC register %u", dev->name, reg);
    else if (value & CSR_READ)
        s->csr_data = s->mac[reg];
    else
        mac_write(s, reg, s->csr_data);
    lan_update_irq(dev);
}

/* ---- EEPROM ---- */

enum { EEPROM_VALID = 0xa5 }; /* byte 0, if an address follows */
enum {
    E2P_READ, E2P_WRITE_DISABLE, E2P_WRITE_ENABLE, E2P_WRITE, E2P_WRITE_ALL, E2P_ERASE,
    E2P_ERASE_ALL, E2P_RELOAD,
};
#define E2P_ADDRESS_LOADED BIT(8)

void lan_eeprom_init(struct lan9118 *s, uint64_t mac)
{
    memset(s->eeprom, 0xff, sizeof(s->eeprom));
    s->eeprom[0] = EEPROM_VALID;
    for (unsigned i = 0; i < 6; i++)
        s->eeprom[1 + i] = (uint8_t)(mac >> 8 * (5 - i));
}

/* The first byte on the wire is the lowest. */
static void load_address(struct lan9118 *s)
{
    bool valid = s->eeprom[0] == EEPROM_VALID;
    s->e2p_cmd = (s->e2p_cmd & ~(uint32_t)E2P_ADDRESS_LOADED) | (valid ? E2P_ADDRESS_LOADED : 0);
    s->mac[MAC_ADDRL] = 0xffffffffu;
    s->mac[MAC_ADDRH] = 0xffff;
    for (unsigned i = 0; valid && i < 6; i++)
        if (i < 4)
            s->mac[MAC_ADDRL] = bits_put(s->mac[MAC_ADDRL], 8 * i, 8, s->eeprom[1 + i]);
        else
            s->mac[MAC_ADDRH] = bits_put(s->mac[MAC_ADDRH], 8 * (i - 4), 8, s->eeprom[1 + i]);
}

void lan_mac_reset(struct lan9118 *s)
{
    memset(s->mac, 0, sizeof(s->mac));
    s->mac[MAC_CR] = 0x00040000;
    s->eeprom_writable = false;
    load_address(s);
}

void lan_e2p_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct lan9118 *s = lan_of(dev);
    unsigned command = bits_get(value, 28, 3), at = value & 0x7f;
    s->e2p_cmd = (value & 0x700000ff) | (s->e2p_cmd & E2P_ADDRESS_LOADED);
    if (!(value & BIT(31)))
        return;
    if (command == E2P_READ)
        s->e2p_data = s->eeprom[at];
    else if (command == E2P_WRITE_DISABLE || command == E2P_WRITE_ENABLE)
        s->eeprom_writable = command == E2P_WRITE_ENABLE;
    else if (command == E2P_RELOAD)
        load_address(s);
    else if (!s->eeprom_writable)
        log_write(LOG_GUEST_ERRORS, "%s: the EEPROM is not enabled for writing", dev->name);
    else if (command == E2P_WRITE || command == E2P_ERASE)
        s->eeprom[at] = command == E2P_WRITE ? (uint8_t)s->e2p_data : 0xff;
    else
        memset(s->eeprom, command == E2P_WRITE_ALL ? (int)(s->e2p_data & 0xff) : 0xff,
               sizeof(s->eeprom));
}
