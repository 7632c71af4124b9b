/* Error values: a function that can fail returns false (or NULL) and fills a struct error with one
 * line for the user. Context is prepended on the way up ("vmlinuz: not a kernel: ..."). */
#ifndef ARMEMU_UTIL_ERROR_H
#define ARMEMU_UTIL_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

enum error_kind {
    ERROR_OTHER,
    ERROR_IMAGE, /* a file that the guest is to run is missing, malformed, or does not fit */
};

struct error {
    char text[512]; /* one line, no trailing newline; empty when no error is set */
    enum error_kind kind; /* error_set makes it ERROR_OTHER */
};

/** Set @e (which may be NULL) to the formatted line. Always returns false, for `return
 * error_set(..)`. */
bool error_set(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Put "formatted: " in front of the text already in @e. Always returns false. */
bool error_prefix(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Say what kind of error @e (which may be NULL) is. Always returns false. */
bool error_mark(struct error *e, enum error_kind kind);

/** Set @e to the formatted line followed by ": " and strerror(errno). Always returns false. */
bool error_set_errno(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Print "program: text" as one line, whatever a file name in it contains. */
void error_print(const struct error *e, const char *program, FILE *out);

/**
 * The entry of the NULL-terminated array @known that is nearest to @word by edit distance, for
 * "did you mean" messages; NULL where nothing is reasonably near.
 */
const char *error_nearest(const char *word, const char *const *known);

#endif
