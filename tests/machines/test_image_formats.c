/* Intel HEX, S-records, UF2, `-device loader` and what all images have in common. The records are
 * worked out by hand from the formats' definitions. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "machines/internal.h"
#include "util/bits.h"

#define HEX_END ":00000001FF\n"

static struct image_file image;
static struct error e;

static bool parse_bytes(const void *data, size_t size)
{
    image_file_free(&image);
    memset(&e, 0, sizeof(e));
    return image_parse("prog", data, size, image_format(data, size), 0x100, &image, &e);
}

static void accepted(const char *text)
{
    cr_assert(parse_bytes(text, strlen(text)), "%s", e.text);
}

static void check_error(const char *part)
{
    cr_assert(strstr(e.text, part) && !strncmp(e.text, "prog: ", 6), "'%s' does not say '%s'",
              e.text, part);
    cr_assert_eq(e.kind, ERROR_IMAGE);
    cr_assert_null(strchr(e.text, '\n'));
}

static void refused(const char *text, const char *part)
{
    cr_assert_not(parse_bytes(text, strlen(text)), "%s was accepted", text);
    check_error(part);
}

static void segment(unsigned i, uint64_t addr, size_t size, const char *bytes)
{
    cr_assert_lt(i, image.count);
    cr_expect_eq(image.segments[i].addr, addr, "segment %u at 0x%lx", i, image.segments[i].addr);
    cr_assert_eq(image.segments[i].size, size);
    cr_expect_arr_eq(image.segments[i].data, bytes, size);
}

/* ---- Intel HEX ------------------------------------------------------------------------------- */

Test(hex, one_record)
{
    accepted(":0300300002337A1E\r\n" HEX_END);
    cr_assert_eq(image.format, IMAGE_FORMAT_HEX);
    cr_assert_eq(image.count, 1);
    segment(0, 0x30, 3, "\x02\x33\x7a");
    cr_expect_not(image.has_entry);
    accepted(":0300300002337a1e\n:00000001ff"); /* small letters, no newline at the end */
}

Test(hex, addresses)
{
    accepted("\n:020000040800F2\n:020010000102EB\n:0100120003EA\n" /* a row: one segment */
             ":020000021000EC\n:0100050042B8\n"                      /* 0x1000 << 4 */
             ":040000050800019955\n" HEX_END);
    cr_assert_eq(image.count, 2);
    segment(0, 0x10005, 1, "\x42");
    segment(1, 0x08000010, 3, "\1\2\3");
    cr_expect(image.has_entry && image.entry == 0x08000199);
    accepted(":020000021000EC\n:02FFFF000708F1\n:0400000312340001B2\n" HEX_END);
    segment(0, 0x10000, 1, "\x08"); /* the offset wraps within its segment */
    segment(1, 0x1ffff, 1, "\x07");
    cr_expect(image.has_entry && image.entry == 0x12341);
}

Test(hex, malformed)
{
    refused(":0300300002337A1E\n", "truncated: no end record");
    refused(":0300300002337A1E\n:0300300002337A1F\n" HEX_END,
            "line 2: bad checksum: it is 0x1f, and should be 0x1e");
    refused(":0300300002337A\n" HEX_END, "line 1: truncated record");
    refused(":0300300002337A1\n" HEX_END, "line 1: truncated record");
    refused(":0300300002337G1E\n" HEX_END, "line 1: 'G' is no hexadecimal digit");
    refused(":0300300002337A1E\nhello\n" HEX_END, "line 2: does not begin with ':'");
    refused(":0100000601F8\n" HEX_END, "line 1: unknown record type 0x06");
    refused(":0100000408F3\n" HEX_END, "line 1: record type 0x04 with 1 bytes");
    refused(HEX_END ":0300300002337A1E\n", "line 2: a record after the last one");
    refused(HEX_END, "nothing to load");
    refused(":0300300002337A1E\n:0300300002337A1E\n" HEX_END,
            "overlapping parts: 0x00000030 to 0x00000032");
    refused(":02000004FFFFFC\n:02FFFF000102FD\n" HEX_END, "line 2: data beyond 0xffffffff");
    refused(":00000001FF0\n", "line 1");
}

/* ---- S-records ------------------------------------------------------------------------------- */

Test(srec, records)
{
    accepted(
        "S00600004844521B\nS108003868656C6C6FAB\nS307200000007879E7\r\nS2050100007A7F\nS5030003F9\n"
        "S70520000001D9\n");
    cr_assert_eq(image.format, IMAGE_FORMAT_SREC);
    cr_assert_eq(image.count, 3);
    segment(0, 0x38, 5, "hello");
    segment(1, 0x10000, 1, "z");
    segment(2, 0x20000000, 2, "xy");
    cr_expect(image.has_entry && image.entry == 0x20000001);
    accepted("S108003868656C6C6FAB\nS804000010EB\n");
    cr_expect_eq(image.entry, 0x10);
}

