/* What all formats of images have in common: recognition, order, and memory. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "machines/image.h"
#include "util/bits.h"

enum { UF2_BLOCK = 512 };

/* Does the text at @p begin with @n hexadecimal digits? */
static bool hex_digits(const uint8_t *p, size_t left, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (i >= left || !isxdigit(p[i]))
            return false;
    return true;
}

enum image_format image_format(const uint8_t *data, size_t size)
{
    size_t skip = 0;
    if (size >= 4 && !memcmp(data, "\177ELF", 4))
        return IMAGE_FORMAT_ELF;
    if (size >= 8 && !memcmp(data, "UF2\n\x57\x51\x5d\x9e", 8))
        return IMAGE_FORMAT_UF2;
    while (skip < size && isspace(data[skip]))
        skip++;
    data += skip;
    size -= skip;
    if (size && data[0] == ':' && hex_digits(data + 1, size - 1, 8))
        return IMAGE_FORMAT_HEX;
    if (size > 1 && data[0] == 'S' && isdigit(data[1]) && hex_digits(data + 2, size - 2, 6))
        return IMAGE_FORMAT_SREC;
    return IMAGE_FORMAT_RAW;
}

enum image_format image_format_of(const char *path, const uint8_t *data, size_t size)
{
    static const struct {
        const char *end;
        enum image_format format;
    } ends[] = {
        {".elf", IMAGE_FORMAT_ELF},   {".axf", IMAGE_FORMAT_ELF},   {".hex", IMAGE_FORMAT_HEX},
        {".ihex", IMAGE_FORMAT_HEX},  {".srec", IMAGE_FORMAT_SREC}, {".s19", IMAGE_FORMAT_SREC},
        {".s28", IMAGE_FORMAT_SREC},  {".s37", IMAGE_FORMAT_SREC},  {".mot", IMAGE_FORMAT_SREC},
        {".uf2", IMAGE_FORMAT_UF2},
    };
    enum image_format format = image_format(data, size);
    const char *end = strrchr(path, '.');
    for (unsigned i = 0; format == IMAGE_FORMAT_RAW && end && i < ARRAY_SIZE(ends); i++)
        if (!strcasecmp(end, ends[i].end))
            return ends[i].format;
    return format;
}

const char *image_format_name(enum image_format format)
{
    static const char *const names[] = {"raw", "ELF", "Intel HEX", "S-record", "UF2"};
    return names[format];
}

void image_add(struct image_file *f, const struct image_segment *segment)
{
    if (!(f->count & (f->count - 1))) { /* the array is full at powers of two */
        unsigned capacity = f->count ? 2 * f->count : 1;
        f->segments = realloc(f->segments, capacity * sizeof(*f->segments));
        if (!f->segments)
            abort();
    }
    f->segments[f->count++] = *segment;
}

