/* The counter of most timers: it counts down at a clock's rate, reports that it reached 0, and goes
 * on from its reload value with the next tick, so a period is reload + 1 ticks. Between these
 * events nothing runs: the value is computed when it is read. Embedded in a device. */
#ifndef ARMEMU_DEVICES_CORE_COUNTDOWN_H
#define ARMEMU_DEVICES_CORE_COUNTDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "host/clock.h"
#include "util/fields.h"

struct countdown {
    struct timer timer;
    void (*zero)(void *opaque); /* the counter reached 0 */
    void *opaque;
    uint32_t hz;      /* 0: the clock stands still */
    uint32_t divisor; /* ticks are @hz / @divisor; at least 1 */
    uint32_t value;   /* at time @since */
    uint32_t reload;  /* 0: the counter stays at 0 */
    uint32_t running;
    uint32_t oneshot; /* stays at 0 whatever the reload value is */
    uint32_t owed;    /* it was 0, and `zero` has still to be called */
    int64_t since;
};

/** Stopped at 0, with @hz ticks a second. */
void countdown_init(struct countdown *c, struct timer_queue *queue, uint32_t hz,
                    void (*zero)(void *opaque), void *opaque);
/** The counter now. It is seen as 0 until `zero` has been called: a guest that finds it reloaded
 * also finds what `zero` has noted, however late the host is. */
uint32_t countdown_value(const struct countdown *c);
/** Go on from @value. It does not count as reaching 0 when @value is 0. */
void countdown_set(struct countdown *c, uint32_t value);
/** What follows 0 from now on. */
void countdown_set_reload(struct countdown *c, uint32_t reload, bool oneshot);
void countdown_run(struct countdown *c, bool running);
/** Change the rate; the value is kept. */
void countdown_set_rate(struct countdown *c, uint32_t hz, uint32_t divisor);
/** Stopped at @value, reload 0, divisor 1; the clock stays. */
void countdown_reset(struct countdown *c, uint32_t value);
/** For the device's free and loaded functions. */
void countdown_free(struct countdown *c);
void countdown_loaded(struct countdown *c);

/* Rows of the device's field list. */
#define COUNTDOWN_FIELDS(type, member)                                                             \
    FIELD(type, member.timer.deadline), FIELD(type, member.hz), FIELD(type, member.divisor),       \
        FIELD(type, member.value), FIELD(type, member.reload), FIELD(type, member.running),        \
        FIELD(type, member.oneshot), FIELD(type, member.owed), FIELD(type, member.since)

#endif
