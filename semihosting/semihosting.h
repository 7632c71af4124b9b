/*
 * Arm semihosting (Arm's "Semihosting for AArch32 and AArch64", version 3): calls that a program
 * makes to whoever runs it, for consoles, files, time and its own end.
 *
 * Nothing here knows a CPU: the caller recognises the trap, passes operation number (R0) and
 * argument (R1), and supplies the guest's memory and consoles through struct semihosting_guest.
 * Files are confined to one folder that the user grants; without one there are only consoles.
 */
#ifndef ARMEMU_SEMIHOSTING_SEMIHOSTING_H
#define ARMEMU_SEMIHOSTING_SEMIHOSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* The special file ":tt" by the mode that it was opened with, and the debugger's channel
 * (SYS_WRITEC, SYS_WRITE0, SYS_READC). */
enum semihosting_stream {
    SEMIHOSTING_STDIN, SEMIHOSTING_STDOUT, SEMIHOSTING_STDERR, SEMIHOSTING_DEBUG,
};

enum { SEMIHOSTING_AGAIN = -1 }; /* of read_console: nothing yet */

/* While a debugger carries a request out, memory from here on is semihosting_request.scratch: for
 * data that the program has no memory for. */
#define SEMIHOSTING_SCRATCH 0xffffff00u
enum { SEMIHOSTING_SCRATCH_SIZE = 64 };

/* A request to a debugger, in the words of GDB's File-I/O, and the answer. It lives from call to
 * call. */
struct semihosting_request {
    char text[96];   /* what follows the F: "write,1,20000000,5" */
    bool answered;   /* and the answer has not been used yet: */
    int64_t result;  /* -1: an error */
    uint32_t error;  /* File-I/O's number */
    uint8_t scratch[SEMIHOSTING_SCRATCH_SIZE];
};

/* What a call needs of the machine. All functions must be set; @opaque is passed to each. */
struct semihosting_guest {
    void *opaque;
    bool big_endian; /* words in memory */
    /** Copy guest memory at virtual @addr; false when part of it cannot be accessed. */
    bool (*read)(void *opaque, uint32_t addr, void *buf, uint32_t len);
    bool (*write)(void *opaque, uint32_t addr, const void *buf, uint32_t len);
    /** Nanoseconds since the machine started, and since 1970. */
    int64_t (*time)(void *opaque);
    int64_t (*utc)(void *opaque);
    /** Send all of @len bytes out. */
    void (*write_console)(void *opaque, enum semihosting_stream stream, const void *buf,
                          size_t len);
    /** At most @len (not 0) bytes that are there: their number, 0 at the end of the input, or
     * SEMIHOSTING_AGAIN. */
    int (*read_console)(void *opaque, void *buf, size_t len);
    /** Heap base and limit, stack base and limit; 0 where the program must know. */
    void (*heap)(void *opaque, uint32_t block[4]);
    /** A debugger that serves consoles and files; NULL: they are served here. */
    struct semihosting_request *debugger;
    /** It should, but there is none: such calls fail. */
    bool debugger_missing;
};

struct semihosting_config {
    const char *root; /* the folder whose files the guest may use; NULL: none */
    bool readonly;    /* nothing in it may be changed */
    const char *command_line; /* for SYS_GET_CMDLINE; copied */
};

struct semihosting;

/** NULL and @e set when the folder cannot be opened. */
struct semihosting *semihosting_new(const struct semihosting_config *config, struct error *e);
void semihosting_free(struct semihosting *sh);
/** The machine was reset: the guest's files are closed. */
void semihosting_reset(struct semihosting *sh);

/* Why a program ended. */
struct semihosting_exit {
    uint32_t reason;  /* 0x20026 is ADP_Stopped_ApplicationExit */
    uint32_t code;    /* SYS_EXIT_EXTENDED's second word */
    bool extended;
    const char *name; /* of the reason; NULL if it has none */
    int status;       /* the exit status for the shell */
};

enum semihosting_outcome {
    SEMIHOSTING_RETURN, /* R0 is *result */
    SEMIHOSTING_WAIT,   /* console input is needed: make the same call again when there is some */
    SEMIHOSTING_EXIT,   /* the program ended: @end is filled in */
    /* guest->debugger has a request: make the same call again when it is answered */
    SEMIHOSTING_ASK,
};

/**
 * Carry out operation @op with argument @arg. Nothing that a guest passes is trusted: bad pointers,
 * handles and names give error results (SYS_ERRNO tells why), unknown operations too. Any thread.
 */
enum semihosting_outcome semihosting_call(struct semihosting *sh,
                                          const struct semihosting_guest *guest, uint32_t op,
                                          uint32_t arg, uint32_t *result,
                                          struct semihosting_exit *end);

/** "SYS_WRITE0" for 4; NULL for unknown operations. */
const char *semihosting_name(uint32_t op);

#endif
