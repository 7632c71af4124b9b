/*
 * Breakpoints and watchpoints of a target, with the conditions and commands that the debugger wants
 * to have evaluated there: a small table. Changed while nothing runs.
 */
#ifndef ARMEMU_DEBUG_GDB_POINTS_H
#define ARMEMU_DEBUG_GDB_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbered as in the packets Z0 to Z4. */
enum gdb_point {
    GDB_POINT_SOFTWARE,
    GDB_POINT_HARDWARE,
    GDB_POINT_WRITE,
    GDB_POINT_READ,
    GDB_POINT_ACCESS,
    GDB_POINT_COUNT,
};

enum { GDB_POINTS_MAX = 4096, GDB_POINT_CODE_MAX = 32 };

/* Agent expressions (debug/gdb_agent.h) of a breakpoint. */
struct gdb_point_code {
    unsigned condition_count, command_count;
    struct gdb_bytecode {
        uint8_t *bytes;
        uint32_t length;
    } list[GDB_POINT_CODE_MAX]; /* conditions, then commands */
};

struct gdb_points {
    struct gdb_point_row {
        enum gdb_point kind;
        uint32_t addr, len;
        struct gdb_point_code *code; /* NULL: always stop */
    } *rows; /* room for GDB_POINTS_MAX, or NULL */
    unsigned count;
    unsigned watch_count;      /* rows that are watchpoints */
    unsigned read_watch_count; /* and of these, that watch reads */
};

/* Addresses some accesses to which are watched. */
struct gdb_watch_range {
    uint64_t start, end;
    bool read, write;
};

static inline bool gdb_point_is_breakpoint(enum gdb_point kind)
{
    return kind <= GDB_POINT_HARDWARE;
}

/** Add one; with what is there, @code replaces the row's. False: there are too many, or the address
 * is none; then @code is freed. *@added: there was none like it. */
bool gdb_points_add(struct gdb_points *p, enum gdb_point kind, uint64_t addr, uint32_t len,
                    struct gdb_point_code *code, bool *added);
/** Remove one; false if there is none. *@gone is a copy without code. */
bool gdb_points_remove(struct gdb_points *p, enum gdb_point kind, uint64_t addr, uint32_t len,
                       struct gdb_point_row *gone);
/** The breakpoint at @pc, NULL if none. */
const struct gdb_point_row *gdb_points_at(const struct gdb_points *p, uint64_t pc);
/** The watchpoint that an access to @len bytes at @addr meets. */
const struct gdb_point_row *gdb_points_watch(const struct gdb_points *p, uint32_t addr,
                                             uint32_t len, bool write);
/** At most @max ranges, in ascending order, with all that is watched and, where there is more than
 * that, what lies between; their number. */
unsigned gdb_points_watched(const struct gdb_points *p, struct gdb_watch_range *out, unsigned max);
/** The addresses of all breakpoints, allocated. */
uint64_t *gdb_points_addresses(const struct gdb_points *p, uint32_t *count);

struct gdb_agent_ops;
/** The breakpoint has been reached: does it stop? Yes without code, when a condition holds or
 * cannot be evaluated; commands are carried out then, and if there are some it does not stop. */
bool gdb_point_stops(const struct gdb_point_row *row, const struct gdb_agent_ops *ops,
                     void *opaque);

void gdb_points_free(struct gdb_points *p);

void gdb_point_code_free(struct gdb_point_code *code);

#endif
