#include <criterion/criterion.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "machines/internal.h"
#include "util/bits.h"

static uint8_t file[8192];
static struct image image;
static struct error e;

static void put32(unsigned at, uint32_t v)
{
    memcpy(file + at, &v, 4);
}

static void put_be32(unsigned at, uint32_t v)
{
    put32(at, __builtin_bswap32(v));
}

static bool identify(size_t size)
{
    memset(&e, 0, sizeof(e));
    return image_identify("file", file, size, &image, &e);
}

static void says(const char *word)
{
    cr_assert_not_null(strstr(e.text, word), "'%s' is not in '%s'", word, e.text);
    cr_assert_null(strchr(e.text, '\n'));
}

static void make_zimage(uint32_t size)
{
    put32(0, 0xe1a00000);
    put32(0x24, 0x016f2818);
    put32(0x28, 0);
    put32(0x2c, size);
}

Test(image, zimage)
{
    make_zimage(4096);
    cr_assert(identify(4096), "%s", e.text);
    cr_assert(image.kind == IMAGE_ZIMAGE && image.data == file && image.size == 4096);
    cr_assert_not(identify(4000));
    says("truncated");
}

Test(image, uimage)
{
    put_be32(0, 0x27051956);
    put_be32(12, 1000);
    put_be32(16, 0x40008000);
    put_be32(20, 0x40008040);
    file[28] = 5, file[29] = 2, file[30] = 2, file[31] = 0;
    cr_assert(identify(1064), "%s", e.text);
    cr_assert(image.kind == IMAGE_UIMAGE && image.size == 1000 && image.data == file + 64);
    cr_assert(image.load == 0x40008000 && image.entry == 0x40008040);
    cr_assert_not(identify(1063));
    says("truncated");
    file[31] = 1;
    cr_assert_not(identify(1064));
    says("compressed");
    file[31] = 0;
    file[29] = 22; /* AArch64 */
    cr_assert_not(identify(1064));
    says("not a 32-bit ARM kernel");
}

Test(image, raw_kernel_starts_with_code)
{
    put32(0, 0xea000010);
    cr_assert(identify(4096), "%s", e.text);
    cr_assert_eq(image.kind, IMAGE_RAW_KERNEL);
    put32(0, 0x20202020);
    cr_assert_not(identify(4096));
    says("not a kernel");
}

Test(image, other_files_are_named)
{
    memcpy(file + 0x38, "ARM\x64", 4);
    cr_assert_not(identify(4096));
    says("64-bit");
    memset(file, 0, sizeof(file));
    memcpy(file, "\x1f\x8b\x08", 3);
    cr_assert_not(identify(4096));
    says("gzip");
    memcpy(file, "#!/bin/sh\n", 10);
    cr_assert_not(identify(10));
    says("script");
}

/* ---- ELF ------------------------------------------------------------------------------------- */

static Elf32_Ehdr *make_elf(void)
{
    Elf32_Ehdr *eh = (void *)file;
    Elf32_Phdr *ph = (void *)(file + sizeof(*eh));
    memset(file, 0, sizeof(file));
    memcpy(eh->e_ident, ELFMAG, SELFMAG);
    eh->e_ident[EI_CLASS] = ELFCLASS32;
    eh->e_ident[EI_DATA] = ELFDATA2LSB;
    eh->e_ident[EI_VERSION] = EV_CURRENT;
    eh->e_type = ET_EXEC;
    eh->e_machine = EM_ARM;
    eh->e_version = EV_CURRENT;
    eh->e_entry = 0x40001001;
    eh->e_phoff = sizeof(*eh);
    eh->e_ehsize = sizeof(*eh);
    eh->e_phentsize = sizeof(*ph);
    eh->e_phnum = 1;
    *ph = (Elf32_Phdr){.p_type = PT_LOAD, .p_offset = 256, .p_vaddr = 0xc0001000,
                       .p_paddr = 0x40001000, .p_filesz = 16, .p_memsz = 5000};
    memset(file + 256, 0x5a, 16);
    return eh;
}

static struct image_file program;

static bool load(size_t size, struct physmap *map)
{
    memset(&e, 0, sizeof(e));
    image_file_free(&program);
    memset(&program, 0, sizeof(program));
    return image_parse("file", file, size, image_format(file, size), 0, &program, &e) &&
           image_load(&program, map, NULL, &e);
}

