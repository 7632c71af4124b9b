/* MPS2's LAN9118 on a network: brings the chip up as its drivers do, resolves the gateway's
 * address, pings it, and answers UDP datagrams at port 7 until one says "end". */
#include "guest.h"

#define UART0 0x40004000u
#define LAN(reg) REG(ETHERNET + (reg))
enum {
    RX_DATA = 0x00, TX_DATA = 0x20, RX_STATUS = 0x40, TX_STATUS = 0x48, ID_REV = 0x50,
    IRQ_CFG = 0x54, INT_STS = 0x58, INT_EN = 0x5c, TX_CFG = 0x70, HW_CFG = 0x74, RX_FIFO = 0x7c,
    TX_FIFO = 0x80, CSR_CMD = 0xa4, CSR_DATA = 0xa8, E2P_CMD = 0xb0,
};
enum { MAC_CR = 1, MAC_ADDRH = 2, MAC_ADDRL = 3, MII_ACC = 6, MII_DATA = 7 };

static uint8_t mac[6], gateway[6];
static const uint8_t own_ip[4] = {10, 0, 2, 15}, gateway_ip[4] = {10, 0, 2, 2};
static uint8_t in[1600], out[1600];
static volatile uint32_t interrupts;

void put_char(char c)
{
    uart_put(UART0, 4, 1, c);
}

void guest_irq(void)
{
    if (exception_number() - 16 != 13) {
        put_text("strange interrupt\n");
        guest_exit(1);
    }
    interrupts++;
    LAN(INT_EN) = 0;
}

void *memcpy(void *to, const void *from, unsigned n);
void *memcpy(void *to, const void *from, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    return to;
}

static int same(const void *a, const void *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (((const uint8_t *)a)[i] != ((const uint8_t *)b)[i])
            return 0;
    return 1;
}

/* ---- the chip ---- */

static uint32_t mac_read(unsigned reg)
{
    LAN(CSR_CMD) = 0xc0000000u | reg;
    while (LAN(CSR_CMD) >> 31)
        ;
    return LAN(CSR_DATA);
}

static void mac_write(unsigned reg, uint32_t value)
{
    LAN(CSR_DATA) = value;
    LAN(CSR_CMD) = 0x80000000u | reg;
    while (LAN(CSR_CMD) >> 31)
        ;
}

static uint32_t phy_read(unsigned reg)
{
    mac_write(MII_ACC, 1u << 11 | reg << 6 | 1);
    while (mac_read(MII_ACC) & 1)
        ;
    return mac_read(MII_DATA);
}

static void bring_up(void)
{
    LAN(HW_CFG) = 1;
    while (LAN(HW_CFG) & 1)
        ;
    LAN(HW_CFG) = 0x00050000;
    put_value("id", LAN(ID_REV));
    while (LAN(E2P_CMD) >> 31)
        ;
    uint32_t low = mac_read(MAC_ADDRL), high = mac_read(MAC_ADDRH);
    put_value("address", low);
    put_value("address", high);
    for (unsigned i = 0; i < 6; i++)
        mac[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
    put_value("phy", phy_read(2) << 16 | phy_read(3));
    put_value("link", phy_read(1) & 4);
    LAN(INT_STS) = 0xffffffffu;
    LAN(IRQ_CFG) = 0x111;
    NVIC_ENABLE(13);
    mac_write(MAC_CR, 0x0010000cu); /* full duplex, both directions, own address and broadcasts */
    LAN(TX_CFG) = 2;
    put_value("room", LAN(TX_FIFO));
}

static void send(unsigned len)
{
    static uint16_t tag;
    len = len < 60 ? 60 : len;
    LAN(TX_DATA) = 0x3000u | len;
    LAN(TX_DATA) = (uint32_t)++tag << 16 | len;
    for (unsigned i = 0; i < len; i += 4)
        LAN(TX_DATA) = out[i] | (uint32_t)out[i + 1] << 8 | (uint32_t)out[i + 2] << 16 |
                       (uint32_t)out[i + 3] << 24;
    while (!(LAN(TX_FIFO) >> 16 & 0xff))
        ;
    uint32_t status = LAN(TX_STATUS);
    if (status != (uint32_t)tag << 16)
        put_value("transmit status", status);
}

/* Wait for a frame; returns its length without the check sequence. */
static unsigned receive(void)
{
    LAN(INT_STS) = 0xffffffffu;
    if (!(LAN(RX_FIFO) >> 16 & 0xff)) {
        uint32_t before = interrupts;
        LAN(INT_EN) = 1u << 3;
        while (interrupts == before)
            ;
    }
    uint32_t status = LAN(RX_STATUS), len = status >> 16 & 0x3fff;
    for (unsigned i = 0; i < len; i += 4) {
        uint32_t word = LAN(RX_DATA);
        for (unsigned k = 0; k < 4; k++)
            in[i + k] = (uint8_t)(word >> 8 * k);
    }
    if (status & 0x8000)
        put_value("receive status", status);
    return len - 4;
}

/* ---- protocols ---- */

static void put16(unsigned at, unsigned value)
{
    out[at] = (uint8_t)(value >> 8);
    out[at + 1] = (uint8_t)value;
}

static unsigned get16(unsigned at)
{
    return (unsigned)in[at] << 8 | in[at + 1];
}

static unsigned checksum(const uint8_t *data, unsigned len)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < len; i++)
        sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

