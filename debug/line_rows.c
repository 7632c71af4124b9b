#include "debug/line_rows.h"

#include <dwarf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the section; behind its end there are zeros, and `ok` becomes false. */
struct bytes {
    const uint8_t *at, *end;
    bool ok;
};

struct header {
    uint32_t min_length, line_range, opcode_base;
    int line_base;
    uint8_t lengths[256]; /* arguments of standard opcodes */
};

struct machine {
    uint32_t address, line, file;
    bool started, wanted; /* the sequence; `wanted`: it is of code that exists */
    struct line_row last; /* the row that has begun */
};

static uint64_t take(struct bytes *b, unsigned size)
{
    uint64_t value = 0;
    b->ok = b->ok && (size_t)(b->end - b->at) >= size;
    for (unsigned i = 0; b->ok && i < size; i++)
        value |= (uint64_t)b->at[i] << (8 * i);
    b->at += b->ok ? size : 0;
    return value;
}

/* LEB128; @is_signed: the sign is extended. */
static uint64_t take_leb(struct bytes *b, bool is_signed)
{
    uint64_t value = 0;
    for (unsigned shift = 0; b->ok; shift += 7) {
        uint8_t byte = (uint8_t)take(b, 1);
        value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
        if (byte & 0x80)
            continue;
        if (is_signed && (byte & 0x40) && shift < 57)
            value |= UINT64_MAX << (shift + 7);
        break;
    }
    return value;
}

/* The section's bytes from @offset on. */
static struct bytes section(Dwarf_Die *die, uint64_t offset)
{
    Elf *elf = dwarf_getelf(dwarf_cu_getdwarf(die->cu));
    Elf_Scn *scn = NULL;
    size_t names;
    GElf_Shdr h;
    if (elf_getshdrstrndx(elf, &names))
        return (struct bytes){0};
    while ((scn = elf_nextscn(elf, scn))) {
        const char *name = gelf_getshdr(scn, &h) ? elf_strptr(elf, names, h.sh_name) : NULL;
        if (!name || strcmp(name, ".debug_line"))
            continue;
        if (h.sh_flags & SHF_COMPRESSED)
            elf_compress(scn, 0, 0);
        Elf_Data *data = elf_getdata(scn, NULL);
        if (data && data->d_buf && offset < data->d_size)
            return (struct bytes){(const uint8_t *)data->d_buf + offset,
                                  (const uint8_t *)data->d_buf + data->d_size, true};
    }
    return (struct bytes){0};
}

/* Leaves @b with the program. */
static bool read_header(struct bytes *b, struct header *h)
{
    uint64_t length = take(b, 4);
    if (length >= 0xfffffff0 || length > (uint64_t)(b->end - b->at))
        return false;
    b->end = b->at + length;
    unsigned version = (unsigned)take(b, 2);
    if (version < 2 || version > 5)
        return false;
    take(b, version == 5 ? 2 : 0); /* sizes of addresses and segment selectors */
    uint64_t header_length = take(b, 4);
    const uint8_t *program = b->at + header_length;
    if (header_length > (uint64_t)(b->end - b->at))
        return false;
    h->min_length = (uint32_t)take(b, 1);
    take(b, version >= 4 ? 1 : 0); /* operations per instruction */
    take(b, 1);                    /* is_stmt */
    h->line_base = (int8_t)take(b, 1);
    h->line_range = (uint32_t)take(b, 1);
    h->opcode_base = (uint32_t)take(b, 1);
    for (unsigned i = 1; i < h->opcode_base; i++)
        h->lengths[i] = (uint8_t)take(b, 1);
    bool ok = b->ok && h->line_range && h->opcode_base && b->at <= program;
    b->at = program;
    return ok;
}

static void push(struct line_rows *out, const struct line_row *row)
{
    if (out->count == out->capacity) {
        out->capacity = out->capacity ? 2 * out->capacity : 256;
        out->rows = realloc(out->rows, out->capacity * sizeof(*out->rows));
        if (!out->rows)
            abort();
    }
    out->rows[out->count++] = *row;
}

/* A row of the table: it ends the one before. */
static void emit(struct machine *m, struct line_rows *out, bool end, bool code_at_zero)
{
    m->last.end = m->address;
    if (m->started && m->wanted && m->last.end > m->last.start)
        push(out, &m->last);
    if (!m->started)
        m->wanted = m->address > 1 || code_at_zero;
    m->started = true;
    m->last = (struct line_row){m->address, 0, m->line, m->file};
    if (end)
        *m = (struct machine){.line = 1, .file = 1};
}

static void extended(struct bytes *b, struct machine *m, struct line_rows *out, bool code_at_zero)
{
    uint64_t length = take_leb(b, false);
    if (!length || length > (uint64_t)(b->end - b->at)) {
        b->ok = b->ok && !length;
        return;
    }
    const uint8_t *next = b->at + length;
    unsigned opcode = (unsigned)take(b, 1);
    if (opcode == DW_LNE_end_sequence)
        emit(m, out, true, code_at_zero);
    else if (opcode == DW_LNE_set_address)
        m->address = (uint32_t)take(b, length - 1 > 8 ? 8 : (unsigned)length - 1);
    b->at = next;
}

static void standard(struct bytes *b, const struct header *h, struct machine *m,
                     struct line_rows *out, unsigned opcode, bool code_at_zero)
{
    switch (opcode) {
    case DW_LNS_copy:
        emit(m, out, false, code_at_zero);
        break;
    case DW_LNS_advance_pc:
        m->address += (uint32_t)take_leb(b, false) * h->min_length;
        break;
    case DW_LNS_advance_line:
        m->line += (uint32_t)take_leb(b, true);
        break;
    case DW_LNS_set_file:
        m->file = (uint32_t)take_leb(b, false);
        break;
    case DW_LNS_const_add_pc:
        m->address += (255 - h->opcode_base) / h->line_range * h->min_length;
        break;
    case DW_LNS_fixed_advance_pc:
        m->address += (uint32_t)take(b, 2);
        break;
    default:
        for (unsigned i = 0; i < h->lengths[opcode]; i++)
            take_leb(b, false);
    }
}

bool line_rows_read(Dwarf_Die *die, bool code_at_zero, struct line_rows *out)
{
    Dwarf_Attribute attribute;
    Dwarf_Word offset;
    struct header h = {0};
    *out = (struct line_rows){0};
    if (dwarf_formudata(dwarf_attr(die, DW_AT_stmt_list, &attribute), &offset))
        return false;
    struct bytes b = section(die, offset);
    if (!b.ok || !read_header(&b, &h))
        return false;
    struct machine m = {.line = 1, .file = 1};
    while (b.ok && b.at < b.end) {
        unsigned opcode = (unsigned)take(&b, 1);
        if (!opcode) {
            extended(&b, &m, out, code_at_zero);
        } else if (opcode < h.opcode_base) {
            standard(&b, &h, &m, out, opcode, code_at_zero);
        } else {
            unsigned step = opcode - h.opcode_base;
            m.address += step / h.line_range * h.min_length;
            m.line += (uint32_t)(h.line_base + (int)(step % h.line_range));
            emit(&m, out, false, code_at_zero);
        }
    }
    return b.ok;
}

void line_rows_free(struct line_rows *rows)
{
    free(rows->rows);
    *rows = (struct line_rows){0};
}
