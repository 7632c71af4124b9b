#include "citest/code_scan.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

enum { DATA, THUMB, ARM };
enum { PLAIN, BRANCH, IT };

struct section {
    uint32_t start, size;
    uint8_t *kind;     /* of each halfword, as mapping symbols say */
    uint8_t *what;     /* begins there */
    const uint8_t *data;
    size_t index;      /* in the file */
};

struct code_scan {
    struct section *sections;
    unsigned count;
    bool marked; /* there are mapping symbols */
};

static void *alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        abort();
    return p;
}

static void add_section(struct code_scan *s, Elf_Scn *scn, const GElf_Shdr *h)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    if (h->sh_type != SHT_PROGBITS || !(h->sh_flags & SHF_EXECINSTR) || !data || !data->d_buf ||
        data->d_size > h->sh_size || h->sh_addr + h->sh_size > UINT32_MAX)
        return;
    s->sections = realloc(s->sections, (s->count + 1) * sizeof(*s->sections));
    if (!s->sections)
        abort();
    s->sections[s->count++] = (struct section){
        .start = (uint32_t)h->sh_addr,
        .size = (uint32_t)data->d_size & ~1u,
        .kind = alloc(data->d_size / 2),
        .what = alloc(data->d_size / 2),
        .data = data->d_buf,
        .index = elf_ndxscn(scn),
    };
}

/* ---- mapping symbols ------------------------------------------------------------------------- */

struct mark {
    uint32_t address;
    uint8_t kind;
    size_t section;
};

static int mark_order(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;
    return x->address < y->address ? -1 : x->address > y->address;
}

static int kind_of(const char *name)
{
    if (name[0] != '$' || (name[2] && name[2] != '.'))
        return -1;
    return name[1] == 't' ? THUMB : name[1] == 'a' ? ARM : name[1] == 'd' ? DATA : -1;
}

static struct mark *marks_read(Elf *elf, size_t *count)
{
    struct mark *marks = NULL;
    Elf_Scn *scn = NULL;
    *count = 0;
    while ((scn = elf_nextscn(elf, scn))) {
        GElf_Shdr h;
        Elf_Data *data;
        if (!gelf_getshdr(scn, &h) || h.sh_type != SHT_SYMTAB || !h.sh_entsize ||
            !(data = elf_getdata(scn, NULL)))
            continue;
        size_t n = data->d_size / h.sh_entsize;
        marks = realloc(marks, (*count + n + 1) * sizeof(*marks));
        if (!marks)
            abort();
        for (size_t i = 0; i < n; i++) {
            GElf_Sym symbol;
            const char *name = gelf_getsym(data, (int)i, &symbol)
                                   ? elf_strptr(elf, h.sh_link, symbol.st_name) : NULL;
            int kind = name ? kind_of(name) : -1;
            if (kind >= 0)
                marks[(*count)++] =
                    (struct mark){(uint32_t)symbol.st_value, (uint8_t)kind, symbol.st_shndx};
        }
    }
    if (*count)
        qsort(marks, *count, sizeof(*marks), mark_order);
    return marks;
}

static void apply_marks(struct section *s, const struct mark *marks, size_t count)
{
    uint32_t at = 0;
    uint8_t kind = DATA;
    for (size_t i = 0; i <= count; i++) {
        uint32_t end = s->size;
        if (i < count && (marks[i].section != s->index || marks[i].address < s->start))
            continue;
        if (i < count && marks[i].address - s->start < s->size)
            end = marks[i].address - s->start;
        for (; at < end; at += 2)
            s->kind[at / 2] = kind;
        if (i < count)
            kind = marks[i].kind;
    }
}

/* ---- decoding -------------------------------------------------------------------------------- */

static uint32_t halfword(const struct section *s, uint32_t at)
{
    return s->data[at] | (uint32_t)s->data[at + 1] << 8;
}

/* B<c> (T1; 14 is UDF, 15 SVC) and CB{N}Z. */
static bool is_branch_t16(uint32_t insn)
{
    return ((insn & 0xf000) == 0xd000 && (insn >> 8 & 15) < 14) || (insn & 0xf500) == 0xb100;
}

/* B<c>.W (T3). */
static bool is_branch_t32(uint32_t first, uint32_t second)
{
    return (first & 0xf800) == 0xf000 && (second & 0xd000) == 0x8000 && (first >> 6 & 15) < 14;
}

static bool is_it(uint32_t insn)
{
    return (insn & 0xff00) == 0xbf00 && insn & 15;
}

static bool is_branch_a32(uint32_t insn)
{
    return (insn & 0x0f000000) == 0x0a000000 && insn >> 28 < 14;
}

static void scan_section(struct section *s)
{
    for (uint32_t at = 0; at + 2 <= s->size;) {
        uint32_t first = halfword(s, at);
        unsigned kind = s->kind[at / 2], size = kind == DATA ? 2 : 4;
        uint32_t second = at + 4 <= s->size ? halfword(s, at + 2) : 0;
        if (kind == THUMB && first < 0xe800) {
            size = 2;
            s->what[at / 2] = is_branch_t16(first) ? BRANCH : is_it(first) ? IT : PLAIN;
        } else if (kind == THUMB) {
            s->what[at / 2] = is_branch_t32(first, second) ? BRANCH : PLAIN;
        } else if (kind == ARM) {
            s->what[at / 2] = is_branch_a32(second << 16 | first) ? BRANCH : PLAIN;
        }
        at += size;
    }
}

struct code_scan *code_scan_new(Elf *elf)
{
    struct code_scan *s = alloc(sizeof(*s));
    Elf_Scn *scn = NULL;
    GElf_Shdr h;
    size_t count;
    while ((scn = elf_nextscn(elf, scn)))
        if (gelf_getshdr(scn, &h))
            add_section(s, scn, &h);
    struct mark *marks = marks_read(elf, &count);
    s->marked = count != 0;
    for (unsigned i = 0; i < s->count; i++) {
        apply_marks(&s->sections[i], marks, count);
        scan_section(&s->sections[i]);
    }
    free(marks);
    return s;
}

void code_scan_free(struct code_scan *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        free(s->sections[i].kind);
        free(s->sections[i].what);
    }
    free(s->sections);
    free(s);
}

static const struct section *section_of(const struct code_scan *s, uint32_t address)
{
    for (unsigned i = 0; i < s->count; i++)
        if (address >= s->sections[i].start && address - s->sections[i].start < s->sections[i].size)
            return &s->sections[i];
    return NULL;
}

bool code_scan_contains(const struct code_scan *s, uint32_t address)
{
    const struct section *section = section_of(s, address);
    return section && (!s->marked || section->kind[(address - section->start) / 2] != DATA);
}

static bool is(const struct code_scan *s, uint32_t address, uint8_t what)
{
    const struct section *section = section_of(s, address);
    return section && section->what[(address - section->start) / 2] == what;
}

bool code_scan_is_branch(const struct code_scan *s, uint32_t address)
{
    return is(s, address, BRANCH);
}

bool code_scan_is_it(const struct code_scan *s, uint32_t address)
{
    return is(s, address, IT);
}
