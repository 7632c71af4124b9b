#include "app/test_options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/version.h"
#include "host/clock.h"
#include "util/bits.h"

enum { JOBS_MAX = 1024, REPEAT_MAX = 100000 };

struct row {
    const char *name, *alias, *value, *help;
    bool (*apply)(struct test_options *o, const char *value, struct error *e);
};

/* ---- values ---------------------------------------------------------------------------------- */

static bool parse_number(const char *option, const char *text, uint64_t min, uint64_t max,
                         uint64_t *value, struct error *e)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 0);
    return (*text >= '0' && *text <= '9' && !*end && !errno && *value >= min && *value <= max) ||
           error_set(e, "%s: '%.40s' is not a number from %llu to %llu", option, text,
                     (unsigned long long)min, (unsigned long long)max);
}

static bool parse_size(const char *option, const char *text, uint64_t *value, struct error *e)
{
    return citest_parse_size(text, value) || error_set(e, "%s: " CITEST_NO_SIZE, option, text);
}

static bool parse_seconds(const char *option, const char *text, int64_t *ns, struct error *e)
{
    return citest_parse_seconds(text, ns) || error_set(e, "%s: " CITEST_NO_SECONDS, option, text);
}

static bool set_machine(struct test_options *o, const char *value, struct error *e)
{
    const struct machine *m = machine_open(value, e);
    machine_close(m);
    o->base.machine = value;
    return m != NULL;
}

static bool set_cpu(struct test_options *o, const char *value, struct error *e)
{
    o->base.cpu = value;
    return true;
}

static bool set_memory(struct test_options *o, const char *value, struct error *e)
{
    const char *text = value;
    char in_mib[48];
    size_t len = strlen(value);
    if (len && value[len - 1] >= '0' && value[len - 1] <= '9') { /* as QEMU: MiB */
        snprintf(in_mib, sizeof(in_mib), "%.40sM", value);
        text = in_mib;
    }
    return parse_size("-m", text, &o->base.ram_size, e);
}

static bool set_args(struct test_options *o, const char *value, struct error *e)
{
    o->base.arguments = value;
    return true;
}

static bool set_root(struct test_options *o, const char *value, struct error *e)
{
    o->base.root = value;
    return true;
}

static bool set_exit(struct test_options *o, const char *value, struct error *e)
{
    uint64_t status = 0;
    bool ok = parse_number("--exit", value, 0, 255, &status, e);
    o->base.exit_status = (int)status;
    return ok;
}

static bool set_timeout(struct test_options *o, const char *value, struct error *e)
{
    return parse_seconds("--timeout", value, &o->base.timeout_ns, e);
}

static bool set_wall_timeout(struct test_options *o, const char *value, struct error *e)
{
    return parse_seconds("--wall-timeout", value, &o->base.wall_timeout_ns, e);
}

static bool set_instructions(struct test_options *o, const char *value, struct error *e)
{
    return parse_number("--instructions", value, 1, UINT64_MAX, &o->base.max_instructions, e);
}

static bool set_output_limit(struct test_options *o, const char *value, struct error *e)
{
    return parse_size("--output-limit", value, &o->base.output_limit, e);
}

static bool set_memory_limit(struct test_options *o, const char *value, struct error *e)
{
    return parse_size("--memory-limit", value, &o->base.memory_limit, e);
}

static bool set_shift(struct test_options *o, const char *value, struct error *e)
{
    uint64_t shift = 0;
    o->base.shift_given = strcmp(value, "auto") != 0;
    bool ok = !o->base.shift_given || parse_number("--shift", value, 0, 10, &shift, e);
    o->base.shift = (unsigned)shift;
    return ok;
}

static bool set_seed(struct test_options *o, const char *value, struct error *e)
{
    return parse_number("--seed", value, 0, UINT64_MAX, &o->base.seed, e);
}

static bool set_unmapped(struct test_options *o, const char *value, struct error *e)
{
    return citest_unmapped_find(value, &o->base.unmapped) ||
           error_set(e, "--unmapped: '%.40s' is not supported (fault, warn, zero)", value);
}

static bool set_accel(struct test_options *o, const char *value, struct error *e)
{
    static const char *const names[] = {"jit", "interp", "lockstep"};
    static const enum engine_accel accels[] = {ENGINE_JIT, ENGINE_INTERP, ENGINE_LOCKSTEP};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (!strcmp(value, names[i])) {
            o->base.accel = accels[i];
            return true;
        }
    return error_set(e, "--accel: '%.40s' is not supported (jit, interp, lockstep)", value);
}

static bool set_jobs(struct test_options *o, const char *value, struct error *e)
{
    uint64_t n = 0;
    bool ok = parse_number("-j", value, 1, JOBS_MAX, &n, e);
    o->jobs = (unsigned)n;
    return ok;
}

static bool set_filter(struct test_options *o, const char *value, struct error *e)
{
    o->filter = value;
    return true;
}

