/* State lists and random accesses, for every class of the registry. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "devices/i2c/i2c.h"
#include "devices/intc/gicv2.h"
#include "devices/timer/arch_timer.h"
#include "devices/virtio/virtio_mmio.h"
#include "tests/devices/support.h"

static const struct property_value gic_secure[] = {{.name = "num_cpus", .number = 3},
                                                   {.name = "num_irqs", .number = 1020},
                                                   {.name = "security", .number = 1}};
static const struct property_value gic_plain[] = {{.name = "num_cpus", .number = 8},
                                                  {.name = "num_irqs", .number = 40}};
static const struct property_value timer_two[] = {{.name = "num_cpus", .number = 2}};
static const struct property_value legacy[] = {{.name = "legacy", .number = 1}};

/* A class may come several times; cpus: how many CPUs access it. */
static const struct subject {
    const char *class;
    const struct property_value *values;
    unsigned count, cpus;
} subjects[] = {
    {"arch-timer", timer_two, 1, 2},
    {"cmsdk-dualtimer", NULL, 0, 1},
    {"cmsdk-gpio", NULL, 0, 1},
    {"cmsdk-timer", NULL, 0, 1},
    {"cmsdk-uart", NULL, 0, 1},
    {"cmsdk-watchdog", NULL, 0, 1},
    {"fw_cfg", NULL, 0, 1},
    {"gicv2", gic_plain, 2, 8},
    {"gicv2", gic_secure, 3, 3},
    {"gicv2m", NULL, 0, 1},
    {"lan9118", NULL, 0, 1},
    {"lm3s-adc", NULL, 0, 1},
    {"lm3s-flash", NULL, 0, 1},
    {"lm3s-gptm", NULL, 0, 1},
    {"lm3s-i2c", NULL, 0, 1},
    {"lm3s-sysctl", NULL, 0, 1},
    {"luminary-watchdog", NULL, 0, 1},
    {"mag3110", NULL, 0, 1},
    {"microbit-leds", NULL, 0, 1},
    {"mma8653", NULL, 0, 1},
    {"mps2-fpgaio", NULL, 0, 1},
    {"mps2-scc", NULL, 0, 1},
    {"nrf51-adc", NULL, 0, 1},
    {"nrf51-clock", NULL, 0, 1},
    {"nrf51-ficr", NULL, 0, 1},
    {"nrf51-gpio", NULL, 0, 1},
    {"nrf51-gpiote", NULL, 0, 1},
    {"nrf51-nvmc", NULL, 0, 1},
    {"nrf51-ppi", NULL, 0, 1},
    {"nrf51-radio", NULL, 0, 1},
    {"nrf51-rng", NULL, 0, 1},
    {"nrf51-rtc", NULL, 0, 1},
    {"nrf51-temp", NULL, 0, 1},
    {"nrf51-timer", NULL, 0, 1},
    {"nrf51-twi", NULL, 0, 1},
    {"nrf51-uart", NULL, 0, 1},
    {"nrf51-wdt", NULL, 0, 1},
    {"pl011", NULL, 0, 1},
    {"pl011-luminary", NULL, 0, 1},
    {"pl022", NULL, 0, 1},
    {"pl022-luminary", NULL, 0, 1},
    {"pl031", NULL, 0, 1},
    {"pl061", NULL, 0, 1},
    {"pl061-luminary", NULL, 0, 1},
    {"sbcon", NULL, 0, 1},
    {"sp804", NULL, 0, 1},
    {"stm32-crc", NULL, 0, 1},
    {"stm32-dma", NULL, 0, 1},
    {"stm32-exti", NULL, 0, 1},
    {"stm32-gpio", NULL, 0, 1},
    {"stm32-i2c", NULL, 0, 1},
    {"stm32-iwdg", NULL, 0, 1},
    {"stm32-otg", NULL, 0, 1},
    {"stm32-rng", NULL, 0, 1},
    {"stm32-rtc", NULL, 0, 1},
    {"stm32-spi", NULL, 0, 1},
    {"stm32-tim", NULL, 0, 1},
    {"stm32-usart", NULL, 0, 1},
    {"stm32-wwdg", NULL, 0, 1},
    {"stm32f4-adc", NULL, 0, 1},
    {"stm32f4-adc-common", NULL, 0, 1},
    {"stm32f4-flash", NULL, 0, 1},
    {"stm32f4-ids", NULL, 0, 1},
    {"stm32f4-pwr", NULL, 0, 1},
    {"stm32f4-rcc", NULL, 0, 1},
    {"stm32f4-syscfg", NULL, 0, 1},
    {"unimplemented", NULL, 0, 1},
    {"virtio-mmio", NULL, 0, 1},
    {"virtio-mmio", legacy, 1, 1},
};

