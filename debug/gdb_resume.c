/* Going on, stepping, stopping, and telling about it. */
#include <string.h>

#include "debug/gdb_internal.h"

enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5 }; /* GDB's numbers */
enum { NUMBER_PC = 15, NUMBER_CPSR = 25 };

static const char hex[] = "0123456789abcdef";

/* ---- stop replies ---------------------------------------------------------------------------- */

static void reply_expedited(struct gdb_stub *g, uint32_t thread)
{
    static const uint8_t numbers[] = {13, 14, NUMBER_PC, NUMBER_CPSR};
    for (unsigned i = 0; i < sizeof(numbers); i++) {
        const struct gdb_register *reg =
            gdb_register_find(g->target->registers(g->opaque), numbers[i]);
        if (!reg)
            continue;
        uint64_t value = g->target->read_register(g->opaque, thread, reg);
        const char name[3] = {hex[numbers[i] >> 4], hex[numbers[i] & 15], ':'};
        gdb_reply_bytes(g, name, sizeof(name));
        gdb_reply_hex(g, &value, reg->bytes);
        gdb_reply_bytes(g, ";", 1);
    }
}

static void reply_point(struct gdb_stub *g, const struct gdb_stop *stop)
{
    static const char *const names[GDB_POINT_COUNT] = {"swbreak", "hwbreak", "watch", "rwatch",
                                                       "awatch"};
    const bool known[GDB_POINT_COUNT] = {g->swbreak, g->hwbreak, true, true, true};
    enum gdb_point point = stop->point;
    if (!known[point])
        return;
    gdb_reply(g, "%s:", names[point]);
    if (point >= GDB_POINT_WRITE)
        gdb_reply(g, "%llx", (unsigned long long)stop->address);
    gdb_reply(g, ";");
}

static unsigned stop_signal(const struct gdb_stop *stop)
{
    switch (stop->kind) {
    case GDB_STOP_INTERRUPT: return SIGNAL_INT;
    case GDB_STOP_ASKED: return 0;
    case GDB_STOP_SIGNAL: return stop->code;
    default: return SIGNAL_TRAP;
    }
}

void gdb_stop_reply_of(struct gdb_stub *g, const struct gdb_stop *stop)
{
    if (stop->kind == GDB_STOP_EXITED || stop->kind == GDB_STOP_KILLED) {
        gdb_reply(g, "%c%02x", stop->kind == GDB_STOP_EXITED ? 'W' : 'X', stop->code & 0xff);
        if (g->multi)
            gdb_reply(g, ";process:%x", g->target->process_id(g->opaque));
        return;
    }
    gdb_reply(g, "T%02xthread:", stop_signal(stop));
    gdb_reply_thread(g, stop->thread);
    gdb_reply(g, ";");
    if (stop->kind == GDB_STOP_POINT)
        reply_point(g, stop);
    if (stop->kind == GDB_STOP_FORK || stop->kind == GDB_STOP_VFORK)
        gdb_reply(g, "%s:p%x.%x;", stop->kind == GDB_STOP_FORK ? "fork" : "vfork", stop->code,
                  stop->code);
    if (stop->kind == GDB_STOP_VFORK_DONE) /* as GDB and as LLDB know it */
        gdb_reply(g, "vforkdone:;reason:vforkdone;");
    reply_expedited(g, stop->thread);
}

void gdb_stop_reply(struct gdb_stub *g)
{
    gdb_stop_reply_of(g, &g->stop);
}

void gdb_stub_stopped(void *opaque, const struct gdb_stop *stop)
{
    struct gdb_stub *g = opaque;
    if (g->non_stop) {
        gdb_nonstop_stopped(g, stop);
        return;
    }
    if (!g->running)
        return;
    g->running = false;
    if (stop->kind == GDB_STOP_FILE_IO) {
        gdb_file_io_ask(g, stop);
        return;
    }
    g->stop = *stop;
    if (stop->thread)
        g->general_thread = stop->thread;
    gdb_stop_reply(g);
    gdb_reply_send(g);
}

void gdb_interrupt(struct gdb_stub *g)
{
    struct gdb_stop stop = {.kind = GDB_STOP_INTERRUPT, .thread = g->stop.thread};
    if (!g->target->running(g->opaque))
        return;
    g->target->stop(g->opaque);
    gdb_threads_update(g);
    bool there = false; /* it may have ended */
    for (uint32_t i = 0; i < g->id_count; i++)
        there = there || g->ids[i] == stop.thread;
    if (!there)
        stop.thread = g->ids[0];
    gdb_stub_stopped(g, &stop);
}

/* ---- going on -------------------------------------------------------------------------------- */

