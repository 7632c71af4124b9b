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
    struct image_loaded loaded;
};

static bool put(struct loading *l, uint64_t at, const void *data, uint64_t size)
{
    return physmap_load(l->board->config.map, at, data, size);
}

/* A file of @option could not be read. */
static bool file_error(const struct loading *l, const char *option)
{
    error_prefix(l->e, "%s", option);
    return error_mark(l->e, ERROR_IMAGE);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static bool load_initrd(struct loading *l)
{
    uint8_t *data;
    size_t size;
    uint64_t half = (l->ram_end - l->ram_base) / 2;
    if (!l->o->initrd)
        return true;
    if (!file_read(l->o->initrd, FILE_MAX, &data, &size, l->e))
        return file_error(l, "-initrd");
    uint64_t at = l->ram_base + (half < INITRD_OFFSET_MAX ? half : INITRD_OFFSET_MAX);
    at = align_up(at > l->kernel_end ? at : l->kernel_end, 4096);
    bool ok = at + size <= l->ram_end && put(l, at, data, size);
    free(data);
    l->initrd = at;
    l->initrd_size = size;
    if (ok)
        return true;
    error_set(l->e, "-initrd %s: its %zu bytes do not fit into memory at 0x%" PRIx64
                    "; give the machine more with -m", l->o->initrd, size, at);
    return error_mark(l->e, ERROR_IMAGE);
}

/* The user's blob with room to grow, or the generated one. */
static void *device_tree(struct loading *l)
{
    uint8_t *data;
    size_t size;
    if (!l->o->dtb)
        return fdt_generate(l->board, l->e);
    if (!file_read(l->o->dtb, 16 * MIB, &data, &size, l->e)) {
        file_error(l, "-dtb");
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
        error_mark(l->e, ERROR_IMAGE);
        free(blob);
        return NULL;
    }
    return blob;
}

/* Put the completed tree at @at, or after the initrd when @at is 0; returns its address, 0:
 * error. */
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

/* ---- programs -------------------------------------------------------------------------------- */

/* A file with a program, and where it went. */
struct program {
    const char *path;
    uint8_t *data;
    size_t size;
    struct image_file file;
    uint64_t low, high;
};

static bool read_program(struct loading *l, const char *path, const char *option, struct program *p)
{
    *p = (struct program){.path = path};
    return file_read(path, FILE_MAX, &p->data, &p->size, l->e) || file_error(l, option);
}

static void free_program(struct program *p)
{
    image_file_free(&p->file);
    free(p->data);
}

static bool load_program(struct loading *l, struct program *p, enum image_format format,
                         uint64_t raw_addr, const char *option)
{
    if (!image_parse(p->path, p->data, p->size, format, raw_addr, &p->file, l->e) ||
        !image_load(&p->file, l->board->config.map, &l->loaded, l->e))
        return error_prefix(l->e, "%s", option);
    p->low = UINT64_MAX;
    for (unsigned i = 0; i < p->file.count; i++) {
        const struct image_segment *s = &p->file.segments[i];
        p->low = s->addr < p->low ? s->addr : p->low;
        p->high = s->addr + s->memory > p->high ? s->addr + s->memory : p->high;
    }
    return true;
}

/* ---- ways to start --------------------------------------------------------------------------- */

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
    if (!put(l, at, image->data, image->size)) {
        error_set(l->e, "-kernel %s: its %zu bytes do not fit into memory at 0x%" PRIx64,
                  l->o->kernel, image->size, at);
        return error_mark(l->e, ERROR_IMAGE);
    }
    return start_linux(l, entry);
}

/* A program for the bare machine finds the tree at the start of RAM, as firmware does. */
static bool load_bare_tree(struct loading *l)
{
    return !l->board->machine->tree || load_device_tree(l, l->ram_base) != 0;
}

/* A program for the bare machine; a vmlinux gets what Linux wants as well. */
static bool load_bare_program(struct loading *l, struct program *p)
{
    if (!load_program(l, p, image_format(p->data, p->size), 0, "-kernel"))
        return false;
    uint64_t entry = p->file.has_entry ? p->file.entry : p->low;
    l->kernel_end = p->high;
    if (l->o->initrd || l->o->dtb ||
        (l->o->append && p->file.format == IMAGE_FORMAT_ELF && !l->o->bare))
        return start_linux(l, entry);
    l->entry->pc = (uint32_t)entry;
    /* As firmware finds it: the tree at the start of RAM, unless the program is there. */
    if (p->low >= l->ram_base + MIB || p->high <= l->ram_base)
        return load_bare_tree(l);
    return true;
}

static bool load_kernel(struct loading *l)
{
    struct program p;
    struct image image;
    if (!read_program(l, l->o->kernel, "-kernel", &p))
        return false;
    bool ok = image_identify(l->o->kernel, p.data, p.size, &image, l->e) ||
              error_mark(l->e, ERROR_IMAGE);
    if (ok)
        ok = image.kind == IMAGE_PROGRAM ? load_bare_program(l, &p) : load_flat_kernel(l, &image);
    free_program(&p);
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
        return file_error(l, "-bios");
    bool ok = put(l, m->bios_base, data, size);
    free(data);
    if (!ok) {
        error_set(l->e, "-bios %s: does not fit into the flash", l->o->bios);
        return error_mark(l->e, ERROR_IMAGE);
    }
    l->entry->pc = (uint32_t)m->bios_base;
    return load_bare_tree(l);
}

/* ---- M profile ------------------------------------------------------------------------------- */

