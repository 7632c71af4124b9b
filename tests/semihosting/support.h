/* A guest of 64 KiB of memory, of which some cannot be written, for the tests of semihosting. */
#ifndef ARMEMU_TESTS_SEMIHOSTING_SUPPORT_H
#define ARMEMU_TESTS_SEMIHOSTING_SUPPORT_H

#include "semihosting/semihosting.h"

enum {
    MEM_BASE = 0x20000000, MEM_SIZE = 0x10000,
    ROM_BASE = MEM_BASE + 0xf000, /* the last 4 KiB cannot be written */
    BLOCK = MEM_BASE, TEXT = MEM_BASE + 0x100, TEXT2 = MEM_BASE + 0x1800,
    BUFFER = MEM_BASE + 0x4000,
    NOWHERE = 0x50000000,
};

enum {
    SYS_OPEN = 1, SYS_CLOSE, SYS_WRITEC, SYS_WRITE0, SYS_WRITE, SYS_READ, SYS_READC, SYS_ISERROR,
    SYS_ISTTY, SYS_SEEK, SYS_FLEN = 0xc, SYS_TMPNAM, SYS_REMOVE, SYS_RENAME, SYS_CLOCK, SYS_TIME,
    SYS_SYSTEM, SYS_ERRNO, SYS_GET_CMDLINE = 0x15, SYS_HEAPINFO, SYS_EXIT = 0x18,
    SYS_EXIT_EXTENDED = 0x20, SYS_ELAPSED = 0x30, SYS_TICKFREQ,
};

struct guest {
    struct semihosting *sh;
    struct semihosting_guest ops;
    uint8_t mem[MEM_SIZE];
    int64_t now, utc;
    char out[4][512]; /* what arrived at each stream */
    const char *input;
    bool input_waits; /* instead of ending */
    enum semihosting_outcome outcome;
    struct semihosting_exit end;
    char dir[64];
};

/** A new guest; @root: a new temporary folder is granted. */
struct guest *guest_new(bool root, bool readonly, const char *command_line);
void guest_free(struct guest *g);
/** Put @count words at BLOCK and call @op with BLOCK, or with @arg when @count is 0. */
uint32_t call(struct guest *g, uint32_t op, uint32_t arg);
uint32_t call_block(struct guest *g, uint32_t op, unsigned count, const uint32_t *words);
#define CALL(g, op, ...)                                                                           \
    call_block(g, op, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (const uint32_t[]){__VA_ARGS__})
void put_text(struct guest *g, uint32_t addr, const char *text);
uint32_t get_word(struct guest *g, uint32_t addr);
/** Open @name with @mode. */
uint32_t open_name(struct guest *g, const char *name, uint32_t mode);
uint32_t last_error(struct guest *g);

#endif
