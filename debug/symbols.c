/* Symbols by libdw. Each file has a Dwfl of its own, since the address ranges of firmware
 * overlap. */
#include "debug/symbols.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debug/line_rows.h"
#include "debug/symbols_internal.h"

enum { FAR = 0x10000 }; /* symbols without a size reach as far as this */
/* Below this address what the linker has removed, and put at 0, may lie over real code. */
enum { LOW = 0x10000 };

/* Nothing but the file itself is looked at: no other folders, no network. */
static int find_elf(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr base,
                    char **file, Elf **elf)
{
    return -1;
}

static int find_debuginfo(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr base,
                          const char *file, const char *link, GElf_Word crc, char **path)
{
    return -1;
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = find_elf,
    .find_debuginfo = find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

struct symbols *symbols_new(void)
{
    struct symbols *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    return s;
}

void symbols_add(struct symbols *s, const char *path)
{
    char magic[4] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool elf = fd >= 0 && read(fd, magic, 4) == 4 && !memcmp(magic, "\177ELF", 4);
    if (fd >= 0)
        close(fd);
    if (!elf || s->count == SYMBOLS_FILES)
        return;
    char *copy = strdup(path);
    if (!copy)
        abort();
    s->files[s->count++] = (struct symbols_file){.path = copy};
}

void symbols_free(struct symbols *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->count; i++) {
        if (s->files[i].dwfl)
            dwfl_end(s->files[i].dwfl);
        free(s->files[i].functions);
        free(s->files[i].low);
        free(s->files[i].path);
    }
    free(s);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
    const struct symbols_function *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    return (x->size != 0) - (y->size != 0); /* the last of equal ones is found */
}

static bool is_code(Elf *elf, GElf_Word section)
{
    GElf_Shdr sh;
    Elf_Scn *scn = section < SHN_LORESERVE ? elf_getscn(elf, section) : NULL;
    return scn && section && gelf_getshdr(scn, &sh) && (sh.sh_flags & SHF_EXECINSTR);
}

static void read_functions(struct symbols_file *f)
{
    GElf_Addr bias;
    Elf *elf = dwfl_module_getelf(f->mod, &bias);
    int count = dwfl_module_getsymtab(f->mod);
    if (count <= 0 || !elf)
        return;
    GElf_Ehdr header;
    f->code_at_zero = gelf_getehdr(elf, &header) && !(header.e_entry & 1); /* A32 */
    f->functions = calloc((size_t)count, sizeof(*f->functions));
    if (!f->functions)
        abort();
    for (int i = 0; i < count; i++) {
        GElf_Sym sym;
        GElf_Word section;
        const char *name = dwfl_module_getsym(f->mod, i, &sym, &section);
        unsigned type = GELF_ST_TYPE(sym.st_info);
        if (!name || !*name || *name == '$' || (type != STT_FUNC && type != STT_NOTYPE) ||
            !is_code(elf, section))
            continue;
        f->code_at_zero |= type == STT_FUNC && !(sym.st_value & ~1ull);
        f->functions[f->function_count++] = (struct symbols_function){
            (uint32_t)sym.st_value & ~(type == STT_FUNC ? 1u : 0u), (uint32_t)sym.st_size, name};
    }
    qsort(f->functions, f->function_count, sizeof(*f->functions), by_address);
}

static Elf_Data *section_data(Elf *elf, const char *wanted)
{
    Elf_Scn *scn = NULL;
    size_t names;
    GElf_Shdr h;
    while (!elf_getshdrstrndx(elf, &names) && (scn = elf_nextscn(elf, scn))) {
        const char *name = gelf_getshdr(scn, &h) ? elf_strptr(elf, names, h.sh_name) : NULL;
        if (name && !strcmp(name, wanted) && !(h.sh_flags & SHF_COMPRESSED))
            return elf_getdata(scn, NULL);
    }
    return NULL;
}

/* Unwind tables of functions that the linker has removed, and put at address 0, would be taken for
 * those of the code there: move them away, in libelf's copy of the file. */
static void move_removed_tables(struct symbols_file *f)
{
    enum { CIE = -1, AWAY = -2 }; /* AWAY: no code is at the end of the address space */
    Dwarf_Addr bias;
    Dwarf *dwarf = dwfl_module_getdwarf(f->mod, &bias);
    Elf_Data *data = dwarf ? section_data(dwarf_getelf(dwarf), ".debug_frame") : NULL;
    uint32_t words[4]; /* length, CIE, start, size */
    for (size_t at = 0; data && data->d_buf && at + sizeof(words) <= data->d_size;) {
        uint8_t *entry = (uint8_t *)data->d_buf + at;
        memcpy(words, entry, sizeof(words));
        if (words[1] != (uint32_t)CIE && words[2] <= 1 && words[0] >= 12) {
            words[2] = (uint32_t)AWAY;
            words[3] = 0;
            memcpy(entry, words, sizeof(words));
        }
        at += (size_t)words[0] + 4;
    }
}