static void collect(void *opaque, int n, int level)
{
    uint8_t *levels = opaque;
    levels[n] = (uint8_t)level;
}

#define OUTPUTS_MAX 128

struct subject_run {
    struct bench bench;
    struct device *dev;
    uint8_t out[OUTPUTS_MAX];
    struct virtio_backend backend; /* behind a virtio transport */
};

static void backend_notify(struct virtio_backend *b, unsigned queue)
{
    b->interrupt(b->transport, queue != 0);
}

static void backend_status(struct virtio_backend *b, uint32_t status)
{
}

/** Something of all that the transport shows of the queues. */
static uint32_t backend_config_read(struct virtio_backend *b, uint32_t offset, unsigned size)
{
    const struct virtio_queue *q = &b->queues[offset % 2];
    return (uint32_t)(q->num + q->ready * 3 + q->desc * 5 + q->avail * 7 + q->used * 11 +
                      b->driver_features * 13);
}

static const struct virtio_backend_ops backend_ops = {backend_notify, backend_status,
                                                      backend_config_read, NULL};

static struct subject_run *run_new(const struct subject *s)
{
    struct subject_run *r = calloc(1, sizeof(*r));
    bench_init(&r->bench);
    r->dev = bench_create(&r->bench, s->class, s->values, s->count);
    cr_assert_leq(r->dev->output_count, OUTPUTS_MAX);
    r->backend = (struct virtio_backend){.ops = &backend_ops, .device_id = 1, .features = 0xff,
                                         .queue_num_max = {256, 64}};
    if (!strcmp(s->class, "virtio-mmio"))
        virtio_mmio_attach(r->dev, &r->backend);
    for (unsigned n = 0; n < r->dev->output_count; n++)
        device_connect(r->dev, n, (struct irq_line){collect, r->out, (int)n});
    return r;
}

static void run_free(struct subject_run *r)
{
    device_free(r->dev);
    bench_free(&r->bench);
    free(r);
}

/** An access to a system register of the generic timer. */
static uint64_t timer_action(struct device *dev, uint64_t *seed)
{
    unsigned cpu = random_next(seed) % 2, kind = random_next(seed) % ARCH_TIMER_KINDS;
    uint32_t value = random_next(seed), wide = random_next(seed);
    switch (random_next(seed) % 7) {
    case 0:
        arch_timer_set_ctl(dev, cpu, kind, value & 7);
        return 0;
    case 1:
        arch_timer_set_tval(dev, cpu, kind, value & 0xfff);
        return 0;
    case 2:
        arch_timer_set_cval(dev, cpu, kind, (uint64_t)wide << 32 | value);
        return 0;
    case 3:
        arch_timer_set_offset(dev, cpu, (uint64_t)wide << 32 | value);
        return 0;
    case 4:
        return arch_timer_ctl(dev, cpu, kind);
    case 5:
        return arch_timer_tval(dev, cpu, kind);
    default:
        return arch_timer_cval(dev, cpu, kind) ^ arch_timer_virtual_count(dev, cpu);
    }
}

/** A transfer of a few bytes with an I2C slave. */
static uint64_t i2c_action(struct device *dev, uint64_t *seed)
{
    const struct i2c_slave_ops *ops = dev->ops->i2c;
    uint64_t result = 0;
    bool read = random_next(seed) & 1;
    ops->start(dev, read);
    for (unsigned n = random_next(seed) % 5; n; n--) {
        if (read)
            result = result << 8 | ops->read(dev);
        else
            ops->write(dev, (uint8_t)random_next(seed));
    }
    if (ops->stop)
        ops->stop(dev);
    return result;
}

