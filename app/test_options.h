/* The command line of armemu-test. */
#ifndef ARMEMU_APP_TEST_OPTIONS_H
#define ARMEMU_APP_TEST_OPTIONS_H

#include "citest/case.h"

struct test_options {
    struct citest_case base;   /* what suites and images start from */
    struct citest_suite suite; /* the tests, after --filter, --shard and --repeat */
    unsigned jobs;
    bool list, fail_fast, verbose, quiet;
    const char *filter, *junit, *json, *coverage;
    unsigned shard, shards, repeat;
};

enum test_options_result { TEST_OPTIONS_RUN, TEST_OPTIONS_DONE, TEST_OPTIONS_ERROR };

/** Parse @argv into @o and read the suites. Errors are one line. test_options_free in any case. */
enum test_options_result test_options_parse(struct test_options *o, int argc, char **argv,
                                            struct error *e);
void test_options_free(struct test_options *o);

#endif