Test(image, elf_segments_go_to_their_physical_addresses)
{
    struct physmap *map = physmap_new();
    uint8_t back[20];
    cr_assert(physmap_add_ram(map, "ram", 0x40000000, 0x10000, false, &e));
    memset(back, 0xff, sizeof(back));
    cr_assert(physmap_load(map, 0x40001000, back, sizeof(back)));
    make_elf();
    cr_assert(load(512, map), "%s", e.text);
    cr_assert(program.has_entry && program.entry == 0x40001001 && program.count == 1);
    cr_assert(program.segments[0].addr == 0x40001000 && program.segments[0].run == 0xc0001000 &&
              program.segments[0].size == 16 && program.segments[0].memory == 5000);
    cr_assert(physmap_read(map, 0x40001000, back, sizeof(back)));
    cr_assert(back[0] == 0x5a && back[15] == 0x5a && back[16] == 0, "the rest is cleared");
    struct image_loaded loaded = {0};
    uint32_t base, limit;
    ((Elf32_Phdr *)(file + sizeof(Elf32_Ehdr)))->p_vaddr = 0x40003000; /* it runs elsewhere */
    image_file_free(&program);
    memset(&program, 0, sizeof(program));
    cr_assert(image_parse("file", file, 512, IMAGE_FORMAT_ELF, 0, &program, &e), "%s", e.text);
    cr_assert(image_load(&program, map, &loaded, &e), "%s", e.text);
    cr_assert(image_free_memory(&loaded, map, &base, &limit));
    cr_assert(base == 0x40003000 + 5000 && limit == 0x40010000, "0x%x to 0x%x", base, limit);
    image_loaded_free(&loaded);
    image_file_free(&program);
    physmap_free(map);
}

Test(image, broken_elf_files)
{
    struct physmap *map = physmap_new();
    cr_assert(physmap_add_ram(map, "ram", 0x40000000, 0x10000, false, &e));
    Elf32_Ehdr *eh = make_elf();
    Elf32_Phdr *ph = (void *)(file + sizeof(*eh));
    cr_assert_not(load(260, map));
    says("truncated");
    ph->p_offset = 0xfffffff0;
    cr_assert_not(load(512, map));
    says("truncated");
    ph->p_offset = 256;
    ph->p_paddr = 0x80000000;
    cr_assert_not(load(512, map));
    says("do not fit");
    ph->p_paddr = 0x40001000;
    eh->e_machine = EM_386;
    cr_assert_not(load(512, map));
    says("not ARM");
    eh->e_machine = EM_ARM;
    eh->e_phoff = 0x7fffffff;
    cr_assert_not(load(512, map));
    says("truncated ELF file: its program headers end at byte 2147483679 of 512");
    cr_assert_not(load(20, map));
    says("not even a header");
    eh->e_phoff = sizeof(*eh);
    eh->e_phnum = 0;
    cr_assert_not(load(512, map));
    says("program headers");
    physmap_free(map);
}

Test(image, damaged_elf_files_do_no_harm)
{
    struct physmap *map = physmap_new();
    uint32_t seed = 1;
    cr_assert(physmap_add_ram(map, "ram", 0x40000000, 0x10000, false, &e));
    for (unsigned round = 0; round < 20000; round++) {
        make_elf();
        for (unsigned k = 0; k < 1 + round % 3; k++) {
            seed = seed * 1664525 + 1013904223;
            file[(seed >> 8) % (sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr))] = (uint8_t)(seed >> 24);
        }
        seed = seed * 1664525 + 1013904223;
        size_t size = round % 4 ? 512 : (seed >> 8) % 512;
        uint8_t *exact = malloc(size + 1); /* for the address sanitizer */
        memcpy(exact, file, size);
        memset(&e, 0, sizeof(e));
        if (image_parse("file", exact, size, IMAGE_FORMAT_ELF, 0, &program, &e)) {
            image_load(&program, map, NULL, &e);
            image_file_free(&program);
        } else {
            cr_assert(*e.text && !strchr(e.text, '\n'));
        }
        free(exact);
    }
    physmap_free(map);
}
