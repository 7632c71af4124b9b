/* The executed addresses of each image, and the lines that they came from. */
#include "citest/coverage.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "citest/code_scan.h"
#include "debug/line_rows.h"
#include "frontend/guest.h"
#include "host/file.h"

/* Counts for a halfword of code: in how many runs it was executed, and went either way. */
struct place {
    uint32_t address;
    uint32_t runs, taken, not_taken;
    uint32_t last_run; /* so that a run counts once */
    uint8_t last_ways;
};

/* Hash table of places, open addressing. */
struct places {
    struct place *slots;
    uint32_t count, capacity; /* a power of two */
};

struct image {
    struct image *next;
    char *path;
    uint32_t runs;
    struct places places;
};

struct coverage {
    struct image *images;
};

struct coverage *coverage_new(void)
{
    struct coverage *cov = calloc(1, sizeof(*cov));
    if (!cov)
        abort();
    return cov;
}

void coverage_free(struct coverage *cov)
{
    while (cov && cov->images) {
        struct image *image = cov->images;
        cov->images = image->next;
        free(image->places.slots);
        free(image->path);
        free(image);
    }
    free(cov);
}

/* ---- places ---------------------------------------------------------------------------------- */

static struct place *place_slot(const struct places *p, uint32_t address)
{
    uint32_t i = (address >> 1) * 0x9e3779b1u;
    for (;; i++) {
        struct place *slot = &p->slots[i & (p->capacity - 1)];
        if (slot->address == address || !slot->runs)
            return slot;
    }
}

static const struct place *place_find(const struct places *p, uint32_t address)
{
    const struct place *slot = p->capacity ? place_slot(p, address) : NULL;
    return slot && slot->runs ? slot : NULL;
}

static void places_grow(struct places *p)
{
    struct places bigger = {.capacity = p->capacity ? p->capacity * 2 : 4096, .count = p->count};
    bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
    if (!bigger.slots)
        abort();
    for (uint32_t i = 0; i < p->capacity; i++)
        if (p->slots[i].runs)
            *place_slot(&bigger, p->slots[i].address) = p->slots[i];
    free(p->slots);
    *p = bigger;
}

/* The place at @address, executed in run number @run (1 ..). */
static struct place *place_hit(struct places *p, uint32_t address, uint32_t run)
{
    if (p->count * 2 >= p->capacity)
        places_grow(p);
    struct place *slot = place_slot(p, address);
    if (!slot->runs) {
        slot->address = address;
        p->count++;
    }
    if (slot->last_run != run) {
        slot->last_run = run;
        slot->last_ways = 0;
        slot->runs++;
    }
    return slot;
}

static void add_entry(struct image *image, const struct coverage_entry *e)
{
    for (uint32_t a = e->start & ~1u; a < e->end && e->end - a <= 0x2000; a += 2)
        place_hit(&image->places, a, image->runs);
    if (e->taken == GUEST_BRANCH_NONE)
        return;
    struct place *p = place_hit(&image->places, e->branch & ~1u, image->runs);
    uint8_t way = e->taken == GUEST_BRANCH_TAKEN ? 1 : 2;
    if (p->last_ways & way)
        return;
    p->last_ways |= way;
    if (way == 1)
        p->taken++;
    else
        p->not_taken++;
}

void coverage_add(struct coverage *cov, const char *path, int fd)
{
    struct coverage_entry entries[256];
    struct image *image = cov->images;
    off_t at = 0;
    if (!path)
        return;
    while (image && strcmp(image->path, path))
        image = image->next;
    if (!image) {
        image = calloc(1, sizeof(*image));
        if (!image || !(image->path = strdup(path)))
            abort();
        /* in order of their names, so that reports are equal */
        struct image **place = &cov->images;
        while (*place && strcmp((*place)->path, path) < 0)
            place = &(*place)->next;
        image->next = *place;
        *place = image;
    }
    image->runs++;
    for (ssize_t n; (n = pread(fd, entries, sizeof(entries), at)) > 0; at += n)
        for (size_t i = 0; i < (size_t)n / sizeof(entries[0]); i++)
            add_entry(image, &entries[i]);
}

/* ---- source files ---------------------------------------------------------------------------- */

/* Where in the code of its function: equal in all images that this was linked into. */
struct branch_key {
    uint32_t line, offset, function_size;
    uint64_t function; /* hash of its name */
};

struct branch {
    struct branch_key key;
    bool reached;
    uint32_t taken, not_taken;
};

struct function {
    char *name;
    uint32_t line, hits;
};

