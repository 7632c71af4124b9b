/*
 * A fuzzer for the stub: packets that debuggers send, damaged at random, on a target that remembers
 * what may not be asked of it. ARMEMU_FUZZ_ROUNDS says how many (a bounded number otherwise),
 * ARMEMU_FUZZ_SEED where to begin. The sanitizers look on.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_internal.h"

enum { MEMORY = 0x10000, ROUNDS = 100000, THREADS = 3 };

struct fake {
    uint8_t memory[MEMORY];
    uint32_t values[64];
    struct gdb_points points;
    struct gdb_register list[20];
    struct gdb_registers registers;
    bool running;
};

static uint32_t threads(void *opaque, uint32_t *ids, uint32_t max)
{
    for (uint32_t i = 0; i < THREADS && i < max; i++)
        ids[i] = 7 + i;
    return THREADS;
}

static void known(uint32_t thread)
{
    cr_assert(thread >= 7 && thread < 7 + THREADS, "thread %u", thread);
}

static void describe(void *opaque, uint32_t thread, char *name, size_t name_size, char *about,
                     size_t about_size)
{
    known(thread);
    snprintf(name, name_size, "<&%u", thread);
    snprintf(about, about_size, "on");
}

static bool running(void *opaque)
{
    return ((struct fake *)opaque)->running;
}

static void stop(void *opaque)
{
    ((struct fake *)opaque)->running = false;
}

static void resume(void *opaque, const struct gdb_resume *actions, uint32_t count,
                   enum gdb_action others)
{
    for (uint32_t i = 0; i < count; i++)
        known(actions[i].thread);
    cr_assert_leq(count, THREADS);
    ((struct fake *)opaque)->running = true;
}

static const struct gdb_registers *registers(void *opaque)
{
    return &((struct fake *)opaque)->registers;
}

static uint64_t read_register(void *opaque, uint32_t thread, const struct gdb_register *reg)
{
    known(thread);
    return ((struct fake *)opaque)->values[reg->number];
}

static bool write_register(void *opaque, uint32_t thread, const struct gdb_register *reg,
                           uint64_t value)
{
    known(thread);
    ((struct fake *)opaque)->values[reg->number] = (uint32_t)value;
    return true;
}

static bool inside(uint64_t addr, uint64_t len)
{
    return addr < MEMORY && len <= MEMORY - addr;
}

static bool read_memory(void *opaque, uint32_t thread, bool physical, uint64_t addr, void *buf,
                        uint32_t len)
{
    struct fake *f = opaque;
    cr_assert(!f->running, "memory while it runs");
    if (inside(addr, len))
        memcpy(buf, f->memory + addr, len);
    return inside(addr, len);
}

static bool write_memory(void *opaque, uint32_t thread, bool physical, uint64_t addr,
                         const void *buf, uint32_t len)
{
    struct fake *f = opaque;
    cr_assert(!f->running, "memory while it runs");
    if (inside(addr, len))
        memcpy(f->memory + addr, buf, len);
    return inside(addr, len);
}

static void region(void *opaque, uint32_t addr, struct gdb_region *r)
{
    *r = (struct gdb_region){.start = addr & ~0xfffu, .size = 0x1000, .mapped = addr < MEMORY};
}

static void memory_map(void *opaque, FILE *out)
{
    fprintf(out, "<memory type=\"ram\" start=\"0\" length=\"0x10000\"/>\n");
}

static bool write_flash(void *opaque, uint64_t addr, const void *buf, uint32_t len)
{
    return buf ? write_memory(opaque, 7, true, addr, buf, len) : inside(addr, len);
}

static bool insert(void *opaque, enum gdb_point point, uint64_t addr, uint32_t len,
                   struct gdb_point_code *code)
{
    bool added;
    return gdb_points_add(&((struct fake *)opaque)->points, point, addr, len, code, &added);
}

static void remove_one(void *opaque, enum gdb_point point, uint64_t addr, uint32_t len)
{
    struct gdb_point_row gone;
    gdb_points_remove(&((struct fake *)opaque)->points, point, addr, len, &gone);
}

static void remove_all(void *opaque)
{
    gdb_points_free(&((struct fake *)opaque)->points);
}

static bool read_object(void *opaque, enum gdb_object object, uint32_t thread, void **data,
                        size_t *size)
{
    known(thread);
    *data = strdup("object");
    *size = 6;
    return object != GDB_OBJECT_SIGINFO || thread != 8 || (free(*data), false);
}

static bool write_siginfo(void *opaque, uint32_t thread, uint64_t offset, const void *data,
                          size_t size)
{
    struct fake *f = opaque;
    known(thread);
    if (inside(offset, size))
        memcpy(f->memory + offset, data, size);
    return inside(offset, size);
}

static void pass_signals(void *opaque, const bool *pass)
{
}

static int open_file(void *opaque, const char *path)
{
    int fd = strlen(path) % 2 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
    return fd < 0 ? -ENOENT : fd;
}

static ssize_t read_link(void *opaque, const char *path, char *buf, size_t size)
{
    size_t n = strlen(path) < size ? strlen(path) : size;
    memcpy(buf, path, n);
    return strlen(path) % 2 ? (ssize_t)n : -EINVAL;
}

static void nothing(void *opaque)
{
}

static uint32_t process_id(void *opaque)
{
    return 1;
}

static void follow(void *opaque, bool forks, bool execs)
{
}

static bool thread_pointer(void *opaque, uint32_t thread, uint32_t *value)
{
    known(thread);
    *value = 0x100;
    return true;
}

static void non_stop(void *opaque, bool on)
{
}

static bool held(void *opaque, uint32_t thread)
{
    known(thread);
    return thread == 8;
}

static void act(void *opaque, const struct gdb_resume *action)
{
    known(action->thread);
}

static const struct gdb_target target = {
    .process_id = process_id,
    .follow = follow,
    .thread_pointer = thread_pointer,
    .non_stop = non_stop,
    .quiet = non_stop,
    .held = held,
    .act = act,
    .threads = threads,
    .describe = describe,
    .running = running,
    .stop = stop,
    .resume = resume,
    .registers = registers,
    .read_register = read_register,
    .write_register = write_register,
    .read_memory = read_memory,
    .write_memory = write_memory,
    .region = region,
    .memory_map = memory_map,
    .write_flash = write_flash,
    .insert = insert,
    .remove = remove_one,
    .remove_all = remove_all,
    .read_object = read_object,
    .write_siginfo = write_siginfo,
    .objects = {true, true, true},
    .pass_signals = pass_signals,
    .open_file = open_file,
    .read_link = read_link,
    .reset = nothing,
    .quit = nothing,
};

static const char *const corpus[] = {
    "qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386", "QStartNoAckMode", "?", "!",
    "Hg0", "Hc-1", "T8", "qC", "qfThreadInfo", "qsThreadInfo", "qThreadExtraInfo,8", "qAttached",
    "g", "p19", "P0=00112233", "G00112233", "m100,40", "M100,4:00112233", "X100,4:abcd", "mfff0,20",
    "Z0,1000,4", "Z0,1000,4;X3,220127X3,220027", "Z1,1002,2;cmds:0,X4,22012927", "Z2,20,4",
    "z0,1000,4", "Z4,fffffffc,8", "qCRC:0,1000", "qSearch:memory:0;1000;ab", "vFlashErase:0,1000",
    "vFlashWrite:100:abc", "vFlashDone", "qXfer:features:read:target.xml:0,fff",
    "qXfer:threads:read::0,fff", "qXfer:memory-map:read::0,fff", "qXfer:auxv:read::0,fff",
    "qXfer:exec-file:read:7:0,fff", "qXfer:siginfo:read::0,80",
    "qXfer:siginfo:write::10:abcd", "qHostInfo", "qMemoryRegionInfo:100",
    "qWatchpointSupportInfo:", "vFile:readlink:2f70",
    "QPassSignals:e;10;14",
    "vFile:setfs:0", "vFile:open:2f61,0,0", "vFile:pread:0,100,0", "vFile:fstat:0",
    "vFile:readlink:2f61", "vFile:close:0", "vCont?", "vCont;c", "vCont;s:7;c",
    "vCont;r1000,1010:8;t", "vCont;C05:9;S0b:7", "c", "s", "C05", "S05;1000", "c1000", "D", "D;1",
    "vAttach;1", "vRun;61;62", "R00", "vKill;1", "k", "qRcmd,68656c70", "qqemu.PhyMemMode",
    "qSupported:multiprocess+;fork-events+;vfork-events+;exec-events+", "Hgp1.7", "Hgp1.0", "Tp1.8",
    "vCont;c:p1.-1;s:p1.7", "qGetTLSAddr:7,10,200", "qGetTLSAddr:p1.8,10,0", "qSymbol::",
    "qSymbol:100:5f74", "QNonStop:1", "QNonStop:0", "vStopped", "vCtrlC", "vCont;t",
    "QThreadSuffixSupported", "p1a", "P1a=0011223344556677", "Qqemu.PhyMemMode:1", "Qqemu.sstep=7",
    "qqemu.sstep", "vMustReplyEmpty",
};

static uint64_t seed;

static uint32_t below(uint32_t limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % limit);
}

/* A packet of the corpus, or two joined, with some bytes changed, doubled or cut off. */
static size_t make_packet(char *packet)
{
    enum { ENTRIES = sizeof(corpus) / sizeof(corpus[0]) };
    static const char likely[] = "0123456789abcdef,;:=-X#$}*\n";
    strcpy(packet, corpus[below(ENTRIES)]);
    if (!below(8))
        strcat(packet, corpus[below(ENTRIES)]);
    size_t n = strlen(packet);
    for (unsigned i = below(4); i && n; i--) {
        size_t at = below((uint32_t)n);
        switch (below(4)) {
        case 0: packet[at] = (char)below(256); break;
        case 1: packet[at] = likely[below(sizeof(likely) - 1)]; break;
        case 2:
            memmove(packet + at + 1, packet + at, n - at);
            n++;
            break;
        default: n = at;
        }
    }
    return n;
}

