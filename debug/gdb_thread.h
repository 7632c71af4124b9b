/*
 * What a CPU or thread does by order of the debugger, and when that is done: for those who
 * implement struct gdb_target on the engine.
 */
#ifndef ARMEMU_DEBUG_GDB_THREAD_H
#define ARMEMU_DEBUG_GDB_THREAD_H

#include "debug/gdb_agent.h"
#include "debug/gdb_target.h"
#include "engine/engine.h"

struct gdb_thread {
    enum engine_step step;           /* the order */
    uint32_t range_start, range_end; /* steps go on while the PC is in there */
    bool stepping_over;              /* a breakpoint, by itself: its condition does not hold */
};

/** Do as @r says from here on. The thread is outside of the guest. */
void gdb_thread_order(struct gdb_thread *t, struct engine_cpu *ec, const struct gdb_resume *r);
/** There is no order any more. */
void gdb_thread_forget(struct gdb_thread *t, struct engine_cpu *ec);

/** ENGINE_STOP_STEP, now at @pc: has the thread stopped? Not when it has stepped over a breakpoint
 * by itself, nor within the range that it is to step through unless a breakpoint there stops it or
 * it is @wanted elsewhere. */
bool gdb_thread_stepped(struct gdb_thread *t, struct engine_cpu *ec,
                        const struct gdb_points *points, uint32_t pc, bool wanted,
                        const struct gdb_agent_ops *ops, void *opaque);
/** ENGINE_STOP_BREAKPOINT at @pc: has the thread stopped, with *@stop to be told but for its
 * thread? Else a condition does not hold, and the thread is to step over the breakpoint. */
bool gdb_thread_at_breakpoint(const struct gdb_points *points, uint32_t pc,
                              const struct gdb_agent_ops *ops, void *opaque, struct gdb_stop *stop);
/** Execute the instruction at the breakpoint, and go on with the order. */
void gdb_thread_step_over(struct gdb_thread *t, struct engine_cpu *ec);
/** An access to @len bytes at @va is about to be made: is it watched, with *@stop to be told but
 * for its thread? */
bool gdb_thread_watched(const struct gdb_points *points, uint32_t va, uint32_t len, bool write,
                        struct gdb_stop *stop);
/* What the engine watches. */
struct gdb_watching {
    struct engine_watch list[ENGINE_WATCHES_MAX];
    uint32_t count;
};

/** What @points watch. */
struct gdb_watching gdb_watching_of(const struct gdb_points *points);
/** Direct mode: have the engine, which watches @w, watch @now. @lazily: what is watched in vain may
 * be so for a while; else that goes as well. All threads are outside of the guest. */
void gdb_watching_apply(struct gdb_watching *w, const struct gdb_watching *now, struct engine *en,
                        bool lazily);
/** Give the breakpoints to the engine. All threads are outside of the guest. */
void gdb_points_apply(const struct gdb_points *points, struct engine *en);

#endif
