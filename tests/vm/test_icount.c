/* Time that is counted in instructions: equal runs, on any engine. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/file.h"
#include "vm/vm.h"

enum { TEXT_MAX = 64 * 1024 };

struct outcome {
    int status;
    uint64_t instructions, hash;
    int64_t now;
    bool limited, stuck;
    char text[TEXT_MAX];
};

struct setup {
    enum engine_accel accel;
    uint8_t shift;
    bool sleep;
    uint64_t limit;
    uint32_t slice, cache_size;
    const char *guest; /* variable of the environment with its path */
    uint32_t cpus;     /* 0: one */
};

struct run {
    struct vm *vm;
    struct outcome *out;
};

static void on_limit(void *opaque)
{
    struct run *r = opaque;
    r->out->limited = true;
    vm_quit(r->vm, 5);
}

static void on_stuck(void *opaque)
{
    struct run *r = opaque;
    r->out->stuck = true;
    vm_quit(r->vm, 6);
}

static void run(const struct setup *s, struct outcome *out)
{
    struct error e = {0};
    char path[] = "/tmp/armemu-icount-XXXXXX", spec[64];
    int fd = mkstemp(path);
    struct vm *vm = vm_new(&e);
    struct run r = {vm, out};
    const struct vm_config config = {
        .machine = machine_find("virt", &e),
        .cpu_model = "cortex-a15",
        .cpu_count = s->cpus ? s->cpus : 1,
        .ram_size = 64 << 20,
        .accel = s->accel,
        .boot = {.kernel = getenv(s->guest ? s->guest : "ARMEMU_GUEST_TIMERS")},
        .host_features_mask = ~0u,
        .slice = s->slice,
        .cache_size = s->cache_size,
        .icount = {.enabled = true, .shift = s->shift, .sleep = s->sleep, .limit = s->limit,
                   .limit_reached = on_limit, .stuck = on_stuck, .opaque = &r},
    };
    *out = (struct outcome){0};
    snprintf(spec, sizeof(spec), "file:%s", path);
    struct chardev *serial = chardev_open(vm_chardevs(vm), spec, "serial0", NULL, &e);
    cr_assert(serial && vm_build(vm, &config, &serial, 1, &e), "%s", e.text);
    out->status = vm_run(vm);
    out->instructions = vm_instructions(vm);
    out->now = vm_now(vm);
    out->hash = vm_state_hash(vm);
    cr_assert_eq(vm_lockstep_differences(vm), 0);
    vm_free(vm);
    ssize_t n = pread(fd, out->text, TEXT_MAX - 1, 0);
    cr_assert(n >= 0);
    close(fd);
    unlink(path);
}

static void compare(const struct outcome *a, const struct outcome *b)
{
    cr_assert_str_eq(a->text, b->text);
    cr_assert_eq(a->status, b->status);
    cr_assert_eq(a->instructions, b->instructions, "%llu, %llu",
                 (unsigned long long)a->instructions, (unsigned long long)b->instructions);
    cr_assert_eq(a->now, b->now);
    cr_assert_eq(a->hash, b->hash);
}

static struct outcome one, two;

Test(icount, two_runs_are_equal)
{
    const struct setup s = {.accel = ENGINE_JIT, .shift = 3};
    run(&s, &one);
    cr_assert_eq(one.status, 0);
    cr_assert(strstr(one.text, "late "), "%s", one.text);
    for (unsigned i = 0; i < 3; i++) {
        run(&s, &two);
        compare(&one, &two);
    }
}

Test(icount, interpreter_is_equal)
{
    run(&(struct setup){.accel = ENGINE_JIT, .shift = 4}, &one);
    run(&(struct setup){.accel = ENGINE_INTERP, .shift = 4}, &two);
    compare(&one, &two);
}

Test(icount, lockstep_is_equal)
{
    run(&(struct setup){.accel = ENGINE_JIT, .shift = 2}, &one);
    run(&(struct setup){.accel = ENGINE_LOCKSTEP, .shift = 2}, &two);
    compare(&one, &two);
}

/* What decides when code is thrown away and translated again must not show. */
Test(icount, code_cache_does_not_matter)
{
    run(&(struct setup){.accel = ENGINE_JIT, .shift = 3}, &one);
    run(&(struct setup){.accel = ENGINE_JIT, .shift = 3, .cache_size = 0x80000}, &two);
    compare(&one, &two);
}

