/* -gdb: the stub, on a socket or on standard input and output. */
#ifndef ARMEMU_APP_GDB_H
#define ARMEMU_APP_GDB_H

#include "host/chardev.h"
#include "util/error.h"

/** Open the character device of `-gdb @spec`: sockets as servers that do not wait, and that refuse a
 * second debugger. NULL and @e set on errors. */
struct chardev *gdb_chardev_open(struct chardev_set *set, const char *spec, struct error *e);

#endif
