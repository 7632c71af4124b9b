/*
 * Is it worth while to look for the next request of a peer for some microseconds before sleeping?
 * It is where the peer runs on another CPU and asks again at once, since waking takes longer; it is
 * not where the peer waits for this very CPU, or thinks. Which of the two is faster here is found
 * out by trying, now and then.
 */
#ifndef ARMEMU_HOST_PACE_H
#define ARMEMU_HOST_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* How long to look: about what waking costs where CPUs sleep. */
enum { PACE_SPIN_NS = 50000 };

/* All zero at the beginning. */
struct pace {
    unsigned phase;      /* trials of sleeping and of spinning, then the better one for longer */
    unsigned requests;   /* of this phase */
    unsigned failures;   /* to find a request by spinning, one after the other */
    int64_t last, spent; /* ns: when the last request was, what those of this phase took */
    int64_t cost[2];     /* ns per request when sleeping and when spinning */
};

/** Is it worth while to spin now? */
bool pace_spins(const struct pace *p);
/** That has been done, and there was a request, or was none. */
void pace_spun(struct pace *p, bool found);
/** A request has been served, at @now (ns). */
void pace_served(struct pace *p, int64_t now);

#endif