static bool set_repeat(struct test_options *o, const char *value, struct error *e)
{
    uint64_t n = 0;
    bool ok = parse_number("--repeat", value, 1, REPEAT_MAX, &n, e);
    o->repeat = (unsigned)n;
    return ok;
}

static bool set_shard(struct test_options *o, const char *value, struct error *e)
{
    unsigned long long shard, shards;
    char rest;
    bool ok = strlen(value) < 20 && sscanf(value, "%llu/%llu%c", &shard, &shards, &rest) == 2 &&
              shard >= 1 && shard <= shards && shards <= UINT_MAX;
    if (ok) {
        o->shard = (unsigned)shard;
        o->shards = (unsigned)shards;
    }
    return ok || error_set(e, "--shard: '%.40s' is not i/n with i from 1 to n", value);
}

static bool set_list(struct test_options *o, const char *value, struct error *e)
{
    o->list = true;
    return true;
}

static bool set_fail_fast(struct test_options *o, const char *value, struct error *e)
{
    o->fail_fast = true;
    return true;
}

static bool set_verbose(struct test_options *o, const char *value, struct error *e)
{
    o->verbose = true;
    return true;
}

static bool set_quiet(struct test_options *o, const char *value, struct error *e)
{
    o->quiet = true;
    return true;
}

static bool set_junit(struct test_options *o, const char *value, struct error *e)
{
    o->junit = value;
    return true;
}

static bool set_json(struct test_options *o, const char *value, struct error *e)
{
    o->json = value;
    return true;
}

static bool set_coverage(struct test_options *o, const char *value, struct error *e)
{
    o->coverage = value;
    o->base.coverage = true;
    return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct row rows[] = {
    {"machine", "M", "NAME", "the board of images without a suite (armemu -M help)", set_machine},
    {"cpu", NULL, "MODEL", "its CPU", set_cpu},
    {"m", NULL, "SIZE", "its memory in MiB, or with suffix K, M, G", set_memory},
    {"args", NULL, "TEXT", "arguments of the programs", set_args},
    {"root", NULL, "DIR", "folder whose files they may use (else none)", set_root},
    {"exit", NULL, "STATUS", "exit status to be expected (0)", set_exit},
    {"jobs", "j", "N", "tests at a time (all processors)", set_jobs},
    {"filter", NULL, "TEXT", "only tests whose names contain TEXT or match it as a glob",
     set_filter},
    {"shard", NULL, "I/N", "only every Nth test, from the Ith on", set_shard},
    {"repeat", NULL, "N", "each N times; the runs must be equal", set_repeat},
    {"list", NULL, NULL, "print the names of the tests, run none", set_list},
    {"fail-fast", NULL, NULL, "end with the first that does not pass", set_fail_fast},
    {"timeout", NULL, "SECONDS", "limit of guest time (60)", set_timeout},
    {"wall-timeout", NULL, "SECONDS", "limit of time on the host (120)", set_wall_timeout},
    {"instructions", NULL, "N", "limit of instructions", set_instructions},
    {"output-limit", NULL, "SIZE", "limit of each port's output (1M)", set_output_limit},
    {"memory-limit", NULL, "SIZE", "limit of the emulator's memory (1G)", set_memory_limit},
    {"shift", NULL, "N|auto", "an instruction takes 2^N ns (the board's cycle)", set_shift},
    {"seed", NULL, "N", "of the guest's random numbers (0)", set_seed},
    {"unmapped", NULL, "fault|warn|zero", "what an access to nothing does (fault)", set_unmapped},
    {"accel", NULL, "jit|interp|lockstep", "how code is executed", set_accel},
    {"junit", NULL, "FILE", "write JUnit XML", set_junit},
    {"json", NULL, "FILE", "write results as JSON", set_json},
    {"coverage", NULL, "FILE", "write executed lines and branches for LCOV", set_coverage},
    {"verbose", "v", NULL, "print the output of tests that passed, too", set_verbose},
    {"quiet", "q", NULL, "no lines for tests that passed", set_quiet},
    {"help", "h", NULL, "this text", NULL},
    {"version", NULL, NULL, "the version", NULL},
};

static void print_help(void)
{
    printf("usage: armemu-test [option...] SUITE.yaml...\n"
           "       armemu-test [option...] -M MACHINE IMAGE...\n\n"
           "Runs firmware images on emulated boards, each in a process of its own, with time that "
           "is\n"
           "counted in instructions: equal images, equal runs.\n\n");
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        char left[64];
        snprintf(left, sizeof(left), "%s%s%s%s%s", rows[i].alias ? "-" : "",
                 rows[i].alias ? rows[i].alias : "", rows[i].alias ? ", " : "",
                 strlen(rows[i].name) == 1 ? "-" : "--", rows[i].name);
        size_t len = strlen(left);
        snprintf(left + len, sizeof(left) - len, " %s", rows[i].value ? rows[i].value : "");
        printf("  %-30s %s\n", left, rows[i].help);
    }
    printf("\nExit status: 0 all passed, 1 failed, 2 guest fault, 3 lockup, 4 timeout (virtual),\n"
           "5 timeout (wall), 6 image error, 7 internal error, 8 command line or suite; the "
           "highest of\n"
           "all tests counts. 130: interrupted.\n");
}

