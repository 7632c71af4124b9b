#include "debug/line_editor.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/bits.h"

enum { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_BRACKET, ESCAPE_SS3 };
#define CTRL(c) ((c) & 0x1f)
enum { KEY_BACKSPACE = 127 };

/* ---- the screen ------------------------------------------------------------------------------ */

static void put(struct line_editor *le, const char *text)
{
    le->ops->write(le->opaque, text, strlen(text));
}

static void redraw(struct line_editor *le)
{
    char back[24];
    put(le, "\r");
    put(le, le->prompt);
    le->ops->write(le->opaque, le->line, le->len);
    put(le, "\033[K");
    if (le->cursor < le->len) {
        snprintf(back, sizeof(back), "\033[%zuD", le->len - le->cursor);
        put(le, back);
    }
}

void line_editor_show(struct line_editor *le)
{
    put(le, le->prompt);
    if (le->len)
        redraw(le);
}

/* ---- editing --------------------------------------------------------------------------------- */

static void set_line(struct line_editor *le, const char *text)
{
    snprintf(le->line, sizeof(le->line), "%s", text);
    le->len = le->cursor = strlen(le->line);
    redraw(le);
}

static void insert(struct line_editor *le, const char *text, size_t len)
{
    if (len > LINE_MAX_LENGTH - le->len)
        return;
    memmove(le->line + le->cursor + len, le->line + le->cursor, le->len - le->cursor);
    memcpy(le->line + le->cursor, text, len);
    le->len += len;
    le->cursor += len;
    le->line[le->len] = 0;
    if (le->cursor == le->len)
        le->ops->write(le->opaque, text, len);
    else
        redraw(le);
}

/* Remove the characters from @from to @to; the cursor ends up at @from. */
static void cut(struct line_editor *le, size_t from, size_t to)
{
    if (from == to)
        return;
    memmove(le->line + from, le->line + to, le->len - to);
    le->len -= to - from;
    le->line[le->len] = 0;
    le->cursor = from;
    redraw(le);
}

static void move(struct line_editor *le, size_t to)
{
    if (to == le->cursor)
        return;
    le->cursor = to;
    redraw(le);
}

static void key_home(struct line_editor *le)
{
    move(le, 0);
}

static void key_end(struct line_editor *le)
{
    move(le, le->len);
}

static void key_left(struct line_editor *le)
{
    move(le, le->cursor ? le->cursor - 1 : 0);
}

static void key_right(struct line_editor *le)
{
    move(le, le->cursor < le->len ? le->cursor + 1 : le->len);
}

static void key_backspace(struct line_editor *le)
{
    if (le->cursor)
        cut(le, le->cursor - 1, le->cursor);
}

static void key_delete(struct line_editor *le)
{
    if (le->cursor < le->len)
        cut(le, le->cursor, le->cursor + 1);
}

static void key_cut_left(struct line_editor *le)
{
    cut(le, 0, le->cursor);
}

static void key_cut_right(struct line_editor *le)
{
    cut(le, le->cursor, le->len);
}

static void key_cut_word(struct line_editor *le)
{
    size_t from = le->cursor;
    while (from && le->line[from - 1] == ' ')
        from--;
    while (from && le->line[from - 1] != ' ')
        from--;
    cut(le, from, le->cursor);
}

static void key_redraw(struct line_editor *le)
{
    put(le, "\033[H\033[2J");
    redraw(le);
}

static void clear_line(struct line_editor *le)
{
    le->len = le->cursor = 0;
    le->line[0] = 0;
    le->history_at = le->history_count;
}

static void key_cancel(struct line_editor *le)
{
    put(le, "^C\r\n");
    clear_line(le);
    line_editor_show(le);
}

/* ---- history --------------------------------------------------------------------------------- */

static void history_add(struct line_editor *le, const char *line)
{
    if (!*line || (le->history_count && !strcmp(le->history[le->history_count - 1], line)))
        return;
    if (le->history_count == LINE_HISTORY) {
        free(le->history[0]);
        memmove(le->history, le->history + 1, (LINE_HISTORY - 1) * sizeof(le->history[0]));
        le->history_count--;
    }
    le->history[le->history_count] = strdup(line);
    if (!le->history[le->history_count])
        abort();
    le->history_count++;
}

static void history_show(struct line_editor *le, unsigned at)
{
    if (le->history_at == le->history_count)
        memcpy(le->saved, le->line, sizeof(le->saved));
    le->history_at = at;
    set_line(le, at == le->history_count ? le->saved : le->history[at]);
}

static void key_up(struct line_editor *le)
{
    if (le->history_at > 0)
        history_show(le, le->history_at - 1);
}

static void key_down(struct line_editor *le)
{
    if (le->history_at < le->history_count)
        history_show(le, le->history_at + 1);
}

/* ---- completion ------------------------------------------------------------------------------ */