static int by_address(const void *a, const void *b)
{
    const struct image_segment *x = a, *y = b;
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static bool check_order(struct image_file *f, struct error *e)
{
    if (f->count)
        qsort(f->segments, f->count, sizeof(*f->segments), by_address);
    const struct image_segment *a = NULL;
    for (unsigned i = 0; i < f->count; i++) {
        const struct image_segment *b = &f->segments[i];
        if (!b->size) /* only something to clear */
            continue;
        if (a && a->addr + a->size > b->addr)
            return error_set(e,
                             "overlapping parts: 0x%08" PRIx64 " to 0x%08" PRIx64
                             " and 0x%08" PRIx64 " to 0x%08" PRIx64,
                             a->addr, a->addr + a->size - 1, b->addr, b->addr + b->size - 1);
        a = b;
    }
    return true;
}

bool image_parse(const char *path, const uint8_t *data, size_t size, enum image_format format,
                 uint64_t raw_addr, struct image_file *out, struct error *e)
{
    static bool (*const parsers[])(const uint8_t *data, size_t size, struct image_file *out,
                                   struct error *e) = {
        [IMAGE_FORMAT_ELF] = image_parse_elf, [IMAGE_FORMAT_HEX] = image_parse_hex,
        [IMAGE_FORMAT_SREC] = image_parse_srec, [IMAGE_FORMAT_UF2] = image_parse_uf2,
    };
    *out = (struct image_file){.path = path, .format = format};
    bool ok = true;
    if (format == IMAGE_FORMAT_RAW)
        image_add(out, &(struct image_segment){raw_addr, raw_addr, data, size, size});
    else
        ok = parsers[format](data, size, out, e);
    if (ok && !out->count)
        ok = error_set(e, "%s file with nothing to load", image_format_name(format));
    if (ok && check_order(out, e))
        return true;
    image_file_free(out);
    error_prefix(e, "%s", path);
    return error_mark(e, ERROR_IMAGE);
}

void image_file_free(struct image_file *f)
{
    free(f->segments);
    free(f->storage);
    f->segments = NULL;
    f->storage = NULL;
    f->count = 0;
}

/* ---- loading --------------------------------------------------------------------------------- */

/* "0x0 to 0x3fffff (ssram1), ...": where programs can be. */
static void list_memory(const struct physmap *map, char *buf, size_t size)
{
    size_t used = 0;
    buf[0] = 0;
    for (unsigned i = 0; i < physmap_count(map); i++) {
        const struct phys_region *r = physmap_region(map, i);
        if (r->kind == PHYS_MMIO || strstr(r->name, "alias") || used > size - 80)
            continue;
        int n = snprintf(buf + used, size - used, "%s0x%" PRIx64 " to 0x%" PRIx64 " (%s)",
                         used ? ", " : "", r->base, r->base + r->size - 1, r->name);
        used += n > 0 && (size_t)n < size - used ? (size_t)n : 0;
    }
}

static bool error_no_memory(const struct image_file *f, const struct image_segment *s,
                            const struct physmap *map, struct error *e)
{
    char memory[300];
    const struct phys_region *r = physmap_find(map, s->addr);
    list_memory(map, memory, sizeof(memory));
    error_set(e,
              "%s: its %" PRIu64 " bytes at 0x%08" PRIx64 " do not fit into memory%s; there is %s",
              f->path, s->memory, s->addr, r && r->kind != PHYS_MMIO ? ", which ends before" : "",
              memory);
    return error_mark(e, ERROR_IMAGE);
}

static const char *short_path(const char *path)
{
    size_t len = strlen(path), room = sizeof(((struct image_span *)0)->path) - 1;
    return len > room ? path + len - room : path;
}

static bool add_span(const struct image_file *f, const struct image_segment *s,
                     struct image_loaded *l, struct error *e)
{
    for (unsigned i = 0; i < l->count && s->size; i++) {
        const struct image_span *o = &l->spans[i];
        if (s->addr < o->end && o->start < s->addr + s->size) {
            error_set(e, "%s: overlaps %s: both have bytes for 0x%08" PRIx64, f->path, o->path,
                      s->addr > o->start ? s->addr : o->start);
            return error_mark(e, ERROR_IMAGE);
        }
    }
    uint64_t run_end = f->format == IMAGE_FORMAT_ELF ? s->run + s->memory : 0;
    if (l->count && l->spans[l->count - 1].end == s->addr && !run_end &&
        !l->spans[l->count - 1].run_end &&
        !strcmp(l->spans[l->count - 1].path, short_path(f->path))) {
        l->spans[l->count - 1].end = s->addr + s->size; /* records and blocks in a row */
        return true;
    }
    if (l->count == l->capacity) {
        l->capacity = l->capacity ? 2 * l->capacity : 8;
        l->spans = realloc(l->spans, l->capacity * sizeof(*l->spans));
        if (!l->spans)
            abort();
    }
    struct image_span *span = &l->spans[l->count++];
    *span = (struct image_span){.start = s->addr, .end = s->addr + s->size,
                                .run_end = run_end};
    snprintf(span->path, sizeof(span->path), "%s", short_path(f->path));
    return true;
}

/* What is to be zero behind the bytes. Start-up code that copies data to where it runs clears the
 * rest itself: only RAM is cleared here. */
static bool clear(const struct image_segment *s, struct physmap *map)
{
    static const uint8_t zeros[4096];
    bool needed = s->addr == s->run;
    for (uint64_t at = s->size; at < s->memory;) {
        uint64_t n = s->memory - at < sizeof(zeros) ? s->memory - at : sizeof(zeros);
        const struct phys_region *r = physmap_find(map, s->addr + at);
        if (!r || r->kind != PHYS_RAM || !physmap_load(map, s->addr + at, zeros, n))
            return !needed;
        at += n;
    }
    return true;
}

static bool is_rom(const struct physmap *map, uint64_t addr)
{
    const struct phys_region *r = physmap_find(map, addr);
    return r && r->kind == PHYS_ROM;
}

bool image_load(const struct image_file *f, struct physmap *map, struct image_loaded *loaded,
                struct error *e)
{
    bool warm = loaded && loaded->warm;
    for (unsigned i = 0; i < f->count; i++) /* before the loading: it may be what follows */
        if (!warm && !clear(&f->segments[i], map))
            return error_no_memory(f, &f->segments[i], map, e);
    for (unsigned i = 0; i < f->count; i++) {
        const struct image_segment *s = &f->segments[i];
        if (loaded && !add_span(f, s, loaded, e))
            return false;
        if (warm && is_rom(map, s->addr))
            continue;
        if (s->addr + s->size < s->addr || !physmap_load(map, s->addr, s->data, s->size))
            return error_no_memory(f, s, map, e);
    }
    return true;
}

void image_loaded_free(struct image_loaded *loaded)
{
    free(loaded->spans);
    *loaded = (struct image_loaded){0};
}

/* ---- the memory that is left ----------------------------------------------------------------- */

static const struct phys_region *ram_at(const struct physmap *map, uint64_t last)
{
    const struct phys_region *r = physmap_find(map, last);
    return r && r->kind == PHYS_RAM && r->base < BIT64(32) ? r : NULL;
}

bool image_free_memory(const struct image_loaded *loaded, const struct physmap *map, uint32_t *base,
                       uint32_t *limit)
{
    const struct phys_region *region = NULL;
    uint64_t start = 0;
    for (unsigned i = 0; i < loaded->count; i++) {
        uint64_t end = loaded->spans[i].run_end;
        const struct phys_region *r = end ? ram_at(map, end - 1) : NULL;
        if (r && end > start) {
            region = r;
            start = end;
        }
    }
    if (!region)
        return false;
    uint64_t end = region->base + region->size;
    end = end > UINT32_MAX ? UINT32_MAX & ~7ull : end;
    start = align_up(start, 8);
    *base = (uint32_t)(start < end ? start : end);
    *limit = (uint32_t)end;
    return true;
}
