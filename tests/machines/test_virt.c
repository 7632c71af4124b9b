/* The virt board: its device tree against the addresses and interrupt numbers that kernels and
 * firmware expect, and where boot images are put. */
#include <criterion/criterion.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/clock.h"
#include "machines/internal.h"

static struct physmap *map;
static struct clock now;
static struct timer_queue timers;
static struct device_env env;
static struct board board;
static struct error e;
static unsigned off_requests;

static void no_line(void *opaque, int n, int level)
{
}

static struct irq_line cpu_line(void *opaque, unsigned cpu, enum board_cpu_line which)
{
    return (struct irq_line){no_line, NULL, 0};
}

static void power_off(void *opaque)
{
    off_requests++;
}

static void build(uint32_t cpus, uint64_t ram)
{
    map = physmap_new();
    clock_init_host(&now);
    timer_queue_init(&timers, &now);
    env = (struct device_env){.timers = &timers};
    const struct board_config c = {
        .map = map, .env = &env, .cpu_count = cpus, .ram_size = ram, .cpu_model = "cortex-a15",
        .cpu_line = cpu_line, .power_off = power_off, .reset = power_off,
    };
    cr_assert(board_build(&board, machine_find("virt", &e), &c, &e), "%s", e.text);
    board_reset(&board);
}

static void teardown(void)
{
    board_free(&board);
    timer_queue_free(&timers);
    physmap_free(map);
}

static uint32_t cell(const void *blob, const char *path, const char *name, unsigned index)
{
    int len, node = fdt_path_offset(blob, path);
    cr_assert_geq(node, 0, "no node %s", path);
    const fdt32_t *p = fdt_getprop(blob, node, name, &len);
    cr_assert(p && len >= (int)(4 * index + 4), "%s has no %s[%u]", path, name, index);
    return fdt32_to_cpu(p[index]);
}

Test(virt, device_tree)
{
    static const struct {
        const char *path;
        uint32_t base, spi;
    } nodes[] = {
        {"/pl011@9000000", 0x09000000, 1},   {"/pl031@9010000", 0x09010000, 2},
        {"/pl061@9030000", 0x09030000, 7},   {"/virtio_mmio@a000000", 0x0a000000, 16},
        {"/virtio_mmio@a003e00", 0x0a003e00, 47},
    };
    struct boot_options o = {.append = "console=ttyAMA0"};
    void *blob;
    uint32_t size;
    build(4, 1ull << 30);
    cr_assert(board_device_tree(&board, &o, &blob, &size, &e), "%s", e.text);
    cr_assert_eq(fdt_check_full(blob, size), 0);
    for (unsigned i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        cr_assert_eq(cell(blob, nodes[i].path, "reg", 1), nodes[i].base);
        cr_assert_eq(cell(blob, nodes[i].path, "interrupts", 0), 0);
        cr_assert_eq(cell(blob, nodes[i].path, "interrupts", 1), nodes[i].spi, "%s", nodes[i].path);
    }
    cr_assert_eq(cell(blob, "/intc@8000000", "reg", 5), 0x08010000);
    cr_assert_eq(cell(blob, "/timer", "interrupts", 7), 11);
    cr_assert_eq(cell(blob, "/timer", "interrupts", 8), 0xf04);
    cr_assert_eq(cell(blob, "/memory@40000000", "reg", 3), 0x40000000);
    cr_assert_geq(fdt_path_offset(blob, "/cpus/cpu@3"), 0);
    cr_assert_lt(fdt_path_offset(blob, "/cpus/cpu@4"), 0);
    cr_assert_str_eq(fdt_getprop(blob, fdt_path_offset(blob, "/chosen"), "bootargs", NULL),
                     "console=ttyAMA0");
    free(blob);
    teardown();
}

/* ---- booting --------------------------------------------------------------------------------- */

static const char *temp_file(const char *name, const void *data, size_t size)
{
    static char path[4][64];
    static unsigned next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof(path[0]), "/tmp/armemu-%d-%s", (int)getpid(), name);
    FILE *f = fopen(p, "wb");
    cr_assert(f && fwrite(data, 1, size, f) == size);
    fclose(f);
    return p;
}

static const char *zimage(size_t size)
{
    uint8_t *data = calloc(1, size);
    const uint32_t header[] = {0x016f2818, 0, (uint32_t)size};
    data[3] = 0xe1;
    memcpy(data + 0x24, header, sizeof(header));
    const char *path = temp_file("zimage", data, size);
    free(data);
    return path;
}