/* ---- the parser ------------------------------------------------------------------------------ */

static const struct row *find_row(const char *name, size_t len)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *alias = rows[i].alias;
        if ((strlen(rows[i].name) == len && !memcmp(rows[i].name, name, len)) ||
            (alias && strlen(alias) == len && !memcmp(alias, name, len)))
            return &rows[i];
    }
    return NULL;
}

static bool error_unknown(const char *arg, const char *name, size_t len, struct error *e)
{
    const char *names[ARRAY_SIZE(rows) + 1] = {0};
    char word[64];
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        names[i] = rows[i].name;
    snprintf(word, sizeof(word), "%.*s", (int)len, name);
    const char *near = error_nearest(word, names);
    return error_set(e, "unknown option '%.80s'%s%s%s (see --help)", arg,
                     near ? "; did you mean '--" : "", near ? near : "", near ? "'?" : "");
}

static bool is_suite(const char *path)
{
    size_t len = strlen(path);
    return (len > 5 && !strcmp(path + len - 5, ".yaml")) ||
           (len > 4 && !strcmp(path + len - 4, ".yml"));
}

static bool add_image(struct test_options *o, const char *path, struct error *e)
{
    if (!o->base.machine)
        return error_set(e, "'%.200s': no machine is given (-M NAME)", path);
    citest_suite_add(&o->suite, &o->base, path, path);
    return true;
}

/* "-j8" as well. */
static const struct row *row_of(const char *arg, const char **value, struct error *e)
{
    const char *name = arg + 1 + (arg[1] == '-');
    size_t len = strcspn(name, "=");
    const struct row *row = find_row(name, len);
    *value = row && name[len] ? name + len + 1 : NULL;
    if (!row && arg[1] == 'j' && arg[2] >= '0' && arg[2] <= '9') {
        *value = arg + 2;
        return find_row("j", 1);
    }
    if (!row)
        error_unknown(arg, name, len, e);
    return row;
}

/* Options first, wherever they stand; then the images and suites, for which they hold. */
static bool parse_options(struct test_options *o, int argc, char **argv, bool *done,
                          struct error *e)
{
    for (int i = 1; i < argc; i++) {
        const char *value;
        if (argv[i][0] != '-' || !argv[i][1])
            continue;
        const struct row *row = row_of(argv[i], &value, e);
        if (!row)
            return false;
        if (!row->apply) {
            *done = true;
            if (row->name[0] == 'v')
                printf("armemu-test %s\n", ARMEMU_VERSION);
            else
                print_help();
            return true;
        }
        if (value && !row->value)
            return error_set(e, "option '%.80s' takes no value", argv[i]);
        argv[i] = NULL; /* taken */
        if (row->value && !value) {
            if (i + 1 == argc)
                return error_set(e, "option '--%s' needs a value: %s", row->name, row->value);
            value = argv[++i];
            argv[i] = NULL;
        }
        if (!row->apply(o, value, e))
            return false;
    }
    return true;
}

static bool add_operands(struct test_options *o, int argc, char **argv, struct error *e)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (!argv[i])
            continue;
        any = true;
        if (!*argv[i])
            return error_set(e, "an empty argument names no image");
        if (!(is_suite(argv[i]) ? citest_suite_read(&o->suite, argv[i], &o->base, e)
                                : add_image(o, argv[i], e)))
            return false;
    }
    return any || error_set(e, "no image and no suite is given (see --help)");
}

enum test_options_result test_options_parse(struct test_options *o, int argc, char **argv,
                                            struct error *e)
{
    bool done = false;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *o = (struct test_options){.jobs = processors > 0 ? (unsigned)processors : 1, .repeat = 1};
    citest_case_defaults(&o->base);
    citest_suite_init(&o->suite, "armemu-test");
    if (!parse_options(o, argc, argv, &done, e))
        return TEST_OPTIONS_ERROR;
    if (done)
        return TEST_OPTIONS_DONE;
    if (o->coverage && o->base.accel != ENGINE_JIT && o->base.accel != ENGINE_INTERP)
        return error_set(e, "--coverage: not with --accel lockstep"), TEST_OPTIONS_ERROR;
    if (!add_operands(o, argc, argv, e))
        return TEST_OPTIONS_ERROR;
    if (o->filter)
        citest_suite_filter(&o->suite, o->filter);
    if (o->filter && !o->suite.count)
        return error_set(e, "--filter: no test has a name with '%.100s'", o->filter),
               TEST_OPTIONS_ERROR;
    if (o->shards)
        citest_suite_shard(&o->suite, o->shard, o->shards);
    citest_suite_repeat(&o->suite, o->repeat);
    return TEST_OPTIONS_RUN;
}

void test_options_free(struct test_options *o)
{
    citest_suite_free(&o->suite);
}
