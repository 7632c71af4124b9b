/* What the files of the GDB stub share. */
#ifndef ARMEMU_DEBUG_GDB_INTERNAL_H
#define ARMEMU_DEBUG_GDB_INTERNAL_H

#include "debug/gdb_packet.h"
#include "debug/gdb_stub.h"

/* Error numbers of "E" replies, as GDB knows them (errno of its file-I/O protocol). */
enum { GDB_ESRCH = 3, GDB_EFAULT = 14, GDB_EINVAL = 22, GDB_ENOSPC = 28 };

/* Bits of `qemu.sstep`. */
enum { GDB_SSTEP_ENABLE = 1, GDB_SSTEP_NOIRQ = 2, GDB_SSTEP_NOTIMER = 4 };

/* Of threads: all of them. */
enum { GDB_ALL = 0 };

enum { GDB_FILES_MAX = 32, GDB_SIGNALS = 256 };

struct gdb_stub {
    struct chardev *chardev;
    const struct gdb_target *target;
    void *opaque;
    struct monitor *monitor;
    char *xml;           /* target description */

    struct gdb_parser parser;
    bool no_ack;
    bool multi;          /* threads are named with their process: "p1.1" */
    bool forks;          /* it wants to know of new processes */
    bool swbreak, hwbreak; /* the debugger understands these stop reasons */
    bool running;        /* the machine runs for the debugger, which awaits a stop reply */
    bool extended;       /* the connection outlives what is debugged */
    bool detached;       /* and may attach again, */
    bool once;           /* no other debugger can come */
    bool ended;          /* there is nothing any more that could be asked or told to do anything */
    bool killed;         /* or start the machine again: it ends when the debugger leaves */
    bool physical;       /* memory packets have physical addresses */
    unsigned sstep;      /* GDB_SSTEP_* */
    uint32_t general_thread; /* that g, m ... mean (Hg) */
    uint32_t resume_thread;  /* that c and s mean (Hc); GDB_ALL */
    struct gdb_stop stop;    /* the last one */
    bool non_stop; /* QNonStop: then these have not been acknowledged, the first has been told: */
    struct gdb_stop stops[GDB_THREADS_MAX + 2]; /* one per thread, the first, and the end */
    uint32_t stop_count;
    bool answering_why;      /* the first is the answer to "?" */
    bool interrupt_one;      /* the thread that is being stopped is to report Ctrl-C */
    uint32_t ids[GDB_THREADS_MAX]; /* of the threads that there are, as last asked for */
    uint32_t id_count;
    struct gdb_resume actions[GDB_THREADS_MAX]; /* of the last time that the target went on: */
    uint32_t action_count;
    enum gdb_action others;
    struct semihosting_request *request; /* that the debugger is carrying out; NULL: none */
    uint32_t request_thread;
    bool request_interrupt; /* Ctrl-C meanwhile */

    char *reply;         /* under construction */
    size_t reply_length, reply_capacity;
    bool silent;         /* the packet has no reply (yet) */
    char *frame;         /* as last sent */
    size_t frame_length, frame_capacity;
    uint64_t tls_description;   /* see gdb_tls.c; 0: not known */
    int files[GDB_FILES_MAX];   /* that the debugger has opened; -1: none */
};

/* A packet: @args is what follows the name and its delimiter, @len bytes and a NUL. */
struct gdb_command {
    const char *name;
    bool letter; /* arguments follow the letter directly; else the name ends at one of ":;,=" or the
                    end */
    void (*run)(struct gdb_stub *g, char *args, size_t len);
};

