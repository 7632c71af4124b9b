#include "host/pace.h"

enum { SLEEPING, SPINNING, BETTER };
/* Requests of a trial and between trials; failures that end a trial; what of a pause between two
 * requests counts: the rest is the peer's thinking. */
enum { TRIAL = 128, STRETCH = 4096, FAILURES_MAX = 4, PAUSE_MAX_NS = 1000000 };

bool pace_spins(const struct pace *p)
{
    bool better = p->cost[true] / 9 < p->cost[false] / 10; /* by so much that it is worth the CPU */
    return p->phase == SPINNING || (p->phase == BETTER && better);
}

static void next_phase(struct pace *p)
{
    p->phase = p->phase == BETTER ? SLEEPING : p->phase + 1;
    p->requests = p->failures = 0;
    p->spent = 0;
}

void pace_spun(struct pace *p, bool found)
{
    p->failures = found ? 0 : p->failures + 1;
    if (p->failures < FAILURES_MAX)
        return;
    p->cost[true] = INT64_MAX;
    p->phase = SPINNING;
    next_phase(p);
}

void pace_served(struct pace *p, int64_t now)
{
    int64_t pause = p->last ? now - p->last : 0;
    p->last = now;
    p->spent += pause < PAUSE_MAX_NS ? pause : PAUSE_MAX_NS;
    if (++p->requests < (p->phase == BETTER ? STRETCH : TRIAL))
        return;
    p->cost[pace_spins(p)] = p->spent / p->requests;
    next_phase(p);
}
