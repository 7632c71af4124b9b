/*
 * GDB's agent expressions: the bytecode in which conditions and commands of breakpoints come. Stack
 * machine of 64-bit values ("The GDB Agent Expression Mechanism" in GDB's manual). The code is what
 * a stranger has sent: everything is bounded, nothing is trusted.
 */
#ifndef ARMEMU_DEBUG_GDB_AGENT_H
#define ARMEMU_DEBUG_GDB_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GDB_AGENT_STACK = 128,
    GDB_AGENT_STEPS = 10000,  /* operations that one evaluation may take */
    GDB_AGENT_LENGTH = 16384, /* bytes of code */
    GDB_AGENT_TEXT = 1024,    /* bytes that one printf may make */
};

/* What an expression sees. */
struct gdb_agent_ops {
    bool (*read_register)(void *opaque, unsigned number, uint64_t *value);
    bool (*read_memory)(void *opaque, uint64_t addr, void *buf, uint32_t len);
    void (*print)(void *opaque, const char *text, size_t len); /* NULL: printf is not allowed */
};

enum gdb_agent_result {
    GDB_AGENT_OK,
    GDB_AGENT_BAD_CODE,  /* an unknown operation, a jump or an operand out of the code */
    GDB_AGENT_STACK_ERROR,
    GDB_AGENT_DIVISION,  /* by zero */
    GDB_AGENT_ACCESS,    /* a register or memory that is not there */
    GDB_AGENT_TOO_LONG,  /* more than GDB_AGENT_STEPS operations */
};

/** Evaluate @len bytes of @code. *@value is what is on top of the stack at the end, 0 if it is
 * empty (commands leave nothing). */
enum gdb_agent_result gdb_agent_run(const uint8_t *code, size_t len,
                                    const struct gdb_agent_ops *ops, void *opaque, uint64_t *value);

#endif