Test(srec, malformed)
{
    refused("S108003868656C6C6FAB\n", "truncated: no end record");
    refused("S108003868656C6C6FAC\nS9030000FC\n",
            "line 1: bad checksum: it is 0xac, and should be 0xab");
    refused("S108003868656C6C6F\nS9030000FC\n", "line 1: truncated record");
    refused("S108003868656C6C6FAB\nS5030004F8\nS9030000FC\n",
            "line 2: there should be 4 data records, but there are 1");
    refused("S408003868656C6C6FAB\n", "line 1: unknown record type S4");
    refused("S9030000FC\n", "nothing to load");
    refused("S9030000FC\nS108003868656C6C6FAB\n", "line 2: a record after the last one");
    refused("S108003868656C6C6FAB\nX9030000FC\n", "line 2: does not begin with 'S'");
}

/* ---- UF2 ------------------------------------------------------------------------------------- */

static uint8_t blocks[3][512];

static void put(unsigned block, unsigned at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        blocks[block][at + i] = (uint8_t)(value >> (8 * i));
}

static void make_blocks(void)
{
    memset(blocks, 0, sizeof(blocks));
    for (unsigned i = 0; i < 3; i++) {
        static const struct {
            unsigned at;
            uint32_t value;
        } fields[] = {{0, 0x0a324655}, {4, 0x9e5d5157}, {8, 0x2000}, {16, 256}, {24, 3},
                      {28, 0xe48bff56}, {508, 0x0ab16f30}};
        for (unsigned k = 0; k < ARRAY_SIZE(fields); k++)
            put(i, fields[k].at, fields[k].value);
        put(i, 12, 0x10000000 + 256 * i);
        put(i, 20, i);
        memset(blocks[i] + 32, (int)i + 1, 256);
    }
}

Test(uf2, blocks)
{
    make_blocks();
    cr_assert(parse_bytes(blocks, sizeof(blocks)), "%s", e.text);
    cr_assert_eq(image.format, IMAGE_FORMAT_UF2);
    cr_assert_eq(image.count, 3);
    cr_assert_eq(image.segments[2].addr, 0x10000200);
    cr_assert_eq(image.segments[2].data[255], 3);
    put(1, 8, 0x2001); /* not for the flash: then two blocks of three are there */
    cr_assert_not(parse_bytes(blocks, sizeof(blocks)));
    check_error("truncated: 2 blocks of 3");
}

Test(uf2, malformed)
{
    static const struct {
        unsigned block, at;
        uint32_t value;
        const char *part;
    } cases[] = {
        {1, 0, 1, "block 1: no UF2 block"},
        {2, 508, 1, "block 2: no UF2 block"},
        {0, 16, 477, "block 0: 477 bytes"},
        {1, 20, 2, "block 2: number 2 is there twice"},
        {1, 20, 3, "block 1: it is number 3 of 3"},
        {1, 24, 4, "block 1: it is number 1 of 4"},
        {1, 12, 0x10000000, "overlapping"},
        {0, 28, 0xbfdd4eee, "ESP32-S2, which is no ARM processor"},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        make_blocks();
        put(cases[i].block, cases[i].at, cases[i].value);
        cr_assert_not(parse_bytes(blocks, sizeof(blocks)), "case %u was accepted", i);
        check_error(cases[i].part);
    }
    make_blocks();
    cr_assert_not(parse_bytes(blocks, 1024));
    check_error("truncated: 2 blocks of 3");
    cr_assert_not(parse_bytes(blocks, 1000));
    check_error("truncated: 1000 bytes");
}

/* ---- all of them ----------------------------------------------------------------------------- */

Test(formats, recognition)
{
    cr_expect_eq(image_format((const uint8_t *)":)", 2), IMAGE_FORMAT_RAW);
    cr_expect_eq(image_format((const uint8_t *)"Sure, a text", 12), IMAGE_FORMAT_RAW);
    cr_expect_eq(image_format((const uint8_t *)"UF2\n", 4), IMAGE_FORMAT_RAW);
    cr_expect_eq(image_format((const uint8_t *)"\177ELF", 4), IMAGE_FORMAT_ELF);
    static const struct {
        const char *path;
        enum image_format format;
    } names[] = {{"x.elf", IMAGE_FORMAT_ELF},      {"x.HEX", IMAGE_FORMAT_HEX},
                 {"a.b/x.s19", IMAGE_FORMAT_SREC}, {"x.uf2", IMAGE_FORMAT_UF2},
                 {"x.bin", IMAGE_FORMAT_RAW},      {"elf", IMAGE_FORMAT_RAW}};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        cr_expect_eq(image_format_of(names[i].path, (const uint8_t *)"text", 4), names[i].format);
        cr_expect_eq(image_format_of(names[i].path, (const uint8_t *)"\177ELF", 4),
                     IMAGE_FORMAT_ELF);
        cr_expect(names[i].format == IMAGE_FORMAT_RAW ||
                  !image_parse("x", (const uint8_t *)"text", 4, names[i].format, 0, &image, &e));
    }
    accepted("raw bytes");
    cr_assert_eq(image.format, IMAGE_FORMAT_RAW);
    segment(0, 0x100, 9, "raw bytes");
}