static struct fake *fake_new(void)
{
    struct fake *f = calloc(1, sizeof(*f));
    f->registers = (struct gdb_registers){.list = f->list, .count = 18, .in_g = 17};
    for (unsigned i = 0; i < 17; i++) {
        f->list[i] = (struct gdb_register){.number = (uint16_t)(i < 16 ? i : 25), .bytes = 4};
        snprintf(f->list[i].name, sizeof(f->list[i].name), "r%u", i);
    }
    f->list[17] = (struct gdb_register){
        .number = 26, .bytes = 16, .key = 3}; /* its halves are 3 and 4 */
    return f;
}

Test(fuzz, stub)
{
    const char *rounds = getenv("ARMEMU_FUZZ_ROUNDS"), *first = getenv("ARMEMU_FUZZ_SEED");
    long count = rounds ? atol(rounds) : ROUNDS;
    struct error e = {0};
    struct loop *loop = loop_new(NULL, &e);
    struct chardev_set *set = chardev_set_new(loop);
    struct chardev *cd = chardev_open(set, "null", "gdb", NULL, &e);
    struct fake *f = fake_new();
    struct gdb_stub *g = gdb_stub_new(cd, &target, f, NULL);
    seed = first ? strtoull(first, NULL, 0) : 1;
    for (long i = 0; i < count; i++) {
        char packet[512];
        size_t n = make_packet(packet);
        char *copy = malloc(n + 1); /* as long as it is, so that reads behind it are found */
        memcpy(copy, packet, n);
        copy[n] = 0;
        f->running = f->running && g->detached;
        g->running = false;
        g->reply_length = 0;
        if (!g->detached || gdb_command_while_detached(copy))
            gdb_command_run(g, copy, n);
        cr_assert_leq(g->reply_length, 4u * GDB_PACKET_MAX);
        free(copy);
    }
    g->running = false;
    gdb_stub_end(g, 0);
    gdb_stub_free(g);
    gdb_points_free(&f->points);
    free(f);
    chardev_set_free(set);
    loop_free(loop);
}
