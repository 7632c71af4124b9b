/* -gdb: the stub, on a socket or on standard input and output. */
#ifndef ARMEMU_APP_GDB_H
#define ARMEMU_APP_GDB_H

#include <signal.h>

#include "debug/gdb_stub.h"
#include "host/chardev.h"
#include "process/process.h"
#include "util/error.h"

/** Open the character device of `-gdb @spec`: sockets as servers that do not wait, and that refuse
 * a second debugger. NULL and @e set on errors. */
struct chardev *gdb_chardev_open(struct chardev_set *set, const char *spec, struct error *e);

/* In front of the name of a socket: a hub there is the debugger (debug/gdb_hub.h). For programs
 * that are executed under a debugger. */
#define GDB_HUB "hub:"
/* The only option, for a hub: "FD,FD,FD,SESSION" follows, the arguments of gdb_hub_run. */
#define GDB_HUB_OPTION "-gdb-hub"

/* In front of "CONNECTION:LISTENER:SESSION": descriptors (-1: others cannot come), and what
 * gdb_stub_take_up takes. For a program that the debugger starts again. */
#define GDB_AGAIN "again:"

/* -g of armemu-user: the stub, on a thread of its own. */
struct gdb_user {
    const char *spec; /* a port, the path of a socket, or as for -gdb */
    struct process_debug *target;
    struct loop *loop;
    struct chardev_set *chardevs;
    struct chardev *chardev;
    struct gdb_stub *stub;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ready, failed;
    sigset_t mask, ignored; /* of signals, when the program was started, */
    int streams[2], directory; /* and standard input, output and the working directory; the
                                  debugger's own descriptors */
    struct error error;
};

/** The debugger that @g makes of a process; @g stays. */
struct process_debugger gdb_user_debugger(struct gdb_user *g);

#endif
