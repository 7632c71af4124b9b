/* The kinds whose descriptors exist from the start: null, stdio, file, pipe, pty. */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/chardev_internal.h"
#include "host/terminal.h"

/* What they share: a stream over descriptors that are closed with the device. */
struct fd_state {
    struct chardev_stream stream;
    int slave_fd; /* pty: our own hold on the other side */
};

static struct fd_state *state_new(struct chardev *cd, int in_fd, int out_fd)
{
    struct fd_state *st = calloc(1, sizeof(*st));
    if (!st)
        abort();
    st->stream = (struct chardev_stream){.cd = cd, .in_fd = in_fd, .out_fd = out_fd};
    st->slave_fd = -1;
    cd->state = st;
    cd->connected = true;
    return st;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void fd_close(struct chardev *cd)
{
    struct fd_state *st = cd->state;
    chardev_stream_stop(&st->stream, cd->kind == &chardev_kind_pty ? 0 : CHARDEV_LINGER_MS);
    close_if_open(st->stream.in_fd);
    if (st->stream.out_fd != st->stream.in_fd)
        close_if_open(st->stream.out_fd);
    close_if_open(st->slave_fd);
    free(st);
}

static bool fd_start(struct chardev *cd, struct error *e)
{
    struct fd_state *st = cd->state;
    if (chardev_stream_start(&st->stream, e))
        return true;
    fd_close(cd);
    return false;
}

static size_t fd_write(struct chardev *cd, const uint8_t *buf, size_t len)
{
    struct fd_state *st = cd->state;
    return chardev_stream_write(&st->stream, buf, len);
}

static void fd_accept_input(struct chardev *cd)
{
    struct fd_state *st = cd->state;
    chardev_stream_accept_input(&st->stream);
}

static struct chardev_stream *fd_stream(struct chardev *cd)
{
    return &((struct fd_state *)cd->state)->stream;
}

/* null */

static bool null_open(struct chardev *cd, const struct chardev_options *o, struct error *e)
{
    cd->connected = true;
    return true;
}

static size_t null_write(struct chardev *cd, const uint8_t *buf, size_t len)
{
    return len;
}

const struct chardev_kind chardev_kind_null = {
    .name = "null",
    .help = "output is dropped, there is no input",
    .open = null_open,
    .write = null_write,
};

/* stdio */

static bool stdio_open(struct chardev *cd, const struct chardev_options *o, struct error *e)
{
    bool shared = o->monitor || chardev_option_bool(o, "mux", false);
    if (cd->set->stdio_used)
        return error_set(e, "cannot use stdio by multiple character devices: make it one device "
                            "that is shared, with -chardev stdio,id=ID,mux=on and chardev:ID for "
                            "each user, or with mon:stdio");
    if (!terminal_raw_begin(STDIN_FILENO, chardev_option_bool(o, "signal", !shared), e))
        return false;
    struct fd_state *st = state_new(cd, STDIN_FILENO, STDOUT_FILENO);
    st->stream.blocking_out = true;
    if (!chardev_stream_start(&st->stream, e)) {
        terminal_raw_end();
        free(st);
        return false;
    }
    cd->set->stdio_used = true;
    return true;
}

static void stdio_close(struct chardev *cd)
{
    struct fd_state *st = cd->state;
    chardev_stream_stop(&st->stream, 0);
    terminal_raw_end();
    cd->set->stdio_used = false;
    free(st);
}

static const struct chardev_option_spec stdio_options[] = {
    {"signal", CHARDEV_BOOL, "Ctrl-C and Ctrl-Z act on armemu (default: unless mux=on)"},
    {0},
};

const struct chardev_kind chardev_kind_stdio = {
    .name = "stdio",
    .help = "standard input and output",
    .options = stdio_options,
    .open = stdio_open,
    .close = stdio_close,
    .write = fd_write,
    .accept_input = fd_accept_input,
    .stream = fd_stream,
};

/* file */

static bool file_open(struct chardev *cd, const struct chardev_options *o, struct error *e)
{
    const char *path = chardev_option(o, "path");
    if (!path)
        return error_set(e, "option path=... is missing");
    int mode = chardev_option_bool(o, "append", false) ? O_APPEND : O_TRUNC;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0666);
    if (fd < 0)
        return error_set_errno(e, "cannot open '%s'", path);
    state_new(cd, -1, fd)->stream.blocking_out = true;
    chardev_describe(cd, "file:%s", path);
    return fd_start(cd, e);
}

