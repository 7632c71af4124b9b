#include "util/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set(struct error *e, const char *fmt, va_list ap)
{
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    e->kind = ERROR_OTHER;
}

bool error_set(struct error *e, const char *fmt, ...)
{
    if (!e)
        return false;
    va_list ap;
    va_start(ap, fmt);
    set(e, fmt, ap);
    va_end(ap);
    return false;
}

bool error_mark(struct error *e, enum error_kind kind)
{
    if (e)
        e->kind = kind;
    return false;
}

/* Add ": text" to the line, as far as it fits. */
static void append(struct error *e, const char *text)
{
    size_t used = strlen(e->text), room = sizeof(e->text) - used;
    if (room <= 3)
        return;
    memcpy(e->text + used, ": ", 3);
    strncat(e->text, text, room - 3);
}

bool error_prefix(struct error *e, const char *fmt, ...)
{
    if (!e)
        return false;
    char old[sizeof(e->text)];
    memcpy(old, e->text, sizeof(old));
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    append(e, old);
    return false;
}

bool error_set_errno(struct error *e, const char *fmt, ...)
{
    int saved = errno;
    if (!e)
        return false;
    va_list ap;
    va_start(ap, fmt);
    set(e, fmt, ap);
    va_end(ap);
    append(e, strerror(saved));
    return false;
}

void error_print(const struct error *e, const char *program, FILE *out)
{
    enum { DELETE = 127 };
    fprintf(out, "%s: ", program);
    for (const char *p = e->text; *p; p++)
        putc((unsigned char)*p < ' ' || *p == DELETE ? '?' : *p, out);
    putc('\n', out);
}

#define WORD_MAX 63

/* Levenshtein distance of two short words; longer ones are cut, which only worsens the guess. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[WORD_MAX + 1];
    size_t na = strnlen(a, WORD_MAX), nb = strnlen(b, WORD_MAX);
    for (size_t j = 0; j <= nb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[nb];
}

const char *error_nearest(const char *word, const char *const *known)
{
    const char *best = NULL;
    unsigned best_distance = (unsigned)strlen(word) / 2 + 1;
    for (; *known; known++) {
        unsigned d = edit_distance(word, *known);
        if (d < best_distance) {
            best_distance = d;
            best = *known;
        }
    }
    return best;
}