struct source {
    struct source *next;
    char *path;
    uint32_t *line_hits;  /* by line: hits + 1, 0 where there is no code */
    uint32_t *image_hits; /* the same of one image, of whose pieces of code the most often executed
                           * one counts */
    uint32_t line_count;
    struct branch *branches;
    uint32_t branch_count;
    struct function *functions;
    uint32_t function_count;
};

struct report {
    struct source *sources;
};

static void *grow(void *p, size_t count, size_t size)
{
    if (count & (count - 1)) /* it grows at powers of two */
        return p;
    p = realloc(p, (count ? 2 * count : 1) * size);
    if (!p)
        abort();
    return p;
}

static struct source *source_get(struct report *r, const char *path)
{
    for (struct source *s = r->sources; s; s = s->next)
        if (!strcmp(s->path, path))
            return s;
    struct source *s = calloc(1, sizeof(*s));
    if (!s || !(s->path = strdup(path)))
        abort();
    s->next = r->sources;
    r->sources = s;
    return s;
}

static uint32_t *lines_grow(uint32_t *lines, uint32_t old, uint32_t count)
{
    lines = realloc(lines, count * sizeof(*lines));
    if (!lines)
        abort();
    memset(lines + old, 0, (count - old) * sizeof(*lines));
    return lines;
}

static void line_add(struct source *s, uint32_t line, uint32_t hits)
{
    enum { LINE_MAX_SANE = 1 << 22 };
    if (line > LINE_MAX_SANE)
        return;
    if (line >= s->line_count) {
        uint32_t count = (line + 1) * 2;
        s->line_hits = lines_grow(s->line_hits, s->line_count, count);
        s->image_hits = lines_grow(s->image_hits, s->line_count, count);
        s->line_count = count;
    }
    uint32_t before = s->image_hits[line] ? s->image_hits[line] - 1 : 0;
    s->image_hits[line] = (before > hits ? before : hits) + 1;
}

/* An image is at its end: its hits are added to those of the others. */
static void lines_fold(struct report *r)
{
    for (struct source *s = r->sources; s; s = s->next)
        for (uint32_t line = 0; line < s->line_count; line++) {
            uint32_t hits = s->image_hits[line];
            s->line_hits[line] += hits && s->line_hits[line] ? hits - 1 : hits;
            s->image_hits[line] = 0;
        }
}

static int key_order(const struct branch_key *a, const struct branch_key *b)
{
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    if (a->function_size != b->function_size)
        return a->function_size < b->function_size ? -1 : 1;
    return a->function < b->function ? -1 : a->function > b->function;
}

/* Branches are numbered within their line by address. Those at one place of a function are one,
 * whatever image they are in. */
static void branch_add(struct source *s, const struct branch *b)
{
    for (uint32_t i = 0; i < s->branch_count; i++)
        if (!key_order(&s->branches[i].key, &b->key)) {
            s->branches[i].reached |= b->reached;
            s->branches[i].taken += b->taken;
            s->branches[i].not_taken += b->not_taken;
            return;
        }
    s->branches = grow(s->branches, s->branch_count, sizeof(*s->branches));
    s->branches[s->branch_count++] = *b;
}

static void function_add(struct source *s, const char *name, uint32_t line, uint32_t hits)
{
    for (uint32_t i = 0; i < s->function_count; i++)
        if (!strcmp(s->functions[i].name, name)) {
            s->functions[i].hits += hits;
            return;
        }
    s->functions = grow(s->functions, s->function_count, sizeof(*s->functions));
    s->functions[s->function_count++] = (struct function){strdup(name), line, hits};
}

static void report_free(struct report *r)
{
    while (r->sources) {
        struct source *s = r->sources;
        r->sources = s->next;
        for (uint32_t i = 0; i < s->function_count; i++)
            free(s->functions[i].name);
        free(s->functions);
        free(s->branches);
        free(s->line_hits);
        free(s->image_hits);
        free(s->path);
        free(s);
    }
}

/* ---- an image's DWARF ------------------------------------------------------------------------ */

/* A piece of a function's code. What the linker has removed has been put at address 0 by it, and is
 * no extent. */
struct extent {
    uint32_t start, end, entry, size; /* the latter two are the function's */
    uint64_t name; /* a hash */
};

struct unit {
    struct report *report;
    const struct image *image;
    const struct code_scan *scan;
    const char *folder; /* of the compilation */
    const char *name;   /* of a source file, that was asked for last */
    struct source *source;
    struct extent *extents;
    size_t extent_count;
};

static struct source *source_of(struct unit *u, const char *name)
{
    char path[8192];
    if (u->source && (name == u->name || !strcmp(name, u->name)))
        return u->source;
    if (*name == '/' || !u->folder)
        snprintf(path, sizeof(path), "%s", name);
    else
        snprintf(path, sizeof(path), "%s/%s", u->folder, name);
    char *real = realpath(path, NULL); /* one file has one name, from wherever it was compiled */
    u->name = name;
    u->source = source_get(u->report, real ? real : path);
    free(real);
    return u->source;
}

