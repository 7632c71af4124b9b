/* The LAN9118 on a network that is the test, as its data sheet says. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "devices/net/ether.h"
#include "host/net.h"
#include "tests/devices/support.h"

enum {
    RX_DATA = 0x00, TX_DATA = 0x20, RX_STATUS = 0x40, RX_PEEK = 0x44, TX_STATUS = 0x48,
    INT_STS = 0x58, INT_EN = 0x5c, FIFO_INT = 0x68, RX_CFG = 0x6c, TX_CFG = 0x70, HW_CFG = 0x74,
    RX_DP = 0x78, RX_FIFO = 0x7c, TX_FIFO = 0x80, RX_DROP = 0xa0, E2P_CMD = 0xb0, E2P_DATA = 0xb4,
};
enum { MAC_CR = 1, ADDRH = 2, ADDRL = 3, HASHH = 4, HASHL = 5 };
#define CR_ON 0x0000000cu

static struct net *net;
static struct device *d;
static uint8_t sent[2048];
static size_t sent_len;
static unsigned sent_count;

static void record(void *opaque, const uint8_t *frame, size_t len)
{
    memcpy(sent, frame, len);
    sent_len = len;
    sent_count++;
}

static const struct net_backend recorder = {record, NULL};

static void mac_write(unsigned reg, uint32_t value)
{
    wr(d, 0xa8, value);
    wr(d, 0xa4, 0x80000000u | reg);
}

static uint32_t mac_read(unsigned reg)
{
    wr(d, 0xa4, 0xc0000000u | reg);
    return rd(d, 0xa8);
}

static void phy_write(unsigned reg, uint32_t value)
{
    mac_write(7, value);
    mac_write(6, 1u << 11 | reg << 6 | 3);
}

static uint32_t phy_read(unsigned reg)
{
    mac_write(6, 1u << 11 | reg << 6 | 1);
    return mac_read(7);
}

static void setup(void)
{
    bench_init(&bench);
    net = net_new(&recorder, NULL);
    sent_count = 0;
    const struct property_value values[] = {{.name = "netdev", .pointer = net},
                                            {.name = "mac", .number = 0x021122334455}};
    d = bench_create(&bench, "lan9118", values, 2);
    irq = (struct probe){0};
    device_connect(d, 0, probe_line(&irq));
    wr(d, 0x54, 0x111); /* active high */
    wr(d, TX_CFG, 2);
    mac_write(MAC_CR, CR_ON);
}

static void teardown(void)
{
    device_free(d);
    net_free(net);
    bench_free(&bench);
}

TestSuite(devices_lan9118, .init = setup, .fini = teardown);

/* A frame of @len bytes for @to, the rest a pattern that starts with @seed. */
static void arrive(const char *to, size_t len, uint8_t seed)
{
    uint8_t frame[NET_FRAME_MAX];
    for (size_t i = 0; i < len; i++)
        frame[i] = (uint8_t)(seed + i);
    memcpy(frame, to, 6);
    net_deliver(net, frame, len);
}

#define OWN "\x02\x11\x22\x33\x44\x55"
#define OTHER "\x02\x11\x22\x33\x44\x56"
#define BROADCAST "\xff\xff\xff\xff\xff\xff"
#define GROUP "\x01\x00\x5e\x00\x00\x01" /* hash 31 */
#define GROUP6 "\x33\x33\x00\x00\x00\x01"

/* ---- ids and registers behind registers ---- */

Test(devices_lan9118, link_and_address)
{
    cr_assert_eq(mac_read(ADDRL), 0x33221102);
    cr_assert_eq(mac_read(ADDRH), 0x5544);
    cr_assert_eq(phy_read(1) & 0x24, 0x24); /* link, negotiated */
    cr_assert_eq(phy_read(5) & 0x101, 0x101);
    phy_write(30, 0x10);
    wr(d, INT_EN, 1 << 18);
    phy_write(0, 0x0800); /* power down */
    cr_assert_eq(phy_read(1) & 0x24, 0);
    cr_assert_eq(irq.level, 1); /* link down */
    cr_assert_eq(phy_read(29), 0x10);
    cr_assert_eq(phy_read(29), 0);
    arrive(OWN, 60, 0);
    cr_assert_eq(rd(d, RX_FIFO), 0);
    phy_write(0, 0x8000);
    cr_assert_eq(phy_read(0), 0x3000);
    cr_assert_eq(phy_read(1) & 0x24, 0x24);
}