static enum gdb_action step_action(const struct gdb_stub *g)
{
    return g->sstep & GDB_SSTEP_NOIRQ ? GDB_STEP : GDB_STEP_INTERRUPTS;
}

static void go(struct gdb_stub *g, enum gdb_action others)
{
    bool some = false;
    if (g->non_stop) { /* c, s and others of their time would wait for a stop */
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    for (uint32_t i = 0; i < g->id_count; i++)
        some = some || g->actions[i].action != GDB_HOLD;
    if (!some) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    g->silent = true;
    g->action_count = g->id_count;
    g->others = others;
    gdb_go_on(g);
}

void gdb_go_on(struct gdb_stub *g)
{
    g->request = NULL; /* if it has no answer, the program asks again */
    g->running = true;
    g->target->resume(g->opaque, g->actions, g->action_count, g->others);
}

static void set_all(struct gdb_stub *g, enum gdb_action action)
{
    gdb_threads_update(g);
    for (uint32_t i = 0; i < g->id_count; i++)
        g->actions[i] = (struct gdb_resume){.thread = g->ids[i], .action = action};
}

void gdb_continue_all(struct gdb_stub *g)
{
    set_all(g, GDB_CONTINUE);
    g->target->resume(g->opaque, g->actions, g->id_count, GDB_CONTINUE);
}

/* c, s: "[ADDR]"; C, S: "SIGNAL[;ADDR]". */
static void legacy(struct gdb_stub *g, char *args, bool step, bool signal)
{
    uint64_t number = 0, value;
    uint32_t thread = g->resume_thread == GDB_ALL ? g->general_thread : g->resume_thread;
    const struct gdb_register *pc = gdb_register_find(g->target->registers(g->opaque), NUMBER_PC);
    bool ok = !signal || gdb_take_hex(&args, &number);
    bool address = signal ? gdb_take_char(&args, ';') : *args != 0;
    if (!ok || (address && !gdb_take_hex(&args, &value)) || *args) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    if (address)
        g->target->write_register(g->opaque, thread, pc, value);
    enum gdb_action others = step || g->resume_thread != GDB_ALL ? GDB_HOLD : GDB_CONTINUE;
    set_all(g, others);
    for (uint32_t i = 0; i < g->id_count; i++) {
        if (g->ids[i] != thread)
            continue;
        g->actions[i].action = step ? step_action(g) : GDB_CONTINUE;
        g->actions[i].signal = (uint32_t)number;
    }
    go(g, others);
}

static void run_c(struct gdb_stub *g, char *args, size_t len)
{
    legacy(g, args, false, false);
}

static void run_C(struct gdb_stub *g, char *args, size_t len)
{
    legacy(g, args, false, true);
}

static void run_s(struct gdb_stub *g, char *args, size_t len)
{
    legacy(g, args, true, false);
}

static void run_S(struct gdb_stub *g, char *args, size_t len)
{
    legacy(g, args, true, true);
}

static bool take_signal(char **p, uint32_t *signal)
{
    uint64_t value;
    bool ok = gdb_take_hex(p, &value) && value < GDB_SIGNALS;
    *signal = ok ? (uint32_t)value : 0;
    return ok;
}

/* One action of vCont with its arguments: "c", "C05", "s", "S05", "t", "r START,END". */
static bool take_action(struct gdb_stub *g, char **p, struct gdb_resume *r)
{
    char letter = **p;
    *r = (struct gdb_resume){.action = GDB_HOLD};
    *p += letter != 0;
    switch (letter) {
    case 'C': r->action = GDB_CONTINUE; return take_signal(p, &r->signal);
    case 'c': r->action = GDB_CONTINUE; return true;
    case 'S': r->action = step_action(g); return take_signal(p, &r->signal);
    case 's': r->action = step_action(g); return true;
    case 't': return true;
    case 'r':
        r->action = step_action(g);
        return gdb_take_hex(p, &r->range_start) && gdb_take_char(p, ',') &&
               gdb_take_hex(p, &r->range_end);
    default: return false;
    }
}

/* Of several actions that name a thread the first counts; threads that none names stay stopped.
 * What all do, those do that appear later. */
static bool take_actions(struct gdb_stub *g, char *p, enum gdb_action *others)
{
    set_all(g, GDB_HOLD);
    *others = GDB_HOLD;
    do {
        struct gdb_resume r;
        uint32_t thread = GDB_ALL;
        if (!take_action(g, &p, &r))
            return false;
        if (gdb_take_char(&p, ':') && !gdb_take_thread(g, &p, g->general_thread, &thread))
            return false;
        if (thread == GDB_ALL && r.action == GDB_CONTINUE)
            *others = GDB_CONTINUE;
        for (uint32_t i = 0; i < g->id_count; i++) {
            if ((thread != GDB_ALL && thread != g->ids[i]) || g->actions[i].given)
                continue;
            g->actions[i] = r;
            g->actions[i].thread = g->ids[i];
            g->actions[i].given = true;
        }
    } while (gdb_take_char(&p, ';'));
    return !*p;
}

static void run_vcont(struct gdb_stub *g, char *args, size_t len)
{
    enum gdb_action others;
    if (!take_actions(g, args, &others))
        gdb_reply_error(g, GDB_EINVAL);
    else if (g->non_stop)
        gdb_nonstop_go(g);
    else
        go(g, others);
}

static void run_vcont_query(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "vCont;c;C;s;S;t;r");
}

