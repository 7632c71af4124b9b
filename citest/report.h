/* What a run tells: lines on the terminal, JUnit XML, JSON. */
#ifndef ARMEMU_CITEST_REPORT_H
#define ARMEMU_CITEST_REPORT_H

#include <stdio.h>

#include "citest/result.h"

struct citest_run {
    const struct citest_suite *suite;
    const struct citest_outcome *outcomes;
    int64_t wall_ns;
    unsigned by_verdict[CITEST_NOT_RUN + 1];
};

/** Count the verdicts of a run that has ended. */
void citest_run_count(struct citest_run *run);

/** Lines while tests run: plain, or with a progress bar on the last line of a terminal. */
struct citest_progress {
    FILE *out;
    bool bar;       /* @out is a terminal */
    bool verbose;   /* output of tests that passed as well */
    bool quiet;     /* no lines for tests that passed */
    unsigned total, done, bad;
};

void citest_progress_test(struct citest_progress *p, const struct citest_case *c,
                          const struct citest_outcome *o);
void citest_progress_end(struct citest_progress *p, const struct citest_run *run);

/** JUnit XML as CI servers read it, and JSON; the file appears complete or not at all. */
bool citest_junit_write(const struct citest_run *run, const char *path, struct error *e);
bool citest_json_write(const struct citest_run *run, const char *path, struct error *e);

#endif
