/*
 * Programs of the other byte order (BE-8): what system calls read and write is converted between
 * the program's memory and copies in the host's order, which the calls then work on. syscalls.def
 * says what arguments point to.
 */
#ifndef ARMEMU_PROCESS_BYTEORDER_H
#define ARMEMU_PROCESS_BYTEORDER_H

#include "process/internal.h"

struct byteorder_piece;

/** A call's conversions. */
struct byteorder_call {
    struct task *t;
    const char *name, *args;
    const uint32_t *a;  /* the program's registers */
    uint32_t *registers; /* what the call gets */
    uint32_t used;      /* bytes of the task's copies */
    struct byteorder_piece *pieces;
    unsigned count;
    int error;
};

/** Before the call @name with arguments of the kinds @args: @registers, which hold the program's,
 * become those for the call. Returns 0, or -errno: the call is not to be made. byteorder_end must
 * be called in any case. */
int byteorder_begin(struct byteorder_call *c, struct task *t, const char *name, const char *args,
                    const uint32_t *a, uint32_t *registers);
/** Behind it: what was written goes to the program, and everything is freed. Returns @result, or an
 * error. */
int64_t byteorder_end(struct byteorder_call *c, int64_t result);

/** The thread has no use for its copies any more. */
void byteorder_task_ends(struct task *t);

#endif
