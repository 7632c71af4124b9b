/* System calls as text, for -strace. */
#ifndef ARMEMU_PROCESS_TRACE_H
#define ARMEMU_PROCESS_TRACE_H

#include <stdint.h>

#include "process/internal.h"

struct conv;

/** A call: its name, the kinds of its arguments as in syscalls.def, and the argument registers. */
struct trace_call {
    const char *name, *args;
    const uint32_t *a;
    char *text;           /* what is known before the call; NULL: no trace */
    const char *rest;     /* kinds that are printed behind the call */
    unsigned reg, number; /* of the rest's first: its register; how many are printed */
};

/** Before the call: print to memory what goes in. */
void trace_begin(struct trace_call *c, const struct task *t);
/** Put out what is there now: of calls that may not return. */
void trace_early(const struct trace_call *c);
/** Behind the call, with its result: put out one line. */
void trace_end(struct trace_call *c, const struct task *t, int64_t result);
/** The kind that follows the one at @kind. */
static inline const char *trace_next_kind(const char *kind)
{
    if (*++kind != '{')
        return kind;
    while (*kind != '}')
        kind++;
    return kind + 1;
}

/* ---- trace_names.c --------------------------------------------------------------------------- */

/** A name of the values whose bits in @mask are @value; mask 0: of a flag. */
struct trace_name {
    uint32_t value, mask;
    const char *name;
};

struct trace_names {
    const char *name; /* in braces in syscalls.def */
    const struct trace_name *rows;
    unsigned count;
    bool flags; /* several at once */
};

/** The table of names @name (@len characters); NULL: there is none. */
const struct trace_names *trace_names_find(const char *name, unsigned len);
/** The fields of the struct @name; NULL. */
const struct conv *trace_struct_find(const char *name, unsigned len);

#endif
