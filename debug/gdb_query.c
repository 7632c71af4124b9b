/* Questions about the stub and the machine, and settings. */
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_internal.h"

/* ---- what the stub can do -------------------------------------------------------------------- */

static bool list_has(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = list; (p = strstr(p, word)); p += len)
        if ((p == list || p[-1] == ';') && (!p[len] || p[len] == ';'))
            return true;
    return false;
}

static const char *const object_names[GDB_OBJECT_COUNT] = {
    [GDB_OBJECT_AUXV] = "auxv",
    [GDB_OBJECT_EXEC_FILE] = "exec-file",
    [GDB_OBJECT_SIGINFO] = "siginfo",
};

/* Several processes, and what may be told of them, if the debugger knows about that. */
static void supported_processes(struct gdb_stub *g, const char *list)
{
    g->multi = list_has(list, "multiprocess+");
    bool forks = g->multi && list_has(list, "fork-events+") && list_has(list, "vfork-events+");
    bool execs = g->multi && list_has(list, "exec-events+");
    g->forks = forks;
    g->target->follow(g->opaque, forks, execs);
    if (g->multi)
        gdb_reply(g, ";multiprocess+");
    if (forks)
        gdb_reply(g, ";fork-events+;vfork-events+");
    if (execs)
        gdb_reply(g, ";exec-events+");
}

static void run_supported(struct gdb_stub *g, char *args, size_t len)
{
    g->swbreak = list_has(args, "swbreak+");
    g->hwbreak = list_has(args, "hwbreak+");
    gdb_reply(g, "PacketSize=%x;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+;"
                 "ConditionalBreakpoints+;BreakpointCommands+;"
                 "qXfer:features:read+;qXfer:threads:read+",
              GDB_PACKET_MAX);
    if (g->target->process_id)
        supported_processes(g, args);
    if (g->target->memory_map)
        gdb_reply(g, ";qXfer:memory-map:read+");
    if (g->target->non_stop)
        gdb_reply(g, ";QNonStop+");
    if (g->target->pass_signals)
        gdb_reply(g, ";QPassSignals+");
    for (unsigned i = 0; i < GDB_OBJECT_COUNT; i++)
        if (g->target->objects[i])
            gdb_reply(g, ";qXfer:%s:read+", object_names[i]);
    if (g->target->write_siginfo)
        gdb_reply(g, ";qXfer:siginfo:write+");
}

/* LLDB asks for that, which is not done here. It hears of executed programs gladly, but does not
 * say so. */
static void run_thread_suffix(struct gdb_stub *g, char *args, size_t len)
{
    if (g->forks)
        g->target->follow(g->opaque, true, true);
}

/* LLDB's questions. Without answers it believes that a watched access has been made when it is told
 * of, and meets it again and again. */
static void run_host_info(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "ptrsize:4;endian:little;watchpoint_exceptions_received:before;");
}

static void run_watch_info(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "num:%d;", GDB_POINTS_MAX);
}

static void run_no_ack(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "OK");
    g->no_ack = true;
}

/* ---- threads --------------------------------------------------------------------------------- */

/* "Hg" and "Hc" with a thread. */
static void run_H(struct gdb_stub *g, char *args, size_t len)
{
    char which = *args;
    uint32_t thread = 0;
    args += which != 0;
    if (!gdb_take_thread(g, &args, which == 'c' ? GDB_ALL : g->general_thread, &thread) || *args ||
        (which != 'c' && which != 'g')) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    if (which == 'c')
        g->resume_thread = thread;
    else if (thread != GDB_ALL)
        g->general_thread = thread;
    gdb_reply(g, "OK");
}

static void run_T(struct gdb_stub *g, char *args, size_t len)
{
    uint32_t thread;
    if (gdb_take_thread(g, &args, GDB_ALL, &thread))
        gdb_reply(g, "OK");
    else
        gdb_reply_error(g, GDB_EINVAL);
}

static void run_current(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "QC");
    gdb_reply_thread(g, g->general_thread);
}

static void run_threads_first(struct gdb_stub *g, char *args, size_t len)
{
    gdb_threads_update(g);
    for (uint32_t i = 0; i < g->id_count; i++) {
        gdb_reply(g, i ? "," : "m");
        gdb_reply_thread(g, g->ids[i]);
    }
}

