/* From a packet to its handler, and what the arguments of packets are made of. */
#include <string.h>

#include "debug/gdb_internal.h"
#include "util/bits.h"

static bool matches(const struct gdb_command *c, const char *packet, size_t *consumed)
{
    if (c->letter) {
        *consumed = 1;
        return packet[0] == c->name[0];
    }
    size_t len = strcspn(packet, ":;,=");
    *consumed = len + (packet[len] != 0);
    return strlen(c->name) == len && !memcmp(c->name, packet, len);
}

/* What is not known gets the empty reply, by which the debugger learns that. */
void gdb_command_run(struct gdb_stub *g, char *packet, size_t len)
{
    static const struct gdb_command *const tables[] = {gdb_resume_commands, gdb_memory_commands,
                                                       gdb_query_commands, gdb_object_commands,
                                                       gdb_file_commands, gdb_file_io_commands,
                                                       gdb_nonstop_commands, gdb_tls_commands};
    for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
        for (const struct gdb_command *c = tables[i]; c->name; c++) {
            size_t consumed;
            if (!matches(c, packet, &consumed))
                continue;
            c->run(g, packet + consumed, len - consumed);
            return;
        }
    }
}

static bool is_one_of(const char *packet, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);
        if (!strncmp(packet, names[i], len) && (len == 1 || strchr(":;,=", packet[len])))
            return true; /* strchr finds the end as well */
    }
    return false;
}

bool gdb_command_while_detached(const char *packet)
{
    static const char *const names[] = {
        "vAttach", "vRun", "R", "k", "?", "!", "qSupported", "QStartNoAckMode", "qAttached",
        "vMustReplyEmpty", "vFile", "H", "qC", "qTStatus", "qXfer:features", "QPassSignals"};
    return is_one_of(packet, names, ARRAY_SIZE(names));
}

bool gdb_command_at_end(const char *packet)
{
    static const char *const names[] = {"vStopped", "vRun", "k", "!"};
    return is_one_of(packet, names, ARRAY_SIZE(names));
}

bool gdb_take_hex(char **p, uint64_t *value)
{
    unsigned digits = 0;
    *value = 0;
    for (int d; (d = gdb_hex_digit(**p)) >= 0; ++*p, digits++)
        *value = *value << 4 | (unsigned)d;
    return digits > 0 && digits <= 16;
}

bool gdb_take_char(char **p, char c)
{
    if (**p != c)
        return false;
    ++*p;
    return true;
}

bool gdb_take_range(char **p, uint64_t *addr, uint32_t *len, uint32_t max)
{
    uint64_t n;
    if (!gdb_take_hex(p, addr) || !gdb_take_char(p, ',') || !gdb_take_hex(p, &n) || n > max)
        return false;
    *len = (uint32_t)n;
    return true;
}

bool gdb_take_bytes(char **p, void *buf, size_t len)
{
    uint8_t *to = buf;
    for (size_t i = 0; i < len; i++, *p += 2) {
        int high = gdb_hex_digit((*p)[0]);
        int low = high < 0 ? -1 : gdb_hex_digit((*p)[1]);
        if (low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void gdb_threads_update(struct gdb_stub *g)
{
    uint32_t count = g->target->threads(g->opaque, g->ids, GDB_THREADS_MAX);
    g->id_count = count < GDB_THREADS_MAX ? count : GDB_THREADS_MAX;
}

/* "pPROCESS" in front of a thread: 0 and -1 are any. *@all: no thread follows. */
static bool take_process(struct gdb_stub *g, char **p, bool *all)
{
    uint64_t id;
    *all = false;
    if (!g->multi || !gdb_take_char(p, 'p'))
        return true;
    if (!strncmp(*p, "-1", 2))
        *p += 2;
    else if (!gdb_take_hex(p, &id) || (id && id != g->target->process_id(g->opaque)))
        return false;
    *all = !gdb_take_char(p, '.');
    return true;
}

bool gdb_take_thread(struct gdb_stub *g, char **p, uint32_t any, uint32_t *thread)
{
    uint64_t id;
    bool all;
    *thread = GDB_ALL;
    if (!take_process(g, p, &all))
        return false;
    if (all)
        return true;
    if (!strncmp(*p, "-1", 2)) {
        *p += 2;
        *thread = GDB_ALL;
        return true;
    }
    if (!gdb_take_hex(p, &id))
        return false;
    *thread = id ? (uint32_t)id : any;
    gdb_threads_update(g);
    for (uint32_t i = 0; i < g->id_count; i++)
        if (g->ids[i] == id)
            return true;
    return !id;
}
