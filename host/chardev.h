/*
 * Character devices: what a UART, a console or the monitor is connected to on the host. One back
 * end (null, stdio, file, pty, socket, pipe), and one front end, the user of it; a multiplexer
 * ("mux") joins several front ends on one back end.
 *
 * All functions are called with the device lock held, or before the loop runs; callbacks come from
 * the loop, under that lock.
 */
#ifndef ARMEMU_HOST_CHARDEV_H
#define ARMEMU_HOST_CHARDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "host/loop.h"
#include "util/error.h"

struct chardev;     /* what a front end holds */
struct chardev_set; /* the character devices of one VM */

enum chardev_event {
    CHARDEV_OPENED,    /* a peer is there: also sent on attaching if there is one already */
    CHARDEV_CLOSED,    /* the peer went away */
    CHARDEV_BREAK,     /* a serial break (Ctrl-A b) */
    CHARDEV_FOCUS_IN,  /* mux: input now comes to this front end */
    CHARDEV_FOCUS_OUT, /* mux: input goes to another one */
    CHARDEV_INPUT_END, /* a file or pipe of input has ended; output goes on */
};

/** A front end; every function may be NULL. Without can_receive input is never limited. */
struct chardev_frontend {
    size_t (*can_receive)(void *opaque); /* how many bytes may be given to receive now */
    void (*receive)(void *opaque, const uint8_t *buf, size_t len);
    void (*event)(void *opaque, enum chardev_event event);
};

/** An empty set whose devices use @loop. */
struct chardev_set *chardev_set_new(struct loop *loop);

/** Close all devices (pending output gets a short time to leave) and restore the terminal; before
 * loop_free. */
void chardev_set_free(struct chardev_set *set);

/** What Ctrl-A x does; without it, nothing. */
void chardev_set_on_quit(struct chardev_set *set, void (*quit)(void *opaque), void *opaque);

/**
 * `-chardev @spec`: KIND,id=ID[,option=value...]; ",," is a comma inside a value. Kinds and options
 * as `-chardev help` prints them (chardev_print_help). The device awaits chardev_claim or
 * "chardev:ID".
 */
struct chardev *chardev_add(struct chardev_set *set, const char *spec, struct error *e);

/**
 * `-serial @spec` and `-monitor @spec`: null, none, stdio, pty, file:PATH, pipe:PATH,
 * unix:PATH[,opts], tcp:HOST:PORT[,opts], chardev:ID, each also with mon: in front. @label names
 * the device in messages ("serial0"). Returns an endpoint for one front end. With "mon:" the device
 * is a mux, and *@monitor is a second endpoint, for the monitor, reached with Ctrl-A c; otherwise
 * *@monitor becomes NULL. @monitor may be NULL where "mon:" makes no sense: then it is an error.
 * "none" gives a null device too: leaving out the port itself is up to the caller.
 */
struct chardev *chardev_open(struct chardev_set *set, const char *spec, const char *label,
                             struct chardev **monitor, struct error *e);

/** Let what is opened as "stdio" from now on be a mux even where nothing asks for one, which has no
 * keys of its own then; or no more. */
void chardev_share_stdio(struct chardev_set *set, bool share);

/* The other side of a device that is the program itself. */
struct chardev_hook {
    void (*output)(void *opaque, const uint8_t *buf, size_t len); /* the front end wrote */
    /* the front end takes input now, or has been attached; may be NULL */
    void (*room)(void *opaque);
};

/** A device, called @label, that leads to @ops (which must stay), for one front end. */
struct chardev *chardev_hook_new(struct chardev_set *set, const char *label,
                                 const struct chardev_hook *ops, void *opaque);
/** Give input to the front end of a hook; returns how much of it had room. */
size_t chardev_hook_send(struct chardev *cd, const void *buf, size_t len);
/** There will be no more input. */
void chardev_hook_end(struct chardev *cd);

/** The device of `-chardev ...,id=@id`; NULL if there is none. */
struct chardev *chardev_find(struct chardev_set *set, const char *id);

/** An endpoint of @cd for one more front end: @cd itself the first time, an error if it is in use;
 * a new endpoint every time if @cd is a mux. */
struct chardev *chardev_claim(struct chardev *cd, struct error *e);

/** Connect a front end; @ops must stay. NULL disconnects. */
void chardev_attach(struct chardev *cd, const struct chardev_frontend *ops, void *opaque);

/**
 * Send @len bytes out. Files and stdio take all of it; a socket, pty or pipe whose reader is slow
 * buffers up to CHARDEV_BUFFER_MAX bytes, then drops, with one warning; without a peer everything
 * is dropped silently. Returns how many bytes were sent or buffered.
 */
size_t chardev_write(struct chardev *cd, const void *buf, size_t len);
#define CHARDEV_BUFFER_MAX (256 * 1024)

/** chardev_write of formatted text (at most 4095 bytes). */
void chardev_printf(struct chardev *cd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The front end has room again: input that was held back is delivered, from the loop. */
void chardev_accept_input(struct chardev *cd);

/** The peer asks, and waits for answers: see loop_watch_prompt. Sockets, stdio, pty and pipe; for
 * the others nothing. */
void chardev_prompt(struct chardev *cd);

/** Is @cd one of several endpoints of a mux? Then it has the input only from CHARDEV_FOCUS_IN to
 * CHARDEV_FOCUS_OUT. */
bool chardev_is_shared(const struct chardev *cd);

/** Let the input of a mux come to its endpoint @cd from now on, with what the one that had the
 * focus has not taken yet (delivered within this call); nothing for other devices. */
void chardev_take_focus(struct chardev *cd);

/** A socket device with a peer: let it talk on @fd from here on, and return the peer's descriptor,
 * which is the caller's then. The front end does not notice. -1: it has none, and nothing has been
 * changed. */
int chardev_socket_exchange(struct chardev *cd, int fd);
/** Take a server's listening socket, which is the caller's then, with its path: nobody else can
 * come to the device any more. -1: it has none. */
int chardev_socket_release(struct chardev *cd);
/** A socket device with a peer that it has inherited: when that has gone, others may come to the
 * listening socket @fd, which is the device's then. Meanwhile they are refused. */
bool chardev_socket_listen(struct chardev *cd, int fd, struct error *e);

/** Is a peer connected? Always true for null, stdio, file, pipe and pty. */
bool chardev_connected(const struct chardev *cd);

/** The id or label ("serial0"), and where the device leads: "pty:/dev/pts/3", "tcp:127.0.0.1:4444",
 * "stdio". Both stay until the device is closed. */
const char *chardev_id(const struct chardev *cd);
const char *chardev_description(const struct chardev *cd);

/** Call @visit for each device of @set, in order of creation (`info chardev`). */
void chardev_for_each(struct chardev_set *set, void (*visit)(struct chardev *cd, void *opaque),
                      void *opaque);

/** Print kinds and their options, for `-chardev help`. */
void chardev_print_help(FILE *out);

#endif