static void run_threads_more(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "l");
}

static void run_thread_info(struct gdb_stub *g, char *args, size_t len)
{
    char name[32], text[64];
    uint32_t thread = GDB_ALL;
    if (!gdb_take_thread(g, &args, g->general_thread, &thread) || thread == GDB_ALL) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    g->target->describe(g->opaque, thread, name, sizeof(name), text, sizeof(text));
    gdb_reply_hex(g, text, strlen(text));
}

static void run_attached(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "%d", !g->target->created);
}

/* ---- the monitor ----------------------------------------------------------------------------- */

enum { CONSOLE_CHUNK = 8192 };

static void run_monitor(struct gdb_stub *g, char *args, size_t len)
{
    char line[1024];
    if (!g->monitor)
        return;
    if (len / 2 >= sizeof(line) || len % 2 || !gdb_take_bytes(&args, line, len / 2)) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    line[len / 2] = 0;
    char *text = monitor_execute(g->monitor, line);
    size_t left = strlen(text);
    for (const char *p = text; left;) {
        size_t n = left < CONSOLE_CHUNK ? left : CONSOLE_CHUNK;
        gdb_reply(g, "O");
        gdb_reply_hex(g, p, n);
        gdb_reply_send(g);
        p += n;
        left -= n;
    }
    free(text);
    if (!g->non_stop && g->target->running(g->opaque)) /* `cont` is for the debugger to say */
        g->target->stop(g->opaque);
    gdb_reply(g, "OK");
}

/* ---- settings of the kind that other emulators have ------------------------------------------ */

static void run_physical_query(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "%d", g->physical);
}

static void run_physical(struct gdb_stub *g, char *args, size_t len)
{
    if (strcmp(args, "0") && strcmp(args, "1")) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    g->physical = *args == '1';
    gdb_reply(g, "OK");
}

static void run_sstep_bits(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "ENABLE=%x,NOIRQ=%x,NOTIMER=%x", GDB_SSTEP_ENABLE, GDB_SSTEP_NOIRQ,
              GDB_SSTEP_NOTIMER);
}

static void run_sstep_query(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "0x%x", g->sstep);
}

static void run_sstep(struct gdb_stub *g, char *args, size_t len)
{
    uint64_t value;
    if (!gdb_take_hex(&args, &value) || *args || value > 7) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    g->sstep = (unsigned)value;
    gdb_reply(g, "OK");
}

/* ---- signals --------------------------------------------------------------------------------- */

/* "QPassSignals:NUMBER;NUMBER..." */
static void run_pass_signals(struct gdb_stub *g, char *args, size_t len)
{
    bool pass[GDB_SIGNALS] = {false};
    if (!g->target->pass_signals)
        return;
    while (*args) {
        uint64_t number;
        if (!gdb_take_hex(&args, &number) || (*args && !gdb_take_char(&args, ';'))) {
            gdb_reply_error(g, GDB_EINVAL);
            return;
        }
        if (number < GDB_SIGNALS)
            pass[number] = true;
    }
    g->target->pass_signals(g->opaque, pass);
    gdb_reply(g, "OK");
}

const struct gdb_command gdb_query_commands[] = {
    {"qSupported", false, run_supported},
    {"QStartNoAckMode", false, run_no_ack},
    {"QThreadSuffixSupported", false, run_thread_suffix},
    {"qHostInfo", false, run_host_info},
    {"qWatchpointSupportInfo", false, run_watch_info},
    {"H", true, run_H},
    {"T", true, run_T},
    {"qC", false, run_current},
    {"qfThreadInfo", false, run_threads_first},
    {"qsThreadInfo", false, run_threads_more},
    {"qThreadExtraInfo", false, run_thread_info},
    {"qAttached", false, run_attached},
    {"qRcmd", false, run_monitor},
    {"QPassSignals", false, run_pass_signals},
    {"qqemu.PhyMemMode", false, run_physical_query},
    {"Qqemu.PhyMemMode", false, run_physical},
    {"qqemu.sstepbits", false, run_sstep_bits},
    {"qqemu.sstep", false, run_sstep_query},
    {"Qqemu.sstep", false, run_sstep},
    {0},
};
