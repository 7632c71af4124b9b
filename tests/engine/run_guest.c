/*
 * usage: run_guest PROGRAM ACCEL [CPUS [CACHE_BYTES [TEST]]]
 *
 * Runs the tests of a guest program, each in a VM of its own, and reports them as TAP. A plain
 * program, so that it runs under every sanitizer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/engine/harness.h"

enum { SECONDS = 120 };

static bool passed(const struct guest_outcome *o)
{
    const struct result *r = &o->result;
    if (o->may_hang) /* its results may be overwritten, too */
        return (!o->status || o->status == HARNESS_HUNG) && !o->differences;
    return !o->status && r->finished == PROTOCOL_MAGIC && !r->failures &&
           (r->checks || r->skipped) && !o->differences;
}

static void explain(const struct guest_outcome *o)
{
    const struct result *r = &o->result;
    printf("# exit status %d%s, %u checks, %u failures, %llu differences\n", o->status,
           o->status == HARNESS_HUNG ? " (hung)" : "", r->checks, r->failures,
           (unsigned long long)o->differences);
    for (unsigned i = 0; i < r->failures && i < PROTOCOL_FAILURES; i++)
        printf("#   line %u: 0x%08x, expected 0x%08x\n", r->failure[i].line, r->failure[i].got,
               r->failure[i].want);
}

/* Tests whose name ends so let all CPUs sleep: the host must be idle then. */
static bool idle_enough(const struct guest_outcome *o)
{
    const char *end = strstr(o->result.name, "idle");
    return !end || o->cpu_seconds < o->wall_seconds / 2;
}

static bool evicted_enough(const struct guest_run *run, const struct guest_outcome *o)
{
    return !run->cache_size || o->stats.engine.regions_evicted >= 3;
}

int main(int argc, char **argv)
{
    struct guest_run run = {.cpus = 1, .seconds = SECONDS};
    if (argc < 3 || !harness_accel(argv[2], &run.accel)) {
        fprintf(stderr,
                "usage: run_guest PROGRAM jit|interp|lockstep [CPUS [CACHE_BYTES [TEST]]]\n");
        return 2;
    }
    run.program = argv[1];
    run.cpus = argc > 3 ? (uint32_t)atoi(argv[3]) : 1;
    run.cache_size = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 0) : 0;
    if (getenv("ARMEMU_TEST_HANG"))
        run.seconds = (uint32_t)atoi(getenv("ARMEMU_TEST_HANG"));
    run.seed = getenv("ARMEMU_TEST_SEED") ? (uint32_t)atoi(getenv("ARMEMU_TEST_SEED")) : 1;
    int failed = 0;
    uint32_t count = 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (run.test = 0; run.test < count; run.test++) {
        struct guest_outcome o;
        if (argc > 5 && run.test != (uint32_t)atoi(argv[5]))
            continue;
        if (!harness_run(&run, &o))
            return 99;
        if (o.result.magic == PROTOCOL_MAGIC && argc <= 5 && !o.may_hang)
            count = o.result.count;
        else if (argc > 5)
            count = run.test + 1;
        bool ok = passed(&o) && idle_enough(&o) && evicted_enough(&run, &o);
        printf("%s %u - %s%s\n", ok ? "ok" : "not ok", run.test + 1, o.result.name,
               o.result.skipped ? " # SKIP more CPUs" : "");
        if (!ok)
            explain(&o);
        if (getenv("ARMEMU_TEST_VERBOSE"))
            printf(
                "# %.2f s, %.2f s of CPU, %llu instructions, %llu blocks, %llu invalidated, %llu "
                "evictions\n",
                o.wall_seconds, o.cpu_seconds, (unsigned long long)o.stats.instructions,
                (unsigned long long)o.stats.engine.blocks_translated,
                (unsigned long long)o.stats.engine.blocks_invalidated,
                (unsigned long long)o.stats.engine.regions_evicted);
        failed |= !ok;
    }
    printf("1..%u\n", run.test);
    return failed;
}