/* How often anything was executed. That IT was says nothing of the instructions that it makes
 * conditional. */
static uint32_t hits_between(const struct unit *u, uint32_t start, uint32_t end)
{
    uint32_t hits = 0, of_it = 0;
    bool other = false;
    for (uint32_t a = start; a < end; a += 2) {
        const struct place *p = place_find(&u->image->places, a);
        bool it = code_scan_is_it(u->scan, a);
        uint32_t *most = it ? &of_it : &hits;
        other |= !it;
        if (p && p->runs > *most)
            *most = p->runs;
    }
    return other ? hits : of_it;
}

static const struct extent *extent_of(const struct unit *u, uint32_t address)
{
    for (size_t i = 0; i < u->extent_count; i++)
        if (address >= u->extents[i].start && address < u->extents[i].end)
            return &u->extents[i];
    return NULL;
}

/* The code from @start to @end came from @line. Code of no function is known by its address. */
static void add_range(struct unit *u, const char *file, uint32_t line, uint32_t start,
                      uint32_t end)
{
    static const struct extent none;
    const struct extent *x = extent_of(u, start);
    x = x ? x : &none;
    struct source *s = source_of(u, file);
    line_add(s, line, hits_between(u, start, end));
    for (uint32_t a = start; a < end; a += 2) {
        const struct place *p = place_find(&u->image->places, a);
        bool known = p && (p->taken || p->not_taken);
        if (!known && !code_scan_is_branch(u->scan, a))
            continue;
        const struct branch_key key = {line, x->name ? a - x->entry : a, x->size, x->name};
        const struct branch b = {key, p != NULL, p ? p->taken : 0, p ? p->not_taken : 0};
        branch_add(s, &b);
    }
}

static void add_lines(struct unit *u, Dwarf_Die *die)
{
    enum { RANGE_MAX = 1 << 20 };
    struct line_rows table;
    Dwarf_Files *files;
    size_t count;
    if (dwarf_getsrcfiles(die, &files, &count))
        return;
    line_rows_read(die, code_scan_contains(u->scan, 0), &table);
    for (size_t i = 0; i < table.count; i++) {
        const struct line_row *row = &table.rows[i];
        const char *file = row->file < count ? dwarf_filesrc(files, row->file, NULL, NULL) : NULL;
        if (file && row->line && row->end - row->start <= RANGE_MAX &&
            code_scan_contains(u->scan, row->start))
            add_range(u, file, row->line, row->start, row->end);
    }
    line_rows_free(&table);
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    while (*text)
        hash = (hash ^ (uint8_t)*text++) * 0x100000001b3u;
    return hash;
}

static void add_extents(struct unit *u, Dwarf_Die *die, uint32_t entry, uint64_t name)
{
    Dwarf_Addr base, start, end;
    size_t first = u->extent_count;
    uint32_t size = 0;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(die, at, &base, &start, &end)) > 0;) {
        if (end <= start || end > UINT32_MAX || (start <= 1 && !code_scan_contains(u->scan, 0)))
            continue;
        u->extents = grow(u->extents, u->extent_count, sizeof(*u->extents));
        u->extents[u->extent_count++] =
            (struct extent){(uint32_t)start, (uint32_t)end, entry, 0, name};
        size += (uint32_t)(end - start);
    }
    for (size_t i = first; i < u->extent_count; i++)
        u->extents[i].size = size;
}

static int add_function_extents(Dwarf_Die *die, void *opaque)
{
    Dwarf_Addr entry;
    const char *name = dwarf_diename(die);
    if (name && !dwarf_entrypc(die, &entry))
        add_extents(opaque, die, (uint32_t)entry, hash_of(name));
    return DWARF_CB_OK;
}

static int add_function(Dwarf_Die *die, void *opaque)
{
    struct unit *u = opaque;
    Dwarf_Addr entry;
    int line = 0;
    const char *name = dwarf_diename(die), *file = dwarf_decl_file(die);
    if (!name || !file || dwarf_decl_line(die, &line) || line <= 0 || dwarf_entrypc(die, &entry) ||
        !code_scan_contains(u->scan, (uint32_t)entry & ~1u))
        return DWARF_CB_OK;
    const struct place *p = place_find(&u->image->places, (uint32_t)entry & ~1u);
    function_add(source_of(u, file), name, (uint32_t)line, p ? p->runs : 0);
    return DWARF_CB_OK;
}

