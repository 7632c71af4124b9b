/* The line editor, against a model of what a terminal would show. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "debug/line_editor.h"
#include "util/bits.h"

struct screen {
    char row[1024]; /* the line with the cursor */
    size_t column, length;
    char lines[16][LINE_MAX_LENGTH + 1]; /* what was submitted */
    unsigned count;
};

static void put_char(struct screen *s, char c)
{
    cr_assert_lt(s->column, sizeof(s->row) - 1);
    s->row[s->column++] = c;
    if (s->column > s->length)
        s->length = s->column;
    s->row[s->length] = 0;
}

/* Carry out the control sequence at @text; returns its length. */
static size_t control(struct screen *s, const char *text)
{
    unsigned n = 0;
    int used = 0;
    if (!strncmp(text, "\033[K", 3)) {
        s->length = s->column;
        s->row[s->length] = 0;
        return 3;
    }
    cr_assert(sscanf(text, "\033[%uD%n", &n, &used) == 1 && used, "unknown sequence");
    cr_assert_leq(n, s->column);
    s->column -= n;
    return (size_t)used;
}

static void screen_write(void *opaque, const char *text, size_t len)
{
    struct screen *s = opaque;
    char copy[2048];
    cr_assert_lt(len, sizeof(copy));
    memcpy(copy, text, len);
    copy[len] = 0;
    for (size_t i = 0; i < len;) {
        if (copy[i] == '\033') {
            i += control(s, copy + i);
            continue;
        }
        if (copy[i] == '\r')
            s->column = 0;
        else if (copy[i] == '\n')
            s->length = 0;
        else
            put_char(s, copy[i]);
        s->row[s->length] = 0;
        i++;
    }
}

static void submit(void *opaque, char *line)
{
    struct screen *s = opaque;
    cr_assert_lt(s->count, ARRAY_SIZE(s->lines));
    strcpy(s->lines[s->count++], line);
}

static const char *complete(void *opaque, const char *line, unsigned index)
{
    static const char *const words[] = {"stop", "status", "cont", "system_reset"};
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
        if (!strncmp(words[i], line, strlen(line)) && index-- == 0)
            return words[i];
    return NULL;
}

static const struct line_editor_ops ops = {screen_write, submit, complete};

static void type(struct line_editor *le, const char *keys)
{
    line_editor_input(le, (const uint8_t *)keys, strlen(keys));
}

struct row {
    const char *keys, *shown; /* shown: the row afterwards */
    size_t column;
};

static void check_rows(const struct row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct screen s = {0};
        struct line_editor le;
        line_editor_init(&le, &ops, &s, "> ");
        line_editor_show(&le);
        type(&le, rows[i].keys);
        cr_expect_str_eq(s.row, rows[i].shown, "row %u: '%s'", i, s.row);
        cr_expect_eq(s.column, rows[i].column + 2, "row %u: column %zu", i, s.column);
        line_editor_free(&le);
    }
}

Test(line_editor, editing)
{
    static const struct row rows[] = {
        {"abc", "> abc", 3},
        {"abc\x7f\x08", "> a", 1},
        {"\x7f\033[D\033[C", "> ", 0},
        {"abc\x01X", "> Xabc", 1},
        {"abc\033[HX\033[FY", "> XabcY", 5},
        {"abc\033[D\033[DX", "> aXbc", 2},
        {"abc\x02\x02\x06X", "> abXc", 3},
        {"abc\033[D\033[D\033[3~", "> ac", 1},
        {"abc\x01\x04", "> bc", 0},
        {"abc def\x15", "> ", 0},
        {"abc def\033[D\x15", "> f", 0},
        {"abc def\x01\x06\x0b", "> a", 1},
        {"abc  def  \x17X", "> abc  X", 6},
        {"abc\x03x", "> x", 1},
        {"a\033[1;5Cb", "> ab", 2},
        {"a\033OHb\033[4~c", "> bac", 3},
        {"a\033xb", "> ab", 2},
        {"a\x0f" "b", "> ab", 2}, /* keys without meaning */
    };
    check_rows(rows, ARRAY_SIZE(rows));
}

Test(line_editor, history)
{
    static const struct row rows[] = {
        {"one\rtwo\r\033[A", "> two", 3},
        {"one\rtwo\r\033[A\033[A", "> one", 3},
        {"one\rtwo\r\033[A\033[A\033[A\033[A", "> one", 3},
        {"one\rtwo\rnew\033[A\033[A\033[B", "> two", 3},
        {"one\rtwo\rnew\x10\x10\x0e\x0e\x0e", "> new", 3},
        {"one\rone\r\r\033[A\033[A", "> one", 3},
    };
    check_rows(rows, ARRAY_SIZE(rows));
}

Test(line_editor, completion)
{
    static const struct row rows[] = {
        {"c\t", "> cont ", 5},
        {"sy\t", "> system_reset ", 13},
        {"st\t", "> st", 2},      /* two of them are listed */
        {"sta\t", "> status ", 7},
        {"z\t", "> z", 1},
    };
    check_rows(rows, ARRAY_SIZE(rows));
}

Test(line_editor, lines)
{
    struct screen s = {0};
    struct line_editor le;
    line_editor_init(&le, &ops, &s, "> ");
    type(&le, "one\rtwo\nthree\r\n\nfour\033[D\x7fx\r");
    cr_assert_eq(s.count, 5);
    cr_assert_str_eq(s.lines[0], "one");
    cr_assert_str_eq(s.lines[1], "two");
    cr_assert_str_eq(s.lines[2], "three");
    cr_assert_str_eq(s.lines[3], "");
    cr_assert_str_eq(s.lines[4], "foxr");
    line_editor_free(&le);
}

Test(line_editor, limits)
{
    struct screen s = {0};
    struct line_editor le;
    line_editor_init(&le, &ops, &s, "> ");
    for (unsigned i = 0; i < LINE_MAX_LENGTH + 100; i++)
        type(&le, "x");
    type(&le, "\r");
    cr_assert_eq(strlen(s.lines[0]), LINE_MAX_LENGTH);
    s.count = 0;
    for (unsigned i = 0; i < 3 * LINE_HISTORY; i++) {
        char line[16];
        snprintf(line, sizeof(line), "%u\r", i);
        type(&le, line);
        s.count = 0;
    }
    for (unsigned i = 0; i < 3 * LINE_HISTORY; i++)
        type(&le, "\033[A");
    type(&le, "\r");
    cr_assert_str_eq(s.lines[0], "128"); /* the last 64 of 0 .. 191 */
    line_editor_free(&le);
}

/* Any bytes: the cursor stays inside the line. */
Test(line_editor, random_bytes)
{
    static const char alphabet[] =
        "ab \t\x01\x02\x04\x05\x06\x08\x0b\x0e\x10\x15\x17\x7f\033[ABCDHF3~";
    struct screen s = {0};
    struct line_editor le;
    uint32_t seed = 1;
    line_editor_init(&le, &ops, &s, "> ");
    line_editor_show(&le);
    for (unsigned i = 0; i < 200000; i++) {
        seed = seed * 1664525 + 1013904223;
        type(&le, (const char[]){alphabet[(seed >> 16) % (sizeof(alphabet) - 1)], 0});
        cr_assert_leq(le.cursor, le.len);
        cr_assert_eq(strlen(le.line), le.len);
        if (i % 50 == 0)
            type(&le, "\x03");
    }
    line_editor_free(&le);
}
