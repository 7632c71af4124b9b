/* The command line as a struct. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "app/options.h"
#include "backend/x86_64/hostfeat.h"
#include "util/bits.h"
#include "util/log.h"

enum { ARGS_MAX = 32 };

/* Parse @line, words separated by spaces; the storage lives until the next call. */
static enum options_result parse(struct options *o, const char *line, struct error *e)
{
    static char copy[512];
    char *argv[ARGS_MAX] = {(char *)"armemu"}, *save = NULL;
    int argc = 1;
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save))
        argv[argc++] = p;
    *e = (struct error){0};
    return options_parse(o, argc, argv, e);
}

static void must_parse(struct options *o, const char *line)
{
    struct error e;
    cr_assert_eq(parse(o, line, &e), OPTIONS_RUN, "%s: %s", line, e.text);
}

Test(options, defaults)
{
    struct options o;
    must_parse(&o, "");
    cr_assert_str_eq(machine_name(o.machine), "virt");
    cr_assert_str_eq(o.cpu_model, "cortex-a15");
    cr_assert_eq(o.ram_size, 128ull << 20);
    cr_assert_eq(o.cpu_count, 1);
    cr_assert_eq(o.accel, ENGINE_JIT);
    cr_assert_eq(o.host_features_mask, 0); /* of those that must not be used */
    cr_assert_eq(o.log_mask, 0);
    cr_assert(!o.nographic && !o.no_reboot && !o.start_paused && !o.stats && !o.perfmap);
    options_free(&o);
}

Test(options, memory_sizes)
{
    static const struct {
        const char *text;
        uint64_t size;
    } rows[] = {
        {"-m 64", 64ull << 20},       {"-m 64M", 64ull << 20},     {"-m 64m", 64ull << 20},
        {"-m 1G", 1ull << 30},        {"-m 8192K", 8ull << 20},    {"-m size=256", 256ull << 20},
        {"--m=32", 32ull << 20},      {"-m 0x40", 64ull << 20},    {"-m 4096b", 4096},
        {"-m 255G", 255ull << 30},    {"-m 16 -m 32", 32ull << 20}, {"-m 4K", 4096},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct options o;
        must_parse(&o, rows[i].text);
        cr_expect_eq(o.ram_size, rows[i].size, "%s", rows[i].text);
        options_free(&o);
    }
}

Test(options, cpu_counts)
{
    static const struct {
        const char *text;
        uint32_t count;
    } rows[] = {
        {"-smp 4", 4},
        {"-smp cpus=2", 2},
        {"-smp 4,sockets=1,cores=4,threads=1", 4},
        {"-smp sockets=2,cores=2,threads=2", 8},
        {"-smp 4,cores=2", 4},
        {"-smp 2,maxcpus=2", 2},
        {"-smp 8", 8},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct options o;
        must_parse(&o, rows[i].text);
        cr_expect_eq(o.cpu_count, rows[i].count, "%s", rows[i].text);
        options_free(&o);
    }
}

Test(options, accelerators)
{
    static const struct {
        const char *text;
        enum engine_accel accel;
    } rows[] = {
        {"-accel jit", ENGINE_JIT},
        {"-accel tcg,thread=multi", ENGINE_JIT},
        {"-accel interp", ENGINE_INTERP},
        {"--accel lockstep", ENGINE_LOCKSTEP},
        {"-M virt,accel=interp", ENGINE_INTERP},
        {"-M virt,accel=kvm:tcg", ENGINE_JIT},
        {"-machine type=virt,accel=hvf:lockstep", ENGINE_LOCKSTEP},
        {"-accel interp -accel jit", ENGINE_JIT},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct options o;
        must_parse(&o, rows[i].text);
        cr_expect_eq(o.accel, rows[i].accel, "%s", rows[i].text);
        options_free(&o);
    }
}

Test(options, images_and_consoles)
{
    struct options o;
    must_parse(&o, "-kernel k -initrd i -append console=ttyAMA0 -dtb d -bios b -device loader,a=1 "
                   "-device driver=loader,b=2 -serial null -monitor pty -chardev null,id=x");
    cr_assert_str_eq(o.boot.kernel, "k");
    cr_assert_str_eq(o.boot.initrd, "i");
    cr_assert_str_eq(o.boot.append, "console=ttyAMA0");
    cr_assert_str_eq(o.boot.dtb, "d");
    cr_assert_str_eq(o.boot.bios, "b");
    cr_assert_eq(o.boot.loader_count, 2);
    cr_assert_str_eq(o.boot.loader[0], "a=1");
    cr_assert_str_eq(o.boot.loader[1], "b=2");
    cr_assert_eq(o.serial_count, 1);
    cr_assert_str_eq(o.serial[0], "null");
    cr_assert_str_eq(o.monitor, "pty");
    cr_assert_eq(o.chardev_count, 1);
    options_free(&o);
}