/** One random thing that can happen to a device; the result is what a guest could see of it. */
static uint64_t action(struct subject_run *r, const struct subject *s, uint64_t *seed)
{
    struct device *dev = r->dev;
    uint32_t what = random_next(seed) % 16;
    if (what == 0 && dev->input_count) {
        struct irq_line line = device_input(dev, random_next(seed) % dev->input_count);
        irq_set(&line, random_next(seed) & 1);
        return 0;
    }
    if (what == 2 && dev->ops->clock) {
        dev->ops->clock(dev, 0, random_next(seed) % 4 * 1000000);
        return 0;
    }
    if (what == 1) {
        bench_advance(&r->bench, random_next(seed) % 100000);
        return 0;
    }
    if (dev->ops->i2c)
        return i2c_action(dev, seed);
    if (!dev->region_count)
        return strcmp(s->class, "arch-timer") ? 0 : timer_action(dev, seed);
    unsigned region = random_next(seed) % dev->region_count;
    unsigned cpu = random_next(seed) % s->cpus, size = 1u << random_next(seed) % 4;
    uint64_t offset = random_next(seed) % dev->region[region].size;
    if (random_next(seed) % 8) /* mostly well-formed, often near the start */
        size = 4;
    if (random_next(seed) % 16)
        offset &= random_next(seed) & 1 ? ~3ull : 0x7cull;
    if (random_next(seed) & 1)
        return device_read(dev, region, cpu, offset, size);
    uint64_t value = (uint64_t)random_next(seed) << 32 | random_next(seed);
    uint32_t shape = random_next(seed) % 8; /* small numbers and single bits do most */
    if (shape < 4)
        value &= 0xff;
    else if (shape < 6)
        value = BIT(value % 16);
    else if (shape < 7)
        value &= 1;
    device_write(dev, region, cpu, offset, size, value);
    return 0;
}

Test(devices_state, lists_are_well_formed)
{
    for (unsigned i = 0; i < ARRAY_SIZE(subjects); i++) {
        struct subject_run *r = run_new(&subjects[i]);
        const struct field_list *list = r->dev->state;
        uint8_t *used = calloc(1, list->struct_size);
        for (unsigned n = 0; n < list->count; n++) {
            const struct field *f = &list->fields[n];
            uint32_t bytes = (uint32_t)f->size * f->count;
            cr_assert(f->size == 1 || f->size == 2 || f->size == 4 || f->size == 8, "%s.%s",
                      list->name, f->name);
            cr_assert_geq(f->offset, sizeof(struct device));
            cr_assert_leq(f->offset + bytes, list->struct_size, "%s.%s", list->name, f->name);
            for (uint32_t k = 0; k < bytes; k++)
                cr_assert_eq(used[f->offset + k]++, 0, "%s.%s overlaps", list->name, f->name);
        }
        free(used);
        run_free(r);
    }
}

Test(devices_state, every_class_is_tested)
{
    for (unsigned c = 0; device_classes[c]; c++) {
        bool found = false;
        for (unsigned i = 0; i < ARRAY_SIZE(subjects); i++)
            found |= !strcmp(subjects[i].class, device_classes[c]->name);
        cr_assert(found, "%s", device_classes[c]->name);
    }
}

/* After a load into a fresh device, the two must behave alike whatever happens to them: what is
 * missing in a list shows as a difference. */
static void save_restore_compare(const struct subject *s, uint64_t seed)
{
    struct subject_run *a = run_new(s), *b = run_new(s);
    uint64_t first = seed;
    for (unsigned i = 0; i < 500; i++)
        action(a, s, &first);
    b->bench.now = a->bench.now;
    b->bench.entropy = a->bench.entropy;
    memcpy(b->bench.ram, a->bench.ram, RAM_SIZE);
    size_t size = device_state_size(a->dev);
    uint8_t *state_a = malloc(size + 1), *state_b = malloc(size + 1);
    device_save(a->dev, state_a);
    device_load(b->dev, state_a);
    device_save(b->dev, state_b);
    cr_assert_eq(memcmp(state_a, state_b, size), 0, "%s: state after loading", s->class);
    cr_assert_eq(memcmp(a->out, b->out, sizeof(a->out)), 0, "%s: outputs after loading", s->class);
    uint64_t seed_a = seed + 1, seed_b = seed + 1;
    for (unsigned i = 0; i < 500; i++) {
        cr_assert_eq(action(a, s, &seed_a), action(b, s, &seed_b), "%s: read %u", s->class, i);
        cr_assert_eq(memcmp(a->out, b->out, sizeof(a->out)), 0, "%s: outputs", s->class);
    }
    free(state_a);
    free(state_b);
    run_free(a);
    run_free(b);
}

