/* Questions about the stub and the machine, and settings. */
#include <stdio.h>
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

static void run_supported(struct gdb_stub *g, char *args, size_t len)
{
    g->swbreak = list_has(args, "swbreak+");
    g->hwbreak = list_has(args, "hwbreak+");
    gdb_reply(g, "PacketSize=%x;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+;"
                 "qXfer:features:read+;qXfer:threads:read+;qXfer:memory-map:read+",
              GDB_PACKET_MAX);
}

static void run_no_ack(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "OK");
    g->no_ack = true;
}

/* ---- threads are CPUs ------------------------------------------------------------------------ */

/* "Hg" and "Hc" with a thread. */
static void run_H(struct gdb_stub *g, char *args, size_t len)
{
    char which = *args;
    int32_t cpu = 0;
    args += which != 0;
    if (!gdb_take_thread(g, &args, which == 'c' ? GDB_ALL_CPUS : (int32_t)g->general_cpu, &cpu) ||
        *args || (which != 'c' && which != 'g')) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    if (which == 'c')
        g->resume_cpu = cpu;
    else if (cpu != GDB_ALL_CPUS)
        g->general_cpu = (uint32_t)cpu;
    gdb_reply(g, "OK");
}

static void run_T(struct gdb_stub *g, char *args, size_t len)
{
    int32_t cpu = 0;
    if (gdb_take_thread(g, &args, 0, &cpu))
        gdb_reply(g, "OK");
    else
        gdb_reply_error(g, GDB_EINVAL);
}

static void run_current(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "QC%x", g->general_cpu + 1);
}

static void run_threads_first(struct gdb_stub *g, char *args, size_t len)
{
    for (uint32_t i = 0; i < g->target->cpu_count(g->opaque); i++)
        gdb_reply(g, "%c%x", i ? ',' : 'm', i + 1);
}

static void run_threads_more(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "l");
}

static void run_thread_info(struct gdb_stub *g, char *args, size_t len)
{
    char text[64];
    int32_t cpu = 0;
    if (!gdb_take_thread(g, &args, 0, &cpu) || cpu == GDB_ALL_CPUS) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    g->target->describe_cpu(g->opaque, (uint32_t)cpu, text, sizeof(text));
    gdb_reply_hex(g, text, strlen(text));
}

static void run_attached(struct gdb_stub *g, char *args, size_t len)
{
    gdb_reply(g, "1");
}

/* ---- documents ------------------------------------------------------------------------------- */

static char *threads_document(struct gdb_stub *g)
{
    char *text = NULL, about[64];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    fprintf(out, "<?xml version=\"1.0\"?>\n<threads>\n");
    for (uint32_t i = 0; i < g->target->cpu_count(g->opaque); i++) {
        g->target->describe_cpu(g->opaque, i, about, sizeof(about));
        fprintf(out, "<thread id=\"%x\" core=\"%u\" name=\"CPU %u\">%s</thread>\n", i + 1, i, i,
                about);
    }
    fprintf(out, "</threads>\n");
    fclose(out);
    return text;
}

/* GDB's addresses are virtual: what is behind one is the guest's choice, at any time. */
static char *memory_document(struct gdb_stub *g)
{
    return strdup("<?xml version=\"1.0\"?>\n"
                  "<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
                  "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n"
                  "<memory-map>\n<memory type=\"ram\" start=\"0x0\" length=\"0x100000000\"/>\n"
                  "</memory-map>\n");
}

static char *target_document(struct gdb_stub *g)
{
    return strdup(g->xml);
}

static const struct {
    const char *name;
    char *(*make)(struct gdb_stub *g);
} documents[] = {
    {"features:read:target.xml:", target_document},
    {"threads:read::", threads_document},
    {"memory-map:read::", memory_document},
};

static void reply_part(struct gdb_stub *g, const char *text, uint64_t offset, uint32_t len)
{
    size_t size = strlen(text);
    size_t left = offset < size ? size - (size_t)offset : 0;
    size_t n = left < len ? left : len;
    gdb_reply(g, "%c", n < left ? 'm' : 'l');
    gdb_reply_bytes(g, text + (size - left), n);
}

static void run_xfer(struct gdb_stub *g, char *args, size_t len)
{
    for (unsigned i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        size_t n = strlen(documents[i].name);
        uint64_t offset;
        uint32_t length;
        if (strncmp(args, documents[i].name, n))
            continue;
        args += n;
        if (!gdb_take_range(&args, &offset, &length, GDB_PACKET_MAX / 2) || *args) {
            gdb_reply_error(g, GDB_EINVAL);
            return;
        }
        char *text = documents[i].make(g);
        if (!text)
            abort();
        reply_part(g, text, offset, length);
        free(text);
        return;
    }
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
    if (g->target->running(g->opaque)) /* `cont` is for the debugger to say */
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

const struct gdb_command gdb_query_commands[] = {
    {"qSupported", false, run_supported},
    {"QStartNoAckMode", false, run_no_ack},
    {"H", true, run_H},
    {"T", true, run_T},
    {"qC", false, run_current},
    {"qfThreadInfo", false, run_threads_first},
    {"qsThreadInfo", false, run_threads_more},
    {"qThreadExtraInfo", false, run_thread_info},
    {"qAttached", false, run_attached},
    {"qXfer", false, run_xfer},
    {"qRcmd", false, run_monitor},
    {"qqemu.PhyMemMode", false, run_physical_query},
    {"Qqemu.PhyMemMode", false, run_physical},
    {"qqemu.sstepbits", false, run_sstep_bits},
    {"qqemu.sstep", false, run_sstep_query},
    {"Qqemu.sstep", false, run_sstep},
    {0},
};
