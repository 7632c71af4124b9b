/* A bench for devices: a clock that the test moves, a little RAM for DMA, probes on interrupt
 * lines, and a character device whose other end is the test. */
#ifndef ARMEMU_TESTS_DEVICES_SUPPORT_H
#define ARMEMU_TESTS_DEVICES_SUPPORT_H

#include "devices/core/device.h"
#include "devices/core/env.h"
#include "host/chardev.h"
#include "host/clock.h"
#include "util/bits.h"

#define RAM_BASE 0x40000000ull
#define RAM_SIZE 0x10000u
#define BENCH_UTC 1700000000ll /* seconds of UTC at clock time 0 */

struct bench {
    int64_t now;
    struct clock clock;
    struct timer_queue timers;
    struct device_env env;
    uint8_t ram[RAM_SIZE];
    uint64_t entropy; /* state of env.entropy */
};

void bench_init(struct bench *b);
void bench_free(struct bench *b);
/** Move the clock on by @ns, running timers at their deadlines. */
void bench_advance(struct bench *b, int64_t ns);

/** Create a device of the class called @class; fails the test when that fails. */
struct device *bench_create(struct bench *b, const char *class,
                            const struct property_value *values, unsigned count);

struct probe {
    int level;
    unsigned rises; /* changes from 0 to 1 */
};

struct irq_line probe_line(struct probe *p);

/* What most suites need, with the functions that begin and end a test. */
extern struct bench bench;
extern struct probe irq;
void bench_setup(void);
void bench_teardown(void);

/* 32-bit accesses by CPU 0 to window 0. */
uint32_t rd(struct device *dev, uint64_t offset);
void wr(struct device *dev, uint64_t offset, uint32_t value);

struct chardev {
    const struct chardev_frontend *ops;
    void *opaque;
    uint8_t out[256];
    size_t out_len;
    unsigned accepts; /* calls of chardev_accept_input */
};

/** Offer @text to the front end; returns how many bytes it took. */
size_t chardev_feed(struct chardev *cd, const char *text);

/** Reproducible pseudo-random numbers. */
uint32_t random_next(uint64_t *state);

#endif