/* Raw bytes go to the start of the flash, other files to their addresses; the CPU starts from the
 * vector table in either case, wherever the file says that it begins. */
static bool load_firmware(struct loading *l)
{
    struct program p;
    if (!read_program(l, l->o->kernel, "-kernel", &p))
        return false;
    enum image_format format = image_format_of(l->o->kernel, p.data, p.size);
    bool ok = load_program(l, &p, format, l->board->machine->flash_base, "-kernel");
    free_program(&p);
    return ok;
}

static bool check_m_profile(const struct loading *l)
{
    const struct {
        const char *option, *value;
    } linux_only[] = {
        {"-initrd", l->o->initrd}, {"-dtb", l->o->dtb}, {"-bios", l->o->bios}};
    for (unsigned i = 0; i < ARRAY_SIZE(linux_only); i++)
        if (linux_only[i].value)
            return error_set(l->e,
                             "%s: machine '%s' starts firmware, with -kernel or -device loader",
                             linux_only[i].option, l->board->machine->name);
    return l->o->kernel || l->o->loader_count || l->o->loads_later ||
           error_set(l->e, "nothing to start: give -kernel or -device loader");
}

/* ---- -device loader -------------------------------------------------------------------------- */

/* The M profile has no other instruction set than T32. */
static uint32_t start_address(const struct loading *l, uint64_t addr)
{
    return (uint32_t)addr | (l->board->machine->m_profile ? 1 : 0);
}

static bool load_loader_file(struct loading *l, const struct loader_options *o)
{
    struct program p;
    enum image_format format;
    if (!read_program(l, o->file, "-device loader", &p))
        return false;
    format = o->force_raw ? IMAGE_FORMAT_RAW : image_format_of(o->file, p.data, p.size);
    bool ok = true;
    if (format == IMAGE_FORMAT_RAW && !o->has_addr)
        ok = error_set(l->e,
                       "-device loader: %s is neither an ELF, Intel HEX, S-record nor UF2 file, so "
                       "it needs addr=",
                       o->file);
    else if (format != IMAGE_FORMAT_RAW && o->has_addr)
        ok = error_set(l->e,
                       "-device loader: %s is an %s file, which has its own addresses: leave out "
                       "addr=, or add force-raw=on",
                       o->file, image_format_name(format));
    ok = ok && load_program(l, &p, format, o->addr, "-device loader");
    bool elf = format == IMAGE_FORMAT_ELF;
    if (ok && ((elf && !l->board->machine->m_profile) || o->has_cpu)) {
        l->entry->pc = start_address(l, p.file.has_entry ? p.file.entry : p.low);
        l->entry->vector_pc = false;
    }
    free_program(&p);
    return ok;
}

static bool load_loader(struct loading *l, const char *text)
{
    struct loader_options o;
    uint8_t bytes[8];
    if (!loader_parse(text, &o, l->e))
        return false;
    if (*o.file)
        return load_loader_file(l, &o);
    if (!o.has_data) {
        l->entry->pc = start_address(l, o.addr);
        l->entry->vector_pc = false;
        return true;
    }
    loader_data(&o, bytes);
    if (put(l, o.addr, bytes, o.data_len))
        return true;
    error_set(l->e, "-device loader: no memory at 0x%" PRIx64, o.addr);
    return error_mark(l->e, ERROR_IMAGE);
}

static bool load_loaders(struct loading *l)
{
    for (unsigned i = 0; i < l->o->loader_count; i++)
        if (!load_loader(l, l->o->loader[i]))
            return false;
    return true;
}

/* A program that lies elsewhere would lock up at once: its vectors are those of empty memory. */
static bool check_vectors(const struct loading *l)
{
    uint32_t vtor = l->board->machine->m_profile->vtor, vectors[4] = {0};
    const struct image_span *s = l->loaded.spans;
    if (!l->entry->vector_pc || !l->loaded.count || l->loaded.warm || l->o->loads_later ||
        !physmap_read(l->board->config.map, vtor, vectors, sizeof(vectors)) || vectors[1] ||
        vectors[3])
        return true;
    error_set(l->e, "%s: no vector table at 0x%08x, where the processor starts: the word for reset "
                    "is 0 (the program begins at 0x%08" PRIx64 "; -device loader,file=FILE,"
                    "cpu-num=0 starts an ELF file at its entry point)", s->path, vtor, s->start);
    return error_mark(l->e, ERROR_IMAGE);
}

static bool load_m_profile(struct loading *l)
{
    *l->entry = (struct boot_entry){.vector_pc = true};
    return check_m_profile(l) && (!l->o->kernel || load_firmware(l)) && load_loaders(l) &&
           check_vectors(l);
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

bool boot_load(struct board *b, const struct boot_options *o, struct boot_entry *entry,
               struct error *e)
{
    const struct machine *m = b->machine;
    uint64_t ram_end = m->ram_base + b->config.ram_size;
    struct loading l = {
        .board = b, .o = o, .entry = entry, .e = e, .ram_base = m->ram_base,
        .ram_end = ram_end < 1ull << 32 ? ram_end : 1ull << 32,
    };
    l.loaded.warm = m->m_profile && b->booted;
    bool ok = m->m_profile ? load_m_profile(&l) : load_a_profile(&l);
    b->booted |= ok;
    if (ok)
        image_free_memory(&l.loaded, b->config.map, &entry->heap_base, &entry->heap_limit);
    image_loaded_free(&l.loaded);
    return ok;
}
