/* Registers, memory, breakpoints. */
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_agent.h"
#include "debug/gdb_internal.h"

enum { MEMORY_MAX = GDB_PACKET_MAX / 2 }; /* bytes that one packet reads or writes */

/* ---- registers ------------------------------------------------------------------------------- */

static void reply_register(struct gdb_stub *g, const struct gdb_register *reg)
{
    for (unsigned half = 0; reg->bytes == 16 && half < 2; half++)
        reply_register(g, gdb_register_half(g->target->registers(g->opaque), reg, half));
    if (reg->bytes == 16)
        return;
    uint64_t value = g->target->read_register(g->opaque, g->general_thread, reg);
    gdb_reply_hex(g, &value, reg->bytes); /* little-endian, as the host */
}

static bool take_register(struct gdb_stub *g, char **p, const struct gdb_register *reg)
{
    uint64_t value = 0;
    const struct gdb_registers *r = g->target->registers(g->opaque);
    if (reg->bytes == 16)
        return take_register(g, p, gdb_register_half(r, reg, 0)) &&
               take_register(g, p, gdb_register_half(r, reg, 1));
    return gdb_take_bytes(p, &value, reg->bytes) &&
           g->target->write_register(g->opaque, g->general_thread, reg, value);
}

static void run_g(struct gdb_stub *g, char *args, size_t len)
{
    const struct gdb_registers *r = g->target->registers(g->opaque);
    for (unsigned i = 0; i < r->in_g; i++)
        reply_register(g, &r->list[i]);
}

/* CPSR first: it decides how the PC is aligned, and which mode's r13 and r14 are meant. */
static void run_G(struct gdb_stub *g, char *args, size_t len)
{
    enum { CPSR = 16 };
    const struct gdb_registers *r = g->target->registers(g->opaque);
    size_t need = 0;
    for (unsigned i = 0; i < r->in_g; i++)
        need += 2u * r->list[i].bytes;
    char *cpsr = args + CPSR * 8, *p = args;
    bool ok = len == need && take_register(g, &cpsr, &r->list[CPSR]);
    for (unsigned i = 0; ok && i < r->in_g; i++) {
        if (i == CPSR)
            p += 8;
        else
            ok = take_register(g, &p, &r->list[i]);
    }
    if (ok)
        gdb_reply(g, "OK");
    else
        gdb_reply_error(g, GDB_EINVAL);
}

static const struct gdb_register *take_number(struct gdb_stub *g, char **p)
{
    uint64_t number;
    return gdb_take_hex(p, &number) ? gdb_register_find(g->target->registers(g->opaque), number)
                                    : NULL;
}

static void run_p(struct gdb_stub *g, char *args, size_t len)
{
    const struct gdb_register *reg = take_number(g, &args);
    if (reg && !*args)
        reply_register(g, reg);
    else
        gdb_reply_error(g, GDB_EINVAL);
}

static void run_P(struct gdb_stub *g, char *args, size_t len)
{
    const struct gdb_register *reg = take_number(g, &args);
    if (reg && gdb_take_char(&args, '=') && take_register(g, &args, reg))
        gdb_reply(g, "OK");
    else
        gdb_reply_error(g, GDB_EINVAL);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool read_memory(struct gdb_stub *g, uint64_t addr, void *buf, uint32_t len)
{
    return gdb_memory_read(g, addr, buf, len);
}

static void run_m(struct gdb_stub *g, char *args, size_t len)
{
    static uint8_t const nothing[1];
    uint8_t buf[MEMORY_MAX];
    uint64_t addr;
    uint32_t n;
    if (!gdb_take_range(&args, &addr, &n, sizeof(buf)) || *args)
        gdb_reply_error(g, GDB_EINVAL);
    else if (!read_memory(g, addr, buf, n))
        gdb_reply_error(g, GDB_EFAULT);
    else
        gdb_reply_hex(g, n ? buf : nothing, n);
}

static void write_memory(struct gdb_stub *g, uint64_t addr, const void *buf, uint32_t len)
{
    if (gdb_memory_write(g, addr, buf, len))
        gdb_reply(g, "OK");
    else
        gdb_reply_error(g, GDB_EFAULT);
}

static void run_M(struct gdb_stub *g, char *args, size_t len)
{
    uint8_t buf[MEMORY_MAX];
    uint64_t addr;
    uint32_t n;
    if (!gdb_take_range(&args, &addr, &n, sizeof(buf)) || !gdb_take_char(&args, ':') ||
        !gdb_take_bytes(&args, buf, n) || *args)
        gdb_reply_error(g, GDB_EINVAL);
    else
        write_memory(g, addr, buf, n);
}

static void run_X(struct gdb_stub *g, char *args, size_t len)
{
    char *end = args + len;
    uint64_t addr;
    uint32_t n;
    if (!gdb_take_range(&args, &addr, &n, GDB_PACKET_MAX) || !gdb_take_char(&args, ':') ||
        (size_t)(end - args) != n)
        gdb_reply_error(g, GDB_EINVAL);
    else
        write_memory(g, addr, args, n);
}

/* LLDB's question what is at an address. */
static void run_region(struct gdb_stub *g, char *args, size_t len)
{
    uint64_t addr;
    struct gdb_region r;
    if (!g->target->region)
        return;
    if (!gdb_take_hex(&args, &addr) || *args || addr > UINT32_MAX) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    g->target->region(g->opaque, (uint32_t)addr, &r);
    gdb_reply(g, "start:%llx;size:%llx;", (unsigned long long)r.start, (unsigned long long)r.size);
    if (r.mapped)
        gdb_reply(g, "permissions:%s%s%s;", r.read ? "r" : "", r.write ? "w" : "",
                  r.exec ? "x" : "");
}

/* ---- reading a lot --------------------------------------------------------------------------- */

enum { CHUNK = 4096 };

/* The CRC of `compare-sections`: polynomial 0x04c11db7, most significant bit first, from all ones.
 */
static uint32_t crc_add(uint32_t crc, const uint8_t *data, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        crc ^= (uint32_t)data[i] << 24;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc << 1 ^ (crc & 0x80000000u ? 0x04c11db7u : 0);
    }
    return crc;
}