static void eeprom(uint32_t command, uint32_t address)
{
    wr(d, E2P_CMD, 0x80000000u | command << 28 | address);
    cr_assert_eq(rd(d, E2P_CMD) >> 31, 0);
}

Test(devices_lan9118, eeprom)
{
    static const uint8_t expected[] = {0xa5, 0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0xff};
    for (unsigned i = 0; i < sizeof(expected); i++) {
        eeprom(0, i);
        cr_assert_eq(rd(d, E2P_DATA), expected[i]);
    }
    wr(d, E2P_DATA, 0x77);
    eeprom(3, 6); /* not enabled */
    eeprom(0, 6);
    cr_assert_eq(rd(d, E2P_DATA), 0x55);
    wr(d, E2P_DATA, 0x77);
    eeprom(2, 0);
    eeprom(3, 6);
    cr_assert_eq(mac_read(ADDRH), 0x5544);
    eeprom(7, 0);
    cr_assert_eq(mac_read(ADDRH), 0x7744);
    wr(d, HW_CFG, 1); /* it outlives a reset */
    cr_assert_eq(mac_read(ADDRH), 0x7744);
    eeprom(2, 0);
    eeprom(6, 0); /* erase all: no address to be loaded */
    eeprom(7, 0);
    cr_assert_eq(rd(d, E2P_CMD) & 0x100, 0);
    cr_assert_eq(mac_read(ADDRL), 0xffffffff);
}

/* ---- sending ---- */

/* A buffer: @size bytes of a pattern that goes on from @from, behind @offset bytes, up to a
 * multiple of @unit. */
static void write_buffer(uint32_t a, uint32_t b, unsigned from, unsigned size, unsigned offset,
                         unsigned unit)
{
    uint8_t bytes[2100] = {0};
    for (unsigned i = 0; i < size; i++)
        bytes[offset + i] = (uint8_t)(from + i);
    unsigned total = (offset + size + unit - 1) / unit * unit;
    wr(d, TX_DATA, a | offset << 16 | size);
    wr(d, TX_DATA, b);
    for (unsigned i = 0; i < total; i += 4)
        wr(d, TX_DATA,
           bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | (uint32_t)bytes[i + 3] << 24);
}

static bool sent_pattern(unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        if (sent[i] != (uint8_t)i)
            return false;
    return true;
}

Test(devices_lan9118, transmit)
{
    write_buffer(0x3000, 0x12340000 | 100, 0, 100, 0, 4);
    cr_assert(sent_count == 1 && sent_len == 100 && sent_pattern(100));
    cr_assert_eq(rd(d, TX_FIFO), 1 << 16 | 0x1200);
    cr_assert_eq(rd(d, TX_STATUS), 0x12340000);
    /* three buffers with offsets and alignments; the last one asks for an interrupt */
    wr(d, INT_EN, 1 << 21);
    write_buffer(0x2000, 77, 0, 14, 3, 4);
    cr_assert_eq(rd(d, TX_FIFO), 0x1200 - 16);
    write_buffer(0x01000000, 77, 14, 33, 31, 16);
    cr_assert(sent_count == 1 && !irq.level);
    write_buffer(0x82001000, 77, 47, 30, 1, 32);
    cr_assert(sent_count == 2 && sent_len == 77 && sent_pattern(77) && irq.level);
}

Test(devices_lan9118, padding_and_check_sequence)
{
    write_buffer(0x3000, 42, 0, 42, 0, 4);
    cr_assert(sent_len == 60 && sent_pattern(42) && !sent[42] && !sent[59]);
    write_buffer(0x3000, 1 << 12 | 42, 0, 42, 0, 4); /* not to be padded */
    cr_assert_eq(sent_len, 42);
    write_buffer(0x3000, 1 << 13 | 64, 0, 64, 0, 4); /* brings its own check sequence */
    cr_assert(sent_count == 3 && sent_len == 60 && sent_pattern(60));
}

