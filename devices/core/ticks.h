/* Counting clock ticks in virtual time without drift: a counter that runs at hz / div from a point
 * in time. The number of ticks follows from the time alone, so it is not the sum of rounded
 * steps. */
#ifndef ARMEMU_DEVICES_CORE_TICKS_H
#define ARMEMU_DEVICES_CORE_TICKS_H

#include <stdint.h>

#include "host/clock.h"

struct ticks {
    int64_t origin; /* ns: tick 0 */
    uint64_t hz;    /* 0: it stands still */
    uint64_t div;   /* at least 1 */
};

/** Ticks that have passed at time @now. */
static inline uint64_t ticks_at(const struct ticks *t, int64_t now)
{
    if (now <= t->origin || !t->div)
        return 0;
    unsigned __int128 n = (unsigned __int128)(uint64_t)(now - t->origin) * t->hz;
    return (uint64_t)(n / ((unsigned __int128)CLOCK_NS_PER_SEC * t->div));
}

/** The time of tick @n (ns, rounded up), TIMER_NEVER when it does not come. */
static inline int64_t ticks_time(const struct ticks *t, uint64_t n)
{
    if (!t->hz)
        return TIMER_NEVER;
    unsigned __int128 ns = (unsigned __int128)n * t->div * CLOCK_NS_PER_SEC;
    ns = (ns + t->hz - 1) / t->hz;
    return ns < (unsigned __int128)(TIMER_NEVER - t->origin) ? t->origin + (int64_t)ns
                                                             : TIMER_NEVER;
}

#endif
