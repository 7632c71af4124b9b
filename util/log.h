/* Log categories, as selected by `-d`. One process-wide sink: it is set up once, before any VM
 * starts, and is only read afterwards (the mask is an atomic so that the monitor can change it). */
#ifndef ARMEMU_UTIL_LOG_H
#define ARMEMU_UTIL_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/error.h"

/* X(identifier, option spelling, help line) */
#define LOG_CATEGORIES(X)                                                                          \
    X(IN_ASM, "in_asm", "guest instructions of each block that is translated")                     \
    X(OP, "op", "IR of each block before optimisation")                                            \
    X(OP_OPT, "op_opt", "IR of each block after optimisation")                                     \
    X(OUT_ASM, "out_asm", "host instructions of each block")                                       \
    X(EXEC, "exec", "each block before it is executed (switches chaining off)")                    \
    X(CPU, "cpu", "CPU registers before each block that is executed")                              \
    X(INT, "int", "exceptions and interrupts taken")                                               \
    X(MMU, "mmu", "translation faults, TLB maintenance and context changes")                       \
    X(UNIMP, "unimp", "guest use of something that is not implemented")                            \
    X(LEDS, "leds", "each new picture of a board's LEDs")                                          \
    X(GUEST_ERRORS, "guest_errors", "guest errors: bad accesses, undefined instructions")

enum log_category_index {
#define X(id, name, help) LOG_INDEX_##id,
    LOG_CATEGORIES(X)
#undef X
        LOG_CATEGORY_COUNT
};

enum log_category {
#define X(id, name, help) LOG_##id = 1 << LOG_INDEX_##id,
    LOG_CATEGORIES(X)
#undef X
};

extern _Atomic uint32_t log_mask;

/** Is any of the categories in @mask switched on? */
static inline bool log_enabled(uint32_t mask)
{
    return (atomic_load_explicit(&log_mask, memory_order_relaxed) & mask) != 0;
}

/** Write one formatted line if a category of @mask is on; a newline is appended. Thread-safe. */
void log_write(uint32_t mask, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The stream that log lines go to (stderr by default), for multi-line dumps between log_lock and
 * log_unlock. */
FILE *log_stream(void);
/** Write out what the log's file has not got yet. */
void log_flush(void);
void log_lock(void);
void log_unlock(void);

/** Parse a comma-separated category list as of `-d`; `help` and unknown names are errors. */
bool log_parse(const char *list, uint32_t *mask, struct error *e);

/** Print the category table, for `-d help`. */
void log_print_help(FILE *out);

/** A new file for the emulator's own output, NULL with errno set on errors. exec closes it, and its
 * descriptor is a high one where that is possible: a program that armemu-user runs has the same
 * descriptors, and takes the lowest free ones or those that it likes. */
FILE *log_file_open(const char *path);

/** Send the log to @path (as of `-D`); "%d" in it is replaced by the process id. */
bool log_open(const char *path, struct error *e);

/** Restrict the address-bound categories to the ranges of @list (`-dfilter`): start+size,
 * start-size or start..end, comma separated, any base that strtoull takes. */
bool log_filter_parse(const char *list, struct error *e);

/** Does the address filter let @addr through? True when no filter is set. */
bool log_filter_match(uint64_t addr);

#endif
