/* What the tests of host/ share: a loop with a deadline, and a front end that records its input. */
#ifndef ARMEMU_TESTS_HOST_SUPPORT_H
#define ARMEMU_TESTS_HOST_SUPPORT_H

#include "host/chardev.h"

/** Run @loop until @done(@opaque) or two seconds have gone by; returns whether it was done. */
bool run_until(struct loop *loop, bool (*done)(void *opaque), void *opaque);

/** Run @loop for about @ms. */
void run_for(struct loop *loop, int ms);

/** Does @loop sleep for @ms, rather than spin or run something? */
bool sleeps(struct loop *loop, int ms);

struct recorder {
    char text[8192]; /* input so far, NUL-terminated */
    size_t len;
    size_t room; /* what can_receive answers */
    unsigned events[8];
};

extern const struct chardev_frontend recorder_ops;

/** Run @loop until @r has received @text (true), or the deadline. */
bool run_until_text(struct loop *loop, struct recorder *r, const char *text);
/** Run @loop until @r has counted @count of @event. */
bool run_until_event(struct loop *loop, struct recorder *r, enum chardev_event event,
                     unsigned count);

/** Run @loop while reading @fd until @len bytes came or the deadline; returns how many. */
size_t run_reading(struct loop *loop, int fd, char *buf, size_t len);

/** A path in a fresh directory, valid until the test ends. */
const char *temp_path(const char *name);

#endif
