/*
 * Several processes for one debugger: a program of its own that stands between a debugger that
 * knows of processes ("p1.1") and the stubs of these, which each speak the protocol as if they were
 * alone. It is there from the first fork or execution of another program that the debugger wants to
 * know of, until the debugger or the last process has gone.
 */
#ifndef ARMEMU_DEBUG_GDB_HUB_H
#define ARMEMU_DEBUG_GDB_HUB_H

#include "debug/gdb_stub.h"

/**
 * Serve the debugger at @debugger, whose session is like @session (not GDB_SESSION_OWN). @first
 * leads to the stub of the process that there is; at @listener (a Unix socket) those of other
 * processes appear. All are sockets without acknowledgements. Returns the exit status.
 */
int gdb_hub_run(int debugger, int first, int listener, enum gdb_session session);

#endif