Test(virt, linux_boot)
{
    struct boot_entry entry;
    struct boot_options o = {.append = "quiet"};
    char initrd[5000], tree[FDT_ROOM];
    build(1, 256ull << 20);
    memset(initrd, 0x77, sizeof(initrd));
    o.kernel = zimage(9000);
    o.initrd = temp_file("initrd", initrd, sizeof(initrd));
    cr_assert(boot_load(&board, &o, &entry, &e), "%s", e.text);
    cr_assert(entry.linux_boot && entry.pc == 0x40010000 && entry.r0 == 0 &&
              entry.r1 == 0xffffffff);
    cr_assert(physmap_read(map, entry.r2, tree, sizeof(tree)));
    cr_assert_eq(fdt_check_header(tree), 0);
    uint32_t start = cell(tree, "/chosen", "linux,initrd-start", 1);
    uint32_t end = cell(tree, "/chosen", "linux,initrd-end", 1);
    cr_assert(end - start == sizeof(initrd) && start >= 0x40010000 + 9000 && entry.r2 >= end);
    char back[sizeof(initrd)];
    cr_assert(physmap_read(map, start, back, sizeof(back)) && !memcmp(back, initrd, sizeof(back)));
    unlink(o.kernel);
    unlink(o.initrd);
    teardown();
}

Test(virt, images_that_do_not_fit)
{
    struct boot_entry entry;
    struct boot_options o = {0};
    size_t size = 3 << 20;
    char *big = calloc(1, size);
    build(1, 4ull << 20);
    o.kernel = zimage(9000);
    o.initrd = temp_file("initrd", big, size);
    cr_assert_not(boot_load(&board, &o, &entry, &e));
    cr_assert_not_null(strstr(e.text, "-initrd"));
    cr_assert_not_null(strstr(e.text, "-m"));
    o.initrd = NULL;
    o.dtb = temp_file("dtb", "not a device tree at all, but long enough to have a header", 58);
    cr_assert_not(boot_load(&board, &o, &entry, &e));
    cr_assert_not_null(strstr(e.text, "-dtb"));
    unlink(o.kernel);
    unlink(o.dtb);
    free(big);
    teardown();
}

Test(virt, users_device_tree_is_completed)
{
    struct boot_entry entry;
    char blob[4096], tree[FDT_ROOM];
    build(1, 64ull << 20);
    cr_assert_eq(fdt_create_empty_tree(blob, sizeof(blob)), 0);
    cr_assert_eq(fdt_setprop_u32(blob, 0, "#address-cells", 1), 0);
    cr_assert_eq(fdt_setprop_u32(blob, 0, "#size-cells", 1), 0);
    cr_assert_geq(fdt_add_subnode(blob, 0, "memory"), 0);
    struct boot_options o = {.append = "init=/x", .kernel = zimage(5000)};
    o.dtb = temp_file("dtb", blob, sizeof(blob));
    cr_assert(boot_load(&board, &o, &entry, &e), "%s", e.text);
    cr_assert(physmap_read(map, entry.r2, tree, sizeof(tree)));
    cr_assert_eq(cell(tree, "/memory", "reg", 0), 0x40000000);
    cr_assert_eq(cell(tree, "/memory", "reg", 1), 64u << 20);
    unlink(o.kernel);
    unlink(o.dtb);
    teardown();
}

Test(virt, loader)
{
    struct boot_entry entry;
    uint32_t word = 0;
    struct boot_options o = {.loader = {"addr=0x40000100,data=0x12345678,data-len=4"},
                             .loader_count = 1};
    build(1, 64ull << 20);
    cr_assert(boot_load(&board, &o, &entry, &e), "%s", e.text);
    cr_assert(physmap_read(map, 0x40000100, &word, 4) && word == 0x12345678);
    static const char *const wrong[] = {
        "addr=0x40000100", "file=/nonexistent", "data=1,addr=0x40000000,data-len=9", "data=1",
        "file=/dev/null,addr=0x40000000", "data=x,addr=0x40000000", "colour=red",
        "data=1,addr=0x90000000", "cpu-num=1,data=1,addr=0x40000000",
    };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        o.loader[0] = wrong[i];
        cr_assert_not(boot_load(&board, &o, &entry, &e), "%s was accepted", wrong[i]);
    }
    teardown();
}

Test(virt, power_button_is_pressed_and_released)
{
    build(1, 64ull << 20);
    cr_assert(board_power_button(&board));
    cr_assert_eq(device_read(board.power_gpio, 0, 0, 0x3fc, 4) & 8, 8);
    timer_queue_run(&timers, clock_now(&now) + CLOCK_NS_PER_SEC);
    cr_assert_eq(device_read(board.power_gpio, 0, 0, 0x3fc, 4) & 8, 0);
    teardown();
}

Test(virt, options)
{
    const struct machine *m = machine_find("virt,highmem=off", &e);
    cr_assert_not_null(m);
    cr_assert(machine_check_options(m, "virt,highmem=off,gic-version=2", &e));
    cr_assert_not(machine_check_options(m, "virt,secure=on", &e));
    cr_assert_not(machine_check_options(m, "virt,gic-version=3", &e));
    cr_assert_not(machine_check_options(m, "virt,gic-vers=2", &e));
    cr_assert_not_null(strstr(e.text, "gic-version"));
    cr_assert_null(machine_find("vert", &e));
    cr_assert_not_null(strstr(e.text, "virt"));
}
