#include "devices/core/countdown.h"

static int64_t now_of(const struct countdown *c)
{
    return clock_now(c->timer.queue->clock);
}

static bool counts(const struct countdown *c)
{
    return c->running && c->hz;
}

static uint64_t ticks_passed(const struct countdown *c, int64_t now)
{
    if (!counts(c) || now <= c->since)
        return 0;
    unsigned __int128 cycles = (unsigned __int128)(now - c->since) * c->hz / CLOCK_NS_PER_SEC;
    return (uint64_t)(cycles / c->divisor);
}

/* When @ticks have passed since `since`, rounded up to ns; TIMER_NEVER if that is beyond the
 * clock. */
static int64_t time_of_tick(const struct countdown *c, uint64_t ticks)
{
    unsigned __int128 ns = (unsigned __int128)ticks * c->divisor * CLOCK_NS_PER_SEC + c->hz - 1;
    ns /= c->hz;
    return ns < (unsigned __int128)(TIMER_NEVER - c->since) ? c->since + (int64_t)ns : TIMER_NEVER;
}

/* Does the counter stay at 0 once it is there? */
static bool ends_at_zero(const struct countdown *c)
{
    return c->oneshot || !c->reload;
}

/* The counter after @passed ticks. */
static uint32_t value_after(const struct countdown *c, uint64_t passed)
{
    if (passed <= c->value)
        return c->value - (uint32_t)passed;
    if (ends_at_zero(c))
        return 0;
    return c->reload - (uint32_t)((passed - c->value - 1) % ((uint64_t)c->reload + 1));
}

static void arm(struct countdown *c)
{
    uint64_t ticks = c->value;
    if (c->owed) {
        timer_set(&c->timer, now_of(c));
        return;
    }
    if (!ticks && !ends_at_zero(c))
        ticks = (uint64_t)c->reload + 1;
    if (ticks && counts(c))
        timer_set(&c->timer, time_of_tick(c, ticks));
    else
        timer_cancel(&c->timer);
}

/* Has the counter been at 0 by @now without `zero` having been called? */
static bool zero_is_late(const struct countdown *c, int64_t now)
{
    return c->owed || (timer_armed(&c->timer) && c->timer.deadline <= now);
}

/* Let `value` and `since` be those of the last tick. A zero whose callback has not run yet is not
 * forgotten. */
static void bring_up(struct countdown *c)
{
    int64_t now = now_of(c);
    if (zero_is_late(c, now))
        c->owed = 1;
    uint64_t passed = ticks_passed(c, now);
    int64_t at = passed ? time_of_tick(c, passed) : c->since;
    c->value = value_after(c, passed);
    c->since = counts(c) ? at : now;
}

/* Periods that have passed unseen are one event: a short one must not keep the host busy with
 * catching up. */
static void reached_zero(void *opaque)
{
    struct countdown *c = opaque;
    bring_up(c);
    c->owed = 0;
    arm(c);
    c->zero(c->opaque);
}

void countdown_init(struct countdown *c, struct timer_queue *queue, uint32_t hz,
                    void (*zero)(void *opaque), void *opaque)
{
    timer_init(&c->timer, queue, reached_zero, c);
    c->zero = zero;
    c->opaque = opaque;
    c->hz = hz;
    countdown_reset(c, 0);
}

uint32_t countdown_value(const struct countdown *c)
{
    int64_t now = now_of(c);
    return zero_is_late(c, now) ? 0 : value_after(c, ticks_passed(c, now));
}

void countdown_set(struct countdown *c, uint32_t value)
{
    bring_up(c);
    c->value = value;
    c->since = now_of(c);
    arm(c);
}

void countdown_set_reload(struct countdown *c, uint32_t reload, bool oneshot)
{
    bring_up(c);
    c->reload = reload;
    c->oneshot = oneshot;
    arm(c);
}

void countdown_run(struct countdown *c, bool running)
{
    if (c->running == (uint32_t)running)
        return;
    bring_up(c);
    c->running = running;
    c->since = now_of(c);
    arm(c);
}

void countdown_set_rate(struct countdown *c, uint32_t hz, uint32_t divisor)
{
    if (hz == c->hz && divisor == c->divisor)
        return;
    bring_up(c);
    c->hz = hz;
    c->divisor = divisor ? divisor : 1;
    c->since = now_of(c);
    arm(c);
}

void countdown_reset(struct countdown *c, uint32_t value)
{
    timer_cancel(&c->timer);
    c->running = c->oneshot = c->reload = c->owed = 0;
    c->divisor = 1;
    c->value = value;
    c->since = now_of(c);
}

void countdown_free(struct countdown *c)
{
    timer_cancel(&c->timer);
}

void countdown_loaded(struct countdown *c)
{
    if (!c->divisor)
        c->divisor = 1;
    timer_restore(&c->timer);
}
