/* What the files of the hub share (gdb_hub.h). */
#ifndef ARMEMU_DEBUG_GDB_HUB_INTERNAL_H
#define ARMEMU_DEBUG_GDB_HUB_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "debug/gdb_packet.h"

enum {
    HUB_PROCESSES_MAX = 64,
    HUB_ANSWER_MS = 20000, /* for what a stub answers at once */
    HUB_EXEC_MS = 5000,    /* for a program that is executed to appear */
};

struct hub_process {
    int pid;
    unsigned serial;   /* no other process ever has it; not 0 */
    int fd;            /* -1: it is executing another program */
    bool resumed;      /* the debugger wants to hear of it */
    bool running;      /* it will send a stop reply, and answers nothing else */
    bool executing;
    int64_t deadline;  /* then it counts as ended, ms */
    char *pending;     /* a stop reply that the debugger has not been told of */
    bool noted; /* non-stop: it has told of a stop (pending; NULL: before we were there), and may
                   know of more */
    uint8_t in[4096];  /* received, from in_at to in_end not looked at yet */
    size_t in_at, in_end;
    struct gdb_parser parser;
};

struct hub {
    int debugger, listener;
    struct gdb_parser parser; /* of the debugger's packets */
    struct hub_process *process[HUB_PROCESSES_MAX];
    unsigned count, serials;
    int general;       /* the process that packets without one are for */
    int resume;        /* and those of the kind of "c"; 0: not said */
    bool waiting;      /* the debugger awaits a stop reply */
    bool over;
    char *threads;     /* the document that is being read */
    bool non_stop;
    char **news; /* non-stop: stop replies that the debugger has not acknowledged; the first has
                    been told */
    unsigned news_count;
    bool answering_why; /* the first is the answer to "?" */
};

/* gdb_hub_process.c: what is sent and received; the processes and their stubs */
int64_t hub_now_ms(void);
bool hub_write_all(int fd, const char *data, size_t len);
bool hub_send_packet(int fd, const char *data, size_t len);
/** A packet for the debugger, and a text. */
void hub_tell(struct hub *h, const char *data, size_t len);
void hub_tell_text(struct hub *h, const char *text);
/** Non-stop: a stop reply that he has not asked for. */
void hub_notify(struct hub *h, const char *text);
/** The process with the number; NULL: there is none. */
struct hub_process *hub_find(const struct hub *h, int pid);
/** The one that packets are for; NULL: there is none at all. */
struct hub_process *hub_general(struct hub *h);
/** One more, whose stub is at @fd; NULL: there are too many, and @fd is closed. */
struct hub_process *hub_add(struct hub *h, int pid, int fd);
void hub_drop(struct hub *h, struct hub_process *p);
/** Is there such a process, other than one whose end nobody has looked at? */
bool hub_alive(int pid);
/** The process has a stop reply (a format for @value and the process) that is none of its stub's.
 */
void hub_note(struct hub_process *p, const char *format, unsigned value);
/** The next packet of the stub is in p->parser; false if there is none in time, or none any more.
 */
bool hub_receive(struct hub_process *p, int timeout_ms);
/** Non-stop: notice what the stub has told of by itself, if it has. */
void hub_listen(struct hub_process *p);
/** What a stub that does not run answers is in p->parser. */
bool hub_ask(struct hub_process *p, const char *data, size_t len);
bool hub_ask_text(struct hub_process *p, const char *text);
/** Is that what it has answered? */
bool hub_answered(const struct hub_process *p, const char *text);

/* gdb_hub_news.c: what the debugger is told unasked */

/** Somebody connects to the hub: the stub of a new process, or of another program that a process
 * executes. */
void hub_stub_appears(struct hub *h);
/** A stub has sent something. */
void hub_stub_speaks(struct hub *h, struct hub_process *p);
/** Tell the debugger what there is to be told, if he wants to hear it. */
void hub_report(struct hub *h);
/** Non-stop: the stub has told of a stop that has not been acknowledged, before we were there. */
void hub_taken_over(struct hub *h, struct hub_process *p);
/** Non-stop: answer "vStopped", and "?". */
void hub_next_news(struct hub *h);
void hub_why(struct hub *h);
/** Non-stop: what there is to be told of the process, which is not the debugger's any more, is not.
 */
void hub_forget_news(struct hub *h, int pid);

/* gdb_hub_packets.c */

/** A packet of the debugger, or Ctrl-C. */
void hub_on_packet(struct hub *h, const char *data, size_t len);
void hub_on_interrupt(struct hub *h);

/* gdb_hub_files.c */
/** vFile. */
void hub_on_file(struct hub *h, const char *data, size_t len);

#endif
