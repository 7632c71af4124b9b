/* qXfer: documents and other things that are read piece by piece. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_internal.h"
#include "util/bits.h"

struct content {
    char *data;
    size_t size;
};

static struct content text_content(char *text)
{
    return (struct content){text, text ? strlen(text) : 0};
}

/* Names of threads are what a guest wants them to be. */
static const char *plain(char *text)
{
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127 || strchr("<>&\"'", *p))
            *p = '?';
    return text;
}

static struct content make_threads(struct gdb_stub *g)
{
    char *text = NULL, name[32], about[64];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    gdb_threads_update(g);
    fprintf(out, "<?xml version=\"1.0\"?>\n<threads>\n");
    for (uint32_t i = 0; i < g->id_count; i++) {
        g->target->describe(g->opaque, g->ids[i], name, sizeof(name), about, sizeof(about));
        fprintf(out, "<thread id=\"");
        if (g->multi)
            fprintf(out, "p%x.", g->target->process_id(g->opaque));
        fprintf(out, "%x\" name=\"%s\">%s</thread>\n", g->ids[i], plain(name), plain(about));
    }
    fprintf(out, "</threads>\n");
    fclose(out);
    return text_content(text);
}

static struct content make_memory_map(struct gdb_stub *g)
{
    char *text = NULL;
    size_t size;
    if (!g->target->memory_map)
        return (struct content){NULL, 0};
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    fprintf(out, "<?xml version=\"1.0\"?>\n"
                 "<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
                 "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n");
    g->target->memory_map(g->opaque, out);
    fprintf(out, "</memory-map>\n");
    fclose(out);
    return text_content(text);
}

static struct content make_target(struct gdb_stub *g)
{
    return text_content(strdup(g->xml));
}

static struct content make_object(struct gdb_stub *g, enum gdb_object object)
{
    void *data = NULL;
    size_t size = 0;
    if (!g->target->objects[object] ||
        !g->target->read_object(g->opaque, object, g->general_thread, &data, &size))
        return (struct content){NULL, 0};
    return (struct content){data, size};
}

static struct content make_auxv(struct gdb_stub *g)
{
    return make_object(g, GDB_OBJECT_AUXV);
}

static struct content make_exec_file(struct gdb_stub *g)
{
    return make_object(g, GDB_OBJECT_EXEC_FILE);
}

static struct content make_siginfo(struct gdb_stub *g)
{
    return make_object(g, GDB_OBJECT_SIGINFO);
}

static const struct {
    const char *name;
    int object; /* that the target may have; -1: anyway */
    struct content (*make)(struct gdb_stub *g);
} rows[] = {
    {"features:read:target.xml:", -1, make_target},
    {"threads:read::", -1, make_threads},
    {"memory-map:read::", -1, make_memory_map},
    {"auxv:read::", GDB_OBJECT_AUXV, make_auxv},
    {"exec-file:read:", GDB_OBJECT_EXEC_FILE, make_exec_file},
    {"siginfo:read::", GDB_OBJECT_SIGINFO, make_siginfo},
};

static void reply_part(struct gdb_stub *g, const struct content *c, uint64_t offset, uint32_t len)
{
    size_t left = offset < c->size ? c->size - (size_t)offset : 0;
    size_t most = len < GDB_PACKET_MAX / 2 ? len
                                           : GDB_PACKET_MAX / 2; /* escaped it may be longer */
    size_t n = left < most ? left : most;
    gdb_reply(g, "%c", n < left ? 'm' : 'l');
    gdb_reply_bytes(g, c->data + (c->size - left), n);
}

/* "OFFSET:BYTES" */
static void write_siginfo(struct gdb_stub *g, char *args, const char *end)
{
    uint64_t offset;
    if (!gdb_take_hex(&args, &offset) || !gdb_take_char(&args, ':') ||
        !g->target->write_siginfo(g->opaque, g->general_thread, offset, args,
                                  (size_t)(end - args)))
        gdb_reply_error(g, GDB_EINVAL);
    else
        gdb_reply(g, "%zx", (size_t)(end - args));
}

static void run_xfer(struct gdb_stub *g, char *args, size_t len)
{
    static const char write[] = "siginfo:write::";
    if (g->target->write_siginfo && !strncmp(args, write, sizeof(write) - 1)) {
        write_siginfo(g, args + sizeof(write) - 1, args + len);
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t n = strlen(rows[i].name);
        uint64_t offset;
        uint32_t length;
        if (strncmp(args, rows[i].name, n) ||
            (rows[i].object >= 0 && !g->target->objects[rows[i].object]))
            continue;
        args += n;
        if (rows[i].object == GDB_OBJECT_EXEC_FILE) /* the process: there is one */
            args += strcspn(args, ":") + (strchr(args, ':') != NULL);
        if (!gdb_take_range(&args, &offset, &length, UINT32_MAX) || *args) {
            gdb_reply_error(g, GDB_EINVAL);
            return;
        }
        struct content c = rows[i].make(g);
        if (c.data)
            reply_part(g, &c, offset, length);
        else
            gdb_reply_error(g, GDB_EINVAL);
        free(c.data);
        return;
    }
}

const struct gdb_command gdb_object_commands[] = {
    {"qXfer", false, run_xfer},
    {0},
};
