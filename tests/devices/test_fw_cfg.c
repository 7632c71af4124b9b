/* fw_cfg by MMIO and DMA, with well-formed and hostile descriptors. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/firmware/fw_cfg.h"
#include "tests/devices/support.h"

enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };

static struct device *dev;

static void setup(void)
{
    bench_init(&bench);
    dev = bench_create(&bench, "fw_cfg", NULL, 0);
}

static void teardown(void)
{
    device_free(dev);
    bench_free(&bench);
}

TestSuite(fw_cfg, .init = setup, .fini = teardown);

static void select_key(uint16_t key)
{
    device_write(dev, 0, 0, 8, 2, __builtin_bswap16(key));
}

static uint8_t next_byte(void)
{
    return (uint8_t)device_read(dev, 0, 0, 0, 1);
}

/** Run a descriptor at RAM_BASE + 0x100; returns its control word afterwards. */
static uint32_t dma(uint32_t control, uint32_t len, uint64_t addr)
{
    struct {
        uint32_t control, len;
        uint64_t addr;
    } desc = {__builtin_bswap32(control), __builtin_bswap32(len), __builtin_bswap64(addr)};
    memcpy(bench.ram + 0x100, &desc, sizeof(desc));
    device_write(dev, 0, 0, 16, 8, __builtin_bswap64(RAM_BASE + 0x100));
    memcpy(&desc.control, bench.ram + 0x100, 4);
    return __builtin_bswap32(desc.control);
}

Test(fw_cfg, signature_and_id)
{
    select_key(0);
    cr_assert_eq(next_byte(), 'Q');
    cr_assert_eq(device_read(dev, 0, 0, 0, 2), 'E' | 'M' << 8); /* bytes keep their order */
    cr_assert_eq(next_byte(), 'U');
    cr_assert_eq(device_read(dev, 0, 0, 0, 8), 0); /* beyond the end */
    select_key(1);
    cr_assert_eq(device_read(dev, 0, 0, 0, 8), 3);
    cr_assert_eq(device_read(dev, 0, 0, 16, 8), __builtin_bswap64(0x51454d5520434647ull));
    cr_assert_eq(device_read(dev, 0, 0, 20, 4), __builtin_bswap32(0x20434647));
}

static uint32_t be32(void)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < 4; i++)
        v = v << 8 | next_byte();
    return v;
}

Test(fw_cfg, files)
{
    struct error e = {0};
    char name[FW_CFG_NAME_MAX + 2];
    cr_assert(fw_cfg_add_file(dev, "etc/one", "hello", 5, &e));
    cr_assert(fw_cfg_add_file(dev, "etc/two", "world!", 6, &e));
    cr_assert(fw_cfg_add_file(dev, "etc/one", "HELLO WORLD", 11, &e)); /* replaces */
    memset(name, 'n', sizeof(name));
    name[FW_CFG_NAME_MAX + 1] = 0;
    cr_assert_not(fw_cfg_add_file(dev, name, "", 0, &e));
    name[FW_CFG_NAME_MAX] = 0;
    cr_assert(fw_cfg_add_file(dev, name, "", 0, &e));
    select_key(FW_CFG_FILE_DIR);
    cr_assert_eq(be32(), 3);
    cr_assert_eq(be32(), 11);
    uint16_t key = (uint16_t)(be32() >> 16);
    char got[56];
    for (unsigned i = 0; i < 56; i++)
        got[i] = (char)next_byte();
    cr_assert_str_eq(got, "etc/one");
    select_key(key);
    for (unsigned i = 0; i < 11; i++)
        cr_assert_eq(next_byte(), "HELLO WORLD"[i]);
    for (unsigned i = 3; i < FW_CFG_FILES_MAX; i++) {
        snprintf(name, sizeof(name), "f%u", i);
        cr_assert(fw_cfg_add_file(dev, name, "", 0, &e));
    }
    cr_assert_not(fw_cfg_add_file(dev, "full", "", 0, &e));
}

