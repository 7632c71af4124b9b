/* -pidfile: the process's number in a file that is locked while the process lives. */
#ifndef ARMEMU_APP_PIDFILE_H
#define ARMEMU_APP_PIDFILE_H

#include "util/error.h"

/**
 * Write the process's number and a newline to the file at @path, which is created or overwritten,
 * and keep it locked. Returns the descriptor that holds the lock, for pidfile_close; -1 with an
 * error where the file cannot be written or another process has it locked.
 */
int pidfile_open(const char *path, struct error *e);

/** Remove the file, then the lock. */
void pidfile_close(const char *path, int fd);

#endif
