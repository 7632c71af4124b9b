/* Random accesses to all registers of every board, with time passing, input arriving, memory being
 * written and resets in between: nothing may crash, nor stop the clock. Devices that drive, clock
 * or reset each other do so as on the board.
 *
 * FUZZ_STEPS: actions per board; FUZZ_SEED: where the random numbers begin; FUZZ_TRACE=1: print
 * each action to stderr. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/chardev.h"
#include "host/loop.h"
#include "host/net.h"
#include "tests/machines/bench.h"
#include "util/bits.h"
#include "util/log.h"

enum { BOARD_NAME = 128, SEEN = 64, TIMERS_PER_STEP = 1000 };

struct fuzz {
    uint64_t seed;
    bool trace;
    struct chardev_set *chardevs;
    struct chardev *serial[BOARD_SERIALS_MAX];
    struct net *net;
    uint32_t seen[SEEN]; /* values that were read: what was found is written again, changed */
};

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

static uint32_t next(struct fuzz *f)
{
    f->seed = f->seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(f->seed >> 32);
}

static uint32_t below(struct fuzz *f, uint32_t limit)
{
    return next(f) % limit;
}

/* Small numbers, single bits, addresses of memory and changed register values do most. */
static uint64_t some_value(struct fuzz *f)
{
    const struct phys_region *ram = bb.board.ram;
    uint32_t *seen = &f->seen[below(f, SEEN)];
    switch (below(f, 10)) {
    case 0:
    case 1:
        return below(f, 256);
    case 2:
        return BIT(below(f, 32));
    case 3:
        return ram->base + below(f, 1024) * 4;
    case 4:
        return 0x40000000u + below(f, 1 << 18) * 4; /* the registers of most boards */
    case 5:
        return *seen ^ BIT(below(f, 32));
    case 6:
        return *seen | BIT(below(f, 32));
    case 7:
        return ~BIT(below(f, 32));
    case 8:
        return below(f, 4);
    default:
        return (uint64_t)next(f) << 32 | next(f);
    }
}

static void say(const struct fuzz *f, const char *what, const char *where, uint64_t a, uint64_t b,
                unsigned size)
{
    if (f->trace)
        fprintf(stderr, "%lld %s %s 0x%llx 0x%llx %u\n", (long long)bb.now, what, where,
                (unsigned long long)a, (unsigned long long)b, size);
}

static uint64_t some_offset(struct fuzz *f, uint64_t window)
{
    uint64_t offset = (uint64_t)next(f) % window;
    if (below(f, 2))
        offset = below(f, window < 0x80 ? (uint32_t)window : 0x80);
    else if (below(f, 2))
        offset = below(f, window < 0x600 ? (uint32_t)window : 0x600);
    if (below(f, 16))
        offset &= ~3ull;
    return offset + (below(f, 64) ? 0 : window);
}

static void access_register(struct fuzz *f, struct device *dev)
{
    if (!dev->region_count)
        return;
    unsigned region = below(f, dev->region_count), cpu = below(f, bb.board.config.cpu_count);
    unsigned size = below(f, 6) ? 4 : 1u << below(f, 4);
    uint64_t offset = some_offset(f, dev->region[region].size);
    if (below(f, 3)) {
        uint64_t value = some_value(f);
        say(f, "write", dev->name, offset, value, size);
        device_write(dev, region, cpu, offset, size, value);
    } else {
        say(f, "read", dev->name, offset, 0, size);
        f->seen[below(f, SEEN)] = (uint32_t)device_read(dev, region, cpu, offset, size);
    }
}

/* An access as a CPU makes it, anywhere: also to ROM, which flash controllers look at. */
static void access_memory(struct fuzz *f)
{
    const struct machine *m = bb.board.machine;
    struct phys_region *last = NULL;
    unsigned size = 1u << below(f, 3);
    uint64_t addr = some_value(f) & 0xffffffff, value = some_value(f);
    if (m->memory_count && below(f, 2)) {
        const struct machine_memory *memory = &m->memory[below(f, m->memory_count)];
        addr = memory->base + below(f, memory->size ? (uint32_t)memory->size : 0x1000);
    }
    addr &= ~(uint64_t)(size - 1);
    say(f, "store", "memory", addr, value, size);
    physmap_cpu_write(bb.map, &last, 0, addr, size, value);
    physmap_cpu_read(bb.map, &last, 0, addr, size, &value);
}

/* From nanoseconds to minutes, seldom years. A guest's shortest periods must not keep the host busy
 * for ever, so the clock skips on where there is too much to do. */
