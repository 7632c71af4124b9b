/* Going on, stepping, stopping, and telling about it. */
#include <string.h>

#include "debug/gdb_internal.h"

enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5 }; /* GDB's numbers */
enum { EXPEDITED_FIRST = 13, NUMBER_LR = 14, NUMBER_PC = 15, NUMBER_CPSR = 25 };

/* ---- stop replies ---------------------------------------------------------------------------- */

static void reply_expedited(struct gdb_stub *g, uint32_t cpu)
{
    static const uint8_t numbers[] = {13, 14, NUMBER_PC, NUMBER_CPSR};
    for (unsigned i = 0; i < sizeof(numbers); i++) {
        const struct gdb_register *reg =
            gdb_register_find(g->target->registers(g->opaque), numbers[i]);
        uint64_t value = g->target->read_register(g->opaque, cpu, reg);
        gdb_reply(g, "%02x:", numbers[i]);
        gdb_reply_hex(g, &value, reg->bytes);
        gdb_reply(g, ";");
    }
}

static void reply_point(struct gdb_stub *g)
{
    static const char *const names[GDB_POINT_COUNT] = {"swbreak", "hwbreak", "watch", "rwatch",
                                                       "awatch"};
    const bool known[GDB_POINT_COUNT] = {g->swbreak, g->hwbreak, true, true, true};
    enum gdb_point point = g->stop.point;
    if (!known[point])
        return;
    gdb_reply(g, "%s:", names[point]);
    if (point >= GDB_POINT_WRITE)
        gdb_reply(g, "%llx", (unsigned long long)g->stop.address);
    gdb_reply(g, ";");
}

void gdb_stop_reply(struct gdb_stub *g)
{
    gdb_reply(g, "T%02xthread:%x;", g->stop.kind == GDB_STOP_INTERRUPT ? SIGNAL_INT : SIGNAL_TRAP,
              g->stop.cpu + 1);
    if (g->stop.kind == GDB_STOP_POINT)
        reply_point(g);
    reply_expedited(g, g->stop.cpu);
}

static bool in_range(struct gdb_stub *g, const struct gdb_stop *stop)
{
    const struct gdb_register *pc = gdb_register_find(g->target->registers(g->opaque), NUMBER_PC);
    if (stop->kind != GDB_STOP_STEP || stop->cpu != g->range_cpu || g->range_start == g->range_end)
        return false;
    uint64_t at = g->target->read_register(g->opaque, stop->cpu, pc);
    return at >= g->range_start && at < g->range_end;
}

void gdb_stub_stopped(void *opaque, const struct gdb_stop *stop)
{
    struct gdb_stub *g = opaque;
    if (!g->running)
        return;
    if (in_range(g, stop)) {
        g->target->resume(g->opaque, g->actions);
        return;
    }
    g->running = false;
    g->stop = *stop;
    g->general_cpu = stop->cpu;
    gdb_stop_reply(g);
    gdb_reply_send(g);
}

void gdb_interrupt(struct gdb_stub *g)
{
    const struct gdb_stop stop = {.kind = GDB_STOP_INTERRUPT, .cpu = g->stop.cpu};
    if (!g->target->running(g->opaque))
        return;
    g->target->stop(g->opaque);
    g->range_end = g->range_start;
    gdb_stub_stopped(g, &stop);
}

/* ---- going on -------------------------------------------------------------------------------- */

static enum gdb_action step_action(const struct gdb_stub *g)
{
    return g->sstep & GDB_SSTEP_NOIRQ ? GDB_STEP : GDB_STEP_INTERRUPTS;
}

static void go(struct gdb_stub *g)
{
    bool some = false;
    for (uint32_t i = 0; i < g->target->cpu_count(g->opaque); i++)
        some = some || g->actions[i] != GDB_HOLD;
    if (!some) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    g->silent = true;
    g->running = true;
    g->target->resume(g->opaque, g->actions);
}

static void set_all(struct gdb_stub *g, enum gdb_action action)
{
    for (unsigned i = 0; i < GDB_CPU_MAX; i++)
        g->actions[i] = action;
    g->range_start = g->range_end = 0;
}