Test(options, flags_and_logs)
{
    struct options o;
    must_parse(&o, "-S --no-reboot -nographic -nodefaults -stats -d int -d mmu,unimp -D f "
                   "-dfilter 0x1000+4 --perfmap=map --host-features no-bmi2");
    cr_assert(o.start_paused && o.no_reboot && o.nographic && o.nodefaults && o.stats);
    cr_assert_eq(o.log_mask, LOG_INT | LOG_MMU | LOG_UNIMP);
    cr_assert_str_eq(o.log_path, "f");
    cr_assert_str_eq(o.log_filter, "0x1000+4");
    cr_assert(o.perfmap);
    cr_assert_str_eq(o.perfmap_path, "map");
    cr_assert_eq(o.host_features_mask, (uint32_t)HOST_BMI2);
    options_free(&o);
    must_parse(&o, "--perfmap -S"); /* its value comes after "=" only */
    cr_assert(o.perfmap && o.start_paused);
    cr_assert_null(o.perfmap_path);
    options_free(&o);
}

Test(options, machine_options)
{
    struct options o;
    must_parse(&o, "-M virt,accel=tcg,secure=off,dumpdtb=a,,b,gic-version=2");
    cr_assert_str_eq(o.machine_options, "virt,secure=off,gic-version=2");
    cr_assert_str_eq(o.dump_dtb, "a,b");
    options_free(&o);
}

/* A value may look like an option, and may be empty. */
Test(options, values_are_not_options)
{
    struct options o;
    struct error e;
    char *argv[] = {(char *)"armemu", (char *)"-append", (char *)"-S", (char *)"-name", (char *)""};
    cr_assert_eq(options_parse(&o, 5, argv, &e), OPTIONS_RUN);
    cr_assert_str_eq(o.boot.append, "-S");
    cr_assert(!o.start_paused);
    cr_assert_str_eq(o.name, "");
    options_free(&o);
}

/* However long the words are, the message fits, and the parser stays within its buffers. */
Test(options, endless_words)
{
    static const char *const options[] = {"-M",   "-m",     "-smp",     "-cpu",    "-accel", "-rtc",
                                          "-d",   "-device", "-display", "-x",      "--help", "-s"};
    static char word[20000];
    memset(word, 'x', sizeof(word) - 1);
    for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
        struct options o;
        struct error e = {0};
        char *argv[] = {(char *)"armemu", (char *)options[i], word};
        cr_expect_eq(options_parse(&o, 3, argv, &e), OPTIONS_ERROR, "%s", options[i]);
        cr_expect(strlen(e.text) > 0 && strlen(e.text) < sizeof(e.text), "%s", options[i]);
        options_free(&o);
    }
}

Test(options, limits_of_lists)
{
    struct options o;
    struct error e;
    static const char *const repeated[][2] = {
        {"-serial", "null"}, {"-chardev", "null,id=x"}, {"-device", "loader,x=y"}};
    for (unsigned i = 0; i < ARRAY_SIZE(repeated); i++) {
        char *argv[201] = {(char *)"armemu"};
        for (int n = 1; n < 200; n += 2) {
            argv[n] = (char *)repeated[i][0];
            argv[n + 1] = (char *)repeated[i][1];
        }
        e = (struct error){0};
        cr_expect_eq(options_parse(&o, 201, argv, &e), OPTIONS_ERROR);
        cr_expect(strstr(e.text, "more than"), "%s", e.text);
        options_free(&o);
    }
}

Test(options, deterministic_time)
{
    static const struct {
        const char *text;
        unsigned shift;
        bool sleep;
    } rows[] = {
        {"-icount 0", 0, true},
        {"-icount 7,sleep=off", 7, false},
        {"-icount shift=7,align=off,sleep=off -rtc clock=vm", 7, false},
        {"-icount shift=auto", 3, true}, /* virt does not say how fast its CPU is */
        {"-icount auto,sleep=off", 3, false},
        {"-icount sleep=on,shift=10", 10, true},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct options o;
        must_parse(&o, rows[i].text);
        cr_expect(o.icount.enabled, "%s", rows[i].text);
        cr_expect_eq(o.icount.shift, rows[i].shift, "%s", rows[i].text);
        cr_expect_eq(o.icount.sleep, rows[i].sleep, "%s", rows[i].text);
        options_free(&o);
    }
}

Test(options, real_time_clock_dates)
{
    struct options o;
    must_parse(&o, "-rtc base=2006-06-17T16:01:21");
    cr_assert(o.rtc_date);
    cr_assert_eq(o.rtc_base, 1150560081000000000);
    options_free(&o);
    must_parse(&o, "-rtc base=2000-03-01,clock=vm");
    cr_assert_eq(o.rtc_base, 951868800000000000);
    options_free(&o);
    must_parse(&o, "-rtc base=utc,driftfix=none,clock=host -seed 0x10");
    cr_assert(o.rtc_utc && !o.rtc_date && o.seeded);
    cr_assert_eq(o.seed, 16);
    options_free(&o);
}