Test(devices_state, save_restore)
{
    for (unsigned i = 0; i < ARRAY_SIZE(subjects); i++) {
        for (uint64_t seed = 1; seed <= 30; seed++)
            save_restore_compare(&subjects[i], seed * 7919);
    }
}

/* What a reset does not change: clock inputs, what drives pins from outside, the time of day, why
 * the chip was reset; and what nobody can read: bytes behind the end of FIFOs. */
static const char *const kept[][2] = {
    {"cmsdk-watchdog", "counter.hz"}, {"luminary-watchdog", "counter.hz"},
    {"lm3s-gptm", "half[0].counter.hz"}, {"lm3s-gptm", "half[1].counter.hz"}, {"lm3s-gptm", "hz"},
    {"stm32-rtc", "ticks.hz"}, {"stm32-tim", "clock.hz"}, {"stm32-usart", "hz"},
    {"stm32-wwdg", "ticks.hz"}, {"stm32f4-adc", "hz"},
    {"nrf51-gpio", "driven"}, {"pl061", "driven"}, {"pl061-luminary", "driven"},
    {"stm32-gpio", "driven"}, {"pl031", "offset"},
    {"lm3s-sysctl", "resc"}, {"lm3s-sysctl", "resets"},
    {"lan9118", "tx_frame"}, {"pl011", "fifo"}, {"pl011-luminary", "fifo"},
    {"stm32-rng", "dr"}, {"nrf51-clock", "resetreas"}, {"nrf51-clock", "resets"},
};

static bool is_kept(const char *class, const char *field)
{
    for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
        if (!strcmp(kept[i][0], class) && !strcmp(kept[i][1], field))
            return true;
    return false;
}

/* Print every state field in which two devices of a class differ; how many? */
static unsigned differences(const struct subject *s, const struct device *a, const struct device *b)
{
    unsigned found = 0;
    for (unsigned i = 0; i < a->state->count; i++) {
        const struct field *f = &a->state->fields[i];
        if (!memcmp((const char *)a + f->offset, (const char *)b + f->offset,
                    (size_t)f->size * f->count) || is_kept(s->class, f->name))
            continue;
        fprintf(stderr, "%s: reset does not reset %s\n", s->class, f->name);
        found++;
    }
    return found;
}

/* Fields in which a device that has done something differs, after a reset, from a new one. */
static unsigned not_reset(const struct subject *s, uint64_t seed)
{
    struct subject_run *a = run_new(s);
    for (unsigned n = 0; n < 2000; n++)
        action(a, s, &seed);
    for (unsigned n = 0; n < a->dev->input_count; n++) {
        struct irq_line line = device_input(a->dev, n);
        irq_lower(&line);
    }
    device_reset(a->dev);
    struct subject_run *fresh = run_new(s);
    fresh->bench.now = a->bench.now;
    device_reset(fresh->dev); /* drives the outputs, which were connected after creation */
    for (unsigned n = 0; n < a->dev->output_count; n++)
        cr_assert_eq(a->out[n], fresh->out[n], "%s: output %u", s->class, n);
    unsigned found = differences(s, a->dev, fresh->dev);
    run_free(fresh);
    run_free(a);
    return found;
}

Test(devices_state, reset_is_like_fresh)
{
    unsigned found = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(subjects); i++)
        for (uint64_t seed = 1; seed <= 10; seed++)
            found += not_reset(&subjects[i], seed * 104729);
    cr_assert_eq(found, 0);
}

/* Random accesses of any size and offset, also outside the window: nothing may crash. */
Test(devices_state, fuzz)
{
    for (unsigned i = 0; i < ARRAY_SIZE(subjects); i++) {
        const struct subject *s = &subjects[i];
        struct subject_run *r = run_new(s);
        uint64_t seed = i + 1;
        for (unsigned n = 0; n < 50000; n++) {
            action(r, s, &seed);
            if (!r->dev->region_count || n % 4)
                continue;
            unsigned region = random_next(&seed) % r->dev->region_count;
            uint64_t offset = (uint64_t)random_next(&seed) << (random_next(&seed) % 33);
            unsigned size = 1u << random_next(&seed) % 4;
            if (random_next(&seed) & 1)
                device_read(r->dev, region, 0, offset, size);
            else
                device_write(r->dev, region, 0, offset, size, random_next(&seed));
        }
        run_free(r);
    }
}
