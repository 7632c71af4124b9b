#include "tests/devices/support.h"

#include <criterion/criterion.h>
#include <string.h>

static int64_t bench_source(void *opaque)
{
    return ((struct bench *)opaque)->now;
}

static uint8_t *ram_at(struct bench *b, uint64_t addr, size_t len)
{
    uint64_t offset = addr - RAM_BASE;
    return addr >= RAM_BASE && offset <= RAM_SIZE && len <= RAM_SIZE - offset ? b->ram + offset
                                                                              : NULL;
}

static bool ram_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    uint8_t *at = ram_at(opaque, addr, len);
    if (at)
        memcpy(buf, at, len);
    return at != NULL;
}

static bool ram_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
    uint8_t *at = ram_at(opaque, addr, len);
    if (at)
        memcpy(at, buf, len);
    return at != NULL;
}

static bool bus_load(void *opaque, uint64_t addr, unsigned size, uint64_t *value)
{
    *value = 0;
    return ram_read(opaque, addr, value, size);
}

static bool bus_store(void *opaque, uint64_t addr, unsigned size, uint64_t value)
{
    return ram_write(opaque, addr, &value, size);
}

static uint64_t bench_entropy(void *opaque)
{
    uint64_t *state = &((struct bench *)opaque)->entropy;
    return (uint64_t)random_next(state) << 32 | random_next(state);
}

void bench_init(struct bench *b)
{
    memset(b, 0, sizeof(*b));
    clock_init_virtual(&b->clock, bench_source, b, BENCH_UTC * CLOCK_NS_PER_SEC);
    timer_queue_init(&b->timers, &b->clock);
    b->env = (struct device_env){
        &b->timers, {ram_read, ram_write, ram_write, b, bus_load, bus_store}, {bench_entropy, b}};
}

void bench_free(struct bench *b)
{
    timer_queue_free(&b->timers);
}

void bench_advance(struct bench *b, int64_t ns)
{
    int64_t end = b->now + ns;
    for (;;) {
        int64_t deadline = timer_queue_deadline(&b->timers);
        if (deadline > end)
            break;
        if (deadline > b->now)
            b->now = deadline;
        timer_queue_run(&b->timers, b->now);
    }
    b->now = end;
}

struct device *bench_create(struct bench *b, const char *class,
                            const struct property_value *values, unsigned count)
{
    struct error e = {0};
    const struct device_class *c = device_class_find(class, &e);
    cr_assert(c, "%s", e.text);
    struct device *dev = device_create(c, class, &b->env, values, count, &e);
    cr_assert(dev, "%s", e.text);
    return dev;
}

static void probe_set(void *opaque, int n, int level)
{
    struct probe *p = opaque;
    p->rises += level && !p->level;
    p->level = level;
}

struct irq_line probe_line(struct probe *p)
{
    return (struct irq_line){probe_set, p, 0};
}

struct bench bench;
struct probe irq;

void bench_setup(void)
{
    bench_init(&bench);
    irq = (struct probe){0};
}

void bench_teardown(void)
{
    bench_free(&bench);
}

uint32_t rd(struct device *dev, uint64_t offset)
{
    return (uint32_t)device_read(dev, 0, 0, offset, 4);
}

void wr(struct device *dev, uint64_t offset, uint32_t value)
{
    device_write(dev, 0, 0, offset, 4, value);
}

/* ---- the character device: stands in for the host's ---- */

void chardev_attach(struct chardev *cd, const struct chardev_frontend *ops, void *opaque)
{
    cd->ops = ops;
    cd->opaque = opaque;
}

size_t chardev_write(struct chardev *cd, const void *buf, size_t len)
{
    size_t room = sizeof(cd->out) - cd->out_len;
    size_t part = len < room ? len : room;
    memcpy(cd->out + cd->out_len, buf, part);
    cd->out_len += part;
    return len;
}

void chardev_accept_input(struct chardev *cd)
{
    cd->accepts++;
}

size_t chardev_feed(struct chardev *cd, const char *text)
{
    size_t len = strlen(text), room = cd->ops->can_receive(cd->opaque);
    if (len > room)
        len = room;
    if (len)
        cd->ops->receive(cd->opaque, (const uint8_t *)text, len);
    return len;
}

uint32_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*state >> 32);
}
