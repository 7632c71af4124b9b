/* What host and guest of the engine tests agree on. */
#ifndef ARMEMU_TESTS_ENGINE_PROTOCOL_H
#define ARMEMU_TESTS_ENGINE_PROTOCOL_H

#include <stdint.h>

enum {
    PROTOCOL_PARAMS = 0x47f00000, /* physical address of struct params */
    PROTOCOL_RESULT = 0x47f01000, /* of struct result */
    PROTOCOL_MAGIC = 0x7e57d0e5,
    PROTOCOL_FAILURES = 8,
};

struct params {
    uint32_t test;     /* number of the test to run */
    uint32_t cpus;
    uint32_t slowness; /* divisor of round counts */
    uint32_t seed;
};

struct result {
    uint32_t magic;    /* set when the program was started */
    uint32_t count;    /* tests in the program */
    char name[48];
    uint32_t skipped;  /* the test wants more CPUs than there are */
    uint32_t checks, failures;
    uint32_t finished; /* PROTOCOL_MAGIC: the test came to its end */
    struct {
        uint32_t line, got, want;
    } failure[PROTOCOL_FAILURES];
    uint32_t may_hang; /* set by tests of which an end is not expected */
};

#endif