static void run_why(struct gdb_stub *g, char *args, size_t len)
{
    if (g->detached)
        gdb_reply(g, "W00");
    else if (g->non_stop)
        gdb_nonstop_why(g);
    else
        gdb_stop_reply(g);
}

/* ---- leaving and coming back ----------------------------------------------------------------- */

/* With `target extended-remote` the connection stays, and the debugger may attach again. */
static void run_detach(struct gdb_stub *g, char *args, size_t len)
{
    g->target->remove_all(g->opaque);
    gdb_attached(g, false);
    gdb_continue_all(g);
    gdb_reply(g, "OK");
}

static void run_attach(struct gdb_stub *g, char *args, size_t len)
{
    if (g->killed) {
        gdb_reply_error(g, GDB_ESRCH);
        return;
    }
    gdb_attached(g, true);
    if (g->target->running(g->opaque))
        g->target->stop(g->opaque);
    gdb_threads_update(g);
    g->general_thread = g->ids[0];
    g->stop = (struct gdb_stop){.kind = GDB_STOP_NONE, .thread = g->ids[0]};
    gdb_stop_reply(g);
}

/* GDB awaits no answer, LLDB does. */
static void run_kill(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "X09");
    gdb_reply_send(g);
    g->silent = true;
    g->target->quit(g->opaque);
}

/* GDB's `run` kills first, and then wants the machine to be there again. */
static void run_vkill(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "OK");
    if (g->extended && (g->target->reset || g->target->again)) {
        g->target->remove_all(g->opaque);
        gdb_attached(g, false);
        g->killed = true;
        return;
    }
    gdb_reply_send(g);
    g->silent = true;
    g->target->quit(g->opaque);
}

static void restart(struct gdb_stub *g)
{
    gdb_attached(g, true);
    g->killed = false;
    if (g->target->running(g->opaque))
        g->target->stop(g->opaque);
    if (g->non_stop) { /* all are held, as at the beginning */
        g->target->non_stop(g->opaque, true);
        g->stop_count = 0;
    }
    g->target->reset(g->opaque);
    g->stop = (struct gdb_stop){.kind = GDB_STOP_NONE, .thread = g->ids[0]};
    g->general_thread = g->ids[0];
}

/* A program is started again in place of itself, and answers; this is left where that cannot be. */
static void start_again(struct gdb_stub *g)
{
    if (!g->non_stop)
        g->target->again(g->opaque, gdb_session_traits(g));
    gdb_reply(g, "E.this program cannot be started again%s",
              g->non_stop ? " in non-stop mode" : "");
}

static void run_restart(struct gdb_stub *g, char *args, size_t len)
{
    if (!g->target->reset)
        return;
    restart(g);
    g->silent = true;
}

/* The program and its arguments are the command line's: "vRun;", with none given. */
static void run_run(struct gdb_stub *g, char *args, size_t len)
{
    if (!g->target->reset && !g->target->again)
        return;
    if (*args) {
        gdb_reply(g, "E.the command line says what is run");
        return;
    }
    if (g->target->again) {
        start_again(g);
        return;
    }
    restart(g);
    gdb_stop_reply(g);
}

static void run_extended(struct gdb_stub *g, char *args, size_t len)
{
    g->extended = true;
    gdb_reply(g, "OK");
}

const struct gdb_command gdb_resume_commands[] = {
    {"vCont", false, run_vcont}, {"?", true, run_why},
    {"c", true, run_c},          {"C", true, run_C},
    {"s", true, run_s},          {"S", true, run_S},
    {"D", true, run_detach},     {"vCont?", false, run_vcont_query},
    {"k", true, run_kill},       {"vKill", false, run_vkill},
    {"R", true, run_restart},    {"vRun", false, run_run},
    {"!", true, run_extended},   {"vAttach", false, run_attach},
    {0},
};