/* How many characters all candidates have in common. */
static size_t common_prefix(struct line_editor *le, const char *before, unsigned *count)
{
    const char *first = le->ops->complete(le->opaque, before, 0), *other;
    size_t common = first ? strlen(first) : 0;
    for (*count = first != NULL; first && (other = le->ops->complete(le->opaque, before, *count));
         ++*count) {
        size_t n = 0;
        while (n < common && other[n] == first[n])
            n++;
        common = n;
    }
    return common;
}

static void list_candidates(struct line_editor *le, const char *before)
{
    const char *name;
    put(le, "\r\n");
    for (unsigned i = 0; (name = le->ops->complete(le->opaque, before, i)); i++) {
        put(le, name);
        put(le, "  ");
    }
    put(le, "\r\n");
    redraw(le);
}

static void key_tab(struct line_editor *le)
{
    char before[LINE_MAX_LENGTH + 1];
    unsigned count;
    if (!le->ops->complete)
        return;
    memcpy(before, le->line, le->cursor);
    before[le->cursor] = 0;
    const char *space = strrchr(before, ' ');
    size_t typed = strlen(space ? space + 1 : before);
    size_t common = common_prefix(le, before, &count);
    if (count == 0)
        return;
    if (common > typed)
        insert(le, le->ops->complete(le->opaque, before, 0) + typed, common - typed);
    if (count == 1)
        insert(le, " ", 1);
    else if (common <= typed)
        list_candidates(le, before);
}

/* ---- input ----------------------------------------------------------------------------------- */

static void key_enter(struct line_editor *le)
{
    char line[LINE_MAX_LENGTH + 1];
    memcpy(line, le->line, le->len + 1);
    put(le, "\r\n");
    history_add(le, line);
    clear_line(le);
    le->ops->submit(le->opaque, line);
    if (!le->hidden)
        put(le, le->prompt);
}

static const struct {
    uint8_t key;
    void (*act)(struct line_editor *le);
} keys[] = {
    {'\r', key_enter},          {'\n', key_enter},       {'\t', key_tab},
    {CTRL('A'), key_home},      {CTRL('E'), key_end},    {CTRL('B'), key_left},
    {CTRL('F'), key_right},     {CTRL('H'), key_backspace}, {KEY_BACKSPACE, key_backspace},
    {CTRL('D'), key_delete},    {CTRL('U'), key_cut_left}, {CTRL('K'), key_cut_right},
    {CTRL('W'), key_cut_word},  {CTRL('L'), key_redraw}, {CTRL('C'), key_cancel},
    {CTRL('P'), key_up},        {CTRL('N'), key_down},
};

/* The last byte of "ESC [ n x": x, or for '~' the number. */
static const struct {
    uint8_t final, number;
    void (*act)(struct line_editor *le);
} sequences[] = {
    {'A', 0, key_up},   {'B', 0, key_down}, {'C', 0, key_right}, {'D', 0, key_left},
    {'H', 0, key_home}, {'F', 0, key_end},  {'~', 1, key_home},  {'~', 3, key_delete},
    {'~', 4, key_end},  {'~', 7, key_home}, {'~', 8, key_end},
};

static void escape_byte(struct line_editor *le, uint8_t byte)
{
    if (le->escape == ESCAPE_SEEN) {
        le->escape = byte == '[' ? ESCAPE_BRACKET : byte == 'O' ? ESCAPE_SS3 : ESCAPE_NONE;
        le->escape_number = 0;
        return;
    }
    if (isdigit(byte)) {
        le->escape_number = (uint8_t)(le->escape_number * 10 + byte - '0');
        return;
    }
    if (byte == ';')
        return;
    le->escape = ESCAPE_NONE;
    for (unsigned i = 0; i < ARRAY_SIZE(sequences); i++)
        if (sequences[i].final == byte &&
            (byte != '~' || sequences[i].number == le->escape_number))
            sequences[i].act(le);
}

static void input_byte(struct line_editor *le, uint8_t byte)
{
    bool after_cr = le->after_cr;
    le->after_cr = byte == '\r';
    if (le->escape != ESCAPE_NONE) {
        escape_byte(le, byte);
        return;
    }
    if (byte == '\033') {
        le->escape = ESCAPE_SEEN;
        return;
    }
    if (byte == '\n' && after_cr)
        return;
    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
        if (keys[i].key == byte) {
            keys[i].act(le);
            return;
        }
    }
    if (byte >= ' ')
        insert(le, (const char[]){(char)byte}, 1);
}

void line_editor_input(struct line_editor *le, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        input_byte(le, buf[i]);
}

void line_editor_init(struct line_editor *le, const struct line_editor_ops *ops, void *opaque,
                      const char *prompt)
{
    *le = (struct line_editor){.ops = ops, .opaque = opaque, .prompt = prompt};
}

void line_editor_free(struct line_editor *le)
{
    for (unsigned i = 0; i < le->history_count; i++)
        free(le->history[i]);
    le->history_count = 0;
}
