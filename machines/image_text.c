/* Intel HEX and Motorola S-records: lines of hexadecimal digits with a checksum each. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "machines/image.h"

enum { RECORD_MAX = 5 + 255 };

/* The file, line by line. */
struct reader {
    const uint8_t *next, *end;
    unsigned line;
    uint8_t record[RECORD_MAX]; /* the bytes of the line's digits */
    unsigned count;
    struct image_file *out;
    uint8_t *storage_next;
    struct error *e;
};

static void reader_init(struct reader *r, const uint8_t *data, size_t size, struct image_file *out,
                        struct error *e)
{
    *r = (struct reader){.next = data, .end = data + size, .out = out, .e = e};
    out->storage = malloc(size / 2 + 1); /* two digits make a byte */
    if (!out->storage)
        abort();
    r->storage_next = out->storage;
}

static int digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F'                                ? c - 'A' + 10
                                                                 : -1;
}

/* The next line that is not empty, without its end; NULL at the end of the file. */
static const uint8_t *next_line(struct reader *r, size_t *len)
{
    while (r->next < r->end) {
        const uint8_t *start = r->next;
        const uint8_t *newline = memchr(start, '\n', (size_t)(r->end - start));
        const uint8_t *stop = newline ? newline : r->end;
        r->next = newline ? newline + 1 : r->end;
        r->line++;
        while (stop > start && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        *len = (size_t)(stop - start);
        if (*len)
            return start;
    }
    return NULL;
}

static bool bytes_of(struct reader *r, const uint8_t *text, size_t len)
{
    r->count = 0;
    for (size_t i = 0; i < len; i += 2) {
        int high = digit(text[i]), low = i + 1 < len ? digit(text[i + 1]) : 0;
        if (high < 0 || low < 0)
            return error_set(r->e, "line %u: '%c' is no hexadecimal digit", r->line,
                             (text[high < 0 ? i : i + 1] & 0x7f) < ' ' ? '?'
                                 : text[high < 0 ? i : i + 1] & 0x7f);
        if (i + 1 == len || r->count == RECORD_MAX)
            return error_set(r->e, "line %u: %s", r->line,
                             i + 1 == len ? "truncated record: half a byte at its end"
                                          : "record too long");
        r->record[r->count++] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static uint8_t sum(const uint8_t *p, unsigned n)
{
    uint8_t total = 0;
    while (n--)
        total += *p++;
    return total;
}

static bool check_sum(struct reader *r, uint8_t found, uint8_t expected)
{
    return found == expected || error_set(r->e,
                                          "line %u: bad checksum: it is 0x%02x, and should be "
                                          "0x%02x for these bytes",
                                          r->line, found, expected);
}

/* Bytes that continue the last segment extend it. */
static bool add_bytes(struct reader *r, uint32_t addr, const uint8_t *bytes, unsigned n)
{
    struct image_file *f = r->out;
    struct image_segment *last = f->count ? &f->segments[f->count - 1] : NULL;
    if (!n)
        return true;
    if ((uint64_t)addr + n > 1ull << 32)
        return error_set(r->e, "line %u: data beyond 0xffffffff", r->line);
    memcpy(r->storage_next, bytes, n);
    if (last && last->addr + last->size == addr)
        last->size = last->memory += n;
    else
        image_add(f, &(struct image_segment){addr, addr, r->storage_next, n, n});
    r->storage_next += n;
    return true;
}

static uint32_t big_endian(const uint8_t *p, unsigned n)
{
    uint32_t value = 0;
    while (n--)
        value = value << 8 | *p++;
    return value;
}

static bool nothing_follows(struct reader *r)
{
    size_t len;
    return !next_line(r, &len) || error_set(r->e, "line %u: a record after the last one", r->line);
}

/* ---- Intel HEX ------------------------------------------------------------------------------- */

enum { HEX_DATA, HEX_END, HEX_SEGMENT, HEX_START_SEGMENT, HEX_LINEAR, HEX_START_LINEAR, HEX_TYPES };

/* :LLAAAATT[data]CC, and what the length of each type's data must be (-1: any). */
static bool hex_check(struct reader *r)
{
    static const int lengths[HEX_TYPES] = {-1, 0, 2, 4, 2, 4};
    const uint8_t *p = r->record;
    if (r->count < 5 || r->count != p[0] + 5u)
        return error_set(r->e, "line %u: truncated record: its %u bytes should be %u", r->line,
                         r->count, r->count ? p[0] + 5u : 5u);
    if (!check_sum(r, p[r->count - 1], (uint8_t)-sum(p, r->count - 1)))
        return false;
    if (p[3] >= HEX_TYPES)
        return error_set(r->e, "line %u: unknown record type 0x%02x", r->line, p[3]);
    return lengths[p[3]] < 0 || lengths[p[3]] == p[0] ||
           error_set(r->e, "line %u: record type 0x%02x with %u bytes of data, not %d", r->line,
                     p[3], p[0], lengths[p[3]]);
}

/* 16-bit segments: an offset that wraps stays in its 64 KiB. */
static bool hex_data(struct reader *r, uint32_t base, bool segmented)
{
    uint32_t offset = big_endian(r->record + 1, 2), n = r->record[0];
    uint32_t first = segmented && offset + n > 0x10000 ? 0x10000 - offset : n;
    return add_bytes(r, base + offset, r->record + 4, first) &&
           add_bytes(r, base, r->record + 4 + first, n - first);
}

bool image_parse_hex(const uint8_t *data, size_t size, struct image_file *out, struct error *e)
{
    struct reader r;
    const uint8_t *text;
    size_t len;
    uint32_t base = 0;
    bool segmented = false;
    reader_init(&r, data, size, out, e);
    while ((text = next_line(&r, &len))) {
        if (text[0] != ':')
            return error_set(e, "line %u: does not begin with ':', as records of Intel HEX do",
                             r.line);
        if (!bytes_of(&r, text + 1, len - 1) || !hex_check(&r))
            return false;
        uint32_t value = big_endian(r.record + 4, r.record[0] < 4 ? r.record[0] : 4);
        switch (r.record[3]) {
        case HEX_DATA:
            if (!hex_data(&r, base, segmented))
                return false;
            break;
        case HEX_END:
            return nothing_follows(&r);
        case HEX_SEGMENT:
        case HEX_LINEAR:
            segmented = r.record[3] == HEX_SEGMENT;
            base = value << (segmented ? 4 : 16);
            break;
        case HEX_START_SEGMENT:
            out->has_entry = true;
            out->entry = ((value >> 16) << 4) + (value & 0xffff);
            break;
        case HEX_START_LINEAR:
            out->has_entry = true;
            out->entry = value;
            break;
        }
    }
    return error_set(e, "truncated: no end record (:00000001FF) after line %u", r.line);
}

/* ---- S-records ------------------------------------------------------------------------------- */

/* By the digit after the S: bytes of the address (0: no such record). */
static const uint8_t srec_address[10] = {2, 2, 3, 4, 0, 2, 3, 4, 3, 2};

/* Snnaa..dd..cc, where nn counts what follows it. */
static bool srec_check(struct reader *r, unsigned type)
{
    const uint8_t *p = r->record;
    if (type > 9 || !srec_address[type])
        return error_set(r->e, "line %u: unknown record type S%c", r->line,
                         type > 9 ? '?' : (char)('0' + type));
    if (!r->count || r->count != p[0] + 1u || p[0] < srec_address[type] + 1u)
        return error_set(r->e, "line %u: truncated record: %u bytes, of which the first says %u",
                         r->line, r->count, r->count ? p[0] : 0);
    return check_sum(r, p[r->count - 1], (uint8_t)~sum(p, r->count - 1));
}

bool image_parse_srec(const uint8_t *data, size_t size, struct image_file *out, struct error *e)
{
    struct reader r;
    const uint8_t *text;
    size_t len;
    uint32_t records = 0;
    reader_init(&r, data, size, out, e);
    while ((text = next_line(&r, &len))) {
        if (text[0] != 'S' || len < 2)
            return error_set(e, "line %u: does not begin with 'S', as S-records do", r.line);
        unsigned type = (unsigned)text[1] - '0';
        if (!bytes_of(&r, text + 2, len - 2) || !srec_check(&r, type))
            return false;
        unsigned width = srec_address[type];
        uint32_t addr = big_endian(r.record + 1, width);
        if (type >= 1 && type <= 3) {
            records++;
            if (!add_bytes(&r, addr, r.record + 1 + width, r.record[0] - width - 1))
                return false;
        } else if (type == 5 || type == 6) {
            uint32_t mask = type == 5 ? 0xffff : 0xffffff;
            if (addr != (records & mask))
                return error_set(e, "line %u: there should be %u data records, but there are %u",
                                 r.line, addr, records);
        } else if (type >= 7) {
            out->has_entry = true;
            out->entry = addr;
            return nothing_follows(&r);
        }
    }
    return error_set(e, "truncated: no end record (S7, S8 or S9) after line %u", r.line);
}
