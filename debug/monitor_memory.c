/* Memory and expressions: x, xp, print. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "debug/monitor_internal.h"
#include "frontend/arm/cpu/disassemble.h"
#include "util/bits.h"

enum { COUNT_MAX = 65536, STRING_MAX = 256, LINE_BYTES = 16 };

/* ---- expressions ----------------------------------------------------------------------------- */

static bool parse_register(struct monitor *m, const char **text, uint64_t *value, struct error *e)
{
    char name[32];
    size_t len = 0;
    const char *p = *text + 1;
    while ((isalnum((unsigned char)p[len]) || p[len] == '_') && len < sizeof(name) - 1)
        len++;
    snprintf(name, sizeof(name), "%.*s", (int)len, p);
    if (!m->target->read_register || !m->target->read_register(m->opaque, m->cpu, name, value))
        return error_set(e, "no register '$%s'", name);
    *text = p + len;
    return true;
}

static bool parse_term(struct monitor *m, const char **text, uint64_t *value, struct error *e)
{
    char *end;
    if (**text == '$')
        return parse_register(m, text, value, e);
    errno = 0;
    *value = strtoull(*text, &end, 0);
    if (!isdigit((unsigned char)**text) || errno)
        return error_set(e, "'%s' is not a number or register ($pc)", *text);
    *text = end;
    return true;
}

bool monitor_value(struct monitor *m, const char *text, uint64_t *value, struct error *e)
{
    char sign = '+';
    for (*value = 0;;) {
        uint64_t term;
        while (*text == ' ')
            text++;
        if (!parse_term(m, &text, &term, e))
            return false;
        *value += sign == '-' ? -term : term;
        while (*text == ' ')
            text++;
        if (!*text)
            return true;
        if (*text != '+' && *text != '-')
            return error_set(e, "unexpected '%s'", text);
        sign = *text++;
    }
}

/* ---- formats --------------------------------------------------------------------------------- */

struct dump {
    struct monitor *m;
    bool physical;
    uint32_t count;
    char format;   /* x d u o c i s */
    uint32_t size; /* bytes of an item */
    uint64_t addr;
    FILE *out;
};

static bool parse_format(struct dump *d, const char *text, struct error *e)
{
    static const char formats[] = "xduocis", sizes[] = "bhwg";
    char *end;
    d->count = 1;
    d->format = 'x';
    d->size = 0;
    if (isdigit((unsigned char)*text)) {
        unsigned long n = strtoul(text, &end, 10);
        if (n == 0 || n > COUNT_MAX)
            return error_set(e, "the count is 1 to %d", COUNT_MAX);
        d->count = (uint32_t)n;
        text = end;
    }
    for (; *text; text++) {
        const char *size = strchr(sizes, *text);
        if (strchr(formats, *text))
            d->format = *text;
        else if (size)
            d->size = 1u << (size - sizes);
        else
            return error_set(e, "unknown format '%c'; there are x d u o c i s, and sizes b h w g",
                             *text);
    }
    if (!d->size)
        d->size = d->format == 'c' || d->format == 's' ? 1 : 4;
    return true;
}

static bool read_memory(struct dump *d, uint64_t addr, void *buf, uint32_t len)
{
    const struct monitor_target *t = d->m->target;
    return d->physical ? t->read_phys(d->m->opaque, addr, buf, len)
                       : t->read_virt(d->m->opaque, d->m->cpu, addr, buf, len);
}

static bool error_memory(struct dump *d, uint64_t addr, struct error *e)
{
    return error_set(e, "cannot read memory at 0x%0*" PRIx64, d->physical ? 16 : 8, addr);
}

static void print_address(struct dump *d, uint64_t addr)
{
    fprintf(d->out, "%0*" PRIx64 ":", d->physical ? 16 : 8, addr);
}

static void print_char(uint8_t c, FILE *out)
{
    if (c >= ' ' && c < 127 && c != '\'' && c != '\\')
        fprintf(out, " '%c'", c);
    else
        fprintf(out, " '\\x%02x'", c);
}

