/* What the files of the GDB stub share. */
#ifndef ARMEMU_DEBUG_GDB_INTERNAL_H
#define ARMEMU_DEBUG_GDB_INTERNAL_H

#include "debug/gdb_packet.h"
#include "debug/gdb_stub.h"

/* Error numbers of "E" replies, as GDB knows them (errno of its file-I/O protocol). */
enum { GDB_EFAULT = 14, GDB_EINVAL = 22, GDB_ENOSPC = 28 };

/* Bits of `qemu.sstep`. */
enum { GDB_SSTEP_ENABLE = 1, GDB_SSTEP_NOIRQ = 2, GDB_SSTEP_NOTIMER = 4 };

enum { GDB_ALL_CPUS = -1 };

struct gdb_stub {
    struct chardev *chardev;
    const struct gdb_target *target;
    void *opaque;
    struct monitor *monitor;
    char *xml;           /* target description */

    struct gdb_parser parser;
    bool no_ack;
    bool swbreak, hwbreak; /* the debugger understands these stop reasons */
    bool running;        /* the machine runs for the debugger, which awaits a stop reply */
    bool physical;       /* memory packets have physical addresses */
    unsigned sstep;      /* GDB_SSTEP_* */
    uint32_t general_cpu; /* that g, m ... mean (Hg) */
    int32_t resume_cpu;  /* that c and s mean (Hc); GDB_ALL_CPUS */
    struct gdb_stop stop; /* the last one */
    enum gdb_action actions[GDB_CPU_MAX];
    uint64_t range_start, range_end; /* step on while the PC of the CPU is in there; empty: no */
    uint32_t range_cpu;

    char *reply;         /* under construction */
    size_t reply_length, reply_capacity;
    bool silent;         /* the packet has no reply (yet) */
    char *frame;         /* as last sent */
    size_t frame_length;
};

/* A packet: @args is what follows the name and its delimiter, @len bytes and a NUL. */
struct gdb_command {
    const char *name;
    bool letter; /* arguments follow the letter directly; else the name ends at one of ":;,=" or the end */
    void (*run)(struct gdb_stub *g, char *args, size_t len);
};

/* gdb_stub.c: replies */
void gdb_reply_bytes(struct gdb_stub *g, const void *data, size_t len);
void gdb_reply(struct gdb_stub *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gdb_reply_hex(struct gdb_stub *g, const void *data, size_t len);
void gdb_reply_error(struct gdb_stub *g, unsigned number);
/** Send what is in the reply, and empty it. */
void gdb_reply_send(struct gdb_stub *g);

/* gdb_command.c: the tables, and arguments */

/** Run the packet in the parser. */
void gdb_command_run(struct gdb_stub *g, char *packet, size_t len);
/** Take a hexadecimal number off *@p; false if there is none, or more than 64 bits. */
bool gdb_take_hex(char **p, uint64_t *value);
/** Take "ADDR,LEN" with LEN at most @max. */
bool gdb_take_range(char **p, uint64_t *addr, uint32_t *len, uint32_t max);
/** Take @len bytes in hexadecimal. */
bool gdb_take_bytes(char **p, void *buf, size_t len);
bool gdb_take_char(char **p, char c);
/** Take a thread: a CPU number, or GDB_ALL_CPUS for -1; 0 means @any. */
bool gdb_take_thread(struct gdb_stub *g, char **p, int32_t any, int32_t *cpu);

/* gdb_memory.c, gdb_query.c, gdb_resume.c: tables, ended by a row without name */
extern const struct gdb_command gdb_memory_commands[], gdb_query_commands[], gdb_resume_commands[];

/* gdb_resume.c */

/** The reply that tells of g->stop. */
void gdb_stop_reply(struct gdb_stub *g);
/** Stop the machine if it runs, and tell the debugger if it waits. */
void gdb_interrupt(struct gdb_stub *g);

#endif