/* c, s: "[ADDR]"; C, S: "SIGNAL[;ADDR]". Signals mean nothing to a machine. */
static void legacy(struct gdb_stub *g, char *args, bool step, bool signal)
{
    uint64_t value;
    uint32_t cpu = g->resume_cpu == GDB_ALL_CPUS ? g->general_cpu : (uint32_t)g->resume_cpu;
    const struct gdb_register *pc = gdb_register_find(g->target->registers(g->opaque), NUMBER_PC);
    bool ok = !signal || gdb_take_hex(&args, &value);
    bool address = signal ? gdb_take_char(&args, ';') : *args != 0;
    if (!ok || (address && !gdb_take_hex(&args, &value)) || *args) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    if (address)
        g->target->write_register(g->opaque, cpu, pc, value);
    set_all(g, step || g->resume_cpu != GDB_ALL_CPUS ? GDB_HOLD : GDB_CONTINUE);
    g->actions[cpu] = step ? step_action(g) : GDB_CONTINUE;
    go(g);
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

/* One action of vCont with its arguments: "c", "C05", "s", "S05", "t", "r START,END". */
static bool take_action(struct gdb_stub *g, char **p, enum gdb_action *action, uint64_t range[2])
{
    uint64_t signal;
    char letter = **p;
    range[0] = range[1] = 0;
    *p += letter != 0;
    switch (letter) {
    case 'C':
        if (!gdb_take_hex(p, &signal))
            return false;
        /* fall through */
    case 'c': *action = GDB_CONTINUE; return true;
    case 'S':
        if (!gdb_take_hex(p, &signal))
            return false;
        /* fall through */
    case 's': *action = step_action(g); return true;
    case 't': *action = GDB_HOLD; return true;
    case 'r':
        *action = step_action(g);
        return gdb_take_hex(p, &range[0]) && gdb_take_char(p, ',') && gdb_take_hex(p, &range[1]);
    default: return false;
    }
}

/* Of several actions that name a CPU the first counts; CPUs that none names stay stopped. */
static bool take_actions(struct gdb_stub *g, char *p)
{
    uint32_t given = 0, count = g->target->cpu_count(g->opaque);
    set_all(g, GDB_HOLD);
    do {
        enum gdb_action action;
        uint64_t range[2];
        int32_t cpu = GDB_ALL_CPUS;
        if (!take_action(g, &p, &action, range))
            return false;
        if (gdb_take_char(&p, ':') && !gdb_take_thread(g, &p, 0, &cpu))
            return false;
        for (uint32_t i = 0; i < count; i++) {
            if ((cpu != GDB_ALL_CPUS && (uint32_t)cpu != i) || given >> i & 1)
                continue;
            g->actions[i] = action;
            given |= 1u << i;
            if (range[0] == range[1])
                continue;
            g->range_start = range[0];
            g->range_end = range[1];
            g->range_cpu = i;
        }
    } while (gdb_take_char(&p, ';'));
    return !*p;
}

static void run_vcont(struct gdb_stub *g, char *args, size_t len)
{
    if (take_actions(g, args))
        go(g);
    else
        gdb_reply_error(g, GDB_EINVAL);
}

static void run_vcont_query(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "vCont;c;C;s;S;t;r");
}

static void run_why(struct gdb_stub *g, char *args, size_t len)
{
    gdb_stop_reply(g);
}

/* ---- leaving --------------------------------------------------------------------------------- */

static void run_detach(struct gdb_stub *g, char *args, size_t len)
{
    g->target->remove_all(g->opaque);
    set_all(g, GDB_CONTINUE);
    g->target->resume(g->opaque, g->actions);
    gdb_reply(g, "OK");
}

static void run_kill(struct gdb_stub *g, char *args, size_t len)
{
    g->silent = true;
    g->target->quit(g->opaque);
}

static void run_vkill(struct gdb_stub *g, char *args, size_t len)
{
    g->target->quit(g->opaque);
    gdb_reply(g, "OK");
}

static void run_restart(struct gdb_stub *g, char *args, size_t len)
{
    g->target->reset(g->opaque);
    g->stop = (struct gdb_stop){.kind = GDB_STOP_NONE};
    g->silent = true;
}

static void run_extended(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "OK");
}

const struct gdb_command gdb_resume_commands[] = {
    {"?", true, run_why},        {"c", true, run_c},
    {"C", true, run_C},          {"s", true, run_s},
    {"S", true, run_S},          {"vCont", false, run_vcont},
    {"D", true, run_detach},     {"vCont?", false, run_vcont_query},
    {"k", true, run_kill},       {"vKill", false, run_vkill},
    {"R", true, run_restart},    {"!", true, run_extended},
    {0},
};