Test(devices_lan9118, transmit_errors)
{
    write_buffer(0x3000, 101, 0, 100, 0, 4);
    cr_assert(sent_count == 0 && rd(d, INT_STS) & 1 << 13);
    write_buffer(0x2000, 2400, 0, 2000, 0, 4);
    write_buffer(0x1000, 2400, 0, 400, 0, 4); /* too long for a frame */
    cr_assert_eq(sent_count, 0);
    write_buffer(0x3000, 60, 0, 60, 0, 4);
    cr_assert_eq(sent_count, 1);
    phy_write(0, 0x0400); /* isolated */
    rd(d, TX_STATUS);
    write_buffer(0x3000, 0x00010000 | 60, 0, 60, 0, 4);
    cr_assert_eq(rd(d, TX_STATUS), 0x18c00);
    phy_write(0, 0x3000);
    mac_write(MAC_CR, CR_ON & ~8u);
    write_buffer(0x3000, 60, 0, 60, 0, 4);
    cr_assert_eq(sent_count, 1);
}

Test(devices_lan9118, loopback)
{
    mac_write(MAC_CR, CR_ON | 1 << 21 | 1 << 18);
    write_buffer(0x3000, 60, 0, 60, 0, 4);
    cr_assert_eq(sent_count, 0);
    cr_assert_eq(rd(d, RX_STATUS) >> 16, 64);
    mac_write(MAC_CR, CR_ON | 1 << 18);
    phy_write(0, 0x4000);
    write_buffer(0x3000, 60, 0, 60, 0, 4);
    cr_assert_eq(sent_count, 0);
    cr_assert_eq(rd(d, RX_STATUS) >> 16, 64);
}

/* ---- receiving ---- */

Test(devices_lan9118, check_sequence)
{
    /* the published check value */
    cr_assert_eq(ether_fcs((const uint8_t *)"123456789", 9), 0xcbf43926);
    cr_assert_eq(ether_hash((const uint8_t *)GROUP), 31);
    cr_assert_eq(ether_hash((const uint8_t *)OWN), 49);
}

Test(devices_lan9118, receive)
{
    wr(d, INT_EN, 1 << 3);
    arrive(OWN, 61, 9);
    cr_assert_eq(irq.level, 1);
    wr(d, INT_STS, 0xffffffff);
    cr_assert_eq(irq.level, 1); /* there still is a frame */
    cr_assert_eq(rd(d, RX_FIFO), 1 << 16 | 68);
    cr_assert_eq(rd(d, RX_PEEK), 65 << 16 | 0x20);
    cr_assert_eq(rd(d, RX_STATUS), 65 << 16 | 0x20);
    wr(d, INT_STS, 0xffffffff);
    cr_assert_eq(irq.level, 0);
    uint8_t bytes[68];
    for (unsigned i = 0; i < 68; i += 4) {
        uint32_t word = rd(d, RX_DATA + i % 32); /* every address of the window */
        memcpy(bytes + i, &word, 4);
    }
    cr_assert(!memcmp(bytes, OWN, 6) && bytes[6] == 15 && bytes[60] == 69);
    uint32_t fcs = ether_fcs(bytes, 61);
    cr_assert(!memcmp(bytes + 61, &fcs, 4));
    cr_assert_eq(rd(d, RX_FIFO), 0);
    cr_assert_eq(rd(d, RX_DATA), 0);
    cr_assert(rd(d, INT_STS) & 1 << 14); /* nothing to be read */
}

Test(devices_lan9118, offset_and_alignment)
{
    /* ends at 16 bytes, 18 in front, a count of three words */
    wr(d, RX_CFG, 1u << 30 | 18 << 8 | 3 << 16);
    arrive(OWN, 42, 9);
    cr_assert_eq(rd(d, RX_STATUS) >> 16, 64); /* padded on the wire */
    for (unsigned i = 0; i < 4; i++)
        rd(d, RX_DATA);
    cr_assert(rd(d, INT_STS) & 1 << 20);
    cr_assert_eq(rd(d, RX_DATA), 0x11020000);
    cr_assert_eq(rd(d, RX_DATA), 0x55443322);
    cr_assert_eq(rd(d, RX_DATA), 0x1211100f);
    for (unsigned i = 7; i < 96 / 4; i++) {
        cr_assert_neq(rd(d, RX_FIFO), 0);
        rd(d, RX_DATA);
    }
    cr_assert_eq(rd(d, RX_FIFO), 0);
}

static bool accepted(const char *to)
{
    wr(d, RX_CFG, 0x8000);
    arrive(to, 60, 0);
    return rd(d, RX_FIFO) >> 16 == 1;
}