Test(formats, damaged_files_do_no_harm)
{
    static const char *const texts[] = {
        ":020000040800F2\n:020010000102EB\n:0100120003EA\n:020000021000EC\n:0100050042B8\n" HEX_END,
        "S00600004844521B\nS108003868656C6C6FAB\nS307200000007879E7\nS5030002FA\nS70520000001D9\n"};
    uint32_t seed = 1;
    for (unsigned round = 0; round < 60000; round++) {
        char copy[2048];
        size_t size = 0;
        if (round % 3 < 2) {
            size = strlen(texts[round % 3]);
            memcpy(copy, texts[round % 3], size);
        } else {
            make_blocks();
            size = sizeof(blocks);
            memcpy(copy, blocks, size);
        }
        for (unsigned k = 0; k < 1 + round % 4; k++) {
            seed = seed * 1664525 + 1013904223;
            copy[(seed >> 8) % (round % 3 < 2 ? size : 40)] = (char)(seed >> 24);
        }
        seed = seed * 1664525 + 1013904223;
        if (round % 5 == 0)
            size = (seed >> 8) % size;
        uint8_t *exact = malloc(size ? size : 1); /* for the address sanitizer */
        memcpy(exact, copy, size);
        if (!parse_bytes(exact, size))
            cr_assert(*e.text);
        free(exact);
    }
}

static struct physmap *memory_map(void)
{
    struct physmap *map = physmap_new();
    cr_assert(physmap_add_rom(map, "flash", 0, 0x10000, &e));
    cr_assert(physmap_add_ram(map, "sram", 0x20000000, 0x4000, false, &e));
    return map;
}

Test(formats, loading)
{
    struct physmap *map = memory_map();
    struct image_loaded loaded = {0};
    uint32_t base, limit;
    char back[6] = "";
    accepted("S108003868656C6C6FAB\nS307200000007879E7\nS9030000FC\n");
    cr_assert(image_load(&image, map, &loaded, &e), "%s", e.text);
    cr_assert(physmap_read(map, 0x38, back, 5));
    cr_expect_str_eq(back, "hello");
    cr_expect_not(image_free_memory(&loaded, map, &base, &limit), "S-records do not tell");
    accepted(":01003C0042" "81\n" HEX_END); /* the last byte of "hello" */
    cr_assert_not(image_load(&image, map, &loaded, &e));
    check_error("overlaps prog: both have bytes for 0x0000003c");
    accepted("S307200040007879A7\nS9030000FC\n");
    cr_assert_not(image_load(&image, map, &loaded, &e));
    check_error("its 2 bytes at 0x20004000 do not fit into memory; there is 0x0 to 0xffff (flash), "
                "0x20000000 to 0x20003fff (sram)");
    image_loaded_free(&loaded);
    physmap_free(map);
}

/* ---- -device loader -------------------------------------------------------------------------- */

Test(loader, options)
{
    struct loader_options o;
    uint8_t bytes[8];
    cr_assert(loader_parse("file=a,,b.elf,cpu-num=0", &o, &e), "%s", e.text);
    cr_expect_str_eq(o.file, "a,b.elf");
    cr_expect(o.has_cpu && !o.force_raw && !o.has_addr);
    cr_assert(loader_parse("file=x,addr=0x100,force-raw=on", &o, &e));
    cr_expect(o.force_raw && o.has_addr && o.addr == 0x100);
    cr_assert(loader_parse("addr=0x8000,cpu-num=0", &o, &e));
    cr_assert(loader_parse("addr=0,data=0x11223344,data-len=4,data-be=on", &o, &e));
    loader_data(&o, bytes);
    cr_expect_arr_eq(bytes, "\x11\x22\x33\x44", 4);
    cr_assert(loader_parse("addr=0,data=0x112233,data-len=3", &o, &e));
    loader_data(&o, bytes);
    cr_expect_arr_eq(bytes, "\x33\x22\x11", 3);
    static const char *const wrong[] = {
        "file=x,data=1,addr=0,data-len=4", "addr=0", "cpu-num=0", "data=1,data-len=4",
        "data=1,addr=0,data-len=9", "data=1,addr=0,data-len=0",
        "data=0x100,addr=0,data-len=1", "file=x,force-raw=maybe", "file",
        "file=x,adr=0", "file=x,cpu-num=1", "file=x,data-be=on", "", "addr=-1,cpu-num=0"};
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
        cr_expect_not(loader_parse(wrong[i], &o, &e), "%s was accepted", wrong[i]);
}
