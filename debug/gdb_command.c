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
    static const struct gdb_command *const tables[] = {gdb_query_commands, gdb_memory_commands,
                                                       gdb_resume_commands};
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

bool gdb_take_thread(struct gdb_stub *g, char **p, int32_t any, int32_t *cpu)
{
    uint64_t id;
    if (!strncmp(*p, "-1", 2)) {
        *p += 2;
        *cpu = GDB_ALL_CPUS;
        return true;
    }
    if (!gdb_take_hex(p, &id) || id > g->target->cpu_count(g->opaque))
        return false;
    *cpu = id ? (int32_t)id - 1 : any;
    return true;
}