Test(fw_cfg, dma_read_and_skip)
{
    fw_cfg_add_bytes(dev, FW_CFG_KERNEL_CMDLINE, "0123456789", 10);
    memset(bench.ram, 0xee, RAM_SIZE);
    cr_assert_eq(dma(9 << 16 | DMA_SELECT | DMA_READ, 4, RAM_BASE), 0);
    cr_assert_eq(memcmp(bench.ram, "0123\xee", 5), 0);
    cr_assert_eq(dma(DMA_SKIP, 3, 0), 0);
    cr_assert_eq(dma(DMA_READ, 8, RAM_BASE), 0); /* 3 left, then zeros */
    cr_assert_eq(memcmp(bench.ram, "789\0\0\0\0\0\xee", 9), 0);
    cr_assert_eq(dma(0x3777 << 16 | DMA_SELECT | DMA_READ, 2, RAM_BASE), 0); /* no such item */
    cr_assert_eq(memcmp(bench.ram, "\0\0" "9", 3), 0);
    cr_assert_eq(dma(9 << 16 | DMA_SELECT | DMA_SKIP, 0xffffffff, 0), 0);
    cr_assert_eq(next_byte(), 0);
}

Test(fw_cfg, dma_address_in_halves)
{
    uint32_t desc[4] = {__builtin_bswap32(DMA_SELECT | DMA_READ), __builtin_bswap32(4), 0,
                        __builtin_bswap32((uint32_t)RAM_BASE)};
    memcpy(bench.ram + 0x200, desc, 16);
    device_write(dev, 0, 0, 16, 4, 0);
    cr_assert_eq(bench.ram[0], 0);
    device_write(dev, 0, 0, 20, 4, __builtin_bswap32((uint32_t)RAM_BASE + 0x200));
    cr_assert_eq(memcmp(bench.ram, "QEMU", 4), 0);
}

Test(fw_cfg, hostile_descriptors)
{
    fw_cfg_add_bytes(dev, FW_CFG_KERNEL_CMDLINE, "0123456789", 10);
    uint32_t read = 9 << 16 | DMA_SELECT | DMA_READ;
    cr_assert_eq(dma(read, 4, 0), DMA_ERROR);
    cr_assert_eq(dma(read, 4, UINT64_MAX - 1), DMA_ERROR);
    cr_assert_eq(dma(read, 4, RAM_BASE + RAM_SIZE - 2), DMA_ERROR);
    cr_assert_eq(dma(read, 0xffffffff, RAM_BASE), DMA_ERROR);
    cr_assert_eq(dma(read, 0xffffffff, UINT64_MAX - 0x1000), DMA_ERROR);
    cr_assert_eq(dma(9 << 16 | DMA_SELECT | DMA_WRITE, 4, RAM_BASE), DMA_ERROR); /* read-only */
    cr_assert_eq(dma(0x3fff << 16 | DMA_SELECT | DMA_WRITE, 4, RAM_BASE), DMA_ERROR);
    select_key(9);
    cr_assert_eq(next_byte(), '0'); /* nothing was written */
    device_write(dev, 0, 0, 16, 8, __builtin_bswap64(0x1234)); /* no descriptor there */
    device_write(dev, 0, 0, 16, 8, UINT64_MAX);
    device_write(dev, 0, 0, 20, 2, 1);
}

static size_t written_len;
static uint8_t written_first;

static void written(void *opaque, const uint8_t *data, size_t len)
{
    written_len = len;
    written_first = data[0];
}

Test(fw_cfg, writable_file)
{
    struct error e = {0};
    cr_assert(fw_cfg_add_writable_file(dev, "etc/w", 8, written, NULL, &e));
    memset(bench.ram, 0x5a, 16);
    uint32_t control = FW_CFG_FILE_FIRST << 16 | DMA_SELECT | DMA_WRITE;
    cr_assert_eq(dma(control, 9, RAM_BASE), DMA_ERROR); /* too long */
    cr_assert_eq(written_len, 0);
    cr_assert_eq(dma(control, 4, RAM_BASE), 0);
    cr_assert_eq(written_len, 8);
    cr_assert_eq(written_first, 0x5a);
    cr_assert_eq(dma(DMA_WRITE, 5, RAM_BASE), DMA_ERROR); /* 4 bytes are left */
    select_key(FW_CFG_FILE_FIRST);
    cr_assert_eq(device_read(dev, 0, 0, 0, 8), 0x5a5a5a5aull);
}