static void run_crc(struct gdb_stub *g, char *args, size_t len)
{
    uint8_t buf[CHUNK];
    uint64_t addr;
    uint32_t left, crc = 0xffffffffu;
    if (!gdb_take_range(&args, &addr, &left, UINT32_MAX) || *args) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    while (left) {
        uint32_t n = left < CHUNK ? left : CHUNK;
        if (!read_memory(g, addr, buf, n)) {
            gdb_reply_error(g, GDB_EFAULT);
            return;
        }
        crc = crc_add(crc, buf, n);
        addr += n;
        left -= n;
    }
    gdb_reply(g, "C%x", crc);
}

/* Look for @pattern in [addr, addr + len); what cannot be read ends the search. */
static bool search(struct gdb_stub *g, uint64_t addr, uint64_t len, const void *pattern, size_t n,
                   uint64_t *found)
{
    uint8_t buf[2 * CHUNK];
    uint64_t end = addr + len;
    while (end - addr >= n) {
        uint64_t most = end - addr;
        uint32_t size = most < CHUNK + n - 1 ? (uint32_t)most : (uint32_t)(CHUNK + n - 1);
        if (!read_memory(g, addr, buf, size))
            return false;
        const uint8_t *at = memmem(buf, size, pattern, n);
        if (at) {
            *found = addr + (uint64_t)(at - buf);
            return true;
        }
        addr += size - n + 1;
    }
    return false;
}

static void run_search(struct gdb_stub *g, char *args, size_t len)
{
    char *end = args + len;
    uint64_t addr, size, found;
    bool ok = !strncmp(args, "memory:", 7);
    args += ok ? 7 : 0;
    ok = ok && gdb_take_hex(&args, &addr) && gdb_take_char(&args, ';') &&
         gdb_take_hex(&args, &size) && gdb_take_char(&args, ';');
    size_t n = (size_t)(end - args);
    if (!ok || !n || n > CHUNK || size > UINT32_MAX)
        gdb_reply_error(g, GDB_EINVAL);
    else if (search(g, addr, size, args, n, &found))
        gdb_reply(g, "1,%llx", (unsigned long long)found);
    else
        gdb_reply(g, "0");
}

/* ---- breakpoints and watchpoints ------------------------------------------------------------- */

/* "TYPE,ADDR,KIND"; for breakpoints the kind is 2, 3 (Thumb) or 4 (ARM), for watchpoints the
 * length. */
static bool take_point(char **p, enum gdb_point *point, uint64_t *addr, uint32_t *kind)
{
    uint64_t type;
    if (!gdb_take_hex(p, &type) || type >= GDB_POINT_COUNT || !gdb_take_char(p, ',') ||
        !gdb_take_range(p, addr, kind, UINT32_MAX))
        return false;
    *point = (enum gdb_point)type;
    if (!gdb_point_is_breakpoint(*point))
        return *kind > 0;
    return *kind >= 2 && *kind <= 4 && !(*addr & 1); /* LLDB may not know what is Thumb code */
}