/* gdb_stub.c: replies */
void gdb_reply_bytes(struct gdb_stub *g, const void *data, size_t len);
void gdb_reply(struct gdb_stub *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gdb_reply_hex(struct gdb_stub *g, const void *data, size_t len);
void gdb_reply_error(struct gdb_stub *g, unsigned number);
void gdb_reply_thread(struct gdb_stub *g, uint32_t thread);
/** Send what is in the reply, and empty it. */
void gdb_reply_send(struct gdb_stub *g);
/** Send it as a notification, which is not acknowledged. */
void gdb_reply_notification(struct gdb_stub *g);

/* gdb_command.c: the tables, and arguments */

/** Run the packet in the parser. */
void gdb_command_run(struct gdb_stub *g, char *packet, size_t len);
/** May the packet come when the debugger has detached, and the target runs? */
bool gdb_command_while_detached(const char *packet);
/* Does it make sense when the program has ended? */
bool gdb_command_at_end(const char *packet);
/* gdb_stub.c: the session for gdb_stub_take_up. */
unsigned gdb_session_traits(const struct gdb_stub *g);
/** Take a hexadecimal number off *@p; false if there is none, or more than 64 bits. */
bool gdb_take_hex(char **p, uint64_t *value);
/** Take "ADDR,LEN" with LEN at most @max. */
bool gdb_take_range(char **p, uint64_t *addr, uint32_t *len, uint32_t max);
/** Take @len bytes in hexadecimal. */
bool gdb_take_bytes(char **p, void *buf, size_t len);
bool gdb_take_char(char **p, char c);
/** Take a thread that is there, or GDB_ALL for -1; 0 means @any. */
bool gdb_take_thread(struct gdb_stub *g, char **p, uint32_t any, uint32_t *thread);

/* gdb_file.c, gdb_file_io.c, gdb_memory.c, gdb_nonstop.c, gdb_object.c, gdb_query.c, gdb_resume.c,
 * gdb_tls.c: tables, ended by a row without name */
extern const struct gdb_command gdb_file_commands[], gdb_file_io_commands[], gdb_memory_commands[],
    gdb_nonstop_commands[], gdb_object_commands[], gdb_query_commands[], gdb_resume_commands[],
    gdb_tls_commands[];

/* gdb_command.c */
/** Ask for the threads that there are: g->ids. */
void gdb_threads_update(struct gdb_stub *g);

/* gdb_stub.c */
/** The debugger is there, or has gone; with `target extended-remote` it may come again. */
void gdb_attached(struct gdb_stub *g, bool yes);

/* gdb_file.c */
void gdb_files_init(struct gdb_stub *g);
void gdb_files_close(struct gdb_stub *g);

/* gdb_file_io.c */
/** The debugger is asked for what the program wants. */
void gdb_file_io_ask(struct gdb_stub *g, const struct gdb_stop *stop);
/** Memory as the debugger means it: while it carries out a request, as the program that asked. */
bool gdb_memory_read(struct gdb_stub *g, uint64_t addr, void *buf, uint32_t len);
bool gdb_memory_write(struct gdb_stub *g, uint64_t addr, const void *buf, uint32_t len);

/* gdb_nonstop.c */
/** Begin or end non-stop mode. */
void gdb_nonstop_set(struct gdb_stub *g, bool on);
/** A thread has stopped. */
void gdb_nonstop_stopped(struct gdb_stub *g, const struct gdb_stop *stop);
/** Do what g->actions say for the threads that are named. */
void gdb_nonstop_go(struct gdb_stub *g);
/** The reply to "?": the first of the threads that are stopped; vStopped asks for the others. */
void gdb_nonstop_why(struct gdb_stub *g);

/* gdb_resume.c */

/** Let the target go on as it did before. */
void gdb_go_on(struct gdb_stub *g);

/** Let all threads go on. */
void gdb_continue_all(struct gdb_stub *g);

/** The reply that tells of g->stop, or of @stop. */
void gdb_stop_reply(struct gdb_stub *g);
void gdb_stop_reply_of(struct gdb_stub *g, const struct gdb_stop *stop);
/** Stop the machine if it runs, and tell the debugger if it waits. */
void gdb_interrupt(struct gdb_stub *g);

#endif
