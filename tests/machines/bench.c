#include "tests/machines/bench.h"

#include <criterion/criterion.h>
#include <string.h>

struct board_bench bb;

static int64_t time_source(void *opaque)
{
    return bb.now += bb.step;
}

static bool dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    return physmap_read(bb.map, addr, buf, len);
}

static bool dma_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
    return physmap_write(bb.map, addr, buf, len);
}

static bool dma_program(void *opaque, uint64_t addr, const void *buf, size_t len)
{
    return physmap_load(bb.map, addr, buf, len);
}

static bool dma_load(void *opaque, uint64_t addr, unsigned size, uint64_t *value)
{
    struct phys_region *last = NULL;
    return physmap_cpu_read(bb.map, &last, PHYS_CPU_NONE, addr, size, value);
}

static bool dma_store(void *opaque, uint64_t addr, unsigned size, uint64_t value)
{
    struct phys_region *last = NULL;
    return physmap_cpu_write(bb.map, &last, PHYS_CPU_NONE, addr, size, value);
}

static uint64_t entropy_get(void *opaque)
{
    return 0x123456789abcdef5ull;
}

static void set_level(void *opaque, int n, int value)
{
    bb.level[n] = value;
}

static struct irq_line nvic_line(void *opaque, unsigned irq)
{
    return irq < 240 ? (struct irq_line){set_level, NULL, (int)irq} : (struct irq_line){0};
}

static void cpu_clock(void *opaque, uint32_t hz)
{
    bb.cpu_hz = hz;
}

static void reset(void *opaque)
{
    bb.resets++;
}

static struct irq_line cpu_line(void *opaque, unsigned cpu, enum board_cpu_line which)
{
    return (struct irq_line){set_level, NULL, (int)(240 + 2 * cpu + which)};
}

static struct board_config config_of(const struct machine *m)
{
    return (struct board_config){
        .map = bb.map, .env = &bb.env, .cpu_count = 1, .ram_size = machine_default_ram(m),
        .cpu_model = machine_default_cpu(m), .cpu_line = cpu_line, .nvic_line = nvic_line,
        .cpu_clock = cpu_clock, .power_off = reset, .reset = reset,
    };
}

static void prepare(void)
{
    memset(&bb, 0, sizeof(bb));
    bb.map = physmap_new();
    clock_init_virtual(&bb.clock, time_source, NULL, 0);
    timer_queue_init(&bb.timers, &bb.clock);
    bb.env = (struct device_env){
        &bb.timers,
        {dma_read, dma_write, dma_program, NULL, dma_load, dma_store},
        {entropy_get, NULL},
    };
}

void bb_build(const char *name)
{
    struct error e = {0};
    const struct machine *m = machine_find(name, &e);
    cr_assert(m, "%s", e.text);
    prepare();
    const struct board_config c = config_of(m);
    cr_assert(board_build(&bb.board, m, &c, &e), "%s: %s", name, e.text);
    board_reset(&bb.board);
}

void bb_build_connected(const struct machine *m, struct chardev *const *serial,
                        const struct board_nic *nic)
{
    struct error e = {0};
    prepare();
    struct board_config c = config_of(m);
    c.cpu_count = machine_max_cpus(m);
    memcpy(c.serial, serial, sizeof(c.serial));
    memcpy(c.nic, nic, sizeof(c.nic));
    cr_assert(board_build(&bb.board, m, &c, &e), "%s: %s", machine_name(m), e.text);
    board_reset(&bb.board);
}

void bb_free(void)
{
    board_free(&bb.board);
    timer_queue_free(&bb.timers);
    physmap_free(bb.map);
}

uint32_t bb_rd(uint32_t addr)
{
    struct phys_region *last = NULL;
    uint64_t value = 0;
    cr_assert(physmap_cpu_read(bb.map, &last, 0, addr, 4, &value), "read of 0x%08x", addr);
    return (uint32_t)value;
}

void bb_wr_size(uint32_t addr, unsigned size, uint64_t value)
{
    struct phys_region *last = NULL;
    cr_assert(physmap_cpu_write(bb.map, &last, 0, addr, size, value), "write of 0x%08x", addr);
}

void bb_wr(uint32_t addr, uint32_t value)
{
    bb_wr_size(addr, 4, value);
}

void bb_advance(int64_t ns)
{
    int64_t end = bb.now + ns;
    while (timer_queue_deadline(&bb.timers) <= end) {
        if (timer_queue_deadline(&bb.timers) > bb.now)
            bb.now = timer_queue_deadline(&bb.timers);
        timer_queue_run(&bb.timers, bb.now);
    }
    bb.now = end;
}

void bb_step(int64_t ns)
{
    bb.step = ns;
}

void bb_stall(int64_t ns)
{
    bb.now += ns;
}

int bb_irq(void)
{
    int found = -1;
    for (int n = 0; n < 240; n++)
        if (bb.level[n])
            found = found == -1 ? n : -2;
    return found;
}

void bb_drive(const char *name, unsigned n, int level)
{
    struct device *dev = board_device(&bb.board, name, 0);
    cr_assert(dev, "%s", name);
    struct irq_line line = device_input(dev, n);
    irq_set(&line, level);
}
