/* Booting: kernels as Linux' boot protocol wants them (zImage, raw, uImage), ELF files, firmware,
 * `-device loader`, and the built-in ROM. */
#include <inttypes.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "machines/internal.h"
#include "util/bits.h"

#define MIB (1ull << 20)
#define FILE_MAX (1ull << 30)
#define KERNEL_OFFSET 0x10000u /* a zImage unpacks below and around itself */
#define RAW_OFFSET 0x8000u     /* where a raw ARM kernel is linked to run */
#define INITRD_OFFSET_MAX (128 * MIB)

struct loading {
    struct board *board;
    const struct boot_options *o;
    struct boot_entry *entry;
    struct error *e;
    uint64_t ram_base, ram_end; /* usable by the loader: below 4 GiB */
    uint64_t kernel_end;
    uint64_t initrd, initrd_size;
};

static bool put(struct loading *l, uint64_t at, const void *data, uint64_t size)
{
    return physmap_load(l->board->config.map, at, data, size);
}

/* ---- parts ------------------------------------------------------------------------------------------- */

static bool load_initrd(struct loading *l)
{
    uint8_t *data;
    size_t size;
    uint64_t half = (l->ram_end - l->ram_base) / 2;
    if (!l->o->initrd)
        return true;
    if (!file_read(l->o->initrd, FILE_MAX, &data, &size, l->e))
        return error_prefix(l->e, "-initrd");
    uint64_t at = l->ram_base + (half < INITRD_OFFSET_MAX ? half : INITRD_OFFSET_MAX);
    at = align_up(at > l->kernel_end ? at : l->kernel_end, 4096);
    bool ok = at + size <= l->ram_end && put(l, at, data, size);
    free(data);
    l->initrd = at;
    l->initrd_size = size;
    return ok || error_set(l->e, "-initrd %s: its %zu bytes do not fit into memory at 0x%" PRIx64
                                 "; give the machine more with -m", l->o->initrd, size, at);
}

/* The user's blob with room to grow, or the generated one. */
static void *device_tree(struct loading *l)
{
    uint8_t *data;
    size_t size;
    if (!l->o->dtb)
        return fdt_generate(l->board, l->e);
    if (!file_read(l->o->dtb, 16 * MIB, &data, &size, l->e)) {
        error_prefix(l->e, "-dtb");
        return NULL;
    }
    void *blob = calloc(1, size + FDT_ROOM);
    int r = fdt_check_header(data);
    if (!r && fdt_totalsize(data) > size)
        r = -FDT_ERR_TRUNCATED;
    if (!r)
        r = fdt_check_full(data, size);
    if (!r && blob)
        r = fdt_open_into(data, blob, (int)(size + FDT_ROOM));
    free(data);
    if (r || !blob) {
        error_set(l->e, "-dtb %s: broken device tree: %s", l->o->dtb, fdt_strerror(r));
        free(blob);
        return NULL;
    }
    return blob;
}

/* Put the completed tree at @at, or after the initrd when @at is 0; returns its address, 0: error. */
static uint64_t load_device_tree(struct loading *l, uint64_t at)
{
    void *blob = device_tree(l);
    if (!blob)
        return 0;
    if (!fdt_set_boot(blob, l->board, l->o, l->initrd, l->initrd_size, l->e)) {
        free(blob);
        return 0;
    }
    fdt_pack(blob);
    uint64_t after = l->initrd_size ? l->initrd + l->initrd_size
                                    : l->ram_base + (l->ram_end - l->ram_base) / 2;
    if (!at)
        at = align_up(after > l->kernel_end ? after : l->kernel_end, 4096);
    bool ok = at + fdt_totalsize(blob) <= l->ram_end && put(l, at, blob, fdt_totalsize(blob));
    free(blob);
    if (!ok)
        error_set(l->e, "the device tree does not fit into memory at 0x%" PRIx64
                        "; give the machine more with -m", at);
    return ok ? at : 0;
}

/* ---- ways to start ------------------------------------------------------------------------------------ */

static bool start_linux(struct loading *l, uint64_t entry)
{
    if (!load_initrd(l))
        return false;
    uint64_t tree = load_device_tree(l, 0);
    if (!tree)
        return false;
    *l->entry = (struct boot_entry){
        .pc = (uint32_t)entry,
        .r0 = 0,
        .r1 = 0xffffffffu, /* no machine number: the device tree tells */
        .r2 = (uint32_t)tree,
        .linux_boot = true,
    };
    return true;
}

static bool load_flat_kernel(struct loading *l, const struct image *image)
{
    uint64_t at = l->ram_base + (image->kind == IMAGE_ZIMAGE ? KERNEL_OFFSET : RAW_OFFSET);
    uint64_t entry = at;
    if (image->kind == IMAGE_UIMAGE) {
        at = image->load;
        entry = image->entry;
    }
    l->kernel_end = at + image->size;
    if (!put(l, at, image->data, image->size))
        return error_set(l->e, "-kernel %s: its %zu bytes do not fit into memory at 0x%" PRIx64,
                         l->o->kernel, image->size, at);
    return start_linux(l, entry);
}

