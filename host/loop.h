/*
 * The event loop of a VM: file descriptors, timers and work posted by other threads. Every callback
 * runs on the thread that runs the loop, with the device lock held. Several loops live in one
 * process.
 */
#ifndef ARMEMU_HOST_LOOP_H
#define ARMEMU_HOST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "host/clock.h"
#include "host/thread.h"
#include "util/error.h"

struct loop;
struct loop_watch;

enum loop_events {
    LOOP_READ = 1 << 0,
    LOOP_WRITE = 1 << 1,
    LOOP_HANGUP = 1 << 2, /* reported only: the peer is gone, or an error; with LOOP_READ while
                           * there may be data left */
};

/** A loop whose callbacks run under @lock (copied; NULL for no lock). */
struct loop *loop_new(const struct host_lock *lock, struct error *e);

/** Free @loop with its watches and pending posts, which do not run; not from a callback. */
void loop_free(struct loop *loop);

/**
 * Call @callback with the ready events (a mask of enum loop_events) whenever @fd is ready for one
 * of @events. Files that cannot be polled (regular files, /dev/null) count as always ready. One
 * watch per descriptor. The descriptor stays the caller's. Any thread.
 */
struct loop_watch *loop_watch_add(struct loop *loop, int fd, uint32_t events,
                                  void (*callback)(void *opaque, uint32_t events), void *opaque,
                                  struct error *e);

/** Change the events that @w waits for; 0 silences it entirely (no LOOP_HANGUP either). */
void loop_watch_modify(struct loop_watch *w, uint32_t events);

/** The peer behind @w asks, and waits for the answer (a debugger does): the loop then sleeps on its
 * descriptor itself, so that the host's kernel knows that the peer is about to sleep, and lets the
 * loop run at once in its place. The last one that this was said of counts. On the loop's thread,
 * or before the loop runs. */
void loop_watch_prompt(struct loop_watch *w);

/** Remove and free @w (NULL is ignored), before its descriptor is closed. With the device lock held
 * the callback does not run afterwards; allowed from the watch's own callback. */
void loop_watch_remove(struct loop_watch *w);

/** Have the loop call @callback(@opaque) once, in posting order. Any thread, not from signals. */
void loop_post(struct loop *loop, void (*callback)(void *opaque), void *opaque);

/** Run @q's timers from this loop (at most LOOP_QUEUES_MAX queues); sets the queue's notify. Before
 * the loop runs. @q must outlive the loop or be detached. */
void loop_attach_timers(struct loop *loop, struct timer_queue *q);
void loop_detach_timers(struct loop *loop, struct timer_queue *q);
#define LOOP_QUEUES_MAX 4

/** Make the loop look at timers and posts again. Any thread, and signal handlers. */
void loop_wake(struct loop *loop);

/** Run callbacks until loop_quit; returns its code. */
int loop_run(struct loop *loop);

/** Wait up to @timeout_ms (-1: no limit, 0: do not wait) for something to do, and do it. Returns
 * false if nothing ran. */
bool loop_run_once(struct loop *loop, int timeout_ms);

/** End loop_run with @code; the first call wins. Any thread, and signal handlers. A call before
 * loop_run makes it return at once. */
void loop_quit(struct loop *loop, int code);

/** Does the calling thread run @loop just now? */
bool loop_is_current(const struct loop *loop);

#endif