static void print_item(struct dump *d, uint64_t value)
{
    int64_t value_signed = (int64_t)(value << (64 - 8 * d->size)) >> (64 - 8 * d->size);
    switch (d->format) {
    case 'd':
        fprintf(d->out, " %*" PRId64, d->size * 3 - d->size / 4, value_signed);
        break;
    case 'u':
        fprintf(d->out, " %*" PRIu64, d->size * 3 - d->size / 4, value);
        break;
    case 'o':
        fprintf(d->out, " 0%0*" PRIo64, (d->size * 8 + 2) / 3, value);
        break;
    case 'c':
        print_char((uint8_t)value, d->out);
        break;
    default:
        fprintf(d->out, " 0x%0*" PRIx64, d->size * 2, value);
    }
}

static bool dump_items(struct dump *d, struct error *e)
{
    uint32_t per_line = LINE_BYTES / d->size;
    per_line = d->format == 'c' && per_line > 8 ? 8 : per_line;
    for (uint32_t i = 0; i < d->count; i++) {
        uint64_t value = 0, addr = d->addr + (uint64_t)i * d->size;
        bool readable = read_memory(d, addr, &value, d->size);
        if (i % per_line == 0 || !readable) {
            if (i % per_line)
                fputc('\n', d->out);
            if (!readable)
                return error_memory(d, addr, e);
            print_address(d, addr);
        }
        print_item(d, value);
        if (i % per_line == per_line - 1 || i + 1 == d->count)
            fputc('\n', d->out);
    }
    return true;
}

static bool dump_strings(struct dump *d, struct error *e)
{
    uint64_t addr = d->addr;
    for (uint32_t i = 0; i < d->count; i++) {
        uint8_t c = 1;
        print_address(d, addr);
        fputs(" \"", d->out);
        for (unsigned n = 0; c && n < STRING_MAX; n++) {
            if (!read_memory(d, addr++, &c, 1)) {
                fputs("\"\n", d->out);
                return error_memory(d, addr - 1, e);
            }
            if (c >= ' ' && c < 127 && c != '"' && c != '\\')
                fputc(c, d->out);
            else if (c)
                fprintf(d->out, "\\x%02x", c);
        }
        fputs(c ? "\"...\n" : "\"\n", d->out);
    }
    return true;
}

/* Thumb where the address says so, else as the CPU's state is. */
static bool is_thumb(struct dump *d)
{
    struct monitor *m = d->m;
    uint64_t thumb = 0;
    if (d->addr % 4 != 0)
        return true;
    return m->target->read_register && m->target->read_register(m->opaque, m->cpu, "t", &thumb) &&
           thumb;
}

static bool dump_code(struct dump *d, struct error *e)
{
    bool thumb = is_thumb(d);
    uint64_t addr = d->addr & ~1ull;
    for (uint32_t i = 0; i < d->count; i++) {
        uint8_t code[4] = {0};
        uint32_t size = thumb ? 2 : 4;
        if (!read_memory(d, addr, code, size))
            return error_memory(d, addr, e);
        /* The first halfword of a 32-bit Thumb instruction: bits 15..11 are 0b11101 or more. */
        if (thumb && code[1] >= 0xe8) {
            if (!read_memory(d, addr, code, 4))
                return error_memory(d, addr, e);
            size = 4;
        }
        arm_disassemble(code, size, (uint32_t)addr, thumb, true, false, d->out);
        addr += size;
    }
    return true;
}

bool monitor_dump(struct monitor *m, bool physical, const char *format, const char *address,
                  FILE *out, struct error *e)
{
    struct dump d = {.m = m, .physical = physical, .out = out};
    if (!parse_format(&d, format, e) || !monitor_value(m, address, &d.addr, e))
        return false;
    if (d.format == 'i')
        return dump_code(&d, e);
    return d.format == 's' ? dump_strings(&d, e) : dump_items(&d, e);
}