bool symbols_file_open(struct symbols_file *f)
{
    if (f->tried)
        return f->mod != NULL;
    f->tried = true;
    f->dwfl = dwfl_begin(&callbacks);
    if (!f->dwfl)
        return false;
    dwfl_report_begin(f->dwfl);
    f->mod = dwfl_report_offline(f->dwfl, f->path, f->path, -1);
    dwfl_report_end(f->dwfl, NULL, NULL);
    if (f->mod) {
        read_functions(f);
        if (!f->code_at_zero)
            move_removed_tables(f);
    }
    return f->mod != NULL;
}

/* ---- questions ------------------------------------------------------------------------------- */

static const struct symbols_function *function_at(const struct symbols_file *f, uint32_t addr)
{
    unsigned low = 0, high = f->function_count;
    while (low < high) { /* the first that begins behind */
        unsigned middle = (low + high) / 2;
        if (f->functions[middle].addr <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    for (unsigned back = 0; low > 0 && back < 8; back++) {
        const struct symbols_function *fn = &f->functions[--low];
        if (addr - fn->addr < (fn->size ? fn->size : FAR))
            return fn;
        if (!fn->size)
            break;
    }
    return NULL;
}

static const char *tail(const char *path, size_t room)
{
    while (!strncmp(path, "../", 3)) /* relative to a folder that is not here */
        path += 3;
    size_t len = strlen(path);
    if (len < room)
        return path;
    const char *slash = strchr(path + len - room + 1, '/');
    return slash ? slash + 1 : path + len - room + 1;
}

static void read_low_unit(struct symbols_file *f, Dwarf_Die *unit)
{
    struct line_rows table;
    Dwarf_Files *files;
    size_t count;
    if (dwarf_getsrcfiles(unit, &files, &count))
        return;
    line_rows_read(unit, f->code_at_zero, &table);
    f->low = realloc(f->low, (f->low_count + table.count + 1) * sizeof(*f->low));
    if (!f->low)
        abort();
    for (size_t i = 0; i < table.count; i++) {
        const struct line_row *row = &table.rows[i];
        const char *file = row->file < count ? dwarf_filesrc(files, row->file, NULL, NULL) : NULL;
        if (file && row->line && row->start < LOW)
            f->low[f->low_count++] = (struct symbols_line){row->start, row->end, row->line, file};
    }
    line_rows_free(&table);
}

static void read_low(struct symbols_file *f)
{
    Dwarf_Addr bias;
    Dwarf *dwarf = dwfl_module_getdwarf(f->mod, &bias);
    Dwarf_Off offset = 0, next;
    size_t header;
    Dwarf_Die unit;
    f->low_read = true;
    while (dwarf && !dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL)) {
        if (dwarf_offdie(dwarf, offset + header, &unit))
            read_low_unit(f, &unit);
        offset = next;
    }
}

static const char *find_low(struct symbols_file *f, uint32_t addr, int *line)
{
    if (!f->low_read)
        read_low(f);
    for (size_t i = 0; i < f->low_count; i++)
        if (addr >= f->low[i].start && addr < f->low[i].end) {
            *line = (int)f->low[i].line;
            return f->low[i].file;
        }
    return NULL;
}

static void find_line(struct symbols_file *f, uint32_t addr, struct symbols_place *out)
{
    int line = 0;
    Dwfl_Line *l = addr < LOW && !f->code_at_zero ? NULL : dwfl_module_getsrc(f->mod, addr);
    const char *name = l ? dwfl_lineinfo(l, NULL, &line, NULL, NULL, NULL) : NULL;
    if (addr < LOW && !f->code_at_zero)
        name = find_low(f, addr, &line);
    if (!name || line <= 0)
        return;
    snprintf(out->file, sizeof(out->file), "%s", tail(name, sizeof(out->file)));
    out->line = (unsigned)line;
}

bool symbols_find(struct symbols *s, uint32_t addr, struct symbols_place *out)
{
    *out = (struct symbols_place){0};
    addr &= ~1u;
    for (unsigned i = 0; i < s->count; i++) {
        struct symbols_file *f = &s->files[i];
        if (!symbols_file_open(f))
            continue;
        const struct symbols_function *fn = function_at(f, addr);
        if (fn) {
            snprintf(out->function, sizeof(out->function), "%s", fn->name);
            out->offset = addr - fn->addr;
        }
        find_line(f, addr, out);
        if (fn || *out->file)
            return true;
    }
    return false;
}

bool symbols_text(struct symbols *s, uint32_t addr, char *buf, size_t size)
{
    struct symbols_place p;
    buf[0] = 0;
    if (!symbols_find(s, addr, &p))
        return false;
    int n = *p.function ? snprintf(buf, size, p.offset ? "%s+0x%x" : "%s", p.function, p.offset)
                        : 0;
    if (*p.file && n >= 0 && (size_t)n < size)
        snprintf(buf + n, size - (size_t)n, *p.function ? " (%s:%u)" : "%s:%u", p.file, p.line);
    return true;
}
