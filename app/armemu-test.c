/* The program `armemu-test`: runs firmware images as tests. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/test_options.h"
#include "citest/coverage.h"
#include "citest/pool.h"
#include "citest/report.h"
#include "host/clock.h"
#include "host/file.h"
#include "util/bits.h"

enum { EXIT_INTERRUPTED = 130 };

struct program {
    struct test_options options;
    struct citest_outcome *outcomes;
    struct citest_progress progress;
    struct citest_run run;
};

static int fail(const struct error *e, int status)
{
    error_print(e, "armemu-test", stderr);
    return status;
}

static void ended(void *opaque, unsigned index)
{
    struct program *p = opaque;
    citest_progress_test(&p->progress, &p->options.suite.cases[index], &p->outcomes[index]);
}

static int list(const struct citest_suite *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->cases[i].repetition == 1)
            printf("%s\n", s->cases[i].name);
    return fflush(stdout) ? CITEST_INTERNAL_ERROR : 0;
}

/* Runs of one test that differ are a fault of the emulator. */
static void compare_repetitions(struct program *p)
{
    unsigned tests = p->options.suite.count / p->options.repeat;
    for (unsigned i = tests; i < p->options.suite.count; i++) {
        struct citest_result *a = &p->outcomes[i % tests].result, *b = &p->outcomes[i].result;
        if (a->verdict != b->verdict || a->verdict == CITEST_NOT_RUN ||
            a->verdict == CITEST_TIMEOUT_WALL)
            continue;
        if (a->instructions == b->instructions && a->state_hash == b->state_hash)
            continue;
        b->verdict = CITEST_INTERNAL_ERROR;
        snprintf(b->reason, sizeof(b->reason), "run %u differs from the first one",
                 p->options.suite.cases[i].repetition);
        fprintf(stderr, "armemu-test: %s: %s\n", p->options.suite.cases[i].name, b->reason);
    }
}

/* Known before hours of tests rather than behind them. */
static int check_reports(const struct test_options *o)
{
    const struct {
        const char *option, *path;
    } reports[] = {{"--junit", o->junit}, {"--json", o->json}, {"--coverage", o->coverage}};
    struct error e = {0};
    for (unsigned i = 0; i < ARRAY_SIZE(reports); i++) {
        if (!reports[i].path)
            continue;
        for (unsigned k = 0; k < i; k++)
            if (reports[k].path && !strcmp(reports[k].path, reports[i].path) &&
                strncmp(reports[i].path, "/dev/", 5)) {
                error_set(&e, "%s and %s are the same file", reports[k].option, reports[i].option);
                return fail(&e, CITEST_USAGE);
            }
        if (!file_may_write(reports[i].path, &e)) {
            error_prefix(&e, "%s", reports[i].option);
            return fail(&e, CITEST_INTERNAL_ERROR);
        }
    }
    return 0;
}

static int write_reports(struct program *p, struct coverage *coverage)
{
    const struct test_options *o = &p->options;
    struct error e = {0};
    if (o->junit && !citest_junit_write(&p->run, o->junit, &e))
        return fail(&e, CITEST_INTERNAL_ERROR);
    if (o->json && !citest_json_write(&p->run, o->json, &e))
        return fail(&e, CITEST_INTERNAL_ERROR);
    if (coverage && !coverage_write(coverage, o->coverage, &e))
        return fail(&e, CITEST_INTERNAL_ERROR);
    return 0;
}

static int exit_status(const struct citest_run *run)
{
    int status = 0;
    for (int v = 0; v < CITEST_VERDICTS; v++)
        if (run->by_verdict[v])
            status = v;
    return status;
}

static int run(struct program *p, struct coverage *coverage)
{
    const struct test_options *o = &p->options;
    struct error e = {0};
    const struct citest_pool_config config = {
        .jobs = o->jobs < o->suite.count ? o->jobs : o->suite.count,
        .fail_fast = o->fail_fast,
        .coverage = coverage,
        .ended = ended,
        .opaque = p,
    };
    p->progress = (struct citest_progress){
        .out = stdout, .bar = isatty(STDOUT_FILENO), .verbose = o->verbose, .quiet = o->quiet,
        .total = o->suite.count};
    int64_t begin = clock_host_monotonic();
    if (o->suite.count && !citest_pool_run(&o->suite, p->outcomes, &config, &e))
        return fail(&e, !strcmp(e.text, "interrupted") ? EXIT_INTERRUPTED : CITEST_INTERNAL_ERROR);
    compare_repetitions(p);
    p->run = (struct citest_run){.suite = &o->suite, .outcomes = p->outcomes,
                                 .wall_ns = clock_host_monotonic() - begin};
    citest_run_count(&p->run);
    citest_progress_end(&p->progress, &p->run);
    int status = write_reports(p, coverage);
    return status ? status : exit_status(&p->run);
}

int main(int argc, char **argv)
{
    struct program p = {0};
    struct error e = {0};
    int status = 0;
    signal(SIGPIPE, SIG_IGN); /* reports are written even where nobody reads on */
    enum test_options_result result = test_options_parse(&p.options, argc, argv, &e);
    if (result == TEST_OPTIONS_ERROR) {
        status = fail(&e, CITEST_USAGE);
    } else if (result == TEST_OPTIONS_RUN && p.options.list) {
        status = list(&p.options.suite);
    } else if (result == TEST_OPTIONS_RUN && !(status = check_reports(&p.options))) {
        struct coverage *coverage = p.options.coverage ? coverage_new() : NULL;
        p.outcomes = calloc(p.options.suite.count + 1, sizeof(*p.outcomes));
        if (!p.outcomes)
            abort();
        status = run(&p, coverage);
        for (unsigned i = 0; i < p.options.suite.count; i++)
            citest_outcome_free(&p.outcomes[i]);
        coverage_free(coverage);
    }
    free(p.outcomes);
    test_options_free(&p.options);
    return status;
}
