/*
 * Addresses of thread-local variables. Where a module's part of a thread's memory lies, the
 * thread's vector of these (dtv) says, to whose address the thread pointer points: ELF's ABI. The
 * module's index in there is in a structure of the dynamic linker that differs between versions;
 * glibc has a description of it for debuggers,
 * `_thread_db_link_map_l_tls_modid`: {bits, elements, offset}. The debugger is asked where that is.
 */
#include <string.h>

#include "debug/gdb_internal.h"

static const char description[] = "_thread_db_link_map_l_tls_modid";
enum { DTV_ENTRY = 8 }; /* bytes */
#define DTV_UNALLOCATED 0xffffffffu

static bool word(struct gdb_stub *g, uint64_t addr, uint32_t *value)
{
    return g->target->read_memory(g->opaque, g->general_thread, false, addr, value, sizeof(*value));
}

/* The debugger offers symbols: "qSymbol::", and answers: "qSymbol:VALUE:NAME", VALUE empty if it
 * has none. */
static void run_symbol(struct gdb_stub *g, char *args, size_t len)
{
    uint64_t value = 0;
    if (!g->target->thread_pointer)
        return;
    if (!strcmp(args, ":")) {
        gdb_reply(g, "qSymbol:");
        gdb_reply_hex(g, description, strlen(description));
        return;
    }
    bool known = *args != ':';
    if (known && (!gdb_take_hex(&args, &value) || *args != ':')) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    if (known)
        g->tls_description = value;
    gdb_reply(g, "OK");
}

/* The index of the module whose link map is at @map. Without one it is the program, the only
 * module. */
static bool module_of(struct gdb_stub *g, uint64_t map, uint32_t *module)
{
    uint32_t bits, offset;
    *module = 1;
    if (!map)
        return true;
    return g->tls_description && word(g, g->tls_description, &bits) && bits == 32 &&
           word(g, g->tls_description + 8, &offset) && word(g, map + offset, module);
}

/* "qGetTLSAddr:THREAD,OFFSET,MAP": of a module's variable. */
static void run_tls(struct gdb_stub *g, char *args, size_t len)
{
    uint32_t thread, module, pointer, dtv, base;
    uint64_t offset, map;
    if (!g->target->thread_pointer)
        return;
    if (!gdb_take_thread(g, &args, g->general_thread, &thread) || thread == GDB_ALL ||
        !gdb_take_char(&args, ',') || !gdb_take_hex(&args, &offset) || !gdb_take_char(&args, ',') ||
        !gdb_take_hex(&args, &map) || *args) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    bool ok = module_of(g, map, &module) && module &&
              g->target->thread_pointer(g->opaque, thread, &pointer) && word(g, pointer, &dtv) &&
              word(g, dtv + (uint64_t)module * DTV_ENTRY, &base) && base != DTV_UNALLOCATED;
    if (ok)
        gdb_reply(g, "%x", (uint32_t)(base + offset));
    else
        gdb_reply_error(g, GDB_EFAULT);
}

const struct gdb_command gdb_tls_commands[] = {
    {"qSymbol", false, run_symbol},
    {"qGetTLSAddr", false, run_tls},
    {0},
};
