/*
 * Names of addresses: functions, source lines and call stacks, from the symbol tables and the DWARF
 * of ELF files. Nothing is read before the first question is asked.
 */
#ifndef ARMEMU_DEBUG_SYMBOLS_H
#define ARMEMU_DEBUG_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

/** An empty set. */
struct symbols *symbols_new(void);
void symbols_free(struct symbols *s);
/** Add the file at @path, if it is an ELF file (else nothing happens). */
void symbols_add(struct symbols *s, const char *path);

struct symbols_place {
    char function[128]; /* empty: unknown */
    uint32_t offset;    /* from its start */
    char file[128];     /* the end of the source file's name; empty: unknown */
    unsigned line;
};

/** Where is the code address @addr (bit 0 is ignored)? False when nothing is known. */
bool symbols_find(struct symbols *s, uint32_t addr, struct symbols_place *out);
/** "main+0x12 (src/main.c:34)", as far as it is known; empty and false if it is not. */
bool symbols_text(struct symbols *s, uint32_t addr, char *buf, size_t size);

/* The guest's memory; false when it cannot be read. */
struct symbols_memory {
    void *opaque;
    bool (*read)(void *opaque, uint32_t addr, void *buf, uint32_t len);
};

struct symbols_frame {
    uint32_t pc, sp;
    /* by unwind information, an exception frame, or it is the first; else a guess by LR */
    bool exact;
    bool exception;  /* the code that an exception interrupted */
};

/**
 * The call stack of a CPU whose registers r0 to r15 are @regs: at most @max frames, the first being
 * @regs itself; returns how many. With @m_profile return addresses that are EXC_RETURN values lead
 * through the frame that exception entry pushed; @psp is the process stack pointer.
 */
unsigned symbols_unwind(struct symbols *s, const uint32_t regs[16], bool m_profile, uint32_t psp,
                        const struct symbols_memory *memory, struct symbols_frame *frames,
                        unsigned max);

#endif
