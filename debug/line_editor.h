/*
 * A small line editor for a terminal in raw mode that is reached byte by byte: cursor keys, Home,
 * End, Delete, Backspace, Ctrl-A E B F U K W L C D P N, a history, and completion with Tab. It also
 * takes plain lines from a pipe. (libedit wants a descriptor of its own, which a character device
 * is not.)
 */
#ifndef ARMEMU_DEBUG_LINE_EDITOR_H
#define ARMEMU_DEBUG_LINE_EDITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_MAX_LENGTH = 512, LINE_HISTORY = 64 };

struct line_editor_ops {
    /* Send output to the terminal. */
    void (*write)(void *opaque, const char *text, size_t len);
    /* A complete line, without its end; it may be changed. The prompt is printed afterwards. */
    void (*submit)(void *opaque, char *line);
    /* The candidate number @index for the word that ends at the cursor, @line being the text before
     * the cursor; NULL when there are no more. May be NULL. */
    const char *(*complete)(void *opaque, const char *line, unsigned index);
};

struct line_editor {
    const struct line_editor_ops *ops;
    void *opaque;
    const char *prompt;
    char line[LINE_MAX_LENGTH + 1];
    size_t len, cursor;
    char *history[LINE_HISTORY];      /* oldest first */
    unsigned history_count, history_at; /* history_at == history_count: the new line */
    char saved[LINE_MAX_LENGTH + 1];  /* the new line while older ones are looked at */
    uint8_t escape;                   /* state of an escape sequence */
    uint8_t escape_number;
    bool after_cr;                    /* a line feed that follows belongs to the line's end */
    bool hidden;                      /* input is being ended: no prompt */
};

/** Set up @le; @prompt is borrowed. Nothing is printed. */
void line_editor_init(struct line_editor *le, const struct line_editor_ops *ops, void *opaque,
                      const char *prompt);
/** Release the history. */
void line_editor_free(struct line_editor *le);
/** Print the prompt and the line that is being edited. */
void line_editor_show(struct line_editor *le);
/** Take @len bytes of input. */
void line_editor_input(struct line_editor *le, const uint8_t *buf, size_t len);

#endif