Test(devices_lan9118, filter)
{
    static const struct {
        uint32_t cr, high, low;
        bool own, other, broadcast, group, group6;
    } cases[] = {
        {0, 0xffffffff, 0xffffffff, true, false, true, false, false},
        {1 << 11, 0, 0, true, false, false, false, false},          /* no broadcasts */
        {1 << 18, 0, 0, true, true, true, true, true},              /* promiscuous */
        {1 << 19, 0, 0, true, false, true, true, true},             /* all groups */
        {1 << 17, 0, 0, false, true, true, true, true},             /* inverse */
        {1 << 13, 0, 0x80000000u, true, false, true, true, false}, /* groups by hash */
        {5 << 13, 0, 0, false, false, true, false, false},          /* all by hash */
        {5 << 13, 0xffffffff, 0xffffffff, true, true, true, true, true},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        mac_write(HASHH, cases[i].high);
        mac_write(HASHL, cases[i].low);
        mac_write(MAC_CR, CR_ON | cases[i].cr);
        cr_expect_eq(accepted(OWN), cases[i].own, "%u", i);
        cr_expect_eq(accepted(OTHER), cases[i].other, "%u", i);
        cr_expect_eq(accepted(BROADCAST), cases[i].broadcast, "%u", i);
        cr_expect_eq(accepted(GROUP), cases[i].group, "%u", i);
        cr_expect_eq(accepted(GROUP6), cases[i].group6, "%u", i);
    }
    mac_write(MAC_CR, CR_ON | 1u << 31);
    cr_assert(accepted(OTHER));
    cr_assert_eq(rd(d, RX_STATUS) & 1 << 30, 1 << 30);
    mac_write(MAC_CR, CR_ON);
    cr_assert(accepted(BROADCAST) && rd(d, RX_STATUS) & 1 << 13);
    mac_write(MAC_CR, CR_ON | 1 << 19);
    cr_assert(accepted(GROUP) && rd(d, RX_STATUS) & 1 << 10);
    mac_write(MAC_CR, 0);
    cr_assert(!accepted(OWN));
}

/* What does not fit waits in the network, in order; around the end of the FIFO's memory as well. */
Test(devices_lan9118, many)
{
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 30; i++)
            arrive(OWN, 1000, (uint8_t)(i + round));
        cr_assert_eq(rd(d, RX_FIFO) >> 16, 10); /* 10560 bytes, less one longest frame */
        for (unsigned i = 0; i < 30; i++) {
            cr_assert_eq(rd(d, RX_STATUS) >> 16, 1004);
            rd(d, RX_DATA);
            cr_assert_eq(rd(d, RX_DATA) >> 16 & 0xff, (i + round + 6) & 0xff);
            for (unsigned k = 2; k < 1004 / 4; k++)
                rd(d, RX_DATA);
        }
        cr_assert_eq(rd(d, RX_FIFO), 0);
    }
    cr_assert_eq(rd(d, RX_DROP), 0);
}

Test(devices_lan9118, fast_forward_and_dump)
{
    arrive(OWN, 200, 1);
    arrive(OWN, 100, 2);
    rd(d, RX_DATA);
    wr(d, RX_DP, 0x80000000);
    cr_assert_eq(rd(d, RX_DP), 0);
    cr_assert_eq(rd(d, RX_FIFO), 2 << 16 | 104);
    rd(d, RX_DATA);
    cr_assert_eq(rd(d, RX_DATA) >> 16, 0x0908);
    wr(d, RX_CFG, 0x8000);
    cr_assert(rd(d, RX_FIFO) == 0 && rd(d, RX_CFG) == 0);
    arrive(OWN, 100, 2);
    wr(d, HW_CFG, 1);
    cr_assert_eq(rd(d, RX_FIFO), 0);
}

/* A snapshot in the middle of a frame. */
Test(devices_lan9118, saved_and_loaded)
{
    arrive(OWN, 100, 1);
    rd(d, RX_DATA);
    uint8_t *state = calloc(1, device_state_size(d));
    device_save(d, state);
    uint32_t word = rd(d, RX_DATA);
    wr(d, HW_CFG, 1);
    device_load(d, state);
    cr_assert_eq(rd(d, RX_DATA), word);
    cr_assert_eq(rd(d, RX_FIFO), 1 << 16 | 104);
    free(state);
}
