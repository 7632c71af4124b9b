/* The physical address map. */
#include <criterion/criterion.h>
#include <string.h>

#include "softmmu/physmap.h"

struct device {
    uint64_t offset, value;
    unsigned size, cpu;
};

static bool device_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    struct device *d = opaque;

    *d = (struct device){.offset = offset, .size = size, .cpu = cpu};
    *value = 0x1234;
    return offset != 0x10;
}

static bool device_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
    *(struct device *)opaque =
        (struct device){.offset = offset, .size = size, .cpu = cpu, .value = value};
    return true;
}

static const struct phys_mmio_ops device_ops = {device_read, device_write, 1, 4};
static struct device device;

static struct physmap *map_new(void)
{
    struct physmap *map = physmap_new();

    cr_assert(physmap_add_ram(map, "ram", 0x40000000, 0x10000, false, NULL));
    cr_assert(physmap_add_mmio(map, "uart", 0x9000000, 0x100, &device_ops, &device, NULL));
    cr_assert(physmap_add_rom(map, "flash", 0, 0x2000, NULL));
    cr_assert(physmap_add_ram(map, "high", 0x40010000, 0x1000, true, NULL));
    return map;
}

Test(physmap, lookup)
{
    struct physmap *map = map_new();
    struct phys_region *last = NULL;

    cr_assert_str_eq(physmap_find(map, 0x1fff)->name, "flash");
    cr_assert_null(physmap_find(map, 0x2000));
    cr_assert_str_eq(physmap_find(map, 0x90000ff)->name, "uart");
    cr_assert_null(physmap_find(map, 0x9000100));
    cr_assert_str_eq(physmap_find(map, 0x4000ffff)->name, "ram");
    cr_assert_str_eq(physmap_find_cached(map, 0x40010000, &last)->name, "high");
    cr_assert_eq(last, physmap_by_name(map, "high"));
    cr_assert_str_eq(physmap_find_cached(map, 0x40000000, &last)->name, "ram");
    cr_assert_str_eq(physmap_nearest(map, 0x3000)->name, "flash");
    cr_assert_str_eq(physmap_nearest(map, 0x8ffffff)->name, "uart");
    cr_assert_str_eq(physmap_nearest(map, 0xffffffff)->name, "high");
    physmap_free(map);
}

Test(physmap, overlap_is_an_error)
{
    struct physmap *map = map_new();
    struct error e;

    cr_assert_null(physmap_add_mmio(map, "bad", 0x8ffff80, 0x100, &device_ops, &device, &e));
    cr_assert_not_null(strstr(e.text, "uart"));
    cr_assert_null(physmap_add_ram(map, "odd", 0x50000800, 0x1000, false, &e));
    cr_assert_null(physmap_add_ram(map, "wrap", 0xfffffffffffff000, 0x2000, false, &e));
    cr_assert_eq(physmap_count(map), 4);
    physmap_free(map);
}

Test(physmap, copies_cross_regions)
{
    struct physmap *map = map_new();
    char out[8] = "";

    cr_assert(physmap_write(map, 0x4000fffc, "abcdefg", 8));
    cr_assert(physmap_read(map, 0x4000fffc, out, 8));
    cr_assert_str_eq(out, "abcdefg");
    cr_assert(!physmap_write(map, 0x40010ffc, "abcdefg", 8), "past the end");
    cr_assert(!physmap_write(map, 0, "x", 1), "ROM");
    cr_assert(physmap_load(map, 0, "x", 1));
    cr_assert_eq(*physmap_host(map, 0, 1), 'x');
    cr_assert_null(physmap_host(map, 0x1ffd, 4));
    physmap_free(map);
}

Test(physmap, cpu_access)
{
    struct physmap *map = map_new();
    struct phys_region *last = NULL;
    uint64_t v;

    cr_assert(physmap_cpu_write(map, &last, 0, 0x40000008, 4, 0x11223344));
    cr_assert(physmap_cpu_read(map, &last, 0, 0x40000009, 2, &v));
    cr_assert_eq(v, 0x2233);
    cr_assert(physmap_cpu_write(map, &last, 0, 0x10, 4, 1), "ignored");
    cr_assert(physmap_cpu_read(map, &last, 0, 0x10, 4, &v));
    cr_assert_eq(v, 0);
    cr_assert(physmap_cpu_read(map, &last, 3, 0x9000004, 2, &v));
    cr_assert_eq(v, 0x1234);
    cr_assert(device.offset == 4 && device.size == 2 && device.cpu == 3);
    cr_assert(!physmap_cpu_read(map, &last, 0, 0x9000008, 8, &v), "size not supported");
    cr_assert(!physmap_cpu_read(map, &last, 0, 0x9000010, 4, &v), "refused by the device");
    cr_assert(!physmap_cpu_write(map, &last, 0, 0x20000000, 4, 0), "nothing there");
    physmap_free(map);
}

struct notes {
    unsigned count;
    uint64_t phys, len;
};

static void note(void *opaque, uint64_t phys, uint64_t len)
{
    struct notes *n = opaque;

    n->count++;
    n->phys = phys;
    n->len = len;
}

Test(physmap, code_pages_notify)
{
    struct physmap *map = map_new();
    struct phys_region *ram = physmap_by_name(map, "ram");
    static char zeros[0x4000];
    struct notes n = {0};

    physmap_set_write_notify(map, note, &n);
    cr_assert(physmap_write(map, 0x40000000, zeros, sizeof(zeros)));
    cr_assert_eq(n.count, 0);
    *physmap_page_flags(ram, 0x40001000) |= PHYS_PAGE_CODE;
    *physmap_page_flags(ram, 0x40002000) |= PHYS_PAGE_CODE;
    cr_assert(physmap_write(map, 0x40000800, zeros, 0x2000));
    cr_assert(n.count == 1 && n.phys == 0x40001000 && n.len == 0x1800);
    physmap_free(map);
}

Test(physmap, alias_shares_memory)
{
    struct physmap *map = map_new();
    struct phys_region *alias = physmap_add_alias(map, "mirror", 0x80000000,
                                                  physmap_by_name(map, "ram"), NULL);

    cr_assert(physmap_write(map, 0x40000123, "z", 1));
    cr_assert_eq(*physmap_host(map, 0x80000123, 1), 'z');
    cr_assert_eq(physmap_page_flags(alias, 0x80001000),
                 physmap_page_flags(physmap_by_name(map, "ram"), 0x40001000));
    physmap_free(map);
}
