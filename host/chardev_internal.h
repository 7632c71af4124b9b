/* What the parts of the character device layer share: the device, its kinds, parsed options and
 * the stream of bytes over file descriptors that most kinds are. Included by chardev*.c alone. */
#ifndef ARMEMU_HOST_CHARDEV_INTERNAL_H
#define ARMEMU_HOST_CHARDEV_INTERNAL_H

#include "host/chardev.h"

/* Options: chardev_options.c. */

#define CHARDEV_OPTIONS_MAX 16

enum chardev_option_type { CHARDEV_STRING, CHARDEV_BOOL };

struct chardev_option_spec {
    const char *name; /* NULL ends a list */
    enum chardev_option_type type;
    const char *help;
};

struct chardev_kind;

struct chardev_options {
    const struct chardev_kind *kind;
    char *id;            /* NULL if not given */
    char *storage;       /* the text that names and values point into */
    bool monitor;        /* "mon:" was in front */
    bool reference;      /* "chardev:ID": id names an existing device, kind is NULL */
    unsigned count;
    struct {
        const char *name, *value;
    } items[CHARDEV_OPTIONS_MAX];
};

/** Parse a `-chardev` argument. On success the caller calls chardev_options_free. */
bool chardev_options_parse(struct chardev_options *o, const char *spec, struct error *e);
/** Parse a `-serial` argument. */
bool chardev_options_parse_short(struct chardev_options *o, const char *spec, struct error *e);
void chardev_options_free(struct chardev_options *o);

/** The value of an option, or NULL; a switch, or @fallback where it is not given. */
const char *chardev_option(const struct chardev_options *o, const char *name);
bool chardev_option_bool(const struct chardev_options *o, const char *name, bool fallback);

/* Kinds: chardev_fd.c, chardev_socket.c, chardev_mux.c. */

struct chardev_kind {
    const char *name;
    const char *help;
    const struct chardev_option_spec *options;
    /* Set cd->state and cd->description; clean up after a failure. */
    bool (*open)(struct chardev *cd, const struct chardev_options *o, struct error *e);
    void (*close)(struct chardev *cd);
    size_t (*write)(struct chardev *cd, const uint8_t *buf, size_t len);
    void (*accept_input)(struct chardev *cd); /* the front end has room; may be NULL */
    void (*attached)(struct chardev *cd);     /* a front end came; may be NULL */
    struct chardev_stream *(*stream)(struct chardev *cd); /* over descriptors; may be NULL */
};

/** All kinds that a command line may name, NULL-terminated. */
extern const struct chardev_kind *const chardev_kinds[];
extern const struct chardev_kind chardev_kind_null, chardev_kind_file, chardev_kind_stdio,
    chardev_kind_pty, chardev_kind_pipe, chardev_kind_socket;

struct chardev {
    struct chardev_set *set;
    struct chardev *next;
    const struct chardev_kind *kind;
    char *id, *description;
    void *state; /* the kind's */
    const struct chardev_frontend *front;
    void *front_opaque;
    struct chardev_mux *mux; /* where mux=on */
    bool claimed;            /* by a front end; never set on a mux's back end */
    bool connected;
    bool prompt;             /* the peer waits for answers */
    int log_fd; /* copy of the output, or -1 */
};

struct chardev_set {
    struct loop *loop;
    struct chardev *first, **end;
    void (*quit)(void *opaque);
    void *quit_opaque;
    bool stdio_used;
    bool share_stdio;
    struct clock clock; /* host time for the timers below */
    struct timer_queue timers;
};

/** How many bytes the front end takes now; 0 while there is none. */
size_t chardev_room(struct chardev *cd);
/** Hand input to the front end. */
void chardev_deliver(struct chardev *cd, const uint8_t *buf, size_t len);
/** Tell the front end; CHARDEV_OPENED and CHARDEV_CLOSED also set cd->connected. */
void chardev_send_event(struct chardev *cd, enum chardev_event event);
/** Replace the description by formatted text. */
void chardev_describe(struct chardev *cd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** Write everything, waiting where needed, for output that must be complete. Returns what was
 * written before an error. */
size_t chardev_write_blocking(int fd, const uint8_t *buf, size_t len);

/* Streams: chardev_stream.c. */

struct chardev_stream {
    struct chardev *cd;
    int in_fd, out_fd; /* may be equal; -1 for none */
    bool socket;       /* out_fd is one */
    bool blocking_out; /* writes wait; else they are buffered */
    bool paused;       /* the front end had no room */
    bool warned;       /* output was dropped */
    struct loop_watch *in, *out; /* equal if the descriptors are */
    uint8_t *pending;  /* output that did not fit: a ring of CHARDEV_BUFFER_MAX bytes */
    size_t pending_head, pending_count;
    void (*ended)(struct chardev *cd); /* end of file or error, from the loop; may be NULL */
};

/** Start to move bytes between @s's descriptors, set by the caller, and its device. */
bool chardev_stream_start(struct chardev_stream *s, struct error *e);
/** Stop; pending output gets up to @linger_ms to leave. The descriptors stay open. */
void chardev_stream_stop(struct chardev_stream *s, int linger_ms);
/** The device is a prompt one, or has a new peer: the loop is told. */
void chardev_stream_prompt(struct chardev_stream *s);
size_t chardev_stream_write(struct chardev_stream *s, const uint8_t *buf, size_t len);
void chardev_stream_accept_input(struct chardev_stream *s);

#define CHARDEV_LINGER_MS 500

/* Multiplexer: chardev_mux.c. */

struct chardev_mux *chardev_mux_new(struct chardev *back, bool keys);
void chardev_mux_free(struct chardev_mux *m);
/** A new endpoint; NULL with an error when there are too many. */
struct chardev *chardev_mux_claim(struct chardev_mux *m, struct error *e);
/** Give the focus to the endpoint @cd. */
void chardev_mux_focus(struct chardev *cd);

#endif
