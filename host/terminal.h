/*
 * The user's terminal in raw mode, and back: it is restored on every way out of the program (return
 * from main, exit, a fatal signal) and around stopping and continuing (Ctrl-Z, fg).
 */
#ifndef ARMEMU_HOST_TERMINAL_H
#define ARMEMU_HOST_TERMINAL_H

#include <stdbool.h>

#include "util/error.h"

/**
 * Switch the terminal @fd to raw input: no line editing, no echo, every byte passed on; output
 * keeps its newline translation. With @signals Ctrl-C, Ctrl-\ and Ctrl-Z still make signals, else
 * they are ordinary bytes for the guest. Does nothing, successfully, if @fd is no terminal. An
 * error if the process holds a terminal in raw mode already.
 *
 * Handlers are installed for signals that would end or stop the program and have the default
 * action: they restore the terminal, then take that action. A handler that someone installs later
 * (for SIGSEGV, say) should pass a fatal signal to the one it replaced, or call terminal_restore.
 */
bool terminal_raw_begin(int fd, bool signals, struct error *e);

/** Restore the terminal and the signal handlers; harmless if raw mode is off. */
void terminal_raw_end(void);

/** Restore the terminal's mode only. Async-signal-safe, for fatal-signal handlers. */
void terminal_restore(void);

#endif