static void clear(void)
{
    for (unsigned i = 0; i < sizeof(out); i++)
        ((volatile uint8_t *)out)[i] = 0;
}

static void header(const uint8_t *to, unsigned type)
{
    clear();
    memcpy(out, to, 6);
    memcpy(out + 6, mac, 6);
    put16(12, type);
}

static void send_arp(unsigned op, const uint8_t *to, const uint8_t *ip)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255}, head[6] = {0, 1, 8, 0, 6, 4};
    header(op == 1 ? all : to, 0x806);
    memcpy(out + 14, head, 6);
    put16(20, op);
    memcpy(out + 22, mac, 6);
    memcpy(out + 28, own_ip, 4);
    if (op == 2)
        memcpy(out + 32, to, 6);
    memcpy(out + 38, ip, 4);
    send(42);
}

static void send_ip(unsigned protocol, const uint8_t *to, unsigned payload)
{
    out[14] = 0x45;
    put16(16, 20 + payload);
    out[22] = 64;
    out[23] = (uint8_t)protocol;
    memcpy(out + 26, own_ip, 4);
    memcpy(out + 30, to, 4);
    put16(24, checksum(out + 14, 20));
    send(34 + payload);
}

/* Answers questions for our address on the way; everything but IPv4 and answers is passed over. */
static unsigned next_frame(void)
{
    for (;;) {
        unsigned len = receive();
        if (get16(12) == 0x806 && get16(20) == 1 && same(in + 38, own_ip, 4)) {
            uint8_t to[6], ip[4];
            memcpy(to, in + 22, 6);
            memcpy(ip, in + 28, 4);
            send_arp(2, to, ip);
        } else if (get16(12) == 0x806 || get16(12) == 0x800) {
            return len;
        }
    }
}

static void resolve(void)
{
    send_arp(1, 0, gateway_ip);
    do
        next_frame();
    while (get16(12) != 0x806 || get16(20) != 2 || !same(in + 28, gateway_ip, 4));
    memcpy(gateway, in + 22, 6);
    put_text("the gateway is there\n");
    put_value("at", (uint32_t)get16(22) << 16 | get16(24));
}

static void ping(unsigned number, unsigned size)
{
    header(gateway, 0x800);
    out[34] = 8;
    put16(38, 0x1234);
    put16(40, number);
    for (unsigned i = 0; i < size; i++)
        out[42 + i] = (uint8_t)(i * 7);
    put16(36, checksum(out + 34, 8 + size));
    send_ip(1, gateway_ip, 8 + size);
    do
        next_frame();
    while (get16(12) != 0x800 || in[23] != 1 || in[34] != 0 || get16(40) != number);
    put_value(same(in + 42, out + 42, size) ? "pong" : "bad pong", size);
}

static void serve(void)
{
    for (;;) {
        next_frame();
        if (get16(12) != 0x800 || in[23] != 17 || get16(36) != 7)
            continue;
        unsigned size = get16(38) - 8, port = get16(34);
        header(in + 6, 0x800);
        for (unsigned i = 0; i < size; i++)
            out[42 + i] = in[42 + size - 1 - i];
        put16(34, 7);
        put16(36, port);
        put16(38, 8 + size);
        uint8_t to[4];
        memcpy(to, in + 26, 4);
        send_ip(17, to, 8 + size);
        put_value("datagram", size);
        if (size == 3 && same(in + 42, "end", 3))
            return;
    }
}

int guest_main(void)
{
    REG(UART0 + 16) = 16;
    REG(UART0 + 8) = 3;
    bring_up();
    resolve();
    ping(1, 56);
    ping(2, 1);
    ping(3, 1400);
    put_text("ready\n");
    serve();
    put_value("left", LAN(RX_FIFO));
    return 0;
}