/* A program for the bare machine finds the tree at the start of RAM, as firmware does. */
static bool load_bare_tree(struct loading *l)
{
    return !l->board->machine->tree || load_device_tree(l, l->ram_base) != 0;
}

/* An ELF file is a program for the bare machine; a vmlinux gets what Linux wants as well. */
static bool load_elf_kernel(struct loading *l, const uint8_t *data, size_t size)
{
    struct image image = {0};
    if (!image_load_elf(l->o->kernel, data, size, l->board->config.map, &image, l->e))
        return error_prefix(l->e, "-kernel");
    l->kernel_end = image.high;
    if (l->o->initrd || l->o->append || l->o->dtb)
        return start_linux(l, image.entry);
    l->entry->pc = (uint32_t)image.entry;
    /* As firmware finds it: the tree at the start of RAM, unless the program is there. */
    if (image.low >= l->ram_base + MIB || image.high <= l->ram_base)
        return load_bare_tree(l);
    return true;
}

static bool load_kernel(struct loading *l)
{
    uint8_t *data;
    size_t size;
    struct image image;
    if (!file_read(l->o->kernel, FILE_MAX, &data, &size, l->e))
        return error_prefix(l->e, "-kernel");
    bool ok = image_identify(l->o->kernel, data, size, &image, l->e);
    if (ok)
        ok = image.kind == IMAGE_ELF ? load_elf_kernel(l, data, size) : load_flat_kernel(l, &image);
    free(data);
    return ok;
}

static bool load_bios(struct loading *l)
{
    const struct machine *m = l->board->machine;
    uint8_t *data;
    size_t size;
    if (!m->bios_size)
        return error_set(l->e, "-bios: machine '%s' has no flash", m->name);
    if (!file_read(l->o->bios, m->bios_size, &data, &size, l->e))
        return error_prefix(l->e, "-bios");
    bool ok = put(l, m->bios_base, data, size);
    free(data);
    if (!ok)
        return error_set(l->e, "-bios %s: does not fit into the flash", l->o->bios);
    l->entry->pc = (uint32_t)m->bios_base;
    return load_bare_tree(l);
}

/* ---- M profile ---------------------------------------------------------------------------------------- */

/* An ELF file goes to its addresses, anything else to the start of the flash; the CPU starts from the
 * vector table in either case, wherever the file says that it begins. */
static bool load_firmware(struct loading *l)
{
    uint8_t *data;
    size_t size;
    struct image image = {0};
    const char *path = l->o->kernel;
    if (!file_read(path, FILE_MAX, &data, &size, l->e))
        return error_prefix(l->e, "-kernel");
    uint64_t at = l->board->machine->flash_base;
    bool ok;
    if (size >= 4 && !memcmp(data, "\177ELF", 4))
        ok = image_load_elf(path, data, size, l->board->config.map, &image, l->e) ||
             error_prefix(l->e, "-kernel");
    else
        ok = put(l, at, data, size) ||
             error_set(l->e, "-kernel %s: its %zu bytes do not fit into memory at 0x%" PRIx64, path, size,
                       at);
    free(data);
    return ok;
}

static bool check_m_profile(const struct loading *l)
{
    const struct {
        const char *option, *value;
    } linux_only[] = {
        {"-initrd", l->o->initrd}, {"-append", l->o->append}, {"-dtb", l->o->dtb}, {"-bios", l->o->bios}};
    for (unsigned i = 0; i < ARRAY_SIZE(linux_only); i++)
        if (linux_only[i].value)
            return error_set(l->e, "%s: machine '%s' starts firmware, with -kernel or -device loader",
                             linux_only[i].option, l->board->machine->name);
    return l->o->kernel || l->o->loader_count ||
           error_set(l->e, "nothing to start: give -kernel or -device loader");
}

/* ---- -device loader -------------------------------------------------------------------------------------- */

struct loader_options {
    char file[4096];
    uint64_t addr, data, data_len;
    bool has_addr, has_data, force_raw, has_cpu;
};

static bool number(const char *key, const char *value, uint64_t *out, struct error *e)
{
    char *end;
    *out = strtoull(value, &end, 0);
    return (*value && !*end) || error_set(e, "-device loader: %s=%s is not a number", key, value);
}

