/* Runs tests, each in a process of its own, several at a time. */
#ifndef ARMEMU_CITEST_POOL_H
#define ARMEMU_CITEST_POOL_H

#include "citest/result.h"

struct coverage;

struct citest_pool_config {
    unsigned jobs;          /* processes at a time */
    bool fail_fast;         /* no new ones after a failure, and those that run are ended */
    struct coverage *coverage; /* gets what was executed; NULL: nothing is recorded */
    /* A test has ended; in the order of the ends. */
    void (*ended)(void *opaque, unsigned index);
    void *opaque;
};

/** Run all tests of @s and fill @outcomes, one for each (cleared by the caller). False when a
 * signal ended it, or nothing could be started (@e is set then). */
bool citest_pool_run(const struct citest_suite *s, struct citest_outcome *outcomes,
                     const struct citest_pool_config *config, struct error *e);

void citest_outcome_free(struct citest_outcome *o);

#endif
