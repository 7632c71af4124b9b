#include "host/clock.h"

#include <assert.h>
#include <time.h>

static int64_t read_host_clock(clockid_t id)
{
    struct timespec ts;
    int rc = clock_gettime(id, &ts);
    assert(rc == 0);
    (void)rc;
    return ts.tv_sec * CLOCK_NS_PER_SEC + ts.tv_nsec;
}

int64_t clock_host_monotonic(void)
{
    return read_host_clock(CLOCK_MONOTONIC);
}

struct timespec clock_host_after(int64_t ns)
{
    int64_t moment = clock_host_monotonic() + ns;
    return (struct timespec){.tv_sec = moment / CLOCK_NS_PER_SEC,
                             .tv_nsec = moment % CLOCK_NS_PER_SEC};
}

static int64_t host_source(void *opaque)
{
    return clock_host_monotonic();
}

/* The encoding of struct clock's adjustment. Shifting unsigned keeps negative offsets defined. */
static int64_t adjustment_make(int64_t value, bool paused)
{
    return (int64_t)((uint64_t)value << 1 | paused);
}

static int64_t adjustment_value(int64_t adjustment)
{
    return adjustment >> 1;
}

static bool adjustment_paused(int64_t adjustment)
{
    return adjustment & 1;
}

void clock_init_host(struct clock *c)
{
    *c = (struct clock){.source = host_source};
    atomic_store(&c->adjustment, adjustment_make(-host_source(NULL), false));
}

void clock_init_virtual(struct clock *c, int64_t (*source)(void *opaque), void *opaque,
                        int64_t utc_base)
{
    *c = (struct clock){
        .source = source,
        .opaque = opaque,
        .is_virtual = true,
        .utc_fixed = true,
        .utc_base = utc_base,
    };
}

int64_t clock_now(const struct clock *c)
{
    int64_t adjustment = atomic_load_explicit(&c->adjustment, memory_order_acquire);
    int64_t value = adjustment_value(adjustment);
    return adjustment_paused(adjustment) ? value : c->source(c->opaque) + value;
}

int64_t clock_utc(const struct clock *c)
{
    return c->utc_fixed ? c->utc_base + clock_now(c) : read_host_clock(CLOCK_REALTIME);
}

void clock_set_utc(struct clock *c, int64_t utc_ns)
{
    c->utc_base = utc_ns - clock_now(c);
    c->utc_fixed = true;
}

void clock_pause(struct clock *c)
{
    if (!clock_paused(c))
        atomic_store(&c->adjustment, adjustment_make(clock_now(c), true));
}

void clock_resume(struct clock *c)
{
    if (clock_paused(c))
        atomic_store(&c->adjustment, adjustment_make(clock_now(c) - c->source(c->opaque), false));
}

bool clock_paused(const struct clock *c)
{
    return adjustment_paused(atomic_load(&c->adjustment));
}

void clock_set_now(struct clock *c, int64_t now)
{
    bool paused = clock_paused(c);
    int64_t value = paused ? now : now - c->source(c->opaque);
    atomic_store(&c->adjustment, adjustment_make(value, paused));
}