/* "X LENGTH,BYTES", as many as there are. */
static bool take_expressions(char **p, struct gdb_point_code *code, unsigned *count)
{
    while (**p == 'X') {
        unsigned used = code->condition_count + code->command_count;
        uint64_t length;
        ++*p;
        if (used == GDB_POINT_CODE_MAX || !gdb_take_hex(p, &length) || length > GDB_AGENT_LENGTH ||
            !gdb_take_char(p, ','))
            return false;
        struct gdb_bytecode *b = &code->list[used];
        b->bytes = malloc((size_t)length + 1);
        if (!b->bytes)
            abort();
        b->length = (uint32_t)length;
        ++*count;
        if (!gdb_take_bytes(p, b->bytes, (size_t)length))
            return false;
    }
    return true;
}

/* What may follow a breakpoint: ";" and conditions, ";cmds:PERSIST," and commands. *@code is NULL
 * if there is nothing. */
static bool take_code(char **p, struct gdb_point_code **code)
{
    *code = NULL;
    if (!**p)
        return true;
    *code = calloc(1, sizeof(**code));
    if (!*code)
        abort();
    bool ok = true;
    while (ok && gdb_take_char(p, ';')) {
        uint64_t persist;
        if (strncmp(*p, "cmds:", 5)) {
            ok = **p == 'X' && !(*code)->command_count &&
                 take_expressions(p, *code, &(*code)->condition_count);
        } else {
            *p += 5;
            ok = gdb_take_hex(p, &persist) && gdb_take_char(p, ',') &&
                 take_expressions(p, *code, &(*code)->command_count);
        }
    }
    if (ok && !**p)
        return true;
    gdb_point_code_free(*code);
    return false;
}

static void run_Z(struct gdb_stub *g, char *args, size_t len)
{
    enum gdb_point point;
    uint64_t addr;
    uint32_t kind;
    struct gdb_point_code *code;
    if (!take_point(&args, &point, &addr, &kind)) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    bool ok = take_code(&args, &code);
    if (ok && code && !gdb_point_is_breakpoint(point)) {
        gdb_point_code_free(code);
        ok = false;
    }
    if (!ok)
        gdb_reply_error(g, GDB_EINVAL);
    else if (!g->target->insert(g->opaque, point, addr, kind, code))
        gdb_reply_error(g, GDB_ENOSPC);
    else
        gdb_reply(g, "OK");
}

static void run_z(struct gdb_stub *g, char *args, size_t len)
{
    enum gdb_point point;
    uint64_t addr;
    uint32_t kind;
    if (!take_point(&args, &point, &addr, &kind) || *args) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    g->target->remove(g->opaque, point, addr, kind);
    gdb_reply(g, "OK");
}

/* ---- flash ----------------------------------------------------------------------------------- */

/* Of `load`: "Erase:ADDR,LENGTH", "Write:ADDR:BYTES", "Done". Written is what has been erased, at
 * once. */
static void run_flash_erase(struct gdb_stub *g, char *args, size_t len)
{
    uint64_t addr;
    uint32_t n;
    if (!g->target->write_flash)
        return;
    if (!gdb_take_range(&args, &addr, &n, UINT32_MAX) || *args)
        gdb_reply_error(g, GDB_EINVAL);
    else if (!g->target->write_flash(g->opaque, addr, NULL, n))
        gdb_reply(g, "E.memtype");
    else
        gdb_reply(g, "OK");
}

static void run_flash_write(struct gdb_stub *g, char *args, size_t len)
{
    char *end = args + len;
    uint64_t addr;
    if (!g->target->write_flash)
        return;
    if (!gdb_take_hex(&args, &addr) || !gdb_take_char(&args, ':'))
        gdb_reply_error(g, GDB_EINVAL);
    else if (!g->target->write_flash(g->opaque, addr, args, (uint32_t)(end - args)))
        gdb_reply(g, "E.memtype");
    else
        gdb_reply(g, "OK");
}

static void run_flash_done(struct gdb_stub *g, char *args, size_t len)
{
    if (g->target->write_flash)
        gdb_reply(g, "OK");
}

const struct gdb_command gdb_memory_commands[] = {
    {"g", true, run_g},         {"G", true, run_G}, {"p", true, run_p},
    {"P", true, run_P},         {"m", true, run_m}, {"M", true, run_M},
    {"X", true, run_X},         {"Z", true, run_Z}, {"z", true, run_z},
    {"qMemoryRegionInfo", false, run_region},
    {"qCRC", false, run_crc},   {"qSearch", false, run_search},
    {"vFlashErase", false, run_flash_erase},
    {"vFlashWrite", false, run_flash_write},
    {"vFlashDone", false, run_flash_done},
    {0},
};
