#include "debug/gdb_thread.h"

#include <stdlib.h>

void gdb_thread_order(struct gdb_thread *t, struct engine_cpu *ec, const struct gdb_resume *r)
{
    static const enum engine_step step[] = {
        [GDB_HOLD] = ENGINE_STEP_OFF, [GDB_CONTINUE] = ENGINE_STEP_OFF, [GDB_STEP] = ENGINE_STEP,
        [GDB_STEP_INTERRUPTS] = ENGINE_STEP_INTERRUPTS};
    *t = (struct gdb_thread){.step = step[r->action],
                             .range_start = (uint32_t)r->range_start,
                             .range_end = (uint32_t)r->range_end};
    engine_step(ec, t->step);
}

void gdb_thread_forget(struct gdb_thread *t, struct engine_cpu *ec)
{
    *t = (struct gdb_thread){.step = ENGINE_STEP_OFF};
    engine_step(ec, ENGINE_STEP_OFF);
}

bool gdb_thread_stepped(struct gdb_thread *t, struct engine_cpu *ec,
                        const struct gdb_points *points, uint32_t pc, bool wanted,
                        const struct gdb_agent_ops *ops, void *opaque)
{
    if (t->stepping_over) {
        t->stepping_over = false;
        if (!t->step)
            return false;
    }
    if (pc < t->range_start || pc >= t->range_end || wanted)
        return true;
    const struct gdb_point_row *row = gdb_points_at(points, pc);
    if (row && gdb_point_stops(row, ops, opaque))
        return true;
    engine_step(ec, t->step);
    return false;
}

bool gdb_thread_at_breakpoint(const struct gdb_points *points, uint32_t pc,
                              const struct gdb_agent_ops *ops, void *opaque, struct gdb_stop *stop)
{
    const struct gdb_point_row *row = gdb_points_at(points, pc);
    if (row && !gdb_point_stops(row, ops, opaque))
        return false;
    *stop = (struct gdb_stop){.kind = GDB_STOP_POINT,
                              .point = row ? row->kind : GDB_POINT_SOFTWARE,
                              .address = pc};
    return true;
}

void gdb_thread_step_over(struct gdb_thread *t, struct engine_cpu *ec)
{
    t->stepping_over = true;
    engine_step(ec, ENGINE_STEP);
}

bool gdb_thread_watched(const struct gdb_points *points, uint32_t va, uint32_t len, bool write,
                        struct gdb_stop *stop)
{
    const struct gdb_point_row *row = gdb_points_watch(points, va, len, write);
    if (!row)
        return false;
    *stop = (struct gdb_stop){.kind = GDB_STOP_POINT,
                              .point = row->kind,
                              .address = row->addr > va ? row->addr : va};
    return true;
}

static bool covers(const struct engine_watch *w, const struct engine_watch *inner)
{
    return inner->start >= w->start &&
           (uint64_t)inner->start + inner->size <= (uint64_t)w->start + w->size &&
           (w->read || !inner->read) && (w->write || !inner->write);
}

static bool all_covered(const struct gdb_watching *by, const struct gdb_watching *w)
{
    for (uint32_t i = 0; i < w->count; i++) {
        bool covered = false;
        for (uint32_t k = 0; k < by->count; k++)
            covered = covered || covers(&by->list[k], &w->list[i]);
        if (!covered)
            return false;
    }
    return true;
}

struct gdb_watching gdb_watching_of(const struct gdb_points *points)
{
    struct gdb_watch_range ranges[ENGINE_WATCHES_MAX];
    struct gdb_watching w = {.count = gdb_points_watched(points, ranges, ENGINE_WATCHES_MAX)};
    for (uint32_t i = 0; i < w.count; i++)
        w.list[i] = (struct engine_watch){(uint32_t)ranges[i].start,
                                          (uint32_t)(ranges[i].end - ranges[i].start),
                                          ranges[i].read, ranges[i].write};
    return w;
}

/* A debugger takes its watchpoints out at each stop, for the steps that it makes, and puts them
 * back in. */
void gdb_watching_apply(struct gdb_watching *w, const struct gdb_watching *now, struct engine *en,
                        bool lazily)
{
    if (all_covered(w, now) && (lazily || all_covered(now, w)))
        return;
    *w = *now;
    engine_watch(en, now->list, now->count);
}

void gdb_points_apply(const struct gdb_points *points, struct engine *en)
{
    uint32_t count;
    uint64_t *pcs = gdb_points_addresses(points, &count);
    engine_breakpoints_set(en, pcs, count);
    free(pcs);
}
