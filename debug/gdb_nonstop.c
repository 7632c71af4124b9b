/*
 * Non-stop mode: threads stop one by one while others run. A stop is told by a notification
 * (%Stop), of which there is one at a time; the debugger asks for the next with vStopped.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_internal.h"

static void notify(struct gdb_stub *g)
{
    gdb_reply(g, "Stop:");
    gdb_stop_reply_of(g, &g->stops[0]);
    gdb_reply_notification(g);
}

/* A thread has one stop behind the first, whatever the debugger does: a new one replaces it. */
static void enqueue(struct gdb_stub *g, const struct gdb_stop *stop)
{
    uint32_t at = g->stop_count ? 1 : 0;
    while (at < g->stop_count && g->stops[at].thread != stop->thread)
        at++;
    assert(at < GDB_THREADS_MAX + 2);
    g->stops[at] = *stop;
    if (stop->kind == GDB_STOP_ASKED && g->interrupt_one)
        g->stops[at].kind = GDB_STOP_INTERRUPT;
    g->stop_count += at == g->stop_count;
}

void gdb_nonstop_stopped(struct gdb_stub *g, const struct gdb_stop *stop)
{
    char *reply = g->reply; /* a packet may be under way: its reply stays */
    size_t length = g->reply_length, capacity = g->reply_capacity;
    bool told = g->stop_count;
    enqueue(g, stop);
    if (told)
        return;
    g->reply = NULL;
    g->reply_length = g->reply_capacity = 0;
    notify(g);
    free(g->reply);
    g->reply = reply;
    g->reply_length = length;
    g->reply_capacity = capacity;
}

/* The first has been heard of: tell the next. Behind "?" the others follow as news: GDB 13 fails an
 * assertion of its own when there are several in the answer. */
static void run_vstopped(struct gdb_stub *g, char *args, size_t len)
{
    if (!g->non_stop)
        return;
    bool end = g->stop_count &&
               (g->stops[0].kind == GDB_STOP_EXITED || g->stops[0].kind == GDB_STOP_KILLED);
    if (g->stop_count)
        memmove(g->stops, g->stops + 1, --g->stop_count * sizeof(g->stops[0]));
    if (g->stop_count && !g->answering_why) {
        gdb_stop_reply_of(g, &g->stops[0]);
        return;
    }
    g->answering_why = false;
    gdb_reply(g, "OK");
    gdb_reply_send(g);
    g->silent = true;
    if (g->stop_count)
        notify(g);
    else if (end && g->target->end_known)
        g->target->end_known(g->opaque);
}

void gdb_nonstop_why(struct gdb_stub *g)
{
    gdb_threads_update(g);
    g->stop_count = 0;
    for (uint32_t i = 0; i < g->id_count; i++)
        if (g->target->held(g->opaque, g->ids[i]))
            g->stops[g->stop_count++] =
                (struct gdb_stop){.kind = GDB_STOP_ASKED, .thread = g->ids[i]};
    g->answering_why = g->stop_count;
    if (g->stop_count)
        gdb_stop_reply_of(g, &g->stops[0]);
    else
        gdb_reply(g, "OK");
}

void gdb_nonstop_go(struct gdb_stub *g)
{
    for (uint32_t i = 0; i < g->id_count; i++)
        if (g->actions[i].given)
            g->target->act(g->opaque, &g->actions[i]);
    gdb_reply(g, "OK");
}

void gdb_nonstop_set(struct gdb_stub *g, bool on)
{
    if (g->target->non_stop && g->non_stop != on)
        g->target->non_stop(g->opaque, on);
    g->non_stop = on;
    g->stop_count = 0;
    g->answering_why = false;
}

static void run_nonstop(struct gdb_stub *g, char *args, size_t len)
{
    if (!g->target->non_stop)
        return;
    if (strcmp(args, "0") && strcmp(args, "1")) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    g->request = NULL;
    gdb_nonstop_set(g, *args == '1');
    gdb_reply(g, "OK");
}

/* Ctrl-C: one of the threads that run stops. */
static void run_vctrlc(struct gdb_stub *g, char *args, size_t len)
{
    if (!g->non_stop)
        return;
    gdb_threads_update(g);
    for (uint32_t i = 0; i < g->id_count; i++) {
        const struct gdb_resume hold = {.thread = g->ids[i], .action = GDB_HOLD};
        if (g->target->held(g->opaque, g->ids[i]))
            continue;
        g->interrupt_one = true;
        g->target->act(g->opaque, &hold);
        g->interrupt_one = false;
        break;
    }
    gdb_reply(g, "OK");
}

const struct gdb_command gdb_nonstop_commands[] = {
    {"QNonStop", false, run_nonstop},
    {"vStopped", false, run_vstopped},
    {"vCtrlC", false, run_vctrlc},
    {0},
};