static bool add_image(struct report *r, const struct image *image, struct error *e)
{
    bool any = false;
    int fd = open(image->path, O_RDONLY | O_CLOEXEC);
    Dwarf *dwarf = fd >= 0 ? dwarf_begin(fd, DWARF_C_READ) : NULL;
    if (!dwarf) {
        if (fd >= 0)
            close(fd);
        return error_set(e, "%s: there is no debugging information (build with -g)", image->path);
    }
    struct code_scan *scan = code_scan_new(dwarf_getelf(dwarf));
    Dwarf_Off offset = 0, next;
    size_t header;
    while (!dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL)) {
        Dwarf_Die die;
        Dwarf_Attribute attribute;
        if (dwarf_offdie(dwarf, offset + header, &die)) {
            struct unit u = {.report = r, .image = image, .scan = scan};
            u.folder = dwarf_formstring(dwarf_attr(&die, DW_AT_comp_dir, &attribute));
            dwarf_getfuncs(&die, add_function_extents, &u, 0);
            add_lines(&u, &die);
            free(u.extents);
            dwarf_getfuncs(&die, add_function, &u, 0);
            any = true;
        }
        offset = next;
    }
    lines_fold(r);
    code_scan_free(scan);
    dwarf_end(dwarf);
    close(fd);
    return any || error_set(e, "%s: there are no line tables", image->path);
}

/* ---- LCOV ------------------------------------------------------------------------------------ */

static int branch_order(const void *a, const void *b)
{
    return key_order(&((const struct branch *)a)->key, &((const struct branch *)b)->key);
}

static void print_ways(FILE *f, const struct branch *b, unsigned number)
{
    const uint32_t ways[] = {b->taken, b->not_taken};
    for (unsigned i = 0; i < 2; i++)
        if (b->reached)
            fprintf(f, "BRDA:%u,%u,%u,%u\n", b->key.line, number, i, ways[i]);
        else
            fprintf(f, "BRDA:%u,%u,%u,-\n", b->key.line, number, i);
}

static void print_branches(FILE *f, struct source *s)
{
    unsigned number = 0, hit = 0;
    if (!s->branch_count)
        return;
    qsort(s->branches, s->branch_count, sizeof(*s->branches), branch_order);
    for (uint32_t i = 0; i < s->branch_count; i++) {
        const struct branch *b = &s->branches[i];
        number = i && s->branches[i - 1].key.line == b->key.line ? number + 1 : 0;
        print_ways(f, b, number);
        hit += (b->taken != 0) + (b->not_taken != 0);
    }
    fprintf(f, "BRF:%u\nBRH:%u\n", 2 * s->branch_count, hit);
}

static void print_source(FILE *f, struct source *s)
{
    unsigned found = 0, hit = 0, called = 0;
    fprintf(f, "TN:\nSF:%s\n", s->path);
    for (uint32_t i = 0; i < s->function_count; i++)
        fprintf(f, "FN:%u,%s\n", s->functions[i].line, s->functions[i].name);
    for (uint32_t i = 0; i < s->function_count; i++) {
        fprintf(f, "FNDA:%u,%s\n", s->functions[i].hits, s->functions[i].name);
        called += s->functions[i].hits != 0;
    }
    fprintf(f, "FNF:%u\nFNH:%u\n", s->function_count, called);
    print_branches(f, s);
    for (uint32_t line = 1; line < s->line_count; line++) {
        if (!s->line_hits[line])
            continue;
        fprintf(f, "DA:%u,%u\n", line, s->line_hits[line] - 1);
        found++;
        hit += s->line_hits[line] > 1;
    }
    fprintf(f, "LF:%u\nLH:%u\nend_of_record\n", found, hit);
}

bool coverage_write(struct coverage *cov, const char *path, struct error *e)
{
    struct report report = {0};
    struct error missing = {0};
    char *text = NULL;
    size_t size = 0;
    for (const struct image *image = cov->images; image; image = image->next)
        add_image(&report, image, &missing);
    if (cov->images && !report.sources) {
        report_free(&report);
        return error_set(e, "--coverage: %s", missing.text);
    }
    if (missing.text[0])
        fprintf(stderr, "armemu-test: --coverage: %s\n", missing.text);
    FILE *f = open_memstream(&text, &size);
    if (!f)
        abort();
    for (struct source *s = report.sources; s; s = s->next)
        if (!access(s->path, R_OK)) /* what is not here, such as a C library's, cannot be viewed */
            print_source(f, s);
    bool ok = fclose(f) == 0 && file_write_atomic(path, text, size, e);
    free(text);
    report_free(&report);
    return ok || error_prefix(e, "--coverage");
}