static const struct chardev_option_spec file_options[] = {
    {"path", CHARDEV_STRING, "file that the output goes to"},
    {"append", CHARDEV_BOOL, "keep what is in the file"},
    {0},
};

const struct chardev_kind chardev_kind_file = {
    .name = "file",
    .help = "output to a file, no input",
    .options = file_options,
    .open = file_open,
    .close = fd_close,
    .write = fd_write,
};

/* pipe: PATH.in and PATH.out, or PATH for both directions. Opened for reading and writing, so that
 * neither waits for the other side nor sees it go. */

static int open_fifo(const char *path, const char *suffix)
{
    char *name = NULL;
    if (asprintf(&name, "%s%s", path, suffix) < 0)
        abort();
    int fd = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    free(name);
    return fd;
}

static bool pipe_open(struct chardev *cd, const struct chardev_options *o, struct error *e)
{
    const char *path = chardev_option(o, "path");
    if (!path)
        return error_set(e, "option path=... is missing");
    int in = open_fifo(path, ".in"), out = open_fifo(path, ".out");
    if (in < 0 || out < 0) {
        close_if_open(in);
        close_if_open(out);
        in = out = open_fifo(path, "");
        if (in < 0)
            return error_set_errno(e, "cannot open '%s.in' and '%s.out', nor '%s'", path, path,
                                   path);
    }
    state_new(cd, in, out);
    chardev_describe(cd, "pipe:%s", path);
    return fd_start(cd, e);
}

static const struct chardev_option_spec pipe_options[] = {
    {"path", CHARDEV_STRING, "FIFOs path.in (input) and path.out (output), or one FIFO path"},
    {0},
};

const struct chardev_kind chardev_kind_pipe = {
    .name = "pipe",
    .help = "two existing FIFOs",
    .options = pipe_options,
    .open = pipe_open,
    .close = fd_close,
    .write = fd_write,
    .accept_input = fd_accept_input,
    .stream = fd_stream,
};

/* pty: we keep the slave side open, so that the master neither hangs up nor loses output while
 * nobody has opened it. */

static bool pty_open(struct chardev *cd, const struct chardev_options *o, struct error *e)
{
    int master, slave;
    char name[128];
    struct termios mode;
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0)
        return error_set_errno(e, "cannot open a pseudo terminal");
    struct fd_state *st = state_new(cd, master, master);
    st->slave_fd = slave;
    fcntl(master, F_SETFD, FD_CLOEXEC);
    fcntl(slave, F_SETFD, FD_CLOEXEC);
    bool ok = fcntl(master, F_SETFL, O_NONBLOCK | O_RDWR) == 0 && tcgetattr(slave, &mode) == 0 &&
              ttyname_r(slave, name, sizeof(name)) == 0;
    if (ok) {
        cfmakeraw(&mode);
        ok = tcsetattr(slave, TCSANOW, &mode) == 0;
    }
    if (!ok) {
        error_set_errno(e, "cannot set up the pseudo terminal");
        fd_close(cd);
        return false;
    }
    chardev_describe(cd, "pty:%s", name);
    if (!fd_start(cd, e))
        return false;
    /* Scripts find the terminal's name in this line, which has the form they know from QEMU. */
    printf("char device redirected to %s (label %s)\n", name, cd->id);
    fflush(stdout);
    return true;
}

const struct chardev_kind chardev_kind_pty = {
    .name = "pty",
    .help = "a new pseudo terminal, whose name is printed",
    .open = pty_open,
    .close = fd_close,
    .write = fd_write,
    .accept_input = fd_accept_input,
    .stream = fd_stream,
};