static uint32_t number_after(const char *text, const char *label)
{
    const char *p = strstr(text, label);
    cr_assert(p, "no '%s'", label);
    return (uint32_t)strtoul(p + strlen(label), NULL, 16);
}

/* 62.5 MHz is one tick in 16 ns; the guest's clocks, its instructions and its waiting agree. */
Test(icount, time_is_instructions_and_waiting)
{
    run(&(struct setup){.accel = ENGINE_JIT, .shift = 3}, &one);
    uint32_t first = number_after(one.text, "rtc  "), late = number_after(one.text, "late ");
    uint32_t last = number_after(strstr(one.text, "late "), "rtc  ");
    cr_assert_eq(first, 1577836800, "RTC starts at 2020-01-01");
    cr_assert(late > 125000000 && late < 125000000 + 62500000, "%u", late);
    cr_assert_eq(last - first, (uint32_t)(late / 62500000));
    cr_assert(one.now / 16 >= late && one.now / 16 < late + 5000, "%lld", (long long)one.now);
    cr_assert(one.instructions * 8 < (uint64_t)one.now);
}

/* The handler reads the counter a fixed number of instructions behind the interrupt, which is taken
 * at the instruction at which the timer is due: every tick of the period's 200 comes at its exact
 * time. */
Test(icount, interrupts_come_on_time)
{
    run(&(struct setup){.accel = ENGINE_JIT, .shift = 0}, &one);
    uint32_t armed = 0, distance = 0, ticks = 0;
    for (const char *p = one.text; ticks < 200 && (p = strstr(p, "time ")); p++, ticks++) {
        uint32_t time = (uint32_t)strtoul(p + 5, NULL, 16);
        uint32_t period = 97 + (ticks * 7919u) % 3001;
        if (ticks > 1)
            cr_expect(abs((int)(time - armed - period - distance)) <= 2, "tick %u: %u, not %u",
                      ticks, time - armed - period, distance);
        else if (ticks)
            distance = time - armed - period;
        armed = time;
    }
    cr_assert_eq(ticks, 200);
}

/* Three CPUs take turns: how they are interleaved is the same each time, and they do not run one
 * after another. */
Test(icount, several_cpus_are_repeatable)
{
    struct setup s = {.accel = ENGINE_JIT, .shift = 3, .guest = "ARMEMU_GUEST_SMP", .cpus = 3};
    const uint32_t expected = 40 * 700 * (1 + 2 + 3);
    run(&s, &one);
    cr_assert_eq(one.status, 0);
    cr_assert_eq(number_after(one.text, "on   "), 0);
    cr_assert_eq(number_after(one.text, "sum  "), expected);
    cr_assert_eq(number_after(one.text, "own  "), expected);
    cr_assert(strstr(one.text, "01") && strstr(one.text, "20"), "%s", one.text);
    for (unsigned i = 0; i < 3; i++) {
        run(&s, &two);
        compare(&one, &two);
    }
    s.accel = ENGINE_INTERP;
    run(&s, &two);
    compare(&one, &two);
    s.limit = 100001;
    run(&s, &two);
    cr_assert(two.limited && two.instructions == s.limit);
}

Test(icount, instruction_limit_is_exact)
{
    for (uint64_t limit = 20000; limit < 20040; limit += 3) {
        run(&(struct setup){.accel = ENGINE_JIT, .shift = 3, .limit = limit}, &one);
        cr_assert(one.limited);
        cr_assert_eq(one.status, 5);
        cr_assert_eq(one.instructions, limit);
    }
    run(&(struct setup){.accel = ENGINE_INTERP, .shift = 3, .limit = 20039}, &two);
    cr_assert_eq(one.hash, two.hash);
}

/* sleep=on waits on the host, but the guest sees the same. */
Test(icount, sleeping_is_equal)
{
    int64_t begin = clock_host_monotonic();
    run(&(struct setup){.accel = ENGINE_JIT, .shift = 3}, &one);
    int64_t middle = clock_host_monotonic();
    run(&(struct setup){.accel = ENGINE_JIT, .shift = 3, .sleep = true}, &two);
    int64_t end = clock_host_monotonic();
    compare(&one, &two);
    cr_assert(end - middle >= 2 * CLOCK_NS_PER_SEC);
    cr_assert(middle - begin < end - middle);
}