static bool loader_option(struct loader_options *o, const char *key, const char *value, struct error *e)
{
    uint64_t cpu;
    if (!strcmp(key, "file")) {
        snprintf(o->file, sizeof(o->file), "%s", value);
        return true;
    }
    if (!strcmp(key, "addr"))
        return o->has_addr = true, number(key, value, &o->addr, e);
    if (!strcmp(key, "data"))
        return o->has_data = true, number(key, value, &o->data, e);
    if (!strcmp(key, "data-len"))
        return number(key, value, &o->data_len, e);
    if (!strcmp(key, "force-raw"))
        return o->force_raw = !strcmp(value, "on") || !strcmp(value, "true"), true;
    if (!strcmp(key, "cpu-num")) {
        o->has_cpu = true;
        return number(key, value, &cpu, e) &&
               (!cpu || error_set(e, "-device loader: only cpu-num=0 can be started"));
    }
    return error_set(e, "-device loader: unknown option '%s'; there are file, addr, cpu-num, force-raw, "
                        "data, data-len", key);
}

static bool loader_parse(const char *text, struct loader_options *o, struct error *e)
{
    char copy[5000], *save = NULL;
    *o = (struct loader_options){.data_len = 4};
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(p, '=');
        if (!equals)
            return error_set(e, "-device loader: '%s' has no value", p);
        *equals = 0;
        if (!loader_option(o, p, equals + 1, e))
            return false;
    }
    if (!*o->file == !o->has_data)
        return error_set(e, "-device loader: give either file= or data=");
    if (o->has_data && (!o->has_addr || o->data_len > 8 || !is_pow2(o->data_len)))
        return error_set(e, "-device loader: data= needs addr= and data-len= of 1, 2, 4 or 8");
    return true;
}

static bool load_loader_file(struct loading *l, const struct loader_options *o)
{
    uint8_t *data;
    size_t size;
    struct image image = {0};
    if (!file_read(o->file, FILE_MAX, &data, &size, l->e))
        return error_prefix(l->e, "-device loader");
    bool elf = !o->force_raw && size >= 4 && !memcmp(data, "\177ELF", 4);
    bool ok;
    if (elf)
        ok = image_load_elf(o->file, data, size, l->board->config.map, &image, l->e);
    else if (!o->has_addr)
        ok = error_set(l->e, "-device loader: %s is no ELF file, so it needs addr=", o->file);
    else
        ok = put(l, o->addr, data, size) ||
             error_set(l->e, "-device loader: %s: its %zu bytes do not fit into memory at 0x%" PRIx64,
                       o->file, size, o->addr);
    free(data);
    bool m_profile = l->board->machine->m_profile != NULL;
    if (ok && ((elf && !m_profile) || o->has_cpu)) {
        l->entry->pc = (uint32_t)(elf ? image.entry : o->addr);
        l->entry->vector_pc = false;
    }
    return ok;
}

static bool load_loader(struct loading *l, const char *text)
{
    struct loader_options o;
    if (!loader_parse(text, &o, l->e))
        return false;
    if (!o.has_data)
        return load_loader_file(l, &o);
    return put(l, o.addr, &o.data, o.data_len) ||
           error_set(l->e, "-device loader: no memory at 0x%" PRIx64, o.addr);
}

static bool load_loaders(struct loading *l)
{
    for (unsigned i = 0; i < l->o->loader_count; i++)
        if (!load_loader(l, l->o->loader[i]))
            return false;
    return true;
}

static bool load_m_profile(struct loading *l)
{
    *l->entry = (struct boot_entry){.vector_pc = true};
    return check_m_profile(l) && (!l->o->kernel || load_firmware(l)) && load_loaders(l);
}

static bool load_a_profile(struct loading *l)
{
    const struct boot_options *o = l->o;
    uint64_t bios_base = l->board->machine->bios_base;
    *l->entry = (struct boot_entry){.pc = (uint32_t)bios_base};
    if (o->bios && !load_bios(l))
        return false;
    if (o->kernel && o->bios)
        return error_set(l->e, "-kernel and -bios cannot be used together");
    if (o->kernel && !load_kernel(l))
        return false;
    if (!o->kernel && (o->initrd || o->append))
        return error_set(l->e, "%s needs -kernel", o->initrd ? "-initrd" : "-append");
    if (!load_loaders(l))
        return false;
    if (!o->kernel && !o->bios && !o->loader_count && !put(l, bios_base, o->rom, o->rom_size))
        return error_set(l->e, "the built-in ROM does not fit into the flash");
    return true;
}

bool boot_load(struct board *b, const struct boot_options *o, struct boot_entry *entry, struct error *e)
{
    const struct machine *m = b->machine;
    uint64_t ram_end = m->ram_base + b->config.ram_size;
    struct loading l = {
        .board = b, .o = o, .entry = entry, .e = e, .ram_base = m->ram_base,
        .ram_end = ram_end < 1ull << 32 ? ram_end : 1ull << 32,
    };
    return m->m_profile ? load_m_profile(&l) : load_a_profile(&l);
}
