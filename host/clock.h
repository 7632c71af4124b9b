/*
 * Clocks and timers. A clock gives nanoseconds of guest-visible time, which starts at 0, never goes
 * back and stands still while the clock is paused. A timer queue holds timers on one clock.
 *
 * Who runs expired timers: for a host clock the event loop that the queue is attached to
 * (loop_attach_timers), under the device lock; for a virtual clock the owner, which calls
 * timer_queue_run with the device lock held and is told through the queue's notify function when
 * the earliest deadline changes.
 */
#ifndef ARMEMU_HOST_CLOCK_H
#define ARMEMU_HOST_CLOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_SEC 1000000000ll
#define CLOCK_NS_PER_MS 1000000ll
#define CLOCK_NS_PER_US 1000ll

/** The deadline of a timer that is not armed: never. */
#define TIMER_NEVER INT64_MAX

struct clock {
    int64_t (*source)(void *opaque); /* raw nanoseconds; never goes back */
    void *opaque;
    bool is_virtual;
    bool utc_fixed;             /* UTC is utc_base + clock_now, not the host's */
    int64_t utc_base;           /* ns since 1970 at clock time 0, where utc_fixed */
    _Atomic int64_t adjustment; /* running: 2 * (time - raw); paused: 2 * time + 1. One word, so
                                 * that readers on other threads never see half a change. */
};

/** A clock that follows the host's monotonic clock, at 0 and running; UTC is the host's. */
void clock_init_host(struct clock *c);

/**
 * A clock whose value is @source(@opaque), such as instructions executed times a scale; time 0 is
 * the source's 0. UTC is deterministic: @utc_base (ns since 1970) at time 0.
 */
void clock_init_virtual(struct clock *c, int64_t (*source)(void *opaque), void *opaque,
                        int64_t utc_base);

/** Time of @c in ns. Any thread. */
int64_t clock_now(const struct clock *c);

/** UTC in ns since 1970, for real-time clocks. Any thread. */
int64_t clock_utc(const struct clock *c);

/** Make clock_utc give @utc_ns now and advance with clock_now from there (`-rtc base=`). */
void clock_set_utc(struct clock *c, int64_t utc_ns);

/** Stop and restart time (`stop` and `cont`); idempotent. The owner of a loop calls loop_wake after
 * resuming. One thread at a time. */
void clock_pause(struct clock *c);
void clock_resume(struct clock *c);
bool clock_paused(const struct clock *c);

/** Set the time (restoring a snapshot); the timers of its queues must be restored afterwards. */
void clock_set_now(struct clock *c, int64_t now);

/** The host's monotonic clock in ns, independent of any VM: for measuring and for host timeouts. */
int64_t clock_host_monotonic(void);
/** The moment @ns from now, as pthread_cond_clockwait takes it with CLOCK_MONOTONIC. */
struct timespec clock_host_after(int64_t ns);

struct timer_queue;

/** Embedded in the object that uses it. The callback runs with the device lock held. */
struct timer {
    int64_t deadline; /* ns on the queue's clock, TIMER_NEVER when not armed; to be listed as the
                       * state of a snapshot, with timer_restore after it was loaded */
    uint32_t id;      /* order of initialisation: decides between equal deadlines */
    size_t position;  /* index in the queue's heap + 1; 0 when not queued */
    struct timer_queue *queue;
    void (*callback)(void *opaque);
    void *opaque;
};

struct timer_entry {
    int64_t deadline;
    struct timer *timer;
};

/** Timers ordered by deadline, then by order of initialisation (so runs are reproducible). */
struct timer_queue {
    const struct clock *clock;
    pthread_mutex_t mutex;
    struct timer_entry *heap;
    size_t count, capacity;
    uint32_t next_id;
    _Atomic int64_t earliest;
    void (*notify)(void *opaque); /* the earliest deadline changed; may be NULL */
    void *notify_opaque;
};

void timer_queue_init(struct timer_queue *q, const struct clock *c);
/** Release the queue; armed timers are forgotten. */
void timer_queue_free(struct timer_queue *q);

/** Call @notify(@opaque) whenever the earliest deadline changes, on the thread that changed it and
 * without the queue's own mutex; that may be the one inside timer_queue_run. To be set before
 * other threads use the queue. */
void timer_queue_set_notify(struct timer_queue *q, void (*notify)(void *opaque), void *opaque);

/** The earliest deadline, TIMER_NEVER if there is none. Any thread, one atomic load. */
int64_t timer_queue_deadline(const struct timer_queue *q);

/**
 * Run the callbacks of all timers whose deadline is at or before @now, in order; a timer is
 * disarmed before its callback, which may set it again (also at or before @now: then it runs
 * again). At most TIMER_RUN_MAX callbacks run in one call, so that a guest's absurd
 * period cannot hang the host. Returns how many ran. The device lock is held by the caller.
 */
unsigned timer_queue_run(struct timer_queue *q, int64_t now);
#define TIMER_RUN_MAX 1000

/** Tie @t to @q; it is not armed. */
void timer_init(struct timer *t, struct timer_queue *q, void (*callback)(void *opaque),
                void *opaque);

/** Arm @t for the absolute time @deadline_ns of its queue's clock (past times fire at once, from
 * the event loop, never inside this call; TIMER_NEVER cancels). Replaces an earlier deadline.
 * Any thread. */
void timer_set(struct timer *t, int64_t deadline_ns);

/** Disarm @t. Any thread; a caller that holds the device lock knows afterwards that the callback
 * will not run and may free @t. */
void timer_cancel(struct timer *t);

bool timer_armed(const struct timer *t);

/** Queue @t again as its deadline field says, after that field was loaded from a snapshot. */
void timer_restore(struct timer *t);

#endif
