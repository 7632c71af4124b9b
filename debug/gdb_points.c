#include "debug/gdb_points.h"

#include <stdlib.h>
#include <string.h>

#include "debug/gdb_agent.h"

static bool watches_reads(enum gdb_point kind)
{
    return kind == GDB_POINT_READ || kind == GDB_POINT_ACCESS;
}

static void count_watch(struct gdb_points *p, enum gdb_point kind, int delta)
{
    if (!gdb_point_is_breakpoint(kind))
        p->watch_count += (unsigned)delta;
    if (watches_reads(kind))
        p->read_watch_count += (unsigned)delta;
}

/* The length of a breakpoint is the instruction set that the debugger believes in, which may
 * change. */
static struct gdb_point_row *find(const struct gdb_points *p, enum gdb_point kind, uint64_t addr,
                                  uint32_t len)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->rows[i].kind == kind && p->rows[i].addr == addr &&
            (gdb_point_is_breakpoint(kind) || p->rows[i].len == len))
            return &p->rows[i];
    return NULL;
}

void gdb_point_code_free(struct gdb_point_code *code)
{
    if (!code)
        return;
    for (unsigned i = 0; i < code->condition_count + code->command_count; i++)
        free(code->list[i].bytes);
    free(code);
}

bool gdb_points_add(struct gdb_points *p, enum gdb_point kind, uint64_t addr, uint32_t len,
                    struct gdb_point_code *code, bool *added)
{
    struct gdb_point_row *row = find(p, kind, addr, len);
    *added = !row;
    if (!row && (addr > UINT32_MAX || p->count == GDB_POINTS_MAX)) {
        gdb_point_code_free(code);
        return false;
    }
    if (row) {
        gdb_point_code_free(row->code);
        row->code = code;
        return true;
    }
    if (!p->rows)
        p->rows = calloc(GDB_POINTS_MAX, sizeof(*p->rows));
    if (!p->rows)
        abort();
    p->rows[p->count++] = (struct gdb_point_row){kind, (uint32_t)addr, len, code};
    count_watch(p, kind, 1);
    return true;
}

bool gdb_points_remove(struct gdb_points *p, enum gdb_point kind, uint64_t addr, uint32_t len,
                       struct gdb_point_row *gone)
{
    struct gdb_point_row *row = find(p, kind, addr, len);
    if (!row)
        return false;
    gdb_point_code_free(row->code);
    row->code = NULL;
    *gone = *row;
    *row = p->rows[--p->count];
    count_watch(p, kind, -1);
    return true;
}

const struct gdb_point_row *gdb_points_at(const struct gdb_points *p, uint64_t pc)
{
    for (unsigned i = 0; i < p->count; i++)
        if (gdb_point_is_breakpoint(p->rows[i].kind) && p->rows[i].addr == pc)
            return &p->rows[i];
    return NULL;
}

const struct gdb_point_row *gdb_points_watch(const struct gdb_points *p, uint32_t addr,
                                             uint32_t len, bool write)
{
    enum gdb_point wanted = write ? GDB_POINT_WRITE : GDB_POINT_READ;
    for (unsigned i = 0; i < p->count; i++) {
        const struct gdb_point_row *row = &p->rows[i];
        if ((row->kind == GDB_POINT_ACCESS || row->kind == wanted) &&
            (uint64_t)addr < (uint64_t)row->addr + row->len && row->addr < (uint64_t)addr + len)
            return row;
    }
    return NULL;
}

static int compare_ranges(const void *a, const void *b)
{
    uint64_t x = ((const struct gdb_watch_range *)a)->start,
             y = ((const struct gdb_watch_range *)b)->start;
    return (x > y) - (x < y);
}

/* The second of two neighbours goes into the first. */
static void merge(struct gdb_watch_range *r, unsigned count)
{
    r[0].end = r[1].end > r[0].end ? r[1].end : r[0].end;
    r[0].read = r[0].read || r[1].read;
    r[0].write = r[0].write || r[1].write;
    memmove(r + 1, r + 2, (count - 2) * sizeof(*r));
}

/* The neighbours with the least between them. */
static unsigned nearest(const struct gdb_watch_range *r, unsigned count)
{
    unsigned best = 0;
    for (unsigned i = 1; i + 1 < count; i++)
        if ((int64_t)(r[i + 1].start - r[i].end) < (int64_t)(r[best + 1].start - r[best].end))
            best = i;
    return best;
}

unsigned gdb_points_watched(const struct gdb_points *p, struct gdb_watch_range *out, unsigned max)
{
    unsigned count = 0;
    struct gdb_watch_range *all = calloc(p->watch_count + 1, sizeof(*all));
    if (!all)
        abort();
    for (unsigned i = 0; i < p->count; i++) {
        const struct gdb_point_row *row = &p->rows[i];
        if (!gdb_point_is_breakpoint(row->kind) && row->len)
            all[count++] = (struct gdb_watch_range){row->addr, (uint64_t)row->addr + row->len,
                                                    watches_reads(row->kind),
                                                    row->kind != GDB_POINT_READ};
    }
    qsort(all, count, sizeof(*all), compare_ranges);
    for (; count > max; count--) {
        unsigned i = nearest(all, count);
        merge(&all[i], count - i);
    }
    if (count)
        memcpy(out, all, count * sizeof(*all));
    free(all);
    return count;
}

uint64_t *gdb_points_addresses(const struct gdb_points *p, uint32_t *count)
{
    uint64_t *pcs = malloc((p->count + 1) * sizeof(*pcs));
    if (!pcs)
        abort();
    *count = 0;
    for (unsigned i = 0; i < p->count; i++)
        if (gdb_point_is_breakpoint(p->rows[i].kind))
            pcs[(*count)++] = p->rows[i].addr;
    return pcs;
}

static bool condition_holds(const struct gdb_point_code *code, const struct gdb_agent_ops *ops,
                            void *opaque)
{
    for (unsigned i = 0; i < code->condition_count; i++) {
        uint64_t value;
        const struct gdb_bytecode *b = &code->list[i];
        if (gdb_agent_run(b->bytes, b->length, ops, opaque, &value) != GDB_AGENT_OK || value)
            return true;
    }
    return !code->condition_count;
}

bool gdb_point_stops(const struct gdb_point_row *row, const struct gdb_agent_ops *ops, void *opaque)
{
    const struct gdb_point_code *code = row->code;
    if (!code)
        return true;
    if (!condition_holds(code, ops, opaque))
        return false;
    for (unsigned i = 0; i < code->command_count; i++) {
        uint64_t value;
        const struct gdb_bytecode *b = &code->list[code->condition_count + i];
        if (gdb_agent_run(b->bytes, b->length, ops, opaque, &value) != GDB_AGENT_OK)
            return true;
    }
    return !code->command_count;
}

void gdb_points_free(struct gdb_points *p)
{
    for (unsigned i = 0; i < p->count; i++)
        gdb_point_code_free(p->rows[i].code);
    free(p->rows);
    *p = (struct gdb_points){0};
}