static void pass_time(struct fuzz *f)
{
    uint64_t mask = below(f, 64) ? BIT64(below(f, 38)) - 1 : BIT64(below(f, 58)) - 1;
    int64_t end = bb.now + (int64_t)(((uint64_t)next(f) << 32 | next(f)) & mask);
    say(f, "time", "", (uint64_t)end, 0, 0);
    for (unsigned n = 0; timer_queue_deadline(&bb.timers) <= end && n < TIMERS_PER_STEP; n++) {
        if (timer_queue_deadline(&bb.timers) > bb.now)
            bb.now = timer_queue_deadline(&bb.timers);
        timer_queue_run(&bb.timers, bb.now);
    }
    bb.now = end;
}

static void input_arrives(struct fuzz *f)
{
    uint8_t bytes[NET_FRAME_MAX];
    size_t len = 1 + below(f, below(f, 2) ? 20 : sizeof(bytes));
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)next(f);
    if (below(f, 2))
        memset(bytes, 0xff, len < 6 ? len : 6); /* for everyone */
    say(f, "input", "", len, 0, 0);
    if (below(f, 2))
        net_deliver(f->net, bytes, len);
    else
        chardev_hook_send(f->serial[below(f, BOARD_SERIALS_MAX)], bytes, len);
}

static void drive_input(struct fuzz *f, struct device *dev)
{
    if (!dev->input_count || !dev->ops->input)
        return;
    struct irq_line line = device_input(dev, below(f, dev->input_count));
    int level = (int)below(f, 2);
    say(f, "drive", dev->name, (uint64_t)line.n, (uint64_t)level, 0);
    irq_set(&line, level);
}

/* Save it, change it by a reset, and load what was saved. */
static void save_and_load(struct fuzz *f, struct device *dev)
{
    say(f, "load", dev->name, 0, 0, 0);
    void *state = malloc(device_state_size(dev) + 1);
    device_save(dev, state);
    device_reset(dev);
    device_load(dev, state);
    free(state);
}

static void act(struct fuzz *f, struct device *dev)
{
    uint32_t what = below(f, 1000);
    if (what < 850)
        access_register(f, dev);
    else if (what < 890)
        pass_time(f);
    else if (what < 930)
        access_memory(f);
    else if (what < 960)
        input_arrives(f);
    else if (what < 990)
        drive_input(f, dev);
    else if (what < 996)
        save_and_load(f, dev);
    else if (what < 998)
        board_power_button(&bb.board);
    else if (what == 998)
        device_reset(dev);
    else
        board_reset(&bb.board);
}

static void output(void *opaque, const uint8_t *buf, size_t len)
{
    uint8_t *sum = opaque;
    for (size_t i = 0; i < len; i++)
        *sum ^= buf[i]; /* all of it can be read */
}

static const struct chardev_hook hook = {.output = output};
static const struct net_backend net_ops = {.send = output};

/* Mostly one device for a while, so that it gets somewhere. */
static void fuzz_board(struct fuzz *f, uint64_t steps)
{
    struct device *dev = bb.board.devices[0];
    for (uint64_t i = 0; i < steps; i++) {
        if (!below(f, 50))
            dev = bb.board.devices[below(f, bb.board.device_count)];
        act(f, below(f, 8) ? dev : bb.board.devices[below(f, bb.board.device_count)]);
    }
}

/* All names that `-M help` prints, and a board from a file. */
static struct criterion_test_params names(void)
{
    static char name[32][BOARD_NAME];
    char *text = NULL, *rest = NULL;
    size_t size = 0, count = 0;
    FILE *out = open_memstream(&text, &size);
    machine_print_help(out);
    fclose(out);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (!strncmp(line, "  ", 2) && !strstr(line, "file:") && count < ARRAY_SIZE(name) - 1)
            sscanf(line, "%127s", name[count++]);
    free(text);
    snprintf(name[count++], BOARD_NAME, "file:%s", EXAMPLE_BOARD);
    return cr_make_param_array(char[BOARD_NAME], name, count);
}

ParameterizedTestParameters(fuzz_boards, registers)
{
    return names();
}

ParameterizedTest(char name[BOARD_NAME], fuzz_boards, registers)
{
    struct error e = {0};
    uint8_t sum = 0;
    struct loop *loop = loop_new(NULL, &e);
    struct fuzz f = {
        .seed = number_from("FUZZ_SEED", 1),
        .trace = number_from("FUZZ_TRACE", 0) != 0,
        .chardevs = chardev_set_new(loop),
        .net = net_new(&net_ops, &sum),
    };
    for (unsigned i = 0; i < BOARD_SERIALS_MAX; i++)
        f.serial[i] = chardev_hook_new(f.chardevs, "serial", &hook, &sum);
    const struct board_nic nic[BOARD_NICS_MAX] = {{.net = f.net}};
    const struct machine *m = machine_open(name, &e);
    cr_assert(m, "%s", e.text);
    bb_build_connected(m, f.serial, nic);
    fuzz_board(&f, number_from("FUZZ_STEPS", 30000));
    bb_free();
    machine_close(m);
    net_free(f.net);
    chardev_set_free(f.chardevs);
    loop_free(loop);
}
