/* PL031 (DDI 0224), PL061 (DDI 0190), the virtio transport, and the placeholder. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/gpio/pl061.h"
#include "devices/virtio/virtio_mmio.h"
#include "tests/devices/support.h"

TestSuite(devices_small, .init = bench_setup, .fini = bench_teardown);

Test(devices_small, pl031)
{
    struct device *rtc = bench_create(&bench, "pl031", NULL, 0);
    device_connect(rtc, 0, probe_line(&irq));
    cr_assert_eq(rd(rtc, 0xfe0), 0x31);
    cr_assert_eq(rd(rtc, 0), BENCH_UTC);
    bench_advance(&bench, 1500 * CLOCK_NS_PER_MS);
    cr_assert_eq(rd(rtc, 0), BENCH_UTC + 1);
    cr_assert_eq(rd(rtc, 0xc), 1);
    wr(rtc, 0x10, 1);
    wr(rtc, 0x04, BENCH_UTC + 3);
    bench_advance(&bench, 1499 * CLOCK_NS_PER_MS);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, CLOCK_NS_PER_MS);
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(rtc, 0x14), 1);
    cr_assert_eq(rd(rtc, 0x18), 1);
    wr(rtc, 0x10, 0);
    cr_assert_eq(irq.level, 0);
    cr_assert_eq(rd(rtc, 0x18), 0);
    wr(rtc, 0x1c, 1);
    cr_assert_eq(rd(rtc, 0x14), 0);
    wr(rtc, 0x08, 0xfffffffe); /* set the time; the counter wraps */
    cr_assert_eq(rd(rtc, 0), 0xfffffffe);
    wr(rtc, 0x04, 1);
    wr(rtc, 0x10, 1);
    bench_advance(&bench, 3 * CLOCK_NS_PER_SEC - 1);
    cr_assert_eq(irq.level, 0);
    bench_advance(&bench, 1);
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(rtc, 0), 1);
    device_free(rtc);
}

Test(devices_small, pl061_data_and_direction)
{
    struct device *gpio = bench_create(&bench, "pl061", NULL, 0);
    struct probe pin0 = {0}, pin1 = {0};
    struct irq_line in3 = device_input(gpio, 3);
    device_connect(gpio, 0, probe_line(&pin0));
    device_connect(gpio, 1, probe_line(&pin1));
    cr_assert_eq(rd(gpio, 0xfe0), 0x61);
    irq_raise(&in3);
    cr_assert_eq(rd(gpio, 0x3fc), 8);
    cr_assert_eq(rd(gpio, 0x3fc & ~(8 << 2)), 0); /* masked by the address */
    wr(gpio, 0x400, 3);
    wr(gpio, 0x3fc, 0xff);
    cr_assert_eq(pin0.level && pin1.level, 1);
    cr_assert_eq(rd(gpio, 0x3fc), 0xb);
    wr(gpio, 1 << 2, 0); /* pin 0 alone */
    cr_assert_eq(pin0.level, 0);
    cr_assert_eq(pin1.level, 1);
    wr(gpio, 0x420, 0xffff);
    cr_assert_eq(rd(gpio, 0x420), 0xff);
    device_free(gpio);
}

Test(devices_small, pl061_interrupts)
{
    struct device *gpio = bench_create(&bench, "pl061", NULL, 0);
    struct irq_line in3 = device_input(gpio, 3), in4 = device_input(gpio, 4);
    device_connect(gpio, PL061_IRQ, probe_line(&irq));
    wr(gpio, 0x410, 0x18);
    wr(gpio, 0x40c, 0x08); /* 3: rising, 4: falling */
    irq_raise(&in4);
    cr_assert_eq(irq.level, 0);
    irq_pulse(&in3);
    cr_assert_eq(irq.level, 1);
    cr_assert_eq(rd(gpio, 0x414), 0x08);
    irq_lower(&in4);
    cr_assert_eq(rd(gpio, 0x418), 0x18);
    wr(gpio, 0x41c, 0x18);
    cr_assert_eq(irq.level, 0);
    wr(gpio, 0x408, 0x08); /* both edges of 3 */
    irq_raise(&in3);
    wr(gpio, 0x41c, 0xff);
    irq_lower(&in3);
    cr_assert_eq(irq.level, 1);
    wr(gpio, 0x41c, 0xff);
    wr(gpio, 0x404, 0x10); /* 4 level-sensitive, low */
    cr_assert_eq(irq.level, 1);
    wr(gpio, 0x41c, 0xff); /* a level cannot be cleared */
    cr_assert_eq(irq.level, 1);
    irq_raise(&in4);
    cr_assert_eq(irq.level, 0);
    device_free(gpio);
}

Test(devices_small, placeholder)
{
    struct property_value v = {.name = "size", .number = 0x20};
    struct device *dev = bench_create(&bench, "unimplemented", &v, 1);
    wr(dev, 4, 0xffffffff);
    cr_assert_eq(rd(dev, 4), 0);
    cr_assert_eq(device_read(dev, 0, 0, 0x18, 8), 0);
    device_free(dev);
}

/* ---- virtio ---- */

static unsigned notified, status_seen, config_byte;

static void be_notify(struct virtio_backend *b, unsigned queue)
{
    notified |= BIT(queue);
}

static void be_status(struct virtio_backend *b, uint32_t status)
{
    status_seen = status;
}

static uint32_t be_config_read(struct virtio_backend *b, uint32_t offset, unsigned size)
{
    return offset * 0x10 + size;
}

static void be_config_write(struct virtio_backend *b, uint32_t offset, unsigned size,
                            uint32_t value)
{
    config_byte = value;
}

