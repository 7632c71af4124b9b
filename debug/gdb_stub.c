/* The stub's session: bytes in, replies out, coming and going of the debugger. */
#include "debug/gdb_stub.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_agent.h"
#include "debug/gdb_internal.h"
#include "debug/target_xml.h"

/* ---- replies --------------------------------------------------------------------------------- */

void gdb_reply_bytes(struct gdb_stub *g, const void *data, size_t len)
{
    if (g->reply_length + len + 1 > g->reply_capacity) {
        g->reply_capacity = 2 * (g->reply_length + len + 1);
        g->reply = realloc(g->reply, g->reply_capacity);
        if (!g->reply)
            abort();
    }
    memcpy(g->reply + g->reply_length, data, len);
    g->reply_length += len;
}

void gdb_reply(struct gdb_stub *g, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    gdb_reply_bytes(g, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

void gdb_reply_hex(struct gdb_stub *g, const void *data, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *from = data;
    for (size_t i = 0; i < len; i++) {
        const char digits[2] = {hex[from[i] >> 4], hex[from[i] & 15]};
        gdb_reply_bytes(g, digits, 2);
    }
}

void gdb_reply_thread(struct gdb_stub *g, uint32_t thread)
{
    if (g->multi)
        gdb_reply(g, "p%x.", g->target->process_id(g->opaque));
    gdb_reply(g, "%x", thread);
}

void gdb_reply_error(struct gdb_stub *g, unsigned number)
{
    g->reply_length = 0;
    gdb_reply(g, "E%02x", number);
}

void gdb_reply_send(struct gdb_stub *g)
{
    if (2 * g->reply_length + 4 > g->frame_capacity) {
        g->frame_capacity = 4 * g->reply_length + 4;
        g->frame = realloc(g->frame, g->frame_capacity);
        if (!g->frame)
            abort();
    }
    g->frame_length = gdb_packet_frame(g->frame, g->reply, g->reply_length);
    g->reply_length = 0;
    chardev_write(g->chardev, g->frame, g->frame_length);
}

void gdb_reply_notification(struct gdb_stub *g)
{
    char *frame = malloc(2 * g->reply_length + 4);
    if (!frame)
        abort();
    size_t len = gdb_packet_frame(frame, g->reply, g->reply_length);
    frame[0] = '%';
    g->reply_length = 0;
    chardev_write(g->chardev, frame, len);
    free(frame);
}

/* ---- input ----------------------------------------------------------------------------------- */

/* A machine that runs while a packet arrives is stopped first: either the debugger does not wait
 * for the stop, or the machine was resumed by somebody else. In non-stop mode that is but for a
 * moment. */
static void on_packet(struct gdb_stub *g)
{
    if (!g->no_ack)
        chardev_write(g->chardev, "+", 1);
    g->silent = false;
    g->reply_length = 0;
    if ((g->detached && !gdb_command_while_detached(g->parser.data)) ||
        (g->ended && !gdb_command_at_end(g->parser.data))) {
        gdb_reply_error(g, GDB_ESRCH);
    } else if (g->ended) {
        gdb_command_run(g, g->parser.data, g->parser.length);
    } else {
        if (g->non_stop)
            g->target->quiet(g->opaque, true);
        else if (!g->detached)
            gdb_interrupt(g);
        gdb_command_run(g, g->parser.data, g->parser.length);
        if (g->non_stop)
            g->target->quiet(g->opaque, false);
    }
    if (!g->silent)
        gdb_reply_send(g);
}

static void on_byte(struct gdb_stub *g, uint8_t byte)
{
    switch (gdb_parser_feed(&g->parser, byte)) {
    case GDB_INPUT_PACKET: on_packet(g); break;
    case GDB_INPUT_BAD:
        if (!g->no_ack)
            chardev_write(g->chardev, "-", 1);
        break;
    case GDB_INPUT_TOO_LONG:
        if (!g->no_ack)
            chardev_write(g->chardev, "+", 1);
        gdb_reply_error(g, GDB_ENOSPC);
        gdb_reply_send(g);
        break;
    case GDB_INPUT_NAK: chardev_write(g->chardev, g->frame, g->frame_length); break;
    case GDB_INPUT_INTERRUPT:
        g->request_interrupt = g->request != NULL;
        if (g->running)
            gdb_interrupt(g);
        break;
    case GDB_INPUT_NOTIFICATION:
    case GDB_INPUT_ACK:
    case GDB_INPUT_NONE: break;
    }
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        on_byte(opaque, buf[i]);
}

/* ---- the debugger comes and goes ------------------------------------------------------------- */

void gdb_attached(struct gdb_stub *g, bool yes)
{
    g->detached = !yes;
    g->request = NULL; /* one that has no answer is forgotten */
    if (!yes)
        gdb_nonstop_set(g, false);
    if (g->target->attached)
        g->target->attached(g->opaque, yes);
}

static void session_begin(struct gdb_stub *g)
{
    gdb_parser_reset(&g->parser);
    g->no_ack = g->multi = g->forks = g->swbreak = g->hwbreak = g->running = g->physical =
        g->detached = g->extended = g->killed = false;
    g->sstep = GDB_SSTEP_ENABLE | GDB_SSTEP_NOIRQ | GDB_SSTEP_NOTIMER;
    gdb_threads_update(g);
    g->general_thread = g->ids[0];
    g->resume_thread = GDB_ALL;
    g->request = NULL;
    g->tls_description = 0;
    g->stop = (struct gdb_stop){.kind = GDB_STOP_NONE, .thread = g->ids[0]};
    g->frame_length = 0;
}

/* Without a debugger there are no breakpoints. The machine stays as it is: stopped, for the next
 * debugger or the monitor, or running. */
static void session_end(struct gdb_stub *g)
{
    bool running = g->target->running(g->opaque);
    bool was_running = running || g->request; /* nobody will answer: the program asks again */
    bool killed = g->killed, detached = g->detached;
    g->running = false;
    g->request = NULL;
    if (running)
        g->target->stop(g->opaque);
    gdb_files_close(g);
    g->target->remove_all(g->opaque);
    gdb_attached(g, false);
    if (killed || (g->once && !detached))
        g->target->quit(g->opaque);
    else if (was_running)
        gdb_continue_all(g);
}

static void on_event(void *opaque, enum chardev_event event)
{
    struct gdb_stub *g = opaque;
    if (g->ended) {
        if (event == CHARDEV_CLOSED && g->extended)
            gdb_attached(g, false);
        return;
    }
    if (event == CHARDEV_OPENED) {
        session_begin(g);
        gdb_attached(g, true);
        g->target->stop(g->opaque);
    } else if (event == CHARDEV_CLOSED || (event == CHARDEV_INPUT_END && g->once)) {
        session_end(g);
    }
}

/* Printed by a breakpoint: the debugger shows it and goes on waiting. The reply under construction
 * is left alone, since this may be another thread. */
static void output(void *opaque, const char *text, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    struct gdb_stub *g = opaque;
    for (size_t n; g->running && len; text += n, len -= n) {
        char hex[2 * GDB_AGENT_TEXT + 1] = "O", frame[4 * GDB_AGENT_TEXT + 8];
        n = len < GDB_AGENT_TEXT ? len : GDB_AGENT_TEXT;
        for (size_t i = 0; i < n; i++) {
            hex[1 + 2 * i] = digits[(uint8_t)text[i] >> 4];
            hex[2 + 2 * i] = digits[text[i] & 15];
        }
        chardev_write(g->chardev, frame, gdb_packet_frame(frame, hex, 1 + 2 * n));
    }
}

enum gdb_session gdb_stub_session(const struct gdb_stub *g)
{
    if (!g->multi || !g->no_ack || !gdb_parser_idle(&g->parser) || (!g->running && !g->non_stop))
        return GDB_SESSION_OWN;
    if (!g->non_stop)
        return GDB_SESSION_ALL_STOP;
    return g->stop_count ? GDB_SESSION_NON_STOP_TOLD : GDB_SESSION_NON_STOP;
}

enum {
    TAKES_NO_ACK = 1,
    TAKES_MULTI = 2,
    TAKES_FORKS = 4,
    TAKES_SWBREAK = 8,
    TAKES_HWBREAK = 16,
};

unsigned gdb_session_traits(const struct gdb_stub *g)
{
    return (g->no_ack ? TAKES_NO_ACK : 0u) | (g->multi ? TAKES_MULTI : 0u) |
           (g->forks ? TAKES_FORKS : 0u) | (g->swbreak ? TAKES_SWBREAK : 0u) |
           (g->hwbreak ? TAKES_HWBREAK : 0u);
}

void gdb_stub_take_up(struct gdb_stub *g, unsigned session)
{
    g->no_ack = session & TAKES_NO_ACK;
    g->multi = session & TAKES_MULTI;
    g->forks = session & TAKES_FORKS;
    g->swbreak = session & TAKES_SWBREAK;
    g->hwbreak = session & TAKES_HWBREAK;
    g->extended = true;
    if (g->forks)
        g->target->follow(g->opaque, true, true);
    gdb_stop_reply(g);
    gdb_reply_send(g);
}

bool gdb_stub_stays(struct gdb_stub *g)
{
    g->ended = g->extended && g->target->again && !g->non_stop && chardev_connected(g->chardev);
    return g->ended;
}

struct gdb_listener gdb_stub_listener(struct gdb_stub *g)
{
    return (struct gdb_listener){gdb_stub_stopped, output, g};
}

static const struct chardev_frontend frontend = {.receive = receive, .event = on_event};

struct gdb_stub *gdb_stub_new(struct chardev *cd, const struct gdb_target *target, void *opaque,
                              struct monitor *monitor)
{
    struct gdb_stub *g = calloc(1, sizeof(*g));
    if (!g)
        abort();
    g->chardev = cd;
    g->target = target;
    g->opaque = opaque;
    g->monitor = monitor;
    g->xml = target_xml_new(target->registers(opaque));
    gdb_files_init(g);
    session_begin(g);
    chardev_prompt(cd);
    chardev_attach(cd, &frontend, g);
    return g;
}

void gdb_stub_once(struct gdb_stub *g)
{
    g->once = true;
}

void gdb_stub_end(struct gdb_stub *g, int status)
{
    const struct gdb_stop stop = {.kind = GDB_STOP_EXITED, .code = (unsigned)status & 0xff};
    gdb_stub_stopped(g, &stop);
    g->ended = true;
}

bool gdb_stub_end_known(const struct gdb_stub *g)
{
    return !g->non_stop || !g->stop_count || !chardev_connected(g->chardev);
}

void gdb_stub_free(struct gdb_stub *g)
{
    if (!g)
        return;
    chardev_attach(g->chardev, NULL, NULL);
    gdb_files_close(g);
    free(g->xml);
    free(g->reply);
    free(g->frame);
    free(g);
}
