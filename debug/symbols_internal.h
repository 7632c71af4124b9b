/* What symbols.c and unwind.c share. */
#ifndef ARMEMU_DEBUG_SYMBOLS_INTERNAL_H
#define ARMEMU_DEBUG_SYMBOLS_INTERNAL_H

#include <elfutils/libdwfl.h>

#include "debug/symbols.h"

enum { SYMBOLS_FILES = 16 };

struct symbols_function {
    uint32_t addr, size; /* without the Thumb bit; size 0: unknown */
    const char *name;    /* libdw's */
};

/* Code that came from a line. */
struct symbols_line {
    uint32_t start, end, line;
    const char *file; /* libdw's */
};

struct symbols_unwinding;

struct symbols_file {
    char *path;
    bool tried;
    Dwfl *dwfl;
    Dwfl_Module *mod; /* NULL: not opened, or broken */
    struct symbols_function *functions; /* in order of address */
    unsigned function_count;
    bool code_at_zero;
    bool low_read;                      /* `low` is there */
    struct symbols_line *low;           /* lines of code at low addresses */
    size_t low_count;
    bool attached;                      /* unwind.c: libdw asks for registers and memory */
    struct symbols_unwinding *unwinding; /* the one that is under way */
};

struct symbols {
    struct symbols_file files[SYMBOLS_FILES];
    unsigned count;
};

/** Open @f if it has not been tried; is it open? */
bool symbols_file_open(struct symbols_file *f);

#endif