static const struct virtio_backend_ops be_ops = {be_notify, be_status, be_config_read,
                                                 be_config_write};

Test(devices_small, virtio_empty)
{
    struct device *dev = bench_create(&bench, "virtio-mmio", NULL, 0);
    cr_assert_eq(rd(dev, 0), 0x74726976);
    cr_assert_eq(rd(dev, 4), 2);
    cr_assert_eq(rd(dev, 8), 0);
    cr_assert_neq(rd(dev, 0xc), 0);
    wr(dev, 0x70, 0xff);
    wr(dev, 0x50, 0);
    cr_assert_eq(rd(dev, 0x70), 0);
    cr_assert_eq(rd(dev, 0x100), 0);
    cr_assert(virtio_mmio_is_empty(dev));
    device_free(dev);
}

Test(devices_small, virtio_current)
{
    struct virtio_backend be = {.ops = &be_ops, .device_id = 2,
                                .features = BIT64(5) | BIT64(33), .queue_num_max = {256, 0, 64}};
    struct device *dev = bench_create(&bench, "virtio-mmio", NULL, 0);
    virtio_mmio_attach(dev, &be);
    device_connect(dev, 0, probe_line(&irq));
    cr_assert_eq(rd(dev, 8), 2);
    wr(dev, 0x70, 3);
    cr_assert_eq(rd(dev, 0x10), BIT(5));
    wr(dev, 0x14, 1);
    cr_assert_eq(rd(dev, 0x10), 3); /* VERSION_1 and 33 */
    wr(dev, 0x14, 2);
    cr_assert_eq(rd(dev, 0x10), 0);
    wr(dev, 0x70, 3 | 8);
    cr_assert_eq(rd(dev, 0x70), 3); /* VERSION_1 was not accepted */
    wr(dev, 0x20, 0xffffffff);
    wr(dev, 0x24, 1);
    wr(dev, 0x20, 1);
    wr(dev, 0x70, 3 | 8);
    cr_assert_eq(rd(dev, 0x70), 11);
    cr_assert_eq(be.driver_features, BIT64(32) | BIT64(5)); /* only what was offered */
    wr(dev, 0x20, 0);
    cr_assert_eq(be.driver_features, BIT64(32) | BIT64(5)); /* settled */
    wr(dev, 0x30, 2);
    cr_assert_eq(rd(dev, 0x34), 64);
    wr(dev, 0x38, 128);
    wr(dev, 0x38, 48);
    cr_assert_eq(be.queues[2].num, 0);
    wr(dev, 0x38, 32);
    wr(dev, 0x80, 0x1000);
    wr(dev, 0x84, 0x1);
    wr(dev, 0x90, 0x2000);
    wr(dev, 0xa4, 0x3);
    wr(dev, 0x44, 1);
    cr_assert_eq(be.queues[2].num, 32);
    cr_assert_eq(be.queues[2].desc, 0x100001000ull);
    cr_assert_eq(be.queues[2].avail, 0x2000);
    cr_assert_eq(be.queues[2].used, 0x300000000ull);
    cr_assert_eq(be.queues[2].ready, 1);
    cr_assert_eq(rd(dev, 0x44), 1);
    notified = 0;
    wr(dev, 0x50, 2);
    cr_assert_eq(notified, 0); /* not before DRIVER_OK */
    wr(dev, 0x70, 15);
    wr(dev, 0x50, 2);
    wr(dev, 0x50, 1); /* no such queue */
    wr(dev, 0x50, 0xffffffff);
    cr_assert_eq(notified, BIT(2));
    wr(dev, 0x30, 0x80000002);
    cr_assert_eq(rd(dev, 0x34), 0);
    cr_assert_eq(rd(dev, 0x44), 0);
    wr(dev, 0x44, 0);
    be.interrupt(be.transport, false);
    be.interrupt(be.transport, true);
    cr_assert_eq(rd(dev, 0x60), 3);
    cr_assert_eq(rd(dev, 0xfc), 1);
    wr(dev, 0x64, 1);
    cr_assert_eq(irq.level, 1);
    wr(dev, 0x64, 2);
    cr_assert_eq(irq.level, 0);
    cr_assert_eq(device_read(dev, 0, 0, 0x102, 1), 0x21);
    device_write(dev, 0, 0, 0x103, 1, 0xab);
    cr_assert_eq(config_byte, 0xab);
    wr(dev, 0x70, 0);
    cr_assert_eq(status_seen, 0);
    cr_assert_eq(be.queues[2].ready, 0);
    cr_assert_eq(be.driver_features, 0);
    device_free(dev);
}

Test(devices_small, virtio_legacy)
{
    struct virtio_backend be = {.ops = &be_ops, .device_id = 1, .features = BIT64(5),
                                .queue_num_max = {256}};
    struct property_value v = {.name = "legacy", .number = 1};
    struct device *dev = bench_create(&bench, "virtio-mmio", &v, 1);
    virtio_mmio_attach(dev, &be);
    cr_assert_eq(rd(dev, 4), 1);
    wr(dev, 0x28, 4096);
    wr(dev, 0x30, 0);
    wr(dev, 0x38, 256);
    wr(dev, 0x3c, 4096);
    wr(dev, 0x40, 0x40100);
    cr_assert_eq(be.queues[0].desc, 0x40100000);
    cr_assert_eq(be.queues[0].avail, 0x40101000);
    cr_assert_eq(be.queues[0].used, 0x40102000);
    cr_assert_eq(be.queues[0].ready, 1);
    cr_assert_eq(rd(dev, 0x40), 0x40100);
    device_free(dev);
}
