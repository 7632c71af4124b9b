/*
 * The GDB stub: a debugger that speaks GDB's remote serial protocol looks into the machine and
 * controls it (docs/DEBUGGING.md). On the event loop's thread, with the device lock held.
 */
#ifndef ARMEMU_DEBUG_GDB_STUB_H
#define ARMEMU_DEBUG_GDB_STUB_H

#include "debug/gdb_target.h"
#include "debug/monitor.h"
#include "host/chardev.h"

struct gdb_stub;

/** A stub for @target as the front end of @cd. Commands of `monitor` go to @monitor (may be NULL),
 * which stays the caller's. */
struct gdb_stub *gdb_stub_new(struct chardev *cd, const struct gdb_target *target, void *opaque,
                              struct monitor *monitor);
/** There is one connection, and nobody can come again: the target ends with it, unless the debugger
 * has detached. */
void gdb_stub_once(struct gdb_stub *g);

/** The machine has ended with @status: tell the debugger. The target is asked to do nothing from
 * here on. */
void gdb_stub_end(struct gdb_stub *g, int status);
/** Does the debugger know, or is there none? In non-stop mode he says so: run the loop until then.
 */
bool gdb_stub_end_known(const struct gdb_stub *g);
/** Disconnect, and free (NULL is allowed). */
void gdb_stub_free(struct gdb_stub *g);

/** The machine stopped by itself after gdb_target.resume, or has ended. @opaque is the stub. */
void gdb_stub_stopped(void *opaque, const struct gdb_stop *stop);

enum gdb_session {
    GDB_SESSION_OWN,           /* it cannot be taken over now */
    GDB_SESSION_ALL_STOP,      /* the debugger awaits a stop reply */
    GDB_SESSION_NON_STOP,
    GDB_SESSION_NON_STOP_TOLD, /* a stop has been told and not been acknowledged */
};

/** May another program take the connection, and serve the debugger, who knows several processes, in
 * between? */
enum gdb_session gdb_stub_session(const struct gdb_stub *g);

/** Go on with the session of another stub at the same connection, whose debugger awaits a stop
 * reply: see gdb_target.again. */
void gdb_stub_take_up(struct gdb_stub *g, unsigned session);
/** The program has ended, and the debugger has been told. May it have it started again? Then the
 * stub waits for that; until the debugger leaves, see gdb_target.attached. */
bool gdb_stub_stays(struct gdb_stub *g);

/** For the target: the stub as its listener. */
struct gdb_listener gdb_stub_listener(struct gdb_stub *g);

#endif
